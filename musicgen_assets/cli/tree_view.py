"""The tree of versions and the history of one, as lines of text.

Belongs here: drawing rows of resources.summary. Does not belong here: gathering them, printing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

_WORDS_WIDTH = 60
"""Columns given to what a version changed."""


def tree_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line per version: branch, partition, state, change, loudness, when; the newest one is marked."""
    lines = [f"{_branch(rows, index)}{row['partition']}" for index, row in enumerate(rows)]
    table = [
        (line, row["status"].replace("_", " "), clipped(row["words"], _WORDS_WIDTH), _loudness(row),
         _local(row["created_at"], "minutes"), "← newest" if row["is_newest"] else "")
        for line, row in zip(lines, rows, strict=True)
    ]  # fmt: skip
    return aligned(table)


def history_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line per event: when, what happened, why, in which run."""
    table = [
        (_local(row["at"], "seconds"), row["what"], clipped(row["reason"], 100),
         f"run {row['run_id'][:8]}" if row["run_id"] else "")
        for row in rows
    ]  # fmt: skip
    return aligned(table)


def executing_line(row: dict[str, Any]) -> str:
    """ "being made: mixing/mix, 62 %, about 4 s left (process 711 on here)"."""
    parts = [row["asset"] or "starting", f"{row['fraction'] * 100:.0f} %"]
    if row["left_s"] is not None:
        parts.append(f"about {row['left_s']:.0f} s left")
    doing = "being cancelled" if row["is_cancelling"] else "being made"
    return f"{doing}: {', '.join(parts)} (process {row['pid']} on {row['host']})"


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Cells padded to the width of their column, two spaces between; columns without text left out."""
    columns = [column for column in zip_longest(*table, fillvalue="") if any(column)]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in zip(*columns, strict=True)
    ]


def clipped(text: str, width: int) -> str:
    """One line of at most ``width`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1].rstrip()}…"


def _branch(rows: Sequence[dict[str, Any]], index: int) -> str:
    """The box characters before a row: a bar for every ancestor that has a later sibling, then its own corner."""
    depth = rows[index]["depth"]
    marks = []
    for level in range(1, depth + 1):
        has_next = _has_next(rows, index, level)
        marks.append(("├─ " if has_next else "└─ ") if level == depth else ("│  " if has_next else "   "))
    return "".join(marks)


def _has_next(rows: Sequence[dict[str, Any]], index: int, level: int) -> bool:
    """Whether another row of that depth follows before the branch ends."""
    for row in rows[index + 1 :]:
        if row["depth"] <= level:
            return bool(row["depth"] == level)
    return False


def _local(moment: str, timespec: str) -> str:
    """An ISO time on this machine's clock: "2026-03-01 14:05"."""
    return datetime.fromisoformat(moment).astimezone().replace(tzinfo=None).isoformat(" ", timespec)


def _loudness(row: dict[str, Any]) -> str:
    return "" if row["loudness_lufs"] is None else f"{row['loudness_lufs']:.1f} LUFS"
