"""The canon: grooves a listener knows a style by, hit by hit, and whether a pattern plays one.

Belongs here: reading canon.yaml and comparing hits with it. Does not belong here: the patterns of styles
(styles/data), turning patterns into hits (composition).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import TimeSignature, Unit
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.styles.schema import Level

Steps = tuple[int, ...]


class CanonPart(Frozen):
    """What one of ``pieces`` (or with ``is_shared`` all of them together) plays; sixteenths from the cycle's start.

    ``allowed`` None leaves all other places free; a list, even an empty one, is all there may be beside the essential
    hits.
    """

    pieces: tuple[str, ...] = Field(min_length=1)
    essential: Steps
    allowed: Steps | None = None
    forbidden: Steps = ()
    is_shared: bool = False


class CanonGroove(Frozen):
    """One groove of the canon: its parts, where it comes from, and which levels of which styles must have it."""

    meter: TimeSignature
    bars: int = Field(1, ge=1, le=2)
    swing_from: Unit = 0.5
    source: str = Field(min_length=1)
    parts: tuple[CanonPart, ...] = Field(min_length=1)
    played_by: dict[str, tuple[Level, ...]]

    @property
    def steps(self) -> int:
        """Sixteenths of the whole cycle."""
        return self.bars * steps_per_bar(self.meter)

    @model_validator(mode="after")
    def _hold_together(self) -> CanonGroove:
        for part in self.parts:
            places = {*part.essential, *(part.allowed or ()), *part.forbidden}
            if any(not 0 <= place < self.steps for place in places):
                raise ValueError(f"{sorted(places)}: a place lies outside 0-{self.steps - 1}")
            if set(part.forbidden) & {*part.essential, *(part.allowed or ())}:
                raise ValueError(f"{part.forbidden}: a place is forbidden and asked for")
        return self


class Canon(Frozen):
    """canon.yaml: short citation to reference, and grooves by name."""

    sources: dict[str, str]
    grooves: dict[str, CanonGroove]


@lru_cache(maxsize=1)
def canon() -> Canon:
    """The table, validated. Raises PermanentFailure where it is broken."""
    import yaml

    path = Path(__file__).parent / "canon.yaml"
    try:
        return Canon.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PermanentFailure(f"styles/canon.yaml: {error}", way_out="Mend the file.") from error


def faults(groove: CanonGroove, hits: Mapping[str, Mapping[int, bool]], steps: int) -> list[str]:
    """What ``hits`` lack or have too much of, in words; empty if they play the groove.

    ``hits`` maps a piece to its steps, counted over ``steps`` sixteenths, and each step to whether it is more than a
    ghost. Ghosts fill essential places but break no rule.
    """
    found: list[str] = []
    for part in groove.parts:
        if part.is_shared:
            together = {step: loud for piece in part.pieces for step, loud in hits.get(piece, {}).items()}
            carried = [("+".join(part.pieces), together)]
        else:
            carried = [(piece, dict(hits.get(piece, {}))) for piece in part.pieces]
        tried = [
            _of_part(groove, part, name, played, steps) for name, played in carried if played or not part.essential
        ]
        if not tried:
            found.append(f"no {' or '.join(part.pieces)}")
        elif all(tried):
            found += sorted(tried, key=len)[0]
    return found


def _of_part(groove: CanonGroove, part: CanonPart, name: str, played: Mapping[int, bool], steps: int) -> list[str]:
    cycle = groove.steps
    length = max(steps, cycle)
    present = {place for start in range(0, length, steps) for place in (start + step for step in played)}
    wanted = {start + step for start in range(0, length, cycle) for step in part.essential}
    found = [f"{name} lacks {place}" for place in sorted(wanted - present)]
    loud = {step for step, is_loud in played.items() if is_loud}
    barred = set(part.forbidden)
    if part.allowed is not None:
        barred |= set(range(cycle)) - set(part.essential) - set(part.allowed)
    return found + [f"{name} hits {step}" for step in sorted(loud) if step % cycle in barred]
