"""The way in: a server, what can be asked of it without a song, and songs.

Belongs here: MusicGen. Does not belong here: what is done with one song (songs), HTTP (transport).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, Unpack, cast

from musicgen_client import models
from musicgen_client.songs import Song
from musicgen_client.transport import Transport


class MusicGen:
    """A server of the API.

    ``url`` is its address without a path; ``key`` comes from ``musicgen keys create`` and is not needed on the
    server's own machine; ``timeout_s`` bounds each wait for bytes, not a song. Everything raises ApiError where the
    server refuses, and UnreachableError where nobody answers.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str | None = None, *, timeout_s: float = 60.0) -> None:
        self._transport = Transport(url, key, timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MusicGen({self._transport.url!r})"

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def generate(self, idempotency_key: str | None = None, **asked: Unpack[models.GenerateAsked]) -> Song:
        """Ask for a new song: ``generate(prompt="...", seed=7)``; it is made while you go on.

        ``idempotency_key`` lets another process repeat exactly this request; one is made up where none is given, so
        that an answer that was lost on the way never makes a second song.
        """
        answer = self._transport.ask(
            "POST", "/compositions/generate/", json=asked,
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
        )  # fmt: skip
        return Song.accepted(self._transport, cast("models.Accepted", answer.json()))

    def understand(self, **asked: Unpack[models.GenerateAsked]) -> models.PlanTold:
        """What the same request would be understood as, and how long it would take; nothing is made."""
        return cast("models.PlanTold", self._get("POST", "/compositions/plan/", json=asked))

    def song(self, composition: str, version: int | None = None) -> Song:
        """A song that there is; its newest version where none is named."""
        status = cast(
            "models.Status",
            self._get("GET", f"/compositions/{composition}/status/",
                      params={} if version is None else {"version": version}),
        )  # fmt: skip
        return Song(self._transport, status["composition"], status["version"])

    def songs(self, q: str | None = None, state: str | None = None) -> Iterator[models.Listed]:
        """Your songs and those shared with you, newest first: those with the words ``q``, in ``state``."""
        asked = {"q": q, "state": state, "limit": "200"}
        params = {name: value for name, value in asked.items() if value is not None}
        while True:
            page = cast("models.CompositionPage", self._get("GET", "/compositions/", params=params))
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]

    def about(self) -> models.About:
        """What answers there, and who you are taken for."""
        return cast("models.About", self._get("GET", "/"))

    def styles(self) -> list[models.StyleTold]:
        """The styles there are."""
        return cast("models.StylesTold", self._get("GET", "/styles/"))["items"]

    def engines(self) -> list[dict[str, Any]]:
        """Who could make a song there, and what that costs."""
        return cast("models.EnginesTold", self._get("GET", "/engines/"))["items"]

    def usage(self, days: int = 30) -> models.UsageTold:
        """What you used up in the last ``days``."""
        return cast("models.UsageTold", self._get("GET", "/usage/", params={"days": days}))

    def _get(self, method: str, path: str, **extra: Any) -> object:
        return self._transport.ask(method, path, **extra).json()
