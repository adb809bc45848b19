"""Kie's jobs API on this machine: tasks, takes, stems and words of real songs, credits that come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import pytest

from dsp.audiofile import audio_info, decode
from support.dev_providers import Dev, until
from support.dev_requests import SUBMITS

Ask = Callable[..., httpx2.Response]


@pytest.fixture
def ask(at: Callable[[str], Ask]) -> Ask:
    return at("kie")


def create(ask: Ask, task: str, **inputs: Any) -> str:
    answer = ask("POST", "/api/v1/jobs/createTask", json={"model": f"ai-music-api/{task}", "input": inputs})
    assert answer.json()["code"] == 200, answer.text
    return str(answer.json()["data"]["taskId"])


def record(ask: Ask, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", "/api/v1/jobs/recordInfo", params={"taskId": task_id}).json()["data"]
    return found


def ended(ask: Ask, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = until(lambda: (row := record(ask, task_id))["state"] in ("success", "fail") and row)
    return found


def result(ask: Ask, task_id: str) -> Any:
    row = ended(ask, task_id)
    assert row["state"] == "success", row
    return json.loads(row["resultJson"])


def song(ask: Ask) -> tuple[str, list[dict[str, Any]]]:
    inputs = SUBMITS["kie"].body["input"]
    task_id = create(ask, "generate", **inputs)
    return task_id, result(ask, task_id)["data"]


def test_a_task_waits_works_and_answers_with_two_takes_that_play(dev: Dev, ask: Ask, client: httpx2.Client) -> None:
    before = ask("GET", "/api/v1/chat/credit").json()["data"]
    task_id = create(ask, "generate", **SUBMITS["kie"].body["input"])
    assert record(ask, task_id)["state"] in ("waiting", "queuing", "generating")
    takes = result(ask, task_id)["data"]
    assert len(takes) == 2
    info = audio_info(client.get(takes[0]["audio_url"]).content)
    assert abs(info.duration_s - 10.0) < 0.1
    assert before - ask("GET", "/api/v1/chat/credit").json()["data"] == 12
    assert dev.bill("kie")["total_usd"] == "0.06"
    row = ended(ask, task_id)
    assert json.loads(row["param"])["input"]["title"] == "Evening"
    assert row["completeTime"] - row["createTime"] == row["costTime"]


def test_stems_are_the_songs_own_and_add_up_to_it(ask: Ask, client: httpx2.Client) -> None:
    task_id, takes = song(ask)
    stems = result(ask, create(ask, "separate-vocals", task_id=task_id, audio_id=takes[0]["id"]))
    vocal, band = (decode(client.get(url).content)[0] for url in stems["resultUrls"])
    mix = decode(client.get(takes[0]["audio_url"]).content)[0]
    assert float(abs(vocal).max()) == 0.0  # it is instrumental
    assert np.corrcoef(mix[0], band[0])[0, 1] > 0.99  # both went through MP3


def test_a_file_of_ones_own_is_separated_too(dev: Dev, ask: Ask, client: httpx2.Client) -> None:
    _, takes = song(ask)
    audio = client.get(takes[0]["audio_url"]).content
    sent = ask(
        "POST", "/api/file-stream-upload", files={"file": ("own.mp3", audio, "audio/mpeg")},
        data={"uploadPath": "mine", "fileName": "own.mp3"},
    ).json()["data"]  # fmt: skip
    assert client.get(sent["downloadUrl"]).content == audio
    assert sent["fileSize"] == len(audio)
    stems = result(ask, create(ask, "separate-vocals", audio_url=sent["downloadUrl"], audio_id="own"))
    assert all(audio_info(client.get(url).content).duration_s > 9.9 for url in stems["resultUrls"])
    dev.advance(4 * 86_400)
    assert client.get(sent["downloadUrl"]).status_code == 404


def test_words_come_as_lyrics_and_wavs_as_wavs(ask: Ask, client: httpx2.Client) -> None:
    lyrics = result(ask, create(ask, "generate-lyrics", prompt="a song about the harbour"))["data"]
    assert [row["status"] for row in lyrics] == ["complete", "complete"]
    task_id, takes = song(ask)
    (url,) = result(ask, create(ask, "convert-to-wav-format", task_id=task_id, audio_id=takes[0]["id"]))["resultUrls"]
    assert client.get(url).content[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"custom_mode": True, "instrumental": True, "model": "V6"}, "title"),
        ({"custom_mode": True, "instrumental": False, "model": "V6", "title": "x"}, "lyrics"),
        ({"custom_mode": False, "instrumental": True, "model": "V9", "prompt": "x"}, "model"),
        ({"custom_mode": True, "instrumental": True, "model": "V6", "title": "x", "duration": 400}, "duration"),
        ({"custom_mode": True, "instrumental": True, "model": "V6", "title": "x" * 81}, "title"),
        ({"instrumental": True, "model": "V6"}, "custom_mode"),
    ],
)
def test_inputs_beyond_the_documented_limits_are_refused_and_cost_nothing(
    dev: Dev, ask: Ask, inputs: dict[str, Any], named: str
) -> None:
    answer = ask("POST", "/api/v1/jobs/createTask", json={"model": "ai-music-api/generate", "input": inputs})
    assert answer.status_code == answer.json()["code"] == 422
    assert named in answer.json()["msg"]
    assert dev.bill()["rows"] == []


@pytest.mark.parametrize(("kind", "code"), [("job_fails", "501"), ("moderation", "400")])
def test_a_failed_task_says_so_in_its_record_and_gives_its_credits_back(
    dev: Dev, ask: Ask, kind: str, code: str
) -> None:
    dev.fault(kind, "kie")
    row = ended(ask, create(ask, "generate", **SUBMITS["kie"].body["input"]))
    assert (row["state"], row["failCode"], row["resultJson"]) == ("fail", code, "")
    assert dev.bill("kie")["total_usd"] == "0.00"
    assert [bill["usd"] for bill in dev.bill("kie")["rows"]] == ["0.06", "-0.06"]


def test_a_failure_may_come_with_status_200(dev: Dev, ask: Ask) -> None:
    dev.fault("quiet_error", "kie")
    answer = ask("POST", "/api/v1/jobs/createTask", json=SUBMITS["kie"].body)
    assert (answer.status_code, answer.json()["code"]) == (200, 500)


def test_links_live_for_fourteen_days(dev: Dev, ask: Ask, client: httpx2.Client) -> None:
    _, takes = song(ask)
    dev.advance(13.9 * 86_400)
    assert client.get(takes[0]["audio_url"]).status_code == 200
    dev.advance(0.2 * 86_400)
    assert client.get(takes[0]["audio_url"]).status_code == 404


def test_unknown_keys_tasks_and_empty_accounts_have_their_codes(dev: Dev, ask: Ask) -> None:
    submit = SUBMITS["kie"]
    assert submit.send(dev, key="other").json()["code"] == 401
    assert ask("GET", "/api/v1/jobs/recordInfo", params={"taskId": "none"}).json()["code"] == 404
    dev.set_balance("kie", "0.05")
    assert submit.send(dev).json()["code"] == 402
    assert dev.bill()["rows"] == []
