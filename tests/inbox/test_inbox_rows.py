"""Files of requests are read row by row: what is wrong with one row is told with its line, and the others go on."""

from __future__ import annotations

import json

import pytest

from musicgen_assets.context.failures import BadInput
from resources.inbox.rows import rows_of


def told(name: str, text: str | bytes) -> list[tuple[int, object]]:
    """(line, fields or the rule that was broken) of every row."""
    data = text.encode() if isinstance(text, str) else text
    return [(row.line, row.problem.rule if row.problem else row.fields) for row in rows_of(name, data)]


def test_json_lines_go_on_after_a_broken_one() -> None:
    text = '{"prompt": "a"}\n\n{"prompt": \n[1]\n{"prompt": "b", "seed": 7}'
    assert told("q.jsonl", text) == [
        (1, {"prompt": "a"}),
        (3, "it is no JSON: Expecting value at character 12"),
        (4, "it is a list, not an object of fields"),
        (5, {"prompt": "b", "seed": 7}),
    ]


@pytest.mark.parametrize("line", ['{"seed": 1, "seed": 2}', '{"overrides": {"musical.key": "C", "musical.key": "D"}}'])
def test_a_field_that_stands_twice_is_refused_rather_than_guessed(line: str) -> None:
    ((number, rule),) = told("q.jsonl", line)
    assert number == 1
    assert "stands in it twice" in str(rule)


def test_numbers_that_are_none_are_refused() -> None:
    assert told("q.jsonl", '{"seed": NaN}') == [(1, "NaN is no number")]


def test_a_list_tells_the_line_of_each_object() -> None:
    rows = [{"prompt": "a"}, {"prompt": "b"}]
    assert told("q.json", json.dumps(rows, indent=2)) == [(2, rows[0]), (5, rows[1])]
    assert told("q.json", json.dumps(rows[0])) == [(1, rows[0])]
    assert told("q.json", "[]") == []


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ('[{"a": 1},\n{"b": }]', (2, "it is no JSON from here on: Expecting value")),
        ('[{"a": 1}\n{"b": 2}]', (2, 'the list is not closed, or a "," is missing')),
        ('[{"a": 1}', (1, 'the list is not closed, or a "," is missing')),
        ('[{"a": 1},', (1, "the list is not closed")),
        ('{"a": 1}\n{"b": 2}', (2, "something follows the object; put several into a list")),
    ],
)
def test_what_stands_before_a_break_counts_and_the_break_is_told(text: str, last: tuple[int, str]) -> None:
    first, *rest = told("q.json", text)
    assert first == (1, {"a": 1})
    assert rest == [last]


def test_csv_cells_are_fields_and_empty_ones_are_not_given() -> None:
    text = 'prompt,duration_s,musical.key\r\n"calm, slow",45,\r\n\r\nloud,,Eb\r\n'
    assert told("q.csv", text) == [
        (2, {"prompt": "calm, slow", "duration_s": "45"}),
        (4, {"prompt": "loud", "musical.key": "Eb"}),
    ]


def test_a_formula_is_no_value_and_too_many_cells_are_no_row() -> None:
    text = 'prompt,title\n"=HYPERLINK(""http://x"")",t\na,b,c\nfine,\n'
    (two, formula), (three, cells), (four, fine) = told("q.csv", text)
    assert (two, three, four) == (2, 3, 4)
    assert formula == "it is a spreadsheet's formula"
    assert "3 cells under 2 column names" in str(cells)
    assert fine == {"prompt": "fine"}


@pytest.mark.parametrize("name", ["q.csv", "q.jsonl"])
def test_a_row_in_another_encoding_is_refused_and_the_next_is_read(name: str) -> None:
    lines = [b"prompt", b"caf\xe9", b"cafe"] if name == "q.csv" else [b'{"prompt": "caf\xe9"}', b'{"prompt": "cafe"}']
    bad, good = told(name, b"\n".join(lines))
    assert bad[1] == "it is not UTF-8 text"
    assert good[1] == {"prompt": "cafe"}


@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("q.csv", "prompt\nx".encode("utf-16"), "UTF-16"),
        ("q.json", b'{"a": 1}\x00', "NUL"),
        ("q.json", b"hello", "neither an object nor a list"),
        ("q.csv", b"\n", "no header"),
        ("q.csv", b"prompt,prompt\na,b", "names a column twice: prompt"),
        ("q.xlsx", b"PK", "ends in .xlsx"),
    ],
)
def test_what_is_no_file_of_requests_is_refused_as_a_whole(name: str, data: bytes, rule: str) -> None:
    with pytest.raises(BadInput, match=rule) as caught:
        list(rows_of(name, data))
    assert caught.value.way_out


def test_a_byte_order_mark_is_no_part_of_the_first_field() -> None:
    assert told("q.csv", b"\xef\xbb\xbfprompt\nx") == [(2, {"prompt": "x"})]
