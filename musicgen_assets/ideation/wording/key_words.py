"""Keys in words: "in F# minor", "ré mineur", "Es-Dur", "la menor", "in a minor key".

Belongs here: reading a key or a mode. Does not belong here: choosing one (proposal.py), key theory (theory.keys).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from musicgen_assets.ideation.wording.lexicon import LANGUAGES, lexicon
from musicgen_assets.ideation.wording.terms import alternatives, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt, read_prompt
from musicgen_assets.theory.keys import simplest_tonic
from musicgen_assets.theory.pitch import pitch_class

_SOLFEGE = {"do": "C", "ut": "C", "re": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_GERMAN = {
    "c": "C", "cis": "C#", "des": "Db", "d": "D", "dis": "D#", "es": "Eb", "e": "E", "f": "F", "fis": "F#",
    "ges": "Gb", "g": "G", "gis": "G#", "as": "Ab", "a": "A", "ais": "A#", "b": "Bb", "h": "B", "ces": "B",
    "eis": "F", "his": "C", "fes": "E",
}  # fmt: skip
_SPELLINGS = frozenset(["C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B"])


@dataclass(frozen=True)
class KeyAsked:
    """A key read from words; either part may be missing. ``text`` is how it was written."""

    tonic: str | None
    scale: str | None
    text: str
    start: int
    end: int


def find_keys(prompt: Prompt, language: str) -> tuple[KeyAsked, ...]:
    """Every key or mode named, in order of place."""
    found = [*_german(prompt), *_letters(prompt, language), *_solfege(prompt)]
    found += [
        key for key in _key_of(prompt, language) if not any(key.start < o.end and o.start < key.end for o in found)
    ]
    kept: list[KeyAsked] = []
    for key in sorted(found, key=lambda key: (key.start, -(key.end - key.start))):
        if not kept or key.start >= kept[-1].end:
            kept.append(key)
    return tuple(kept) or _modes_alone(prompt, language)


def read_key(text: str) -> tuple[str, str | None] | None:
    """A key as an option gives it: "Ebm", "f#", "C minor", "h-moll", "la menor"; (tonic, scale or None), or None."""
    short = re.fullmatch(r"\s*([A-Ga-g])\s*([#b♯♭]?)\s*(m|min|maj|M)?\s*", text)
    if short:
        scale = {"m": "minor", "min": "minor", "maj": "major", "M": "major", None: None}[short.group(3)]
        return _tonic(short.group(1), short.group(2), scale or "major"), scale
    prompt = read_prompt(text)
    for language in LANGUAGES:
        for key in find_keys(prompt, language):
            if key.tonic is not None and key.end - key.start >= len(text.strip()):
                return key.tonic, key.scale
    return None


@lru_cache(maxsize=8)
def _scale_words(language: str) -> Mapping[str, str]:
    return {word: str(scale) for word, scale in table_of(language, "scales").items()}


def _letters(prompt: Prompt, language: str) -> list[KeyAsked]:
    """ "D minor", "F# major", "B flat dorian"; a small "a minor" must follow "in" and no "key" may follow it."""
    scales = _scale_words(language)
    pattern, nouns = _letter_patterns(language)
    found = []
    for match in pattern.finditer(prompt.plain):
        letter, sign, sharp, flat, mode, short, short_sign, short_mode = match.groups()
        is_article = (letter == "a" and not (sign or sharp or flat)) and prompt.raw[match.start()] == "a"
        if letter and is_article and (nouns.match(prompt.plain, match.end()) or not _follows_in(prompt, match.start())):
            continue
        if short and (prompt.raw[match.start()].islower() or (short_mode == "m" and short == "a")):
            continue
        scale = scales[" ".join(mode.split())] if mode else ("major" if short_mode == "maj" else "minor")
        accidental = "#" if sharp else "b" if flat else (sign or short_sign or "")
        found.append(_asked(_tonic(letter or short, accidental, scale), scale, prompt, match))
    return found


@lru_cache(maxsize=8)
def _letter_patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A key by its letter, and a noun that makes the mode's word an adjective."""
    scales = alternatives(tuple(_scale_words(language)))
    sharps, flats = alternatives(words_of(language, "sharps")), alternatives(words_of(language, "flats"))
    pattern = re.compile(
        rf"(?<![\w#])([a-g])(?:\s*([#♯b♭](?!\w))|\s*({sharps})|\s*({flats}))?\s+({scales})(?!\w)"
        rf"|(?<!\w)([a-g])([#♯♭b])?(m|min|maj)(?![\w'])"
    )
    return pattern, re.compile(rf"\s+(?:{alternatives(words_of(language, 'mode_nouns'))})(?!\w)")


def _follows_in(prompt: Prompt, place: int) -> bool:
    return re.search(r"(?:\bin|\bof|\ben|\bem|:|^)\s*$", prompt.plain[:place]) is not None


def _solfege(prompt: Prompt) -> list[KeyAsked]:
    """ "re menor", "sol diese mineur", "si bemol mayor", in whichever Romance language."""
    pattern, scales, signs = _solfege_pattern()
    found = []
    for match in pattern.finditer(prompt.plain):
        name, sign, mode = match.groups()
        scale = scales[" ".join(mode.split())]
        accidental = signs.get(" ".join((sign or "").split()), sign or "")
        found.append(_asked(_tonic(_SOLFEGE[name], accidental, scale), scale, prompt, match))
    return found


@cache
def _solfege_pattern() -> tuple[re.Pattern[str], Mapping[str, str], Mapping[str, str]]:
    """A key by its syllable, what its words for a scale mean, and what those for an accidental mean."""
    scales: dict[str, str] = {}
    signs: dict[str, str] = {}
    for name in ("es", "fr", "pt"):
        scales.update({word: str(scale) for word, scale in lexicon(name).table("scales").items()})
        signs.update(dict.fromkeys(lexicon(name).words("sharps"), "#"))
    for name in ("es", "fr", "pt"):
        signs.update(dict.fromkeys(lexicon(name).words("flats"), "b"))
    names = "|".join(sorted(_SOLFEGE, key=len, reverse=True))
    pattern = re.compile(
        rf"(?<!\w)({names})(?:\s*([#♯♭]|{alternatives(tuple(signs))}))?\s+({alternatives(tuple(scales))})(?!\w)"
    )
    return pattern, scales, signs


def _german(prompt: Prompt) -> list[KeyAsked]:
    """ "h-Moll" is B minor, "B-Dur" is B flat major."""
    pattern, scales = _german_pattern()
    return [
        _asked(_fitting(_GERMAN[match.group(1)]), scales[match.group(2)], prompt, match)
        for match in pattern.finditer(prompt.plain)
    ]


@cache
def _german_pattern() -> tuple[re.Pattern[str], Mapping[str, str]]:
    scales = {word: str(scale) for word, scale in lexicon("de").table("scales").items()}
    names = "|".join(sorted(_GERMAN, key=len, reverse=True))
    modes = alternatives(("dur", "moll", "dorisch", "lydisch", "phrygisch", "mixolydisch"))
    return re.compile(rf"(?<!\w)({names})\s*({modes})(?!\w)"), scales


def _key_of(prompt: Prompt, language: str) -> list[KeyAsked]:
    """ "in the key of E flat", "key: F#", and a capital at the end of a phrase, "blues in E": no mode."""
    pattern, bare, latin = _key_patterns(language)
    found = []
    capitals = [match for match in bare.finditer(prompt.plain) if prompt.raw[match.start(1)].isupper()]
    for match in [*pattern.finditer(prompt.plain), *capitals]:
        letter, sign, sharp, flat = match.groups()
        accidental = "#" if sharp else "b" if flat else sign or ""
        found.append(_asked(_tonic(letter, accidental, "major"), None, prompt, match))
    found += [_asked(_SOLFEGE[match.group(1)], None, prompt, match) for match in latin.finditer(prompt.plain)]
    return found


@lru_cache(maxsize=8)
def _key_patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A letter after a word for key, one at a phrase's end, and a syllable after a word for key."""
    sharps, flats = alternatives(words_of(language, "sharps")), alternatives(words_of(language, "flats"))
    words = alternatives(words_of(language, "key_words"))
    named = re.compile(rf"(?<!\w)(?:{words})\s*[:=]?\s*([a-g])\s*(?:([#♯♭]|b(?!\w))|({sharps})|({flats}))?(?!\w)")
    bare = re.compile(
        rf"(?<!\w)(?:in|en|em)\s+([a-g])\s*(?:([#♯♭]|b(?!\w))|({sharps})|({flats}))?"
        rf"(?=\s*(?:[,.;:!)\n]|$)|\s+(?:{alternatives(words_of(language, 'key_stops'))})(?!\w))"
    )
    latin = re.compile(rf"(?<!\w)(?:{words})\s*[:=]?\s*({'|'.join(_SOLFEGE)})(?!\w)")
    return named, bare, latin


def _modes_alone(prompt: Prompt, language: str) -> tuple[KeyAsked, ...]:
    """ "in a minor key", "en modo menor", "Moll": a mode without a tonic."""
    scales = _scale_words(language)
    modes, nouns = alternatives(tuple(scales)), alternatives(words_of(language, "mode_nouns"))
    pattern = re.compile(rf"(?<!\w)(?:({modes})\s+(?:{nouns})|(?:{nouns})\s+({modes})|in\s+(dur|moll))(?!\w)")
    return tuple(
        _asked(None, {"dur": "major", "moll": "minor"}.get(word) or scales[word], prompt, match)
        for match in pattern.finditer(prompt.plain)
        if (word := " ".join(next(group for group in match.groups() if group).split()))
    )


def _asked(tonic: str | None, scale: str | None, prompt: Prompt, match: re.Match[str]) -> KeyAsked:
    text = prompt.raw[match.start() : match.end()].strip()
    return KeyAsked(tonic, scale, text, match.start(), match.end())


def _tonic(letter: str, accidental: str, scale: str) -> str:
    sign = {"♯": "#", "♭": "b"}.get(accidental, accidental)
    return _fitting(letter.upper() + sign, scale)


def _fitting(name: str, scale: str = "major") -> str:
    """The name itself where a context can hold it, else its twin (Cb is B)."""
    return name if name in _SPELLINGS else simplest_tonic(pitch_class(name), scale)
