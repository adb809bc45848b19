"""Callbacks of providers: the address that each call is given, and what one that comes may do.

A callback is believed in one thing: that there is news of a job. Its signature is checked, its address says which
attempt it is about, and how the job stands is asked of the provider with our own key. It may come twice, late, in any
order, or never: it wakes whoever waits for the job, and tells the job's id where the answer with it was lost.

Belongs here: those addresses and that one act. Does not belong here: signatures (providers.callbacks), HTTP (api),
waiting for jobs (attempts).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput, PermanentFailure
from resources.access.links import signing_secret
from resources.providers.callbacks import BadCallback, callback_job
from resources.providers.protocol import JobState, ProviderFailure
from resources.registry import Attempt, Event, Registry, Version, queries
from resources.routing import Adapters
from resources.settings import Settings

PATH = "/api/v2/callbacks/{engine}/{attempt}/"
CALLED_BACK = "attempt.called_back"
_MARK_LETTERS = 32
_OPEN = ("calling", "unknown", "submitted")


@dataclass(frozen=True)
class CallbackUrls:
    """Addresses that nobody can guess: each attempt has its own. ``engines`` are those whose signature can be checked.

    ``base_url`` is where the world outside reaches this installation's API.
    """

    base_url: str
    secret: str
    engines: frozenset[str]

    def of(self, engine: str, attempt_id: int) -> str | None:
        """Where ``engine`` is to call about that attempt; None where its callbacks could not be checked."""
        if engine not in self.engines:
            return None
        return self.base_url + PATH.format(engine=engine, attempt=f"{attempt_id}-{_mark(self.secret, attempt_id)}")


def callback_urls(settings: Settings) -> CallbackUrls | None:
    """As the settings say; None where the API has no public address, or no signature could be checked."""
    keys = {"kie": settings.kie_webhook_key, "replicate": settings.replicate_webhook_secret}
    engines = frozenset(name for name, key in keys.items() if key is not None)
    if not settings.api.public_url or not engines:
        return None
    return CallbackUrls(settings.api.public_url, signing_secret(settings), engines)


def take_callback(
    registry: Registry, adapters: Adapters, settings: Settings, engine: str, attempt: str, body: bytes,
    headers: Mapping[str, str],
) -> None:  # fmt: skip
    """Act on a callback for ``engine`` at the address of ``attempt``. Does nothing for an attempt that has ended.

    Raises BadInput for one that is not the provider's or not of this attempt, saying nothing of what was expected;
    ProviderFailure where the provider cannot be asked now: it calls again.
    """
    try:
        job_id = callback_job(engine, body, headers, settings)
        attempt_id = _attempt_of(attempt, signing_secret(settings))
        with registry.reading() as session:
            row = _row(session, attempt_id, engine, job_id)
            task, is_open = row.task, row.status in _OPEN
    except BadCallback as refused:
        raise BadInput("callback", engine, "it is none that is expected here") from refused
    if not is_open:
        return
    state = _asked_anew(adapters, engine, task, job_id)
    with registry.session() as session:
        row = _row(session, attempt_id, engine, job_id)
        if row.status in ("calling", "unknown"):  # the answer that should have told the id was lost, or is on its way
            queries.attempt_submitted(session, attempt_id, job_id)
        version = session.get_one(Version, row.version_id)
        if row.status in _OPEN and _last_news(session, row) != state.word:
            queries.record_event(
                session, CALLED_BACK, composition_id=version.composition_id, version_id=version.id,
                payload={"attempt": attempt_id, "state": state.word},
            )  # fmt: skip


def news_of(session: Session, version_id: int) -> int:
    """A number that grows whenever a callback brought news of an attempt of that version."""
    query = select(func.max(Event.id)).where(Event.version_id == version_id, Event.kind == CALLED_BACK)
    return session.scalar(query) or 0


def _asked_anew(adapters: Adapters, engine: str, task: str, job_id: str) -> JobState:
    """How the job stands by the provider's own record. Raises BadInput where it knows no such job of ours."""
    try:
        if task != "stem_separation":
            return adapters.song(engine).state(job_id)
        separator = adapters.stems(engine)
        if separator is not None:
            return separator.stems_state(job_id)
    except ProviderFailure as failure:
        if failure.reason != "not found":
            raise
    except PermanentFailure:
        pass  # it is not configured any more
    raise BadInput("callback", engine, "it is none that is expected here")


def _row(session: Session, attempt_id: int, engine: str, job_id: str) -> Attempt:
    """The attempt, if the job may be its own. Raises BadCallback."""
    row = session.get(Attempt, attempt_id)
    if row is None or row.provider != engine or row.provider_job_id not in (None, job_id):
        raise BadCallback("The callback is about no attempt of ours.")
    others = select(Attempt.id).where(
        Attempt.provider == engine, Attempt.provider_job_id == job_id, Attempt.id != attempt_id
    )
    if session.scalar(others.limit(1)) is not None:
        raise BadCallback("The callback's job is another attempt's.")
    return row


def _attempt_of(text: str, secret: str) -> int:
    number, _, mark = text.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) <= 18 and mark.isascii()):
        raise BadCallback("The callback's address is none of ours.")
    if not hmac.compare_digest(mark, _mark(secret, int(number))):
        raise BadCallback("The callback's address is none of ours.")
    return int(number)


def _mark(secret: str, attempt_id: int) -> str:
    text = f"callback of attempt {attempt_id}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()[:_MARK_LETTERS]


def _last_news(session: Session, row: Attempt) -> str:
    query = select(Event).where(Event.version_id == row.version_id, Event.kind == CALLED_BACK)
    found = next((one for one in session.scalars(query.order_by(Event.id.desc()).limit(50))
                  if one.payload.get("attempt") == row.id), None)  # fmt: skip
    return "" if found is None else str(found.payload.get("state", ""))
