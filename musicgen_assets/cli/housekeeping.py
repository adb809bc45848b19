"""``musicgen housekeeping``: what the nightly job does, now and here, or only told.

Belongs here: options and lines. Does not belong here: the chores (resources.housekeeping).
"""

from __future__ import annotations

import json

import click

from musicgen_assets.cli.making import reconciled_studio
from musicgen_assets.cli.options import JSON

NAMES = ("partitions", "runs", "artifacts", "budgets")


@click.command(short_help="Free what no version needs, and tell who takes how much.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Tell what would be done, and do nothing.")
@click.option(
    "--only", "chores", multiple=True, type=click.Choice(NAMES), metavar="CHORE",
    help=f"Only this; repeat for more: {', '.join(NAMES)}.",
)  # fmt: skip
@JSON
def housekeeping(is_dry: bool, chores: tuple[str, ...], is_json: bool) -> None:
    """Take archived versions off Dagster's list, delete old runs, free what no version needs, measure users' shares.

    An object is removed when nothing has needed it for a day: marked by one housekeeping, removed by a later one.
    `musicgen up` does all this every night; how long things are kept is in the settings (MUSICGEN_HOUSEKEEPING__...).

    \b
    Example: musicgen housekeeping --dry-run
    """
    from resources.housekeeping.chores import do
    from resources.layout import open_instance

    with reconciled_studio() as studio, open_instance(studio.settings) as instance:
        told = []
        for name in [name for name in NAMES if not chores or name in chores]:
            report = do(name, studio, instance, is_dry=is_dry)
            told.append(
                {"chore": name, "text": report.text, **report.facts, "rows": [dict(row) for row in report.rows]}
            )
            if not is_json:
                click.echo(f"{name:<11} {report.text}")
                for row in report.rows:
                    click.echo("    " + "  ".join(f"{name} {value}" for name, value in row.items()))
    if is_json:
        click.echo(json.dumps({"is_dry_run": is_dry, "chores": told}, ensure_ascii=False))
