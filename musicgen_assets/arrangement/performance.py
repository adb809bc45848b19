"""From written notes to played ones: dynamics of section and phrase, human timing and touch, clean note ends.

Belongs here: what is done to all parts alike after they are written. Does not belong here: which notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.chord_voicing import GUITARS
from musicgen_assets.arrangement.timeline import Timeline
from musicgen_assets.composition.feel import group_starts
from musicgen_assets.composition.groove_building import BACKBEAT_KEYS, BACKBEAT_VELOCITIES, DRUM_KEYS, GHOST_VELOCITIES
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
_STRUCK_FROM_LEVEL = 3
"""Below, a backbeat is as soft as its section."""
ACCENT_VELOCITY = 114
"""What everyone strikes on a hit point is at least this loud."""
_BUILD_FROM = 0.8
_FADE_TO = 0.7

FloatArray = NDArray[np.float64]
_NOBODY: Mapping[str, float] = MappingProxyType({})


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


def perform(
    rows: Sequence[NoteRow], seat: Seat, timeline: Timeline, pulse: Pulse, rng: np.random.Generator,
    behind_ms: Mapping[str, float] = _NOBODY,
) -> Part:  # fmt: skip
    """The part as written and as played: loudness by section energy and phrase, human timing and touch, no overlaps.

    ``behind_ms`` is the style's, see styles.schema_groove. A machine's pulse moves nobody, so both are equal.
    """
    is_monophonic = seat.role in ("bass", "lead")
    notes = tidy(note_array(rows), timeline, is_monophonic=is_monophonic)
    if len(notes) == 0:
        return Part((), ())
    hands = player_hands(rng, pulse)
    is_backbeat = _struck_backbeats(notes, seat, timeline)
    notes = _touched(_shaped(notes, seat, timeline), seat, pulse, hands)
    notes[is_backbeat, 3] = np.clip(notes[is_backbeat, 3], *BACKBEAT_VELOCITIES)
    played = _moved(notes, timeline, moves_ticks(pulse, hands, *_places(notes), _aside_ms(notes, seat, behind_ms)))
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


def _struck_backbeats(notes: NoteArray, seat: Seat, timeline: Timeline) -> NDArray[np.bool_]:
    """The accents of snare, rim and clap in sections from level 3 on."""
    edges = np.array([plan.section.start_ticks for plan in timeline.sections])
    levels = np.array([plan.level for plan in timeline.sections])
    index = np.clip(np.searchsorted(edges, notes[:, 0], side="right") - 1, 0, None)
    is_accent = np.isin(notes[:, 2], sorted(BACKBEAT_KEYS)) & (notes[:, 3] >= BACKBEAT_VELOCITIES[0])
    struck: NDArray[np.bool_] = is_accent & (levels[index] >= _STRUCK_FROM_LEVEL) & seat.is_kit
    return struck


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


def _places(notes: NoteArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return notes[:, 0].astype(np.int64), notes[:, 2].astype(np.int64)


def _aside_ms(notes: NoteArray, seat: Seat, behind_ms: Mapping[str, float]) -> FloatArray:
    """How far behind the common pulse each note is meant: by the piece of the kit, else by the player's role."""
    of_role = behind_ms.get(seat.role, 0.0)
    if not seat.is_kit:
        return np.full(len(notes), of_role)
    of_key = np.full(128, of_role)
    for piece, key in DRUM_KEYS.items():
        of_key[key] = behind_ms.get(piece, of_role)
    return of_key[notes[:, 2]]


def _touched(notes: NoteArray, seat: Seat, pulse: Pulse, hands: Hands) -> NoteArray:
    """The player's touch; ghosts stay ghosts."""
    changed = np.clip(np.rint(notes[:, 3] + touch_changes(pulse, hands, *_places(notes))), 8, 124)
    is_ghost = (notes[:, 3] < GHOST_BELOW) & seat.is_kit
    touched = notes.copy()
    touched[:, 3] = np.where(is_ghost, np.clip(changed, *GHOST_VELOCITIES), changed)
    return touched


def _moved(notes: NoteArray, timeline: Timeline, moves: NDArray[np.int64]) -> NoteArray:
    """Onsets moved, never over a section's start, the closing bar's or the song's. Order of rows and number of notes
    stay.
    """
    starts = notes[:, 0].astype(np.int64)
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


def settled(part: Part, timeline: Timeline, stops: Sequence[tuple[int, int]]) -> Part:
    """The part with everyone on time where it matters: on hit points, out of silences, and done by a section's end,
    so that a section can be played anew without touching the next. ``stops`` are silences in ticks.
    """
    on_time = frozenset(anchor.tick for anchor in timeline.anchors)
    accents = frozenset(anchor.tick for anchor in timeline.anchors if anchor.kind == "hit")
    edges = np.array([plan.section.end_ticks for plan in timeline.sections])
    edges[-1] = timeline.ring_end_ticks
    rows: list[tuple[NoteRow, NoteRow]] = []
    for written, played in zip(part.written, part.played, strict=True):
        limit = int(edges[min(int(np.searchsorted(edges, written[0], side="right")), len(edges) - 1)])
        start, end = written[0] if written[0] in on_time else played[0], played[0] + played[1]
        for silent_from, silent_until in stops:
            if written[0] < silent_from:
                start, limit = min(start, silent_from - 1), min(limit, silent_from)
            elif written[0] >= silent_until:
                start = max(start, silent_until)
        velocity = max(written[3], ACCENT_VELOCITY) if written[0] in accents else written[3]
        rows.append(
            (
                (written[0], max(min(written[1], limit - written[0]), 1), written[2], velocity),
                (start, max(min(end, limit) - start, 1), written[2], velocity),
            )
        )
    rows.sort(key=lambda pair: (pair[1][0], pair[1][2]))
    return Part(tuple(written for written, _ in rows), tuple(played for _, played in rows))
