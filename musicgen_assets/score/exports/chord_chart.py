"""chords.txt: the song as a chart of bars for rhythm players, plain text.

Belongs here: the page. Does not belong here: which chord stands where (bar_chords).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.score.clock import beat_ticks, ticks_per_bar
from musicgen_assets.score.exports.bar_chords import BarChord, SectionChords, chords_by_section
from musicgen_assets.score.exports.lead_sheet import tempo_words
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.theory.keys import practical_tonic

BARS_A_LINE = 4
SAME = "%"
"""A bar like the one before it in its line."""


def chord_chart(written: WrittenScore) -> str:
    """Title, key, meter, tempo; then each section by name with its bars, four a line. ``%`` repeats a bar, ``.`` is a
    beat of the chord before it, ``|: :| xN`` a passage that is played N times.
    """
    score = written.score
    key = f"Key: {practical_tonic(score.key, score.scale)} {score.scale}"
    parts = [f"{score.title}\n{key}   Meter: {score.time_signature}   Tempo: {tempo_words(written)}"]
    for section in chords_by_section(score):
        name = section.section.name.replace("_", " ")
        lift = section.section.transpose
        moved = f", {lift:+d} semitones" if lift else ""
        parts.append("\n".join([f"[{name}] {section.section.bars} bars{moved}", *section_lines(section, written)]))
    return "\n\n".join(parts) + "\n"


def section_lines(section: SectionChords, written: WrittenScore) -> list[str]:
    """The bars of a section as lines of text, a passage that returns at once written once."""
    cells = [_cell(bar, written.score.time_signature) for bar in section.bars]
    period, times = _repeated(cells)
    shown = cells[:period] if times > 1 else cells
    shown = [SAME if index % BARS_A_LINE and cell == shown[index - 1] else cell for index, cell in enumerate(shown)]
    width = max(len(cell) for cell in shown)
    rows = [shown[start : start + BARS_A_LINE] for start in range(0, len(shown), BARS_A_LINE)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell in row) + " |" for row in rows]
    if times > 1:
        lines[0] = "|:" + lines[0][1:]
        lines[-1] = lines[-1][:-1] + f":| x{times}"
    return lines


def _cell(bar: Sequence[BarChord], time_signature: str) -> str:
    """The chords of a bar; where there are several, dots for the beats each is held."""
    if len(bar) == 1:
        return bar[0].symbol
    length, beat = ticks_per_bar(time_signature), beat_ticks(time_signature)
    start = bar[0].tick - bar[0].tick % length
    ends = [*(chord.tick for chord in bar[1:]), start + length]
    parts = []
    for chord, end in zip(bar, ends, strict=True):
        parts.append(chord.symbol + " ." * max(round((end - max(chord.tick, start)) / beat) - 1, 0))
    return " ".join(parts)


def _repeated(cells: Sequence[str]) -> tuple[int, int]:
    """(bars, times) of the shortest passage of two bars or more that the section is made of; (all, 1) if none."""
    for period in range(2, len(cells) // 2 + 1):
        if len(cells) % period == 0 and all(cells[index] == cells[index % period] for index in range(len(cells))):
            return period, len(cells) // period
    return len(cells), 1
