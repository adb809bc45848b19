"""``musicgen failed``: what went wrong, why, and what to do about it.

Belongs here: lines and options. Does not belong here: what counts as trouble (resources.troubles), making (retry).
"""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

import click

from musicgen_assets.cli.making import reconciled_studio
from musicgen_assets.cli.options import JSON

if TYPE_CHECKING:
    from resources.studio import Studio

KINDS = {
    "failed": "failed", "stuck": "stuck: nobody works on it", "unclaimed": "asked for, and nobody took it",
    "silent": "its process gives no sign of life",
}  # fmt: skip

RETRY = {
    True: "Trying again can help.",
    False: "Trying again will fail again until something is changed.",
    None: "Whether trying again can help was not recorded.",
}


@click.command(short_help="List what failed or is stuck; explain, retry or give up one.")
@click.argument("version", metavar="[COMPOSITION[@vN]]", required=False)
@click.option("--retry", "is_retry", is_flag=True, help="Make it again from where it stopped, as `musicgen retry`.")
@click.option("--abandon", "is_abandoned", is_flag=True, help="Give it up: cancelled, and listed no more.")
@click.option("--why", default="", metavar="TEXT", help="Why it is given up; kept in its history.")
@JSON
@click.pass_context
def failed(
    context: click.Context, version: str | None, is_retry: bool, is_abandoned: bool, why: str, is_json: bool
) -> None:
    """List versions that failed or are stuck, newest first; with VERSION explain that one in full.

    \b
    Examples: musicgen failed
              musicgen failed sunny-river-k3f9a@v2 --abandon --why "the words were wrong"
    """
    _check_options(version, why, is_retry=is_retry, is_abandoned=is_abandoned)
    if version is not None and is_retry:
        context.invoke(_retry_command(), version=version, is_json=is_json)
        return
    with reconciled_studio() as studio:
        if version is None:
            _list(studio, is_json=is_json)
        elif is_abandoned:
            _abandon(studio, version, why.strip(), is_json=is_json)
        else:
            _explain(studio, version, is_json=is_json)


def _check_options(version: str | None, why: str, *, is_retry: bool, is_abandoned: bool) -> None:
    from musicgen_assets.context.failures import BadInput

    way_out = "Example: musicgen failed sunny-river-k3f9a@v2 --abandon --why TEXT"
    if is_retry and is_abandoned:
        raise BadInput("--abandon", True, "it goes against --retry", way_out="Choose one.")
    if version is None and (is_retry or is_abandoned):
        raise BadInput("VERSION", None, "say which version", way_out=way_out)
    if why and not is_abandoned:
        raise BadInput("--why", why, "it goes with --abandon", way_out=way_out)


def _retry_command() -> click.Command:
    """The command that makes a version again, wherever it stands."""
    import importlib

    from musicgen_assets.cli import COMMANDS

    module, _, name = COMMANDS["retry"].partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command


def _list(studio: Studio, *, is_json: bool) -> None:
    from resources.troubles import troubles, waiting_for_you

    found, waiting = troubles(studio.registry, studio.settings), waiting_for_you(studio.registry)
    if is_json:
        told = {"troubles": [row.as_json() for row in found], "waiting": [row.as_json() for row in waiting]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        click.echo("Nothing failed and nothing is stuck.")
    for row in found:
        for line in trouble_lines(row.as_json()):
            click.echo(line)
    if waiting:
        click.echo("Waiting for you:")
    for item in waiting:
        click.echo(f"  {item.partition}  {item.reason}")
        click.echo(f"      {' | '.join(item.next_steps[:2])}")


def trouble_lines(row: dict[str, Any]) -> list[str]:
    """A trouble, see ``Trouble.as_json``, as a person reads it."""
    since = str(row["since"]).replace("T", " ").partition("+")[0]
    runs = f"{row['attempts']} run{'' if row['attempts'] == 1 else 's'}"
    reason = " ".join(str(row["reason"]).split())
    return [
        f"{row['partition']}  {KINDS[row['kind']]} in {row['stage']} since {since} UTC, after {runs}",
        f"  {reason or 'No reason was recorded.'}",
        f"  {RETRY[row['can_retry_help']]} Next: {row['next_steps'][0]}",
    ]


def _explain(studio: Studio, version: str, *, is_json: bool) -> None:
    from resources.layout import open_instance
    from resources.trouble_report import explain

    partition = studio.partition(version)
    told = explain(studio.registry, studio.settings, partition, open_instance(studio.settings))
    if is_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in report_lines(told):
        click.echo(line)


def report_lines(told: dict[str, Any]) -> list[str]:
    """An explanation, see ``resources.trouble_report.explain``, as a person reads it."""
    trouble, waiting = told["trouble"], told["waiting"]
    if trouble is None and waiting is None:
        return [f"{told['partition']} is {told['state']}: nothing is wrong with it."]
    lines = (
        trouble_lines(trouble)
        if trouble is not None
        else [f"{told['partition']}  waits for you since {waiting['since']}", f"  {waiting['reason']}"]
    )
    lines += [
        f"  FAILED  {check['name']}: measured {check['measured']}, expected {check['expected']}"
        for check in told["failed_checks"]
    ]
    lines += ["Runs:", *(_attempt_line(attempt) for attempt in told["attempts"])] if told["attempts"] else []
    lines += [
        f"  {call['task']} by {call['provider']}: {call['status']}, {call['cost_usd'] or '?'} USD {call['error']}"
        for call in told["calls"]
    ]
    made, missing = [row["asset"] for row in told["made"]], told["missing"]
    lines += [f"Made, and carried by a retry: {', '.join(made) or 'nothing'}", f"To make: {', '.join(missing) or '-'}"]
    lines += ["Last events:", *(_event_line(event) for event in told["events"])]
    return [*lines, "What to do:", *(f"  {step}" for step in (trouble or waiting)["next_steps"])]


def _attempt_line(attempt: dict[str, Any]) -> str:
    broken = ", ".join(f"{row['asset']} ({row['failure'] or 'a defect'})" for row in attempt["broken"])
    seen = f"; Dagster: {attempt['dagster_status']}" if attempt["dagster_status"] else ""
    return (
        f"  {attempt['from']}  run {attempt['run_id']} came to {attempt['came_to']}"
        f"{f'; broke: {broken}' if broken else ''}{seen}"
    )


def _event_line(event: dict[str, Any]) -> str:
    rest = ", ".join(f"{name} {value}" for name, value in event.items() if name not in ("at", "kind", "run_id"))
    return f"  {event['at']}  {event['kind']}  {' '.join(rest.split())[:160]}"


def _abandon(studio: Studio, version: str, why: str, *, is_json: bool) -> None:
    from resources.lifecycle import abandon

    partition = abandon(studio.registry, version, why, getpass.getuser())
    if is_json:
        click.echo(json.dumps({"partition": partition, "status": "cancelled", "why": why}, ensure_ascii=False))
        return
    click.echo(f"{partition} is given up. It can still be taken up again: musicgen retry {partition}")
