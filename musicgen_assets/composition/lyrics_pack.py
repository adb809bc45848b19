"""The words there are: couplets by language and theme, and which theme a text means.

Belongs here: reading data/words_<language>.yaml, matching themes. Does not belong here: building stanzas
(lyrics_writer), the user's own words (lyrics_text).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import Language, Mood

Couplet = tuple[str, str]

MATCH_SCORE = 88.0
"""rapidfuzz ratio from which a long word means a keyword: one letter apart in a word of eight."""
_FUZZY_FROM_LETTERS = 6
"""Shorter words must be a keyword exactly: "nach" is not "nacht"."""
_MOOD_THEMES = (
    (0.35, 0.5, "loss"), (0.35, 1.01, "night"), (0.65, 0.4, "dreams"), (0.65, 0.65, "road"), (0.65, 1.01, "night"),
    (1.01, 0.35, "home"), (1.01, 0.6, "love"), (1.01, 0.8, "summer"), (1.01, 1.01, "dance"),
)  # fmt: skip
"""Where nothing names a theme: (valence below, arousal below, theme), first match."""
_DARK_THEMES = frozenset({"loss", "winter"})
_BRIGHT_THEMES = frozenset({"summer", "dance", "friendship", "hope", "love"})
_DARK_BELOW_VALENCE = 0.4


@dataclass(frozen=True)
class Theme:
    """One theme's words in one language."""

    name: str
    keywords: frozenset[str]
    things: tuple[str, ...]
    hooks: tuple[str, ...]
    couplets: Mapping[str, tuple[Couplet, ...]]
    """By part: verse, chorus, bridge."""


@dataclass(frozen=True)
class Pack:
    """One language's words: general couplets by part, and themes."""

    language: Language
    general: Mapping[str, tuple[Couplet, ...]]
    themes: Mapping[str, Theme]


@lru_cache(maxsize=8)
def load_pack(language: Language) -> Pack:
    """The words of a language."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = Path(__file__).parent / "data" / f"words_{language}.yaml"
    raw: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    return Pack(
        language=language,
        general={part: _couplets(lines) for part, lines in raw["general"].items()},
        themes={name: _theme(name, data) for name, data in raw["themes"].items()},
    )


def match_theme(
    texts: Sequence[str], pack: Pack, style_themes: Sequence[str], mood: Mood, rng: np.random.Generator
) -> str:
    """The theme that the first telling one of ``texts`` names, by its words in the song's language or English;
    else one of the style's own that the mood allows, else what the mood suggests. Long words may be misspelt.
    """
    named = next((found for found in (_best(text, pack) for text in texts) if found), "")
    if named:
        return named
    by_mood = next(
        theme for valence, arousal, theme in _MOOD_THEMES if mood.valence < valence and mood.arousal < arousal
    )
    fitting = dict.fromkeys(found for found in (_best(theme, pack) for theme in style_themes) if found)
    unfit = _DARK_THEMES if mood.valence > _DARK_BELOW_VALENCE else _BRIGHT_THEMES
    allowed = [theme for theme in fitting if theme not in unfit]
    return allowed[int(rng.integers(len(allowed)))] if allowed else by_mood


def _best(text: str, pack: Pack) -> str:
    """The theme most of whose keywords the text's words are; the one named first wins a tie."""
    from rapidfuzz import fuzz

    english = load_pack("en") if pack.language != "en" else pack
    words = [plain(word) for word in words_of(text)]
    scores: dict[str, float] = {}
    for position, word in enumerate(words):
        for name, theme in pack.themes.items():
            keywords = theme.keywords | english.themes[name].keywords
            best = 100.0 if word in keywords else 0.0
            if not best and len(word) >= _FUZZY_FROM_LETTERS:
                best = max(fuzz.ratio(word, keyword) for keyword in keywords)
            if best >= MATCH_SCORE:
                scores[name] = scores.get(name, 0.0) + best / 100.0 - position * 1e-3
    return max(scores, key=lambda name: (scores[name], name), default="")


def _theme(name: str, data: Mapping[str, Any]) -> Theme:
    return Theme(
        name=name,
        keywords=frozenset(plain(word) for word in str(data["keywords"]).split()),
        things=tuple(data["things"]),
        hooks=tuple(data["hooks"]),
        couplets={part: _couplets(data[part]) for part in ("verse", "chorus", "bridge")},
    )


def _couplets(lines: Sequence[str]) -> tuple[Couplet, ...]:
    found = []
    for line in lines:
        first, second = line.split(" / ")
        found.append((first, second))
    return tuple(found)
