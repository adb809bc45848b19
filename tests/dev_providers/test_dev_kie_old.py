"""Kie's older endpoints on this machine: their states, stems of many tracks, words with times, WAVs once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from dsp.audiofile import audio_info
from support.dev_providers import Dev, until

Ask = Callable[..., httpx2.Response]
HOOK = "http://127.0.0.1:9/nobody"
SONG = {"prompt": "a calm evening", "customMode": False, "instrumental": True, "model": "V5", "callBackUrl": HOOK}


@pytest.fixture
def ask(at: Callable[[str], Ask]) -> Ask:
    return at("kie")


def start(ask: Ask, path: str, **body: Any) -> str:
    answer = ask("POST", f"/api/v1/{path}", json={"callBackUrl": HOOK, **body})
    assert answer.json()["code"] == 200, answer.text
    return str(answer.json()["data"]["taskId"])


def record(ask: Ask, kind: str, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", f"/api/v1/{kind}/record-info", params={"taskId": task_id}).json()["data"]
    return found


def done(ask: Ask, kind: str, task_id: str) -> dict[str, Any]:
    """Its record, once it is done; lyrics and music have a status, the rest a flag."""

    def row() -> Any:
        found = record(ask, kind, task_id)
        return found.get("status", found.get("successFlag")) == "SUCCESS" and found

    found: dict[str, Any] = until(row)
    return found


def song(ask: Ask) -> tuple[str, list[dict[str, Any]]]:
    task_id = start(ask, "generate", **SONG)
    return task_id, done(ask, "generate", task_id)["response"]["sunoData"]


def test_a_song_goes_from_pending_to_success_and_plays(ask: Ask, client: httpx2.Client) -> None:
    task_id = start(ask, "generate", **SONG)
    assert record(ask, "generate", task_id)["status"] in ("PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS")
    takes = done(ask, "generate", task_id)["response"]["sunoData"]
    assert len(takes) == 2
    assert abs(audio_info(client.get(takes[1]["audioUrl"]).content).duration_s - takes[1]["duration"]) < 0.1


def test_stems_by_two_and_by_instrument_are_billed_as_documented(dev: Dev, ask: Ask, client: httpx2.Client) -> None:
    task_id, takes = song(ask)
    asked = {"taskId": task_id, "audioId": takes[0]["id"]}
    two = done(ask, "vocal-removal", start(ask, "vocal-removal/generate", **asked))["response"]
    assert {"originUrl", "vocalUrl", "instrumentalUrl"} <= set(two)
    many = done(ask, "vocal-removal", start(ask, "vocal-removal/generate", **asked, type="split_stem"))["response"]
    assert len([name for name in many if name.endswith("Url")]) == 12
    playing = [row for row in many["originData"] if client.get(row["audio_url"]).status_code == 200]
    assert {row["stem_type_group_name"] for row in playing} >= {"Drums", "Bass"}
    assert [row["usd"] for row in dev.bill("kie")["rows"]] == ["0.06", "0.05", "0.25"]


def test_a_wav_is_made_once(ask: Ask, client: httpx2.Client) -> None:
    task_id, takes = song(ask)
    asked = {"taskId": task_id, "audioId": takes[0]["id"], "callBackUrl": HOOK}
    row = done(ask, "wav", start(ask, "wav/generate", **asked))
    assert client.get(row["response"]["audioWavUrl"]).content[:4] == b"RIFF"
    assert ask("POST", "/api/v1/wav/generate", json=asked).json()["code"] == 409


def test_lyrics_come_in_variants(ask: Ask) -> None:
    row = done(ask, "lyrics", start(ask, "lyrics", prompt="the harbour"))
    assert [variant["status"] for variant in row["response"]["data"]] == ["complete", "complete"]


def test_a_sensitive_word_has_its_own_state(dev: Dev, ask: Ask) -> None:
    task_id = start(ask, "generate", **{**SONG, "prompt": "forbiddenword"})
    row = until(lambda: (found := record(ask, "generate", task_id))["status"] == "SENSITIVE_WORD_ERROR" and found)
    assert row["errorCode"] == 400
    assert dev.bill("kie")["total_usd"] == "0.00"


def test_a_callback_address_is_required(ask: Ask) -> None:
    answer = ask("POST", "/api/v1/generate", json={**SONG, "callBackUrl": None})
    assert answer.json()["code"] == 422
