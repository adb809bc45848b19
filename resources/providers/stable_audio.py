"""Stability's Stable Audio: 2 and 2.5 answer with the sound, 3 with a job whose result is the sound.

Belongs here: its fields, limits and statuses. Does not belong here: other Stability services. Facts: the official
ComfyUI nodes for Stability and platform.stability.ai; instrumental music only.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from dsp.errors import AudioError
from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Purpose, Vocabulary
from resources.providers.fetching import checked_audio, duration_s
from resources.providers.prices import STABILITY_USD_PER_CREDIT, song_price
from resources.providers.protocol import JobState, ProviderFailure, SongDelivery, Sound, Submitted
from resources.providers.shapes import Amount, Answered, Asked, JobId, as_shape, in_path
from resources.providers.wording import folded_seed, inputs, prose, sound_of

PROMPT_MAX, SEED_MAX = 10_000, 4_294_967_294
SYNC_MAX_S, JOB_MAX_S = 190, 380
SYNC_MODEL = "stable-audio-2.5"
JOB_MODELS = ("stable-audio-3",)
_SOUND_MIN_S, _SOUND_MAX_S = 6.0, 190.0

VOCABULARY = Vocabulary(
    reasons={"content_moderation": "moderated", "CONTENT_FILTERED": "moderated"},
    statuses={403: "moderated", 413: "bad request", 422: "bad request"},
)


class Generate(Asked):
    """The form of text-to-audio and audio-to-audio; the sound itself goes beside it."""

    prompt: Annotated[str, Field(min_length=1, max_length=PROMPT_MAX)]
    model: str
    duration: Annotated[int, Field(ge=1, le=JOB_MAX_S)]
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)]
    output_format: str = "wav"
    strength: float | None = None


class _Taken(Answered):
    id: JobId


class _Error(Answered):
    name: str
    errors: list[str] | None = None


class _Balance(Answered):
    credits: Amount


class StableAudioEngine(SongAdapter):
    """Instrumentals. A melody or a reference that goes along is what the sound starts from."""

    name = "stable_audio"
    key_variable = "STABILITY_API_KEY"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("duration", "seed", "melody", "reference"),
        in_words=("tempo", "key", "meter", "sections", "section lengths", "avoided"),
    )

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[Generate, list[str]]:
        """Prose with tempo, key and times, without words to sing."""
        notes = self.unmet(request, sounds)
        default = SYNC_MODEL if request.duration_s <= SYNC_MAX_S else JOB_MODELS[0]
        model = request.model or self.options.stability_model or default
        longest_s = JOB_MAX_S if model in JOB_MODELS else SYNC_MAX_S
        seconds = min(max(round(request.duration_s), 1), longest_s)
        if request.duration_s - seconds > 1:
            notes.append(f"duration: {seconds} s instead of {request.duration_s:g} s")
        source = _source(request, sounds, notes)
        played = request.model_copy(update={"task": "instrumental"}) if request.has_vocals else request
        return Generate(
            prompt=prose(played, PROMPT_MAX, notes), model=model, duration=seconds,
            seed=folded_seed(request.seed, SEED_MAX), strength=self.options.stability_strength if source else None,
        ), notes  # fmt: skip

    def submit(
        self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None
    ) -> Submitted | SongDelivery:
        """See SongEngine. The song itself of 2 and 2.5, a job of 3."""
        del callback_url
        asked, notes = self.translate(request, sounds)
        source = _source(request, sounds, [])
        client = self._client()
        road = "stable-audio" if asked.model in JOB_MODELS else "stable-audio-2"
        work = "text-to-audio" if source is None else "audio-to-audio"
        # A form of several parts even without a file: the interface takes no other.
        parts: list[tuple[str, Any]] = [(name, (None, str(value))) for name, value in asked.body().items()]
        if source is not None:
            parts.append(("audio", (source.name, source.data, source.media_type)))
        answer = client.call(
            "POST", f"/v2beta/audio/{road}/{work}", "submit", files=parts,
            accept="application/json" if asked.model in JOB_MODELS else "audio/*",
            max_bytes=self.options.max_download_bytes,
        )  # fmt: skip
        if asked.model in JOB_MODELS:
            return self.remember(client.parsed(answer, _Taken, "submit").id, notes)
        facts = {"seed_sent": asked.seed}
        return self._delivered(client, answer, "submit", asked.model, notes, "", facts, float(asked.duration))

    def state(self, job_id: str) -> JobState:
        """See SongEngine. Looks at the head of the result only."""
        client = self._client()
        try:
            answer = self._result(client, job_id, is_body_wanted=False)
        except ProviderFailure as failure:
            if failure.reason == "moderated":  # told by the result's own status
                return failed(failure)
            raise
        if answer.status == 202:
            return JobState("running")
        if not _is_audio(answer):
            raise _no_audio(client, answer, "job")
        return failed(_filtered(client)) if _is_filtered(answer) else JobState("succeeded")

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = self._client()
        answer = self._result(client, job_id, is_body_wanted=True)
        if answer.status == 202:
            raise client.bad_answer("the job is not done yet", "job")
        return self._delivered(client, answer, "job", JOB_MODELS[0], None, job_id, {"job_id": job_id})

    def look(self) -> Decimal:
        """The balance."""
        client = self._client()
        answer = client.call("GET", "/v1/user/balance", "look")
        return client.parsed(answer, _Balance, "look").credits * STABILITY_USD_PER_CREDIT

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        error = as_shape(_Error, answer.body)
        return None if error is None else (error.name, "; ".join(error.errors or ()))

    def _result(self, client: Client, job_id: str, *, is_body_wanted: bool) -> Answer:
        path, limit = f"/v2beta/audio/results/{in_path(job_id)}", self.options.max_download_bytes
        return client.call("GET", path, "job", accept="audio/*", max_bytes=limit, is_body_wanted=is_body_wanted)

    def _delivered(
        self, client: Client, answer: Answer, purpose: Purpose, model: str, notes: list[str] | None, job_id: str,
        facts: dict[str, Any], asked_s: float | None = None,
    ) -> SongDelivery:  # fmt: skip
        if _is_filtered(answer):
            raise _filtered(client)
        if not _is_audio(answer):
            raise _no_audio(client, answer, purpose)
        song = checked_audio("stable_audio", answer.body, "song", asked_s=asked_s)
        facts |= {"seed_used": answer.headers.get("seed"), "length_s": duration_s(song)}
        cost = song_price("stable_audio", model).cost_usd()
        return self.delivery(song, model, notes, job_id, facts=facts, cost_usd=cost)

    def _client(self) -> Client:
        return self.client(Authorization=self.bearer())


def _is_filtered(answer: Answer) -> bool:
    return bool(answer.headers.get("finish-reason", "").upper() == "CONTENT_FILTERED")


def _is_audio(answer: Answer) -> bool:
    return answer.media_type.startswith("audio/") or answer.media_type == "application/octet-stream"


def _no_audio(client: Client, answer: Answer, purpose: Purpose) -> ProviderFailure:
    return client.bad_answer(f"the answer is {client.shown(answer.media_type) or 'of no type'}, not audio", purpose)


def _filtered(client: Client) -> ProviderFailure:
    return client.failure("moderated", "the result was filtered (CONTENT_FILTERED)", "accepted")


def _source(request: SongRequest, sounds: Mapping[str, Sound], notes: list[str]) -> Sound | None:
    """The melody, else the reference, where its length is one that is taken."""
    melody, reference = sound_of(request.melody, sounds), sound_of(request.reference, sounds)
    if melody is not None and reference is not None:
        notes.append("reference: not taken beside a melody")
    source = melody or reference
    if source is None:
        return None
    if not _SOUND_MIN_S <= _length_s(source) <= _SOUND_MAX_S:
        notes.append(f"{'melody' if melody else 'reference'}: only sounds of 6 to 190 s are taken")
        return None
    return source


def _length_s(sound: Sound) -> float:
    try:
        return duration_s(sound)
    except AudioError:
        return 0.0
