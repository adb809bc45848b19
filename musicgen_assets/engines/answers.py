"""The forms that language models fill in. Each is validated here again, whatever the provider promised.

Belongs here: shape and limits of answers. Does not belong here: asking, and what is made of an answer.

Strict structured output wants every field required and no defaults (OpenAI), so "none" is an empty list or text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Line = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(max_length=80)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Proposed(_Form):
    """One context path and the value for it, as JSON text ('"minor"', '92', 'true')."""

    path: str = Field(max_length=120)
    value_json: str = Field(max_length=2000)
    why: str = Field(max_length=300)


class EnhancementAnswer(_Form):
    """A prompt understood: what it means in musical terms. ``confidence`` 0-1."""

    enhanced_prompt: str = Field(max_length=4000)
    proposals: list[Proposed] = Field(max_length=40)
    confidence: float


class LyricSection(_Form):
    """The words of one section."""

    name: str = Field(max_length=60)
    lines: list[Line] = Field(max_length=40)


class LyricsAnswer(_Form):
    """Words for a song, section by section, in the order asked for."""

    title: str = Field(max_length=120)
    sections: list[LyricSection] = Field(max_length=40)


class Change(_Form):
    """One change to a version."""

    kind: Literal["set", "reroll"]
    path: str = Field(max_length=120)
    value_json: str = Field(max_length=2000)


class ChangesAnswer(_Form):
    """What words about a version ask to change; ``not_understood`` quotes what could not be read as a change."""

    changes: list[Change] = Field(max_length=40)
    not_understood: list[Word] = Field(max_length=20)


FORMS: dict[str, type[BaseModel]] = {
    "enhancement": EnhancementAnswer,
    "lyrics": LyricsAnswer,
    "changes": ChangesAnswer,
}
