"""Google Lyria, MusicLM's successor: the whole plan as prose with times; the song at once or, in background, later.

Belongs here: the Interactions interface's fields and words. Does not belong here: how the plan is put in words
(wording). Facts: ai.google.dev/gemini-api/docs/music-generation and the google-genai SDK.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.fetching import checked_audio
from resources.providers.prices import song_price
from resources.providers.protocol import JobState, ProviderFailure, Reason, SongDelivery, Sound, Submitted
from resources.providers.shapes import Answered, Asked, JobId, Word, as_shape, in_path
from resources.providers.wording import inputs, prose

PROMPT_MAX = 20_000
CLIP_S = 30.0
_CLIP_MODELS = ("lyria-3-clip",)

VOCABULARY = Vocabulary(
    jobs={
        "queued": "queued", "in_progress": "running", "completed": "succeeded", "failed": "failed",
        "cancelled": "failed", "incomplete": "failed", "budget_exceeded": "failed", "requires_action": "failed",
        "requires_continuation": "failed",
    },
    reasons={
        "INVALID_ARGUMENT": "bad request", "FAILED_PRECONDITION": "not allowed", "UNAUTHENTICATED": "not allowed",
        "PERMISSION_DENIED": "not allowed", "API_KEY_INVALID": "not allowed", "NOT_FOUND": "not found",
        "RESOURCE_EXHAUSTED": "rate limited", "INTERNAL": "server error", "UNAVAILABLE": "overloaded",
        "DEADLINE_EXCEEDED": "timed out", "SAFETY": "moderated",
        # The same as numbers, among the errors of an interaction.
        "3": "bad request", "4": "timed out", "5": "not found", "7": "not allowed", "8": "rate limited",
        "13": "server error", "14": "overloaded", "16": "not allowed",
        # How an interaction can end without a song.
        "failed": "server error", "cancelled": "not found", "incomplete": "cut off", "budget_exceeded": "no credit",
        "requires_action": "bad answer", "requires_continuation": "bad answer",
    },
)  # fmt: skip


_SAFETY_WORDS = ("safety", "prohibited", "blocked")
"""Google documents no code for a song that its filters refuse. Its texts name them, and a refusal must be known as one:
nobody else is asked for the same then."""


class AudioFormat(Asked):
    """What kind of file is wanted."""

    type: Literal["audio"] = "audio"
    mime_type: Literal["audio/wav", "audio/mp3"]


class CreateInteraction(Asked):
    """Body of POST /v1beta/interactions."""

    model: str
    input: str
    response_format: AudioFormat | None = None
    background: bool | None = None


class Content(Answered):
    """A piece of what the model said: audio as base64, or text."""

    type: str = ""
    data: str | None = None
    text: str | None = None


class Problem(Answered):
    """What went wrong, of an interaction or a step."""

    code: Word | None = None
    message: str | None = None


class Step(Answered):
    """One step of an interaction."""

    content: list[Content] | None = None
    error: Problem | None = None


class Interaction(Answered):
    """An interaction as create and get answer it."""

    status: Word
    id: str | None = None
    model: str | None = None
    steps: list[Step] | None = None
    output_audio: Content | None = None
    output_text: str | None = None
    errors: list[Problem] | None = None

    def audio(self) -> str:
        """The song as base64; "" where there is none."""
        spoken = [content for step in self.steps or () for content in step.content or ()]
        found = [content.data for content in spoken if content.type == "audio" and content.data]
        return (self.output_audio.data if self.output_audio else None) or (found[-1] if found else "") or ""

    def text(self) -> str:
        """Lyrics and structure, as far as it tells them."""
        spoken = [content for step in self.steps or () for content in step.content or ()]
        return self.output_text or "\n".join(part.text for part in spoken if part.type == "text" and part.text)

    def told(self) -> str:
        """The messages of its errors."""
        problems = [*(self.errors or ()), *(step.error for step in self.steps or () if step.error)]
        return " ".join(f"{problem.code or ''} {problem.message or ''}" for problem in problems)


class _Named(Answered):
    id: JobId


class _ErrorDetail(Answered):
    reason: str | None = None


class _Error(Answered):
    status: str = ""
    message: str | None = None
    details: list[_ErrorDetail] | None = None


class _ErrorBody(Answered):
    error: _Error


class _Models(Answered):
    models: list[Any] | None = Field(None)


class LyriaEngine(SongAdapter):
    """Songs from one prompt. It writes words itself where none are given, and tells them."""

    name = "lyria"
    key_variable = "GOOGLE_API_KEY"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("singing",),
        in_words=("tempo", "key", "meter", "sections", "section lengths", "duration", "lyrics", "language", "voice",
                  "avoided", "vocals alone"),
    )  # fmt: skip

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[CreateInteraction, list[str]]:
        """Prose with a time for every section."""
        notes = self.unmet(request, sounds)
        model = request.model or self.options.lyria_model
        is_clip = model.startswith(_CLIP_MODELS)
        if is_clip and abs(request.duration_s - CLIP_S) > 1:
            notes.append(f"duration: always {CLIP_S:g} s of this model")
        has_wav = self.options.lyria_format == "wav" and not is_clip
        return CreateInteraction(
            model=model, input=prose(request, PROMPT_MAX, notes),
            response_format=AudioFormat(mime_type="audio/wav") if has_wav else None,
            background=True if self.options.lyria_background else None,
        ), notes  # fmt: skip

    def submit(
        self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None
    ) -> Submitted | SongDelivery:
        """See SongEngine. A job where Google works in background, else the song itself."""
        del callback_url
        asked, notes = self.translate(request, sounds)
        client = self._client()
        answer = client.call("POST", "/v1beta/interactions", "submit", json=asked.body(), max_bytes=self._most_bytes())
        made = client.parsed(answer, Interaction, "submit")
        word = client.vocabulary.jobs.get(made.status)
        if word in ("queued", "running"):
            return self.remember(client.parsed(answer, _Named, "submit").id, notes)
        if word == "failed":
            raise _ended(client, made)
        if word is None:
            raise client.bad_answer(f"it is {client.shown(made.status)!r}, a state not documented", "submit")
        return self._delivered(client, made, notes, asked.model, made.id or "")

    def state(self, job_id: str) -> JobState:
        """See SongEngine."""
        client = self._client()
        made = self._interaction(client, job_id)
        word = client.vocabulary.jobs.get(made.status)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(made.status)!r}, a state not documented", "job")
        return failed(_ended(client, made)) if word == "failed" else JobState(word)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = self._client()
        made = self._interaction(client, job_id)
        if client.vocabulary.jobs.get(made.status) == "failed":
            raise _ended(client, made)
        return self._delivered(client, made, None, made.model or self.options.lyria_model, job_id)

    def cancel(self, job_id: str) -> bool:
        """See SongEngine."""
        self._client().call("POST", f"/v1beta/interactions/{in_path(job_id)}/cancel", "job", json={})
        return True

    def look(self) -> None:
        """Lists one model; Google tells no balance."""
        client = self._client()
        client.parsed(client.call("GET", "/v1beta/models", "look", params={"pageSize": "1"}), _Models, "look")

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter. A bad key is told as a bad request whose details name it."""
        body = as_shape(_ErrorBody, answer.body)
        if body is None:
            return None
        reasons = [detail.reason for detail in body.error.details or () if detail.reason in VOCABULARY.reasons]
        word = (reasons[0] if reasons else None) or body.error.status
        return "SAFETY" if _names_safety(body.error.message) else word, body.error.message or ""

    def _interaction(self, client: Client, job_id: str) -> Interaction:
        answer = client.call("GET", f"/v1beta/interactions/{in_path(job_id)}", "job", max_bytes=self._most_bytes())
        return client.parsed(answer, Interaction, "job")

    def _delivered(
        self, client: Client, made: Interaction, notes: list[str] | None, model: str, job_id: str
    ) -> SongDelivery:
        try:
            audio = base64.b64decode(made.audio(), validate=True)
        except (binascii.Error, ValueError):
            audio = b""
        if not audio:
            told = client.shown(made.text())
            raise client.failure("bad answer", f"it answered without a song: {told or 'nothing'}", "accepted")
        song = checked_audio("lyria", audio, "song")
        cost = song_price("lyria", model).cost_usd()
        return self.delivery(
            song, model, notes, job_id, lyrics=made.text(), cost_usd=cost, facts={"interaction_id": job_id}
        )

    def _most_bytes(self) -> int:
        """Base64 takes a third more, and text stands beside it."""
        return self.options.max_download_bytes * 4 // 3 + 1024**2

    def _client(self) -> Client:
        return self.client(x_goog_api_key=self.access.key or "")


def _names_safety(text: str | None) -> bool:
    return any(word in (text or "").lower() for word in _SAFETY_WORDS)


def _ended(client: Client, made: Interaction) -> ProviderFailure:
    """The failure of an interaction that ended without a song. Google's own word: it goes no further."""
    codes = [problem.code for problem in made.errors or () if problem.code in client.vocabulary.reasons]
    word = codes[0] if codes and made.status == "failed" else made.status
    reason: Reason = client.vocabulary.reasons.get(word or "", "server error")
    if _names_safety(made.told()):
        reason = "moderated"
    return client.failure(reason, f"it ended as {made.status}: {client.shown(made.told()) or 'no reason'}", "accepted")
