"""Cases of a proof: made one after another, kept line by line, skipped where they are known, told in the end.

Belongs here: options, state, exit code. Does not belong here: what a case does (the proofs).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.soak.homes import BrokenPromiseError

Facts = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("musicgen_assets", "resources", "dsp", "sensors")


@dataclass
class Case:
    """One case: its number, its own dice, where state may be kept, what all cases of a run share."""

    proof: str
    number: int
    kind: str
    rng: random.Random
    state: Path
    shared: ExitStack
    things: dict[str, Any]

    @property
    def keep(self) -> Path:
        """Where the home of a broken case is kept."""
        return self.state / "broken" / self.proof / str(self.number)

    def share(self, name: str, make: Callable[[ExitStack], Any]) -> Any:
        """The thing called ``name``, made once a run and ended with it."""
        if name not in self.things:
            self.things[name] = make(self.shared)
        return self.things[name]


@dataclass(frozen=True)
class Proof:
    """What is proved. ``case`` returns its facts and raises BrokenPromiseError; ``table`` tells all facts as lines.

    ``kinds`` has the kind of every case in turn, over and over; cases are made kind by kind.
    """

    name: str
    about: str
    count: int
    case: Callable[[Case], Facts]
    table: Callable[[Sequence[Facts]], Iterable[str]]
    kinds: tuple[str, ...] = ("case",)
    parallel: int = 1
    verdict: Callable[[Sequence[Facts]], Iterable[str]] = field(default=lambda _facts: ())
    """Promises over all cases together: what is broken of them."""


def main(proof: Proof, arguments: Sequence[str] | None = None) -> None:
    """Run ``proof`` from the command line; exits with 1 if a promise is broken."""
    asked = _options(proof, arguments)
    numbers = asked.cases or range(asked.count)
    records = run(
        proof, numbers, asked.state, asked.seed, kinds=asked.kinds, parallel=asked.parallel, is_again=asked.again
    )
    print("\n".join(told(proof, records)))
    sys.exit(1 if broken(proof, records) else 0)


def run(
    proof: Proof,
    numbers: Sequence[int],
    state: Path,
    seed: int = 1,
    *,
    kinds: Sequence[str] = (),
    parallel: int | None = None,
    is_again: bool = False,
) -> list[Facts]:
    """Facts of the cases ``numbers``: those kept in ``state``, and the rest made now, each kept as soon as it is done.

    ``kinds`` leaves other kinds out; ``is_again`` makes anew what broke its promise before.
    """
    state.mkdir(parents=True, exist_ok=True)
    place = state / f"{proof.name}.jsonl"
    known = {
        (record["seed"], record["case"]): record for record in _read(place) if not (is_again and record["problems"])
    }
    wanted = [(number, proof.kinds[number % len(proof.kinds)]) for number in numbers]
    wanted = [(number, kind) for number, kind in wanted if not kinds or kind in kinds]
    missing = [item for item in wanted if (seed, item[0]) not in known]
    missing.sort(key=lambda item: list(dict.fromkeys(proof.kinds)).index(item[1]))
    lock, things = Lock(), dict[str, Any]()
    at_once = parallel or proof.parallel
    with ExitStack() as shared:

        def make(item: tuple[int, str]) -> None:
            number, kind = item
            rng = random.Random(f"{proof.name}:{seed}:{number}")  # noqa: S311  # dice, not secrets
            record = _record(proof, Case(proof.name, number, kind, rng, state, shared, things), seed)
            with lock:
                _append(place, record)
                known[seed, number] = record
                print(
                    f"{proof.name} {number} {kind}: {'; '.join(record['problems']) or 'kept'}",
                    file=sys.stderr,
                    flush=True,
                )

        if at_once == 1:  # in the main thread: some cases make a version in this process, as the CLI does
            for item in missing:
                make(item)
        else:
            with ThreadPoolExecutor(at_once) as threads:
                list(threads.map(make, missing))
    return [known[seed, number] for number, _ in wanted]


def broken(proof: Proof, records: Sequence[Facts]) -> list[str]:
    """Every promise that was not kept."""
    single = [f"case {record['case']}: {problem}" for record in records for problem in record["problems"]]
    return single + list(proof.verdict(records))


def told(proof: Proof, records: Sequence[Facts]) -> list[str]:
    """What came of it: the table, what broke, and which code it was proved for."""
    problems = broken(proof, records)
    codes = Counter(record["code"] for record in records)
    lines = ["", f"{proof.about}", "", *proof.table(records), ""]
    lines += [f"BROKEN  {problem}" for problem in problems]
    lines.append(
        f"{len(records)} cases, {len(problems)} promises broken, {sum(r['wall_s'] for r in records):.0f} s in all"
    )
    if set(codes) - {code()}:
        lines.append(f"by code: {', '.join(f'{count} x {name}' for name, count in codes.items())}; now it is {code()}")
    return lines


def markdown(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table as lines."""
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    return lines + [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]


def spread(values: Iterable[float]) -> str:
    """Median, 95th percentile and maximum of some seconds."""
    ordered = sorted(values)
    if not ordered:
        return "-"
    return f"{percentile(ordered, 50):.2f} / {percentile(ordered, 95):.2f} / {ordered[-1]:.2f}"


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that ``share`` percent of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share) // 100) - 1)]


@cache
def code() -> str:
    """What the project's code is now, as twelve digits: a proof is a proof of one code."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in (".py", ".yaml", ".json", ".html"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _record(proof: Proof, case: Case, seed: int) -> Facts:
    started = time.monotonic()
    try:
        facts = {"problems": [], **proof.case(case)}
    except BrokenPromiseError as error:
        facts = {"problems": [str(error)]}
    head = {"case": case.number, "seed": seed, "kind": case.kind, "code": code()}
    return {**head, **facts, "wall_s": round(time.monotonic() - started, 2)}


def _options(proof: Proof, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.soak.{proof.name}", description=proof.about)
    parser.add_argument("--count", type=int, default=proof.count, help="how many cases (%(default)s)")
    parser.add_argument("--cases", type=int, nargs="+", metavar="NUMBER", help="these instead of the first COUNT")
    parser.add_argument(
        "--state", type=Path, default=ROOT / "benchmarks/results/soak", help="where finished cases are kept"
    )
    parser.add_argument("--seed", type=int, default=1, help="other dice, other cases (%(default)s)")
    parser.add_argument("--kinds", nargs="+", choices=sorted(set(proof.kinds)), default=(), help="only these")
    parser.add_argument("--parallel", type=int, default=proof.parallel, help="cases at once (%(default)s)")
    parser.add_argument("--again", action="store_true", help="make anew what broke its promise")
    parser.add_argument("--fresh", action="store_true", help="forget what is kept")
    asked = parser.parse_args(arguments)
    asked.state = asked.state.absolute()
    if asked.fresh:
        (asked.state / f"{proof.name}.jsonl").unlink(missing_ok=True)
    if asked.fresh or asked.again:
        shutil.rmtree(asked.state / "broken" / proof.name, ignore_errors=True)
    return asked


def _read(place: Path) -> list[Facts]:
    """Kept records; a last line cut short by a kill is no record."""
    if not place.exists():
        return []
    found = []
    for line in place.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def _append(place: Path, record: Facts) -> None:
    is_cut = place.exists() and not place.read_bytes().endswith(b"\n") and place.stat().st_size > 0
    with place.open("a", encoding="utf-8") as file:
        file.write("\n" * is_cut + json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value).replace("|", "/").replace("\n", " ")
