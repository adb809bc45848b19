"""Lyria and MiniMax on this machine: songs in base64, in hex and by link, failures in their words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from dsp.audiofile import audio_info
from support.dev_providers import Dev, until
from support.dev_requests import SUBMITS

Ask = Callable[..., httpx2.Response]


@pytest.fixture
def lyria(dev: Dev, at: Callable[..., Ask]) -> Ask:
    return at("google", {"x-goog-api-key": dev.key("google")})


@pytest.fixture
def minimax(at: Callable[[str], Ask]) -> Ask:
    return at("minimax")


def test_lyria_answers_at_once_with_audio_and_text(dev: Dev, lyria: Ask) -> None:
    asked = {"model": "lyria-3.5", "input": "a calm evening, instrumental, 10 seconds"}
    body = lyria("POST", "/v1beta/interactions", json=asked).json()
    assert body["status"] == "completed"
    kinds = [content["type"] for content in body["steps"][0]["content"]]
    assert kinds == ["text", "audio"]
    info = audio_info(base64.b64decode(body["output_audio"]["data"]))
    assert abs(info.duration_s - 10.0) < 0.1
    assert dev.bill()["total_usd"] == "0.08"
    again = lyria("GET", f"/v1beta/interactions/{body['id']}").json()
    assert again["output_audio"] == body["output_audio"]


def test_lyria_in_the_background_is_polled_and_can_be_cancelled(dev: Dev, lyria: Ask) -> None:
    asked = SUBMITS["google"].body
    body = lyria("POST", "/v1beta/interactions", json=asked).json()
    assert body["status"] in ("queued", "in_progress")
    path = f"/v1beta/interactions/{body['id']}"
    until(lambda: lyria("GET", path).json()["status"] == "completed")
    dev.fault("job_stuck")
    second = lyria("POST", "/v1beta/interactions", json=asked).json()
    assert lyria("POST", f"/v1beta/interactions/{second['id']}/cancel").json()["status"] == "cancelled"
    assert dev.bill()["total_usd"] == "0.08"


def test_wav_is_for_whole_songs_only(lyria: Ask) -> None:
    form = {"type": "audio", "mime_type": "audio/wav"}
    asked = {"model": "lyria-3.5", "input": "instrumental, 10 seconds", "response_format": form}
    body = lyria("POST", "/v1beta/interactions", json=asked).json()
    assert base64.b64decode(body["output_audio"]["data"])[:4] == b"RIFF"
    clip = lyria("POST", "/v1beta/interactions", json={**asked, "model": "lyria-3-clip-preview"})
    assert (clip.status_code, clip.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_lyrias_older_route_answers_with_parts(lyria: Ask) -> None:
    asked = {"contents": [{"parts": [{"text": "instrumental, 10 seconds"}]}]}
    body = lyria("POST", "/v1beta/models/lyria-3.5:generateContent", json=asked).json()
    text, audio = body["candidates"][0]["content"]["parts"]
    assert text["text"]
    assert audio_info(base64.b64decode(audio["inlineData"]["data"])).duration_s > 9.9


def test_lyria_refuses_in_the_interaction(dev: Dev, lyria: Ask) -> None:
    answer = lyria("POST", "/v1beta/interactions", json={"model": "lyria-3.5", "input": "forbiddenword"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "failed"
    assert answer.json()["errors"]
    assert dev.bill()["total_usd"] == "0.00"


def test_minimax_answers_in_hex_and_by_a_link_that_lives_for_a_day(
    dev: Dev, minimax: Ask, client: httpx2.Client
) -> None:
    body = minimax("POST", "/v1/music_generation", json=SUBMITS["minimax"].body).json()
    assert body["base_resp"]["status_code"] == 0
    audio = bytes.fromhex(body["data"]["audio"])
    assert abs(audio_info(audio).duration_s * 1_000 - body["extra_info"]["music_duration"]) < 100
    by_link = {**SUBMITS["minimax"].body, "output_format": "url"}
    url = minimax("POST", "/v1/music_generation", json=by_link).json()["data"]["audio"]
    assert client.get(url).content == audio
    dev.advance(24 * 3_600 + 1)
    assert client.get(url).status_code == 404
    assert dev.bill()["total_usd"] == "0.30"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_instrumental": False}, 2013),
        ({"model": "music-9"}, 2013),
        ({"prompt": "forbiddenword"}, 1026),
        ({"audio_setting": {"sample_rate": 11_025}}, 2013),
    ],
)
def test_minimax_tells_failures_with_status_200(dev: Dev, minimax: Ask, changes: dict[str, Any], code: int) -> None:
    answer = minimax("POST", "/v1/music_generation", json={**SUBMITS["minimax"].body, **changes})
    assert answer.status_code == 200
    assert answer.json()["base_resp"]["status_code"] == code
    assert dev.bill()["rows"] == []


def test_minimax_has_codes_for_keys_and_balances(dev: Dev) -> None:
    submit = SUBMITS["minimax"]
    assert submit.send(dev, key="other").json()["base_resp"]["status_code"] == 1004
    dev.set_balance("minimax", "0")
    assert submit.send(dev).json()["base_resp"]["status_code"] == 1008


def test_minimax_tells_a_song_that_fails_at_once_and_keeps_no_money_for_it(dev: Dev, minimax: Ask) -> None:
    dev.fault("job_fails", "minimax")
    body = minimax("POST", "/v1/music_generation", json=SUBMITS["minimax"].body).json()
    assert body["base_resp"]["status_code"] == 1024
    assert body["data"] is None
    assert dev.bill("minimax")["total_usd"] == "0.00"
