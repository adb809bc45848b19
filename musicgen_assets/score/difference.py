"""How one score differs from another: facts, sections, chords, and per track which notes and in which bars.

Sections are matched by kind and count (the second verse with the second verse), so that a song that grew by a
verse does not differ in every bar after it.

Belongs here: comparing, as plain data. Does not belong here: loading scores (resources), telling people (cli).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import NoteRow, Score, Section, Track

FACTS = ("key", "scale", "tempo_bpm", "time_signature", "duration_s")
SECTION_FACTS = ("kind", "start_bar", "bars", "energy", "transpose")

MOVED_TICKS = 120
"""A note of the same pitch this near (a sixteenth) is the same note, moved."""
REPITCHED_TICKS = 60
"""A note of another pitch this near (a 32nd) took the other's place."""

_Key = tuple[str, int]
"""A section's kind, and which of that kind it is, from 0."""


@dataclass(frozen=True)
class _Note:
    """A note in its section: ``place`` is in ticks from the section's start, ``bar`` in the numbering of ``new``
    (of ``old`` if its section is gone).
    """

    place: int
    duration: int
    pitch: int
    velocity: int
    bar: int


class _Timeline:
    """Where ticks of one score lie: in which section, and in which bar of the new score."""

    def __init__(self, score: Score, new: Score) -> None:
        self._keys, self._sections = _keys_of(score), score.sections
        self._starts = [section.start_ticks for section in score.sections]
        self._targets = dict(zip(_keys_of(new), new.sections, strict=True))
        self._bar_ticks = ticks_per_bar(score.time_signature)
        self._new_bar_ticks = ticks_per_bar(new.time_signature)

    def place(self, row: NoteRow) -> tuple[_Key, _Note]:
        """The section's key and the note in it."""
        number = max(bisect_right(self._starts, row[0]) - 1, 0)
        section, target = self._sections[number], self._targets.get(self._keys[number])
        place = row[0] - section.start_ticks
        if target is None:
            bar = row[0] // self._bar_ticks
        else:
            bar = min(target.start_bar + place // self._new_bar_ticks, target.start_bar + target.bars - 1)
        return self._keys[number], _Note(place, row[1], row[2], row[3], max(bar, 0) + 1)

    def is_gone(self, key: _Key) -> bool:
        """Whether the new score has no such section."""
        return key not in self._targets


def compare_scores(old: Score, new: Score) -> dict[str, Any]:
    """{"is_same", "facts", "sections", "chord_bars", "tracks"}; lists hold only what differs, except tracks.

    Bars count from 1, as [first, last]; see ``compare_tracks`` for a track.
    """
    facts = [
        {"name": name, "old": getattr(old, name), "new": getattr(new, name)}
        for name in FACTS
        if getattr(old, name) != getattr(new, name)
    ]
    sections, chord_bars = _compare_sections(old, new), _chord_bars(old, new)
    names = dict.fromkeys(track.name for track in (*new.tracks, *old.tracks))
    tracks = [compare_tracks(old, new, old.track(name), new.track(name)) for name in names]
    is_same = not (facts or sections or chord_bars) and all(track["change"] == "same" for track in tracks)
    return {"is_same": is_same, "facts": facts, "sections": sections, "chord_bars": chord_bars, "tracks": tracks}


def compare_tracks(old: Score, new: Score, before: Track | None, after: Track | None) -> dict[str, Any]:
    """One part of ``old`` and ``new``; None where a score lacks it.

    "change" is same, changed, added or removed. Counts of notes: "added", "removed", "changed" and of the changed
    ones how many in "pitch", "velocity", "length", "place". "bars" are those of the new score; "old_bars" those of
    the old one whose section is gone.
    """
    timeline = _Timeline(old, new)
    found = _differences(
        _by_section(timeline, before.notes if before else ()),
        _by_section(_Timeline(new, new), after.notes if after else ()),
    )
    bars = {now.bar for _, now in found.changed} | {note.bar for note in found.added}
    bars |= {note.bar for key, note in found.removed if not timeline.is_gone(key)}
    players = [None if track is None else (track.instrument, track.program) for track in (before, after)]
    is_same = players[0] == players[1] and not (found.added or found.removed or found.changed)
    change = "added" if before is None else "removed" if after is None else "same" if is_same else "changed"
    return {
        "name": (after or before or new.tracks[0]).name,
        "change": change,
        "instrument": {"old": before and before.instrument, "new": after and after.instrument},
        "program": {"old": before and before.program, "new": after and after.program},
        "notes": {"old": len(before.notes) if before else 0, "new": len(after.notes) if after else 0},
        "added": len(found.added),
        "removed": len(found.removed),
        "changed": len(found.changed),
        **_kinds(found.changed),
        "bars": bar_ranges(bars),
        "old_bars": bar_ranges(note.bar for key, note in found.removed if timeline.is_gone(key)),
    }


def bar_ranges(bars: Iterable[int]) -> list[list[int]]:
    """[1, 2, 3, 7] -> [[1, 3], [7, 7]]."""
    ranges: list[list[int]] = []
    for bar in sorted(set(bars)):
        if ranges and bar == ranges[-1][1] + 1:
            ranges[-1][1] = bar
        else:
            ranges.append([bar, bar])
    return ranges


_Pair = tuple[_Note, _Note]
_Grouped = dict[_Key, list[_Note]]


@dataclass(frozen=True)
class _Found:
    changed: list[_Pair]
    removed: list[tuple[_Key, _Note]]
    added: list[_Note]


def _keys_of(score: Score) -> list[_Key]:
    """A key per section: its kind, and which of that kind it is. Names change when there come to be two verses."""
    seen: Counter[str] = Counter()
    keys: list[_Key] = []
    for section in score.sections:
        keys.append((section.kind, seen[section.kind]))
        seen[section.kind] += 1
    return keys


def _by_section(timeline: _Timeline, rows: Sequence[NoteRow]) -> _Grouped:
    grouped: _Grouped = defaultdict(list)
    for row in sorted(rows):
        key, note = timeline.place(row)
        grouped[key].append(note)
    return grouped


def _differences(old: _Grouped, new: _Grouped) -> _Found:
    """Notes paired from the surest match to the least: alike, same pitch and place, same place, same pitch near."""
    found = _Found([], [], [])
    for key in dict.fromkeys((*new, *old)):
        before, after = _without_alike(old.get(key, []), new.get(key, []))
        for is_same_pitch, reach in ((True, 0), (False, 0), (True, MOVED_TICKS), (False, REPITCHED_TICKS)):
            pairs, before, after = _paired(before, after, is_same_pitch=is_same_pitch, reach=reach)
            found.changed.extend(pairs)
        found.removed.extend((key, note) for note in before)
        found.added.extend(after)
    return found


def _without_alike(old: list[_Note], new: list[_Note]) -> tuple[list[_Note], list[_Note]]:
    """Both without the notes that they share."""
    common = Counter(map(_content, old)) & Counter(map(_content, new))
    rests = []
    for notes in (old, new):
        left = Counter(common)
        rest = []
        for note in notes:
            if left[_content(note)] > 0:
                left[_content(note)] -= 1
            else:
                rest.append(note)
        rests.append(rest)
    return rests[0], rests[1]


def _content(note: _Note) -> NoteRow:
    return (note.place, note.duration, note.pitch, note.velocity)


def _paired(
    old: list[_Note], new: list[_Note], *, is_same_pitch: bool, reach: int
) -> tuple[list[_Pair], list[_Note], list[_Note]]:
    """Pairs at most ``reach`` ticks apart, in order of time, and what found no partner."""
    pairs: list[_Pair] = []
    rest_old: list[_Note] = []
    rest_new: list[_Note] = []
    group: Callable[[_Note], int] = (lambda note: note.pitch) if is_same_pitch else (lambda _: 0)
    before: dict[int, list[_Note]] = defaultdict(list)
    after: dict[int, list[_Note]] = defaultdict(list)
    for notes, grouped in ((old, before), (new, after)):
        for note in notes:
            grouped[group(note)].append(note)
    for value in sorted({*before, *after}):
        mine, theirs = before[value], after[value]
        i = j = 0
        while i < len(mine) and j < len(theirs):
            apart = theirs[j].place - mine[i].place
            if abs(apart) <= reach:
                pairs.append((mine[i], theirs[j]))
                i, j = i + 1, j + 1
            elif apart < 0:
                rest_new.append(theirs[j])
                j += 1
            else:
                rest_old.append(mine[i])
                i += 1
        rest_old += mine[i:]
        rest_new += theirs[j:]
    return pairs, sorted(rest_old, key=_content), sorted(rest_new, key=_content)


def _kinds(pairs: Sequence[_Pair]) -> dict[str, int]:
    """In what the changed notes changed; a note may count in several."""
    return {
        "pitch": sum(old.pitch != new.pitch for old, new in pairs),
        "velocity": sum(old.velocity != new.velocity for old, new in pairs),
        "length": sum(old.duration != new.duration for old, new in pairs),
        "place": sum(old.place != new.place for old, new in pairs),
    }


def _compare_sections(old: Score, new: Score) -> list[dict[str, Any]]:
    """Sections added, removed, changed (in more than where they begin) or moved (only that)."""
    before = dict(zip(_keys_of(old), old.sections, strict=True))
    after = dict(zip(_keys_of(new), new.sections, strict=True))
    rows = []
    for key in dict.fromkeys((*after, *before)):
        facts = [_section_facts(sections.get(key)) for sections in (before, after)]
        if facts[0] == facts[1]:
            continue
        if facts[0] is None or facts[1] is None:
            change = "added" if facts[0] is None else "removed"
        else:
            is_moved = {**facts[0], "start_bar": 0} == {**facts[1], "start_bar": 0}
            change = "moved" if is_moved else "changed"
        rows.append({"name": (after.get(key) or before[key]).name, "change": change, "old": facts[0], "new": facts[1]})
    return rows


def _section_facts(section: Section | None) -> dict[str, Any] | None:
    return None if section is None else {name: getattr(section, name) for name in SECTION_FACTS}


def _chord_bars(old: Score, new: Score) -> list[list[int]]:
    """Bars of the new score in which other chords are played than in the same bars of the old one's sections."""
    before, after = _chords_by_bar(old), _chords_by_bar(new)
    bars = []
    for key, section in zip(_keys_of(new), new.sections, strict=True):
        rows = zip_longest(before.get(key, []), after[key])
        bars += [section.start_bar + number + 1 for number, (was, now) in enumerate(rows) if now and was != now]
    return bar_ranges(bars)


def _chords_by_bar(score: Score) -> dict[_Key, list[list[tuple[int, str]]]]:
    """Per section and bar the chords that sound in it: (ticks from the bar's start, symbol)."""
    bar_ticks = ticks_per_bar(score.time_signature)
    found: dict[_Key, list[list[tuple[int, str]]]] = {}
    for key, section in zip(_keys_of(score), score.sections, strict=True):
        starts = range(section.start_ticks, section.end_ticks, bar_ticks)
        found[key] = [
            [
                (max(chord.start_ticks - start, 0), chord.symbol)
                for chord in score.chords
                if chord.start_ticks < start + bar_ticks and chord.start_ticks + chord.duration_ticks > start
            ]
            for start in starts
        ]
    return found
