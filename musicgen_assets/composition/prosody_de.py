"""German: nuclei, stress and rhyme sounds by rules.

Belongs here: the rules (Duden, Die Grammatik, chapters on syllable and word stress). Does not belong here: lines.
"""

from __future__ import annotations

import re

from musicgen_assets.composition.prosody_words import Rules, Span, Word, letter_groups

_DIGRAPHS = ("ei", "ai", "au", "eu", "äu", "ie", "aa", "ee", "oo", "ey", "ay")
_ONSETS = letter_groups(
    "ch sch ck ph th st sp str spr pf pfl pfr schl schm schn schr schw bl br dr fl fr gl gr kl kn kr pl pr tr zw qu"
)
_UNSTRESSED_PREFIXES = ("be", "ge", "er", "ver", "zer", "ent", "emp")


def _nuclei(word: str) -> list[Span]:
    masked = re.sub(r"(?<=q)u", "#", word)
    masked = re.sub(r"^y(?=[aeiou])", "#", masked)
    spans: list[Span] = []
    position = 0
    while position < len(masked):
        if masked[position] not in "aeiouäöüy":
            position += 1
            continue
        width = 2 if masked[position : position + 2] in _DIGRAPHS else 1
        spans.append((position, position + width))
        position += width
    return spans


def _stress(word: str, syllables: tuple[str, ...]) -> int:
    count = len(syllables)
    if count == 1:
        return 0
    if re.search(r"(ieren|iere|iert|ierte)$", word):
        return next(
            (n for n in range(count - 1, -1, -1) if "ier" in syllables[n].lower() or "ie" in syllables[n].lower()), 0
        )
    if re.search(r"(ion|tät|ei|ik)$", word) and count > 1 and not word.endswith("arbei"):
        return count - 1
    if word.startswith(_UNSTRESSED_PREFIXES) and syllables[0].lower().rstrip("s") in _UNSTRESSED_PREFIXES:
        return 1
    return 0


_SOUNDS = (
    (r"äu|eu", "oi"), (r"ei|ai|ey|ay", "ai"), (r"ie|ih", "i"), (r"[üy]", "i"), (r"[äö]", "e"),
    (r"(?<=[aeiou])h", ""), (r"([aeo])\1", r"\1"), (r"tz", "z"), (r"ck", "k"), (r"ß", "s"),
    (r"([bdfgklmnprst])\1", r"\1"), (r"dt$|d$", "t"), (r"b$", "p"), (r"(?<!n)g$", "k"), (r"v", "f"),
    (r"(?<!n)gt$", "kt"), (r"ngt$", "nkt"), (r"(?<=[bdfgklmprstwzh])en$", "n"),
)  # fmt: skip
"""Spelling to sound, in order: vowels without length or rounding, final consonants hardened."""
_WEAK_SYLLABLE = re.compile(r"[^aeiouäöüy]*(?:e(?:n|r|l|m|s|t|rn|ln|nd|st)?|ig|lich|ung)")


def _tail(word: Word) -> str:
    """The sound from the last full vowel on; rounded and unrounded vowels rhyme, as in German verse.

    The last syllable without a weak vowel rhymes even where a compound's main stress stands before it.
    """
    syllables = [syllable.lower() for syllable in word.syllables]
    last = len(syllables) - 1
    start = next((n for n in range(last, word.stress, -1) if not _WEAK_SYLLABLE.fullmatch(syllables[n])), word.stress)
    tail = "".join(syllables[start:])
    tail = re.sub(r"^[^aeiouäöüy]*", "", re.sub(r"^qu", "", tail))
    for pattern, sound in _SOUNDS:
        tail = re.sub(pattern, sound, tail)
    return tail


GERMAN = Rules(nuclei=_nuclei, stress=_stress, onsets=_ONSETS, tail=_tail)
