"""Where the hook is heard: its statements in the tune, how soon, and how often in each chorus.

Belongs here: finding a short figure in a line. Does not belong here: inventing hooks (composition.melody).
A statement has the hook's intervals and rhythm on any pitch; a scale step aside still counts, since a sequence in
the key changes whole tones for semitones (Müllensiefen and Frieler 2004 weigh intervals and rhythm so).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.critic.matter import Ints
from musicgen_assets.score.model import Section

NEAR_TICKS = 70
"""Onsets this near fall together: players deviate by less."""
STATED = 0.75
ASIDE = 0.6
"""What a note a semitone aside counts."""
NOTES_MIN = 3
HOOK_KINDS = ("chorus", "drop")


def statements(line: Ints, hook: Ints, least: float = STATED) -> Ints:
    """First ticks of the hook's statements in a line, in order, none overlapping."""
    if len(hook) < NOTES_MIN or len(line) < NOTES_MIN:
        return np.zeros(0, dtype=np.int64)
    onsets, pitches = hook[:, 0] - hook[0, 0], hook[:, 2] - hook[0, 2]
    starts = line[:, 0]
    wanted = starts[:, None] + onsets[None, :]
    place = np.clip(np.searchsorted(starts, wanted), 1, len(starts) - 1)
    place -= (wanted - starts[place - 1]) < (starts[place] - wanted)
    is_there = np.abs(starts[place] - wanted) <= NEAR_TICKS
    gaps = line[place, 2] - pitches[None, :]
    apart = np.abs(gaps[:, :, None] - gaps[:, None, :])
    credit = np.where(apart == 0, 1.0, np.where(apart == 1, ASIDE, 0.0))
    matched = (credit * (is_there[:, :, None] & is_there[:, None, :])).sum(axis=2).max(axis=1)
    inside = np.searchsorted(starts, starts + int(onsets[-1]) + NEAR_TICKS, side="right") - np.arange(len(starts))
    likeness = 2.0 * matched / (len(hook) + inside)
    return _apart(starts, likeness, least, int(onsets[-1]))


def _apart(starts: Ints, likeness: np.ndarray, least: float, span: int) -> Ints:
    kept: list[int] = []
    for index in np.argsort(-likeness, kind="stable").tolist():
        if likeness[index] < least:
            break
        tick = int(starts[index])
        if all(abs(tick - other) > span for other in kept):
            kept.append(tick)
    return np.array(sorted(kept), dtype=np.int64)


def hook_presence(found: Ints, sections: Sequence[Section], end_ticks: int) -> dict[str, float]:
    """``hook_first``: share of the song before the first statement (1 where there is none). ``hook_in_choruses``:
    fewest statements in a chorus (or drop) that is at least as long as half the longest; over the whole song where
    it has neither. ``hook_total``: statements in all.
    """
    hooks = [section for section in sections if section.kind in HOOK_KINDS]
    longest = max((section.bars for section in hooks), default=0)
    whole = [section for section in hooks if 2 * section.bars >= longest]
    counts = [int(((found >= s.start_ticks - NEAR_TICKS) & (found < s.end_ticks)).sum()) for s in whole]
    return {
        "hook_first": float(found[0]) / end_ticks if len(found) else 1.0,
        "hook_in_choruses": float(min(counts)) if counts else float(len(found)),
        "hook_total": float(len(found)),
    }
