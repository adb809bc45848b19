"""Suno and Udio themselves: neither has a public API, so this is the contract that an owner would configure.

Belongs here: that contract, which is this project's own (docs/providers-on-this-machine.md). Does not belong here:
anything of their websites.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response

from api.dev_providers.clock import iso
from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields
from api.dev_providers.jobs import Job, NewJob, Phase
from api.dev_providers.links import link, serve_links
from api.dev_providers.prices import CONTRACT_SONG_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, bearer, retry_after
from api.dev_providers.wishes import SongWish, key_text

_ERRORS = {
    "bad_request": (400, "invalid_request"), "no_key": (401, "unauthorized"), "no_credit": (402, "no_credit"),
    "not_found": (404, "not_found"), "rate_limited": (429, "rate_limited"), "server_error": (500, "server_error"),
    "moderated": (400, "moderated"),
}  # fmt: skip
_STATUS: Mapping[Phase, str] = {
    "waiting": "queued", "running": "running", "done": "succeeded", "failed": "failed", "moderated": "failed",
    "cancelled": "cancelled",
}  # fmt: skip
_USUAL_S = 60.0


def provider(name: str) -> Provider:
    """ "suno" or "udio", under that name."""
    found = Provider(name, bearer, _problem)
    found.operation("/v1/generations", "generations")(_create)
    found.operation("/v1/generations/<job_id>", "generation", "read", ("GET",))(_get)
    found.operation("/v1/generations/<job_id>/cancel", "cancel", "read")(_cancel)
    serve_links(found)
    return found


def _problem(problem: Problem) -> Response:
    status, code = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    return answer({"error": {"code": code, "message": problem.message}}, problem.status or status, retry_after(problem))


def _create() -> Response:
    name, fields = call().provider.name, json_fields()
    wish = _wish(fields)
    usd = CONTRACT_SONG_USD[name]
    job = desk().accept(NewJob("generation", {}, [wish]), usd, "a song", f"gen_{secrets.token_hex(12)}")
    return answer(_body(job), 202)


def _wish(fields: Fields) -> SongWish:
    is_instrumental = fields.flag("instrumental", default=False)
    style = fields.text("style", "", most=1_000)
    prompt = ", ".join(text for text in (fields.text("prompt", most=5_000), style) if text)
    return SongWish(
        prompt, fields.number("duration_s", _USUAL_S, 10, 600), int(fields.number("seed", 1, 0)),
        is_instrumental=is_instrumental, lyrics="" if is_instrumental else fields.text("lyrics", "", most=5_000),
        title=fields.text("title", "", most=100), key=key_text(fields.text("key", "")),
        tempo_bpm=fields.number("tempo_bpm", 0, 40, 240) if fields.has("tempo_bpm") else None,
    )  # fmt: skip


def _found(job_id: str) -> Job:
    job = desk().jobs.find(call().provider.name, job_id)
    if job is None:
        raise Refused("not_found", "There is no such generation.")
    return job


def _get(job_id: str) -> Response:
    return answer(_body(_found(job_id)))


def _cancel(job_id: str) -> Response:
    job = _found(job_id)
    desk().jobs.cancel(job)
    return answer(_body(job))


def _body(job: Job) -> dict[str, Any]:
    at = desk()
    phase = at.jobs.phase(job)
    body: dict[str, Any] = {"id": job.id, "status": _STATUS[phase], "created_at": iso(job.created_s)}
    if phase == "failed":
        body["error"] = {"code": "server_error", "message": "The generation failed."}
    if phase == "done":
        facts = at.sounds.facts(job.songs[0])
        expires_s = (at.jobs.ended_s(job) or job.created_s) + call().provider.life_s
        body["result"] = {
            "audio_url": link(at, job), "media_type": "audio/mpeg", "duration_s": facts["duration_s"],
            "title": facts["title"], "lyrics": facts["lyrics"], "expires_at": iso(expires_s),
        }  # fmt: skip
    return body
