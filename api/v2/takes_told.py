"""What is sent and answered about takes, as models.

Belongs here: the models. Does not belong here: the handlers (taking).
"""

from __future__ import annotations

from pydantic import Field

from api.operations import Answer, Asked, WillStart
from api.v2.asked import STATES, VERSION, GenerateAsked, VersionAsked
from musicgen_assets.context import limits
from resources.takes import TAKES_MAX

_COUNT = Field(4, ge=2, le=TAKES_MAX, description="How many, the first among them.")
_VARY = Field("melody", min_length=1, max_length=80, description='What they differ in: an asset, or "verse 2".')


class GenerateTakesAsked(GenerateAsked):
    """A new composition, written several times."""

    count: int = _COUNT
    vary: str = _VARY


class TakesAsked(Asked):
    """More takes of a version, which counts as the first."""

    version: int | None = VERSION
    count: int = _COUNT
    vary: str = _VARY
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)


class ShowTakesAsked(VersionAsked):
    """Whose takes: those that the version is one of; left out, the newest ones."""


class KeepAsked(Asked):
    """The take that is to become a release."""

    version: int = Field(ge=1, le=10**9 - 1)


class TakesAccepted(Answer):
    """Takes that were asked for: they are on their way."""

    composition: str
    first: str
    stream: str
    count: int
    requests: list[str] = Field(description="Requests of this that nobody has begun; more follow by themselves.")
    will_start: WillStart


class TakeTold(Answer):
    """One take beside the others."""

    number: int
    version: int
    partition: str
    state: STATES
    scores: dict[str, float]
    failed_checks: list[str]
    hook: list[str]
    hook_measures: dict[str, float]
    likeness: float | None = Field(description="How alike its hook is to the first take's, 0-1.")
    preview: str | None = Field(description="Where it can be heard.")
    preview_of: str | None
    preview_s: float | None


class TakesTold(Answer):
    """Takes side by side."""

    composition: str
    first: str
    stream: str
    takes: list[TakeTold]
    shared: list[str] = Field(description="Assets that are the same in all.")
    tracks_shared: list[str] = Field(description="Parts whose every note is the same in all.")


class KeptTold(Answer):
    """What keeping a take comes to. The others are put away once it is released."""

    partition: str
    request: str | None = Field(description="The request that finishes it; null where it is released already.")
    will_start: WillStart
