"""Which words go where in a song: a stanza for each pass of a theme, a line for each phrase.

Belongs here: matching lyric sections to the sections of a score. Does not belong here: syllables on notes
(vocal_underlay), the track that results (vocal_line).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from musicgen_assets.arrangement.timeline import Run, runs_of
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Melody
from musicgen_assets.score.model import Section

REFRAINS: tuple[SectionKind, ...] = (*HOOK_KINDS, "pre_chorus")
"""Kinds that sing the same words whenever they come back."""
LINES_A_PHRASE_MAX = 2


def sung_passes(
    sections: Sequence[Section], melody: Melody, lyrics: Lyrics
) -> list[tuple[Section, Run, LyricSection, int]]:
    """(section, its bars and where in the theme they start, words, number of its first line) for all that is sung.

    Where a kind has a stanza for each pass of its theme, each pass sings the next; else each section does, its
    later passes left to the instruments. Refrains return; a lone stanza of another kind is sung again; when
    several have run out the instruments play. A last, partial pass repeats a refrain's closing lines.
    """
    stanzas: dict[SectionKind, list[LyricSection]] = {}
    for words in lyrics.sections:
        stanzas.setdefault(words.kind, []).append(words)
    whole: dict[SectionKind, int] = {}
    for section in sections:
        if section.kind in stanzas and section.kind in melody.themes:
            whole[section.kind] = whole.get(section.kind, 0) + len(_full_runs(section, sections, melody))
    taken: dict[SectionKind, int] = {}
    found: list[tuple[Section, Run, LyricSection, int]] = []
    for section in sections:
        own = stanzas.get(section.kind, [])
        if not own or section.kind not in melody.themes:
            continue
        each_pass = section.kind in REFRAINS or len(own) >= whole[section.kind]
        first_line = 0
        for number, run in enumerate(_runs(section, sections, melody)):
            is_rest = number > 0 and run.loop_bar > 0
            if number and (not each_pass or (is_rest and section.kind not in REFRAINS)):
                continue
            stanza = _stanza(own, section, taken)
            if stanza is None:
                continue
            found.append((section, run, stanza, first_line))
            first_line += len(stanza.lines)
    return found


def _stanza(own: Sequence[LyricSection], section: Section, taken: dict[SectionKind, int]) -> LyricSection | None:
    """The next stanza of a kind, counting those taken; None when they have run out."""
    if section.kind in REFRAINS:
        return own[min(section.index, len(own) - 1)]
    index = taken.get(section.kind, 0)
    taken[section.kind] = index + 1
    if index < len(own):
        return own[index]
    return own[0] if len(own) == 1 else None


def _full_runs(section: Section, sections: Sequence[Section], melody: Melody) -> list[Run]:
    return [run for number, run in enumerate(_runs(section, sections, melody)) if number == 0 or run.loop_bar == 0]


def _runs(section: Section, sections: Sequence[Section], melody: Melody) -> tuple[Run, ...]:
    """How the section reads its theme, as the arrangement does; a song's last bar is lent to the last pass, so
    that a line that ends there is sung to its end.
    """
    loop = melody.themes[section.kind].bars
    is_final = section is sections[-1]
    bars = section.bars - 1 if is_final else section.bars
    runs = runs_of(section.start_bar, bars, loop)
    if is_final and runs and runs[-1].loop_bar + runs[-1].bars < loop:
        last = runs[-1]
        return (*runs[:-1], Run(last.start_bar, last.loop_bar, last.bars + 1))
    return runs


def _rhyming_pair(lines: Sequence[LyricLine]) -> tuple[int, int]:
    """Numbers of the first two lines that rhyme with each other; the first two where none do."""
    pairs = [
        (a, b) for a, b in combinations(range(len(lines)), 2) if lines[a].rhyme and lines[a].rhyme == lines[b].rhyme
    ]
    return pairs[0] if pairs else (0, 1)


def lines_by_phrase(
    lines: Sequence[LyricLine], opening: int, phrases: int, of: int
) -> list[list[tuple[int, LyricLine]]]:
    """Lines, with their numbers, for each of ``phrases`` phrases of a pass: those of the theme's ``of`` phrases
    that follow its first ``opening`` ones.

    One line a phrase; a stanza of more lines than the theme has phrases puts up to two on one. A pass cut short
    sings what it has room for, a rhyming pair where that is two lines.
    """
    numbered = list(enumerate(lines))
    if len(lines) > of:
        kept = min(len(lines), of * LINES_A_PHRASE_MAX)
        edges = [kept * n // of for n in range(of + 1)]
        return [numbered[a:b] for a, b in pairwise(edges)][opening : opening + phrases]
    if phrases == 2 and opening == 0 and len(lines) > 3:
        return [[numbered[n]] for n in _rhyming_pair(lines)]
    return [numbered[n : n + 1] for n in range(opening, opening + phrases)]
