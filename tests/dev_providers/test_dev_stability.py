"""Stable Audio on this machine: version 2.5 at once, version 3 by polling, by their forms and errors."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from dsp.audiofile import audio_info
from support.dev_providers import Dev, until

Ask = Callable[..., httpx2.Response]
NOW, LATER = "/v2beta/audio/stable-audio-2/text-to-audio", "/v2beta/audio/stable-audio/text-to-audio"


@pytest.fixture
def ask(at: Callable[[str], Ask]) -> Ask:
    return at("stability")


def form(**fields: Any) -> dict[str, Any]:
    asked = {"prompt": "a calm evening", "duration": 10, "seed": 4, **fields}
    return {"files": {name: (None, str(value)) for name, value in asked.items()}}


def test_version_two_and_a_half_answers_with_bytes(dev: Dev, ask: Ask) -> None:
    answer = ask("POST", NOW, **form(model="stable-audio-2.5"), headers={"Accept": "audio/*"})
    assert answer.headers["finish-reason"] == "SUCCESS"
    assert answer.headers["seed"] == "4"
    assert abs(audio_info(answer.content).duration_s - 10.0) < 0.1
    assert dev.bill()["total_usd"] == "0.20"


def test_it_answers_with_base64_where_json_is_accepted(ask: Ask) -> None:
    answer = ask("POST", NOW, **form(output_format="wav"), headers={"Accept": "application/json"})
    assert base64.b64decode(answer.json()["audio"])[:4] == b"RIFF"


def test_version_three_is_polled_and_kept_for_a_day(dev: Dev, ask: Ask) -> None:
    accepted = ask("POST", LATER, **form())
    assert accepted.status_code == 202
    path = f"/v2beta/audio/results/{accepted.json()['id']}"
    assert len(accepted.json()["id"]) == 64
    assert ask("GET", path).status_code in (200, 202)
    answer = until(lambda: (found := ask("GET", path)).status_code == 200 and found)
    assert abs(audio_info(answer.content).duration_s - 10.0) < 0.1
    dev.advance(86_401)
    assert ask("GET", path).status_code == 404
    assert dev.bill()["total_usd"] == "0.26"


def test_another_audio_is_needed_where_the_endpoint_is_about_one(ask: Ask) -> None:
    path = "/v2beta/audio/stable-audio-2/audio-to-audio"
    assert ask("POST", path, **form()).status_code == 400
    wav = ask("POST", NOW, **form(output_format="wav")).content
    sent = form(strength=0.5)["files"] | {"audio": ("in.wav", wav, "audio/wav")}
    assert ask("POST", path, files=sent).status_code == 200


@pytest.mark.parametrize(
    "fields", [{"duration": 191}, {"steps": 9, "model": "stable-audio-2.5"}, {"seed": -1}, {"output_format": "ogg"}]
)
def test_what_is_out_of_range_is_refused(dev: Dev, ask: Ask, fields: dict[str, Any]) -> None:
    answer = ask("POST", NOW, **form(**fields))
    assert answer.status_code == 400
    assert set(answer.json()) == {"id", "name", "errors"}
    assert dev.bill()["rows"] == []


def test_json_is_no_form(ask: Ask) -> None:
    assert ask("POST", NOW, json={"prompt": "a calm evening"}).status_code == 400


def test_moderation_and_failure_have_their_statuses_and_cost_nothing(dev: Dev, ask: Ask) -> None:
    refused = ask("POST", NOW, **form(prompt="forbiddenword"))
    assert (refused.status_code, refused.headers["finish-reason"]) == (403, "CONTENT_FILTERED")
    dev.fault("job_fails")
    job = ask("POST", LATER, **form()).json()["id"]
    until(lambda: ask("GET", f"/v2beta/audio/results/{job}").status_code == 500)
    assert dev.bill()["total_usd"] == "0.00"


def test_the_balance_is_told_in_credits(dev: Dev, ask: Ask) -> None:
    dev.set_balance("stability", "0.21")
    assert ask("GET", "/v1/user/balance").json() == {"credits": 21.0}
    assert ask("POST", LATER, **form()).status_code == 402
