"""What orchestration costs: revisions that change nothing, ten in a row in one process, and one by the cold CLI.

``python -m benchmarks.revisions [--count 10] [--duration 30]`` prints a table. A revision that changes nothing carries
every asset but those that belong to one version, so what its run takes beside them is overhead. "same again" is the
same measure by the same request submitted anew; it also runs on code that has no revisions yet.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.process import run

if TYPE_CHECKING:
    import dagster as dg

    from resources.studio import Studio

MUSICGEN = Path(sys.executable).with_name("musicgen")
PROMPT = "a pop song about the sea"
SEED = 6
WARM_UP = 1
"""Runs before the counted ones: the first in a process resolves the job."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--duration", type=int, default=30)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="musicgen-revisions-"))
    os.environ["MUSICGEN_HOME"] = str(home)
    for name in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    try:
        rows = measure(asked.count, asked.duration)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("| | times | run, s (median) | min to max | inside assets, s | overhead a run, s | an asset, ms | computed |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def measure(count: int, duration_s: int) -> list[list[Any]]:
    """A row per way of making nothing new."""
    made = run(
        [str(MUSICGEN), "compose", PROMPT, "--seed", str(SEED), "--duration", str(duration_s), "--json"], os.environ
    )
    song = json.loads(made.output)
    rows = [_row("full song, cold CLI", [_of_summary(song)])]
    again = [_again(duration_s, number) for number in _in_one_process(count)]
    rows.append(_row("same again, one process", again[WARM_UP:]))
    if has_revisions():
        rows.append(_row("no-op revision, one process", _revisions(song["partition"], count)))
        cold = [run([str(MUSICGEN), "revise", song["partition"], "--json"], os.environ) for _ in range(3)]
        rows.append(_row("no-op revision, cold CLI", [_of_summary(json.loads(one.output)) for one in cold]))
        rows.append([f"the same, the command's whole wall time, {len(cold)} times", len(cold),
                     f"{statistics.median(one.wall_s for one in cold):.2f}", "", "", "", "", ""])  # fmt: skip
    return rows


def has_revisions() -> bool:
    """Whether this code can revise."""
    from musicgen_assets.context import request

    return hasattr(request, "RevisionRequest")


def _in_one_process(count: int) -> range:
    return range(WARM_UP + count)


def _again(duration_s: int, number: int) -> dict[str, float]:
    from musicgen_assets.context.request import CompositionRequest

    del number
    return _executed(
        CompositionRequest(prompt=PROMPT, seed=SEED, overrides={"technical.duration_s": float(duration_s)})
    )


def _revisions(partition: str, count: int) -> list[dict[str, float]]:
    """Each a child of the one before."""
    from musicgen_assets.context.request import RevisionRequest

    composition = partition.partition("@")[0]
    return [_executed(RevisionRequest(version=composition)) for _ in _in_one_process(count)][WARM_UP:]


_opened: dict[str, Any] = {}


def _executed(request: Any) -> dict[str, float]:
    """Submit, claim and run in this process; seconds of the run, and inside its assets."""
    from musicgen_assets.execution import run_version
    from resources.door import claim, submit
    from resources.registry import queries

    studio, instance = _open()
    submission = submit(studio.registry, request, studio.settings)
    claim(studio.registry, submission.request_id, "benchmark")
    extra: dict[str, Any] = {"request_id": submission.request_id, "token": "benchmark"} if has_revisions() else {}
    started = time.perf_counter()
    report = run_version(studio, instance, submission.partition, **extra)
    run_s = time.perf_counter() - started
    if not report.is_success:
        raise RuntimeError(f"{submission.partition}: {report.failures or report.failed_checks}")
    with studio.registry.reading() as session:
        made = queries.materializations_of(session, submission.partition)
    return {
        "run_s": run_s, "inside_s": sum(row.seconds for row in made.values()), "assets": len(made),
        "computed": sum(row.carried_from is None for row in made.values()),
    }  # fmt: skip


def _open() -> tuple[Studio, dg.DagsterInstance]:
    """Studio and instance of this process, opened once."""
    import dagster as dg

    from resources.settings import get_settings
    from resources.studio import Studio

    if not _opened:
        settings = get_settings()
        _opened["studio"] = Studio.open(settings)
        _opened["instance"] = dg.DagsterInstance.from_config(str(settings.dagster_home))
    return _opened["studio"], _opened["instance"]


def _of_summary(song: dict[str, Any]) -> dict[str, float]:
    return {
        "run_s": song["run_seconds"], "inside_s": sum(row["seconds"] for row in song["stages"]),
        "assets": len(song["stages"]), "computed": sum(row["status"] == "made" for row in song["stages"]),
    }  # fmt: skip


def _row(name: str, runs: list[dict[str, float]]) -> list[Any]:
    seconds = [one["run_s"] for one in runs]
    inside_s = statistics.median(one["inside_s"] for one in runs)
    over_s = statistics.median(one["run_s"] - one["inside_s"] for one in runs)
    computed = sorted({int(one["computed"]) for one in runs})
    return [name, len(runs), f"{statistics.median(seconds):.2f}", f"{min(seconds):.2f} to {max(seconds):.2f}",
            f"{inside_s:.2f}", f"{over_s:.2f}", f"{1000 * over_s / runs[0]['assets']:.0f}",
            "/".join(str(count) for count in computed)]  # fmt: skip


if __name__ == "__main__":
    main()
