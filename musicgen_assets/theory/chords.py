"""Chords from Roman numerals: root, quality, bass and pitch classes in a key.

Belongs here: the grammar of numerals and chord spelling. Does not belong here: which chord comes next
(composition), how it is voiced (theory.voicing).

Grammar: accidentals, a numeral, a suffix, and after a slash either a numeral (V7/ii: that chord in the key of
ii) or a scale degree in the bass (V/7: the leading tone below). Upper case is major, lower case minor.
Degrees are counted in the scale's family, so that a progression means the same in all its modes: plain numerals
and sharps from the major or the natural minor scale (VI in C minor and C dorian is Ab, #vi is A; IV in C lydian
is F, #iv is F#), flats always from the major scale (bVI is Ab everywhere). A plain diminished vii in the minor
family stands on the leading tone, as in harmonic minor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from musicgen_assets.context.failures import BadInput
from musicgen_assets.theory.keys import simplest_tonic
from musicgen_assets.theory.pitch import pitch_class, spell
from musicgen_assets.theory.scales import SCALE_STEPS, mode_family

CHORD_INTERVALS: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "5": (0, 7),
    "sus2": (0, 2, 7), "sus4": (0, 5, 7), "7sus4": (0, 5, 7, 10), "9sus4": (0, 5, 7, 10, 2),
    "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9), "69": (0, 4, 7, 9, 2), "add9": (0, 4, 7, 2), "madd9": (0, 3, 7, 2),
    "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "mM7": (0, 3, 7, 11),
    "m7b5": (0, 3, 6, 10), "dim7": (0, 3, 6, 9), "aug7": (0, 4, 8, 10), "7b9": (0, 4, 7, 10, 1),
    "7#9": (0, 4, 7, 10, 3), "9": (0, 4, 7, 10, 2), "maj9": (0, 4, 7, 11, 2), "m9": (0, 3, 7, 10, 2),
    "13": (0, 4, 7, 10, 2, 9),
}  # fmt: skip
"""Semitones above the root by quality, folded into one octave, in chord order (root third fifth seventh ...)."""

_SYMBOLS = {"maj": "", "min": "m", "69": "6/9"}
_DEGREES = {"I": 0, "II": 1, "III": 2, "IV": 3, "V": 4, "VI": 5, "VII": 6}
_SUFFIXES: dict[str, tuple[str, str]] = {
    "": ("maj", "min"), "7": ("7", "m7"), "maj7": ("maj7", "mM7"), "M7": ("maj7", "mM7"), "9": ("9", "m9"),
    "maj9": ("maj9", ""), "M9": ("maj9", ""), "6": ("6", "m6"), "69": ("69", ""), "13": ("13", ""),
    "add9": ("add9", "madd9"), "sus4": ("sus4", "sus4"), "sus": ("sus4", "sus4"), "sus2": ("sus2", "sus2"),
    "7sus4": ("7sus4", "7sus4"), "9sus4": ("9sus4", "9sus4"), "5": ("5", "5"), "7b9": ("7b9", ""),
    "7#9": ("7#9", ""), "m7b5": ("", "m7b5"), "ø": ("", "m7b5"), "ø7": ("", "m7b5"), "°": ("", "dim"),
    "o": ("", "dim"), "dim": ("", "dim"), "°7": ("", "dim7"), "o7": ("", "dim7"), "dim7": ("", "dim7"),
    "+": ("aug", ""), "aug": ("aug", ""), "+7": ("aug7", ""), "aug7": ("aug7", ""), "m": ("", "min"),
    "m7": ("", "m7"), "m9": ("", "m9"),
}  # fmt: skip
"""Suffix -> quality on an upper-case and on a lower-case numeral; empty where it makes no chord."""

_NUMERAL = re.compile(r"(?P<sign>[b#♭♯]{0,2})(?P<degree>VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?P<suffix>.*)")
_BASS = re.compile(r"(?P<sign>[b#♭♯]?)(?P<degree>[1-7])")
_SIGNS = {"b": -1, "♭": -1, "#": 1, "♯": 1}
_WAY_OUT = "Write Roman numerals such as I, vi, bVII, V7, ii7, viim7b5, V7/ii, with ii_V for two in a bar."


@dataclass(frozen=True)
class Chord:
    """A chord in a key. ``root`` and ``bass`` are pitch classes 0-11; ``pitch_classes`` start with the root.

    ``quality`` is a key of CHORD_INTERVALS; ``symbol`` reads like "F#m7" or "G7/B".
    """

    root: int
    quality: str
    bass: int
    pitch_classes: tuple[int, ...]
    symbol: str
    roman: str


@lru_cache(maxsize=4096)
def parse_roman(numeral: str, tonic: str, scale: str) -> Chord:
    """The chord of one numeral (no ``_``) in a key. Raises BadInput on ``musical.chord_progression``."""
    text = numeral.strip()
    chord_text, _, after = text.partition("/")
    target = _BASS.fullmatch(after)
    local_tonic, local_scale = tonic, scale
    if after and target is None:
        local_tonic, local_scale = _tonicized(after, numeral, tonic, scale)
    root, quality = _root_and_quality(chord_text, numeral, local_tonic, local_scale)
    bass = root
    if target is not None:
        bass = _degree_pc(int(target["degree"]) - 1, target["sign"], tonic, scale)
    elif text.endswith("/"):
        raise _bad(numeral, "nothing follows the slash")
    pitch_classes = tuple((root + step) % 12 for step in CHORD_INTERVALS[quality])
    return Chord(root, quality, bass, pitch_classes, chord_symbol(root, quality, bass, tonic, scale), text)


def parse_bar(bar: str, tonic: str, scale: str) -> tuple[Chord, ...]:
    """The chords that share one bar equally: "ii_V" gives two. Raises BadInput."""
    return tuple(parse_roman(numeral, tonic, scale) for numeral in bar.split("_"))


def chord_symbol(root: int, quality: str, bass: int, tonic: str, scale: str) -> str:
    """The chord as players write it, spelled for the key: (6, "m7", 6, "D", "major") -> "F#m7"."""
    over = "" if bass == root else "/" + spell(bass, tonic, scale)
    return spell(root, tonic, scale) + _SYMBOLS.get(quality, quality) + over


def _tonicized(target: str, numeral: str, tonic: str, scale: str) -> tuple[str, str]:
    """The key that a numeral after a slash names: minor for lower case. Raises BadInput."""
    root, quality = _root_and_quality(target, numeral, tonic, scale)
    if quality not in ("maj", "min"):
        raise _bad(numeral, f"{target} after the slash must be a plain major or minor degree")
    local_scale = "major" if quality == "maj" else "minor"
    return simplest_tonic(root, local_scale), local_scale


def _root_and_quality(text: str, numeral: str, tonic: str, scale: str) -> tuple[int, str]:
    match = _NUMERAL.fullmatch(text)
    if match is None:
        raise _bad(numeral, f"{text or 'nothing'} is no Roman numeral")
    upper, lower = _SUFFIXES.get(match["suffix"], ("?", "?"))
    is_upper = match["degree"].isupper()
    quality = upper if is_upper else lower
    if quality == "?":
        raise _bad(numeral, f"{match['suffix']!r} is no chord suffix")
    if not quality:
        case = "upper" if is_upper else "lower"
        raise _bad(numeral, f"{match['suffix']!r} makes no chord on a numeral in {case} case")
    degree = _DEGREES[match["degree"].upper()]
    root = _degree_pc(degree, match["sign"], tonic, scale)
    is_leading = degree == 6 and not match["sign"] and quality in ("dim", "dim7", "m7b5")
    if is_leading:
        root = (pitch_class(tonic) + 11) % 12
    return root, quality


def _degree_pc(degree: int, signs: str, tonic: str, scale: str) -> int:
    """The pitch class of a degree counted from 0; flats count from the major scale, the rest from the family's."""
    shift = sum(_SIGNS[sign] for sign in signs)
    steps = SCALE_STEPS["major" if shift < 0 else mode_family(scale)]
    return (pitch_class(tonic) + steps[degree] + shift) % 12


def _bad(numeral: str, rule: str) -> BadInput:
    return BadInput("musical.chord_progression", numeral, rule, way_out=_WAY_OUT)
