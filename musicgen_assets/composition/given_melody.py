"""A melody that a person gave, as the song's material: its hook, and the themes it says itself.

A file whose parts are called as sections gives these themes, as the MIDI beside composition/melody has them: hook,
verse, chorus ... A single tune is the refrain's theme and gives the hook; other themes are composed around that hook.

Belongs here: from a tune to a hook and themes. Does not belong here: reading the file (score.tune), composing the rest
(melody, melody_theme).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.composition.melody_contour import Contour, Singer, contour_of
from musicgen_assets.composition.melody_hook import HOOK_BARS_MAX, HOOK_NOTES_MAX, HOOK_NOTES_MIN
from musicgen_assets.composition.melody_rhythm import PhraseRhythm
from musicgen_assets.composition.section_loops import ALL_KINDS, BARS_PER_LINE
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import Harmony, Theme
from musicgen_assets.score.model import NoteRow
from musicgen_assets.score.tune import Tune

HOOK = "hook"
PART_NAMES = (HOOK, *ALL_KINDS)
"""Parts of a file that are themes of their own."""
_GRID_TICKS = 60
_STRESSED_FROM = 0.5


@dataclass(frozen=True)
class Given:
    """What a tune gives: the hook as rows from its own first bar, and themes by kind."""

    hook: tuple[NoteRow, ...]
    themes: Mapping[SectionKind, Theme]


def given_by(tune: Tune, harmony: Harmony, time_signature: str) -> Given:
    """The hook and the themes of ``tune``, each as long as the harmony's loop of its kind or longer."""
    bar = ticks_per_bar(time_signature)
    named = {name: _from_first_bar(rows, bar) for name, rows in tune.parts.items()}
    loops = {kind: section.bars for kind, section in harmony.sections.items()}
    themes = {kind: _theme(named[kind], bars, bar) for kind, bars in loops.items() if kind in named}
    main = _from_first_bar(tune.notes, bar)
    if not themes:
        themes = {kind: _theme(main, bars, bar) for kind, bars in loops.items() if kind in HOOK_KINDS}
    return Given(_hook(named.get(HOOK, main), bar), themes)


def hook_contour(given: Given, singer: Singer) -> Contour:
    """The hook as themes quote it, in an octave that the singer reaches."""
    bar = ticks_per_bar(singer.time_signature)
    onsets = [round(row[0] / _GRID_TICKS) * _GRID_TICKS for row in given.hook]
    lengths = [max(round(row[1] / _GRID_TICKS), 1) * _GRID_TICKS for row in given.hook]
    end = -(-(onsets[-1] + lengths[-1]) // bar) * bar
    stresses = tuple(int(metric_weight(onset % bar, singer.time_signature) >= _STRESSED_FROM) for onset in onsets)
    rhythm = PhraseRhythm(0, end, tuple(onsets), tuple(lengths), stresses)
    pitches = [row[2] for row in given.hook]
    shift = round(((singer.low + singer.high) / 2.0 - float(np.mean(pitches))) / 12.0) * 12
    return contour_of(rhythm, [pitch + shift for pitch in pitches], singer)


def _theme(rows: Sequence[NoteRow], bars: int, bar: int) -> Theme:
    """The rows as a theme: whole bars, said again until they fill the harmony's loop."""
    own = -(-max(start + length for start, length, _, _ in rows) // bar)
    own = next(size for size in (1, 2, 4, 8, 16, 32, 64, 128) if size >= own)
    passes = max(1, -(-bars // own))
    said = tuple(
        (start + number * own * bar, length, pitch, velocity)
        for number in range(passes)
        for start, length, pitch, velocity in rows
    )
    total = own * passes if bars % own else max(bars, own)
    kept = tuple(row for row in said if row[0] < total * bar)
    return Theme(bars=total, notes=kept, phrases=_phrases(kept, total, bar))


def _phrases(rows: Sequence[NoteRow], bars: int, bar: int) -> tuple[tuple[int, int], ...]:
    """The notes of every two bars, where there are any."""
    starts = np.array([row[0] for row in rows])
    edges = np.searchsorted(starts, [number * bar for number in range(0, bars + BARS_PER_LINE, BARS_PER_LINE)])
    return tuple((int(first), int(last)) for first, last in pairwise(edges) if last > first)


def _hook(rows: Sequence[NoteRow], bar: int) -> tuple[NoteRow, ...]:
    """The beginning of the tune: at most nine notes of two bars, three at least."""
    within = [row for row in rows if row[0] < HOOK_BARS_MAX * bar][:HOOK_NOTES_MAX]
    return tuple(within if len(within) >= HOOK_NOTES_MIN else rows[:HOOK_NOTES_MIN])


def _from_first_bar(rows: Sequence[NoteRow], bar: int) -> tuple[NoteRow, ...]:
    """Times from the bar of the first note: what stands before it is silence of the file."""
    lead = rows[0][0] // bar * bar
    return tuple((start - lead, length, pitch, velocity) for start, length, pitch, velocity in rows)
