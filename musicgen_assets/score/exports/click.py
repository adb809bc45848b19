"""click.mid: a click track to play along with: a count-in, then every beat, the first of each bar louder.

Belongs here: the click as a score and as a MIDI file. Does not belong here: the song's own drums, its sound.
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.exports.durations import beats_of
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, NoteRow, Score, Section, Skip, Track

HIGH, LOW = 76, 77
"""General MIDI's high and low wood block."""
ACCENT, BEAT, LIGHT = 120, 92, 60
COUNT_IN = "Count-in"
_LENGTH_TICKS = 60


def click_midi(score: Score, count_in_bars: int = 1) -> bytes:
    """``click_score`` as a type 1 file."""
    return score_to_midi(click_score(score, count_in_bars))


def click_score(score: Score, count_in_bars: int = 1) -> Score:
    """The click of ``score`` after ``count_in_bars`` bars (0 or more), its one track; with tempo, meter and the song's
    sections. Compound meters click dotted quarters and softly the eighths between; 7/8 clicks 2+2+3.
    """
    bar = ticks_per_bar(score.time_signature)
    shift = count_in_bars * bar
    skips = tuple(Skip(start_ticks=skip.start_ticks + shift, end_ticks=skip.end_ticks + shift) for skip in score.skips)
    bars = count_in_bars + score.end_ticks // bar
    notes = tuple(row for number in range(bars) for row in _played(_bar(number * bar, score.time_signature), skips))
    track = Track(
        name="click", role="percussion", instrument="wood block", program=0, channel=DRUM_CHANNEL, notes=notes
    )
    sections = tuple(
        section.model_copy(
            update={
                "start_bar": section.start_bar + count_in_bars,
                "start_ticks": section.start_ticks + shift,
                "end_ticks": section.end_ticks + shift,
            }
        )
        for section in score.sections
    )
    if count_in_bars:
        count_in = Section(name=COUNT_IN, kind="intro", start_bar=0, bars=count_in_bars, start_ticks=0, end_ticks=shift,
                           energy=0.0)  # fmt: skip
        sections = (count_in, *sections)
    tempo_map = tuple(
        change.model_copy(update={"start_ticks": change.start_ticks + shift if change.start_ticks else 0})
        for change in score.tempo_map
    )
    update = {"sections": sections, "end_ticks": score.end_ticks + shift, "tracks": (track,), "syllables": (),
              "tempo_map": tempo_map, "skips": skips}  # fmt: skip
    return score.model_copy(update=update)


def _played(clicks: Sequence[NoteRow], skips: Sequence[Skip]) -> list[NoteRow]:
    """The clicks of a bar without those in what is cut from it; its first click is kept, where the bar then begins."""
    inside = [skip for skip in skips if skip.start_ticks <= clicks[0][0] < skip.end_ticks]
    kept = [row for row in clicks if not any(skip.start_ticks <= row[0] < skip.end_ticks for skip in skips)]
    if not inside:
        return kept
    start = inside[0].end_ticks
    return [(start, *clicks[0][1:]), *(row for row in kept if row[0] > start)]


def _bar(start: int, time_signature: str) -> list[NoteRow]:
    beats = beats_of(time_signature)
    eighths = range(0, ticks_per_bar(time_signature), 240) if time_signature.endswith("/8") else ()
    found = [(start, _LENGTH_TICKS, HIGH, ACCENT)]
    found += [(start + beat, _LENGTH_TICKS, LOW, BEAT) for beat in beats[1:]]
    found += [(start + tick, _LENGTH_TICKS, LOW, LIGHT) for tick in eighths if tick not in beats]
    return sorted(found)
