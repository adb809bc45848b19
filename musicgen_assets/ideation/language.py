"""Which of the five languages a prompt is in: counted words first, letter statistics where they don't decide.

Belongs here: the language of the prompt itself. Does not belong here: the language asked for the lyrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from musicgen_assets.context.schema import Language
from musicgen_assets.ideation.reading.lexicon import LANGUAGES, Sense, language_words, read_data
from musicgen_assets.ideation.reading.text import PhraseIndex, Token, phrase_key

_STOPWORD_POINTS = 1.0
_VOCABULARY_POINTS = 1.0
_CLEAR_LEAD = 1.0
"""Points ahead of the next language from which words alone decide."""
_SURE = 0.75
"""Probability from which letter statistics are believed against the default."""
_WORDS_NEEDED = 3


def detect_language(text: str, tokens: Sequence[Token]) -> tuple[Language, bool]:
    """The prompt's language, and whether that is clear. English where nothing speaks for another."""
    points = {language: _points(language, tokens) for language in LANGUAGES}
    ranked = sorted(LANGUAGES, key=lambda language: (-points[language], LANGUAGES.index(language)))
    best, second = ranked[0], ranked[1]
    if points[best] >= points[second] + _CLEAR_LEAD:
        return best, True
    words = [token for token in tokens if not token.is_number]
    if len(words) < _WORDS_NEEDED:
        return (best, False) if points[best] > points["en"] else ("en", False)
    guess, probability = _identifier().classify(text)
    if probability >= _SURE and points[guess] >= points[best] - _CLEAR_LEAD and points[guess] > 0:
        return guess, True
    return (best, False) if points[best] > points["en"] else ("en", False)


def _points(language: Language, tokens: Sequence[Token]) -> float:
    stopwords, vocabulary = _stopwords(language), _vocabulary(language)
    total = sum(_STOPWORD_POINTS for token in tokens if token.folded in stopwords)
    return total + sum(_VOCABULARY_POINTS * (match.end - match.start) for match in vocabulary.scan(tokens))


@lru_cache(maxsize=8)
def _stopwords(language: Language) -> frozenset[str]:
    return frozenset(word for entry in read_data(language)["stopwords"] for word in phrase_key(entry))


@lru_cache(maxsize=8)
def _vocabulary(language: Language) -> PhraseIndex[Sense]:
    """The language's own content words (moods, tempo words, instruments ...), without what English shares."""
    return PhraseIndex({key: (sense,) for key, sense in language_words(language).items()})


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """py3langid's naive Bayes model, restricted to our languages (half a second to load)."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
