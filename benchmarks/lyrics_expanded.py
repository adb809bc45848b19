"""Every typed line of a pack in every reading: agreement, articles, elisions, words said twice.

Belongs here: reading packs out in full and what a second look at the words finds. Does not belong here: counts and
rhymes (lyrics_packs), lexicons (lyrics_second), songs (lyrics_proof).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise, product

from benchmarks.lyrics_second import disagreements, is_word
from musicgen_assets.composition.lyrics_pack import Pack, Theme, Unit, Voice, nouns_in
from musicgen_assets.composition.lyrics_pattern import Choice, Nouns, Pattern, read, resolved, slots_of, tidy
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import letter_groups
from musicgen_assets.context.schema import Language

READINGS_MAX = 240
"""Readings of one line that are looked at; lines of more are sampled evenly."""
_OPENING = "aeiouàâéèêëîïôöùûœæh"
"""Letters before which French elides; of those on h the muted ones only."""
_ASPIRATED = letter_groups(
    "hache haie hall hamac hanche hangar hanneton haricot haricots hasard haut haute hauts hautes hauteur havre "
    "hérisson héron héros hibou hiboux hors houle huit huitième hublot hurle hurlait hutte onze "
    "onzième oui ouistiti yacht harpe"
)
"""French words before which nothing is elided."""
_STRESSED_A = letter_groups(
    "agua águila aula alma arma arpa hambre hacha hada área ala ancla ánfora alba acta asa aspa aya hampa haba"
)
"""Feminine Spanish nouns that take "el" and "un" in the singular."""
_SAID_TWICE = letter_groups(
    "la le les de na no que y e et und and very so on in you that had ding bis nos vous is more by plus tout da still "
    "again round danse love never hoch viel up down over ganz weit vole saute monte do oh pas mer là petit há"
)
"""Words that may stand twice in a row."""
_ELIDED = frozenset(("le", "la", "je", "de", "ne", "que", "se", "me", "te", "jusque", "lorsque", "puisque"))
_BEFORE_A_VERB = frozenset(("a", "est", "et", "était", "à", "y"))
_FAULTS: dict[str, tuple[tuple[str, str], ...]] = {
    "es": (
        (r"\bde el\b(?! [A-ZÁÉÍÓÚ])", "de el: del"), (r"\ba el\b", "a el: al"),
        (r"\by (?:i|hi(?!e))", "y before i: e"), (r"\bo h?o", "o before o: u"),
        (r"\bcon (?:mí|ti)\b", "conmigo, contigo"),
    ),
    "fr": (
        (r"\bde le\b(?! \w+(?:er|ir|re)\b)", "de le: du"), (r"\bà le\b(?! \w+(?:er|ir|re)\b)", "à le: au"),
        (r"\bde les\b(?! \w+(?:er|ir|re)\b)", "de les: des"), (r"\bà les\b(?! \w+(?:er|ir|re)\b)", "à les: aux"),
        (r"\bsi ils?\b", "si il: s'il"), (r"[’'] ", "a space after an apostrophe"),
    ),
    "de": (
        (r"\b(?:in dem|an dem|bei dem|von dem|zu dem|in das|an das|zu der) (?!,)[A-ZÄÖÜ]", "contraction"),
        (r"\b(?:mit|von|bei|zu|aus|nach|seit) (?:die|das|ein|einen|eine|meine|deine|unsre) [A-ZÄÖÜ]\w*[^n\W]\b",
         "dative wanted"),
        (r"\b(?:für|durch|gegen|ohne|um) (?:dem|der|einem|einer|meinem|meiner)\b", "accusative wanted"),
    ),
    "pt": (
        (r"\b(?:em|de|por) (?:os?|as?)\b", "contraction"), (r"\ba (?:os?|as?) ", "contraction: ao, à"),
        (r"\b[Ee]m um(?:a|as|ns)?\b", "num, numa"), (r"\b[Cc]om (?:mim|nós)\b", "comigo, conosco"),
        (r"\b[Dd]e (?:ele|ela|este|esta|esse|essa|aquele|aquela)s?\b", "contraction"),
    ),
    "en": ((r"\b(?:he|she|it) (?:sing|dance|run|fall|burn|glow|hum|wait|sleep)\b", "third person -s"),),
}  # fmt: skip


def faults_of(text: str, language: str) -> list[str]:
    """What is wrong with one line as it would be sung."""
    words = [word.lower() for word in words_of(text)]
    found = [f"{pair}: agreement" for pair in disagreements(text, language) if not _is_el_before_a(pair, language)]
    found += [f"{one!r} twice" for one, two in pairwise(words) if one == two and one not in _SAID_TWICE]
    found += [said for pattern, said in _FAULTS[language] if re.search(pattern, text)]
    if language == "fr":
        found += _unelided(text)
    if language == "es":
        found += [
            f"{one} {two}: el {two}" for one, two in pairwise(words) if one in ("la", "una") and two in _STRESSED_A
        ]
    if re.search(r"\s[,?!]|,,|\(\s|[{}|<>\[\]]|  ", text):
        found.append("spaces or marks")
    return found


def _is_el_before_a(pair: str, language: str) -> bool:
    return language == "es" and pair.rsplit(maxsplit=1)[-1] in _STRESSED_A


def _unelided(text: str) -> list[str]:
    """ "le eau", "que il", and "l'haricot"."""
    found = []
    for one, two in pairwise(re.findall(r"[\w’']+", text.lower())):
        opens = two not in _ASPIRATED and two[0] in _OPENING
        if one in _ELIDED and opens and not (one in ("le", "la") and two == "y"):
            found.append(f"{one} {two}: elision")
        if one in ("ce", "ma", "ta", "sa") and opens and two not in _BEFORE_A_VERB:
            found.append(f"{one} {two}: cet, mon, ton, son")
    found += [f"{m[0]}: no elision" for m in re.finditer(r"\b[ldjnmts]['’](\w+)", text.lower()) if m[1] in _ASPIRATED]
    return found


def readings_of(unit: Unit, theme: Theme, part: str) -> Iterator[str]:
    """Each line of a unit in each of its readings, over the persons and tenses that may sing it."""
    seen: set[str] = set()
    for person, tense, is_addressed, is_bright in product(("i", "we"), ("present", "past"), (True,), (True, False)):
        voice = Voice(person, tense, is_addressed, is_bright)  # type: ignore[arg-type]
        if not unit.tags.allow(voice, part):
            continue
        nouns = nouns_in(theme, voice, part)
        spoken = "present" if part in ("hooks", "chorus", "pre_chorus") else tense
        for line in unit.lines:
            for text in _every(resolved(line, voice.person, spoken), nouns):  # type: ignore[arg-type]
                if text not in seen:
                    seen.add(text)
                    yield text


def _every(line: Pattern, nouns: Nouns) -> Iterator[str]:
    """All readings of a resolved line, or READINGS_MAX of them taken at even steps."""
    sizes: dict[str, int] = {}

    def learn(key: str, count: int) -> int:
        sizes.setdefault(key, count)
        return 0

    # Choices inside choices and nouns come to light when they are read: read once with each option.
    _read_all(line, nouns, learn)
    total = 1
    for size in sizes.values():
        total *= size
    step = max(1, total // READINGS_MAX)
    for number in range(0, total, step):
        rest = number

        def pick(_key: str, count: int) -> int:
            nonlocal rest
            rest, index = divmod(rest, count)
            return index

        yield tidy(read(line, nouns, "Ana", {}, pick))


def _read_all(line: Pattern, nouns: Nouns, learn: object) -> None:
    for node in line:
        if isinstance(node, Choice):
            learn(node.key, len(node.options))  # type: ignore[operator]
            for option in node.options:
                _read_all(option, nouns, learn)
    for slot in slots_of(line):
        group = nouns.get(slot.kind.rstrip("23456789"), ())
        learn(f"{slot.kind}:", max(len(group), 1))  # type: ignore[operator]
        for noun in group:
            _read_all(noun.get(slot.form, ()), nouns, learn)


def expanded_complaints(pack: Pack) -> Iterator[str]:
    """Faults of every reading of every line of a pack, each fault once with a line that shows it."""
    language: Language = pack.language
    shown: set[tuple[str, str]] = set()
    strange: set[str] = set()
    for place, unit, theme, part in _units(pack):
        for text in readings_of(unit, theme, part):
            for fault in faults_of(text, language):
                if (place, fault) not in shown:
                    shown.add((place, fault))
                    yield f"{place}: {fault}: {text!r}"
            for word in words_of(text):
                if word not in strange and not is_word(word, language):
                    strange.add(word)
                    yield f"{place}: no dictionary has {word!r}: {text!r}"


def count_readings_of(pack: Pack) -> int:
    """How many different lines the pack can say, those sampled counted as sampled."""
    return sum(1 for _, unit, theme, part in _units(pack) for _ in readings_of(unit, theme, part))


def _units(pack: Pack) -> Iterator[tuple[str, Unit, Theme, str]]:
    for name, theme in pack.themes.items():
        for part, units in theme.parts.items():
            for unit in units:
                yield f"{name}.{part}", unit, theme, part
        for title in theme.titles:
            for hook in title.hooks:
                yield f"{name}.titles", hook, theme, "hooks"
        for unit in pack.general["verse"]:
            yield f"general.verse with {name}", unit, theme, "verse"
    first = next(iter(pack.themes.values()))
    for part, units in pack.general.items():
        for unit in units if part != "verse" else ():
            yield f"general.{part}", unit, first, part
