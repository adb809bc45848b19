"""mastering/analysis: every declared check answered, the verdict bound to the master it judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from musicgen_assets.graph.declarations import declaration_of
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.mastering.gate import decoded_peak_check, score_checks, stems_null_check
from musicgen_assets.mastering.measures import flat_tops
from musicgen_assets.mastering.plan import EncodeAttempt, EncodeRecord, MasterPlan
from musicgen_assets.score.model import Score
from support.sounding_song import RATE, song_score, song_store

PICTURES = {"waveform", "spectrogram", "loudness", "spectrum", "piano_roll", "phase", "energy"}


def test_every_declared_check_is_answered(song: MemoryStore) -> None:
    outcome = song.outcomes["mastering/analysis"]
    assert {check.name for check in outcome.checks} == set(declaration_of("mastering/analysis").checks)
    assert len(outcome.checks) == len(declaration_of("mastering/analysis").checks)


def test_the_verdict_is_of_the_master_and_repeats_the_checks(song: MemoryStore) -> None:
    verdict = song.json("mastering/analysis", "verdict")
    streaming = next(ref for ref in song.artifacts["mastering/master"] if ref.role == "streaming")
    assert verdict["master_sha256"] == streaming.sha256
    assert verdict["passed"] is all(check["passed"] for check in verdict["checks"])
    assert set(verdict["checks"][0]) == {"name", "passed", "measured", "expected", "note"}
    failed = {check["name"] for check in verdict["checks"] if not check["passed"]}
    assert failed == {"structural_score"}, "the test's song is a loop, and says so"


def test_pictures_are_png_large_and_small(song: MemoryStore) -> None:
    roles = {ref.role: ref for ref in song.artifacts["mastering/analysis"]}
    assert PICTURES | {"main", "verdict"} == roles.keys()
    for name in PICTURES:
        assert song.blobs[roles[name].sha256].data.startswith(b"\x89PNG")
    small = song.outcomes["mastering/analysis"].pictures
    assert small.keys() == PICTURES
    assert all(len(png) < 60_000 for png in small.values())


def test_measurements_are_data(song: MemoryStore) -> None:
    main = song.json("mastering/analysis")
    assert main["measures"]["integrated_lufs"] == pytest.approx(-14.0, abs=0.1)
    assert main["scores"]["melodic_coherence"] == 0.9
    assert main["tempo_by_score"]["is_clear"] is True
    assert main["decoded_true_peak_dbtp"].keys() == {"mp3", "ogg"}


def test_the_same_master_gives_the_same_artifact(song: MemoryStore) -> None:
    before = song.artifacts["mastering/analysis"]
    song.run("mastering/analysis")
    assert song.artifacts["mastering/analysis"] == before


def test_a_silent_master_gets_a_verdict_not_a_crash(song: MemoryStore) -> None:
    store = song_store(technical={"formats": ("wav",)})
    plan = MasterPlan.model_validate(song.json("mastering/master", "plan")).model_copy(update={"encodes": ()})
    silence = np.zeros((2, 22 * RATE), np.float32)
    store.put("mastering/master", audio_payload(silence, RATE, "streaming"), json_payload(plan, "plan"))
    outcome = store.run("mastering/analysis")
    failed = {check.name for check in outcome.checks if not check.passed}
    assert {"loudness", "silence", "likeness", "dynamic_range"} <= failed
    assert store.json("mastering/analysis", "verdict")["passed"] is False
    assert "loudness" in str(outcome.facts["failed_checks"])


def test_a_lossy_file_the_plan_does_not_know_is_measured_again(song: MemoryStore) -> None:
    store = song_store(technical={"formats": ("wav", "mp3")})
    refs = {ref.role: ref for ref in song.artifacts["mastering/master"]}
    store.blobs.update(song.blobs)
    foreign = MasterPlan.model_validate(song.json("mastering/master", "plan"))
    foreign = foreign.model_copy(update={"encodes": (foreign.encodes[0].model_copy(update={"sha256": "0" * 64}),)})
    store.put("mastering/master", refs["streaming"], refs["encoded/mp3"], json_payload(foreign, "plan"))
    store.run("mastering/analysis")
    measured = store.json("mastering/analysis")["decoded_true_peak_dbtp"]["mp3"]
    assert measured == pytest.approx(song.json("mastering/analysis")["decoded_true_peak_dbtp"]["mp3"], abs=1e-6)


def record(peak_dbtp: float) -> EncodeRecord:
    attempt = EncodeAttempt(gain_db=0.0, decoded_true_peak_dbtp=peak_dbtp)
    return EncodeRecord(format="mp3", sha256="0" * 64, sample_rate_hz=RATE, samples=1, attempts=(attempt,))


def test_a_hot_decoded_file_fails() -> None:
    assert decoded_peak_check([record(-1.2)], -1.0).passed
    assert not decoded_peak_check([record(-1.2), record(-0.8)], -1.0).passed
    assert decoded_peak_check([], -1.0).passed
    assert (
        "made 2 times"
        in decoded_peak_check([record(-1.2).model_copy(update={"attempts": record(-1.2).attempts * 2})], -1.0).note
    )


@pytest.mark.parametrize(("null_db", "passed"), [(-120.0, True), (-90.0, True), (-60.0, False), (None, False)])
def test_stems_that_do_not_sum_fail(null_db: float | None, passed: bool) -> None:
    assert stems_null_check(null_db).passed is passed


def test_low_and_missing_scores_fail() -> None:
    scores = {"melodic_coherence": 0.79, "harmonic_consistency": 0.86, "rhythmic_stability": 0.95}
    answers = {check.name: check for check in score_checks({"scores": scores})}
    assert not answers["melodic_score"].passed
    assert answers["harmonic_score"].passed
    assert not answers["structural_score"].passed
    assert answers["structural_score"].measured == "not scored"
    assert answers["lyric_score"].passed, "words may be missing: of a song that is not sung"
    assert not any(check.passed for check in score_checks({})), "of a song that nobody judged, nothing passes"


def test_a_tempo_planned_otherwise_fails_in_the_asset_too(song: MemoryStore) -> None:
    store = replace(song, artifacts=dict(song.artifacts), outcomes={})
    musical = song.context.musical.model_copy(update={"tempo_bpm": 123.0, "key": "C#"})
    store.context = song.context.model_copy(update={"musical": musical})
    failed = {check.name for check in store.run("mastering/analysis").checks if not check.passed}
    assert failed == {"tempo", "key", "structural_score"}


def test_flat_tops_are_counted_and_sines_have_none() -> None:
    sine = np.sin(np.arange(RATE) / 50.0).astype(np.float32)[None, :]
    assert flat_tops(sine) == 0
    assert flat_tops(np.clip(sine, -0.8, 0.8) * np.float32(0.5)) > 300
    assert flat_tops(np.zeros((1, 10), np.float32)) == 0


def test_the_score_of_the_song_is_the_one_judged(song: MemoryStore) -> None:
    assert Score.model_validate(song.json("arrangement/arrangement")) == song_score()
