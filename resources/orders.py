"""What is asked of an engine outside and what it comes to, as the ledger of attempts sees it.

Belongs here: orders, deliveries that are not settled yet, and the two ways in which a call may not be made. Does not
belong here: making calls (attempts), a provider's protocol (providers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from resources.finding_out import Seek
from resources.providers.protocol import JobState, SongDelivery, Sound, Submitted, TextDelivery
from resources.registry import Attempt


class BeingBought(TransientFailure):
    """Another run is buying the very same at this moment: what it gets is everybody's."""


class OutcomeUnknown(PermanentFailure):
    """A call broke after the provider may have taken it: it may be billed, and is not sent again by itself."""


@dataclass(frozen=True)
class Order:
    """What is asked of whom, for which version. ``key`` is the result key: equal keys are bought once."""

    partition: str
    task: str
    engine: str
    key: str
    estimate_usd: Decimal
    budget_usd: Decimal | None = None


@dataclass(frozen=True)
class StemsDelivery:
    """Stems as they came. What they cost, their providers do not say with them."""

    stems: tuple[Sound, ...]
    model: str = ""
    cost_usd: Decimal | None = None


@dataclass(frozen=True)
class Bought:
    """A delivery with the attempt that brought it: not settled yet, so that it is kept first."""

    delivery: SongDelivery | StemsDelivery | TextDelivery
    attempt_id: int

    @property
    def cost_usd(self) -> Decimal | None:
        """What the provider says it cost; None where it does not say."""
        return self.delivery.cost_usd


@dataclass(frozen=True)
class Service:
    """Whatever a provider makes in a job: songs, and stems of songs. ``submit`` takes the address for callbacks.

    ``seek`` finds a job whose id was lost, where the provider has a way to.
    """

    submit: Callable[[str | None], Submitted | SongDelivery | StemsDelivery]
    state: Callable[[str], JobState]
    collect: Callable[[str], SongDelivery | StemsDelivery]
    cancel: Callable[[str], bool]
    seek: Seek | None = None
    timeout_s: float | None = None
    """How long its jobs may take; None is what those of most may."""


@dataclass(frozen=True)
class Job:
    """A job at a provider, and the attempt it is."""

    attempt_id: int
    job_id: str


UNKNOWN_WAY_OUT = (
    "Look at the provider's own list of jobs, then say so: musicgen attempts settle {attempt} --lost, or --job ID, "
    "and musicgen retry {partition}."
)


def being_bought(order: Order) -> BeingBought:
    """The failure of who wants what another run is buying."""
    return BeingBought(
        f"Another run is asking {order.engine} for the same {order.task.replace('_', ' ')}.",
        way_out="What it gets is taken over; nothing is sent twice.",
    )


def outcome_unknown(row: Attempt, partition: str) -> OutcomeUnknown:
    """The failure of who meets an attempt that nobody knows the end of."""
    return OutcomeUnknown(
        f"{row.provider} was asked for this {row.task} before, and what came of it is not known. {row.error}".strip(),
        way_out=UNKNOWN_WAY_OUT.format(attempt=row.id, partition=partition),
    )
