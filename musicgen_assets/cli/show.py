"""Commands that look: ``status``, ``versions``, ``download``; and ``waive``, which records a decision."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli.making import check_out, reconciled_studio
from musicgen_assets.cli.output import emit

if TYPE_CHECKING:
    from resources.studio import Studio


@click.command(short_help="What a version is and how far it got.")
@click.argument("version", metavar="[COMPOSITION[@vN]]", required=False)
@click.option("--history", "is_history", is_flag=True, help="What happened to the version, event by event.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def status(version: str | None, is_history: bool, is_json: bool) -> None:
    """Show one version (the latest when @vN is left out), or list compositions when none is named.

    \b
    Example: musicgen status sunny-river-k3f9a@v2 --history
    """
    from musicgen_assets.context.failures import BadInput

    if is_history and version is None:
        raise BadInput(
            "--history", "", "it shows one version", way_out="Name it: musicgen status COMPOSITION --history"
        )
    with reconciled_studio() as studio:
        if version is None:
            _list_compositions(studio, is_json=is_json)
        elif is_history:
            _show_history(studio, studio.partition(version), is_json=is_json)
        else:
            _show_version(studio, studio.partition(version), is_json=is_json)


def _list_compositions(studio: Studio, *, is_json: bool) -> None:
    from resources.summary import overview

    rows = overview(studio)
    if is_json:
        click.echo(json.dumps({"compositions": rows}, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['partition']:<32} {row['status']:<10} {row['title']}")
    if not rows:
        click.echo('Nothing here yet. Make a song: musicgen compose "upbeat pop song about summer"')


def _show_version(studio: Studio, partition: str, *, is_json: bool) -> None:
    from musicgen_assets.cli.tree_view import executing_line
    from resources.summary import executing_now, summarize

    summary = summarize(studio, partition, directory=studio.release_directory(partition))
    running = executing_now(studio, partition)
    emit({**summary, "running": running} if is_json else summary, is_json=is_json)
    if running is not None and not is_json:
        click.echo(f"  {executing_line(running)}")


def _show_history(studio: Studio, partition: str, *, is_json: bool) -> None:
    from musicgen_assets.cli.tree_view import history_lines
    from resources.summary import history

    rows = history(studio, partition)
    if is_json:
        click.echo(json.dumps({"partition": partition, "history": rows}, ensure_ascii=False))
        return
    click.echo(partition)
    for line in history_lines(rows):
        click.echo(f"  {line}")


@click.command(short_help="The versions of a composition.")
@click.argument("composition")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def versions(composition: str, is_json: bool) -> None:
    """Draw the versions of COMPOSITION as a tree: what each changed, how far it is, how loud its release.

    \b
    Example: musicgen versions sunny-river-k3f9a
    """
    from musicgen_assets.cli.tree_view import tree_lines
    from resources.summary import version_tree

    with reconciled_studio() as studio:
        rows = version_tree(studio, composition)
    if is_json:
        click.echo(json.dumps({"composition": composition, "versions": rows}, ensure_ascii=False))
        return
    for line in tree_lines(rows):
        click.echo(line)


@click.command(short_help="Copy a release package to a folder.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: ./COMPOSITION@vN"
)
@click.option("--zip", "is_zip", is_flag=True, help="One ZIP file with checksums, in DIR; default: here.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def download(version: str, out: Path | None, is_zip: bool, is_json: bool) -> None:
    """Write the release of VERSION into a folder, every file checked against its checksum.

    With --zip it becomes one file, the same bytes every time, with a SHA256SUMS inside.
    """
    if is_zip:
        _download_zip(version, out or Path.cwd(), is_json=is_json)
        return
    with reconciled_studio() as studio:
        partition = studio.partition(version)
        target = out if out is not None else Path.cwd() / partition
        check_out(target)
        directory = studio.export(partition, target)
        files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    if is_json:
        click.echo(json.dumps({"partition": partition, "release": {"directory": str(directory), "files": files}}))
    else:
        click.echo(f"{len(files)} files in {directory}")


def _download_zip(version: str, folder: Path, *, is_json: bool) -> None:
    from musicgen_assets.context.failures import BadInput

    with reconciled_studio() as studio:
        partition = studio.partition(version)
        target = folder / f"{partition}.zip"
        if target.exists():
            raise BadInput("--out", str(folder), f"{target.name} is there already", way_out="Name another folder.")
        path = studio.export_zip(partition, target)
        size_bytes = path.stat().st_size
    if is_json:
        click.echo(json.dumps({"partition": partition, "release": {"zip": str(path), "bytes": size_bytes}}))
    else:
        click.echo(f"{path}, {size_bytes / 1024 / 1024:.1f} MB")


@click.command(short_help="Excuse a failed check, on the record.")
@click.argument("version", metavar="COMPOSITION@vN")
@click.argument("check")
@click.option("--why", required=True, help="The reason; it is written into the release.")
@click.option("--who", default=None, help="Who decides; default: the user of this machine.")
def waive(version: str, check: str, why: str, who: str | None) -> None:
    """Let VERSION be released although CHECK failed. Then: musicgen retry VERSION."""
    from musicgen_assets.context.failures import BadInput
    from musicgen_assets.graph.gate import GATE_CHECKS
    from resources.registry import queries

    if check not in GATE_CHECKS:
        raise BadInput("CHECK", check, "the gate has no such check", way_out=f"One of: {', '.join(GATE_CHECKS)}.")
    if not why.strip():
        raise BadInput("--why", why, "a waiver needs a reason", way_out="Say why it may be released.")
    with reconciled_studio() as studio:
        partition = studio.partition(version)
        with studio.registry.session() as session:
            queries.add_waiver(session, partition, check, who or getpass.getuser(), why.strip())
    click.echo(f"{check} is waived for {partition}. Release it: musicgen retry {partition}")
