"""chords.txt: the song as a chart of bars for rhythm players, plain text.

Belongs here: the page. Does not belong here: which chord stands where (bar_chords).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.exports.bar_chords import BarChords, SectionChords, chords_by_section
from musicgen_assets.score.exports.bars import cut_words
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
    head = f"{score.title}\n{key}   Meter: {score.time_signature}   Tempo: {tempo_words(written)}"
    cut = cut_words(score)
    parts = [f"{head}\nCut short: {cut}" if cut else head]
    for section in chords_by_section(score):
        name = section.section.name.replace("_", " ")
        lift = section.section.transpose
        moved = f", {lift:+d} semitones" if lift else ""
        parts.append("\n".join([f"[{name}] {section.section.bars} bars{moved}", *_section_lines(section, written)]))
    return "\n\n".join(parts) + "\n"


def _section_lines(section: SectionChords, written: WrittenScore) -> list[str]:
    """The bars of a section as lines of text, a passage that returns at once written once."""
    beat = beat_ticks(written.score.time_signature)
    cells = [_cell(bar, beat) for bar in section.bars]
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


def _cell(inside: BarChords, beat: int) -> str:
    """The chords of a bar; several with dots for the beats each is held. A bar cut short names its meter."""
    bar, chords = inside.bar, inside.chords
    meter = f"({bar.time_signature}) " if bar.skips else ""
    if len(chords) == 1:
        return meter + chords[0].symbol
    starts = [max(bar.offset(chord.tick), 0) for chord in chords]
    parts = []
    for chord, start, end in zip(chords, starts, [*starts[1:], bar.ticks], strict=True):
        parts.append(chord.symbol + " ." * max(round((end - start) / beat) - 1, 0))
    return meter + " ".join(parts)


def _repeated(cells: Sequence[str]) -> tuple[int, int]:
    """(bars, times) of the shortest passage of two bars or more that the section is made of; (all, 1) if none."""
    for period in range(2, len(cells) // 2 + 1):
        if len(cells) % period == 0 and all(cells[index] == cells[index % period] for index in range(len(cells))):
            return period, len(cells) // period
    return len(cells), 1
