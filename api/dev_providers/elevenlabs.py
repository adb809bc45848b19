"""ElevenLabs Music: composing from words or from a plan, plans, and stems.

Belongs here: its addresses, fields and errors. Does not belong here: plans as songs (elevenlabs_plans), voices.
"""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from decimal import Decimal
from typing import Any

from flask import Request, Response, request

from api.dev_providers.desk import desk
from api.dev_providers.elevenlabs_plans import plan_of_song, planned, wish_of_plan
from api.dev_providers.fields import Fields, form_fields, json_fields, sent_file
from api.dev_providers.prices import ELEVENLABS_MINUTE_USD, ELEVENLABS_STEMS_MINUTE_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, retry_after
from api.dev_providers.sounds import Form, encoded, separated, stems_of
from api.dev_providers.wishes import SongWish
from dsp.levels import FloatArray

MODELS = ("music_v1", "music_v2", "music_v2_5")
_USUAL_S = 60.0
_MOST_PROMPT = 4_100
_ERRORS = {
    "bad_request": (422, "validation_error"), "no_key": (401, "invalid_api_key"), "no_credit": (401, "quota_exceeded"),
    "not_found": (404, "not_found"), "moderated": (400, "bad_prompt"), "server_error": (500, "internal_server_error"),
}  # fmt: skip
_CODECS = ("mp3", "pcm", "opus")
_RATES_HZ = {"mp3": (44_100, 48_000), "pcm": (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000), "opus": (48_000,)}
"""What this server's encoders have of the documented formats."""
_CHUNK_BYTES = 16_384
_TWO, _SIX = "two_stems_v1", "six_stems_v1"
_STEMS = {"vocals": "vocals", "backing_vocals": "vocals", "drums": "drums", "percussion": "drums", "bass": "bass",
          "guitar": "guitar", "keyboard": "piano"}  # fmt: skip
_WAVE_POINTS_A_SECOND = 4


def provider() -> Provider:
    """ElevenLabs under /elevenlabs."""
    found = Provider("elevenlabs", _key, _problem)
    found.operation("/v1/music", "compose")(_compose)
    found.operation("/v1/music/stream", "stream")(_stream)
    found.operation("/v1/music/detailed", "detailed")(_detailed)
    found.operation("/v1/music/plan", "plan", "read")(_plan)
    found.operation("/v1/music/stem-separation", "stem_separation")(_separate)
    found.operation("/v1/user/subscription", "subscription", "read", ("GET",))(_subscription)
    return found


def _key(request: Request) -> str:
    return request.headers.get("xi-api-key", "")


def _problem(problem: Problem) -> Response:
    if problem.kind == "rate_limited":
        name = "too_many_concurrent_requests" if problem.retry_after_s is None else "system_busy"
        detail: dict[str, Any] = {"status": name, "message": problem.message}
        headers = {"current-concurrent-requests": "2", "maximum-concurrent-requests": "2"}
        return answer({"detail": detail}, 429, {**headers, **retry_after(problem)})
    status, name = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    detail = {"status": name, "message": problem.message}
    if problem.kind == "moderated":  # harmful: then nothing is suggested
        has_plan = bool((request.get_json(silent=True) or {}).get("composition_plan"))
        detail["status"] = "bad_composition_plan" if has_plan else "bad_prompt"
        detail["data"] = {"composition_plan_suggestion" if has_plan else "prompt_suggestion": None}
    return answer({"detail": detail}, problem.status or status, retry_after(problem))


def _form(model: str) -> Form:
    """Of the query's output_format."""
    name = request.args.get("output_format", "auto")
    if name == "auto":
        name = "mp3_44100_128" if model == "music_v1" else "mp3_48000_192"
    codec, _, rest = name.partition("_")
    rate, _, kbps = rest.partition("_")
    if codec not in _CODECS or not rate.isdigit() or int(rate) not in _RATES_HZ[codec] or (kbps and not kbps.isdigit()):
        raise Refused("bad_request", f"output_format: {name} is not available here")
    return Form(codec, int(rate), int(kbps or 128))


def _asked() -> tuple[Fields, SongWish, Form]:
    fields = json_fields()
    model = fields.choice("model_id", MODELS, MODELS[0])
    if fields.has("prompt") == fields.has("composition_plan"):
        raise Refused("bad_request", "exactly one of prompt and composition_plan is needed")
    form = _form(model)
    if fields.has("composition_plan"):
        for name in ("music_length_ms", "force_instrumental"):
            if fields.has(name):
                raise Refused("bad_request", f"{name}: only together with prompt")
        return fields, wish_of_plan(fields.part("composition_plan"), model, int(fields.number("seed", 1))), form
    if fields.has("seed"):
        raise Refused("bad_request", "seed: not together with prompt")
    length_s = fields.number("music_length_ms", _USUAL_S * 1_000, 3_000, 600_000) / 1_000
    is_instrumental = fields.flag("force_instrumental", default=False)
    wish = SongWish(fields.text("prompt", most=_MOST_PROMPT), length_s, is_instrumental=is_instrumental)
    return fields, wish, form


def _charge(wish: SongWish) -> None:
    minutes = Decimal(str(wish.duration_s)) / 60
    desk().charge(minutes * ELEVENLABS_MINUTE_USD, f"music: {wish.duration_s:g} s")


def _compose() -> Response:
    _, wish, form = _asked()
    _charge(wish)
    return Response(desk().sound(wish, form), headers={"song-id": wish.mark}, content_type=form.media_type)


def _stream() -> Response:
    _, wish, form = _asked()
    _charge(wish)
    data = desk().sound(wish, form)
    chunks = (data[start : start + _CHUNK_BYTES] for start in range(0, len(data), _CHUNK_BYTES))
    return Response(chunks, headers={"song-id": wish.mark}, content_type=form.media_type)


def _detailed() -> Response:
    fields, wish, form = _asked()
    _charge(wish)
    audio, facts = desk().sound(wish, form), desk().sounds.facts(wish)
    plan = fields.raw("composition_plan") or plan_of_song(facts, fields.text("model_id", MODELS[0]), wish.prompt)
    told: dict[str, Any] = {
        "composition_plan": plan,
        "song_metadata": {
            "title": facts["title"], "description": wish.prompt[:200], "genres": facts["genres"],
            "languages": [facts["language"]], "is_explicit": False,
        },
    }  # fmt: skip
    if fields.flag("with_timestamps", default=False):
        told["words_timestamps"] = [
            {"word": word["word"], "start_ms": round(word["start_s"] * 1_000), "end_ms": round(word["end_s"] * 1_000)}
            for word in facts["words"]
        ]
    if fields.flag("with_waveform_visual", default=False):
        told["waveform_visual"] = _wave(wish)
    return _mixed(told, audio, form, wish.mark)


def _mixed(told: dict[str, Any], audio: bytes, form: Form, song_id: str) -> Response:
    """JSON and audio as two parts of one body."""
    mark = secrets.token_hex(16)
    name = f"{song_id}.{form.codec}"
    head = f"--{mark}\r\nContent-Type: application/json\r\n\r\n{json.dumps(told)}\r\n"
    middle = (
        f'--{mark}\r\nContent-Type: {form.media_type}\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n'
    )
    body = head.encode() + middle.encode() + audio + f"\r\n--{mark}--\r\n".encode()
    return Response(body, headers={"song-id": song_id}, content_type=f"multipart/mixed; boundary={mark}")


def _wave(wish: SongWish) -> list[int]:
    """Four values a second from -1000 to 1000, channels mixed."""
    import numpy as np

    from dsp.audiofile import decode

    samples, rate_hz = decode((desk().sounds.folder_of(wish) / "mix.flac").read_bytes())
    middle, step = samples.mean(axis=0), rate_hz // _WAVE_POINTS_A_SECOND
    points = [part[np.abs(part).argmax()] for part in np.split(middle, range(step, middle.size, step))]
    return [round(float(point) * 1_000) for point in points]


def _plan() -> Response:
    fields = json_fields()
    model = fields.choice("model_id", MODELS, MODELS[0])
    length_ms = int(fields.number("music_length_ms", _USUAL_S * 1_000, 3_000, 600_000))
    return answer(planned(fields.text("prompt", most=_MOST_PROMPT), length_ms, model))


def _separate() -> Response:
    data = sent_file("file")
    if not data:
        raise Refused("bad_request", "file: is required")
    kind = form_fields().choice("stem_variation_id", (_TWO, _SIX), _SIX)
    form = _form(MODELS[0])
    song = desk().sounds.song_of(data)
    stems, rate_hz = (stems_of(song), 44_100) if song is not None else separated(data)
    length_s = next(iter(stems.values())).shape[1] / rate_hz
    desk().charge(Decimal(str(round(length_s, 3))) / 60 * ELEVENLABS_STEMS_MINUTE_USD, f"{kind}: {length_s:.1f} s")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, sound in _grouped(stems, kind).items():
            archive.writestr(f"{name}.{form.codec}", encoded(sound, rate_hz, form))
    return Response(buffer.getvalue(), content_type="application/zip")


def _grouped(stems: dict[str, FloatArray], kind: str) -> dict[str, FloatArray]:
    """Two or six stems; what there is nothing of is left out."""
    found: dict[str, FloatArray] = {}
    for name, sound in stems.items():
        group = _STEMS.get(name, "other")
        if kind == _TWO and group != "vocals":
            group = "instrumental"
        found[group] = found[group] + sound if group in found else sound
    return found


def _subscription() -> Response:
    balance_usd = desk().accounts.balance_usd(desk().account)
    return answer({"tier": "creator", "status": "active", "character_count": 0,
                   "character_limit": int(balance_usd * 1_000)})  # fmt: skip
