"""Values for any JSON schema, with words of music in them: what language models answer here.

Belongs here: the values. Does not belong here: how a provider wraps them.
"""

from __future__ import annotations

import random
import re
from typing import Any

_WORDS = (
    "river", "light", "morning", "road", "summer", "silver", "window", "fire", "ocean", "heart", "city", "rain",
    "shadow", "garden", "winter", "star",
)  # fmt: skip
_LINES = (
    "I hear the {a} calling out my name", "We left the {a} burning in the {b}", "Hold on to the {a} tonight",
    "And the {a} will carry us home", "You were the {a}, I was the {b}", "Every {a} knows where we have been",
    "Let the {a} fall on the {b} again", "Nothing but {a} between you and me",
)  # fmt: skip
_BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("title", ("Silver Morning", "The Road and the Rain", "Ocean Light")),
    ("genre", ("pop", "rock", "folk")),
    ("style", ("warm, melodic, steady groove", "bright guitars, tight drums")),
    ("mood", ("hopeful", "calm", "bright")),
    ("instrument", ("piano", "guitar", "strings", "drums")),
    ("scale", ("major", "minor")),
    ("key", ("C", "A minor", "G", "D minor")),
    ("language", ("en",)),
    ("section", ("verse", "chorus", "bridge")),
    ("signature", ("4/4",)),
)
"""Part of a property's name, and what such a text may say."""
_NUMBERS: tuple[tuple[str, float, float], ...] = (
    ("bpm", 84, 132), ("tempo", 84, 132), ("duration", 30, 180), ("seconds", 30, 180), ("bars", 4, 16),
    ("confidence", 0.6, 0.95), ("valence", 0, 1), ("arousal", 0, 1), ("weight", 0, 1), ("energy", 0, 1),
)  # fmt: skip
_PATTERNS = ("C", "c", "C major", "4/4", "verse", "verse-1", "2026-01-01", "1", "0123456789abcdef", "A", "en-GB")
_FORMATS = {
    "date": "2026-11-30", "date-time": "2026-11-30T12:00:00Z", "time": "12:00:00Z", "email": "a@example.com",
    "uri": "https://example.com/song", "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
_TOLD = re.compile(
    r"(minimum|maximum|exclusiveMinimum|exclusiveMaximum|minItems|maxItems|minLength|maxLength): (-?\d+(?:\.\d+)?)"
)
_TOLD_TEXT = re.compile(r"(pattern|const): (.+?)(?=, \w+: |\}$)")
"""Limits that a client has written into the description, since schemas of its provider cannot say them."""
_MOST_ITEMS = 4
_DEEPEST = 12


class Filler:
    """Fills schemas; the same seed and schema give the same values. ``theme`` is mixed into titles and lines."""

    def __init__(self, seed: str, theme: str = "") -> None:
        self._random = random.Random(seed)  # noqa: S311  # repeatable words are meant
        own = [word for word in re.findall(r"[^\W\d_]{4,12}", theme.lower()) if word not in _STOP_WORDS]
        self._words = (*dict.fromkeys(own[:12]), *_WORDS)

    def fill(self, schema: dict[str, Any]) -> Any:
        """A value that ``schema`` accepts."""
        return self._value(schema, schema, "", 0)

    def lines(self, count: int) -> str:
        """Lines of a lyric."""
        return "\n".join(self._line() for _ in range(count))

    def _line(self) -> str:
        line = self._random.choice(_LINES)
        return line.format(a=self._random.choice(self._words), b=self._random.choice(self._words))

    def _value(self, schema: Any, root: dict[str, Any], name: str, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self._text({}, name)
        schema = _told(schema)
        if "$ref" in schema:
            return self._value(_resolved(schema["$ref"], root), root, name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        for joined in ("anyOf", "oneOf"):
            if joined in schema:
                return self._value(self._branch(schema[joined], depth), root, name, depth + 1)
        if "allOf" in schema:
            merged: dict[str, Any] = {}
            for part in schema["allOf"]:
                merged |= _resolved(part["$ref"], root) if "$ref" in part else part
            return self._value({**merged, **{k: v for k, v in schema.items() if k != "allOf"}}, root, name, depth + 1)
        return self._of_type(schema, root, name, depth)

    def _branch(self, branches: list[Any], depth: int) -> Any:
        """What is not null, unless it is getting too deep."""
        full = [branch for branch in branches if branch.get("type") != "null"]
        none = [branch for branch in branches if branch.get("type") == "null"]
        return none[0] if none and (depth > _DEEPEST or not full) else self._random.choice(full)

    def _of_type(self, schema: dict[str, Any], root: dict[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        match kind:
            case "object":
                found = schema.get("properties", {})
                return {key: self._value(part, root, key, depth + 1) for key, part in found.items()}
            case "array":
                return self._array(schema, root, name, depth)
            case "integer":
                return self._number(schema, name, is_whole=True)
            case "number":
                return self._number(schema, name, is_whole=False)
            case "boolean":
                return self._random.random() < 0.5  # a coin
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _array(self, schema: dict[str, Any], root: dict[str, Any], name: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self._value(part, root, name, depth + 1) for part in schema["prefixItems"]]
        least = int(schema.get("minItems", 0 if depth > _DEEPEST else 1))
        most = int(schema.get("maxItems", max(least, _MOST_ITEMS)))
        count = self._random.randint(least, max(least, min(most, least + _MOST_ITEMS)))
        items = [self._value(schema.get("items", {}), root, name, depth + 1) for _ in range(count)]
        if not schema.get("uniqueItems"):
            return items
        return [item for place, item in enumerate(items) if item not in items[:place]]

    def _number(self, schema: dict[str, Any], name: str, *, is_whole: bool) -> float | int:
        hint = next(((low, high) for part, low, high in _NUMBERS if part in name.lower()), None)
        low = float(schema.get("minimum", schema.get("exclusiveMinimum", hint[0] if hint else 0)))
        high = float(schema.get("maximum", schema.get("exclusiveMaximum", max(low + 1, hint[1] if hint else 1))))
        if hint and low <= hint[0] and hint[1] <= high:
            low, high = hint
        middle = low + (high - low) * self._random.uniform(0.2, 0.8)
        if not is_whole:
            return round(middle, 3)
        return min(max(round(middle), int(-(-low // 1)) + ("exclusiveMinimum" in schema)), int(high))

    def _text(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        found = self._worded(name.lower())
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, found):
            found = next((text for text in (*_PATTERNS, *self._words) if re.search(pattern, text)), found)
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        while len(found) < least:
            found = f"{found} {self._random.choice(self._words)}"
        return found if most is None else found[: int(most)]

    def _worded(self, name: str) -> str:
        for part, texts in _BY_NAME:
            if part in name:
                return self._random.choice(texts)
        if "lyric" in name:
            return self.lines(4)
        return self._line()


_STOP_WORDS = frozenset(
    ("about", "with", "that", "this", "song", "from", "your", "make", "write", "lyrics", "music", "please", "prompt",
     "have", "must", "json", "should", "will", "into", "each", "words", "line", "lines")
)  # fmt: skip


def _resolved(reference: str, root: dict[str, Any]) -> dict[str, Any]:
    """The part of ``root`` that "#/$defs/Name" points to."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found[step] if step else found
    return dict(found)


def _told(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the limits that its description tells."""
    description = str(schema.get("description", ""))
    if not description.endswith("}"):
        return schema
    tail = description[description.rfind("\n") + 1 :]
    return {**{name: float(value) for name, value in _TOLD.findall(tail)}, **dict(_TOLD_TEXT.findall(tail)), **schema}
