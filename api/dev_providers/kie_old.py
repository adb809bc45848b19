"""Kie's older endpoints, one for each kind of work, which are still documented: stems and timed lyrics among them.

Belongs here: their camelCase fields, states and callbacks. Does not belong here: the jobs API (kie_jobs), results
(kie_results).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Response, request

from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields
from api.dev_providers.jobs import Job, NewJob, Phase
from api.dev_providers.kie_results import (
    DEFAULT_S,
    MODELS,
    aligned_words,
    audio_id,
    audio_rows,
    enveloped,
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

_TEXT_SHARE, _FIRST_SHARE = 0.4, 0.7
"""Shares of a job's time after which its text, and its first take, are there."""
_EVENTS = [["text", _TEXT_SHARE], ["first", _FIRST_SHARE], ["complete", 1.0]]
_END = [["complete", 1.0]]
_ERRORS: Mapping[Phase, tuple[int, str]] = {
    "failed": (501, "The audio generation failed."), "moderated": (400, "The input holds a sensitive word."),
    "cancelled": (501, "The task was cancelled."),
}  # fmt: skip


def serve(provider: Provider) -> None:
    """Give Kie its older endpoints."""
    for rule, name, handler in (
        ("generate", "old_generate", _generate),
        ("generate/extend", "old_extend", _extend),
        ("generate/get-timestamped-lyrics", "old_timed_lyrics", _timed_lyrics),
        ("lyrics", "old_lyrics", _lyrics),
        ("wav/generate", "old_wav", _wav),
        ("vocal-removal/generate", "old_stems", _stems),
        ("style/generate", "old_style", _style),
    ):
        provider.operation(f"/api/v1/{rule}", name)(handler)
    for rule, name, show in (
        ("generate", "old_record", _music_data),
        ("lyrics", "old_lyrics_record", _lyrics_data),
        ("wav", "old_wav_record", _wav_data),
        ("vocal-removal", "old_stems_record", _stems_data),
    ):
        provider.operation(f"/api/v1/{rule}/record-info", name, "read", ("GET",))(_record(rule, show))


def _record(kind: str, show: Callable[[Job, Phase], dict[str, Any]]) -> Callable[[], Response]:
    def handler() -> Response:
        job = desk().jobs.find(call().provider.name, request.args.get("taskId", ""))
        if job is None or job.kind != kind:
            raise Refused("not_found", "There is no such task.")
        return enveloped(show(job, desk().jobs.phase(job)))

    return handler


def _accepted(fields: Fields, new: NewJob, price: str, events: list[list[Any]]) -> Response:
    used = KIE_CREDITS[price]
    callback = {"url": needed_url(fields, "callBackUrl"), "events": events}
    job = desk().accept(
        NewJob(new.kind, {**new.request, "param": fields.plain()}, new.songs, callback),
        credits_usd(used, KIE_CREDIT_USD), f"{new.kind}: {used} credits",
    )  # fmt: skip
    return enveloped({"taskId": job.id})


def _generate() -> Response:
    fields = json_fields()
    is_custom, is_instrumental = fields.flag("customMode"), fields.flag("instrumental")
    model = fields.choice("model", MODELS)
    is_v4 = model == "V4"
    prompt, lyrics = fields.text("prompt", "" if is_custom and is_instrumental else None), ""
    title = fields.text("title", "" if not is_custom else None, most=80 if is_v4 else 100)
    if is_custom:
        lyrics = "" if is_instrumental else fields.text("prompt", most=3_000 if is_v4 else 5_000)
        prompt = f"{fields.text('style', most=200 if is_v4 else 1_000)}, {title}"
    elif len(prompt) > 500:  # the documented number
        raise Refused("bad_request", "prompt must have at most 500 characters")
    wish = {
        "prompt": prompt,
        "duration_s": DEFAULT_S,
        "is_instrumental": is_instrumental,
        "lyrics": lyrics,
        "title": title,
    }
    new = NewJob("generate", {"model": model, "operation": "generate"}, takes_of(wish))
    return _accepted(fields, new, "music", _EVENTS)


def _extend() -> Response:
    fields = json_fields()
    fields.flag("defaultParamFlag")
    source = source_of("", fields.text("audioId"))
    wish = {"prompt": fields.text("style", "") or source.wish.prompt, "duration_s": DEFAULT_S,
            "lyrics": fields.text("prompt", "")}  # fmt: skip
    request_kept = {"model": fields.choice("model", MODELS), "operation": "extend"}
    return _accepted(fields, NewJob("generate", request_kept, takes_of(wish)), "music", _EVENTS)


def _timed_lyrics() -> Response:
    fields = json_fields()
    source = source_of(fields.text("taskId"), fields.text("audioId"))
    used = KIE_CREDITS["small"]
    desk().charge(credits_usd(used, KIE_CREDIT_USD), f"timed lyrics: {used} credits")
    return enveloped(aligned_words(desk(), source.wish))


def _lyrics() -> Response:
    fields = json_fields()
    new = NewJob("lyrics", {"prompt": fields.text("prompt", most=200)})
    return _accepted(fields, new, "lyrics", _END)


def _wav() -> Response:
    fields = json_fields()
    source = source_of(fields.text("taskId"), fields.text("audioId"))
    own_id = audio_id(source.job, source.take)
    made = [job for job in desk().jobs.of("kie") if job.kind == "wav" and job.request["audio_id"] == own_id]
    if any(desk().jobs.phase(job) == "done" for job in made):
        raise Refused("conflict", "The WAV of this audio exists already.")
    new = NewJob("wav", {"music_id": own_id, "audio_id": own_id}, [source.wish])
    return _accepted(fields, new, "small", _END)


def _stems() -> Response:
    fields = json_fields()
    source = source_of(fields.text("taskId"), fields.text("audioId"))
    kind = fields.choice("type", ("separate_vocal", "split_stem"), "separate_vocal")
    request_kept = {"music_id": audio_id(source.job, source.take), "type": kind}
    return _accepted(fields, NewJob("vocal-removal", request_kept, [source.wish]), kind, _END)


def _style() -> Response:
    content = json_fields().text("content", most=1_000)
    used = KIE_CREDITS["small"]
    desk().charge(credits_usd(used, KIE_CREDIT_USD), f"style: {used} credits")
    result = f"{content}, warm analogue sound, layered harmonies, steady groove"
    return enveloped({"taskId": call().id, "param": content, "result": result, "creditsConsumed": used,
                      "successFlag": "1", "errorCode": None, "errorMessage": ""})  # fmt: skip


def _errors(phase: Phase) -> dict[str, Any]:
    code, message = _ERRORS.get(phase, (None, None))
    return {"errorCode": code, "errorMessage": message}


def _music_data(job: Job, phase: Phase) -> dict[str, Any]:
    at, share = desk(), desk().jobs.share(job)
    rows: list[dict[str, Any]] = audio_rows(at, job, is_camel=True) if phase == "done" else []
    status = {"done": "SUCCESS", "failed": "GENERATE_AUDIO_FAILED", "moderated": "SENSITIVE_WORD_ERROR",
              "cancelled": "CREATE_TASK_FAILED"}.get(phase, "PENDING")  # fmt: skip
    if phase == "running" and share >= _TEXT_SHARE:
        status = "TEXT_SUCCESS"
        if share >= _FIRST_SHARE and at.sounds.is_there(job.songs[0]):
            status = "FIRST_SUCCESS"
    return {
        "taskId": job.id, "parentMusicId": "", "param": json.dumps(job.request["param"]),
        "response": {"taskId": job.id, "sunoData": rows} if rows else None, "status": status,
        "type": str(job.request["operation"]), "operationType": str(job.request["operation"]), **_errors(phase),
    }  # fmt: skip


def _flag(phase: Phase, failed: str) -> str:
    """successFlag and the status of lyrics, which are the same words but for the one for failure."""
    return {"done": "SUCCESS", "failed": failed, "moderated": "SENSITIVE_WORD_ERROR", "cancelled": failed}.get(
        phase, "PENDING"
    )


def _lyrics_data(job: Job, phase: Phase) -> dict[str, Any]:
    rows = lyrics_rows(str(job.request["prompt"])) if phase == "done" else []
    return {
        "taskId": job.id, "param": json.dumps(job.request["param"]), "status": _flag(phase, "GENERATE_LYRICS_FAILED"),
        "response": {"taskId": job.id, "data": rows} if rows else None, "type": "LYRICS", **_errors(phase),
    }  # fmt: skip


def _wav_data(job: Job, phase: Phase) -> dict[str, Any]:
    flag = _flag("failed" if phase == "moderated" else phase, "GENERATE_WAV_FAILED")
    url = link(desk(), job, form=WAV) if phase == "done" else None
    return {
        "taskId": job.id, "musicId": job.request["music_id"], "response": {"audioWavUrl": url} if url else None,
        "successFlag": flag, **_errors(phase),
    }  # fmt: skip


def _stem_links(job: Job) -> dict[str, str | None]:
    return stem_urls(desk(), job, is_split=job.request["type"] == "split_stem")


def _stems_data(job: Job, phase: Phase) -> dict[str, Any]:
    flag = _flag("failed" if phase == "moderated" else phase, "GENERATE_AUDIO_FAILED")
    response: dict[str, Any] | None = None
    if phase == "done":
        urls = _stem_links(job)
        duration_s = desk().sounds.facts(job.songs[0])["duration_s"]
        rows = [
            {"duration": duration_s, "audio_url": url, "stem_type_group_name": name.removesuffix("_url").title(),
             "id": f"{job.id}-{name}"}
            for name, url in urls.items() if url is not None and name != "origin_url"
        ]  # fmt: skip
        camel = {"".join([first, *(word.capitalize() for word in rest)]): url
                 for (first, *rest), url in ((name.split("_"), url) for name, url in urls.items())}  # fmt: skip
        response = {"id": None, **camel, "originData": rows}
    return {
        "taskId": job.id, "musicId": job.request["music_id"], "response": response, "successFlag": flag,
        **_errors(phase),
    }  # fmt: skip


def callback_body(job: Job, event: str, phase: Phase) -> dict[str, Any]:
    """What a callback carries, in snake_case."""
    code, message = _ERRORS.get(phase, (200, "success"))
    if job.kind != "generate":
        return {"code": code, "msg": message, "data": {"task_id": job.id, **_callback_result(job, phase)}}
    ready = job if phase == "done" else replace(job, songs=tuple(filter(desk().sounds.is_there, job.songs[:1])))
    rows = audio_rows(desk(), ready, is_camel=False) if event != "text" else []
    data: dict[str, Any] = {"callbackType": "error" if code != 200 else event, "task_id": job.id, "data": None}
    if code == 200:  # HTTP's and Kie's word for success
        data["data"] = rows[:1] if event == "first" else rows
    return {"code": code, "msg": message, "data": data}


def _callback_result(job: Job, phase: Phase) -> dict[str, Any]:
    if phase != "done":
        return {}
    match job.kind:
        case "lyrics":
            return {"callbackType": "complete", "data": lyrics_rows(str(job.request["prompt"]))}
        case "wav":
            return {"audio_wav_url": link(desk(), job, form=WAV)}
        case _:
            return {"vocal_removal_info": _stem_links(job)}
