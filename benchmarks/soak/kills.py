"""kill -9 at random moments: every version recovers to the bytes it would have had, and the dead leave nothing.

Kinds: a command line, and under a deployment the run worker, the code server, the daemon and the webserver.
Belongs here: killing, and what must hold afterwards. Does not belong here: finding processes (processes, deployments).
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak import looking, processes
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown, spread
from benchmarks.soak.deployments import SERVICES, Deployment, deployment
from benchmarks.soak.homes import (
    COMMAND_TIMEOUT_S,
    BrokenPromiseError,
    Home,
    Ran,
    differing,
    release_hashes,
    temporary_home,
)
from benchmarks.soak.songs import SHORT, Reference, Song, never_made_before, undisturbed

CLI, WORKER = "cli", "run worker"
SHARES = {CLI: 60, WORKER: 19, "code server": 7, "daemon": 7, "webserver": 7}
"""Of a hundred kills."""

KINDS = tuple(
    kind for _, kind in sorted(((turn + 0.5) / share, kind) for kind, share in SHARES.items() for turn in range(share))
)
ORPHANS_LIMIT_S = 5.0
"""How long what a dead process left running may go on by itself."""

RECOVERY_LIMIT_S = 90.0
SETTLED_WITHIN_S = 20.0
"""A run worker that died between the release and its own end is followed by a run that only carries."""

_DRAWS = 8
_OF_A_COMMAND = 0.8
"""A run under a deployment takes about this of what a command takes: its worker need not import everything."""


@dataclass(frozen=True)
class Killed:
    """A version at the moment its maker was killed. ``partition`` is empty where nothing had been accepted yet."""

    partition: str
    at_s: float
    time: float
    before: looking.Made
    assets: int


def case(case: Case) -> Facts:
    """One kill and the recovery from it."""
    return _of_command(case) if case.kind == CLI else _of_deployment(case)


def _of_command(case: Case) -> Facts:
    song = SHORT[case.rng.randrange(len(SHORT))]
    reference = undisturbed(song, case.state)
    for _ in range(_DRAWS):
        with temporary_home("kill", case.keep) as home:
            killed = killed_command(home, song, _after(case.rng.uniform(0.05, reference.seconds)))
            if killed is not None:
                looks_first = case.rng.random() < 0.5
                return recovered_command(home, song, reference, killed, looks_first=looks_first)
    raise BrokenPromiseError("every command had ended before it was to be killed")


def _after(seconds: float) -> Callable[[], bool]:
    """Whether ``seconds`` have passed since this call."""
    moment = time.monotonic() + seconds
    return lambda: time.monotonic() >= moment


def killed_command(home: Home, song: Song, is_time: Callable[[], bool]) -> Killed | None:
    """What a command left that was killed as soon as ``is_time``; None where it had ended by then."""
    started = home.start(*song.ask, "--json")
    processes.wait_for(lambda: is_time() or not started.is_running, COMMAND_TIMEOUT_S, 0.005)
    if not started.is_running:
        return None
    started.process.kill()
    started.process.wait()
    died = time.monotonic()
    moment_s = died - started.started
    with looking.frozen(home.path) as copy:
        versions = looking.versions(copy)
        partition = versions[0]["partition"] if versions else ""
        return Killed(partition, moment_s, died, looking.finished(copy), len(looking.assets_of(copy, partition)))


def recovered_command(home: Home, song: Song, reference: Reference, killed: Killed, *, looks_first: bool) -> Facts:
    """What came of a killed command: seen dead by whatever is called next (``looks_first``), gone on with, compared."""
    orphans_s, left = processes.wait_until_gone(home.path, ORPHANS_LIMIT_S)
    problems = [f"still running {ORPHANS_LIMIT_S:.0f} s after the kill: {one}" for one in left]
    facts: Facts = {"song": song.prompt, "at_s": round(killed.at_s, 2), "assets before": killed.assets,
                    "orphans_s": round(orphans_s, 2)}  # fmt: skip
    if looks_first and killed.partition:
        problems += _seen_dead(home, killed.partition)
        facts["recovery_s"] = round(time.monotonic() - killed.time - orphans_s, 2)
    facts["state"] = looking.state_of(home.path, killed.partition)
    ran = _gone_on(home, song, killed.partition)
    facts["resumed_s"] = round(ran.seconds, 2)
    problems += _as_undisturbed(home, reference, ran.json["partition"], Path(ran.json["release"]["directory"]))
    problems += _nothing_left(home, killed.before)
    return {**facts, "problems": problems}


def _seen_dead(home: Home, partition: str) -> list[str]:
    """What is wrong after the next command, whatever it is: the dead version is no longer called running."""
    home.musicgen("status", "--json").expect(0)
    state, lease = looking.state_of(home.path, partition), looking.lease_of(home.path, partition)
    told = ["a dead lease outlived a command"] if lease is not None else []
    if state not in looking.RESTING and not looking.is_up_for_taking(home.path, partition):
        told.append(f"the version was still {state} after a command")
    elif state == "failed" and not looking.reason_of(home.path, partition):
        told.append("it failed without a reason")
    return told


def _gone_on(home: Home, song: Song, partition: str) -> Ran:
    """The command a person would give next, carried to a release."""
    if not partition:
        return home.musicgen(*song.ask, "--json").expect(0)
    return home.musicgen("retry", partition, "--json").expect(0)


def _of_deployment(case: Case) -> Facts:
    running: Deployment = case.share("deployment", _deployed)
    if not processes.wait_for(running.is_whole, RECOVERY_LIMIT_S, 0.3):
        case.things.pop("deployment")
        raise BrokenPromiseError(f"the deployment did not heal: only {sorted(running.services())} are there")
    home, spared = running.home, running.own()
    song, reference, killed = _killed_in_time(running, case)
    partition = killed.partition
    facts = _recovered_service(running, case.kind, partition, killed)
    if facts["state"] != "released":
        home.musicgen("retry", partition, "--json").expect(0)
    target = home.root / f"release-{case.number}"
    home.musicgen("download", partition, "--out", str(target), "--json").expect(0)
    problems = _as_undisturbed(home, reference, partition, target)
    if not processes.wait_for(running.is_whole, RECOVERY_LIMIT_S, 0.3):
        problems.append(f"the deployment did not heal: only {sorted(running.services())} are there")
    services = {process.pid for process in running.services().values()}
    problems += _nothing_left(home, killed.before, spared | services | _grown(services), limit_s=SETTLED_WITHIN_S)
    return {"song": song.prompt, "at_s": round(killed.at_s, 2), "assets before": killed.assets, **facts,
            "problems": facts.pop("problems") + problems}  # fmt: skip


def _deployed(stack: ExitStack) -> Deployment:
    home: Home = stack.enter_context(temporary_home("deployed"))
    return stack.enter_context(deployment(home))


def _killed_in_time(running: Deployment, case: Case) -> tuple[Song, Reference, Killed]:
    """Launch songs until one still runs at its random moment, and kill what ``case`` is about."""
    for draw in range(_DRAWS):
        song, reference = never_made_before(case.number + 1000 * draw, case.state)
        asked = running.home.musicgen(*song.ask, "--detach", "--json").expect(0, 3)
        killed = _killed_service(running, case, str(asked.json["partition"]), reference.seconds * _OF_A_COMMAND)
        if killed is not None:
            return song, reference, killed
    raise BrokenPromiseError("every song was finished before the kill")


def _killed_service(running: Deployment, case: Case, partition: str, length_s: float) -> Killed | None:
    """Kill at a random moment of the version's run; None where it was over by then."""
    home = running.home
    if not processes.wait_for(lambda: looking.lease_of(home.path, partition), RECOVERY_LIMIT_S):
        raise BrokenPromiseError(f"{partition} was not begun within {RECOVERY_LIMIT_S:.0f} s")
    moment_s = case.rng.uniform(0.0, length_s)
    time.sleep(moment_s)
    lease, target = looking.lease_of(home.path, partition), running.services().get(case.kind)
    if lease is None:
        return None
    processes.end(processes.with_children(int(lease["pid"]) if target is None else target.pid)[:1])
    before = looking.finished(home.path)
    return Killed(partition, moment_s, time.monotonic(), before, len(looking.assets_of(home.path, partition)))


def _recovered_service(running: Deployment, kind: str, partition: str, killed: Killed) -> Facts:
    """Wait until the version is alive again or at rest, then until it rests."""
    home = running.home
    problems: list[str] = []

    def is_well() -> bool:
        if looking.state_of(home.path, partition) in looking.RESTING:
            return True
        lease = looking.lease_of(home.path, partition)
        return lease is not None and processes.is_alive(int(lease["pid"]))

    if not processes.wait_for(is_well, RECOVERY_LIMIT_S):
        problems.append(f"{partition} was dead for {RECOVERY_LIMIT_S:.0f} s")
    recovery_s = time.monotonic() - killed.time
    if kind in SERVICES and not processes.wait_for(running.is_whole, RECOVERY_LIMIT_S, 0.2):
        problems.append(f"the {kind} did not come back")
    service_s = time.monotonic() - killed.time
    if not processes.wait_for(lambda: looking.state_of(home.path, partition) in looking.RESTING, RECOVERY_LIMIT_S, 0.1):
        problems.append(f"{partition} still is {looking.state_of(home.path, partition)}")
    state = looking.state_of(home.path, partition)
    if state == "failed" and not looking.reason_of(home.path, partition):
        problems.append("it failed without a reason")
    return {"state": state, "recovery_s": round(recovery_s, 2), "service_s": round(service_s, 2),
            "resumed_s": round(time.monotonic() - killed.time, 2), "problems": problems}  # fmt: skip


def _grown(services: set[int]) -> set[int]:
    """The services' own children: a code server has some, a webserver has none."""
    return {child.pid for pid in services for child in processes.with_children(pid)[1:]}


def _as_undisturbed(home: Home, reference: Reference, partition: str, release: Path) -> list[str]:
    told = [f"not the undisturbed bytes: {name}" for name in differing(release_hashes(release), reference.files)]
    if looking.state_of(home.path, partition) != "released":
        told.append(f"{partition} is {looking.state_of(home.path, partition)} although its release is there")
    if (assets := len(looking.assets_of(home.path, partition))) != reference.assets:
        told.append(f"{assets} of {reference.assets} assets are recorded")
    return told


def _nothing_left(home: Home, before: looking.Made, spared: set[int] | None = None, limit_s: float = 3.0) -> list[str]:
    told = [f"computed twice: {name}" for name in looking.made_twice(home.path, before)]
    processes.wait_for(lambda: not looking.left_behind(home.path), limit_s, 0.5)
    told += [f"left behind: {one}" for one in looking.left_behind(home.path)]
    _, left = processes.wait_until_gone(home.path, limit_s, spared or set())
    told += [f"left behind: process {one}" for one in left]
    return told + [f"a damaged object: {name}" for name in looking.damaged(home.path, before.time)]


def _table(records: Sequence[Facts]) -> list[str]:
    groups: dict[str, list[Facts]] = defaultdict(list)
    for record in records:
        groups[record["kind"]].append(record)
    header = ("killed", "times", "kept", "orphans gone, s", "recovery, s", "at rest again, s", "states found")
    lines = markdown(header, [_row(kind, groups[kind]) for kind in dict.fromkeys(KINDS) if kind in groups])
    return ["Seconds are p50 / p95 / max.", "", *lines]


def _row(kind: str, records: Sequence[Facts]) -> tuple[object, ...]:
    def all_of(name: str) -> list[float]:
        return [record[name] for record in records if name in record]

    states = sorted({record.get("state") or "nothing yet" for record in records})
    kept = sum(not record["problems"] for record in records)
    return (kind, len(records), kept, spread(all_of("orphans_s")), spread(all_of("recovery_s")),
            spread(all_of("resumed_s")), json.dumps(states))  # fmt: skip


PROOF = Proof("kills", "kill -9 at random moments, then recovery.", 200, case, _table, kinds=KINDS)

if __name__ == "__main__":
    main(PROOF)
