"""Files that a row names to be put in an artifact's place: read from the inbox, checked and kept as uploads are.

Belongs here: what the fields "melody_file" and "replace" hold, and how much a row may bring. Does not belong here:
where the inbox lies (folder), what such files must be (resources.uploads).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.failures import BadInput
from resources.inbox.folder import Inbox
from resources.store import ArtifactStore
from resources.uploads import MELODY_OPTION, REPLACE, replacements, started_from

MELODY_FILE, REPLACE_FIELD = "melody_file", "replace"
FIELDS = (MELODY_FILE, REPLACE_FIELD)
FILES_MAX, ROW_MAX_BYTES = 24, 256 * 1024 * 1024
"""How many files a row may name, and how large they may be together: one look must not fill the memory."""
_NAMES = {REPLACE: REPLACE_FIELD, MELODY_OPTION: MELODY_FILE}
"""What the command line calls a field, to what a row calls it."""
_WAY_OUT = 'Example: {"stem:drums": "drums.wav", "vocals": "take.flac"}, in CSV: stem:drums=drums.wav; vocals=take.flac'
_TEMPO = "musical.tempo_bpm"


def given_of(fields: Mapping[str, Any], inbox: Inbox, store: ArtifactStore) -> dict[str, Any]:
    """Context paths to values of the files that a row names; nothing where it names none.

    Every file is checked before any is kept. Raises BadInput with the row's field, TransientFailure for a file that is
    still being written.
    """
    asked = _asked(fields)
    if not asked:
        return {}
    read = _Counted(inbox)
    try:
        found: dict[str, Any] = {}
        tune = asked.pop(MELODY_FILE, None)
        if tune is not None and "version" in fields:
            asked["melody"] = tune
        elif tune is not None:
            found = started_from(store, tune, _tempo(fields), read.read)
        return found | replacements(store, [f"{what}={name}" for what, name in asked.items()], read.read)
    except BadInput as problem:
        field = _NAMES.get(problem.field, problem.field)
        raise BadInput(field, problem.value, problem.rule, way_out=problem.way_out) from problem


class _Counted:
    """Reads from the inbox until a row has had its share."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._left_bytes = ROW_MAX_BYTES

    def read(self, name: str, field: str, most_bytes: int) -> bytes:
        """See resources.uploads.Reader."""
        data = self._inbox.beside(name, field, min(most_bytes, self._left_bytes))
        self._left_bytes -= len(data)
        return data


def _asked(fields: Mapping[str, Any]) -> dict[str, str]:
    """What is to be replaced, to the name of a file; the tune under MELODY_FILE."""
    found: dict[str, str] = {}
    tune, others = fields.get(MELODY_FILE), fields.get(REPLACE_FIELD, {})
    if tune is not None:
        if not isinstance(tune, str):
            raise BadInput(MELODY_FILE, tune, "it is no name of a file", way_out="Example: idea.mid")
        found[MELODY_FILE] = tune
    if isinstance(others, str):
        pairs = [part.partition("=") for part in others.split(";") if part.strip()]
        others = {what.strip(): name.strip() for what, _, name in pairs}
    if not isinstance(others, dict) or not all(isinstance(name, str) and name for name in others.values()):
        raise BadInput(REPLACE_FIELD, others, "it does not say which file stands for what", way_out=_WAY_OUT)
    if len(others) > FILES_MAX:
        raise BadInput(REPLACE_FIELD, len(others), f"{FILES_MAX} files at most", way_out="Name fewer files in a row.")
    return {**found, **others}


def _tempo(fields: Mapping[str, Any]) -> float | None:
    overrides = fields.get("overrides")
    tempo = fields.get(_TEMPO, overrides.get(_TEMPO) if isinstance(overrides, Mapping) else None)
    try:
        return None if tempo is None else float(tempo)
    except (TypeError, ValueError):
        return None  # refused by its own rule
