"""What forms of the page send: read, and refused where it is not what a form of ours would send.

Belongs here: reading and checking. Does not belong here: what becomes of it (views).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode, urlsplit

from api.v2.asked import STATES

HOME = "/"
_KEY_LONGEST, _WORDS_LONGEST, _CURSOR_LONGEST = 200, 200, 200


@dataclass(frozen=True)
class Login:
    """Somebody who wants in: the key that they show, and where they were going."""

    key: str
    next: str


@dataclass(frozen=True)
class Search:
    """Which songs are looked for; "" and None where nothing is said."""

    words: str = ""
    state: str | None = None
    cursor: str | None = None

    def address(self, **changed: str | None) -> str:
        """The address of the list with this search, and what is changed in it."""
        said = {"q": self.words, "state": self.state, "cursor": None, **changed}
        found = {name: value for name, value in said.items() if value}
        return f"{HOME}?{urlencode(found)}" if found else HOME


def read_login(given: Mapping[str, str]) -> Login:
    """The form of the login page."""
    return Login(given.get("key", "").strip()[:_KEY_LONGEST], own_place(given.get("next")))


def read_search(given: Mapping[str, str]) -> Search:
    """The search of the list; a state that there is not is none."""
    state = given.get("state")
    words = "".join(one for one in given.get("q", "") if one.isprintable()).strip()[:_WORDS_LONGEST]
    cursor = given.get("cursor", "")[:_CURSOR_LONGEST]
    return Search(words, state if state in get_args(STATES) else None, cursor or None)


def own_place(text: str | None) -> str:
    """``text`` if it is an address of this page, else the first page: nobody is led elsewhere after logging in."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or not text.isprintable():
        return HOME
    parts = urlsplit(text)
    return HOME if parts.scheme or parts.netloc or "\\" in text else text


def read_version(text: str | None) -> int | None:
    """A version's number; None for the newest, and for what is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and int(text) else None
