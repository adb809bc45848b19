"""MiniMax: music generation, which answers at once, in hex or by a link.

Belongs here: its fields, and failures that come with HTTP status 200. Does not belong here: streaming.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response

from api.dev_providers.desk import desk
from api.dev_providers.fields import Fields, json_fields
from api.dev_providers.jobs import NewJob
from api.dev_providers.links import link, serve_links
from api.dev_providers.prices import MINIMAX_SONG_USD
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, bearer, retry_after
from api.dev_providers.sounds import Form
from api.dev_providers.wishes import SongWish

_CODES = {
    "bad_request": 2013, "no_key": 1004, "no_credit": 1008, "not_found": 2013, "rate_limited": 1002,
    "server_error": 1024, "moderated": 1026, "quiet": 1000,
}  # fmt: skip
_MODELS = ("music-3.0", "music-2.6", "music-3.0-free", "music-2.6-free", "music-cover", "music-cover-free")
_RATES_HZ = (16_000, 24_000, 32_000, 44_100)
_MP3_RATES_HZ = (32_000, 44_100)
"""Of those that it documents, the ones that this server's MP3 encoder has."""
_BITRATES = (32_000, 64_000, 128_000, 256_000)
_USUAL_S = 60.0
"""Length of a song: the request cannot say it."""
_LINKS_LIVE_S = 24 * 3_600.0


def provider() -> Provider:
    """MiniMax under /minimax."""
    found = Provider("minimax", bearer, _problem, life_s=_LINKS_LIVE_S, is_quiet=True)
    found.operation("/v1/music_generation", "music_generation")(_generate)
    serve_links(found)
    return found


def _problem(problem: Problem) -> Response:
    """Failures come with HTTP 200 and a code in base_resp; only a fault that asks for a status has one."""
    base = {"status_code": _CODES[problem.kind], "status_msg": problem.message}
    body = {"data": None, "trace_id": secrets.token_hex(16), "base_resp": base}
    return answer(body, problem.status or 200, retry_after(problem))


def _generate() -> Response:
    fields = json_fields()
    model = fields.choice("model", _MODELS)
    if fields.flag("stream", default=False):
        raise Refused("bad_request", "stream is not available here")
    wish = _cover(fields) if model.startswith("music-cover") else _song(fields)
    form = _form(Fields(fields.raw("audio_setting", {})))
    output = fields.choice("output_format", ("hex", "url"), "hex")
    usd = MINIMAX_SONG_USD * (0 if model.endswith("-free") else 1)
    job = desk().accept(NewJob(model, {}, [wish], wait_s=0.0), usd, f"{model}: a song")
    if desk().jobs.phase(job) == "failed":  # what answers at once tells a failure at once, and keeps no money for it
        raise Refused("server_error", "internal error")
    data = desk().sound(wish, form)
    facts = desk().sounds.facts(wish)
    extra: dict[str, Any] = {
        "music_duration": round(facts["duration_s"] * 1_000), "music_sample_rate": form.rate_hz, "music_channel": 2,
        "bitrate": form.kbps * 1_000, "music_size": len(data),
    }  # fmt: skip
    return answer(
        {
            "data": {"audio": data.hex() if output == "hex" else link(desk(), job, form=form), "status": 2},
            "extra_info": extra, "trace_id": secrets.token_hex(16),
            "base_resp": {"status_code": 0, "status_msg": "success"},
        }
    )  # fmt: skip


def _song(fields: Fields) -> SongWish:
    is_instrumental = fields.flag("is_instrumental", default=False)
    may_write = fields.flag("lyrics_optimizer", default=False)
    prompt = fields.text("prompt", "", most=2_000)
    lyrics = fields.text("lyrics", "", most=3_500)
    if not is_instrumental and not may_write and not lyrics:
        raise Refused("bad_request", "lyrics: is required")
    if is_instrumental and not prompt:
        raise Refused("bad_request", "prompt: is required")
    return SongWish(prompt, _USUAL_S, is_instrumental=is_instrumental, lyrics="" if is_instrumental else lyrics)


def _cover(fields: Fields) -> SongWish:
    if not any(fields.has(name) for name in ("audio_url", "audio_base64", "cover_feature_id")):
        raise Refused("bad_request", "one of audio_url, audio_base64 and cover_feature_id is required")
    prompt = fields.text("prompt", most=300)
    if len(prompt) < 10:  # the documented number
        raise Refused("bad_request", "prompt: must have at least 10 characters")
    return SongWish(prompt, _USUAL_S, lyrics=fields.text("lyrics", "", most=1_000))


def _form(fields: Fields) -> Form:
    codec = fields.choice("format", ("mp3", "wav", "pcm"), "mp3")
    rate_hz = int(fields.number("sample_rate", 44_100))
    bitrate = int(fields.number("bitrate", 256_000))
    if rate_hz not in _RATES_HZ or bitrate not in _BITRATES or (codec == "mp3" and rate_hz not in _MP3_RATES_HZ):
        raise Refused("bad_request", "audio_setting: sample_rate or bitrate is not supported")
    return Form(codec, rate_hz, bitrate // 1_000)
