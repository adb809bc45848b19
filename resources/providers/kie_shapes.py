"""What is sent to Kie and what comes back: its bodies as types, and the two spellings of a result made one.

Belongs here: fields and their limits. Does not belong here: its words and codes, and calls (kie, kie_stems).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from resources.providers.protocol import TimedWord
from resources.providers.shapes import Amount, Answered, Asked, JobId, Word, as_shape

STYLE_MAX, TITLE_MAX, LYRICS_MAX, PROMPT_MAX, AVOIDED_MAX = 1000, 80, 5000, 500, 200
DURATION_MIN_S, DURATION_MAX_S = 10, 360


class MusicInput(Asked):
    """Input of ai-music-api/generate."""

    custom_mode: bool
    instrumental: bool
    model: str
    prompt: Annotated[str, Field(max_length=PROMPT_MAX)] | None = None
    lyrics: Annotated[str, Field(max_length=LYRICS_MAX)] | None = None
    style: Annotated[str, Field(max_length=STYLE_MAX)] | None = None
    title: Annotated[str, Field(max_length=TITLE_MAX)] | None = None
    negative_tags: str | None = None
    vocal_gender: Literal["m", "f"] | None = None
    duration: Annotated[int, Field(ge=DURATION_MIN_S, le=DURATION_MAX_S)] | None = None


class CreateTask(Asked):
    """Body of createTask."""

    model: Literal["ai-music-api/generate"] = "ai-music-api/generate"
    callBackUrl: str | None = None  # noqa: N815  # its name
    input: MusicInput


class Envelope(Answered):
    """Around every answer."""

    code: Word
    msg: str | None = None


class _Created(Answered):
    task_id: JobId = Field(alias="taskId")


class CreatedEnvelope(Answered):
    """Answer of createTask."""

    data: _Created


class JobRecord(Answered):
    """A job as recordInfo shows it."""

    state: Word
    result_json: str | None = Field(None, alias="resultJson")
    fail_code: Word | None = Field(None, alias="failCode")
    fail_msg: str | None = Field(None, alias="failMsg")
    param: str | None = None


class RecordEnvelope(Answered):
    """Answer of recordInfo."""

    data: JobRecord


class Take(Answered):
    """One of the takes of a run, in either spelling."""

    url: str = Field(validation_alias=AliasChoices("audio_url", "audioUrl"), min_length=1)
    audio_id: str | None = Field(None, alias="id")
    title: str | None = None
    prompt: str | None = None
    duration_s: float | None = Field(None, alias="duration")


class _Takes(Answered):
    data: list[Take] = Field(min_length=1, max_length=20)


class _Urls(Answered):
    urls: list[str] = Field(alias="resultUrls", min_length=1, max_length=20)


class AlignedWord(Answered):
    """A word or a tag, in seconds."""

    word: str
    start_s: float = Field(validation_alias=AliasChoices("startS", "start_s"), ge=0)
    end_s: float = Field(validation_alias=AliasChoices("endS", "end_s"), ge=0)


class _Aligned(Answered):
    words: list[AlignedWord] = Field(alias="alignedWords", max_length=20_000)


class AlignedEnvelope(Answered):
    """Answer of get-timestamped-lyrics."""

    data: _Aligned


class Credit(Answered):
    """Answer of chat/credit."""

    data: Amount


def takes_of(record: JobRecord) -> list[Take]:
    """Both documented shapes of a result."""
    if not record.result_json:
        return []
    takes = as_shape(_Takes, record.result_json)
    if takes is not None:
        return takes.data
    urls = as_shape(_Urls, record.result_json)
    return [] if urls is None else [Take(url=url) for url in urls.urls if url]


class _ParamInput(Answered):
    model: str


class _Param(Answered):
    input: _ParamInput


def model_of(record: JobRecord) -> str | None:
    """The model that the job was asked of, as the record repeats it."""
    if not record.param:
        return None
    param = as_shape(_Param, record.param) or as_shape(_ParamInput, record.param)
    if param is None:
        return None
    return param.input.model if isinstance(param, _Param) else param.model


_TAG = re.compile(r"\[[^\]]*\]")


def timed(aligned: list[AlignedWord]) -> tuple[TimedWord, ...]:
    """Words with times, without the section tags that stand among them."""
    found = []
    for entry in aligned:
        for text in _TAG.sub(" ", entry.word).split():
            found.append(TimedWord(text, entry.start_s, max(entry.end_s, entry.start_s)))
    return tuple(found)
