"""The state machine of a version: one table of what may follow what, validated here and nowhere else.

IDEATION -> COMPOSITION -> ARRANGEMENT -> PRODUCTION -> MIXING -> MASTERING -> FINALIZATION -> released, and
beside them waiting_for_approval, failed, cancelled, archived. Every step is a row in the events.

Belongs here: states, transitions, history. Does not belong here: what makes a version move (runner, entry points).
"""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import STAGES, Stage
from resources.registry.compositions import get_composition
from resources.registry.ledger import record_event
from resources.registry.models import Event, Version
from resources.registry.stages import rebuild_stage_states, refresh_stage

__all__ = [
    "RESTING", "STATES", "TRANSITIONS", "bring_back", "can_transition", "enter_stage", "fail", "rebuild_stage_states",
    "transition", "valid_transitions",
]  # fmt: skip

FailureKind = Literal["transient", "permanent"]
"""Whether the same again may succeed."""

RESTING = ("waiting_for_approval", "failed", "cancelled", "archived", "released")
"""States in which nothing runs."""

STATES: tuple[str, ...] = (*STAGES, *RESTING)

_INTERRUPTIONS = frozenset({"waiting_for_approval", "failed", "cancelled"})
_RESUMABLE = frozenset(STAGES)


def _following(stage: Stage) -> str:
    position = STAGES.index(stage) + 1
    return STAGES[position] if position < len(STAGES) else "released"


TRANSITIONS: dict[str, frozenset[str]] = {
    **{stage: _INTERRUPTIONS | {_following(stage)} for stage in STAGES},
    "waiting_for_approval": _RESUMABLE | {"failed", "cancelled", "archived", "released"},
    "failed": _RESUMABLE | {"cancelled", "archived"},
    "cancelled": _RESUMABLE | {"archived"},
    "released": frozenset({"archived"}),
    "archived": frozenset(),
}
"""What may follow. A resting version resumes at a stage it has reached or at the next one, never further; it is
released from waiting only after finalization."""


def valid_transitions(state: str, current_stage: str) -> frozenset[str]:
    """The states that may follow ``state`` of a version that has come as far as ``current_stage``."""
    allowed = TRANSITIONS[state]
    if state not in _INTERRUPTIONS:
        return allowed
    reached = STAGES.index(cast("Stage", current_stage))
    too_far: set[str] = set(STAGES[reached + 2 :])
    if reached < len(STAGES) - 1:
        too_far.add("released")
    return allowed - too_far


def can_transition(state: str, to: str, current_stage: str) -> bool:
    """Whether ``to`` may follow. Unknown states may follow nothing."""
    return state in TRANSITIONS and to in valid_transitions(state, current_stage)


def transition(session: Session, version: Version, to: str, reason: str = "", run_id: str = "", **facts: str) -> None:
    """Move ``version`` to ``to`` and write the step, with ``facts`` besides its reason, into the events.

    ``version`` may come from an earlier session; it is brought up to date. The composition follows its newest
    version. Raises BadInput naming what may follow instead.
    """
    row = _current(session, version)
    state, stage_before = row.state, row.current_stage
    if not can_transition(state, to, row.current_stage):
        following = sorted(valid_transitions(state, row.current_stage))
        raise BadInput(
            "state", to, f"{row.partition} is {state} and cannot become that",
            way_out=f"It may become {', '.join(following)}." if following else "It is final: revise it instead.",
        )  # fmt: skip
    row.state = to
    if to in STAGES:
        row.current_stage = to
    _follow(session, row)
    record_event(
        session, "version.state", composition_id=row.composition_id, version_id=row.id,
        payload={"from": state, "to": to, "stage": row.current_stage, "reason": reason, "run_id": run_id, **facts},
    )  # fmt: skip
    session.flush()
    if "failed" in (state, to):
        refresh_stage(session, row, cast("Stage", stage_before))
    if row is not version:
        version.state, version.current_stage = row.state, row.current_stage


def bring_back(session: Session, version: Version) -> str:
    """Take an archived version out again, to the state in which it was put away; returns that state.

    The only way out of archived, and not in the table: where it leads is written in the version's history. Raises
    BadInput for a version that is not archived.
    """
    row = _current(session, version)
    if row.state != "archived":
        raise BadInput(
            "version", row.partition, f"it is {row.state}, not archived", way_out="There is nothing to bring back."
        )
    query = select(Event.payload).where(Event.version_id == row.id, Event.kind == "version.state")
    history = session.scalars(query.order_by(Event.id.desc()))
    state = next((str(payload["from"]) for payload in history if payload.get("to") == "archived"), "cancelled")
    row.state = state
    _follow(session, row)
    record_event(
        session, "version.state", composition_id=row.composition_id, version_id=row.id,
        payload={"from": "archived", "to": state, "stage": row.current_stage, "reason": "brought back", "run_id": ""},
    )  # fmt: skip
    session.flush()
    return state


def enter_stage(session: Session, version: Version, stage: Stage, run_id: str = "") -> None:
    """An asset of ``stage`` begins: move there unless the version is there, further, or already released.

    A resting version (waiting, failed, cancelled) resumes, but not by the run that laid it to rest: assets that
    do not depend on what failed still run after it. Raises BadInput where a stage would be skipped, and for an
    archived version.
    """
    row = _current(session, version)
    if row.state == "released":
        return
    if row.state in STAGES and STAGES.index(row.state) >= STAGES.index(stage):
        return
    if run_id and row.state in RESTING and _laid_to_rest_by(session, row) == run_id:
        return
    transition(session, version, stage, run_id=run_id)


def fail(
    session: Session, version: Version, stage: Stage, reason: str, run_id: str = "", failure: FailureKind = "permanent"
) -> None:
    """The work on ``version`` broke in ``stage``. A released version stays released; the event is kept anyway."""
    row = _current(session, version)
    if row.state in ("released", "archived", "failed", "cancelled"):
        record_event(
            session, "run.failed", composition_id=row.composition_id, version_id=row.id,
            payload={"stage": stage, "reason": reason, "run_id": run_id, "failure": failure},
        )  # fmt: skip
        return
    transition(session, version, "failed", f"{stage}: {reason}", run_id, failure=failure)


def _follow(session: Session, row: Version) -> None:
    """A composition shows its newest version's state."""
    composition = get_composition(session, row.composition_id)
    if row.number == session.scalar(select(func.max(Version.number)).where(Version.composition_id == composition.id)):
        composition.state, composition.current_stage = row.state, row.current_stage


def _laid_to_rest_by(session: Session, version: Version) -> str:
    """The run whose step brought ``version`` to where it rests; empty if no run did."""
    query = select(Event.payload).where(Event.version_id == version.id, Event.kind == "version.state")
    payload = session.scalar(query.order_by(Event.id.desc()).limit(1)) or {}
    return str(payload.get("run_id", ""))


def _current(session: Session, version: Version) -> Version:
    """The row as it is in the database now, locked where the database locks rows."""
    return session.get_one(Version, version.id, populate_existing=True, with_for_update=True)
