"""Jobs: work that was accepted and is done later. How far one is follows from the time alone.

Belongs here: the phases of a job, ending it once, what failed work gives back. Does not belong here: the providers'
words for phases, results, callbacks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from api.dev_providers.accounts import Accounts
from api.dev_providers.clock import Clock
from api.dev_providers.database import Database
from api.dev_providers.faults import MODERATED_JOB
from api.dev_providers.sounds import Sounds
from api.dev_providers.wishes import SongWish, wish_of

Phase = Literal["waiting", "running", "done", "failed", "moderated", "cancelled"]
ENDED: tuple[Phase, ...] = ("done", "failed", "moderated", "cancelled")

_WAITING_SHARE = 0.25
"""Of a job's time; it works for the rest."""


@dataclass(frozen=True)
class Job:
    """One job. Times in seconds since 1970; ``request`` is what was asked, ``songs`` what it makes."""

    id: str
    provider: str
    kind: str
    account: str
    created_s: float
    wait_s: float
    request: Mapping[str, Any]
    songs: tuple[SongWish, ...] = ()
    faults: tuple[str, ...] = ()
    callback: Mapping[str, Any] | None = None
    """{url, events: [[name, share of the job's time], ...]}; the last event is the end."""
    bill_id: int | None = None


@dataclass(frozen=True)
class NewJob:
    """What a handler says of a job. ``wait_s`` None takes the server's."""

    kind: str
    request: Mapping[str, Any] = field(default_factory=dict)
    songs: Sequence[SongWish] = ()
    callback: Mapping[str, Any] | None = None
    wait_s: float | None = None


class Jobs:
    """All jobs of all providers."""

    def __init__(self, database: Database, clock: Clock, sounds: Sounds, accounts: Accounts) -> None:
        self._database = database
        self._clock = clock
        self._sounds = sounds
        self._accounts = accounts

    def add(self, job: Job) -> None:
        """Keep a new job, and have its songs written."""
        row = {**asdict(job), "request": json.dumps(job.request),
               "songs": json.dumps([asdict(song) for song in job.songs]), "faults": json.dumps(job.faults),
               "callback": json.dumps(job.callback) if job.callback else None}  # fmt: skip
        names = ", ".join(row)
        with self._database.transaction() as connection:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO jobs ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608  # own names
        for wish in job.songs:
            self._sounds.want(wish)

    def find(self, provider: str, job_id: str) -> Job | None:
        """The job, of this provider."""
        rows = self._database.rows("SELECT * FROM jobs WHERE provider = ? AND id = ?", (provider, job_id))
        return _job(rows[0]) if rows else None

    def of(self, provider: str) -> list[Job]:
        """All jobs of a provider, oldest first."""
        return [
            _job(row)
            for row in self._database.rows("SELECT * FROM jobs WHERE ? IN ('', provider) ORDER BY rowid", (provider,))
        ]

    def waiting(self, provider: str) -> int:
        """How many of a provider's jobs have not begun."""
        rows = self._database.rows("SELECT * FROM jobs WHERE provider = ? AND ended IS NULL", (provider,))
        return sum(self.phase(_job(row)) == "waiting" for row in rows)

    def untold(self) -> list[Job]:
        """Those whose callbacks have not all been sent."""
        return [_job(row) for row in self._database.rows("SELECT * FROM jobs WHERE callback IS NOT NULL AND told = 0")]

    def was_told(self, job: Job) -> None:
        """Its callbacks have been sent, or given up."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE jobs SET told = 1 WHERE id = ?", (job.id,))

    def phase(self, job: Job) -> Phase:
        """How far it is; what has ended is written down, and failed work given back, once."""
        ended = self._database.rows("SELECT ended FROM jobs WHERE id = ?", (job.id,))[0]["ended"]
        if ended is not None:
            return _phase(ended)
        passed_s = self._clock.now_s() - job.created_s
        if passed_s < job.wait_s * _WAITING_SHARE:
            return "waiting"
        if passed_s < job.wait_s or "job_stuck" in job.faults:
            return "running"
        if MODERATED_JOB in job.faults:
            return self._end(job, "moderated")
        if "job_fails" in job.faults or any(self._sounds.has_failed(wish) for wish in job.songs):
            return self._end(job, "failed")
        if not all(self._sounds.is_there(wish) for wish in job.songs):
            return "running"
        return self._end(job, "done")

    def share(self, job: Job) -> float:
        """Share of its time that has passed, 0 to 1."""
        return 1.0 if job.wait_s <= 0 else min(1.0, (self._clock.now_s() - job.created_s) / job.wait_s)

    def cancel(self, job: Job) -> Phase:
        """End it unless it has ended; what it costs is given back."""
        phase = self.phase(job)
        return phase if phase in ENDED else self._end(job, "cancelled")

    def settle(self) -> None:
        """Write down every end that is due, so that the bill is what it would be if everybody had asked."""
        for row in self._database.rows("SELECT * FROM jobs WHERE ended IS NULL"):
            self.phase(_job(row))

    def ended_s(self, job: Job) -> float | None:
        """When it ended."""
        found = self._database.rows("SELECT ended_s FROM jobs WHERE id = ?", (job.id,))[0]["ended_s"]
        return None if found is None else float(found)

    def _end(self, job: Job, phase: Phase) -> Phase:
        with self._database.transaction() as connection:
            now_s = self._clock.now_s()
            changed = connection.execute(
                "UPDATE jobs SET ended = ?, ended_s = ? WHERE id = ? AND ended IS NULL", (phase, now_s, job.id)
            )
            is_first = changed.rowcount == 1
            stands = _ended(connection, job.id)
        if is_first and phase != "done" and job.bill_id is not None:
            self._accounts.give_back(job.bill_id, f"given back: {phase}")
        return stands


def _ended(connection: sqlite3.Connection, job_id: str) -> Phase:
    return _phase(connection.execute("SELECT ended FROM jobs WHERE id = ?", (job_id,)).fetchone()["ended"])


def _phase(text: str) -> Phase:
    return next(phase for phase in ENDED if phase == text)


def _job(row: dict[str, Any]) -> Job:
    fields = {name: value for name, value in row.items() if name not in ("told", "ended", "ended_s")}
    return Job(
        **{
            **fields,
            "request": json.loads(row["request"]),
            "songs": tuple(wish_of(song) for song in json.loads(row["songs"])),
            "faults": tuple(json.loads(row["faults"])),
            "callback": json.loads(row["callback"]) if row["callback"] else None,
        }
    )
