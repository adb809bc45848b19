"""Several masters of one mix: each at its own loudness and ceiling, judged by its own bounds, made once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from dsp.audiofile import decode
from dsp.loudness import integrated_lufs, true_peak_dbtp
from musicgen_assets.context.schema import CompositionContext, TechnicalContext
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.mastering.gate import over_targets
from musicgen_assets.mastering.targets import FIXED, targets_of
from support.sounding_song import song_store

ASKED = ("streaming", "broadcast", "film")


@pytest.fixture(scope="module")
def several() -> MemoryStore:
    store = song_store(technical={"formats": ("wav", "mp3"), "targets": ASKED})
    store.run("mastering/master")
    store.run("mastering/analysis")
    return store


def test_each_master_is_at_its_own_loudness_and_ceiling(several: MemoryStore) -> None:
    job = MemoryJob("mastering/analysis", several)
    for number, name in enumerate(ASKED):
        samples, rate = job.audio(job.ref("mastering/master", f"target/{name}" if number else "streaming"))
        assert integrated_lufs(samples, rate) == pytest.approx(FIXED[name].loudness_lufs, abs=0.1)
        assert true_peak_dbtp(samples, rate) <= FIXED[name].ceiling_dbtp


def test_lossy_files_of_each_target_decode_under_its_ceiling(several: MemoryStore) -> None:
    refs = {ref.role: ref for ref in several.artifacts["mastering/master"]}
    for role, name in (
        ("encoded/mp3", "streaming"),
        ("encoded/broadcast/mp3", "broadcast"),
        ("encoded/film/mp3", "film"),
    ):
        samples, rate = decode(several.blobs[refs[role].sha256].data)
        assert true_peak_dbtp(samples, rate) <= FIXED[name].ceiling_dbtp


def test_the_verdict_names_every_master_and_its_bounds(several: MemoryStore) -> None:
    verdict = several.json("mastering/analysis", "verdict")
    assert [one["name"] for one in verdict["targets"]] == list(ASKED)
    shas = {ref.role: ref.sha256 for ref in several.artifacts["mastering/master"]}
    assert [one["master_sha256"] for one in verdict["targets"]] == [
        shas["streaming"], shas["target/broadcast"], shas["target/film"],
    ]  # fmt: skip
    expected = {one["name"]: one["checks"][0]["expected"] for one in verdict["targets"]}
    assert expected == {
        "streaming": "-14 LUFS within 1 LU", "broadcast": "-23 LUFS within 0.5 LU", "film": "-27 LUFS within 2 LU",
    }  # fmt: skip
    assert all(one["passed"] for one in verdict["targets"]), verdict["targets"]
    assert len({check["name"] for check in verdict["checks"]}) == len(verdict["checks"])


def test_a_failing_target_fails_the_check_by_name() -> None:
    def answers(passed: bool) -> list[CheckResult]:
        return [CheckResult("loudness", passed, -14.0, "", note="why")]

    (found,) = over_targets([("streaming", answers(True)), ("film", answers(False))])
    assert not found.passed
    assert found.note == "the master for film; why"
    assert over_targets([("streaming", answers(True)), ("film", answers(True))])[0].passed


def test_no_target_means_the_loudness_that_was_asked_for() -> None:
    (usual,) = targets_of((), -14.0, -1.0)
    assert usual == FIXED["streaming"]
    (own,) = targets_of((), -9.0, -2.0)
    assert (own.name, own.loudness_lufs, own.ceiling_dbtp) == ("custom", -9.0, -2.0)
    film, streaming = targets_of(("film", "streaming"), -14.0, -1.5)
    assert (film.ceiling_dbtp, streaming.ceiling_dbtp) == (-2.0, -1.5)


def test_a_loudness_that_no_target_uses_is_refused_and_repeats_are_one() -> None:
    assert TechnicalContext(targets=("film", "film", "loud")).targets == ("film", "loud")
    with pytest.raises(ValidationError, match="add custom to them"):
        CompositionContext(technical=TechnicalContext(targets=("film",), loudness_target_lufs=-9.0))
    CompositionContext(technical=TechnicalContext(targets=("film", "custom"), loudness_target_lufs=-9.0))


def test_targets_share_what_was_prepared(several: MemoryStore) -> None:
    plan = several.json("mastering/master", "plan")
    for other in plan["others"]:
        assert other["record"]["tone"] == plan["streaming"]["tone"]
        assert other["record"]["glue_threshold_dbfs"] == plan["streaming"]["glue_threshold_dbfs"]
