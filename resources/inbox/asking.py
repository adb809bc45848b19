"""From the fields of a row to a request: the names of the form in the UI, and any path of the context.

Belongs here: what the fields are called. Does not belong here: their rules (context.request, the door).
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import (
    SHORTCUTS,
    CompositionRequest,
    RevisionRequest,
    filled_in,
    parse_styles,
)
from musicgen_assets.graph.payloads import canonical_json
from resources.inbox.given import FIELDS

_COMMON = ("kind", "overrides", "styles", *SHORTCUTS)
_FORMS: dict[str, type[CompositionRequest] | type[RevisionRequest]] = {
    "compose": CompositionRequest, "revise": RevisionRequest,
}  # fmt: skip


def request_of(
    fields: Mapping[str, Any], key: str, given: Mapping[str, Any] | None = None
) -> CompositionRequest | RevisionRequest:
    """The request that a row asks for; ``key`` is its idempotency key unless it brings one, ``given`` what the files
    come to that it names (given.given_of): its own overrides beat them.

    A name with a dot is a path of the context ("musical.tempo_bpm"); text under it is read as JSON where it is JSON,
    as after --set. "styles" is a list, or text such as "house=0.7; jazz_swing=0.3". Raises BadInput.
    """
    kind = str(fields.get("kind", "revise" if "version" in fields else "compose"))
    form = _FORMS.get(kind)
    if form is None:
        raise BadInput("kind", kind, "there is no such kind of request", way_out=f"Known: {', '.join(_FORMS)}.")
    own = {name: value for name, value in fields.items() if name in form.model_fields and name not in _COMMON}
    for name in fields:
        if name not in own and name not in (*_COMMON, *FIELDS) and "." not in name:
            _refuse_unknown(name, form)
    if kind == "compose":
        own.setdefault("prompt", "")
    if isinstance(own.get("rerolls"), str):
        own["rerolls"] = tuple(part.strip() for part in own["rerolls"].split(";") if part.strip())
    own.setdefault("idempotency_key", key)
    own["overrides"] = {**(given or {}), **_overrides(fields)}
    return filled_in(RevisionRequest, **own) if form is RevisionRequest else filled_in(CompositionRequest, **own)


def key_of(
    file_name: str, fields: Mapping[str, Any], occurrence: int, given: Mapping[str, Any] | None = None
) -> str:  # fmt: skip
    """The idempotency key of a row: the same row of the same file is the same song, whatever else the file says, as
    long as the files that it names are the same.

    ``occurrence`` counts equal rows of one file from 0, for asking twice for the same thing is asking for two songs.
    """
    parts = [file_name, dict(fields), occurrence, *([dict(given)] if given else [])]
    digest = hashlib.sha256(canonical_json(parts)).hexdigest()
    return f"inbox:{digest[:40]}"


def _overrides(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = fields.get("overrides", {})
    if isinstance(given, str):
        given = _json_or_text(given)
    if not isinstance(given, dict):
        raise BadInput("overrides", given, "it is no object", way_out='Example: {"musical.key": "Eb"}')
    found: dict[str, Any] = {path: fields[name] for name, path in SHORTCUTS.items() if name in fields}
    if isinstance(found.get("technical.duration_s"), str):
        found["technical.duration_s"] = _json_or_text(found["technical.duration_s"])
    styles = fields.get("styles", ())
    if isinstance(styles, str):
        styles = [part.strip() for part in styles.split(";") if part.strip()]
    if not isinstance(styles, (list, tuple)) or not all(isinstance(style, str) for style in styles):
        raise BadInput("styles", styles, "it is no list of names", way_out='Example: ["house=0.7", "jazz_swing=0.3"]')
    if (genres := parse_styles(styles)) is not None:
        found["musical.genres"] = genres
    paths = {name: value for name, value in fields.items() if "." in name}
    return found | {name: _json_or_text(value) for name, value in paths.items()} | given


def _json_or_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _refuse_unknown(name: str, form: type[CompositionRequest] | type[RevisionRequest]) -> None:
    known = [*(field for field in form.model_fields if field not in _COMMON), *_COMMON, *FIELDS]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    way_out = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}, and paths such as musical.key."
    raise BadInput(name, name, "there is no such field", way_out=way_out)
