"""ElevenLabs' composition plans: of both kinds, checked, made from words, and read as songs.

Belongs here: plans. Does not belong here: endpoints (elevenlabs).
"""

from __future__ import annotations

import re
from typing import Any

from api.dev_providers.fields import Fields
from api.dev_providers.problems import Refused
from api.dev_providers.schema_filling import Filler
from api.dev_providers.wishes import SongWish

FIRST_MODEL = "music_v1"
_SHORTEST_MS, _LONGEST_MS = 3_000, 120_000
_MOST_CHUNKS, _MOST_LINES, _MOST_CHARACTERS = 30, 30, 200
_FORM = ("Intro", "Verse 1", "Chorus", "Verse 2", "Chorus", "Bridge", "Chorus", "Outro")
_USUAL_SECTION_MS = 12_000
_KINDS = (
    ("pre", "pre_chorus"), ("chorus", "chorus"), ("hook", "chorus"), ("verse", "verse"), ("intro", "intro"),
    ("bridge", "bridge"), ("solo", "solo"), ("build", "build"), ("drop", "drop"), ("break", "breakdown"),
    ("interlude", "interlude"), ("inst", "interlude"), ("outro", "outro"), ("end", "outro"),
)  # fmt: skip
_TAG = re.compile(r"^\s*\[([^\]]+)\]\s*", re.MULTILINE)


def wish_of_plan(plan: Fields, model: str, seed: int) -> SongWish:
    """The song that a plan describes. Raises Refused for a plan of the wrong kind or beyond its limits."""
    is_first = model == FIRST_MODEL
    if plan.has("chunks") == is_first:
        raise Refused("bad_request", f"composition_plan: {model} takes {'sections' if is_first else 'chunks'}")
    parts = plan.raw("sections" if is_first else "chunks", [])
    if not isinstance(parts, list) or not parts or len(parts) > _MOST_CHUNKS:
        raise Refused("bad_request", f"composition_plan: 1 to {_MOST_CHUNKS} sections or chunks are needed")
    styles = plan.texts("positive_global_styles") if is_first else []
    read = [_section(Fields(part)) if is_first else _chunk(Fields(part)) for part in parts]
    lyrics = "\n\n".join(f"[{name}]\n{words}" for name, words, _, _ in read if words)
    styles += [style for _, _, _, own in read for style in own]
    return SongWish(
        ", ".join(dict.fromkeys(styles)) or "song", sum(length_ms for _, _, length_ms, _ in read) / 1_000, seed,
        is_instrumental=not lyrics, lyrics=lyrics, sections=tuple(_kind(name) for name, _, _, _ in read),
    )  # fmt: skip


def _section(fields: Fields) -> tuple[str, str, float, list[str]]:
    """Name, words, length in ms and styles of a section of the first model's plans."""
    lines = fields.texts("lines", _MOST_LINES)
    if any(len(line) > _MOST_CHARACTERS for line in lines):
        raise Refused("bad_request", f"lines: must have at most {_MOST_CHARACTERS} characters each")
    length_ms = fields.number("duration_ms", None, _SHORTEST_MS, _LONGEST_MS)
    return fields.text("section_name", most=100), "\n".join(lines), length_ms, fields.texts("positive_local_styles")


def _chunk(fields: Fields) -> tuple[str, str, float, list[str]]:
    """As ``_section``, of a chunk: its text holds the tag and the words."""
    text = fields.text("text", "")
    tag = _TAG.search(text)
    length_ms = fields.number("duration_ms", None, _SHORTEST_MS, _LONGEST_MS)
    styles = fields.texts("positive_styles", 50)
    return tag[1] if tag else "Verse", _TAG.sub("", text).strip(), length_ms, styles


def _kind(name: str) -> str:
    return next((kind for part, kind in _KINDS if part in name.lower()), "verse")


def planned(prompt: str, length_ms: int, model: str) -> dict[str, Any]:
    """A plan for a prompt, ``length_ms`` long altogether."""
    count = max(1, min(len(_FORM), length_ms // _USUAL_SECTION_MS))
    count = max(count, -(-length_ms // _LONGEST_MS))
    names = [_FORM[place % len(_FORM)] for place in range(count)]
    filler, is_sung = Filler(prompt, prompt), "instrumental" not in prompt.lower()
    lengths = [length_ms // count] * (count - 1)
    lengths.append(length_ms - sum(lengths))
    rows = [
        (name, filler.lines(4).split("\n") if is_sung and _kind(name) in ("verse", "chorus", "bridge") else [], own_ms)
        for name, own_ms in zip(names, lengths, strict=True)
    ]
    return _as_plan(rows, prompt, model)


def plan_of_song(facts: dict[str, Any], model: str, prompt: str) -> dict[str, Any]:
    """The plan of a song that was written from words."""
    lines: dict[str, dict[int, list[str]]] = {}
    for word in facts["words"]:
        lines.setdefault(word["section"], {}).setdefault(word["line"], []).append(word["word"])
    rows = [
        (part["name"], [" ".join(words) for words in lines.get(part["name"], {}).values()],
         max(_SHORTEST_MS, round((part["end_s"] - part["start_s"]) * 1_000)))
        for part in facts["sections"]
    ]  # fmt: skip
    return _as_plan(rows, prompt, model)


def _as_plan(rows: list[tuple[str, list[str], int]], prompt: str, model: str) -> dict[str, Any]:
    """Rows of name, lines and length in ms as the model's kind of plan."""
    styles = [part.strip() for part in re.split(r"[,.;]", prompt) if part.strip()][:10]
    if model == FIRST_MODEL:
        sections = [
            {"section_name": name, "positive_local_styles": [], "negative_local_styles": [], "duration_ms": length_ms,
             "lines": lines}
            for name, lines, length_ms in rows
        ]  # fmt: skip
        return {"positive_global_styles": styles, "negative_global_styles": [], "sections": sections}
    chunks = [
        {"text": "\n".join([f"[{name}]", *lines]), "duration_ms": length_ms, "positive_styles": styles,
         "negative_styles": [], "context_adherence": "medium"}
        for name, lines, length_ms in rows
    ]  # fmt: skip
    return {"chunks": chunks}
