"""Replicate: predictions of hosted models, MusicGen above all, with signed webhooks.

Belongs here: predictions, their states, files and webhooks. Does not belong here: models it does not document here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Response, request

from api.dev_providers.callbacks import SIGNING_KEY
from api.dev_providers.clock import iso
from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields
from api.dev_providers.jobs import ENDED, Job, NewJob, Phase
from api.dev_providers.links import link, serve_links
from api.dev_providers.prices import REPLICATE_SECOND_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Limit, Message, Provider, answer, bearer, retry_after
from api.dev_providers.sounds import MP3, WAV
from api.dev_providers.wishes import SongWish

MUSICGEN = "b05b1dff1d8c6dc63d14b0cdb42135378dcb87f6373b0d3d341ede46e59e2b38"
_MODEL_VERSIONS = ("stereo-melody-large", "stereo-large", "melody-large", "large", "encode-decode")
_STABLE_AUDIO = "stability-ai/stable-audio-2.5"
_EVENTS = ("start", "output", "logs", "completed")
_FILES_LIVE_S = 3_600.0
_PAGE = 100
_LONGEST_WAIT_S = 60
_WAIT_STEP_S = 0.05
_SECONDS_A_SECOND = Decimal("1.3")
"""Seconds of computing for a second of music: the bill of a prediction is set when it is accepted."""
_ERRORS = {
    "bad_request": (422, "Input validation failed"), "no_key": (401, "Unauthenticated"),
    "no_credit": (402, "Insufficient credit"), "not_found": (404, "Not found"),
    "rate_limited": (429, "Too many requests"), "server_error": (500, "Internal server error"),
}  # fmt: skip
_STATUS: Mapping[Phase, str] = {
    "waiting": "starting", "running": "processing", "done": "succeeded", "failed": "failed", "moderated": "failed",
    "cancelled": "canceled",
}  # fmt: skip


def provider() -> Provider:
    """Replicate under /replicate."""
    found = Provider(
        "replicate",
        bearer,
        _problem,
        life_s=_FILES_LIVE_S,
        moderates_late=True,
        limit=Limit(600, 60.0),
        message=_message,
    )
    found.operation("/v1/predictions", "predictions")(_create)
    found.operation("/v1/models/<owner>/<name>/predictions", "model_predictions")(_create_of_model)
    found.operation("/v1/predictions", "list", "read", ("GET",))(_list)
    found.operation("/v1/predictions/<job_id>", "prediction", "read", ("GET",))(_get)
    found.operation("/v1/predictions/<job_id>/cancel", "cancel", "read")(_cancel)
    found.operation("/v1/webhooks/default/secret", "webhook_secret", "read", ("GET",))(_secret)
    serve_links(found)
    return found


def _problem(problem: Problem) -> Response:
    status, title = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    status = problem.status or status
    body = {"title": title, "detail": problem.message, "status": status, "type": "about:blank"}
    response = answer(body, status, retry_after(problem))
    response.content_type = "application/problem+json"
    return response


def _create() -> Response:
    fields = json_fields()
    version = fields.text("version")
    if version.rpartition(":")[2] == MUSICGEN:
        return _accepted(fields, "meta/musicgen", MUSICGEN)
    if version == _STABLE_AUDIO:
        return _accepted(fields, _STABLE_AUDIO, "hidden")
    raise Refused(
        "bad_request", "The specified version does not exist (or perhaps you don't have permission to use it?)"
    )


def _create_of_model(owner: str, name: str) -> Response:
    if f"{owner}/{name}" not in (_STABLE_AUDIO, "meta/musicgen"):
        raise Refused("not_found", "The requested resource could not be found.")
    return _accepted(json_fields(), f"{owner}/{name}", "hidden")


def _accepted(fields: Fields, model: str, version: str) -> Response:
    inputs = fields.part("input")
    wish, codec = _musicgen(inputs) if model == "meta/musicgen" else _stable_audio(inputs)
    events = fields.texts("webhook_events_filter") or list(_EVENTS)
    if not set(events) <= set(_EVENTS):
        raise Refused("bad_request", f"webhook_events_filter: must be among {', '.join(_EVENTS)}")
    callback = None
    if fields.has("webhook"):
        planned: list[list[Any]] = [[name, 0.3] for name in ("start", "logs") if name in events]
        planned += [[name, 1.0] for name in ("completed",) if name in events] or [["output", 1.0]]
        callback = {"url": fields.text("webhook"), "events": planned}
    predicted_s = Decimal(str(wish.duration_s)) * _SECONDS_A_SECOND
    kept = {
        "model": model,
        "version": version,
        "input": inputs.plain(),
        "codec": codec,
        "predict_s": float(predicted_s),
    }
    job = desk().accept(
        NewJob("prediction", kept, [wish], callback), predicted_s * REPLICATE_SECOND_USD, f"{model}: {predicted_s} s"
    )
    _wait(job)
    call().job_faults = job.faults
    return answer(_prediction(job, desk().jobs.phase(job)), 201)


def _musicgen(fields: Fields) -> tuple[SongWish, str]:
    fields.choice("model_version", _MODEL_VERSIONS, _MODEL_VERSIONS[0])
    fields.choice("normalization_strategy", ("loudness", "clip", "peak", "rms"), "loudness")
    fields.flag("continuation", default=False)
    codec = fields.choice("output_format", ("wav", "mp3"), "wav")
    seed = int(fields.number("seed", -1))
    duration_s = fields.number("duration", 8, 1)
    prompt = fields.text("prompt", "")
    own_seed = seed if seed >= 0 else secrets.randbelow(2**31)
    return SongWish(prompt, duration_s, own_seed, is_instrumental=True), codec


def _stable_audio(fields: Fields) -> tuple[SongWish, str]:
    fields.number("steps", 8, 4, 8)
    fields.number("cfg_scale", 1, 1, 25)
    seed = int(fields.number("seed", secrets.randbelow(2**31), 0))
    return SongWish(fields.text("prompt"), fields.number("duration", 190, 1, 190), seed, is_instrumental=True), "mp3"


def _wait(job: Job) -> None:
    """As long as the Prefer header asks: "wait", or "wait=n" seconds."""
    name, _, seconds = request.headers.get("Prefer", "").partition("=")
    if name.strip() != "wait":
        return
    until_s = time.monotonic() + min(int(seconds) if seconds.isdigit() else _LONGEST_WAIT_S, _LONGEST_WAIT_S)
    while desk().jobs.phase(job) not in ENDED and time.monotonic() < until_s:
        time.sleep(_WAIT_STEP_S)


def _found(job_id: str) -> Job:
    job = desk().jobs.find("replicate", job_id)
    if job is None:
        raise Refused("not_found", "The requested resource could not be found.")
    return job


def _list() -> Response:
    """The account's predictions, newest first, a page of them."""
    own = [job for job in desk().jobs.of("replicate") if job.account == desk().account.name]
    rows = [_prediction(job, desk().jobs.phase(job)) for job in reversed(own[-_PAGE:])]
    return answer({"previous": None, "next": None, "results": rows})


def _get(job_id: str) -> Response:
    job = _found(job_id)
    return answer(_prediction(job, desk().jobs.phase(job)))


def _cancel(job_id: str) -> Response:
    job = _found(job_id)
    return answer(_prediction(job, desk().jobs.cancel(job)))


def _prediction(job: Job, phase: Phase) -> dict[str, Any]:
    at = desk()
    ended_s = at.jobs.ended_s(job) if phase in ENDED else None
    address = f"{at.base_url}/replicate/v1/predictions/{job.id}"
    error = {"failed": "Prediction failed.", "moderated": "The input was flagged as sensitive (E005)."}.get(phase)
    started_s = job.created_s + job.wait_s * 0.25
    return {
        "id": job.id, "model": job.request["model"], "version": job.request["version"], "input": job.request["input"],
        "logs": "" if phase == "waiting" else "Generating...\n",
        "output": link(at, job, form=WAV if job.request["codec"] == "wav" else MP3) if phase == "done" else None,
        "error": error, "status": _STATUS[phase], "created_at": iso(job.created_s), "data_removed": False,
        "started_at": None if phase == "waiting" else iso(started_s),
        "completed_at": None if ended_s is None else iso(ended_s),
        "urls": {"get": address, "cancel": f"{address}/cancel"},
        "metrics": {"predict_time": job.request["predict_s"]} if phase == "done" else {},
    }  # fmt: skip


def _secret() -> Response:
    return answer({"key": webhook_secret(SIGNING_KEY)})


def webhook_secret(signing_key: str) -> str:
    """ "whsec_" and 32 bytes in base64."""
    return f"whsec_{base64.b64encode(hashlib.sha256(signing_key.encode()).digest()).decode()}"


def _message(job: Job, event: str, phase: Phase, signing_key: str) -> Message:
    """A prediction as it stands, signed as Standard Webhooks are: the raw body is part of what is signed."""
    body = _prediction(job, "running" if event in ("start", "logs") else phase)
    mark = f"msg_{hashlib.sha256(f'{job.id} {event}'.encode()).hexdigest()[:24]}"
    return Message(body, {"webhook-id": mark, "webhook-timestamp": str(int(time.time()))}, _signed(signing_key))


def _signed(signing_key: str) -> Any:
    key = base64.b64decode(webhook_secret(signing_key).removeprefix("whsec_"))

    def sign(headers: Mapping[str, str], data: bytes) -> dict[str, str]:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + data
        mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return {"webhook-signature": f"v1,{mark}"}

    return sign
