"""Suno and Udio themselves. Neither has a public interface: unavailable, unless you run or rent a service for them.

Belongs here: the contract that such a service speaks (docs/providers-on-this-machine.md), and both adapters. Does not
belong here: Suno by way of Kie (kie).

Beside what the contract names, the plan goes along in full (``sections``, ``language``, ``voice``, ``avoided``,
``time_signature``, ``model``, ``callback_url``), and ``stems`` {name: url}, ``model`` and ``cost_usd`` are taken from a
result that has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, Sound, Submitted
from resources.providers.shapes import Amount, Answered, Asked, JobId, Word, as_shape, in_path
from resources.providers.wording import clipped, clipped_lines, inputs, joined, key_words, style_words, words_of

VOCABULARY = Vocabulary(
    jobs={
        "queued": "queued", "running": "running", "succeeded": "succeeded", "failed": "failed", "cancelled": "failed",
    },
    reasons={
        "invalid_request": "bad request", "moderated": "moderated", "unauthorized": "not allowed",
        "no_credit": "no credit", "not_found": "not found", "rate_limited": "rate limited",
        "server_error": "server error", "overloaded": "overloaded", "expired": "expired", "cancelled": "not found",
    },
)  # fmt: skip
PROMPT_MAX, STYLE_MAX, TITLE_MAX, LYRICS_MAX = 5000, 1000, 100, 5000
DURATION_MIN_S, DURATION_MAX_S = 10.0, 600.0
_STEMS_MAX = 16
_NO_NAME = re.compile(r"[^a-z0-9]+")


class OwnedSection(Asked):
    """A section's place."""

    name: str
    start_s: float
    duration_s: float
    energy: float


class OwnedSong(Asked):
    """Body of POST /v1/generations."""

    prompt: Annotated[str, Field(max_length=PROMPT_MAX)]
    style: Annotated[str, Field(max_length=STYLE_MAX)]
    title: Annotated[str, Field(max_length=TITLE_MAX)]
    lyrics: Annotated[str, Field(max_length=LYRICS_MAX)] | None = None
    instrumental: bool
    duration_s: Annotated[float, Field(ge=DURATION_MIN_S, le=DURATION_MAX_S)]
    seed: int
    tempo_bpm: float
    key: str
    time_signature: str
    sections: list[OwnedSection]
    language: str
    voice: str
    avoided: list[str]
    model: str | None = None
    callback_url: str | None = None


class _Problem(Answered):
    code: Word = ""
    message: str | None = None


class _Error(Answered):
    error: _Problem


class _Taken(Answered):
    id: JobId


class _Result(Answered):
    audio_url: str = ""
    duration_s: float | None = None
    lyrics: str | None = None
    model: str | None = None
    stems: dict[str, str] | None = None


class _Song(Answered):
    status: Word
    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    result: _Result | None = None
    cost_usd: Amount | None = None
    error: _Problem | None = None


class OwnedEngine(SongAdapter):
    """An engine that only a service of the owner's reaches."""

    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("tempo", "key", "meter", "sections", "section lengths", "duration", "seed", "lyrics", "singing",
                 "language", "voice", "avoided"),
        in_words=("vocals alone",),
    )  # fmt: skip

    @property
    def is_configured(self) -> bool:
        """Whether the owner gave an address."""
        return bool(self.access.base_url)

    @property
    def why_unavailable(self) -> str:
        """Why there is nobody to ask."""
        return f"no public API; {self.key_variable} may name a service that speaks the contract of providers.owned"

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[OwnedSong, list[str]]:
        """The plan as it is."""
        notes = self.unmet(request, sounds)
        seconds = min(max(request.duration_s, DURATION_MIN_S), DURATION_MAX_S)
        if seconds != request.duration_s:
            notes.append(f"duration: {seconds:g} s instead of {request.duration_s:g} s")
        return OwnedSong(
            prompt=clipped(request.description, PROMPT_MAX, notes, "description"),
            style=joined(style_words(request), STYLE_MAX, notes),
            title=clipped(request.title, TITLE_MAX, notes, "title"),
            lyrics=clipped_lines(words_of(request), LYRICS_MAX, notes) or None, instrumental=not request.has_vocals,
            duration_s=seconds, seed=request.seed, tempo_bpm=request.tempo_bpm, key=key_words(request),
            time_signature=request.time_signature, sections=_places(request), language=request.language,
            voice=request.voice, avoided=list(request.avoided), model=request.model or None,
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine."""
        asked, notes = self.translate(request, sounds)
        client = self._client()
        body = asked.model_copy(update={"callback_url": callback_url}).body()
        answer = client.call("POST", "/v1/generations", "submit", json=body)
        return self.remember(client.parsed(answer, _Taken, "submit").id, notes)

    def state(self, job_id: str) -> JobState:
        """See SongEngine."""
        client = self._client()
        song = self._song(client, job_id)
        word = client.vocabulary.jobs.get(song.status)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(song.status)!r}, a state not in the contract", "job")
        return failed(_ended(client, song)) if word == "failed" else JobState(word, song.progress)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = self._client()
        song = self._song(client, job_id)
        if client.vocabulary.jobs.get(song.status) == "failed":
            raise _ended(client, song)
        result = song.result or _Result()
        fetcher = self.fetcher()
        whole = fetcher.audio(result.audio_url, "song", stated_s=result.duration_s)
        stems = tuple(
            fetcher.audio(url, _NO_NAME.sub("_", name.lower())[:40].strip("_") or "stem", is_stem=True)
            for name, url in list((result.stems or {}).items())[:_STEMS_MAX]
        )
        return self.delivery(
            whole, result.model or self.name, None, job_id, stems=stems, lyrics=result.lyrics or "",
            cost_usd=song.cost_usd, facts={"song_id": job_id, "length_s": result.duration_s},
        )  # fmt: skip

    def cancel(self, job_id: str) -> bool:
        """See SongEngine."""
        self._client().call("POST", f"/v1/generations/{in_path(job_id)}/cancel", "job", json={})
        return True

    def look(self) -> None:
        """Asks for a song that there is not: whoever answers so took the key."""
        self._song(self._client(), "none")

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        body = as_shape(_Error, answer.body)
        return None if body is None else (body.error.code, body.error.message or "")

    def _song(self, client: Client, job_id: str) -> _Song:
        return client.parsed(client.call("GET", f"/v1/generations/{in_path(job_id)}", "job"), _Song, "job")

    def _client(self) -> Client:
        return self.client(**({"Authorization": self.bearer()} if self.access.key else {}))


class SunoEngine(OwnedEngine):
    """Suno itself."""

    name = "suno"
    key_variable = "SUNO_BASE_URL"


class UdioEngine(OwnedEngine):
    """Udio itself."""

    name = "udio"
    key_variable = "UDIO_BASE_URL"


def _places(request: SongRequest) -> list[OwnedSection]:
    return [
        OwnedSection(name=section.name, start_s=section.start_s, duration_s=section.duration_s, energy=section.energy)
        for section in request.sections
    ]


def _ended(client: Client, song: _Song) -> ProviderFailure:
    problem = song.error or _Problem(code=song.status)
    reason = client.vocabulary.reasons.get(problem.code, "server error")
    told = client.shown(f"{problem.code} {problem.message or ''}") or "no reason"
    return client.failure(reason, f"the job failed: {told}", "accepted", charged_usd=song.cost_usd)
