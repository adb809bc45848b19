"""Harmony voices to a sung line: thirds, sixths, a block or a drone, led note by note against the chords.

Belongs here: which sections get voices, and their pitches. Does not belong here: the lead itself (vocal_line), its
sound (production).

Each voice is found by dynamic programming over the lead's notes: an interval has a price by the group's habit, a
pitch outside the chord one that no note on a beat will pay while a chord tone is near, and every step of the voice
its size. Rules of close vocal harmony as usually taught: thirds and sixths to the lead, chord tones on strong places,
small steps, no crossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Syllable
from musicgen_assets.styles.schema_vocals import HarmonyGroup
from musicgen_assets.theory.scales import scale_pitch_classes

VOICES_MAX = 3
HARMONY_PREFIX = "vocal_harmony_"
"""Names of harmony tracks begin with it; a number from 1 follows."""
_QUIET = 0.78
"""Velocity of a harmony voice as a share of the lead's."""
_FULL_ENERGY = 0.55
"""From this energy on every line of a refrain is harmonized; below it only the one with the title."""
_LONG_TICKS, _SIXTEENTH_TICKS = 480, 120
_OUTSIDE_PRICE, _CLASH_PRICE, _WEAK_OUTSIDE_PRICE = 6.0, 12.0, 0.6
_STEP_PRICE, _LEAP_PRICE = 0.12, 0.35
_OTHER_INTERVAL_PRICE = 4.0
_TAKEN_PRICE, _CROSSED_PRICE = 8.0, 4.0

_Intervals = dict[int, float]
_ABOVE: _Intervals = {3: 0.0, 4: 0.0, 5: 0.7, 7: 1.8, 8: 1.6, 9: 1.6}
_BELOW: _Intervals = {-3: 0.0, -4: 0.0, -5: 0.7, -7: 1.8, -8: 1.2, -9: 1.2}
_SIXTH_BELOW: _Intervals = {-8: 0.0, -9: 0.0, -7: 0.8, -5: 1.2, -4: 1.4, -3: 1.4, -10: 2.0, -12: 2.5}
_GROUPS: dict[str, tuple[_Intervals, ...]] = {
    "thirds": (_ABOVE, _SIXTH_BELOW), "sixths": (_SIXTH_BELOW, _ABOVE), "block": (_BELOW, _SIXTH_BELOW, _ABOVE),
    "drone": (),
}  # fmt: skip
"""Voices of each group in the order they join."""


@dataclass(frozen=True)
class SungNote:
    """A note of the lead: where it belongs."""

    row: NoteRow
    section: Section
    line: int


def sung_notes(score: Score, notes: Sequence[NoteRow], syllables: Sequence[Syllable]) -> list[SungNote]:
    """The lead's notes with the sections and lines they sing."""
    by_name = {section.name: section for section in score.sections}
    found: list[SungNote] = []
    for syllable in syllables:
        end = syllable.start_ticks + syllable.duration_ticks
        rows = [row for row in notes if syllable.start_ticks <= row[0] < end]
        found += [SungNote(row, by_name[syllable.section], syllable.line) for row in rows]
    return found


def harmony_voices(
    score: Score, lead: Sequence[SungNote], group: HarmonyGroup, low: int, high: int
) -> tuple[tuple[NoteRow, ...], ...]:
    """Notes of each harmony voice, at most VOICES_MAX, none empty; pitches within ``low``..``high``.

    The first refrain of a song has one voice, on the title line alone where its energy is low; later ones one on
    every line; the last one all of the group.
    """
    if group == "none":
        return ()
    refrains = [section for section in score.sections if section.kind in HOOK_KINDS]
    sung = [section for section in refrains if any(note.section == section for note in lead)]
    voices: list[list[NoteRow]] = [[] for _ in range(VOICES_MAX)]
    for section in sung:
        is_last = section is sung[-1] and len(sung) > 1
        is_full = section.energy >= _FULL_ENERGY or section is not sung[0]
        notes = [note for note in lead if note.section == section and (is_full or note.line == 0)]
        rows = [note.row for note in notes]
        for number, added in enumerate(_section_voices(score, section, rows, group, is_last, (low, high))):
            voices[number] += added
    return tuple(tuple(sorted(voice)) for voice in voices if voice)


def _section_voices(
    score: Score, section: Section, rows: Sequence[NoteRow], group: HarmonyGroup, is_last: bool, reach: tuple[int, int]
) -> list[list[NoteRow]]:
    tonic_scale = scale_pitch_classes(score.key, score.scale)
    scale = frozenset((pc + section.transpose) % 12 for pc in tonic_scale)
    if group == "drone":
        tonic = (tonic_scale[0] + section.transpose) % 12
        return [_drone(score, rows, tonic, reach)]
    found: list[list[NoteRow]] = []
    habits = _GROUPS[group]
    count = len(habits) if is_last else 2 if group == "block" else 1
    for intervals in habits[:count]:
        found.append(_voice(score, rows, intervals, scale, found, reach))
    return found


def _voice(
    score: Score,
    rows: Sequence[NoteRow],
    intervals: _Intervals,
    scale: frozenset[int],
    others: Sequence[Sequence[NoteRow]],
    reach: tuple[int, int],
) -> list[NoteRow]:
    """The cheapest row of pitches, one for each of the lead's ``rows``."""
    bar = ticks_per_bar(score.time_signature)
    table: list[dict[int, tuple[float, int | None]]] = []
    for index, row in enumerate(rows):
        taken = {other[index][2] for other in others}
        chords = chords_under(score.chords, row[0], row[1])
        is_firm = row[1] >= _LONG_TICKS or metric_weight(row[0] % bar, score.time_signature) >= 0.5
        prices = _pitch_prices(row, intervals, chords, scale, taken, is_firm, reach)
        column: dict[int, tuple[float, int | None]] = {}
        for pitch, price in prices.items():
            if not table:
                column[pitch] = (price, None)
                continue
            before = min(table[-1], key=lambda old: (table[-1][old][0] + _move(pitch - old), old))
            column[pitch] = (table[-1][before][0] + _move(pitch - before) + price, before)
        table.append(column)
    return _read_back(table, rows)


def _read_back(table: Sequence[dict[int, tuple[float, int | None]]], rows: Sequence[NoteRow]) -> list[NoteRow]:
    pitches: list[int] = []
    pitch: int | None = min(table[-1], key=lambda p: (table[-1][p][0], p)) if table else None
    for column in reversed(table):
        if pitch is None:
            break
        pitches.append(pitch)
        pitch = column[pitch][1]
    return [
        (start, duration, sung, max(1, round(velocity * _QUIET)))
        for (start, duration, _, velocity), sung in zip(rows, reversed(pitches), strict=True)
    ]


def _pitch_prices(
    row: NoteRow,
    intervals: _Intervals,
    chords: Sequence[ChordSpan],
    scale: frozenset[int],
    taken: set[int],
    is_firm: bool,
    reach: tuple[int, int],
) -> dict[int, float]:
    """Price of each pitch on the wanted side of the lead: an octave at most, never the lead's own pitch class a
    semitone off, at least one.
    """
    lead, low, high = row[2], *reach
    sides = {interval > 0 for interval in intervals}
    found: dict[int, float] = {}
    for interval in (*range(-12, 0), *range(1, 13)):
        pitch = lead + interval
        if (interval > 0) not in sides or not low <= pitch <= high or abs(interval) < 3:
            continue
        crossed = any((other < lead) == (pitch < lead) and abs(pitch - lead) < abs(other - lead) for other in taken)
        price = intervals.get(interval, _OTHER_INTERVAL_PRICE) + _TAKEN_PRICE * (pitch in taken)
        price += _CROSSED_PRICE * crossed
        found[pitch] = price + max((_chord_price(pitch % 12, chord, scale, is_firm) for chord in chords), default=0.0)
    return found or {min(max(lead, low), high): 0.0}


def _chord_price(pc: int, chord: ChordSpan, scale: frozenset[int], is_firm: bool) -> float:
    """0 for chord tones; outside them little in passing, much where the note is heard, most a semitone off one."""
    if pc in chord.pitch_classes:
        return 0.0
    if pc not in scale:
        return _CLASH_PRICE
    rubs = any((pc - tone) % 12 in (1, 11) for tone in chord.pitch_classes)
    if is_firm:
        return _CLASH_PRICE if rubs else _OUTSIDE_PRICE
    return _WEAK_OUTSIDE_PRICE + 0.6 * rubs


def _move(semitones: int) -> float:
    size = abs(semitones)
    return _STEP_PRICE * size + _LEAP_PRICE * max(size - 4, 0)


def _drone(score: Score, rows: Sequence[NoteRow], tonic: int, reach: tuple[int, int]) -> list[NoteRow]:
    """The tonic under the lead, the fifth where the tonic rubs against the chord, else the nearest chord tone."""
    found: list[NoteRow] = []
    for start, duration, lead, velocity in rows:
        chords = chords_under(score.chords, start, duration)
        tones = chords[0].pitch_classes if chords else (tonic,)
        wanted = next((pc for pc in (tonic, (tonic + 7) % 12) if pc in tones), None)
        if wanted is None:
            wanted = min(tones, key=lambda pc: (min((pc - tonic) % 12, (tonic - pc) % 12), pc))
        below = [p for p in range(max(reach[0], lead - 15), lead - 2) if p % 12 == wanted]
        pitch = below[-1] if below else next((p for p in range(lead + 3, reach[1] + 1) if p % 12 == wanted), lead)
        quiet = max(1, round(velocity * _QUIET))
        if found and found[-1][2] == pitch and start - (found[-1][0] + found[-1][1]) <= _LONG_TICKS // 2:
            first = found[-1]
            found[-1] = (first[0], start + duration - first[0], pitch, first[3])
        else:
            found.append((start, duration, pitch, quiet))
    return found


def chords_under(chords: Sequence[ChordSpan], start: int, duration: int) -> list[ChordSpan]:
    """The chords that a note sounds with for a sixteenth or more (or for all of a shorter note), the longest first."""
    heard = [
        (min(start + duration, chord.start_ticks + chord.duration_ticks) - max(start, chord.start_ticks), chord)
        for chord in chords
    ]
    least = min(_SIXTEENTH_TICKS, duration)
    return [chord for shared, chord in sorted(heard, key=lambda pair: -pair[0]) if shared >= least]
