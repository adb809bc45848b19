"""Which context paths differ between two contexts, with both values and in words.

Belongs here: comparing plain context data. Does not belong here: loading contexts (resources).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HELD = ("edits.held_mix", "edits.held_master")


def context_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Changed leaf paths of two dumped contexts: {"path", "old", "new", "words"}, in the order of the schema.

    What is held of an earlier version is no decision of anybody, and left out. A stored file counts as one leaf, a
    list too; a path that only one context has reads as None in the other.
    """
    before, after = _leaves(old), _leaves(new)
    return [
        {"path": path, "old": before.get(path), "new": after.get(path),
         "words": change_in_words(path, before.get(path), after.get(path))}
        for path in dict.fromkeys((*after, *before))
        if before.get(path) != after.get(path)
        and not (path.startswith("edits.") and not before.get(path) and not after.get(path))
    ]  # fmt: skip


def change_in_words(path: str, old: Any, new: Any) -> str:
    """ "120 → 90"; for lists of instruments who changes, for lists of names what comes and goes."""
    lists = isinstance(old or [], list) and isinstance(new or [], list) and (old or new)
    if lists and path.endswith("instruments"):
        return _players(old or [], new or [])
    if lists and not any(isinstance(item, Mapping) for item in (*(old or ()), *(new or ()))):
        return _items(old or [], new or [])
    return f"{value_in_words(old)} → {value_in_words(new)}"


def value_in_words(value: Any) -> str:
    """A context value as a person writes it: 90, yes, “text”, pop 70 % + house 30 %, verse 8 bars, chorus."""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:.12g}"
    if isinstance(value, str):
        return value if value and " " not in value else f"“{' / '.join(value.split(chr(10)))}”"
    if isinstance(value, Mapping):
        return _mapping(value)
    if all(isinstance(item, Mapping) and "weight" in item for item in value):
        return " + ".join(_mapping(item) for item in value)
    return ", ".join(_mapping(item) if isinstance(item, Mapping) else str(item) for item in value)


def _mapping(item: Mapping[str, Any]) -> str:
    """One genre, planned section, instrument, or anything else by its keys."""
    if "weight" in item:
        return f"{item['name']} {item['weight']:.0%}".replace("%", " %")
    if "kind" in item:
        bars, energy = item.get("bars"), item.get("energy")
        return f"{item['kind']}{f' {bars} bars' if bars else ''}{'' if energy is None else f' (energy {energy:g})'}"
    if "media_type" in item:
        return f"{item['name']} ({item['sha256'][:12]})"
    if "program" in item:
        return f"{item['role']}: {item['name']}"
    return " ".join(f"{key} {value_in_words(value)}" for key, value in item.items() if value not in ("", None))


def _leaves(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.items():
        if f"{prefix}{name}" in HELD:
            continue
        if isinstance(value, Mapping) and "media_type" not in value:
            found |= _leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = list(value) if isinstance(value, tuple) else value
    return found


def _players(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> str:
    """Per role who was replaced, who joined and who left."""
    told: list[str] = []
    for role in dict.fromkeys(player["role"] for player in (*new, *old)):
        gone = [player for player in old if player["role"] == role and player not in new]
        come = [player for player in new if player["role"] == role and player not in old]
        for was, now in zip(gone, come, strict=False):
            is_sound = was["name"] == now["name"]
            names = [f"{player['name']} (program {player['program']})" if is_sound else str(player["name"])
                     for player in (was, now)]  # fmt: skip
            told.append(f"{role}: {names[0]} → {names[1]}")
        told += [f"+ {role}: {player['name']}" for player in come[len(gone) :]]
        told += [f"− {role}: {player['name']}" for player in gone[len(come) :]]
    return ", ".join(told) or "the same players in another order"


def _items(old: Sequence[Any], new: Sequence[Any]) -> str:
    """What comes (+) and goes (−)."""
    told = [f"+ {item}" for item in new if item not in old] + [f"− {item}" for item in old if item not in new]
    return ", ".join(told) or f"{', '.join(map(str, old))} → {', '.join(map(str, new))}"


def revision_in_words(change: Mapping[str, Any] | None, base: Mapping[str, Any] | None = None) -> str:
    """What a version's ``change`` says, with the old values where the parent's context (``base``) has them.

    {"set": {"musical.tempo_bpm": 90}, "rerolls": ["melody"]} -> "tempo_bpm 120 → 90, re-rolled melody".
    """
    change = change or {}
    told = []
    for path, value in (change.get("set") or {}).items():
        name = _edit_name(path) if path.startswith("edits.") else path.rpartition(".")[2]
        was = _value_at(base or {}, path)
        told.append(
            f"{name} {value_in_words(value)}" if was is _ABSENT else f"{name} {change_in_words(path, was, value)}"
        )
    rerolls = [_reroll_name(asset) for asset in change.get("rerolls") or ()]
    told += [f"re-rolled {', '.join(rerolls)}"] if rerolls else []
    told += [f"prompt “{change['prompt']}”"] if change.get("prompt") else []
    told += ["made with today's code"] if change.get("refresh") else []
    return ", ".join(told) or "nothing changed"


def _edit_name(path: str) -> str:
    """ "edits.tracks.drums.sections.verse 2.gain_db" -> "drums verse 2 gain_db", "edits.stems.bass" -> "stem bass"."""
    _, group, *rest = path.split(".")
    words = [part for part in rest if part != "sections"]
    return " ".join(words if group == "tracks" else [{"buses": "bus", "stems": "stem"}.get(group, group), *words])


def _reroll_name(asset: str) -> str:
    """Of an asset or a section its name alone, and "melody/verse 2" is "melody in verse 2"."""
    *above, last = asset.split("/")
    is_in_section = last[-1:].isdigit() and above and above[-1] != "arrangement"
    return f"{above[-1]} in {last}" if is_in_section else last


_ABSENT = object()


def _value_at(data: Mapping[str, Any], path: str) -> Any:
    """The value at a path of a dumped context; ``_ABSENT`` where there is no such path (a friendly spelling)."""
    value: Any = data
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value
