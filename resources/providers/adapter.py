"""What every adapter of songs has in common: where its engine is, what it takes, what it says of its health.

Belongs here: the base class. Does not belong here: any provider's fields or words (its module).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import SecretStr

from musicgen_assets.engines.asking import SongRequest
from resources.engine_settings import Engines
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.fetching import Fetcher
from resources.providers.protocol import (
    Health,
    JobState,
    ProviderFailure,
    Reason,
    SongDelivery,
    Sound,
    Submitted,
    provider_failure,
)
from resources.providers.terms import TERMS
from resources.providers.wording import Inputs, unmet_inputs

_UNREACHABLE: frozenset[Reason] = frozenset(("connection lost", "timed out", "not allowed", "no credit"))
"""Failures of a look that mean that no song could be asked for now."""

_REMEMBERED_JOBS = 1000


@dataclass(frozen=True)
class Access:
    """Where an engine answers, with which key, and how long and how much it may answer."""

    base_url: str
    key: SecretStr | None = None
    timeout_s: float = 300.0
    options: Engines = field(default_factory=Engines)

    @property
    def clear_key(self) -> str:
        """The key in clear, "" for none. Never print it."""
        return self.key.get_secret_value() if self.key is not None else ""


class SongAdapter:
    """Base of the adapters; offers resources.providers.protocol.SongEngine. Keeps nothing that a restart would miss."""

    name: str
    inputs: ClassVar[Inputs]
    vocabulary: ClassVar[Vocabulary]
    key_variable: ClassVar[str]
    """The setting that is missing where it is not configured."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.options = access.options
        self._notes: dict[str, tuple[str, ...]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.access.base_url!r})"

    def submit(
        self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None
    ) -> Submitted | SongDelivery:
        """See SongEngine."""
        raise NotImplementedError

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[Any, list[str]]:
        """The provider's own request, and one note for each thing that it cannot honour. Pure."""
        raise NotImplementedError

    def not_honoured(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[str, ...]:
        """What of ``request`` this engine takes in words only, shortened or not at all. Asks nobody."""
        return tuple(self.translate(request, sounds)[1])

    def state(self, job_id: str) -> JobState:
        """See SongEngine. Of an engine that answers at once, no job is known."""
        raise self._no_jobs(job_id)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine. Of an engine that answers at once, no job is known."""
        raise self._no_jobs(job_id)

    def cancel(self, job_id: str) -> bool:
        """See SongEngine. False: most have no way to."""
        del job_id
        return False

    def sought(
        self, request: SongRequest, sounds: Mapping[str, Sound], since: datetime, known: frozenset[str]
    ) -> str | None:
        """See SongEngine. None: most document no list of one's jobs."""
        del request, sounds, since, known
        return None

    def health(self) -> Health:
        """See SongEngine."""
        if not self.is_configured:
            return Health(is_configured=False, is_reachable=None, why=self.why_unavailable)
        try:
            return Health(is_configured=True, is_reachable=True, balance_usd=self.look())
        except ProviderFailure as failure:
            if failure.reason == "not found":  # it answered, and took the key: it only has no such page
                return Health(is_configured=True, is_reachable=True)
            is_reachable = failure.reason not in _UNREACHABLE
            return Health(is_configured=True, is_reachable=is_reachable, why=failure.message)

    def look(self) -> Decimal | None:
        """A call that costs nothing: the balance in US dollars, if it tells one. Raises ProviderFailure."""
        raise NotImplementedError

    @property
    def is_configured(self) -> bool:
        """Whether there is an address and a key."""
        return bool(self.access.base_url) and self.access.key is not None

    @property
    def why_unavailable(self) -> str:
        """What is missing, for people."""
        return f"{self.key_variable} is not set"

    def says(self, answer: Answer) -> OwnError | None:
        """The error in ``answer``, where it has the provider's documented shape."""
        raise NotImplementedError

    def client(self, **headers: SecretStr | str) -> Client:
        """Speaks with the provider. ``headers`` by their names with _ for -. Raises "unavailable" without a key."""
        if not self.is_configured:
            raise provider_failure(self.name, "unavailable", f"{self.why_unavailable}.")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.name, self.access.base_url, self.access.timeout_s, self.vocabulary, self.says, named)

    def bearer(self) -> SecretStr:
        """The usual form of a key in the header Authorization."""
        return SecretStr(f"Bearer {self.access.clear_key}")

    def fetcher(self) -> Fetcher:
        """Gets what the provider links to."""
        return Fetcher(self.name, self.access.base_url, self.access.timeout_s, self.options.max_download_bytes)

    def unmet(self, request: SongRequest, sounds: Mapping[str, Sound]) -> list[str]:
        """The notes of ``translate`` to begin with: what follows from ``inputs`` alone."""
        return unmet_inputs(self.inputs, request, sounds)

    def remember(self, job_id: str, notes: list[str]) -> Submitted:
        """The job, its notes kept for the delivery while this process lives (a later one asks not_honoured)."""
        if len(self._notes) >= _REMEMBERED_JOBS:
            self._notes.pop(next(iter(self._notes)))
        self._notes[job_id] = tuple(notes)
        return Submitted(job_id)

    def delivery(self, song: Sound, model: str, notes: list[str] | None, job_id: str = "", **more: Any) -> SongDelivery:
        """``song`` under this engine's terms; ``notes`` None takes those remembered for ``job_id``."""
        kept = self._notes.get(job_id) if notes is None else tuple(notes)
        terms = TERMS[self.name]
        made = SongDelivery(song, model, terms.licence, terms.terms_url, **more)
        return made if kept is None else replace(made, facts={**made.facts, "not_honoured": list(kept)})

    def _no_jobs(self, job_id: str) -> ProviderFailure:
        return provider_failure(self.name, "not found", f"it answers at once and knows no job {job_id!r}")


def failed(failure: ProviderFailure) -> JobState:
    """A job that ended in ``failure``."""
    return JobState("failed", failure=failure)
