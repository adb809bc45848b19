"""The operation that starts a batch: many songs as one thing, through the door that ``musicgen batch start`` uses.

Belongs here: its models, what callers from afar may not say. Does not belong here: what a batch is (resources.batches),
telling of batches (lists).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from api.operations import Answer, Asked, Call, WillStart
from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import Stage
from musicgen_assets.graph.payloads import canonical_json
from resources.batches.definition import definition_of
from resources.batches.starting import start
from resources.registry import utc_now

_SOURCE = "body"
_LARGEST_BYTES = 256 * 1024
"""What the prompts and templates of one batch may have as JSON: each song may repeat all of it."""


class StartBatchAsked(Asked):
    """A batch, said as in a definition file (docs/batches.md); its songs are yours."""

    name: str = Field(min_length=1, max_length=79, description="Small letters, digits, - and _.")
    prompts: list[str | dict[str, Any]] = Field(
        default_factory=list, max_length=10_000, description="Songs: a prompt, or fields of a request each."
    )
    templates: list[dict[str, Any]] = Field(
        default_factory=list, max_length=100,
        description="Songs with gaps: prompt, variables, and any field of a request.",
    )  # fmt: skip
    common: dict[str, Any] = Field(default_factory=dict, max_length=100, description="Fields of every song.")
    seeds: int | list[int] | None = Field(None, description="Each song with each of a list, or the first of a row.")
    count: int | None = Field(None, ge=1, description="How many songs; prompts go round until there are so many.")
    until: Stage | None = Field(None, description="Stop after this stage; left out, go through to the release.")
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)
    deadline: str | None = Field(
        None, max_length=60, description="After it nothing more is begun: a moment, or 45 min, 6h, 2d from the start."
    )
    each_start: Literal["same", "new"] = Field("same", description="Whether starting the same again makes new songs.")


class BatchStarted(Answer):
    """What a start came to: of its songs, how many are new, known from an earlier start, or tried again."""

    batch: str
    songs: int
    new: int
    known: int
    again: int
    is_new: bool
    """Whether there was no such batch before."""
    status: str
    will_start: WillStart


def start_batch(call: Call) -> BatchStarted:
    """Check all of a batch, then submit its songs."""
    said = call.body.model_dump(mode="json", exclude_unset=True)
    if len(canonical_json(said)) > _LARGEST_BYTES:
        raise BadInput(_SOURCE, said["name"], f"it is larger than {_LARGEST_BYTES} bytes", way_out="Split it.")
    for place, fields in _songs_in(said):
        if "user" in fields:
            raise BadInput(f"{place}.user", fields["user"], "songs of a batch are yours", way_out="Leave it out.")
    try:
        definition = definition_of({**said, "user": call.caller.user}, _SOURCE)
        started = start(
            call.studio.registry, call.settings, definition, _SOURCE, occasion=utc_now().isoformat(timespec="seconds"),
            songs_max=call.settings.api.songs_per_batch,
        )  # fmt: skip
    except BadInput as problem:  # its field is told as a place in a file: "body, prompts[2], seed"
        field = problem.field.removeprefix(f"{_SOURCE}, ").replace(", ", ".")
        raise BadInput(field, problem.value, problem.rule, way_out=problem.way_out) from problem
    return BatchStarted(
        **asdict(started), status=f"/api/v2/batches/{started.batch}/", will_start=call.will_start
    )  # fmt: skip


def _songs_in(said: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything in it that holds fields of songs, with its place."""
    yield "common", said.get("common", {})
    for kind in ("prompts", "templates"):
        for number, entry in enumerate(said.get(kind, ()), 1):
            if isinstance(entry, Mapping):
                yield f"{kind}[{number}]", entry
