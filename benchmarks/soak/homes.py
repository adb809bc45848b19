"""A home of its own in a temporary folder, and ``musicgen`` called on it as a person does: another process.

Belongs here: starting commands and ending what they leave. Does not belong here: looking into a home (looking), or
at its processes (processes).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.soak import processes

MUSICGEN = Path(sys.executable).with_name("musicgen")
OWN_FILES = ("metadata.json", "manifest.json", "report.html")
"""Files of a release that name its composition: they differ between two compositions of one song."""

COMMAND_TIMEOUT_S = 600.0


class BrokenPromiseError(Exception):
    """What was seen is not what was promised; the text says what was seen."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        """Its one JSON object. Raises BrokenPromiseError where it printed something else."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            raise BrokenPromiseError(f"{self.said} printed no JSON") from error

    @property
    def said(self) -> str:
        """The command, its exit code, and the end of what it said."""
        words = " ".join(self.command)[:160]
        return f"`{words}` ended with {self.code}: {_answer(self.out) or (self.err or self.out)[-600:].strip()}"

    def expect(self, *codes: int) -> Ran:
        """Itself. Raises BrokenPromiseError for another exit code."""
        if self.code not in codes:
            raise BrokenPromiseError(self.said)
        return self


@dataclass
class Started:
    """A command that runs, its output in files: nobody need read a pipe."""

    command: tuple[str, ...]
    process: subprocess.Popen[bytes]
    folder: Path
    started: float

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def finish(self, timeout_s: float = COMMAND_TIMEOUT_S) -> Ran:
        """Wait for its end. Raises BrokenPromiseError when it does not come."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise BrokenPromiseError(f"`{' '.join(self.command)}` did not end within {timeout_s:.0f} s") from error
        seconds = time.monotonic() - self.started
        return Ran(self.command, code, _text(self.folder / "out"), _text(self.folder / "err"), seconds)


@dataclass
class Home:
    """MUSICGEN_HOME at ``root``/home; everything else of a case may lie beside it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    _calls: int = 0

    @property
    def path(self) -> Path:
        """The home itself; it need not exist yet."""
        return self.root / "home"

    def environment(self) -> dict[str, str]:
        """What every process of this home gets, and is known by."""
        given = {**os.environ, **self.env, "MUSICGEN_HOME": str(self.path)}
        for name in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE"):
            given.pop(name, None)
        return given

    def start(self, *arguments: str) -> Started:
        """Start ``musicgen ARGUMENTS`` in a session of its own."""
        self._calls += 1
        folder = self.root / f"call-{self._calls}"
        folder.mkdir(parents=True)
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [str(MUSICGEN), *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.root,
                env=self.environment(), start_new_session=True,
            )  # fmt: skip
        return Started(("musicgen", *arguments), process, folder, time.monotonic())

    def musicgen(self, *arguments: str, timeout_s: float = COMMAND_TIMEOUT_S) -> Ran:
        """Run ``musicgen ARGUMENTS`` to its end."""
        return self.start(*arguments).finish(timeout_s)

    def output(self) -> str:
        """Everything that every command over this home has said so far."""
        return "\n".join(_text(path) for path in sorted(self.root.glob("call-*/*")))

    def end(self) -> None:
        """End every process of this home."""
        processes.end(processes.of_home(self.path))


@contextmanager
def temporary_home(name: str, keep: Path | None = None, **env: str) -> Iterator[Home]:
    """A new home, ended and removed on leaving; moved to ``keep`` instead when an exception leaves it."""
    home = Home(Path(tempfile.mkdtemp(prefix=f"musicgen-{name}-")), env)
    try:
        yield home
    except BrokenPromiseError:
        home.end()
        if keep is not None and not keep.exists():
            keep.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(home.root, keep)
        raise
    finally:
        home.end()
        shutil.rmtree(home.root, ignore_errors=True)


def release_hashes(directory: Path | str) -> dict[str, str]:
    """sha256 of every file of a release by its path, but for those that name the composition."""
    folder = Path(directory)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in OWN_FILES)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names that only one has, or that stand for something else in the other."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _answer(out: str) -> str:
    """What matters of a JSON answer that was not wanted; empty for anything else."""
    try:
        answer = json.loads(out)
    except json.JSONDecodeError:
        return ""
    if not isinstance(answer, dict):
        return ""
    failed = [
        f"{check['name']} measured {check['measured']}" for check in answer.get("checks", []) if not check["passed"]
    ]
    return "; ".join(
        str(part) for part in (answer.get("status"), answer.get("error"), answer.get("errors"), *failed) if part
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
