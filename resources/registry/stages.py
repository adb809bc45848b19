"""The state of each stage of a version, derived from what is materialized. A cache: it can always be rebuilt.

Belongs here: stage states. Does not belong here: the state of the version itself (state machine).
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from musicgen_assets.context.request import STAGES, Stage
from musicgen_assets.graph.declarations import of_stage
from resources.registry.compositions import get_version
from resources.registry.models import Materialization, StageState, Version


def refresh_stage(session: Session, version: Version, stage: Stage) -> StageState:
    """Derive one stage's state anew: pending (nothing there), running (some), done (all), or failed."""
    assets = [declaration.key for declaration in of_stage(stage)]
    newest = (
        select(func.max(Materialization.id))
        .where(Materialization.partition == version.partition, Materialization.asset.in_(assets))
        .group_by(Materialization.asset)
    )
    rows = list(session.scalars(select(Materialization).where(Materialization.id.in_(newest))))
    found = session.get(StageState, (version.id, stage))
    if found is None:
        found = StageState(version_id=version.id, stage=stage)
        session.add(found)
    found.state = _state(len(rows), len(assets), version.state == "failed" and version.current_stage == stage)
    starts = [row.created_at - timedelta(seconds=row.seconds) for row in rows]
    found.started_at = min(starts, default=None)
    found.finished_at = max((row.created_at for row in rows), default=None) if found.state == "done" else None
    found.seconds = sum(row.seconds for row in rows)
    session.flush()
    return found


def rebuild_stage_states(session: Session, partition: str) -> dict[str, StageState]:
    """Derive every stage's state anew from the materializations. Raises BadInput for an unknown version."""
    version = get_version(session, partition)
    return {stage: refresh_stage(session, version, stage) for stage in STAGES}


def stage_states_of(session: Session, partition: str) -> dict[str, StageState]:
    """The states as they are kept, in the order of the stages. Raises BadInput for an unknown version."""
    version = get_version(session, partition)
    rows = session.scalars(select(StageState).where(StageState.version_id == version.id))
    return {row.stage: row for row in sorted(rows, key=lambda row: STAGES.index(cast("Stage", row.stage)))}


def _state(present: int, needed: int, has_failed: bool) -> str:
    if present == needed:
        return "done"
    if has_failed:
        return "failed"
    return "running" if present else "pending"
