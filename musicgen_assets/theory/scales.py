"""The seven-note scales of the context schema as semitone steps.

Belongs here: which pitch classes a scale has. Does not belong here: chords on them, key signatures.
"""

from __future__ import annotations

from musicgen_assets.theory.pitch import pitch_class

SCALE_STEPS: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
}
"""Semitones above the tonic, ascending. "minor" is natural minor."""


def scale_pitch_classes(tonic: str, scale: str) -> tuple[int, ...]:
    """The seven pitch classes of a scale from its tonic up: ("D", "minor") -> (2, 4, 5, 7, 9, 10, 0)."""
    root = pitch_class(tonic)
    return tuple((root + step) % 12 for step in SCALE_STEPS[scale])


def avoided_pcs(tonic: str, scale: str) -> tuple[int, ...]:
    """The notes of a scale that its pentatonic leaves out: fourth and seventh in major, second and sixth in minor;
    elsewhere as in the family.
    """
    steps = scale_pitch_classes(tonic, scale)
    left_out = (3, 6) if mode_family(scale) == "major" else (1, 5)
    return tuple(steps[index] for index in left_out)


def mode_family(scale: str) -> str:
    """ "major" or "minor" by the third of the scale: what decides which progressions fit it."""
    return "major" if 4 in SCALE_STEPS[scale] else "minor"
