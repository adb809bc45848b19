"""Everything a prompt says, read once: the findings the six steps of the enhancer explain.

Belongs here: calling the finders in order, each on the part of the prompt that is its own. Does not belong
here: what is derived from the findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.schema import Mood, SectionKind
from musicgen_assets.ideation.players import Wishes, read_wishes
from musicgen_assets.ideation.wording import quantities
from musicgen_assets.ideation.wording.eras import find_era
from musicgen_assets.ideation.wording.genres import find_genres, share_spans, weigh
from musicgen_assets.ideation.wording.hit_points import HitsAsked, find_hit_points, without_hit_words
from musicgen_assets.ideation.wording.key_words import KeyAsked, find_keys
from musicgen_assets.ideation.wording.language import prompt_language, sung_language
from musicgen_assets.ideation.wording.meters import MeterAsked, find_meter
from musicgen_assets.ideation.wording.moods import find_mood
from musicgen_assets.ideation.wording.purposes import Purpose, find_purpose
from musicgen_assets.ideation.wording.quantities import Numbers
from musicgen_assets.ideation.wording.spelling import Corrected, corrected
from musicgen_assets.ideation.wording.structure import excluded_sections, find_structure, wanted_sections
from musicgen_assets.ideation.wording.subject import (
    Singing,
    Theme,
    find_references,
    find_singing,
    find_theme,
    find_title,
    find_voice,
    made_title,
)
from musicgen_assets.ideation.wording.terms import Term, find_phrases, find_terms, words_of
from musicgen_assets.ideation.wording.text import Prompt, read_prompt, with_digits


@dataclass(frozen=True)
class Findings:
    """What the words say. None and empty mean: nothing was said."""

    prompt: Prompt
    language: str
    sung_language: str | None
    terms: tuple[Term, ...]
    genres: tuple[dict[str, Any], ...]
    avoided_genres: tuple[str, ...]
    typos: dict[str, str]
    slips: tuple[tuple[str, str], ...]
    """Misspelt words of music, mended before anything was read."""
    era: str | None
    purpose: Purpose | None
    mood: Mood | None
    mood_words: tuple[str, ...]
    tempo: Numbers
    tempo_mark: tuple[str, float] | None
    tempo_words: tuple[Term, ...]
    keys: tuple[KeyAsked, ...]
    meter: MeterAsked
    wishes: Wishes
    duration: Numbers
    structure: tuple[SectionKind, ...]
    with_sections: tuple[SectionKind, ...]
    without_sections: tuple[SectionKind, ...]
    hits: HitsAsked
    theme: Theme | None
    singing: Singing
    voice: str | None
    title: str | None
    made_title: str
    references: tuple[str, ...]


def understand(text: str) -> Findings:
    """Read ``text`` (trimmed, checked). Raises BadInput on numbers out of range and contradictory meters."""
    written = read_prompt(text)
    language = prompt_language(written)
    theme = find_theme(written, language)
    mended = corrected(written, language, [(theme.start, theme.end)] if theme else [])
    return _findings(mended, language)


def _findings(mended: Corrected, language: str) -> Findings:
    prompt = mended.prompt
    keys = find_keys(prompt, language)
    theme = find_theme(prompt, language, [key.start for key in keys])
    seconds = [word for word in words_of(language, "seconds") if len(word) > len("sec")]
    numbers = quantities.prepared(with_digits(_spoken(prompt), language, seconds), language)
    hits = find_hit_points(numbers, language)
    music = prompt.without([(theme.start, theme.end)] if theme else []).without((key.start, key.end) for key in keys)
    music = without_hit_words(music, language) if hits.points else music
    genres = find_genres(music, language)
    shares = share_spans(music, language, genres.terms)
    terms = find_terms(music, language, genres.terms)
    purpose = find_purpose(music, language)
    mood, mood_words = find_mood(prompt, language, find_terms(prompt, language) if theme else terms)
    named = [(term.start, term.end) for term in genres.terms]
    only = [span[:2] for span in find_phrases(music.without(named), words_of(language, "only_words"))]
    structure = find_structure(music, language, terms)
    return Findings(
        prompt=prompt,
        language=language,
        sung_language=sung_language(prompt, language),
        terms=terms,
        genres=tuple(weigh(music, language, terms)),
        avoided_genres=tuple(dict.fromkeys(t.value for t in terms if t.kind == "genre" and t.is_negated)),
        typos=dict(genres.typos),
        slips=mended.slips,
        era=find_era(music, language),
        purpose=purpose,
        mood=mood,
        mood_words=mood_words,
        tempo=quantities.find_tempo(hits.text, language),
        tempo_mark=quantities.find_tempo_mark(music.plain),
        tempo_words=tuple(term for term in terms if term.kind == "tempo"),
        keys=keys,
        meter=find_meter(prompt.without(shares), music.without(shares), language),
        wishes=read_wishes(terms, only),
        duration=quantities.find_duration(hits.text, language),
        structure=structure,
        with_sections=() if structure else wanted_sections(music, language, terms),
        without_sections=excluded_sections(terms),
        hits=hits,
        theme=theme,
        singing=find_singing(music, language, terms, theme),
        voice=find_voice(music, language, terms),
        title=find_title(prompt, language),
        made_title=made_title(prompt, language, theme.text if theme else ""),
        references=find_references(prompt, language),
    )


def _spoken(prompt: Prompt) -> str:
    """The prompt as written, without its quotations: what number words are read from."""
    return "".join(
        raw if plain != " " or not raw.isalnum() else " " for raw, plain in zip(prompt.raw, prompt.plain, strict=True)
    )
