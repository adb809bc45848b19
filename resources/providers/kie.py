"""Kie: the public road to Suno. Songs over its unified jobs, words with times over the older interface.

Belongs here: its fields, limits, words and codes. Does not belong here: taking a song apart (kie_stems), its callbacks
(callbacks). Facts: docs.kie.ai, the pages on jobs, generate-music and get-timestamped-lyrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from musicgen_assets.engines.asking import SongRequest
from resources.providers.adapter import SongAdapter, failed
from resources.providers.client import Answer, Client, OwnError, Purpose, Vocabulary
from resources.providers.kie_shapes import (
    AVOIDED_MAX,
    DURATION_MAX_S,
    DURATION_MIN_S,
    LYRICS_MAX,
    PROMPT_MAX,
    STYLE_MAX,
    TITLE_MAX,
    AlignedEnvelope,
    CreatedEnvelope,
    CreateTask,
    Credit,
    Envelope,
    JobRecord,
    MusicInput,
    RecordEnvelope,
    Take,
    model_of,
    takes_of,
    timed,
)
from resources.providers.prices import KIE_TIMED_LYRICS_CREDITS, KIE_USD_PER_CREDIT, song_price
from resources.providers.protocol import (
    JobState,
    ProviderFailure,
    Reason,
    SongDelivery,
    Sound,
    Submitted,
    TimedWord,
)
from resources.providers.shapes import Shape, as_shape
from resources.providers.wording import (
    avoided_words,
    clipped,
    clipped_lines,
    inputs,
    joined,
    shape_words,
    style_words,
    summary,
    words_of,
)

VOCABULARY = Vocabulary(
    jobs={
        "waiting": "queued", "queuing": "queued", "generating": "running", "success": "succeeded", "fail": "failed",
        # The older interface.
        "PENDING": "running", "TEXT_SUCCESS": "running", "FIRST_SUCCESS": "running", "SUCCESS": "succeeded",
        "CALLBACK_EXCEPTION": "succeeded",  # the work is done, it only could not tell us
        "CREATE_TASK_FAILED": "failed", "GENERATE_AUDIO_FAILED": "failed", "SENSITIVE_WORD_ERROR": "failed",
    },
    reasons={
        "400": "bad request", "401": "not allowed", "402": "no credit", "404": "not found", "405": "rate limited",
        "408": "timed out", "409": "bad request", "413": "bad request", "422": "bad request", "429": "rate limited",
        "430": "rate limited", "451": "bad request", "455": "overloaded", "500": "server error", "501": "server error",
        "505": "server error", "531": "server error", "SENSITIVE_WORD_ERROR": "moderated",
        "CREATE_TASK_FAILED": "server error", "GENERATE_AUDIO_FAILED": "server error",
    },
)  # fmt: skip
"""The code of the envelope says how a call went, whatever the HTTP status."""

_GENDERS: dict[str, Literal["m", "f"] | None] = {"low": "m", "middle": None, "high": "f"}

_JOB_REFUSALS: dict[str, Reason] = {"400": "moderated", "413": "moderated"}
"""Of a job, 400 means copyrighted lyrics and 413 that it matches an existing work."""
_CREDITS_BACK = ("531",)


class KieEngine(SongAdapter):
    """Songs by Suno's models. Every run makes two takes; the first is delivered, both are named in ``facts``."""

    name = "kie"
    key_variable = "KIE_API_KEY"
    vocabulary = VOCABULARY
    inputs = inputs(
        exactly=("duration", "lyrics", "singing", "avoided", "voice"),
        in_words=("tempo", "key", "meter", "sections", "section lengths", "language", "vocals alone"),
    )

    def translate(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[MusicInput, list[str]]:
        """Custom mode wherever it can be: with lyrics, or without singing. Else a description it writes words to."""
        notes = self.unmet(request, sounds)
        model = request.model or self.options.kie_model
        lyrics = words_of(request)
        if request.has_vocals and not lyrics:
            notes += ["duration: in words only", "avoided: not taken", "title: not taken"]
            prompt = summary(request, PROMPT_MAX, notes)
            return MusicInput(custom_mode=False, instrumental=False, model=model, prompt=prompt), notes
        words = style_words(request)
        form = shape_words(request)
        style = joined(words, STYLE_MAX, notes, "styles")
        style = f"{style}. {form}" if form and len(style) + 2 + len(form) <= STYLE_MAX else style
        return MusicInput(
            custom_mode=True, instrumental=not request.has_vocals, model=model, style=style,
            title=clipped(request.title, TITLE_MAX, notes, "title"),
            lyrics=clipped_lines(lyrics, LYRICS_MAX, notes) or None,
            negative_tags=joined(avoided_words(request), AVOIDED_MAX, notes, "avoided") or None,
            vocal_gender=_GENDERS[request.voice] if lyrics else None, duration=_duration(request, model, notes),
        ), notes  # fmt: skip

    def submit(self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None) -> Submitted:
        """See SongEngine."""
        asked, notes = self.translate(request, sounds)
        client = kie_client(self)
        body = CreateTask(callBackUrl=callback_url, input=asked).body()
        answer = client.call("POST", "/api/v1/jobs/createTask", "submit", json=body)
        created = enveloped(client, answer, CreatedEnvelope, "submit")
        return self.remember(created.data.task_id, notes)

    def state(self, job_id: str) -> JobState:
        """See SongEngine."""
        client = kie_client(self)
        record = self._record(client, job_id)
        word = self.vocabulary.jobs.get(record.state)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(record.state)!r}, a state not documented", "job")
        return failed(_job_failure(client, record)) if word == "failed" else JobState(word)

    def collect(self, job_id: str) -> SongDelivery:
        """See SongEngine."""
        client = kie_client(self)
        record = self._record(client, job_id)
        if self.vocabulary.jobs.get(record.state) == "failed":
            raise _job_failure(client, record)
        takes = takes_of(record)
        if not takes:
            raise client.bad_answer("the finished job names no audio", "job")
        first = takes[0]
        song = self.fetcher().audio(first.url, "song", stated_s=first.duration_s)
        words, missing = self._timed_words(client, job_id, first)
        kept = [{"audio_id": take.audio_id, "duration_s": take.duration_s} for take in takes]
        facts: dict[str, Any] = {"task_id": job_id, "takes": kept, "missing": missing}
        model = model_of(record) or self.options.kie_model
        return self.delivery(
            song, model, None, job_id, words=words, lyrics=first.prompt or "", facts=facts,
            cost_usd=_cost_usd(model, has_asked_words=self.options.kie_timed_lyrics and bool(first.audio_id)),
        )  # fmt: skip

    def look(self) -> Decimal:
        """The balance."""
        client = kie_client(self)
        answer = client.call("GET", "/api/v1/chat/credit", "look")
        return enveloped(client, answer, Credit, "look").data * KIE_USD_PER_CREDIT

    def says(self, answer: Answer) -> OwnError | None:
        """See SongAdapter."""
        return own_error(answer)

    def _record(self, client: Client, job_id: str) -> JobRecord:
        answer = client.call("GET", "/api/v1/jobs/recordInfo", "job", params={"taskId": job_id})
        return enveloped(client, answer, RecordEnvelope, "job").data

    def _timed_words(self, client: Client, job_id: str, take: Take) -> tuple[tuple[TimedWord, ...], list[str]]:
        """When each word is sung. A song is not lost for want of them: what failed is noted."""
        if not self.options.kie_timed_lyrics or not take.audio_id:
            return (), []
        try:
            body = {"taskId": job_id, "audioId": take.audio_id}
            answer = client.call("POST", "/api/v1/generate/get-timestamped-lyrics", "job", json=body)
            aligned = enveloped(client, answer, AlignedEnvelope, "job").data.words
        except ProviderFailure as failure:
            return (), [f"timed words: {failure.message}"]
        return timed(aligned), []


def kie_client(adapter: SongAdapter) -> Client:
    """Speaks with Kie. Raises "unavailable" without a key."""
    return adapter.client(Authorization=adapter.bearer())


def own_error(answer: Answer) -> OwnError | None:
    """Kie's error: an envelope whose code is not 200."""
    envelope = as_shape(Envelope, answer.body)
    return None if envelope is None or envelope.code == "200" else (envelope.code, envelope.msg or "")


def enveloped(client: Client, answer: Answer, shape: type[Shape], purpose: Purpose) -> Shape:
    """The answer's content. Raises what its code means: a transport status of 200 says little here."""
    envelope = client.parsed(answer, Envelope, purpose)
    if envelope.code != "200":
        told = Answer(_status(envelope.code), answer.headers, answer.body)
        raise client.refusal(told, purpose, is_quiet=True)
    return client.parsed(answer, shape, purpose)


def _status(code: str) -> int:
    """The code as if it had been the HTTP status; what is none counts as an error of the server."""
    return int(code) if code.isascii() and code.isdigit() and 400 <= int(code[:4]) < 600 else 500


def _job_failure(client: Client, record: JobRecord) -> ProviderFailure:
    code = record.fail_code or record.state
    reason: Reason = _JOB_REFUSALS.get(code) or client.vocabulary.reasons.get(code) or "server error"
    told = client.shown(f"{code} {record.fail_msg or ''}")
    charged = Decimal(0) if code in _CREDITS_BACK else None
    return client.failure(reason, f"the job failed: {told}", "accepted", charged_usd=charged)


def _cost_usd(model: str, *, has_asked_words: bool) -> Decimal | None:
    song_usd = song_price("kie", model).cost_usd()
    words_usd = KIE_USD_PER_CREDIT * KIE_TIMED_LYRICS_CREDITS if has_asked_words else 0
    return None if song_usd is None else song_usd + words_usd


def _duration(request: SongRequest, model: str, notes: list[str]) -> int | None:
    if not model.startswith(("V6", "V5_5")):
        notes.append("duration: not taken by this model")
        return None
    seconds = min(max(round(request.duration_s), DURATION_MIN_S), DURATION_MAX_S)
    if abs(seconds - request.duration_s) > 1:
        notes.append(f"duration: {seconds} s instead of {request.duration_s:g} s")
    return seconds
