"""What is told of an event, in one place: the same for everybody who follows, live or later.

Belongs here: from rows to messages. Does not belong here: finding rows (watching), sending (api).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from musicgen_assets.context.request import STAGES
from resources.leases import all_leases, is_alive
from resources.registry import Event, Lease, Version

Kind = Literal["stage_update", "audio_ready", "error", "version_update"]

_ACCEPTED = ("composition.created", "version.created", "version.advanced", "version.retried")
_STATES = ("version.state", "version.resuming", "version.rerouted", "run.failed")
_STEPS = ("asset.made", "audio.ready", "stage.completed")
_ENDS = ("composition.deleted", "version.deleted")
TOLD = (*_ACCEPTED, *_STATES, *_STEPS, *_ENDS)
"""Kinds of events that are told; the rest of the history is of no use to who waits."""

_FORMATS = {"audio/wav": "wav", "audio/flac": "flac", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/mp4": "m4a"}
_KEPT = 2000
"""Versions whose progress is remembered between rows."""


@dataclass(frozen=True)
class Message:
    """Something that is told. ``id`` is the number of the event's row; what is told between two rows has that of the
    first. ``data`` is plain.
    """

    id: int
    kind: Kind
    composition: str
    data: Mapping[str, Any]
    is_between: bool = False
    """Whether it is told between two rows: how far an asset is that is not made yet."""

    def text(self) -> str:
        """The data as JSON on one line."""
        return json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class _Place:
    """A version, and how far it was when it was last told of."""

    number: int
    progress: float
    stage: str


class Telling:
    """Makes messages of rows, in their order. Remembers how far versions were; for one thread at a time."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}

    def of_rows(self, session: Session, rows: Sequence[Event]) -> list[Message]:
        """What is told of ``rows``, oldest first."""
        self._learn(session, rows)
        return [message for row in rows if (message := self._of_row(row)) is not None]

    def standing(self, session: Session, composition: str, last_id: int) -> list[Message]:
        """How the newest version of ``composition`` stands, and each that is being made: what is told first to
        somebody who has no place to go on from. ``last_id`` is what they may go on from.
        """
        newest = select(func.max(Version.number)).where(Version.composition_id == composition).scalar_subquery()
        made = select(Lease.version_id)
        query = select(Version).where(
            Version.composition_id == composition, (Version.number == newest) | Version.id.in_(made)
        )
        found = []
        for version in session.scalars(query.order_by(Version.number)):
            self._places.pop(version.id, None)
            place = self._place(session, version.id, None)
            progress = 1.0 if version.state == "released" else 0.0 if place is None else place.progress
            found.append(
                Message(
                    last_id, "version_update", composition,
                    {"type": "version_update", "composition": composition, "version": version.number,
                     "stage": version.current_stage, "status": version.state, "progress": progress,
                     "time_left_s": None, "at": _iso(version.updated_at), "message": ""},
                )
            )  # fmt: skip
        return found

    def of_leases(self, session: Session, last_id: int, told: dict[int, tuple[str, float]]) -> list[Message]:
        """How far versions in the making are, where that has changed since it stood in ``told``, which is updated."""
        found = []
        leases = {lease.version_id: lease for lease in all_leases(session)}
        for gone in told.keys() - leases.keys():
            del told[gone]
        for lease in leases.values():
            now = (lease.asset, round(lease.fraction, 4))
            if not lease.asset or told.get(lease.version_id) == now or not is_alive(lease):
                continue
            told[lease.version_id] = now
            place = self._place(session, lease.version_id, None)
            if place is None or lease.fraction < place.progress:
                continue  # a heartbeat that a row has overtaken
            number, composition = place.number, lease.partition.partition("@")[0]
            found.append(
                Message(
                    last_id, "stage_update", composition,
                    {"type": "stage_update", "composition": composition, "version": number,
                     "stage": lease.asset.partition("/")[0], "asset": lease.asset, "status": "running",
                     "progress": now[1], "time_left_s": lease.left_s, "at": _iso(lease.heartbeat_at), "message": ""},
                    is_between=True,
                )
            )  # fmt: skip
        return found

    def _learn(self, session: Session, rows: Sequence[Event]) -> None:
        first: dict[int, int] = {}
        for row in rows:
            if row.version_id is not None and row.version_id not in self._places:
                first.setdefault(row.version_id, row.id)
        for version_id, event_id in first.items():
            self._place(session, version_id, event_id)

    def _place(self, session: Session, version_id: int, before: int | None) -> _Place | None:
        """Where a version was before the event ``before``, or is now."""
        known = self._places.get(version_id)
        if known is not None:
            return known
        number = session.scalar(select(Version.number).where(Version.id == version_id))
        if number is None:
            return None
        query = select(Event.payload).where(Event.version_id == version_id, Event.kind == "asset.made")
        if before is not None:
            query = query.where(Event.id < before)
        payload = session.scalar(query.order_by(Event.id.desc()).limit(1)) or {}
        place = _Place(number, float(payload.get("progress", 0.0)), str(payload.get("stage", STAGES[0])))
        self._keep(version_id, place)
        return place

    def _keep(self, version_id: int, place: _Place) -> None:
        self._places[version_id] = place
        if len(self._places) > _KEPT:
            self._places.pop(next(iter(self._places)))

    def _of_row(self, row: Event) -> Message | None:
        payload = row.payload
        composition = row.composition_id or payload.get("composition")
        if row.kind not in TOLD or composition is None:
            return None
        place = self._places.get(row.version_id or 0)
        kind, told = _told(row, place)
        if row.version_id is not None and place is not None:
            self._keep(row.version_id, _Place(place.number, told["progress"], told["stage"]))
        data = {
            "type": kind, "composition": composition, "version": None if place is None else place.number, **told,
            "at": _iso(row.created_at),
        }  # fmt: skip
        return Message(row.id, kind, str(composition), data | _sound(row, data))


def _told(row: Event, place: _Place | None) -> tuple[Kind, dict[str, Any]]:
    """The type of the message, and what it tells beside whose it is."""
    payload, kind = row.payload, row.kind
    progress = place.progress if place is not None else 0.0
    stage = place.stage if place is not None else STAGES[0]
    told: dict[str, Any] = {"stage": stage, "status": "", "progress": progress, "time_left_s": None, "message": ""}
    if kind in _STEPS:
        is_done = kind == "stage.completed"
        told |= {"stage": payload["stage"], "asset": payload["asset"], "status": "done" if is_done else "running",
                 "progress": payload["progress"], "time_left_s": payload["left_s"],
                 "message": "carried" if payload["is_carried"] else ""}  # fmt: skip
        return "audio_ready" if kind == "audio.ready" else "stage_update", told
    if kind in _ENDS:
        return "version_update", {**told, "status": "deleted", "versions": payload.get("versions", [])}
    if kind in _ACCEPTED:
        return "version_update", {
            **told,
            "status": "accepted",
            "progress": 0.0,
            "message": str(payload.get("kind", "")),
        }
    return _of_state(kind, payload, told)


def _of_state(kind: str, payload: Mapping[str, Any], told: dict[str, Any]) -> tuple[Kind, dict[str, Any]]:
    reason = str(payload.get("reason") or "")
    stage = str(payload.get("stage") or told["stage"])
    if kind == "version.rerouted":
        text = f"{payload.get('from')} failed: {payload.get('why')}; {payload.get('to')} takes over"
        return "error", {**told, **_error("engine_failed", text, is_recoverable=True), "status": "running"}
    if kind == "version.resuming":
        return "error", {**told, **_error("worker_lost", reason, is_recoverable=True), "status": "running"}
    to = "failed" if kind == "run.failed" else str(payload.get("to"))
    if to == "failed":
        is_recoverable = payload.get("failure") == "transient"
        code = "busy" if is_recoverable else "failed"
        return "error", {**told, **_error(code, reason, is_recoverable=is_recoverable), "stage": stage, "status": to}
    if to in STAGES:
        return "stage_update", {**told, "stage": to, "status": "running"}
    progress = 1.0 if to == "released" else told["progress"]
    return "version_update", {**told, "stage": stage, "status": to, "progress": progress, "message": reason}


def _error(code: str, text: str, *, is_recoverable: bool) -> dict[str, Any]:
    return {"code": code, "error": text, "message": text, "recoverable": is_recoverable}


def _sound(row: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """Where a sound can be heard."""
    if row.kind != "audio.ready" or data["version"] is None:
        return {}
    query = urlencode({"version": data["version"], "role": row.payload["role"]})
    media_type = str(row.payload["media_type"])
    return {
        "artifact": row.payload["asset"], "url": f"/api/v2/compositions/{data['composition']}/artifacts/"
        f"{row.payload['asset']}/?{query}", "format": _FORMATS.get(media_type, media_type.partition("/")[2]),
    }  # fmt: skip


def told_rows(session: Session, after: int, limit: int, where: Iterable[Any] = ()) -> list[Event]:
    """Rows that are told, above the number ``after``, in their order."""
    query = select(Event).where(Event.id > after, Event.kind.in_(TOLD), *where).order_by(Event.id).limit(limit)
    return list(session.scalars(query))


def newest_id(session: Session) -> int:
    """The number of the newest event there is; 0 where there is none."""
    return cast("int", session.scalar(select(func.max(Event.id))) or 0)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
