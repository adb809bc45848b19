"""What the words are worth as verse: theme, rhyme and meter, each 0-1.

Belongs here: the measures. Does not belong here: choosing words.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from musicgen_assets.composition.prosody import rhymes, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.score.material import LyricSection


def lyric_scores(sections: Sequence[LyricSection], language: str, theme_words: frozenset[str]) -> dict[str, float]:
    """``theme``: share of stanzas with a word of the theme's field. ``rhyme``: share of lines that share a rhyme
    letter with another line of their stanza and sound alike (lines without a letter count as unrhymed).
    ``meter``: one less the mean relative difference in syllables between lines in the same place of two stanzas
    of one kind, and between neighbours that rhyme. All 1 where there are no words to compare.
    """
    return {
        "theme": round(_theme_share(sections, theme_words), 4),
        "rhyme": round(_rhyme_share(sections, language), 4),
        "meter": round(_meter(sections), 4),
    }


def _theme_share(sections: Sequence[LyricSection], theme_words: frozenset[str]) -> float:
    if not sections:
        return 1.0
    hits = 0
    for section in sections:
        words = {plain(word) for line in section.lines for word in words_of(line.text)}
        hits += any(word in theme_words or _stem(word) in theme_words for word in words)
    return hits / len(sections)


def _stem(word: str) -> str:
    return word.removesuffix("es").removesuffix("s").removesuffix("ing")


def _rhyme_share(sections: Sequence[LyricSection], language: str) -> float:
    checked: list[bool] = []
    for section in sections:
        for index, line in enumerate(section.lines):
            partners = [other for n, other in enumerate(section.lines) if n != index and other.rhyme == line.rhyme]
            checked.append(bool(line.rhyme) and any(rhymes(line.text, other.text, language) for other in partners))
    return sum(checked) / len(checked) if checked else 1.0


def _meter(sections: Sequence[LyricSection]) -> float:
    differences: list[float] = []
    for first, second in combinations(sections, 2):
        if first.kind == second.kind:
            for one, other in zip(first.lines, second.lines, strict=False):
                differences.append(_difference(len(one.syllables), len(other.syllables)))
    for section in sections:
        for one, other in combinations(section.lines, 2):
            if one.rhyme and one.rhyme == other.rhyme:
                differences.append(_difference(len(one.syllables), len(other.syllables)))
    return max(0.0, 1.0 - sum(differences) / len(differences)) if differences else 1.0


def _difference(one: int, other: int) -> float:
    return abs(one - other) / max(one, other, 1)
