"""Taking what lies in the inbox: each row through the one door, and an answer beside each file.

A row's idempotency key is made from its content, so taking a file twice, after a crash or because its answer could
not be written, makes nothing twice.

Belongs here: order, time and answers of one look. Does not belong here: syntax (rows), fields (asking), the door.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from musicgen_assets.context.failures import BadInput, Failure
from musicgen_assets.graph.payloads import canonical_json
from resources.door import submit
from resources.inbox.asking import key_of, request_of
from resources.inbox.folder import Found, Inbox
from resources.inbox.given import given_of
from resources.inbox.rows import Row, rows_of
from resources.registry import Registry
from resources.settings import Settings
from resources.store import ArtifactStore

READING, DONE, REFUSED = "reading", "done", "refused"


@dataclass
class Look:
    """What came of one look into the inbox. ``seen`` and ``last`` are what the next one must be handed."""

    accepted: int = 0
    refused: int = 0
    answered: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Files that may still be being written, or that the time did not reach."""
    troubles: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    """Files that are answered, with the marks of both: a next look in the same process need not read their answers."""
    last: str = ""
    """The file that was served last: the next look begins behind it, so a huge one keeps nobody waiting for long."""


def take(
    inbox: Inbox, registry: Registry, settings: Settings, seen: Mapping[str, str], last: str = "",
    budget_s: float = 20.0, done: Mapping[str, str] | None = None,
) -> Look:  # fmt: skip
    """One look into the inbox. ``seen`` (file name to mark), ``last`` and ``done`` are as the look before left them.

    A file is taken once two looks saw it the same: whoever writes it has finished by then. Trouble with one file is
    told in ``troubles`` and does not hold up the others. Raises a Failure where the inbox cannot be listed.
    """
    deadline = time.monotonic() + budget_s
    look = Look(last=last)
    files = inbox.files()
    for file in [file for file in files if file.name > last] + [file for file in files if file.name <= last]:
        marks = f"{file.mark} {file.answer_mark}"
        if done and done.get(file.name) == marks:
            look.done[file.name] = marks
            continue
        try:
            known = inbox.answer(file) if file.answer_mark else None
            is_same = known is not None and known.get("mark") == file.mark
            if known is not None and is_same and known.get("status") != READING:
                look.done[file.name] = marks
                continue
            look.seen[file.name] = file.mark
            if seen.get(file.name) != file.mark or time.monotonic() >= deadline:
                look.waiting.append(file.name)
                continue
            look.last = file.name
            answer = _taken(inbox, file, known if is_same else None, registry, settings, deadline)
            inbox.tell(file, answer)
        except Failure as failure:
            look.troubles.append(f"{file.name}: {failure}")
            continue
        _count(look, file, answer, known if is_same else None)
    return look


def _count(look: Look, file: Found, answer: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    look.accepted += answer["accepted"] - (before["accepted"] if before else 0)
    look.refused += answer["refused"] - (before["refused"] if before else 0)
    if answer["status"] == READING:
        look.waiting.append(file.name)
    else:
        look.answered.append(file.name)
        look.seen.pop(file.name, None)


def _taken(
    inbox: Inbox, file: Found, known: Mapping[str, Any] | None, registry: Registry, settings: Settings, deadline: float
) -> dict[str, Any]:
    """The answer to a file after its rows went through the door, from where ``known`` left off, until ``deadline``."""
    told: list[dict[str, Any]] = list(known["rows"]) if known else []
    equal: Counter[bytes] = Counter()
    status = DONE
    try:
        rows = rows_of(file.name, inbox.read(file))
        for row in islice(rows, len(told)):
            _occurrence(row, equal)
        for number, row in enumerate(rows):
            if number and time.monotonic() >= deadline:  # one row at least, or a slow machine would never finish
                status = READING
                break
            told.append(_asked(row, file, _occurrence(row, equal), inbox, registry, settings))
    except BadInput as problem:  # of the file as a whole
        status = REFUSED
        told.append({"line": None, **_refusal(problem)})
    counts = Counter(row["status"] for row in told)
    return {
        "file": file.name, "mark": file.mark, "status": status, "accepted": counts["accepted"],
        "refused": counts["refused"], "rows": told,
    }  # fmt: skip


def _occurrence(row: Row, equal: Counter[bytes]) -> int:
    """How many equal rows the file held before this one."""
    if row.problem is not None:
        return 0
    content = canonical_json(row.fields)
    equal[content] += 1
    return equal[content] - 1


def _asked(
    row: Row, file: Found, occurrence: int, inbox: Inbox, registry: Registry, settings: Settings
) -> dict[str, Any]:
    """What became of a row. Raises a TransientFailure of the registry, or for a file that it names and that is still
    being written: the row is tried again by the next look.
    """
    if row.problem is not None:
        return {"line": row.line, **_refusal(row.problem)}
    try:
        given = given_of(row.fields, inbox, ArtifactStore(settings.artifacts_url))
        request = request_of(row.fields, key_of(file.name, row.fields, occurrence, given), given)
        submission = submit(registry, request, settings)
    except BadInput as problem:
        return {"line": row.line, **_refusal(problem)}
    return {
        "line": row.line, "status": "accepted", "composition": submission.composition,
        "version": submission.partition, "request": submission.request_id, "seed": submission.seed,
        "is_new": submission.is_new,
    }  # fmt: skip


def _refusal(problem: BadInput) -> dict[str, Any]:
    return {
        "status": "refused", "field": problem.field, "value": repr(problem.value)[:200], "rule": problem.rule,
        "way_out": problem.way_out,
    }  # fmt: skip
