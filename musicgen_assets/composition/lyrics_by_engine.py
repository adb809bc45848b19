"""Words that a language model writes: what it is asked for, and its answer as the text of a song.

Belongs here: the question and reading the answer. Does not belong here: words of the built-in writer (lyrics_writer),
reading a text into sections (lyrics_text), calling anybody (resources).
"""

from __future__ import annotations

from collections.abc import Mapping

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.context.wishes import EngineWishes
from musicgen_assets.engines.answers import LyricsAnswer
from musicgen_assets.engines.asking import TextRequest
from musicgen_assets.engines.router import Need, wished
from musicgen_assets.graph.job import Ask, Job

LYRICS_STREAM = "lyrics"
WISHES_ROLE = "lyrics_wishes"
"""Of ideation/context: what a person wishes of engines, there where one of them writes the words."""
_LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "pt": "Portuguese"}
_INSTRUCTIONS = (
    "You write lyrics that can be sung. Write only the sections asked for, each with exactly the number of lines asked "
    "for and about the number of syllables asked for; lines of one section rhyme. The chorus names the title. "
    "No stage directions, no markup, nothing explicit."
)


def lyrics_request(
    lines: Mapping[SectionKind, int], *, title: str, theme: str, style: str, language: str, valence: float,
    syllables: int, variation: int,
) -> TextRequest:  # fmt: skip
    """What a language model is asked. ``lines`` by section kind; ``variation`` counts how often words were drawn."""
    mood = "dark" if valence < 0.35 else "bright" if valence > 0.65 else "between dark and bright"
    wanted = "\n".join(f"- {kind}: {count} lines" for kind, count in lines.items())
    text = (
        f"Title: {title or 'yours to find'}\nAbout: {theme or title or 'what fits the style'}\nStyle: {style}\n"
        f"Mood: {mood}\nLanguage: {_LANGUAGES.get(language, language)}\nSyllables a line: about {syllables}\n"
        f"Sections:\n{wanted}"
    )
    if variation:
        text += f"\nThis is draft number {variation + 1}: write other words than before."
    return TextRequest(task="lyrics", form="lyrics", instructions=_INSTRUCTIONS, text=text)


def asked_lyrics(job: Job, engine: str, request: TextRequest, language: str) -> str:
    """The words that ``engine`` writes, each section under its name in brackets. Raises Failure (graph.job.Job.ask)."""
    wishes = _wishes(job)
    need = Need(task="lyrics", language=language, **wished(wishes, "lyrics"))
    ask = Ask(
        "lyrics", engine, request.model_dump(mode="json"), need.model_dump(mode="json"),
        has_fallback=wishes.has_fallback, budget_usd=wishes.budget_usd,
    )  # fmt: skip
    answer = next(ref for ref in job.ask(ask) if ref.role == "answer")
    return text_of(LyricsAnswer.model_validate_json(job.blob(answer).data))


def _wishes(job: Job) -> EngineWishes:
    """What the context says; nothing of a context that was made before it said so."""
    is_told = any(ref.role == WISHES_ROLE for ref in job.refs("ideation/context"))
    return job.load("ideation/context", EngineWishes, WISHES_ROLE) if is_told else EngineWishes()


def text_of(answer: LyricsAnswer) -> str:
    """An answer as a text with headings; sections without a line are left out."""
    found = []
    for section in answer.sections:
        lines = [line.strip() for line in section.lines if line.strip()]
        if lines:
            found.append("\n".join([f"[{section.name.strip() or 'verse'}]", *lines]))
    return "\n\n".join(found)
