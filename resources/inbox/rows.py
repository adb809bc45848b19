"""A file of requests, row by row: JSON, JSON lines or CSV. A bad row is told with its line, and the others go on.

Belongs here: syntax. Does not belong here: what the fields mean (asking), where files lie (folder).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from musicgen_assets.context.failures import BadInput

ENDINGS = ("json", "jsonl", "ndjson", "csv")
_WAY_OUT = "Correct the line; rows that were accepted stay accepted."
_JSON_SPACE = " \t\r\n"


@dataclass(frozen=True)
class Row:
    """One row: the line it begins on (from 1), and its fields, or what is wrong with it."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    problem: BadInput | None = None


def rows_of(name: str, data: bytes) -> Iterator[Row]:
    """Every row of the file ``name``, by its ending. Raises BadInput for one that is no such file as a whole."""
    ending = name.rsplit(".", 1)[-1].lower()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput("file", name, "it is UTF-16 text", way_out="Save it as UTF-8.")
    text = data.decode("utf-8-sig", errors="surrogateescape")
    if "\x00" in text:
        raise BadInput("file", name, "it holds NUL bytes, so it is no text", way_out="Save it as UTF-8 text.")
    if ending == "csv":
        return _csv_rows(name, text)
    if ending in ("jsonl", "ndjson"):
        return _json_lines(text)
    if ending == "json":
        return _json_rows(name, text)
    raise BadInput("file", name, f"it ends in .{ending}", way_out=f"Known endings: .{', .'.join(ENDINGS)}.")


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip(_JSON_SPACE):
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row:
    try:
        return _row(number, json.loads(line, object_pairs_hook=_without_repeats, parse_constant=_no_constant))
    except json.JSONDecodeError as error:
        return _broken(number, f"it is no JSON: {error.msg} at character {error.pos + 1}")
    except _RepeatedNameError as error:
        return _broken(number, str(error))
    except RecursionError:
        return _broken(number, "it is nested too deeply")


def _json_rows(name: str, text: str) -> Iterator[Row]:
    """The objects of a list, or the only one. A break in the syntax ends the file: what follows cannot be told."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    at = _after_space(text, 0)
    is_list = text[at : at + 1] == "["
    if not is_list and text[at : at + 1] != "{":
        raise BadInput("file", name, "it holds neither an object nor a list", way_out='Begin it with "{" or "[".')
    at = _after_space(text, at + 1) if is_list else at
    if is_list and text[at : at + 1] == "]":
        return
    while True:
        number = text.count("\n", 0, at) + 1
        if at >= len(text):
            yield _broken(number, "the list is not closed")
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            yield _broken(error.lineno, f"it is no JSON from here on: {error.msg}")
            return
        except (_RepeatedNameError, RecursionError) as error:
            yield _broken(number, str(error) or "it is nested too deeply")
            return
        yield _row(number, value)
        at = _after_space(text, at)
        if not is_list or text[at : at + 1] == "]":
            break
        if text[at : at + 1] != ",":
            yield _broken(text.count("\n", 0, at) + 1, 'the list is not closed, or a "," is missing')
            return
        at = _after_space(text, at + 1)
    if not is_list and at < len(text):
        yield _broken(text.count("\n", 0, at) + 1, "something follows the object; put several into a list")


def _csv_rows(name: str, text: str) -> Iterator[Row]:
    """Rows under a header of field names. An empty cell is a field that was not given; a formula is no value."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise BadInput("file", name, f"its first line is no CSV: {error}", way_out=_WAY_OUT) from error
    repeated = sorted({column for column in header if column and header.count(column) > 1})
    if not any(header) or repeated:
        rule = f"it names a column twice: {', '.join(repeated)}" if repeated else "it has no header"
        raise BadInput("file", name, rule, way_out="Begin it with a line of field names, such as: prompt,duration_s")
    return _csv_cells(reader, header)


def _csv_cells(reader: Any, header: list[str]) -> Iterator[Row]:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield _broken(number, f"it is no CSV: {error}")
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        yield _csv_row(number, header, cells)


def _csv_row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) > len(header):
        rule = f"it has {len(cells)} cells under {len(header)} column names; put text with commas in quotes"
        return _broken(number, rule)
    given = {column: cell.strip() for column, cell in zip(header, cells, strict=False) if column and cell.strip()}
    for column, cell in given.items():
        if cell.startswith("="):
            problem = BadInput(column, cell, "it is a spreadsheet's formula", way_out="Export values, not formulas.")
            return Row(number, problem=problem)
    return _row(number, given)


def _row(number: int, value: Any) -> Row:
    if not isinstance(value, dict):
        return _broken(number, f"it is a {type(value).__name__}, not an object of fields")
    for name, found in value.items():
        for text in (name, found):
            if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
                return _broken(number, "it is not UTF-8 text")
    return Row(number, value)


def _broken(number: int, rule: str) -> Row:
    return Row(number, problem=BadInput("line", number, rule, way_out=_WAY_OUT))


class _RepeatedNameError(ValueError):
    """A field that stands twice in one object: JSON readers silently take the last, and a person means one of them."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedNameError(f'the field "{name}" stands in it twice')
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise _RepeatedNameError(f"{name} is no number")


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _JSON_SPACE:
        at += 1
    return at
