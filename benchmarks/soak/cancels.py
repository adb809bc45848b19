"""Cancelling a three-minute song at random moments: how long until nothing of it runs, what is left, resuming.

Kinds: a song of the command line ended by ``musicgen cancel``, and one of a deployment ended from Dagster's GraphQL,
as its UI does. Belongs here: that proof.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.soak import looking, processes
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown, percentile, spread
from benchmarks.soak.deployments import Deployment, deployment, run_of
from benchmarks.soak.homes import BrokenPromiseError, Home, Started, differing, release_hashes, temporary_home
from benchmarks.soak.songs import LONG, Reference, Song, undisturbed

CLI, UI = "musicgen cancel", "terminateRun"
KINDS = (*(CLI,) * 9, UI)
RESUMED_EVERY = 10
PROMISED_S = 2.0
GIVEN_UP_AFTER_S = 60.0
BEGUN_WITHIN_S = 90.0
_DRAWS = 8


def case(case: Case) -> Facts:
    """One cancel."""
    song = LONG[case.number % len(LONG)]
    reference = undisturbed(song, case.state)
    return _by_command(case, song, reference) if case.kind == CLI else _by_dagster(case, song, reference)


def _by_command(case: Case, song: Song, reference: Reference) -> Facts:
    for _ in range(_DRAWS):
        with temporary_home("cancel", case.keep) as home:
            started = home.start(*song.ask, "--json")
            partition = begun(home, started)
            time.sleep(case.rng.uniform(0.0, reference.seconds))
            if not started.is_running or looking.lease_of(home.path, partition) is None:
                continue
            facts = cancelled(home, started, partition)
            if facts is not None:
                return _after(case, home, partition, reference, facts)
    raise BrokenPromiseError("every song was finished before it was to be cancelled")


def begun(home: Home, started: Started) -> str:
    """The version, once its run has begun."""
    processes.wait_for(lambda: looking.rows(home.path, "SELECT 1 FROM leases") or not started.is_running, 60.0)
    found = looking.versions(home.path)
    if not found or not started.is_running:
        raise BrokenPromiseError(started.finish().said)
    return str(found[0]["partition"])


def cancelled(home: Home, started: Started, partition: str) -> Facts | None:
    """Cancel and time it; None where the song was released in the meantime, and rightly."""
    asset = _at_work(home, partition)
    watched = processes.with_children(started.process.pid)
    asked = time.monotonic()
    cancel = home.start("cancel", partition, "--json")
    gone_s, flagged_s, stopped_s = _until_stopped(home, started, watched, partition, asked)
    said = cancel.finish()
    if looking.state_of(home.path, partition) == "released":
        return None
    problems = [] if said.code == 0 else [said.said]
    ended = started.finish()
    if ended.code not in (1, 3, -9):  # -9: it did not answer in time and was ended by force
        problems.append(ended.said)
    return {"asset": asset, "asked_to_gone_s": round(gone_s, 3), "command_s": round(said.seconds, 2),
            "flag_to_gone_s": round(max(gone_s - flagged_s, 0.0), 3), "state_s": round(stopped_s, 3),
            "problems": problems}  # fmt: skip


def _until_stopped(
    home: Home, started: Started, watched: Sequence[psutil.Process], partition: str, asked: float
) -> tuple[float, float, float]:
    """Seconds since ``asked`` until: every process is gone, the wish was written down, the state is a resting one."""
    flagged_s = gone_s = stopped_s = 0.0
    deadline = asked + GIVEN_UP_AFTER_S
    while not (gone_s and stopped_s):
        now_s = time.monotonic() - asked
        if time.monotonic() > deadline:
            left = [processes.tell(process) for process in watched if process.is_running()]
            raise BrokenPromiseError(
                f"not stopped after {now_s:.0f} s: {looking.state_of(home.path, partition)}, {left}"
            )
        if not flagged_s:
            lease = looking.lease_of(home.path, partition)
            if lease is None or lease["cancel_requested_at"]:
                flagged_s = now_s
        if not gone_s and started.process.poll() is not None and processes.all_gone(watched):
            gone_s = now_s
        if not stopped_s and looking.state_of(home.path, partition) in looking.RESTING:
            stopped_s = now_s
        time.sleep(0.01)
    return gone_s, flagged_s or gone_s, stopped_s


def _at_work(home: Home, partition: str) -> str:
    """The asset after the last finished one: about what the cancel meets."""
    return str(len(looking.assets_of(home.path, partition)))


def _by_dagster(case: Case, song: Song, reference: Reference) -> Facts:
    running: Deployment = case.share("deployment", _deployed)
    home = running.home
    for draw in range(_DRAWS):
        seed = song.seed + 1000 * (case.number + 1) + draw
        own = Song(song.prompt, song.options, seed, song.duration_s)
        partition = str(home.musicgen(*own.ask, "--detach", "--json").expect(0, 3).json["partition"])
        _wait_until_begun(home, partition)
        time.sleep(case.rng.uniform(0.0, reference.seconds))
        lease = looking.lease_of(home.path, partition)
        if lease is None:
            continue
        facts = _terminated(running, partition, int(lease["pid"]))
        if facts is not None:
            return _after(case, home, partition, None, facts)
    raise BrokenPromiseError("every song was finished before it was to be cancelled")


def _wait_until_begun(home: Home, partition: str) -> None:
    if not processes.wait_for(lambda: looking.lease_of(home.path, partition), BEGUN_WITHIN_S):
        raise BrokenPromiseError(f"{partition} was not begun within {BEGUN_WITHIN_S:.0f} s")


def _deployed(stack: ExitStack) -> Deployment:
    return stack.enter_context(deployment(stack.enter_context(temporary_home("cancel-deployed"))))


def _terminated(running: Deployment, partition: str, pid: int) -> Facts | None:
    home = running.home
    asset = _at_work(home, partition)
    watched = processes.with_children(pid)
    asked = time.monotonic()
    answer = running.terminate(run_of(home, partition))
    processes.wait_for(lambda: processes.all_gone(watched), GIVEN_UP_AFTER_S, 0.01)
    gone_s = time.monotonic() - asked
    processes.wait_for(lambda: looking.state_of(home.path, partition) in looking.RESTING, GIVEN_UP_AFTER_S)
    stopped_s = time.monotonic() - asked
    if looking.state_of(home.path, partition) == "released":
        return None
    problems = [] if answer == "TerminateRunSuccess" else [f"terminateRun answered {answer}"]
    if not processes.all_gone(watched):
        problems.append(f"still running after {gone_s:.0f} s")
    return {"asset": asset, "asked_to_gone_s": round(gone_s, 3), "flag_to_gone_s": round(gone_s, 3),
            "state_s": round(stopped_s, 3), "problems": problems}  # fmt: skip


def _after(case: Case, home: Home, partition: str, reference: Reference | None, facts: Facts) -> Facts:
    """What must hold once it stopped, and for every tenth that it can be resumed to the same bytes."""
    problems = list(facts["problems"])
    state = looking.state_of(home.path, partition)
    if state != "cancelled":
        problems.append(f"it is {state}: {looking.reason_of(home.path, partition)}")
    if case.kind == CLI:
        _, left = processes.wait_until_gone(home.path, PROMISED_S)
        problems += [f"orphan: {one}" for one in left]
    if not processes.wait_for(lambda: not looking.unfinished_runs(home.path), 10.0, 0.5):
        problems += looking.unfinished_runs(home.path)
    problems += [f"left behind: {one}" for one in looking.left_behind(home.path)]
    resumed_s = None
    if case.number % RESUMED_EVERY == 0 and reference is not None:
        before = looking.finished(home.path)
        ran = home.musicgen("retry", partition, "--json").expect(0)
        resumed_s = round(ran.seconds, 2)
        files = release_hashes(Path(ran.json["release"]["directory"]))
        problems += [f"not the undisturbed bytes: {name}" for name in differing(files, reference.files)]
        problems += [f"computed twice: {name}" for name in looking.made_twice(home.path, before)]
    return {**facts, "resumed_s": resumed_s, "problems": problems}


def _verdict(records: Sequence[Facts]) -> list[str]:
    times = [record["asked_to_gone_s"] for record in records if "asked_to_gone_s" in record]
    if times and percentile(times, 95) > PROMISED_S:
        return [
            f"p95 from the command to the end of every process is {percentile(times, 95):.2f} s, above {PROMISED_S:g} s"
        ]
    return []


def _table(records: Sequence[Facts]) -> list[str]:
    groups: dict[str, list[Facts]] = defaultdict(list)
    for record in records:
        groups[record["kind"]].append(record)
    names = ("flag_to_gone_s", "asked_to_gone_s", "state_s")
    rows = [
        (kind, len(found), sum(not r["problems"] for r in found), sum(bool(r.get("resumed_s")) for r in found),
         *(spread(r[name] for r in found if name in r) for name in names))
        for kind, found in groups.items()
    ]  # fmt: skip
    header = ("by", "times", "kept", "resumed", "wish to all gone, s", "command to all gone, s", "command to state, s")
    return ["Seconds are p50 / p95 / max.", "", *markdown(header, rows)]


PROOF = Proof(
    "cancels", "Cancelling at random moments of a song of 180 s.", 50, case, _table, kinds=KINDS, verdict=_verdict
)

if __name__ == "__main__":
    main(PROOF)
