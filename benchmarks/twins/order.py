"""Faults of order: bars and sections in the wrong places, or an ending that is none.

Belongs here: faults that move whole bars. Does not belong here: single notes.
"""

from __future__ import annotations

import numpy as np

from benchmarks.twins.editing import bar_count, bar_ticks, silenced_from, spliced
from benchmarks.written import WrittenSong
from musicgen_assets.score.model import Section

LOOP_BARS = 4
CUT_BARS = 2
_EDGES = ("intro", "outro")


def bars_shuffled(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """All bars of the song in random order."""
    del other
    return spliced(song, [int(bar) for bar in rng.permutation(bar_count(song))])


def four_bars_looped(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Four bars from the start of one section, throughout."""
    del other
    first = _chosen(song, rng, LOOP_BARS).start_bar
    first = max(min(first, bar_count(song) - LOOP_BARS), 0)
    length = min(LOOP_BARS, bar_count(song))
    return spliced(song, [first + bar % length for bar in range(bar_count(song))])


def sections_alike(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Every section a copy of one, repeated or cut to its length."""
    del other
    chosen = _chosen(song, rng, LOOP_BARS)
    sources = [chosen.start_bar + bar % chosen.bars for section in song.score.sections for bar in range(section.bars)]
    return spliced(song, sources)


def ending_cut(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Half the time the last two bars are silent; else they are a phrase's first bars, broken off half way."""
    del other
    bars, bar = bar_count(song), bar_ticks(song)
    kept = bars - CUT_BARS
    if rng.random() < 0.5:
        return silenced_from(song, kept * bar)
    begun = min(_chosen(song, rng, CUT_BARS).start_bar, kept)
    running = spliced(song, [*range(kept), begun, begun + 1])
    return silenced_from(running, bars * bar - bar // 2)


def _chosen(song: WrittenSong, rng: np.random.Generator, bars: int) -> Section:
    """A section of at least ``bars`` bars that is neither intro nor outro and not the last, where there is one."""
    sections = song.score.sections
    long = [section for section in sections if section.bars >= bars] or list(sections)
    inner = [section for section in long if section.kind not in _EDGES and section is not sections[-1]] or long
    return inner[int(rng.integers(len(inner)))]
