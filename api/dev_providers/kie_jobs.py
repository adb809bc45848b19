"""Kie's current API: one endpoint that creates tasks of every model, one that tells how they are.

Belongs here: models of ``ai-music-api`` and their inputs, snake_case. Does not belong here: the older endpoints
(kie_old), results (kie_results).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request

from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields
from api.dev_providers.jobs import Job, NewJob, Phase
from api.dev_providers.kie_results import (
    DEFAULT_S,
    MODELS,
    aligned_words,
    audio_rows,
    enveloped,
    fetched,
    keep_stems,
    lyrics_rows,
    needed_url,
    source_of,
    stem_urls,
    takes_of,
)
from api.dev_providers.links import link
from api.dev_providers.prices import KIE_CREDIT_USD, KIE_CREDITS, credits_usd
from api.dev_providers.problems import Refused
from api.dev_providers.provider import Provider
from api.dev_providers.sounds import WAV
from api.dev_providers.wishes import SongWish, key_text

PREFIX = "ai-music-api/"
_TIMED = ("V5_5", "V6", "V6_MINI", "V6_WILD")
"""Models that take a duration, in custom mode."""
_SHORT_S = 20.0
_FAILURES: Mapping[Phase, tuple[str, str]] = {
    "failed": ("501", "The audio generation failed."),
    "moderated": ("400", "SENSITIVE_WORD_ERROR: the input was refused."),
    "cancelled": ("501", "The task was cancelled."),
}
_STATES: Mapping[Phase, str] = {
    "waiting": "waiting", "running": "generating", "done": "success", "failed": "fail", "moderated": "fail",
    "cancelled": "fail",
}  # fmt: skip
_QUEUING_SHARE = 0.12
_Make = Callable[[Fields], tuple[NewJob, str]]
"""From a model's input to its job and what it is charged as (KIE_CREDITS)."""


def serve(provider: Provider) -> None:
    """Give Kie its current API."""
    provider.operation("/api/v1/jobs/createTask", "create_task")(_create)
    provider.operation("/api/v1/jobs/recordInfo", "record_info", "read", ("GET",))(_record)


def _create() -> Response:
    fields = json_fields()
    model = fields.text("model")
    make = _MODELS.get(model.removeprefix(PREFIX)) if model.startswith(PREFIX) else None
    if make is None:
        raise Refused("bad_request", f"The model {model!r} is not supported.")
    new, price = make(fields.part("input"))
    callback = None
    if fields.has("callBackUrl"):
        news = [["generating", 0.5]]
        callback = {"url": needed_url(fields, "callBackUrl"), "events": [["end", 1.0]], "old_news": news}
    used = KIE_CREDITS[price]
    request_kept = {**new.request, "param": fields.plain(), "credits": used}
    job = desk().accept(
        NewJob(model, request_kept, new.songs, callback), credits_usd(used, KIE_CREDIT_USD), f"{model}: {used} credits"
    )
    return enveloped({"taskId": job.id})


def _record() -> Response:
    job = desk().jobs.find(call().provider.name, request.args.get("taskId", ""))
    if job is None or not job.kind.startswith(PREFIX):
        raise Refused("not_found", "There is no such task.")
    return enveloped(_data(job, desk().jobs.phase(job)))


def callback_body(job: Job, event: str, phase: Phase) -> dict[str, Any]:
    """What a callback carries: the same as recordInfo."""
    if event == "generating":
        return {"code": 200, "msg": "success", "data": _data(job, "running")}
    is_good = phase == "done"
    message = "success" if is_good else _FAILURES[phase][1]
    return {"code": 200 if is_good else 501, "msg": message, "data": _data(job, phase)}


def _data(job: Job, phase: Phase) -> dict[str, Any]:
    ended_s = desk().jobs.ended_s(job)
    code, message = _FAILURES.get(phase, ("", ""))
    created_ms = int(job.created_s * 1_000)
    ended_ms = None if ended_s is None or phase == "running" else int(ended_s * 1_000)
    state = _STATES[phase]
    if phase == "waiting" and desk().jobs.share(job) > _QUEUING_SHARE:
        state = "queuing"
    return {
        "taskId": job.id, "model": job.kind, "state": state, "param": json.dumps(job.request["param"]),
        "resultJson": json.dumps(_result(job)) if phase == "done" else "", "failCode": code, "failMsg": message,
        "costTime": None if ended_ms is None else ended_ms - created_ms, "completeTime": ended_ms,
        "createTime": created_ms, "updateTime": ended_ms or created_ms,
    }  # fmt: skip


def _result(job: Job) -> dict[str, Any]:
    """Music as its clients read it, {"data": [...]}; files as the general page says, {"resultUrls": [...]}."""
    at, name = desk(), job.kind.removeprefix(PREFIX)
    match name:
        case "generate-lyrics":
            return {"data": lyrics_rows(str(job.request["prompt"]))}
        case "timeStamped-lyrics":
            return aligned_words(at, job.songs[0])
        case "boost-music-style":
            return {"result": f"{job.request['prompt']}, warm analogue sound, layered harmonies, steady groove"}
        case "generate-persona":
            return {"personaId": f"persona-{job.id[:12]}", "name": job.request["prompt"]}
        case "convert-to-wav-format":
            return {"resultUrls": [link(at, job, form=WAV)]}
        case "separate-vocals":
            urls = stem_urls(at, job, is_split=False)
            return {"resultUrls": [urls["vocal_url"], urls["instrumental_url"]], "data": urls}
        case _:
            return {"data": audio_rows(at, job, is_camel=False)}


def _custom_limits(fields: Fields) -> None:
    for name in ("style_weight", "weirdness_constraint", "audio_weight"):
        fields.number(name, 0.5, 0.0, 1.0)
    fields.number("variety", 1, 0, 4)
    if fields.has("vocal_gender"):
        fields.choice("vocal_gender", ("m", "f"))


def _music(fields: Fields, prompt: str, lyrics: str = "", *, default_s: float = DEFAULT_S) -> NewJob:
    """Two takes of a song."""
    duration_s = fields.number("duration", default_s, 10, 360)
    wish = {
        "prompt": prompt, "duration_s": duration_s, "is_instrumental": fields.flag("instrumental", default=False),
        "lyrics": lyrics, "title": fields.text("title", ""),
    }  # fmt: skip
    return NewJob("", {"model": fields.raw("model", "V6")}, takes_of(wish))


def _generate(fields: Fields) -> tuple[NewJob, str]:
    is_custom, is_instrumental = fields.flag("custom_mode"), fields.flag("instrumental")
    model = fields.choice("model", MODELS)
    if not is_custom:
        return _music(
            Fields({"instrumental": is_instrumental, "model": model}), fields.text("prompt", most=3_000)
        ), "music"
    _custom_limits(fields)
    fields.text("title", most=80)
    style = fields.text("style", "", most=200 if model == "V4" else 1_000)
    lyrics = fields.text("lyrics", "", most=5_000) or fields.text("prompt", "", most=5_000)
    if not is_instrumental and not lyrics:
        raise Refused("bad_request", "lyrics or prompt is required in custom mode with vocals")
    prompt = ", ".join(text for text in (style, fields.text("title")) if text)
    is_timed = model in _TIMED
    given = fields if is_timed else Fields({**fields.plain(), "duration": None})
    return _music(
        given, prompt, "" if is_instrumental else lyrics, default_s=_SHORT_S if is_timed else DEFAULT_S
    ), "music"


def _from_audio(fields: Fields) -> tuple[NewJob, str]:
    """Extend: of a task's audio, or of a file that was sent."""
    if fields.has("upload_url"):
        needed_url(fields, "upload_url")
    else:
        source_of("", fields.text("audio_id"))
    fields.flag("default_param_flag")
    fields.choice("model", MODELS)
    prompt = fields.text("style", "", most=1_000) or fields.text("title", "") or "a song that goes on"
    return _music(fields, prompt, fields.text("prompt", "", most=5_000)), "music"


def _cover(fields: Fields) -> tuple[NewJob, str]:
    needed_url(fields, "upload_url")
    return _generate(fields)


def _added(fields: Fields) -> tuple[NewJob, str]:
    """Vocals to a band, or a band to vocals."""
    needed_url(fields, "upload_url")
    fields.text("negative_tags", most=200)
    name = "style" if fields.has("style") else "tags"
    prompt = f"{fields.text(name, most=1_000)}, {fields.text('title')}"
    return _music(fields, prompt, fields.text("prompt", "", most=5_000)), "music"


def _mashup(fields: Fields) -> tuple[NewJob, str]:
    if len(fields.texts("upload_url_list")) != 2:  # the documented number
        raise Refused("bad_request", "upload_url_list must have exactly 2 entries")
    return _generate(fields)


def _sounds(fields: Fields) -> tuple[NewJob, str]:
    prompt = fields.text("prompt", most=500)
    tempo = fields.number("sound_tempo", 100, 1, 300)
    wish = SongWish(
        prompt, _SHORT_S, is_instrumental=True, key=key_text(fields.text("sound_key", "")),
        tempo_bpm=tempo if fields.has("sound_tempo") else None,
    )  # fmt: skip
    return NewJob("", {"model": fields.choice("model", MODELS)}, [wish]), "music"


def _again(fields: Fields) -> tuple[NewJob, str]:
    """New links to the songs of a task, or other results of its songs."""
    audio = fields.text("audio_id", f"{fields.text('task_id')}_0")
    source = source_of(fields.text("task_id"), audio)
    songs = [source.wish] if fields.has("audio_id") else list(source.job.songs)
    return NewJob("", {"model": source.job.request.get("model"), "prompt": fields.text("name", "")}, songs), "small"


def _replaced(fields: Fields) -> tuple[NewJob, str]:
    if fields.has("upload_url"):
        return _from_audio(Fields({"default_param_flag": False, **fields.plain()}))
    source = source_of(fields.text("task_id"), fields.text("audio_id"))
    return NewJob("", {"model": "V6"}, list(source.job.songs)), "music"


def _separated(fields: Fields) -> tuple[NewJob, str]:
    if fields.has("audio_url"):
        return NewJob("", {"kept": keep_stems(fetched(fields.text("audio_url")), 86_400.0)}), "separate_vocal"
    source = source_of(fields.text("task_id"), fields.text("audio_id"))
    return NewJob("", {}, [source.wish]), "separate_vocal"


def _worded(name: str, price: str) -> _Make:
    return lambda fields: (NewJob("", {"prompt": fields.text(name, most=1_000)}), price)


_MODELS: Mapping[str, _Make] = {
    "generate": _generate, "extend": _from_audio, "upload-and-cover-audio": _cover,
    "upload-and-extend-audio": _from_audio, "add-vocals": _added, "add-instrumental": _added,
    "generate-lyrics": _worded("prompt", "lyrics"), "timeStamped-lyrics": _again,
    "boost-music-style": _worded("content", "small"), "replace-section": _replaced, "generate-persona": _again,
    "mashup": _mashup, "suno-recovery-audio": _again, "convert-to-wav-format": _again, "separate-vocals": _separated,
    "sounds": _sounds,
}  # fmt: skip
