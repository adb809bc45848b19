"""Words on notes, plainly: one syllable a note, the last held over what is left, long notes struck again for more.

Belongs here: putting given syllables on given notes without judgement. Does not belong here: choosing either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from benchmarks.twins.editing import single_voiced
from musicgen_assets.arrangement.vocal_line import VocalLine
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Syllable, Track

_TOGETHER_TICKS = 40
"""Voices that begin within this of each other begin together."""


def sung_lines(syllables: Sequence[Syllable]) -> list[tuple[Syllable, ...]]:
    """The syllables line by line as they are sung."""
    return [tuple(line) for _, line in groupby(syllables, key=lambda one: (one.section, one.line))]


def notes_of(line: Sequence[Syllable], notes: Sequence[NoteRow]) -> list[NoteRow]:
    """The notes that carry a sung line."""
    end = line[-1].start_ticks + line[-1].duration_ticks
    return [row for row in notes if line[0].start_ticks <= row[0] < end]


def placed(syllables: Sequence[Syllable], notes: Sequence[NoteRow]) -> tuple[list[NoteRow], list[Syllable]]:
    """(notes, syllables at their places). Notes only change where there are fewer than syllables: the longest are
    struck twice.
    """
    rows = sorted(notes)
    while len(rows) < len(syllables):
        index = max(range(len(rows)), key=lambda place: (rows[place][1], -place))
        start, duration, pitch, velocity = rows[index]
        half = max(duration // 2, 1)
        rows[index : index + 1] = [
            (start, half, pitch, velocity),
            (start + half, max(duration - half, 1), pitch, velocity),
        ]
    found = []
    for number, syllable in enumerate(syllables):
        last = rows[-1] if number == len(syllables) - 1 else rows[number]
        start = rows[number][0]
        update = {"start_ticks": start, "duration_ticks": max(last[0] + last[1] - start, 1)}
        found.append(syllable.model_copy(update=update))
    return rows, found


def harmonies_along(before: VocalLine, after: VocalLine) -> tuple[Track, ...]:
    """The harmony voices of ``before`` going along with the line of ``after``: where they sang, they sing its notes, as
    far above or below it as they mostly were.
    """
    if before.track is None or after.track is None:
        return before.harmonies
    lead = {row[0]: row[2] for row in before.track.notes}
    found = []
    for voice in before.harmonies:
        pairs = [(row, _near(lead, row[0])) for row in voice.notes]
        apart = sorted(row[2] - lead[start] for row, start in pairs if start is not None)
        interval = apart[len(apart) // 2] if apart else 0
        spans = _spans(voice.notes)
        notes = tuple(
            (start, duration, min(max(pitch + interval, 0), 127), velocity)
            for start, duration, pitch, velocity in after.track.notes
            if any(low <= start < high for low, high in spans)
        )
        found.append(voice.model_copy(update={"notes": notes}))
    return tuple(found)


def harmonies_following(before: VocalLine, notes: Sequence[NoteRow]) -> tuple[Track, ...]:
    """The harmony voices of ``before`` moved note by note with its line, whose notes have become ``notes``, one for
    each in the old order. Notes that were alone stay.
    """
    old = before.track.notes if before.track is not None else ()
    moved = {was[0]: (now, now[2] - was[2]) for was, now in zip(old, notes, strict=True)}
    found = []
    for voice in before.harmonies:
        rows: list[NoteRow] = []
        for start, duration, pitch, velocity in voice.notes:
            place = _near(moved, start)
            if place is None:
                rows.append((start, duration, pitch, velocity))
            else:
                now, step = moved[place]
                rows.append((now[0], now[1], min(max(pitch + step, 0), 127), velocity))
        found.append(voice.model_copy(update={"notes": tuple(sorted(rows, key=lambda row: (row[0], row[2])))}))
    return tuple(found)


def _near(starts: Iterable[int], tick: int) -> int | None:
    return next((start for start in starts if abs(start - tick) <= _TOGETHER_TICKS), None)


def _spans(notes: Sequence[NoteRow]) -> list[tuple[int, int]]:
    """[start, end) of each stretch that a voice sings without a rest of a beat."""
    spans: list[tuple[int, int]] = []
    for start, duration, _, _ in notes:
        if spans and start - spans[-1][1] < TICKS_PER_QUARTER:
            spans[-1] = (spans[-1][0], max(spans[-1][1], start + duration))
        else:
            spans.append((start, start + duration))
    return spans


def laid_anew(vocal: VocalLine, tune: Sequence[NoteRow]) -> VocalLine:
    """The same words on another tune: each line takes the tune's notes in the time it was sung in. A line in whose
    time the tune is silent keeps its own.
    """
    if vocal.track is None:
        return vocal
    notes: list[NoteRow] = []
    syllables: list[Syllable] = []
    lines = sung_lines(vocal.syllables)
    for number, line in enumerate(lines):
        end = line[-1].start_ticks + line[-1].duration_ticks
        until = min(end, lines[number + 1][0].start_ticks) if number + 1 < len(lines) else end
        taken = [
            (row[0], min(row[1], until - row[0]), *row[2:]) for row in tune if line[0].start_ticks <= row[0] < until
        ]
        rows, there = placed(line, taken or notes_of(line, vocal.track.notes))
        notes += rows
        syllables += there
    track = vocal.track.model_copy(update={"notes": tuple(single_voiced(notes))})
    return vocal.model_copy(update={"track": track, "syllables": tuple(syllables)})
