"""Stability: Stable Audio 2 and 2.5, which answer at once, and Stable Audio 3, which is polled.

Belongs here: their forms, answers and errors. Does not belong here: what the words of a prompt come to (songs).
"""

from __future__ import annotations

import base64
import secrets

from flask import Response, request

from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, form_fields, sent_file
from api.dev_providers.jobs import Job, NewJob
from api.dev_providers.links import has_expired
from api.dev_providers.prices import STABILITY_CREDIT_USD, STABILITY_CREDITS, credits_usd
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Limit, Provider, answer, bearer, retry_after
from api.dev_providers.sounds import MP3, WAV, Form
from api.dev_providers.wishes import SongWish

_ERRORS = {
    "bad_request": (400, "bad_request"), "no_key": (401, "unauthorized"), "no_credit": (402, "payment_required"),
    "not_found": (404, "not_found"), "moderated": (403, "content_moderation"),
    "rate_limited": (429, "rate_limit_exceeded"), "server_error": (500, "internal_error"),
}  # fmt: skip
_WAYS = ("text-to-audio", "audio-to-audio", "inpaint")
_FORMS = {"mp3": MP3, "wav": WAV}
_LONGEST_S = {"stable-audio-2": 190, "stable-audio-2.5": 190, "stable-audio-3": 380}
_STEPS = {"stable-audio-2": (30, 100, 50), "stable-audio-2.5": (4, 8, 8), "stable-audio-3": (4, 8, 8)}
_MOST_SEED = 4_294_967_294
_MAX_BYTES = 50_000_000
RESULTS_LIVE_S = 86_400.0


def provider() -> Provider:
    """Stability under /stability."""
    found = Provider("stability", bearer, _problem, life_s=RESULTS_LIVE_S, limit=Limit(150, 10.0))
    for way in _WAYS:
        found.operation(f"/v2beta/audio/stable-audio-2/{way}", f"v2_{way}")(_at_once)
        found.operation(f"/v2beta/audio/stable-audio/{way}", f"v3_{way}")(_later)
    found.operation("/v2beta/audio/results/<job_id>", "result", "download", ("GET",))(_result)
    found.operation("/v1/user/balance", "balance", "read", ("GET",))(_balance)
    return found


def _problem(problem: Problem) -> Response:
    status, name = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    body = {"id": secrets.token_hex(16), "name": name, "errors": [problem.message]}
    headers = retry_after(problem)
    if problem.kind == "moderated":
        headers["finish-reason"] = "CONTENT_FILTERED"
    return answer(body, problem.status or status, headers)


def _asked(models: tuple[str, ...]) -> tuple[str, Form, SongWish]:
    """Model, file format and song of the form that was sent."""
    fields = form_fields()
    model = fields.choice("model", models, models[0])
    duration_s = fields.number("duration", _LONGEST_S[model], 1, _LONGEST_S[model])
    low, high, usual = _STEPS[model]
    fields.number("steps", usual, low, high)
    fields.number("cfg_scale", 1 if model != "stable-audio-2" else 7, 1, 25)
    form = _FORMS[fields.choice("output_format", tuple(_FORMS), "mp3")]
    seed = int(fields.number("seed", 0, 0, _MOST_SEED)) or secrets.randbelow(_MOST_SEED) + 1
    _check_audio(fields)
    return model, form, SongWish(fields.text("prompt", most=10_000), duration_s, seed, is_instrumental=True)


def _check_audio(fields: Fields) -> None:
    way = request.path.rpartition("/")[2]
    if way == "text-to-audio":
        return
    data = sent_file("audio")
    if not data:
        raise Refused("bad_request", "audio: is required")
    if len(data) > _MAX_BYTES:
        raise Refused("bad_request", "audio: is larger than 50 MB")
    if way == "audio-to-audio":
        fields.number("strength", 1, 0.01, 1)
    else:
        fields.number("mask_start", 30, 0, 190)
        fields.number("mask_end", 190, 0, 190)


def _price(model: str) -> tuple[int, str]:
    used = STABILITY_CREDITS[model]
    return used, f"{model}: {used} credits"


def _at_once() -> Response:
    model, form, wish = _asked(("stable-audio-2", "stable-audio-2.5"))
    used, what = _price(model)
    desk().charge(credits_usd(used, STABILITY_CREDIT_USD), what)
    return _sound(wish, form)


def _later() -> Response:
    model, form, wish = _asked(("stable-audio-3",))
    used, what = _price(model)
    job = desk().accept(
        NewJob(model, {"codec": form.codec}, [wish]), credits_usd(used, STABILITY_CREDIT_USD), what,
        secrets.token_hex(32),
    )  # fmt: skip
    return answer({"id": job.id}, 202)


def _result(job_id: str) -> Response:
    job = desk().jobs.find("stability", job_id)
    phase = None if job is None else desk().jobs.phase(job)
    if job is None or phase == "cancelled" or has_expired(desk(), call().provider, job):
        raise Refused("not_found", "No generation was found with this id, or it has expired.")
    if phase == "done":
        return _finished(job)
    if phase == "moderated":
        raise Refused("moderated", "The output was refused by moderation.")
    if phase == "failed":
        raise Refused("server_error", "The generation failed.")
    return answer({"id": job.id, "status": "in-progress"}, 202)


def _finished(job: Job) -> Response:
    call().job_faults = job.faults
    return _sound(job.songs[0], _FORMS[str(job.request["codec"])])


def _sound(wish: SongWish, form: Form) -> Response:
    """Bytes, or JSON with base64, as the Accept header asks."""
    data = desk().sound(wish, form)
    headers = {"finish-reason": "SUCCESS", "seed": str(wish.seed), "x-request-id": secrets.token_hex(16)}
    if "application/json" in request.headers.get("Accept", ""):
        body = {"audio": base64.b64encode(data).decode(), "finish_reason": "SUCCESS", "seed": wish.seed}
        return answer(body, headers=headers)
    return Response(data, headers=headers, content_type=form.media_type)


def _balance() -> Response:
    balance_usd = desk().accounts.balance_usd(desk().account)
    return answer({"credits": float(balance_usd / STABILITY_CREDIT_USD)})
