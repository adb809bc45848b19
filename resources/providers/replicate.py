"""Replicate: Meta's MusicGen on rented machines, as a prediction that is asked for later.

Belongs here: the predictions interface and the inputs of meta/musicgen. Does not belong here: its callbacks
(callbacks), MusicGen on this machine. Facts: replicate.com/docs and the model's page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Vocabulary
from resources.providers.prices import SongPrice
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, Sound, Submitted
from resources.providers.shapes import Answered, Asked, JobId, Word, as_shape, in_path
from resources.providers.wording import folded_seed, inputs, sound_of, summary

PROMPT_MAX, DURATION_MAX_S, SEED_MAX = 1000, 30, 2**31 - 2
MELODY_MAX_BYTES = 256 * 1024
"""What goes along inside the request itself; larger files would have to be uploaded somewhere first."""

_LOOKED_AT = 50
_CLOCKS_DIFFER = timedelta(seconds=60)

_FLAGGED = "(E005)"
"""In the text of an error: the input or the output was flagged as sensitive."""

VOCABULARY = Vocabulary(
    jobs={
        "starting": "queued", "processing": "running", "succeeded": "succeeded", "failed": "failed",
        "canceled": "failed", "aborted": "failed",
    },
    reasons={"failed": "server error", "canceled": "not found", "aborted": "server error"},
)  # fmt: skip


class MusicGenInput(Asked):
    """Inputs of meta/musicgen."""

    prompt: Annotated[str, Field(min_length=1, max_length=PROMPT_MAX)]
    model_version: str
    duration: Annotated[int, Field(ge=1, le=DURATION_MAX_S)]
    seed: int
    output_format: Literal["wav"] = "wav"
    normalization_strategy: Literal["peak"] = "peak"
    input_audio: str | None = None
    continuation: bool | None = None


class Predict(Asked):
    """Body of POST /v1/predictions."""

    version: str
    input: MusicGenInput
    webhook: str | None = None
    webhook_events_filter: list[Literal["completed"]] | None = None


class _Metrics(Answered):
    predict_time: Annotated[float, Field(ge=0, le=86_400)] | None = None


class _Asked(Answered):
    model_version: str | None = None


class Prediction(Answered):
    """A prediction as create and get answer it."""

    id: JobId
    status: Word
    output: list[str] | str | None = None
    error: str | None = None
    metrics: _Metrics | None = None
    input: _Asked | None = None

    def link(self) -> str:
        """Where the result lies; "" for nowhere."""
        return self.output if isinstance(self.output, str) else next(iter(self.output or ()), "")


class _Listed(Answered):
    id: JobId
    created_at: AwareDatetime


class _Page(Answered):
    results: list[_Listed]


class _Whole(Answered):
    version: str = ""
    input: dict[str, Any] = Field(default_factory=dict)


class _Error(Answered):
    title: str | None = None
    detail: str


class ReplicateEngine(SongAdapter):
    """Up to 30 s of instrumental music, along a melody where one goes along."""

    name = "replicate"
    key_variable = "REPLICATE_API_TOKEN"
    vocabulary = VOCABULARY
    inputs = inputs(exactly=("duration", "seed", "melody"), in_words=("tempo", "key", "meter"))

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[MusicGenInput, list[str]]:
        """A short description: MusicGen was taught by such, and reads no plan."""
        notes = self.unmet(request, sounds)
        seconds = min(max(round(request.duration_s), 1), DURATION_MAX_S)
        if request.duration_s - seconds > 1:
            notes.append(f"duration: {seconds} s instead of {request.duration_s:g} s")
        melody = sound_of(request.melody, sounds)
        if melody is not None and len(melody.data) > MELODY_MAX_BYTES:
            notes.append(f"melody: larger than {MELODY_MAX_BYTES} bytes")
            melody = None
        default = "stereo-melody-large" if melody else "stereo-large"
        played = request.model_copy(update={"task": "instrumental"})
        return MusicGenInput(
            prompt=summary(played, PROMPT_MAX, notes, has_shape=False), duration=seconds,
            model_version=request.model or self.options.replicate_model or default,
            seed=folded_seed(request.seed, SEED_MAX), input_audio=_inline(melody),
            continuation=False if melody else None,
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine."""
        asked, notes = self.translate(request, sounds)
        client = self._client()
        body = Predict(
            version=self.options.replicate_version, input=asked, webhook=callback_url,
            webhook_events_filter=["completed"] if callback_url else None,
        ).body()  # fmt: skip
        answer = client.call("POST", "/v1/predictions", "submit", json=body)
        return self.remember(client.parsed(answer, Prediction, "submit").id, notes)

    def state(self, job_id: str) -> JobState:
        """See SongEngine."""
        client = self._client()
        made = self._prediction(client, job_id)
        word = client.vocabulary.jobs.get(made.status)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(made.status)!r}, a state not documented", "job")
        return failed(_ended(client, made, self._cost(made))) if word == "failed" else JobState(word)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = self._client()
        made = self._prediction(client, job_id)
        if client.vocabulary.jobs.get(made.status) == "failed":
            raise _ended(client, made, self._cost(made))
        if not made.link():
            # Replicate removes results after about an hour and leaves the record without them.
            raise client.failure("expired", "the finished prediction names no result any more", "accepted")
        song = self.fetcher().audio(made.link(), "song")
        computed_s = made.metrics.predict_time if made.metrics else None
        model = (made.input.model_version if made.input else None) or self.options.replicate_model or "musicgen"
        facts = {"prediction_id": job_id, "version": self.options.replicate_version, "computed_s": computed_s}
        return self.delivery(song, model, None, job_id, facts=facts, cost_usd=self._cost(made))

    def cancel(self, job_id: str) -> bool:
        """See SongEngine."""
        self._client().call("POST", f"/v1/predictions/{in_path(job_id)}/cancel", "job")
        return True

    def sought(
        self, request: SongRequest, sounds: Mapping[str, Sound], since: datetime, known: frozenset[str]
    ) -> str | None:
        """See SongEngine. Among the newest predictions, the one that was asked for the very same."""
        wanted = self.translate(request, sounds)[0].body()
        client = self._client()
        page = client.parsed(client.call("GET", "/v1/predictions", "look"), _Page, "look")
        for one in page.results[:_LOOKED_AT]:
            if one.id in known or one.created_at < since - _CLOCKS_DIFFER:
                continue
            answer = client.call("GET", f"/v1/predictions/{in_path(one.id)}", "look")
            whole = client.parsed(answer, _Whole, "look")
            if whole.version == self.options.replicate_version and whole.input == wanted:
                return one.id
        return None

    def look(self) -> None:
        """Reaches the account; Replicate tells no balance."""
        self._client().call("GET", "/v1/account", "look")

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        error = as_shape(_Error, answer.body)
        return None if error is None else (error.title or "", error.detail)

    def _prediction(self, client: Client, job_id: str) -> Prediction:
        return client.parsed(client.call("GET", f"/v1/predictions/{in_path(job_id)}", "job"), Prediction, "job")

    def _cost(self, made: Prediction) -> Decimal | None:
        price = SongPrice(usd_per_computed_s=self.options.replicate_usd_per_second)
        return price.cost_usd(computed_s=made.metrics.predict_time if made.metrics else None)

    def _client(self) -> Client:
        return self.client(Authorization=self.bearer())


def _inline(sound: Sound | None) -> str | None:
    if sound is None:
        return None
    return f"data:{sound.media_type};base64,{base64.b64encode(sound.data).decode('ascii')}"


def _ended(client: Client, made: Prediction, charged_usd: Decimal | None) -> ProviderFailure:
    reason = client.vocabulary.reasons.get(made.status, "server error")
    if _FLAGGED in (made.error or ""):
        reason = "moderated"
    told = client.shown(made.error or "no reason")
    return client.failure(reason, f"it ended as {made.status}: {told}", "accepted", charged_usd=charged_usd)
