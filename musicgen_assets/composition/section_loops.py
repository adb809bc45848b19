"""How long the material of each section kind is, and which kinds are sung. Harmony, words and melody agree by it.

Belongs here: loop lengths, sung kinds, sharing bars among lines. Does not belong here: how many bars a
section of the song gets (arrangement), which repeats these loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import get_args

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.styles.schema import Style

ALL_KINDS: tuple[SectionKind, ...] = get_args(SectionKind)
SONG_KINDS: tuple[SectionKind, ...] = ("verse", "pre_chorus", "chorus", "bridge")
"""Kinds that carry words in songs."""
DANCE_KINDS: tuple[SectionKind, ...] = ("breakdown", "drop")
"""Kinds that carry words where a style has forms without verse and chorus."""
STANDS_FOR: Mapping[SectionKind, SectionKind] = {"drop": "chorus", "breakdown": "verse"}
"""The part of a song that each of them plays: whose words it can sing."""
BARS_PER_LINE = 2


def loop_bars(style: Style, kind: SectionKind) -> int:
    """Bars of the loop for a section kind: 4, 8 or (where the style counts in twelves, as the blues) 12."""
    bars = style.section_bars.get(kind, 8)
    if bars % 12 == 0:
        return 12
    if bars % 8 == 0:
        return 8
    return 4 if bars <= 4 or bars % 4 == 0 else 8


def sung_kinds(style: Style) -> tuple[SectionKind, ...]:
    """Section kinds that get words in this style."""
    has_dance_form = any(not {"verse", "chorus"} & set(form) for form in style.forms)
    return (*SONG_KINDS, *DANCE_KINDS) if has_dance_form else SONG_KINDS


def line_count(style: Style, kind: SectionKind) -> int:
    """Lines that fill the loop: two bars a line, two to six lines."""
    return max(2, loop_bars(style, kind) // BARS_PER_LINE)


def line_spans(bars: int, bar_ticks: int, lines: int, grid_ticks: int) -> tuple[tuple[int, int], ...]:
    """(start, end) in ticks of each of ``lines`` lines over a loop of ``bars`` bars.

    Lines get whole bars where there are enough, the longer ones spread evenly and late ("1 1 2 1 1 2"), else
    equal shares cut on multiples of ``grid_ticks``.
    """
    if lines > bars:
        total = bars * bar_ticks
        edges = [round(total * n / lines / grid_ticks) * grid_ticks for n in range(lines + 1)]
        return tuple(pairwise(edges))
    base, extra = divmod(bars, lines)
    # Spread the longer lines evenly, each as late as it can stand.
    sizes = [base + ((n + 1) * extra // lines - n * extra // lines) for n in range(lines)]
    starts = [sum(sizes[:n]) * bar_ticks for n in range(lines)]
    return tuple((start, start + size * bar_ticks) for start, size in zip(starts, sizes, strict=True))
