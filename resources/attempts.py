"""Asking an engine outside, at most once: the ledger's row before the call, the job's id before the first look at it.

States of an attempt: planned, calling, submitted, then succeeded, failed or cancelled. Where a call broke and the
provider may have taken it, "unknown": nothing is sent again until a person has found out (musicgen attempts).

Belongs here: that order, retries where they are safe, waiting, cancelling. Does not belong here: a provider's protocol
(providers), choosing (routing), money (budgets), what becomes of a delivery (asking).
"""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from sqlalchemy.orm import Session

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.engines.asking import SongRequest, TextRequest
from musicgen_assets.engines.capabilities import capabilities_of
from resources import leases
from resources.budgets import check_budget
from resources.callbacks import CallbackUrls, news_of
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
    JobState,
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

_FIRST_LOOK_S, _LOOK_MAX_S, _LOOK_GROWS = 1.0, 10.0, 1.5
_CALLED_BACK_MAX_S = 30.0
"""Where the provider calls back, looking is for callbacks that were lost."""
_BLIND_LOOKS = 8
"""So many looks in a row may fail before the wait is given up for now; the job stays submitted."""
_FETCHES = 4
Answer = TypeVar("Answer")
Progress = Callable[[float, str], None]


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
        self._wait(order, service, job, progress)
        return Bought(self._collected(order, service, job), job.attempt_id)

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
                self._finish(attempt_id, failure, order.estimate_usd if is_billed else None)
                if not failure.is_retryable or failure.acceptance != "not accepted" or number == self.retries:
                    raise  # what was accepted is paid for: sending it again would buy it again
                self.sleep(self._backoff_s(number, failure.retry_after_s))
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

    def _wait(self, order: Order, service: Service, job: Job, progress: Progress) -> None:
        """Until the job has succeeded. Cancels it at the provider where we are stopped, if that can be."""
        try:
            self._wait_unstopped(order, service, job, progress)
        except BaseException as stop:
            if not isinstance(stop, Exception):  # Ctrl-C, the end of the process, or Dagster's own way to end a run
                self._cancelled(order, service, job)
            raise

    def _wait_unstopped(self, order: Order, service: Service, job: Job, progress: Progress) -> None:
        began, blind, pause_s = time.monotonic(), 0, _FIRST_LOOK_S
        timeout_s = self.timeout_s if service.timeout_s is None else service.timeout_s
        pause_max_s = _LOOK_MAX_S if self.callbacks is None else _CALLED_BACK_MAX_S
        while True:
            state = self._looked(order, service, job)
            blind = blind + 1 if state is None else 0
            if state is not None and state.word == "succeeded":
                return
            if state is not None and state.word == "failed":
                self._failed_job(order, job, state)
            took_s = time.monotonic() - began
            if took_s > timeout_s or blind >= _BLIND_LOOKS:
                raise TransientFailure(
                    f"{order.engine} has job {job.job_id} since {took_s:.0f} s and is not done.",
                    way_out=f"It stays submitted and is waited for again: musicgen retry {order.partition}",
                )
            told = state.progress if state is not None else None
            progress(min(took_s / timeout_s, 0.9) if told is None else told, f"{order.engine} is at it")
            self._pause(order, pause_s * self.dice.uniform(0.8, 1.2))
            pause_s = min(pause_s * _LOOK_GROWS, pause_max_s)

    def _pause(self, order: Order, pause_s: float) -> None:
        """Until the next look: that long, or until a callback brings news."""
        if self.callbacks is None:
            self.sleep(pause_s)
            return
        with self.registry.reading() as session:
            version_id = queries.get_version(session, order.partition).id
            before = news_of(session, version_id)
        for _ in range(math.ceil(pause_s)):
            self.sleep(1.0)
            with self.registry.reading() as session:
                if news_of(session, version_id) != before:
                    return

    def _looked(self, order: Order, service: Service, job: Job) -> JobState | None:
        """How the job stands; None where that could not be found out just now."""
        try:
            return service.state(job.job_id)
        except ProviderFailure as failure:
            if failure.is_retryable:
                return None
            if failure.reason in ("not found", "expired"):
                self._finish(job.attempt_id, failure, order.estimate_usd)
            raise

    def _failed_job(self, order: Order, job: Job, state: JobState) -> NoReturn:
        failure = state.failure or provider_failure(order.engine, "server error", "its job failed without a reason")
        self._finish(job.attempt_id, failure, _lost_usd(order))
        raise failure

    def _collected(self, order: Order, service: Service, job: Job) -> SongDelivery | StemsDelivery:
        """Everything of a finished job. What is paid for and can't be had counts at its estimate."""
        for number in range(_FETCHES):
            try:
                return service.collect(job.job_id)
            except ProviderFailure as failure:
                if failure.is_retryable and number < _FETCHES - 1:
                    self.sleep(self._backoff_s(number, failure.retry_after_s))
                    continue
                self._finish(job.attempt_id, failure, order.estimate_usd)
                raise
        raise AssertionError  # the loop returns or raises

    def _cancelled(self, order: Order, service: Service, job: Job) -> None:
        with contextlib.suppress(ProviderFailure):  # then it stays submitted, and is waited for next time
            if service.cancel(job.job_id):
                cost = format(_lost_usd(order), "f")
                with self.registry.session() as session:
                    queries.attempt_finished(session, job.attempt_id, "cancelled", cost, error="cancelled by us")

    def _unknown(self, attempt_id: int, failure: ProviderFailure) -> None:
        """Write down that nobody knows, unless a callback told the job meanwhile."""
        with self.registry.session() as session:
            if session.get_one(Attempt, attempt_id).status == "calling":
                queries.attempt_finished(
                    session, attempt_id, "unknown", error=failure.message, reason=failure.reason
                )  # fmt: skip

    def _finish(self, attempt_id: int, failure: ProviderFailure, lost_usd: Decimal | None = None) -> None:
        """It failed; counted as told, else ``lost_usd``."""
        charged = failure.charged_usd if failure.charged_usd is not None else lost_usd
        with self.registry.session() as session:
            queries.attempt_finished(
                session, attempt_id, "failed", cost_usd=format(charged or Decimal(0), "f"), error=failure.message,
                reason=failure.reason,
            )  # fmt: skip

    def _backoff_s(self, number: int, retry_after_s: float | None) -> float:
        """The provider's own wish if it has one, else growing and uneven, so that many do not come back at once."""
        wait_s = 2.0**number * self.dice.uniform(0.5, 1.5)
        return wait_s if retry_after_s is None else min(max(retry_after_s, wait_s), 120.0)


def _lost_usd(order: Order) -> Decimal:
    """What a job that came to nothing counts, where its provider does not say."""
    return capabilities_of(order.engine).lost_usd(order.estimate_usd)


def _patience_s(engine: SongEngine | StemEngine) -> float | None:
    """How long a job of ``engine`` may take where it says so itself: models on this machine do."""
    found: float | None = getattr(engine, "patience_s", None)
    return found
