"""PostgreSQL, the bucket and the daemon are killed under load: nothing is lost, nothing doubled, nothing wrong.

A team's home with `musicgen up` on it. A case: requests go through the door, as often as it says that trying again can
help, and at a random moment one of the three is killed; database and bucket come back a moment later, the daemon by
itself. Then every request must have come to its end, as one version, made once, its objects there and what they should
be. What the outage broke for good must say so and be finished by a retry.

Belongs here: outages of what a team's home stands on. Does not belong here: killed commands and workers (kills).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown, spread
from benchmarks.soak.deployments import Deployment, deployment
from benchmarks.soak.homes import BrokenPromiseError, Home, temporary_home
from support.postgresql import server
from support.teams import Team, bucket_server, make_template

if TYPE_CHECKING:
    from resources.studio import Studio

KINDS = ("postgresql", "bucket", "daemon")
REQUESTS = 3
AWAY_S = (0.3, 3.0)
LIMIT_S = 240.0
RETRIES = 3


@dataclass
class Arena:
    """The servers, the deployment over them, and the home opened in this process as well."""

    team: Team
    running: Deployment
    studio: Studio


def case(case: Case) -> Facts:
    """One outage."""
    arena: Arena = case.share("arena", _arena)
    started = time.monotonic()
    asked: list[str] = []
    asking = threading.Thread(target=_ask, args=(arena, case, asked))
    asking.start()
    time.sleep(case.rng.uniform(0.0, 8.0))
    _strike(arena, case)
    asking.join()
    ended_s = _ended(arena, asked) and time.monotonic() - started
    retried = _finished_by_hand(arena, asked)
    problems = _problems(arena, asked)
    return {"asked": len(asked), "retried": retried, "ended_s": round(ended_s, 1), "problems": problems}


def _arena(stack: ExitStack) -> Arena:
    from resources.settings import get_settings
    from resources.studio import open_studio

    home = stack.enter_context(temporary_home("outages"))
    database = stack.enter_context(server())
    make_template(database)
    (home.root / "bucket").mkdir()
    team = Team(database, stack.enter_context(bucket_server(home.root / "bucket")))
    environment = stack.enter_context(team.whole_place())
    os.environ.update({**environment, "MUSICGEN_HOME": str(home.path)})
    os.environ.pop("DAGSTER_HOME", None)
    running = stack.enter_context(deployment(Home(home.root, environment)))
    return Arena(team, running, stack.enter_context(open_studio(get_settings(home.path))))


def _ask(arena: Arena, case: Case, asked: list[str]) -> None:
    """Requests under keys of their own, each again until it is accepted: that doubles nothing."""
    from musicgen_assets.context.request import CompositionRequest
    from resources.door import submit

    registry, settings = arena.studio.registry, arena.studio.settings
    for number in range(REQUESTS):
        request = CompositionRequest(
            prompt="solo piano", seed=case.number * 10 + number, until="ideation",
            idempotency_key=f"outage {case.number} {number}",
        )  # fmt: skip
        asked.append(_patiently(partial(submit, registry, request, settings)).partition)


def _strike(arena: Arena, case: Case) -> None:
    if case.kind == "daemon":
        if (daemon := arena.running.services().get("daemon")) is not None:
            daemon.kill()
        return
    victim = arena.team.database if case.kind == "postgresql" else arena.team.bucket
    victim.kill()
    time.sleep(case.rng.uniform(*AWAY_S))
    victim.start()


def _patiently(ask: Callable[[], Any]) -> Any:
    """The answer, however often it takes. Raises BrokenPromiseError where a failure says that it will not help."""
    from musicgen_assets.context.failures import TransientFailure

    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            return ask()
        except TransientFailure as failure:
            if time.monotonic() > deadline:
                raise BrokenPromiseError(f"no answer within {LIMIT_S:.0f} s: {failure}") from failure
            time.sleep(0.2)


def _rows(arena: Arena, partition: str) -> tuple[Any, list[Any]]:
    """The version and all requests for it."""
    from sqlalchemy import select

    from resources.registry import Request, queries

    def look() -> tuple[Any, list[Any]]:
        with arena.studio.registry.reading() as session:
            version = queries.get_version(session, partition)
            return version, list(session.scalars(select(Request).where(Request.version_id == version.id)))

    found: tuple[Any, list[Any]] = _patiently(look)
    return found


def _ended(arena: Arena, asked: Sequence[str]) -> bool:
    """Wait until no request is open. Raises BrokenPromiseError for one that never ends."""
    deadline = time.monotonic() + LIMIT_S
    while left := [one for one in asked if any(row.status in ("submitted", "claimed") for row in _rows(arena, one)[1])]:
        if time.monotonic() > deadline:
            raise BrokenPromiseError(f"{', '.join(left)} did not end within {LIMIT_S:.0f} s")
        time.sleep(0.5)
    return True


def _finished_by_hand(arena: Arena, asked: Sequence[str]) -> int:
    """Retry what failed, as `musicgen failed` advises; how many did."""
    from musicgen_assets.context.request import WorkRequest
    from resources.door import submit

    failed = [partition for partition in asked if _rows(arena, partition)[0].state == "failed"]
    for _ in range(RETRIES):
        left = [partition for partition in failed if _rows(arena, partition)[0].state == "failed"]
        for partition in left:
            work = WorkRequest(kind="retry", version=partition)
            _patiently(partial(submit, arena.studio.registry, work, arena.studio.settings))
        _ended(arena, left)
    return len(failed)


def _problems(arena: Arena, asked: Sequence[str]) -> list[str]:
    from musicgen_assets.context.failures import MissingArtifact
    from musicgen_assets.graph.declarations import until
    from resources.registry import queries

    problems = [f"{one} was asked for twice" for one, count in Counter(asked).items() if count > 1]
    for partition in asked:
        version, requests = _rows(arena, partition)
        if version.state != "waiting_for_approval":
            problems.append(f"{partition} is {version.state}")
        if sum(request.kind == "compose" for request in requests) != 1:
            problems.append(f"{partition} has {len(requests)} requests")
        with arena.studio.registry.reading() as session:
            made = queries.materializations_of(session, partition)
        missing = {item.key for item in until("ideation")} - made.keys()
        problems += [f"{partition} lacks {asset}" for asset in sorted(missing)]
        for asset, known in made.items():
            for name in known.manifest.objects():
                try:
                    _patiently(partial(arena.studio.store.get, name))
                except MissingArtifact as failure:
                    problems.append(f"{asset} of {partition}: {failure.message}")
    return problems


def _table(records: Sequence[Facts]) -> list[str]:
    rows = []
    for kind in KINDS:
        done = [record for record in records if record["kind"] == kind and "asked" in record]
        kept = sum(1 for record in done if not record["problems"])
        sums = [sum(record[name] for record in done) for name in ("asked", "retried")]
        rows.append((kind, len(done), kept, *sums, spread(record["ended_s"] for record in done)))
    header = ("killed", "times", "kept", "requests", "finished by a retry", "all ended after, s (p50 / p95 / max)")
    return markdown(header, rows)


PROOF = Proof("outages", "PostgreSQL, the bucket and the daemon killed under load.", 100, case, _table, kinds=KINDS)

if __name__ == "__main__":
    main(PROOF)
