"""Suno and Udio themselves. Neither has a public interface: unavailable, unless you run or rent a service for them.

Belongs here: the small contract that such a service speaks, and both adapters. Does not belong here: Suno by way of
Kie (kie). The contract, with the key as a bearer token:

    POST {base}/songs       {title, description, styles[], avoided[], lyrics, language, is_instrumental, voice,
                             duration_s, tempo_bpm, key, scale, time_signature, sections[{name, start_s, duration_s,
                             energy}], seed, model?, callback_url?}            -> {id}
    GET  {base}/songs/{id}  -> {id, status: queued | running | succeeded | failed, progress?, audio_url?, duration_s?,
                             lyrics?, model?, cost_usd?, stems?: {name: url},
                             error?: {code, message}}
    POST {base}/songs/{id}/cancel
    GET  {base}/account     -> {balance_usd?}

Errors are {error: {code, message}} with the codes of ``VOCABULARY``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, Sound, Submitted
from resources.providers.shapes import Amount, Answered, Asked, JobId, Word, as_shape, in_path
from resources.providers.wording import inputs, words_of

VOCABULARY = Vocabulary(
    jobs={"queued": "queued", "running": "running", "succeeded": "succeeded", "failed": "failed"},
    reasons={
        "rate_limited": "rate limited", "overloaded": "overloaded", "server_error": "server error",
        "timed_out": "timed out", "not_allowed": "not allowed", "no_credit": "no credit", "bad_request": "bad request",
        "moderated": "moderated", "not_found": "not found", "expired": "expired",
    },
)  # fmt: skip
_STEMS_MAX = 16
_NO_NAME = re.compile(r"[^a-z0-9]+")


class OwnedSection(Asked):
    """A section's place."""

    name: str
    start_s: float
    duration_s: float
    energy: float


class OwnedSong(Asked):
    """Body of POST /songs."""

    title: str
    description: str
    styles: list[str]
    avoided: list[str]
    lyrics: str
    language: str
    is_instrumental: bool
    voice: str
    duration_s: float
    tempo_bpm: float
    key: str
    scale: str
    time_signature: str
    sections: list[OwnedSection]
    seed: int
    model: str | None = None
    callback_url: str | None = None


class _Problem(Answered):
    code: Word = ""
    message: str | None = None


class _Error(Answered):
    error: _Problem


class _Taken(Answered):
    id: JobId


class _Song(Answered):
    status: Word
    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    audio_url: str = ""
    duration_s: float | None = None
    lyrics: str | None = None
    model: str | None = None
    cost_usd: Amount | None = None
    stems: dict[str, str] | None = None
    error: _Problem | None = None


class _Account(Answered):
    balance_usd: Amount | None = None


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
        places = [
            OwnedSection(
                name=section.name, start_s=section.start_s, duration_s=section.duration_s, energy=section.energy
            )
            for section in request.sections
        ]
        return OwnedSong(
            title=request.title, description=request.description, styles=list(request.styles),
            avoided=list(request.avoided), lyrics=words_of(request), language=request.language,
            is_instrumental=not request.has_vocals, voice=request.voice, duration_s=request.duration_s,
            tempo_bpm=request.tempo_bpm, key=request.key, scale=request.scale, time_signature=request.time_signature,
            sections=places, seed=request.seed, model=request.model or None,
        ), self.unmet(request, sounds)  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine."""
        asked, notes = self.translate(request, sounds)
        client = self._client()
        body = asked.model_copy(update={"callback_url": callback_url}).body()
        answer = client.call("POST", "/songs", "submit", json=body)
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
        fetcher = self.fetcher()
        whole = fetcher.audio(song.audio_url, "song", stated_s=song.duration_s)
        stems = tuple(
            fetcher.audio(url, _NO_NAME.sub("_", name.lower())[:40].strip("_") or "stem", is_stem=True)
            for name, url in list((song.stems or {}).items())[:_STEMS_MAX]
        )
        return self.delivery(
            whole, song.model or self.name, None, job_id, stems=stems, lyrics=song.lyrics or "",
            cost_usd=song.cost_usd, facts={"song_id": job_id},
        )  # fmt: skip

    def cancel(self, job_id: str) -> bool:
        """See SongEngine."""
        self._client().call("POST", f"/songs/{in_path(job_id)}/cancel", "job", json={})
        return True

    def look(self) -> Decimal | None:
        """The balance, if the service tells one."""
        client = self._client()
        return client.parsed(client.call("GET", "/account", "look"), _Account, "look").balance_usd

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        body = as_shape(_Error, answer.body)
        return None if body is None else (body.error.code, body.error.message or "")

    def _song(self, client: Client, job_id: str) -> _Song:
        return client.parsed(client.call("GET", f"/songs/{in_path(job_id)}", "job"), _Song, "job")

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


def _ended(client: Client, song: _Song) -> ProviderFailure:
    problem = song.error or _Problem()
    reason = client.vocabulary.reasons.get(problem.code, "server error")
    told = client.shown(f"{problem.code} {problem.message or ''}") or "no reason"
    return client.failure(reason, f"the job failed: {told}", "accepted", charged_usd=song.cost_usd)
