"""Spanish and Portuguese: nuclei, stress and rhyme sounds from their spelling, which tells nearly all.

Belongs here: the rules (Real Academia Española, Ortografía, 2010, chapter on accents; Acordo Ortográfico
1990 for Portuguese). Does not belong here: lines.
"""

from __future__ import annotations

import re

from musicgen_assets.composition.prosody_words import Rules, Span, Word, plain

_VOWELS = "aeiouáéíóúüâêôãõàý"
_STRONG = "aeoáéóâêôãõà"
_CLOSED_ACCENT = "íú"
_LIQUID_ONSETS = [stop + liquid for stop in "pbfvtdcg" for liquid in "lr"]
_SPANISH_ONSETS = frozenset([*_LIQUID_ONSETS, "ch", "ll", "rr", "qu", "gu"])
_PORTUGUESE_ONSETS = frozenset([*_LIQUID_ONSETS, "ch", "lh", "nh", "qu", "gu"])
_NASAL_PAIRS = ("ão", "ãe", "õe")
_ACCENTED = "áéíóúâêô"


def _masked(word: str) -> str:
    """Letters that are written as vowels but sound as consonants, as ``#``: u of que, gui; y before a vowel."""
    masked = re.sub(r"(?<=q)u|(?<=g)u(?=[eiéí])", "#", word)
    return re.sub(rf"y(?=[{_VOWELS}])", "#", masked)


def _groups(word: str, letters: str) -> list[Span]:
    return [group.span() for group in re.finditer(f"[{letters}]+", _masked(word))]


def _spanish_nuclei(word: str) -> list[Span]:
    spans: list[Span] = []
    for start, end in _groups(word, _VOWELS + "y"):
        first = start
        for position in range(start + 1, end):
            left, right = word[position - 1], word[position]
            both_strong = left in _STRONG and right in _STRONG
            if both_strong or left in _CLOSED_ACCENT or right in _CLOSED_ACCENT or left == right:
                spans.append((first, position))
                first = position
        spans.append((first, end))
    return spans


def _portuguese_nuclei(word: str) -> list[Span]:
    spans: list[Span] = []
    for start, end in _groups(word, _VOWELS):
        first = start
        for position in range(start + 1, end):
            if _is_portuguese_hiatus(word, position):
                spans.append((first, position))
                first = position
        spans.append((first, end))
    return spans


def _is_portuguese_hiatus(word: str, position: int) -> bool:
    left, right, rest = word[position - 1], word[position], word[position + 1 :]
    if left + right in _NASAL_PAIRS:
        return False
    if word[max(position - 2, 0) : position] in ("qu", "gu"):
        return False
    if right in "iu":
        return (left in "aeo" and bool(re.match(r"nh|[lmnrz]($|[^aeiouáéíóú])", rest))) or (left == right)
    if left in "iu" and right in "aeo":
        is_falling_end = len(rest.rstrip("s")) == 0 and any(letter in _ACCENTED for letter in word[: position - 1])
        return not is_falling_end
    return True


def _spanish_stress(word: str, syllables: tuple[str, ...]) -> int:
    for index, syllable in enumerate(syllables):
        if re.search("[áéíóú]", syllable.lower()):
            return index
    weak = word[-1] in "aeiouns"
    return max(len(syllables) - (2 if weak else 1), 0)


def _portuguese_stress(word: str, syllables: tuple[str, ...]) -> int:
    for pattern in (f"[{_ACCENTED}]", "[ãõ]"):
        for index, syllable in enumerate(syllables):
            if re.search(pattern, syllable.lower()):
                return index
    weak = re.search(r"([aeo]s?|ems?|ens|am)$", word)
    return max(len(syllables) - (2 if weak else 1), 0)


def _stressed_tail(word: Word, glides: str) -> str:
    """Letters from the stressed syllable's sounding vowel on, plain; ``glides`` matches a gliding first vowel."""
    tail = plain("".join(word.syllables[word.stress :]))
    tail = re.sub(r"^[^aeiou]*", "", re.sub(r"qu(?=[ei])|gu(?=[ei])", "#", tail))
    glide = re.match(glides, tail)
    stressed = word.syllables[word.stress].lower()
    return tail[1:] if glide and not re.search("[íú]", stressed) else tail


def _spanish_tail(word: Word) -> str:
    tail = _stressed_tail(word, r"^[iu](?=[aeo])|^u(?=i)|^i(?=u)")
    for pattern, sound in ((r"v", "b"), (r"ll", "y"), (r"z|c(?=[ei])", "s"), (r"g(?=[ei])", "j"), (r"h", "")):
        tail = re.sub(pattern, sound, tail)
    return re.sub(r"(?<=[aeou])y$", "i", tail)


def _portuguese_tail(word: Word) -> str:
    ending = "".join(word.syllables[word.stress :]).lower()
    if re.search(r"ãos?$|(?<=.)am$", ending):
        return "aun" + ("s" if ending.endswith("s") else "")
    tail = _stressed_tail(word, r"^[iu](?=[aeo])")
    for pattern, sound in ((r"ç|c(?=[ei])|ss|z", "s"), (r"g(?=[ei])", "j"), (r"h$", ""), (r"m$", "n"), (r"l$", "u")):
        tail = re.sub(pattern, sound, tail)
    if len(word.syllables) - 1 > word.stress:
        tail = re.sub(r"o(s?)$", r"u\1", re.sub(r"e(s?)$", r"i\1", tail))
    return tail


SPANISH = Rules(_spanish_nuclei, _spanish_stress, _SPANISH_ONSETS, _spanish_tail, joins_vowels=True)
PORTUGUESE = Rules(_portuguese_nuclei, _portuguese_stress, _PORTUGUESE_ONSETS, _portuguese_tail, joins_vowels=True)
