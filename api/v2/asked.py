"""What callers send: bodies and parameters. What is left out is not said, and the door's own defaults hold.

Belongs here: the models. Does not belong here: rules of a request (the door has them), turning these into one (wishes).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from api.operations import Asked
from musicgen_assets.context import limits
from musicgen_assets.context.request import Stage
from musicgen_assets.context.schema import PackageName, TargetName
from musicgen_assets.context.wishes import Policy

Number = int
VERSION = Field(None, ge=1, le=10**9 - 1, description="Which version; left out, the newest.")
STATES = Literal[
    "ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization",
    "waiting_for_approval", "released", "failed", "cancelled", "archived",
]  # fmt: skip


class _Wishes(Asked):
    """What a new composition and a new version of one can both be asked for."""

    set: dict[str, Any] = Field(
        default_factory=dict, max_length=500,
        description='Context paths to values, such as {"musical.key": "Eb"}; wins over all else.',
    )  # fmt: skip
    styles: dict[str, float] = Field(
        default_factory=dict, max_length=10, description='Styles to weights, such as {"house": 0.7}.'
    )
    lyrics: str | None = Field(None, max_length=limits.LYRICS_MAX_CHARACTERS, description="Words to sing.")
    title: str | None = Field(None, min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)
    seed: int | None = Field(None, ge=0, le=limits.SEED_MAX, description="The same request and seed, the same song.")
    until: Stage | None = Field(None, description="Stop after this stage; left out, go through to the release.")
    packages: list[PackageName] = Field(default_factory=list, max_length=6)
    targets: list[TargetName] = Field(default_factory=list, max_length=5)
    engines: list[str] = Field(
        default_factory=list, max_length=5, description='Who is asked: "kie", "lyrics=openai"; see /engines/.'
    )
    policy: Policy | None = Field(None, description="What decides between engines that nobody named.")
    budget_usd: str | None = Field(None, pattern=r"^\d{1,6}(\.\d{1,4})?$", description="What it may cost at most.")
    is_alone: bool = Field(False, description="Ask nobody else where the engine fails: fail instead.")
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)


class GenerateAsked(_Wishes):
    """A new composition."""

    prompt: str = Field(max_length=limits.PROMPT_MAX_CHARACTERS, description="The song in words.")
    duration_s: float | None = Field(None, ge=limits.DURATION_MIN_S, le=limits.DURATION_MAX_S)


class TrackEdit(Asked):
    """A track or bus ("bus:drums") moved by hand."""

    track: str = Field(min_length=1, max_length=80)
    gain_db: float | None = None
    pan: float | None = Field(None, ge=-1, le=1)
    is_muted: bool | None = None
    automation: str | None = Field(None, max_length=4000, description="Its gain over time, seconds=dB: '0=0, 30=-6'.")
    section: str | None = Field(None, max_length=80, description="Only there: 'verse 2'.")


class ReviseAsked(_Wishes):
    """A new version: what is to differ from the one it starts from."""

    version: int | None = VERSION
    words: str | None = Field(
        None, min_length=1, max_length=limits.PROMPT_MAX_CHARACTERS,
        description="The change in words: 'no drums'. Read by rule, or by whom `engines` names for it "
        "(words_to_change=anthropic), who is asked, and paid, as soon as the plan is.",
    )  # fmt: skip
    prompt: str | None = Field(None, max_length=limits.PROMPT_MAX_CHARACTERS, description="Another prompt.")
    rerolls: list[str] = Field(
        default_factory=list, max_length=40, description='Assets or sections whose dice are thrown again: "melody".'
    )
    edits: list[TrackEdit] = Field(default_factory=list, max_length=64)
    is_refresh: bool = Field(False, description="Make everything with today's code.")


class WorkAsked(Asked):
    """Going on with a version."""

    version: int | None = VERSION
    until: Stage | None = Field(None, description="How far; left out, the next stage (advance) or as asked before.")
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)


class VersionAsked(Asked):
    """Which version."""

    version: int | None = VERSION


class CancelAsked(VersionAsked):
    """Which version's work is to stop."""


class StatusAsked(VersionAsked):
    """Which version, and how much of it."""

    context: bool = Field(False, description="With the resolved context.")


class DiffAsked(Asked):
    """Two versions of one composition."""

    old: int | None = Field(None, ge=1, le=10**9 - 1, description="Left out, the parent of the other.")
    new: int | None = Field(None, ge=1, le=10**9 - 1, description="Left out, the newest.")


class ListAsked(Asked):
    """Which compositions."""

    q: str | None = Field(None, min_length=1, max_length=200, description="Words of its id, title or prompt.")
    state: STATES | None = Field(None, description="The state of its newest version.")
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=200, description="next_cursor of the page before.")


class ArtifactsAsked(VersionAsked):
    """Whose artifacts, and of which stage."""

    stage: Stage | None = None


class ArtifactAsked(VersionAsked):
    """Which part of an artifact."""

    role: str = Field("main", min_length=1, max_length=200, description="A role of the artifact's list.")


class DownloadAsked(VersionAsked):
    """The whole package as a ZIP, or one file of it."""

    file: str | None = Field(None, min_length=1, max_length=400, description="A path in the release: stems/bass.flac.")


class UsageAsked(Asked):
    """Whose usage."""

    user: str | None = Field(None, min_length=1, max_length=120, description="Another user's; for staff.")
    days: int = Field(30, ge=1, le=366)


def _moment(value: Any) -> Any:
    """JSON has no times, and nothing else is taken for one."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class WebhookAsked(Asked):
    """A new endpoint."""

    url: str = Field(min_length=1, max_length=2000, description="An https address on the open network.")
    events: list[str] = Field(default_factory=list, max_length=20, description="Which events; left out, all.")
    description: str = Field("", max_length=200)


class WebhookChanged(Asked):
    """What is to be another way; the rest stays."""

    url: str | None = Field(None, min_length=1, max_length=2000)
    events: list[str] | None = Field(None, max_length=20)
    description: str | None = Field(None, max_length=200)
    is_enabled: bool | None = Field(None, description="True also sends what has waited.")


class DeliveriesAsked(Asked):
    """Which deliveries."""

    state: Literal["pending", "delivered", "failed"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=1, le=2**62, description="next_cursor of the page before.")


class ReplayAsked(Asked):
    """What to send again: one message, or all that did not arrive."""

    message: str | None = Field(None, min_length=1, max_length=40)
    since: Moment | None = Field(None, description="Only what was put down since then.")


class EventsAsked(Asked):
    """From where on, and how long."""

    after: int | None = Field(None, ge=0, le=2**62, description="The id of the last message that was read; 0 for all.")
    for_s: float | None = Field(None, ge=0, le=86400, description="End it after so many seconds; left out, never.")


class MemberAsked(Asked):
    """What somebody is to be."""

    role: Literal["collaborator", "viewer"]


class LinkAsked(Asked):
    """A share link."""

    days: int | None = Field(None, ge=1, le=365, description="How long it works.")
