"""Searching lines backwards from their rhyme: which patterns can end on a sound, and which reading of them fits best.

Belongs here: rhyme tables, readings that keep to a rhyme and a meter. Does not belong here: which parts a song has
(lyrics_writer), the notation (lyrics_pattern), the patterns (data/).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np

from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import TIMELESS, Unit, Voice, content_words, nouns_in
from musicgen_assets.composition.lyrics_pattern import (
    Nouns,
    Pattern,
    Readings,
    count_readings,
    read,
    resolved,
    tails,
    tidy,
)
from musicgen_assets.composition.prosody import line_of, rhyme_sound, rhymes, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import Language

READINGS_TRIED = 14
"""Readings of a couplet that are compared: more change little, as a line has one to three choices of meter."""
_SYLLABLE_PRICE, _STRESS_PRICE, _REPEATED_WORD_PRICE = 1.0, 2.5, 0.7
_ECHO = 8
"""Single lines that share a word count it so often: they were not written for each other."""
_USUAL, _BROAD, _BREADTH_POWER = 36, 300, 0.4
"""Readings of a usual couplet, readings from which more count for nothing, and how steeply they count."""
_OPEN_PAIRS_MAX = 400


@dataclass(frozen=True)
class Rhyme:
    """A way for two lines to rhyme: on ``sound``, one couplet or two single lines, read so far as their ends ask."""

    sound: str
    units: tuple[Unit, ...]
    readings: tuple[tuple[tuple[str, int], ...], ...]
    """For a couplet one set of readings, for two single lines one each."""
    weight: float = 1.0
    """How often to take it: couplets of many readings more often, so that songs of one theme share few lines."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The patterns as written: what tells one source from another."""
        return tuple(unit.source for unit in self.units)

    @property
    def is_loose(self) -> bool:
        """Whether each line stands alone, so that other lines may come between them."""
        return len(self.units) == 2 or self.units[0].is_loose


@dataclass(frozen=True)
class Meter:
    """What a line should fall like: its ``syllables``, and the ``stresses`` of the line it answers, if there is one."""

    syllables: int
    stresses: tuple[int, ...] = ()

    def price(self, text: str, language: str) -> float:
        """How far a line is off: syllables too many or few, and the share of places where stress differs."""
        line = line_of(text, language)
        wanted = self.stresses or tuple((n + len(line.stresses)) % 2 == 1 for n in range(len(line.stresses)))
        off = abs(len(line.syllables) - (len(self.stresses) or self.syllables))
        shared = min(len(wanted), len(line.stresses))
        # Counted from the end, where the rhyme is: an upbeat more or less does not move the stresses that follow it.
        wrong = sum(line.stresses[-n] > wanted[-n] for n in range(1, shared + 1))
        return _SYLLABLE_PRICE * off + _STRESS_PRICE * wrong / max(shared, 1)


@lru_cache(maxsize=512)
def rhymes_of(language: Language, theme: str, voice: Voice, part: str, is_general: bool) -> tuple[Rhyme, ...]:
    """Every rhyme that a voice can make in a part, of the theme's own patterns or the general ones."""
    pack = load_pack(language)
    units = pack.general[part] if is_general else pack.themes[theme].parts.get(part, ())
    allowed = tuple(unit for unit in units if unit.tags.allow(voice, part))
    nouns = nouns_in(pack.themes[theme], voice, part)
    return rhymes_among(allowed, nouns, voice, part, language)


def rhymes_among(
    units: Sequence[Unit], nouns: Nouns, voice: Voice, part: str, language: str, title: str = ""
) -> tuple[Rhyme, ...]:
    """Rhymes within each couplet and between single lines."""
    found: list[Rhyme] = []
    ends: dict[str, list[tuple[Unit, str, Readings]]] = {}
    for unit in units:
        endings = [tails(line, nouns, title) for line in _voiced(unit, voice, part)]
        if len(endings) == 2:
            weight = _breadth(_voiced(unit, voice, part), nouns)
            found += [replace(rhyme, weight=weight) for rhyme in _couplet_rhymes(unit, endings, language)]
            continue
        for word, readings in endings[0]:
            ends.setdefault(_sound(word, language), []).append((unit, word, readings))
    for sound, group in ends.items():
        pairs = 0
        for index, (unit, word, readings) in enumerate(group):
            for other, answer, more in group[index + 1 :]:
                if other is not unit and plain(word) != plain(answer) and pairs < _OPEN_PAIRS_MAX:
                    pairs += 1
                    found.append(Rhyme(sound, (unit, other), (tuple(readings.items()), tuple(more.items()))))
    return tuple(found)


def _treads(text: str, language: str) -> int:
    """How many content words a line says twice."""
    heard = [plain(word) for word in words_of(text)]
    return sum(heard.count(word) > 1 for word in sorted(content_words(text, language)))


def _breadth(lines: Sequence[Pattern], nouns: Nouns) -> float:
    """1 for a couplet of usual breadth, less for narrower ones."""
    readings = math.prod(count_readings(line, nouns) for line in lines)
    return float((min(readings, _BROAD) / _USUAL) ** _BREADTH_POWER)


def _couplet_rhymes(unit: Unit, endings: Sequence[list[tuple[str, Readings]]], language: str) -> list[Rhyme]:
    found: list[Rhyme] = []
    for (word, readings), (answer, more) in product(*endings):
        agrees = all(readings.get(key, value) == value for key, value in more.items())
        if agrees and rhymes(word, answer, language):
            found.append(Rhyme(_sound(answer, language), (unit,), (tuple({**readings, **more}.items()),)))
    return found


def _voiced(unit: Unit, voice: Voice, part: str) -> tuple[Pattern, ...]:
    tense = "present" if part in TIMELESS else voice.tense
    return tuple(resolved(line, voice.person, tense) for line in unit.lines)


@lru_cache(maxsize=4096)
def _sound(word: str, language: str) -> str:
    return rhyme_sound(word, language).replace("m", "n")


def lines_for(
    rhyme: Rhyme,
    nouns: Nouns,
    voice: Voice,
    part: str,
    language: str,
    meters: Sequence[Meter],
    used: Mapping[str, int],
    rng: np.random.Generator,
    title: str = "",
) -> tuple[float, tuple[str, str]]:
    """(price, lines): the best of a few readings. ``used`` counts the song's content words so far; a word that comes
    back costs, so that songs do not tread on the spot.
    """
    best: tuple[float, tuple[str, str]] | None = None
    for _ in range(READINGS_TRIED):
        texts: list[str] = []
        for unit, fixed in zip(rhyme.units, rhyme.readings, strict=True):
            readings = dict(fixed)
            for line in _voiced(unit, voice, part):
                text = read(line, nouns, title, readings, lambda _key, count: int(rng.integers(count)))
                texts.append(tidy(text))
        words = [content_words(text, language) for text in texts]
        repeated = sum(min(used.get(word, 0), 3) for group in words for word in sorted(group))
        if len(rhyme.units) == 2:
            repeated += _ECHO * (len(words[0] & words[1]) + sum(_treads(text, language) for text in texts))
        price = sum(meter.price(text, language) for meter, text in zip(meters, texts, strict=True))
        price += _REPEATED_WORD_PRICE * repeated
        if best is None or price < best[0]:
            best = (price, (texts[0], texts[1]))
    return best if best is not None else (0.0, ("", ""))
