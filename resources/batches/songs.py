"""From a definition to its songs: prompts, templates filled in, seeds, each with the key it is known by.

Belongs here: what a definition comes to, purely. Does not belong here: the form of the file (definition), the door.
"""

from __future__ import annotations

import hashlib
import itertools
import string
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.payloads import canonical_json
from resources.batches.definition import SONGS_MAX, BatchDefinition, Template
from resources.inbox.asking import request_of
from resources.settings import Settings

_MOST_TOLD = 5
_FORMATTER = string.Formatter()
_RESERVED = ("date", "start")
"""Variables that every template has: the day of the start in the schedule's time zone, and what set it off."""


@dataclass(frozen=True)
class Song:
    """One song of a batch: where it stands (from 1), where in the file it comes from, its fields, its key."""

    position: int
    place: str
    fields: dict[str, Any]
    key: str
    priority: int

    def request(self, source: str) -> CompositionRequest:
        """The request for it. Raises BadInput whose field names ``source`` and its place there."""
        try:
            request = request_of({**self.fields, "priority": self.priority}, self.key)
        except BadInput as problem:
            raise self.refused(problem, source) from problem
        if not isinstance(request, CompositionRequest):
            raise BadInput(
                f"{source}, {self.place}", request.version, "a batch makes new songs, and this revises one",
                way_out="Leave out version and kind; revisions go through the inbox.",
            )  # fmt: skip
        return request

    def refused(self, problem: BadInput, source: str) -> BadInput:
        """``problem`` with its place in the file."""
        return BadInput(
            f"{source}, {self.place}, {problem.field}", problem.value, problem.rule, way_out=problem.way_out
        )


def songs_of(
    definition: BatchDefinition, source: str, start: datetime, occasion: str = "", songs_max: int = SONGS_MAX
) -> list[Song]:
    """The songs of ``definition`` as of ``start``, in order.

    A song's key is made of the batch's name and what the song asks for, so that changing one song changes no other.
    ``occasion`` enters it where each start is to make new songs. Raises BadInput naming ``source`` and field, also
    where it comes to more than ``songs_max`` songs.
    """
    zone = ZoneInfo(definition.schedule.timezone if definition.schedule else "UTC")
    given = {"date": start.astimezone(zone).date().isoformat(), "start": occasion or start.isoformat()}
    once = list(itertools.islice(_once(definition, source, given), songs_max + 1))  # a template may come to millions
    rows = list(itertools.islice(_rounds(definition, once, source), songs_max + 1))
    if len(rows) > songs_max:
        rule = f"it comes to more than {songs_max} songs"
        raise BadInput(f"{source}, count", definition.count, rule, way_out="Split it, or set count.")
    equal: Counter[bytes] = Counter()
    songs = []
    for position, (place, fields) in enumerate(rows, 1):
        asked = {"user": definition.user, **({"until": definition.until} if definition.until else {}), **fields}
        content = _content(asked, source, place)
        key = _key(definition.name, content, equal[content], occasion if definition.each_start == "new" else "")
        equal[content] += 1
        songs.append(Song(position, place, asked, key, definition.priority))
    return songs


def check_songs(songs: list[Song], source: str, settings: Settings) -> None:
    """Raise BadInput if the door would refuse one of ``songs``; the first is told whole, the others by their places."""
    from resources.door_checks import check_request

    problems: list[BadInput] = []
    for song in songs:
        try:
            request = song.request(source)
            try:
                check_request(request, settings)
            except BadInput as problem:
                raise song.refused(problem, source) from problem
        except BadInput as problem:
            problems.append(problem)
    if not problems:
        return
    first, others = problems[0], problems[1:]
    told = "; ".join(f"{problem.field}: {problem.rule}" for problem in others[:_MOST_TOLD])
    more = f" and {len(others) - _MOST_TOLD} more" if len(others) > _MOST_TOLD else ""
    way_out = f"{first.way_out} Also refused: {told}{more}." if others else first.way_out
    raise BadInput(first.field, first.value, first.rule, way_out=way_out)


def _once(definition: BatchDefinition, source: str, given: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every song of the file once, without its seed: (place in the file, fields)."""
    for number, entry in enumerate(definition.prompts, 1):
        place = f"prompts[{number}]"
        fields = {"prompt": entry} if isinstance(entry, str) else dict(entry)
        if definition.seeds is not None and "seed" in fields:
            _refuse_two_seeds(source, place, fields["seed"])
        yield place, {**definition.common, **fields}
    for number, template in enumerate(definition.templates, 1):
        place = f"templates[{number}]"
        fields = {"prompt": template.prompt, **(template.model_extra or {})}
        if definition.seeds is not None and "seed" in fields:
            _refuse_two_seeds(source, place, fields["seed"])
        for values in _combinations(template, given):
            yield place, {**definition.common, **_filled(fields, values, f"{source}, {place}", template)}


def _rounds(
    definition: BatchDefinition, once: list[tuple[str, dict[str, Any]]], source: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The songs round by round, each round with its seed, until there are as many as ``count`` says."""
    seeds = definition.seeds
    each_once = len(once) * (len(seeds) if isinstance(seeds, list) else 1)
    most = definition.count if definition.count is not None else each_once
    if isinstance(seeds, list) and most > each_once:
        raise BadInput(
            f"{source}, count", most, f"{len(once)} prompts with {len(seeds)} seeds make {each_once} songs",
            way_out="Name more seeds, or one number: the first seed, one more for each round.",
        )  # fmt: skip
    for number in range(most):
        place, fields = once[number % len(once)]
        turn = number // len(once)
        seed = None if seeds is None else seeds[turn] if isinstance(seeds, list) else seeds + turn
        yield place, fields if seed is None else {**fields, "seed": seed}


def _combinations(template: Template, given: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    names = list(template.variables)
    for values in itertools.product(*template.variables.values()):
        yield {**given, **dict(zip(names, values, strict=True))}


def _filled(value: Any, values: Mapping[str, Any], place: str, template: Template) -> Any:
    """``value`` with its gaps filled. A text that is nothing but a gap becomes the variable itself, a number too."""
    if isinstance(value, Mapping):
        return {name: _filled(item, values, place, template) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, place, template) for item in value]
    if not isinstance(value, str):
        return value
    try:
        parts = list(_FORMATTER.parse(value))
    except ValueError as error:
        raise BadInput(place, value, f"its braces do not match: {error}", way_out="Write {{ for a brace.") from error
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in values or form or conversion:
            known = ", ".join(f"{{{known}}}" for known in (*template.variables, *_RESERVED))
            raise BadInput(place, value, f"there is no variable {{{name}}}", way_out=f"Known: {known}.")
    if len(parts) == 1 and not parts[0][0] and parts[0][1] is not None:
        return values[parts[0][1]]
    return "".join(text + ("" if name is None else str(values[name])) for text, name, _, _ in parts)


def _refuse_two_seeds(source: str, place: str, seed: Any) -> None:
    raise BadInput(
        f"{source}, {place}, seed", seed, "the batch has seeds for all its songs",
        way_out="Take out one of the two.",
    )  # fmt: skip


def _key(name: str, content: bytes, occurrence: int, occasion: str) -> str:
    digest = hashlib.sha256(canonical_json([name, hashlib.sha256(content).hexdigest(), occurrence, occasion]))
    return f"batch:{digest.hexdigest()[:40]}"


def _content(fields: Mapping[str, Any], source: str, place: str) -> bytes:
    """What a song asks for, as bytes. Raises BadInput for a value that no request can hold."""
    try:
        return canonical_json(dict(fields))
    except (TypeError, ValueError) as error:
        rule = f"a song's values are texts, numbers, yes or no, lists and mappings: {error}"
        raise BadInput(f"{source}, {place}", dict(fields), rule, way_out="Write it as a text.") from error
