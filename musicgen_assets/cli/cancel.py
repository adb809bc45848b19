"""``musicgen cancel``: stop the work on a version. It can be gone on with afterwards."""

from __future__ import annotations

import getpass
import json
import sys
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli import EXIT_WAITING

if TYPE_CHECKING:
    from resources.cancel import Cancelled


@click.command(short_help="Stop the work on a version.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def cancel(version: str, is_json: bool) -> None:
    """Stop making VERSION, in whatever process and at whatever step it is, or withdraw it before it begins.

    What is finished is kept: musicgen retry goes on from there.

    Example: musicgen cancel sunny-river-k3f9a
    """
    from resources.asked_to_stop import ask_now
    from resources.settings import get_settings

    settings, who = get_settings(), getpass.getuser()
    asked = ask_now(settings, version, who)  # the imports below take as long as whoever makes it takes to stop
    from resources.cancel import cancel as stop
    from resources.studio import open_studio

    with open_studio(settings) as studio:
        done = stop(studio, studio.partition(version) if asked is None else asked.partition, who, asked=asked)
    if is_json:
        click.echo(json.dumps(as_json(done), ensure_ascii=False))
    else:
        click.echo(in_words(done))
    if not done.is_stopped:
        sys.exit(EXIT_WAITING)


def as_json(done: Cancelled) -> dict[str, object]:
    """The answer as the one JSON object."""
    composition, _, number = done.partition.partition("@v")
    return {
        "composition": composition, "version": int(number), "partition": done.partition, "status": done.state,
        "was": done.was, "is_stopped": done.is_stopped, "how": done.how, "seconds": done.seconds,
        "holder": done.holder or None,
    }  # fmt: skip


def in_words(done: Cancelled) -> str:
    """The answer as a line or two."""
    if not done.is_stopped:
        return (
            f"{done.partition}: {done.holder} was asked to stop and has not answered in {done.seconds:.0f} s.\n"
            f"  Look again: musicgen status {done.partition}"
        )
    told = {
        "asked": f"stopped in {done.seconds:.1f} s",
        "killed": f"{done.holder} did not answer and was killed, {done.seconds:.1f} s after the wish",
        "died": f"{done.holder} had died; what it left is put right",
        "withdrawn": "nothing was running",
    }[done.how]
    if done.state == "released":
        return f"{done.partition}: released; {told}. The release stays."
    return f"{done.partition}: {done.state}, was in {done.was}; {told}.\n  Go on: musicgen retry {done.partition}"
