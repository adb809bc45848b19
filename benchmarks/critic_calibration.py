"""What human-made music measures: the critic's measures on music21's corpus, as percentiles.

``python -m benchmarks.critic_calibration`` prints the table that arrangement/critic/references.py cites.
Belongs here: taking each measure of the material it makes sense for. Melody: tunes, and top parts. Harmony: pieces of
three parts or more, chords named by template where a measure needs names. Rhythm and form: what notation can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.critic_human import HumanPiece, human_music
from musicgen_assets.arrangement.critic import form_measures, harmony_measures, rhythm_measures
from musicgen_assets.arrangement.critic.matter import STEP_TICKS, Bools, Floats, Ints, Part, pitch_presence, presence
from musicgen_assets.arrangement.critic.measuring import Measures, line_repetition, step_weights
from musicgen_assets.arrangement.critic.melody_measures import (
    agreement,
    motion,
    phrase_numbers,
    recurrence,
    tonality,
    variety,
)
from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.model import note_array

PERCENTILES = (5, 25, 50, 75, 95)
BARS = 24
"""Pieces are measured by their first bars: how much returns depends on how long one listens."""
MAJOR_TONES = (0, 2, 4, 5, 7, 9, 11)
MINOR_TONES = (0, 2, 3, 5, 7, 8, 9, 10, 11)
"""Natural, melodic and harmonic minor together, above the tonic."""
QUALITIES = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 6), (0, 3, 7, 10), (0, 3, 6, 9))


def human_measures(piece: HumanPiece) -> Measures:
    """Every measure that makes sense for the piece."""
    whole = piece
    piece = opening(piece)
    beat, bar = beat_ticks(piece.time_signature), piece.bar_ticks
    bars, bar_steps = piece.end_ticks // bar, bar // STEP_TICKS
    line = piece.melody.astype(np.int64)
    phrases = phrase_numbers(line, beat)
    scale = np.tile(_scale(piece), (bars * bar_steps, 1))
    parts = _parts(piece)
    onsets = rhythm_measures.onset_bars(parts, bars, bar_steps)
    weights = step_weights(piece.time_signature, bar_steps)
    found = {
        **motion(line, phrases),
        "recurrence": recurrence(line, beat),
        **variety(line, phrases, beat),
        "in_key": tonality(line, scale),
        "meter": rhythm_measures.meter_weight(parts, weights),
        **rhythm_measures.patterns(onsets),
        **{f"line_{name}": value for name, value in line_repetition(line, bars, bar_steps).items()},
        **form_measures.close(_parts(whole), whole.end_ticks, beat),
    }
    chroma = presence(line, bars * bar_steps).reshape(bars, bar_steps, 12).sum(axis=1)
    found["foretold"] = form_measures.foretold(form_measures.bar_likeness(np.concatenate([onsets, chroma], axis=1)))
    return found | (_harmony(piece, parts, line, phrases, scale, weights) if len(parts) >= 3 else {})


def opening(piece: HumanPiece) -> HumanPiece:
    """The first BARS bars in which the melody sounds, counted from its first note."""
    bar = piece.bar_ticks
    first = int(piece.parts[0][0, 0]) // bar * bar
    cut = [
        notes[(notes[:, 0] >= first) & (notes[:, 0] < first + BARS * bar)] - [first, 0, 0, 0] for notes in piece.parts
    ]
    return replace(piece, parts=tuple(note_array(notes) for notes in cut if len(notes)))


def _parts(piece: HumanPiece) -> list[Part]:
    return [Part(str(n), "chords", True, notes.astype(np.int64)) for n, notes in enumerate(piece.parts)]


def _scale(piece: HumanPiece) -> Bools:
    tones = np.zeros(12, dtype=bool)
    above = MAJOR_TONES if piece.mode == "major" else MINOR_TONES
    tones[[(piece.tonic + tone) % 12 for tone in above]] = True
    return tones


def _harmony(
    piece: HumanPiece, parts: Sequence[Part], line: Ints, phrases: Ints, scale: Bools, weights: Floats
) -> Measures:
    steps, beat = len(scale), beat_ticks(piece.time_signature) // STEP_TICKS
    every = np.concatenate([part.notes for part in parts])
    pitches = pitch_presence(every, steps)
    bass, under = presence(parts[-1].notes, steps), presence(np.concatenate([p.notes for p in parts[1:]]), steps)
    upper = presence(np.concatenate([part.notes for part in parts[:-1]]), steps)
    chords = _named(under, beat)
    return {
        "notes_in_key": harmony_measures.share_on(presence(every, steps), scale),
        "bass_clashes": harmony_measures.clashes(bass, upper, chords),
        "line_clashes": harmony_measures.clashes(presence(line, steps), under, chords),
        "over_bass": harmony_measures.over_bass(harmony_measures.lowest(pitches), upper),
        **harmony_measures.harmonic_pulse(under, len(weights), beat),
        "bass_fit": harmony_measures.share_on(bass, chords),
        "chords_fit": harmony_measures.share_on(under, chords),
        **agreement(line, phrases, chords, weights),
        "distinct": form_measures.repetition(
            form_measures.bar_tokens(parts, piece.end_ticks // piece.bar_ticks, len(weights))
        )["distinct"],
    }


def _named(sounding: Floats, beat: int) -> Bools:
    """Tones of the triad or seventh that fits each beat best, shape (steps, 12)."""
    shapes = np.array([[1.0 if (pc - root) % 12 in quality else 0.0 for pc in range(12)]
                       for quality in QUALITIES for root in range(12)])  # fmt: skip
    beats = len(sounding) // beat
    chroma = sounding[: beats * beat].reshape(beats, beat, 12).sum(axis=1)
    fits = chroma @ (shapes / np.linalg.norm(shapes, axis=1, keepdims=True)).T
    chosen = shapes[fits.argmax(axis=1)] > 0
    rest = np.repeat(chosen[-1:], len(sounding) - beats * beat, axis=0)
    return np.concatenate([np.repeat(chosen, beat, axis=0), rest])


def table(rows: Sequence[Measures]) -> dict[str, list[float]]:
    """Measure name -> its percentiles (PERCENTILES) over the pieces that have it, and their number."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    found = {}
    for name in names:
        values = [row[name] for row in rows if name in row]
        found[name] = [*np.percentile(values, PERCENTILES).round(3).tolist(), len(values)]
    return found


def main() -> None:
    """Print the percentiles of every measure, over all and by collection."""
    music = human_music()
    measured = [human_measures(piece) for piece in music]
    print(f"{'measure':<18}" + "".join(f"{f'{p} %':>9}" for p in PERCENTILES) + f"{'pieces':>8}")
    for name, row in table(measured).items():
        print(f"{name:<18}" + "".join(f"{value:>9.3f}" for value in row[:-1]) + f"{row[-1]:>8}")
    print("\nmedians by collection")
    groups = sorted({piece.collection for piece in music})
    print(f"{'measure':<18}" + "".join(f"{group:>15}" for group in groups))
    for name in table(measured):
        medians = [
            [row[name] for row, piece in zip(measured, music, strict=True) if piece.collection == group and name in row]
            for group in groups
        ]
        print(f"{name:<18}" + "".join(f"{np.median(m):>15.3f}" if m else f"{'-':>15}" for m in medians))


if __name__ == "__main__":
    main()
