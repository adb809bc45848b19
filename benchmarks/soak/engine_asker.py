"""A process that asks one engine one question, as an asset does, and may be killed at any moment: by the thousand.

Each asker is forked from a process in which every engine has answered once: what a fresh process would import and
compile before it asks costs twenty times what asking costs, and proves nothing.

Belongs here: those processes, and the question. Does not belong here: faults, bills, what must hold (engine_faults).
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.soak.homes import BrokenPromiseError

TEXTS = ("openai", "anthropic")
SONG_S = 12.0
PATIENCE_S = 20.0
"""How long an engine may take; nothing here does, unless it hangs."""
_WARM_PATIENCE_S = 600.0
"""The first song of each length is composed and played before it is delivered."""
_WARM = 1_000_000
"""Numbers of the first questions, which are no case, begin here."""
_END_S = 100.0
KILLED: Mapping[str, Any] = {"outcome": "killed"}


@dataclass
class Askers:
    """What forks askers. ``ask`` one at a time."""

    _connection: Any

    def ask(self, engine: str, partition: str, number: int, kill_after_s: float | None) -> Mapping[str, Any]:
        """The outcome of asking in a process of its own: succeeded, failed, unknown, transient, or killed.

        ``kill_after_s`` seconds after it began the process is killed, if it is still there. Raises BrokenPromiseError
        for one that does not end.
        """
        self._connection.send((engine, partition, number))
        pid = self._told(_END_S)
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with contextlib.suppress(ProcessLookupError):  # it may have ended, and then it is still our zombie or gone
                os.kill(pid, signal.SIGKILL)
        answer: Mapping[str, Any] = self._told(PATIENCE_S + _END_S)
        return answer

    def _told(self, patience_s: float) -> Any:
        if not self._connection.poll(patience_s):
            raise BrokenPromiseError(f"an asker says nothing for {patience_s:.0f} s")
        return self._connection.recv()


@contextlib.contextmanager
def askers(engines: Sequence[str]) -> Iterator[Askers]:
    """Askers of ``engines``, each of which has answered once. The environment says where they are, and which home.

    Raises BrokenPromiseError for an engine that does not answer though nothing ails it.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_fork_askers, args=(theirs, tuple(engines)), daemon=True)
    process.start()
    theirs.close()
    try:
        problem = ours.recv()
        if problem:
            raise BrokenPromiseError(problem)
        yield Askers(ours)
    finally:
        ours.close()
        process.join(_END_S)
        process.kill()


def _fork_askers(connection: Any, engines: Sequence[str]) -> None:
    """In the process of its own: ask every engine once, then fork whenever told, until the other end is closed."""
    for number, engine in enumerate(engines):
        answer = _answer(engine, f"warm-{engine.replace('_', '-')}@v1", _WARM + number, _WARM_PATIENCE_S)
        if answer["outcome"] != "succeeded":
            connection.send(f"{engine} delivers nothing where nothing ails it: {answer}")
            return
    connection.send("")
    while True:
        try:
            asked = connection.recv()
        except EOFError:
            return
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            _asker(asked, write)
        os.close(write)
        connection.send(pid)
        with os.fdopen(read, "rb") as pipe:
            told = pipe.read()
        os.waitpid(pid, 0)
        connection.send(json.loads(told) if told else KILLED)


def _asker(asked: tuple[str, str, int], write: int) -> None:
    """In the fork: ask, tell, and end without anything that its parent would do at its own end."""
    try:
        told = json.dumps(_answer(*asked, PATIENCE_S)).encode()
        os.write(write, told)  # whole or not at all: it is shorter than what a pipe takes at once
    finally:
        os._exit(0)


def _answer(engine: str, partition: str, number: int, patience_s: float) -> Mapping[str, Any]:
    """A studio of its own asks once, as an asset does."""
    from musicgen_assets.context.failures import Failure
    from resources.orders import OutcomeUnknown
    from resources.settings import get_settings
    from resources.studio import open_studio

    with open_studio(get_settings().model_copy(update={"generation_timeout_s": patience_s})) as studio:
        desk = studio.runner.desk
        if desk is None:
            raise BrokenPromiseError("there is no desk")
        desk.attempts.sleep = lambda seconds: time.sleep(min(seconds, 0.05))
        _ensure_version(studio.registry, partition)
        try:
            desk.answer(partition, _question(engine, number), studio.runner.known_manifest, lambda *_: None)
        except OutcomeUnknown as failure:
            return {"outcome": "unknown", "why": failure.message}
        except Failure as failure:
            return {"outcome": "transient" if failure.is_retryable else "failed", "why": failure.message}
        return {"outcome": "succeeded"}


def _question(engine: str, number: int) -> Any:
    from musicgen_assets.engines.asking import PlannedSection, SongRequest, TextRequest
    from musicgen_assets.engines.router import Need
    from musicgen_assets.graph.job import Ask

    if engine in TEXTS:
        text = TextRequest(task="lyrics", form="lyrics", instructions="Write a song.", text=f"Song number {number}")
        need = Need(task="lyrics").model_dump(mode="json")
        return Ask("lyrics", engine, text.model_dump(mode="json"), need, has_fallback=False)
    task = "instrumental" if engine in ("stable_audio", "replicate") else "full_song"
    section = PlannedSection(name="Verse", start_s=0.0, duration_s=SONG_S, lines=(f"Line number {number}",))
    song = SongRequest(
        task=task, title=f"Song {number}", description=f"A pop song, number {number}", styles=("pop",),
        duration_s=SONG_S, tempo_bpm=100, key="C", scale="major", time_signature="4/4", sections=(section,),
        seed=number,
    )  # fmt: skip
    need = Need(task=task, duration_s=SONG_S).model_dump(mode="json")
    return Ask("full_song", engine, song.model_dump(mode="json"), need, has_fallback=False)


def _ensure_version(registry: Any, partition: str) -> None:
    from musicgen_assets.context.failures import BadInput
    from resources.registry import queries

    composition = partition.partition("@")[0]
    with registry.session() as session:
        try:
            queries.get_version(session, partition)
        except BadInput:
            queries.ensure_user(session, "local")
            queries.add_composition(session, composition, "local", None)
            queries.add_version(session, composition, f"r-{composition}", 1)
