"""What is sent to the API and what it answers, drawn from its OpenAPI document: run `make docs`.

Belongs here: those types. Does not belong here: anything written by hand.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class About(TypedDict):
    """
    What answers here, and as whom the caller is taken.
    """

    name: str
    version: str
    mode: Literal["single-user", "login required"]
    note: str
    docs: str
    openapi: str


class ArtifactAsked(TypedDict):
    """
    Which part of an artifact.
    """

    version: NotRequired[int | None]
    role: NotRequired[str]


class ArtifactsAsked(TypedDict):
    """
    Whose artifacts, and of which stage.
    """

    version: NotRequired[int | None]
    stage: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]


class BatchSong(TypedDict):
    """
    A song of a batch.
    """

    position: int
    prompt: str
    partition: str | None
    state: str
    reason: str


class BatchStarted(TypedDict):
    """
    What a start came to: of its songs, how many are new, known from an earlier start, or tried again.
    """

    batch: str
    songs: int
    new: int
    known: int
    again: int
    is_new: bool
    status: str
    will_start: Literal["now", "when a deployment runs"]


class BatchTold(TypedDict):
    """
    A batch with how many of its songs are in which state.
    """

    batch: str
    user: str
    songs: int
    counts: dict[str, int]
    is_open: bool
    started_at: str
    deadline: str | None
    ended_at: str | None


class BatchesTold(TypedDict):
    """
    Batches, newest first.
    """

    items: list[BatchTold]


class CancelAsked(TypedDict):
    """
    Which version's work is to stop.
    """

    version: NotRequired[int | None]


class CancelTold(TypedDict):
    """
    What came of a wish to cancel so far.
    """

    partition: str
    was: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    state: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    is_stopped: bool


class CheckTold(TypedDict):
    """
    A check that was made.
    """

    name: str
    asset: str
    passed: bool
    measured: float | str
    expected: str
    waived: bool


class ChipField(TypedDict):
    """
    One value of a chip, by the context path under which it is corrected: goes back in ``set``.
    """

    path: str
    label: str
    kind: Literal["text", "number", "share", "choice", "switch", "several", "weights", "players"]
    value: Any
    options: NotRequired[list[dict[str, str]]]
    low: NotRequired[float | None]
    high: NotRequired[float | None]
    unit: NotRequired[str]


class Complaint(TypedDict):
    """
    One broken rule.
    """

    field: str
    value: NotRequired[Any]
    rule: str


class DeliveriesAsked(TypedDict):
    """
    Which deliveries.
    """

    state: NotRequired[Literal["pending", "delivered", "failed"] | None]
    limit: NotRequired[int]
    cursor: NotRequired[int | None]


class DiffAsked(TypedDict):
    """
    Two versions of one composition.
    """

    old: NotRequired[int | None]
    new: NotRequired[int | None]


class Difference(TypedDict):
    """
    How two versions differ; a part that not both came to is null.
    """

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


class DownloadAsked(TypedDict):
    """
    The whole package as a ZIP, or one file of it.
    """

    version: NotRequired[int | None]
    file: NotRequired[str | None]


class EnginesTold(TypedDict):
    """
    Engines, each with what it can do, what it costs, and how it stands.
    """

    items: list[dict[str, Any]]


class EventsAsked(TypedDict):
    """
    From where on, and how long.
    """

    after: NotRequired[int | None]
    for_s: NotRequired[float | None]


class GenerateAsked(TypedDict):
    """
    A new composition.
    """

    set: NotRequired[dict[str, Any]]
    styles: NotRequired[dict[str, float]]
    lyrics: NotRequired[str | None]
    title: NotRequired[str | None]
    seed: NotRequired[int | None]
    until: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]
    packages: NotRequired[list[Literal["everyone", "songwriter", "daw", "game", "film", "video"]]]
    targets: NotRequired[list[Literal["streaming", "loud", "broadcast", "film", "custom"]]]
    engines: NotRequired[list[str]]
    policy: NotRequired[Literal["cost", "quality", "speed", "licence"] | None]
    budget_usd: NotRequired[str | None]
    is_alone: NotRequired[bool]
    priority: NotRequired[int]
    prompt: str
    duration_s: NotRequired[float | None]


class GenerateTakesAsked(TypedDict):
    """
    A new composition, written several times.
    """

    set: NotRequired[dict[str, Any]]
    styles: NotRequired[dict[str, float]]
    lyrics: NotRequired[str | None]
    title: NotRequired[str | None]
    seed: NotRequired[int | None]
    until: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]
    packages: NotRequired[list[Literal["everyone", "songwriter", "daw", "game", "film", "video"]]]
    targets: NotRequired[list[Literal["streaming", "loud", "broadcast", "film", "custom"]]]
    engines: NotRequired[list[str]]
    policy: NotRequired[Literal["cost", "quality", "speed", "licence"] | None]
    budget_usd: NotRequired[str | None]
    is_alone: NotRequired[bool]
    priority: NotRequired[int]
    prompt: str
    duration_s: NotRequired[float | None]
    count: NotRequired[int]
    vary: NotRequired[str]


class KeepAsked(TypedDict):
    """
    The take that is to become a release.
    """

    version: int


class KeptTold(TypedDict):
    """
    What keeping a take comes to. The others are put away once it is released.
    """

    partition: str
    request: str | None
    will_start: Literal["now", "when a deployment runs"]


class LineTold(TypedDict):
    """
    A sung line: the words with the second at which each begins.
    """

    section: str
    text: str
    start_s: float
    end_s: float
    words: list[tuple[float, str]]


class LineageTold(TypedDict):
    """
    Where one asset of a version comes from.
    """

    asset: str
    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    upstreams: list[str]
    content_hash: str
    carried_from: str | None
    made_at: str
    seconds: float
    run: str


class LinkAsked(TypedDict):
    """
    A share link.
    """

    days: NotRequired[int | None]


class LinkTold(TypedDict):
    """
    A share link; its token is told once, when it is made.
    """

    id: str
    created_by: str
    created_at: str
    expires_at: str
    revoked_at: str | None


class Links(TypedDict):
    """
    Where to go on.
    """

    status: str
    versions: str
    artifacts: str
    download: str


class LinksTold(TypedDict):
    """
    Share links of a composition.
    """

    items: list[LinkTold]


class ListAsked(TypedDict):
    """
    Which compositions.
    """

    q: NotRequired[str | None]
    state: NotRequired[
        Literal[
            "ideation",
            "composition",
            "arrangement",
            "production",
            "mixing",
            "mastering",
            "finalization",
            "waiting_for_approval",
            "released",
            "failed",
            "cancelled",
            "archived",
        ]
        | None
    ]
    limit: NotRequired[int]
    cursor: NotRequired[str | None]


class Listed(TypedDict):
    """
    A composition in a list: the state of its newest version.
    """

    composition: str
    title: str | None
    owner: str
    state: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    versions: int
    created_at: str
    updated_at: str
    status: str


class MadeLinkTold(TypedDict):
    """
    A new share link.
    """

    id: str
    created_by: str
    created_at: str
    expires_at: str
    revoked_at: str | None
    token: str
    href: str


class MadeWebhookTold(TypedDict):
    """
    An endpoint with its secret, which is not told again.
    """

    id: str
    url: str
    events: list[str]
    description: str
    is_enabled: bool
    disabled_at: str | None
    disabled_why: str
    created_at: str
    old_secret_until: str | None
    secret: str


class MemberAsked(TypedDict):
    """
    What somebody is to be.
    """

    role: Literal["collaborator", "viewer"]


class MemberTold(TypedDict):
    """
    Somebody who may see a composition.
    """

    user: str
    role: Literal["owner", "collaborator", "viewer"]
    since: str


class Members(TypedDict):
    """
    Who may see a composition, its owner first.
    """

    items: list[MemberTold]


class MessageTold(TypedDict):
    """
    What was put down to be sent.
    """

    message: str


class PartTold(TypedDict):
    """
    A track as notes.
    """

    track: str
    label: str
    role: Literal["drums", "percussion", "bass", "chords", "arpeggio", "pad", "lead", "counter", "vocal"]
    instrument: str
    is_drums: bool
    notes: list[tuple[float, float, int, int]]


class PlannedTold(TypedDict):
    """
    What becomes of one asset.
    """

    asset: str
    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    verdict: Literal["computes", "may compute", "carried"]
    why: str
    expected_s: float
    carried_from: str | None


class PlayTold(TypedDict):
    """
    A file to play.
    """

    href: str
    media_type: str
    size_bytes: int


class Problem(TypedDict):
    """
    Why a request was not answered as asked.
    """

    type: str
    title: str
    status: int
    code: Literal[
        "bad_request",
        "bad_json",
        "not_authenticated",
        "key_unknown",
        "key_expired",
        "key_revoked",
        "not_allowed",
        "wrong_token",
        "wrong_origin",
        "not_found",
        "not_made",
        "wrong_method",
        "conflict",
        "too_large",
        "uri_too_long",
        "wrong_media_type",
        "bad_range",
        "bad_input",
        "key_reused",
        "rate_limited",
        "internal",
        "failed",
        "busy",
    ]
    detail: str
    retryable: bool
    field: NotRequired[str | None]
    value: NotRequired[Any]
    rule: NotRequired[str | None]
    way_out: NotRequired[str]
    errors: NotRequired[list[Complaint]]
    request_id: NotRequired[str]


class PutAwayAsked(TypedDict):
    """
    What is put away or brought back: one version, or all of them.
    """

    version: NotRequired[int | None]


class PutAwayTold(TypedDict):
    """
    Versions that were put away or brought back.
    """

    composition: str
    partitions: list[str]


class RenameAsked(TypedDict):
    """
    Another name in lists.
    """

    title: str


class RenamedTold(TypedDict):
    """
    A composition's name. Files keep the title that they were made with.
    """

    composition: str
    title: str
    before: str | None


class ReplayAsked(TypedDict):
    """
    What to send again: one message, or all that did not arrive.
    """

    message: NotRequired[str | None]
    since: NotRequired[str | None]


class ReplayTold(TypedDict):
    """
    How many messages are sent again.
    """

    count: int


class RoleTold(TypedDict):
    """
    A file of an artifact.
    """

    role: str
    media_type: str
    size_bytes: int
    sha256: str
    href: str


class Running(TypedDict):
    """
    Being made right now.
    """

    asset: str
    fraction: float
    left_s: float | None
    since: str
    is_cancelling: bool


class SectionTold(TypedDict):
    """
    A section of the song.
    """

    name: str
    label: str
    start_s: float
    end_s: float
    start_bar: int
    bars: int
    energy: float


class ShowTakesAsked(TypedDict):
    """
    Whose takes: those that the version is one of; left out, the newest ones.
    """

    version: NotRequired[int | None]


class StageTold(TypedDict):
    """
    One asset of a version.
    """

    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    asset: str
    status: Literal["pending", "made", "carried", "failed"]
    seconds: float
    carried_from: str | None


class StartBatchAsked(TypedDict):
    """
    A batch, said as in a definition file (docs/batches.md); its songs are yours.
    """

    name: str
    prompts: NotRequired[list[str | dict[str, Any]]]
    templates: NotRequired[list[dict[str, Any]]]
    common: NotRequired[dict[str, Any]]
    seeds: NotRequired[int | list[int] | None]
    count: NotRequired[int | None]
    until: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]
    priority: NotRequired[int]
    deadline: NotRequired[str | None]
    each_start: NotRequired[Literal["same", "new"]]


class Status(TypedDict):
    """
    How far a version is.
    """

    composition: str
    version: int
    partition: str
    title: str | None
    status: str
    state: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    reason: str
    progress: float
    time_left_s: float | None
    running: Running | None
    requests: list[dict[str, str]]
    stages: list[StageTold]
    checks: list[CheckTold]
    seed: int
    cost_usd: str
    created_at: str
    updated_at: str
    context: dict[str, Any] | None
    links: Links


class StatusAsked(TypedDict):
    """
    Which version, and how much of it.
    """

    version: NotRequired[int | None]
    context: NotRequired[bool]


class StemTold(TypedDict):
    """
    A track of the mix: what it sounds like there, and how a hand has moved it so far.
    """

    track: str
    label: str
    role: Literal["drums", "percussion", "bass", "chords", "arpeggio", "pad", "lead", "counter", "vocal"]
    instrument: str
    href: str
    size_bytes: int
    gain_db: float
    hand_gain_db: float
    is_muted: bool


class StyleTold(TypedDict):
    """
    A style.
    """

    name: str
    description: str
    tempo_bpm: list[float]
    meters: list[str]
    is_derived: bool


class StylesTold(TypedDict):
    """
    The styles there are.
    """

    items: list[StyleTold]


class TakeTold(TypedDict):
    """
    One take beside the others.
    """

    number: int
    version: int
    partition: str
    state: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    scores: dict[str, float]
    failed_checks: list[str]
    hook: list[str]
    hook_measures: dict[str, float]
    likeness: float | None
    preview: str | None
    preview_of: str | None
    preview_s: float | None


class TakesAccepted(TypedDict):
    """
    Takes that were asked for: they are on their way.
    """

    composition: str
    first: str
    stream: str
    count: int
    requests: list[str]
    will_start: Literal["now", "when a deployment runs"]


class TakesAsked(TypedDict):
    """
    More takes of a version, which counts as the first.
    """

    version: NotRequired[int | None]
    count: NotRequired[int]
    vary: NotRequired[str]
    priority: NotRequired[int]


class TakesTold(TypedDict):
    """
    Takes side by side.
    """

    composition: str
    first: str
    stream: str
    takes: list[TakeTold]
    shared: list[str]
    tracks_shared: list[str]


class TrackEdit(TypedDict):
    """
    A track or bus ("bus:drums") moved by hand.
    """

    track: str
    gain_db: NotRequired[float | None]
    pan: NotRequired[float | None]
    is_muted: NotRequired[bool | None]
    automation: NotRequired[str | None]
    section: NotRequired[str | None]


class TryTold(TypedDict):
    """
    One try to deliver.
    """

    at: str
    status: int | None
    error: str
    seconds: float


class UploadAsked(TypedDict):
    """
    What a file is to stand for.
    """

    what: Literal["melody", "stem", "vocals", "tune"]
    track: NotRequired[str | None]
    name: NotRequired[str]
    tempo_bpm: NotRequired[float | None]


class UploadTold(TypedDict):
    """
    A file that was taken, as context paths to values: give them to revise or generate as ``set``.
    """

    name: str
    size_bytes: int
    set: dict[str, Any]


class UsageAsked(TypedDict):
    """
    Whose usage.
    """

    user: NotRequired[str | None]
    days: NotRequired[int]


class UsageRow(TypedDict):
    """
    What was used of one kind.
    """

    kind: str
    quantity: float
    cost_usd: str


class UsageTold(TypedDict):
    """
    What a user used up in the last days.
    """

    user: str
    since: str
    items: list[UsageRow]
    disk_bytes: int | None


class VersionAsked(TypedDict):
    """
    Which version.
    """

    version: NotRequired[int | None]


class VersionTold(TypedDict):
    """
    A version in the tree.
    """

    version: int
    partition: str
    parent: str | None
    depth: int
    state: Literal[
        "ideation",
        "composition",
        "arrangement",
        "production",
        "mixing",
        "mastering",
        "finalization",
        "waiting_for_approval",
        "released",
        "failed",
        "cancelled",
        "archived",
    ]
    words: str
    change: dict[str, Any] | None
    loudness_lufs: float | None
    seed: int
    is_newest: bool
    created_at: str


class Versions(TypedDict):
    """
    The tree of versions, depth first.
    """

    composition: str
    items: list[VersionTold]


class WaiveAsked(TypedDict):
    """
    A failed check that is excused, for a reason that is written into the release.
    """

    version: NotRequired[int | None]
    check: str
    why: str


class WaivedTold(TypedDict):
    """
    A check that was excused. Go on with the version by retry.
    """

    partition: str
    check: str
    who: str
    why: str


class WaveformAsked(TypedDict):
    """
    Whose outline, and how fine.
    """

    version: NotRequired[int | None]
    track: NotRequired[str | None]
    columns: NotRequired[int]


class WaveformTold(TypedDict):
    """
    Lowest and highest value in each of equal stretches of a sound, -1 to 1.
    """

    partition: str
    track: str | None
    duration_s: float
    low: list[float]
    high: list[float]


class WebhookAsked(TypedDict):
    """
    A new endpoint.
    """

    url: str
    events: NotRequired[list[str]]
    description: NotRequired[str]


class WebhookChanged(TypedDict):
    """
    What is to be another way; the rest stays.
    """

    url: NotRequired[str | None]
    events: NotRequired[list[str] | None]
    description: NotRequired[str | None]
    is_enabled: NotRequired[bool | None]


class WebhookTold(TypedDict):
    """
    An endpoint of webhooks.
    """

    id: str
    url: str
    events: list[str]
    description: str
    is_enabled: bool
    disabled_at: str | None
    disabled_why: str
    created_at: str
    old_secret_until: str | None


class WebhooksTold(TypedDict):
    """
    The caller's endpoints, oldest first.
    """

    items: list[WebhookTold]


class WorkAsked(TypedDict):
    """
    Going on with a version.
    """

    version: NotRequired[int | None]
    until: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]
    priority: NotRequired[int]


class Accepted(TypedDict):
    """
    A request that was accepted: it is on its way.
    """

    composition: str
    version: int
    partition: str
    request: str
    is_new: bool
    seed: int
    until: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    status: Literal["accepted"]
    accepted: dict[str, Any]
    estimate_s: float
    will_start: Literal["now", "when a deployment runs"]
    links: Links


class ArtifactTold(TypedDict):
    """
    What one asset of a version holds.
    """

    asset: str
    stage: Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
    carried_from: str | None
    facts: dict[str, Any]
    files: list[RoleTold]


class Artifacts(TypedDict):
    """
    What a version holds, in the order of the graph.
    """

    partition: str
    items: list[ArtifactTold]


class BatchSongs(TypedDict):
    """
    A batch, song by song.
    """

    batch: BatchTold
    items: list[BatchSong]


class Chip(TypedDict):
    """
    One thing that was understood. ``source``: set by you, heard in the prompt, or chosen for want of a word.
    """

    name: str
    label: str
    text: str
    source: Literal["set", "heard", "chosen"]
    fields: list[ChipField]


class CompositionPage(TypedDict):
    """
    Some compositions, newest first.
    """

    items: list[Listed]
    next_cursor: str | None


class DeliveryTold(TypedDict):
    """
    One message for one endpoint, and what came of it.
    """

    id: int
    message: str
    event: str
    data: dict[str, Any]
    created_at: str
    state: Literal["pending", "delivered", "failed"]
    next_at: str | None
    tries: list[TryTold]


class Lineage(TypedDict):
    """
    Where every asset of a version comes from, in the order of the graph.
    """

    partition: str
    items: list[LineageTold]


class PlanTold(TypedDict):
    """
    What a request would come to; nothing was made.
    """

    parent: str | None
    context: dict[str, Any] | None
    changes: list[dict[str, Any]]
    assets: list[PlannedTold]
    least_s: float
    most_s: float
    engines: dict[str, str]
    cost_usd: str
    notes: NotRequired[list[str]]


class ReviseAsked(TypedDict):
    """
    A new version: what is to differ from the one it starts from.
    """

    set: NotRequired[dict[str, Any]]
    styles: NotRequired[dict[str, float]]
    lyrics: NotRequired[str | None]
    title: NotRequired[str | None]
    seed: NotRequired[int | None]
    until: NotRequired[
        Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"] | None
    ]
    packages: NotRequired[list[Literal["everyone", "songwriter", "daw", "game", "film", "video"]]]
    targets: NotRequired[list[Literal["streaming", "loud", "broadcast", "film", "custom"]]]
    engines: NotRequired[list[str]]
    policy: NotRequired[Literal["cost", "quality", "speed", "licence"] | None]
    budget_usd: NotRequired[str | None]
    is_alone: NotRequired[bool]
    priority: NotRequired[int]
    version: NotRequired[int | None]
    words: NotRequired[str | None]
    prompt: NotRequired[str | None]
    rerolls: NotRequired[list[str]]
    edits: NotRequired[list[TrackEdit]]
    is_refresh: NotRequired[bool]


class ScoreTold(TypedDict):
    """
    The written song: what sounds when, in seconds.
    """

    partition: str
    title: str
    key: str
    scale: str
    tempo_bpm: float
    time_signature: str
    duration_s: float
    sections: list[SectionTold]
    lines: list[LineTold]
    parts: list[PartTold]


class SoundTold(TypedDict):
    """
    The sound of a version: its master to play, its stems, and how loud and bright it is.
    """

    partition: str
    duration_s: float
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    target_lufs: float
    master: list[PlayTold]
    stems: list[StemTold]
    mix_gain_db: float
    loudness: list[tuple[float, float]]
    spectrum: list[tuple[float, float]]


class UnderstoodTold(TypedDict):
    """
    A prompt as it was understood. Asking for the song with this seed makes this one; nothing was made yet.
    """

    sentence: str
    confidence: float
    seed: int
    chips: list[Chip]
    steps: list[str]
    engines: dict[str, str]
    estimate_s: float
    cost_usd: str


class DeliveriesTold(TypedDict):
    """
    The delivery log, newest first.
    """

    items: list[DeliveryTold]
    next_cursor: int | None
