"""Links to results: whoever has one may fetch the file, until it expires.

Belongs here: making links, and answering them. Does not belong here: how long a provider's links live (its module).
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, abort

from api.dev_providers.desk import Desk, call, desk
from api.dev_providers.jobs import Job
from api.dev_providers.provider import Provider
from api.dev_providers.sounds import MP3, Form

DOWNLOAD = "download"


def link(at: Desk, job: Job, take: int = 0, form: Form = MP3, parts: tuple[str, ...] = ("mix",)) -> str:
    """The address of the job's song ``take``, or of parts of it, as a file."""
    name = quote("+".join(parts))
    return f"{at.base_url}/{job.provider}/files/{job.id}/{take}/{name}.{form.suffix}"


def serve_links(provider: Provider) -> None:
    """Give ``provider`` the operation that answers its links."""
    rule = "/files/<job_id>/<int:take>/<name>"
    provider.operation(rule, DOWNLOAD, "download", ("GET",), is_open=True)(_download)


def has_expired(at: Desk, provider: Provider, job: Job) -> bool:
    """Whether links of the job's results lead nowhere any more."""
    ended_s = at.jobs.ended_s(job)
    return "expired_link" in job.faults or (ended_s is not None and at.clock.now_s() > ended_s + provider.life_s)


def _download(job_id: str, take: int, name: str) -> Response:
    now, at = call(), desk()
    job = at.jobs.find(now.provider.name, job_id)
    if job is None or take >= len(job.songs) or not _may_be_had(at, now.provider, job, take):
        abort(404)
    parts, form = _read_name(name)
    now.job_faults = job.faults
    return Response(at.sound(job.songs[take], form, parts), content_type=form.media_type)


def _may_be_had(at: Desk, provider: Provider, job: Job, take: int) -> bool:
    """Whether the take is there; the first of several may be before its job is done."""
    phase = at.jobs.phase(job)
    is_there = phase == "done" or (phase == "running" and at.sounds.is_there(job.songs[take]))
    return is_there and not has_expired(at, provider, job)


def _read_name(name: str) -> tuple[tuple[str, ...], Form]:
    """Parts and form of "mix.44100.128.mp3"."""
    try:
        parts, rate_hz, kbps, codec = name.rsplit(".", 3)
        form = Form(codec, int(rate_hz), int(kbps))
        form.media_type  # noqa: B018  # KeyError for a codec that there is not
    except (ValueError, KeyError):
        abort(404)
    return tuple(parts.split("+")), form
