"""The official clients of OpenAI and Anthropic find in the local server what they find at home."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import anthropic
import openai
import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from support.dev_providers import Dev


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    syllables: int = Field(ge=3, le=14)


class Song(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(min_length=2, max_length=60)
    tempo_bpm: int = Field(ge=60, le=200)
    key: Literal["C", "G", "D"]
    mood: str | None
    sections: list[Line] = Field(min_length=2, max_length=3)


def gpt(dev: Dev, **more: Any) -> openai.OpenAI:
    more = {"max_retries": 0, "api_key": dev.key("openai"), **more}
    return openai.OpenAI(base_url=f"{dev.base('openai')}/v1", **more)


def claude(dev: Dev, **more: Any) -> anthropic.Anthropic:
    more = {"max_retries": 0, "api_key": dev.key("anthropic"), **more}
    return anthropic.Anthropic(base_url=dev.base("anthropic"), **more)


def ask_gpt(dev: Dev, **more: Any) -> Any:
    return gpt(dev, **more).responses.parse(model="gpt-6-luna", input="a song about rivers", text_format=Song)


def ask_claude(dev: Dev, max_tokens: int = 1_000, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": "a song about rivers"}]
    return claude(dev, **more).messages.parse(
        model="claude-haiku-5-5", max_tokens=max_tokens, messages=messages, output_format=Song
    )


def test_openai_answers_what_the_schema_asks_for_and_bills_its_tokens(dev: Dev) -> None:
    response = ask_gpt(dev)
    assert isinstance(response.output_parsed, Song)
    assert response.status == "completed"
    usd = Decimal(response.usage.input_tokens) * Decimal("0.1") + Decimal(response.usage.output_tokens) * Decimal("0.5")
    assert Decimal(dev.bill("openai")["total_usd"]) == usd / 1_000_000


def test_anthropic_answers_what_the_schema_asks_for_and_bills_its_tokens(dev: Dev) -> None:
    message = ask_claude(dev)
    assert isinstance(message.parsed_output, Song)
    assert message.stop_reason == "end_turn"
    assert Decimal(dev.bill("anthropic")["total_usd"]) > 0


def test_the_same_question_has_the_same_answer(dev: Dev) -> None:
    assert ask_gpt(dev).output_parsed == ask_gpt(dev).output_parsed
    assert list(dev.bill("openai")["repeated"].values()) == [2]


def test_a_refusal_is_a_refusal_in_each_client(dev: Dev) -> None:
    dev.fault("refusal")
    response = ask_gpt(dev)
    assert response.output_parsed is None
    assert response.output[0].content[0].type == "refusal"
    message = ask_claude(dev)
    assert message.stop_reason == "refusal"
    assert message.parsed_output is None


def test_the_forbidden_word_is_refused(dev: Dev) -> None:
    response = gpt(dev).responses.parse(model="gpt-6-luna", input="forbiddenword please", text_format=Song)
    assert response.output[0].content[0].type == "refusal"  # type: ignore[union-attr]


def test_truncation_says_so_and_leaves_json_that_is_none(dev: Dev) -> None:
    dev.fault("truncation")
    raw = gpt(dev).responses.create(model="gpt-6-luna", input="rivers")
    assert raw.status == "incomplete"
    assert raw.incomplete_details is not None
    assert raw.incomplete_details.reason == "max_output_tokens"
    with pytest.raises(ValidationError):
        ask_claude(dev)
    plain = claude(dev).messages.create(
        model="claude-haiku-5-5", max_tokens=500, messages=[{"role": "user", "content": "rivers"}]
    )
    assert plain.stop_reason == "max_tokens"


def test_a_limit_of_tokens_is_kept(dev: Dev) -> None:
    with pytest.raises(ValidationError):
        ask_claude(dev, max_tokens=5)


def test_bad_json_is_no_json_of_the_schema(dev: Dev) -> None:
    dev.fault("bad_json")
    with pytest.raises(ValidationError):
        ask_gpt(dev)
    with pytest.raises(ValidationError):
        ask_claude(dev)


def test_statuses_are_the_clients_own_errors(dev: Dev) -> None:
    dev.fault("rate_limited", retry_after_s=7)
    with pytest.raises(openai.RateLimitError) as limited:
        ask_gpt(dev)
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(anthropic.RateLimitError):
        ask_claude(dev)
    dev.fault("server_error", status=503)
    with pytest.raises(openai.InternalServerError):
        ask_gpt(dev)
    dev.fault("server_error", status=529)
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        ask_claude(dev)
    assert overloaded.value.body["error"]["type"] == "overloaded_error"  # type: ignore[index]
    dev.fault("drop_before")
    with pytest.raises(openai.APIConnectionError):
        ask_gpt(dev)
    with pytest.raises(anthropic.APIConnectionError):
        ask_claude(dev)
    assert dev.bill()["rows"] == []


def test_a_key_that_is_unknown_and_an_empty_account_are_told_apart(dev: Dev) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask_gpt(dev, api_key="sk-other")
    with pytest.raises(anthropic.AuthenticationError):
        ask_claude(dev, api_key="sk-other")
    dev.set_balance("openai", "0")
    dev.set_balance("anthropic", "0")
    with pytest.raises(openai.RateLimitError) as empty:
        ask_gpt(dev)
    assert empty.value.code == "insufficient_quota"
    with pytest.raises(anthropic.APIStatusError) as billing:
        ask_claude(dev)
    assert billing.value.status_code == 402


def test_a_model_that_is_gone_is_not_found(dev: Dev) -> None:
    with pytest.raises(openai.NotFoundError):
        gpt(dev).responses.create(model="gpt-4-turbo", input="rivers")


def test_sampling_parameters_are_refused_as_by_newer_models(dev: Dev) -> None:
    with pytest.raises(anthropic.BadRequestError):
        claude(dev).messages.create(
            model="claude-haiku-5-5", max_tokens=50, messages=[{"role": "user", "content": "rivers"}],
            extra_body={"temperature": 0.5},
        )  # fmt: skip


def test_clients_that_try_again_are_answered_the_second_time(dev: Dev) -> None:
    dev.fault("server_error", status=503, count=1, retry_after_s=0.01)
    assert ask_gpt(dev, max_retries=1).output_parsed is not None
    assert [row["status"] for row in dev.requests("openai")] == [503, 200]
    assert dev.submits("openai") == 1
