"""Words on notes, plainly: one syllable a note, the last held over what is left, long notes struck again for more.

Belongs here: putting given syllables on given notes without judgement. Does not belong here: choosing either.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmarks.twins.editing import single_voiced
from musicgen_assets.arrangement.vocal_line import VocalLine
from musicgen_assets.score.model import NoteRow, Syllable


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
