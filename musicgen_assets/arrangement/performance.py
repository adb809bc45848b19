"""From written notes to played ones: dynamics of section and phrase, human timing and touch, clean note ends.

Belongs here: what is done to all parts alike after they are written. Does not belong here: which notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.chord_voicing import GUITARS
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.feel import group_starts
from musicgen_assets.composition.groove_building import GHOST_VELOCITIES
from musicgen_assets.composition.micro_timing import (
    Hands,
    Pulse,
    band_pulse,
    moves_ticks,
    player_hands,
    touch_changes,
)
from musicgen_assets.score.clock import ticks
from musicgen_assets.score.model import NoteArray, NoteRow, note_array, note_rows

GHOST_BELOW = 46
"""Softer drum notes are ghosts and stay as they are."""
PHRASE_BARS = 4
_PITCHED_FLOOR, _PITCHED_REACH = 0.64, 0.48
_KIT_FLOOR, _KIT_REACH = 0.78, 0.3
_PHRASE_DEPTH = 0.05
STRUM_S = 0.011
"""From string to string; a strum over six takes about 55 ms. Rule of thumb."""
_STRUM_FROM_NOTES = 4
_BUILD_FROM = 0.8
_FADE_TO = 0.7

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A part twice, sorted as it is played: note i of ``written`` is note i of ``played``.

    ``written`` lies on the (swung) grid. Pitches and velocities are equal in both.
    """

    written: tuple[NoteRow, ...]
    played: tuple[NoteRow, ...]


def pulse_of(timeline: Timeline, spread_ms: float, rng: np.random.Generator) -> Pulse:
    """The drift that all players of the song share, up to where it rings out."""
    return band_pulse(rng, max(timeline.end_ticks, timeline.ring_end_ticks), spread_ms, timeline.tempo_bpm)


def perform(rows: Sequence[NoteRow], seat: Seat, timeline: Timeline, pulse: Pulse, rng: np.random.Generator) -> Part:
    """The part as written and as played: loudness by section energy and phrase, human timing and touch, no overlaps.

    A machine's pulse moves nobody, so both are equal.
    """
    notes = note_array(rows)
    is_monophonic = seat.role in ("bass", "lead")
    notes = tidy(_shaped(notes, seat, timeline), timeline, is_monophonic=is_monophonic)
    if len(notes) == 0:
        return Part((), ())
    hands = player_hands(rng, pulse)
    notes = _touched(notes, seat, pulse, hands)
    played = _moved(notes, timeline, pulse, hands)
    if seat.role == "chords" and seat.program in GUITARS:
        played[:, 0] += _strum_ticks(notes, timeline)
    played[:, 1] = np.maximum(_ends(played, timeline, is_monophonic=is_monophonic) - played[:, 0], 1)
    order = np.lexsort((played[:, 2], played[:, 0]))
    return Part(note_rows(notes[order]), note_rows(played[order]))


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


def _touched(notes: NoteArray, seat: Seat, pulse: Pulse, hands: Hands) -> NoteArray:
    """The player's touch; ghosts stay ghosts."""
    starts, pitches = notes[:, 0].astype(np.int64), notes[:, 2].astype(np.int64)
    changed = np.clip(np.rint(notes[:, 3] + touch_changes(pulse, hands, starts, pitches)), 8, 124)
    is_ghost = (notes[:, 3] < GHOST_BELOW) & seat.is_kit
    touched = notes.copy()
    touched[:, 3] = np.where(is_ghost, np.clip(changed, *GHOST_VELOCITIES), changed)
    return touched


def _moved(notes: NoteArray, timeline: Timeline, pulse: Pulse, hands: Hands) -> NoteArray:
    """Onsets moved by human timing, never over a section's start, the closing bar's or the song's. Order of rows
    and number of notes stay.
    """
    starts, pitches = notes[:, 0].astype(np.int64), notes[:, 2].astype(np.int64)
    moves = moves_ticks(pulse, hands, starts, pitches, np.zeros(len(notes)))
    closing = timeline.ending_bar * timeline.bar_ticks
    edges = np.unique([*(plan.section.start_ticks for plan in timeline.sections), closing, timeline.ring_end_ticks])
    index = np.clip(np.searchsorted(edges, starts, side="right") - 1, 0, len(edges) - 2)
    moved = notes.copy()
    moved[:, 0] = np.clip(starts + moves, edges[index], edges[index + 1] - 1)
    moved[:, 1] = np.maximum(notes[:, 0] + notes[:, 1] - moved[:, 0], 1)
    return moved


def _strum_ticks(notes: NoteArray, timeline: Timeline) -> NDArray[np.int64]:
    """How much later than its stroke each string of a chord sounds: from the lowest on strong pulses and where the
    chord changes, else from the highest.
    """
    starts = notes[:, 0].astype(np.int64)
    _, stroke_of, sizes = np.unique(starts, return_inverse=True, return_counts=True)
    firsts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rank = np.arange(len(notes)) - firsts[stroke_of]
    changes = np.array([chord.start_ticks for chord in timeline.chords], dtype=np.int64)
    is_strong = np.isin(starts % timeline.bar_ticks, group_starts(timeline.time_signature))
    is_down = is_strong | np.isin(starts, changes)
    string = np.where(is_down, rank, sizes[stroke_of] - 1 - rank)
    late = np.minimum(string * max(ticks(STRUM_S, timeline.tempo_bpm), 1), notes[:, 1] // 2)
    strummed: NDArray[np.int64] = np.where(sizes[stroke_of] >= _STRUM_FROM_NOTES, late, 0)
    return strummed


def tidy(notes: NoteArray, timeline: Timeline, *, is_monophonic: bool) -> NoteArray:
    """Notes without overlaps of the same pitch (or at all), none sounding past the end but the closing chord."""
    clean = notes.copy()
    clean[:, 1] = _ends(notes, timeline, is_monophonic=is_monophonic) - notes[:, 0]
    return clean[clean[:, 1] > 0]


def _ends(notes: NoteArray, timeline: Timeline, *, is_monophonic: bool) -> NDArray[np.int64]:
    """Where each note ends: by the next of its pitch (or at all), by the closing chord, by the song's end."""
    closing = timeline.ending_bar * timeline.bar_ticks
    limit = np.where(notes[:, 0] >= closing, timeline.ring_end_ticks, closing)
    ends: NDArray[np.int64] = np.minimum(notes[:, 0].astype(np.int64) + notes[:, 1], limit)
    voice = np.zeros(len(notes), dtype=np.int64) if is_monophonic else notes[:, 2].astype(np.int64)
    order = np.lexsort((notes[:, 3], notes[:, 0], voice))
    follows = np.flatnonzero(voice[order][1:] == voice[order][:-1])
    ends[order[follows]] = np.minimum(ends[order[follows]], notes[order[follows + 1], 0])
    return ends
