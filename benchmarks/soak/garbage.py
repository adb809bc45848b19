"""Garbage is collected while songs are made, revised and deleted: nothing needed is lost, all else is gone.

A round: two processes make songs and revisions while this one deletes some and collects without any patience, over
and over. When they are done, every object of every version must be there and hash to its name, and after two quiet
collections nothing else may be. The registry and the store are those that the environment names, a home's own else.

Belongs here: collecting and what must hold. Does not belong here: the work meanwhile (gardeners).
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown, spread
from benchmarks.soak.gardeners import Told, delete_some, work
from benchmarks.soak.homes import BrokenPromiseError, temporary_home
from benchmarks.soak.symbolic import symbolic_studio

GARDENERS = 2
JOBS = 4
"""How many songs and revisions a round."""
SURVEYS_S = (0.0, 0.02, 0.1, 0.4)
"""What a survey takes longer than it would: one of these."""
LIMIT_S = 120.0


@dataclass
class Garden:
    """A home, the processes that work in it, and this process's own view of it."""

    home: Path
    pool: Executor
    studio: Any
    instance: Any


def case(case: Case) -> Facts:
    """One round."""
    return round_of(case.share("garden", _garden), case.rng)


def _garden(stack: ExitStack) -> Garden:
    home = stack.enter_context(temporary_home("garbage"))
    pool = ProcessPoolExecutor(GARDENERS, multiprocessing.get_context("spawn"))
    return garden(stack, home.path, stack.enter_context(pool))


def garden(stack: ExitStack, home: Path, pool: Executor) -> Garden:
    """A garden over ``home`` in which ``pool`` works, closed with ``stack``."""
    import dagster as dg

    os.environ["MUSICGEN_HOME"] = str(home)
    stack.enter_context(_slow_surveys())
    studio = stack.enter_context(symbolic_studio(home))
    return Garden(home, pool, studio, stack.enter_context(dg.DagsterInstance.ephemeral()))


@contextmanager
def _slow_surveys() -> Iterator[None]:
    """A survey takes as long as that of a large home would: what changes meanwhile is what could be lost."""
    from resources.housekeeping import collecting

    quick, dice = collecting.survey, Random(1)  # noqa: S311  # dice, not secrets

    def slow(*arguments: Any) -> Any:
        found = quick(*arguments)
        time.sleep(dice.choice(SURVEYS_S))
        return found

    collecting.survey = slow
    try:
        yield
    finally:
        collecting.survey = quick


def round_of(garden: Garden, rng: Any, jobs: int = JOBS) -> Facts:
    """Work, deletions and collections at once, then a look. Raises BrokenPromiseError for work that went wrong."""
    started = time.monotonic()
    futures = [garden.pool.submit(work, garden.home, rng.randrange(10**9)) for _ in range(jobs)]
    freed = marked = collections = deleted = 0
    while not all(future.done() for future in futures):
        if time.monotonic() - started > LIMIT_S:
            raise BrokenPromiseError(f"work did not end within {LIMIT_S:.0f} s")
        deleted += delete_some(garden.studio, garden.instance, rng) is not None
        done = _collect(garden)
        freed, marked, collections = freed + done.freed, marked + done.marked, collections + 1
    told = [_told(future) for future in futures]
    problems = lost(garden)
    quiet = [_collect(garden) for _ in range(2)]
    problems += lost(garden) + left(garden)
    return {
        "made": sum("made" in one for one in told), "refused": sum("refused" in one for one in told),
        "retries": sum(one["retries"] for one in told), "deleted": deleted, "collections": collections,
        "freed": freed + sum(one.freed for one in quiet), "objects": quiet[-1].objects, "problems": problems,
    }  # fmt: skip


def _collect(garden: Garden) -> Any:
    from resources.housekeeping.collecting import collect

    return collect(garden.studio.registry, garden.studio.store, 0.0)


def _told(future: Future[Told]) -> Told:
    from musicgen_assets.context.failures import Failure

    try:
        return future.result()
    except Failure as failure:
        raise BrokenPromiseError(f"work failed: {failure}") from failure


def lost(garden: Garden) -> list[str]:
    """Objects of versions, as they now stand, that are gone or are not what their names say."""
    from musicgen_assets.context.failures import MissingArtifact
    from resources.registry import queries

    found: dict[str, str] = {}
    with garden.studio.registry.reading() as session:
        for song in queries.list_compositions(session, limit=500).items:
            for version in queries.list_versions(session, song.id):
                for asset, known in queries.materializations_of(session, version.partition).items():
                    found |= dict.fromkeys(known.manifest.objects(), f"{asset} of {version.partition}")
    problems = []
    for name, whose in found.items():
        try:
            garden.studio.store.get(name)
        except MissingArtifact as failure:
            problems.append(f"{whose}: {failure.message}")
    return problems


def left(garden: Garden) -> list[str]:
    """Objects that no version needs and that are still there although nobody works."""
    from resources.housekeeping.survey import survey

    return [f"{name} is left" for name in survey(garden.studio.registry, garden.studio.store).unneeded()]


def _table(records: Sequence[Facts]) -> list[str]:
    done = [record for record in records if "made" in record]
    sums = {
        name: sum(r[name] for r in done) for name in ("made", "refused", "retries", "deleted", "collections", "freed")
    }
    rows = [(len(done), *sums.values(), spread(record["wall_s"] for record in done))]
    return markdown(("rounds", *sums, "seconds a round (p50 / p95 / max)"), rows)


PROOF = Proof("garbage", "Garbage collected under concurrent songs, revisions and deletions.", 500, case, _table)

if __name__ == "__main__":
    main(PROOF)
