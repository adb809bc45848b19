"""``musicgen engines``: who could make a song here, what each can do, what it costs, and why not.

Belongs here: showing the list. Does not belong here: the list itself (musicgen_assets.engines), asking anybody
(resources).
"""

from __future__ import annotations

import json
from typing import Any

import click

from musicgen_assets.cli.options import JSON

_TASK_WORDS = (
    ("full_song", "song"), ("instrumental", "instr"), ("vocals", "vocal"), ("lyrics", "words"),
    ("prompt_enhancement", "prompt"), ("stem_separation", "stems"),
)  # fmt: skip


@click.command(short_help="List the engines that can make songs, words and stems, and how they stand.")
@click.option("--check", "is_checked", is_flag=True, help="Ask those that are configured whether they answer.")
@click.option("--outcomes", is_flag=True, help="What became of the songs each made: released, passed, kept, cost.")
@click.option("--drawn", "is_drawn_only", is_flag=True, help="With --outcomes: only songs shared out by weight.")
@JSON
def engines(is_checked: bool, outcomes: bool, is_drawn_only: bool, is_json: bool) -> None:
    """List every engine: what it can do, how long, for how much, how far it follows orders, and whether it is ready.

    Which one makes a song is decided by one router: whom you name with --engine if able, else the best by --policy.
    """
    from resources.engines_shown import engine_rows
    from resources.settings import get_settings

    if outcomes:
        _show_outcomes(is_drawn_only=is_drawn_only, is_json=is_json)
        return
    rows = engine_rows(get_settings(), is_checked=is_checked)
    if is_json:
        click.echo(json.dumps({"engines": rows}, ensure_ascii=False))
        return
    words = " ".join(f"{word:<6}" for _, word in _TASK_WORDS)
    click.echo(f"{'':<14}{words} {'seconds':<9} {'price':<16} {'repeats':<12} stands")
    for row in rows:
        click.echo(_line(row))


def _show_outcomes(*, is_drawn_only: bool, is_json: bool) -> None:
    from resources.layout import ensure_home
    from resources.outcomes import by_engine, outcome_rows
    from resources.registry import open_registry
    from resources.settings import get_settings

    settings = get_settings()
    ensure_home(settings)
    rows = outcome_rows(open_registry(settings), is_drawn_only=is_drawn_only)
    table = by_engine(rows)
    if is_json:
        click.echo(json.dumps({"engines": json.loads(table.to_json(orient="records")), "decisions": rows}))
    elif table.empty:
        click.echo("No engine was chosen for any song yet.")
    else:
        click.echo(table.to_string(index=False, na_rep="-"))


def _line(row: dict[str, Any]) -> str:
    marks = " ".join(f"{'yes' if task in row['tasks'] else '-':<6}" for task, _ in _TASK_WORDS)
    span = f"{row['duration_s'][0]:g}-{row['duration_s'][1]:g}"
    price = "free" if row["price"]["per"] == "nothing" else f"${row['price']['usd']}/{row['price']['per']}"
    sale = "" if row["licence"]["is_commercial"] else "; not for sale"
    return f"{row['name']:<14}{marks} {span:<9} {price:<16} {row['determinism']:<12} {row['stands']}{sale}"
