"""Searching lines backwards from their rhyme: which patterns can end on a sound, and which reading of them fits best.

Belongs here: rhyme tables, readings that keep to a rhyme and a meter. Does not belong here: which parts a song has
(lyrics_writer), the notation (lyrics_pattern), the patterns (data/).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, product

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
_READING_WHIM = 3.0
"""Chance in the choice among readings of one couplet, as much as two syllables: else the one that scans best would
stand in every song."""
_UNASKED_RHYME_PRICE = 8.0
"""Of a line of a ballad stanza that rhymes where none should."""
_ECHO = 8
"""Single lines that share a word count it so often: they were not written for each other."""
_USUAL, _BROAD, _BREADTH_POWER = 36, 300, 0.4
"""Readings of a usual couplet, readings from which more count for nothing, and how steeply they count."""
_ENDINGS_MAX = 8
"""Ways kept in which one pattern ends on one sound."""
_OPEN_PAIRS_MAX = 400
"""Pairs of single lines or halves kept of one sound."""


@dataclass(frozen=True)
class Rhyme:
    """A way for lines to rhyme: on ``sound``, one couplet, two single lines or two halves of a ballad stanza, read so
    far as their ends ask.
    """

    sound: str
    units: tuple[Unit, ...]
    readings: tuple[tuple[tuple[str, int], ...], ...]
    """For a couplet one set of readings, for two single lines or halves one each."""
    weight: float = 1.0
    """How often to take it: couplets of many readings more often, so that songs of one theme share few lines."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The patterns as written: what tells one source from another."""
        return tuple(unit.source for unit in self.units)

    @property
    def is_loose(self) -> bool:
        """Whether each line stands alone, so that other lines may come between them."""
        return (len(self.units) == 2 and not self.is_ballad) or self.units[0].is_loose

    @property
    def is_ballad(self) -> bool:
        """Whether it is four lines, of which the second and the fourth rhyme."""
        return self.units[0].is_half


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
    """Every rhyme that a voice can make in a part, of the theme's own patterns or the general ones; general lines
    that stand alone may answer the theme's.
    """
    pack = load_pack(language)
    units = pack.themes[theme].parts.get(part, ())
    if is_general:
        units = (*pack.general[part], *(unit for unit in units if len(unit.lines) == 1 or unit.is_half))
    allowed = tuple(unit for unit in units if unit.tags.allow(voice, part))
    nouns = nouns_in(pack.themes[theme], voice, part)
    return rhymes_among(allowed, nouns, voice, part, language)


def rhymes_among(
    units: Sequence[Unit], nouns: Nouns, voice: Voice, part: str, language: str, title: str = ""
) -> tuple[Rhyme, ...]:
    """Rhymes within each couplet, between single lines, and between the second lines of halves."""
    found: list[Rhyme] = []
    ends: dict[tuple[str, bool], list[tuple[Unit, str, Readings]]] = {}
    for unit in units:
        endings = [tails(line, nouns, title) for line in _voiced(unit, voice, part)]
        if len(endings) == 2 and not unit.is_half:
            weight = _breadth(_voiced(unit, voice, part), nouns)
            found += [replace(rhyme, weight=weight) for rhyme in _couplet_rhymes(unit, endings, language)]
            continue
        for word, readings in endings[-1]:
            ends.setdefault((_sound(word, language), unit.is_half), []).append((unit, word, readings))
    for (sound, _), group in ends.items():
        found += _open_pairs(sound, group)
    return tuple(found)


def _open_pairs(sound: str, group: Sequence[tuple[Unit, str, Readings]]) -> list[Rhyme]:
    """Pairs of units that can end on one sound, on different words; of each two units about as many readings."""
    by_unit: dict[int, list[tuple[Unit, str, Readings]]] = {}
    for entry in group:
        by_unit.setdefault(id(entry[0]), []).append(entry)
    spread = [entries[:: -(-len(entries) // _ENDINGS_MAX)] for entries in by_unit.values()]
    couples = list(combinations(spread, 2))
    found: list[Rhyme] = []
    for ones, others in couples:
        pairs = [(one, other) for one, other in product(ones, others) if plain(one[1]) != plain(other[1])]
        step = max(1, len(pairs) * len(couples) // _OPEN_PAIRS_MAX)
        found += [
            Rhyme(sound, (one[0], other[0]), (tuple(one[2].items()), tuple(other[2].items())))
            for one, other in pairs[::step]
        ]
    return found


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
) -> tuple[float, tuple[str, ...]]:
    """(price, lines): the best of a few readings, two lines, or four of a ballad stanza.

    ``used`` counts the song's content words so far; a word that comes back costs, so that songs do not tread on the
    spot.
    """
    best: tuple[float, tuple[str, ...]] = (math.inf, ())
    best_whim = math.inf
    for _ in range(READINGS_TRIED):
        groups: list[list[str]] = []
        for unit, fixed in zip(rhyme.units, rhyme.readings, strict=True):
            readings = dict(fixed)
            groups.append(
                [
                    tidy(read(line, nouns, title, readings, lambda _key, count: int(rng.integers(count))))
                    for line in _voiced(unit, voice, part)
                ]
            )
        texts = [text for group in groups for text in group]
        price = sum(meter.price(text, language) for meter, text in zip(meters, texts, strict=True))
        price += _REPEATED_WORD_PRICE * _repeated(groups, used, language)
        price += _UNASKED_RHYME_PRICE * (rhyme.is_ballad and _rings_early(texts, language))
        whim = price + _READING_WHIM * rng.random()
        if whim < best_whim:
            best, best_whim = (price, tuple(texts)), whim
    return best


def _repeated(groups: Sequence[Sequence[str]], used: Mapping[str, int], language: str) -> int:
    """How often content words of the lines were heard before in the song (``used``), or in lines that were not
    written for each other.
    """
    words = [content_words(" ".join(group), language) for group in groups]
    repeated = sum(min(used.get(word, 0), 3) for group in words for word in sorted(group))
    if len(groups) == 2:
        treads = sum(_treads(" ".join(group), language) for group in groups)
        repeated += _ECHO * (len(words[0] & words[1]) + treads)
    return repeated


def _rings_early(texts: Sequence[str], language: str) -> bool:
    """Whether a line of a ballad stanza that nothing should answer rhymes with another."""
    first, second, third, fourth = texts
    pairs = ((first, second), (third, fourth), (first, third), (first, fourth), (second, third))
    return any(rhymes(one, other, language) for one, other in pairs)
