"""Kie, the public route to Suno: its frame, account, uploads and callback signature.

Belongs here: what both generations of its API share. Does not belong here: the jobs API (kie_jobs), the older
endpoints (kie_old).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import io
import time
from typing import Any

from flask import Response, abort, request

from api.dev_providers import kie_jobs, kie_old
from api.dev_providers.clock import iso
from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields, json_fields, sent_file
from api.dev_providers.jobs import Job, Phase
from api.dev_providers.kie_results import enveloped, fetched
from api.dev_providers.links import serve_links
from api.dev_providers.prices import KIE_CREDIT_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Limit, Message, Provider, bearer, retry_after

_CODES = {
    "bad_request": 422, "no_key": 401, "no_credit": 402, "not_found": 404, "conflict": 409, "rate_limited": 429,
    "server_error": 500, "moderated": 400, "quiet": 500,
}  # fmt: skip
RESULTS_LIVE_S = 14 * 86_400.0
UPLOADS_LIVE_S = 3 * 86_400.0
_MAX_UPLOAD_BYTES = 100_000_000
_COVER_PIXELS = 256


def provider() -> Provider:
    """Kie under /kie; files are uploaded there too, which in truth is a host of its own."""
    found = Provider(
        "kie", bearer, _problem, life_s=RESULTS_LIVE_S, moderates_late=True, is_quiet=True, limit=Limit(20, 10.0),
        message=_message,
    )  # fmt: skip
    kie_jobs.serve(found)
    kie_old.serve(found)
    found.operation("/api/v1/chat/credit", "credit", "read", ("GET",))(_credit)
    found.operation("/api/file-base64-upload", "upload_base64", "read")(_upload_base64)
    found.operation("/api/file-stream-upload", "upload_stream", "read")(_upload_stream)
    found.operation("/api/file-url-upload", "upload_url", "read")(_upload_url)
    found.operation("/covers/<name>", "cover", "download", ("GET",), is_open=True)(_cover)
    found.operation("/uploads/<upload_id>/<name>", "upload_download", "download", ("GET",), is_open=True)(_uploaded)
    serve_links(found)
    return found


def _problem(problem: Problem) -> Response:
    """HTTP status and code agree, except for quiet ones: there only the code tells."""
    code = problem.status or _CODES[problem.kind]
    response = enveloped(None, code, problem.message, 200 if problem.kind == "quiet" else code)
    response.headers.update(retry_after(problem))
    return response


def _message(job: Job, event: str, phase: Phase, signing_key: str) -> Message:
    build = kie_jobs.callback_body if job.kind.startswith(kie_jobs.PREFIX) else kie_old.callback_body
    stamp = str(int(time.time()))
    return Message(build(job, event, phase), {
        "X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature(signing_key, job.id, stamp),
    })  # fmt: skip


def signature(key: str, task_id: str, timestamp: str) -> str:
    """base64(HMAC-SHA256(key, task id, a dot, unix seconds)): the body is not signed."""
    mark = hmac.new(key.encode(), f"{task_id}.{timestamp}".encode(), hashlib.sha256).digest()
    return base64.b64encode(mark).decode()


def _credit() -> Response:
    return enveloped(int(desk().accounts.balance_usd(desk().account) / KIE_CREDIT_USD))


def _upload_base64() -> Response:
    fields = json_fields()
    text = fields.text("base64Data")
    head, separator, tail = text.partition(",")
    try:
        data = base64.b64decode(tail if separator else text, validate=True)
    except binascii.Error as error:
        raise Refused("bad_request", "base64Data is not base64") from error
    media_type = head.removeprefix("data:").removesuffix(";base64") if separator else "application/octet-stream"
    return _kept(fields, data, media_type)


def _upload_stream() -> Response:
    data = sent_file("file")
    if data is None:
        raise Refused("bad_request", "file is required")
    return _kept(Fields(request.form), data, request.files["file"].mimetype, request.files["file"].filename or "file")


def _upload_url() -> Response:
    fields = json_fields()
    url = fields.text("fileUrl")
    return _kept(fields, fetched(url), "application/octet-stream", url.rpartition("/")[2] or "file")


def _kept(fields: Fields, data: bytes, media_type: str, own_name: str = "file") -> Response:
    if len(data) > _MAX_UPLOAD_BYTES:
        raise Refused("bad_request", "The file is larger than 100 MB.")
    path, name = fields.text("uploadPath"), fields.text("fileName", own_name)
    song = desk().sounds.song_of(data)
    kept = desk().uploads.keep(
        "kie", desk().account.name, data, name, media_type, UPLOADS_LIVE_S, song.name if song else None
    )
    body: dict[str, Any] = {
        "fileName": name, "filePath": f"{path.strip('/')}/{name}",
        "downloadUrl": f"{desk().base_url}/kie/uploads/{kept.id}/{name}", "fileSize": len(data),
        "mimeType": media_type, "uploadedAt": iso(kept.at_s),
    }  # fmt: skip
    return enveloped(body, extra={"success": True})


def _cover(name: str) -> Response:
    """A picture of one colour, which the name decides."""
    from PIL import Image

    colour = hashlib.sha256(name.encode()).digest()
    buffer = io.BytesIO()
    Image.new("RGB", (_COVER_PIXELS, _COVER_PIXELS), (colour[0], colour[1], colour[2])).save(buffer, "JPEG")
    return Response(buffer.getvalue(), content_type="image/jpeg")


def _uploaded(upload_id: str, name: str) -> Response:
    found = desk().uploads.find(call().provider.name, upload_id)
    if found is None or found.name != name:
        abort(404)
    return Response(found.data, content_type=found.media_type)
