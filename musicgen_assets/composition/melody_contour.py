"""Contours: a phrase's shape on the rungs of a scale, so that it can be quoted, moved, turned and drawn anew.

Belongs here: Singer (what all themes of a song share), Contour, arcs. Does not belong here: which phrase quotes
what (melody_plan), finding pitches (melody_pitch).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.composition.melody_manner import Character, Manner
from musicgen_assets.composition.melody_rhythm import Pace, PhraseRhythm
from musicgen_assets.context.schema import Mood
from musicgen_assets.theory.scales import scale_pitch_classes

Floats = NDArray[np.float64]

_SHAPES: dict[Character, tuple[float, ...]] = {
    "song": (0.4, 0.25, 0.25, 0.2, 0.1, 0.1), "riff": (0.2, 0.2, 0.15, 0.3, 0.15, 0.4),
    "lyrical": (0.45, 0.25, 0.2, 0.35, 0.2, 0.0), "dance": (0.45, 0.15, 0.1, 0.5, 0.15, 0.0),
    "floating": (0.3, 0.25, 0.4, 0.05, 0.2, 0.15),
}  # fmt: skip
"""How much each character likes arch, fall, rise, wave, bowl and level."""


@dataclass(frozen=True)
class Singer:
    """What all themes of a song share."""

    tonic: str
    scale: str
    time_signature: str
    swing: float
    low: int
    high: int
    reach_semitones: int
    mood: Mood
    pace: Pace
    manner: Manner
    sixteenth_swing: float = 0.5

    @cached_property
    def scale_pcs(self) -> frozenset[int]:
        """Pitch classes of the key."""
        return frozenset(scale_pitch_classes(self.tonic, self.scale))

    @cached_property
    def ladder(self) -> NDArray[np.int64]:
        """Scale pitches over all octaves: contours move on its rungs."""
        return np.array([pitch for pitch in range(128) if pitch % 12 in self.scale_pcs])


@dataclass(frozen=True)
class Contour:
    """A phrase as it can be quoted: onsets from its start in ticks, and rungs of the scale ladder.

    ``rhythm`` is the whole phrase; a hook's contour may be only its first notes.
    """

    offsets: tuple[int, ...]
    rungs: tuple[float, ...]
    rhythm: PhraseRhythm
    pitches: tuple[int, ...]


def contour_of(rhythm: PhraseRhythm, pitches: Sequence[int], singer: Singer) -> Contour:
    """A phrase ready to be quoted."""
    offsets = tuple(onset - rhythm.start for onset in rhythm.onsets[: len(pitches)])
    return Contour(offsets, tuple(rung(pitch, singer) for pitch in pitches), rhythm, tuple(pitches))


def first_notes(rhythm: PhraseRhythm, count: int) -> PhraseRhythm:
    """The phrase\'s first ``count`` notes."""
    return PhraseRhythm(
        rhythm.start, rhythm.end, rhythm.onsets[:count], rhythm.lengths[:count], rhythm.stresses[:count]
    )


def quoted(model: Contour, rhythm: PhraseRhythm) -> Floats:
    """The model's rungs under other onsets: note by note where the counts agree, else by time."""
    if len(model.rungs) == len(rhythm.onsets):
        return np.array(model.rungs)
    offsets = np.array(rhythm.onsets) - rhythm.start
    places = np.searchsorted(np.array(model.offsets), offsets, side="right") - 1
    return np.array(model.rungs)[np.clip(places, 0, len(model.rungs) - 1)]


def arc(count: int, centre: float, singer: Singer, rng: np.random.Generator) -> Floats:
    """A free contour around ``centre``: arch, fall, rise, wave, bowl or level, as the style's character likes them;
    dark moods fall more, lively ones reach further. Arches are commonest in songs (Huron 1996).
    """
    at = np.linspace(0.0, 1.0, max(count, 1))
    chance = np.array(_SHAPES[singer.manner.character])
    chance[1] *= 0.5 + 1.2 * (1.0 - singer.mood.valence)
    chance[2] *= 0.5 + singer.mood.valence
    shape = int(rng.choice(len(chance), p=chance / chance.sum()))
    shapes = (
        np.sin(np.pi * at**0.9) - 0.55, 0.55 - 1.1 * at, 1.1 * at - 0.55, 0.5 * np.sin(2 * np.pi * at + 0.4),
        0.55 - np.sin(np.pi * at**1.1), 0.15 * np.sin(3 * np.pi * at),
    )  # fmt: skip
    reach = singer.reach_semitones / 2.6 * (0.85 + 0.4 * singer.mood.arousal)
    return np.asarray(centre + reach * shapes[shape] * rng.uniform(0.75, 1.15))


def rung(pitch: float, singer: Singer) -> float:
    """Where a pitch stands on the scale's ladder, fractional between rungs."""
    return float(np.interp(pitch, singer.ladder, np.arange(len(singer.ladder))))


def pitches_at(rungs: Floats, singer: Singer) -> Floats:
    """Pitches of rungs, the inverse of ``rung``."""
    pitches: Floats = np.interp(rungs, np.arange(len(singer.ladder)), singer.ladder)
    return pitches


def hook_value(contour: Contour) -> float:
    """How easily a hook is kept: four to nine notes, mostly steps with one or two leaps, a range of a third to an
    octave, at least two lengths, and a figure that is no mere scale.
    """
    pitches = np.array(contour.pitches)
    moves = np.diff(pitches)
    if len(moves) == 0:
        return 0.0
    leaps = int((np.abs(moves) >= 3).sum())
    extent = int(pitches.max() - pitches.min())
    waits = set(np.diff(contour.offsets).tolist())
    turns = int((np.sign(moves[1:]) * np.sign(moves[:-1]) < 0).sum())
    return float(
        1.0 * (1 <= leaps <= max(2, len(moves) // 3))
        + 0.8 * (4 <= extent <= 10)
        + 0.5 * min(len(waits), 2) / 2
        + 0.5 * (1 <= turns <= max(2, len(moves) // 2))
        + 0.4 * (np.abs(moves) <= 2).mean()
        + 0.3 * (len(np.unique(pitches)) >= min(4, len(pitches)))
        - 0.5 * max(0, extent - 12)
    )
