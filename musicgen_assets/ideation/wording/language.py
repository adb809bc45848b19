"""Which language a prompt is written in, and in which the words are to be sung.

Belongs here: telling five languages apart in a few words. Does not belong here: anything about music.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from musicgen_assets.ideation.wording.lexicon import LANGUAGES, instrument_words, lexicon
from musicgen_assets.ideation.wording.terms import alternatives, table_of, words_of
from musicgen_assets.ideation.wording.text import Prompt

_MODEL_SHARE, _MODEL_FULL_WORDS = 0.9, 4.0
"""What the statistical model may add, in words recognised; it is unsure on short prompts."""
_ENGLISH_PRIOR = 0.45
"""English is what prompts are written in when nothing tells otherwise."""
_FUNCTION_WORD, _MUSIC_WORD = 1.0, 0.8
_LISTS = ("negations", "about_words", "song_words", "vocals", "instrumental", "minutes", "seconds", "only_words")
_TABLES = ("moods", "tempo_words", "meters", "implied_meters", "sections", "scales", "roles", "languages", "voices",
           "era_words", "purposes", "hit_words")  # fmt: skip
"""Sections of a lexicon whose words tell a language."""


def prompt_language(prompt: Prompt) -> str:
    """The language of the prompt: words known in each lexicon, with a statistical model as tie-breaker."""
    if not prompt.words:
        return "en"
    texts = [word.text for word in prompt.words]
    scores = {name: _known(texts, name) for name in LANGUAGES}
    scores["en"] += _ENGLISH_PRIOR
    trust = _MODEL_SHARE * min(len(texts) / _MODEL_FULL_WORDS, 1.0)
    first, second = sorted(scores.values(), reverse=True)[:2]
    if first - second <= trust:  # a wider lead the model cannot turn, and loading it takes 0.4 s
        model = _ranked(prompt.raw)
        scores = {name: score + trust * model[name] for name, score in scores.items()}
    return max(LANGUAGES, key=lambda name: scores[name])


def sung_language(prompt: Prompt, language: str) -> str | None:
    """The language named for the words ("in Spanish", "German lyrics"), else None."""
    names = {str(word): str(code) for word, code in table_of(language, "languages").items()}
    name = alternatives(tuple(names))
    before = alternatives(words_of(language, "in_words"))
    voice = alternatives((*words_of(language, "vocals"), *words_of(language, "song_words")))
    for pattern in (rf"(?:{before})\s+({name})", rf"({name})\s+(?:{voice})", rf"(?:{voice})\s+({name})"):
        match = re.search(rf"(?<!\w){pattern}(?!\w)", prompt.plain)
        if match:
            return names[" ".join(match.group(1).split())]
    return None


def _known(texts: list[str], language: str) -> float:
    """Words known in ``language``, each divided among the languages that know it."""
    weights = _weights()[language]
    return sum(weights.get(text, 0.0) for text in texts)


@lru_cache(maxsize=1)
def _weights() -> dict[str, dict[str, float]]:
    """Word to weight by language: a word that several languages share says less about each."""
    sets = {name: _word_sets(name) for name in LANGUAGES}
    owners: dict[str, int] = {}
    for function_words, music_words in sets.values():
        for word in function_words | music_words:
            owners[word] = owners.get(word, 0) + 1
    return {
        name: {
            word: (_FUNCTION_WORD if word in function_words else _MUSIC_WORD) / owners[word]
            for word in function_words | music_words
        }
        for name, (function_words, music_words) in sets.items()
    }


def _word_sets(language: str) -> tuple[frozenset[str], frozenset[str]]:
    """Words that hold sentences together, and words of music and mood, of one language."""
    source = lexicon(language)
    phrases = [phrase for name in _LISTS for phrase in source.words(name)]
    phrases += [phrase for name in _TABLES for phrase in source.table(name)]
    phrases += list(instrument_words(language))
    single = {word for phrase in phrases for word in phrase.split() if len(word) > 1}
    return frozenset(source.words("function_words")), frozenset(single)


def _ranked(text: str) -> dict[str, float]:
    """Probability of each language by py3langid."""
    return {str(name): float(share) for name, share in _identifier().rank(text)}


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
