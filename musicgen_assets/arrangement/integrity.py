"""Whether a score holds together as a form: one score 0-1 from its notes.

Belongs here: the measure behind the blocking check structural_integrity. Does not belong here: planning the
form it judges. It reads notes, sections and chords of any score, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.arrangement.boundary_marks import boundary_marks
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.score.model import NoteArray, Score, Section
from musicgen_assets.theory.pitch import pitch_class

THRESHOLD = 0.7
QUIET_KINDS = ("verse", "pre_chorus", "build", "breakdown")

CONTRAST_WANTED = 0.07
"""Mean difference of texture features (each 0-1) between hook and quiet sections that counts as full contrast."""
RETURN_FROM, RETURN_FULL = 0.3, 0.65
"""Correlation of harmony and melody, bar by bar, between sections of a kind: from none to alike."""
FIT_FROM, FIT_FULL = 0.55, 0.8
"""Share of sounding time on tones of the chord written there: about .55 with bars shuffled, .9 in arrangements."""
RISE_WANTED = 1.04
"""A hook's measured energy over that of the section before it."""
CORRELATION_WANTED = 0.6
SPREAD_ASKED = 0.2
"""Where planned energies lie closer together than this, none of them has to stand out."""
RING_MIN_S = 0.6
DEVICES_WANTED = 2
_FAULT = 0.6
"""What each fault of an ending leaves of its part; any one of them fails a song."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Integrity:
    """The parts of the score, each 0-1."""

    contrast: float
    returns: float
    energy: float
    ending: float
    boundaries: float

    @property
    def score(self) -> float:
        """Their product: a form needs all of them."""
        return self.contrast * self.returns * self.energy * self.ending * self.boundaries

    def note(self) -> str:
        """The parts in words, for people."""
        parts = ("contrast", "returns", "energy", "ending", "boundaries")
        return ", ".join(f"{name} {getattr(self, name):.2f}" for name in parts)


def structural_integrity(score: Score) -> Integrity:
    """How well sections differ, return, rise, end and are marked.

    - contrast: mean difference of texture (who plays, how densely, how loud, how high) between hooks and the
      quiet kinds, over CONTRAST_WANTED; without hooks, between the two most different kinds.
    - returns: sections of a kind have the same harmony and melody bar by bar, and notes fit the written
      chords. Shuffled bars do neither.
    - energy: hooks measure higher than what leads to them, and measured energy follows the planned one.
    - ending: something is struck in the last bar, the lowest tone of the last chord is the tonic, and it rings on.
    - boundaries: marks found at each section's start (see boundary_marks), two or more counting fully.
    """
    texture = _texture(score)
    return Integrity(
        contrast=_contrast(score.sections, texture),
        returns=min(_returns(score), _chord_fit(score)),
        energy=_energy(score, texture),
        ending=_ending(score),
        boundaries=_boundaries(score),
    )


def _texture(score: Score) -> FloatArray:
    """Per section and track: onsets a bar, share of bars played in, velocity, pitch; each 0-1.

    Shape (sections, tracks, 4). The song's closing bar is left out.
    """
    bar = ticks_per_bar(score.time_signature)
    found = np.zeros((len(score.sections), len(score.tracks), 4))
    for column, track in enumerate(score.tracks):
        notes = track.array()
        for row, section in enumerate(score.sections):
            end = section.end_ticks
            if row == len(score.sections) - 1 and section.bars > 1:
                end -= bar
            inside = notes[(notes[:, 0] >= section.start_ticks) & (notes[:, 0] < end)]
            bars, bars_played = (end - section.start_ticks) // bar, len(np.unique(inside[:, 0] // bar))
            if len(inside):
                pitch = 0.0 if track.is_drums else float(inside[:, 2].mean()) / 127.0
                found[row, column] = (
                    len(inside) / bars,
                    bars_played / bars,
                    float(inside[:, 3].mean()) / 127.0,
                    pitch,
                )
    densest = found[:, :, 0].max(axis=0)
    found[:, :, 0] = np.divide(found[:, :, 0], densest, out=np.zeros_like(found[:, :, 0]), where=densest > 0)
    return found


def _contrast(sections: Sequence[Section], texture: FloatArray) -> float:
    by_kind = {
        kind: texture[[index for index, section in enumerate(sections) if section.kind == kind]].mean(axis=0)
        for kind in sorted({section.kind for section in sections})
    }
    hooks = [kind for kind in by_kind if kind in HOOK_KINDS]
    quiet = [kind for kind in by_kind if kind in QUIET_KINDS]
    if hooks and quiet:
        pairs = [(hook, other) for hook in hooks for other in quiet]
        difference = float(np.mean([np.abs(by_kind[a] - by_kind[b]).mean() for a, b in pairs]))
    else:
        pairs = list(combinations(by_kind, 2))
        difference = max((float(np.abs(by_kind[a] - by_kind[b]).mean()) for a, b in pairs), default=0.0)
    return min(difference / CONTRAST_WANTED, 1.0)


def _returns(score: Score) -> float:
    """Mean correlation of bar chromas between sections of one kind at equal bars, mapped to 0-1."""
    chroma = _bar_chroma(score)
    chroma = chroma - chroma.mean(axis=0)
    likeness: list[float] = []
    for first, second in combinations(score.sections, 2):
        if first.kind != second.kind:
            continue
        bars = min(first.bars, second.bars, 8)
        if second is score.sections[-1]:
            bars = min(bars, second.bars - 1)
        if bars < 2:
            continue
        shift = second.transpose - first.transpose
        one = chroma[first.start_bar : first.start_bar + bars]
        other = np.roll(chroma[second.start_bar : second.start_bar + bars], -shift, axis=1)
        scale = float(np.linalg.norm(one) * np.linalg.norm(other))
        likeness.append(float((one * other).sum()) / scale if scale > 0 else 1.0)
    return _between(float(np.mean(likeness)), RETURN_FROM, RETURN_FULL) if likeness else 1.0


def _bar_chroma(score: Score) -> FloatArray:
    """Sounding time per pitch class and bar, each bar of unit length; shape (bars, 12)."""
    bar = ticks_per_bar(score.time_signature)
    chroma = np.zeros((score.end_ticks // bar, 12))
    notes = np.concatenate([*_pitched(score), np.zeros((0, 4), dtype=np.int32)]).astype(np.int64)
    starts, ends = notes[:, 0], np.minimum(notes[:, 0] + notes[:, 1], score.end_ticks)
    first = starts // bar
    for offset in range(int(((ends - 1) // bar - first).max(initial=0)) + 1):
        index = np.clip(first + offset, 0, len(chroma) - 1)
        sounding = np.minimum(ends, (first + offset + 1) * bar) - np.maximum(starts, (first + offset) * bar)
        np.add.at(chroma, (index, notes[:, 2] % 12), np.maximum(sounding, 0))
    norms = np.linalg.norm(chroma, axis=1, keepdims=True)
    unit: FloatArray = np.divide(chroma, norms, out=np.zeros_like(chroma), where=norms > 0)
    return unit


def _chord_fit(score: Score) -> float:
    """Share of sounding time on chord tones, mapped to 0-1; 1 where a score names no chords."""
    if not score.chords:
        return 1.0
    starts = np.array([chord.start_ticks for chord in score.chords])
    tones = np.zeros((len(score.chords), 12), dtype=bool)
    for index, chord in enumerate(score.chords):
        tones[index, [*chord.pitch_classes, chord.bass]] = True
    fitting = total = 0.0
    for notes in _pitched(score):
        place = np.clip(np.searchsorted(starts, notes[:, 0] + 30, side="right") - 1, 0, None)
        fitting += float(notes[:, 1][tones[place, notes[:, 2] % 12]].sum())
        total += float(notes[:, 1].sum())
    return _between(fitting / total, FIT_FROM, FIT_FULL) if total else 1.0


def _pitched(score: Score) -> list[NoteArray]:
    return [track.array() for track in score.tracks if not track.is_drums and track.role != "percussion"]


def section_energy(score: Score, texture: FloatArray | None = None) -> FloatArray:
    """Measured energy per section, 0-1: half who plays, half how much is struck how hard.

    ``texture``: the score's, where it is known.
    """
    sections, texture = score.sections, _texture(score) if texture is None else texture
    if not sections or texture.shape[1] == 0:
        return np.zeros(len(sections))
    struck = (texture[:, :, 0] * texture[:, :, 2]).mean(axis=1)
    peak = float(struck.max())
    result: FloatArray = 0.5 * texture[:, :, 1].mean(axis=1) + 0.5 * (struck / peak if peak > 0 else struck)
    return result


def _energy(score: Score, texture: FloatArray) -> float:
    sections, measured = score.sections, section_energy(score, texture)
    planned = np.array([section.energy for section in sections])
    rises = [
        float(measured[index] >= measured[place] * RISE_WANTED)
        for index, section in enumerate(sections)
        if section.kind in HOOK_KINDS
        for place in [index - 1]
        if place >= 0 and sections[place].kind in QUIET_KINDS
    ]
    follows = 0.0
    if planned.std() > 0 and measured.std() > 1e-6:
        follows = min(max(float(np.corrcoef(planned, measured)[0, 1]) / CORRELATION_WANTED, 0.0), 1.0)
    if np.ptp(planned) < SPREAD_ASKED:
        follows = 1.0
    return 0.5 * float(np.mean(rises)) + 0.5 * follows if rises else follows


def _ending(score: Score) -> float:
    bar = ticks_per_bar(score.time_signature)
    tonic = (pitch_class(score.key) + score.sections[-1].transpose) % 12
    notes = np.concatenate([*_pitched(score), np.zeros((0, 4), dtype=np.int32)])
    closing = notes[notes[:, 0] >= score.end_ticks - bar]
    value = 1.0
    if len(closing) == 0:
        return _FAULT**3
    last_chord = closing[closing[:, 0] + closing[:, 1] > closing[:, 0].max()]
    if int(last_chord[:, 2].min()) % 12 != tonic:
        value *= _FAULT
    past_end_s = seconds(float((notes[:, 0] + notes[:, 1]).max()) - score.end_ticks, score.tempo_bpm)
    room_s = score.duration_s - seconds(score.end_ticks, score.tempo_bpm)
    if past_end_s < min(RING_MIN_S, room_s / 2):
        value *= _FAULT
    return value


def _boundaries(score: Score) -> float:
    counts = [len(marks) for marks in boundary_marks(score)]
    return float(np.mean([min(count / DEVICES_WANTED, 1.0) for count in counts])) if counts else 1.0


def _between(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
