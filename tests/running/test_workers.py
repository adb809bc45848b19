"""Workers: tasks run in other processes, in order, and no failure of theirs is lost or left lying about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.graph.job import Ref
from resources.store import ArtifactStore
from resources.workers import Call, WorkerPool

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(f"file://{tmp_path / 'artifacts'}")


@pytest.fixture
def pool(store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    pool = WorkerPool(2, f"file://{tmp_path / 'artifacts'}", timeout_s=20.0)
    yield pool
    pool.close()


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_answers_come_in_the_order_of_the_calls(pool: WorkerPool, store: ArtifactStore) -> None:
    calls = [Call(word, "support.tasks:upper", {"words": word}) for word in ("one", "two", "three", "four", "five")]
    words = [store.get(answer.refs[0].sha256).decode() for answer in pool.run(calls)]
    assert words == ["ONE", "TWO", "THREE", "FOUR", "FIVE"]


def test_a_task_reads_what_refs_name(pool: WorkerPool, store: ArtifactStore) -> None:
    sha256, size = store.put(b"from the store")
    ref = Ref("words", "text/plain", sha256, size)
    (answer,) = pool.run([Call("upper", "support.tasks:upper", {}, {"words": ref})])
    assert store.get(answer.refs[0].sha256) == b"FROM THE STORE"


def test_tasks_run_in_two_processes_that_are_not_this_one(pool: WorkerPool, store: ArtifactStore) -> None:
    calls = [Call("who", "support.tasks:whoami", {"wait_s": 0.3}) for _ in range(2)]
    pids = {int(store.get(answer.refs[0].sha256)) for answer in pool.run(calls)}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_refusal_keeps_its_field_rule_and_way_out(pool: WorkerPool) -> None:
    with pytest.raises(BadInput) as caught:
        pool.run([Call("refuse", "support.tasks:refuse", {})])
    assert (caught.value.field, caught.value.value, caught.value.way_out) == ("musical.key", "H", "Use B.")


def test_a_defect_is_permanent_and_shows_where_it_is(pool: WorkerPool) -> None:
    with pytest.raises(PermanentFailure, match=r"ZeroDivisionError.*\n(?s:.*)support/tasks.py"):
        pool.run([Call("stumble", "support.tasks:stumble", {"zero": 0})])


def test_a_killed_worker_is_a_transient_failure_and_the_pool_goes_on(pool: WorkerPool, store: ArtifactStore) -> None:
    with pytest.raises(TransientFailure, match="ended without a result"):
        pool.run([Call("die", "support.tasks:die", {})])
    (answer,) = pool.run([Call("upper", "support.tasks:upper", {"words": "on"})])
    assert store.get(answer.refs[0].sha256) == b"ON"


def test_a_task_past_its_time_is_ended(pool: WorkerPool) -> None:
    pool.timeout_s = 2.0
    pool.start()
    pids = [worker.process.pid for worker in pool._idle]
    with pytest.raises(TransientFailure, match="no result after 2 s"):
        pool.run([Call("sleep", "support.tasks:sleep", {"seconds": 60})])
    assert sum(has_ended(pid) for pid in pids) == 1


def test_closing_the_pool_leaves_no_process(pool: WorkerPool) -> None:
    pool.start()
    pids = [worker.process.pid for worker in pool._idle]
    pool.close()
    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)


def test_workers_leave_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from resources.workers import WorkerPool, Call\n"
        f"pool = WorkerPool(2, 'file://{tmp_path}', 60.0)\n"
        "pool.start()\n"
        "print(*[worker.process.pid for worker in pool._idle], flush=True)\n"
        "pool.run([Call('sleep', 'support.tasks:sleep', {'seconds': 60})])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        time.sleep(1.0)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline and not all(has_ended(pid) for pid in pids):
        time.sleep(0.1)
    assert len(pids) == 2
    assert all(has_ended(pid) for pid in pids)
