"""What is answered: models of every JSON answer but problems. Times are UTC ISO-8601, lengths seconds, money strings.

Belongs here: the models. Does not belong here: gathering what they hold (the handlers beside), people and their
endpoints (told_people), takes (takes_told).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.operations import Answer, WillStart
from api.v2.asked import STATES

Stages = Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]


class About(Answer):
    """What answers here, and as whom the caller is taken."""

    name: str
    version: str
    mode: Literal["single-user", "login required"]
    note: str
    docs: str
    openapi: str


class Links(Answer):
    """Where to go on."""

    status: str
    versions: str
    artifacts: str
    download: str


class Accepted(Answer):
    """A request that was accepted: it is on its way."""

    composition: str
    version: int
    partition: str = Field(description="<composition>@v<version>: its name everywhere, in Dagster too.")
    request: str
    is_new: bool = Field(description="False for the repetition of one that was accepted before.")
    seed: int
    until: Stages
    status: Literal["accepted"]
    accepted: dict[str, Any] = Field(description="The request as it was accepted.")
    estimate_s: float = Field(description="How long making it takes at the most, without waiting in line.")
    will_start: WillStart
    links: Links


class StageTold(Answer):
    """One asset of a version."""

    stage: Stages
    asset: str
    status: Literal["pending", "made", "carried", "failed"]
    seconds: float
    carried_from: str | None


class CheckTold(Answer):
    """A check that was made."""

    name: str
    asset: str
    passed: bool
    measured: float | str
    expected: str
    waived: bool


class Running(Answer):
    """Being made right now."""

    asset: str
    fraction: float
    left_s: float | None
    since: str
    is_cancelling: bool


class Status(Answer):
    """How far a version is."""

    composition: str
    version: int
    partition: str
    title: str | None
    status: str = Field(description="released, stopped at a check, or its state.")
    state: STATES
    stage: Stages
    reason: str = Field(description="Why it is there, where that was said.")
    progress: float = Field(ge=0, le=1)
    time_left_s: float | None
    running: Running | None
    requests: list[dict[str, str]] = Field(description="Requests for it that are open.")
    stages: list[StageTold]
    checks: list[CheckTold]
    seed: int
    cost_usd: str
    created_at: datetime
    updated_at: datetime
    context: dict[str, Any] | None
    links: Links


class Listed(Answer):
    """A composition in a list: the state of its newest version."""

    composition: str
    title: str | None
    owner: str
    state: STATES
    stage: Stages
    versions: int
    created_at: datetime
    updated_at: datetime
    status: str = Field(description="Where its status is told.")


class CompositionPage(Answer):
    """Some compositions, newest first."""

    items: list[Listed]
    next_cursor: str | None


class VersionTold(Answer):
    """A version in the tree."""

    version: int
    partition: str
    parent: str | None
    depth: int
    state: STATES
    words: str
    change: dict[str, Any] | None
    loudness_lufs: float | None
    seed: int
    is_newest: bool
    created_at: datetime


class Versions(Answer):
    """The tree of versions, depth first."""

    composition: str
    items: list[VersionTold]


class Difference(Answer):
    """How two versions differ; a part that not both came to is null."""

    old: dict[str, Any]
    new: dict[str, Any]
    is_same: bool
    context: list[dict[str, Any]] | None
    artifacts: list[dict[str, Any]]
    score: dict[str, Any] | None
    lyrics: list[dict[str, Any]] | None
    measurements: list[dict[str, Any]] | None
    checks: list[dict[str, Any]] | None
    seconds: dict[str, float]


class PlannedTold(Answer):
    """What becomes of one asset."""

    asset: str
    stage: Stages
    verdict: Literal["computes", "may compute", "carried"]
    why: str
    expected_s: float
    carried_from: str | None


class PlanTold(Answer):
    """What a request would come to; nothing was made."""

    parent: str | None
    context: dict[str, Any] | None = Field(description="Of a new composition: what the prompt was understood as.")
    changes: list[dict[str, Any]]
    assets: list[PlannedTold]
    least_s: float
    most_s: float
    engines: dict[str, str] = Field(description="Who would be asked for what.")
    cost_usd: str = Field(description="What that is expected to cost, if everything is made that may be.")
    notes: list[str] = Field(
        default_factory=list, description="How a language model took the words, or why it did not and a rule did."
    )


class LineageTold(Answer):
    """Where one asset of a version comes from."""

    asset: str
    stage: Stages
    upstreams: list[str]
    content_hash: str
    carried_from: str | None
    made_at: datetime
    seconds: float
    run: str


class Lineage(Answer):
    """Where every asset of a version comes from, in the order of the graph."""

    partition: str
    items: list[LineageTold]


class RoleTold(Answer):
    """A file of an artifact."""

    role: str
    media_type: str
    size_bytes: int
    sha256: str
    href: str


class ArtifactTold(Answer):
    """What one asset of a version holds."""

    asset: str
    stage: Stages
    carried_from: str | None
    facts: dict[str, Any]
    files: list[RoleTold]


class Artifacts(Answer):
    """What a version holds, in the order of the graph."""

    partition: str
    items: list[ArtifactTold]


class CancelTold(Answer):
    """What came of a wish to cancel so far."""

    partition: str
    was: STATES
    state: STATES
    is_stopped: bool


class EnginesTold(Answer):
    """Engines, each with what it can do, what it costs, and how it stands."""

    items: list[dict[str, Any]]


class StyleTold(Answer):
    """A style."""

    name: str
    description: str
    tempo_bpm: list[float] = Field(description="Lowest and highest.")
    meters: list[str]
    is_derived: bool


class StylesTold(Answer):
    """The styles there are."""

    items: list[StyleTold]


class BatchTold(Answer):
    """A batch with how many of its songs are in which state."""

    batch: str
    user: str
    songs: int
    counts: dict[str, int]
    is_open: bool
    started_at: datetime
    deadline: datetime | None
    ended_at: datetime | None


class BatchesTold(Answer):
    """Batches, newest first."""

    items: list[BatchTold]


class BatchSong(Answer):
    """A song of a batch."""

    position: int
    prompt: str
    partition: str | None
    state: str
    reason: str


class BatchSongs(Answer):
    """A batch, song by song."""

    batch: BatchTold
    items: list[BatchSong]


class UsageRow(Answer):
    """What was used of one kind."""

    kind: str
    quantity: float
    cost_usd: str


class UsageTold(Answer):
    """What a user used up in the last days."""

    user: str
    since: datetime
    items: list[UsageRow]
    disk_bytes: int | None = Field(description="As last measured by the housekeeping.")
