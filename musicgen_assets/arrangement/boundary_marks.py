"""Which marks of a new section can be heard in a score, found from its notes alone.

Belongs here: detection. Does not belong here: placing devices (transitions).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.model import NoteArray, Score, Section, Track

CRASHES = (49, 52, 55, 57)
_NEAR_TICKS = 60
_CHANGED_BELOW = 0.8
_MORE_BY = 1.4
_LOUDER_BY = 1.12
_FIGURE_BY = 1.8
_LEAP_SEMITONES = 6.0


def boundary_marks(score: Score) -> list[tuple[str, ...]]:
    """For every section but the first, the marks at its start, in alphabetical order.

    crash: a crash cymbal on the line. turn: drums or bass do something else in the last bar than in the bar
    before it. hold: a chord part strikes at most half as often in the last half bar as a bar earlier. gap: a
    track that played the last beat a bar earlier is silent there. entry / exit: tracks begin or stop. figure:
    a pitched part strikes much more or less often, or elsewhere, from the line on. rush: it strikes clearly
    more in the last bar than before. level: the new section is clearly louder or softer from its first bar on.
    """
    arrays = [(track, track.array()) for track in score.tracks]
    return [tuple(sorted(_marks(score, section, arrays))) for section in score.sections[1:]]


def _marks(score: Score, section: Section, arrays: list[tuple[Track, NoteArray]]) -> set[str]:
    bar = ticks_per_bar(score.time_signature)
    line = section.start_ticks
    beat = bar - beat_starts(score.time_signature)[-1]
    found: set[str] = set()
    for track, notes in arrays:
        found |= _turns(track, notes, line, bar)
        last_beat = (line - beat + _NEAR_TICKS, line - _NEAR_TICKS)
        if _sounds(notes, last_beat[0] - bar, last_beat[1] - bar) and not _sounds(notes, *last_beat):
            found.add("gap")
        if len(_between(notes, line - bar, line)) and not len(_between(notes, line - _NEAR_TICKS, line + bar)):
            found.add("exit")
        if len(_between(notes, line - _NEAR_TICKS, line + bar)) and not _sounds(notes, line - bar, line):
            found.add("entry")
    if _is_step_in_level(arrays, line, bar):
        found.add("level")
    return found


def _turns(track: Track, notes: NoteArray, line: int, bar: int) -> set[str]:
    """What a track does in the last bar that it did not do in the bar before."""
    found: set[str] = set()
    last, earlier = _between(notes, line - bar, line), _between(notes, line - 2 * bar, line - bar)
    if track.is_drums:
        if np.isin(_between(notes, line - _NEAR_TICKS, line + _NEAR_TICKS)[:, 2], CRASHES).any():
            found.add("crash")
    elif len(earlier) and len(last) >= max(_MORE_BY * len(earlier), len(earlier) + 3):
        found.add("rush")
    if (
        track.role in ("drums", "bass", "percussion")
        and len(earlier)
        and _likeness(last, earlier, bar) < _CHANGED_BELOW
    ):
        found.add("turn")
    after = _between(notes, line, line + bar)
    if not track.is_drums and len(last) and len(after):
        more, fewer = max(len(last), len(after)), min(len(last), len(after))
        if more >= _FIGURE_BY * fewer or abs(float(last[:, 2].mean() - after[:, 2].mean())) >= _LEAP_SEMITONES:
            found.add("figure")
    if track.role in ("chords", "arpeggio"):
        half = bar // 2
        now = np.unique(_between(notes, line - half + _NEAR_TICKS, line)[:, 0])
        then = np.unique(_between(notes, line - bar - half + _NEAR_TICKS, line - bar)[:, 0])
        if len(then) >= 2 and 2 * len(now) <= len(then):
            found.add("hold")
    return found


def _between(notes: NoteArray, start: int, end: int) -> NoteArray:
    return notes[(notes[:, 0] >= start) & (notes[:, 0] < end)]


def _sounds(notes: NoteArray, start: int, end: int) -> bool:
    return bool(((notes[:, 0] < end) & (notes[:, 0] + notes[:, 1] > start)).any())


def _likeness(one: NoteArray, other: NoteArray, bar: int) -> float:
    """Shared share of (step, pitch) places between two bars; drums and bass alike."""
    first, second = _places(one, bar), _places(other, bar)
    union = len(np.union1d(first, second))
    return len(np.intersect1d(first, second)) / union if union else 1.0


def _places(notes: NoteArray, bar: int) -> NDArray[np.int64]:
    step = ticks_per_step("4/4")
    steps = np.rint((notes[:, 0] % bar) / step).astype(np.int64) % (bar // step)
    return np.unique(steps * 128 + notes[:, 2])


def _is_step_in_level(arrays: list[tuple[Track, NoteArray]], line: int, bar: int) -> bool:
    before = sum(int(_between(notes, line - 2 * bar, line)[:, 3].sum()) for _, notes in arrays)
    after = sum(int(_between(notes, line, line + 2 * bar)[:, 3].sum()) for _, notes in arrays)
    low, high = sorted((before, after))
    return high > 0 and high >= _LOUDER_BY * low
