"""The API under everything its document allows and forbids: no 5xx, and no answer that is not in the document.

schemathesis draws the calls from the OpenAPI document: each boundary, random ones, and chains of operations that hand
on the songs, links and members they made. Belongs here: the server it is let loose on, and what counts. Does not belong
here: who may what (tests/api), and load (benchmarks.api_load).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from support.api_world import World, world

PHASES = ("coverage", "fuzzing", "stateful")
LEFT_OUT = ("positive_data_acceptance",)
"""Rules of music go beyond JSON Schema (a style nobody knows, a key used before): refused with 422."""
SECONDS_MAX = 30
LONGEST_S = 6 * 3600


_STREAMS_END = """[[operations]]
include-path-regex = "/events/$"
parameters = { "query.for_s" = 0 }
checks = { negative_data_rejection = { enabled = false } }
"""
"""Streams stay open unless they are told how long: what they hold is read, and nobody waits for more. A header that
nobody knows is to be ignored (RFC 9110, 5.1), which that check takes for accepting it; elsewhere it stands."""


@dataclass(frozen=True)
class Fuzzed:
    """What came of it: calls made, what was found wrong, and all that was said."""

    cases: int
    failures: int
    said: str


def fuzz(examples: int, phases: Sequence[str] = PHASES, seed: int = 1, paths: str = "") -> Fuzzed:
    """Let schemathesis loose on a server of its own; ``paths`` is a pattern of those that are asked.

    Raises RuntimeError where it made no call.
    """
    with tempfile.TemporaryDirectory() as folder, world(Path(folder) / "home") as api:
        for _ in range(3):
            api.released()
            api.resolved()
        (Path(folder) / "schemathesis.toml").write_text(_STREAMS_END, encoding="utf-8")
        done = subprocess.run(
            _command(api, examples, phases, seed, paths), cwd=folder, capture_output=True, text=True, timeout=LONGEST_S,
            check=False,
        )  # fmt: skip
    said = done.stdout + done.stderr
    counted = re.search(r"([\d,]+) generated(?:, ([\d,]+) found)?", said)
    if counted is None:
        raise RuntimeError(f"schemathesis made no call:\n{said[-4000:]}")
    cases, failures = (int((text or "0").replace(",", "")) for text in counted.groups())
    return Fuzzed(cases, max(failures, int(done.returncode != 0)), said)


def _command(api: World, examples: int, phases: Sequence[str], seed: int, paths: str) -> list[str]:
    return [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{api.server.url}/api/v2/openapi.json",
        "--header", f"Authorization: Bearer {api.keys['owner']}", "--phases", ",".join(phases),
        "--max-examples", str(examples), "--seed", str(seed), "--exclude-checks", ",".join(LEFT_OUT),
        "--max-response-time", str(SECONDS_MAX), "--continue-on-failure", "--generation-database", "none", "--no-color",
        *(("--include-path-regex", paths) if paths else ()),
    ]  # fmt: skip


def main() -> None:
    """Exits with 1 where something was found wrong, or fewer calls were made than asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=50_000, help="calls at the least (50,000)")
    parser.add_argument("--examples", type=int, default=500, help="random calls an operation and round (500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, default=None, help="where finished rounds are kept")
    asked = parser.parse_args()
    known = _known(asked.state)
    while sum(row["cases"] for row in known) < asked.cases:
        seed = asked.seed + len(known)
        found = fuzz(asked.examples, PHASES, seed)
        known.append({"seed": seed, "cases": found.cases, "failures": found.failures})
        if found.failures:
            print(found.said)
        if asked.state is not None:
            asked.state.mkdir(parents=True, exist_ok=True)
            (asked.state / "api_fuzz.json").write_text(json.dumps(known), encoding="utf-8")
        print(f"round {len(known)}: {found.cases} calls, {found.failures} wrong", file=sys.stderr, flush=True)
    failures = sum(row["failures"] for row in known)
    print(f"{sum(row['cases'] for row in known):,} calls in {len(known)} rounds, {failures} answered wrong")
    sys.exit(1 if failures else 0)


def _known(state: Path | None) -> list[dict[str, int]]:
    if state is None or not (state / "api_fuzz.json").exists():
        return []
    found: list[dict[str, int]] = json.loads((state / "api_fuzz.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
