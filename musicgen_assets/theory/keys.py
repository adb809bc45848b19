"""Keys among each other: signatures, relatives, distance on the circle of fifths.

Belongs here: facts about a key as a whole. Does not belong here: reading a key from words (ideation).
"""

from __future__ import annotations

from musicgen_assets.theory.pitch import NATURALS, pitch_class

SIGNATURE_MAX = 7
"""Most sharps or flats a signature can write."""

_FIFTHS_OF_LETTER = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_FIFTHS_OF_SCALE = {"major": 0, "lydian": 1, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4}
"""How many fifths a mode's signature lies from that of the major key on the same tonic."""
_TONICS = ("C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B")


def key_signature(tonic: str, scale: str) -> int:
    """Sharps (positive) or flats (negative), -7 to 7, of the key as written; D# major counts as Eb major."""
    return _fifths(practical_tonic(tonic, scale), scale)


def practical_tonic(tonic: str, scale: str) -> str:
    """The tonic's spelling with at most seven accidentals in its signature: D# major -> "Eb"; else as given."""
    if abs(_fifths(tonic, scale)) <= SIGNATURE_MAX:
        return tonic
    root = pitch_class(tonic)
    twins = [name for name in _TONICS if pitch_class(name) == root]
    return min(twins, key=lambda name: (abs(_fifths(name, scale)), name))


def simplest_tonic(pc: int, scale: str) -> str:
    """The usual name for a tonic by pitch class: fewest accidentals, flats where sharps are as many."""
    twins = [name for name in _TONICS if pitch_class(name) == pc % 12]
    return min(twins, key=lambda name: (abs(_fifths(name, scale)), _fifths(name, scale)))


def relative_key(tonic: str, scale: str) -> tuple[str, str]:
    """The other key with the same notes: C major -> ("A", "minor"); a minor key or a mode -> its major key."""
    if scale == "major":
        return simplest_tonic(pitch_class(tonic) + 9, "minor"), "minor"
    up = {"minor": 3, "dorian": 10, "phrygian": 8, "lydian": 7, "mixolydian": 5}[scale]
    return simplest_tonic(pitch_class(tonic) + up, "major"), "major"


def _fifths(tonic: str, scale: str) -> int:
    accidentals = (pitch_class(tonic) - NATURALS[tonic[0].upper()] + 6) % 12 - 6
    return _FIFTHS_OF_LETTER[tonic[0].upper()] + 7 * accidentals + _FIFTHS_OF_SCALE[scale]
