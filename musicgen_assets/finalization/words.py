"""Sung words with their times: lines from syllables, .lrc and .txt from lines.

Belongs here: turning the vocal line's syllables back into the lines that were written. Does not belong here: writing
words (composition) or placing them (arrangement).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from musicgen_assets.score.clock import SongClock
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import Syllable


@dataclass(frozen=True)
class SungLine:
    """One line as it is sung, times from the start of the song."""

    section: str
    text: str
    start_s: float
    end_s: float


def sung_lines(syllables: Iterable[Syllable], song: SongClock, lyrics: Lyrics | None = None) -> tuple[SungLine, ...]:
    """Lines in the order they are sung. ``lyrics`` lends its spelling and punctuation where letters agree."""
    spelling = {} if lyrics is None else _spelling(lyrics)
    in_order = sorted(syllables, key=lambda syllable: syllable.start_ticks)
    return tuple(
        _line(section, list(group), song, spelling)
        for (section, _), group in groupby(in_order, key=lambda syllable: (syllable.section, syllable.line))
    )


def _line(section: str, syllables: Sequence[Syllable], song: SongClock, spelling: dict[str, str]) -> SungLine:
    text = "".join(syllable.text.strip() + (" " if syllable.is_word_end else "") for syllable in syllables).strip()
    first, last = syllables[0], syllables[-1]
    return SungLine(
        section,
        spelling.get(_letters(text), text),
        round(song.seconds(first.start_ticks), 3),
        round(song.seconds(last.start_ticks + last.duration_ticks), 3),
    )


def _spelling(lyrics: Lyrics) -> dict[str, str]:
    return {_letters(line.text): line.text for section in lyrics.sections for line in section.lines}


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def lrc_text(title: str, lines: Sequence[SungLine], duration_s: float) -> str:
    """An .lrc file: every line behind the time it starts at."""
    head = [f"[ti:{_one_line(title)}]", f"[length:{clock(duration_s)}]"]
    body = [f"[{clock(line.start_s)}]{_one_line(line.text)}" for line in lines]
    return "\n".join([*head, *body]) + "\n"


def plain_text(title: str, lines: Sequence[SungLine]) -> str:
    """The words for reading: title, sections by name, a line a line."""
    parts = [title]
    for section, group in groupby(lines, key=lambda line: line.section):
        parts.append("\n".join([f"[{section_label(section)}]", *(line.text for line in group)]))
    return "\n\n".join(parts) + "\n"


def section_label(name: str) -> str:
    """ "pre_chorus_2" as people write it: "Pre chorus 2"."""
    return name.replace("_", " ").strip().capitalize()


def clock(time_s: float) -> str:
    """Seconds as .lrc writes them: 75.5 -> "01:15.50"."""
    hundredths = round(max(time_s, 0.0) * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
