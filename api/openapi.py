"""The OpenAPI 3.1 document, drawn from the operations and their models: they are the only definition there is.

Why not a library: those that know Flask and pydantic bring a routing of their own, while here one table also says who
may, and is what the tests of that are drawn from. pydantic writes JSON Schema in the dialect that OpenAPI 3.1 uses, so
what is left is this page.

Belongs here: the document. Does not belong here: the page for people (docs_page).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.gate import SESSION_COOKIE
from api.operations import PATH_PARAMETERS, Operation, problems_of
from api.problems import CODES, MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_JSON, _FILE = "application/json", "application/octet-stream"


def document(operations: Sequence[Operation], prefix: str) -> dict[str, Any]:
    """The OpenAPI document of ``operations`` under ``prefix``."""
    schemas, refs = _schemas(operations)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        paths[prefix + operation.rule][operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MusicGen API", "version": version("musicgen-assets"), "license": {"name": "GPL-3.0-or-later"},
            "description": "Prompt in, finished song out, every step kept as data.",
        },
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key: musicgen keys create USER."},
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE,
                            "description": "Of somebody who logged in at the page."},
                "link": {"type": "apiKey", "in": "query", "name": "share", "description": "A share link's token."},
            },
        },
    }  # fmt: skip


Refs = dict[tuple[type[BaseModel], Literal["validation", "serialization"]], dict[str, Any]]


def _schemas(operations: Sequence[Operation]) -> tuple[dict[str, Any], Refs]:
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [(Problem, "serialization")]
    for operation in operations:
        wanted += [(model, "validation") for model in (operation.query, operation.body) if model is not None]
        wanted += [(operation.answer, "serialization")] if operation.answer is not None else []
    refs, definitions = models_json_schema(list(dict.fromkeys(wanted)), ref_template=_REF)
    return dict(sorted(definitions.get("$defs", {}).items())), cast("Refs", refs)


def _operation(operation: Operation, refs: Refs) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": list(operation.tags),
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_headers(operation)],
        "responses": _responses(operation, refs),
        "security": [] if operation.right is None else [{"key": []}, {"session": []}],
        "x-right": operation.right,
    }
    if operation.right == "look":
        told["security"].append({"link": []})
    if operation.body is not None:
        told["requestBody"] = {
            "required": operation.is_body_needed,
            "content": {_JSON: {"schema": refs[operation.body, "validation"]}},
        }
    if operation.is_body_raw:
        told["requestBody"] = {"required": True, "content": {_JSON: {"schema": {"type": "object"}}}}
    if operation.takes_file:
        told["requestBody"] = {"required": True, "content": {_FILE: {"schema": {}}}}
    return told


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": text,
         "schema": {"type": "string", "pattern": pattern}}
        for name, (text, pattern) in PATH_PARAMETERS.items() if f"{{{name}}}" in operation.rule
    ]  # fmt: skip


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _plain(found),
         **({"description": found["description"]} if "description" in found else {})}
        for name, found in schema.get("properties", {}).items()
    ]  # fmt: skip


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without the null that stands for leaving it out."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "title", "default", "description")}
    return {**rest, **kinds[0]} if len(kinds) == 1 else rest | ({"anyOf": kinds} if kinds else {})


def _headers(operation: Operation) -> list[dict[str, Any]]:
    found = []
    if operation.has_idempotency_key:
        found.append(("Idempotency-Key", "The same key with the same request is the same request: it is made once.",
                      {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"}))  # fmt: skip
    if operation.is_writing and operation.right is not None:
        found.append(
            ("X-CSRF-Token", "The token of the page; only where a session's cookie is shown.", {"type": "string"})
        )
    if operation.is_stream:
        found.append(
            ("Last-Event-ID", "The id of the last message that was read: go on after it.", {"type": "integer"})
        )
    if operation.media_types:
        found.append(("Range", "A part of it: bytes=FIRST-LAST.", {"type": "string"}))
    if operation.method == "GET" and not operation.is_stream:
        found.append(("If-None-Match", "The ETag of an earlier answer.", {"type": "string"}))
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": schema}
        for name, text, schema in found
    ]


def _responses(operation: Operation, refs: Refs) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in (operation.status, *operation.other_statuses):
        responses[str(status)] = {"description": _DESCRIPTIONS[status]}
        if operation.answer is not None and status != 304:
            responses[str(status)]["content"] = {_JSON: {"schema": refs[operation.answer, "serialization"]}}
        for media_type in operation.media_types:
            responses[str(status)].setdefault("content", {})[media_type] = {"schema": {}}
        if operation.is_stream:
            responses[str(status)]["content"] = {"text/event-stream": {"schema": _EVENT}}
    if operation.media_types:
        content: dict[str, Any] = {media_type: {"schema": {}} for media_type in operation.media_types}
        responses["206"] = {"description": _DESCRIPTIONS[206], "content": content}
    if operation.method == "GET" and not operation.is_stream:
        responses["304"] = {"description": _DESCRIPTIONS[304]}
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in problems_of(operation):
        by_status[CODES[code].status].append(code)
    for status, codes in by_status.items():
        schema = refs[Problem, "serialization"]
        responses[str(status)] = {
            "description": "; ".join(f"{code}: {CODES[code].meaning}" for code in codes),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return dict(sorted(responses.items()))


_EVENT = {
    "description": "One event of the stream; its data is JSON.",
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
}
_DESCRIPTIONS = {200: "The answer.", 201: "It was made.", 202: "It was accepted and is done next.", 204: "It was done.",
                 206: "The part that was asked for.", 304: "It has not changed."}  # fmt: skip
