"""Reading what a request carries, by the limits that its provider documents.

Belongs here: one reader for JSON and forms. Does not belong here: the limits themselves (each provider's module).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from api.dev_providers.problems import Refused

_YES = ("true", "1", "yes", "on")


class Fields:
    """The fields of one object. Every method raises Refused("bad_request") for what breaks a limit, naming the field.

    Forms carry text only, so numbers and flags may come as text.
    """

    def __init__(self, source: Mapping[str, Any], where: str = "") -> None:
        self._source = source
        self._where = where

    def has(self, name: str) -> bool:
        """Whether it is there and not null."""
        return self._source.get(name) is not None

    def raw(self, name: str, default: Any = None) -> Any:
        """As it came."""
        found = self._source.get(name)
        return default if found is None else found

    def text(self, name: str, default: str | None = None, most: int | None = None) -> str:
        """A text of at most ``most`` characters; needed where there is no default."""
        found = self._needed(name) if default is None else self.raw(name, default)
        if not isinstance(found, str):
            raise self._refused(name, "must be a string")
        if most is not None and len(found) > most:
            raise self._refused(name, f"must have at most {most} characters")
        return found

    def number(
        self, name: str, default: float | None = None, low: float | None = None, high: float | None = None
    ) -> float:
        """A number from ``low`` to ``high``; needed where there is no default."""
        found = self._needed(name) if default is None else self.raw(name, default)
        if isinstance(found, bool):
            raise self._refused(name, "must be a number")
        try:
            value = float(found)
        except (TypeError, ValueError) as error:
            raise self._refused(name, "must be a number") from error
        if (low is not None and value < low) or (high is not None and value > high) or value != value:
            raise self._refused(name, f"must be from {low} to {high}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false; needed where there is no default."""
        found = self._needed(name) if default is None else self.raw(name, default)
        if isinstance(found, str):
            return found.lower() in _YES
        if not isinstance(found, bool):
            raise self._refused(name, "must be true or false")
        return found

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """One of ``options``; needed where there is no default."""
        found = self.text(name, default)
        if found not in options:
            raise self._refused(name, f"must be one of {', '.join(options)}")
        return found

    def texts(self, name: str, most: int | None = None) -> list[str]:
        """A list of texts; empty where it is absent."""
        found = self.raw(name, [])
        if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
            raise self._refused(name, "must be a list of strings")
        if most is not None and len(found) > most:
            raise self._refused(name, f"must have at most {most} entries")
        return found

    def part(self, name: str) -> Fields:
        """An object within."""
        found = self._needed(name)
        if not isinstance(found, dict):
            raise self._refused(name, "must be an object")
        return Fields(found, f"{self._where}{name}.")

    def plain(self) -> dict[str, Any]:
        """All fields."""
        return dict(self._source)

    def _needed(self, name: str) -> Any:
        found = self._source.get(name)
        if found is None:
            raise self._refused(name, "is required")
        return found

    def _refused(self, name: str, rule: str) -> Refused:
        return Refused("bad_request", f"{self._where}{name} {rule}")


def json_fields() -> Fields:
    """The JSON object that was sent. Raises Refused where there is none."""
    found = request.get_json(force=True, silent=True)
    if not isinstance(found, dict):
        raise Refused("bad_request", "The body must be a JSON object.")
    return Fields(found)


def form_fields() -> Fields:
    """The fields of the multipart form that was sent. Raises Refused for a body that is none."""
    if request.mimetype != "multipart/form-data":
        raise Refused("bad_request", "The body must be multipart/form-data.")
    return Fields(request.form)


def sent_file(name: str) -> bytes | None:
    """The file of a form; None where there is none."""
    found = request.files.get(name)
    return None if found is None else found.stream.read()


def texts_of(found: Any) -> str:
    """All texts in messages as language models take them: texts, lists, objects with ``content`` or ``text``."""
    if isinstance(found, str):
        return found
    if isinstance(found, list):
        return "\n".join(texts_of(part) for part in found)
    if isinstance(found, dict):
        return texts_of(found.get("content") or found.get("text") or "")
    return ""
