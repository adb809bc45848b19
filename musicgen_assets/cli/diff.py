"""``musicgen diff``: what differs between two versions.

Belongs here: the command. Does not belong here: comparing (resources.diff), the layout of its lines (diff_view).
"""

from __future__ import annotations

import json

import click

from musicgen_assets.cli.making import reconciled_studio


@click.command(short_help="What differs between two versions.")
@click.argument("version", metavar="COMPOSITION@vN")
@click.argument("other", metavar="[COMPOSITION@vM]", required=False)
@click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
def diff(version: str, other: str | None, is_json: bool) -> None:
    """Name every context field, artifact, note, line and measurement in which two versions differ.

    With one version: how it differs from its parent. With two: from the first to the second.

    \b
    Example: musicgen diff sunny-river-k3f9a@v1 sunny-river-k3f9a@v3
    """
    from musicgen_assets.cli.diff_view import difference_lines
    from resources.diff import compare, parent_of

    with reconciled_studio() as studio:
        first = studio.partition(version)
        pair = (parent_of(studio, first), first) if other is None else (first, studio.partition(other))
        found = compare(studio, *pair)
    if is_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in difference_lines(found):
        click.echo(line)
