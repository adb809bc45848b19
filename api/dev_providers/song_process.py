"""The process that writes songs: one wish a line in, one answer a line out, until its input ends.

Belongs here: both ends of that. Does not belong here: writing (songs), which songs are wanted (sounds).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from api.dev_providers.wishes import SongWish, wish_of
from musicgen_assets.context.failures import PermanentFailure

_ENOUGH_S = 2.0


class SongWriter:
    """A process of its own for one song after another, so that the server answers while it works. Begun when needed."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_closed = False

    def write(self, wish: SongWish, folder: Path) -> None:
        """Have the song written into ``folder``; waits for it. Raises PermanentFailure where it came to nothing."""
        with self._turn:
            if folder.exists():
                return
            process = self._begun()
            if process.stdin is None or process.stdout is None:
                raise PermanentFailure("The process that writes songs has no pipes.")
            try:
                process.stdin.write(json.dumps({"wish": asdict(wish), "folder": str(folder), "limit_s": self._limit_s}))
                process.stdin.write("\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except OSError:
                answer = ""
        if answer.strip() != "done":
            raise PermanentFailure(f"No song was written: {answer.strip() or 'its process has ended'}.")

    def _begun(self) -> subprocess.Popen[str]:
        if self._is_closed:
            raise PermanentFailure("The server is closing.")
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api.dev_providers.song_process"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2],
            )  # fmt: skip
        return self._process

    def close(self) -> None:
        """End the process, in the middle of a song if need be."""
        self._is_closed = True
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_ENOUGH_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def main() -> None:
    """Answer wishes until standard input ends."""
    from api.dev_providers.songs import write

    out, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            write(wish_of(asked["wish"]), Path(asked["folder"]), float(asked["limit_s"]))
            answer = "done"
        except Exception as error:  # noqa: BLE001  # whatever it is, who waits must hear of it
            answer = f"{type(error).__name__}: {error}".replace("\n", " ")
        out.write(f"{answer}\n")
        out.flush()


if __name__ == "__main__":
    main()
