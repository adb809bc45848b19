"""OpenAI: forms filled in by a language model, over its SDK's structured output.

Belongs here: its fields, endings and error codes. Does not belong here: what is asked and how an answer is checked
(language). Facts: the openai SDK, responses.parse.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from musicgen_assets.engines.asking import TextRequest
from resources.providers.client import Answer, Vocabulary
from resources.providers.language import Body, Said, TextAdapter, client_of, look_with, outcome
from resources.providers.protocol import Reason
from resources.providers.shapes import Answered, Word, as_shape

VOCABULARY = Vocabulary(
    reasons={
        "insufficient_quota": "no credit", "billing_hard_limit_reached": "no credit", "invalid_api_key": "not allowed",
        "rate_limit_exceeded": "rate limited", "model_not_found": "not found",
        "context_length_exceeded": "bad request", "content_policy_violation": "moderated",
        "server_error": "server error", "server_is_overloaded": "overloaded",
        # Why a response is incomplete or failed.
        "max_output_tokens": "cut off", "content_filter": "moderated",
    },
)  # fmt: skip

_THINKING_MODELS = ("gpt-5", "gpt-6")
"""They think before they write; a little is enough for a form, and it counts towards max_output_tokens."""


class _Content(Answered):
    type: str
    text: str | None = None
    refusal: str | None = None


class _Item(Answered):
    type: str
    content: list[_Content] | None = None


class _Incomplete(Answered):
    reason: str | None = None


class _Problem(Answered):
    code: Word | None = None
    message: str | None = None


class _Cached(Answered):
    cached_tokens: int = Field(0, ge=0, le=10**9)


class _Usage(Answered):
    input_tokens: int = Field(0, ge=0, le=10**9)
    output_tokens: int = Field(0, ge=0, le=10**9)
    input_tokens_details: _Cached | None = None


class _Response(Answered):
    status: str | None = None
    model: str | None = None
    output: list[_Item] = Field(max_length=1000)
    incomplete_details: _Incomplete | None = None
    error: _Problem | None = None
    usage: _Usage | None = None


class _Error(Answered):
    code: Word | None = None
    type: str | None = None
    message: str | None = None


class _ErrorBody(Answered):
    error: _Error


class OpenAIEngine(TextAdapter):
    """Forms by OpenAI's models."""

    name = "openai"
    key_variable = "OPENAI_API_KEY"
    vocabulary = VOCABULARY

    def ask(self, request: TextRequest, form: type[BaseModel]) -> Said:
        """See TextAdapter."""
        import openai

        model = request.model or self.access.options.openai_model
        more: dict[str, Any] = {"reasoning": {"effort": "low"}} if model.startswith(_THINKING_MODELS) else {}
        bodies: list[Body] = []

        def call() -> None:
            with self._client(bodies) as client:
                client.responses.parse(
                    model=model, instructions=request.instructions, input=request.text, text_format=form,
                    max_output_tokens=request.max_tokens, store=False, **more,
                )  # fmt: skip

        failure = outcome(call, openai, self)
        response = _read(bodies)
        if response is not None:
            return _said(response, model)
        raise failure or self.bad_answer("the answer is not as documented")

    def look(self) -> None:
        """Lists the models."""
        import openai

        look_with(openai, self, self._client)

    def says(self, answer: Answer) -> tuple[str, str] | None:
        """See TextAdapter."""
        body = as_shape(_ErrorBody, answer.body)
        return None if body is None else (body.error.code or body.error.type or "", body.error.message or "")

    def _client(self, bodies: list[Body]) -> Any:
        """The SDK's client, see client_of."""
        import openai

        return client_of(openai, openai.OpenAI, self.access, bodies)


def _read(bodies: list[Body]) -> _Response | None:
    """The answer in our own types: the SDK stops at a cut form before it says that it was cut."""
    status, body = bodies[-1] if bodies else (0, b"")
    if status != 200:
        return None
    return as_shape(_Response, body)


def _said(response: _Response, asked_model: str) -> Said:
    contents = [content for item in response.output if item.type == "message" for content in item.content or ()]
    refusals = [content.refusal or "refused" for content in contents if content.type == "refusal"]
    ending, told = _ending(response)
    if refusals:
        ending, told = "refused", refusals[0]
    usage = response.usage or _Usage()
    return Said(
        "".join(content.text or "" for content in contents if content.type == "output_text"),
        response.model or asked_model, usage.input_tokens, usage.output_tokens,
        usage.input_tokens_details.cached_tokens if usage.input_tokens_details else 0, ending, told,
    )  # fmt: skip


def _ending(response: _Response) -> tuple[Reason | None, str]:
    if response.status in (None, "completed"):
        return None, ""
    word = (response.incomplete_details.reason if response.incomplete_details else None) or (
        response.error.code if response.error else None
    )
    told = f"the answer is {response.status}: {word or 'no reason'} {response.error.message if response.error else ''}"
    return VOCABULARY.reasons.get(word or "", "server error"), told
