"""Files that were sent here, for as long as their provider keeps them.

Belongs here: keeping and finding them. Does not belong here: links to results (links).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from api.dev_providers.clock import Clock
from api.dev_providers.database import Database


@dataclass(frozen=True)
class Upload:
    """One file. Times in seconds since 1970."""

    id: str
    name: str
    media_type: str
    at_s: float
    data: bytes
    song: str | None = None
    """The mark of the song it is a file of, where it was written here."""


class Uploads:
    """All files of all providers."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder

    def keep(
        self, provider: str, account: str, data: bytes, name: str, media_type: str, life_s: float,
        song: str | None = None,
    ) -> Upload:  # fmt: skip
        """Keep a file for ``life_s``."""
        self._folder.mkdir(parents=True, exist_ok=True)
        upload = Upload(secrets.token_hex(12), name, media_type, self._clock.now_s(), data, song)
        (self._folder / upload.id).write_bytes(data)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (upload.id, provider, account, upload.at_s, life_s, name, media_type, song),
            )
        return upload

    def find(self, provider: str, upload_id: str) -> Upload | None:
        """The file, while it is kept."""
        rows = self._database.rows("SELECT * FROM uploads WHERE provider = ? AND id = ?", (provider, upload_id))
        if not rows or self._clock.now_s() > rows[0]["at_s"] + rows[0]["life_s"]:
            return None
        row = rows[0]
        data = (self._folder / upload_id).read_bytes()
        return Upload(row["id"], row["name"], row["media_type"], row["at_s"], data, row["song"])
