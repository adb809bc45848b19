"""Sung words with their times: lines from syllables, .lrc, .srt and .txt from lines.

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
    words: tuple[tuple[float, str], ...] = ()
    """When each word begins, and the word as it is written."""


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
    written = spelling.get(_letters(text), text)
    return SungLine(
        section,
        written,
        round(song.seconds(first.start_ticks), 3),
        round(song.seconds(last.start_ticks + last.duration_ticks), 3),
        _words(syllables, written, song),
    )


def _words(syllables: Sequence[Syllable], written: str, song: SongClock) -> tuple[tuple[float, str], ...]:
    """Words by where they begin; as they are written where that gives as many, else as they are sung."""
    ends = [
        index + 1 for index, syllable in enumerate(syllables) if syllable.is_word_end or index == len(syllables) - 1
    ]
    starts = [0, *ends[:-1]]
    sung = ["".join(part.text.strip() for part in syllables[a:b]) for a, b in zip(starts, ends, strict=True)]
    texts = written.split() if len(written.split()) == len(sung) else sung
    times = [round(song.seconds(syllables[start].start_ticks), 3) for start in starts]
    return tuple(zip(times, texts, strict=True))


def _spelling(lyrics: Lyrics) -> dict[str, str]:
    return {_letters(line.text): line.text for section in lyrics.every_stanza() for line in section.lines}


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def lrc_text(title: str, lines: Sequence[SungLine], duration_s: float) -> str:
    """An .lrc file: every line behind the time it starts at."""
    head = [f"[ti:{_one_line(title)}]", f"[length:{clock(duration_s)}]"]
    body = [f"[{clock(line.start_s)}]{_one_line(line.text)}" for line in lines]
    return "\n".join([*head, *body]) + "\n"


def enhanced_lrc_text(title: str, lines: Sequence[SungLine], duration_s: float) -> str:
    """The enhanced form of .lrc: every word behind the time it starts at, for players that follow along."""
    head = [f"[ti:{_one_line(title)}]", f"[length:{clock(duration_s)}]"]
    body = [
        f"[{clock(line.start_s)}]" + " ".join(f"<{clock(start_s)}>{word}" for start_s, word in line.words)
        for line in lines
    ]
    return "\n".join([*head, *body]) + "\n"


def srt_text(lines: Sequence[SungLine]) -> str:
    """Subtitles in SubRip form: numbered, each shown while it is sung and gone before the next."""
    cues = []
    for number, line in enumerate(lines, 1):
        following = lines[number].start_s if number < len(lines) else line.end_s
        end_s = max(min(line.end_s, following), line.start_s + 0.001) if following > line.start_s else line.end_s
        cues.append(f"{number}\n{subtitle_clock(line.start_s)} --> {subtitle_clock(end_s)}\n{_one_line(line.text)}\n")
    return "\n".join(cues)


def subtitle_clock(time_s: float) -> str:
    """Seconds as .srt writes them: 75.5 -> "00:01:15,500"."""
    thousandths = round(max(time_s, 0.0) * 1000)
    minutes = thousandths // 60_000
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{thousandths // 1000 % 60:02d},{thousandths % 1000:03d}"


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
