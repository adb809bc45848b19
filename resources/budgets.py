"""Money: what was spent and promised, and what is left before a limit is reached.

An attempt counts with what it cost, and while that is not known, with its estimate. Days are UTC.

Belongs here: sums over the ledger of attempts, and the refusal to go over a limit. Does not belong here: limits as
settings (routing_settings), making calls (attempts).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import PermanentFailure
from resources.registry import Attempt, Composition, Version, utc_now
from resources.registry.ledger import UNSETTLED
from resources.routing_settings import Budgets


class BudgetReached(PermanentFailure):
    """A call was not made because it could go over a limit. Nothing was spent on it."""


@dataclass(frozen=True)
class Left:
    """What may still be spent, by limit, in US dollars."""

    version_usd: Decimal
    user_today_usd: Decimal
    today_usd: Decimal

    @property
    def least_usd(self) -> Decimal:
        """What may be spent without reaching any limit; 0 where one is reached."""
        return max(Decimal(0), min(self.version_usd, self.user_today_usd, self.today_usd))

    def limit_reached(self, estimate_usd: Decimal) -> str:
        """The limit that ``estimate_usd`` would go over, for people; "" for none."""
        for left, name in (
            (self.version_usd, "what this version may cost"),
            (self.user_today_usd, "what its user may spend today"),
            (self.today_usd, "what may be spent here today"),
        ):
            if estimate_usd > left:
                return f"{name}: ${max(left, Decimal(0)):.4f} of it is left"
        return ""


def counted_usd(attempts: Iterable[Attempt]) -> Decimal:
    """What ``attempts`` cost, with the estimates of those that may still come to something."""
    total = Decimal(0)
    for attempt in attempts:
        if attempt.cost_usd is not None:
            total += Decimal(attempt.cost_usd)
        elif attempt.status in UNSETTLED or attempt.status == "succeeded":
            total += Decimal(attempt.estimate_usd)
    return total


def left_usd(session: Session, version: Version, budgets: Budgets, wished_usd: Decimal | None = None) -> Left:
    """What is left for ``version``. ``wished_usd`` is its own limit, where it has one below the installation's."""
    user = session.get_one(Composition, version.composition_id).user
    today = datetime.combine(utc_now().date(), datetime.min.time(), UTC)
    own = session.scalars(select(Attempt).where(Attempt.version_id == version.id))
    of_version = budgets.per_version_usd if wished_usd is None else min(wished_usd, budgets.per_version_usd)
    since = select(Attempt).where(Attempt.created_at >= today)
    of_user = since.join(Version, Version.id == Attempt.version_id).join(Composition).where(Composition.user == user)
    return Left(
        of_version - counted_usd(own),
        budgets.per_user_per_day_usd - counted_usd(session.scalars(of_user)),
        budgets.per_day_usd - counted_usd(session.scalars(since)),
    )


def check_budget(
    session: Session, version: Version, budgets: Budgets, estimate_usd: Decimal, wished_usd: Decimal | None = None
) -> None:
    """Raise BudgetReached where a call of ``estimate_usd`` could go over a limit. Free calls always may."""
    if estimate_usd <= 0:
        return
    reached = left_usd(session, version, budgets, wished_usd).limit_reached(estimate_usd)
    if reached:
        raise BudgetReached(
            f"The call would cost about ${estimate_usd} and go over {reached}. Nothing was sent.",
            way_out=f"Raise the limit (settings: budgets), or wait until tomorrow: musicgen retry {version.partition}",
        )
