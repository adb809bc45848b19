"""The courier: tells callers what became of their jobs, as providers do, and as they fail to.

Belongs here: when a callback is due, sending it, trying again, and the faults of callbacks. Does not belong here: what
is in one, and its signature (each provider's module).
"""

from __future__ import annotations

import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from api.dev_providers.clock import iso
from api.dev_providers.desk import Desk
from api.dev_providers.jobs import ENDED, Job
from api.dev_providers.provider import Provider

TRIES = 4
TIMEOUT_S = 15.0
_LOOK_EVERY_S = 0.05
_AT_ONCE = 8
_LOG = logging.getLogger("musicgen.dev_providers")

SIGNING_KEY = "dev-signing-key"
"""What callbacks are signed with, in the form that each provider gives it."""
_FORGED_KEY = "somebody-elses-key"


class Courier:
    """A thread that sees to it that callbacks are sent, those of different jobs at the same time."""

    def __init__(self, app: Flask, desk: Desk, providers: Mapping[str, Provider]) -> None:
        self._app = app
        self._desk = desk
        self._providers = providers
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)
        self._sent: dict[str, int] = {}
        self._in_hand: set[str] = set()

    def start(self) -> None:
        """Begin, with what an earlier server left."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, "callbacks") as threads:
            while not self._stop.is_set():
                for job in self._desk.jobs.untold():
                    if job.id not in self._in_hand:
                        self._in_hand.add(job.id)
                        threads.submit(self._take, job)
                self._stop.wait(_LOOK_EVERY_S)

    def _take(self, job: Job) -> None:
        try:
            with self._app.app_context():
                self._tell(job)
        except Exception:  # noqa: BLE001  # a defect is not met again every look, and there are other callers to serve
            _LOG.exception("callbacks of %s were given up", job.id)
            self._desk.jobs.was_told(job)
        finally:
            self._in_hand.discard(job.id)

    def _tell(self, job: Job) -> None:
        """Send what is due of one job."""
        callback, sent = job.callback or {}, self._sent.get(job.id, 0)
        phase = self._desk.jobs.phase(job)
        has_ended = phase in ENDED
        if "callback_lost" in job.faults:
            if has_ended:
                self._desk.jobs.was_told(job)
            return
        events = list(callback["events"])
        last = len(events) - 1
        if "callback_disordered" in job.faults:
            if has_ended:
                self._send_all(job, [events[last], *(callback.get("old_news") or events[:last])])
            return
        while sent < last and phase not in ("failed", "moderated", "cancelled"):
            if not has_ended and self._desk.jobs.share(job) < float(events[sent][1]):
                break
            self._send(job, str(events[sent][0]))
            sent += 1
            self._sent[job.id] = sent
        if has_ended:
            self._send_all(job, events[last:])

    def _send_all(self, job: Job, events: list[list[object]]) -> None:
        for event in events:
            self._send(job, str(event[0]))
        if self._stop.is_set():
            return  # the next server sends them
        self._desk.jobs.was_told(job)
        self._sent.pop(job.id, None)

    def _send(self, job: Job, event: str) -> None:
        for _ in range(2 if "callback_twice" in job.faults else 1):
            for _ in range(TRIES):
                if self._try(job, event) or self._stop.wait(self._desk.options.callback_retry_s):
                    break

    def _try(self, job: Job, event: str) -> bool:
        """Send one callback once; whether it was taken."""
        build = self._providers[job.provider].message
        if build is None:
            return True
        url = str((job.callback or {})["url"])
        key = _FORGED_KEY if "callback_forged" in job.faults else SIGNING_KEY
        message = build(job, event, self._desk.jobs.phase(job), key)
        data = json.dumps(message.body, separators=(",", ":")).encode()
        signed = {} if message.sign is None else message.sign(message.headers, data)
        headers = {"Content-Type": "application/json", **message.headers, **signed}
        status, why = _post(url, data, headers)
        with self._desk.database.transaction() as connection:
            connection.execute(
                "INSERT INTO deliveries (at_s, job_id, event, url, status, why) VALUES (?, ?, ?, ?, ?, ?)",
                (self._desk.clock.now_s(), job.id, event, url, status, why),
            )
        return status is not None and status < 300

    def deliveries(self) -> list[dict[str, object]]:
        """Every callback that was sent, oldest first."""
        rows = self._desk.database.rows("SELECT * FROM deliveries ORDER BY id")
        return [{**row, "at": iso(row.pop("at_s"))} for row in rows]


def _post(url: str, data: bytes, headers: Mapping[str, str]) -> tuple[int | None, str]:
    """Status of the answer, None where there was none; and why it was not taken."""
    if not url.startswith(("http://", "https://")):
        return None, "no web address"
    request = urllib.request.Request(url, data, dict(headers), method="POST")  # noqa: S310  # checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310  # same
            return int(response.status), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.reason if isinstance(error.reason, str) else ""
    except OSError as error:
        return None, str(error)
