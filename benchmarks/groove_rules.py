"""Every rule of groove over all styles and a few seeds, measured on finished songs, as one table.

``python -m benchmarks.groove_rules [STYLES] [SEEDS]``: styles by comma (default all), number of seeds (default 3).
Belongs here: bounds, their exceptions and reasons, the table. Does not belong here: measuring (groove_measures).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import groove_measures as measures
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.styles.schema import Style

DURATION_S = 100.0
MOMENTS_MIN = 64
"""Tracks with fewer onsets say too little about correlation."""
LAG_ONE_MIN, APART_MAX_MS = 0.2, 20.0
KICK_WITH_BASS = (0.6, 0.9)
PLAYS_THROUGH = frozenset({"pulse", "octaves", "bossa", "two_feel", "roots"})
"""Idioms that meet every kick and may exceed the upper bound: eighths throughout, the surdo's figure, strong pulses,
the kicks themselves."""
DOUBLE_KICK_MIN = 0.5
"""Where the bass only plays through in eighths, double kicks run past it in sixteenths (metal)."""
OWN_RHYTHM = frozenset({"tumbao", "tumbao_double", "pedal", "walking"})
"""Idioms with a rhythm of their own, not bound by the kick: anticipation, held tones, every beat."""
HELD = frozenset({"sub"})
"""Idioms that hold roots through their changes."""
ROOT_MIN, STEP_MIN = 0.7, 0.4
FILLED_MIN, TURNED_MIN, BACKBEAT_MIN = 0.8, 0.8, 0.8
SYNCOPATED_FROM, SHUFFLED_FROM = 0.5, 0.6
"""Styles whose ``melody_syncopation`` is at least this are syncopated in their rhythm section as well; shuffles, with a
swing from SHUFFLED_FROM, need not be: their off-beats already pull.
"""
SYNCOPATION = (1.0, 9.5)
"""Of the most syncopated of kick, open hats, bass and chords; a bar of nothing but anticipated beats has 11.
Rule of thumb."""


@dataclass(frozen=True)
class Row:
    """One song's figures by rule; nan where a rule says nothing about it."""

    style: str
    seed: int
    figures: Mapping[str, float]


def measured(song: WrittenSong, style: str, seed: int) -> Row:
    """The figures of one song."""
    found = measures.deviations(song)
    lags = [one.lag_one for one in found if len(one.ticks) >= MOMENTS_MIN]
    crossings = measures.crossings(song)
    root, step = measures.bass_at_changes(song)
    struck = measures.velocities_of(song, 46, 127)
    quiet = measures.drum_weight(song, ("verse",))
    hooks = measures.drum_weight(song, ("chorus", "drop"))
    streams = measures.rhythm_section_syncopation(song)
    figures = {
        "spread_ms": float(np.mean([one.ms.std() for one in found])),
        "lag_one": min(lags, default=float("nan")),
        "apart_ms": float(np.percentile(measures.apart_ms(found), 99)),
        "hats": measures.hat_cycle(song),
        "backbeats": float(((struck >= 95) & (struck <= 120)).mean()) if len(struck) else float("nan"),
        "ghosts": float(measures.ghosts(song)),
        "kick_bass": measures.kick_with_bass(song),
        "root": root,
        "step": step,
        "filled": _share([one.is_filled for one in crossings]),
        "crash_kick": _share([one.has_crash and one.has_kick for one in crossings]),
        "turns": measures.turns(song),
        "hook_over_verse": min(hooks) / max(quiet) if hooks and quiet and max(quiet) else float("nan"),
        "last_over_hooks": hooks[-1] / max(hooks[:-1]) if len(hooks) > 1 and max(hooks) else float("nan"),
        "syncopation": max(streams.values(), default=float("nan")),
    }
    return Row(style, seed, figures)


def _share(facts: Sequence[bool]) -> float:
    return float(np.mean(facts)) if facts else float("nan")


def faults(row: Row, style: Style) -> list[str]:
    """The rules that a song of a style does not keep, by name."""
    figure, is_machine = row.figures, style.humanize_ms == 0
    idioms = set(style.bass.values())
    high = 1.0 if idioms & PLAYS_THROUGH else KICK_WITH_BASS[1]
    low = DOUBLE_KICK_MIN if idioms <= PLAYS_THROUGH else KICK_WITH_BASS[0]
    rules = {
        "spread_ms": figure["spread_ms"] == 0 if is_machine else figure["spread_ms"] > 0,
        "lag_one": is_machine or not figure["lag_one"] < LAG_ONE_MIN,
        "apart_ms": figure["apart_ms"] <= APART_MAX_MS,
        "hats": not figure["hats"] <= 0,
        "kick_bass": bool(idioms & OWN_RHYTHM) or not (figure["kick_bass"] < low
                                                       or figure["kick_bass"] > high),
        "root": "pedal" in idioms or not figure["root"] < ROOT_MIN,
        "step": bool(idioms & (OWN_RHYTHM | HELD)) or not figure["step"] < STEP_MIN,
        "filled": not figure["filled"] < FILLED_MIN,
        "crash_kick": not figure["crash_kick"] < FILLED_MIN,
        "turns": not figure["turns"] < TURNED_MIN,
        "hook_over_verse": not figure["hook_over_verse"] <= 1,
        "last_over_hooks": not figure["last_over_hooks"] <= 1,
        "syncopation": style.melody_syncopation < SYNCOPATED_FROM
        or style.swing >= SHUFFLED_FROM
        or SYNCOPATION[0] <= figure["syncopation"] <= SYNCOPATION[1],
    }  # fmt: skip
    return [name for name, is_kept in rules.items() if not is_kept]


def song_of(style: str, seed: int) -> WrittenSong:
    """A plain song of one style, long enough for a form."""
    overrides = {"technical.duration_s": DURATION_S, "musical.genres": [{"name": style, "weight": 1.0}]}
    return write_song("a song", seed, overrides)


def main() -> None:
    """See the module."""
    chosen = sys.argv[1].split(",") if len(sys.argv) > 1 and sys.argv[1] != "all" else list(style_names())
    seeds = range(1, int(sys.argv[2]) + 1 if len(sys.argv) > 2 else 4)
    header: list[str] = []
    kept = total = 0
    for style in chosen:
        for seed in seeds:
            row = measured(song_of(style, seed), style, seed)
            if not header:
                header = list(row.figures)
                print("| style | seed | " + " | ".join(header) + " | not kept |")
                print("|---" * (len(header) + 3) + "|")
            broken = faults(row, load_style(style))
            kept, total = kept + (not broken), total + 1
            cells = " | ".join(f"{row.figures[name]:.2f}" for name in header)
            print(f"| {style} | {seed} | {cells} | {', '.join(broken)} |", flush=True)
    print(f"{kept} of {total} songs keep every rule")


if __name__ == "__main__":
    main()
