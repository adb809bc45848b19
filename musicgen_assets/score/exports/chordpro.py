"""song.cho: words with their chords in brackets, for singers with a guitar.

Belongs here: the ChordPro file. Does not belong here: choosing a capo (transposing), chords by bar (bar_chords).

Format: ChordPro 6 (chordpro.org). Sections that nobody sings stand as grids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from musicgen_assets.score.clock import beat_ticks, ticks_per_bar
from musicgen_assets.score.exports.bar_chords import NO_CHORD, BarChords, SectionChords, chords_by_section
from musicgen_assets.score.exports.bars import cut_words
from musicgen_assets.score.exports.lead_sheet import bpm_words
from musicgen_assets.score.exports.transposing import transposed_sheet
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.score.midi import MINOR_SCALES
from musicgen_assets.score.model import Score, Section, Syllable
from musicgen_assets.theory.keys import practical_tonic

_ENVIRONMENTS = {"chorus": "chorus", "drop": "chorus", "bridge": "bridge"}
"""Section kinds with an environment of their own; all other sung ones are verses."""
_Chord = tuple[int, str]


def chordpro(written: WrittenScore, capo: int = 0) -> str:
    """The song as ChordPro. With a ``capo`` (fret) chords are the shapes that are gripped, and the key is theirs; a
    comment says how it sounds.
    """
    score = written.score
    sheet = transposed_sheet(written, -capo)
    lines = [f"{{title: {_plain(score.title)}}}", f"{{key: {_key(sheet.score)}}}"]
    if capo:
        lines += [f"{{capo: {capo}}}", f"{{comment: Sounds in {_key(score)}; chords are shapes with the capo}}"]
    lines += [f"{{time: {score.time_signature}}}", f"{{tempo: {score.tempo_bpm:.0f}}}"]
    if written.swing.words:
        lines.append(f"{{comment: {written.swing.words}}}")
    if score.tempo_map:
        lines.append(f"{{comment: Tempo bends: {bpm_words(score)}}}")
    if cut_words(score):
        lines.append(f"{{comment: Cut short: {cut_words(score)}}}")
    sung = _lines_by_section(sheet)
    for section in chords_by_section(sheet.score):
        lines += ["", *_section(section, sung.get(section.section.start_ticks, []), sheet.score)]
    return "\n".join(lines) + "\n"


def _section(section: SectionChords, sung: Sequence[Sequence[Syllable]], score: Score) -> list[str]:
    name = _plain(section.section.name.replace("_", " "))
    if not sung:
        return [f"{{start_of_grid: {name}}}", *_grid(section, score), "{end_of_grid}"]
    kind = _ENVIRONMENTS.get(section.section.kind, "verse")
    return [f"{{start_of_{kind}: {name}}}", *_song_lines(section, sung, score), f"{{end_of_{kind}}}"]


def _song_lines(section: SectionChords, sung: Sequence[Sequence[Syllable]], score: Score) -> list[str]:
    """The section's lines. A chord stands at the syllable it sounds with, even where that one comes a little early;
    chords before a line's first syllable stand before it, those after a line's last at its end.
    """
    bar, beat = ticks_per_bar(score.time_signature), beat_ticks(score.time_signature)
    changes = _changes(section)
    starts = [line[0].start_ticks for line in sung]
    cuts = [section.section.start_ticks, *(max(start - min(start % bar, bar // 2), 0) for start in starts[1:])]
    ends = [*cuts[1:], section.section.end_ticks]
    texts = []
    for line, low, high in zip(sung, cuts, ends, strict=True):
        inside = [change for change in changes if low <= change[0] < high]
        texts.append(_line(line, inside, beat // 2))
    return texts


def _line(line: Sequence[Syllable], chords: Sequence[_Chord], early: int) -> str:
    left = list(chords)
    parts: list[str] = []
    before = [symbol for tick, symbol in left if tick < line[0].start_ticks - early]
    left = left[len(before) :]
    parts += [f"[{symbol}] " for symbol in before]
    for index, syllable in enumerate(line):
        following = line[index + 1].start_ticks if index + 1 < len(line) else None
        here = [change for change in left if following is None or change[0] < following - _lead(syllable, early)]
        here = [change for change in here if following is not None or change[0] <= syllable.start_ticks + early]
        parts += [f"[{symbol}]" for _, symbol in here]
        left = left[len(here) :]
        parts.append(_escaped(syllable.text) + (" " if syllable.is_word_end else ""))
    text = "".join(parts).rstrip()
    return " ".join([text, *(f"[{symbol}]" for _, symbol in left)])


def _lead(syllable: Syllable, early: int) -> int:
    """How much before the next syllable a chord already counts as that one's."""
    return min(early, syllable.duration_ticks // 2)


def _grid(section: SectionChords, score: Score) -> list[str]:
    """Bars with one cell a beat."""
    beat = beat_ticks(score.time_signature)
    cells = [" ".join(_cells(bar, beat)) for bar in section.bars]
    rows = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    return ["| " + " | ".join(row) + " |" for row in rows]


def _cells(inside: BarChords, beat: int) -> list[str]:
    cells = ["."] * max(inside.bar.ticks // beat, 1)
    for chord in inside.chords:
        place = min(round(max(inside.bar.offset(chord.tick), 0) / beat), len(cells) - 1)
        cells[place] = chord.symbol
    return cells


def _changes(section: SectionChords) -> list[_Chord]:
    """(tick, symbol) wherever the chord changes; held ones only at the section's start."""
    found: list[_Chord] = []
    for number, bar in enumerate(section.bars):
        for chord in bar.chords:
            if (chord.is_held and number) or (found and found[-1][1] == chord.symbol):
                continue
            found.append((chord.tick, "N.C." if chord.symbol == NO_CHORD else chord.symbol))
    return found


def _lines_by_section(written: WrittenScore) -> Mapping[int, list[list[Syllable]]]:
    """Start of a section -> its sung lines. A line belongs where it begins, a pick-up to the section it leads into."""
    found: dict[int, list[list[Syllable]]] = {}
    for _, group in groupby(written.syllables, key=lambda one: (one.section, one.line)):
        line = list(group)
        found.setdefault(_home(line, written.score.sections), []).append(line)
    return found


def _home(line: Sequence[Syllable], sections: Sequence[Section]) -> int:
    middle = line[len(line) // 2].start_ticks
    named = [section for section in sections if section.name == line[0].section]
    near = named or [section for section in sections if section.start_ticks <= middle] or list(sections[:1])
    return min(near, key=lambda section: abs(section.start_ticks - line[0].start_ticks)).start_ticks


def _key(score: Score) -> str:
    return practical_tonic(score.key, score.scale) + ("m" if score.scale in MINOR_SCALES else "")


def _plain(text: str) -> str:
    return " ".join(text.replace("{", "(").replace("}", ")").split())


def _escaped(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").strip()
