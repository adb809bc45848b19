"""Callbacks come as documented: signed, several for a job, tried again; and fail to, when told."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from api.dev_providers.callbacks import SIGNING_KEY
from support.dev_providers import Dev, Heard, listening, running, until
from support.dev_requests import SUBMITS

Ask = Callable[..., httpx2.Response]


def kie(dev: Dev, url: str) -> str:
    return str(SUBMITS["kie"].send(dev, callBackUrl=url).json()["data"]["taskId"])


def is_signed_by_kie(call: Heard, task_id: str) -> bool:
    text = f"{task_id}.{call.headers['x-webhook-timestamp']}".encode()
    mark = base64.b64encode(hmac.new(SIGNING_KEY.encode(), text, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(mark, call.headers["x-webhook-signature"])


def test_kie_calls_back_with_the_record_signed(dev: Dev, at: Callable[[str], Ask]) -> None:
    with listening() as (url, heard):
        task_id = kie(dev, url)
        until(lambda: heard)
        assert is_signed_by_kie(heard[0], task_id)
        record = at("kie")("GET", "/api/v1/jobs/recordInfo", params={"taskId": task_id}).json()["data"]
        assert heard[0].json == {"code": 200, "msg": "success", "data": record}


def test_a_forged_callback_has_another_signature(dev: Dev) -> None:
    dev.fault("callback_forged", "kie")
    with listening() as (url, heard):
        task_id = kie(dev, url)
        until(lambda: heard)
        assert not is_signed_by_kie(heard[0], task_id)


def test_callbacks_come_twice_not_at_all_or_with_old_news_last(dev: Dev) -> None:
    with listening() as (url, heard):
        dev.fault("callback_twice", "kie")
        kie(dev, url)
        until(lambda: len(heard) == 2)
        assert heard[0].json == heard[1].json
        heard.clear()
        dev.fault("callback_disordered", "kie")
        kie(dev, url)
        until(lambda: len(heard) == 2)
        assert [call.json["data"]["state"] for call in heard] == ["success", "generating"]
        heard.clear()
        dev.fault("callback_lost", "kie")
        lost = kie(dev, url)
        until(lambda: dev.ask("jobs")[-1]["phase"] == "done")
        dev.faults()
        kie(dev, url)
        until(lambda: heard)
        assert [call.json["data"]["taskId"] == lost for call in heard] == [False]


def test_kies_older_api_tells_text_first_and_complete(dev: Dev, at: Callable[[str], Ask]) -> None:
    with listening() as (url, heard):
        asked = {"prompt": "evening", "customMode": False, "instrumental": True, "model": "V5", "callBackUrl": url}
        at("kie")("POST", "/api/v1/generate", json=asked)
        until(lambda: len(heard) == 3)
        data = [call.json["data"] for call in heard]
        assert [part["callbackType"] for part in data] == ["text", "first", "complete"]
        assert len(data[2]["data"]) == 2
        dev.fault("job_fails")
        at("kie")("POST", "/api/v1/generate", json=asked)
        until(lambda: heard[-1].json["data"]["callbackType"] == "error")
        assert (heard[-1].json["code"], heard[-1].json["data"]["data"]) == (501, None)


def replicate_key(at: Callable[[str], Ask]) -> bytes:
    secret = at("replicate")("GET", "/v1/webhooks/default/secret").json()["key"]
    return base64.b64decode(secret.removeprefix("whsec_"))


def is_signed_by_replicate(call: Heard, key: bytes) -> bool:
    signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.data
    mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return call.headers["webhook-signature"] == f"v1,{mark}"


def test_replicate_signs_the_body_and_sends_what_was_asked_for(dev: Dev, at: Callable[[str], Ask]) -> None:
    with listening() as (url, heard):
        SUBMITS["replicate"].send(dev, webhook=url, webhook_events_filter=["start", "completed"])
        until(lambda: len(heard) == 2)
        assert [call.json["status"] for call in heard] == ["processing", "succeeded"]
        assert all(is_signed_by_replicate(call, replicate_key(at)) for call in heard)


def test_a_callback_that_is_not_taken_is_sent_again_three_times(tmp_path: Any, songs: Any) -> None:
    with (
        running(tmp_path / "p", songs=songs, is_one_song=True, callback_retry_s=0.02) as dev,
        listening(lambda number: 200 if number == 2 else 500) as (url, heard),
    ):
        kie(dev, url)
        until(lambda: len(heard) == 3)
        assert [row["status"] for row in dev.ask("callbacks")] == [500, 500, 200]
    with (
        running(tmp_path / "q", songs=songs, is_one_song=True, callback_retry_s=0.02) as dev,
        listening(lambda number: 503) as (url, heard),
    ):
        kie(dev, url)
        until(lambda: len(heard) == 4)
        until(lambda: len(dev.ask("callbacks")) == 4)


def test_callbacks_that_a_stopped_server_owed_are_sent_by_the_next(tmp_path: Any, songs: Any) -> None:
    with listening() as (url, heard):
        with running(tmp_path, songs=songs, is_one_song=True, job_s=1.0) as dev:
            task_id = kie(dev, url)
        assert heard == []
        with running(tmp_path, songs=songs, is_one_song=True):
            until(lambda: heard)
    assert heard[0].json["data"]["taskId"] == task_id


@pytest.mark.parametrize("event", ["rain", ""])
def test_events_that_there_are_not_are_refused(dev: Dev, event: str) -> None:
    answer = SUBMITS["replicate"].send(dev, webhook="http://127.0.0.1:9/", webhook_events_filter=[event])
    assert answer.status_code == 422


def test_a_caller_that_does_not_answer_keeps_nobody_else_waiting(tmp_path: Any, songs: Any) -> None:
    with (
        running(tmp_path, songs=songs, is_one_song=True, callback_retry_s=20.0) as dev,
        listening(lambda number: 500) as (deaf, _),
        listening() as (url, heard),
    ):
        kie(dev, deaf)
        kie(dev, url)
        until(lambda: heard, within_s=15.0)
