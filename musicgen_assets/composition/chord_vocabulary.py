"""Which progressions a section may use, and how plain numerals are coloured.

Belongs here: candidates by style, kind and mode; extensions. Does not belong here: other chords in their place
(chord_substitution), cadences (chord_cadence), putting a song's harmony together (chord_progression).
"""

from __future__ import annotations

import re

import numpy as np

from musicgen_assets.context.schema import Scale, SectionKind
from musicgen_assets.styles.schema import Progression, Style
from musicgen_assets.theory.chords import Chord, parse_bar, parse_roman
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import mode_family, scale_pitch_classes

_MODAL: dict[str, tuple[tuple[str, ...], ...]] = {
    "dorian": (("i", "IV", "i", "IV"), ("i", "bVII", "IV", "i"), ("i", "ii", "bIII", "IV"),
               ("bIII", "bVII", "i", "IV"), ("IV", "bVII", "i", "v")),
    "mixolydian": (("I", "bVII", "IV", "I"), ("I", "v", "IV", "bVII"), ("bVII", "IV", "I", "I"),
                   ("IV", "I", "bVII", "v"), ("vi", "bVII", "I", "I")),
    "lydian": (("I", "II", "I", "II"), ("I", "V", "II", "I"), ("vi", "II", "I", "V"), ("I", "iii", "II", "V"),
               ("iii", "II", "vi", "V")),
    "phrygian": (("i", "bII", "i", "bvii"), ("i", "bII", "bIII", "bII"), ("bVI", "bvii", "i", "bII"),
                 ("i", "bvii", "bVI", "bII"), ("iv", "bIII", "bII", "i")),
    "major": (("I", "IV", "V", "I"), ("vi", "IV", "I", "V"), ("IV", "V", "vi", "I")),
    "minor": (("i", "bVI", "bIII", "bVII"), ("i", "iv", "v", "i"), ("bVI", "bVII", "i", "i")),
}  # fmt: skip
"""Loops in every scale of the schema: for modes, where a style's major and minor loops would leave the mode."""

_NEIGHBOURS: dict[SectionKind, tuple[SectionKind, ...]] = {
    "intro": ("verse", "chorus"), "verse": ("intro", "chorus"), "pre_chorus": ("build", "bridge", "verse"),
    "chorus": ("drop", "verse"), "bridge": ("breakdown", "pre_chorus", "interlude"), "solo": ("chorus", "verse"),
    "interlude": ("intro", "verse"), "build": ("pre_chorus", "chorus"), "drop": ("chorus", "build"),
    "breakdown": ("bridge", "interlude", "verse"), "outro": ("chorus", "intro", "verse"),
}  # fmt: skip
"""Whose progressions a kind borrows where the style has none for it."""
_COLOURED = re.compile(r"(b?#?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(°?)")


def candidates(style: Style, kind: SectionKind, scale: Scale) -> list[Progression]:
    """Progressions for a section kind in this scale, never empty; the kind's own first, then its neighbours'."""
    usable = [progression for progression in style.progressions if _fits(progression, scale)]
    for owner in (kind, *_NEIGHBOURS[kind]):
        own = [progression for progression in usable if owner in progression.kinds]
        if own and (scale in ("major", "minor") or len(own) > 1):
            return own
    mode = mode_family(scale)
    modal = [Progression(numerals=numerals, mode=mode) for numerals in _MODAL[scale]]
    return modal if scale not in ("major", "minor") else usable or modal


def idioms(style: Style, tonic: str, scale: Scale) -> list[list[Chord]]:
    """The style's own loops in this key, as chords: what counts as its way of moving."""
    return [
        [chord for bar in progression.numerals for chord in parse_bar(bar, tonic, scale)]
        for progression in style.progressions
        if _fits(progression, scale)
    ]


def coloured(bar: str, style: Style, tonic: str, scale: Scale, rng: np.random.Generator) -> str:
    """A bar with its plain numerals extended as the style does; numerals that say more stay as they are."""
    if style.harmony_extensions == "triads":
        return bar
    if style.extension_share < 1.0 and rng.random() >= style.extension_share:
        return bar
    wants_ninth = style.harmony_extensions == "ninths" and rng.random() < 0.5
    return "_".join(_extended(numeral, tonic, scale, wants_ninth=wants_ninth) for numeral in bar.split("_"))


def _fits(progression: Progression, scale: Scale) -> bool:
    """Whether a progression belongs to the scale: its mode, and in the church modes only chords of the mode."""
    if progression.mode != mode_family(scale):
        return False
    if scale in ("major", "minor"):
        return True
    pcs = set(scale_pitch_classes("C", scale))
    return all(set(chord.pitch_classes) <= pcs for bar in progression.numerals for chord in parse_bar(bar, "C", scale))


def _extended(numeral: str, tonic: str, scale: Scale, *, wants_ninth: bool) -> str:
    """ "ii" -> "ii7" by the scale's own seventh and ninth."""
    match = _COLOURED.fullmatch(numeral)
    if match is None:
        return numeral
    if match[3]:
        return numeral.replace("°", "m7b5") if match[2] in ("vii", "ii") else numeral
    chord = parse_roman(numeral, tonic, scale)
    pcs = scale_pitch_classes(tonic, scale)
    is_dominant = match[2] == "V" or (chord.root - pitch_class(tonic)) % 12 == 7
    if chord.quality == "min":
        has_ninth = wants_ninth and (chord.root + 2) % 12 in pcs
        return numeral + (("9" if has_ninth else "7") if (chord.root + 10) % 12 in pcs else "")
    has_ninth = wants_ninth and (chord.root + 2) % 12 in pcs
    if is_dominant or ((chord.root + 10) % 12 in pcs and (chord.root + 11) % 12 not in pcs):
        return numeral + ("9" if has_ninth else "7")
    return numeral + ("maj9" if has_ninth else "maj7") if (chord.root + 11) % 12 in pcs else numeral
