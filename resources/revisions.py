"""What a request for a revision comes to: the child's request as it will be kept, and its context.

Belongs here: reading the parent, pure otherwise. Does not belong here: writing rows (the door), planning (planning).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.decided import SEED
from musicgen_assets.context.edits import HeldFile, HeldMaster, HeldMix
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import RevisionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import declaration_of, of_stage
from musicgen_assets.graph.manifest import StoredRole
from resources.registry import Reroute, Version, queries
from resources.registry.compositions import request_of

TITLE = "creative.title"
ARRANGEMENT = "arrangement/arrangement"


@dataclass(frozen=True)
class Child:
    """A revision worked out. ``payload`` is kept with its request, ``change`` with its version."""

    payload: dict[str, Any]
    change: dict[str, Any]
    context: CompositionContext

    @property
    def seed(self) -> int:
        """The seed it will be made with."""
        return self.context.ai_decisions.generation.seed


def child_of(session: Session, parent: Version, request: RevisionRequest) -> Child:
    """What ``request`` makes of ``parent``.

    Raises BadInput for a parent without a resolved context, for a section to draw anew that the parent's song does not
    have (where nothing else can change its form), and for everything that a context refuses.
    """
    from musicgen_assets.ideation.brief import accept, brief_of
    from musicgen_assets.ideation.edit_rules import edited_sections, refuse_held
    from musicgen_assets.ideation.reading import Reading
    from musicgen_assets.ideation.revision import streams_of
    from musicgen_assets.ideation.words_to_change import read_words

    if parent.context is None:
        raise BadInput(
            "version", parent.partition, "its context was never resolved, so there is nothing to start from",
            way_out=f"Let it come that far first: musicgen retry {parent.partition}",
        )  # fmt: skip
    base, plain_base = _base_of(session, parent)
    if request.words and request.understood is not None:
        taken = request.understood
        said = Reading(dict(taken.overrides), list(taken.rerolls), list(taken.notes))
        refuse_held(taken.overrides)
    else:
        said = read_words(request.words, base) if request.words else Reading()
    overrides = {**said.overrides, **_wishes(request)}
    rerolls = tuple(dict.fromkeys([*request.rerolls, *said.rerolls]))
    streams = streams_of(rerolls)
    if not _may_change_form(request, overrides, streams):
        _check_sections(session, parent, streams, edited_sections(overrides))
    asked = request_of(session, parent).payload
    payload: dict[str, Any] = {name: asked.get(name) for name in ("prompt", "overrides", "seed", "title")}
    if request.prompt is not None and request.prompt.strip() != asked["prompt"]:
        payload |= _understood_anew(request.prompt, asked, base, overrides, streams)
    else:
        revision = {"base": plain_base, "overrides": overrides, "streams": list(streams)}
        child = accept(brief_of({**payload, "revision": revision}))
        held = held_of(session, parent, base, child, is_refresh=request.is_refresh)
        payload["revision"] = {**revision, "overrides": {**overrides, **held}}
    context = accept(brief_of(payload))
    payload["decided"] = {**asked.get("decided", {}), **_decided(overrides, context)}
    payload["until"] = request.until
    change = {
        "set": overrides,
        "rerolls": list(rerolls),
        "words": request.words,
        "read_as": said.notes,
        "read_by": request.understood.engine if request.words and request.understood is not None else None,
        "refresh": request.is_refresh,
        "prompt": request.prompt,
    }
    return Child(payload, {name: value for name, value in change.items() if value}, context)


def _base_of(session: Session, parent: Version) -> tuple[CompositionContext, dict[str, Any]]:
    """What a child starts from: the parent's context, in which engines that took over have the place for good."""
    from musicgen_assets.ideation.routing import with_routing

    plain: dict[str, Any] = dict(parent.context or {})
    rows = session.scalars(select(Reroute).where(Reroute.version_id == parent.id).order_by(Reroute.id))
    taken_over = {row.slot: row for row in rows}
    base = CompositionContext.model_validate(plain)
    if taken_over:
        base = with_routing(base, {slot: (row.to_engine, f"took over: {row.why}") for slot, row in taken_over.items()})
        plain = base.model_dump(mode="json")
    return base, plain


def _may_change_form(request: RevisionRequest, overrides: Mapping[str, Any], streams: tuple[str, ...]) -> bool:
    """Whether the child's sections may be others than the parent's: only what the arrangement rests on decides them."""
    from musicgen_assets.ideation.revision import REROLLS

    shaping = (*of_stage("composition"), declaration_of(ARRANGEMENT))
    read = {path for declaration in shaping for path in declaration.paths if not path.startswith((REROLLS, TITLE))}
    is_read = any(_overlap(path, known) for path in overrides for known in read)
    return is_read or request.prompt is not None or any("/" not in stream for stream in streams)


def _overlap(path: str, known: str) -> bool:
    return f"{path}.".startswith(f"{known}.") or f"{known}.".startswith(f"{path}.")


def _check_sections(session: Session, parent: Version, streams: tuple[str, ...], edited: Iterable[str]) -> None:
    """Raise BadInput for a section that the parent's arrangement, where there is one, does not have."""
    from musicgen_assets.arrangement.takes import STAGE, check_sections, section_stream

    made = queries.latest_materialization(session, parent.partition, ARRANGEMENT)
    form = str(made.manifest.facts.get("form", "")) if made else ""
    named = [stream for name in form.split(", ") if (stream := section_stream(name))]
    if named:
        present = [stream.removeprefix(STAGE) for stream in named]
        check_sections([stream.partition("/")[2] for stream in streams], present)
        check_sections(edited, [*present, *(name.rpartition(" ")[0] for name in present)], "edits")


def held_of(
    session: Session, parent: Version, base: CompositionContext, child: CompositionContext, *, is_refresh: bool
) -> dict[str, Any]:
    """What ``child`` holds of its parent's mix and masters, as context paths to values: see ideation.holds.

    A parent that was not made so far holds nothing.
    """
    from musicgen_assets.ideation.holds import HELD_MASTER, HELD_MIX, MASTER, MIX, STEMS, holding_of

    holding = holding_of(base, child, is_refresh=is_refresh)
    if not holding.sections:
        return holding.kept or {}
    mix, master, dry = (
        queries.latest_materialization(session, parent.partition, asset) for asset in (MIX, MASTER, STEMS)
    )
    files = {} if mix is None else {role.role: _held_file(role) for role in mix.manifest.content}
    if "plan" not in files:
        return {}
    stems = {name.removeprefix("stem/"): file for name, file in files.items() if name.startswith("stem/")}
    held_mix = HeldMix(
        sections=holding.sections, plan=files["plan"], stems=stems,
        dry={} if dry is None else {role.role.removeprefix("track/"): role.sha256 for role in dry.manifest.content},
    )  # fmt: skip
    found: dict[str, Any] = {HELD_MIX: held_mix.model_dump(mode="json"), HELD_MASTER: None}
    if holding.is_master_held and master is not None:
        made = {role.role: _held_file(role) for role in master.manifest.content}
        targets = {name: file for name, file in made.items() if name == "streaming" or name.startswith("target/")}
        held_master = HeldMaster(plan=made["plan"], targets=targets)
        found[HELD_MASTER] = held_master.model_dump(mode="json")
    return found


def _held_file(role: StoredRole) -> HeldFile:
    return HeldFile(
        sha256=role.sha256, size_bytes=role.size_bytes, media_type=role.media_type, suffix=role.suffix, meta=role.meta
    )


def _wishes(request: RevisionRequest) -> dict[str, Any]:
    """What is to be set, options with names of their own included."""
    from musicgen_assets.ideation.edit_rules import refuse_held

    refuse_held(request.overrides)
    wishes = dict(request.overrides)
    if request.title is not None:
        wishes.setdefault(TITLE, request.title)
    if request.seed is not None:
        wishes.setdefault(SEED, request.seed)
    return wishes


def _understood_anew(
    prompt: str,
    asked: Mapping[str, Any],
    base: CompositionContext,
    overrides: Mapping[str, Any],
    streams: tuple[str, ...],
) -> dict[str, Any]:
    """The fields of a request with another prompt: what was set by hand before stays set, and dice stay thrown."""
    from musicgen_assets.ideation.revision import REROLLS

    rerolls = dict(base.ai_decisions.generation.rerolls)
    for stream in streams:
        rerolls[stream] = rerolls.get(stream, 0) + 1
    known = {**asked["overrides"], **asked.get("decided", {})}
    seed = overrides.get(SEED, base.ai_decisions.generation.seed)
    return {
        "prompt": prompt,
        "overrides": {**known, **overrides, **({REROLLS: rerolls} if rerolls else {})},
        "seed": seed,
    }


def _decided(overrides: Mapping[str, Any], context: CompositionContext) -> dict[str, Any]:
    """What was set by hand, as paths that a context has: one instrument stands for the band it left."""
    from musicgen_assets.ideation.overrides import INSTRUMENTS

    band = [player.model_dump(mode="json") for player in context.musical.instruments]
    return {
        INSTRUMENTS if path.startswith(INSTRUMENTS) else path: band if path.startswith(INSTRUMENTS) else value
        for path, value in overrides.items()
    }
