"""mixing/mix as a whole: stems that sum to it, each strip computed alone, faders that can be frozen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode, encode_wav
from dsp.levels import correlation, null_depth_db, peak_dbfs
from dsp.loudness import integrated_lufs
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.job import Payload, Ref, Task
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload, canonical_json, json_payload
from musicgen_assets.mixing.equalizer import loudness_change_lu
from musicgen_assets.mixing.masking import cut_of
from musicgen_assets.mixing.mix import kick_times_s
from musicgen_assets.mixing.plan import MixPlan
from musicgen_assets.mixing.summing import PEAK_DBFS, sum_stems
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.meter import Measurement
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.render import render_track
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import load_style
from support.band_score import band_score

NAMES = ("drums", "bass", "guitar", "pad", "melody")
RATE = 48_000


@pytest.fixture(scope="module")
def score() -> Score:
    return band_score(NAMES, (("verse", 2, 0.45), ("chorus", 2, 0.9)))


@pytest.fixture(scope="module")
def stems(score: Score, instruments: Any) -> dict[str, Payload]:
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    return {
        track.name: render_track(
            {**track_inputs(track, plan.sound_of(track.name), score, RATE), "data": {"instruments": instruments}}, {}
        )[0]
        for track in score.tracks
    }


def store_with(
    score: Score, stems: dict[str, Payload], frozen: dict[str, float] | None = None, **levels: float
) -> MemoryStore:
    """A store with everything upstream of the mix; ``levels`` override the style's."""
    context = CompositionContext.model_validate({"ai_decisions": {"generation": {"frozen": frozen or {}}}})
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    sounds = tuple(s.model_copy(update={"level_db": levels.get(s.name, s.level_db)}) for s in plan.tracks)
    store = MemoryStore(context=context)
    store.put("arrangement/arrangement", json_payload(score))
    store.put("production/instrumentation", json_payload(plan.model_copy(update={"tracks": sounds})))
    store.put("production/stems", *stems.values())
    return store


@pytest.fixture(scope="module")
def mixed(score: Score, stems: dict[str, Payload]) -> MemoryStore:
    store = store_with(score, stems)
    store.run("mixing/mix")
    return store


def heard(store: MemoryStore) -> dict[str, np.ndarray]:
    """Every audio role as a reader of the store decodes it."""
    job = MemoryJob("mixing/mix", store)
    refs = [ref for ref in store.artifacts["mixing/mix"] if ref.media_type == "audio/flac"]
    return {ref.role: job.audio(ref)[0] for ref in refs}


def plan_of(store: MemoryStore) -> MixPlan:
    return MixPlan.model_validate(store.json("mixing/mix", "plan"))


def test_the_stored_stems_sum_to_the_stored_mix(mixed: MemoryStore) -> None:
    sounds = heard(mixed)
    total = np.sum([sounds[f"stem/{name}"] for name in NAMES], axis=0, dtype=np.float32)
    assert null_depth_db(total, sounds["main"]) <= -110.0
    check = mixed.outcomes["mixing/mix"].checks[0]
    assert (check.name, check.passed) == ("stems_sum_to_mix", True)
    assert check.measured == plan_of(mixed).stems_null_db <= -90.0


def test_the_mix_is_as_long_as_its_stems_and_peaks_at_minus_six(mixed: MemoryStore, score: Score) -> None:
    for sound in heard(mixed).values():
        assert sound.shape == (2, round(score.duration_s * RATE))
        assert np.isfinite(sound).all()
    assert peak_dbfs(heard(mixed)["main"]) == pytest.approx(PEAK_DBFS, abs=0.02)
    assert plan_of(mixed).peak_dbfs == pytest.approx(PEAK_DBFS, abs=0.02)


def test_every_stem_comes_out_where_its_target_is(mixed: MemoryStore, stems: dict[str, Payload]) -> None:
    plan, sounds = plan_of(mixed), heard(mixed)
    for strip in plan.strips:
        numbers = Measurement.model_validate(stems[strip.track].meta["measurement"])
        cuts = [cut_of(item) for item in plan.masking if item.track == strip.track]
        others = [band for band in strip.bands if band not in cuts]
        given_lu = loudness_change_lu(strip.bands, numbers, RATE) - loudness_change_lu(others, numbers, RATE)
        measured = integrated_lufs(sounds[f"stem/{strip.track}"], RATE) - plan.trim_db
        assert measured == pytest.approx(strip.target_lufs + given_lu, abs=2.0)
        # In eight seconds, one block more or less above the relative gate moves either meter.
        assert strip.result_lufs == pytest.approx(measured, abs=1.0)
    assert plan.integrated_lufs == pytest.approx(integrated_lufs(sounds["main"], RATE), abs=0.3)


def test_the_lead_leads_and_the_bass_is_there(mixed: MemoryStore) -> None:
    sounds = heard(mixed)
    lead, bass = (integrated_lufs(sounds[f"stem/{name}"], RATE) for name in ("melody", "bass"))
    rest = integrated_lufs(sounds["main"] - sounds["stem/melody"], RATE)
    assert -4.0 < lead - rest < 4.0
    assert -8.0 < bass - lead < 0.0


def test_the_low_end_is_mono_and_the_song_is_not(mixed: MemoryStore) -> None:
    main = heard(mixed)["main"]
    spectrum = np.fft.rfft(main)
    low = np.fft.rfftfreq(main.shape[1], 1 / RATE) < 80.0
    assert correlation(np.fft.irfft(spectrum * low, main.shape[1]).astype(np.float32)) > 0.98
    assert correlation(np.fft.irfft(spectrum * ~low, main.shape[1]).astype(np.float32)) < 0.97


def test_the_chorus_is_louder_than_the_verse(mixed: MemoryStore) -> None:
    main = heard(mixed)["main"]
    half = 4 * RATE
    assert integrated_lufs(main[:, half : 2 * half], RATE) > integrated_lufs(main[:, :half], RATE) + 2.0


def test_equal_inputs_give_equal_bytes(mixed: MemoryStore, score: Score, stems: dict[str, Payload]) -> None:
    again = store_with(score, stems)
    again.run("mixing/mix")
    assert again.artifacts["mixing/mix"] == mixed.artifacts["mixing/mix"]


def tasks_of(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Everything that keys each task of the mix, by task name."""
    seen: dict[str, bytes] = {}
    original = MemoryJob.tasks

    def watch(job: MemoryJob, tasks: list[Task]) -> list[tuple[Ref, ...]]:
        for task in tasks:
            seen[task.name] = canonical_json(
                {"entry": task.entry, "inputs": dict(task.inputs), "refs": {n: r.sha256 for n, r in task.refs.items()}}
            )
        return original(job, tasks)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryJob, "tasks", watch)
        store.run("mixing/mix")
    return seen


def test_moving_one_fader_processes_that_strip_and_the_sum_only(
    score: Score, stems: dict[str, Payload], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tasks_of(store_with(score, stems), monkeypatch)
    after = tasks_of(store_with(score, stems, {"mix/bass": -9.0}), monkeypatch)
    assert set(before) == set(after) == {*(f"strip/{name}" for name in NAMES), "mix"}
    assert {name for name in before if before[name] != after[name]} == {"strip/bass", "mix"}


def test_what_is_only_said_about_a_strip_processes_nothing(
    score: Score, stems: dict[str, Payload], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = store_with(score, stems)
    before = tasks_of(free, monkeypatch)
    fader = plan_of(free).strip_of("bass").fader_db
    frozen = tasks_of(store_with(score, stems, {"mix/bass": fader}), monkeypatch)
    assert frozen == before


def test_a_frozen_fader_overrides_the_computed_one(score: Score, stems: dict[str, Payload], mixed: MemoryStore) -> None:
    store = store_with(score, stems, {"mix/bass": -40.0, "mix/trim_db": 0.0})
    store.run("mixing/mix")
    strip = plan_of(store).strip_of("bass")
    assert (strip.fader_db, strip.is_frozen) == (-40.0, True)
    assert plan_of(store).trim_db == 0.0
    assert strip.result_lufs < plan_of(mixed).strip_of("bass").result_lufs - 20.0


def test_freezing_everything_keeps_the_other_tracks_when_one_is_rewritten(
    score: Score, stems: dict[str, Payload], mixed: MemoryStore
) -> None:
    louder, rate = decode(stems["melody"].data)
    rewritten = np.ascontiguousarray(0.3 * louder[:, ::-1])
    plan = plan_of(mixed)
    changed = {**stems, "melody": audio_payload(rewritten, rate, "track/melody", {"notes": 1})}
    store = store_with(score, changed, dict(plan.frozen_values))
    store.run("mixing/mix")
    before, after = heard(mixed), heard(store)
    for name in NAMES:
        assert np.array_equal(before[f"stem/{name}"], after[f"stem/{name}"]) == (name != "melody")
    assert plan_of(store).frozen_values == plan.frozen_values


def test_stems_that_came_without_numbers_are_measured(
    score: Score, stems: dict[str, Payload], mixed: MemoryStore
) -> None:
    bare = {}
    for name, payload in stems.items():
        meta = {key: value for key, value in payload.meta.items() if key != "measurement"}
        bare[name] = dataclasses.replace(payload, meta=meta)
    store = store_with(score, bare)
    store.run("mixing/mix")
    for strip in plan_of(store).strips:
        assert strip.fader_db == pytest.approx(plan_of(mixed).strip_of(strip.track).fader_db, abs=0.1)


def test_the_plan_names_every_fader_with_reasons(mixed: MemoryStore) -> None:
    plan = plan_of(mixed)
    assert [strip.track for strip in plan.strips] == list(NAMES)
    for strip in plan.strips:
        assert all(band.reason for band in strip.bands)
        assert plan.frozen_values[f"mix/{strip.track}"] == strip.fader_db
        if strip.compression is not None:
            assert strip.compression.makeup_db is not None
    assert plan.frozen_values["mix/trim_db"] == plan.trim_db


def test_kicks_are_found_in_seconds_once_each(score: Score) -> None:
    assert kick_times_s(score) == [float(second) for second in range(8)]


def test_silence_mixes_to_silence(score: Score) -> None:
    silence = np.zeros((1, RATE), np.float32)
    store = store_with(score, {name: audio_payload(silence, RATE, f"track/{name}") for name in NAMES})
    outcome = store.run("mixing/mix")
    assert outcome.checks[0].passed
    assert not heard(store)["main"].any()


def test_stems_of_unlike_lengths_are_refused() -> None:
    store = MemoryStore()
    refs = [store.keep(audio_payload(np.full((2, n), 0.1, np.float32), RATE, str(n))) for n in (1_000, 1_001)]
    job = MemoryJob("mixing/mix", store)
    blobs = {ref.role: job.blob(ref) for ref in refs}
    with pytest.raises(PermanentFailure, match="1001"):
        sum_stems({"order": ["1000", "1001"], "trim_db": None}, blobs)
    with pytest.raises(PermanentFailure, match="no stems"):
        sum_stems({"order": [], "trim_db": None}, {})


def test_other_encodings_of_stems_are_read_too(score: Score, stems: dict[str, Payload], mixed: MemoryStore) -> None:
    samples, rate = decode(stems["bass"].data)
    wave = Payload("track/bass", "audio/wav", encode_wav(samples, rate, 32), ".wav", stems["bass"].meta)
    store = store_with(score, {**stems, "bass": wave})
    store.run("mixing/mix")
    assert null_depth_db(heard(store)["main"], heard(mixed)["main"]) < -110.0
