"""English: vowel nuclei, stress and rhyme sounds by spelling rules, good enough to sing by.

Belongs here: the rules. Words they get wrong stand in data/prosody.yaml. Does not belong here: lines.
Digital spelling-to-sound rules after the usual descriptions (Venezky, The American Way of Spelling, 1999):
silent final e, -ed and -es, vowel digraphs, weak endings.
"""

from __future__ import annotations

import re
from functools import lru_cache

from musicgen_assets.composition.prosody_words import Rules, Span, Word, letter_groups, lexicon

_ONSETS = letter_groups(
    "bl br ch cl cr dr dw fl fr gl gr ph pl pr sc scr sh shr sk sl sm sn sp spl spr st str sw th thr tr tw wh wr qu"
)
_HIATUS = ("ia", "iu", "eo", "ua", "uo", "ii", "io", "ao", "iou", "eou")
_WEAK_ENDINGS = (
    "er", "ers", "y", "le", "les", "en", "ens", "ing", "ow", "ows", "ish", "et", "on", "or", "ar", "ous", "al", "el",
    "age", "ful", "less", "ness", "ly", "ment", "ed", "ard", "ern", "ies", "ied",
)  # fmt: skip
_PREFIXES = letter_groups("a be de re for to with un dis ex en em im mis pre ob con com pro per sur ad ap ar as")
_INNER_SILENT_E = re.compile(
    r"(?<=[aeiouy][^aeiouy])e(?=(?:ly|less|ful|ness|ment|times?|thing|where|one|body|wards?|land|light|side|line|house|"
    r"works?|man|boat|shore|way|ty|bow|place|town|walk)$)"
)


def _nuclei(word: str) -> list[Span]:
    base = word.replace("’", "'")
    ending = re.search(r"(?<=[dst])n't$", base)
    clipped = base if base.startswith("o'") else base.partition("'")[0]
    body = base[: ending.start()] if ending else clipped
    masked = re.sub(r"qu|gu(?=[ei])", lambda m: m.group()[0] + "#", body)
    masked = re.sub(r"^y(?=[aeiou])|(?<=[aeiou])y(?=[aeiou])", "#", masked)
    masked = _INNER_SILENT_E.sub("#", masked)
    masked = _mask_final_e(masked)
    spans: list[Span] = []
    for group in re.finditer(r"[aeiouy]+", masked):
        spans += _split_group(masked, group.start(), group.end())
    if len(spans) > 1 and re.search(r"[^aeiouylr#]les?$", masked):
        spans[-1] = (spans[-1][0] - 1, spans[-1][1])
    if ending and not base.startswith(("don", "won", "can")):
        spans.append((ending.start(), ending.start() + 1))
    return spans


def _mask_final_e(word: str) -> str:
    """Silent final e, and the silent e of -es and -ed, as ``#``; "candle" and "wanted" keep theirs."""
    vowels = len(re.findall(r"[aeiouy]+", word))
    if vowels < 2:
        return word
    if re.search(r"[^aeiouylr#]le$|[^aeiouylr#]les$", word):
        return word
    if re.search(r"[^aeiouy]e$|#e$", word):
        return word[:-1] + "#"
    if re.search(r"(?<![sxzcg])(?<!ch)(?<!sh)(?<![aeiouy])es$", word) or re.search(r"[^aeiouytd]ed$", word):
        return word[:-2] + "#" + word[-1]
    return word


def _split_group(word: str, start: int, end: int) -> list[Span]:
    group, before, after = word[start:end], word[max(start - 1, 0) : start], word[end:]
    if group.endswith("i") and after.startswith("ng") and len(group) > 1:
        return [(start, end - 1), (end - 1, end)]
    softens = before in ("t", "c", "s", "g", "x") and group[:2] in ("io", "ia", "eo", "ie") and len(word) > 4
    if softens and group != "ie":
        return [(start, end)]
    if group == "ie" and re.match(r"r$|st$|r[s]?$", after) and start > 2:
        return [(start, start + 1), (start + 1, end)]
    if len(group) > 1 and any(group.startswith(pair) for pair in _HIATUS):
        return [(start, start + 1), (start + 1, end)]
    return [(start, end)]


def _stress(word: str, syllables: tuple[str, ...]) -> int:
    count = len(syllables)
    if count == 1:
        return 0
    if re.search(r"(tion|sion|cian|ic|ics|tial|cial|cious|tious)s?$", word):
        return count - 2
    if re.search(r"(ity|ical|ogy|graphy|ular|inal)$", word) and count > 2:
        return count - 3
    if re.search(r"(self|selves|oon|ee|eer|ique|ette|esque)$", word):
        return count - 1
    if syllables[0].lower() in _PREFIXES and not (count == 2 and _is_weak(syllables[1].lower())):
        return 1
    return 0


_SOUNDS = (
    (r"^(?:ea|ee|ie|ei)([^aeiou].*)$", r"EE\1"), (r"^(?:ea|ee|ie|ei)$", "EE"), (r"^e$", "EE"),
    (r"^e([^aeiouyr]{1,2})(?:e|es)$", r"EE\1"), (r"^igh(.*)$", r"AI\1"), (r"^i(ld|nd)$", r"AI\1"),
    (r"^(?:ai|ay|ei|ey)(.*)$", r"EI\1"), (r"^y$", "AI"), (r"^(?:oa|oe)(.*)$", r"OU\1"), (r"^(?:ow)$", "OU"),
    (r"^o$", "OU"), (r"^ol([dt].*)$", r"OUl\1"), (r"^(?:oo|ew|ue|ui|u$)(.*)$", r"U\1"),
    (r"^(?:ou|ow)(.*)$", r"AU\1"), (r"^(?:oi|oy)(.*)$", r"OI\1"), (r"^(?:aw|au|augh|ough)(.*)$", r"O\1"),
    (r"^al[lk](.*)$", r"OL\1"), (r"^(?:er|ir|ur)(.*)$", r"ER\1"), (r"^ar(?!e)(.*)$", r"AR\1"),
    (r"^are$|^air(.*)$", r"EIR\1"), (r"^ore?(.*)$", r"OUR\1"),
    (r"^a([^aeiouyr]{1,2})es$", r"EI\1s"), (r"^a([^aeiouyr]{1,2})(?:e|ed)$", r"EI\1"),
    (r"^i([^aeiouy]{1,2})es$", r"AI\1s"), (r"^i([^aeiouy]{1,2})(?:e|ed)$", r"AI\1"),
    (r"^o([^aeiouyr]{1,2})es$", r"OU\1s"), (r"^o([^aeiouyr]{1,2})(?:e|ed)$", r"OU\1"),
    (r"^u([^aeiouy]{1,2})es$", r"U\1s"), (r"^u([^aeiouy]{1,2})(?:e|ed)$", r"U\1"), (r"^u(.*)$", r"UH\1"),
)  # fmt: skip
"""Vowel spellings at the head of a tail, first match; capitals are sounds."""
_CONSONANTS = (
    (r"ck|c(?![eih])|q", "k"), (r"gh", ""), (r"mb$", "m"), (r"([bdfgklmnprstz])\1", r"\1"),
    (r"[cs]e$|ss?e?$|ze?$", "s"), (r"z", "s"), (r"dge?", "j"), (r"ph", "f"), (r"e$", ""), (r"ie?s$", "is"),
    (r"y$", "i"), (r"ey$", "i"), (r"ed$", "d"), (r"(ing|in')$", "ing"),
)  # fmt: skip


_SHORT_PAST = re.compile(r"([aeiou](?!l)|[ei])([bdglmnprt])\2ed")
"""A doubled consonant before -ed keeps the vowel short: "grinned" is not "find"."""


@lru_cache(maxsize=1)
def _irregular_sounds() -> dict[str, str]:
    """Word -> rhyme sound, in the notation that ``_tail`` makes."""
    groups = lexicon("en", "sounds")
    return {word: sound for sound, words in groups.items() for word in words.split()}


@lru_cache(maxsize=1)
def _other_sounds() -> dict[str, str]:
    groups = lexicon("en", "also")
    return {word: sound for sound, words in groups.items() for word in words.split()}


def _variants(word: Word) -> tuple[str, ...]:
    sound = _other_sounds().get(word.text.lower())
    return (sound,) if sound else ()


def _is_weak(final: str) -> bool:
    return final.endswith(_WEAK_ENDINGS) and not final.endswith(("ay", "oy", "ey", "ied", "eed"))


def _tail(word: Word) -> str:
    """The sound from the stressed vowel on; a final syllable that is not weak rhymes alone ("overhead", "said")."""
    text = word.text.lower().replace("’", "'").removesuffix("'s")
    sounds = _irregular_sounds()
    if text in sounds:
        return sounds[text]
    final = word.syllables[-1].lower()
    is_late = word.stress == len(word.syllables) - 1 or text.endswith("thing") or not _is_weak(final)
    if is_late and final in sounds:
        return sounds[final]
    tail = final if is_late else "".join(word.syllables[word.stress :]).lower()
    tail = re.sub(r"^y|qu|gu(?=[ei])", "", tail)
    start = re.search(r"[aeiouy]", tail)
    tail = tail[start.start() if start else 0 :]
    short = _SHORT_PAST.fullmatch(tail)
    if short:
        return {"u": "uh"}.get(short[1], short[1]) + short[2] + "d"
    for pattern, sound in _SOUNDS:
        changed = re.sub(pattern, sound, tail)
        if changed != tail:
            tail = changed
            break
    for pattern, letter in _CONSONANTS:
        tail = re.sub(pattern, letter, tail)
    return tail.lower()


def _recut(syllables: tuple[str, ...]) -> tuple[str, ...]:
    """ "wai-ting" -> "wait-ing", "di-dn't" -> "did-n't"; a doubled consonant stays divided ("run-ning")."""
    if len(syllables) > 1 and re.fullmatch(r"[dst]n['’]t", syllables[-1].lower()):
        return (*syllables[:-2], syllables[-2] + syllables[-1][0], syllables[-1][1:])
    if len(syllables) < 2 or not re.fullmatch(r"[bcdfghklmnprstvwz]h?ing", syllables[-1].lower()):
        return syllables
    before, last = syllables[-2:]
    head = last[: -len("ing")]
    if before[-1:].lower() == head[0].lower():
        return syllables
    return (*syllables[:-2], before + head, last[len(head) :])


ENGLISH = Rules(nuclei=_nuclei, stress=_stress, onsets=_ONSETS, tail=_tail, recut=_recut, variants=_variants)
