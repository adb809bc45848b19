"""``musicgen export``: a song's sheets, in another key or for a capo.

Belongs here: options, where the files go. Does not belong here: writing them (finalization.exports).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from musicgen_assets.cli.making import check_out, reconciled_studio
from musicgen_assets.cli.options import JSON

if TYPE_CHECKING:
    from musicgen_assets.score.exports.written import WrittenScore
    from resources.studio import Studio


@click.command(short_help="Write a song's sheets, in another key if you like.")
@click.argument("version", metavar="COMPOSITION[@vN]")
@click.option("--transpose", "semitones", type=int, default=0, metavar="SEMITONES", help="-24 to 24; default: 0.")
@click.option("--capo", type=click.IntRange(0, 11), metavar="FRET", help="For song.cho; default: what is easiest.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Default: ./COMPOSITION@vN-exports"
)
@JSON
def export(version: str, semitones: int, capo: int | None, out: Path | None, is_json: bool) -> None:
    """Write MIDI on the grid, MusicXML, lead sheet, ChordPro, chord chart and click of VERSION into a folder.

    An arranged version is enough: nothing has to sound yet.

    \b
    Example: musicgen export sunny-river-k3f9a --transpose -3 --out in-a
    """
    from musicgen_assets.finalization.exports import files_of
    from musicgen_assets.score.exports.transposing import transposed_sheet

    with reconciled_studio() as studio:
        partition = studio.partition(version)
        target = out if out is not None else Path.cwd() / f"{partition}-exports"
        check_out(target)
        paper = transposed_sheet(_paper(studio, partition), semitones)
    files = files_of(paper, capo)
    target.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (target / name).write_bytes(data)
    if is_json:
        told = {"partition": partition, "key": paper.score.key, "directory": str(target), "files": sorted(files)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{len(files)} files in {target}, in {paper.score.key} {paper.score.scale}")


def _paper(studio: Studio, partition: str) -> WrittenScore:
    """The song on paper, from what its version holds. Raises MissingArtifact where it is not arranged yet."""
    from musicgen_assets.finalization.exports import paper_of
    from musicgen_assets.score.exports.written import Swing
    from musicgen_assets.score.material import Rhythm

    rhythm = Rhythm.model_validate_json(_content(studio, partition, "composition/rhythm_pattern"))
    return paper_of(
        _content(studio, partition, "arrangement/arrangement", "written"),
        _content(studio, partition, "arrangement/vocal_line"),
        Swing(rhythm.swing, rhythm.sixteenth_swing),
    )


def _content(studio: Studio, partition: str, asset: str, name: str = "main") -> bytes:
    from musicgen_assets.context.failures import MissingArtifact

    role = studio.manifest(partition, asset).role(name)
    if role is None:
        raise MissingArtifact(
            f"{asset} has no role {name}.", way_out=f"Make it again: musicgen revise {partition} --refresh"
        )
    return studio.store.get(role.sha256)
