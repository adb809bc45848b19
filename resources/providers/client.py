"""One call over HTTP to a provider, sent once: what came back, or one ProviderFailure that says how it stands.

Belongs here: time and size limits, statuses, whether a failed submit was taken, reading JSON. Does not belong here: a
provider's own words (its module's Vocabulary), files behind links (fetching), trying again (the caller).

No text of the HTTP library enters a failure, and none is its cause: such texts may hold headers, and so keys.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import httpx
from pydantic import SecretStr, ValidationError

from resources.providers.protocol import Acceptance, JobWord, ProviderFailure, Reason, provider_failure
from resources.providers.retry_after import retry_after_s
from resources.providers.shapes import Shape

Purpose = Literal["submit", "job", "look"]
"""What a call is for: "submit" may cost money, "job" asks for one that was taken, "look" changes nothing."""

CONNECT_TIMEOUT_S = 10.0
JSON_MAX_BYTES = 8 * 1024**2
_QUESTION_TIMEOUT_S = 60.0
"""For a small answer about a job: whoever takes longer is asked again."""
_SHOWN_CHARACTERS = 300

STATUS_REASONS: dict[int, Reason] = {
    400: "bad request", 401: "not allowed", 402: "no credit", 403: "not allowed", 404: "not found",
    408: "timed out", 410: "expired", 425: "overloaded", 429: "rate limited", 451: "moderated",
    500: "server error", 502: "server error", 503: "overloaded", 504: "timed out", 529: "overloaded",
}  # fmt: skip
"""What a status means where the provider says no more. Other 4xx are bad requests, other 5xx server errors."""

_TURNED_AWAY: tuple[Reason, ...] = (
    "overloaded",
    "rate limited",
    "no credit",
    "not allowed",
    "bad request",
    "moderated",
)
"""What a provider says before it begins."""
_MOVED = (301, 307, 308)
"""Send it elsewhere: nothing was done here. Other redirects may point at what was done."""


@dataclass(frozen=True)
class Answer:
    """What came back. ``body`` is empty where it was not wanted."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """As the header says, lower case, without parameters; "" where it says nothing."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Vocabulary:
    """A provider's words in ours: states of a job, its own error words or codes, statuses that it means otherwise."""

    jobs: Mapping[str, JobWord] = field(default_factory=dict)
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    statuses: Mapping[int, Reason] = field(default_factory=dict)

    def reason(self, word: str, status: int) -> Reason:
        """Why it failed, by its own word if that is known, else by the status."""
        known = self.reasons.get(word) or self.statuses.get(status) or STATUS_REASONS.get(status)
        if known is not None:
            return known
        if 400 <= status < 500:
            return "bad request"
        return "server error" if 500 <= status < 600 else "bad answer"


OwnError = tuple[str, str]
"""The word and the text of an error in the provider's own documented shape."""


@dataclass(frozen=True)
class Client:
    """Speaks with one provider. ``says`` reads its documented error shape, None where an answer has another.

    ``headers`` may hold keys as SecretStr; they are put in clear at the moment of sending only.
    """

    engine: str
    base_url: str
    timeout_s: float
    vocabulary: Vocabulary
    says: Callable[[Answer], OwnError | None]
    headers: Mapping[str, SecretStr | str] = field(default_factory=dict)

    def call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        purpose: Purpose,
        *,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        files: Sequence[tuple[str, Any]] | None = None,
        accept: str = "application/json",
        max_bytes: int = JSON_MAX_BYTES,
        is_body_wanted: bool = True,
    ) -> Answer:
        """Send it once. Returns an answer of status 2xx; raises ProviderFailure for everything else.

        Redirects are not followed. The whole call takes at most about ``timeout_s``, a question about a job a minute.
        """
        request = _Request(method, self.base_url + path, params, json, files, self._clear(accept))
        is_short = purpose != "submit" and max_bytes <= JSON_MAX_BYTES
        timeout_s = min(self.timeout_s, _QUESTION_TIMEOUT_S) if is_short else self.timeout_s
        answer = _exchange(request, timeout_s, max_bytes if is_body_wanted else 0)
        if isinstance(answer, _Broken):
            raise self.broken(answer, purpose)
        if not 200 <= answer.status < 300:
            raise self.refusal(answer, purpose)
        return answer

    def parsed(self, answer: Answer, shape: type[Shape], purpose: Purpose) -> Shape:
        """The JSON of ``answer``. Raises a "bad answer" for what is no JSON, or not as documented."""
        if answer.media_type and "json" not in answer.media_type:
            raise self.bad_answer(f"the answer is {answer.media_type}, not JSON", purpose)
        problem = ""
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            problem = f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"
        raise self.bad_answer(f"the answer is not as documented ({self.shown(problem)})", purpose)

    def bad_answer(self, message: str, purpose: Purpose) -> ProviderFailure:
        """An answer that cannot be used: of a submit, nobody knows what it meant."""
        return self.failure("bad answer", message, "unknown" if purpose == "submit" else _taken(purpose))

    def failure(self, reason: Reason, message: str, acceptance: Acceptance, **more: Any) -> ProviderFailure:
        """A failure of this engine; ``more`` as provider_failure takes it."""
        return provider_failure(self.engine, reason, message, acceptance=acceptance, **more)

    def refusal(self, answer: Answer, purpose: Purpose, *, is_quiet: bool = False) -> ProviderFailure:
        """The failure that an answer outside 2xx means, or one that says so inside of a 2xx (``is_quiet``)."""
        own = self.says(answer)
        word, text = own or ("", "")
        told = f"status {answer.status}" + (f", {self.shown(f'{word} {text}')}" if own else "")
        if 300 <= answer.status < 400:
            told += ": a redirect, which is not followed; correct the base URL"
        acceptance = _taken(purpose)
        if purpose == "submit":
            is_refused = is_quiet or _is_refused(answer.status, self.vocabulary.reasons.get(word))
            acceptance = "not accepted" if is_refused else "unknown"
        return self.failure(
            self.vocabulary.reason(word, answer.status), told, acceptance, retry_after_s=retry_after_s(answer.headers)
        )

    def broken(self, broken: _Broken, purpose: Purpose) -> ProviderFailure:
        """The failure that an exchange without a whole answer means."""
        acceptance = _taken(purpose)
        if purpose == "submit":
            acceptance = "unknown" if broken.is_sent else "not accepted"
        return self.failure(broken.reason, broken.message, acceptance)

    def shown(self, text: str) -> str:
        """A provider's own text on one line, short, and without our keys, should it echo them."""
        for value in self.headers.values():
            secret = value.get_secret_value() if isinstance(value, SecretStr) else ""
            if secret:
                text = text.replace(secret, "***").replace(secret.removeprefix("Bearer "), "***")
        text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
        return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."

    def _clear(self, accept: str) -> dict[str, str]:
        kept = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.headers.items()
        }
        return {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "musicgen", **kept}


def _taken(purpose: Purpose) -> Acceptance:
    return "accepted" if purpose == "job" else "not accepted"


def _is_refused(status: int, own_reason: Reason | None) -> bool:
    """Whether a submit answered so was surely not taken.

    A 4xx is a refusal. After a 5xx the work may stand, and so may its bill, whoever answered: a server that stumbled
    over its own answer, or a gateway before it. Only where the provider's own word is one for turning away is it a no.
    """
    if 500 <= status < 600:
        return own_reason in _TURNED_AWAY
    return 400 <= status < 500 or status in _MOVED


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    params: Mapping[str, str] | None
    json: Mapping[str, Any] | None
    files: Sequence[tuple[str, Any]] | None
    headers: dict[str, str] = field(repr=False)
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Broken:
    """An exchange that brought no whole answer. ``is_sent``: the request may have arrived."""

    reason: Reason
    message: str
    is_sent: bool


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; reading them takes longer than a call to this machine."""
    return httpx.create_ssl_context()


def _exchange(request: _Request, timeout_s: float, max_bytes: int) -> Answer | _Broken:
    """One connection for one call: a kept one may be dead without our knowing, and then nobody knows what arrived."""
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
    deadline = time.monotonic() + timeout_s
    try:
        with (
            httpx.Client(verify=_trust(), timeout=timeout, follow_redirects=False) as client,
            client.stream(
                request.method, request.url, params=request.params, json=request.json, files=request.files,
                headers=request.headers, extensions=dict(request.extensions),
            ) as response,
        ):  # fmt: skip
            return _read(response, deadline, max_bytes)
    except (httpx.ConnectTimeout, httpx.PoolTimeout):
        return _Broken("timed out", "no connection in time", is_sent=False)
    except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol):
        return _Broken("connection lost", "no connection", is_sent=False)
    except (httpx.InvalidURL, UnicodeError):
        return _Broken("bad answer", "the address is none", is_sent=False)
    except httpx.TimeoutException:
        return _Broken("timed out", "no answer in time", is_sent=True)
    except httpx.DecodingError:
        return _Broken("bad answer", "the answer's encoding is broken", is_sent=True)
    except httpx.HTTPError:
        return _Broken("connection lost", "the connection broke before the whole answer was here", is_sent=True)


def _read(response: httpx.Response, deadline: float, max_bytes: int) -> Answer | _Broken:
    if max_bytes == 0 and 200 <= response.status_code < 300:
        return Answer(response.status_code, response.headers, b"")
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > (max_bytes or JSON_MAX_BYTES):
            return _Broken("bad answer", f"the answer is larger than {max_bytes or JSON_MAX_BYTES} bytes", is_sent=True)
        if time.monotonic() > deadline:
            return _Broken("timed out", "the answer was still arriving when the time was up", is_sent=True)
    return Answer(response.status_code, response.headers, bytes(body))


def exchange(
    url: str, headers: Mapping[str, str], extensions: Mapping[str, Any], timeout_s: float, max_bytes: int
) -> Answer | tuple[Reason, str]:
    """GET ``url`` once without any key: the answer of whatever status, or why there is none."""
    answer = _exchange(_Request("GET", url, None, None, None, dict(headers), extensions), timeout_s, max_bytes)
    return (answer.reason, answer.message) if isinstance(answer, _Broken) else answer
