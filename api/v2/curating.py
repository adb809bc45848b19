"""Operations on what there is: another name, out of sight and back, a failed check excused, files of one's own.

Belongs here: these handlers and their models. Does not belong here: what becomes of a song (resources.lifecycle), what
a file must be (resources.uploads).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.operations import Answer, Asked, Call
from api.problems import Told
from api.v2.asked import VERSION
from api.v2.keeping import Later
from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from resources import lifecycle, uploads
from resources.launch import unlist
from resources.registry import queries

_FIELDS = {"--replace": "what", "--melody": "body"}
"""What the command line calls a field, and what it is called here."""


class RenameAsked(Asked):
    """Another name in lists."""

    title: str = Field(min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)


class RenamedTold(Answer):
    """A composition's name. Files keep the title that they were made with."""

    composition: str
    title: str
    before: str | None


class PutAwayAsked(Asked):
    """What is put away or brought back: one version, or all of them."""

    version: int | None = Field(None, ge=1, le=10**9 - 1, description="Left out, the whole composition.")


class PutAwayTold(Answer):
    """Versions that were put away or brought back."""

    composition: str
    partitions: list[str]


class WaiveAsked(Asked):
    """A failed check that is excused, for a reason that is written into the release."""

    version: int | None = VERSION
    check: str = Field(min_length=1, max_length=80)
    why: str = Field(min_length=1, max_length=1000)


class WaivedTold(Answer):
    """A check that was excused. Go on with the version by retry."""

    partition: str
    check: str
    who: str
    why: str


class UploadAsked(Asked):
    """What a file is to stand for."""

    what: Literal["melody", "stem", "vocals", "tune"] = Field(
        description="melody, stem, vocals: in the place of a version's own; tune: what a new song begins with."
    )
    track: str | None = Field(None, min_length=1, max_length=80, pattern=r"^[^=]+$", description="Of a stem.")
    name: str = Field("", max_length=200, description="What the file is called.")
    tempo_bpm: float | None = Field(None, ge=limits.TEMPO_MIN_BPM, le=limits.TEMPO_MAX_BPM)


class UploadTold(Answer):
    """A file that was taken, as context paths to values: give them to revise or generate as ``set``."""

    name: str
    size_bytes: int
    set: dict[str, Any]


def rename(call: Call) -> RenamedTold:
    """Give a composition another name."""
    with call.studio.registry.reading() as session:
        song = call.composition(session).id
    found = lifecycle.rename(call.studio.registry, song, call.body.title)
    return RenamedTold(composition=song, title=found.title, before=found.before)


def archive(call: Call) -> PutAwayTold:
    """Put a composition, or one version of it, out of sight."""
    ended = lifecycle.archive(call.studio, _named(call), Later())
    call.background.put(f"unlisting {ended.composition}", lambda: unlist(call.settings, ended.partitions))
    return PutAwayTold(composition=ended.composition, partitions=list(ended.partitions))


def restore(call: Call) -> PutAwayTold:
    """Bring back what was put away. A deployment lists it again with its next run."""
    ended = lifecycle.restore(call.studio, _named(call), Later())
    return PutAwayTold(composition=ended.composition, partitions=list(ended.partitions))


def waive(call: Call) -> WaivedTold:
    """Excuse a failed check of a version."""
    from musicgen_assets.graph.gate import GATE_CHECKS

    partition, asked = call.partition(call.body.version), call.body
    if asked.check not in GATE_CHECKS:
        raise BadInput("check", asked.check, "the gate has no such check", way_out=f"One of: {', '.join(GATE_CHECKS)}.")
    with call.studio.registry.session() as session:
        row = queries.add_waiver(session, partition, asked.check, call.caller.user, asked.why)
        return WaivedTold(partition=partition, check=row.check, who=row.who, why=row.why)


def upload(call: Call) -> UploadTold:
    """Take a file for a version of a composition."""
    if call.query.what == "tune":
        raise Told("bad_input", "A tune begins a new song.", field="what", value="tune", rule="a version has its tune",
                   way_out="Use melody; or POST /api/v2/uploads/ for a new song.")  # fmt: skip
    return _taken(call)


def upload_new(call: Call) -> UploadTold:
    """Take a file for a song that there is not yet."""
    return _taken(call)


def _taken(call: Call) -> UploadTold:
    """The file, checked before anything of it is kept."""
    asked, data = call.query, call.file
    name = asked.name.replace("\\", "/").rpartition("/")[2].replace("=", "_") or "file"

    def read(_: str, field: str, most_bytes: int) -> bytes:
        if len(data) > most_bytes:
            raise uploads.too_large(field, name, len(data), most_bytes)
        return data

    try:
        if asked.what == "tune":
            values = uploads.started_from(call.studio.store, name, asked.tempo_bpm, read)
        else:
            values = uploads.replacements(call.studio.store, [f"{_target(asked)}={name}"], read)
    except BadInput as problem:
        field = _FIELDS.get(problem.field, problem.field)
        raise BadInput(field, problem.value, problem.rule, way_out=problem.way_out) from problem
    return UploadTold(name=name, size_bytes=len(data), set=values)


def _target(asked: UploadAsked) -> str:
    if asked.what != "stem":
        return asked.what
    if asked.track is None:
        raise BadInput("track", None, "a stem is of a track", way_out="Name it: track=bass.")
    return f"stem:{asked.track}"


def _named(call: Call) -> str:
    with call.studio.registry.reading() as session:
        if call.body.version is not None:
            return call.version(session, call.body.version).partition
        return call.composition(session).id
