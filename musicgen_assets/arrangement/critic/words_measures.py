"""What the sung words do, measured from the syllables as they are sung: rhyme, refrain, subject, stress.

Belongs here: measures of the sung text as a song's text. Does not belong here: writing words, and the verse's own
worth line by line (composition.lyrics_score).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Floats
from musicgen_assets.arrangement.takes import stream_of
from musicgen_assets.arrangement.vocal_words import REFRAINS
from musicgen_assets.composition.lyrics_score import lyric_scores
from musicgen_assets.composition.prosody import line_of, rhymes, words_of
from musicgen_assets.composition.prosody_words import plain, word_set
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import Section, Syllable

_RHYME_REACH = 3
_EARLY_STEPS = 2
_STRONG = 0.5


@dataclass(frozen=True)
class SungLine:
    """A line as it is sung once: its words joined again, and where its syllables begin."""

    section: Section
    text: str
    starts: tuple[int, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The line's words, lower case without accents."""
        return tuple(plain(word) for word in words_of(self.text))


def sung_lines(syllables: Sequence[Syllable], sections: Sequence[Section]) -> list[SungLine]:
    """The sung text line by line, in time."""
    by_name = {section.name: section for section in sections}
    found: list[tuple[tuple[str, int], list[Syllable]]] = []
    for syllable in sorted(syllables, key=lambda item: item.start_ticks):
        key = (syllable.section, syllable.line)
        if not found or found[-1][0] != key:
            found.append((key, []))
        found[-1][1].append(syllable)
    return [
        SungLine(
            by_name[name],
            "".join(item.text + (" " if item.is_word_end else "") for item in sung).strip(),
            tuple(item.start_ticks for item in sung),
        )
        for (name, _), sung in found
        if name in by_name
    ]


def word_measures(lines: Sequence[SungLine], lyrics: Lyrics, weights: Floats) -> dict[str, float]:
    """Measures of sung words, each 0-1; empty where nothing is sung. ``weights`` of the steps of a bar.

    ``rhymes``: share of lines that rhyme with one at most three lines away in their section, lines of our own words
    that nothing answers by the stanza's scheme left out. ``refrains``: share of the choruses' lines that the longest
    chorus has too, those with words of their own left out. ``refrain_place``: share of returning lines that return in
    choruses. ``title_place``: share of choruses that sing the title, where any line does. ``as_written``: share of
    lines that the lyrics have for that kind of section. ``stress``: share of stressed syllables on beats, those just
    before one and held over it among them. ``words_...``: the verse's own scores (composition.lyrics_score).
    """
    if not lines:
        return {}
    return {
        "rhymes": _rhymes(lines, lyrics),
        "refrains": _refrains([line for line in lines if stream_of(line.section) not in lyrics.takes]),
        "refrain_place": _refrain_place(lines),
        "title_place": _title_place(lines, lyrics.refrain or lyrics.title, lyrics.language),
        "as_written": _as_written(lines, lyrics),
        "stress": _stress(lines, lyrics.language, weights),
        **{f"words_{name}": value for name, value in lyric_scores(lyrics).items()},
    }


def _by_section(lines: Sequence[SungLine]) -> list[list[SungLine]]:
    found: dict[str, list[SungLine]] = {}
    for line in lines:
        found.setdefault(line.section.name, []).append(line)
    return list(found.values())


def _rhymes(lines: Sequence[SungLine], lyrics: Lyrics) -> float:
    every = [line for section in lyrics.every_stanza() for line in section.lines]
    lettered = {tuple(plain(word) for word in words_of(line.text)) for line in every if line.rhyme}
    answers = []
    for stanza in _by_section(lines):
        for index, line in enumerate(stanza):
            near = stanza[max(0, index - _RHYME_REACH) : index] + stanza[index + 1 : index + 1 + _RHYME_REACH]
            others = [other.text for other in near if other.words != line.words]
            if lyrics.is_users_own or line.words in lettered:
                answers.append(any(rhymes(line.text, other, lyrics.language) for other in others))
    return float(np.mean(answers)) if answers else 0.0


def _refrains(lines: Sequence[SungLine]) -> float:
    choruses = [stanza for stanza in _by_section(lines) if stanza[0].section.kind in HOOK_KINDS]
    if len(choruses) < 2:
        return 1.0
    longest = max(choruses, key=len)
    whole = {line.words for line in longest}
    return float(np.mean([line.words in whole for stanza in choruses if stanza is not longest for line in stanza]))


def _refrain_place(lines: Sequence[SungLine]) -> float:
    """Only where there are both refrains and other sections; else 1."""
    if len({line.section.kind in REFRAINS for line in lines}) < 2:
        return 1.0
    sections: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        sections.setdefault(line.words, []).append(line.section.kind)
    returning = [kind in REFRAINS for kinds in sections.values() if len(kinds) > 1 for kind in kinds]
    return float(np.mean(returning)) if returning else 1.0


def _title_place(lines: Sequence[SungLine], title: str, language: str) -> float:
    empty = {plain(word) for word in word_set(language, "unstressed")}
    wanted = {plain(word) for word in words_of(title)} - empty
    holding = [bool(wanted) and wanted <= set(line.words) for line in lines]
    choruses = [stanza for stanza in _by_section(lines) if stanza[0].section.kind in HOOK_KINDS]
    if not any(holding) or not choruses:
        return 1.0
    return float(np.mean([any(wanted <= set(line.words) for line in stanza) for stanza in choruses]))


def _as_written(lines: Sequence[SungLine], lyrics: Lyrics) -> float:
    written: dict[str, set[tuple[str, ...]]] = {}
    for section in lyrics.every_stanza():
        words = {tuple(plain(word) for word in words_of(line.text)) for line in section.lines}
        written.setdefault(section.kind, set()).update(words)
    return float(np.mean([line.words in written.get(line.section.kind, set()) for line in lines]))


def _stress(lines: Sequence[SungLine], language: str, weights: Floats) -> float:
    """By the words' own stresses; a line whose syllables were sung otherwise is left out."""
    answers = []
    for line in lines:
        stresses = line_of(line.text, language).stresses
        if len(stresses) != len(line.starts):
            continue
        for stress, start in zip(stresses, line.starts, strict=True):
            if stress:
                step = round(start / STEP_TICKS)
                near = [weights[(step + early) % len(weights)] for early in range(_EARLY_STEPS + 1)]
                answers.append(near[0] >= _STRONG or (near[0] < near[-1] and max(near) >= _STRONG))
    return float(np.mean(answers)) if answers else 1.0
