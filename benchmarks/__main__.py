"""``make bench``: a song cold, again, warm; its stages; orchestration; memory; and the shell chain beside it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.process import run
from benchmarks.shell_chain import missing_tools, run_chain
from resources.instruments import instruments_of

PROMPT = "upbeat pop song about summer"
DURATION_S = 180
SEED = 11
RESULTS = Path(__file__).parent / "results"
MUSICGEN = Path(sys.executable).with_name("musicgen")


def main() -> None:
    """Measure, print a table, keep the numbers as JSON."""
    home = Path(tempfile.mkdtemp(prefix="musicgen-bench-"))
    try:
        figures = measure(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(figures, indent=2))
    for name, value in figures.items():
        if not isinstance(value, dict):
            print(f"{name:<34} {value}")
            continue
        print(name)
        for key, number in value.items():
            print(f"  {key:<32} {number}")


def measure(home: Path) -> dict[str, Any]:
    """All figures of one run, seconds unless named otherwise."""
    env = {**os.environ, "MUSICGEN_HOME": str(home)}
    env.pop("DAGSTER_HOME", None)
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # measured as Python comes: compiled modules are kept
    command = [str(MUSICGEN), "compose", PROMPT, "--duration", str(DURATION_S), "--seed", str(SEED), "--json"]
    imports = run([sys.executable, "-c", "import musicgen_assets.execution, resources.door, resources.summary"], env)
    cold = run(command, env)
    song = json.loads(cold.output)
    again = run(command, env)
    repeat = json.loads(again.output)
    warm = run([sys.executable, "-m", "benchmarks.warm", str(DURATION_S), "21", "22"], env)
    figures: dict[str, Any] = {
        "status": song["status"],
        "cold process": round(cold.wall_s, 2),
        "of it imports": round(imports.wall_s, 2),
        "warm process, second song": round(json.loads(warm.output.splitlines()[-1])["wall_s"], 2),
        "same request again": round(again.wall_s, 2),
        "time saved by carrying": f"{100 * (1 - again.wall_s / cold.wall_s):.0f} %",
        "computed again": [row["asset"] for row in repeat["stages"] if not row["carried_from"]],
        "peak memory (MB)": round(cold.peak_mb),
        "stages": by_stage(song),
        "orchestration": orchestration(song, cold.wall_s, imports.wall_s),
    }
    return figures | {"shell chain": beside(song, home, cold.wall_s)}


def by_stage(song: dict[str, Any]) -> dict[str, float]:
    """Seconds inside each stage."""
    totals: dict[str, float] = defaultdict(float)
    for row in song["stages"]:
        totals[row["stage"]] += row["seconds"]
    return {stage: round(seconds, 2) for stage, seconds in totals.items()}


def orchestration(song: dict[str, Any], wall_s: float, imports_s: float) -> dict[str, Any]:
    """What is neither music logic, dsp, encoding nor artifact writing; imports apart."""
    inside_s = sum(row["seconds"] for row in song["stages"])
    run_s = song["run_seconds"]
    return {
        "run": round(run_s, 2),
        "inside assets": round(inside_s, 2),
        "share of the run": f"{100 * (run_s - inside_s) / run_s:.1f} %",
        "outside the run (start, export)": round(wall_s - run_s - imports_s, 2),
    }


def beside(song: dict[str, Any], home: Path, cold_s: float) -> dict[str, Any]:
    """The shell chain on the same MIDI, and the ratio; or what is missing for it."""
    if missing := missing_tools():
        return {"not run": f"{', '.join(missing)} not installed"}
    folder = home / "chain"
    folder.mkdir()
    font = Path(str(instruments_of(None)["font_path"]))
    chain = run_chain(Path(song["release"]["directory"]) / "score.mid", font, folder)
    return {**{name: round(seconds, 2) for name, seconds in chain.items()},
            "cold song / chain": round(cold_s / chain["total"], 2)}  # fmt: skip


if __name__ == "__main__":
    main()
