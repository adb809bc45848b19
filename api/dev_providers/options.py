"""How one server behaves: where it keeps things, how long jobs take, how much music it really writes.

Belongs here: the options and their bounds. Does not belong here: faults, which are told to a running server (faults).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from musicgen_assets.context.failures import BadInput
from resources.api_settings import is_loopback

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """Options of a server. Times in seconds; ``port`` 0 takes a free one."""

    home: Path
    host: str = LOOPBACK
    port: int = 0
    may_leave_loopback: bool = False
    job_s: float = 2.0
    """How long a job waits and works, at the least: a song that is not written yet takes its own time."""
    song_limit_s: float = 60.0
    """Longer songs are one of this length that is played again and again."""
    is_one_song: bool = False
    """Every request is answered with the same song, cut or repeated to its length: for thousands of requests."""
    are_limits_kept: bool = False
    """Whether the documented rate limits are enforced."""
    callback_retry_s: float = 1.0
    """Pause before a callback that was not taken is sent again; three times at most."""
    songs: Path | None = None
    """Where written songs are kept; servers may share it. None: in the home."""

    def __post_init__(self) -> None:
        """Raises BadInput for an address that others can reach, unless told."""
        if not self.may_leave_loopback and not is_loopback(self.host):
            raise BadInput(
                "--host", self.host, "it is no loopback address, and anybody could spend and read here",
                way_out="Use 127.0.0.1, or say --expose if you mean it.",
            )  # fmt: skip

    @property
    def song_folder(self) -> Path:
        """Where written songs are kept."""
        return self.songs or self.home / "songs"
