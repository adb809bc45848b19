"""Every provider can be told to misbehave in every way, and the bill says what was accepted all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import pytest

from api.dev_providers.faults import Faults, rule_of
from dsp.audiofile import decode
from dsp.errors import AudioError
from musicgen_assets.context.failures import BadInput
from support.dev_providers import Dev, until
from support.dev_requests import SUBMITS

PROVIDERS = list(SUBMITS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_good_submit_is_accepted_and_billed_once(dev: Dev, name: str) -> None:
    assert SUBMITS[name].send(dev).status_code in (200, 201, 202)
    assert dev.submits(name) == 1
    if SUBMITS[name].usd != "0.00":
        assert dev.bill(name)["total_usd"] == SUBMITS[name].usd


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_connection_that_is_cut_before_leaves_no_bill(dev: Dev, name: str) -> None:
    dev.fault("drop_before", name)
    with pytest.raises(httpx2.TransportError):
        SUBMITS[name].send(dev)
    assert dev.submits() == 0
    assert dev.requests()[0]["status"] is None


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_connection_that_is_cut_after_leaves_work_and_bill(dev: Dev, name: str) -> None:
    dev.fault("drop_after", name, count=1)
    with pytest.raises(httpx2.TransportError):
        SUBMITS[name].send(dev)
    assert dev.submits() == 1
    SUBMITS[name].send(dev)
    assert list(dev.bill(name)["repeated"].values()) == [2], "the second one is seen to be a repetition"


@pytest.mark.parametrize("name", PROVIDERS)
def test_rate_limits_come_with_and_without_the_header(dev: Dev, name: str) -> None:
    dev.faults(
        {"kind": "rate_limited", "provider": name, "nth": 1},
        {"kind": "rate_limited", "provider": name, "nth": 2, "retry_after_s": 5},
    )
    bare, told = SUBMITS[name].send(dev), SUBMITS[name].send(dev)
    assert (bare.status_code, told.status_code) == (429, 429)
    assert ("retry-after" in bare.headers, told.headers.get("retry-after")) == (False, "5")
    assert dev.submits() == 0


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_have_the_status_that_was_asked_for(dev: Dev, name: str, status: int) -> None:
    dev.fault("server_error", name, status=status)
    answer = SUBMITS[name].send(dev)
    assert answer.status_code == status
    assert answer.json()
    assert dev.submits() == 0


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_server_error_may_hide_work_that_was_accepted(dev: Dev, name: str) -> None:
    dev.fault("server_error_after", name, status=502)
    assert SUBMITS[name].send(dev).status_code == 502
    assert dev.submits() == 1


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "elevenlabs"])
@pytest.mark.parametrize("kind", ["malformed_json", "truncated_json"])
def test_json_that_is_none_is_said_to_be_json(dev: Dev, name: str, kind: str) -> None:
    dev.fault(kind, name)
    answer = SUBMITS[name].send(dev)
    assert "json" in answer.headers["content-type"]
    with pytest.raises(ValueError, match=r".+"):
        answer.json()
    assert dev.submits() == 1


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_page_may_come_instead_of_an_answer(dev: Dev, name: str) -> None:
    dev.fault("wrong_type", name)
    answer = SUBMITS[name].send(dev)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert dev.submits() == 1


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_transfer_may_end_in_the_middle(dev: Dev, name: str) -> None:
    dev.fault("cut_transfer", name)
    with pytest.raises(httpx2.RemoteProtocolError):
        SUBMITS[name].send(dev)
    assert dev.submits() == 1


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_slow_answer_is_late_by_what_was_asked_for(dev: Dev, name: str) -> None:
    SUBMITS[name].send(dev)
    dev.fault("slow", name, seconds=0.5)
    begun_s = time.monotonic()
    SUBMITS[name].send(dev)
    assert time.monotonic() - begun_s >= 0.5


@pytest.mark.parametrize("name", ["kie", "minimax"])
def test_a_failure_may_be_told_with_status_200(dev: Dev, name: str) -> None:
    dev.fault("quiet_error", name)
    answer = SUBMITS[name].send(dev)
    assert answer.status_code == 200
    assert 0 not in (answer.json().get("code"), answer.json().get("base_resp", {}).get("status_code"))
    assert dev.submits() == 0


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name not in ("kie", "minimax")])
def test_a_quiet_failure_is_refused_where_the_provider_has_none(dev: Dev, name: str) -> None:
    with pytest.raises(Exception, match="400"):
        dev.fault("quiet_error", name)


def test_a_quiet_failure_of_everybody_strikes_who_has_it(dev: Dev) -> None:
    dev.fault("quiet_error")
    assert SUBMITS["minimax"].send(dev).json()["base_resp"]["status_code"] != 0
    assert SUBMITS["stability"].send(dev).status_code == 202


@pytest.mark.parametrize("name", PROVIDERS)
def test_moderation_refuses_in_the_answer_or_in_the_job_and_costs_a_song_nothing(dev: Dev, name: str) -> None:
    answer = SUBMITS[name].send(dev, words="forbiddenword")
    until(lambda: all(job["phase"] not in ("waiting", "running") for job in dev.ask("jobs")))
    assert [job["phase"] for job in dev.ask("jobs")] in ([], ["moderated"])
    if name not in ("openai", "anthropic"):  # a refusal is an answer, and its tokens are billed
        assert dev.bill(name)["total_usd"] == "0.00"
    assert answer.status_code in (200, 201, 202, 400, 403)
    assert dev.requests(name)[0]["faults"][0] == "moderation"


LINKED = [name for name, submit in SUBMITS.items() if submit.is_later and name != "google"]


@pytest.mark.parametrize("name", LINKED)
def test_the_music_of_a_job_may_be_silent_cut_or_gone(dev: Dev, name: str, client: httpx2.Client) -> None:
    for kind in ("silent_audio", "cut_audio", "expired_link"):
        dev.ask("faults", [{"kind": kind, "provider": name, "operation": "submit"}])
        assert SUBMITS[name].send(dev).is_success
        until(lambda: all(job["phase"] == "done" for job in dev.ask("jobs")))
    links = [audio_link(dev, name, job["id"]) for job in dev.ask("jobs")]
    headers = {"Authorization": f"Bearer {dev.key(name)}"}
    silent, cut, gone = (client.get(link, headers=headers) for link in links)
    assert is_silent_of_length(silent.content)
    assert is_cut(cut.content)
    assert gone.status_code == 404


def audio_link(dev: Dev, name: str, job_id: str) -> str:
    if name == "stability":
        return f"{dev.base(name)}/v2beta/audio/results/{job_id}"
    path = f"/{name}/files/{job_id}/0/mix.44100.128.mp3"
    return f"{dev.base(name)}/v1/audio?path={path}" if name == "acestep" else f"{dev.url}{path}"


def is_silent_of_length(data: bytes) -> bool:
    samples, rate_hz = decode(data)
    return bool(np.abs(samples).max() < 1e-4) and abs(samples.shape[1] / rate_hz - 10.0) < 0.1


def is_cut(data: bytes) -> bool:
    try:
        samples, rate_hz = decode(data)
    except AudioError:
        return True
    return bool(samples.shape[1] / rate_hz < 6.0)


def test_the_music_in_an_answer_may_be_silent_or_cut(dev: Dev) -> None:
    submit = SUBMITS["elevenlabs"]
    dev.fault("silent_audio")
    assert is_silent_of_length(submit.send(dev).content)
    dev.fault("cut_audio", share=0.3)
    assert is_cut(submit.send(dev).content)
    assert dev.submits() == 2


@pytest.mark.parametrize("name", LINKED)
def test_a_job_may_never_end_and_may_fail(dev: Dev, name: str) -> None:
    dev.faults({"kind": "job_stuck", "nth": 1}, {"kind": "job_fails", "nth": 2})
    SUBMITS[name].send(dev)
    SUBMITS[name].send(dev)
    until(lambda: [job["phase"] for job in dev.ask("jobs")] == ["running", "failed"])
    dev.advance(100_000)
    assert [job["phase"] for job in dev.ask("jobs")] == ["running", "failed"]


def strikes(faults: Faults, times: int, provider: str = "kie", operation: str = "create_task") -> list[bool]:
    return [bool(faults.strike(provider, operation, "submit")) for _ in range(times)]


def rules(*fields: dict[str, Any]) -> Faults:
    faults = Faults()
    faults.replace([rule_of(one) for one in fields])
    return faults


def test_a_rule_strikes_the_nth_at_most_so_often_and_only_its_operation() -> None:
    assert strikes(rules({"kind": "slow", "nth": [2, 4]}), 5) == [False, True, False, True, False]
    assert strikes(rules({"kind": "slow", "count": 2}), 4) == [True, True, False, False]
    assert strikes(rules({"kind": "slow", "provider": "minimax"}), 1) == [False]
    assert strikes(rules({"kind": "slow", "operation": "submit"}), 1) == [True]
    assert strikes(rules({"kind": "slow", "operation": "record_info"}), 1) == [False]


def test_a_probability_is_kept_and_repeats_with_its_seed() -> None:
    first = strikes(rules({"kind": "slow", "probability": 0.3, "seed": 5}), 1_000)
    assert first == strikes(rules({"kind": "slow", "probability": 0.3, "seed": 5}), 1_000)
    assert first != strikes(rules({"kind": "slow", "probability": 0.3, "seed": 6}), 1_000)
    assert 250 < sum(first) < 350


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "nonsense"},
        {"kind": "slow", "often": 3},
        {},
        {"kind": "slow", "seconds": "long"},
        {"kind": "slow", "nth": "2"},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        rule_of(fields)


def test_rules_say_what_they_have_seen(dev: Dev, at: Callable[[str], Callable[..., httpx2.Response]]) -> None:
    dev.fault("slow", "acestep", "health", seconds=0, nth=2)
    for _ in range(3):
        at("acestep")("GET", "/health")
    (rule,) = dev.ask("faults")["rules"]
    assert (rule["seen"], rule["struck"]) == (3, 1)
    dev.ask("faults", method="DELETE")
    assert dev.ask("faults")["rules"] == []
