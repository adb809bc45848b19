"""A style's groove in a meter it has no groove for: beats are picked, stretched or cut, sixteenth by sixteenth.

Belongs here: re-fitting pattern strings from one meter to another. Does not belong here: hits and timing
(composition.rhythm_pattern).

A beat is four sixteenths in simple meters, six in compound ones. Pieces that keep time (hats, rides, shakers)
fill a longer beat by going on; all others keep their downbeat and their pick-up and leave the rest empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.styles.schema import GrooveVariant, Level, MeterGroove, Style

TIME_KEEPERS = frozenset({"hat", "ride", "pedal_hat", "shaker", "tambourine"})
REST = "."

_BEATS: dict[str, tuple[int, ...]] = {
    "2/4": (4, 4), "3/4": (4, 4, 4), "4/4": (4, 4, 4, 4), "5/4": (4, 4, 4, 4, 4),
    "6/8": (6, 6), "7/8": (4, 4, 6), "12/8": (6, 6, 6, 6),
}  # fmt: skip
"""Sixteenths a beat."""

_ONLY_TIME = 100
"""Added to a source beat's number: only time keepers play it."""
_T0, _T1 = _ONLY_TIME, _ONLY_TIME + 1

_PLANS: dict[str, dict[str, tuple[int, ...]]] = {
    "2/4": {"4/4": (0, 1), "3/4": (0, 1), "6/8": (0, 1), "12/8": (0, 1)},
    "3/4": {"4/4": (0, 1, 3), "6/8": (0, _T0, 1), "12/8": (0, 1, 3), "2/4": (0, 1, 1)},
    "4/4": {"2/4": (0, 1, 0, 1), "12/8": (0, 1, 2, 3), "3/4": (0, 1, 0, 2), "6/8": (0, _T0, 1, _T1)},
    "5/4": {"4/4": (0, 1, 3, 2, 3), "3/4": (0, 1, 2, 0, 1), "12/8": (0, 1, 3, 2, 3), "6/8": (0, _T0, _T1, 1, _T1)},
    "6/8": {"12/8": (0, 1), "4/4": (0, 1), "2/4": (0, 1), "3/4": (0, 2)},
    "12/8": {"6/8": (0, 1, 0, 1), "4/4": (0, 1, 2, 3), "3/4": (0, 1, 0, 2), "2/4": (0, 1, 0, 1)},
}
"""Target meter -> source meter, best first -> source beat for each target beat. 5/4 is 3+2: ``K s s K s``."""

_STRETCH_TIME = (0, 1, 2, 3, 2, 3)
_STRETCH_REST = (0, -1, -1, -1, 2, 3)
_SHRINK = (0, 1, 4, 5)
"""Which step of the source beat a step of the target beat takes; -1 is silent."""


def groove_for(style: Style, time_signature: str) -> MeterGroove:
    """The style's own groove in this meter, or its nearest one re-fitted. Raises BadInput on an unknown meter.

    7/8 is the 4/4 groove without its last eighth, as players most often count it.
    """
    grooves: dict[str, MeterGroove] = {str(meter): groove for meter, groove in style.grooves.items()}
    if time_signature in grooves:
        return grooves[time_signature]
    if time_signature not in _BEATS:
        raise BadInput(
            "musical.time_signature", time_signature, f"it is none of {' '.join(_BEATS)}",
            way_out="Choose one of these meters.",
        )  # fmt: skip
    if time_signature == "7/8":
        return _refit(groove_for(style, "4/4"), _Shortened(steps_per_bar("7/8")))
    for source, plan in _PLANS[time_signature].items():
        if source in grooves:
            return _refit(grooves[source], _Planned(source, time_signature, plan))
    raise PermanentFailure(
        f"Style {style.name} has no groove that could be re-fitted to {time_signature}.",
        way_out="Give the style a groove in 4/4, 3/4 or 6/8.",
    )


class _Mapping(Protocol):
    """How one bar of a pattern becomes one bar of another meter."""

    def bar(self, bar: str, is_time_keeper: bool) -> str: ...

    def fill(self, bar: str) -> str: ...


@dataclass(frozen=True)
class _Shortened:
    """Bars cut to their first ``steps``; fills keep their end."""

    steps: int

    def bar(self, bar: str, is_time_keeper: bool) -> str:
        del is_time_keeper
        return bar[: self.steps]

    def fill(self, bar: str) -> str:
        return _fitted_fill(bar, self.steps)


@dataclass(frozen=True)
class _Planned:
    """Beats taken from the source meter's bar as a plan says."""

    source: str
    target: str
    plan: tuple[int, ...]

    def bar(self, bar: str, is_time_keeper: bool) -> str:
        return "".join(
            self._beat(bar, chosen, length, is_time_keeper)
            for chosen, length in zip(self.plan, _BEATS[self.target], strict=True)
        )

    def fill(self, bar: str) -> str:
        return _fitted_fill(bar, steps_per_bar(self.target))

    def _beat(self, bar: str, chosen: int, length: int, is_time_keeper: bool) -> str:
        if chosen >= _ONLY_TIME and not is_time_keeper:
            return REST * length
        lengths = _BEATS[self.source]
        index = chosen % _ONLY_TIME
        start = sum(lengths[:index])
        beat = bar[start : start + lengths[index]]
        if len(beat) == length:
            return beat
        if len(beat) > length:
            return "".join(beat[step] for step in _SHRINK)
        steps = _STRETCH_TIME if is_time_keeper else _STRETCH_REST
        return "".join(REST if step < 0 else beat[step] for step in steps)


def _refit(groove: MeterGroove, mapping: _Mapping) -> MeterGroove:
    fills = tuple(
        {piece: " ".join(mapping.fill(bar) for bar in pattern.split()) for piece, pattern in fill.items()}
        for fill in groove.fills
    )
    return MeterGroove(
        levels=_levels(groove.levels, mapping),
        fills=fills,
        comping=_comping(groove.comping, mapping),
        source=f"re-fitted; {groove.source}",
        variants=tuple(
            GrooveVariant(
                levels=_levels(variant.levels, mapping),
                comping=_comping(variant.comping, mapping),
                source=f"re-fitted; {variant.source or groove.source}",
            )
            for variant in groove.variants
        ),
    )


def _levels(levels: Mapping[Level, Mapping[str, str]], mapping: _Mapping) -> dict[Level, dict[str, str]]:
    return {
        level: {piece: _mapped(pattern, mapping, piece in TIME_KEEPERS) for piece, pattern in pieces.items()}
        for level, pieces in levels.items()
    }


def _comping(comping: Mapping[Level, str], mapping: _Mapping) -> dict[Level, str]:
    return {level: _started(_mapped(pattern, mapping, False)) for level, pattern in comping.items()}


def _mapped(pattern: str, mapping: _Mapping, is_time_keeper: bool) -> str:
    return " ".join(mapping.bar(bar, is_time_keeper) for bar in pattern.split())


def _started(pattern: str) -> str:
    """The pattern, struck on its first step if re-fitting left nothing of it."""
    return pattern if set(pattern) - {REST, " "} else "x" + pattern[1:]


def _fitted_fill(bar: str, steps: int) -> str:
    """A fill cut from the left, its downbeat kept, or lengthened by its own beginning: its end leads on."""
    if len(bar) >= steps:
        tail = bar[len(bar) - steps :]
        return (bar[0] if bar[0] != REST else tail[0]) + tail[1:]
    missing = steps - len(bar)
    return bar[0] + REST * (missing - 1) + (bar if missing == 0 else REST + bar[1:])
