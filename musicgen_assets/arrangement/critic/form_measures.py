"""What a form does, measured bar by bar: what returns, what is new, where it turns, and how it ends.

Belongs here: measures of bars and sections as wholes. Does not belong here: what an arranger puts at boundaries
(integrity), which values are good (references).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Floats, Ints, Part
from musicgen_assets.score.model import Section

_SHUFFLES = 8
_KERNEL_BARS = 4


def bar_tokens(parts: Sequence[Part], bars: int, bar_steps: int) -> Ints:
    """One row of symbols a bar: what each part strikes at each step (lowest pitch plus one, 0 for nothing).

    Shape (bars, parts * bar_steps); performance left out.
    """
    table = np.zeros((len(parts), bars * bar_steps), dtype=np.int64)
    for row, part in zip(table, parts, strict=True):
        step = np.rint(part.notes[:, 0] / STEP_TICKS).astype(np.int64)
        inside = step < len(row)
        row[step[inside][::-1]] = part.notes[inside, 2][::-1] + 1
    return table.reshape(len(parts), bars, bar_steps).swapaxes(0, 1).reshape(bars, -1)


def repetition(tokens: Ints, rng_seed: int = 1) -> dict[str, float]:
    """How much of a song its own earlier bars foretell.

    ``distinct``: share of bars that are not the copy of an earlier one. ``order``: how much better the bars compress
    in their order than shuffled, as a share of the shuffled size (zlib, mean of eight shuffles): repetition with an
    order to it (Van Balen et al. 2015 on self-similarity; the measure is a rule of thumb). ``economy``: compressed
    over raw size of the bars' numbers: low for loops.
    """
    bars = len(tokens)
    if bars < 4:
        return {"distinct": 1.0, "order": 0.0, "economy": 1.0}
    _, numbers = np.unique(tokens, axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    rows = tokens.astype(np.uint8)
    size = _compressed(rows)
    rng = np.random.default_rng(rng_seed)
    shuffled = float(np.mean([_compressed(rows[rng.permutation(bars)]) for _ in range(_SHUFFLES)]))
    return {
        "distinct": len(np.unique(numbers)) / bars,
        "order": 1.0 - size / shuffled,
        "economy": size / max(rows.size, 1),
    }


def _compressed(rows: np.ndarray) -> int:
    return len(zlib.compress(np.ascontiguousarray(rows).tobytes(), 6))


_ENOUGH_BARS, _LENIENCE = 24, 0.36


def foretold(likeness: Floats) -> float:
    """How well bars foretell what follows them, 0-1: where a bar comes back, the next bar comes back too.

    Mean likeness of the successors of each bar and of the earlier bar likest to it, less the mean likeness of all
    bars, over what is left to 1. Each bar counts by the square of how much liker that earlier bar is than is usual: a
    bar that never came before foretells nothing. Shuffled bars measure about 0; two-bar loops measure 1. In short songs
    few bars can come back, so that the mean says little: each bar that is missing to _ENOUGH_BARS adds its share of
    _LENIENCE.
    """
    bars = len(likeness)
    if bars < 4:
        return 1.0
    earlier = np.tril(np.ones((bars, bars), dtype=bool), -1)
    usual = float(likeness[earlier].mean())
    if usual >= 1.0:
        return 1.0
    before = np.where(earlier, likeness, -1.0)[1:-1]
    likest = before.argmax(axis=1)
    weights = np.maximum(before.max(axis=1) - usual, 1e-9) ** 2
    follows = float(np.average(likeness[likest + 1, np.arange(2, bars)], weights=weights))
    lenience = _LENIENCE * max(_ENOUGH_BARS - bars, 0) / _ENOUGH_BARS
    return min((follows - usual) / (1.0 - usual) + lenience, 1.0)


def bar_likeness(features: Floats) -> Floats:
    """Cosine of every bar with every other, 0-1, shape (bars, bars); ``features`` (bars, n) not negative."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.maximum(norms, 1e-9)
    likeness: Floats = unit @ unit.T
    silent = norms[:, 0] == 0
    likeness[np.ix_(silent, silent)] = 1.0
    return likeness


def section_likeness(likeness: Floats, sections: Sequence[Section], skip_last_bar: bool) -> dict[str, float]:
    """Sections against each other, bar for bar from their starts.

    ``alike``: mean likeness of sections of a kind (1 where none returns). ``unlike``: one less the mean likeness of
    sections of different kinds. ``told_apart``: by how much the first mean exceeds the likeness of different kinds.
    """
    same: list[float] = []
    other: list[float] = []
    for index, first in enumerate(sections):
        for second in sections[index + 1 :]:
            bars = min(first.bars, second.bars)
            if skip_last_bar and second is sections[-1]:
                bars = min(bars, second.bars - 1)
            if bars < 1:
                continue
            rows = np.arange(bars)
            value = float(likeness[first.start_bar + rows, second.start_bar + rows].mean())
            (same if first.kind == second.kind else other).append(value)
    alike = float(np.mean(same)) if same else 1.0
    different = float(np.mean(other)) if other else 0.0
    return {"alike": alike, "unlike": 1.0 - different, "told_apart": alike - different}


def novelty(likeness: Floats) -> Floats:
    """How much each barline divides what differs, shape (bars,): a checkerboard kernel along the diagonal of the
    likeness matrix (Foote 2000). 0 at the first two bars and at the last, where there is nothing to compare.
    """
    bars = len(likeness)
    found = np.zeros(bars)
    for line in range(2, bars - 1):
        reach = min(_KERNEL_BARS, line, bars - line)
        before, after = slice(line - reach, line), slice(line, line + reach)
        within = likeness[before, before].mean() + likeness[after, after].mean()
        found[line] = within / 2.0 - likeness[before, after].mean()
    return found


def boundary_novelty(curve: Floats, sections: Sequence[Section]) -> float:
    """Mean rank, 0-1, of the novelty at section starts among all barlines, the best within a bar counting; .5 is
    chance, or a little over it. 1 for a song of one section.
    """
    if len(sections) < 2 or len(curve) < 4:
        return 1.0
    order = np.searchsorted(np.sort(curve[1:]), curve, side="left") / max(len(curve) - 2, 1)
    return float(np.mean([min(order[section.start_bar], 1.0) for section in sections[1:]]))


def close(parts: Sequence[Part], end_ticks: int, beat_ticks: int) -> dict[str, float]:
    """How the music stops, from all pitched notes.

    ``last_note_beats``: length of the last notes in beats, the longest of what is struck last. ``gathered``: share of
    pitched parts of the song's last eight bars that sound in its last strike.
    """
    struck = [part.notes for part in parts if part.is_pitched and len(part.notes)]
    if not struck:
        return {"last_note_beats": 0.0, "gathered": 0.0}
    every = np.concatenate(struck)
    last = int(every[:, 0].max())
    closing = every[every[:, 0] >= last - beat_ticks // 2]
    recent = [notes for notes in struck if int((notes[:, 0] + notes[:, 1]).max()) >= end_ticks - 32 * beat_ticks]
    sounding = [notes for notes in recent if int((notes[:, 0] + notes[:, 1]).max()) > last]
    return {
        "last_note_beats": float((closing[:, 0] + closing[:, 1]).max() - last) / beat_ticks,
        "gathered": len(sounding) / max(len(recent), 1),
    }
