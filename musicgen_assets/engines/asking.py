"""What an engine is asked for, in this project's own words: a song to be made, or words to be written.

Belongs here: the requests that music logic fills in and every adapter translates. Does not belong here: a provider's
own fields (resources.providers), filling them in (production.engine_request, ideation, composition), choosing who is
asked (router).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from musicgen_assets.context import limits
from musicgen_assets.context.frozen import Frozen

EngineTask = Literal[
    "prompt_enhancement", "lyrics", "words_to_change", "full_song", "instrumental", "vocals", "stem_separation", "voice"
]
"""``full_song`` has singing; ``instrumental`` has none; ``vocals`` is the sung part alone."""
TEXT_TASKS: tuple[EngineTask, ...] = ("prompt_enhancement", "lyrics", "words_to_change")

Seconds = Annotated[float, Field(ge=0, le=limits.DURATION_MAX_S * 2)]


class PlannedSection(Frozen):
    """One section of the planned song. ``energy`` 0-1; ``styles`` words for this section alone; ``lines`` its words."""

    name: str = Field(min_length=1, max_length=100)
    start_s: Seconds
    duration_s: Annotated[float, Field(gt=0, le=limits.DURATION_MAX_S * 2)]
    energy: Annotated[float, Field(ge=0, le=1)] = 0.5
    styles: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class SongRequest(Frozen):
    """A song to be made: the planned composition, as far as an engine may honour it.

    ``description`` is prose that any engine understands by itself; ``styles`` and ``avoided`` are single words or short
    phrases. ``model`` is the provider's own name of a model, "" its default. ``voice`` is the singer's range.
    ``melody`` and ``reference`` name sounds that go along ("melody"), where the engine takes them.
    """

    task: Literal["full_song", "instrumental", "vocals"]
    title: str = Field(min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)
    description: str = Field(min_length=1, max_length=limits.PROMPT_MAX_CHARACTERS)
    styles: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    language: str = "en"
    voice: Literal["low", "middle", "high"] = "middle"
    duration_s: Annotated[float, Field(gt=0, le=limits.DURATION_MAX_S)]
    tempo_bpm: float
    key: str
    scale: str
    time_signature: str
    sections: tuple[PlannedSection, ...] = Field(min_length=1)
    seed: int = Field(ge=0, le=limits.SEED_MAX)
    model: str = ""
    melody: str | None = None
    reference: str | None = None

    @property
    def has_vocals(self) -> bool:
        """Whether somebody sings."""
        return self.task != "instrumental"

    @property
    def lyrics(self) -> str:
        """All words under their section's name in brackets, as most engines read them; "" without words."""
        verses = [f"[{section.name}]\n" + "\n".join(section.lines) for section in self.sections if section.lines]
        return "\n\n".join(verses)


class TextRequest(Frozen):
    """Words to be written by a language model, into the form called ``form`` (engines.answers.FORMS).

    ``instructions`` say how, ``text`` is what it is about. ``model`` as in SongRequest. ``max_tokens`` bounds the
    answer.
    """

    task: Literal["prompt_enhancement", "lyrics", "words_to_change"]
    form: str
    instructions: str
    text: str
    model: str = ""
    max_tokens: int = Field(4096, ge=64, le=64_000)
