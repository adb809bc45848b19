"""Every adapter of songs beside what its provider answers where all goes well, in the documented shapes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from musicgen_assets.engines.asking import SongRequest
from resources.engine_settings import Engines
from resources.providers.acestep import AceStepEngine
from resources.providers.adapter import Access, SongAdapter
from resources.providers.elevenlabs import ElevenLabsEngine
from resources.providers.kie import KieEngine
from resources.providers.lyria import LyriaEngine
from resources.providers.minimax import MiniMaxEngine
from resources.providers.owned import SunoEngine, UdioEngine
from resources.providers.replicate import ReplicateEngine
from resources.providers.stable_audio import StableAudioEngine
from support.canned_server import CannedServer, Reply, as_audio, as_json
from support.provider_songs import KEY, planned, wav

SECONDS = 6.0
"""Of the audio in every good answer; songs of this length are asked for."""


def song(**changes: Any) -> SongRequest:
    from musicgen_assets.engines.asking import PlannedSection

    sections = (
        PlannedSection(name="Verse", start_s=0.0, duration_s=3.0, lines=("Rain on the roof",)),
        PlannedSection(name="Chorus", start_s=3.0, duration_s=3.0, energy=0.9, lines=("Come home",)),
    )
    return planned(**({"sections": sections, "duration_s": SECONDS} | changes))


@dataclass(frozen=True)
class Case:
    """``submit`` and ``poll`` are (method, path); ``accepted``, ``done`` make the replies, ``failed`` an own error."""

    kind: type[SongAdapter]
    submit: tuple[str, str]
    accepted: Callable[[str], Reply]
    poll: tuple[str, str] | None = None
    done: Callable[[str], Reply] | None = None
    options: tuple[tuple[str, Any], ...] = ()
    job_id: str = "job-1"
    has_links: bool = True
    busy: str = "rate limited"

    @property
    def name(self) -> str:
        return self.kind.name + ("_jobs" if self.options else "")

    def adapter(self, base_url: str, timeout_s: float = 5.0, **more: Any) -> SongAdapter:
        options = Engines(**(dict(self.options) | more))
        return self.kind(Access(base_url, SecretStr(KEY), timeout_s, options))

    def prepare(self, server: CannedServer) -> SongAdapter:
        server.on(*self.submit, self.accepted(server.base_url))
        if self.poll and self.done:
            server.on(*self.poll, self.done(server.base_url))
        server.on("GET", "/song.wav", as_audio(wav(SECONDS)))
        return self.adapter(server.base_url)


def kie_done(base: str) -> Reply:
    takes = {"data": [{"id": "a1", "audio_url": f"{base}/song.wav", "duration": SECONDS}]}
    return as_json({"code": 200, "msg": "", "data": {"state": "success", "resultJson": json.dumps(takes)}})


def interaction(status: str) -> dict[str, Any]:
    audio = {"type": "audio", "mime_type": "audio/wav", "data": base64.b64encode(wav(SECONDS)).decode()}
    content = [{"type": "text", "text": "[Verse] la"}, audio]
    return {
        "id": "job-1",
        "status": status,
        "model": "lyria-3.5",
        "steps": [{"type": "model_output", "content": content}],
    }


def minimax_done() -> dict[str, Any]:
    return {
        "data": {"audio": wav(SECONDS).hex(), "status": 2}, "extra_info": {"music_duration": SECONDS * 1000},
        "trace_id": "x", "base_resp": {"status_code": 0, "status_msg": "success"},
    }  # fmt: skip


def prediction(base: str, status: str) -> dict[str, Any]:
    return {"id": "job-1", "status": status, "output": f"{base}/song.wav", "metrics": {"predict_time": 12.5}}


def acestep_done(base: str) -> Reply:
    result = [{"file": "/song.wav", "status": 1, "seed_value": "7", "dit_model": "mine", "lyrics": "la"}]
    return as_json({"data": [{"task_id": "job-1", "status": 1, "result": json.dumps(result)}], "code": 200})


def owned(kind: type[SongAdapter]) -> Case:
    return Case(
        kind, ("POST", "/v1/generations"), lambda _: as_json({"id": "job-1", "status": "queued"}, 202),
        ("GET", "/v1/generations/job-1"),
        lambda base: as_json({
            "id": "job-1", "status": "succeeded", "cost_usd": "0.10",
            "result": {"audio_url": f"{base}/song.wav", "stems": {"Vocals / lead": f"{base}/song.wav"}},
        }),
    )  # fmt: skip


CASES = (
    Case(
        KieEngine, ("POST", "/api/v1/jobs/createTask"),
        lambda _: as_json({"code": 200, "msg": "", "data": {"taskId": "job-1"}}),
        ("GET", "/api/v1/jobs/recordInfo"), kie_done,
    ),
    Case(ElevenLabsEngine, ("POST", "/v1/music"), lambda _: as_audio(wav(SECONDS), song_id="s1"),
         options=(("elevenlabs_timed_words", False),)),
    Case(LyriaEngine, ("POST", "/v1beta/interactions"), lambda _: as_json(interaction("completed"))),
    Case(
        LyriaEngine, ("POST", "/v1beta/interactions"), lambda _: as_json({"id": "job-1", "status": "queued"}),
        ("GET", "/v1beta/interactions/job-1"), lambda _: as_json(interaction("completed")),
        options=(("lyria_background", True),), has_links=False,
    ),
    Case(StableAudioEngine, ("POST", "/v2beta/audio/stable-audio-2/text-to-audio"),
         lambda _: as_audio(wav(SECONDS), seed="5", finish_reason="SUCCESS")),
    Case(
        StableAudioEngine, ("POST", "/v2beta/audio/stable-audio/text-to-audio"),
        lambda _: as_json({"id": "job-1"}, 202), ("GET", "/v2beta/audio/results/job-1"),
        lambda _: as_audio(wav(SECONDS)), options=(("stability_model", "stable-audio-3"),), has_links=False,
    ),
    Case(MiniMaxEngine, ("POST", "/v1/music_generation"), lambda _: as_json(minimax_done())),
    Case(
        ReplicateEngine, ("POST", "/v1/predictions"), lambda base: as_json(prediction(base, "starting"), 201),
        ("GET", "/v1/predictions/job-1"), lambda base: as_json(prediction(base, "succeeded")),
    ),
    Case(
        AceStepEngine, ("POST", "/release_task"),
        lambda _: as_json({"data": {"task_id": "job-1", "status": "queued"}, "code": 200, "error": None}),
        ("POST", "/query_result"), acestep_done, busy="overloaded",
    ),
    owned(SunoEngine), owned(UdioEngine),
)  # fmt: skip
AT_ONCE = [case for case in CASES if case.poll is None]
WITH_JOBS = [case for case in CASES if case.poll is not None]
