"""Files that people give: kept by content, refused before anything is made, and what they turn into in a song."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from musicgen_assets.composition.given_melody import given_by
from musicgen_assets.context.edits import Edits, StoredFile
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import decoded_audio
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.production.given_stem import adopt_stem, stem_task
from musicgen_assets.score.material import Harmony
from musicgen_assets.score.tune import read_tune
from musicgen_assets.theory.harmonising import key_of
from resources.registry.garbage import named_objects
from resources.store import ArtifactStore
from resources.uploads import replacements, setting_of, started_from

QUARTER = 480
TUNE = [(0, 69), (1, 72), (2, 76), (3, 74), (4, 72), (6, 71), (8, 69), (9, 67), (10, 69), (11, 71), (12, 69)]
Row = tuple[float, float, int]


def rows(tune: Sequence[tuple[float, int]] = TUNE) -> list[Row]:
    """Start, length (quarters) and pitch: each note lasts until the next."""
    ends = [*(start for start, _ in tune[1:]), tune[-1][0] + 2]
    return [(start, end - start, pitch) for (start, pitch), end in zip(tune, ends, strict=True)]


def midi(parts: dict[str, list[Row]], tempo_bpm: float | None = 96.0, ticks: int = QUARTER, channel: int = 0) -> bytes:
    file = mido.MidiFile(ticks_per_beat=ticks)
    for name, notes in parts.items():
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=name))
        if tempo_bpm is not None:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo_bpm)))
        events = [(round(s * ticks), 1, "note_on", p) for s, _, p in notes]
        events += [(round((s + d) * ticks), 0, "note_off", p) for s, d, p in notes]
        now = 0
        for at, _, kind, pitch in sorted(events):
            track.append(mido.Message(kind, note=pitch, velocity=80, time=at - now, channel=channel))
            now = at
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def wav(samples: np.ndarray, rate: int = 44_100) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples.T, rate, subtype="FLOAT", format="WAV")
    return out.getvalue()


def tone(seconds: float = 2.0, rate: int = 44_100, channels: int = 1) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * 110.0 * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[str, bytes], str]:
    def write(name: str, data: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"))


def test_a_file_is_in_the_store_under_the_hash_that_the_context_gets(
    store: ArtifactStore, kept: Callable[[str, bytes], str]
) -> None:
    tune, take = midi({"lead": rows()}), wav(tone())
    melody, voice = kept("tune.mid", tune), kept("take.wav", take)
    found = replacements(store, [f"melody={melody}", f"vocals={voice}"])
    edits = Edits(melody=found["edits.melody"], stems={"vocal": found["edits.stems.vocal"]})
    assert edits.melody is not None
    assert store.get(edits.melody.sha256) == tune
    assert store.get(edits.stems["vocal"].sha256) == take
    assert set(named_objects(edits.model_dump(mode="json"))) == {edits.melody.sha256, edits.stems["vocal"].sha256}
    assert replacements(None, [f"melody={melody}"])["edits.melody"] == found["edits.melody"]


_NAN = tone()
_NAN[0, 7] = np.nan
BAD: list[tuple[str, bytes, str]] = [
    ("melody", midi({"lead": [(0, 1, 60), (0, 1, 64), (0, 1, 67)]}), "two notes at once"),
    ("melody", midi({"lead": [(0, 2, 60), (1, 1, 64), (3, 1, 67)]}), "two notes at once"),
    ("melody", midi({"lead": rows([(0, 10), (1, 60), (2, 62)])}), "outside 36 to 96"),
    ("melody", midi({"lead": rows([(0, 60), (1, 62)])}), "2 notes"),
    ("melody", midi({"one": rows(), "two": rows()}), "none alone is the melody"),
    ("melody", midi({"drums": rows()}, channel=9), "none alone is the melody"),
    ("melody", midi({"lead": rows([(0, 60), (1, 62), (900, 64)])}), "512 are allowed"),
    ("melody", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\xe7\x28MTrk\xff\xff\xff\xff", "read as MIDI|counted in quarters"),
    ("melody", b"RIFF not music", "cannot be read as MIDI"),
    ("melody", b"MThd" + bytes(1024 * 1024), "1048576 are allowed"),
    ("stem:bass", wav(_NAN), "no numbers"),
    ("stem:bass", wav(tone(channels=4)), "4 channels"),
    ("stem:bass", wav(tone(0.1)), "it lasts 0.100 s"),
    ("stem:bass", wav(tone() * np.float32(1e-6)), "silent"),
    ("stem:bass", wav(tone(), 4_000), "its rate is 4000 Hz"),
    ("stem:bass", b"fLaC" + bytes(200), "cannot read"),
    ("drums", wav(tone()), "cannot be replaced"),
]


@pytest.mark.parametrize(("what", "data", "said"), BAD, ids=[f"{what} {said}" for what, _, said in BAD])
def test_what_is_no_melody_and_no_stem_is_refused_and_nothing_is_kept(
    store: ArtifactStore, kept: Callable[[str, bytes], str], tmp_path: Path, what: str, data: bytes, said: str
) -> None:
    good = kept("good.mid", midi({"lead": rows()}))
    with pytest.raises(BadInput, match=said):
        replacements(store, [f"melody={good}", f"{what}={kept('bad', data)}"])
    assert not (tmp_path / "store").exists()


def test_a_file_that_is_not_there_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(BadInput, match="no such file"):
        replacements(store, ["melody=/nowhere/tune.mid"])


def test_other_ticks_and_a_little_legato_are_the_same_tune() -> None:
    plain = read_tune(midi({"lead": rows()}), "a", "f")
    legato = [(start, length + 0.1, pitch) for start, length, pitch in rows()]
    assert [row[:3:2] for row in read_tune(midi({"x": legato}, ticks=96), "b", "f").notes] == [
        row[:3:2] for row in plain.notes
    ]
    assert plain.tempo_bpm == pytest.approx(96.0, abs=0.01)


def test_a_tune_says_its_key_tempo_and_chords(store: ArtifactStore, kept: Callable[[str, bytes], str]) -> None:
    found = started_from(store, Path(kept("tune.mid", midi({"lead": rows()}))))
    assert (found["musical.key"], found["musical.scale"]) == ("A", "minor")
    assert found["musical.tempo_bpm"] == pytest.approx(96.0, abs=0.01)
    assert found["musical.chord_progression"][0] == "i"
    scale = [(n, 1.0, pitch) for n, pitch in enumerate((67, 69, 71, 72, 74, 76, 78, 79))]
    assert key_of([(round(s * 480), 480, p, 80) for s, _, p in scale]) == ("G", "major")
    assert "musical.tempo_bpm" not in setting_of(read_tune(midi({"lead": rows()}, tempo_bpm=None), "a", "f"))


def test_a_tune_fills_the_refrain_and_parts_by_name_fill_their_sections() -> None:
    chord = {"start_ticks": 0, "duration_ticks": 1920, "symbol": "Am", "roman": "i", "root": 9, "quality": "min",
             "bass": 9, "pitch_classes": (9, 0, 4)}  # fmt: skip
    loop = {"bars": 8, "chords": (chord,), "cadence": "open"}
    harmony = Harmony.model_validate(
        {"key": "A", "scale": "minor", "sections": {"verse": loop, "chorus": loop}, "ending": chord}
    )
    alone = given_by(read_tune(midi({"lead": rows()}), "a", "f"), harmony, "4/4")
    assert set(alone.themes) == {"chorus"}
    chorus = alone.themes["chorus"]
    assert chorus.bars == 8
    assert [note[2] for note in chorus.notes] == [pitch for _, pitch in TUNE] * 2
    assert [note[2] for note in alone.hook] == [pitch for start, pitch in TUNE if start < 8]
    later = [(start + 16, length, pitch + 2) for start, length, pitch in rows()]
    parts = read_tune(midi({"Hook": rows()[:4], "Verse": later}), "a", "f", ("hook", "verse"))
    named = given_by(parts, harmony, "4/4")
    assert set(named.themes) == {"verse"}
    assert named.themes["verse"].notes[0][:3] == (0, 480, 71)
    assert len(named.hook) == 4


def test_a_stem_is_brought_to_the_songs_rate_and_length_and_says_so() -> None:
    data = wav(tone(2.0, 44_100))
    file = StoredFile(name="bass.wav", sha256="0" * 64, size_bytes=len(data), media_type="audio/wav")
    task = stem_task("bass", file, 48_000, 144_000)
    payload = adopt_stem(task.inputs, {"file": Blob(data, "audio/wav", {})})[0]
    samples, rate = decoded_audio(Blob(payload.data, payload.media_type, payload.meta))
    assert (payload.role, rate, samples.shape) == ("track/bass", 48_000, (1, 144_000))
    assert payload.meta["given"] == ["resampled from 44100 to 48000 Hz", "silence of 1.000 s added at the end"]
    assert float(np.abs(samples[:, :95_000]).max()) == pytest.approx(0.3, abs=0.01)
    part = adopt_stem({**task.inputs, "only_s": (1.0, 1.5)}, {"file": Blob(data, "audio/wav", {})})[0]
    heard, _ = decoded_audio(Blob(part.data, part.media_type, part.meta))
    assert not heard[:, :48_000].any()
    assert not heard[:, 72_000:].any()
    assert heard[:, 50_000:70_000].any()


def hummed(tune: Sequence[Row], bpm: float, cents: float, rate: int = 22_050) -> np.ndarray:
    """A voice with harmonics and vibrato, out of tune as a whole, in a room that is not silent."""
    beat = 60.0 / bpm
    out = np.zeros(round((tune[-1][0] + tune[-1][1] + 1.0) * beat * rate))
    for start, length, pitch in tune:
        at = np.arange(round(length * beat * 0.94 * rate)) / rate
        hz = 440.0 * 2.0 ** ((pitch + cents / 100.0 - 69.0) / 12.0) * (1.0 + 0.005 * np.sin(2 * np.pi * 5.5 * at))
        phase = 2 * np.pi * np.cumsum(hz) / rate
        wave = sum((np.sin(k * phase) / k for k in range(1, 6)), np.zeros(at.size))
        first = round((start * beat + 0.2) * rate)
        out[first : first + at.size] += 0.2 * wave * np.clip(np.minimum(at / 0.03, (at[-1] - at) / 0.05), 0.0, 1.0)
    return (out + 1e-3 * np.random.default_rng(1).standard_normal(out.size))[None].astype(np.float32)


def test_a_hummed_tune_is_written_down_in_its_tempo_and_in_tune(
    store: ArtifactStore, kept: Callable[[str, bytes], str]
) -> None:
    sung: list[Row] = [(0, 1, 57), (1, 1, 60), (2, 0.5, 64), (2.5, 0.5, 64), (3, 1, 62), (4, 2, 60), (6, 2, 57)]
    found = started_from(store, Path(kept("hum.wav", wav(hummed(sung, 96.0, 30.0), 22_050))))
    tune = read_tune(store.get(found["edits.melody"]["sha256"]), "hum", "f")
    assert [(start / QUARTER, pitch) for start, _, pitch, _ in tune.notes] == [
        (start, pitch) for start, _, pitch in sung
    ]
    assert found["musical.tempo_bpm"] == 96.0
    assert (found["musical.key"], found["musical.scale"]) == ("A", "minor")


def test_a_recording_without_a_tune_is_refused(store: ArtifactStore, kept: Callable[[str, bytes], str]) -> None:
    noise = 0.1 * np.random.default_rng(2).standard_normal((1, 22_050)).astype(np.float32)
    with pytest.raises(BadInput, match="notes are heard"):
        started_from(store, Path(kept("noise.wav", wav(noise, 22_050))))


def test_a_refrain_with_words_takes_up_a_hook_that_was_given() -> None:
    """A hook of more notes than the refrain's first line has syllables, and a chorus composed around it."""
    data = midi(
        {"Hook": [(n, 1.0, pitch) for n, pitch in enumerate((67, 69, 71, 74, 72, 71, 69, 67))], "Verse": rows()}
    )
    sha256 = hashlib.sha256(data).hexdigest()
    words = (
        "[Verse]\nThe water carries me away\nA seagull follows down the bay\n[Chorus]\nCarry me over\nCarry me home\n"
    )
    overrides = {
        "creative.lyrics": words, "musical.key": "G",
        "edits.melody": {"name": "a.mid", "sha256": sha256, "size_bytes": len(data), "media_type": "audio/midi"},
    }  # fmt: skip
    context = validate_request(CompositionRequest(prompt="a pop song", seed=6, overrides=overrides))
    store = MemoryStore(context=context, data={"styles": []})
    store.keep(Payload("melody", "audio/midi", data))
    for asset in ("chord_progression", "rhythm_pattern", "lyrics", "melody"):
        store.run(f"composition/{asset}")
    melody = store.json("composition/melody")
    assert melody["is_given"]
    first, past = melody["themes"]["chorus"]["phrases"][0]
    assert past - first == len(("Car", "ry", "me", "o", "ver"))
    assert [note[2] for note in melody["themes"]["verse"]["notes"]][: len(TUNE)] == [pitch for _, pitch in TUNE]
    facts = store.outcomes["composition/melody"].facts
    assert facts["given_sha256"] == sha256
