"""ElevenLabs Music on this machine: songs from words and from plans, plans, details, stems."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx2
import numpy as np
import pytest

from dsp.audiofile import audio_info, decode
from support.dev_providers import Dev

Ask = Callable[..., httpx2.Response]
WORDS = {"prompt": "a calm evening", "music_length_ms": 10_000, "force_instrumental": True}


@pytest.fixture
def ask(dev: Dev, at: Callable[..., Ask]) -> Ask:
    return at("elevenlabs", {"xi-api-key": dev.key("elevenlabs")})


def test_a_song_from_words_comes_at_once_and_is_billed_by_its_length(dev: Dev, ask: Ask) -> None:
    answer = ask("POST", "/v1/music", json=WORDS)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["song-id"]
    assert abs(audio_info(answer.content).duration_s - 10.0) < 0.1
    assert Decimal(dev.bill()["total_usd"]) == Decimal("0.115")


@pytest.mark.parametrize(
    ("name", "rate_hz"), [("mp3_48000_192", 48_000), ("opus_48000_96", 48_000), ("mp3_44100_64", 44_100)]
)
def test_formats_are_what_was_asked_for(ask: Ask, name: str, rate_hz: int) -> None:
    answer = ask("POST", "/v1/music", params={"output_format": name}, json=WORDS)
    assert audio_info(answer.content).sample_rate_hz == rate_hz


def test_pcm_is_bare_samples_and_a_stream_is_the_same_song(ask: Ask) -> None:
    pcm = ask("POST", "/v1/music/stream", params={"output_format": "pcm_16000"}, json=WORDS).content
    samples = np.frombuffer(pcm, "<i2").reshape(-1, 2)
    assert abs(len(samples) - 160_000) < 100
    assert np.abs(samples).max() > 1_000


def test_details_come_as_two_parts(ask: Ask) -> None:
    asked = {**WORDS, "with_timestamps": True, "with_waveform_visual": True}
    answer = ask("POST", "/v1/music/detailed", json=asked)
    mark = answer.headers["content-type"].partition("boundary=")[2].encode()
    _, first, second, _ = answer.content.split(b"--" + mark)
    told = json.loads(first.partition(b"\r\n\r\n")[2])
    assert set(told) == {"composition_plan", "song_metadata", "words_timestamps", "waveform_visual"}
    assert len(told["waveform_visual"]) == 40
    assert set(told["composition_plan"]) == {"positive_global_styles", "negative_global_styles", "sections"}
    assert abs(audio_info(second.partition(b"\r\n\r\n")[2]).duration_s - 10.0) < 0.1


@pytest.mark.parametrize(("model", "kind"), [("music_v1", "sections"), ("music_v2", "chunks")])
def test_a_plan_costs_nothing_and_its_song_is_as_long_as_it_says(dev: Dev, ask: Ask, model: str, kind: str) -> None:
    asked = {"prompt": "folk, guitar", "music_length_ms": 25_000, "model_id": model}
    plan = ask("POST", "/v1/music/plan", json=asked).json()
    assert sum(part["duration_ms"] for part in plan[kind]) == 25_000
    assert dev.bill()["rows"] == []
    answer = ask("POST", "/v1/music", json={"composition_plan": plan, "model_id": model, "seed": 7})
    assert answer.status_code == 200, answer.text
    assert abs(audio_info(answer.content).duration_s - 25.0) < 0.1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"composition_plan": {"sections": []}}, "composition_plan"),
        ({"music_length_ms": 2_000}, "music_length_ms"),
        ({"music_length_ms": 700_000}, "music_length_ms"),
        ({"seed": 4}, "seed"),
        ({"model_id": "music_v9"}, "model_id"),
    ],
)
def test_what_the_document_excludes_is_refused(dev: Dev, ask: Ask, changes: dict[str, Any], named: str) -> None:
    answer = ask("POST", "/v1/music", json={**WORDS, **changes})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]["message"]
    assert dev.bill()["rows"] == []


def test_a_plan_of_the_wrong_kind_is_an_error(ask: Ask) -> None:
    plan = ask("POST", "/v1/music/plan", json={"prompt": "folk", "model_id": "music_v2"}).json()
    assert ask("POST", "/v1/music", json={"composition_plan": plan, "model_id": "music_v1"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "names"),
    [("two_stems_v1", {"instrumental"}), ("six_stems_v1", {"drums", "bass", "piano"})],
)
def test_stems_of_a_song_that_was_made_here_are_its_own(ask: Ask, kind: str, names: set[str]) -> None:
    mp3 = ask("POST", "/v1/music", json=WORDS).content
    answer = ask(
        "POST", "/v1/music/stem-separation", files={"file": ("song.mp3", mp3, "audio/mpeg")},
        data={"stem_variation_id": kind},
    )  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        found = {name.removesuffix(".mp3"): decode(archive.read(name))[0] for name in archive.namelist()}
    assert names <= set(found)
    total = np.sum(list(found.values()), axis=0)
    mix = decode(mp3)[0]
    length = min(total.shape[1], mix.shape[1])
    assert np.corrcoef(total[0, :length], mix[0, :length])[0, 1] > 0.98


def test_refusals_have_their_words(dev: Dev, ask: Ask) -> None:
    detail = ask("POST", "/v1/music", json={**WORDS, "prompt": "forbiddenword"}).json()["detail"]
    assert detail["status"] == "bad_prompt"
    assert detail["data"] == {"prompt_suggestion": None}
    dev.fault("rate_limited", "elevenlabs")
    assert ask("POST", "/v1/music", json=WORDS).json()["detail"]["status"] == "too_many_concurrent_requests"
    dev.fault("rate_limited", "elevenlabs", retry_after_s=3)
    busy = ask("POST", "/v1/music", json=WORDS)
    assert (busy.json()["detail"]["status"], busy.headers["retry-after"]) == ("system_busy", "3")
    dev.faults()
    dev.set_balance("elevenlabs", "0")
    assert ask("POST", "/v1/music", json=WORDS).json()["detail"]["status"] == "quota_exceeded"
    assert dev.bill()["rows"] == []
