"""Asking an engine outside, at most once: the ledger's row before the call, the job's id before the first look at it.

States of an attempt: planned, calling, submitted, then succeeded, failed or cancelled. Where a call broke and the
provider may have taken it, "unknown": nothing is sent again until a person has found out (musicgen attempts).

Belongs here: that order, and retries where they are safe. Does not belong here: waiting for jobs (waiting), a
provider's protocol (providers), choosing (routing), money (budgets), what becomes of a delivery (asking).
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from musicgen_assets.engines.asking import SongRequest, TextRequest
from resources import leases
from resources.budgets import check_budget
from resources.callbacks import CallbackUrls
from resources.finding_out import Seek, found_out
from resources.orders import (
    UNKNOWN_WAY_OUT,
    Bought,
    Job,
    Order,
    OutcomeUnknown,
    Service,
    StemsDelivery,
    being_bought,
    outcome_unknown,
)
from resources.providers.protocol import (
    ProviderFailure,
    SongDelivery,
    SongEngine,
    Sound,
    Submitted,
    provider_failure,
)
from resources.providers.separating import StemEngine
from resources.registry import Attempt, Registry, Version, queries
from resources.registry.ledger import lock_ledger
from resources.routing import Routing
from resources.waiting import Progress, Waiting, backoff_s, finish_attempt

Answer = TypeVar("Answer")


@dataclass
class Attempts:
    """The one place from which paid calls are made.

    ``timeout_s`` is how long a job may take; ``retries`` how often a call that was surely not accepted is made again.
    """

    registry: Registry
    routing: Routing
    timeout_s: float = 300.0
    retries: int = 3
    callbacks: CallbackUrls | None = None
    """None: nobody calls back, jobs are asked for."""
    sleep: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.SystemRandom)

    def song(self, order: Order, request: SongRequest, sounds: Mapping[str, Sound], progress: Progress) -> Bought:
        """The song, submitted if it never was, else waited for. Raises ProviderFailure, OutcomeUnknown, BudgetReached,
        and TransientFailure where it is not ready in time: it stays submitted and is waited for next time.
        """
        engine = self.routing.adapters.song(order.engine)
        service = Service(
            lambda url: engine.submit(request, sounds, url), engine.state, engine.collect, engine.cancel,
            lambda since, known: engine.sought(request, sounds, since, known), _patience_s(engine),
        )  # fmt: skip
        bought = self._job_done(order, service, progress)
        if not isinstance(bought.delivery, SongDelivery):
            return bought
        # Told anew: whoever collects a job may be another process than the one that sent it.
        facts = {**bought.delivery.facts, "not_honoured": list(engine.not_honoured(request, sounds))}
        return replace(bought, delivery=replace(bought.delivery, facts=facts))

    def stems(
        self, order: Order, engine: StemEngine, song: Sound, facts: Mapping[str, Any], progress: Progress
    ) -> Bought:
        """The stems of a song that was delivered with ``facts``: a job of its own. Raises as ``song``."""

        def submit(callback_url: str | None) -> Submitted | StemsDelivery:
            answer = engine.submit_stems(song, facts, callback_url)
            return answer if isinstance(answer, Submitted) else StemsDelivery(answer)

        service = Service(
            submit, engine.stems_state,
            lambda job_id: StemsDelivery(engine.collect_stems(job_id), getattr(engine, "stems_model", "")),
            getattr(engine, "cancel_stems", lambda _: False), timeout_s=_patience_s(engine),
        )  # fmt: skip
        return self._job_done(order, service, progress)

    def text(self, order: Order, request: TextRequest) -> Bought:
        """The filled-in form. Raises as ``song``."""
        adapter = self.routing.adapters.text(order.engine)
        found = self._resumed(order, None)
        planned = None if isinstance(found, Job) else found  # words come at once: there is no job to wait for
        attempt_id, answer = self._called(order, planned, lambda _: adapter.fill_in(request))
        if isinstance(answer, Submitted):
            raise OutcomeUnknown(
                f"{order.engine} was found to have a job for words, which come at once.",
                way_out=UNKNOWN_WAY_OUT.format(attempt=attempt_id, partition=order.partition),
            )
        return Bought(answer, attempt_id)

    def _job_done(self, order: Order, service: Service, progress: Progress) -> Bought:
        """What a job comes to: the one still open for the same, else a new one."""
        found = self._resumed(order, service.seek)
        if isinstance(found, Job):
            job = found
        else:
            attempt_id, answer = self._called(order, found, service.submit, service.seek)
            if not isinstance(answer, Submitted):
                return Bought(answer, attempt_id)
            job = Job(attempt_id, answer.job_id)
        waiting = Waiting(self.registry, self.timeout_s, self.callbacks, self.sleep, self.dice)
        waiting.until_done(order, service, job, progress)
        return Bought(waiting.collected(order, service, job), job.attempt_id)

    def settle(self, session: Session, order: Order, bought: Bought) -> None:
        """Write down that it came, in the transaction that keeps it: cost as told, else as estimated."""
        cost = order.estimate_usd if bought.cost_usd is None else bought.cost_usd
        version = queries.get_version(session, order.partition)
        queries.attempt_finished(
            session, bought.attempt_id, "succeeded", cost_usd=format(cost, "f"), model=bought.delivery.model
        )
        user = queries.get_composition(session, version.composition_id).user
        queries.record_usage(
            session, user, f"engine:{order.engine}", 1, version_id=version.id, cost_usd=format(cost, "f")
        )

    def give_up(self, order: Order, why: str) -> None:
        """Wait no more for a job that could not be cancelled: it counts as what it may cost."""
        with self.registry.session() as session:
            row = queries.open_attempt(session, order.key)
            if row is not None:
                cost = format(order.estimate_usd, "f")
                queries.attempt_finished(session, row.id, "cancelled", cost, error=f"not waited for: {why}")

    def settle_known(self, key: str) -> None:
        """Close what was left open by a process that died after the result was kept."""
        with self.registry.reading() as session:
            row = queries.open_attempt(session, key)
            found = None if row is None else (row.id, row.estimate_usd)
        if found is not None:
            with self.registry.session() as session:
                queries.attempt_finished(session, found[0], "succeeded", cost_usd=found[1])

    def _resumed(self, order: Order, seek: Seek | None) -> Job | int | None:
        """The job that is still open for the same, or the id of an attempt whose process died before the call.

        Raises OutcomeUnknown, BeingBought.
        """
        with self.registry.reading() as session:
            row = queries.open_attempt(session, order.key)
            if row is None:
                return None
            if self._is_anothers(session, row, order):
                raise being_bought(order)
            if row.status == "planned":
                return row.id
            if row.status == "submitted" and row.provider_job_id is not None:
                return Job(row.id, row.provider_job_id)
            attempt_id, unknown = row.id, outcome_unknown(row, order.partition)
        with self.registry.session() as session:  # whoever was calling died in the call
            queries.attempt_finished(session, attempt_id, "unknown", error=row.error, reason=row.reason)
        job_id = found_out(self.registry, attempt_id, seek, self.sleep, is_called_back=False)
        if job_id is not None:
            return Job(attempt_id, job_id)
        raise unknown

    def _called(
        self, order: Order, planned_id: int | None, call: Callable[[str | None], Answer], seek: Seek | None = None
    ) -> tuple[int, Answer | Submitted]:
        """Make the call, again where it was surely not accepted and a retry can help. Each try is a row.

        ``call`` takes the address for callbacks about the attempt.
        """
        for number in range(self.retries + 1):
            self._check_circuit(order)
            attempt_id = self._planned(order) if planned_id is None else planned_id
            planned_id = None
            url = None if self.callbacks is None else self.callbacks.of(order.engine, attempt_id)
            try:
                with self._calling(attempt_id):
                    answer = call(url)
            except ProviderFailure as failure:
                if failure.acceptance == "unknown":
                    self._unknown(attempt_id, failure)
                    job_id = found_out(self.registry, attempt_id, seek, self.sleep, is_called_back=url is not None)
                    if job_id is not None:
                        return attempt_id, Submitted(job_id)
                    raise OutcomeUnknown(
                        f"{failure.message} Whether {order.engine} took it, and bills it, is not known.",
                        way_out=UNKNOWN_WAY_OUT.format(attempt=attempt_id, partition=order.partition),
                    ) from failure
                is_billed = failure.acceptance == "accepted"  # for what exactly, it may not have been able to say
                finish_attempt(self.registry, attempt_id, failure, order.estimate_usd if is_billed else None)
                if not failure.is_retryable or failure.acceptance != "not accepted" or number == self.retries:
                    raise  # what was accepted is paid for: sending it again would buy it again
                self.sleep(backoff_s(self.dice, number, failure.retry_after_s))
                continue
            if isinstance(answer, Submitted):
                with self.registry.session() as session:
                    queries.attempt_submitted(session, attempt_id, answer.job_id)
            return attempt_id, answer
        raise AssertionError  # the loop returns or raises

    @contextlib.contextmanager
    def _calling(self, attempt_id: int) -> Iterator[None]:
        """Say that the provider may hear of it from now on; if we are stopped meanwhile, that we do not know."""
        with self.registry.session() as session:
            queries.attempt_called(session, attempt_id)
        try:
            yield
        except ProviderFailure:
            raise
        except BaseException as error:  # Ctrl-C above all: whatever it is, money may have been spent
            with self.registry.session() as session:
                queries.attempt_finished(session, attempt_id, "unknown", error=f"stopped: {type(error).__name__}")
            raise

    def _planned(self, order: Order) -> int:
        """The row before the call. One at a time, in one transaction: nobody else buys the same, no limit is passed."""
        with self.registry.session() as session:
            lock_ledger(session)
            version = queries.get_version(session, order.partition)
            if queries.open_attempt(session, order.key) is not None:
                raise being_bought(order)
            check_budget(session, version, self.routing.budgets, order.estimate_usd, order.budget_usd)
            estimate = format(order.estimate_usd, "f")
            row = queries.plan_attempt(
                session, order.partition, order.task, order.engine, key=order.key, estimate_usd=estimate
            )
            return row.id

    @staticmethod
    def _is_anothers(session: Session, row: Attempt, order: Order) -> bool:
        """Whether a run of another version made ``row`` and lives."""
        version = session.get_one(Version, row.version_id)
        if version.partition == order.partition:
            return False  # the lease is ours: whoever made it for this version is dead
        lease = leases.lease_of(session, version)
        return lease is not None and leases.is_alive(lease)

    def _check_circuit(self, order: Order) -> None:
        until = self.routing.open_until(order.engine)
        if until is not None:
            raise provider_failure(
                order.engine, "overloaded", f"it kept failing and is left alone until {until:%H:%M:%S} UTC",
                way_out="See how it stands: musicgen engines.",
            )  # fmt: skip

    def _unknown(self, attempt_id: int, failure: ProviderFailure) -> None:
        """Write down that nobody knows, unless a callback told the job meanwhile."""
        with self.registry.session() as session:
            if session.get_one(Attempt, attempt_id).status == "calling":
                queries.attempt_finished(
                    session, attempt_id, "unknown", error=failure.message, reason=failure.reason
                )  # fmt: skip


def _patience_s(engine: SongEngine | StemEngine) -> float | None:
    """How long a job of ``engine`` may take where it says so itself: models on this machine do."""
    found: float | None = getattr(engine, "patience_s", None)
    return found
