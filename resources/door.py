"""The one door: every request, wherever it comes from, is accepted here and claimed here.

Belongs here: accepting (one transaction, idempotent by key), claiming, finishing. Does not belong here: making
the version (runner), what a revision comes to (revisions), what may be gone on with (door_work).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput, TransientFailure
from musicgen_assets.context.request import (
    STAGES,
    AnyRequest,
    CompositionRequest,
    RevisionRequest,
    Stage,
    WorkRequest,
)
from musicgen_assets.graph.payloads import canonical_json
from resources.door_checks import Resolve, check_limits, check_prompt_length, check_request, resolved
from resources.door_names import new_name
from resources.door_work import check_work, open_request_to_take, put_back
from resources.housekeeping.budgets import check_budget
from resources.registry import Registry, Request, Version, utc_now
from resources.registry.garbage import named_objects, reach
from resources.registry.queries import (
    add_version,
    ensure_user,
    get_request,
    record_event,
    record_usage,
    resolve_version,
    start_composition,
    take_user_for_known,
)
from resources.registry.rows import insert_row
from resources.revisions import child_of
from resources.settings import Settings
from resources.store import ArtifactStore

Outcome = Literal["done", "waiting", "failed", "cancelled"]

_DRAWN_SEEDS = 2**32
"""Seeds are drawn below this: short enough to type, many enough never to meet by chance."""

_TRIES = 5

_ACCEPTED = {
    "compose": "composition.created", "revise": "version.created", "advance": "version.advanced",
    "retry": "version.retried",
}  # fmt: skip
"""Kind of request to the event that says it was accepted."""


@dataclass(frozen=True)
class Submission:
    """What came of a request. ``is_new`` is False for the repetition of one already accepted."""

    composition: str
    version: int
    partition: str
    request_id: str
    seed: int
    is_new: bool
    until: Stage = STAGES[-1]
    duration_s: float | None = None
    """How long a new song is to be; None where its version says it."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """The request as it was accepted."""


def submit(registry: Registry, request: AnyRequest, settings: Settings, resolve: Resolve = resolved) -> Submission:
    """Accept ``request``: validated first, then composition, version, request and event in one transaction.

    The seed is drawn here when none is given. The same key of the same user with the same request returns what
    was accepted then. Raises BadInput (nothing is written) for a request that breaks a rule, or a key that was
    used for another request. ``resolve`` works out what a new composition comes to (door_checks.resolved).
    """
    duration_s = None
    if isinstance(request, CompositionRequest):
        duration_s = check_request(request, settings, resolve).technical.duration_s
    # what words were taken for follows from them: the same words are the same request
    asked = request.model_dump(mode="json", exclude={"priority", "understood"})
    asked_hash = hashlib.sha256(canonical_json(asked)).hexdigest()
    for tried in range(_TRIES):
        try:
            with registry.turn(), registry.session() as session:
                if not tried:
                    take_user_for_known(session, request.user)  # nearly everybody is; the others are found out
                known = _known(session, request, asked_hash)
                found = known or _accept(session, request, asked_hash, settings)
                return replace(found, duration_s=duration_s)
        except IntegrityError:
            continue  # a user's first request, a name that is taken, or a key that was taken since our look: look again
    raise TransientFailure("The registry kept changing under this request.", way_out="Submit it again.")


def claim(registry: Registry, request_id: str, who: str) -> bool:
    """Take ``request_id`` for execution; True for exactly one caller. Raises BadInput for an unknown one."""
    with registry.session() as session:
        taken = session.execute(
            update(Request)
            .where(Request.id == request_id, Request.claimed_by.is_(None), Request.status == "submitted")
            .values(claimed_by=who, claimed_at=utc_now(), status="claimed")
            .returning(Request.id)
        ).scalar()
        if taken is None:
            get_request(session, request_id)
        return taken is not None


def release_claim(registry: Registry, request_id: str) -> None:
    """Put a claimed request back, for whoever claims it next. Raises BadInput for an unknown one."""
    with registry.session() as session:
        put_back(get_request(session, request_id))


def finish_request(registry: Registry, request_id: str, status: Outcome) -> None:
    """Write down how ``request_id`` ended. Raises BadInput for an unknown one."""
    with registry.session() as session:
        close_request(session, get_request(session, request_id), status)


def close_request(session: Session, request: Request, status: Outcome) -> None:
    """Write down, as part of a larger transaction, how ``request`` ended."""
    request.status, request.finished_at = status, utc_now()
    record_event(
        session, "request.finished", composition_id=request.composition_id, version_id=request.version_id,
        payload={"request": request.id, "status": status},
    )  # fmt: skip


def _known(session: Session, request: AnyRequest, asked_hash: str) -> Submission | None:
    """What this key was accepted as before. Raises BadInput if it was another request."""
    if request.idempotency_key is None:
        return None
    query = select(Request).where(Request.user == request.user, Request.idempotency_key == request.idempotency_key)
    row = session.scalar(query)
    if row is None:
        return None
    if row.asked_hash != asked_hash:
        raise BadInput(
            "idempotency_key", request.idempotency_key, "it was used for another request",
            way_out="Use a new key for a new request; the same key returns the same composition.",
        )  # fmt: skip
    return _submission(session.get_one(Version, row.version_id), row, is_new=False)


def _accept(session: Session, request: AnyRequest, asked_hash: str, settings: Settings) -> Submission:
    request_id = f"r-{secrets.token_hex(10)}"
    if isinstance(request, WorkRequest):
        version = resolve_version(session, request.version)
        waiting = open_request_to_take(session, version, request)
        if waiting is not None:
            return _submission(version, waiting, is_new=False)
        payload: dict[str, Any] = {"until": check_work(session, version, request)}
        if version.context is None:
            version.standings = None  # nobody was chosen yet: the choice is made as engines stand now
    elif isinstance(request, RevisionRequest):
        check_budget(session, request.user, settings.limits.max_user_bytes)
        version, payload = _new_version(session, request, request_id, settings)
    else:
        check_budget(session, request.user, settings.limits.max_user_bytes)
        version, payload = _new_composition(session, request, request_id)
    reach(session, named_objects(payload), lambda name: ArtifactStore(settings.artifacts_url).has(name))
    ensure_user(session, request.user)
    values: dict[str, Any] = {
        "id": request_id, "user": request.user, "idempotency_key": request.idempotency_key, "payload": payload,
        "kind": request.kind, "asked_hash": asked_hash, "composition_id": version.composition_id,
        "version_id": version.id, "status": "submitted", "priority": request.priority,
    }  # fmt: skip
    insert_row(session, Request, **values)
    row = Request(**values)
    record_event(
        session, _ACCEPTED[request.kind], composition_id=version.composition_id, version_id=version.id,
        payload={"request": request_id, "user": request.user, "kind": request.kind},
    )  # fmt: skip
    return _submission(version, row, is_new=True)


def _new_composition(session: Session, request: CompositionRequest, request_id: str) -> tuple[Version, dict[str, Any]]:
    seed = secrets.randbelow(_DRAWN_SEEDS) if request.seed is None else request.seed
    ensure_user(session, request.user)
    version = start_composition(session, new_name(), request.user, request.title, request_id, seed)
    record_usage(session, request.user, "composition", 1.0, version_id=version.id)
    return version, {**request.model_dump(mode="json"), "seed": seed}


def _new_version(
    session: Session, request: RevisionRequest, request_id: str, settings: Settings
) -> tuple[Version, dict[str, Any]]:
    parent = resolve_version(session, request.version)
    child = child_of(session, parent, request)
    check_prompt_length(child.payload["prompt"], settings)
    check_limits(child.context, settings)
    ensure_user(session, request.user)
    version = add_version(session, parent.composition_id, request_id, child.seed, parent, child.change)
    record_usage(session, request.user, "revision", 1.0, version_id=version.id)
    return version, child.payload


def _submission(version: Version, request: Request, *, is_new: bool) -> Submission:
    until = request.payload.get("until") or STAGES[-1]
    return Submission(
        version.composition_id, version.number, version.partition, request.id, version.seed, is_new, until,
        payload=request.payload,
    )  # fmt: skip
