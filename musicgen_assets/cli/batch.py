"""``musicgen batch``: many songs from a definition file, as one thing with a status, a report and a package.

Belongs here: options and telling. Does not belong here: what a batch is (resources.batches), making its songs here
(cli.batch_making).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from musicgen_assets.cli import EXIT_WAITING
from musicgen_assets.cli.making import reconciled_studio
from musicgen_assets.cli.options import DETACH, JSON

if TYPE_CHECKING:
    from resources.batches.starting import Started
    from resources.studio import Studio


@click.group(short_help="Many songs from a definition file, as one thing.")
def batch() -> None:
    """Many songs at once: prompts, templates with variables and seeds from a YAML file (docs/batches.md).

    A batch is NAME@N, its newest start NAME. Starting the same file again costs only what changed in it.

    \b
    Example: musicgen batch start evening.yaml
             musicgen batch report evening
    """


@batch.command(short_help="Start a definition file, or go on with it.")
@click.argument("file")
@click.option("--check", "is_check", is_flag=True, help="Only say what it would come to; nothing is submitted.")
@DETACH
@JSON
def start(file: str, is_check: bool, is_detached: bool, is_json: bool) -> None:
    """Submit the songs of FILE (a path, or a name in HOME/batches) and make them here, one after another.

    The whole file is checked first: if anything in it is wrong, nothing is submitted. Songs that were asked for by an
    earlier start are not made again; what failed or was cancelled is tried again. Ctrl-C stops after the song that is
    being made is cancelled; the same command goes on.
    """
    from resources.batches.definition import find_file, read_definition
    from resources.batches.starting import start as begin
    from resources.settings import get_settings

    settings = get_settings()
    path = find_file(settings, file)
    definition = read_definition(path)
    if is_check:
        _check(definition, path.name, is_json=is_json)
        return
    with reconciled_studio() as studio:
        started = begin(studio.registry, settings, definition, path.name, occasion=_now())
        sys.exit(_make(studio, started, is_json=is_json, is_detached=is_detached))


@batch.command(short_help="Go on with a batch as it was started.")
@click.argument("name", metavar="NAME[@N]")
@DETACH
@JSON
def resume(name: str, is_detached: bool, is_json: bool) -> None:
    """Make what is left of a batch, whatever its file says by now; what failed or was cancelled is tried again."""
    from resources.batches.starting import go_on

    with reconciled_studio() as studio:
        started = go_on(studio.registry, studio.settings, name)
        sys.exit(_make(studio, started, is_json=is_json, is_detached=is_detached))


@batch.command("list", short_help="Batches, and definition files of this home.")
@JSON
def list_(is_json: bool) -> None:
    """List batches, newest first, and the definition files in HOME/batches: when each starts, or what is wrong."""
    from resources.batches.schedules import look_at_files
    from resources.batches.status import overview

    with reconciled_studio() as studio:
        batches, files = overview(studio.registry), look_at_files(studio.settings)
    if is_json:
        click.echo(json.dumps({"batches": batches, "files": files}, ensure_ascii=False))
        return
    for row in batches:
        click.echo(f"{row['batch']:<32} {_counts_in_words(row)}")
    for row in files:
        click.echo(f"{row['file']:<32} {row['problem'] or row['starts']}")
    if not batches and not files:
        click.echo("Nothing here yet. Write a definition file (docs/batches.md) and: musicgen batch start FILE")


@batch.command(short_help="How far a batch is, song by song.")
@click.argument("name", metavar="NAME[@N]")
@JSON
def show(name: str, is_json: bool) -> None:
    """Show every song of a batch: its version, where it stands, and why it stopped."""
    with reconciled_studio() as studio:
        _show(studio, name, is_json=is_json)


@batch.command(short_help="Scores, loudness, cost and failures of a batch.")
@click.argument("name", metavar="NAME[@N]")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Where report.csv and report.html go; default: HOME/reports/NAME@N.")  # fmt: skip
@JSON
def report(name: str, out: Path | None, is_json: bool) -> None:
    """Measure a batch: a table here, report.csv and report.html in DIR."""
    from resources.batches.report import plain, report_of, write_report

    with reconciled_studio() as studio:
        found = report_of(studio, name)
        places = write_report(found, out or studio.settings.home / "reports" / found.about["batch"])
    files = [str(place) for place in places]
    if is_json:
        click.echo(json.dumps({**plain(found), "files": files}, ensure_ascii=False))
        return
    click.echo(f"{found.about['batch']}: {_counts_in_words(found.about)}")
    click.echo(f"  {found.computed_s:.1f} s of computing, {found.cost_usd:.2f} USD")
    for table in (found.numbers, found.failures):
        if len(table):
            click.echo("\n" + str(table.to_string(index=False, float_format="{:.2f}".format)))
    click.echo(f"\nSong by song: {files[0]}\nTo look at:   {files[1]}")


@batch.command(short_help="All releases of a batch as one ZIP file.")
@click.argument("name", metavar="NAME[@N]")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: here.")
@JSON
def package(name: str, out: Path | None, is_json: bool) -> None:
    """Write every release of a batch into NAME@N.zip, with a list of its songs and SHA256SUMS.

    The same releases give the same bytes.
    """
    from musicgen_assets.context.failures import BadInput
    from resources.batches.package import package as pack
    from resources.batches.status import find_batch

    with reconciled_studio() as studio:
        with studio.registry.reading() as session:
            batch_id = find_batch(session, name).id
        target = (out or Path.cwd()) / f"{batch_id}.zip"
        if target.exists():
            raise BadInput("--out", str(target.parent), f"{target.name} is there already", way_out="Name another one.")
        path, songs = pack(studio, batch_id, target)
        size_bytes = path.stat().st_size
    if is_json:
        click.echo(json.dumps({"batch": batch_id, "songs": songs, "zip": str(path), "bytes": size_bytes}))
    else:
        click.echo(f"{path}: {songs} releases, {size_bytes / 1024 / 1024:.1f} MB")


def _make(studio: Studio, started: Started, *, is_json: bool, is_detached: bool) -> int:
    """Make the songs of a started batch here, or leave them to a deployment. Returns the exit code."""
    from musicgen_assets.cli.batch_making import make_songs

    if not is_json:
        click.echo(_started_in_words(started), err=True)
    code = EXIT_WAITING if is_detached else make_songs(studio, started.batch, is_quiet=is_json)
    _tell_started(studio, started, is_json=is_json)
    if is_detached and not is_json:
        click.echo("  a running deployment makes them, by priority, users in turn (musicgen up)")
    return code


def _check(definition: Any, source: str, *, is_json: bool) -> None:
    from resources.batches.songs import check_songs, songs_of
    from resources.registry import utc_now
    from resources.settings import get_settings

    songs = songs_of(definition, source, utc_now(), _now())
    check_songs(songs, source, get_settings())
    if is_json:
        told = {"name": definition.name, "songs": [{"place": song.place, **song.fields} for song in songs]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for song in songs:
        seed = song.fields.get("seed", "drawn")
        click.echo(f"{song.position:>5}  {song.place:<14} seed {seed!s:<10} {song.fields.get('prompt', '')}")


def _show(studio: Studio, name: str, *, is_json: bool) -> None:
    from musicgen_assets.cli.tree_view import aligned, clipped
    from resources.batches.status import batch_object, counts_of, find_batch, items_of

    with studio.registry.reading() as session:
        row = find_batch(session, name)
        items = items_of(session, row.id)
        told = batch_object(row, counts_of(items))
    if is_json:
        songs = [
            {"song": item.position, "state": item.state, "partition": item.partition, "prompt": item.prompt,
             "is_new": item.is_new, "reason": item.reason, "fields": dict(item.fields)}
            for item in items
        ]  # fmt: skip
        click.echo(json.dumps({**told, "items": songs}, ensure_ascii=False))
        return
    click.echo(f"{told['batch']}: {_counts_in_words(told)}")
    if told["deadline"]:
        click.echo(f"  to be begun by {told['deadline']}" + (", which is over" if told["ended_at"] else ""))
    table = [
        (str(item.position), item.state, item.partition or "", clipped(item.prompt, 60), clipped(item.reason, 60))
        for item in items
    ]
    for line in aligned(table):
        click.echo(f"  {line}")


def _tell_started(studio: Studio, started: Started, *, is_json: bool) -> None:
    from dataclasses import asdict

    from resources.batches.status import batch_object, counts_of, find_batch, items_of

    with studio.registry.reading() as session:
        row = find_batch(session, started.batch)
        told = batch_object(row, counts_of(items_of(session, row.id)))
    if is_json:
        click.echo(json.dumps({**asdict(started), **told}, ensure_ascii=False))
        return
    click.echo(f"{started.batch}: {_counts_in_words(told)}")
    click.echo(f"  see musicgen batch show {started.batch}, report {started.batch}, package {started.batch}")


def _started_in_words(started: Started) -> str:
    parts = [f"{started.new} new", f"{started.known} known"] + ([f"{started.again} tried again"] * bool(started.again))
    return f"{started.batch}: {started.songs} songs, {', '.join(parts)}"


def _counts_in_words(told: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in told["counts"].items())
    return f"{told['songs']} songs: {counts}"


def _now() -> str:
    """What sets off a start by hand: this moment."""
    from resources.registry import utc_now

    return utc_now().isoformat(timespec="seconds")
