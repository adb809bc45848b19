"""OpenAI and Anthropic through their SDKs, over HTTP: forms, refusals, cut answers, errors, costs."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from musicgen_assets.engines.answers import FORMS, LyricsAnswer
from musicgen_assets.engines.asking import TextRequest
from resources.engine_settings import Engines
from resources.providers.adapter import Access
from resources.providers.anthropic import AnthropicEngine
from resources.providers.language import TextAdapter
from resources.providers.openai import OpenAIEngine
from resources.providers.protocol import ProviderFailure, Reason
from support.canned_server import CannedServer, Reply, as_json, canned_server
from support.provider_songs import KEY
from support.words_said import anthropic_said, openai_said

FORM = {"title": "Rain", "sections": [{"name": "Verse", "lines": ["Rain on the roof"]}]}


def request(form: str = "lyrics", **more: Any) -> TextRequest:
    return TextRequest(task="lyrics", form=form, instructions="Write.", text="About rain.", **more)


@dataclass(frozen=True)
class Model:
    kind: type[TextAdapter]
    path: str
    said: Callable[..., dict[str, Any]]
    cost: Decimal
    error: Callable[[str], dict[str, Any]]

    def at(self, base_url: str, timeout_s: float = 5.0) -> TextAdapter:
        return self.kind(Access(base_url, SecretStr(KEY), timeout_s, Engines()))


MODELS = (
    Model(OpenAIEngine, "/responses", openai_said, Decimal("0.001620"),
          lambda code: {"error": {"code": code, "type": "error", "message": f"no: {KEY}", "param": None}}),
    Model(AnthropicEngine, "/v1/messages", anthropic_said, Decimal("0.004000"),
          lambda kind: {"type": "error", "error": {"type": kind, "message": f"no: {KEY}"}}),
)  # fmt: skip
both = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.kind.name)


def failure_of(act: Callable[[], Any]) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        act()
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    return caught.value


@both
def test_a_form_is_filled_in_and_read_again_here(model: Model, server: CannedServer) -> None:
    server.on("POST", model.path, as_json(model.said(json.dumps(FORM))))
    made = model.at(server.base_url).fill_in(request())
    assert made.answer == LyricsAnswer.model_validate(FORM)
    assert (made.input_tokens, made.output_tokens, made.cost_usd) == (1000, 200, model.cost)
    (seen,) = server.seen
    assert "temperature" not in seen.json
    assert "About rain." in json.dumps(seen.json)
    schema = json.dumps(seen.json)
    assert '"additionalProperties": false' in schema
    assert KEY not in repr(model.at(server.base_url))


@both
@pytest.mark.parametrize("form", sorted(FORMS))
def test_every_form_can_be_asked_for(model: Model, form: str, server: CannedServer) -> None:
    server.on("POST", model.path, as_json(model.said("{}")))
    assert failure_of(lambda: model.at(server.base_url).fill_in(request(form))).reason == "bad answer"
    assert len(server.seen) == 1


@both
@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '{"title": 3}', json.dumps(FORM | {"title": "x" * 121}), json.dumps(FORM | {"a": 1})],
)
def test_a_form_filled_in_wrongly_is_a_bad_answer_and_paid(model: Model, text: str, server: CannedServer) -> None:
    server.on("POST", model.path, as_json(model.said(text)))
    failure = failure_of(lambda: model.at(server.base_url).fill_in(request()))
    assert (failure.reason, failure.acceptance, failure.charged_usd) == ("bad answer", "accepted", model.cost)


def test_openai_refuses_and_cuts_off(server: CannedServer) -> None:
    engine = MODELS[0].at(server.base_url)
    refusal = [{"id": "m", "type": "message", "status": "completed", "role": "assistant",
                "content": [{"type": "refusal", "refusal": "I will not."}]}]  # fmt: skip
    cases: tuple[tuple[dict[str, Any], Reason], ...] = (
        (openai_said("", output=refusal), "refused"),
        (openai_said('{"title": "Ra', "incomplete", incomplete_details={"reason": "max_output_tokens"}), "cut off"),
        (openai_said("", "incomplete", incomplete_details={"reason": "content_filter"}), "moderated"),
        (openai_said("", "failed", error={"code": "server_error", "message": "oh"}), "server error"),
        (openai_said("", "cancelled"), "server error"),
    )
    for body, reason in cases:
        server.on("POST", "/responses", as_json(body))
        failure = failure_of(lambda: engine.fill_in(request()))
        assert (failure.reason, failure.acceptance) == (reason, "accepted")
        assert failure.charged_usd == Decimal("0.001620")


@pytest.mark.parametrize(
    ("stop", "reason"),
    [("refusal", "refused"), ("max_tokens", "cut off"), ("model_context_window_exceeded", "cut off"),
     ("tool_use", "bad answer"), ("pause_turn", "bad answer"), ("new_word", "bad answer")],
)  # fmt: skip
def test_anthropic_refuses_and_cuts_off(stop: str, reason: Reason, server: CannedServer) -> None:
    server.on("POST", "/v1/messages", as_json(anthropic_said('{"title": "Ra', stop)))
    failure = failure_of(lambda: MODELS[1].at(server.base_url).fill_in(request()))
    assert (failure.reason, failure.acceptance) == (reason, "accepted")


@both
@pytest.mark.parametrize(
    ("status", "words", "reason", "acceptance"),
    [
        (400, ("", "invalid_request_error"), "bad request", "not accepted"),
        (401, ("invalid_api_key", "authentication_error"), "not allowed", "not accepted"),
        (404, ("model_not_found", "not_found_error"), "not found", "not accepted"),
        (429, ("rate_limit_exceeded", "rate_limit_error"), "rate limited", "not accepted"),
        (500, ("server_error", "api_error"), "server error", "unknown"),
        (529, ("server_is_overloaded", "overloaded_error"), "overloaded", "not accepted"),
        (504, ("", "timeout_error"), "timed out", "unknown"),
    ],
)
def test_errors(
    model: Model, status: int, words: tuple[str, str], reason: Reason, acceptance: str, server: CannedServer
) -> None:
    body = model.error(words[MODELS.index(model)])
    server.on("POST", model.path, as_json(body, status, retry_after_ms="1500"))
    failure = failure_of(lambda: model.at(server.base_url).fill_in(request()))
    assert (failure.reason, failure.acceptance, failure.retry_after_s) == (reason, acceptance, 1.5)
    assert len(server.seen) == 1, "no retry inside"


def test_no_money_is_not_a_rate_limit(server: CannedServer) -> None:
    server.on("POST", "/responses", as_json(MODELS[0].error("insufficient_quota"), 429))
    assert failure_of(lambda: MODELS[0].at(server.base_url).fill_in(request())).reason == "no credit"
    server.on("POST", "/v1/messages", as_json(MODELS[1].error("billing_error"), 402), as_json({}, 529))
    assert failure_of(lambda: MODELS[1].at(server.base_url).fill_in(request())).reason == "no credit"
    assert failure_of(lambda: MODELS[1].at(server.base_url).fill_in(request())).reason == "overloaded"


@both
def test_broken_connections_and_answers(model: Model, server: CannedServer) -> None:
    for reply, reason in (
        (Reply(fault="drop"), "connection lost"), (Reply(fault="reset"), "connection lost"),
        (Reply(200, b"x", delay_s=1.0), "timed out"),
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "bad answer"),
        (Reply(200, b'{"output": [', {"Content-Type": "application/json"}), "bad answer"),
        (Reply(302, headers={"Location": "http://127.0.0.1:9/"}), "bad answer"),
    ):  # fmt: skip
        server.on("POST", model.path, reply)
        engine = model.at(server.base_url, 0.5 if reply.delay_s else 5.0)
        failure = failure_of(lambda engine=engine: engine.fill_in(request()))
        assert failure.reason == reason
        assert failure.acceptance != "not accepted" or reply.status == 302
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    failure = failure_of(lambda: model.at(address).fill_in(request()))
    assert (failure.reason, failure.acceptance) == ("connection lost", "not accepted")


@both
def test_health_and_what_is_missing(model: Model, server: CannedServer) -> None:
    path = "/models" if model.kind is OpenAIEngine else "/v1/models"
    server.on("GET", path, as_json({"data": [], "has_more": False}), as_json({}, 404), as_json({}, 401))
    engine = model.at(server.base_url)
    assert engine.health().is_reachable
    assert engine.health().is_reachable, "it answered, and only has no such page"
    assert engine.health().is_reachable is False
    bare = model.kind(Access(server.base_url))
    assert (bare.health().is_configured, failure_of(lambda: bare.fill_in(request())).reason) == (False, "unavailable")
    assert failure_of(lambda: engine.fill_in(request("no such form"))).reason == "bad request"


KEYS = st.sampled_from(
    ["output", "content", "type", "text", "status", "usage", "input_tokens", "model", "stop_reason", "error", "refusal"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(
    ["message", "output_text", "refusal", "text", "completed", "end_turn", "{}"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.kind.name)
def test_nothing_but_a_provider_failure_comes_of_any_answer(model: Model) -> None:
    with canned_server() as server:

        @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
        @given(body=st.one_of(st.binary(max_size=100), VALUES), status=st.sampled_from([200, 200, 400, 429, 500]))
        def holds(body: Any, status: int) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            server.on("POST", model.path, Reply(status, raw, {"Content-Type": "application/json"}))
            failure_of(lambda: model.at(server.base_url).fill_in(request()))

        holds()
