"""Google: Lyria 3.5 and 3 through the interactions API, and through the older generateContent.

Belongs here: their fields, states and errors. Does not belong here: Lyria 2 on Vertex, Lyria RealTime.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from api.dev_providers.clock import iso
from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields, texts_of
from api.dev_providers.jobs import Job, NewJob, Phase
from api.dev_providers.prices import GOOGLE_SONG_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, retry_after
from api.dev_providers.sounds import MP3, WAV, Form
from api.dev_providers.wishes import SongWish

_ERRORS = {
    "bad_request": (400, "INVALID_ARGUMENT"), "no_key": (401, "UNAUTHENTICATED"),
    "no_credit": (429, "RESOURCE_EXHAUSTED"),
    "not_found": (404, "NOT_FOUND"), "rate_limited": (429, "RESOURCE_EXHAUSTED"), "server_error": (500, "INTERNAL"),
    "moderated": (400, "INVALID_ARGUMENT"),
}  # fmt: skip
_CLIP_MODEL, _CLIP_S = "lyria-3-clip-preview", 30.0
_USUAL_S, _LONGEST_S = 60.0, 180.0
""" "A couple of minutes", steered by the prompt; where it says nothing, a minute here."""
_MINUTES = re.compile(r"(\d+(?:\.\d+)?)[\s-]*(?:minutes?|min)\b", re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)[\s-]*(?:seconds?|secs?|s)\b", re.IGNORECASE)
_NO_VOICE = re.compile(r"\binstrumental\b|\b(?:no|without) (?:vocals|singing)\b", re.IGNORECASE)
_LYRICS = re.compile(r"(?:^|\n)\s*(?:lyrics\s*:|(?=\[[A-Z]))", re.IGNORECASE)
_MIME = {"audio/mp3": MP3, "audio/mpeg": MP3, "audio/wav": WAV}
_STATUS: Mapping[Phase, str] = {
    "waiting": "queued", "running": "in_progress", "done": "completed", "failed": "failed", "moderated": "failed",
    "cancelled": "cancelled",
}  # fmt: skip


def provider() -> Provider:
    """Google under /google; the API's version follows, as in truth."""
    found = Provider("google", _key, _problem, moderates_late=True)
    found.operation("/v1beta/interactions", "interactions")(_create)
    found.operation("/v1beta/interactions/<job_id>", "interaction", "read", ("GET",))(_get)
    found.operation("/v1beta/interactions/<job_id>/cancel", "cancel", "read")(_cancel)
    found.operation("/v1beta/models/<model>:generateContent", "generate_content")(_generate_content)
    return found


def _key(request: Request) -> str:
    return request.headers.get("x-goog-api-key", "") or request.args.get("key", "")


def _problem(problem: Problem) -> Response:
    code, status = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    code = problem.status or code
    return answer({"error": {"code": code, "message": problem.message, "status": status}}, code, retry_after(problem))


def _wish(model: str, text: str) -> SongWish:
    if model not in GOOGLE_SONG_USD:
        raise Refused("not_found", f"models/{model} is not found.")
    if not text.strip():
        raise Refused("bad_request", "input: must not be empty.")
    parts = _LYRICS.split(text, maxsplit=1)
    return SongWish(
        parts[0].strip() or text, _CLIP_S if model == _CLIP_MODEL else _asked_s(text),
        is_instrumental=_NO_VOICE.search(text) is not None, lyrics=parts[1].strip() if len(parts) > 1 else "",
    )  # fmt: skip


def _asked_s(text: str) -> float:
    """Seconds that the words ask for."""
    minutes, seconds = _MINUTES.search(text), _SECONDS.search(text)
    found_s = (float(minutes[1]) * 60 if minutes else 0.0) + (float(seconds[1]) if seconds else 0.0)
    return min(max(found_s, 10.0), _LONGEST_S) if found_s else _USUAL_S


def _create() -> Response:
    fields = json_fields()
    model = fields.text("model")
    wish = _wish(model, texts_of(fields.raw("input")))
    mime = _mime(fields, model)
    is_later = fields.flag("background", default=False)
    new = NewJob(model, {"model": model, "mime": mime}, [wish], wait_s=None if is_later else 0.0)
    job = desk().accept(new, GOOGLE_SONG_USD[model], f"{model}: a song", f"v1_{secrets.token_urlsafe(24)}")
    if not is_later:
        desk().sounds.folder_of(wish)
    call().job_faults = job.faults
    return answer(_interaction(job))


def _mime(fields: Fields, model: str) -> str:
    if not fields.has("response_format"):
        return "audio/mp3"
    wanted = fields.part("response_format")
    wanted.choice("type", ("audio",))
    mime = wanted.choice("mime_type", tuple(_MIME), "audio/mp3")
    if mime == "audio/wav" and model == _CLIP_MODEL:
        raise Refused("bad_request", f"response_format.mime_type: {model} answers in MP3 only.")
    return mime


def _found(job_id: str) -> Job:
    job = desk().jobs.find("google", job_id)
    if job is None:
        raise Refused("not_found", "The interaction is not found.")
    return job


def _get(job_id: str) -> Response:
    job = _found(job_id)
    call().job_faults = job.faults
    return answer(_interaction(job))


def _cancel(job_id: str) -> Response:
    job = _found(job_id)
    desk().jobs.cancel(job)
    return answer(_interaction(job))


def _interaction(job: Job) -> dict[str, Any]:
    phase, model, mime = desk().jobs.phase(job), str(job.request["model"]), str(job.request["mime"])
    ended_s = desk().jobs.ended_s(job)
    body: dict[str, Any] = {
        "id": job.id, "object": "interaction", "model": model, "status": _STATUS[phase],
        "created": _time(job.created_s), "updated": _time(ended_s or job.created_s), "steps": [],
    }  # fmt: skip
    if phase == "done":
        lyrics, audio = _content(job.songs[0], _MIME[mime], mime)
        body["steps"] = [{"type": "model_output", "content": [lyrics, audio]}]
        body["output_audio"] = audio
        body["usage"] = {"total_input_tokens": len(job.songs[0].prompt) // 4, "total_output_tokens": 0}
    if phase == "moderated":
        body["errors"] = [{"code": 3, "message": "The prompt was blocked by safety filters."}]
    if phase == "failed":
        body["errors"] = [{"code": 13, "message": "The generation failed."}]
    return body


def _time(time_s: float) -> str:
    return f"{iso(time_s)[:19]}Z"


def _content(wish: SongWish, form: Form, mime: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Text and audio of a finished song."""
    facts = desk().sounds.facts(wish)
    text = facts["lyrics"] or "\n".join(f"[{part['name']}] {part['start_s']:.1f} s" for part in facts["sections"])
    data = base64.b64encode(desk().sound(wish, form)).decode()
    audio = {"type": "audio", "data": data, "mime_type": mime, "channels": 2, "sample_rate": form.rate_hz}
    return {"type": "text", "text": text}, audio


def _generate_content(model: str) -> Response:
    fields = json_fields()
    contents = fields.raw("contents", [])
    text = "\n".join(texts_of(content.get("parts")) for content in contents if isinstance(content, dict))
    wish = _wish(model, text)
    if call().is_moderated:
        return answer({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": model})
    desk().charge(GOOGLE_SONG_USD[model], f"{model}: a song")
    lyrics, audio = _content(wish, MP3, "audio/mp3")
    parts = [{"text": lyrics["text"]}, {"inlineData": {"mimeType": audio["mime_type"], "data": audio["data"]}}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return answer({"candidates": [candidate], "modelVersion": model})
