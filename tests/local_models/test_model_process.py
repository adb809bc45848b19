"""The process that models live in, without a model: it says what it lacks, can be ended, and jobs outlive it."""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from resources.local_models.jobs import JobNow, Jobs, UnknownJobError
from resources.local_models.process import ModelCallError, ModelProcess

CHILD = Path(__file__).resolve().parents[2] / "resources/local_models/child/model_child"
WISH = {"do": "musicgen", "backend": "transformers", "folder": "/nowhere", "title": "x", "identity": "x",
        "device": "auto"}  # fmt: skip


@pytest.fixture
def process() -> Iterator[ModelProcess]:
    """Of this environment, which has none of the models' libraries."""
    found = ModelProcess(Path(sys.executable), idle_s=30.0)
    yield found
    found.close()


def quiet(share: float, words: str) -> None:
    del share, words


def test_the_process_needs_nothing_of_this_project() -> None:
    own = {"dsp", "musicgen_assets", "resources", "sensors", "api"}
    for path in sorted(CHILD.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not own & {alias.name.split(".")[0] for alias in node.names}, path.name
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] not in own, path.name


def test_a_missing_library_is_named_and_the_process_lives_on(process: ModelProcess) -> None:
    with pytest.raises(ModelCallError, match="lacks t") as caught:
        process.ask({"do": "hello"}, (), quiet)
    assert caught.value.way_out == "Set it up again: make models"
    first = process.pid
    with pytest.raises(ModelCallError, match="lacks t"):
        process.ask(WISH, [np.zeros((2, 5), np.float32)], quiet)
    with pytest.raises(ModelCallError, match="no model 'violin'"):
        process.ask({"do": "violin"}, (), quiet)
    assert process.pid == first


def test_where_a_process_ended_between_questions_another_takes_its_place(process: ModelProcess) -> None:
    with pytest.raises(ModelCallError, match="no model"):
        process.ask({"do": ""}, (), quiet)
    first = process.pid
    process.kill()
    with pytest.raises(ModelCallError, match="no model"):
        process.ask({"do": ""}, (), quiet)
    assert process.pid not in (None, first)


def test_an_interpreter_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelCallError, match="could not be started") as caught:
        ModelProcess(tmp_path / "python", 1.0).ask({"do": "hello"}, (), quiet)
    assert not caught.value.is_transient


def ended(jobs: Jobs, job_id: str) -> JobNow:
    """How the job stands once nobody is at it any more."""
    for _ in range(600):
        now = jobs.now(job_id)
        if now.is_done or now.failure is not None:
            return now
        time.sleep(0.05)
    raise AssertionError("it never ended")


def test_a_job_that_fails_says_why_also_to_the_next_process(process: ModelProcess, tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "musicgen", lambda: process)
    job_id = jobs.begin(WISH, [np.zeros((1, 9), np.float32)])
    failure = ended(jobs, job_id).failure
    assert failure is not None
    assert "lacks t" in failure.message
    told_again = Jobs(tmp_path / "musicgen", lambda: process).now(job_id).failure
    assert told_again is not None
    assert told_again.message == failure.message
    with pytest.raises(UnknownJobError):
        jobs.result(job_id)


def test_a_job_whose_process_died_is_begun_again(process: ModelProcess, tmp_path: Path) -> None:
    """What is on disk of a job is what was asked: whoever looks at it next goes on with it."""
    jobs = Jobs(tmp_path / "musicgen", lambda: process)
    job_id = jobs.begin(WISH, ())
    ended(jobs, job_id)
    (tmp_path / "musicgen" / job_id / "failed.json").unlink()
    assert ended(jobs, job_id).failure is not None


def test_a_cancelled_job_is_forgotten(process: ModelProcess, tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "musicgen", lambda: process)
    job_id = jobs.begin(WISH, ())
    assert jobs.cancel(job_id)
    with pytest.raises(UnknownJobError):
        jobs.now(job_id)
    with pytest.raises(UnknownJobError):
        jobs.now("../musicgen")
