"""A batch of 100 songs, made; 20 of them changed, and started again: the repeat costs at most a quarter.

``python -m benchmarks.soak.batches --count 100 --changed 20 --state DIR``. It can be stopped at any time and goes on,
as the batch itself does: the home is kept in DIR until all is told. Belongs here: that proof.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.soak import looking
from benchmarks.soak.cases import ROOT, code, markdown
from benchmarks.soak.homes import BrokenPromiseError, Home
from benchmarks.soak.takes import computed_twice

MOST = 0.25
PLACES = ("a harbour", "the moor", "a night train", "the first snow", "an old pier", "a garden", "the high road",
          "a quiet street", "the river", "a lighthouse")  # fmt: skip
WORDS = ("calm", "bright", "slow", "wistful", "gentle", "warm", "plain", "tender", "light", "still")
PHASES = ("first", "again")


def main() -> None:
    """Both starts, the report, the package; exits with 1 if a promise is broken."""
    asked = _options()
    state = asked.state.absolute() / f"batches-{asked.count}-{asked.changed}-{asked.until}"
    if asked.fresh:
        shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True, exist_ok=True)
    if (told := _kept(state)) is None:
        told = _proved(Home(state), state, asked.count, asked.changed, asked.until)
        (state / "told.json").write_text(json.dumps(told), encoding="utf-8")
        shutil.rmtree(state / "home", ignore_errors=True)
    print("\n".join(_lines(told)))
    sys.exit(1 if told["problems"] else 0)


def _proved(home: Home, state: Path, count: int, changed: int, until: str) -> dict[str, Any]:
    for left in state.glob("call-*"):  # what an earlier run of this program was told
        shutil.rmtree(left)
    before = _phase(home, state, "first", count, 0, until)
    after = _phase(home, state, "again", count, changed, until)
    first_s, again_s = (_spent_s(home, state, phase) for phase in PHASES)
    first_cpu_s, again_cpu_s = (_cpu_s(state, phase) for phase in PHASES)
    problems = _unlike(before, after, changed) + computed_twice(home) + looking.left_behind(home.path)
    ratio = again_cpu_s / first_cpu_s if first_cpu_s and again_cpu_s else again_s / first_s
    if ratio > MOST:
        problems.append(f"the repeat took {ratio:.2f} of the first, more than {MOST}")
    once_more = _timed(home, "batch", "start", str(state / "again.yaml"), "--json")
    report = home.musicgen("batch", "report", "soak", "--out", str(state / "report"), "--json").expect(0).json
    problems += _package_problems(home, state, report["counts"].get("released", 0))
    return {
        "songs": count, "changed": changed, "until": until, "first_s": first_s, "again_s": again_s,
        "first_cpu_s": first_cpu_s, "again_cpu_s": again_cpu_s,
        "nothing_s": once_more, "counts": report["counts"], "numbers": report["numbers"],
        "failures": report["failures"], "computed_s": report["computed_s"], "code": code(), "problems": problems,
    }  # fmt: skip


def _phase(home: Home, state: Path, phase: str, count: int, changed: int, until: str) -> dict[str, Any]:
    """Start the batch, or go on with it, until all of it is made; its songs by place."""
    path = state / f"{phase}.yaml"
    path.write_text(definition(count, changed, until), encoding="utf-8")
    done = state / f"{phase}.json"
    if done.exists():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    log = state / f"{phase}.jsonl"
    _note(log, began=time.time())
    before = _used_s()
    home.musicgen("batch", "start", str(path), "--json", timeout_s=24 * 3600.0).expect(0, 1, 3)
    _note(log, ended=time.time(), cpu_s=_used_s() - before)
    shown = home.musicgen("batch", "show", "soak", "--json").expect(0).json
    done.write_text(json.dumps(shown), encoding="utf-8")
    return dict(shown)


def definition(count: int, changed: int, until: str) -> str:
    """The definition file: ``count`` songs of 30 s, of which the first ``changed`` in every stretch differ."""
    songs = []
    for number in range(count):
        word, place = WORDS[number % len(WORDS)], PLACES[number // len(WORDS) % len(PLACES)]
        is_changed = (number + 1) * changed // count > number * changed // count
        what = "piano solo, slower" if is_changed else "piano solo"
        songs.append(f"  - {{prompt: '{word} {what} about {place}', seed: {number + 1}}}")
    head = f"name: soak\ncommon: {{duration_s: 30, until: {until}, creative.has_vocals: false}}\nprompts:\n"
    return head + "\n".join(songs) + "\n"


def _spent_s(home: Home, state: Path, phase: str) -> float:
    """Seconds that all starts of a phase took; one that was killed counts up to the last song it finished."""
    lines = [json.loads(line) for line in (state / f"{phase}.jsonl").read_text(encoding="utf-8").splitlines()]
    ends = [datetime.fromisoformat(row["finished_at"]).timestamp() for row in looking.rows(
        home.path, "SELECT finished_at FROM requests WHERE finished_at IS NOT NULL")]  # fmt: skip
    spent = 0.0
    for at, line in enumerate(lines):
        if "began" not in line:
            continue
        following = lines[at + 1] if at + 1 < len(lines) else {}
        until = following.get("ended") or max(
            (end for end in ends if line["began"] <= end <= following.get("began", end)), default=line["began"]
        )
        spent += until - line["began"]
    return round(spent, 2)


def _cpu_s(state: Path, phase: str) -> float | None:
    """Processor time of a phase, which other work on the machine hardly changes; None where a start was killed."""
    lines = [json.loads(line) for line in (state / f"{phase}.jsonl").read_text(encoding="utf-8").splitlines()]
    ended = [line["cpu_s"] for line in lines if "cpu_s" in line]
    return round(sum(ended), 2) if 2 * len(ended) == len(lines) else None


def _used_s() -> float:
    """Processor time of all that this program started and that has ended, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _unlike(before: dict[str, Any], after: dict[str, Any], changed: int) -> list[str]:
    """What is wrong with which songs the second start shares with the first."""
    pairs = list(zip(before["items"], after["items"], strict=True))
    same = sum(one["partition"] == other["partition"] for one, other in pairs)
    new = sum(bool(other["is_new"]) for _, other in pairs)
    problems = [f"{same} songs were kept, not {len(pairs) - changed}"] if same != len(pairs) - changed else []
    problems += [f"{new} songs were new, not {changed}"] if new != changed else []
    states = Counter(item["state"] for item in after["items"])
    bad = {state: count for state, count in states.items() if state not in ("released", "done", "stopped at a check")}
    return problems + ([f"songs ended otherwise: {bad}"] if bad else [])


def _package_problems(home: Home, state: Path, released: int) -> list[str]:
    if not released:
        return []
    problems = []
    packages = []
    for name in ("one", "two"):
        shutil.rmtree(state / name, ignore_errors=True)
        told = home.musicgen("batch", "package", "soak", "--out", str(state / name), "--json").expect(0).json
        packages.append(Path(told["zip"]))
        if told["songs"] != released:
            problems.append(f"the package holds {told['songs']} of {released} releases")
    if packages[0].read_bytes() != packages[1].read_bytes():
        problems.append("two packages of the same batch differ")
    for package in packages:
        shutil.rmtree(package.parent)
    return problems


def _timed(home: Home, *arguments: str) -> float:
    return round(home.musicgen(*arguments).expect(0, 1, 3).seconds, 2)


def _lines(told: dict[str, Any]) -> list[str]:
    ratio = told["again_s"] / told["first_s"] if told["first_s"] else 0.0
    first_cpu_s, again_cpu_s = told["first_cpu_s"], told["again_cpu_s"]
    cpu_ratio = f"{again_cpu_s / first_cpu_s:.2f}" if first_cpu_s and again_cpu_s else "-"
    row = (told["songs"], told["until"], told["first_s"], told["changed"], told["again_s"], ratio,
           first_cpu_s or "-", again_cpu_s or "-", cpu_ratio, told["nothing_s"],
           ", ".join(f"{count} {state}" for state, count in told["counts"].items()))  # fmt: skip
    header = ("songs", "until", "first start, s", "changed", "started again, s", "ratio", "first, CPU s",
              "again, CPU s", "CPU ratio", "nothing changed, s", "ends")  # fmt: skip
    lines = ["", "A batch of short songs, some changed, started again.", "", *markdown(header, [row]), ""]
    numbers = [(one["measure"], one["songs"], one["mean"], one["least"], one["most"]) for one in told["numbers"]]
    lines += markdown(("measure", "songs", "mean", "least", "most"), numbers)
    lines += [f"{one['songs']} x {one['state']}: {one['reason']}" for one in told["failures"]]
    lines += [f"BROKEN  {problem}" for problem in told["problems"]]
    return [*lines, f"{len(told['problems'])} promises broken, code {told['code']}"]


def _kept(state: Path) -> dict[str, Any] | None:
    path = state / "told.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _note(log: Path, **fields: float) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(fields) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak.batches", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="songs (%(default)s)")
    parser.add_argument("--changed", type=int, default=20, help="of them changed (%(default)s)")
    parser.add_argument("--until", default="finalization", help="the last stage of each song (%(default)s)")
    parser.add_argument("--state", type=Path, default=ROOT / "benchmarks/results/soak", help="where all is kept")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept")
    asked = parser.parse_args()
    if not 0 <= asked.changed <= asked.count:
        parser.error("--changed must be between 0 and --count")
    return asked


if __name__ == "__main__":
    try:
        main()
    except BrokenPromiseError as error:
        print(f"BROKEN  {error}")
        sys.exit(1)
