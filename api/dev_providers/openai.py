"""OpenAI: the Responses API with structured output, as far as ``responses.parse`` of the official client uses it.

Belongs here: its addresses, fields and errors. Written from the client's own source (openai 3.52). Does not belong
here: streaming, tools, background responses.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Response

from api.dev_providers.desk import desk
from api.dev_providers.fields import Fields, json_fields, texts_of
from api.dev_providers.prices import OPENAI_TOKENS_USD, tokens_of, tokens_usd
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, bearer, retry_after
from api.dev_providers.schema_filling import Filler

_ERRORS = {
    "bad_request": (400, "invalid_request_error", None),
    "no_key": (401, "invalid_request_error", "invalid_api_key"),
    "no_credit": (429, "insufficient_quota", "insufficient_quota"),
    "not_found": (404, "invalid_request_error", "model_not_found"),
    "rate_limited": (429, "requests", "rate_limit_exceeded"),
    "server_error": (500, "server_error", None),
}
_REFUSAL = "I'm sorry, but I can't help with that."
_PLAIN_LINES = 8


def provider() -> Provider:
    """OpenAI under /openai: its clients' base URL is /openai/v1."""
    spoilt = {"refusal": _refusal, "truncation": _truncation, "bad_json": _bad_json}
    found = Provider("openai", bearer, _problem, spoilt=spoilt)
    found.operation("/v1/responses", "responses")(_responses)
    found.operation("/v1/models", "models", "read", ("GET",))(_models)
    return found


def _problem(problem: Problem) -> Response:
    status, kind, code = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    body = {"error": {"message": problem.message, "type": kind, "param": None, "code": code}}
    headers = {"x-request-id": f"req_{secrets.token_hex(8)}", **retry_after(problem)}
    return answer(body, problem.status or status, headers)


def _models() -> Response:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "openai"} for name in OPENAI_TOKENS_USD]
    return answer({"object": "list", "data": data})


def _responses() -> Response:
    fields = json_fields()
    model = fields.text("model")
    if model not in OPENAI_TOKENS_USD:
        raise Refused("not_found", f"The model `{model}` does not exist or you do not have access to it.")
    if fields.flag("stream", default=False):
        raise Refused("bad_request", "Streaming is not available here.")
    asked = _asked(fields)
    text_format = fields.part("text").raw("format", {"type": "text"}) if fields.has("text") else {"type": "text"}
    text = _text(asked, text_format)
    limit = int(fields.number("max_output_tokens", 128_000, 16))
    tokens_in, tokens_out = tokens_of(asked), min(tokens_of(text), limit)
    usd = tokens_usd(OPENAI_TOKENS_USD[model], tokens_in, tokens_out)
    desk().charge(usd, f"{model}: {tokens_in} tokens in, {tokens_out} out")
    response = answer(_body(fields, text, text_format, (tokens_in, tokens_out)))
    response.headers["x-request-id"] = f"req_{secrets.token_hex(8)}"
    return _cut(response, limit) if tokens_of(text) > limit else response


def _asked(fields: Fields) -> str:
    """All texts of input and instructions."""
    found = fields.raw("input")
    if not isinstance(found, (str, list)) or not found:
        raise Refused("bad_request", "Missing required parameter: 'input'.")
    return f"{fields.text('instructions', '')}\n{texts_of(found)}"


def _text(asked: str, text_format: dict[str, Any]) -> str:
    filler = Filler(asked, asked)
    if text_format.get("type") != "json_schema":
        return filler.lines(_PLAIN_LINES)
    if not isinstance(text_format.get("schema"), dict) or not text_format.get("name"):
        raise Refused("bad_request", "Missing required parameter: 'text.format.schema'.")
    return json.dumps(filler.fill(text_format["schema"]), ensure_ascii=False)


def _body(fields: Fields, text: str, text_format: dict[str, Any], tokens: tuple[int, int]) -> dict[str, Any]:
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {
        "type": "message", "id": f"msg_{secrets.token_hex(16)}", "status": "completed", "role": "assistant",
        "content": [content],
    }  # fmt: skip
    return {
        "id": f"resp_{secrets.token_hex(16)}", "object": "response", "created_at": int(desk().clock.now_s()),
        "status": "completed", "error": None, "incomplete_details": None,
        "instructions": fields.raw("instructions"), "max_output_tokens": fields.raw("max_output_tokens"),
        "model": fields.text("model"), "output": [message], "parallel_tool_calls": True,
        "previous_response_id": None, "reasoning": fields.raw("reasoning", {"effort": None, "summary": None}),
        "store": fields.raw("store", True), "temperature": fields.raw("temperature", 1.0),
        "text": {"format": text_format}, "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled",
        "usage": {
            "input_tokens": tokens[0], "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": tokens[1], "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(tokens),
        },
        "user": None, "metadata": fields.raw("metadata", {}),
    }  # fmt: skip


def _changed(response: Response, content: dict[str, Any], **changes: Any) -> Response:
    body = response.get_json()
    body["output"][0]["content"] = [content]
    body |= changes
    if changes.get("status") == "incomplete":
        body["output"][0]["status"] = "incomplete"
    return answer(body, headers={"x-request-id": response.headers.get("x-request-id", "")})


def _refusal(response: Response) -> Response:
    return _changed(response, {"type": "refusal", "refusal": _REFUSAL})


def _cut(response: Response, tokens: int) -> Response:
    text = response.get_json()["output"][0]["content"][0]["text"]
    content = {"type": "output_text", "text": text[: tokens * 4], "annotations": [], "logprobs": []}
    details = {"reason": "max_output_tokens"}
    return _changed(response, content, status="incomplete", incomplete_details=details)


def _truncation(response: Response) -> Response:
    text = response.get_json()["output"][0]["content"][0]["text"]
    return _cut(response, max(1, tokens_of(text) // 2))


def _bad_json(response: Response) -> Response:
    text = response.get_json()["output"][0]["content"][0]["text"]
    content = {"type": "output_text", "text": f"Here is your answer: {text[:-1]}", "annotations": [], "logprobs": []}
    return _changed(response, content)
