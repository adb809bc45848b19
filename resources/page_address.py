"""Where people reach the page of this home, so that the Dagster UI can lead to a song's page and back.

The setting says it; else the server that runs on the home, which writes its address down while it does.

Belongs here: writing, finding and forgetting that address. Does not belong here: the server (api.serving), what links
are put where (musicgen_assets.stage_assets, musicgen_assets.forms).
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import psutil

from resources.disk import remove_quietly, write_atomically
from resources.settings import Settings


def write_address(settings: Settings, url: str) -> None:
    """Say that this process serves the page at ``url``. Raises a Failure by errno."""
    write_atomically(_place(settings), f"{os.getpid()} {url}\n".encode())


def forget_address(settings: Settings) -> None:
    """Say no more that this process serves the page; what another one wrote stays."""
    if _written(settings)[0] == os.getpid():
        remove_quietly(_place(settings))


def page_address(settings: Settings) -> str | None:
    """Where the page of this home answers; None where nobody says so. What a dead process wrote counts for nothing."""
    if settings.api.page_url:
        return settings.api.page_url.rstrip("/")
    pid, url = _written(settings)
    return url if pid is not None and psutil.pid_exists(pid) else None


def song_page(settings: Settings, partition: str) -> str | None:
    """The page of the version "COMPOSITION@vN"; None where no page is known."""
    address, (composition, _, number) = page_address(settings), partition.partition("@v")
    return None if address is None else f"{address}/songs/{quote(composition)}?version={number}"


def _place(settings: Settings) -> Path:
    return settings.home / "api.address"


def _written(settings: Settings) -> tuple[int | None, str]:
    """(process, address) of the server that wrote last."""
    try:
        pid, _, url = _place(settings).read_text(encoding="utf-8").strip().partition(" ")
    except (OSError, UnicodeDecodeError):
        return None, ""
    return (int(pid), url) if pid.isdigit() and url else (None, "")
