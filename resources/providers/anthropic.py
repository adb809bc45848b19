"""Anthropic: forms filled in by a language model, over its SDK's structured output.

Belongs here: its fields, endings and error types. Does not belong here: what is asked and how an answer is checked
(language). Facts: the anthropic SDK, messages.parse; platform.claude.com/docs, errors.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from musicgen_assets.engines.asking import TextRequest
from resources.providers.client import Answer, Vocabulary
from resources.providers.language import Body, Said, TextAdapter, client_of, look_with, outcome
from resources.providers.shapes import Answered, as_shape

VOCABULARY = Vocabulary(
    reasons={
        "invalid_request_error": "bad request", "authentication_error": "not allowed", "billing_error": "no credit",
        "permission_error": "not allowed", "not_found_error": "not found", "conflict_error": "bad request",
        "request_too_large": "bad request", "rate_limit_error": "rate limited", "api_error": "server error",
        "timeout_error": "timed out", "overloaded_error": "overloaded",
        # Why a message stopped.
        "refusal": "refused", "max_tokens": "cut off", "model_context_window_exceeded": "cut off",
        "tool_use": "bad answer", "pause_turn": "bad answer",
    },
)  # fmt: skip

_WHOLE = ("end_turn", "stop_sequence", None)


class _Block(Answered):
    type: str
    text: str | None = None


class _Usage(Answered):
    input_tokens: int = Field(0, ge=0, le=10**9)
    output_tokens: int = Field(0, ge=0, le=10**9)


class _Message(Answered):
    content: list[_Block] = Field(max_length=1000)
    stop_reason: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _Error(Answered):
    type: str
    message: str | None = None


class _ErrorBody(Answered):
    error: _Error


class AnthropicEngine(TextAdapter):
    """Forms by Anthropic's models."""

    name = "anthropic"
    key_variable = "ANTHROPIC_API_KEY"
    vocabulary = VOCABULARY

    def ask(self, request: TextRequest, form: type[BaseModel]) -> Said:
        """See TextAdapter."""
        import anthropic

        model = request.model or self.access.options.anthropic_model
        bodies: list[Body] = []

        def call() -> None:
            with self._client(bodies) as client:
                client.messages.parse(
                    model=model, max_tokens=request.max_tokens, system=request.instructions,
                    messages=[{"role": "user", "content": request.text}], output_format=form,
                )  # fmt: skip

        failure = outcome(call, anthropic, self)
        message = _read(bodies)
        if message is not None:
            return _said(message, model)
        raise failure or self.bad_answer("the answer is not as documented")

    def look(self) -> None:
        """Lists the models."""
        import anthropic

        look_with(anthropic, self, self._client)

    def says(self, answer: Answer) -> tuple[str, str] | None:
        """See TextAdapter."""
        body = as_shape(_ErrorBody, answer.body)
        return None if body is None else (body.error.type, body.error.message or "")

    def _client(self, bodies: list[Body]) -> Any:
        """The SDK's client, see client_of."""
        import anthropic

        return client_of(anthropic, anthropic.Anthropic, self.access, bodies)


def _read(bodies: list[Body]) -> _Message | None:
    """The answer in our own types: the SDK stops at a cut form before it says that it was cut."""
    status, body = bodies[-1] if bodies else (0, b"")
    if status != 200:
        return None
    return as_shape(_Message, body)


def _said(message: _Message, asked_model: str) -> Said:
    usage = message.usage or _Usage()
    text = "".join(block.text or "" for block in message.content if block.type == "text")
    ending = None if message.stop_reason in _WHOLE else VOCABULARY.reasons.get(message.stop_reason or "", "bad answer")
    return Said(
        text, message.model or asked_model, usage.input_tokens, usage.output_tokens, ending=ending,
        told=f"it stopped with {message.stop_reason}" + (f": {text}" if ending == "refused" else ""),
    )  # fmt: skip
