"""Who takes how much of the store: measured by the housekeeping, kept as usage, held against the limit by the door.

Belongs here: measuring, and the last measure of a user. Does not belong here: freeing (collecting), refusing (door).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from resources.housekeeping.survey import survey
from resources.registry import Registry, Usage, User
from resources.registry.queries import record_usage
from resources.store import ArtifactStore

KIND = "disk_bytes"
"""Kind of usage: what a user's versions took at that moment, in bytes."""

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Share:
    """What one user takes, in bytes; ``limit_bytes`` is 0 where there is no limit."""

    user: str
    used_bytes: int
    limit_bytes: int

    @property
    def is_over(self) -> bool:
        """Whether it is more than allowed."""
        return 0 < self.limit_bytes < self.used_bytes


def measure(registry: Registry, store: ArtifactStore, limit_bytes: int, *, is_dry: bool = False) -> list[Share]:
    """What each user takes now, the largest first; kept as usage unless ``is_dry``. Raises a Failure of either.

    An object that several users need counts for each of them in full: deleting one's songs would not free it.
    """
    found = survey(registry, store, has_users=True)
    with registry.reading() as session:
        users = list(session.scalars(select(User.id)))
    shares = [Share(user, found.bytes_of(user), limit_bytes) for user in users]
    if not is_dry:
        with registry.session() as session:
            for share in shares:
                record_usage(session, share.user, KIND, float(share.used_bytes))
    return sorted(shares, key=lambda share: (-share.used_bytes, share.user))


def check_budget(session: Session, user: str, limit_bytes: int) -> None:
    """Raise BadInput if ``user`` took more than ``limit_bytes`` when it was last measured; 0 allows everything."""
    if limit_bytes <= 0:
        return
    query = select(Usage.quantity).where(Usage.user == user, Usage.kind == KIND).order_by(Usage.created_at.desc())
    used = session.scalar(query.limit(1))
    if used is not None and used > limit_bytes:
        raise BadInput(
            "user", user, f"their songs take {used / _MEGABYTE:,.1f} MB, {limit_bytes / _MEGABYTE:,.1f} MB are allowed",
            way_out="Delete versions that are not needed (musicgen delete); then musicgen housekeeping measures anew.",
        )  # fmt: skip
