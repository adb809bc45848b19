"""Performed notes back on the grid they were written on: straight, in sixteenths, thirty-seconds or triplets.

Belongs here: where a note starts and ends on paper. Does not belong here: splitting notes at bars and beats
(durations), files (musicxml, score.midi).

A swung pair is written as two even eighths under the word "Swing" (Swing.words), as players expect it. Note ends are
written as far as the next note or beat where they nearly reach it: a short player's touch is no rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from musicgen_assets.score.clock import meter, ticks, ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Score, Syllable, Track

GRID_TICKS = 120
FINE_TICKS = 60
TRIPLET_TICKS = 160
VOICES_MAX = 4
"""Lines of different rhythm that one staff can show; a fifth cuts the one that ends first."""
_LEAN_TICKS = 40
"""A note so close before a beat belongs to that beat."""
_CLEAN_TICKS = 20.0
"""Mean distance from the sixteenths up to which a beat is written in sixteenths."""
_PRICE = {GRID_TICKS: 0.0, TRIPLET_TICKS: 6.0, FINE_TICKS: 8.0}
"""Ticks that a rarer grid must win by."""
_TOUCH = 0.4
"""Share of the way to a near next note from which a note is written as reaching it."""
_TO_THE_BEAT = 0.5
"""Share of the way to the next beat from which a note is written as reaching it."""
_NEARLY = 0.2
"""Share of a note's length by which its end may be moved to a beat or the next note."""
_LONG_TICKS = 360
"""Notes from this length that start on an eighth end on one: no quarter tied to a sixteenth for a touch."""
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
    """A song on paper. ``score`` holds what is declared; ``tracks`` and ``syllables`` are on the straight grid."""

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


def triplet_beats(notes: Iterable[NoteRow], time_signature: str) -> frozenset[int]:
    """Ticks of the beats (quarters of a bar) that written notes divide in three."""
    bar = ticks_per_bar(time_signature)
    edges = {tick for start, duration, _, _ in notes for tick in (start, start + duration)}
    return frozenset(tick - tick % bar % TICKS_PER_QUARTER for tick in edges if tick % bar % FINE_TICKS)


def _written_track(track: Track, score: Score, swing: Swing) -> Track:
    grid = _Grid(score.time_signature, score.end_ticks)
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


class _Grid:
    """Where notes of one track may start and end. Finds out beat by beat how it is divided."""

    def __init__(self, time_signature: str, end_ticks: int) -> None:
        self.bar = ticks_per_bar(time_signature)
        self.has_triplets = meter(time_signature)[1] == 4
        self.end_ticks = end_ticks
        self.steps: dict[int, int] = {}

    def beat_of(self, tick: float) -> int:
        """The start of the beat (quarter of its bar) that a tick lies in."""
        inside = tick % self.bar
        return int(tick - inside + inside // TICKS_PER_QUARTER * TICKS_PER_QUARTER)

    def placed(self, played: Sequence[float]) -> list[int]:
        """Each tick on the grid of its beat; sets ``steps``."""
        beats = [self.beat_of(max(tick, 0.0) + _LEAN_TICKS) for tick in played]
        inside: dict[int, list[float]] = {}
        for tick, beat in zip(played, beats, strict=True):
            inside.setdefault(beat, []).append(tick - beat)
        self.steps = {beat: self._step(offsets) for beat, offsets in inside.items()}
        return [max(_rounded(tick, beat, self.steps[beat]), 0) for tick, beat in zip(played, beats, strict=True)]

    def end(self, start: int, end: float, onsets: Sequence[int]) -> int:
        """Where a note that sounds until ``end`` stops on paper."""
        place = bisect_right(onsets, start)
        following = onsets[place] if place < len(onsets) else self.end_ticks
        length = max(end - start, 1.0)
        gap = following - start
        beat = self._next_beat(start)
        if end <= following + _LEAN_TICKS and gap <= TICKS_PER_QUARTER and length >= _TOUCH * gap:
            found = following
        elif end <= beat and length >= _TO_THE_BEAT * (beat - start):
            found = beat
        else:
            found = self._near_end(start, end, length, following)
        return min(max(found, start + min(gap, FINE_TICKS)), self.end_ticks)

    def drum_end(self, start: int, onsets: Sequence[int]) -> int:
        """A drum is written as long as the next one or the next beat."""
        place = bisect_right(onsets, start)
        following = onsets[place] if place < len(onsets) else self.end_ticks
        return min(following, self._next_beat(start), self.end_ticks)

    def _step(self, offsets: Sequence[float]) -> int:
        costs = {
            step: sum(abs(offset - round(offset / step) * step) for offset in offsets) / len(offsets)
            for step in (GRID_TICKS, TRIPLET_TICKS, FINE_TICKS)
            if self.has_triplets or step != TRIPLET_TICKS
        }
        if costs[GRID_TICKS] <= _CLEAN_TICKS:
            return GRID_TICKS
        return min(costs, key=lambda step: costs[step] + _PRICE[step])

    def _next_beat(self, start: int) -> int:
        beat = self.beat_of(start)
        bar_end = beat - beat % self.bar + self.bar
        return min(beat + TICKS_PER_QUARTER, bar_end)

    def _near_end(self, start: int, end: float, length: float, following: int) -> int:
        beat = self.beat_of(end)
        step = self.steps.get(beat, GRID_TICKS)
        if length >= _LONG_TICKS and step == GRID_TICKS and start % (2 * GRID_TICKS) == 0:
            step = 2 * GRID_TICKS
        near = max(_NEARLY * length, FINE_TICKS)
        for candidate in (following, self._next_beat(beat), beat):
            if candidate > start and abs(candidate - end) <= near:
                return candidate
        return max(_rounded(end, beat, step), start + step)


def _rounded(tick: float, beat: int, step: int) -> int:
    return beat + round((tick - beat) / step) * step


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
        last = max(_nearest_before(starts, end - _LEAN_TICKS), place)
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
