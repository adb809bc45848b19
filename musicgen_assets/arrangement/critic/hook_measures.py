"""Where the hook is heard: how soon, and how often in each chorus.

Belongs here: counting statements by section. Does not belong here: what counts as a statement
(composition.melody_hook), inventing hooks (composition.melody).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.critic.matter import Ints
from musicgen_assets.composition.melody_hook import hook_statements
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.model import Section, note_rows

NEAR_TICKS = 70
"""A statement may begin this long before its section: players are early."""


def statements(line: Ints, hook: Ints) -> Ints:
    """First ticks of the hook's statements in a line, in order; empty where either is too short to tell."""
    found = hook_statements(note_rows(line.astype(np.int32)), note_rows(hook.astype(np.int32)))
    return np.array([statement.start_ticks for statement in found], dtype=np.int64)


def share_said(found: Ints, hook: Ints, notes: int) -> float:
    """Share of the line's ``notes`` that say the hook, 0-1, where it is said more than once: a hook of three notes that
    returns is a figure that returns, though it is too short for melody_measures.recurrence.
    """
    return min(len(found) * len(hook) / notes, 1.0) if len(found) > 1 else 0.0


def hook_presence(found: Ints, sections: Sequence[Section], end_ticks: int) -> dict[str, float]:
    """``hook_in_choruses``: fewest statements in a chorus (or drop) that is at least half as long as the longest.
    ``hook_late``: share of the song before the first statement, 1 where there is none. ``hook_total``: statements in
    all. A form without choruses (AABA, one theme developed) has its theme for a hook: it need state the hook but once,
    which counts as two, and anywhere.
    """
    hooks = [section for section in sections if section.kind in HOOK_KINDS]
    longest = max((section.bars for section in hooks), default=0)
    whole = [section for section in hooks if 2 * section.bars >= longest]
    counts = [int(((found >= s.start_ticks - NEAR_TICKS) & (found < s.end_ticks)).sum()) for s in whole]
    first = float(found[0]) / end_ticks if len(found) else 1.0
    return {
        "hook_in_choruses": float(min(counts)) if counts else 2.0 * len(found),
        "hook_late": first if hooks or not len(found) else 0.0,
        "hook_total": float(len(found)),
    }
