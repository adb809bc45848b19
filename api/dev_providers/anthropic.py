"""Anthropic: the Messages API with structured output, as far as ``messages.parse`` of the official client uses it.

Belongs here: its addresses, fields and errors. Written from the client's own source (anthropic 2.11) and the error
page. Does not belong here: streaming, tools, batches.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from flask import Request, Response

from api.dev_providers.desk import desk
from api.dev_providers.fields import Fields, json_fields, texts_of
from api.dev_providers.prices import ANTHROPIC_TOKENS_USD, tokens_of, tokens_usd
from api.dev_providers.problems import Problem, Refused
from api.dev_providers.provider import Provider, answer, bearer, retry_after
from api.dev_providers.schema_filling import Filler

_ERRORS = {
    "bad_request": (400, "invalid_request_error"),
    "no_key": (401, "authentication_error"),
    "no_credit": (402, "billing_error"),
    "not_found": (404, "not_found_error"),
    "rate_limited": (429, "rate_limit_error"),
    "server_error": (500, "api_error"),
}
_BY_STATUS = {504: "timeout_error", 529: "overloaded_error"}
_SAMPLING = ("temperature", "top_p", "top_k")
_PLAIN_LINES = 8


def provider() -> Provider:
    """Anthropic under /anthropic, which is its clients' base URL."""
    spoilt = {"refusal": _refusal, "truncation": _truncation, "bad_json": _bad_json}
    found = Provider("anthropic", _key, _problem, spoilt=spoilt)
    found.operation("/v1/messages", "messages")(_messages)
    found.operation("/v1/models", "models", "read", ("GET",))(_models)
    return found


def _key(request: Request) -> str:
    return request.headers.get("x-api-key", "") or bearer(request)


def _problem(problem: Problem) -> Response:
    status, kind = _ERRORS.get(problem.kind, _ERRORS["server_error"])
    status = problem.status or status
    request_id = f"req_{secrets.token_hex(12)}"
    error = {"type": _BY_STATUS.get(status, kind), "message": problem.message}
    headers = {"request-id": request_id, **retry_after(problem)}
    return answer({"type": "error", "error": error, "request_id": request_id}, status, headers)


def _models() -> Response:
    data = [{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in ANTHROPIC_TOKENS_USD]  # fmt: skip
    return answer({"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})


def _messages() -> Response:
    fields = json_fields()
    model, limit = fields.text("model"), int(fields.number("max_tokens", low=1))
    if model not in ANTHROPIC_TOKENS_USD:
        raise Refused("not_found", f"model: {model}")
    if fields.flag("stream", default=False):
        raise Refused("bad_request", "stream: not available here")
    for name in _SAMPLING:
        if fields.has(name):
            raise Refused("bad_request", f"{name}: not accepted by this model")
    asked = _asked(fields)
    text = _text(fields, asked)
    tokens_in, tokens_out = tokens_of(asked), min(tokens_of(text), limit)
    usd = tokens_usd(ANTHROPIC_TOKENS_USD[model], tokens_in, tokens_out)
    desk().charge(usd, f"{model}: {tokens_in} tokens in, {tokens_out} out")
    body = {
        "id": f"msg_{secrets.token_hex(12)}", "type": "message", "role": "assistant", "model": model,
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {
            "input_tokens": tokens_in, "output_tokens": tokens_out, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }  # fmt: skip
    response = answer(body, headers={"request-id": f"req_{secrets.token_hex(12)}"})
    return _cut(response, limit) if tokens_of(text) > limit else response


def _asked(fields: Fields) -> str:
    """All texts of system and messages. A prefilled answer is refused, as newer models do."""
    messages = fields.raw("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused("bad_request", "messages: at least one message is required")
    if messages[-1].get("role") == "assistant":
        raise Refused("bad_request", "messages: the last one must be the user's; prefilling is not supported")
    return f"{texts_of(fields.raw('system', ''))}\n{texts_of(messages)}"


def _text(fields: Fields, asked: str) -> str:
    filler = Filler(asked, asked)
    config = fields.part("output_config") if fields.has("output_config") else Fields({})
    wanted = config.raw("format")
    if wanted is None:
        return filler.lines(_PLAIN_LINES)
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        raise Refused("bad_request", "output_config.format: must be a json_schema with a schema")
    return json.dumps(filler.fill(wanted["schema"]), ensure_ascii=False)


def _changed(response: Response, content: list[dict[str, Any]], stop_reason: str) -> Response:
    body = response.get_json() | {"content": content, "stop_reason": stop_reason}
    return answer(body, headers={"request-id": response.headers.get("request-id", "")})


def _text_of(response: Response) -> str:
    return str(response.get_json()["content"][0]["text"])


def _refusal(response: Response) -> Response:
    return _changed(response, [], "refusal")


def _cut(response: Response, tokens: int) -> Response:
    return _changed(response, [{"type": "text", "text": _text_of(response)[: tokens * 4]}], "max_tokens")


def _truncation(response: Response) -> Response:
    return _cut(response, max(1, tokens_of(_text_of(response)) // 2))


def _bad_json(response: Response) -> Response:
    return _changed(response, [{"type": "text", "text": f"Here it is: {_text_of(response)[:-1]}"}], "end_turn")
