"""A tune that somebody hummed or played, written down: notes in seconds become notes on a grid.

Belongs here: the tempo that fits the notes, and quantizing. Does not belong here: hearing them (dsp.melody_tracking),
what a song makes of a tune (given_melody).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.melody_tracking import HeardNote
from musicgen_assets.score.midi import material_to_midi
from musicgen_assets.score.model import TICKS_PER_QUARTER, note_array

SLOWEST_BPM, FASTEST_BPM = 60, 180
_USUAL_BPM, _SPREAD_OCTAVES = 105.0, 0.5
"""Tempos that people tap, and how fast others become unlikely: a rule of thumb around beats of 500 to 600 ms."""
_GRID_TICKS = TICKS_PER_QUARTER // 4
_VELOCITY = 84
_PROGRAM = 73


def tempo_of(notes: Sequence[HeardNote]) -> float:
    """The tempo in BPM whose eighths the onsets fall on best, counted from the first; whole numbers."""
    onsets = np.array([note.start_s for note in notes]) - notes[0].start_s
    best, best_value = _USUAL_BPM, -np.inf
    for bpm in range(SLOWEST_BPM, FASTEST_BPM + 1):
        eighth_s = 30.0 / bpm
        fit = float(np.cos(2.0 * np.pi * onsets / eighth_s).mean())
        value = fit - 0.35 * (np.log2(bpm / _USUAL_BPM) / _SPREAD_OCTAVES) ** 2
        if value > best_value:
            best, best_value = float(bpm), value
    return best


def written_down(notes: Sequence[HeardNote], tempo_bpm: float) -> bytes:
    """The notes as a Standard MIDI File of one part, on sixteenths; two on one place are one, the longer."""
    per_s = tempo_bpm / 60.0 * TICKS_PER_QUARTER
    first_s = notes[0].start_s
    rows: dict[int, tuple[int, int]] = {}
    for note in notes:
        place = round((note.start_s - first_s) * per_s / _GRID_TICKS) * _GRID_TICKS
        length = max(round(note.length_s * per_s / _GRID_TICKS), 1) * _GRID_TICKS
        if place not in rows or rows[place][0] < length:
            rows[place] = (length, note.pitch)
    places = sorted(rows)
    ends = [*places[1:], places[-1] + rows[places[-1]][0]]
    kept = [(at, min(rows[at][0], end - at), rows[at][1], _VELOCITY) for at, end in zip(places, ends, strict=True)]
    return material_to_midi(
        {"melody": (note_array(kept), _PROGRAM, 0)}, tempo_bpm=tempo_bpm, time_signature="4/4", key="C", scale="major"
    )
