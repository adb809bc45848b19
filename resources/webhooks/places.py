"""Where an endpoint may lead: the open network over https, and what the settings allow besides.

The same look decides when an endpoint is named and each time before something is sent, and what is connected to is an
address that was looked at: a name that leads elsewhere the next time leads nowhere.

Belongs here: judging an address. Does not belong here: sending (posting).
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from musicgen_assets.context.failures import BadInput
from resources.addresses import Address, addresses_of, embedded, is_open
from resources.webhook_settings import WebhookSettings

LONGEST_URL = 2000
_WAY_OUT = "Name an https address on the open network; MUSICGEN_WEBHOOKS__ALLOWED_NETWORKS allows others."


@dataclass(frozen=True)
class Place:
    """What to connect to: ``target`` names the address itself, ``host`` what it is called there."""

    target: str
    host: str
    authority: str
    """As it stands in the header Host."""


def place_of(url: str, settings: WebhookSettings) -> Place:
    """The place that ``url`` leads to now. Raises BadInput for one that may not be told, or that there is not."""
    parts = _parts(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = addresses_of(parts.host, port)
    if not addresses:
        raise BadInput("url", url, "its host has no address", way_out="Check its spelling, or try again later.")
    allowed = [_is_allowed(address, settings) for address in addresses]
    if not all(is_open(address) or mark for address, mark in zip(addresses, allowed, strict=True)):
        raise BadInput("url", url, "it leads to an address that is not on the open network", way_out=_WAY_OUT)
    if parts.scheme != "https" and not all(allowed):
        raise BadInput("url", url, "on the open network it must begin with https://", way_out=_WAY_OUT)
    return Place(str(parts.copy_with(host=str(addresses[0]))), parts.host, parts.netloc.decode("ascii"))


def _parts(url: str) -> httpx.URL:
    try:
        parts = httpx.URL(url)
        host, _ = parts.host, parts.port
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise BadInput("url", url, "it is no web address", way_out=_WAY_OUT) from error
    if parts.scheme not in ("https", "http") or not host or len(url) > LONGEST_URL or not url.isascii():
        raise BadInput("url", url, f"it is an http address of up to {LONGEST_URL} characters", way_out=_WAY_OUT)
    if parts.userinfo or parts.fragment or "%" in host:
        raise BadInput("url", url, "it holds a user, a fragment or a zone", way_out="Leave that out.")
    return parts


def _is_allowed(address: Address, settings: WebhookSettings) -> bool:
    return any(embedded(address) in network for network in settings.networks())
