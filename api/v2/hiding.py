"""What a result was carried from may be somebody else's song: such names are taken out of answers here.

Belongs here: taking them out. Does not belong here: who may see what (resources.access.scope).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from api.operations import Call
from resources.access.scope import visible_partitions

ELSEWHERE = "another song"
_PARTITION = re.compile(r"[a-z0-9][a-z0-9-]*@v[1-9][0-9]*")
_NAMING = ("carried_from", "why")
"""Fields whose text may name any version there is."""


def without_others(call: Call, data: Any) -> Any:
    """``data`` with ELSEWHERE in the place of versions that the caller may not know of."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_PARTITION.findall(text))
        return text

    _walk(data, note, is_naming=False)
    if not found:
        return data
    with call.studio.registry.reading() as session:
        seen = visible_partitions(session, call.caller, found)
    return _walk(
        data, lambda text: _PARTITION.sub(lambda one: one[0] if one[0] in seen else ELSEWHERE, text), is_naming=False
    )


def _walk(data: Any, change: Callable[[str], str], *, is_naming: bool) -> Any:
    if isinstance(data, dict):
        return {name: _walk(value, change, is_naming=is_naming or name in _NAMING) for name, value in data.items()}
    if isinstance(data, list):
        return [_walk(value, change, is_naming=is_naming) for value in data]
    return change(data) if is_naming and isinstance(data, str) else data
