"""The report of a batch as a page for a browser: one file, nothing loaded from elsewhere.

Belongs here: HTML. Does not belong here: numbers (report).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from resources.batches.report import Report

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ about.batch }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #222 }
table { border-collapse: collapse; margin-bottom: 1.5rem } td, th { padding: .25rem .6rem; text-align: left }
th { background: #f2f2f2; position: sticky; top: 0 } tr { border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums } .wide { overflow-x: auto }
tr.failed, tr.stopped { background: #fdecea } tr.cancelled { background: #fff6e0 }
</style></head><body>
<h1>{{ about.batch }}</h1>
<p>{{ about.songs }} songs for {{ about.user }} from {{ about.source }}, started {{ about.started_at }}{%
if about.deadline %}, to be begun by {{ about.deadline }}{% endif %}:
{% for state, count in about.counts.items() %}<b>{{ count }}</b> {{ state }}{{ ", " if not loop.last }}{% endfor %}.
{{ "%.0f"|format(computed_s) }} s of computing, {{ "%.2f"|format(cost_usd) }} USD.</p>
<h2>Measured</h2>
{{ table(numbers) }}
<h2>What stopped songs</h2>
{% if failures.rows %}{{ table(failures) }}{% else %}<p>Nothing.</p>{% endif %}
<h2>Songs</h2>
<div class="wide">{{ table(songs) }}</div>
</body></html>
"""

_TABLE = """<table><thead><tr>{% for name in columns %}<th>{{ name.replace("_", " ") }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr class="{{ row.kind }}">{% for cell in row.cells %}<td{{
' class="number"'|safe if cell.is_number }}>{{ cell.text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>"""


def page_of(report: Report) -> str:
    """The page."""
    from jinja2 import Environment
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True)
    table = environment.from_string(_TABLE)

    def drawn(found: dict[str, Any]) -> Markup:
        return Markup(table.render(**found))  # noqa: S704  # rendered with autoescape just now

    songs = report.songs.dropna(axis="columns", how="all")
    return environment.from_string(_TEMPLATE).render(
        about=report.about, computed_s=report.computed_s, cost_usd=report.cost_usd, table=drawn,
        numbers=_plain(report.numbers), failures=_plain(report.failures), songs=_plain(songs),
    )  # fmt: skip


def _plain(table: pd.DataFrame) -> dict[str, Any]:
    """A table's columns, and its rows with how each cell is shown."""
    kinds = [str(state).partition(" ")[0] for state in table["state"]] if "state" in table else [""] * len(table)
    rows = [
        {"kind": kind, "cells": [_cell(value) for value in row]}
        for kind, row in zip(kinds, table.itertuples(index=False, name=None), strict=True)
    ]
    return {"columns": list(table.columns), "rows": rows}


def _cell(value: Any) -> dict[str, Any]:
    import pandas as pd

    if isinstance(value, str):
        return {"text": value, "is_number": False}
    if pd.isna(value):
        return {"text": "", "is_number": True}
    if value in (True, False) and not isinstance(value, (int, float)):
        return {"text": "yes" if value else "no", "is_number": False}
    return {"text": f"{value:.2f}" if isinstance(value, float) else str(value), "is_number": True}
