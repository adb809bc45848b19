"""Reading theme packs: data/words_<language>.yaml into a Pack, refused with the place where it breaks a rule.

Belongs here: the file format. Does not belong here: what packs are for (lyrics_pack), whether their lines rhyme and
scan (benchmarks.lyrics_proof measures that; it takes too long for every start).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from musicgen_assets.composition.lyrics_pack import PARTS, Pack, Tags, Theme, Title, Unit
from musicgen_assets.composition.lyrics_pattern import (
    PERSONS,
    TENSES,
    Choice,
    Pattern,
    PatternError,
    nodes_of,
    parse,
    slots_of,
)
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import Language

_MOODS = {"bright": True, "dark": False, "any": None}
_TAG_WORDS = frozenset((*PERSONS, *TENSES, "you", "bright", "dark"))
_OWN_TAGS = re.compile(r"@([a-z ,]+): ")
_FIELDS: Mapping[str, int] = {"couplets": 2, "halves": 2, "lines": 1}
"""What a block may hold, and how many lines each entry has."""
REQUIRED_NOUNS: Mapping[str, tuple[str, ...]] = {"thing": ("the", "verb"), "place": ("at",)}
"""Kinds of nouns that every theme has, with the forms they must give: general lines use them."""


class PackError(ValueError):
    """A pack breaks a rule of its format; the text says where and which."""


@lru_cache(maxsize=8)
def load_pack(language: Language) -> Pack:
    """The words of a language. Raises PackError."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = Path(__file__).parent / "data" / f"words_{language}.yaml"
    raw: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    return pack_of(raw, language)


def pack_of(raw: Mapping[str, Any], language: Language) -> Pack:
    """A pack from a file's plain data. Raises PackError naming theme, part and line."""
    if raw.get("format") != 2:
        raw = _from_first_format(raw)
    general: dict[str, tuple[Unit, ...]] = {
        part: tuple(_units(raw.get("general", {}).get(part, ()), f"general.{part}")) for part in PARTS
    }
    if not general["hooks"]:
        raise PackError(f"{language}: general.hooks: there is none; refrains of a user's own title need them")
    pack = Pack(
        language=language,
        general=general,
        themes={str(name): _theme(str(name), data) for name, data in raw.get("themes", {}).items()},
        bright=_word_list(raw.get("bright", "")),
        dark=_word_list(raw.get("dark", "")),
    )
    _check(pack)
    return pack


def _word_list(text: str) -> frozenset[str]:
    return frozenset(plain(word) for word in str(text).split())


def _theme(name: str, data: Mapping[str, Any]) -> Theme:
    for field in ("keywords", "titles", "verse", "chorus", "bridge"):
        if field not in data:
            raise PackError(f"themes.{name}: {field} is missing")
    mood = str(data.get("mood", "any"))
    if mood not in _MOODS:
        raise PackError(f"themes.{name}.mood: {mood!r} is none of {', '.join(_MOODS)}")
    nouns = {str(kind): tuple(group) for kind, group in data.get("nouns", {}).items()}
    return Theme(
        name=name,
        keywords=_word_list(data["keywords"]),
        titles=tuple(_title(entry, f"themes.{name}.titles") for entry in data["titles"]),
        parts={part: tuple(_units(data.get(part, ()), f"themes.{name}.{part}")) for part in PARTS if part != "hooks"},
        nouns={kind: _noun_patterns(group, f"themes.{name}.nouns.{kind}") for kind, group in nouns.items()},
        noun_texts=nouns,
        is_bright=_MOODS[mood],
    )


def _noun_patterns(group: Sequence[Mapping[str, str]], place: str) -> list[dict[str, Pattern]]:
    found: list[dict[str, Pattern]] = []
    for index, noun in enumerate(group):
        here = f"{place}[{index}]"
        found.append({form: _parsed(str(text), here, f"{form}.") for form, text in noun.items() if form != "g"})
        if set(found[0]) != set(found[-1]):
            raise PackError(f"{here}: forms {', '.join(found[-1])}; the first noun has {', '.join(found[0])}")
    return found


def _title(entry: Mapping[str, Any], place: str) -> Title:
    text = str(entry.get("title", ""))
    if not text:
        raise PackError(f"{place}: an entry without a title: {dict(entry)!r}")
    tags = _tags(str(entry.get("for", "")), f"{place} {text!r}")
    hooks = tuple(_unit(str(line), tags, f"{place} {text!r}") for line in entry.get("hooks", ()))
    for hook in hooks:
        if len(hook.lines) != 2:
            raise PackError(f"{place} {text!r}: {hook.source!r} is no couplet")
    return Title(text, tags, hooks)


def _units(blocks: Sequence[Mapping[str, Any]], place: str) -> Iterator[Unit]:
    for block in blocks:
        unknown = set(block) - {"for", *_FIELDS}
        if unknown:
            raise PackError(f"{place}: a block has {sorted(unknown)}; it may have for, {', '.join(_FIELDS)}")
        tags = _tags(str(block.get("for", "") or ""), place)
        for field, count in _FIELDS.items():
            for text in block.get(field, ()) or ():
                unit = replace(_unit(str(text), tags, place), is_half=field == "halves")
                if len(unit.lines) != count:
                    raise PackError(f"{place}.{field}: {text!r} has {len(unit.lines)} lines, not {count}")
                yield unit


def _unit(text: str, tags: Tags, place: str) -> Unit:
    """A couplet or a line; "@i you: ..." gives it tags of its own on top of its block's."""
    own = _OWN_TAGS.match(text)
    if own:
        text = text[own.end() :]
        tags = _joined(tags, _tags(own[1], f"{place}: {text!r}"))
    is_loose = " // " in text
    pieces = text.split(" // " if is_loose else " / ")
    lines = tuple(_parsed(line, place, f"{n}.") for n, line in enumerate(pieces))
    links: dict[str, set[int]] = {}
    for line in lines:
        for node in nodes_of(line):
            if isinstance(node, Choice) and node.key.startswith("link"):
                links.setdefault(node.key, set()).add(len(node.options))
    uneven = [key for key, sizes in links.items() if len(sizes) > 1]
    if uneven:
        raise PackError(f"{place}: {text!r}: linked choices {uneven} differ in their number of alternatives")
    return Unit(text, lines, tags, is_loose)


def _joined(block: Tags, own: Tags) -> Tags:
    return Tags(
        person=own.person or block.person,
        tense=own.tense or block.tense,
        is_addressed=own.is_addressed or block.is_addressed,
        is_bright=block.is_bright if own.is_bright is None else own.is_bright,
    )


def _parsed(text: str, place: str, prefix: str) -> Pattern:
    try:
        return parse(text, prefix)
    except PatternError as error:
        raise PackError(f"{place}: {error}") from error


def _tags(text: str, place: str) -> Tags:
    words = set(text.replace(",", " ").split())
    unknown = words - _TAG_WORDS
    if unknown:
        raise PackError(f"{place}: for: {sorted(unknown)} is none of {sorted(_TAG_WORDS)}")

    def only(pair: Sequence[str]) -> str | None:
        named = [word for word in pair if word in words]
        return named[0] if len(named) == 1 else None

    mood = only(("bright", "dark"))
    return Tags(
        person=cast("Any", only(PERSONS)),
        tense=cast("Any", only(TENSES)),
        is_addressed="you" in words,
        is_bright=_MOODS[mood] if mood else None,
    )


def _check(pack: Pack) -> None:
    """Every slot of every pattern can be filled."""
    has_general_slots = any(slots_of(line) for unit in pack.general["verse"] for line in unit.lines)
    for name, theme in pack.themes.items():
        for kind, forms in REQUIRED_NOUNS.items() if has_general_slots else ():
            group = theme.nouns.get(kind, ())
            if not group or any(form not in noun for noun in group for form in forms):
                raise PackError(f"{pack.language}: themes.{name}.nouns.{kind}: needs nouns with {', '.join(forms)}")
        units = [unit for part in theme.parts.values() for unit in part]
        for unit in (*units, *(hook for title in theme.titles for hook in title.hooks)):
            _check_slots(unit, theme, f"{pack.language}: themes.{name}")
    for part, group_of_units in pack.general.items():
        for unit in group_of_units:
            for theme in pack.themes.values():
                _check_slots(unit, theme, f"{pack.language}: general.{part} with themes.{theme.name}")


def _check_slots(unit: Unit, theme: Theme, place: str) -> None:
    for line in unit.lines:
        for slot in slots_of(line):
            group = theme.nouns.get(slot.kind.rstrip("23456789"), ())
            if slot.form and (not group or any(slot.form not in noun for noun in group)):
                raise PackError(f"{place}: {unit.source!r}: no nouns for {{{slot.kind}.{slot.form}}}")


def _from_first_format(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The first format's couplets as blocks: no tags, ``{thing}`` one of the theme's noun phrases."""

    def blocks(lines: Sequence[str], tags: str = "") -> list[dict[str, Any]]:
        return [{"for": tags, "couplets": [line.replace("{thing}", "{thing.the}") for line in lines]}]

    general = raw["general"]
    return {
        "general": {
            "hooks": [*blocks(general["hook_bright"], "bright"), *blocks(general["hook_dark"], "dark")],
            **{part: blocks(general[part]) for part in ("verse", "pre_chorus", "chorus", "bridge") if part != "verse"},
        },
        "themes": {
            name: {
                "keywords": data["keywords"],
                "titles": [{"title": hook} for hook in data["hooks"]],
                "nouns": {"thing": [{"the": thing} for thing in data["things"]]},
                "verse": [*blocks(data["verse"]), *blocks(general["verse"])],
                "chorus": blocks(data["chorus"]),
                "bridge": blocks(data["bridge"]),
            }
            for name, data in raw["themes"].items()
        },
    }
