"""Waiting for a job at an engine outside, and having what it came to.

Belongs here: looking at a job until it is done, cancelling it where we are stopped, collecting it, and what a failure
on the way counts. Does not belong here: the call that starts a job, and whether it may be made (attempts).
"""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.engines.capabilities import capabilities_of
from resources.callbacks import CallbackUrls, news_of
from resources.orders import Job, Order, Service, StemsDelivery
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, provider_failure
from resources.registry import Registry, queries

_FIRST_LOOK_S, _LOOK_MAX_S, _LOOK_GROWS = 1.0, 10.0, 1.5
_CALLED_BACK_MAX_S = 30.0
"""Where the provider calls back, looking is for callbacks that were lost."""
_BLIND_LOOKS = 8
"""So many looks in a row may fail before the wait is given up for now; the job stays submitted."""
_FETCHES = 4
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Waiting:
    """Patience for jobs: at most ``timeout_s`` for one, where its service does not say otherwise."""

    registry: Registry
    timeout_s: float
    callbacks: CallbackUrls | None
    sleep: Callable[[float], None]
    dice: random.Random

    def until_done(self, order: Order, service: Service, job: Job, progress: Progress) -> None:
        """Until the job has succeeded. Cancels it at the provider where we are stopped, if that can be.

        Raises ProviderFailure, and TransientFailure where it is not done in time: it stays submitted.
        """
        try:
            self._until_done(order, service, job, progress)
        except BaseException as stop:
            if not isinstance(stop, Exception):  # Ctrl-C, the end of the process, or Dagster's own way to end a run
                self._cancelled(order, service, job)
            raise

    def _until_done(self, order: Order, service: Service, job: Job, progress: Progress) -> None:
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
                finish_attempt(self.registry, job.attempt_id, failure, order.estimate_usd)
            raise

    def _failed_job(self, order: Order, job: Job, state: JobState) -> NoReturn:
        failure = state.failure or provider_failure(order.engine, "server error", "its job failed without a reason")
        finish_attempt(self.registry, job.attempt_id, failure, _lost_usd(order))
        raise failure

    def collected(self, order: Order, service: Service, job: Job) -> SongDelivery | StemsDelivery:
        """Everything of a finished job. What is paid for and can't be had counts at its estimate."""
        for number in range(_FETCHES):
            try:
                return service.collect(job.job_id)
            except ProviderFailure as failure:
                if failure.is_retryable and number < _FETCHES - 1:
                    self.sleep(backoff_s(self.dice, number, failure.retry_after_s))
                    continue
                finish_attempt(self.registry, job.attempt_id, failure, order.estimate_usd)
                raise
        raise AssertionError  # the loop returns or raises

    def _cancelled(self, order: Order, service: Service, job: Job) -> None:
        with contextlib.suppress(ProviderFailure):  # then it stays submitted, and is waited for next time
            if service.cancel(job.job_id):
                cost = format(_lost_usd(order), "f")
                with self.registry.session() as session:
                    queries.attempt_finished(session, job.attempt_id, "cancelled", cost, error="cancelled by us")


def finish_attempt(
    registry: Registry, attempt_id: int, failure: ProviderFailure, lost_usd: Decimal | None = None
) -> None:
    """Write down that it failed; counted as the provider told, else ``lost_usd``."""
    charged = failure.charged_usd if failure.charged_usd is not None else lost_usd
    with registry.session() as session:
        queries.attempt_finished(
            session, attempt_id, "failed", cost_usd=format(charged or Decimal(0), "f"), error=failure.message,
            reason=failure.reason,
        )  # fmt: skip


def backoff_s(dice: random.Random, number: int, retry_after_s: float | None) -> float:
    """The provider's own wish if it has one, else growing and uneven, so that many do not come back at once."""
    wait_s = 2.0**number * dice.uniform(0.5, 1.5)
    return wait_s if retry_after_s is None else min(max(retry_after_s, wait_s), 120.0)


def _lost_usd(order: Order) -> Decimal:
    """What a job that came to nothing counts, where its provider does not say."""
    return capabilities_of(order.engine).lost_usd(order.estimate_usd)
