"""Take, stems and preview: one dry file a track, passed on and checked, and ten seconds of the hook."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from dsp.loudness import integrated_lufs, true_peak_dbtp
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.preview import PREVIEW_LUFS, cut_track, hook_window
from musicgen_assets.production.stems import Heard, check_stems
from musicgen_assets.score.model import Score, Track
from musicgen_assets.styles.loader import load_style
from support.band_score import BAR, FORM, band_score
from support.voices import needs_voice

NAMES = ("drums", "bass", "guitar", "pad", "melody")
SHORT = (("verse", 1, 0.45), ("chorus", 6, 0.9))
NOT_SUNG = {"carrier": "none", "track": None, "syllables": [], "melody_mutes": [], "note": ""}


def store_with(
    score: Score, instruments: Any, vocal_line: dict[str, Any] = NOT_SUNG, routing: dict[str, str] | None = None
) -> MemoryStore:
    context = CompositionContext.model_validate(
        {"technical": {"sample_rate_hz": 44_100}, "ai_decisions": {"generation": {"routing": routing or {}}}}
    )
    store = MemoryStore(context=context, data={"instruments": instruments})
    store.put("arrangement/arrangement", json_payload(score))
    store.put("arrangement/vocal_line", json_payload(vocal_line))
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    store.put("production/instrumentation", json_payload(plan))
    return store


@pytest.fixture(scope="module")
def score() -> Score:
    return band_score(NAMES, SHORT)


@pytest.fixture(scope="module")
def made(score: Score, instruments: Any) -> MemoryStore:
    store = store_with(score, instruments)
    for asset in ("production/take", "production/stems", "production/preview"):
        store.run(asset)
    return store


def test_the_take_is_one_dry_file_a_track_of_the_songs_exact_length(made: MemoryStore, score: Score) -> None:
    job = MemoryJob("production/stems", made)
    refs = made.artifacts["production/take"]
    assert [ref.role for ref in refs] == [*(f"track/{name}" for name in NAMES), "record"]
    for ref in refs[:-1]:
        samples, rate = job.audio(ref)
        assert rate == 44_100
        assert samples.shape[1] == round(score.duration_s * 44_100)
        assert np.abs(samples).max() > 0.01


def test_the_record_names_engine_and_font_and_no_path(made: MemoryStore, instruments: Any) -> None:
    record = made.json("production/take", "record")
    assert record["engine"] == "builtin"
    assert record["font"] == instruments["font_name"]
    assert record["font_sha256"] == instruments["font_sha256"]
    assert record["version"] == instruments["engine_version"]
    assert [track["name"] for track in record["tracks"]] == list(NAMES)
    assert record["attempts"]
    assert instruments["font_path"] not in json.dumps(record)


def test_a_sung_track_is_played_and_the_melody_keeps_silent_under_it(instruments: Any) -> None:
    score = band_score(("bass", "melody"), (("verse", 1, 0.45), ("chorus", 1, 0.9)))
    melody = score.track("melody")
    assert melody is not None
    sung = Track(
        name="vocal", role="vocal", instrument="flute", program=73, channel=8,
        notes=tuple(note for note in melody.notes if note[0] >= BAR),
    )  # fmt: skip
    vocal_line = {
        **NOT_SUNG, "carrier": "lead_instrument", "track": sung.model_dump(mode="json"),
        "melody_mutes": [[BAR, 2 * BAR]],
    }  # fmt: skip
    store = store_with(score, instruments, vocal_line)
    store.run("production/take")
    store.run("production/stems")
    job = MemoryJob("production/stems", store)
    sounds = {ref.role: job.audio(ref)[0] for ref in store.artifacts["production/stems"]}
    bar = round(2.0 * 44_100)
    assert set(sounds) == {"track/bass", "track/melody", "track/vocal"}
    assert not sounds["track/vocal"][:, :bar].any()
    assert np.abs(sounds["track/vocal"][:, bar : 2 * bar]).max() > 0.05
    tail, playing = sounds["track/melody"][:, bar + 44_100 : 2 * bar], sounds["track/melody"][:, :bar]
    assert np.abs(tail).max() < 0.01 * np.abs(playing).max()


def test_stems_are_the_takes_own_files(made: MemoryStore) -> None:
    assert made.artifacts["production/stems"] == made.artifacts["production/take"][:-1]
    check = made.outcomes["production/stems"].checks[0]
    assert (check.name, check.passed, check.measured) == ("stems_are_sound", True, "5 stems sound")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"samples": 99}, "lengths differ"),
        ({"rate_hz": 44_100}, "rates differ"),
        ({"is_finite": False}, "bass holds values that are not finite"),
        ({"peak": 0.0, "lufs": -70.0}, "bass is silent and has 8 notes"),
        ({"lufs": -70.0}, "bass is silent and has 8 notes"),
    ],
)
def test_each_fault_of_a_stem_is_found_and_named(change: dict[str, Any], fault: str) -> None:
    drums = Heard("drums", 48_000, 100, is_finite=True, peak=0.5, notes=4, lufs=-20.0)
    bass = Heard("bass", 48_000, 100, is_finite=True, peak=0.5, notes=8, lufs=-20.0)
    assert check_stems([drums, bass]).passed
    check = check_stems([drums, dataclasses.replace(bass, **change)])
    assert not check.passed
    assert fault in str(check.measured)


def test_a_track_without_notes_may_be_silent_and_a_song_without_tracks_is_no_song() -> None:
    assert check_stems([Heard("pad", 48_000, 100, is_finite=True, peak=0.0, notes=0, lufs=-70.0)]).passed
    assert not check_stems([]).passed


def test_files_that_came_without_numbers_are_listened_to(made: MemoryStore, instruments: Any, score: Score) -> None:
    store = store_with(score, instruments)
    quiet = audio_payload(np.zeros((2, 1_000), np.float32), 44_100, "track/bass", {"notes": 8})
    loud = audio_payload(np.full((2, 1_000), 0.1, np.float32), 44_100, "track/drums", {"notes": 8})
    store.put("production/take", quiet, loud)
    check = store.run("production/stems").checks[0]
    assert not check.passed
    assert check.measured == "bass is silent and has 8 notes"


def test_the_preview_is_the_first_chorus_loud_and_safe(made: MemoryStore, score: Score) -> None:
    outcome = made.outcomes["production/preview"]
    samples, rate = MemoryJob("mixing/mix", made).audio(made.artifacts["production/preview"][0])
    assert outcome.facts["section"] == "chorus 1"
    assert outcome.facts["from_s"] == pytest.approx(2.0)
    assert outcome.facts["seconds"] == pytest.approx(10.0, abs=0.01)
    assert outcome.facts["tracks"] == len(NAMES)
    assert samples.shape == (2, round(float(outcome.facts["seconds"]) * rate))
    assert integrated_lufs(samples, rate) == pytest.approx(PREVIEW_LUFS, abs=0.8)
    assert true_peak_dbtp(samples, rate) <= -0.95


def test_the_preview_has_only_who_plays_in_the_hook(instruments: Any) -> None:
    score = band_score(NAMES, (("chorus", 2, 0.3), ("chorus", 2, 0.9)))
    store = store_with(score, instruments)
    outcome = store.run("production/preview")
    # Below .4 only the pad plays; in the window's second half all join.
    assert outcome.facts["tracks"] == len(NAMES)
    calm = store_with(band_score(NAMES, (("chorus", 6, 0.3),)), instruments)
    assert calm.run("production/preview").facts["tracks"] == 1


def test_a_song_without_notes_has_a_silent_preview(instruments: Any) -> None:
    score = band_score(("guitar",), (("verse", 2, 0.1),))
    store = store_with(score, instruments)
    store.run("production/preview")
    samples, _ = MemoryJob("mixing/mix", store).audio(store.artifacts["production/preview"][0])
    assert not samples.any()


def test_the_hook_is_the_first_chorus_else_the_most_energetic_section() -> None:
    score = band_score(("melody",), FORM)
    section, first, last = hook_window(score)
    assert (section.name, first) == ("chorus 1", section.start_ticks)
    assert last - first == 10 * 2 * 480
    section, first, last = hook_window(
        band_score(("melody",), (("verse", 2, 0.4), ("solo", 1, 0.8), ("outro", 1, 0.2)))
    )
    assert section.name == "solo 1"
    assert last == 4 * BAR


def test_notes_are_cut_to_the_window_and_drums_keep_their_strokes() -> None:
    notes = ((0, 200, 60, 90), (90, 50, 62, 90), (150, 900, 64, 90), (300, 50, 65, 90))
    track = Track(name="it", role="lead", instrument="flute", program=73, channel=0, notes=notes)
    assert cut_track(track, 100, 300).notes == ((0, 100, 60, 90), (0, 40, 62, 90), (50, 150, 64, 90))
    drums = track.model_copy(update={"channel": 9})
    assert cut_track(drums, 100, 300).notes == ((50, 150, 64, 90),)


def sung_store(instruments: Any, voice: dict[str, Any]) -> MemoryStore:
    """A bar and a half of guide vocal over bass, as the vocal line writes it."""
    score = band_score(("bass", "melody"), (("verse", 1, 0.45), ("chorus", 1, 0.9)))
    rows = [(BAR + 480 * n, 460, 62 + n, 90) for n in range(4)]
    track = Track(
        name="vocal", role="vocal", instrument="guide vocal", program=53, channel=8, notes=tuple(rows)
    )  # fmt: skip
    words = (("hold", True), ("on", True), ("sum", False), ("mer", True))
    chorus = score.sections[-1].name
    syllables = [
        {"start_ticks": row[0], "duration_ticks": row[1], "text": text, "is_word_end": is_end, "section": chorus,
         "line": 0}
        for row, (text, is_end) in zip(rows, words, strict=True)
    ]  # fmt: skip
    line = {
        **NOT_SUNG, "carrier": "guide_voice", "track": track.model_dump(mode="json"), "syllables": syllables,
        "note": "A guide vocal.",
    }  # fmt: skip
    store = store_with(score, instruments, line)
    store.data["voice"] = voice
    return store


def test_a_guide_voice_sings_its_track_and_the_record_says_so(instruments: Any) -> None:
    needs_voice()
    voice = {"is_available": True, "engine": "espeak-ng and WORLD", "version": "1", "why": ""}
    store = sung_store(instruments, voice)
    store.run("production/take")
    record = store.json("production/take", "record")
    assert record["vocal"]["carrier"] == "guide_voice"
    assert record["vocal"]["singer"] == "mezzo"
    assert record["vocal"]["note"] == "A guide vocal."
    job = MemoryJob("production/stems", store)
    sounds = {ref.role: job.audio(ref)[0] for ref in store.artifacts["production/take"] if ref.role != "record"}
    bar = round(2.0 * 44_100)
    vocal = sounds["track/vocal"]
    assert vocal.shape == (2, sounds["track/bass"].shape[1])  # doubled in the chorus
    assert np.abs(vocal[:, bar : 2 * bar]).max() > 0.05
    assert np.abs(vocal[:, : bar // 2]).max() < 1e-4
    store.run("production/preview")
    preview = job.audio(store.artifacts["production/preview"][0])[0]
    assert np.isfinite(preview).all()


def test_where_the_voice_cannot_be_loaded_an_instrument_plays_and_it_is_said(instruments: Any) -> None:
    voice = {"is_available": False, "engine": "espeak-ng and WORLD", "version": "absent", "why": "no library"}
    store = sung_store(instruments, voice)
    store.run("production/take")
    record = store.json("production/take", "record")
    assert record["vocal"]["carrier"] == "lead_instrument"
    assert "played by a lead instrument" in record["vocal"]["note"]
    assert "cannot be loaded" in record["vocal"]["note"]
    job = MemoryJob("production/stems", store)
    ref = next(ref for ref in store.artifacts["production/take"] if ref.role == "track/vocal")
    assert np.abs(job.audio(ref)[0]).max() > 0.05
