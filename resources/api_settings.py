"""Settings of the API: where it listens, who has to log in, how much one caller may ask for.

Belongs here: names, defaults, ranges. Does not belong here: keys and roles (resources.access), serving (api).
"""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from resources.engine_settings import BaseUrl

_MEBIBYTE = 1024 * 1024


class ApiSettings(BaseModel):
    """Set with MUSICGEN_API__NAME or under [api] in musicgen.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    """Loopback alone, unless it is told otherwise."""
    port: int = Field(8000, ge=0, le=65535)
    login: Literal["auto", "required"] = "auto"
    """auto: on loopback whoever sits at this machine is the user `local` and needs no key; required: everybody does."""
    secret: SecretStr | None = Field(None, min_length=32)
    """What share links and sessions are signed with; None keeps one in HOME/api.secret. Several servers need one."""
    session_hours: float = Field(12.0, gt=0, le=720)
    """How long somebody stays logged in at the page; never longer than the key works that was shown."""
    page_url: str = ""
    """Where people reach the page, for links to it in the Dagster UI; empty means the server of this home, while one
    runs."""
    max_upload_bytes: int = Field(64 * _MEBIBYTE, ge=1024, le=400 * _MEBIBYTE)
    """What one uploaded file may have: a tune, a stem, a vocal."""
    threads: int = Field(8, ge=1, le=256)
    """Answers at the same time of what may take long: slow callers hold none, short questions have threads besides."""
    public_url: BaseUrl = ""
    """Where the world outside reaches this API, such as https://songs.example.com: what links in webhooks begin with,
    and given to providers that call back and whose signature can be checked. Empty: jobs are asked for."""
    trusted_proxy: str = ""
    """Address of the proxy that ends TLS in front and says who calls (X-Forwarded-For, -Proto); empty trusts none."""
    max_streams: int = Field(2000, ge=1)
    """Connections that may follow songs live at the same time."""
    streams_per_caller: int = Field(50, ge=1)
    """As many of these with one key, or from whoever sits at this machine."""
    max_body_bytes: int = Field(_MEBIBYTE, ge=1024, le=64 * _MEBIBYTE)
    reads_per_minute: int = Field(600, ge=1)
    """What one caller may ask to see."""
    writes_per_minute: int = Field(120, ge=1)
    """What one caller may ask to be done."""
    failures_per_minute: int = Field(30, ge=1)
    """Keys and links that one address may show in vain."""
    songs_per_batch: int = Field(200, ge=1, le=10_000)
    """Songs of one batch that is started over the API, while whoever asks waits; larger ones are started by
    `musicgen batch start`."""
    link_days: int = Field(7, ge=1, le=365)
    """How long a share link works where nothing else is said."""
    longest_link_days: int = Field(90, ge=1, le=365)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
