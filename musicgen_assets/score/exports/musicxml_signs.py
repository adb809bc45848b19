"""What stands above and below the notes in MusicXML: chord symbols, rehearsal marks, tempo, swing, dynamics.

Belongs here: making those elements. Does not belong here: notes (musicxml_part).
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.exports.spelling import Speller
from musicgen_assets.score.exports.written import Swing
from musicgen_assets.score.model import TICKS_PER_QUARTER, ChordSpan

_KINDS: dict[str, tuple[str, str, tuple[tuple[int, int], ...]]] = {
    "maj": ("major", "", ()), "min": ("minor", "m", ()), "dim": ("diminished", "dim", ()),
    "aug": ("augmented", "aug", ()), "5": ("power", "5", ()), "sus2": ("suspended-second", "sus2", ()),
    "sus4": ("suspended-fourth", "sus4", ()), "7sus4": ("suspended-fourth", "7sus4", ((7, -1),)),
    "9sus4": ("suspended-fourth", "9sus4", ((7, -1), (9, 0))), "6": ("major-sixth", "6", ()),
    "m6": ("minor-sixth", "m6", ()), "69": ("major-sixth", "6/9", ((9, 0),)), "add9": ("major", "add9", ((9, 0),)),
    "madd9": ("minor", "madd9", ((9, 0),)), "7": ("dominant", "7", ()), "maj7": ("major-seventh", "maj7", ()),
    "m7": ("minor-seventh", "m7", ()), "mM7": ("major-minor", "mM7", ()), "m7b5": ("half-diminished", "m7b5", ()),
    "dim7": ("diminished-seventh", "dim7", ()), "aug7": ("augmented-seventh", "aug7", ()),
    "7b9": ("dominant", "7b9", ((9, -1),)), "7#9": ("dominant", "7#9", ((9, 1),)), "9": ("dominant-ninth", "9", ()),
    "maj9": ("major-ninth", "maj9", ()), "m9": ("minor-ninth", "m9", ()), "13": ("dominant-13th", "13", ()),
}  # fmt: skip
"""Chord quality -> (kind, its text, degrees added as (degree, alteration))."""
_LOUDNESS = ((0.25, "p"), (0.45, "mp"), (0.65, "mf"), (0.85, "f"), (2.0, "ff"))
"""Below which section energy which dynamic stands. Rule of thumb."""


def dynamic_of(energy: float) -> str:
    """The dynamic mark of a section energy 0-1."""
    return next(mark for limit, mark in _LOUDNESS if energy < limit)


def harmony(chord: ChordSpan, speller: Speller, offset: int, *, has_degrees: bool = True) -> ET.Element:
    """A chord symbol ``offset`` ticks into the bar it is written at the start of. ``has_degrees``: whether tones added
    to the kind follow it, for programs that play chords; its text names them anyway, and Verovio prints both.
    """
    element = ET.Element("harmony")
    letter, alter = speller.root(chord, chord.root)
    _named(ET.SubElement(element, "root"), "root", letter, alter)
    kind, text, degrees = _KINDS.get(chord.quality, ("other", chord.quality, ()))
    ET.SubElement(element, "kind", text=text).text = kind
    if chord.bass != chord.root:
        _named(ET.SubElement(element, "bass"), "bass", *speller.root(chord, chord.bass))
    for number, change in degrees if has_degrees else ():
        degree = ET.SubElement(element, "degree", {"print-object": "no"})
        ET.SubElement(degree, "degree-value").text = str(number)
        ET.SubElement(degree, "degree-alter").text = str(change)
        ET.SubElement(degree, "degree-type").text = "add"
    if offset:
        ET.SubElement(element, "offset").text = str(offset)
    return element


def rehearsal(name: str) -> ET.Element:
    """A section's name in a box."""
    direction, kind = _direction("above")
    ET.SubElement(kind, "rehearsal").text = name
    return direction


def words(text: str) -> ET.Element:
    """Plain words above the staff."""
    direction, kind = _direction("above")
    ET.SubElement(kind, "words").text = text
    return direction


def dynamics(mark: str) -> ET.Element:
    """A dynamic mark below the staff."""
    direction, kind = _direction("below")
    ET.SubElement(ET.SubElement(kind, "dynamics"), mark)
    return direction


def tempo(tempo_bpm: float, time_signature: str, offset: int = 0, *, is_bent: bool = False) -> ET.Element:
    """A metronome mark in the meter's felt beat, ``offset`` ticks into its bar; ``tempo_bpm`` counts quarters, as
    ``sound`` does. Bent tempi are told in tenths: they lie close together.
    """
    beat = beat_ticks(time_signature)
    direction, kind = _direction("above")
    mark = ET.SubElement(kind, "metronome", parentheses="no")
    ET.SubElement(mark, "beat-unit").text = "eighth" if beat == TICKS_PER_QUARTER // 2 else "quarter"
    if beat == TICKS_PER_QUARTER * 3 // 2:
        ET.SubElement(mark, "beat-unit-dot")
    per_minute = tempo_bpm * TICKS_PER_QUARTER / beat
    ET.SubElement(mark, "per-minute").text = f"{per_minute:.1f}" if is_bent else f"{per_minute:.0f}"
    if offset:
        ET.SubElement(direction, "offset", sound="yes").text = str(offset)
    ET.SubElement(direction, "sound", tempo=_bpm(tempo_bpm))
    return direction


def played_tempo(tempo_bpm: float, offset: int = 0) -> ET.Element:
    """A tempo that is played ``offset`` ticks into its bar and not shown."""
    sound = ET.Element("sound", tempo=_bpm(tempo_bpm))
    if offset:
        ET.SubElement(sound, "offset").text = str(offset)
    return sound


def _bpm(tempo_bpm: float) -> str:
    return f"{tempo_bpm:.9g}"


def swing(played: Swing) -> ET.Element | None:
    """ "Swing" with its ratio for programs that know it; None where pairs are even."""
    if not played.words:
        return None
    direction = words(played.words)
    is_eighths = played.eighths >= played.sixteenths
    share = played.eighths if is_eighths else played.sixteenths
    ratio = Fraction(share / (1.0 - share)).limit_denominator(8)
    element = ET.SubElement(ET.SubElement(direction, "sound"), "swing")
    ET.SubElement(element, "first").text = str(ratio.numerator)
    ET.SubElement(element, "second").text = str(ratio.denominator)
    ET.SubElement(element, "swing-type").text = "eighth" if is_eighths else "16th"
    return direction


def _direction(placement: str) -> tuple[ET.Element, ET.Element]:
    direction = ET.Element("direction", placement=placement)
    return direction, ET.SubElement(direction, "direction-type")


def _named(element: ET.Element, prefix: str, letter: str, alter: int) -> None:
    ET.SubElement(element, f"{prefix}-step").text = letter
    if alter:
        ET.SubElement(element, f"{prefix}-alter").text = str(alter)
