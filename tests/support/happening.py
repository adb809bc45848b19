"""Something happens to a song: the events that followers are told of, written as the run of a song writes them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from resources.registry import Registry, queries


def happened(registry: Registry, song: str, stage: str = "composition", progress: float = 0.5) -> int:
    """An asset of ``song``'s first version was made: the number of the event."""
    with registry.session() as session:
        return record_step(session, song, stage, progress)


def record_step(session: Session, song: str, stage: str, progress: float) -> int:
    version = queries.get_version(session, f"{song}@v1")
    payload = {"stage": stage, "asset": f"{stage}/melody", "run_id": "", "is_carried": False, "progress": progress,
               "left_s": 3.5}  # fmt: skip
    row = queries.record_event(
        session, "asset.made", composition_id=version.composition_id, version_id=version.id, payload=payload
    )
    return row.id
