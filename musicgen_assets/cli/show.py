"""Commands that look: ``status``, ``versions``, ``download``; and ``waive``, which records a decision."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click

from musicgen_assets.cli.compose import check_out
from musicgen_assets.cli.output import emit


@click.command(short_help="What a version is and how far it got.")
@click.argument("version", metavar="[COMPOSITION[@vN]]", required=False)
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def status(version: str | None, is_json: bool) -> None:
    """Show one version (the latest when @vN is left out), or list compositions when none is named."""
    from resources.settings import get_settings
    from resources.studio import open_studio
    from resources.summary import overview, summarize

    with open_studio(get_settings()) as studio:
        if version is None:
            rows = overview(studio)
            if is_json:
                click.echo(json.dumps({"compositions": rows}, ensure_ascii=False))
                return
            for row in rows:
                click.echo(f"{row['partition']:<32} {row['status']:<10} {row['title']}")
            if not rows:
                click.echo('Nothing here yet. Make a song: musicgen compose "upbeat pop song about summer"')
            return
        partition = studio.partition(version)
        emit(summarize(studio, partition, directory=studio.release_directory(partition)), is_json=is_json)


@click.command(short_help="The versions of a composition.")
@click.argument("composition")
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def versions(composition: str, is_json: bool) -> None:
    """List the versions of COMPOSITION as a tree."""
    from resources.settings import get_settings
    from resources.studio import open_studio
    from resources.summary import version_tree

    with open_studio(get_settings()) as studio:
        rows = version_tree(studio, composition)
    if is_json:
        click.echo(json.dumps({"composition": composition, "versions": rows}, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{'  ' * row['depth']}{row['partition']}  {row['status']}  seed {row['seed']}  {row['created_at']}")


@click.command(short_help="Copy a release package to a folder.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: ./COMPOSITION@vN"
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def download(version: str, out: Path | None, is_json: bool) -> None:
    """Write the release of VERSION into a folder, every file checked against its checksum."""
    from resources.settings import get_settings
    from resources.studio import open_studio

    with open_studio(get_settings()) as studio:
        partition = studio.partition(version)
        target = out if out is not None else Path.cwd() / partition
        check_out(target)
        directory = studio.export(partition, target)
        files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    if is_json:
        click.echo(json.dumps({"partition": partition, "release": {"directory": str(directory), "files": files}}))
    else:
        click.echo(f"{len(files)} files in {directory}")


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
    from resources.settings import get_settings
    from resources.studio import open_studio

    if check not in GATE_CHECKS:
        raise BadInput("CHECK", check, "the gate has no such check", way_out=f"One of: {', '.join(GATE_CHECKS)}.")
    if not why.strip():
        raise BadInput("--why", why, "a waiver needs a reason", way_out="Say why it may be released.")
    with open_studio(get_settings()) as studio:
        partition = studio.partition(version)
        with studio.registry.session() as session:
            queries.add_waiver(session, partition, check, who or getpass.getuser(), why.strip())
    click.echo(f"{check} is waived for {partition}. Release it: musicgen retry {partition}")
