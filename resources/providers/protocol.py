"""What every adapter offers and answers: two kinds of engines, four states of a job, one class of failure.

Belongs here: those shapes. Does not belong here: HTTP (client), a provider's words (its own module).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel

from musicgen_assets.context.failures import Failure, PermanentFailure, TransientFailure
from musicgen_assets.engines.asking import SongRequest, TextRequest

Reason = Literal[
    "rate limited", "overloaded", "server error", "connection lost", "timed out", "bad answer",  # worth a retry
    "not allowed", "no credit", "bad request", "moderated", "refused", "not found", "expired", "cut off",
    "unavailable",
]  # fmt: skip
"""Why a call failed. "refused" is a language model's own no, "cut off" an answer that hit its length limit,
"unavailable" a provider that has no public interface or is not configured."""

Acceptance = Literal["not accepted", "accepted", "unknown"]
"""Whether the provider took the job that a failed call was to submit. Only "not accepted" may be sent again."""

JobWord = Literal["queued", "running", "succeeded", "failed"]


class ProviderFailure(Failure):
    """A call to an engine failed. Raised as one of its two subclasses.

    ``retry_after_s`` is the provider's own wish; ``charged_usd`` what it says it cost all the same, None if unsaid.
    """

    engine: str
    reason: Reason
    acceptance: Acceptance
    retry_after_s: float | None
    charged_usd: Decimal | None


class TransientProviderFailure(ProviderFailure, TransientFailure):
    """The same call may succeed later."""


class PermanentProviderFailure(ProviderFailure, PermanentFailure):
    """The same call will fail again."""


TRANSIENT: frozenset[Reason] = frozenset(
    ("rate limited", "overloaded", "server error", "connection lost", "timed out", "bad answer")
)


def provider_failure(
    engine: str,
    reason: Reason,
    message: str,
    *,
    way_out: str = "",
    acceptance: Acceptance = "not accepted",
    retry_after_s: float | None = None,
    charged_usd: Decimal | None = None,
) -> ProviderFailure:
    """The failure of the class that ``reason`` belongs to. ``message``: what was tried, what came back."""
    kind = TransientProviderFailure if reason in TRANSIENT else PermanentProviderFailure
    failure = kind(f"{engine}: {message}", way_out=way_out)
    failure.engine, failure.reason, failure.acceptance = engine, reason, acceptance
    failure.retry_after_s, failure.charged_usd = retry_after_s, charged_usd
    return failure


@dataclass(frozen=True)
class Sound:
    """An audio file: of a delivery, or sent along with a request."""

    name: str
    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class TimedWord:
    """One sung word, in seconds from the start of the song."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Submitted:
    """The provider took the job and will be asked for it by ``job_id``."""

    job_id: str


@dataclass(frozen=True)
class JobState:
    """How a job stands. ``failure`` where it failed; ``progress`` 0-1 where the provider tells."""

    word: JobWord
    progress: float | None = None
    failure: ProviderFailure | None = None


@dataclass(frozen=True)
class SongDelivery:
    """What came back, bytes and all: links expire. ``cost_usd`` None where the provider does not say.

    ``stems`` by the provider's own names in our words (vocals, drums, bass, other, ...), aligned with ``song``.
    ``facts`` are JSON-able things worth keeping: song id, seed used, second take's length.
    """

    song: Sound
    model: str
    licence: str
    terms_url: str
    stems: tuple[Sound, ...] = ()
    words: tuple[TimedWord, ...] = ()
    lyrics: str = ""
    cost_usd: Decimal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TextDelivery:
    """A form filled in and validated here. Tokens as billed; ``cost_usd`` by them and the model's price."""

    answer: BaseModel
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal


@dataclass(frozen=True)
class Health:
    """Whether an engine could be asked now. ``why`` says what is missing, for people; never a key."""

    is_configured: bool
    is_reachable: bool | None
    why: str = ""
    balance_usd: Decimal | None = None


class SongEngine(Protocol):
    """A provider of songs. Every method raises ProviderFailure, and nothing else of the network."""

    name: str

    def submit(
        self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None
    ) -> Submitted | SongDelivery:
        """Send it once, never twice: no retry inside. Synchronous providers answer with the delivery itself."""
        ...

    def not_honoured(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[str, ...]:
        """What of ``request`` this engine takes in words only, shortened or not at all. Asks nobody."""
        ...

    def state(self, job_id: str) -> JobState:
        """Ask once how the job stands. May be repeated at will."""
        ...

    def collect(self, job_id: str) -> SongDelivery:
        """Fetch everything of a job that succeeded. May be repeated until the links expire."""
        ...

    def cancel(self, job_id: str) -> bool:
        """Ask the provider to stop; False where it has no way to."""
        ...

    def sought(
        self, request: SongRequest, sounds: Mapping[str, Sound], since: datetime, known: frozenset[str]
    ) -> str | None:
        """The job that was made for ``request`` since then and is none of ``known``; None where it is not found, or
        the provider documents no way to look.
        """
        ...

    def health(self) -> Health:
        """A cheap call that costs nothing, or what is missing from the configuration."""
        ...


class TextEngine(Protocol):
    """A language model. Raises ProviderFailure, and nothing else of the network."""

    name: str

    def fill_in(self, request: TextRequest) -> TextDelivery:
        """The request's form, filled in and valid. No retry inside."""
        ...

    def health(self) -> Health:
        """See SongEngine."""
        ...
