"""Beams: which short notes hang together, beat by beat.

Belongs here: beams of one bar of one voice. Does not belong here: which values there are (durations).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from musicgen_assets.score.exports.durations import beats_of, groups_of
from musicgen_assets.score.exports.events import Event

_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}


def beamed(events: Sequence[Event], time_signature: str) -> tuple[Event, ...]:
    """The events of a bar with their beams: by beat, plain eighths by half bars where the meter has them."""
    found = list(events)
    for group in _groups(events, time_signature):
        if len(group) < 2:
            continue
        flags = [_FLAGS[events[index].value.name] for index in group]
        for place, index in enumerate(group):
            beams = tuple(_beam(flags, place, level) for level in range(1, flags[place] + 1))
            found[index] = replace(events[index], beams=beams)
    return tuple(found)


def _groups(events: Sequence[Event], time_signature: str) -> list[list[int]]:
    """Indices of neighbouring notes with flags that lie in one window."""
    windows = _windows(events, time_signature)
    groups: list[list[int]] = []
    last = (-1, -1)
    for index, event in enumerate(events):
        if not event.rows or event.value.name not in _FLAGS:
            continue
        window = bisect_right(windows, event.value.start_ticks)
        if groups and last == (index - 1, window):
            groups[-1].append(index)
        else:
            groups.append([index])
        last = (index, window)
    return groups


def _windows(events: Sequence[Event], time_signature: str) -> list[int]:
    """Ticks where beams break: every beat, but not inside a group that holds plain eighths alone."""
    beats, groups = beats_of(time_signature), groups_of(time_signature)
    plain = {
        group
        for group, following in zip(groups, (*groups[1:], 1 << 30), strict=True)
        if len(groups) > 1 and _holds_only_eighths(events, group, following)
    }
    starts = [beat for beat in beats if beat in groups or groups[bisect_right(groups, beat) - 1] not in plain]
    return starts or [0]


def _holds_only_eighths(events: Sequence[Event], low: int, high: int) -> bool:
    inside = [event for event in events if low <= event.value.start_ticks < high]
    return all(
        event.rows and event.value.name == "eighth" and not event.value.dots and not event.value.is_triplet
        for event in inside
    )


def _beam(flags: Sequence[int], place: int, level: int) -> str:
    before = place > 0 and flags[place - 1] >= level
    after = place + 1 < len(flags) and flags[place + 1] >= level
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "forward hook" if place == 0 else "backward hook"
