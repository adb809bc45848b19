"""The page for people, as plain data drawn from the OpenAPI document: it needs no script and nothing from elsewhere.

Belongs here: flattening the document. Does not belong here: the document itself (openapi), markup (templates).
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any


def shown_groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Operations by tag, each with its parameters, body and answers."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            groups[found["tags"][0]].append(_operation(path, method, found, document))
    return [{"name": name, "operations": found} for name, found in groups.items()]


def _operation(path: str, method: str, found: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    body = found.get("requestBody")
    return {
        "id": found["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": found["summary"],
        "right": found["x-right"] or "anybody",
        "parameters": [
            {"name": one["name"], "where": one["in"], "text": one.get("description", ""), "kind": _kind(one["schema"])}
            for one in found["parameters"]
        ],
        "fields": [] if body is None else _fields(_schema(body["content"]), document),
        "answers": [
            {"status": status, "text": one["description"],
             "fields": _fields(one.get("content", {}).get("application/json", {}).get("schema", {}), document)}
            for status, one in found["responses"].items()
        ],
    }  # fmt: skip


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    """What a body holds as JSON; nothing of one that is a file."""
    found: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return found


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> list[dict[str, str]]:
    found = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    required = found.get("required", [])
    return [
        {"name": name, "text": one.get("description", ""), "kind": _kind(one),
         "needed": "needed" if name in required else ""}
        for name, one in found.get("properties", {}).items()
    ]  # fmt: skip


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    bounds = [
        f"{word} {schema[name]}"
        for name, word in (("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most"))
        if name in schema
    ]
    return " ".join([str(schema.get("type", "anything")), *bounds])
