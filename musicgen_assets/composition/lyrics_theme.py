"""Which theme a song is about, and the voice that tells it.

Belongs here: matching texts to themes, choosing title and voice. Does not belong here: packs (lyrics_pack), lines
(lyrics_writer).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import get_args

import numpy as np

from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import Pack, Theme, Title, Voice
from musicgen_assets.composition.lyrics_pattern import PERSONS, TENSES
from musicgen_assets.composition.lyrics_search import rhymes_of
from musicgen_assets.composition.prosody import line_of, words_of
from musicgen_assets.composition.prosody_words import plain
from musicgen_assets.context.schema import Language, Mood

UNTITLED = "Untitled"
TITLE_SYLLABLES_MAX = 9
_THEME_SYLLABLES_MAX = 7
MATCH_SCORE = 88.0
"""rapidfuzz ratio from which a long word means a keyword: one letter apart in a word of eight."""
_FUZZY_FROM_LETTERS = 6
"""Shorter words must be a keyword exactly: "nach" is not "nacht"."""
_TELLING_LETTERS = 4
"""Shorter words mean something else in the next language."""
_MOOD_THEMES = (
    (0.35, 0.5, "loss"), (0.35, 1.01, "night"), (0.65, 0.4, "dreams"), (0.65, 0.65, "road"), (0.65, 1.01, "night"),
    (1.01, 0.35, "home"), (1.01, 0.6, "love"), (1.01, 0.8, "summer"), (1.01, 1.01, "dance"),
)  # fmt: skip
"""Where nothing names a theme: (valence below, arousal below, theme), first match."""
_DARK_THEMES = frozenset({"loss", "winter"})
_BRIGHT_THEMES = frozenset({"summer", "dance", "friendship", "hope", "love"})
_DARK_BELOW_VALENCE = 0.4
_PERSON_WEIGHTS = {"i": 0.65, "we": 0.35}
_TENSE_WEIGHTS = {"present": 0.6, "past": 0.4}
_HABIT = 2.0
"""How much likelier the style's habit makes a person."""
ENOUGH_COUPLETS = 12
"""Rhyming sources of verse from which a voice is as good as any other."""


def match_theme(
    texts: Sequence[str], pack: Pack, style_themes: Sequence[str], mood: Mood, rng: np.random.Generator
) -> str:
    """The theme that the first telling one of ``texts`` names, by its words in the song's language or English, or by
    being a title of the pack; else one of the style's own that the mood allows, else what the mood suggests. Long
    words may be misspelt.
    """
    spoken = {plain(" ".join(words_of(text))) for text in texts}
    titled = (
        name
        for name, theme in pack.themes.items()
        if any(plain(" ".join(words_of(title.text))) in spoken for title in theme.titles)
    )
    own = next(titled, "")
    if own:
        return own
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


def title_about(text: str, language: Language, is_bright: bool, rng: np.random.Generator) -> str:
    """A title of the theme that a text in any of the languages names; empty where it names none."""
    if not text.strip():
        return ""
    pack = load_pack(language)
    named = _best(text, pack)
    return choose_title("", "", pack, pack.themes[named], is_bright, rng).text if named else ""


def _best(text: str, pack: Pack) -> str:
    """The theme most of whose keywords the text's words are; the one named first wins a tie. Words that neither the
    song's language nor English has are looked for in the others: a prompt may be in any.
    """
    from rapidfuzz import fuzz

    words = [plain(word) for word in words_of(text)]
    scores: dict[str, float] = {}
    for position, word in enumerate(words):
        for name, theme in pack.themes.items():
            keywords = _keywords(theme, pack)
            best = 100.0 if word in keywords else 0.0
            if not best and len(word) >= _FUZZY_FROM_LETTERS:
                best = max(fuzz.ratio(word, keyword) for keyword in sorted(keywords))
            if best >= MATCH_SCORE:
                scores[name] = scores.get(name, 0.0) + best / 100.0 - position * 1e-3
    if scores:
        return max(scores, key=lambda name: (scores[name], name))
    return _best_elsewhere(words, pack)


def _best_elsewhere(words: Sequence[str], pack: Pack) -> str:
    """The theme of the pack that other languages' keywords name; empty where none does."""
    telling = [word for word in words if len(word) >= _TELLING_LETTERS]
    for language in get_args(Language) if telling else ():
        if language in (pack.language, "en"):
            continue
        for word in telling:
            named = (name for name, theme in load_pack(language).themes.items() if word in theme.keywords)
            own = next((name for name in named if name in pack.themes), "")
            if own:
                return own
    return ""


def _keywords(theme: Theme, pack: Pack) -> frozenset[str]:
    """Words that name a theme, in the song's language and in English."""
    english = load_pack("en") if pack.language != "en" else pack
    return theme.keywords | (english.themes[theme.name].keywords if theme.name in english.themes else frozenset())


def choose_title(
    asked: str, theme_text: str, pack: Pack, theme: Theme, is_bright: bool, rng: np.random.Generator
) -> Title:
    """What the refrain names: the title asked for if it can be sung, else the words for the theme, else a title of
    the pack. A title that the pack knows brings its own hooks.
    """
    for text, longest in ((asked, TITLE_SYLLABLES_MAX), (theme_text, _THEME_SYLLABLES_MAX)):
        words = words_of(text)
        has_figures = any(word.isdigit() for word in words)
        # "love" says what a song is about; nobody would sing it as the song's title.
        is_bare = longest == _THEME_SYLLABLES_MAX and all(plain(word) in _keywords(theme, pack) for word in words)
        is_fit = bool(words) and text != UNTITLED and not has_figures and not is_bare
        if is_fit and len(line_of(text, pack.language).syllables) <= longest:
            sung = " ".join(text.split()).strip(" .,!?;:")
            own = (title for title in theme.titles if plain(title.text) == plain(sung))
            return next(own, Title(sung[:1].upper() + sung[1:]))
    fitting = [title for title in theme.titles if title.tags.is_bright in (None, is_bright)] or list(theme.titles)
    return fitting[int(rng.integers(len(fitting)))]


def choose_voice(
    pack: Pack, theme: Theme, title: Title, is_bright: bool, habit: str, rng: np.random.Generator
) -> Voice:
    """Person, tense and addressee for the whole song: among those the title allows, the likelier the more couplets
    the theme has for them. ``habit`` is the person most songs of the style speak in.
    """
    voices = [
        Voice(person, tense, is_addressed, is_bright)
        for person, tense, is_addressed in product(PERSONS, TENSES, (False, True))
        if _holds(title, Voice(person, tense, is_addressed, is_bright))
    ]
    if not voices:
        voices = [Voice(is_bright=is_bright), Voice(is_addressed=True, is_bright=is_bright)]
    weights = np.array([_plenty(pack, theme, voice) for voice in voices]) ** 2
    weights *= [_PERSON_WEIGHTS[voice.person] * _TENSE_WEIGHTS[voice.tense] for voice in voices]
    weights *= [_HABIT if habit == (voice.person if habit != "you" else _addressee(voice)) else 1.0 for voice in voices]
    if not weights.sum():
        return voices[0]
    return voices[int(rng.choice(len(voices), p=weights / weights.sum()))]


def _addressee(voice: Voice) -> str:
    return "you" if voice.is_addressed else ""


def _holds(title: Title, voice: Voice) -> bool:
    """Whether the voice may sing the title: by its tags and those of one of its hooks."""
    hooks = title.hooks
    return title.tags.allow(voice, "hooks") and (not hooks or any(hook.tags.allow(voice, "hooks") for hook in hooks))


def _plenty(pack: Pack, theme: Theme, voice: Voice) -> float:
    """0-1: how many sources of verse the voice has, against enough."""
    own = {
        rhyme.sources
        for rhyme in rhymes_of(pack.language, theme.name, voice, "verse", is_general=False)
        if len(rhyme.units) == 1
    }
    return min(len(own) / ENOUGH_COUPLETS, 1.0)
