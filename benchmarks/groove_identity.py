"""Can the deep styles be told apart by their groove alone, tempo, swing, velocities and instruments hidden?

``python -m benchmarks.groove_identity`` prints confusion matrices. A groove is a grid of onsets over two bars; the
judge has heard some songs of each style, and is asked about one energy level of other songs, with other seeds and
moods: it names the style of the nearest groove it knows. It keeps what it heard groove by groove and takes no means:
time on a ride or on the hats are two ways of one style, and their mean is a groove that nobody plays. The last table is
harder: the judge forgets every song of the asked style whose drums (without any, whose comping) play nearly what is
asked about, so that it must know the style by its other grooves; drums by height only. Belongs here: grids, the judge,
the tables. Does not belong here: making grooves better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.bass_line import compose_bass
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.feel import swung_grid
from musicgen_assets.composition.groove_building import DRUM_KEYS, GHOST_VELOCITIES
from musicgen_assets.composition.rhythm_pattern import compose_rhythm
from musicgen_assets.context.schema import Mood
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.score.material import BassLine, Harmony, Rhythm
from musicgen_assets.styles.loader import DEEP_STYLES, load_style

FloatArray = NDArray[np.float64]

METER = "4/4"
"""The one meter all deep styles play; the others would give styles away by themselves."""
LEVELS = (2, 3, 4)
BARS = 2
GHOST_WEIGHT = 0.3
KNOWN_SEEDS, ASKED_SEEDS = tuple(range(1, 25)), tuple(range(1001, 1041))
GOAL = 0.8
_PITCHED_ROWS = -2
"""Comping and bass stand below the drums."""
_SAME = 0.95
"""Cosine of two grids from which they are one groove, a ghost note more or less."""

PIECES = {piece: piece for piece in DRUM_KEYS}
"""Every piece a row of its own: the judge hears which drum it is."""
FAMILIES = {
    "kick": "low", "tom_low": "low", "conga_low": "low", "bongo_low": "low",
    "snare": "middle", "rim": "middle", "clap": "middle", "tom_mid": "middle", "tom_high": "middle",
    "conga_high": "middle", "bongo_high": "middle", "clave": "middle", "cowbell": "middle",
    "hat": "high", "open_hat": "high", "pedal_hat": "high", "ride": "high", "crash": "high", "shaker": "high",
    "tambourine": "high",
}  # fmt: skip
"""Drums by height only: no clave, no ride to give a style away."""
_PIECE_OF_KEY = {key: piece for piece, key in DRUM_KEYS.items()}


@dataclass(frozen=True)
class Groove:
    """One energy level of one song, known only by its onsets."""

    style: str
    level: int
    grid: FloatArray
    """Shape (rows, steps of two bars), values 0-1: how often, ghosts counting GHOST_WEIGHT."""


@lru_cache(maxsize=2048)
def _written(style: str, seed: int, mood: Mood | None) -> tuple[Rhythm, Harmony, BassLine]:
    made = load_style(style)
    mood = mood or made.mood
    rng = np.random.default_rng(seed)
    rhythm = compose_rhythm(made, made.tempo_bpm.typical, METER, mood, (), rng)
    scale = max(made.scales, key=lambda name: made.scales[name])
    harmony, _ = compose_harmony(HarmonyBrief(made, "C", scale, METER, mood), rng)
    return rhythm, harmony, compose_bass(made, harmony, rhythm, METER, rng)


def grooves_of(style: str, seed: int, mood: Mood | None, rows: Mapping[str, str]) -> list[Groove]:
    """The grooves of one song of the style, a level each. ``mood`` None is the style's own."""
    rhythm, harmony, bass = _written(style, seed, mood)
    kind = "chorus" if "chorus" in harmony.sections else next(iter(harmony.sections))
    bars = harmony.sections[kind].bars
    return [
        Groove(style, level, np.vstack([_drums(rhythm, level, rows), _comping(rhythm, level), _bass(bass, kind, bars,
               rhythm, level)]))
        for level in LEVELS
    ]  # fmt: skip


def _steps(ticks: Sequence[int], rhythm: Rhythm, bars: int) -> list[int]:
    grid = swung_grid(bars, rhythm.swing, METER, rhythm.sixteenth_swing)
    return [int(np.abs(grid - tick).argmin()) % (len(grid) - 1) for tick in ticks]


def _row(steps: Sequence[int], weights: Sequence[float], bars: int) -> FloatArray:
    """Onsets of ``bars`` bars folded onto two, as their mean; a single bar is heard twice."""
    per_bar = steps_per_bar(METER)
    long = np.zeros(max(bars, BARS) * per_bar)
    repeats = BARS // bars if bars < BARS else 1
    for step, weight in zip(steps, weights, strict=True):
        for again in range(repeats):
            place = step + again * bars * per_bar
            long[place] = max(long[place], weight)
    cycles = len(long) // (BARS * per_bar)
    folded = long[: cycles * BARS * per_bar].reshape(cycles, -1).mean(axis=0)
    return np.asarray(folded, dtype=np.float64)


def _drums(rhythm: Rhythm, level: int, rows: Mapping[str, str]) -> FloatArray:
    groove = rhythm.grooves[level]
    steps = _steps([hit.start_ticks for hit in groove.hits], rhythm, groove.bars)
    names = list(dict.fromkeys(rows.values()))
    found = []
    for name in names:
        own = [
            (step, GHOST_WEIGHT if hit.velocity <= GHOST_VELOCITIES[1] else 1.0)
            for step, hit in zip(steps, groove.hits, strict=True)
            if rows[_PIECE_OF_KEY[hit.key]] == name
        ]
        found.append(_row([step for step, _ in own], [weight for _, weight in own], groove.bars))
    return np.vstack(found)


def _comping(rhythm: Rhythm, level: int) -> FloatArray:
    comping = rhythm.comping[level]
    steps = _steps([onset[0] for onset in comping.onsets], rhythm, comping.bars)
    return _row(steps, [1.0] * len(steps), comping.bars)


def _bass(line: BassLine, kind: object, bars: int, rhythm: Rhythm, level: int) -> FloatArray:
    rows = next(levels[level] for name, levels in line.sections.items() if name == kind)
    steps = _steps([row[0] for row in rows], rhythm, bars)
    return _row(steps, [1.0] * len(steps), bars)


def known_grooves(rows: Mapping[str, str], seeds: Sequence[int] = KNOWN_SEEDS) -> list[Groove]:
    """The grooves of every deep style and level in the songs the judge has heard."""
    return [groove for style in DEEP_STYLES for seed in seeds for groove in grooves_of(style, seed, None, rows)]


def asked(rows: Mapping[str, str], seeds: Sequence[int] = ASKED_SEEDS) -> list[Groove]:
    """Grooves of songs the judge doesn't know: other seeds, and moods drawn anywhere."""
    found = []
    for style in DEEP_STYLES:
        for seed in seeds:
            valence, arousal = np.random.default_rng(seed).random(2).tolist()
            found += grooves_of(style, seed, Mood(valence=valence, arousal=arousal), rows)
    return found


def named(groove: Groove, known: Sequence[Groove], *, unheard: bool = False) -> str:
    """The style of the nearest known groove (Euclidean). ``unheard``: grooves of the same style whose drums play nearly
    the same are left out.
    """
    grids = np.stack([one.grid for one in known])
    distances = np.square(grids - groove.grid).sum(axis=(1, 2))
    if unheard:
        own = np.array([one.style == groove.style for one in known])
        rows = slice(None, _PITCHED_ROWS) if groove.grid[:_PITCHED_ROWS].any() else slice(_PITCHED_ROWS, -1)
        distances[own & (_cosines(grids[:, rows], groove.grid[rows]) > _SAME)] = np.inf
    return known[int(distances.argmin())].style


def _cosines(grids: FloatArray, grid: FloatArray) -> FloatArray:
    norms = np.sqrt(np.square(grids).sum(axis=(1, 2)) * np.square(grid).sum())
    found: FloatArray = (grids * grid).sum(axis=(1, 2)) / np.maximum(norms, 1e-9)
    return found


def confusion(known: Sequence[Groove], questions: Sequence[Groove], *, unheard: bool = False) -> NDArray[np.int64]:
    """Counts, shape (styles, styles): row what it is, column what it was taken for."""
    counts = np.zeros((len(DEEP_STYLES), len(DEEP_STYLES)), dtype=np.int64)
    for groove in questions:
        counts[DEEP_STYLES.index(groove.style), DEEP_STYLES.index(named(groove, known, unheard=unheard))] += 1
    return counts


def recall(counts: NDArray[np.int64]) -> dict[str, float]:
    """Share of each style's grooves that were named rightly."""
    return {style: float(counts[i, i] / counts[i].sum()) for i, style in enumerate(DEEP_STYLES)}


def main() -> None:
    """Print the matrices."""
    pieces, families = known_grooves(PIECES), known_grooves(FAMILIES)
    print_table("by piece", confusion(pieces, asked(PIECES)))
    print_table("by height only", confusion(families, asked(FAMILIES)))
    print_table("by height only, grooves never heard", confusion(families, asked(FAMILIES), unheard=True))


def print_table(title: str, counts: NDArray[np.int64]) -> None:
    """One confusion matrix with each style's share of right answers."""
    print(f"\n{title}: {counts.trace() / counts.sum():.1%} of {counts.sum()} grooves named rightly")
    print(" " * 12 + "".join(f"{style[:6]:>8}" for style in DEEP_STYLES))
    for style, row, share in zip(DEEP_STYLES, counts, recall(counts).values(), strict=True):
        print(f"{style:<12}" + "".join(f"{count:>8}" for count in row) + f"   {share:.0%}")


if __name__ == "__main__":
    main()
