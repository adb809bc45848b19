"""Replicate's MusicGen, ACE-Step's server and the contract for Suno and Udio, on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from dsp.audiofile import audio_info
from support.dev_providers import Dev, until
from support.dev_requests import SUBMITS

Ask = Callable[..., httpx2.Response]


@pytest.fixture
def replicate(at: Callable[[str], Ask]) -> Ask:
    return at("replicate")


@pytest.fixture
def acestep(at: Callable[[str], Ask]) -> Ask:
    return at("acestep")


def test_a_prediction_starts_works_and_leaves_a_file_for_an_hour(
    dev: Dev, replicate: Ask, client: httpx2.Client
) -> None:
    answer = replicate("POST", "/v1/predictions", json=SUBMITS["replicate"].body)
    assert answer.status_code == 201
    assert answer.json()["status"] in ("starting", "processing")
    get = answer.json()["urls"]["get"]
    headers = {"Authorization": f"Bearer {dev.key('replicate')}"}
    done = until(lambda: (row := client.get(get, headers=headers).json())["status"] == "succeeded" and row)
    assert client.get(done["output"]).content[:4] == b"RIFF"
    dev.advance(3_601)
    assert client.get(done["output"]).status_code == 404


def test_prefer_wait_answers_with_the_end(dev: Dev, replicate: Ask) -> None:
    body = replicate("POST", "/v1/predictions", json=SUBMITS["replicate"].body, headers={"Prefer": "wait"}).json()
    assert body["status"] == "succeeded"
    assert body["metrics"]["predict_time"] == 13.0


def test_a_prediction_can_be_cancelled_and_can_fail(dev: Dev, replicate: Ask) -> None:
    dev.faults({"kind": "job_stuck", "nth": 1}, {"kind": "job_fails", "nth": 2})
    stuck = replicate("POST", "/v1/predictions", json=SUBMITS["replicate"].body).json()["id"]
    assert replicate("POST", f"/v1/predictions/{stuck}/cancel").json()["status"] == "canceled"
    failing = replicate("POST", "/v1/predictions", json=SUBMITS["replicate"].body).json()["id"]
    row = until(lambda: (row := replicate("GET", f"/v1/predictions/{failing}").json())["status"] == "failed" and row)
    assert row["error"]
    assert row["output"] is None
    assert dev.bill()["total_usd"] == "0.00"


def test_a_version_that_there_is_not_is_a_problem(replicate: Ask) -> None:
    answer = replicate("POST", "/v1/predictions", json={"version": "abc", "input": {}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= {"title", "detail", "status"}


def ace_result(acestep: Ask, task_id: str) -> list[dict[str, Any]]:
    def row() -> Any:
        found = acestep("POST", "/query_result", json={"task_id_list": [task_id]}).json()["data"][0]
        return found["status"] == 1 and found

    found: list[dict[str, Any]] = json.loads(until(row)["result"])
    return found


def test_acestep_wraps_its_answers_and_serves_its_files(dev: Dev, acestep: Ask) -> None:
    answer = acestep("POST", "/release_task", json=SUBMITS["acestep"].body).json()
    assert (answer["code"], answer["data"]["status"]) == (200, "queued")
    (take,) = ace_result(acestep, answer["data"]["task_id"])
    file = acestep("GET", take["file"])
    assert abs(audio_info(file.content).duration_s - 10.0) < 0.1
    assert take["metas"]["duration"] == 10.0
    assert dev.bill()["rows"][0]["usd"] == "0.00"


def test_acestep_takes_other_names_forms_and_its_key_in_the_body(dev: Dev, client: httpx2.Client) -> None:
    fields = {"caption": "a calm evening", "duration": "10", "batchSize": "2", "audioFormat": "flac",
              "ai_token": dev.key("acestep"), "lyrics": "[inst]"}  # fmt: skip
    answer = client.post(f"{dev.base('acestep')}/release_task", data=fields).json()
    asked = {"task_id_list": json.dumps([answer["data"]["task_id"]]), "ai_token": dev.key("acestep")}

    def status() -> bool:
        return client.post(f"{dev.base('acestep')}/query_result", data=asked).json()["data"][0]["status"] == 1

    until(status)
    assert dev.key("acestep") not in json.dumps(dev.requests())


def test_acestep_tells_failures_as_status_two(dev: Dev, acestep: Ask) -> None:
    task = acestep("POST", "/release_task", json={**SUBMITS["acestep"].body, "prompt": "forbiddenword"}).json()
    asked = {"task_id_list": [task["data"]["task_id"]]}
    until(lambda: acestep("POST", "/query_result", json=asked).json()["data"][0]["status"] == 2)
    assert acestep("POST", "/release_task", json={"bpm": 10}).json() == {"detail": "bpm must be from 30 to 300"}


@pytest.mark.parametrize("name", ["suno", "udio"])
def test_the_contract_submits_tells_and_cancels(
    dev: Dev, at: Callable[[str], Ask], client: httpx2.Client, name: str
) -> None:
    ask = at(name)
    accepted = ask("POST", "/v1/generations", json=SUBMITS[name].body)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "queued")
    path = f"/v1/generations/{accepted.json()['id']}"
    done = until(lambda: (row := ask("GET", path).json())["status"] == "succeeded" and row)
    assert abs(audio_info(client.get(done["result"]["audio_url"]).content).duration_s - 10.0) < 0.1
    assert dev.bill()["total_usd"] == SUBMITS[name].usd
    dev.fault("job_stuck")
    second = ask("POST", "/v1/generations", json=SUBMITS[name].body).json()["id"]
    assert ask("POST", f"/v1/generations/{second}/cancel").json()["status"] == "cancelled"
    refused = ask("POST", "/v1/generations", json={**SUBMITS[name].body, "prompt": "forbiddenword"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "moderated")
