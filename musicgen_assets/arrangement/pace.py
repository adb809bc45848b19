"""How the song's bars fall on the clock: whole bars that fill the duration, and moments of a picture that are met.

Belongs here: choosing the tick of every hit point, bending the tempo a little between them, shortening a bar before a
section that has to begin on time. Does not belong here: which sections there are (form), what is struck (accents),
turning ticks into seconds (score.clock).

A film composer's way: tempo first, then a bar cut short where the picture is not on the grid. Between two hit points
the tempo is constant and at most ``REACH`` away from the song's own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import HitPoint
from musicgen_assets.score.clock import SongClock, beat_ticks, seconds, ticks_per_bar
from musicgen_assets.score.model import Skip, TempoChange

FIELD = "musical.hit_points"
FRAME_S = 1.0 / 24.0
"""A frame of film: what a hit point may be off."""
REACH = 0.018
"""How far the tempo bends from the song's own between two hit points; under 2 %, which few listeners notice."""
MEAN_REACH = 0.008
"""How far the mean tempo of the whole song may be off; the gate allows 1 %."""
TAIL_MIN_S = 1.2
"""Shortest ring-out after the last bar."""
TAIL_WISHED_S = 1.8
TEMPO_LATITUDE = 0.02
"""How far a tempo that was only proposed may move so that the song's form fills its duration."""
SECTION_KINDS = frozenset({"drop", "change"})
"""Hit points that a section begins on; the others are met inside one."""

_GRIDS = ((480, 0.6), (240, 1.2), (120, 2.0), (60, 3.5), (30, 5.0))
"""Ticks of a grid and what it costs to leave the next coarser one for it. 30 ticks always reach: rule of thumb."""
_BEND_COST, _ODD_COST, _UNEVEN_COST = 1.0, 0.4, 0.15
_MEAN_COST = 60.0
_BEAM, _BEAM_CLOSING = 160, 40
_NEAREST = 5
_CLOSING_BARS = {"drop": 2, "change": 2, "hit": 1, "stop": 2}
"""Bars that a song needs from a hit point's bar to its end."""


@dataclass(frozen=True)
class Anchor:
    """A hit point and the tick that is played then."""

    kind: str
    at_s: float
    tick: int


@dataclass(frozen=True)
class Pace:
    """``bars`` whole bars, the clock they are played by, and the hit points they meet."""

    bars: int
    clock: SongClock
    anchors: tuple[Anchor, ...] = ()

    def section_starts(self, bar_ticks: int) -> dict[int, str]:
        """Bars that a section has to begin on, with the kind of their hit point."""
        return {anchor.tick // bar_ticks: anchor.kind for anchor in self.anchors if anchor.kind in SECTION_KINDS}


@dataclass(frozen=True)
class _Leg:
    """The way to an anchor: ``bend`` is its tempo over the song's own, ``skip`` the ticks cut before it."""

    tick: int
    bend: float
    skip: Skip | None
    cost: float


@dataclass(frozen=True)
class _Way:
    """Legs from the start on. ``played`` ticks; ``section_bar`` is the last bar a section was made to begin on."""

    cost: float = 0.0
    legs: tuple[_Leg, ...] = ()
    played: int = 0
    section_bar: int = 0

    @property
    def tick(self) -> int:
        return self.legs[-1].tick if self.legs else 0


def bars_that_fit(duration_s: float, tempo_bpm: float, time_signature: str) -> int:
    """Most whole bars that leave at least TAIL_MIN_S of the duration to ring out."""
    return _bars_that_fit(duration_s, tempo_bpm, ticks_per_bar(time_signature))


def _bars_that_fit(duration_s: float, tempo_bpm: float, bar_ticks: int) -> int:
    return math.floor((duration_s - TAIL_MIN_S) / seconds(bar_ticks, tempo_bpm) + 1e-9)


def fitting_tempo(
    duration_s: float, tempo_bpm: float, time_signature: str, lowest_bpm: float, highest_bpm: float
) -> float:
    """The tempo within TEMPO_LATITUDE of ``tempo_bpm``, in tenths, at which whole phrases and a ring-out fill the song.

    For tempos nobody asked for by number. A song of four-bar phrases and a closing bar is wished, that rings out
    for about TAIL_WISHED_S. ``tempo_bpm`` itself where no other lies within ``lowest_bpm``..``highest_bpm``.
    """
    lowest = max(tempo_bpm * (1 - TEMPO_LATITUDE), lowest_bpm)
    highest = min(tempo_bpm * (1 + TEMPO_LATITUDE), highest_bpm)
    tenths = range(math.ceil(lowest * 10), math.floor(highest * 10) + 1)
    bar_ticks = ticks_per_bar(time_signature)

    def cost(bpm: float) -> tuple[float, float]:
        bars = _bars_that_fit(duration_s, bpm, bar_ticks)
        tail_s = duration_s - seconds(bars * bar_ticks, bpm)
        phrase = (bars - 1) % 4
        uneven = _ODD_COST if phrase % 2 else _UNEVEN_COST if phrase else 0.0
        stray = abs(bpm / tempo_bpm - 1.0) / TEMPO_LATITUDE
        return 0.3 * stray**2 + ((tail_s - TAIL_WISHED_S) / 0.8) ** 2 + uneven, bpm

    return min((tempo_bpm, *(step / 10 for step in tenths)), key=cost)


def plan_pace(hit_points: Sequence[HitPoint], duration_s: float, tempo_bpm: float, time_signature: str) -> Pace:
    """Bars, tempo map and shortened bars for a song of ``duration_s`` that meets its hit points.

    Without hit points the tempo is constant and exactly ``tempo_bpm``. A drop or change falls on a barline, a hit or
    stop where the music's own grid allows: bars rather than beats rather than eighths. Every hit point is met to the
    millisecond where the tempo bends far enough, which it does for all that lie a bar apart. Raises BadInput for
    a hit point that cannot be met.
    """
    if not hit_points:
        return Pace(bars_that_fit(duration_s, tempo_bpm, time_signature), SongClock(tempo_bpm))
    points = sorted(hit_points, key=lambda point: point.at_s)
    plan = _Plan(tempo_bpm, time_signature, duration_s)
    ways = [_Way()]
    before_s = 0.0
    for point in points:
        ways = plan.extended(ways, point, before_s)
        if not ways:
            raise _unmet(point, plan, "the music cannot reach it in time from the one before")
        before_s = point.at_s
    return plan.finished(ways, points)


class _Plan:
    """The search for the cheapest way through all hit points: a beam over the ticks they may fall on."""

    def __init__(self, tempo_bpm: float, time_signature: str, duration_s: float) -> None:
        self.tempo_bpm, self.time_signature, self.duration_s = tempo_bpm, time_signature, duration_s
        self.bar = ticks_per_bar(time_signature)
        self.rate = 1.0 / seconds(1, tempo_bpm)
        self.beats = frozenset(beat_starts(time_signature))

    def extended(self, ways: Sequence[_Way], point: HitPoint, before_s: float) -> list[_Way]:
        """The best ways that also meet ``point``."""
        found: dict[tuple[int, int], _Way] = {}
        for way in ways:
            wished = (point.at_s - before_s) * self.rate
            legs = self._section_legs(way, wished) if point.kind in SECTION_KINDS else self._inner_legs(way, wished)
            for leg in legs:
                cut = leg.skip.end_ticks - leg.skip.start_ticks if leg.skip else 0
                played = way.played + leg.tick - way.tick - cut
                section_bar = leg.tick // self.bar if point.kind in SECTION_KINDS else way.section_bar
                made = _Way(way.cost + leg.cost, (*way.legs, leg), played, section_bar)
                key = (leg.tick, played)
                if key not in found or made.cost < found[key].cost:
                    found[key] = made

        def order(way: _Way) -> tuple[float, int, int]:
            return way.cost + self._stray_cost(way.played, point.at_s), way.tick, way.played

        return sorted(found.values(), key=order)[:_BEAM]

    def _stray_cost(self, played: int, until_s: float) -> float:
        """What it costs that the mean tempo is off by more than MEAN_REACH."""
        return _MEAN_COST * max(abs(played / (until_s * self.rate) - 1.0) / MEAN_REACH - 1.0, 0.0)

    def _inner_legs(self, way: _Way, wished: float) -> Iterator[_Leg]:
        """Ticks for a hit or stop, coarsest grids first."""
        for grid, cost in ((self.bar, 0.0), *_GRIDS):
            for tick in self._near(way.tick + wished, way.tick + 1, grid):
                bend = (tick - way.tick) / wished
                if self._reaches(bend, wished):
                    is_beat = tick % self.bar in self.beats
                    yield _Leg(tick, bend, None, min(cost, 0.6) if is_beat else cost)

    def _section_legs(self, way: _Way, wished: float) -> Iterator[_Leg]:
        """Barlines for a section's start: reached by whole bars, or with the bar before it cut short."""
        first = max(math.floor((way.tick + wished * (1 - REACH)) / self.bar), way.tick // self.bar + 1)
        for number in range(first, math.floor((way.tick + wished * (1 + REACH)) / self.bar) + 2):
            line = number * self.bar
            phrase = (number - way.section_bar) % 4
            uneven = _ODD_COST if phrase % 2 else _UNEVEN_COST if phrase else 0.0
            for grid, cost in ((self.bar, 0.0), *_GRIDS):
                for left in self._near(self.bar - (line - way.tick - wished), 1, grid):
                    cut = self.bar - left
                    bend = (line - way.tick - cut) / wished
                    if 0 <= cut < self.bar and line - cut > way.tick and self._reaches(bend, wished):
                        skip = self._skip(line, cut, way.tick) if cut else None
                        yield _Leg(line, bend, skip, (cost if cut else 0.0) + uneven + self._bend_cost(bend))

    def _skip(self, line: int, cut: int, last_anchor: int) -> Skip:
        """The first ticks of the bar before ``line``, so that its fill is whole; after the beat of an anchor there."""
        start = line - self.bar
        if last_anchor >= start:
            start = min(max(last_anchor, start) + 480, line - cut)
        return Skip(start_ticks=start, end_ticks=start + cut)

    def _near(self, wished: float, lowest: int, grid: int) -> Iterator[int]:
        """Multiples of ``grid`` within the tempo's reach of a tick, the nearest few."""
        middle = round(wished / grid)
        for number in sorted(range(middle - _NEAREST, middle + _NEAREST + 1), key=lambda n: abs(n * grid - wished)):
            if number * grid >= lowest:
                yield number * grid

    def _reaches(self, bend: float, wished: float) -> bool:
        """Whether a bend is gentle enough; right at the start, where nothing can bend, a third of a frame is."""
        return abs(bend - 1.0) <= REACH or abs(bend - 1.0) * wished / self.rate <= FRAME_S / 3

    def _bend_cost(self, bend: float) -> float:
        return _BEND_COST * ((bend - 1.0) / REACH) ** 2

    def finished(self, ways: Sequence[_Way], points: Sequence[HitPoint]) -> Pace:
        """The best way to the end of the song: whole bars, a ring-out, and a mean tempo that is the song's own."""
        last = points[-1]
        left_s = self.duration_s - last.at_s
        best: tuple[float, _Way, int, float] | None = None
        for way in ways[:_BEAM_CLOSING]:
            bar = way.tick // self.bar if last.kind == "stop" else -(-way.tick // self.bar)
            earliest = bar + _CLOSING_BARS[last.kind]
            room = max(left_s - TAIL_MIN_S, 0.0) * self.rate
            fewest = math.floor((way.tick + room * (1 - REACH / 2)) / self.bar) - 1
            most = math.floor((way.tick + room * (1 + REACH)) / self.bar + 1e-9)
            for bars in range(max(earliest, fewest), most + 1):
                for bend in self._last_bends(bars * self.bar - way.tick, left_s):
                    cost = self._closing_cost(way, bars, bend, last.at_s, left_s)
                    if best is None or cost < best[0] - 1e-9:
                        best = (cost, way, bars, bend)
        if best is None:
            raise _unmet(last, self, "it leaves no room for an ending")
        _, way, bars, bend = best
        anchors = tuple(Anchor(point.kind, point.at_s, leg.tick) for point, leg in zip(points, way.legs, strict=True))
        pace = Pace(bars, self._clock(way, bend), anchors)
        for anchor, point in zip(anchors, points, strict=True):
            if abs(pace.clock.seconds(anchor.tick) - anchor.at_s) > FRAME_S / 2:
                raise _unmet(point, self, "the music cannot reach it in time")
        return pace

    def _last_bends(self, ticks_left: int, left_s: float) -> list[float]:
        """Tempos from the last hit point on that leave enough to ring out; 1 among them where it does."""
        wished = ticks_left / max((left_s - TAIL_WISHED_S) * self.rate, 1.0)
        found = {1.0, min(max(wished, 1.0 - REACH), 1.0 + REACH), *(1.0 + REACH * step / 4 for step in range(-4, 5))}
        return [bend for bend in sorted(found) if left_s - ticks_left / (self.rate * bend) >= TAIL_MIN_S - 1e-9]

    def _closing_cost(self, way: _Way, bars: int, bend: float, last_s: float, left_s: float) -> float:
        ticks_left = bars * self.bar - way.tick
        spent_s = ticks_left / (self.rate * bend)
        stray = self._stray_cost(way.played + ticks_left, last_s + spent_s)
        tail = ((left_s - spent_s - TAIL_WISHED_S) / max(self.bar / self.rate, 1.0)) ** 2
        phrase = (bars - 1 - way.section_bar) % 4
        uneven = _ODD_COST if phrase % 2 else _UNEVEN_COST if phrase else 0.0
        return way.cost + self._bend_cost(bend) + stray + tail + uneven

    def _clock(self, way: _Way, last_bend: float) -> SongClock:
        """A tempo for every leg, equal neighbours joined; none at all where no leg bends."""
        starts = [0, *(leg.tick for leg in way.legs)]
        bends = [*(leg.bend for leg in way.legs), last_bend]
        changes = [
            TempoChange(start_ticks=start, tempo_bpm=round(self.tempo_bpm * bend, 5))
            for start, bend in zip(starts, bends, strict=True)
        ]
        kept = changes[:1] + [two for one, two in pairwise(changes) if two.tempo_bpm != one.tempo_bpm]
        is_bent = any(change.tempo_bpm != self.tempo_bpm for change in kept)
        skips = tuple(leg.skip for leg in way.legs if leg.skip)
        return SongClock(self.tempo_bpm, tuple(kept) if is_bent else (), skips)


def silence_end(start: int, clock: SongClock, time_signature: str, limit: int) -> int:
    """Where a silence from ``start`` ends: a beat later at least, on a barline or beat, within SILENCE_MAX_S."""
    bar, beat = ticks_per_bar(time_signature), beat_ticks(time_signature)
    if clock.seconds(start + beat) - clock.seconds(start) > SILENCE_MAX_S:
        beat = 480
    lines = [tick for tick in range(start + beat, start + 2 * bar + 1) if tick % bar == 0]
    beats = [
        number * bar + inside
        for number in range(start // bar, start // bar + 3)
        for inside in beat_starts(time_signature)
        if number * bar + inside >= start + beat
    ]
    for tick in (*lines, *beats, start + beat):
        if tick <= limit and clock.seconds(tick) - clock.seconds(start) <= SILENCE_MAX_S:
            return tick
    return min(limit, start + beat)


SILENCE_MAX_S = 1.6
"""A silence that is meant; the gate takes one over two seconds for a fault."""


def _unmet(point: HitPoint, plan: _Plan, why: str) -> BadInput:
    bar_s = plan.bar / plan.rate
    latest_s = plan.duration_s - TAIL_MIN_S - _CLOSING_BARS[point.kind] * bar_s * (1 + REACH)
    return BadInput(
        FIELD, f"{point.kind} at {point.at_s:g} s", why,
        way_out=f"Put it between {bar_s:.1f} s and {latest_s:.1f} s, a bar ({bar_s:.1f} s) from others, "
        "or ask for another duration.",
    )  # fmt: skip
