"""Setting a line to a phrase of the melody: its syllables where its own stresses want them, on the phrase's tune.

Belongs here: when a line's rhythm may depart from the phrase's, breaths, turns on long syllables. Does not belong here:
laying syllables under given notes (vocal_underlay), which words go where (vocal_words).

A melody is made to the first stanza of each kind. Later stanzas fall otherwise: where their stresses would land on weak
places, the phrase is set anew (composition.melody_rhythm, after Halle and Lerdahl 1993) and sung on the pitches of the
tune at those times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from musicgen_assets.arrangement.vocal_underlay import Sung, Unit, underlay
from musicgen_assets.composition.feel import EIGHTH_TICKS, SIXTEENTH_TICKS, beat_starts, swung
from musicgen_assets.composition.melody_rhythm import Pace, PhraseRhythm, place
from musicgen_assets.score.clock import seconds, ticks, ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow

ANTICIPATION_TICKS = 240
"""A syllable up to an eighth before a beat belongs to it, if it sounds through it."""
BREATH_S = 0.25
"""Least silence between two lines: time to breathe."""
_BREATH_SHARE = 0.4
"""Of a line's last note, at most this is given up for breath."""
_NATURAL_NOTE_S, _SYNCOPATION, _REACH = 0.3, 0.5, 0.92
_BETTER_BY = 0.12
"""A new setting must put so much more of the stresses on beats to be worth leaving the tune's rhythm."""
_NOISE = np.zeros(64)
_TURN_TICKS = 720
"""A last syllable from this length on has room for a turn."""


@dataclass(frozen=True)
class Phrase:
    """One phrase of the tune as the song has it: its notes, until when it may last, how its sixteenths swing."""

    rows: tuple[NoteRow, ...]
    end: int
    sixteenth_swing: float = 0.5


def set_line(phrase: Phrase, units: Sequence[Unit], time_signature: str, tempo_bpm: float) -> tuple[Sung, ...]:
    """The line on the phrase: on its notes as they are where that puts the stresses on beats, else set anew."""
    plain = underlay(phrase.rows, units, time_signature)
    if not plain or len({unit.line for unit in units}) > 1:
        return plain
    fit = _share_on_beats(plain, units, time_signature)
    if fit >= 1.0:
        return plain
    anew = _anew(phrase, units, time_signature, tempo_bpm)
    if anew and _share_on_beats(anew, units, time_signature) >= fit + _BETTER_BY:
        return anew
    return plain


def on_beat(start: int, duration: int, following: int | None, time_signature: str) -> bool:
    """Whether a syllable begins on a felt beat or anticipates one: begins up to an eighth before it and sounds through
    it, with no other syllable on it.
    """
    bar = ticks_per_bar(time_signature)
    beats = beat_starts(time_signature)
    place_in_bar = start % bar
    if place_in_bar in beats:
        return True
    ahead = min((beat - place_in_bar) % bar for beat in beats)
    is_taken = following is not None and following <= start + ahead
    return ahead <= ANTICIPATION_TICKS and duration > ahead and not is_taken


def _share_on_beats(sung: Sequence[Sung], units: Sequence[Unit], time_signature: str) -> float:
    hits: list[bool] = []
    for index, (syllable, unit) in enumerate(zip(sung, units, strict=True)):
        if unit.stress:
            start = syllable.notes[0][0]
            end = syllable.notes[-1][0] + syllable.notes[-1][1]
            following = sung[index + 1].notes[0][0] if index + 1 < len(sung) else None
            hits.append(on_beat(start, end - start, following, time_signature))
    return sum(hits) / len(hits) if hits else 1.0


def _anew(phrase: Phrase, units: Sequence[Unit], time_signature: str, tempo_bpm: float) -> tuple[Sung, ...]:
    """One note a syllable in a rhythm of the line's own, near the phrase's; pitches those of the tune at the time."""
    start = phrase.rows[0][0]
    bar = ticks_per_bar(time_signature)
    origin = start - start % bar
    swing = _Swing(_swing_ticks(phrase.rows), phrase.sixteenth_swing, time_signature)
    stresses = tuple(unit.stress for unit in units)
    note_s = min(_NATURAL_NOTE_S, seconds(phrase.end - start, tempo_bpm) * _REACH / max(len(units), 1))
    pace = Pace(time_signature, tempo_bpm, note_s, _SYNCOPATION, _REACH)
    model = PhraseRhythm(
        start - origin, phrase.end - origin, tuple(swing.straight(row[0] - origin) for row in phrase.rows),
        tuple(row[1] for row in phrase.rows), stresses,
    )  # fmt: skip
    first = swing.straight(start - origin)
    if phrase.end - origin - first < len(units) * 2:
        return ()
    rhythm = place(stresses, (first, phrase.end - origin), pace, _NOISE, model=model)
    onsets = [swing.swung(onset) + origin for onset in rhythm.onsets]
    if any(later <= earlier for earlier, later in pairwise(onsets)):
        return ()
    ends = [*onsets[1:], max(onsets[-1] + rhythm.lengths[-1], onsets[-1] + 1)]
    return tuple(
        Sung(unit.text, unit.is_word_end, unit.line, ((onset, min(end, phrase.end) - onset, *_tune_at(phrase, onset)),))
        for unit, onset, end in zip(units, onsets, ends, strict=True)
        if min(end, phrase.end) > onset
    )


def _tune_at(phrase: Phrase, tick: int) -> tuple[int, int]:
    """(pitch, velocity) of the tune at a time: the note that sounds, or the next where it comes within a sixteenth."""
    sounding = phrase.rows[0]
    for row in phrase.rows:
        if row[0] > tick + TICKS_PER_QUARTER // 4:
            break
        sounding = row
    return sounding[2], sounding[3]


def _swing_ticks(rows: Sequence[NoteRow]) -> int:
    """How late the phrase's off-beat eighths are against straight ones."""
    half = TICKS_PER_QUARTER // 2
    late = sorted(row[0] % TICKS_PER_QUARTER - half for row in rows if 0 < row[0] % TICKS_PER_QUARTER - half < 100)
    return late[len(late) // 2] if late else 0


@dataclass(frozen=True)
class _Swing:
    """How a phrase swings: its off-beat eighths ``eighth_ticks`` late, or its sixteenths by a share of a pair."""

    eighth_ticks: int
    sixteenths: float
    time_signature: str

    def straight(self, tick: int) -> int:
        """A played tick on the straight grid; others than swung places stay."""
        eighth = EIGHTH_TICKS
        late = swung(SIXTEENTH_TICKS, 0.5, self.time_signature, self.sixteenths)
        if late != SIXTEENTH_TICKS and tick % eighth == late:
            return tick - late + SIXTEENTH_TICKS
        is_late = self.eighth_ticks and tick % TICKS_PER_QUARTER == eighth + self.eighth_ticks
        return tick - self.eighth_ticks if is_late else tick

    def swung(self, tick: int) -> int:
        """A tick of the straight grid as played."""
        if tick % TICKS_PER_QUARTER == EIGHTH_TICKS:
            return tick + self.eighth_ticks
        return swung(tick, 0.5, self.time_signature, self.sixteenths)


def with_breath(sung: Sequence[Sung], next_start: int | None, tempo_bpm: float) -> tuple[Sung, ...]:
    """The line with its last note cut so that there is time to breathe before ``next_start``; words stay whole."""
    if next_start is None or not sung:
        return tuple(sung)
    last = sung[-1]
    start, duration, pitch, velocity = last.notes[-1]
    limit = next_start - ticks(BREATH_S, tempo_bpm)
    kept = max(min(duration, limit - start), round(duration * (1.0 - _BREATH_SHARE)), 1)
    cut = Sung(
        last.text, last.is_word_end, last.line, (*last.notes[:-1], (start, min(kept, duration), pitch, velocity))
    )
    return (*sung[:-1], cut)


def bound(sung: Sequence[Sung]) -> tuple[Sung, ...]:
    """Every syllable inside a word held until the next one begins: nobody breathes inside a word."""
    held: list[Sung] = []
    for index, syllable in enumerate(sung):
        if syllable.is_word_end or index + 1 == len(sung):
            held.append(syllable)
            continue
        start, _, pitch, velocity = syllable.notes[-1]
        until = sung[index + 1].notes[0][0]
        notes = (*syllable.notes[:-1], (start, max(until - start, 1), pitch, velocity))
        held.append(Sung(syllable.text, syllable.is_word_end, syllable.line, notes))
    return tuple(held)


def with_turn(sung: Sequence[Sung], scale: frozenset[int], top: int) -> tuple[Sung, ...]:
    """The last syllable, if it is long, sung as a turn: the note, the scale's next above, the note."""
    if not sung:
        return ()
    last = sung[-1]
    start, duration, pitch, velocity = last.notes[-1]
    upper = next((p for p in (pitch + 1, pitch + 2, pitch + 3) if p % 12 in scale and p <= top), None)
    if duration < _TURN_TICKS or upper is None or len(last.notes) > 1:
        return tuple(sung)
    step = duration // 6 // 60 * 60 or duration // 6
    notes = (
        (start, duration - 3 * step, pitch, velocity), (start + duration - 3 * step, step, upper, velocity),
        (start + duration - 2 * step, 2 * step, pitch, velocity),
    )  # fmt: skip
    return (*sung[:-1], Sung(last.text, last.is_word_end, last.line, notes))
