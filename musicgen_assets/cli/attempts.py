"""``musicgen attempts``: what was asked of engines outside, what it cost, and settling what nobody knows the end of.

Belongs here: showing and asking. Does not belong here: the ledger's rules (resources.settling).
"""

from __future__ import annotations

import json

import click

from musicgen_assets.cli.options import JSON


@click.group(short_help="Show what was asked of engines outside and what it cost; settle unknown outcomes.")
def attempts() -> None:
    """The ledger of calls to engines outside. A row is written before each call, and none is ever forgotten."""


@attempts.command("list", short_help="List calls, newest first.")
@click.argument("version", required=False, metavar="[COMPOSITION[@vN]]")
@click.option("--open", "is_open", is_flag=True, help="Only those that may still come to something, or to a bill.")
@JSON
def list_attempts(version: str | None, is_open: bool, is_json: bool) -> None:
    """List the calls of VERSION, or the newest of all."""
    from resources.settings import get_settings
    from resources.settling import attempt_rows

    rows, total_usd = attempt_rows(get_settings(), version, is_open=is_open)
    if is_json:
        click.echo(json.dumps({"attempts": rows, "total_usd": total_usd}, ensure_ascii=False))
        return
    for row in rows:
        cost = row["cost_usd"] if row["cost_usd"] is not None else f"about {row['estimate_usd']}"
        why = f"  {row['reason']}: {row['error']}" if row["error"] else ""
        click.echo(
            f"{row['id']:>5}  {row['partition']:<24} {row['task']:<14} {row['provider']:<12} {row['status']:<10} "
            f"${cost}{why}"
        )
    click.echo(f"in all ${total_usd}")


@attempts.command("settle", short_help="Say what came of a call whose outcome is not known.")
@click.argument("attempt", type=int)
@click.option(
    "--lost", "is_lost", is_flag=True, help="The provider never took it, or it is gone: it may be sent again."
)
@click.option("--job", "job_id", metavar="ID", help="The provider took it as job ID: it is waited for.")
@click.option("--cost", "cost_usd", metavar="USD", help="What it cost all the same; default 0.")
def settle(attempt: int, is_lost: bool, job_id: str | None, cost_usd: str | None) -> None:
    """Settle ATTEMPT, then go on with its version: musicgen retry.

    Example: musicgen attempts settle 12 --job 5f3c
    """
    from resources.settings import get_settings
    from resources.settling import settle_attempt

    partition = settle_attempt(get_settings(), attempt, is_lost=is_lost, job_id=job_id, cost_usd=cost_usd)
    click.echo(f"Settled. Go on with: musicgen retry {partition}")
