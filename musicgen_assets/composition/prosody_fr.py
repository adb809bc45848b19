"""French: nuclei, the mute e, and the sound of endings.

Belongs here: the rules (Grammont, Petit traité de versification française, 1908: mute e counts before a
consonant, not before a vowel nor at the end of a line). Does not belong here: lines.
"""

from __future__ import annotations

import re

from musicgen_assets.composition.prosody_words import Rules, Span, Word, letter_groups, word_set

_VOWELS = "aeiouàâäéèêëîïôöùûüœæ"
_BREAKING = "éèêïëä"
_ONSETS = letter_groups("pl pr bl br fl fr vl vr tl tr dl dr cl cr gl gr ch gn ph th qu gu chr phr sc")


def _nuclei(word: str) -> list[Span]:
    masked = re.sub(r"(?<=q)u|(?<=g)u(?=[eiéèê])|(?<=g)e(?=[aoâôu])", "#", word.replace("’", "'"))
    masked = re.sub(rf"(?<=[{_VOWELS}])y(?=[{_VOWELS}])", "#", masked)
    masked = re.sub(rf"(?<=[^{_VOWELS}#])y(?![{_VOWELS}])|^y$|(?<=[^{_VOWELS}])y(?=[^{_VOWELS}])", "i", masked)
    if len(word) > 3 and word in word_set("fr", "mute_ent"):
        masked = masked[:-3] + "e##"
    spans: list[Span] = []
    for group in re.finditer(f"[{_VOWELS}]+", masked):
        spans += _split_group(masked, group.start(), group.end())
    return spans


def _split_group(word: str, start: int, end: int) -> list[Span]:
    """Accented vowels break a group ("thé-âtre"); so does i after a stop and a liquid ("cri-er")."""
    cuts = [start]
    for position in range(start + 1, end):
        left, right = word[position - 1], word[position]
        is_mute_end = right == "e" and re.fullmatch(r"e(s|##)?", word[position:]) is not None
        breaks = (
            (right in _BREAKING and left not in "iuy") or (left in "éè" and not is_mute_end) or (left + right == "ao")
        )
        after_cluster = left == "i" and not is_mute_end and re.search(r"[pbfvtdcg][lr]i$", word[:position]) is not None
        if breaks or after_cluster:
            cuts.append(position)
    return [(a, b) for a, b in zip(cuts, [*cuts[1:], end], strict=True)]


def is_mute(syllable: str, word: str) -> bool:
    """Whether a word's last syllable is only a mute e: "-e", "-es", and "-ent" of verbs."""
    if word.lower() in word_set("fr", "mute_ent"):
        return True
    return re.search(rf"[^{_VOWELS}]es?$|[gq]ues?$", syllable.lower()) is not None


def _stress(word: str, syllables: tuple[str, ...]) -> int:
    last = len(syllables) - 1
    return last - 1 if last > 0 and is_mute(syllables[-1], word) else last


_RHYMES = (
    (r"œu", "eu"), (r"oin", "I~"), (r"eau|au|ô", "o"), (r"oi|oî|oy", "Wa"), (r"ou|oû|où", "U"),
    (r"(?:ain|ein|aim|un|um|in|im|yn|ym)(?![aeiouyéèn])", "I~"), (r"(?<=[iy])en(?![aeiouyén])", "I~"),
    (r"(?:an|am|en|em)(?![aeiouyéènm])", "A~"), (r"(?:on|om)(?![aeiouyénm])", "O~"),
    (r"ui", "Ui"), (r"eui", "euy"), (r"eu|eû", "E"), (r"aî|ai|ei|è|ê|ë", "ɛ"), (r"é", "e"),
    (r"(?<=.)(?:er|ez)$", "e"), (r"et$", "ɛ"), (r"e(?=[^aeiou]{1,2})", "ɛ"), (r"[àâ]", "a"), (r"[îïy]", "i"),
    (r"[ûù]", "u"), (r"([a-z])\1", r"\1"), (r"z", "s"),
)  # fmt: skip
"""Spelling to sound, in order; I~ A~ O~ are nasal, W and U before a vowel glide, ɛ is open."""
_SOUNDING_R = letter_groups("mer hiver fer cher fier hier amer enfer ver univers envers vers")
_LAST_VOWEL = re.compile(r"(?:W|U(?=i))?[aeiouEUɛIAO]~?[^aeiouEUɛIAO~W]*$")


def _tail(word: Word) -> str:
    """The last sounding vowel and what is pronounced after it, in a rough phonetic spelling."""
    text = word.text.lower().replace("’", "'").rpartition("'")[2]
    if text in word_set("fr", "mute_ent"):
        text = text.removesuffix("nt")
    has_mute = re.search(rf"[^{_VOWELS}]es?$|[qg]ues?$|[iuéo]es?$|aient$", text) is not None
    sound = re.sub(r"aient$", "ai", text)
    if sound in _SOUNDING_R:
        sound = re.sub(r"ers?$", "èr", sound)
    elif not has_mute:
        sound = _without_silent_end(sound)
    sound = re.sub(r"qu|k|c(?![eéèihy])", "k", sound.replace("mpt", "mt"))
    sound = re.sub(r"ç|ss|c(?=[eéèiy])", "s", re.sub(r"gu(?=[ei])", "g", sound))
    if has_mute:
        sound = re.sub(r"e(?=[^aeiou]+$)", "è", re.sub(r"es?$", "", sound))
    if has_mute or sound.endswith("il"):
        sound = re.sub(r"(?<=[aeiou])ill?$", "y", re.sub(r"(?<=[^aeo])ill$", "iy", sound))
    for pattern, letter in _RHYMES:
        sound = re.sub(pattern, letter, sound)
    found = _LAST_VOWEL.search(sound)
    # A glide before the vowel does not keep words from rhyming: "toi" and "bas".
    return re.sub(r"^[WU](?=.)(?=[aiI])|(?<=~)[kp]$", "", found.group() if found else sound).lower()


def _without_silent_end(text: str) -> str:
    """Without the consonants that end a word unheard; -er and -ez as é, -et kept open."""
    sound = re.sub(r"(?<=[^r])(er|ez)$", "é", text)
    if sound.endswith(("et", "ets")):
        return sound
    return re.sub(r"(?<=[aeiouyéèêàâùûôîrnlm])[tdpsxzg]+$", "", sound)


FRENCH = Rules(nuclei=_nuclei, stress=_stress, onsets=_ONSETS, tail=_tail, drops_mute_e=True)
