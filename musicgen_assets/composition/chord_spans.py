"""Chords laid out in time: bars of chords as spans of ticks, and the MIDI twin of a harmony.

Belongs here: where in a bar its chords change. Does not belong here: which chords there are (chord_progression).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.composition.chord_cadence import cadence_of
from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.context.schema import SectionKind, Tonic
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import Harmony, SectionHarmony
from musicgen_assets.score.midi import material_to_midi
from musicgen_assets.score.model import ChordSpan, NoteArray, NoteRow, note_array
from musicgen_assets.theory.chords import Chord
from musicgen_assets.theory.voicing import voice_lead

_TWIN_TEMPO_BPM = 110.0
_TWIN_RANGE = (52, 76)


def laid_out(kind: SectionKind, bars: Sequence[Sequence[Chord]], tonic: Tonic, time_signature: str) -> SectionHarmony:
    """The loop of ``kind``: chords by bar, in ticks, with the cadence that they end on."""
    spans = [span for index, bar in enumerate(bars) for span in _bar_spans(index, bar, time_signature)]
    chords = [chord for bar in bars for chord in bar]
    return SectionHarmony(
        bars=len(bars),
        chords=tuple(sorted(spans, key=lambda span: span.start_ticks)),
        cadence=cadence_of(kind, chords, tonic),
    )


def _bar_spans(index: int, chords: Sequence[Chord], time_signature: str) -> list[ChordSpan]:
    """Chords that share a bar, cut where the meter has its strong pulses, else on beats, else evenly."""
    bar_ticks, step = ticks_per_bar(time_signature), ticks_per_step(time_signature)
    cuts: tuple[int, ...] = (0,)
    if len(chords) > 1:
        pulses = group_starts(time_signature)
        beats = beat_starts(time_signature)
        options = pulses if len(pulses) >= len(chords) else beats
        even = tuple(round(bar_ticks * n / len(chords) / step) * step for n in range(len(chords)))
        cuts = tuple(_nearest(options, place) for place in even)
        cuts = cuts if len(set(cuts)) == len(chords) else even
    ends = (*cuts[1:], bar_ticks)
    return [
        span_of(chord, index * bar_ticks + start, end - start)
        for chord, start, end in zip(chords, cuts, ends, strict=True)
    ]


def _nearest(options: Sequence[int], place: int) -> int:
    return min(options, key=lambda option: (abs(option - place), option))


def span_of(chord: Chord, start: int, duration: int) -> ChordSpan:
    """A chord from ``start`` for ``duration`` ticks."""
    return ChordSpan(
        start_ticks=start, duration_ticks=duration, symbol=chord.symbol, roman=chord.roman, root=chord.root,
        quality=chord.quality, bass=chord.bass, pitch_classes=chord.pitch_classes,
    )  # fmt: skip


def harmony_twin(harmony: Harmony, time_signature: str) -> bytes:
    """Block chords of every section kind, one after another, each kind a track."""
    tracks: dict[str, tuple[NoteArray, int, int]] = {}
    offset = 0
    for kind, section in harmony.sections.items():
        rows: list[NoteRow] = []
        previous: tuple[int, ...] | None = None
        for span in section.chords:
            previous = voice_lead(previous, span.pitch_classes, *_TWIN_RANGE, min(4, max(3, len(span.pitch_classes))))
            rows += [(offset + span.start_ticks, span.duration_ticks, pitch, 72) for pitch in previous]
        tracks[kind] = (note_array(rows), 0, 0)
        offset += section.bars * ticks_per_bar(time_signature)
    return material_to_midi(
        tracks, tempo_bpm=_TWIN_TEMPO_BPM, time_signature=time_signature, key=harmony.key, scale=harmony.scale
    )
