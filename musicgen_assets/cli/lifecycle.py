"""``musicgen rename``, ``archive``, ``restore`` and ``delete``: names of songs, putting versions away, back or out.

Belongs here: options, asking whether it is meant, telling what was done. Does not belong here: what may be put away
and what goes with it (resources.lifecycle).
"""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli.making import reconciled_studio
from musicgen_assets.cli.options import JSON

if TYPE_CHECKING:
    from resources.lifecycle import Ended

KEPT = "What it was made of may be shared with other versions: it is freed by the housekeeping once none reaches it."


@click.command(short_help="Give a composition another name in lists.")
@click.argument("composition")
@click.argument("title")
@JSON
def rename(composition: str, title: str, is_json: bool) -> None:
    """Call COMPOSITION by TITLE in lists. The song's files keep the title they were made with.

    \b
    Example: musicgen rename sunny-river-k3f9a "Down by the river"
    """
    from resources.lifecycle import rename as give_name

    with reconciled_studio() as studio:
        renamed = give_name(studio.registry, composition, title)
    way = f"musicgen revise {composition} --title {shlex.quote(renamed.title)}"
    if is_json:
        told = {"composition": composition, "title": renamed.title, "before": renamed.before, "in_its_files": way}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    before = f" (was “{renamed.before}”)" if renamed.before else ""
    click.echo(f"{composition} is “{renamed.title}” in lists now{before}.")
    click.echo(f"  Its files keep their title. A version that carries the new one: {way}")


@click.command(short_help="Put a version, or a whole composition, away.")
@click.argument("what", metavar="COMPOSITION[@vN]")
@JSON
def archive(what: str, is_json: bool) -> None:
    """Put one version away, or all of a composition: no longer listed in Dagster, never run again, nothing lost.

    Files and history stay, and `musicgen revise` can start from it.

    \b
    Example: musicgen archive sunny-river-k3f9a@v2
    """
    from resources.layout import open_instance
    from resources.lifecycle import archive as put_away

    with reconciled_studio() as studio:
        ended = put_away(studio, what, open_instance(studio.settings))
    if is_json:
        click.echo(json.dumps({**_plain(ended), "status": "archived"}, ensure_ascii=False))
        return
    click.echo(f"Archived: {', '.join(ended.partitions)}.")
    click.echo(f"  Files and history stay; a new version may start from it: musicgen revise {ended.partitions[-1]}")


@click.command(short_help="Take a version, or a whole composition, out of the archive.")
@click.argument("what", metavar="COMPOSITION[@vN]")
@JSON
def restore(what: str, is_json: bool) -> None:
    """Bring back what was archived: in the state in which it was put away, and listed in Dagster again.

    Dagster shows its assets as missing where housekeeping has deleted its old runs: `musicgen retry` records them.

    \b
    Example: musicgen restore sunny-river-k3f9a@v2
    """
    from resources.layout import open_instance
    from resources.lifecycle import restore as bring_back

    with reconciled_studio() as studio:
        ended = bring_back(studio, what, open_instance(studio.settings))
    if is_json:
        click.echo(json.dumps({**_plain(ended), "status": "restored"}, ensure_ascii=False))
        return
    click.echo(f"Brought back: {', '.join(ended.partitions)}.")


@click.command(short_help="Delete a version, or a whole composition.")
@click.argument("what", metavar="COMPOSITION[@vN]")
@click.option("--yes", "is_meant", is_flag=True, help="Do not ask.")
@JSON
def delete(what: str, is_meant: bool, is_json: bool) -> None:
    """Delete one version, or all of a composition, with its release folder and history.

    One line of history remains, and a version's number is never given out again. Folders made with --out or
    `musicgen download` are yours and stay.

    \b
    Example: musicgen delete sunny-river-k3f9a@v2
    """
    from resources.layout import open_instance
    from resources.lifecycle import deletable
    from resources.lifecycle import delete as erase

    with reconciled_studio() as studio:
        if not is_meant and not _is_confirmed(deletable(studio.registry, what), is_json=is_json):
            click.echo("Nothing was deleted.")
            return
        ended = erase(studio, what, open_instance(studio.settings))
    left_behind = [str(path) for path in ended.left_behind]
    if is_json:
        told = {**_plain(ended), "status": "deleted", "left_behind": left_behind, "note": KEPT}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"Deleted: {', '.join(ended.partitions)}.")
    click.echo(f"  {KEPT}")
    for path in left_behind:
        click.echo(f"  This folder could not be removed, please remove it yourself: {path}", err=True)


def _is_confirmed(doomed: Ended, *, is_json: bool) -> bool:
    """Ask on a terminal. Raises BadInput where nobody can answer."""
    from musicgen_assets.context.failures import BadInput

    if is_json or not is_terminal():
        raise BadInput(
            "--yes", False, "deleting cannot be undone, and there is nobody to ask",
            way_out=f"If you mean it: musicgen delete {_name(doomed)} --yes",
        )  # fmt: skip
    count = len(doomed.partitions)
    shown = doomed.partitions[0] if count == 1 else f"{doomed.composition} with its {count} versions"
    return click.confirm(f"Delete {shown} for good?")


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _name(ended: Ended) -> str:
    return ended.composition if ended.is_whole else ended.partitions[0]


def _plain(ended: Ended) -> dict[str, object]:
    return {"composition": ended.composition, "is_whole": ended.is_whole, "versions": list(ended.partitions)}
