"""Jobs of local models: begun, asked for, collected and cancelled like those of any engine, and outliving this process.

What was asked lies in a folder of the cache until its result does. A process that finds a job whose owner died begins
it again: it costs nothing and comes out the same. One model computes at a time on a machine, by a lock of files: two
would share its memory and its cores, and be slower than one after the other.

Belongs here: that. Does not belong here: talking to the model (process), what is asked (musicgen, demucs).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.disk import make_folder
from resources.local_models.process import ModelAnswer, ModelCallError, ModelProcess

FloatArray = NDArray[np.float32]
_KEPT_S = 2 * 86_400.0
"""A job that nobody collected for so long is forgotten."""
_LOCK_POLL_S = 0.2
_ASKED, _DONE, _FAILED = "asked", "done", "failed"


class UnknownJobError(Exception):
    """No such job is known here: its folder in the cache is gone."""


@dataclass
class _Running:
    """A job that a thread of this process is at."""

    progress: float = 0.0
    words: str = "waiting"
    is_cancelled: threading.Event = field(default_factory=threading.Event)
    process: ModelProcess | None = None


@dataclass(frozen=True)
class JobNow:
    """How a job stands. ``failure`` where it failed."""

    is_done: bool
    progress: float
    failure: ModelCallError | None = None


_running: dict[Path, _Running] = {}
_table = threading.Lock()


@dataclass(frozen=True)
class Jobs:
    """The jobs of one model, each in a folder of its own below ``folder``. ``process`` finds who computes."""

    folder: Path
    process: Callable[[], ModelProcess]

    def begin(self, message: Mapping[str, Any], sounds: Sequence[FloatArray]) -> str:
        """Write down what is asked and start on it. The new job's id."""
        self._sweep()
        job_id = secrets.token_hex(8)
        make_folder(self.folder / job_id)
        _write(self.folder / job_id, _ASKED, dict(message), sounds)
        self._start(job_id)
        return job_id

    def now(self, job_id: str) -> JobNow:
        """How it stands; begun again where whoever was at it is gone. Raises UnknownJobError."""
        place = self._place(job_id)
        with _table:
            running = _running.get(place)
        if running is not None:
            return JobNow(is_done=False, progress=running.progress)
        if (place / f"{_DONE}.json").is_file():
            return JobNow(is_done=True, progress=1.0)
        if (place / f"{_FAILED}.json").is_file():
            told, _ = _read(place, _FAILED)
            failure = ModelCallError(told["message"], told["way_out"], is_transient=bool(told["is_transient"]))
            return JobNow(is_done=False, progress=0.0, failure=failure)
        self._start(job_id)
        return JobNow(is_done=False, progress=0.0)

    def result(self, job_id: str) -> ModelAnswer:
        """What came of a job that is done. Raises UnknownJobError."""
        place = self._place(job_id)
        if not (place / f"{_DONE}.json").is_file():
            raise UnknownJobError(job_id)
        return ModelAnswer(*_read(place, _DONE))

    def cancel(self, job_id: str) -> bool:
        """End it at once, and forget it."""
        place = self.folder / job_id
        with _table:
            running = _running.get(place)
        if running is not None:
            running.is_cancelled.set()
            if running.process is not None:
                running.process.kill()
        shutil.rmtree(place, ignore_errors=True)
        return True

    def _place(self, job_id: str) -> Path:
        place = self.folder / job_id
        if not job_id.isalnum() or not (place / f"{_ASKED}.json").is_file():
            raise UnknownJobError(job_id)
        return place

    def _start(self, job_id: str) -> None:
        place = self.folder / job_id
        with _table:
            if place in _running:
                return
            running = _running[place] = _Running()
        threading.Thread(target=self._work, args=(place, running), name=f"model-job-{job_id}", daemon=True).start()

    def _work(self, place: Path, running: _Running) -> None:
        try:
            with _locked(place / "lock", running), _locked(self.folder.parent / "computing.lock", running):
                if not running.is_cancelled.is_set() and not (place / f"{_DONE}.json").is_file():
                    self._compute(place, running)
        except OSError as error:
            with contextlib.suppress(OSError):  # cancelled, and its folder gone; else the disk is full or broken
                _write_failure(place, ModelCallError(f"{place} cannot be used: {error}.", "Free some space.",
                                                  is_transient=True))  # fmt: skip
        finally:
            with _table:
                _running.pop(place, None)

    def _compute(self, place: Path, running: _Running) -> None:
        message, sounds = _read(place, _ASKED)

        process = running.process = self.process()

        def told(share: float, words: str) -> None:
            running.progress, running.words = share, words
            if running.is_cancelled.is_set():  # it was starting when it was to be ended
                process.kill()

        try:
            answer = process.ask(message, sounds, told)
        except ModelCallError as failure:
            if not running.is_cancelled.is_set():
                _write_failure(place, failure)
            return
        finally:
            running.process = None
        if not running.is_cancelled.is_set():
            _write(place, _DONE, answer.told, answer.sounds)

    def _sweep(self) -> None:
        """Forget jobs that are too old."""
        for place in self.folder.glob("*") if self.folder.is_dir() else ():
            with contextlib.suppress(OSError):  # another process was faster
                if place.is_dir() and place.stat().st_mtime < time.time() - _KEPT_S:
                    shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, running: _Running) -> Iterator[None]:
    """Hold the lock of ``path``, or leave the wait for it where the job is cancelled. Raises OSError."""
    make_folder(path.parent)
    with path.open("w") as opened:
        while not running.is_cancelled.is_set():
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            running.is_cancelled.wait(_LOCK_POLL_S)
        yield


def _write_failure(place: Path, failure: ModelCallError) -> None:
    told = {"message": failure.message, "way_out": failure.way_out, "is_transient": failure.is_transient}
    _write(place, _FAILED, told, ())


def _write(place: Path, name: str, told: Mapping[str, Any], sounds: Sequence[FloatArray]) -> None:
    """The sounds first, then, in one step, what makes them count. Raises OSError where the folder is gone."""
    for number, sound in enumerate(sounds):
        with (place / f"{name}-{number}.npy").open("wb") as opened:
            np.save(opened, np.asarray(sound, np.float32), allow_pickle=False)
    unfinished = place / f"{name}.json.unfinished"
    unfinished.write_text(json.dumps({"told": dict(told), "sounds": len(sounds)}), encoding="utf-8")
    unfinished.rename(place / f"{name}.json")


def _read(place: Path, name: str) -> tuple[dict[str, Any], list[FloatArray]]:
    kept = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
    return kept["told"], [np.load(place / f"{name}-{number}.npy") for number in range(kept["sounds"])]
