"""Where the lines of a song are sung: each pass of a theme with its words, phrase by phrase, as (section, line) pairs.

Belongs here: laying lines on the phrases that are played, breaths and turns of the finished line, where the melody is
silent for it, stops. Does not belong here: which words each section sings (vocal_words), one line on one phrase
(vocal_setting, vocal_underlay), tracks and instruments (vocal_line).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from musicgen_assets.arrangement.takes import stream_of
from musicgen_assets.arrangement.timeline import Run
from musicgen_assets.arrangement.vocal_setting import Phrase, bound, set_line, with_breath, with_turn
from musicgen_assets.arrangement.vocal_underlay import Sung, Unit, underlay
from musicgen_assets.arrangement.vocal_words import REFRAINS, lines_by_phrase, sung_passes
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Melody, Theme
from musicgen_assets.score.model import NoteRow, Score, Section
from musicgen_assets.styles.schema_vocals import VocalHabits
from musicgen_assets.theory.scales import scale_pitch_classes

_EARLY_TICKS = 60
"""The melody falls silent this long before a sung phrase: its player may be ahead of the beat."""
_TURN_EVERY = ((0.6, 1), (0.3, 2), (0.15, 4))
"""(melisma from, every so many lines end on a turn)."""

SungLine = tuple[Section, tuple[Sung, ...]]


@dataclass
class _Passes:
    """The song in the making: what each section sings, in lines, and where the melody is silent for it."""

    lines: list[SungLine] = field(default_factory=list)
    mutes: list[tuple[int, int]] = field(default_factory=list)
    sixteenth_swing: float = 0.5


def sung_lines_of(
    score: Score, melody: Melody, lyrics: Lyrics, time_signature: str, habits: VocalHabits,
    takes: Mapping[str, Melody] | None = None,
) -> tuple[list[SungLine], list[tuple[int, int]]]:  # fmt: skip
    """(lines in time, [start, end] in ticks where the melody is silent for them). ``takes``: melodies of sections that
    have their own, by arrangement.takes.stream_of. A section with words of its own changes no line of another.
    """
    lines, mutes = _sung(score, melody, lyrics, time_signature, habits, takes or {})
    for name in lyrics.takes:
        other, _ = _sung(score, melody, lyrics.as_sung_in(name), time_signature, habits, takes or {}, retold=name)
        kept = [line for line in lines if stream_of(line[0]) != name]
        lines = [*kept, *(line for line in other if stream_of(line[0]) == name)]
    return sorted(lines, key=lambda pair: pair[1][0].notes[0][0]), mutes


def _sung(
    score: Score, melody: Melody, lyrics: Lyrics, time_signature: str, habits: VocalHabits,
    takes: Mapping[str, Melody], *, retold: str = "",
) -> tuple[list[SungLine], list[tuple[int, int]]]:  # fmt: skip
    """As ``sung_lines_of``. The words of ``retold`` are not those that its tune was made for."""
    made = _Passes(sixteenth_swing=melody.sixteenth_swing)
    for section, run, stanza, first_line in sung_passes(score.sections, melody, lyrics):
        name = stream_of(section)
        theme = takes.get(name, melody).themes[section.kind]
        is_made_for = name != retold and (stanza.index == 0 or section.kind in REFRAINS)
        _sing_pass(made, score, section, run, theme, stanza, first_line, time_signature, is_made_for=is_made_for)
    return _silenced(_finished(made.lines, score, habits), score), made.mutes


def _sing_pass(
    made: _Passes,
    score: Score,
    section: Section,
    run: Run,
    theme: Theme,
    stanza: LyricSection,
    first_line: int,
    time_signature: str,
    *,
    is_made_for: bool,
) -> None:
    """One pass of a theme: each line on its phrase, where the phrase lies inside the bars that are played.

    ``is_made_for``: whether the tune was made for these words.
    """
    bar = ticks_per_bar(time_signature)
    shift = (run.start_bar - run.loop_bar) * bar
    low, high = run.loop_bar * bar, (run.loop_bar + run.bars) * bar
    whole = [
        (first, past)
        for first, past in theme.phrases
        if past > first and low <= theme.notes[first][0] and theme.notes[past - 1][0] < high
    ]
    opening = sum(past <= (whole[0][0] if whole else 0) for _, past in theme.phrases)
    for number, lines in enumerate(lines_by_phrase(stanza.lines, opening, len(whole), len(theme.phrases))):
        if not lines:
            continue
        first, past = whole[number]
        rows = theme.notes[first:past]
        units = [unit for index, line in lines for unit in _units(line, first_line + index)]
        placed = [_placed(row, shift, high, section, score) for row in rows]
        end = theme.notes[past][0] if past < len(theme.notes) else theme.bars * bar
        if is_made_for:
            sung = underlay(placed, units, time_signature)
        else:
            phrase = Phrase(tuple(placed), min(end, high) + shift, made.sixteenth_swing)
            sung = set_line(phrase, units, time_signature, score.tempo_bpm)
        if sung:
            made.lines += [(section, tuple(line)) for line in _by_line(sung)]
            made.mutes.append((placed[0][0] - _EARLY_TICKS, _mute_end(min(end, high) + shift, section, score, bar)))


def _by_line(sung: Sequence[Sung]) -> list[list[Sung]]:
    """Syllables in the lines they belong to."""
    found: list[list[Sung]] = []
    for syllable in sung:
        if not found or found[-1][0].line != syllable.line:
            found.append([])
        found[-1].append(syllable)
    return found


def _mute_end(tick: int, section: Section, score: Score, bar: int) -> int:
    """Where the melody may come back: before the next phrase, and always for the song's closing bar."""
    closing = score.end_ticks - bar
    return min(tick - _EARLY_TICKS, closing) if section.end_ticks > closing else tick - _EARLY_TICKS


def _placed(row: NoteRow, shift: int, high: int, section: Section, score: Score) -> NoteRow:
    """A theme's note in the song: moved, transposed, cut at the end of its pass; in the song's closing bar on the
    closing chord.
    """
    start, duration, pitch, velocity = row
    pitch += section.transpose
    closing = score.chords[-1] if score.chords else None
    if closing is not None and start + shift >= closing.start_ticks:
        near = range(pitch - 6, pitch + 7)
        pitch = min((p for p in near if p % 12 in closing.pitch_classes), key=lambda p: (abs(p - pitch), p))
    return (start + shift, min(duration, high - start), pitch, velocity)


def _units(line: LyricLine, number: int) -> list[Unit]:
    return [
        Unit(text, stress, is_end, number)
        for text, stress, is_end in zip(line.syllables, line.stresses, line.word_ends, strict=True)
    ]


def _finished(lines: Sequence[SungLine], score: Score, habits: VocalHabits) -> list[SungLine]:
    """The lines in order, with breaths between them, words unbroken, and turns where the style has them."""
    ordered = sorted(lines, key=lambda pair: pair[1][0].notes[0][0])
    every = next((count for least, count in _TURN_EVERY if habits.melisma >= least), 0)
    found: list[SungLine] = []
    for number, (section, line) in enumerate(ordered):
        following = ordered[number + 1][1][0].notes[0][0] if number + 1 < len(ordered) else None
        breathed = with_breath(bound(line), following, score.tempo_bpm)
        if every and number % every == every - 1:
            scale = {(pc + section.transpose) % 12 for pc in scale_pitch_classes(score.key, score.scale)}
            breathed = with_turn(breathed, frozenset(scale), max(row[2] for sung in line for row in sung.notes) + 2)
        found.append((section, breathed))
    return found


def _silenced(lines: Sequence[SungLine], score: Score) -> list[SungLine]:
    """The voice, too, is silent in the score's stops, and does not sing in ticks that are not played."""
    quiet = [*score.stops, *((skip.start_ticks, skip.end_ticks) for skip in score.skips)]
    if not quiet:
        return list(lines)

    def kept(row: NoteRow) -> NoteRow | None:
        start, duration, pitch, velocity = row
        if any(begin <= start < end for begin, end in quiet):
            return None
        limit = min((begin for begin, _ in quiet if start < begin < start + duration), default=start + duration)
        return start, limit - start, pitch, velocity

    found: list[SungLine] = []
    for section, line in lines:
        sung = [replace(one, notes=rows) for one in line if (rows := tuple(filter(None, map(kept, one.notes))))]
        if sung:
            found.append((section, tuple(sung)))
    return found
