"""Another engine's voice over the built-in band: brought to its beats, key and words, or refused with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dsp.alignment import activity, likeness, planned_activity
from dsp.audiofile import encode_flac
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.engines.asking import SongRequest
from musicgen_assets.graph.job import Ask, Blob, Payload
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import decoded_audio, json_payload
from musicgen_assets.ideation.engine_brief import engine_brief
from musicgen_assets.production.hybrid_vocal import planned
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.voice_alignment import align_voice
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import load_style
from support.band_score import band_score

RATE = 16_000
SUNG_BEATS = ((4, 3, 0), (8, 2, 2), (11, 4, 4), (17, 1, 0), (20, 5, 4), (27, 2, 7), (31, 3, 5), (36, 4, 0))
"""(beat, beats, semitones above C): when somebody sings which note; no two rests are alike."""
ENDS = ((0, 1, 0), (2, 1, 0), (3, 1, 4), (5, 1, 0), (42, 1, 4), (43, 1, 7), (45, 1, 5), (46, 1, 0))
"""Another form: singing at both ends, where the plan rests."""
WORDS = ("Rain", "is", "falling", "on", "the", "silent", "river", "tonight")
C_MAJOR_CHORDS = ((0, 4, 7), (5, 9, 0), (7, 11, 2), (0, 4, 7))


@pytest.fixture(scope="module")
def score() -> Score:
    return band_score(("drums", "bass", "melody"), (("verse", 6, 0.45), ("chorus", 6, 0.9)))


def vocal_line(score: Score) -> dict[str, Any]:
    """The plan of SUNG_BEATS on the score's beats; two sections of four words."""
    names = [section.name for section in score.sections]
    half = len(SUNG_BEATS) // 2
    syllables = [
        {"start_ticks": 480 * beat, "duration_ticks": 480 * beats, "text": word, "is_word_end": True,
         "section": names[number >= half], "line": int(number >= half)}
        for number, ((beat, beats, _), word) in enumerate(zip(SUNG_BEATS, WORDS, strict=True))
    ]  # fmt: skip
    notes = [[480 * beat, 480 * beats, 60 + step, 90] for beat, beats, step in SUNG_BEATS]
    track = {"name": "vocal", "role": "vocal", "instrument": "guide vocal", "program": 53, "channel": 3, "notes": notes}
    return {"carrier": "lead_instrument", "track": track, "syllables": syllables, "melody_mutes": [], "note": "",
            "harmonies": []}  # fmt: skip


def harmonic(hz: float, seconds: float, level: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(0.5**k * np.sin(2 * np.pi * hz * (k + 1) * time) for k in range(5))
    edge = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.02)
    return np.asarray(level * wave * edge, dtype=np.float32)


def performance(
    bpm: float,
    later_s: float = 0.0,
    semitones: int = 0,
    beats: int = 48,
    sung: Any = SUNG_BEATS,
) -> tuple[np.ndarray, np.ndarray, list[list[Any]]]:
    """A voice alone, its whole song, and its words as told: sung at ``bpm`` from ``later_s`` on, that much higher."""
    period = 60.0 / bpm
    length = round((later_s + beats * period + 1.0) * RATE)
    voice, band = np.zeros(length, np.float32), np.zeros(length, np.float32)
    words = []
    for (beat, lasts, step), word in zip(sung, WORDS, strict=True):
        at_s = later_s + beat * period
        add(voice, at_s, harmonic(261.63 * 2 ** ((step + semitones) / 12), lasts * period * 0.95, 0.25))
        words.append([word, round(at_s, 3), round(at_s + lasts * period * 0.95, 3)])
    click = np.random.default_rng(3).standard_normal(round(0.02 * RATE)) * np.exp(-np.arange(round(0.02 * RATE)) / 60.0)
    for beat in range(beats):
        add(band, later_s + beat * period, (0.4 * click).astype(np.float32))
        for step in C_MAJOR_CHORDS[beat // 4 % 4]:
            add(band, later_s + beat * period, harmonic(130.81 * 2 ** ((step + semitones) / 12), period * 0.9, 0.06))
    return voice[None, :], (voice + band)[None, :], words


def add(into: np.ndarray, at_s: float, sound: np.ndarray) -> None:
    first = round(at_s * RATE)
    into[first : first + sound.size] += sound[: into.size - first]


def context_of(**more: Any) -> CompositionContext:
    return CompositionContext.model_validate(
        {
            "musical": {"key": "C", "scale": "major"},
            "technical": {"sample_rate_hz": 44_100, "duration_s": 30.0},
            "creative": {"title": "Rain", "has_vocals": True},
            "ai_decisions": {"generation": {"routing": {"full_song": "builtin", "vocals": "kie"}, "seed": 9}},
            **more,
        }
    )


def aligned(score: Score, voice: np.ndarray, song: np.ndarray, words: list[list[Any]]) -> dict[str, Payload]:
    inputs = {**planned(engine_brief(context_of()), score, vocal_line(score), RATE), "words": words}
    blobs = {name: Blob(encode_flac(samples, RATE, 24), "audio/flac", {})
             for name, samples in (("vocals", voice), ("song", song))}  # fmt: skip
    return {payload.role: payload for payload in align_voice(inputs, blobs)}


def sounds_as_planned(score: Score, payload: Payload) -> float:
    samples, rate = decoded_audio(Blob(payload.data, payload.media_type, payload.meta))
    clock = song_clock(score)
    spans = [(clock.seconds(480 * beat), clock.seconds(480 * (beat + beats))) for beat, beats, _ in SUNG_BEATS]
    return likeness(activity(samples, rate), planned_activity(spans, score.duration_s))


@pytest.mark.parametrize("are_words_told", [True, False])
@pytest.mark.parametrize(
    ("faster", "later_s", "semitones"), [(1.0, 0.0, 0), (1.0, 2.37, 0), (1.06, 1.13, 2), (0.91, 0.4, -3)]
)
def test_a_voice_sung_elsewhere_is_brought_to_the_plan(
    score: Score, faster: float, later_s: float, semitones: int, are_words_told: bool
) -> None:
    voice, song, words = performance(score.tempo_bpm * faster, later_s, semitones)
    found = aligned(score, voice, song, words if are_words_told else [])
    assert set(found) == {"track/vocal", "words"}, found["refused"].meta
    stem = found["track/vocal"]
    assert sounds_as_planned(score, stem) > 0.85
    assert stem.meta["samples"] == round(score.duration_s * RATE)
    told = " ".join(stem.meta["given"])
    assert ("slower" in told, "faster" in told) == (faster > 1, faster < 1)
    assert (f"{abs(semitones)} semitones {'down' if semitones > 0 else 'up'}" in told) == bool(semitones)


def test_sections_that_its_singer_put_elsewhere_go_where_they_are_planned(score: Score) -> None:
    late = tuple(
        (beat + (8 if number >= 4 else 0), beats, step) for number, (beat, beats, step) in enumerate(SUNG_BEATS)
    )
    voice, song, words = performance(score.tempo_bpm, 1.0, beats=60, sung=late)
    found = aligned(score, voice, song, words)
    assert sounds_as_planned(score, found["track/vocal"]) > 0.85
    assert "section by section" in " ".join(found["track/vocal"].meta["given"])


def off_key(steps: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((beat, beats, step) for (beat, beats, _), step in zip(SUNG_BEATS, steps, strict=True))


@pytest.mark.parametrize(
    ("bpm", "semitones", "sung", "why"),
    [
        (1.35, 0, SUNG_BEATS, "beats a minute, too far from"),
        (1.0, 6, SUNG_BEATS, "6 semitones away from C major"),
        (1.0, 0, off_key((1, 3, 6, 8, 10, 1, 3, 6)), "lies in C major"),
        (1.0, 0, ENDS, "at other times than are planned"),
    ],
)
def test_a_voice_that_does_not_fit_is_refused_with_the_reason(
    score: Score, bpm: float, semitones: int, sung: Any, why: str
) -> None:
    voice, song, _ = performance(score.tempo_bpm * bpm, 0.0, semitones, sung=sung)
    found = aligned(score, voice, song, [])
    assert set(found) == {"refused"}
    assert why in found["refused"].meta["why"]


@pytest.mark.parametrize("what", ["silent voice", "no beats"])
def test_what_has_no_voice_or_no_beats_is_refused(score: Score, what: str) -> None:
    voice, song, _ = performance(score.tempo_bpm)
    if what == "silent voice":
        voice = np.zeros_like(voice)
    else:
        song = np.zeros_like(song)
    why = aligned(score, voice, song, [])["refused"].meta["why"]
    assert {"silent voice": "nobody sings", "no beats": "no beats"}[what] in why


def delivery(words: list[list[Any]]) -> Payload:
    told = {"engine": "kie", "model": "V6", "cost_usd": "0.06", "facts": {}, "licence": "by its terms",
            "terms_url": "https://example.com", "lyrics": "", "words": words}  # fmt: skip
    return json_payload(told, "delivery")


def taken(score: Score, answer: list[Payload], instruments: Any) -> tuple[MemoryStore, list[Ask]]:
    context = context_of()
    asked: list[Ask] = []

    def answered(ask: Ask) -> list[Payload]:
        asked.append(ask)
        return answer

    store = MemoryStore(context=context, answers={"kie": answered})
    store.data["instruments"] = instruments
    store.put("ideation/context", json_payload(context), json_payload(engine_brief(context), "engine_brief"))
    store.put("arrangement/arrangement", json_payload(score))
    store.put("arrangement/vocal_line", json_payload(vocal_line(score)))
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    store.put("production/instrumentation", json_payload(plan))
    store.run("production/take")
    return store, asked


def flac(role: str, samples: np.ndarray) -> Payload:
    return Payload(role, "audio/flac", encode_flac(samples, RATE, 24), ".flac")


def test_the_take_has_the_voice_over_the_band_and_says_whose_it_is(score: Score, instruments: Any) -> None:
    voice, song, words = performance(score.tempo_bpm * 1.06, 1.13, 2)
    store, asked = taken(score, [flac("song", song), flac("stem/vocals", voice), delivery(words)], instruments)
    request = SongRequest.model_validate(asked[0].request)
    assert (asked[0].slot, asked[0].engine, asked[0].need["task"]) == ("vocals", "kie", "vocals")
    assert request.task == "full_song"  # the very same song that it would be asked for whole, and is bought once
    refs = {ref.role: ref for ref in store.artifacts["production/take"]}
    assert {role for role in refs if role.startswith("track/")} == {
        "track/drums",
        "track/bass",
        "track/melody",
        "track/vocal",
    }
    record = store.json("production/take", "record")
    assert (record["engine"], record["vocal"]["carrier"], record["vocals"]["is_used"]) == ("builtin", "kie", True)
    assert record["vocals"]["licence"] == "by its terms"
    assert "sung by Kie (Suno) (V6) over the built-in band" in record["vocal"]["note"]
    assert [row[0] for row in record["vocals"]["words"]] == list(WORDS)
    clock = song_clock(score)
    for (beat, _, _), (_, start_s, _) in zip(SUNG_BEATS, record["vocals"]["words"], strict=True):
        assert start_s == pytest.approx(clock.seconds(480 * beat), abs=0.08)
    stem = MemoryJob("production/stems", store).audio(refs["track/vocal"])[0]
    assert stem.shape[1] == round(score.duration_s * 44_100)
    store.run("production/stems")
    store.run("mixing/mix")


@pytest.mark.parametrize("has_stem", [False, True])
def test_where_it_cannot_be_used_the_guide_sings_and_the_reason_is_kept(
    score: Score, instruments: Any, has_stem: bool
) -> None:
    voice, song, words = performance(score.tempo_bpm * 1.35)
    stems = [flac("stem/vocals", voice)] if has_stem else []
    store, _ = taken(score, [flac("song", song), *stems, delivery(words)], instruments)
    record = store.json("production/take", "record")
    assert record["vocals"]["is_used"] is False
    assert ("too far from" if has_stem else "without its voice") in record["vocals"]["why"]
    assert record["vocals"]["why"] in record["vocal"]["note"]
    assert record["vocal"]["carrier"] != "kie"
    assert "track/vocal" in {ref.role for ref in store.artifacts["production/take"]}
