"""A small song with everything that paper has to show: words, a lifted section, drums, chords of several voices."""

from __future__ import annotations

from typing import Any

from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Syllable, Track
from musicgen_assets.theory.chords import CHORD_INTERVALS

BAR = 1920
BARS = 4


def paper_score(time_signature: str = "4/4", **changes: Any) -> Score:
    """Four bars in C, the last two a tone higher."""
    bar = ticks_per_bar(time_signature)
    half = 2 * bar
    sections = (
        Section(name="Verse", kind="verse", start_bar=0, bars=2, start_ticks=0, end_ticks=half, energy=0.4),
        Section(name="Chorus", kind="chorus", start_bar=2, bars=2, start_ticks=half, end_ticks=2 * half, energy=0.9,
                transpose=2),
    )  # fmt: skip
    fields = {
        "title": "Été & <São Paulo>", "key": "C", "scale": "major", "tempo_bpm": 96.0, "duration_s": 12.0,
        "time_signature": time_signature, "end_ticks": 2 * half, "sections": sections, "chords": paper_chords(bar),
        "tracks": paper_tracks(bar),
    }  # fmt: skip
    return Score.model_validate({**fields, **changes})


def chord(start: int, duration: int, root: int, quality: str, symbol: str) -> ChordSpan:
    return ChordSpan(
        start_ticks=start, duration_ticks=duration, symbol=symbol, roman="", root=root, quality=quality, bass=root,
        pitch_classes=tuple((root + step) % 12 for step in CHORD_INTERVALS[quality]),
    )  # fmt: skip


def paper_chords(bar: int) -> tuple[ChordSpan, ...]:
    return (
        chord(0, bar, 0, "maj", "C"), chord(bar, bar, 4, "7", "E7"), chord(2 * bar, bar, 2, "maj", "D"),
        chord(3 * bar, bar, 9, "7", "A7"),
    )  # fmt: skip


def paper_tracks(bar: int) -> tuple[Track, ...]:
    melody: list[NoteRow] = [
        (0, 240, 64, 90), (240, 480, 67, 80), (720, 240, 72, 70), (bar - 240, 720, 68, 100), (2 * bar, 480, 66, 90),
        (2 * bar + 480, 60, 69, 90), (2 * bar + 540, 60, 70, 90), (3 * bar, bar, 73, 90),
    ]  # fmt: skip
    piano: list[NoteRow] = [(number * bar, bar, pitch, 70) for number in range(BARS) for pitch in (48, 64, 67)]
    piano += [(number * bar + 240, 240, 76, 60) for number in range(BARS)]
    drums = [(tick, 240, key, 90) for tick in range(0, BARS * bar, 480) for key in (36, 42)]
    bass = [(number * bar, bar, 36 + number, 90) for number in range(BARS)]
    return (
        Track(name="melody", role="lead", instrument="flute", program=73, channel=0, notes=tuple(sorted(melody))),
        Track(name="piano", role="chords", instrument="piano", program=0, channel=1, notes=tuple(sorted(piano))),
        Track(name="bass", role="bass", instrument="bass", program=32, channel=2, notes=tuple(bass)),
        Track(name="drums", role="drums", instrument="kit", program=0, channel=9, notes=tuple(sorted(drums))),
    )


def paper_words() -> tuple[Syllable, ...]:
    """ "Wa-ter" and "falls", the last on two notes, in 4/4."""
    rows = [(0, 240, "Wa", False), (240, 480, "ter", True), (720, 1680, "falls", True)]
    return tuple(
        Syllable(start_ticks=start, duration_ticks=length, text=text, is_word_end=is_end, section="Verse", line=0)
        for start, length, text, is_end in rows
    )
