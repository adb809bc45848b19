"""Definition files of a home that are started by the clock: which there are, when, and what is wrong with the others.

Belongs here: looking at the folder. Does not belong here: Dagster's schedules (musicgen_assets.schedules).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musicgen_assets.context.failures import Failure
from resources.batches.definition import BatchDefinition, files_in, folder_of, read_definition
from resources.settings import Settings


@dataclass(frozen=True)
class Looked:
    """A file of the folder: what it defines, or why it defines nothing."""

    path: Path
    definition: BatchDefinition | None
    problem: str = ""


def look_at(settings: Settings) -> list[Looked]:
    """Every definition file of the home, by name. Two that call their batch alike are a problem of the second.

    A folder that cannot be read is told as the one thing in it.
    """
    found: list[Looked] = []
    names: dict[str, str] = {}
    try:
        files = files_in(settings)
    except Failure as failure:
        return [Looked(folder_of(settings), None, str(failure))]
    for path in files:
        try:
            definition = read_definition(path)
        except Failure as failure:
            found.append(Looked(path, None, str(failure)))
            continue
        plain = definition.name.replace("-", "_")  # as Dagster's names are written
        if plain in names:
            rule = f"{path.name}, name: {definition.name!r} is the batch of {names[plain]} already."
            found.append(Looked(path, None, f"{rule} Give it a name of its own."))
            continue
        names[plain] = path.name
        found.append(Looked(path, definition))
    return found


def look_at_files(settings: Settings) -> list[dict[str, Any]]:
    """The same as plain data: {"file", "batch", "starts": in words, "problem"}."""
    return [
        {
            "file": looked.path.name,
            "batch": None if looked.definition is None else looked.definition.name,
            "starts": _starts(looked.definition),
            "problem": looked.problem,
        }
        for looked in look_at(settings)
    ]


def _starts(definition: BatchDefinition | None) -> str:
    if definition is None:
        return ""
    if definition.schedule is None:
        return "started by hand"
    return f"starts at {definition.schedule.cron} ({definition.schedule.timezone})"
