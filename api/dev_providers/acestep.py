"""ACE-Step 1.5: the server that comes with the model, local or remote.

Belongs here: its addresses, the names its fields may have, its wrapper. Written from the model's own API document
(docs/en/API.md). Does not belong here: other ways to run the model.
"""

from __future__ import annotations

import json
import secrets
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from flask import Request, Response, request

from api.dev_providers.clock import Clock
from api.dev_providers.desk import call, desk
from api.dev_providers.fields import Fields
from api.dev_providers.jobs import Job, NewJob, Phase
from api.dev_providers.links import has_expired, link
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, bearer, retry_after
from api.dev_providers.schema_filling import Filler
from api.dev_providers.sounds import Form
from api.dev_providers.wishes import SongWish, key_text

_STATUSES = {
    "bad_request": 400, "no_key": 401, "no_credit": 429, "not_found": 404, "rate_limited": 429, "server_error": 500,
}  # fmt: skip
_MODEL, _LM = "acestep-v15-turbo", "acestep-5Hz-lm-0.6B"
_MODELS = (_MODEL, "acestep-v15-turbo-shift3")
_TASKS = ("text2music", "cover", "repaint", "lego", "extract", "complete")
_ALIASES = {
    "caption": "prompt", "duration": "audio_duration", "audioDuration": "audio_duration",
    "target_duration": "audio_duration", "keyscale": "key_scale", "keyScale": "key_scale",
    "timesignature": "time_signature", "timeSignature": "time_signature", "sampleQuery": "sample_query",
    "description": "sample_query", "desc": "sample_query", "vocalLanguage": "vocal_language",
    "audioFormat": "audio_format", "batchSize": "batch_size", "useRandomSeed": "use_random_seed",
    "taskType": "task_type",
}  # fmt: skip
_NESTED = ("metas", "metadata", "user_metadata")
_USUAL_S = 60.0
"""Length of a song whose request says none: in truth the model chooses."""
_MOST_TAKES = 8
_KBPS = 128
_CODES: dict[Phase, int] = {"waiting": 0, "running": 0, "done": 1, "failed": 2, "moderated": 2, "cancelled": 2}


def provider() -> Provider:
    """ACE-Step under /acestep."""
    found = Provider("acestep", _key, _problem, moderates_late=True)
    found.operation("/release_task", "release_task")(_release)
    found.operation("/query_result", "query_result", "read")(_query)
    found.operation("/format_input", "format_input", "read")(_format_input)
    found.operation("/v1/audio", "audio", "download", ("GET",))(_audio)
    found.operation("/v1/models", "models", "read", ("GET",))(_list_models)
    found.operation("/v1/stats", "stats", "read", ("GET",))(_stats)
    found.operation("/health", "health", "read", ("GET",), is_open=True)(_health)
    return found


def _key(request: Request) -> str:
    found = (request.get_json(silent=True) or {}) if request.is_json else request.form
    return bearer(request) or str(found.get("ai_token", ""))


def _problem(problem: Problem) -> Response:
    status = problem.status or _STATUSES.get(problem.kind, 500)
    return answer({"detail": problem.message}, status, retry_after(problem))


def _wrapped(data: Any) -> Response:
    return answer({"data": data, "code": 200, "error": None, "timestamp": Clock().now_ms(), "extra": None})


def _fields() -> Fields:
    """JSON or a form, nested metadata and other names of fields resolved."""
    found = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(found, dict):
        raise Refused("bad_request", "The body must be a JSON object or a form.")
    plain: dict[str, Any] = {}
    for name in _NESTED:
        nested = found.get(name)
        plain |= nested if isinstance(nested, dict) else {}
    plain |= {name: value for name, value in found.items() if name not in _NESTED and value is not None}
    return Fields({_ALIASES.get(name, name): value for name, value in plain.items()})


def _release() -> Response:
    fields = _fields()
    fields.choice("task_type", _TASKS, "text2music")
    model = fields.choice("model", _MODELS, _MODEL)
    codec = fields.choice("audio_format", ("mp3", "wav", "flac"), "mp3")
    takes = int(fields.number("batch_size", 2, 1, _MOST_TAKES))
    is_random = fields.flag("use_random_seed", default=True)
    first = secrets.randbelow(2**31) if is_random else max(0, int(fields.number("seed", 0)))
    wish = _wish(fields)
    songs = [SongWish(**{**wish, "seed": first + take}) for take in range(takes)]
    kept = {"model": model, "codec": codec, "seeds": [song.seed for song in songs]}
    job = desk().accept(NewJob("task", kept, songs), Decimal(0), f"{model}: {takes} songs")
    position = desk().jobs.waiting("acestep")
    return _wrapped({"task_id": job.id, "status": "queued", "queue_position": position})


def _wish(fields: Fields) -> dict[str, Any]:
    lyrics = fields.text("lyrics", "")
    is_instrumental = not lyrics.strip() or "[inst" in lyrics.lower()
    prompt = fields.text("prompt", "") or fields.text("sample_query", "")
    tempo_bpm = fields.number("bpm", 0, 30, 300) if fields.has("bpm") else None
    duration_s = fields.number("audio_duration", _USUAL_S, 10, 600)
    return {
        "prompt": prompt, "duration_s": duration_s, "lyrics": "" if is_instrumental else lyrics,
        "is_instrumental": is_instrumental, "tempo_bpm": tempo_bpm, "key": key_text(fields.text("key_scale", "")),
    }  # fmt: skip


def _query() -> Response:
    fields = _fields()
    wanted = fields.raw("task_id_list", [])
    if isinstance(wanted, str):
        try:
            wanted = json.loads(wanted)
        except ValueError as error:
            raise Refused("bad_request", "task_id_list must be a JSON array") from error
    if not isinstance(wanted, list):
        raise Refused("bad_request", "task_id_list must be a list")
    jobs = [job for name in wanted if (job := desk().jobs.find("acestep", str(name))) is not None]
    return _wrapped([_row(job) for job in jobs])


def _row(job: Job) -> dict[str, Any]:
    phase = desk().jobs.phase(job)
    rows = [_take(job, take) for take in range(len(job.songs))] if phase == "done" else []
    return {"task_id": job.id, "status": _CODES[phase], "result": json.dumps(rows)}


def _take(job: Job, take: int) -> dict[str, Any]:
    wish, facts = job.songs[take], desk().sounds.facts(job.songs[take])
    path = urlsplit(link(desk(), job, take, _form(job))).path
    metas = {
        "bpm": round(facts["tempo_bpm"]), "duration": facts["duration_s"], "genres": ", ".join(facts["genres"]),
        "keyscale": f"{facts['key']} {str(facts['scale']).capitalize()}",
        "timesignature": str(facts["time_signature"]).partition("/")[0],
    }  # fmt: skip
    return {
        "file": f"/v1/audio?path={quote(path, safe='')}", "wave": "", "status": 1, "create_time": int(job.created_s),
        "env": "development", "prompt": wish.prompt, "lyrics": facts["lyrics"], "metas": metas, "generation_info": "",
        "seed_value": ",".join(str(seed) for seed in job.request["seeds"]), "lm_model": _LM,
        "dit_model": job.request["model"],
    }  # fmt: skip


def _form(job: Job) -> Form:
    return Form(str(job.request["codec"]), 44_100, _KBPS)


def _audio() -> Response:
    """A file by its path on the server, as results name it."""
    path = parse_qs(request.query_string.decode()).get("path", [""])[0].split("/")
    job = desk().jobs.find("acestep", path[3]) if len(path) == 6 else None  # /acestep/files/ID/TAKE/NAME
    if job is None or not path[4].isdigit() or int(path[4]) >= len(job.songs) or desk().jobs.phase(job) != "done":
        raise Refused("not_found", "Audio file not found.")
    if has_expired(desk(), call().provider, job):
        raise Refused("not_found", "Audio file not found.")
    call().job_faults = job.faults
    return Response(desk().sound(job.songs[int(path[4])], _form(job)), content_type=_form(job).media_type)


def _format_input() -> Response:
    fields = _fields()
    try:
        given = json.loads(fields.text("param_obj", "{}"))
    except ValueError as error:
        raise Refused("bad_request", "param_obj must be JSON") from error
    prompt = fields.text("prompt", "")
    filler = Filler(prompt, prompt)
    lyrics = fields.text("lyrics", "") or f"[Verse 1]\n{filler.lines(4)}\n\n[Chorus]\n{filler.lines(4)}"
    return _wrapped(
        {
            "caption": f"{prompt}, clear mix, steady groove".strip(", "), "lyrics": lyrics,
            "bpm": given.get("bpm", 120), "key_scale": given.get("key", "C Major"),
            "time_signature": str(given.get("time_signature", "4")), "duration": given.get("duration", _USUAL_S),
            "vocal_language": given.get("language", "en"),
        }
    )  # fmt: skip


def _list_models() -> Response:
    models = [{"name": name, "is_default": name == _MODEL} for name in _MODELS]
    return _wrapped({"models": models, "default_model": _MODEL})


def _stats() -> Response:
    phases = [desk().jobs.phase(job) for job in desk().jobs.of("acestep")]
    codes = [_CODES[phase] for phase in phases]
    jobs = {
        "total": len(phases), "queued": phases.count("waiting"), "running": phases.count("running"),
        "succeeded": codes.count(1), "failed": codes.count(2),
    }  # fmt: skip
    queued = jobs["queued"] + jobs["running"]
    return _wrapped({"jobs": jobs, "queue_size": queued, "queue_maxsize": 200, "avg_job_seconds": desk().options.job_s})


def _health() -> Response:
    return _wrapped({"status": "ok", "service": "ACE-Step API", "version": "1.0"})
