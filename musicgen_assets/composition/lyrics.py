"""composition/lyrics: the words of a song, and how they fall.

Belongs here: the asset's entry, from the context to Lyrics and Prosody; drawing again where words fall short. Does not
belong here: writing (lyrics_writer), reading a user's text (lyrics_text), syllables (prosody), notes (melody,
vocal_line).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from musicgen_assets.composition.lyrics_by_engine import asked_lyrics, lyrics_request
from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_pack import Pack, Theme, content_words
from musicgen_assets.composition.lyrics_schemes import chosen_scheme
from musicgen_assets.composition.lyrics_score import BOUNDS, lyric_scores, margin, shortfalls
from musicgen_assets.composition.lyrics_text import sections_of
from musicgen_assets.composition.lyrics_theme import UNTITLED, choose_title, choose_voice, match_theme
from musicgen_assets.composition.lyrics_writer import Writer, line_syllables
from musicgen_assets.composition.section_loops import STANDS_FOR, line_count, sung_kinds
from musicgen_assets.composition.section_takes import asked_sections, kind_of
from musicgen_assets.context.decided import REROLLS, ROUTING
from musicgen_assets.context.schema import Language, Mood, SectionKind
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.graph.job import CheckResult, Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.wording.moderation import moderate
from musicgen_assets.score.material import LineProsody, Lyrics, LyricSection, Prosody, SectionProsody
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style

BRIGHT_FROM_VALENCE = 0.5
_DARK_VALENCE = 0.3
DRAWS_MAX = 5
"""Songs of words drawn at most before the best of them stands as it is."""


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
    """Words that stand as they came: the user's own, or those of the engine ``written_by``."""
    written_by: str = ""


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
    engine = _writing_engine(job)
    if brief.has_vocals and not brief.text and engine != BUILT_IN:
        brief = _by_engine(job, brief, engine)
    lyrics, draws, writer = _composed(brief, job.stream("lyrics"))
    if writer is not None:
        takes = {
            section: other_words(writer, lyrics, kind_of(section), job.stream(f"lyrics/{section}"))
            for section in asked_sections(job, "lyrics")
        }
        lyrics = lyrics.model_copy(update={"takes": {section: words for section, words in takes.items() if words}})
    lines = [line for section in lyrics.sections for line in section.lines]
    return Outcome(
        content=(json_payload(lyrics), json_payload(prosody_of(lyrics), "prosody")),
        facts={
            "is_sung": bool(lyrics.sections),
            "subject": lyrics.theme,
            "sections": len(lyrics.sections),
            "lines": len(lines),
            "syllables": sum(len(line.syllables) for line in lines),
            "draws": draws,
            "written_by": lyrics.written_by or ("user" if lyrics.is_users_own else BUILT_IN),
            **lyrics.scores,
            **({"other_words_in": ", ".join(lyrics.takes)} if lyrics.takes else {}),
        },
        checks=(quality_check(lyrics, draws),),
    )


def _writing_engine(job: Job) -> str:
    """Who writes the words: the engine that took over, else the one of the routing."""
    taken_over = job.data("reroutes").get("lyrics")
    return str(taken_over["engine"] if taken_over else job.read(f"{ROUTING}.lyrics") or BUILT_IN)


def _by_engine(job: Job, brief: LyricsBrief, engine: str) -> LyricsBrief:
    """``brief`` with the words that a language model wrote for it."""
    genres = [str(genre.name).replace("_", " ") for genre in job.read("musical.genres")]
    request = lyrics_request(
        {kind: line_count(brief.style, kind) for kind in sung_kinds(brief.style)},
        title=_clean(brief.title) if brief.title != UNTITLED else "", theme=_clean(brief.theme),
        style=", ".join(genres), language=brief.language, valence=brief.mood.valence,
        syllables=line_syllables(brief.style), variation=int(job.read(f"{REROLLS}.lyrics") or 0),
    )  # fmt: skip
    return replace(brief, text=asked_lyrics(job, engine, request, brief.language), written_by=engine)


def quality_check(lyrics: Lyrics, draws: int = 1) -> CheckResult:
    """``lyric_quality``: every score of written words reaches its bound. A user's own words are only noted."""
    low = shortfalls(lyrics.scores)
    said = ", ".join(f"{name} {lyrics.scores.get(name, 0.0):.2f}" for name in low)
    notes = [f"{said} below bounds" if low else "", f"drawn {draws} times" if draws > 1 else ""]
    if lyrics.is_users_own and low:
        whose = f"the words of {lyrics.written_by}" if lyrics.written_by else "the user's own words"
        notes.append(f"{whose} stand as they are")
    return CheckResult(
        "lyric_quality",
        passed=not low or lyrics.is_users_own,
        measured=", ".join(f"{name} {lyrics.scores[name]:.2f}" for name in BOUNDS if name in lyrics.scores),
        expected=", ".join(f"{name} >= {least:g}" for name, least in BOUNDS.items()),
        note="; ".join(note for note in notes if note),
    )


def compose_lyrics(brief: LyricsBrief, rng: np.random.Generator) -> tuple[Lyrics, int]:
    """(words, how often they were drawn). Without vocals there are none.

    Words that fall short of a bound are drawn again, DRAWS_MAX times at most; then the best stand.
    Raises BadInput where the user's text has no line to sing.
    """
    lyrics, draws, _ = _composed(brief, rng)
    return lyrics, draws


def other_words(
    writer: Writer, lyrics: Lyrics, kind: SectionKind, rng: np.random.Generator
) -> tuple[LyricSection, ...]:
    """Other stanzas for ``kind``, as many and as long, in the song's theme, voice and rhymes; nothing where it sings
    none.

    Of DRAWS_MAX draws the one that, in place of the song's own, scores best.
    """
    own = [stanza for stanza in lyrics.sections if stanza.kind == kind]
    if not own:
        return ()
    found: list[tuple[int, float, tuple[LyricSection, ...]]] = []
    for _ in range(DRAWS_MAX):
        stanzas = writer.again(kind, own[0].lines, rng).stanzas(kind, [len(stanza.lines) for stanza in own])
        song = lyrics.model_copy(update={"takes": {"it": stanzas}}).as_sung_in("it")
        found.append((len(stanzas), margin(lyric_scores(song)), stanzas))
        if len(stanzas) == len(own) and not shortfalls(lyric_scores(song)):
            break
    return max(found, key=lambda draw: draw[:2])[2]


def _composed(brief: LyricsBrief, rng: np.random.Generator) -> tuple[Lyrics, int, Writer | None]:
    """The words, their draws, and who wrote them: nobody where there are none, or where they are the user's."""
    if not brief.has_vocals:
        return _scored(Lyrics(language=brief.language, title=brief.title)), 1, None
    pack = load_pack(brief.language)
    texts = (brief.theme, brief.title if brief.title != UNTITLED else "")
    theme = pack.themes[match_theme(texts, pack, brief.style.themes, brief.mood, rng)]
    if brief.text and brief.text.strip():
        return _scored(_users_own(brief, pack, theme)), 1, None
    best: tuple[Lyrics, Writer] | None = None
    for draws in range(1, DRAWS_MAX + 1):
        lyrics, writer = _written(brief, pack, theme, rng)
        lyrics = _scored(lyrics)
        if best is None or margin(lyrics.scores) > margin(best[0].scores):
            best = lyrics, writer
        if not shortfalls(lyrics.scores):
            return lyrics, draws, writer
    words, writer = best or (lyrics, writer)
    return words, DRAWS_MAX, writer


def prosody_of(lyrics: Lyrics) -> Prosody:
    """Stresses by line of each kind's first stanza: what the melody is made to fit."""
    firsts = [section for section in lyrics.sections if section.index == 0]
    return Prosody(
        is_sung=bool(lyrics.sections),
        is_users_own=lyrics.is_users_own,
        sections=tuple(
            SectionProsody(
                kind=section.kind, lines=tuple(LineProsody(stresses=line.stresses) for line in section.lines)
            )
            for section in firsts
        ),
    )


def _scored(lyrics: Lyrics) -> Lyrics:
    return lyrics.model_copy(update={"scores": lyric_scores(lyrics)})


def _users_own(brief: LyricsBrief, pack: Pack, theme: Theme) -> Lyrics:
    return Lyrics(
        language=brief.language, title=brief.title, theme=theme.name, valence=brief.mood.valence, is_users_own=True,
        sections=_with_dance_sections(sections_of(brief.text or "", brief.language), brief.style),
        subject_words=_subject(brief, pack, theme), written_by=brief.written_by,
    )  # fmt: skip


def _with_dance_sections(sections: tuple[LyricSection, ...], style: Style) -> tuple[LyricSection, ...]:
    """The same, and where the style has dance forms, which have neither verse nor chorus, the refrain once more for
    their drops and the verses for their breakdowns, unless the user wrote words for those.
    """
    given = {section.kind for section in sections}
    wanted = {kind: source for kind, source in STANDS_FOR.items() if kind in sung_kinds(style) and kind not in given}
    return sections + tuple(
        section.model_copy(update={"kind": kind})
        for kind, source in wanted.items()
        for section in sections
        if section.kind == source
    )


def _subject(brief: LyricsBrief, pack: Pack, theme: Theme, refrain: str = "") -> tuple[str, ...]:
    """Words that belong to the song's theme: the pack's and the user's."""
    return tuple(
        sorted(pack.fields[theme.name] | content_words(f"{brief.theme} {brief.title} {refrain}", pack.language))
    )


def _written(brief: LyricsBrief, pack: Pack, theme: Theme, rng: np.random.Generator) -> tuple[Lyrics, Writer]:
    # A theme that is dark by itself is not sung brightly, however lively the style.
    valence = brief.mood.valence if theme.is_bright is not False else min(brief.mood.valence, _DARK_VALENCE)
    is_bright = valence >= BRIGHT_FROM_VALENCE
    asked, about = (_clean(text) for text in (brief.title, brief.theme))
    title = choose_title(asked, about, pack, theme, is_bright, rng)
    voice = choose_voice(pack, theme, title, is_bright, brief.style.lyrics.person, rng)
    habits = brief.style.lyrics
    writer = Writer(
        pack, theme, title, voice, rng, line_syllables(brief.style),
        chosen_scheme(habits.verse_schemes, rng), chosen_scheme(habits.chorus_schemes, rng),
    )  # fmt: skip
    lyrics = Lyrics(
        language=brief.language, title=brief.title, theme=theme.name, refrain=title.text, person=voice.person,
        tense=voice.tense, is_addressed=voice.is_addressed, valence=valence,
        sections=writer.sections({kind: line_count(brief.style, kind) for kind in sung_kinds(brief.style)}),
        subject_words=_subject(brief, pack, theme, title.text),
    )  # fmt: skip
    return lyrics, writer


def _clean(text: str) -> str:
    """The text, or nothing where it is marked as explicit: only a user's own lyrics sing such words."""
    return "" if moderate(text)["is_explicit"] else text
