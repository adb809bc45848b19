"""The one HTTP helper: what each way of failing means, and that no key shows."""

from __future__ import annotations

import socket
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr

from resources.providers.client import Answer, Client, OwnError, Purpose, Vocabulary
from resources.providers.protocol import Acceptance, ProviderFailure, Reason
from resources.providers.retry_after import retry_after_s
from resources.providers.shapes import Answered, as_shape
from support.canned_server import CannedServer, Reply, as_json

KEY = "sk-very-secret-4711"


class Told(Answered):
    word: str


def says(answer: Answer) -> OwnError | None:
    told = as_shape(Told, answer.body)
    return None if told is None else (told.word, f"told with {KEY}\n\x1b[31m and more")


WORDS: dict[str, Reason] = {"busy": "overloaded", "bad_words": "moderated", "broken": "server error"}


def client_of(base_url: str, timeout_s: float = 5.0, key: str = KEY) -> Client:
    return Client(
        "kie", base_url, timeout_s, Vocabulary(reasons=WORDS), says,
        {"Authorization": SecretStr(f"Bearer {key}")},
    )  # fmt: skip


def failure_of(client: Client, purpose: Purpose = "submit", **more: object) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        client.call("POST", "/songs", purpose, json={"a": 1}, **more)  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(caught.value)) + repr(client)
    assert KEY not in shown
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "reason", "acceptance"),
    [
        (400, {}, "bad request", "not accepted"), (401, {}, "not allowed", "not accepted"),
        (402, {}, "no credit", "not accepted"), (403, {}, "not allowed", "not accepted"),
        (404, {}, "not found", "not accepted"), (408, {}, "timed out", "not accepted"),
        (410, {}, "expired", "not accepted"), (418, {}, "bad request", "not accepted"),
        (422, {"word": "bad_words"}, "moderated", "not accepted"), (429, {}, "rate limited", "not accepted"),
        (500, {}, "server error", "unknown"), (500, {"word": "broken"}, "server error", "unknown"),
        (502, {}, "server error", "unknown"), (503, {}, "overloaded", "unknown"),
        (504, {}, "timed out", "unknown"), (529, {}, "overloaded", "unknown"),
        (503, {"word": "busy"}, "overloaded", "not accepted"),
        (599, {}, "server error", "unknown"),
        (301, {}, "bad answer", "not accepted"), (303, {}, "bad answer", "unknown"),
    ],
)  # fmt: skip
def test_statuses_of_a_submit(
    server: CannedServer, status: int, body: dict[str, str], reason: Reason, acceptance: Acceptance
) -> None:
    server.on("POST", "/songs", as_json(body, status, Location="http://127.0.0.1:9/elsewhere"))
    failure = failure_of(client_of(server.base_url))
    assert (failure.reason, failure.acceptance, failure.engine) == (reason, acceptance, "kie")
    assert len(server.seen) == 1, "sent once, no redirect followed"


def test_of_a_job_every_failure_leaves_it_accepted(server: CannedServer) -> None:
    server.on("POST", "/songs", as_json({}, 500))
    assert failure_of(client_of(server.base_url), "job").acceptance == "accepted"
    assert failure_of(client_of(server.base_url), "look").acceptance == "not accepted"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(fault="drop"), "connection lost"),
        (Reply(fault="reset"), "connection lost"),
        (Reply(200, b"x" * 4000, fault="cut"), "connection lost"),
        (Reply(200, b"hello", delay_s=1.5), "timed out"),
        (Reply(200, b"x" * 4000, fault="drip"), "timed out"),
        (Reply(200, b"x" * 4000), "bad answer"),
        (Reply(body=b"\x00\xff nonsense\r\n\r\n", fault="raw"), "connection lost"),
        (Reply(200, b"no gzip", {"Content-Encoding": "gzip"}), "bad answer"),
    ],
)
def test_what_breaks_after_sending_leaves_a_submit_unknown(server: CannedServer, reply: Reply, reason: Reason) -> None:
    server.on("POST", "/songs", reply)
    failure = failure_of(client_of(server.base_url, timeout_s=1.0), max_bytes=1000 if not reply.fault else 5000)
    assert (failure.reason, failure.acceptance) == (reason, "unknown")
    assert failure.is_retryable


def test_what_breaks_before_sending_was_not_taken() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid", "http://a..b"):
        assert failure_of(client_of(address, timeout_s=2.0)).acceptance == "not accepted"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "text/html"),
        (Reply(200, b'{"word": "a', {"Content-Type": "application/json"}), "EOF"),
        (as_json({"word": 5}), "word"),
        (as_json([[[]]]), "not as documented"),
        (Reply(200, b"[" * 100_000, {"Content-Type": "application/json"}), "recursion"),
        (Reply(200, b'{"word": "\xff"}', {"Content-Type": "application/json"}), "not as documented"),
    ],
)
def test_what_is_not_the_documented_json_is_a_bad_answer(server: CannedServer, reply: Reply, told: str) -> None:
    server.on("POST", "/songs", reply)
    client = client_of(server.base_url)
    answer = client.call("POST", "/songs", "submit", json={})
    with pytest.raises(ProviderFailure, match=told) as caught:
        client.parsed(answer, Told, "submit")
    assert (caught.value.reason, caught.value.acceptance) == ("bad answer", "unknown")


def test_providers_texts_are_shown_short_plain_and_without_our_keys(server: CannedServer) -> None:
    server.on("POST", "/songs", as_json({"word": "w" * 1000}, 400))
    message = failure_of(client_of(server.base_url)).message
    assert len(message) < 400
    assert "\n" not in message
    assert "\x1b" not in message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("", None), ("soon", None), ("nan", None), ("-3", None), ("1e12", 86400.0)],
)
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}) == seconds


def test_retry_after_as_a_date_and_in_milliseconds(server: CannedServer) -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
    ahead = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert retry_after_s({"retry-after": ahead}, now) == 90.0
    assert retry_after_s({"retry-after": ahead}, now + timedelta(hours=1)) == 0.0
    assert retry_after_s({"retry-after-ms": "1500"}) == 1.5
    server.on("POST", "/songs", as_json({}, 429, Retry_After="12"))
    assert failure_of(client_of(server.base_url)).retry_after_s == 12.0
