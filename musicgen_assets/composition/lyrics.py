"""composition/lyrics: the words of a song, and how they fall.

Belongs here: the asset's entry, from the context to Lyrics and Prosody. Does not belong here: writing
(lyrics_writer), reading a user's text (lyrics_text), syllables (prosody), notes (melody, vocal_line).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.lyrics_pack import Pack, Theme, load_pack, match_theme
from musicgen_assets.composition.lyrics_score import lyric_scores
from musicgen_assets.composition.lyrics_text import sections_of
from musicgen_assets.composition.lyrics_writer import UNTITLED, Writer, fit_title
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.composition.prosody_words import plain, word_set
from musicgen_assets.composition.section_loops import line_count, sung_kinds
from musicgen_assets.context.schema import Language, Mood
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.score.material import LineProsody, Lyrics, LyricSection, Prosody, SectionProsody
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style

BRIGHT_FROM_VALENCE = 0.5


@dataclass(frozen=True)
class LyricsBrief:
    """What words are made from."""

    style: Style
    title: str
    theme: str
    language: Language
    mood: Mood
    has_vocals: bool
    text: str | None = None
    """The user's own words."""


def make_lyrics(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations. Roles ``main`` (Lyrics) and ``prosody`` (Prosody)."""
    brief = LyricsBrief(
        style=blend(job.read("musical.genres")),
        title=str(job.read("creative.title")),
        theme=str(job.read("creative.theme")),
        language=job.read("creative.language"),
        mood=job.read("musical.mood"),
        has_vocals=bool(job.read("creative.has_vocals")),
        text=job.read("creative.lyrics"),
    )
    lyrics, theme = compose_lyrics(brief, job.stream("lyrics"))
    lines = [line for section in lyrics.sections for line in section.lines]
    return Outcome(
        content=(json_payload(lyrics), json_payload(prosody_of(lyrics), "prosody")),
        facts={
            "is_sung": bool(lyrics.sections),
            "subject": theme,
            "sections": len(lyrics.sections),
            "lines": len(lines),
            "syllables": sum(len(line.syllables) for line in lines),
            **lyrics.scores,
        },
    )


def compose_lyrics(brief: LyricsBrief, rng: np.random.Generator) -> tuple[Lyrics, str]:
    """(words, the name of the theme they keep to). Without vocals there are none, and the theme is empty.

    Raises BadInput where the user's text has no line to sing.
    """
    if not brief.has_vocals:
        return Lyrics(language=brief.language, title=brief.title), ""
    pack = load_pack(brief.language)
    texts = (brief.theme, brief.title if brief.title != UNTITLED else "")
    name = match_theme(texts, pack, brief.style.themes, brief.mood, rng)
    theme = pack.themes[name]
    if brief.text and brief.text.strip():
        sections = sections_of(brief.text, brief.language)
    else:
        sections = _written(brief, pack, theme, rng)
    field = _field(brief, pack, theme)
    scores = lyric_scores(sections, brief.language, field)
    words = tuple(sorted(field))
    return Lyrics(
        language=brief.language, title=brief.title, sections=sections, subject_words=words, scores=scores
    ), name


def prosody_of(lyrics: Lyrics) -> Prosody:
    """Stresses by line of each kind's first stanza: what the melody is made to fit."""
    firsts = [section for section in lyrics.sections if section.index == 0]
    return Prosody(
        is_sung=bool(lyrics.sections),
        sections=tuple(
            SectionProsody(
                kind=section.kind, lines=tuple(LineProsody(stresses=line.stresses) for line in section.lines)
            )
            for section in firsts
        ),
    )


def _written(brief: LyricsBrief, pack: Pack, theme: Theme, rng: np.random.Generator) -> tuple[LyricSection, ...]:
    title = fit_title(brief.title, brief.theme, pack, theme, rng)
    writer = Writer(pack, theme, title, brief.mood.valence >= BRIGHT_FROM_VALENCE, rng)
    return writer.sections({kind: line_count(brief.style, kind) for kind in sung_kinds(brief.style)})


def _field(brief: LyricsBrief, pack: Pack, theme: Theme) -> frozenset[str]:
    """Words that belong to the theme: its keywords, its things, its own lines' content words, the user's."""
    texts = [*theme.things, *theme.hooks, brief.theme, brief.title]
    texts += [line for couplets in theme.couplets.values() for couplet in couplets for line in couplet]
    empty = {plain(word) for word in word_set(pack.language, "unstressed")}
    words = {plain(word) for text in texts for word in words_of(text)} | theme.keywords
    return frozenset(word for word in words if word not in empty and len(word) > 2)
