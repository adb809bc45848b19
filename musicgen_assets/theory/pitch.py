"""Pitch classes and note names: from a name to 0-11 and back with the accidental a reader expects.

Belongs here: single pitches and their spelling. Does not belong here: scales, chords, keys as signatures.
"""

from __future__ import annotations

import re

from musicgen_assets.context.failures import BadInput

LETTERS = "CDEFGAB"
NATURALS: dict[str, int] = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones above C of the seven letters."""

_NAME = re.compile(r"([A-Ga-g])([#b♯♭]{0,2})")
_ACCIDENTAL = {"#": 1, "♯": 1, "b": -1, "♭": -1}
_CHROMATIC_LETTER = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)
"""Letters above the tonic for 0-11 semitones when the note is foreign to the scale: b2 b3 #4 b6 b7."""


def pitch_class(name: str) -> int:
    """ "Eb" -> 3. Up to two sharps or flats; any case of the letter. Raises BadInput on anything else."""
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise BadInput("musical.key", name, "it is no note name", way_out="Write a letter A-G with # or b: F#, Eb.")
    letter, accidentals = match.groups()
    return (NATURALS[letter.upper()] + sum(_ACCIDENTAL[sign] for sign in accidentals)) % 12


def spell(pc: int, key: str, scale: str) -> str:
    """The name of pitch class ``pc`` (0-11) in a key: the 3rd of D major is F#, of Eb minor Gb.

    Notes of the scale take one letter each; foreign notes are b2, b3, #4, b6 and b7 of the tonic, or the
    raised seventh and sixth in minor. Keys past seven accidentals (D# major) are spelled as their twin (Eb).
    """
    # Imported here because both rest on this module.
    from musicgen_assets.theory.keys import practical_tonic
    from musicgen_assets.theory.scales import SCALE_STEPS

    tonic = practical_tonic(key, scale)
    steps = SCALE_STEPS[scale]
    interval = (pc - pitch_class(tonic)) % 12
    degree = steps.index(interval) if interval in steps else _CHROMATIC_LETTER[interval]
    letter = LETTERS[(LETTERS.index(tonic[0]) + degree) % 7]
    shift = (pc - NATURALS[letter] + 6) % 12 - 6
    return letter + ("#" * shift if shift > 0 else "b" * -shift)
