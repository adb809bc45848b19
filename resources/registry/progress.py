"""Steps of making a version as events: an asset was made, a sound can be heard, a stage is complete.

Belongs here: these rows, written with what they tell of. Does not belong here: how they are told (resources.live).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from musicgen_assets.graph.declarations import BY_KEY, DECLARATIONS
from musicgen_assets.graph.manifest import Manifest
from resources.registry.ledger import record_event
from resources.registry.models import Materialization, Version

HEARD = ("production/preview", "mixing/mix", "mastering/master")
"""Assets that somebody who waits wants to hear."""


@dataclass(frozen=True)
class Progress:
    """How far a run is, 0-1, and how many seconds it has to go."""

    share: float
    left_s: float | None


def record_steps(
    session: Session, row: Materialization, version: Version, manifest: Manifest, progress: Progress | None,
    *, has_completed_stage: bool,
) -> None:  # fmt: skip
    """Write down that ``version`` got what ``row`` says. Without ``progress`` assets are counted."""
    asset = BY_KEY[row.asset]
    told: dict[str, Any] = {
        "stage": asset.stage, "asset": row.asset, "run_id": row.run_id, "is_carried": row.carried_from is not None,
        "progress": round(_counted(session, row.partition) if progress is None else progress.share, 4),
        "left_s": None if progress is None or progress.left_s is None else round(progress.left_s, 1),
    }  # fmt: skip

    def record(kind: str, payload: dict[str, Any]) -> None:
        record_event(session, kind, composition_id=version.composition_id, version_id=version.id, payload=payload)

    record("asset.made", told)
    heard = next((role for role in manifest.content if role.media_type.startswith("audio/")), None)
    if row.asset in HEARD and heard is not None:
        sound = {"role": heard.role, "media_type": heard.media_type}
        record("audio.ready", {**told, **sound})
    if has_completed_stage:
        record("stage.completed", told)


def _counted(session: Session, partition: str) -> float:
    query = select(func.count(func.distinct(Materialization.asset))).where(Materialization.partition == partition)
    return min(1.0, (session.scalar(query) or 0) / len(DECLARATIONS))
