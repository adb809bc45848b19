"""From written notes to played ones: dynamics of section and phrase, human timing, clean note ends.

Belongs here: what is done to all parts alike after they are written. Does not belong here: which notes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.feel import deviation_ticks
from musicgen_assets.score.model import NoteArray, NoteRow, note_array, note_rows

GHOST_BELOW = 46
"""Softer drum notes are ghosts and stay as they are."""
PHRASE_BARS = 4
_PITCHED_FLOOR, _PITCHED_REACH = 0.64, 0.48
_KIT_FLOOR, _KIT_REACH = 0.78, 0.3
_PHRASE_DEPTH = 0.05
_BUILD_FROM = 0.8
_FADE_TO = 0.7
_LATITUDE = 0.6
"""Pitched players deviate this share of the style's spread from the beat: the drums hold the pulse."""

FloatArray = NDArray[np.float64]


def perform(
    rows: Sequence[NoteRow], seat: Seat, timeline: Timeline, spread_ms: float, rng: np.random.Generator
) -> tuple[NoteRow, ...]:
    """The part as it is played: loudness by section energy and phrase, own timing, no overlaps.

    Grooves bring their own micro-timing, so a kit is not moved again. ``spread_ms`` 0 moves nobody.
    """
    notes = note_array(rows)
    if len(notes) == 0:
        return ()
    notes = _shaped(notes, seat, timeline)
    if not seat.is_kit:
        notes = _moved(notes, timeline, spread_ms * _LATITUDE, rng)
    return note_rows(tidy(notes, timeline, is_monophonic=seat.role == "bass" or seat.role == "lead"))


def _shaped(notes: NoteArray, seat: Seat, timeline: Timeline) -> NoteArray:
    gain = _dynamics(notes[:, 0].astype(np.int64), timeline, seat.is_kit)
    is_ghost = (notes[:, 3] < GHOST_BELOW) & seat.is_kit
    shaped = notes.copy()
    shaped[:, 3] = np.where(is_ghost, notes[:, 3], np.clip(np.rint(notes[:, 3] * gain), 8, 124))
    return shaped


def _dynamics(starts: NDArray[np.int64], timeline: Timeline, is_kit: bool) -> FloatArray:
    """A factor for each onset. The closing bar is already as loud as it should be: factor 1."""
    edges = np.array([plan.section.start_ticks for plan in timeline.sections])
    index = np.clip(np.searchsorted(edges, starts, side="right") - 1, 0, None)
    energies = np.array([plan.section.energy for plan in timeline.sections])[index]
    floor, reach = (_KIT_FLOOR, _KIT_REACH) if is_kit else (_PITCHED_FLOOR, _PITCHED_REACH)
    gain: FloatArray = floor + reach * energies
    phrase = ((starts - edges[index]) / (PHRASE_BARS * timeline.bar_ticks)) % 1.0
    gain = gain * (1.0 + _PHRASE_DEPTH * np.sin(np.pi * np.minimum(phrase / 0.75, 1.0)) - _PHRASE_DEPTH / 2)
    lengths = np.array([plan.section.end_ticks - plan.section.start_ticks for plan in timeline.sections])[index]
    share = (starts - edges[index]) / lengths
    kinds = np.array([plan.section.kind for plan in timeline.sections])[index]
    gain = np.where(kinds == "build", gain * (_BUILD_FROM + (1.1 - _BUILD_FROM) * share), gain)
    gain = np.where(kinds == "outro", gain * (1.0 + (_FADE_TO - 1.0) * share), gain)
    return np.where(starts >= timeline.ending_bar * timeline.bar_ticks, 1.0, gain)


def _moved(notes: NoteArray, timeline: Timeline, spread_ms: float, rng: np.random.Generator) -> NoteArray:
    """Onsets moved by human deviation, never over a section's start, the closing bar's or the song's."""
    starts = notes[:, 0].astype(np.int64)
    moves = deviation_ticks(rng, starts, spread_ms, timeline.tempo_bpm)
    closing = timeline.ending_bar * timeline.bar_ticks
    edges = np.unique([*(plan.section.start_ticks for plan in timeline.sections), closing, timeline.ring_end_ticks])
    index = np.clip(np.searchsorted(edges, starts, side="right") - 1, 0, len(edges) - 2)
    moved = notes.copy()
    moved[:, 0] = np.clip(starts + moves, edges[index], edges[index + 1] - 1)
    moved[:, 1] = np.maximum(notes[:, 0] + notes[:, 1] - moved[:, 0], 1)
    return note_array(moved)


def tidy(notes: NoteArray, timeline: Timeline, *, is_monophonic: bool) -> NoteArray:
    """Notes without overlaps of the same pitch (or at all), none sounding past the end but the closing chord."""
    closing = timeline.ending_bar * timeline.bar_ticks
    notes = note_array(notes)
    limit = np.where(notes[:, 0] >= closing, timeline.ring_end_ticks, closing)
    ends = np.minimum(notes[:, 0] + notes[:, 1], limit)
    voice = np.zeros(len(notes), dtype=np.int64) if is_monophonic else notes[:, 2].astype(np.int64)
    order = np.lexsort((notes[:, 3], notes[:, 0], voice))
    follows = np.flatnonzero(voice[order][1:] == voice[order][:-1])
    ends[order[follows]] = np.minimum(ends[order[follows]], notes[order[follows + 1], 0])
    clean = notes.copy()
    clean[:, 1] = ends - notes[:, 0]
    return clean[clean[:, 1] > 0]
