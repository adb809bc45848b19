"""The game package: a loop without a seam, layers that sum to it, loop points others read, cues that are true."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from dsp.loops import measure_join
from musicgen_assets.finalization.packages import game_audio
from musicgen_assets.finalization.packages.game_form import (
    EARLY_TICKS,
    choose_loop,
    excerpt,
    hook_section,
    layers_of,
)
from musicgen_assets.finalization.packages.game_stingers import LONGEST_S, SHORTEST_S, plan_stingers
from musicgen_assets.graph.job import Blob
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score, Skip, TempoChange, Track
from support.band_score import band_score
from support.hand_made_song import make_song
from support.sounding_song import RATE, song_score, song_sound

FOLDER = "packages/game/"
TAGS = {
    "title": "x", "genre": "pop", "bpm": 120.0, "key": "C", "language": "en", "licence": "free", "context_sha256": "0",
    "lyrics": "", "lines": [], "seed": 1, "software": "musicgen",
}  # fmt: skip
FORM = (
    ("intro", 2, 0.3),
    ("verse", 8, 0.5),
    ("chorus", 8, 0.9),
    ("verse", 8, 0.5),
    ("chorus", 8, 1.0),
    ("outro", 2, 0.3),
)


def hand_made_loop() -> tuple[list[Any], np.ndarray, np.ndarray]:
    """The files of a loop of made-up sound, without any font; the same bars just cut out; and what is heard when the
    same notes are played a second time, right after the first.
    """
    score = song_score()
    choice = choose_loop(score)
    end_s = song_clock(score).seconds(choice.end_ticks)
    part = excerpt(score, choice.start_ticks, choice.end_ticks, end_s + 2.0)
    assert choice.start_ticks == 0
    length = round(end_s * RATE)
    buses, level = hand_made_buses(part, length)
    gain_db = game_audio.GAME_LUFS - level
    files = game_audio.loop_files({"loop": [0, length], "gain_db": gain_db, "tags": TAGS}, buses)
    again = tuple(
        track.model_copy(
            update={"notes": (*track.notes, *((row[0] + choice.end_ticks, *row[1:]) for row in track.notes))}
        )
        for track in part.tracks
    )
    twice, _ = hand_made_buses(part.model_copy(update={"tracks": again, "duration_s": 2 * end_s + 2.0}), length)
    gain = np.float32(10 ** (gain_db / 20))
    cut, second = sum_of(buses)[:, :length], sum_of(twice)[:, length : 2 * length]
    return files, np.ascontiguousarray(cut * gain), np.ascontiguousarray(second * gain)


def hand_made_buses(part: Score, length: int) -> tuple[dict[str, Blob], float]:
    stems = {track.name: blob_of(audio_payload(song_sound(track, part), RATE)) for track in part.tracks}
    groups = [[layer.name, list(layer.tracks)] for layer in layers_of(part.tracks)]
    inputs = {"loop": [0, length], "groups": groups, "tone": [], "first": 0, "channels": 2}
    *buses, level = game_audio.bus(inputs, stems)
    return {bus.role: blob_of(bus) for bus in buses}, float(json.loads(level.data)["lufs"])


def sum_of(buses: dict[str, Blob]) -> np.ndarray:
    return np.sum([decoded_audio(blob)[0] for blob in buses.values()], axis=0, dtype=np.float32)


def blob_of(payload: Any) -> Blob:
    return Blob(payload.data, payload.media_type, payload.meta)


def test_a_loop_is_what_its_notes_sound_like_when_they_are_played_again_and_again() -> None:
    files, cut, second = hand_made_loop()
    facts = json.loads(files[-1].data)
    loop, rate = decode(files[0].data)
    assert facts["integrated_lufs"] == pytest.approx(game_audio.GAME_LUFS, abs=0.1)
    assert facts["true_peak_dbtp"] <= game_audio.CEILING_DBTP + 0.05
    assert facts["layers_null_db"] <= -110.0
    assert measure_join(loop, rate).is_seamless
    assert null_depth_db(loop, second) <= -80.0
    assert null_depth_db(cut, second) > -30.0  # the twin has no ring-out at its beginning


@pytest.fixture(scope="module")
def cues(packaged: Any) -> Any:
    return packaged.json(f"{FOLDER}cues.json")


def audio(packaged: Any, name: str) -> tuple[np.ndarray, int]:
    return decode(packaged.data(FOLDER + name))


def test_the_loop_is_whole_bars_and_has_no_seam(packaged: Any, cues: Any) -> None:
    loop, rate = audio(packaged, "loop.wav")
    bar_s = 60.0 / cues["tempo_bpm"] * 4
    assert loop.shape[1] == cues["loop"]["samples"] == round(cues["loop"]["bars"] * bar_s * rate)
    join = measure_join(loop, rate)
    assert join.click_ratio <= 1.0
    assert join.flux_ratio <= 1.0
    assert cues["loop"]["join"]["click_ratio"] == pytest.approx(join.click_ratio, abs=1e-3)


def test_layers_sum_to_the_loop(packaged: Any, cues: Any) -> None:
    loop, _ = audio(packaged, "loop.wav")
    layers = [audio(packaged, layer["file"])[0] for layer in cues["layers"]]
    assert 3 <= len(layers) <= 4
    assert {layer.shape for layer in layers} == {loop.shape}
    assert all(float(np.abs(layer).max()) > 1e-3 for layer in layers)
    total = np.sum(layers, axis=0, dtype=np.float64).astype(np.float32)
    assert null_depth_db(total, loop) <= -110.0
    assert cues["layers_null_db"] <= -110.0
    played = [track for layer in cues["layers"] for track in layer["tracks"]]
    assert len(played) == len(set(played))


def test_loop_points_are_read_by_other_libraries(packaged: Any, cues: Any) -> None:
    from mutagen import File
    from wavinfo import WavInfoReader

    for name in ("loop.wav", *(layer["file"] for layer in cues["layers"])):
        (found,) = WavInfoReader(io.BytesIO(packaged.data(FOLDER + name))).smpl.sample_loops
        assert (found.start, found.end + 1 - found.start, found.repetition_count) == (0, cues["loop"]["samples"], 0)
    for name, start in (("loop.ogg", 0), ("theme.ogg", (cues["theme"] or {}).get("loop_start"))):
        if FOLDER + name in packaged.paths:
            tags = File(io.BytesIO(packaged.data(FOLDER + name))).tags
            assert (int(tags["LOOPSTART"][0]), int(tags["LOOPLENGTH"][0])) == (start, cues["loop"]["samples"])


def test_cues_are_true_to_the_files(packaged: Any, cues: Any) -> None:
    loop = cues["loop"]
    assert loop["bar_samples"][0] == 0
    assert len(loop["bar_samples"]) == loop["bars"]
    assert len(loop["beat_seconds"]) == loop["bars"] * cues["beats_per_bar"]
    assert loop["exit_points"][-1]["sample"] == loop["samples"]
    assert {point["sample"] for point in loop["entry_points"]} <= set(loop["bar_samples"])
    for stinger in cues["stingers"]:
        samples, rate = audio(packaged, stinger["file"])
        assert samples.shape[1] / rate == pytest.approx(stinger["seconds"])
        assert SHORTEST_S <= samples.shape[1] / rate <= LONGEST_S
        assert 0.0 <= stinger["sync_seconds"] < stinger["seconds"]
        assert float(np.abs(samples[:, -10:]).max()) < 1e-3
    outro, _ = audio(packaged, "outro.wav")
    assert outro.shape[1] == cues["outro"]["samples"]


def test_the_loop_returns_where_the_song_does() -> None:
    choice = choose_loop(band_score(form=FORM))
    assert choice.sections in (("verse 1", "chorus 1"), ("chorus 1", "verse 2"))
    assert choice.notes == ()


@pytest.mark.parametrize("form", [
    (("chorus", 2, 0.9),), (("verse", 4, 0.5), ("chorus", 4, 0.9)),
    (("intro", 3, 0.2), ("verse", 3, 0.3), ("interlude", 3, 0.4), ("bridge", 3, 0.5), ("solo", 3, 0.6),
     ("outro", 3, 0.7)),
])  # fmt: skip
def test_odd_forms_get_a_loop_or_are_told_why_it_is_not_smooth(form: Any) -> None:
    score = band_score(form=form)
    choice = choose_loop(score)
    assert 0 < choice.bars < score.end_ticks // 1_920
    assert choice.past_bar < score.end_ticks // 1_920
    assert choice.notes or len(form) == 1


@pytest.mark.parametrize(
    ("style", "meter", "length_s"), [("folk", "6/8", 60.0), ("solo_piano", "3/4", 45.0), ("pop", "4/4", 30.0)]
)
def test_real_forms_get_loops_of_whole_sections(style: str, meter: str, length_s: float) -> None:
    score = make_song(style, time_signature=meter, duration_s=length_s)
    choice = choose_loop(score)
    assert {choice.start_bar, choice.past_bar} <= {
        edge
        for part in score.sections
        for edge in (part.start_bar, part.start_bar + part.bars, part.start_bar + part.bars - 1)
    }
    stingers = plan_stingers(score, choice, score.sections[-1].start_ticks, 48_000)
    assert all(SHORTEST_S * 48_000 <= stinger.samples <= LONGEST_S * 48_000 for stinger in stingers)
    assert layers_of(excerpt(score, choice.start_ticks, choice.end_ticks, length_s).tracks)


def test_bent_time_is_avoided_or_told() -> None:
    score = band_score(form=FORM)
    tempo_map = (TempoChange(start_ticks=0, tempo_bpm=120.0), TempoChange(start_ticks=12 * 1_920, tempo_bpm=126.0))
    skip = Skip(start_ticks=11 * 1_920, end_ticks=11 * 1_920 + 960)
    bent = score.model_copy(update={"tempo_map": tempo_map, "skips": (skip,)})
    choice = choose_loop(bent)
    inside = choice.start_ticks <= 11 * 1_920 < choice.end_ticks
    assert not inside or any("shorter" in note for note in choice.notes)


def test_a_note_ahead_of_the_beat_stays_with_its_bar() -> None:
    rows = ((1_920 - EARLY_TICKS, 100, 60, 90), (2_000, 100, 62, 90), (3_840 - 30, 100, 64, 90))
    early = Track(name="piano", role="chords", instrument="piano", program=0, channel=1, notes=rows)
    score: Score = band_score(form=(("verse", 1, 0.5), ("chorus", 1, 0.9), ("outro", 2, 0.4)))
    score = score.model_copy(update={"tracks": (early,)})
    rows = excerpt(score, 1_920, 3_840, 6.0).tracks[0].notes
    assert [row[2] for row in rows] == [60, 62]
    waiting = excerpt(score, 1_920, 3_840, 6.0, is_on_time=True).tracks[0].notes
    assert [row[0] for row in waiting] == [1_920, 2_000]


def test_one_player_has_one_layer_and_bands_have_up_to_four() -> None:
    def band(*names: str) -> int:
        return len(layers_of(band_score(names, form=FORM).tracks))  # type: ignore[arg-type]

    assert band("piano") == 1
    assert band("piano", "bass") == 2
    assert band("piano", "pad", "warm_pad") == 3
    assert band("drums", "bass", "piano", "pad", "melody", "counter") == 4
    assert hook_section(band_score(form=FORM)).name == "chorus 1"
