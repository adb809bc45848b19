"""Stems of songs that Kie made, over its older interface.

Belongs here: that endpoint's fields and names. Does not belong here: making songs (kie). Facts: docs.kie.ai, the
old-model page on vocal removal: 10 credits for two stems, 50 for up to twelve, charged for each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from resources.providers.adapter import failed
from resources.providers.client import Client
from resources.providers.kie import KieEngine, enveloped, kie_client
from resources.providers.kie_shapes import CreatedEnvelope
from resources.providers.protocol import JobState, ProviderFailure, Sound, Submitted, provider_failure
from resources.providers.shapes import Answered, Asked, Word

STEM_WORDS = {
    "vocalUrl": "vocals", "instrumentalUrl": "instrumental", "backingVocalsUrl": "backing_vocals", "drumsUrl": "drums",
    "bassUrl": "bass", "guitarUrl": "guitar", "keyboardUrl": "keys", "percussionUrl": "percussion",
    "stringsUrl": "strings", "synthUrl": "synth", "fxUrl": "effects", "brassUrl": "brass", "woodwindsUrl": "woodwinds",
}  # fmt: skip
"""Kie's fields to our words; originUrl is the song itself."""

_NOWHERE = "https://callback.invalid/"
"""The older interface insists on an address for its callback. This name never leads anywhere (RFC 2606)."""


class _VocalRemoval(Asked):
    taskId: str  # noqa: N815  # its name
    audioId: str  # noqa: N815
    callBackUrl: str  # noqa: N815
    type: Literal["separate_vocal", "split_stem"]


class _StemRecord(Answered):
    word: Word = Field(alias="successFlag")
    code: Word | None = Field(None, alias="errorCode")
    text: str | None = Field(None, alias="errorMessage")
    response: dict[str, Any] | None = None


class _StemEnvelope(Answered):
    data: _StemRecord


class KieStems:
    """Offers separating.StemEngine for songs that came from Kie."""

    name = "kie"

    def __init__(self, songs: KieEngine) -> None:
        self._songs = songs

    def submit_stems(self, song: Sound, facts: Mapping[str, Any], callback_url: str | None) -> Submitted:
        """See StemEngine. Reads ``task_id`` and the first of ``takes`` from the facts."""
        del song
        kind = self._songs.options.kie_stems
        task_id = facts.get("task_id")
        audio_id = next((take.get("audio_id") for take in facts.get("takes", ())), None)
        if kind == "off" or not task_id or not audio_id:
            why = "kie_stems is off" if kind == "off" else "the song's delivery names no audio id"
            raise provider_failure("kie", "unavailable", f"no stems: {why}.")
        client = kie_client(self._songs)
        body = _VocalRemoval(taskId=task_id, audioId=audio_id, callBackUrl=callback_url or _NOWHERE, type=kind).body()
        answer = client.call("POST", "/api/v1/vocal-removal/generate", "submit", json=body)
        return Submitted(enveloped(client, answer, CreatedEnvelope, "submit").data.task_id)

    def stems_state(self, job_id: str) -> JobState:
        """See StemEngine."""
        client = kie_client(self._songs)
        record = self._record(client, job_id)
        word = client.vocabulary.jobs.get(record.word)
        if word is None:
            raise client.bad_answer(f"the job is {client.shown(record.word)!r}, a state not documented", "job")
        return failed(_failure(client, record)) if word == "failed" else JobState(word)

    def collect_stems(self, job_id: str) -> tuple[Sound, ...]:
        """See StemEngine."""
        client = kie_client(self._songs)
        record = self._record(client, job_id)
        if client.vocabulary.jobs.get(record.word) == "failed":
            raise _failure(client, record)
        links = record.response or {}
        named = [(word, links[key]) for key, word in STEM_WORDS.items() if isinstance(links.get(key), str)]
        if not any(link for _, link in named):
            raise client.bad_answer("the finished separation names no stems", "job")
        fetcher = self._songs.fetcher()
        return tuple(fetcher.audio(link, word, is_stem=True) for word, link in named if link)

    def _record(self, client: Client, job_id: str) -> _StemRecord:
        answer = client.call("GET", "/api/v1/vocal-removal/record-info", "job", params={"taskId": job_id})
        return enveloped(client, answer, _StemEnvelope, "job").data


def _failure(client: Client, record: _StemRecord) -> ProviderFailure:
    code = record.code or record.word
    reason = client.vocabulary.reasons.get(code) or "server error"
    told = client.shown(f"{code} {record.text or ''}")
    return client.failure(reason, f"the separation failed: {told}", "accepted")
