"""What a drummer plays into a new section: a fill of the right size, never the one just played.

Belongs here: cutting a style's fills to size and choosing one. Does not belong here: fills as patterns (styles),
whether a boundary gets one (transitions), other devices (boundary_devices).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from musicgen_assets.arrangement.boundary_devices import HIT_TICKS, Boundary, Parts, plays, silence
from musicgen_assets.composition.groove_building import DRUM_KEYS
from musicgen_assets.score.material import DrumHit, Groove

NEW_HITS_MIN = 2
"""Drum hits, hats and cymbals aside, that the groove has not there, from which a bar is heard as a fill; rule of
thumb."""
SIZE_AT_REST, SIZE_PER_RISE = 0.25, 1.6
"""Size of a fill, 0-1, where energy stays, and what each unit of rise adds; rule of thumb."""
_TIME_KEYS = frozenset(DRUM_KEYS[piece] for piece in ("hat", "open_hat", "pedal_hat", "ride", "shaker", "tambourine"))
_NEAR_TICKS = 45
_PHRASES_KEPT = 2

Hits = tuple[tuple[int, int, int], ...]
"""(tick in the bar, key, velocity), in order of time."""
Shape = frozenset[tuple[int, int]]
"""What makes a fill the fill it is: where it strikes which drum that the groove does not."""


@dataclass
class Drummer:
    """Who plays the fills of one song. ``recent`` are the last ones, not to be played again so soon."""

    recent: list[Shape] = field(default_factory=list)

    def fill(self, boundary: Boundary, parts: Parts, name: str, size: float) -> bool:
        """A fill of ``size`` (see add_fill) other than the last two, else other than the last."""
        for unlike in (self.recent, self.recent[-1:], []):
            shape = add_fill(boundary, parts, name, size, unlike)
            if shape:
                self.recent = [*self.recent[1 - _PHRASES_KEPT :], shape]
                return True
        return False


def size_wanted(boundary: Boundary) -> float:
    """How large a fill the boundary wants, 0 the lightest to 1 the heaviest: by how much the energy rises."""
    rise = boundary.after.section.energy - boundary.before.section.energy
    peak = 0.25 if boundary.after.is_last_hook else 0.0
    return min(max(SIZE_AT_REST + SIZE_PER_RISE * rise + peak, 0.0), 1.0)


def add_fill(boundary: Boundary, parts: Parts, name: str, size: float, unlike: Collection[Shape] = ()) -> Shape:
    """Play a fill in the last bar and return its shape; an empty one where there are no drums on either side, or no
    fill that stands out of the groove and is none of ``unlike``.

    Of all the style's fills, each cut to the whole bar, to its last strong pulse and to its last beat, the one is
    taken whose rank by loudness is nearest to ``size``. Who enters with the new section fills the last beat alone.
    """
    drums = parts.get(name, [])
    is_entry = not plays(drums, boundary.last_bar, boundary.tick)
    if not boundary.fills or (
        is_entry and not plays(drums, boundary.tick, boundary.tick + boundary.timeline.bar_ticks)
    ):
        return frozenset()
    ranked = _ranked(boundary, is_entry)
    span, begun = boundary.timeline.bar_ticks, boundary.before.section.start_ticks
    usual = {((row[0] - boundary.tick) % span, row[2]) for row in drums if begun <= row[0] < boundary.tick}
    wanted = size * (len(ranked) - 1)
    for place in sorted(range(len(ranked)), key=lambda index: (abs(index - wanted), index)):
        start, hits = ranked[place]
        shape = _shape(hits, usual)
        if shape not in unlike and len(shape) >= NEW_HITS_MIN:
            silence(drums, boundary.last_bar + start, boundary.tick)
            drums += [(boundary.last_bar + tick, HIT_TICKS, key, velocity) for tick, key, velocity in hits]
            return shape
    return frozenset()


def _ranked(boundary: Boundary, is_entry: bool) -> list[tuple[int, Hits]]:
    """(tick from which the groove gives way, hits) of every cut, from the lightest to the heaviest."""
    places = (boundary.last_beat, boundary.last_pulse, boundary.last_bar)
    starts = [place - boundary.last_bar for place in places[: 1 if is_entry else 3]]
    cuts = dict.fromkeys((start, _cut(fill, start)) for fill in boundary.fills for start in starts)
    kept = [(start, hits) for start, hits in cuts if hits]
    return sorted(kept, key=lambda cut: (sum(velocity for _, _, velocity in cut[1]), cut))


def _cut(fill: Groove, start: int) -> Hits:
    hits: Sequence[DrumHit] = [hit for hit in fill.hits if hit.start_ticks >= start - _NEAR_TICKS]
    return tuple((max(hit.start_ticks, start), hit.key, hit.velocity) for hit in hits)


def _shape(hits: Hits, usual: Collection[tuple[int, int]]) -> Shape:
    return frozenset((tick, key) for tick, key, _ in hits if (tick, key) not in usual and key not in _TIME_KEYS)
