"""Requests over HTTP: the key shown, problems raised, what may safely be sent again sent again.

Belongs here: attempts, waits, answers as they come. Does not belong here: any operation of the API.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx

from musicgen_client.errors import ApiError, UnreachableError
from musicgen_client.models import Problem

PREFIX = "/api/v2"
ATTEMPTS = 4
WAIT_MAX_S = 30.0
_WAIT_FIRST_S = 0.5
_AGAIN = (429, 503)
"""The server has done nothing yet and says when to come back."""
_AGAIN_IF_REPEATABLE = (500, 502, 504)
"""Something between may have lost an answer."""


class Transport:
    """One server. Raises ApiError for problems, UnreachableError where nobody answers."""

    def __init__(self, url: str, key: str | None, timeout_s: float) -> None:
        """``key`` is sent to this server only; redirects are not followed, so it can't leave."""
        self.url = url.rstrip("/")
        headers = {"User-Agent": "musicgen-client", **({"Authorization": f"Bearer {key}"} if key else {})}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout_s)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, method: str, path: str, *, is_repeatable: bool = True, **extra: Any) -> httpx.Response:
        """The answer, whole. ``is_repeatable``: asking twice does what asking once does."""
        with self._asked(method, path, is_repeatable=is_repeatable, **extra) as answer:
            answer.read()
        return answer

    @contextmanager
    def streamed(self, path: str, **extra: Any) -> Iterator[httpx.Response]:
        """The answer as it comes."""
        with self._asked("GET", path, is_repeatable=True, **extra) as answer:
            yield answer

    @contextmanager
    def _asked(self, method: str, path: str, *, is_repeatable: bool, **extra: Any) -> Iterator[httpx.Response]:
        request = self._http.build_request(method, PREFIX + path, **extra)
        answer = self._sent(request, is_repeatable)
        try:
            if answer.status_code >= 300 and answer.status_code != 304:
                raise _problem(answer)
            yield answer
        finally:
            answer.close()

    def _sent(self, request: httpx.Request, is_repeatable: bool) -> httpx.Response:
        repeated = _AGAIN + (_AGAIN_IF_REPEATABLE if is_repeatable else ())
        attempt = 0
        while True:
            attempt += 1
            told_s = None
            try:
                answer = self._http.send(request, stream=True)
            except httpx.TransportError as error:
                was_never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                if attempt == ATTEMPTS or not (was_never_sent or is_repeatable):
                    raise UnreachableError(
                        f"{request.method} {request.url} got no answer after {attempt} attempts "
                        f"({type(error).__name__}: {error}). Is the server running (musicgen up)?"
                    ) from error
            else:
                if attempt == ATTEMPTS or answer.status_code not in repeated:
                    return answer
                told_s = answer.headers.get("Retry-After")
                answer.close()
            _wait(attempt, told_s)


def _wait(attempt: int, told_s: str | None) -> None:
    """As long as the server says, else longer each time, and never quite the same as others who wait."""
    wait_s = _WAIT_FIRST_S * 2 ** (attempt - 1) * (1 + random.random())  # noqa: S311  # not a secret
    if told_s is not None and told_s.isdigit():
        wait_s = float(told_s) + random.random() / 2  # noqa: S311
    time.sleep(min(wait_s, WAIT_MAX_S))


def _problem(answer: httpx.Response) -> Exception:
    """What a refusal says, or that whatever answered there is something else."""
    answer.read()
    if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
        return ApiError(cast("Problem", answer.json()))
    return UnreachableError(
        f"{answer.request.url} answered {answer.status_code} ({answer.headers.get('Content-Type', 'no type')}), "
        f"which is not this API. Check the address and what stands between."
    )
