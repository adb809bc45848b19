"""How long a song takes to be written: composition and arrangement of every style, warm, and what the time goes to.

``python -m benchmarks.written_speed [--styles pop,jazz] [--duration 180] [--sung] [--profile STYLE]`` prints seconds of
wall clock and of processor for each asset and style, and the share of a fixed loop of Python so that two machines can
be compared. Warm: a short song of the style was written before, so that libraries and style data are loaded, and
nothing of the song itself. Belongs here: timing. Does not belong here: sound (``make bench``), prompts (understood).
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import time
from collections.abc import Iterator, Sequence

from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.styles.loader import style_names

BOUND_S = 2.0
"""What composition and arrangement of 180 s may take, warm."""


def context_of(style: str, seed: int, duration_s: float, is_sung: bool) -> CompositionContext:
    """What one asks for who wants a song of one style."""
    prompt = f"a {style.replace('_', ' ')} {'song about summer with vocals' if is_sung else 'piece'}"
    overrides = {"musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": duration_s}
    return validate_request(CompositionRequest(prompt=prompt, seed=seed, overrides=overrides))


def timed(context: CompositionContext) -> Iterator[tuple[str, float, float]]:
    """Asset, wall seconds and processor seconds of each asset up to the vocal line."""
    store = MemoryStore(context)
    for declaration in until("arrangement"):
        if declaration.stage == "ideation":
            continue
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        store.run(declaration.key)
        yield declaration.key, time.perf_counter() - wall_s, time.process_time() - cpu_s


def loop_s() -> float:
    """Seconds of processor for two million additions in plain Python."""
    began_s, total = time.process_time(), 0
    for number in range(2_000_000):
        total += number
    return time.process_time() - began_s


def profile(style: str, duration_s: float, is_sung: bool) -> None:
    """Print the 25 functions that one song spends most of its time in, callees included."""
    list(timed(context_of(style, 99, 30.0, is_sung)))
    watched = cProfile.Profile()
    watched.runcall(lambda: list(timed(context_of(style, 1, duration_s, is_sung))))
    pstats.Stats(watched, stream=sys.stdout).sort_stats("cumulative").print_stats(25)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line for each style; exit code 1 where the slowest is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--styles", default=",".join(style_names()))
    parser.add_argument("--duration", type=float, default=180.0)
    parser.add_argument("--sung", action="store_true")
    parser.add_argument("--profile", metavar="STYLE")
    asked = parser.parse_args(arguments)
    if asked.profile:
        profile(asked.profile, asked.duration, asked.sung)
        return 0
    walls: dict[str, float] = {}
    print(f"loop {1000 * loop_s():.0f} ms for 2 million additions")
    for style in asked.styles.split(","):
        list(timed(context_of(style, 99, 30.0, asked.sung)))
        rows = list(timed(context_of(style, 1, asked.duration, asked.sung)))
        walls[style] = sum(wall for _, wall, _ in rows)
        parts = "  ".join(f"{asset.split('/')[1]} {wall:.2f}" for asset, wall, _ in rows)
        print(
            f"{style:<22} {walls[style]:.2f} s wall, {sum(cpu for *_, cpu in rows):.2f} s processor:  {parts}",
            flush=True,
        )
    slowest = max(walls, key=walls.__getitem__)
    print(f"slowest {slowest} {walls[slowest]:.2f} s; bound {BOUND_S} s for 180 s")
    return 1 if walls[slowest] > BOUND_S else 0


if __name__ == "__main__":
    sys.exit(main())
