"""Workers: tasks run in other processes, in order, and no failure of theirs is lost or left lying about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.graph.job import Ref
from resources.store import ArtifactStore
from resources.workers import Answer, Call, Interrupted, WorkerPool

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    return ArtifactStore(f"file://{tmp_path_factory.mktemp('workers') / 'artifacts'}")


@pytest.fixture(scope="module")
def importable() -> Iterator[None]:
    """Workers find tests/support, from which their tasks are."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(TESTS))
        yield


@pytest.fixture(scope="module")
def shared(store: ArtifactStore, importable: None) -> Iterator[WorkerPool]:
    """A pool that survives what tests do with it."""
    pool = WorkerPool(2, store.url, timeout_s=60.0)
    yield pool
    pool.close()


@pytest.fixture
def pool(store: ArtifactStore, importable: None) -> Iterator[WorkerPool]:
    """A pool whose workers a test ends."""
    pool = WorkerPool(2, store.url, timeout_s=60.0)
    yield pool
    pool.close()


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_answers_come_in_the_order_of_the_calls(shared: WorkerPool, store: ArtifactStore) -> None:
    calls = [Call(word, "support.tasks:upper", {"words": word}) for word in ("one", "two", "three", "four", "five")]
    words = [store.get(answer.refs[0].sha256).decode() for answer in shared.run(calls)]
    assert words == ["ONE", "TWO", "THREE", "FOUR", "FIVE"]


def test_a_task_reads_what_refs_name(shared: WorkerPool, store: ArtifactStore) -> None:
    sha256, size = store.put(b"from the store")
    ref = Ref("words", "text/plain", sha256, size)
    (answer,) = shared.run([Call("upper", "support.tasks:upper", {}, {"words": ref})])
    assert store.get(answer.refs[0].sha256) == b"FROM THE STORE"


def test_tasks_run_in_two_processes_that_are_not_this_one(shared: WorkerPool, store: ArtifactStore) -> None:
    calls = [Call("who", "support.tasks:whoami", {"wait_s": 0.3}) for _ in range(2)]
    pids = {int(store.get(answer.refs[0].sha256)) for answer in shared.run(calls)}
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_a_refusal_keeps_its_field_rule_and_way_out(shared: WorkerPool) -> None:
    with pytest.raises(BadInput) as caught:
        shared.run([Call("refuse", "support.tasks:refuse", {})])
    assert (caught.value.field, caught.value.value, caught.value.way_out) == ("musical.key", "H", "Use B.")


def test_a_defect_is_permanent_and_shows_where_it_is(shared: WorkerPool) -> None:
    with pytest.raises(PermanentFailure, match=r"ZeroDivisionError.*\n(?s:.*)support/tasks.py"):
        shared.run([Call("stumble", "support.tasks:stumble", {"zero": 0})])


def test_a_killed_worker_is_a_transient_failure_and_the_pool_goes_on(pool: WorkerPool, store: ArtifactStore) -> None:
    with pytest.raises(TransientFailure, match="ended without a result"):
        pool.run([Call("die", "support.tasks:die", {})])
    (answer,) = pool.run([Call("upper", "support.tasks:upper", {"words": "on"})])
    assert store.get(answer.refs[0].sha256) == b"ON"


def have_ended(pids: tuple[int, ...], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not all(map(has_ended, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def meanwhile(act: Callable[[], object], after_s: float) -> Iterator[None]:
    """Do something in another thread while this one is busy."""
    timer = threading.Timer(after_s, act)
    timer.start()
    yield
    timer.join()


def interrupt_me() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def warm(pool: WorkerPool) -> tuple[int, ...]:
    """Two workers that are done with importing."""
    pool.run([Call("who", "support.tasks:whoami", {"wait_s": 0.2}) for _ in range(2)])
    return pool.pids


LONG = [Call("sleep", "support.tasks:sleep", {"seconds": 60}), Call("churn", "support.tasks:churn", {})]


def test_a_task_past_its_time_is_ended(pool: WorkerPool) -> None:
    pool.timeout_s = 2.0
    pool.start()
    pids = pool.pids
    with pytest.raises(TransientFailure, match="no result after 2 s"):
        pool.run([Call("sleep", "support.tasks:sleep", {"seconds": 60})])
    assert sum(has_ended(pid) for pid in pids) == 1


def test_a_task_may_have_a_timeout_of_its_own(pool: WorkerPool, store: ArtifactStore) -> None:
    pool.timeout_s = 0.01
    warm_call = Call("who", "support.tasks:whoami", {"wait_s": 0.1}, timeout_s=20.0)
    assert len(pool.run([warm_call, warm_call])) == 2
    with pytest.raises(TransientFailure, match="no result after 0 s"):
        pool.run([Call("sleep", "support.tasks:sleep", {"seconds": 60})])


def test_answers_are_told_as_they_come(shared: WorkerPool) -> None:
    warm(shared)
    told: list[tuple[int, Answer]] = []
    calls = [Call(f"wait {wait_s}", "support.tasks:whoami", {"wait_s": wait_s}) for wait_s in (0.6, 0.0, 0.1)]
    answers = shared.run(calls, lambda position, answer: told.append((position, answer)))
    assert [position for position, _ in told] == [1, 2, 0]
    assert [answer for _, answer in sorted(told, key=lambda pair: pair[0])] == answers


def test_after_a_failure_what_runs_is_finished_and_nothing_else_begins(shared: WorkerPool, tmp_path: Path) -> None:
    warm(shared)
    calls = [
        Call("note", "support.tasks:note", {"file": str(tmp_path / "running"), "wait_s": 0.5}),
        Call("refuse", "support.tasks:refuse", {}),
        Call("note", "support.tasks:note", {"file": str(tmp_path / "queued")}),
    ]
    told: list[int] = []
    with pytest.raises(BadInput, match="there is no such key"):
        shared.run(calls, lambda position, _: told.append(position))
    assert told == [0]
    assert (tmp_path / "running").exists()
    assert not (tmp_path / "queued").exists()


def test_of_several_failures_the_one_of_the_earliest_call_is_raised(shared: WorkerPool) -> None:
    warm(shared)
    calls = [Call("late", "support.tasks:stumble", {"zero": 0}), Call("soon", "support.tasks:refuse", {})]
    for _ in range(5):
        with pytest.raises(PermanentFailure, match="late failed"):
            shared.run(calls)


def test_abort_ends_tasks_in_the_middle_of_c_calls_from_any_thread(pool: WorkerPool, store: ArtifactStore) -> None:
    pids = warm(pool)
    aborted: list[float] = []

    def abort() -> None:
        pool.abort()
        aborted.append(time.monotonic())

    with meanwhile(abort, 1.0), pytest.raises(Interrupted):
        pool.run(LONG)
    assert time.monotonic() - aborted[0] < 1.0
    assert have_ended(pids, 0.0)
    (answer,) = pool.run([Call("upper", "support.tasks:upper", {"words": "again"})])
    assert store.get(answer.refs[0].sha256) == b"AGAIN"


def test_abort_between_tasks_ends_idle_workers_and_harms_nobody(pool: WorkerPool) -> None:
    pids = warm(pool)
    pool.abort()
    assert have_ended(pids, 0.0)
    assert pool.pids == ()
    assert len(pool.run([Call("who", "support.tasks:whoami", {})])) == 1


def test_ctrl_c_ends_tasks_at_once_instead_of_waiting_for_them(pool: WorkerPool) -> None:
    pids = warm(pool)
    began = time.monotonic()
    with meanwhile(interrupt_me, 1.0), pytest.raises(KeyboardInterrupt):
        pool.run([*LONG, *LONG])
    assert time.monotonic() - began < 20.0  # they would take a minute
    assert have_ended(pids, 0.0)
    assert pool.pids == ()


def test_whatever_a_signal_handler_raises_ends_tasks(pool: WorkerPool) -> None:
    class EndedByTheSystemError(BaseException):
        pass

    def handler(*_: object) -> None:
        raise EndedByTheSystemError

    pids = warm(pool)
    before = signal.signal(signal.SIGINT, handler)
    try:
        with meanwhile(interrupt_me, 0.5), pytest.raises(EndedByTheSystemError):
            pool.run(LONG)
    finally:
        signal.signal(signal.SIGINT, before)
    assert have_ended(pids, 0.0)


def test_signals_to_the_whole_group_are_the_parents_business(pool: WorkerPool) -> None:
    def signal_all() -> None:
        for pid in pool.pids:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)

    pool.start()
    pids = pool.pids
    signal_all()  # while they start
    with meanwhile(signal_all, 1.0):
        pool.run([Call("wait", "support.tasks:whoami", {"wait_s": 1.5})])
    assert pool.pids == pids


def test_workers_outlive_the_thread_that_asked_for_them(pool: WorkerPool, store: ArtifactStore) -> None:
    thread = threading.Thread(target=warm, args=(pool,))
    thread.start()
    thread.join()
    pids = pool.pids
    time.sleep(0.3)
    assert not any(map(has_ended, pids))
    (answer,) = pool.run([Call("who", "support.tasks:whoami", {})])
    assert int(store.get(answer.refs[0].sha256)) in pids


def test_a_worker_that_died_while_idle_is_replaced(pool: WorkerPool) -> None:
    pids = warm(pool)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert have_ended(pids, 1.0)
    assert len(pool.run([Call("who", "support.tasks:whoami", {})])) == 1
    assert not set(pool.pids) & set(pids)


def test_several_threads_may_use_one_pool(shared: WorkerPool, store: ArtifactStore) -> None:
    found: dict[int, list[bytes]] = {}

    def run(number: int) -> None:
        calls = [Call("upper", "support.tasks:upper", {"words": f"w{number}{letter}"}) for letter in "abc"]
        found[number] = [store.get(answer.refs[0].sha256) for answer in shared.run(calls)]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"W{number}{letter}".encode() for letter in "ABC"] for number in range(2)}


def test_closing_the_pool_leaves_no_process_and_is_for_good(pool: WorkerPool) -> None:
    pool.start()
    pids = pool.pids
    pool.close()
    assert len(pids) == 2
    assert have_ended(pids, 0.0)
    assert pool.run([]) == []
    for use in (pool.start, lambda: pool.run(LONG)):
        with pytest.raises(PermanentFailure, match="for good"):
            use()


def test_closing_the_pool_ends_a_run_in_another_thread(pool: WorkerPool) -> None:
    pids = warm(pool)
    with meanwhile(pool.close, 0.5), pytest.raises(Interrupted):
        pool.run(LONG)
    assert have_ended(pids, 0.0)


def test_workers_leave_with_their_parent_even_from_a_c_call(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from resources.workers import WorkerPool, Call\n"
        f"pool = WorkerPool(2, 'file://{tmp_path}', 60.0)\n"
        "pool.run([Call('who', 'support.tasks:whoami', {'wait_s': 0.3})] * 2)\n"
        "print(*pool.pids, flush=True)\n"
        "pool.run([Call('sleep', 'support.tasks:sleep', {'seconds': 60}), Call('churn', 'support.tasks:churn', {})])\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as parent:
        assert parent.stdout is not None
        pids = tuple(int(pid) for pid in parent.stdout.readline().split())
        time.sleep(1.0)
        assert not any(map(has_ended, pids))
        parent.send_signal(signal.SIGKILL)
        assert len(pids) == 2
        assert have_ended(pids, 1.0)
