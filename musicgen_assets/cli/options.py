"""Options that commands share, and from their values to requests. The rules themselves stand with the request."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.limits import LYRICS_MAX_CHARACTERS
from musicgen_assets.context.request import parse_styles
from musicgen_assets.context.schema import PackageName

OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where the release goes."
)
DETACH = click.option("--detach", "is_detached", is_flag=True, help="Leave the work to a running deployment.")
PRIORITY = click.option(
    "--priority", type=int, default=0, metavar="N",
    help="Where songs wait in line, higher goes first: -100 to 100. For --detach.",
)  # fmt: skip
JSON = click.option("--json", "is_json", is_flag=True, help="One JSON object on standard output, nothing else.")
PACKAGES = click.option(
    "--package", "packages", multiple=True, metavar="NAME",
    help=f"A folder of files for one kind of work; repeat for more: {', '.join(get_args(PackageName))}.",
)  # fmt: skip


def overrides_of(
    sets: Sequence[str], styles: Sequence[str], lyrics: Path | None, packages: Sequence[str] = ()
) -> dict[str, Any]:
    """Context paths to values from --style, --lyrics, --package and --set; what is set by path wins. Raises
    BadInput.
    """
    overrides: dict[str, Any] = {}
    if packages:
        overrides["technical.packages"] = known_packages(packages)
    if (genres := parse_styles(styles)) is not None:
        overrides["musical.genres"] = genres
    if lyrics is not None:
        overrides["creative.lyrics"] = read_lyrics(lyrics)
    return overrides | parse_sets(sets)


def known_packages(names: Sequence[str]) -> list[str]:
    """``names`` as asked for. Raises BadInput for one that there is not."""
    there_are = get_args(PackageName)
    for name in names:
        if name not in there_are:
            near = difflib.get_close_matches(name, there_are, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise BadInput(
                "--package", name, "there is no such package", way_out=f"{hint}There are: {', '.join(there_are)}."
            )
    return list(names)


def parse_sets(pairs: Sequence[str]) -> dict[str, Any]:
    """["musical.tempo_bpm=90"] -> {"musical.tempo_bpm": 90}. Values are JSON where they parse, else text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        path, separator, text = pair.partition("=")
        if not separator or not path.strip():
            raise BadInput("--set", pair, "it must be PATH=VALUE", way_out="Example: --set musical.key=Eb")
        try:
            found[path.strip()] = json.loads(text)
        except json.JSONDecodeError:
            found[path.strip()] = text
    return found


def read_lyrics(path: Path) -> str:
    """The words of a file. Raises BadInput if it is too long or no UTF-8 text, PermanentFailure if unreadable."""
    way_out = "Save the lyrics as plain UTF-8 text."
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PermanentFailure(f"--lyrics {path}: {error.strerror}.", way_out="Name a readable file.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("--lyrics", str(path), f"byte {error.start} is not UTF-8", way_out=way_out) from error
    if len(text) > LYRICS_MAX_CHARACTERS:
        rule = f"it has {len(text)} characters, {LYRICS_MAX_CHARACTERS} are allowed"
        raise BadInput("--lyrics", str(path), rule, way_out="Shorten it.")
    return text
