"""How many songs the composer's own gates stop: every check of every asset up to the vocal line, nothing rendered.

``python -m benchmarks.gates_passed [--styles ambient,pop] [--seeds 1,2,3] [--durations 30,90,180]`` prints a line for
each song that a blocking check stops, with what the check says, and how many draws were needed. Belongs here: asking
and counting. Does not belong here: the checks (arrangement.critic), spoiled songs (critic_twins).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.written import write_song
from musicgen_assets.styles.loader import style_names

SEEDS, DURATIONS_S = (1, 2, 3), (30.0, 90.0, 180.0)


def stopped(style: str, seed: int, duration_s: float) -> list[str]:
    """What stops the song, a text for each blocking check that fails."""
    song = write_song(
        f"a {style.replace('_', ' ')} piece", seed,
        {"musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": duration_s},
    )  # fmt: skip
    return [f"{c.name} {c.measured} ({c.note})" for c in song.checks if c.is_blocking and not c.passed]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the songs that are stopped and how many there are; exit code 1 if any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--styles", default=",".join(style_names()))
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)))
    parser.add_argument("--durations", default=",".join(f"{value:g}" for value in DURATIONS_S))
    asked = parser.parse_args(arguments)
    songs, found = 0, 0
    by_check: Counter[str] = Counter()
    began_s = time.process_time()
    for duration in asked.durations.split(","):
        for style in asked.styles.split(","):
            for seed in asked.seeds.split(","):
                failures = stopped(style, int(seed), float(duration))
                songs, found = songs + 1, found + bool(failures)
                by_check.update(failure.split(" ")[0] for failure in failures)
                for failure in failures:
                    print(f"{style} {duration} s, seed {seed}: {failure}", flush=True)
    print(
        f"{found} of {songs} songs stopped{''.join(f'; {name} {count}' for name, count in by_check.items())}; "
        f"{(time.process_time() - began_s) / songs:.2f} s of processor a song"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
