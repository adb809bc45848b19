"""One version of a song: followed, waited for, changed, compared, downloaded.

Belongs here: Song. Does not belong here: HTTP (transport), the way a song's news come in (following).
"""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, Unpack, cast

from musicgen_client import models
from musicgen_client.errors import NotMadeError
from musicgen_client.following import changes
from musicgen_client.transport import Transport

RESTING = ("waiting_for_approval", "failed", "cancelled", "archived", "released")
"""States in which nothing runs."""


class Song:
    """Version ``version`` of ``composition``. Methods that ask for work answer at once; the server does it."""

    def __init__(self, transport: Transport, composition: str, version: int) -> None:
        self._transport = transport
        self.composition = composition
        self.version = version

    @classmethod
    def accepted(cls, transport: Transport, told: models.Accepted) -> Self:
        """The song of a request that was accepted."""
        return cls(transport, told["composition"], told["version"])

    def __repr__(self) -> str:
        return f"Song({self.composition}@v{self.version})"

    def status(self, *, with_context: bool = False) -> models.Status:
        """How far it is; ``with_context`` with every value that was resolved: key, tempo, seed, and so on."""
        asked = {"version": self.version, **({"context": "true"} if with_context else {})}
        return cast("models.Status", self._get("status/", asked))

    def follow(self, timeout_s: float | None = None) -> Iterator[models.Status]:
        """Its status now and after each change, until it rests. Raises TimeoutError after ``timeout_s``."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        for status in changes(self._transport, self.composition, self.version, end):
            yield status
            if status["state"] in RESTING and not status["requests"]:
                return

    def wait(self, timeout_s: float | None = None) -> Self:
        """Come back when it is released. Raises NotMadeError where it rests otherwise, and TimeoutError."""
        last = deque(self.follow(timeout_s), maxlen=1)[0]
        if last["status"] != "released":
            raise NotMadeError(last)
        return self

    def download(self, to: str | Path, file: str | None = None) -> Path:
        """Write the whole release as a ZIP file to ``to``, or one ``file`` of it ("master.mp3").

        ``to`` appears when it is whole. Raises ApiError with code "not_made" before the release.
        """
        place = Path(to)
        asked = {"version": self.version, **({"file": file} if file else {})}
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        try:
            with (
                os.fdopen(handle, "wb") as written,
                self._transport.streamed(f"{self._base}/download/", params=asked) as answer,
            ):
                for data in answer.iter_bytes():
                    written.write(data)
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
        return place

    def revise(
        self, words: str | None = None, /, *, idempotency_key: str | None = None, **asked: Unpack[models.ReviseAsked]
    ) -> Song:
        """A new version: ``revise("slower, no drums in the verse")``, or with fields: ``revise(seed=8)``."""
        return self._work("revise/", self._change(words, asked), idempotency_key)

    def plan(self, words: str | None = None, /, **asked: Unpack[models.ReviseAsked]) -> models.PlanTold:
        """What the same revision would make, may make and carry; nothing is made."""
        answer = self._transport.ask("POST", f"{self._base}/plan/", json=self._change(words, asked))
        return cast("models.PlanTold", answer.json())

    def advance(self, until: str | None = None) -> Song:
        """Go on after a stage that it was to stop at."""
        return self._work("advance/", self._until(until), None)

    def retry(self, until: str | None = None) -> Song:
        """Go on where it failed or was cancelled."""
        return self._work("retry/", self._until(until), None)

    def cancel(self) -> models.CancelTold:
        """Stop the work on it; what is finished is kept."""
        answer = self._transport.ask("POST", f"{self._base}/cancel/", json={"version": self.version})
        return cast("models.CancelTold", answer.json())

    def versions(self) -> list[models.VersionTold]:
        """The tree of the song's versions, depth first."""
        return cast("models.Versions", self._get("versions/"))["items"]

    def diff(self, old: int | None = None) -> models.Difference:
        """How it differs from version ``old``, its parent where none is named."""
        return cast("models.Difference", self._get("diff/", {"new": self.version, **({"old": old} if old else {})}))

    def artifacts(self, stage: str | None = None) -> list[models.ArtifactTold]:
        """What it holds, file by file."""
        asked = {"version": self.version, **({"stage": stage} if stage else {})}
        return cast("models.Artifacts", self._get("artifacts/", asked))["items"]

    def lineage(self) -> list[models.LineageTold]:
        """Where every part of it comes from."""
        return cast("models.Lineage", self._get("lineage/", {"version": self.version}))["items"]

    def delete(self, *, all_versions: bool = False) -> None:
        """Delete this version; an only one goes with its composition: ``all_versions``."""
        params = {} if all_versions else {"version": self.version}
        self._transport.ask("DELETE", f"{self._base}/", is_repeatable=False, params=params)

    @property
    def _base(self) -> str:
        return f"/compositions/{self.composition}"

    def _get(self, path: str, params: dict[str, Any] | None = None) -> object:
        return self._transport.ask("GET", f"{self._base}/{path}", params=params or {}).json()

    def _work(self, path: str, asked: object, key: str | None) -> Song:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        answer = self._transport.ask("POST", f"{self._base}/{path}", json=asked, headers=headers)
        return Song.accepted(self._transport, cast("models.Accepted", answer.json()))

    def _change(self, words: str | None, asked: models.ReviseAsked) -> models.ReviseAsked:
        named: models.ReviseAsked = {"version": self.version, **asked}
        return {**named, "words": words} if words is not None else named

    def _until(self, until: str | None) -> dict[str, Any]:
        return {"version": self.version, **({"until": until} if until else {})}
