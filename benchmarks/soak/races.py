"""One request raced by a command line, a launch and a sweep: it is executed once. Advance and retry are not swallowed.

A race: the request is accepted, then three try for it at random moments of the same tenth of a second: this process,
as the CLI does; a launch to a running deployment, as the API does; and the sensor's sweep, put to that deployment.
Every tenth case: an advance and a retry of one version, both left to the deployment's own sensor.

Belongs here: those two proofs, in process over the project's own door.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.soak import looking, processes
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown, spread
from benchmarks.soak.deployments import Deployment, deployment
from benchmarks.soak.homes import BrokenPromiseError, temporary_home

if TYPE_CHECKING:
    import dagster as dg

    from resources.door import Submission
    from resources.studio import Studio

RACE, WORK = "race", "advance and retry"
KINDS = (*(RACE,) * 9, WORK)
SPREAD_S = 0.12
"""Within what the three start: a launch speaks with the webserver for some of it before it claims."""

LIMIT_S = 90.0
_RUNS_END_S = 20.0


@dataclass
class Arena:
    """A home with a deployment, opened in this process as well."""

    running: Deployment
    studio: Studio
    instance: dg.DagsterInstance


def case(case: Case) -> Facts:
    """One race, or one version that is advanced and retried."""
    arena: Arena = case.share("arena", _arena)
    return _race(arena, case) if case.kind == RACE else _work(arena, case)


def _arena(stack: ExitStack) -> Arena:
    from resources.layout import open_instance
    from resources.settings import get_settings
    from resources.studio import open_studio

    home = stack.enter_context(temporary_home("race"))
    os.environ["MUSICGEN_HOME"] = str(home.path)
    os.environ.pop("DAGSTER_HOME", None)
    running = stack.enter_context(deployment(home))
    settings = get_settings(home.path)
    studio = stack.enter_context(open_studio(settings))
    instance = open_instance(settings)
    stack.callback(instance.dispose)
    return Arena(running, studio, instance)


def _race(arena: Arena, case: Case) -> Facts:
    from musicgen_assets.context.request import CompositionRequest
    from resources.door import submit

    request = CompositionRequest(prompt=f"a song about the sea, take {case.number}", seed=case.number, until="ideation")
    submission = submit(arena.studio.registry, request, arena.studio.settings)
    racers: dict[str, Callable[[Arena, Submission], bool]] = {"cli": _as_cli, "launch": _as_launch, "sweep": _as_sweep}
    starts = {name: case.rng.uniform(0.0, SPREAD_S) for name in racers}
    won: list[str] = []

    def enter(name: str) -> None:
        time.sleep(starts[name])
        if racers[name](arena, submission):
            won.append(name)

    others = [threading.Thread(target=enter, args=(name,)) for name in ("launch", "sweep")]
    for thread in others:
        thread.start()
    enter("cli")  # a run in process belongs to the main thread
    for thread in others:
        thread.join()
    problems = [] if len(won) == 1 else [f"won by {won or 'nobody'}"]
    seconds, told = _rests(arena, submission.partition, "waiting_for_approval")
    problems += told + _executed(arena, submission.partition, [submission.request_id])
    return {"won": "/".join(won), "seconds": round(seconds, 2), "problems": problems}


def _as_cli(arena: Arena, submission: Submission) -> bool:
    """Claim and run in this process, as musicgen.cli.making does."""
    from musicgen_assets.execution import run_version
    from resources.door import claim
    from resources.leases import claimer_name

    token = claimer_name()
    if not claim(arena.studio.registry, submission.request_id, token):
        return False
    run_version(
        arena.studio, arena.instance, submission.partition, stage=submission.until,
        request_id=submission.request_id, token=token,
    )  # fmt: skip
    return True


def _as_launch(arena: Arena, submission: Submission) -> bool:
    """Put it to the deployment right after the commit."""
    from resources.launch import launch

    return launch(arena.studio.settings, submission.request_id, submission.partition) is not None


def _as_sweep(arena: Arena, submission: Submission) -> bool:
    """What the sensor does a few seconds later, at once: everything that is open is claimed and put to Dagster."""
    from resources.webserver import find_job, launch_partition
    from sensors.requests import sweep

    claimed = sweep(arena.studio.registry, grace_s=0.0)
    place = find_job(arena.running.address, "compose")
    for one in claimed:
        launch_partition(place, "compose", "versions", one.partition, one.tags, one.assets)
    return any(one.request_id == submission.request_id for one in claimed)


def _work(arena: Arena, case: Case) -> Facts:
    """A version is made as far as ideation, then advanced, then retried; nobody claims but the sensor."""
    from musicgen_assets.context.request import CompositionRequest, WorkRequest
    from resources.door import claim, submit
    from resources.leases import claimer_name

    registry, settings = arena.studio.registry, arena.studio.settings
    asked = CompositionRequest(prompt=f"a song about hills, take {case.number}", seed=case.number, until="ideation")
    first = submit(registry, asked, settings)
    if not _as_cli(arena, first):
        raise BrokenPromiseError("the deployment took a request of the command line within milliseconds")
    requests, problems, seconds = [first.request_id], list[str](), list[float]()
    for kind in ("advance", "retry"):
        work = submit(registry, WorkRequest(kind=kind, version=first.partition, until="composition"), settings)
        requests.append(work.request_id)
        took_s, told = _done(arena, work.request_id)
        seconds.append(took_s)
        problems += [f"{kind}: {one}" for one in told]
    if claim(registry, requests[-1], claimer_name()):
        problems.append("a finished request could be claimed again")
    problems += _executed(arena, first.partition, requests)
    made = looking.assets_of(arena.running.home.path, first.partition)
    if "composition/melody" not in made:
        problems.append("the advance did not come as far as composition")
    return {"won": "sensor", "seconds": round(max(seconds), 2), "problems": problems}


def _rests(arena: Arena, partition: str, state: str) -> tuple[float, list[str]]:
    """Wait until ``partition`` is at rest; (seconds, what is wrong with that)."""
    home, started = arena.running.home.path, time.monotonic()
    processes.wait_for(lambda: looking.state_of(home, partition) in looking.RESTING, LIMIT_S, 0.05)
    found = looking.state_of(home, partition)
    return time.monotonic() - started, [] if found == state else [
        f"it is {found}: {looking.reason_of(home, partition)}"
    ]


def _done(arena: Arena, request_id: str) -> tuple[float, list[str]]:
    """Wait until a request has ended; (seconds, what is wrong with that)."""
    home, started = arena.running.home.path, time.monotonic()

    def status() -> str:
        return str(looking.rows(home, "SELECT status FROM requests WHERE id = ?", request_id)[0]["status"])

    processes.wait_for(lambda: status() not in ("submitted", "claimed"), LIMIT_S, 0.05)
    found = status()
    return time.monotonic() - started, [] if found in ("done", "waiting") else [f"its request is {found}"]


def _executed(arena: Arena, partition: str, requests: Sequence[str]) -> list[str]:
    """What is wrong with how often ``partition`` was executed: once for each of ``requests``, never besides."""
    import dagster as dg

    home = arena.running.home.path
    told = []
    for request_id in requests:
        wanted = dg.RunsFilter(tags={"musicgen/request": request_id})
        runs = _ended(arena, wanted)
        if [run.status for run in runs] != [dg.DagsterRunStatus.SUCCESS]:
            told.append(f"runs of one request: {[run.status.value for run in runs]}")
    made = looking.rows(home, "SELECT asset, run_id FROM materializations WHERE partition = ?", partition)
    if (executions := len({row["run_id"] for row in made})) != len(requests):
        told.append(f"{executions} executions for {len(requests)} requests")
    twice = [asset for (asset, _), count in Counter((row["asset"], row["run_id"]) for row in made).items() if count > 1]
    told += [f"{asset} was made twice by one run" for asset in twice]
    if (lease := looking.lease_of(home, partition)) is not None:
        told.append(f"a lease of run {lease['run_id']} stayed")
    return told


def _ended(arena: Arena, wanted: dg.RunsFilter) -> Sequence[dg.DagsterRun]:
    """The runs that ``wanted`` names, once all have ended."""
    processes.wait_for(lambda: all(run.is_finished for run in arena.instance.get_runs(wanted)), _RUNS_END_S)
    return arena.instance.get_runs(wanted)


def _table(records: Sequence[Facts]) -> list[str]:
    winners = Counter((record["kind"], record.get("won", "-")) for record in records)
    rows = []
    for (kind, won), count in sorted(winners.items()):
        seconds = [r["seconds"] for r in records if (r["kind"], r.get("won", "-")) == (kind, won) and "seconds" in r]
        kept = sum(1 for r in records if (r["kind"], r.get("won", "-")) == (kind, won) and not r["problems"])
        rows.append((kind, won, count, kept, spread(seconds)))
    return markdown(("kind", "executed by", "times", "kept", "until at rest, s (p50 / p95 / max)"), rows)


PROOF = Proof("races", "One request raced by command line, launch and sweep.", 112, case, _table, kinds=KINDS)

if __name__ == "__main__":
    main(PROOF)
