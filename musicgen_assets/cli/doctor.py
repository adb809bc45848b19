"""``musicgen doctor``: what is here, what optional parts would add, and what is wrong."""

from __future__ import annotations

import json
import sys

import click

from musicgen_assets.cli import EXIT_FAILED

MARKS = {"ok": "ok  ", "warning": "note", "error": "BAD "}


@click.command(short_help="Check this installation.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def doctor(is_json: bool) -> None:
    """Check Python, home, registry, store, instruments and optional parts. Exit code 1 if something is wrong."""
    from resources.health import checks
    from resources.settings import get_settings

    found = checks(get_settings())
    if is_json:
        rows = [{"name": row.name, "status": row.status, "detail": row.detail, "way_out": row.way_out} for row in found]
        click.echo(json.dumps({"checks": rows}, ensure_ascii=False))
    else:
        for row in found:
            click.echo(f"{MARKS[row.status]}  {row.name:<18} {row.detail}")
            if row.way_out:
                click.echo(f"      {'':<18} {row.way_out}")
    sys.exit(EXIT_FAILED if any(row.status == "error" for row in found) else 0)
