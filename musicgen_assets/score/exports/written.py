"""Performed notes back on the grid they were written on: straight, in sixteenths, thirty-seconds or triplets.

Belongs here: a whole song on paper, its chords, voices and words. Does not belong here: where one note starts and ends
(grid), splitting notes at bars and beats (durations), files (musicxml, score.midi).

A swung pair is written as two even eighths under the word "Swing" (Swing.words), as players expect it. Note ends are
written as far as the next note or beat where they nearly reach it: a short player's touch is no rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from musicgen_assets.score.clock import meter, ticks
from musicgen_assets.score.exports.grid import LEAN_TICKS, Grid
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Score, Syllable, Track

VOICES_MAX = 4
"""Lines of different rhythm that one staff can show; a fifth cuts the one that ends first."""
_STRAIGHT_UNTIL, _LIGHT_SWING = 0.52, 0.6
"""Shares up to which pairs are called straight, and below which swing is called light. Rule of thumb."""
ROLL_STEP_S, ROLL_S = 0.08, 0.25
"""Of a strummed or rolled chord: longest step between its notes, and its longest whole. Rule of thumb."""
_ROLL_STEP_TICKS = 70
"""Its longest step at fast tempi: sixteenths are no roll."""


@dataclass(frozen=True)
class Swing:
    """How pairs are played: the share of a pair of eighths or sixteenths that its first takes; 0.5 is straight."""

    eighths: float = 0.5
    sixteenths: float = 0.5

    @property
    def is_straight(self) -> bool:
        """Whether all pairs are even."""
        return self.eighths == 0.5 and self.sixteenths == 0.5

    @property
    def words(self) -> str:
        """What stands above the first bar; empty where pairs are even or nearly so."""
        share = max(self.eighths, self.sixteenths)
        if share <= _STRAIGHT_UNTIL:
            return ""
        light = "Light swing" if share < _LIGHT_SWING else "Swing"
        return light if self.eighths >= self.sixteenths else f"{light} sixteenths"


STRAIGHT = Swing()


@dataclass(frozen=True)
class WrittenScore:
    """A song on paper. ``score`` holds what is declared; ``tracks`` and ``syllables`` are on the straight grid.

    Ticks are the song's own, those of its skips among them; no written note starts or ends inside one (bars.Bar).
    """

    score: Score
    tracks: tuple[Track, ...]
    syllables: tuple[Syllable, ...]
    swing: Swing = STRAIGHT

    @property
    def carrier(self) -> str:
        """The track that the words belong to; empty where nothing is sung."""
        names = [track.name for track in self.tracks]
        return next((name for name in ("vocal", "melody") if name in names), "") if self.syllables else ""


def written_score(
    score: Score, tracks: Sequence[Track] | None = None, syllables: Sequence[Syllable] = (), swing: Swing = STRAIGHT
) -> WrittenScore:
    """``score`` on paper. ``tracks`` (default: the score's) are swung, and played by people or not yet."""
    swing = swing if meter(score.time_signature)[1] == 4 else STRAIGHT
    parts = score.tracks if tracks is None else tuple(tracks)
    words = tuple(syllables) or score.syllables
    paper = tuple(_written_track(track, score, swing) for track in parts)
    there = WrittenScore(score, paper, words, swing)
    carrier = next((track for track in parts if track.name == there.carrier), None)
    if carrier is None:
        return there
    line = next(track for track in paper if track.name == carrier.name)
    return replace(there, syllables=_written_syllables(words, line, swing))


def straightened(tick: float, swing: Swing) -> float:
    """A played tick on the straight grid: undoes the swing of eighths, then of sixteenths."""
    if swing.is_straight:
        return float(tick)
    return _evened(_evened(tick, TICKS_PER_QUARTER, swing.eighths), TICKS_PER_QUARTER // 2, swing.sixteenths)


def _evened(tick: float, span: int, share: float) -> float:
    """A tick with both halves of its ``span`` equally long, of which the first took ``share``."""
    start, inside = divmod(tick, span)
    half, first = span / 2, share * span
    placed = inside / first * half if inside <= first else half + (inside - first) / (span - first) * half
    return float(start * span + placed)


def _written_track(track: Track, score: Score, swing: Swing) -> Track:
    grid = Grid(score)
    played = [row[0] for row in track.notes] if track.is_drums else _unrolled(track.notes, score.tempo_bpm)
    starts = grid.placed([straightened(start, swing) for start in played])
    ends = [straightened(row[0] + row[1], swing) for row in track.notes]
    merged: dict[tuple[int, int], tuple[float, int]] = {}
    for start, end, row in zip(starts, ends, track.notes, strict=True):
        if start < score.end_ticks:
            before = merged.get((start, row[2]), (0.0, 1))
            merged[start, row[2]] = (max(end, before[0]), max(row[3], before[1]))
    onsets = sorted({start for start, _ in merged})
    notes: list[NoteRow] = []
    for (start, pitch), (end, velocity) in sorted(merged.items()):
        until = grid.drum_end(start, onsets) if track.is_drums else grid.end(start, end, onsets)
        notes.append((start, until - start, pitch, velocity))
    rows = notes if track.is_drums else _within_voices(_cut_repeats(_chords_joined(notes)))
    return track.model_copy(update={"notes": tuple(rows)})


def _unrolled(notes: Sequence[NoteRow], tempo_bpm: float) -> list[int]:
    """Starts with the notes of strummed and rolled chords brought together on their first: those that follow each
    other by ROLL_STEP_S at most, within ROLL_S, while the ones before still sound.
    """
    step, whole = min(ticks(ROLL_STEP_S, tempo_bpm), _ROLL_STEP_TICKS), ticks(ROLL_S, tempo_bpm)
    starts: list[int] = []
    first = previous = (-whole - 1, 0)
    for start, duration, _, _ in notes:
        is_rolled = start - previous[0] <= step and start - first[0] <= whole and start < first[0] + first[1] // 2
        first = first if is_rolled else (start, duration)
        previous = (start, duration)
        starts.append(first[0])
    return starts


def _chords_joined(notes: Sequence[NoteRow]) -> list[NoteRow]:
    """Notes of one chord that end nearly together end together."""
    joined: list[NoteRow] = []
    index = 0
    while index < len(notes):
        past = index
        while past < len(notes) and notes[past][0] == notes[index][0]:
            past += 1
        longest = max(row[1] for row in notes[index:past])
        joined += [
            (start, longest if duration * 4 >= longest * 3 else duration, pitch, velocity)
            for start, duration, pitch, velocity in notes[index:past]
        ]
        index = past
    return joined


def _cut_repeats(notes: Sequence[NoteRow]) -> list[NoteRow]:
    """A pitch ends where it is struck again."""
    following: dict[int, int] = {}
    kept: list[NoteRow] = []
    for start, duration, pitch, velocity in reversed(notes):
        until = min(start + duration, following.get(pitch, start + duration))
        following[pitch] = start
        kept.append((start, until - start, pitch, velocity))
    return kept[::-1]


def _within_voices(notes: Sequence[NoteRow]) -> list[NoteRow]:
    """At most VOICES_MAX rhythms at once: what would need one more ends the one that is nearest its end."""
    kept: list[NoteRow] = []
    sounding: dict[tuple[int, int], list[int]] = {}
    for row in notes:
        start, duration = row[0], row[1]
        sounding = {span: places for span, places in sounding.items() if span[1] > start or span[0] == start}
        while (start, start + duration) not in sounding and len(sounding) >= VOICES_MAX:
            older = [span for span in sounding if span[0] < start]
            if not older:
                duration = max(span[1] for span in sounding) - start
                break
            span = min(older, key=lambda one: (one[1], one[0]))
            for place in sounding.pop(span):
                kept[place] = (span[0], start - span[0], *kept[place][2:])
        sounding.setdefault((start, start + duration), []).append(len(kept))
        kept.append((start, duration, *row[2:]))
    return kept


def _written_syllables(words: Sequence[Syllable], line: Track, swing: Swing) -> tuple[Syllable, ...]:
    """Syllables on the written notes of their line, each until the next syllable's note or its own last note's end."""
    starts = [row[0] for row in line.notes]
    if not starts:
        return tuple(words)
    places = [_nearest(starts, straightened(word.start_ticks, swing)) for word in words]
    found = []
    for number, (word, place) in enumerate(zip(words, places, strict=True)):
        end = straightened(word.start_ticks + word.duration_ticks, swing)
        last = max(_nearest_before(starts, end - LEAN_TICKS), place)
        if number + 1 < len(places) and places[number + 1] > place:
            last = min(last, places[number + 1] - 1)
        until = starts[last] + line.notes[last][1]
        update = {"start_ticks": starts[place], "duration_ticks": max(until - starts[place], 1)}
        found.append(word.model_copy(update=update))
    return tuple(found)


def _nearest(starts: Sequence[int], tick: float) -> int:
    place = min(bisect_right(starts, tick), len(starts) - 1)
    return place if place == 0 or starts[place] - tick < tick - starts[place - 1] else place - 1


def _nearest_before(starts: Sequence[int], tick: float) -> int:
    return max(bisect_right(starts, tick) - 1, 0)
