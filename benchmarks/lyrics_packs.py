"""A theme pack looked through line by line: what a writer of packs must mend before songs are made of it.

Belongs here: counts, rhymes, syllables, expansions and dictionary words of a pack. Does not belong here: songs
(lyrics_proof), the format's grammar (musicgen_assets.composition.lyrics_loading refuses what breaks it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import numpy as np

from benchmarks.lyrics_second import unknown_words
from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import PARTS, Pack, Theme, Unit, Voice, nouns_in
from musicgen_assets.composition.lyrics_pattern import Nouns, count_readings, read, resolved, tidy
from musicgen_assets.composition.lyrics_search import rhymes_among, rhymes_of
from musicgen_assets.composition.prosody import line_of
from musicgen_assets.context.schema import Language

EXPANSIONS_LEAST, COUPLET_EXPANSIONS_LEAST = 1, 6
COUPLETS_LEAST = {"verse": 14, "chorus": 6, "bridge": 4, "pre_chorus": 1}
SYLLABLES = {"verse": (6, 12), "bridge": (6, 12), "pre_chorus": (6, 12), "chorus": (4, 12), "hooks": (4, 12)}
VOICE_COUPLETS_LEAST = 8
_READINGS = 6
_VOICES = tuple(
    Voice(person, tense, is_addressed, is_bright)  # type: ignore[arg-type]
    for person, tense, is_addressed, is_bright in product(
        ("i", "we"), ("present", "past"), (False, True), (True, False)
    )
)


def complaints(language: Language) -> Iterator[str]:
    """What is wrong with a pack, a line each."""
    pack = load_pack(language)
    for name, theme in pack.themes.items():
        yield from _counts(pack, theme)
        for part, units in theme.parts.items():
            for unit in units:
                yield from _unit_complaints(unit, theme, part, f"{name}.{part}", language)
        for title in theme.titles:
            if not title.hooks:
                yield f"{name}.titles: {title.text!r} has no hooks"
            for hook in title.hooks:
                yield from _unit_complaints(hook, theme, "hooks", f"{name}.titles", language)
    theme = next(iter(pack.themes.values()))
    for part in PARTS:
        for unit in pack.general[part]:
            yield from _unit_complaints(unit, theme, part, f"general.{part}", language)
    yield from _strangers(pack)


def _counts(pack: Pack, theme: Theme) -> Iterator[str]:
    for part, least in COUPLETS_LEAST.items():
        count = sum(len(unit.lines) == 2 for unit in theme.parts.get(part, ()))
        if count < least:
            yield f"{theme.name}.{part}: {count} couplets, of {least}"
    if len(theme.titles) < 6:
        yield f"{theme.name}.titles: {len(theme.titles)} of 6"
    for kind in ("thing", "place"):
        if len(theme.nouns.get(kind, ())) < 8:
            yield f"{theme.name}.nouns.{kind}: {len(theme.nouns.get(kind, ()))} of 8"
    plenty = []
    for voice in _VOICES:
        sources = {
            r.sources
            for r in rhymes_of(pack.language, theme.name, voice, "verse", is_general=False)
            if len(r.units) == 1
        }
        plenty.append((len(sources), f"{voice.person}/{voice.tense}/{'you' if voice.is_addressed else 'nobody'}"))
    if sum(count >= VOICE_COUPLETS_LEAST for count, _ in plenty) < 4:
        yield f"{theme.name}.verse: too few voices have {VOICE_COUPLETS_LEAST} couplets: {plenty}"


def _unit_complaints(unit: Unit, theme: Theme, part: str, place: str, language: Language) -> Iterator[str]:
    voices = [voice for voice in _VOICES if unit.tags.allow(voice, part)]
    if not voices:
        yield f"{place}: no voice may use {unit.source!r}"
        return
    heard = False
    off: dict[str, int] = {}
    for voice in voices:
        nouns = nouns_in(theme, voice, part)
        heard = heard or len(unit.lines) == 1 or unit.is_half
        heard = heard or bool(rhymes_among([unit], nouns, voice, part, language, "Ana"))
        for text in _sample(unit, nouns, voice, part):
            count = len(line_of(text, language).syllables)
            low, high = SYLLABLES[part]
            if not low <= count <= high and "Ana" not in text:
                off[text] = count
    if not heard:
        yield f"{place}: never rhymes: {unit.source!r}"
    for text, count in list(off.items())[:1]:
        yield f"{place}: {count} syllables: {text!r}"
    voice = voices[0]
    nouns = nouns_in(theme, voice, part)
    if part in ("verse", "bridge") and len(unit.lines) == 2:
        counts = [count_readings(resolved(line, voice.person, voice.tense), nouns) for line in unit.lines]
        if min(counts) < EXPANSIONS_LEAST or counts[0] * counts[1] < COUPLET_EXPANSIONS_LEAST:
            least = f"each {EXPANSIONS_LEAST}, together {COUPLET_EXPANSIONS_LEAST}"
            yield f"{place}: {counts} expansions ({least}): {unit.source!r}"


def _sample(unit: Unit, nouns: Nouns, voice: Voice, part: str) -> Iterator[str]:
    rng = np.random.default_rng(1)
    tense = voice.tense if part in ("verse", "bridge") else "present"
    for _ in range(_READINGS):
        readings: dict[str, int] = {}
        for line in unit.lines:
            pattern = resolved(line, voice.person, tense)
            yield tidy(read(pattern, nouns, "Ana", readings, lambda _key, count: int(rng.integers(count))))


def _strangers(pack: Pack) -> Iterator[str]:
    """Words no dictionary has, with a source that uses each."""
    sources = [text for theme in pack.themes.values() for text in theme.sources]
    sources += [unit.source for units in pack.general.values() for unit in units]
    seen: dict[str, str] = {}
    for source in sources:
        text = re.sub(r"\{[^}]*\}|\(\d+:|[()<>\[\]|/]", " ", source)
        for word in unknown_words(text, pack.language):
            seen.setdefault(word, source)
    for word, source in seen.items():
        yield f"no dictionary has {word!r}: {source!r}"
