"""The journal: every request as it came, which faults struck it, and how it was answered.

Belongs here: writing and reading it, and the mark by which equal requests are known. Does not belong here: bills.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import Request

from api.dev_providers.clock import Clock, iso
from api.dev_providers.database import Database

_SHOWN_CHARACTERS = 20_000
_SECRET_FIELDS = ("ai_token",)
_NOT_THE_WORK = ("callBackUrl", "calBackUrl", "callback_url", "webhook", "webhook_events_filter", "ai_token")
"""Fields that say where to call, not what to make: two requests that differ in them alone ask for the same."""


def body_of(request: Request) -> Any:
    """What was sent, as plain data: JSON, or the fields of a form with the hashes of its files. Never a key."""
    if request.form or request.files:
        files = {name: _file_mark(file) for name, file in request.files.items()}
        return {**{name: value for name, value in request.form.items() if name not in _SECRET_FIELDS}, **files}
    found = request.get_json(force=True, silent=True)
    if isinstance(found, dict):
        return {name: value for name, value in found.items() if name not in _SECRET_FIELDS}
    return request.args.to_dict() if found is None else found


def _file_mark(file: Any) -> str:
    mark = hashlib.sha256(file.stream.read()).hexdigest()[:16]
    file.stream.seek(0)
    return f"file {mark}"


def fingerprint(provider: str, path: str, body: Any) -> str:
    """Equal for requests that ask for the same work."""
    work = (
        {name: value for name, value in body.items() if name not in _NOT_THE_WORK} if isinstance(body, dict) else body
    )
    text = json.dumps([provider, path, work], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Journal:
    """All requests of all providers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, request_id: str, provider: str, operation: str, request: Request, mark: str, body: Any) -> None:
        """A request has come."""
        text = json.dumps(body, ensure_ascii=False, default=str)[:_SHOWN_CHARACTERS]
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, '[]', NULL, NULL)",
                (request_id, self._clock.now_s(), provider, operation, request.method, request.path, text, mark),
            )

    def known(self, request_id: str, account: str | None, faults: list[str]) -> None:
        """Who sent it, and what struck it."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET account = ?, faults = ? WHERE id = ?", (account, json.dumps(faults), request_id)
            )

    def end(self, request_id: str, status: int | None, seconds: float) -> None:
        """It was answered, with None where the connection was cut."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET status = ?, seconds = ? WHERE id = ?", (status, round(seconds, 4), request_id)
            )

    def recent(self, account: str, operations: tuple[str, ...], since_s: float) -> int:
        """How many requests of these operations an account has made since."""
        marks = ", ".join("?" * len(operations))
        rows = self._database.rows(
            f"SELECT count(*) AS n FROM requests WHERE account = ? AND at_s >= ? AND operation IN ({marks})",  # noqa: S608  # marks
            (account, since_s, *operations),
        )
        return int(rows[0]["n"])

    def all(self, provider: str = "") -> list[dict[str, Any]]:
        """Every request, oldest first."""
        rows = self._database.rows("SELECT * FROM requests WHERE ? IN ('', provider) ORDER BY rowid", (provider,))
        return [
            {**row, "at": iso(row.pop("at_s")), "body": _plain(row["body"]), "faults": json.loads(row["faults"])}
            for row in rows
        ]


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
