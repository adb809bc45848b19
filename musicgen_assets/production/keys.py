"""Notes in samples: when each key goes down and up, which, and how hard; and what a drummer's hands do to a ring.

Belongs here: turning score rows into keys, pedals and chokes into key lengths. Does not belong here: what a key
sounds like (playing, sampler), and curves over time (curves).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRUM_RING_S = 3.0
"""A struck drum rings out: its key is held this long, or until it is struck again."""
SUSTAIN = 64
PEDAL_DOWN_FROM = 64
"""MIDI 1.0: switches are on from 64 up."""
SHORTEST_NOTE_S = 0.02

_CHOKES = {key: group for group in ((42, 44, 46), (71, 72), (73, 74), (78, 79), (80, 81)) for key in group}
"""General MIDI's keys that stop each other: hi-hat, whistle, guiro, cuica, triangle."""


@dataclass(frozen=True)
class Keys:
    """Notes in samples, equal lengths: when each key goes down and up, which, and how hard (0-1)."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    pitches: NDArray[np.int64]
    velocities: NDArray[np.float64]

    def where(self, is_wanted: NDArray[np.bool_]) -> Keys:
        """Only some of the notes."""
        return Keys(self.starts[is_wanted], self.ends[is_wanted], self.pitches[is_wanted], self.velocities[is_wanted])

    def later(self, samples: int) -> Keys:
        """All of them that many samples later."""
        return Keys(self.starts + samples, self.ends + samples, self.pitches, self.velocities)


def keys_of(
    notes: NDArray[Any] | Sequence[Sequence[int]], samples_per_tick: float, sample_rate_hz: int, samples: int, *,
    is_drums: bool = False, controllers: Sequence[Sequence[int]] = (),
) -> Keys:  # fmt: skip
    """Rows of (start_ticks, duration_ticks, pitch, velocity) in samples; what starts after the end is left out.

    ``controllers`` are rows of (tick, controller, value); the sustain pedal (64) holds what ends while it is down
    until it comes up or the key is struck again. Notes that the pedal is in already stay as they are.
    """
    rows = np.asarray(notes, dtype=np.float64).reshape(-1, 4)
    starts = np.rint(rows[:, 0] * samples_per_tick).astype(np.int64)
    pitches = rows[:, 2].astype(np.int64)
    if is_drums:
        ends = _ring_out(starts, pitches, round(DRUM_RING_S * sample_rate_hz))
    else:
        ends = np.rint(_pedalled(rows, controllers) * samples_per_tick).astype(np.int64)
    ends = np.maximum(ends, starts + max(1, round(SHORTEST_NOTE_S * sample_rate_hz)))
    keys = Keys(starts, ends, pitches, rows[:, 3] / 127.0)
    return keys.where((starts >= 0) & (starts < samples))


def _pedalled(rows: NDArray[np.float64], controllers: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """Ends of the notes in ticks, held on by the pedal."""
    ends: NDArray[np.float64] = rows[:, 0] + rows[:, 1]
    pedal = sorted((int(row[0]), int(row[2])) for row in controllers if row[1] == SUSTAIN)
    if not pedal or not ends.size:
        return ends
    ticks = np.array([tick for tick, _ in pedal])
    is_down = np.array([value >= PEDAL_DOWN_FROM for _, value in pedal])
    ups = np.append(ticks[~is_down], np.inf)
    place = np.searchsorted(ticks, ends, side="right") - 1
    is_held = (place >= 0) & is_down[np.maximum(place, 0)]
    held_until = ups[np.searchsorted(ups, ends, side="right")]
    # A pedal that never comes up holds nothing longer than the last note: a file cut short is no drone.
    held_until = np.where(np.isinf(held_until), max(float(ends.max()), float(ticks[-1])), held_until)
    until = np.where(is_held, np.maximum(ends, held_until), ends)
    for pitch in np.unique(rows[:, 2]):
        same = np.flatnonzero(rows[:, 2] == pitch)
        same = same[np.argsort(rows[same, 0], kind="stable")]
        following = rows[same[1:], 0]
        until[same[:-1]] = np.maximum(ends[same[:-1]], np.minimum(until[same[:-1]], following))
    return until


def _ring_out(starts: NDArray[np.int64], pitches: NDArray[np.int64], ring: int) -> NDArray[np.int64]:
    """Ends of struck keys: the next stroke of the same key or of one that chokes it, at most ``ring`` samples later."""
    ends = starts + ring
    for pitch in np.unique(pitches).tolist():
        same = np.flatnonzero(pitches == pitch)
        stopping = np.sort(starts[np.isin(pitches, _CHOKES.get(pitch, (pitch,)))])
        following = np.searchsorted(stopping, starts[same], side="right")
        has_next = following < stopping.size
        ends[same[has_next]] = np.minimum(ends[same[has_next]], stopping[following[has_next]])
    return ends
