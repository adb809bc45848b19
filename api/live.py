"""Who follows what, in one server: a watcher thread sees what happens, and hands it to each connection's queue.

Belongs here: followers, their queues, whether they may still hear what they hear. Does not belong here: seeing new
rows (resources.live), writing to connections (streams), who may (resources.access).
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from api.problems import Told, of_failure
from musicgen_assets.context.failures import Failure
from resources.access import scope
from resources.access.rights import Caller, Right
from resources.api_settings import ApiSettings
from resources.live.messages import Message, Telling, newest_id, told_rows
from resources.live.watching import NewRows, Waker
from resources.logging_setup import LOGGER
from resources.registry import Composition, Event, Registry

QUEUE_MESSAGES = 500
"""As many may wait for one slow caller; then it is let go."""
_RECHECK_S = 1.0
_RECHECKS_A_SECOND = 200
_AWAY_S = 1.0
_PAGE = 500


@dataclass(frozen=True)
class Wanted:
    """What somebody asked to follow: one composition, or all they may see where that is None.

    ``again`` says who it is by what was shown, or raises as it would for a new request; ``shown`` is the same for all
    that showed the same.
    """

    caller: Caller
    composition: str | None
    after: int | None
    right: Right
    again: Callable[[], Caller] = field(compare=False)
    shown: tuple[str, ...] = ()
    for_s: float | None = None
    """How long, in seconds; None for as long as it is wanted."""


class Packed:
    """A message as it goes out, made once for all who get it."""

    def __init__(self, message: Message) -> None:
        self.id = message.id
        self.composition = message.composition
        self.is_between = message.is_between
        self.is_end = message.data.get("status") == "deleted" and message.data.get("version") is None
        text = message.text()
        self.event = f"id: {message.id}\nevent: {message.kind}\ndata: {text}\n\n".encode()
        self.frame = f'{{"id":{message.id},{text[1:]}'


class Follower:
    """One connection. Its queue is filled in the server's loop, and emptied there."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.queue: deque[Packed] = deque()
        self.woken = asyncio.Event()
        self.ending: tuple[str, str] | None = None
        """Code and words of why it is let go."""

    def offer(self, packed: Packed) -> None:
        """One more to send; a queue that is full ends the connection instead."""
        if self.ending is not None:
            return
        if len(self.queue) >= QUEUE_MESSAGES:
            self.queue.clear()
            self.end("too_slow", "More happened than was read. Go on from resume_after.")
            return
        self.queue.append(packed)
        self.woken.set()

    def end(self, code: str, words: str) -> None:
        """Let it go, once what is in its queue is sent."""
        self.ending = self.ending or (code, words)
        self.woken.set()


class Hub:
    """The followers of one server. ``mark``, ``start`` and ``close`` surround its life; the rest is for its loop."""

    def __init__(self, registry: Registry, settings: ApiSettings) -> None:
        self._registry = registry
        self._settings = settings
        self._followers: set[Follower] = set()
        self._by_song: dict[str | None, set[Follower]] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rows: NewRows | None = None
        self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
        self.on_events: list[Callable[[], None]] = []
        """Called in the watcher's thread when there are new events."""

    def mark(self) -> None:
        """Watch from here on. Raises a Failure of a registry that is away.

        Said before anybody can follow, and not by the watcher's thread: whoever follows from the first moment on would
        miss what happens before that thread has its first turn.
        """
        with self._registry.reading() as session:
            self._rows = NewRows(session)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch, for ``loop``."""
        self._loop = loop
        self._thread.start()

    def close(self) -> None:
        """Let everybody go, and watch no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._end, list(self._followers), "restarting", "The server ends. Come back."
            )

    def check_room(self, caller: Caller) -> None:
        """Raise Told where there are as many streams as may be open, of this caller or of all. For any thread."""
        if len(self._followers) >= self._settings.max_streams:
            raise Told("busy", "As many streams are open as this server holds.", headers={"Retry-After": "30"})
        if self._counts[_counted_by(caller)] >= self._settings.streams_per_caller:
            raise Told(
                "rate_limited", f"{self._settings.streams_per_caller} streams are open with what was shown.",
                headers={"Retry-After": "5"}, way_out="Close some, or follow all songs with GET /api/v2/events/.",
            )  # fmt: skip

    def add(self, wanted: Wanted) -> Follower:
        """Begin to queue what ``wanted`` asks for."""
        follower = Follower(wanted)
        with self._lock:
            self._followers.add(follower)
            self._by_song.setdefault(wanted.composition, set()).add(follower)
        self._counts[_counted_by(wanted.caller)] += 1
        if self._ended.is_set():
            follower.end("restarting", "The server ends. Come back.")
        return follower

    def remove(self, follower: Follower) -> None:
        """Queue nothing more for it."""
        with self._lock:
            self._followers.discard(follower)
            known = self._by_song.get(follower.wanted.composition, set())
            known.discard(follower)
            if not known:
                self._by_song.pop(follower.wanted.composition, None)
        name = _counted_by(follower.wanted.caller)
        self._counts[name] -= 1
        if self._counts[name] <= 0:
            del self._counts[name]

    def past(self, wanted: Wanted) -> list[Packed]:
        """What happened since ``wanted.after``; how things stand where that is None. For any thread."""
        telling = Telling()
        with self._registry.reading() as session:
            if wanted.after is None:
                if wanted.composition is None:
                    return []
                found = telling.standing(session, wanted.composition, newest_id(session))
                return [Packed(message) for message in found]
            if wanted.composition is not None:
                where = Event.composition_id == wanted.composition
            else:
                seen = select(Composition.id).where(scope.visible(wanted.caller))
                where = Event.composition_id.in_(seen)
            messages: list[Message] = []
            after = wanted.after
            while rows := told_rows(session, after, _PAGE, [where]):
                messages += telling.of_rows(session, rows)
                after = rows[-1].id
        return [Packed(message) for message in messages]

    def _watch(self) -> None:
        """The one thread that looks, for as long as the server runs."""
        waker = Waker(self._registry)
        # The waker asks the driver itself, whose errors SQLAlchemy then does not wrap.
        away = (Failure, DBAPIError, OSError, self._registry.engine.dialect.loaded_dbapi.Error)
        rows = self._rows
        telling, ticks, checked = Telling(), dict[int, tuple[str, float]](), time.monotonic()
        while not self._ended.is_set():
            try:
                is_woken = waker.wait(self._ended, is_followed=bool(self._followers))
                if is_woken or rows is None:
                    rows = self._look(rows, telling, ticks)
                if time.monotonic() - checked >= self._recheck_s():
                    self._recheck()
                    checked = time.monotonic()
            except away as error:
                logging.getLogger(f"{LOGGER}.api").warning("watching events: %s", error)
                waker.forget()
                self._ended.wait(_AWAY_S)
        waker.close()

    def _look(self, rows: NewRows | None, telling: Telling, ticks: dict[int, tuple[str, float]]) -> NewRows:
        with self._registry.reading() as session:
            if rows is None:
                return NewRows(session)
            new = rows.read(session)
            with self._lock:
                is_followed = bool(self._followers)
                callers = {one.wanted.caller for one in self._by_song.get(None, ())}
            messages = telling.of_rows(session, new) if is_followed else []
            if is_followed:
                messages += telling.of_leases(session, rows.last_id, ticks)
            songs = {message.composition for message in messages}
            seen = {caller: _seen(session, caller, songs) for caller in callers} if songs else {}
        if messages and self._loop is not None:
            self._loop.call_soon_threadsafe(self._deliver, [Packed(message) for message in messages], seen)
        if new:
            for tell in self.on_events:
                tell()
        return rows

    def _deliver(self, messages: Iterable[Packed], seen: dict[Caller, set[str]]) -> None:
        """In the loop."""
        for packed in messages:
            for follower in tuple(self._by_song.get(packed.composition, ())):
                follower.offer(packed)
                if packed.is_end:
                    follower.end("not_found", "The composition was deleted.")
            for follower in tuple(self._by_song.get(None, ())):
                if packed.composition in seen.get(follower.wanted.caller, ()):
                    follower.offer(packed)

    def _recheck_s(self) -> float:
        return max(_RECHECK_S, len(self._followers) / _RECHECKS_A_SECOND)

    def _recheck(self) -> None:
        """Let go whoever may no longer hear what they hear: keys end, members are removed, songs are deleted."""
        with self._lock:
            followers = list(self._followers)
        if not followers or self._loop is None:
            return
        callers: dict[tuple[str, ...], Caller | Told] = {}
        wanted: dict[Caller, set[str]] = {}
        for follower in followers:
            shown = follower.wanted.shown
            if shown not in callers:
                callers[shown] = _again(follower.wanted)
            caller = callers[shown]
            if isinstance(caller, Caller) and follower.wanted.composition is not None:
                wanted.setdefault(caller, set()).add(follower.wanted.composition)
        with self._registry.reading() as session:
            seen = {caller: _seen(session, caller, songs) for caller, songs in wanted.items()}
        for follower in followers:
            caller = callers[follower.wanted.shown]
            if isinstance(caller, Told):
                self._loop.call_soon_threadsafe(self._end, [follower], caller.code, caller.problem.detail)
            elif follower.wanted.composition is not None and follower.wanted.composition not in seen[caller]:
                words = "There is no such composition, or it is no longer shared with you."
                self._loop.call_soon_threadsafe(self._end, [follower], "not_found", words)

    def _end(self, followers: Iterable[Follower], code: str, words: str) -> None:
        for follower in followers:
            follower.end(code, words)


def _again(wanted: Wanted) -> Caller | Told:
    try:
        caller = wanted.again()
        if not caller.has_scope_for(wanted.right):
            return Told("not_allowed", "What was shown may no longer be used for this.")
    except Told as told:
        return told
    except Failure as failure:
        if failure.is_retryable:
            return wanted.caller  # the registry is busy: that says nothing of the caller
        return of_failure(failure)
    return caller


def _seen(session: Any, caller: Caller, songs: set[str]) -> set[str]:
    query = select(Composition.id).where(Composition.id.in_(songs), scope.visible(caller))
    return set(session.scalars(query))


def _counted_by(caller: Caller) -> str:
    return caller.key_id or caller.user
