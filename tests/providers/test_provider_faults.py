"""Every adapter under every fault: what it means, that it is sent once, and that nothing but ProviderFailure comes."""

from __future__ import annotations

import contextlib
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.providers.protocol import ProviderFailure, Reason, SongDelivery, Submitted
from support.canned_server import CannedServer, Reply, as_audio, as_json, canned_server
from support.provider_cases import AT_ONCE, CASES, SECONDS, WITH_JOBS, Case, song
from support.provider_songs import KEY, wav

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
with_jobs = pytest.mark.parametrize("case", WITH_JOBS, ids=lambda case: case.name)


def failure_of(act: Callable[[], Any]) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        act()
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@every_case
def test_a_song_comes_back_whole(case: Case, server: CannedServer) -> None:
    adapter = case.prepare(server)
    made = adapter.submit(song(), {}, None)
    if case.poll is not None:
        assert made == Submitted(case.job_id)
        assert adapter.state(case.job_id).word == "succeeded"
        made = adapter.collect(case.job_id)
    assert isinstance(made, SongDelivery)
    assert made.song.data == wav(SECONDS)
    assert (made.song.name, made.song.media_type) == ("song.wav", "audio/wav")
    assert made.licence
    assert made.terms_url.startswith("https://")
    assert made.facts["not_honoured"] == list(adapter.not_honoured(song(), {}))
    assert made.cost_usd is not None
    assert KEY not in repr((adapter, made, adapter.client()))
    assert all(KEY not in str(seen.query) + seen.path for seen in server.seen)


@every_case
@pytest.mark.parametrize(
    ("reply", "reason", "acceptance"),
    [
        (Reply(fault="drop"), "connection lost", "unknown"), (Reply(fault="reset"), "connection lost", "unknown"),
        (Reply(200, b"{" * 4000, {"Content-Type": "application/json"}, "cut"), "connection lost", "unknown"),
        (Reply(200, b"late", delay_s=1.0), "timed out", "unknown"),
        (Reply(200, b'{"code": 200, "da', {"Content-Type": "application/json"}), "bad answer", "unknown"),
        (Reply(200, b"<html>hello</html>", {"Content-Type": "text/html"}), "bad answer", "unknown"),
        (Reply(200, b"", {"Content-Type": "application/json"}), "bad answer", "unknown"),
        (Reply(500, b"oops", {"Content-Type": "text/plain"}), "server error", "unknown"),
        (Reply(502, b"<html>", {"Content-Type": "text/html"}), "server error", "unknown"),
        (Reply(503, b"", {}), "overloaded", "unknown"), (as_json({}, 401), "not allowed", "not accepted"),
        (as_json({}, 402), "no credit", "not accepted"),
    ],
    ids=("drop", "reset", "cut", "late", "half json", "html", "empty", "500", "502", "503", "401", "402"),
)  # fmt: skip
def test_faults_of_a_submit(case: Case, reply: Reply, reason: Reason, acceptance: str, server: CannedServer) -> None:
    server.on(*case.submit, reply)
    adapter = case.adapter(server.base_url, timeout_s=0.5 if reply.delay_s else 5.0)
    failure = failure_of(lambda: adapter.submit(song(), {}, None))
    assert (failure.reason, failure.acceptance, failure.engine) == (reason, acceptance, case.kind.name)
    assert len(server.seen) == 1


@every_case
def test_a_provider_that_is_away_was_not_asked(case: Case) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    failure = failure_of(lambda: case.adapter(address).submit(song(), {}, None))
    assert (failure.reason, failure.acceptance) == ("connection lost", "not accepted")


@every_case
def test_too_many_requests_say_when_to_come_again(case: Case, server: CannedServer) -> None:
    server.on(*case.submit, as_json({}, 429, Retry_After="9"), as_json({}, 429))
    adapter = case.adapter(server.base_url)
    for seconds in (9.0, None):
        failure = failure_of(lambda: adapter.submit(song(), {}, None))
        assert (failure.reason, failure.acceptance, failure.retry_after_s) == (case.busy, "not accepted", seconds)


@every_case
def test_without_a_key_or_an_address_it_says_what_is_missing(case: Case) -> None:
    from resources.providers.adapter import Access

    bare = case.kind(Access("http://127.0.0.1:9" if "BASE_URL" not in case.kind.key_variable else ""))
    health = bare.health()
    assert (health.is_configured, health.is_reachable) == (False, None)
    assert case.kind.key_variable in health.why
    failure = failure_of(lambda: bare.submit(song(), {}, None))
    assert (failure.reason, failure.acceptance, failure.is_retryable) == ("unavailable", "not accepted", False)


@pytest.mark.parametrize("case", AT_ONCE, ids=lambda case: case.name)
def test_silent_or_short_audio_at_once_was_paid_for_and_is_no_use(case: Case, server: CannedServer) -> None:
    from resources.providers import fetching

    adapter = case.prepare(server)
    for bad in (wav(SECONDS, 0.0), wav(1.0), b"RIFF1234WAVEnonsense", b"no audio"):
        good = case.accepted(server.base_url)
        body = bad if good.body == wav(SECONDS) else _with_audio(good.body, bad)
        server.on(*case.submit, Reply(good.status, body, good.headers))
        failure = failure_of(lambda: adapter.submit(song(), {}, None))
        assert (failure.reason, failure.acceptance) == ("bad answer", "accepted")
    assert fetching.sniffed(b"no audio") is None


def _with_audio(body: bytes, audio: bytes) -> bytes:
    import base64

    good = wav(SECONDS)
    return body.replace(base64.b64encode(good), base64.b64encode(audio)).replace(
        good.hex().encode(), audio.hex().encode()
    )


@with_jobs
def test_faults_of_asking_leave_the_job_as_it_is(case: Case, server: CannedServer) -> None:
    assert case.poll is not None
    adapter = case.adapter(server.base_url)
    for reply, reason in (
        (Reply(fault="drop"), "connection lost"), (Reply(500, b"oops"), "server error"),
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "bad answer"),
        (as_json({}, 429, Retry_After="3"), case.busy),
    ):  # fmt: skip
        server.on(*case.poll, reply)
        for act in (adapter.state, adapter.collect):
            failure = failure_of(lambda act=act: act(case.job_id))
            assert (failure.reason, failure.acceptance) == (reason, "accepted")


@pytest.mark.parametrize("case", [case for case in WITH_JOBS if case.has_links], ids=lambda case: case.name)
def test_faults_of_a_result_behind_a_link(case: Case, server: CannedServer) -> None:
    adapter = case.prepare(server)
    gone: Reason = "not found" if case.kind.name == "acestep" else "expired"
    for reply, reason in (
        (as_json({}, 404), gone), (as_audio(wav(SECONDS, 0.0)), "bad answer"),
        (as_audio(wav(SECONDS)[:100_000]), "bad answer"), (as_json({"error": "gone"}), "bad answer"),
        (Reply(200, wav(SECONDS), {"Content-Type": "audio/wav"}, "cut"), "connection lost"),
    ):  # fmt: skip
        server.on("GET", "/song.wav", reply)
        failure = failure_of(lambda: adapter.collect(case.job_id))
        assert (failure.reason, failure.acceptance) == (reason, "accepted")


@pytest.mark.parametrize("case", AT_ONCE, ids=lambda case: case.name)
def test_who_answers_at_once_knows_no_jobs(case: Case) -> None:
    if case.kind.name in ("elevenlabs", "minimax"):
        adapter = case.adapter("http://127.0.0.1:9")
        assert failure_of(lambda: adapter.state("x")).reason == "not found"
        assert failure_of(lambda: adapter.collect("x")).reason == "not found"
        assert adapter.cancel("x") is False


KEYS = st.sampled_from(
    ["code", "msg", "data", "taskId", "task_id", "id", "state", "status", "resultJson", "output", "audio", "base_resp",
     "status_code", "steps", "content", "type", "error", "detail", "message", "file", "result", "metrics", "audio_url",
     "predict_time", "cost_usd", "stems", "progress", "credits", "extra_info", "music_duration", "failCode"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["success", "fail", "completed", "succeeded", "failed", "queued", 200, 0, 1, 2, 429, "429", "job-1",
                     "http://127.0.0.1:1/x", '[{"file": "/x"}]', '{"data": [{"audio_url": "x"}]}', "1e999999"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
STATUSES = st.sampled_from([200, 201, 202, 204, 302, 400, 403, 404, 409, 422, 429, 500, 503])
TYPES = st.sampled_from(["application/json", "audio/wav", "text/html", "", "multipart/mixed; boundary=x", "\x7f\xff"])


@pytest.fixture(scope="module")
def steady() -> Iterator[CannedServer]:
    with canned_server() as found:
        yield found


@every_case
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.one_of(st.binary(max_size=200), VALUES), status=STATUSES, media_type=TYPES)
def test_nothing_but_a_provider_failure_comes_of_any_answer(
    case: Case, steady: CannedServer, body: Any, status: int, media_type: str
) -> None:
    reply = as_json(body, status) if not isinstance(body, bytes) else Reply(status, body)
    reply = Reply(status, reply.body, {"Content-Type": media_type} if media_type else {})
    for at in (case.submit, case.poll or case.submit, ("GET", "/song.wav"), ("GET", "/x")):
        steady.on(*at, reply)
    adapter = case.adapter(steady.base_url, timeout_s=3.0)
    for act in (
        lambda: adapter.submit(song(), {}, None), lambda: adapter.state("job-1"), lambda: adapter.collect("job-1"),
        lambda: adapter.cancel("job-1"),
    ):  # fmt: skip
        with contextlib.suppress(ProviderFailure):
            act()
    adapter.health()
