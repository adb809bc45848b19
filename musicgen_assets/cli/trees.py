"""``musicgen export-tree`` and ``import-tree``: a composition with its versions, from one home to another.

Belongs here: options and lines. Does not belong here: the file and what must hold of it (resources.trees).
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from musicgen_assets.cli.making import reconciled_studio
from musicgen_assets.cli.options import JSON


@click.command("export-tree", short_help="Write a composition with all its versions to one file.")
@click.argument("composition")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@JSON
def export_tree(composition: str, file: Path, is_json: bool) -> None:
    """Write COMPOSITION to the new FILE: its tree of versions, their contexts, and all they are made of.

    Another home takes it over with `musicgen import-tree`, and can revise it there. The same composition gives the
    same bytes. It says nothing of who asked for it.

    \b
    Example: musicgen export-tree sunny-river-k3f9a sunny-river.tree.tar
    """
    from resources.trees.packing import export_tree as pack

    with reconciled_studio() as studio:
        packed = pack(studio.registry, studio.store, composition, file)
    if is_json:
        told = {"composition": composition, "file": str(packed.path), "versions": packed.versions,
                "objects": packed.objects, "bytes": packed.size_bytes}  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    count = f"{packed.versions} version{'' if packed.versions == 1 else 's'}"
    click.echo(f"{packed.path}: {count}, {packed.objects} objects, {packed.size_bytes / 1024 / 1024:.1f} MB")


@click.command("import-tree", short_help="Take a composition over from such a file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--user", default="local", show_default=True, help="Whose it is here.")
@JSON
def import_tree(file: Path, user: str, is_json: bool) -> None:
    """Take over the composition in FILE, written by `musicgen export-tree`; all of it, or nothing.

    The file is checked before and while it is read: every field, every size, every hash. Dagster shows a version once
    something ran for it here: `musicgen retry` records it, `musicgen revise` goes on from it, `musicgen download`
    writes its release.

    \b
    Example: musicgen import-tree sunny-river.tree.tar
    """
    from resources.trees.unpacking import import_tree as unpack

    with reconciled_studio() as studio:
        taken = unpack(studio, file, user)
    if is_json:
        told = {"composition": taken.composition, "versions": list(taken.partitions), "objects": taken.objects,
                "bytes": taken.stored_bytes}  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    count = f"{len(taken.partitions)} version{'' if len(taken.partitions) == 1 else 's'}"
    click.echo(f"{taken.composition}: {count}, {taken.objects} objects, {taken.stored_bytes / 1024 / 1024:.1f} MB")
    click.echo(f"  Go on from its newest: musicgen revise {taken.partitions[-1]}")
