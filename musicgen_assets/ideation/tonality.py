"""Keys in words: "in D minor", "F# major", "en ré mineur", "Do mayor", "H-Moll", "Bbm", "minor key".

Belongs here: reading a tonic and a scale in five languages' notations. Does not belong here: choosing a key
nobody asked for (ideation.resolver).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Scale, Tonic
from musicgen_assets.ideation.text import Token, fold, tokenize
from musicgen_assets.theory.keys import simplest_tonic
from musicgen_assets.theory.pitch import pitch_class

TONICS: tuple[str, ...] = get_args(Tonic)

_SCALE_WORDS: dict[Scale, tuple[str, ...]] = {
    "major": ("major", "maj", "mayor", "majeur", "majeure", "dur", "maior", "ionian", "jonico", "ionisch"),
    "minor": ("minor", "min", "menor", "mineur", "mineure", "moll", "aeolian", "eolico", "eolien", "aolisch"),
    "dorian": ("dorian", "dorico", "dorien", "dorienne", "dorisch"),
    "mixolydian": ("mixolydian", "mixolidio", "mixolydien", "mixolydisch"),
    "phrygian": ("phrygian", "frigio", "phrygien", "phrygisch"),
    "lydian": ("lydian", "lidio", "lydien", "lydisch"),
}
SCALE_OF_WORD: dict[str, Scale] = {word: scale for scale, words in _SCALE_WORDS.items() for word in words}
_GERMAN_SCALES = frozenset(("dur", "moll", "dorisch", "mixolydisch", "phrygisch", "lydisch", "ionisch", "aolisch"))
_SHARPS = frozenset(("sharp", "sostenido", "sostenida", "diese", "sustenido", "sustenida", "#"))
_FLATS = frozenset(("flat", "bemol", "b"))
_SOLFEGE = {"do": "C", "ut": "C", "re": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_KEY_WORDS = frozenset(("key", "tonality", "tonalidad", "tonalite", "tonalidade", "tonart", "tono", "tom", "tonic"))
_PREPOSITIONS = frozenset(("in", "en", "em", "im", "of", "de", "von", "is", "to", "auf"))
_NOT_A_KEY_AFTER = frozenset(("key", "keys", "mode", "mood", "scale", "tonality", "feel", "way", "chord", "chords", "hit", "third"))
"""After "a minor" they make it an adjective: "in a minor key" names no tonic."""

_LETTER = re.compile(r"([A-Ga-g])([#♯♭]|b(?=$)|)")
_GERMAN = re.compile(r"(?:(as|es)|([cdfgah])(is|es)?|(e)(is|s)?|(b))")
_COMPACT = re.compile(r"([A-G])([#♯♭b]?)(m|min|maj|M)")


@dataclass(frozen=True)
class ReadKey:
    """A key found at tokens ``start`` to ``end``. ``tonic`` or ``scale`` None where only the other was said."""

    tonic: str | None
    scale: Scale | None
    start: int
    end: int

    @property
    def name(self) -> str:
        """ "D minor", "D" or "minor"."""
        return " ".join(part for part in (self.tonic, self.scale) if part)


def read_keys(tokens: Sequence[Token]) -> tuple[ReadKey, ...]:
    """Every key, in order. Raises BadInput where a letter outside A-H is called a key ("in X minor")."""
    found: list[ReadKey] = []
    position = 0
    while position < len(tokens):
        key = _named_key(tokens, position) or _compact_key(tokens, position) or _bare_tonic(tokens, position)
        if key is None:
            _refuse_impossible(tokens, position)
            position += 1
        else:
            found.append(key)
            position = key.end
    return tuple(found)


def parse_key(text: str) -> ReadKey | None:
    """A key on its own, as a person types it into an option: "Ebm", "e minor", "H-Moll", "Sol mayor", "bb"."""
    tokens = tokenize(text)
    key = _named_key(tokens, 0, is_alone=True) or _compact_key(tokens, 0, is_alone=True) if tokens else None
    if key is None and tokens:
        note = _note(tokens, 0, is_german=False, is_alone=True)
        if note is None and len(tokens) == 1 and (german := _german_note(tokens[0].folded)):
            note = german, 1
        key = ReadKey(note[0], None, 0, note[1]) if note is not None else None
    return key if key is not None and key.end == len(tokens) else None


def _named_key(tokens: Sequence[Token], position: int, is_alone: bool = False) -> ReadKey | None:
    """A note followed by a scale word."""
    for is_german in (False, True):
        note = _note(tokens, position, is_german, is_alone)
        if note is None:
            continue
        tonic, end = note
        if end >= len(tokens) or not tokens[end].is_joined:
            continue
        scale = SCALE_OF_WORD.get(tokens[end].folded)
        if scale is None or is_german != (tokens[end].folded in _GERMAN_SCALES):
            continue
        if not is_alone and _is_article(tokens, position, end):
            continue
        return ReadKey(_as_tonic(tonic, scale), scale, position, end + 1)
    return None


def _is_article(tokens: Sequence[Token], position: int, end: int) -> bool:
    """Whether "a minor" is an article and an adjective: lower case, and no "in" before or a noun behind."""
    token = tokens[position]
    if token.text != "a" or end > position + 1:
        return False
    after = tokens[end + 1].folded if end + 1 < len(tokens) and not tokens[end + 1].starts_clause else ""
    before = tokens[position - 1].folded if position else ""
    return after in _NOT_A_KEY_AFTER or before not in _PREPOSITIONS | _KEY_WORDS


def _compact_key(tokens: Sequence[Token], position: int, is_alone: bool = False) -> ReadKey | None:
    """ "Am", "F#m", "Bbmin": behind a preposition or the word key, since "Am" is also a word."""
    token = tokens[position]
    text, end = token.text, position + 1
    if text[-1:] in "#♯♭" and end < len(tokens) and not tokens[end].before:
        text, end = text + tokens[end].text, end + 1
    if is_alone:
        text = text[:1].upper() + text[1:]
    match = _COMPACT.fullmatch(text)
    if match is None or not (is_alone or _is_introduced(tokens, position)):
        return None
    scale: Scale = "major" if match[3] in ("maj", "M") else "minor"
    return ReadKey(_as_tonic(match[1] + match[2], scale), scale, position, end)


def _bare_tonic(tokens: Sequence[Token], position: int) -> ReadKey | None:
    """ "key of E", "in F#": a capital letter that ends its clause."""
    before = tokens[position - 1].folded if position else ""
    if before not in _PREPOSITIONS | _KEY_WORDS:
        return None
    note = _note(tokens, position, is_german=False, is_alone=False)
    if note is None or not tokens[position].text[0].isupper() or fold(tokens[position].text) in _SOLFEGE:
        return None
    tonic, end = note
    is_of_a_key = before in _KEY_WORDS or position > 1 and tokens[position - 2].folded in _KEY_WORDS
    if not is_of_a_key and end < len(tokens) and not tokens[end].starts_clause:
        return None
    return ReadKey(_as_tonic(tonic, "major"), None, position, end)


def _is_introduced(tokens: Sequence[Token], position: int) -> bool:
    return position > 0 and tokens[position - 1].folded in _PREPOSITIONS | _KEY_WORDS


def _note(tokens: Sequence[Token], position: int, is_german: bool, is_alone: bool) -> tuple[str, int] | None:
    """A note name at ``position`` as (English name, position behind it)."""
    token = tokens[position]
    if is_german:
        name = _german_note(token.folded)
        return None if name is None else (name, position + 1)
    match = _LETTER.fullmatch(token.text)
    if match is not None:
        letter, sign = match.groups()
        if sign:
            return letter.upper() + sign, position + 1
        return _with_accidental(tokens, position, letter.upper())
    solfege = _SOLFEGE.get(token.folded.rstrip("#"))
    if solfege is None:
        return None
    if token.folded.endswith("#"):
        return solfege + "#", position + 1
    return _with_accidental(tokens, position, solfege)


def _with_accidental(tokens: Sequence[Token], position: int, letter: str) -> tuple[str, int]:
    """The letter with "sharp", "flat", "bémol" ... if that word follows."""
    if position + 1 < len(tokens) and tokens[position + 1].is_joined:
        word = tokens[position + 1].folded
        if word in _SHARPS:
            return letter + "#", position + 2
        if word in _FLATS:
            return letter + "b", position + 2
    return letter, position + 1


def _german_note(word: str) -> str | None:
    """German note names: H is B, B is Bb, -is sharpens, -es flattens, As and Es are short for them."""
    match = _GERMAN.fullmatch(word)
    if match is None:
        return None
    if word == "b":
        return "Bb"
    if word in ("as", "es"):
        return word[0].upper() + "b"
    letter = "B" if word[0] == "h" else word[0].upper()
    return letter + {"is": "#", "es": "b", "s": "b", "": ""}[word[1:]]


def _as_tonic(name: str, scale: Scale) -> str:
    """One of the schema's tonics: "Cb" is "B", "♭" is "b"."""
    plain = name.replace("♯", "#").replace("♭", "b")
    return plain if plain in TONICS else simplest_tonic(pitch_class(plain), scale)


def _refuse_impossible(tokens: Sequence[Token], position: int) -> None:
    token = tokens[position]
    is_letter = len(token.text) == 1 and token.text.isupper() and token.text.isascii() and token.text.isalpha()
    if not is_letter or not _is_introduced(tokens, position) or position + 1 >= len(tokens):
        return
    after = tokens[position + 1]
    if after.is_joined and SCALE_OF_WORD.get(after.folded) and token.text not in "ABCDEFGH":
        raise BadInput(
            "musical.key", f"{token.text} {after.text}", "there is no such note",
            way_out="Name a key such as C major, F# minor or Eb dorian.",
        )  # fmt: skip
