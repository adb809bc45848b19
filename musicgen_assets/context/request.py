"""What a person, a queue or a program asks for: the forms every entry point fills in, one a kind of request.

Belongs here: the requests and the rules it must meet before anything is written. Does not belong
here: what is made of it (ideation), where it is kept (resources).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.paths import bad_input_of

Stage = Literal["ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization"]
STAGES: tuple[Stage, ...] = (
    "ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization",
)  # fmt: skip


Kind = Literal["compose", "revise", "advance", "retry"]


class _Asked(Frozen):
    """What every request says: who asks, under which key it is the same request again, and how urgent it is.

    ``priority`` decides only who goes first where requests wait in line; the same request at another priority is
    still the same request.
    """

    user: str = Field("local", min_length=1, max_length=120)
    idempotency_key: str | None = Field(None, min_length=1, max_length=200)
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)


class CompositionRequest(_Asked):
    """One request for a new composition.

    ``overrides`` maps context paths ("musical.key") to values and wins over everything that prompt
    understanding proposes; options such as --duration and --style are overrides too.
    """

    kind: Literal["compose"] = "compose"
    prompt: str
    overrides: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = Field(None, ge=0, le=limits.SEED_MAX)
    """None lets the door draw one; it is shown and kept."""
    title: str | None = Field(None, min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)
    until: Stage = "finalization"


class UnderstoodWords(Frozen):
    """What a language model took the words of a revision for. It is held to the same rules as what people set."""

    engine: str = Field(min_length=1, max_length=60)
    overrides: dict[str, Any] = Field(default_factory=dict)
    rerolls: tuple[str, ...] = Field((), max_length=40)
    notes: tuple[str, ...] = ()


class RevisionRequest(_Asked):
    """One request for a new version of a composition: its parent's resolved context, and what is to change.

    ``version`` is "COMPOSITION@vN", or "COMPOSITION" for its newest. ``rerolls`` names assets whose dice are thrown
    again ("melody" or "composition/melody"). ``words`` say a change ("slower, no drums"): they are read against the
    parent by rule, unless ``understood`` says how somebody else read them, and what is set by ``overrides`` beats them.
    A new ``prompt`` is understood from scratch; everything set by hand before stays set. ``is_refresh`` makes
    everything with today's code, which a plain revision never does.
    """

    kind: Literal["revise"] = "revise"
    version: str = Field(min_length=1, max_length=120)
    overrides: dict[str, Any] = Field(default_factory=dict)
    rerolls: tuple[str, ...] = Field((), max_length=40)
    words: str | None = Field(None, min_length=1, max_length=limits.PROMPT_MAX_CHARACTERS)
    understood: UnderstoodWords | None = None
    prompt: str | None = None
    seed: int | None = Field(None, ge=0, le=limits.SEED_MAX)
    title: str | None = Field(None, min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)
    is_refresh: bool = False
    until: Stage = "finalization"


class WorkRequest(_Asked):
    """One request to go on with a version that rests: ``advance`` one that waits, ``retry`` one that stopped.

    ``until`` None means: the next stage for ``advance``, as far as was asked before for ``retry``.
    """

    kind: Literal["advance", "retry"]
    version: str = Field(min_length=1, max_length=120)
    until: Stage | None = None


AnyRequest = CompositionRequest | RevisionRequest | WorkRequest
_Form = TypeVar("_Form", CompositionRequest, RevisionRequest, WorkRequest)


def filled_in(form: type[_Form], **fields: Any) -> _Form:
    """The request that ``fields`` make. Raises BadInput naming the field at fault."""
    try:
        return form.model_validate(fields)
    except ValidationError as error:
        raise bad_input_of(error, {}) from error


SHORTCUTS = {"duration_s": "technical.duration_s", "lyrics": "creative.lyrics"}
"""What people say often under a name of its own, and the path of the context that it is."""


def shortcut_overrides(styles: Sequence[str] = (), **given: Any) -> dict[str, Any]:
    """Styles as they are typed, and SHORTCUTS, as context paths to values; None says nothing. Raises BadInput."""
    found = {SHORTCUTS[name]: value for name, value in given.items() if value is not None}
    if (genres := parse_styles(styles)) is not None:
        found["musical.genres"] = genres
    return found


def parse_styles(pairs: Sequence[str]) -> list[dict[str, Any]] | None:
    """["house=0.7", "jazz"] -> weighted genres; None when there are none."""
    genres: list[dict[str, Any]] = []
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            weight = float(text) if text else 1.0
        except ValueError:
            weight = -1.0
        if not 0 < weight <= 1000:
            raise BadInput("--style", pair, "it must be NAME or NAME=WEIGHT with a weight above 0",
                           way_out="Example: --style house=0.7 --style jazz_swing=0.3")  # fmt: skip
        genres.append({"name": name.strip(), "weight": weight})
    if not genres:
        return None
    total = sum(genre["weight"] for genre in genres)
    return [{**genre, "weight": genre["weight"] / total} for genre in genres]


def check_prompt(prompt: str) -> str:
    """The prompt, trimmed. Raises BadInput if it is empty, over-long or not text."""
    way_out = "Describe the song in words, for example: 'upbeat pop song about summer, 2 minutes'."
    if not prompt.strip():
        raise BadInput("prompt", prompt, "it must not be empty", way_out=way_out)
    if len(prompt) > limits.PROMPT_MAX_CHARACTERS:
        raise BadInput(
            "prompt", prompt, f"it has {len(prompt)} characters, {limits.PROMPT_MAX_CHARACTERS} are allowed",
            way_out="Shorten it; long lyrics belong in --lyrics FILE.",
        )  # fmt: skip
    check_text("prompt", prompt, way_out)
    if not any(character.isalnum() for character in prompt):
        raise BadInput("prompt", prompt, "it has no word in it", way_out=way_out)
    return prompt.strip()


def check_text(field: str, text: str, way_out: str = "Remove the character.") -> None:
    """Raise BadInput on control characters (line breaks and tabs are fine), lone surrogates and U+FFFD."""
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if character in "\n\r\t":
            continue
        if category in ("Cc", "Cs") or character == "\ufffd":
            raise BadInput(
                field,
                text,
                f"character {position + 1} is U+{ord(character):04X}, which is no text",
                way_out=way_out,
            )
