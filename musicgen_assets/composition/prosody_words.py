"""Words as syllables: what every language's rules share.

Belongs here: the Word, cutting a word between its vowel nuclei, the exceptions lexicon. Does not belong
here: which letters are nuclei and where stress falls (prosody_<language>), whole lines (prosody).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

Span = tuple[int, int]
"""First and past-last letter of a vowel nucleus."""


@dataclass(frozen=True)
class Word:
    """A word as syllables that join to its letters; ``stress`` is the index of the stressed one."""

    text: str
    syllables: tuple[str, ...]
    stress: int


@dataclass(frozen=True)
class Rules:
    """One language: ``nuclei`` of a lower-case word, its ``stress`` given the syllables, the consonant groups
    that may begin a syllable, and the sound of a word from its stressed vowel on (``tail``), by which rhymes go.
    """

    nuclei: Callable[[str], list[Span]]
    stress: Callable[[str, tuple[str, ...]], int]
    onsets: frozenset[str]
    tail: Callable[[Word], str]
    recut: Callable[[tuple[str, ...]], tuple[str, ...]] | None = None
    """Mends the cut where a language hyphenates by stems."""
    variants: Callable[[Word], tuple[str, ...]] = lambda _word: ()
    """Other sounds that a word's tail has besides ``tail``: "again" rhymes with "then" and with "rain"."""
    joins_vowels: bool = False
    """Whether a word's last vowel and the next word's first share a syllable when sung (synaloepha)."""
    drops_mute_e: bool = False


def letter_groups(text: str) -> frozenset[str]:
    """The groups of letters in a text, separated by spaces."""
    return frozenset(text.split())


def cut(word: str, nuclei: Sequence[Span], onsets: frozenset[str]) -> tuple[str, ...]:
    """The word's letters cut between nuclei: the longest legal onset goes to the later syllable."""
    if len(nuclei) < 2:
        return (word,)
    lower = word.lower()
    cuts = [0]
    for (_, end), (start, _) in pairwise(nuclei):
        cluster = lower[end:start]
        size = next((n for n in range(len(cluster), 1, -1) if cluster[-n:] in onsets), min(len(cluster), 1))
        cuts.append(start - size)
    return tuple(word[a:b] for a, b in pairwise([*cuts, len(word)]))


@lru_cache(maxsize=1)
def _lexicon_file() -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = Path(__file__).parent / "data" / "prosody.yaml"
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    return loaded


def lexicon(language: str, name: str) -> Any:
    """An entry of the lexicon as it stands in data/prosody.yaml."""
    return _lexicon_file().get(language, {}).get(name, {})


@lru_cache(maxsize=8)
def exceptions(language: str) -> dict[str, tuple[tuple[int, ...], int]]:
    """Lower-case word -> (letters in each syllable, stressed index), for words that rules get wrong."""
    found: dict[str, tuple[tuple[int, ...], int]] = {}
    for entry in _lexicon_file().get(language, {}).get("words", "").lower().split():
        parts = entry.split("-")
        stress = next((n for n, part in enumerate(parts) if part.startswith("'")), 0)
        parts = [part.lstrip("'") if len(parts) > 1 else part for part in parts]
        found["".join(parts)] = (tuple(len(part) for part in parts), stress)
    return found


@lru_cache(maxsize=32)
def word_set(language: str, name: str) -> frozenset[str]:
    """A set of the lexicon: "unstressed" words, French "aspirated" and "mute_ent"; empty where there is none."""
    return frozenset(_lexicon_file().get(language, {}).get(name, "").split())


@lru_cache(maxsize=16384)
def plain(text: str) -> str:
    """Lower case without accents or cedillas; ß becomes ss."""
    letters = unicodedata.normalize("NFD", text.lower().replace("ß", "ss").replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


def known(word: str, language: str) -> Word | None:
    """``word`` by the exceptions lexicon, or None."""
    entry = exceptions(language).get(word.lower().replace("’", "'"))
    if entry is None:
        return None
    sizes, stress = entry
    syllables, position = [], 0
    for size in sizes:
        syllables.append(word[position : position + size])
        position += size
    return Word(word, tuple(syllables), stress)
