"""Options that commands share, and from their values to requests. The rules themselves stand with the request."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import click

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.limits import LYRICS_MAX_CHARACTERS
from musicgen_assets.context.request import shortcut_overrides
from musicgen_assets.context.schema import PackageName, TargetName
from musicgen_assets.context.wishes import Policy

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

TARGETS = click.option(
    "--target", "targets", multiple=True, metavar="NAME",
    help=f"A delivery target; repeat for more masters, the first is the main one: {', '.join(get_args(TargetName))}.",
)  # fmt: skip
REFERENCE = click.option(
    "--reference", type=click.Path(path_type=Path), metavar="FILE",
    help="A track whose tone, width and loudness the master takes on. Only measures of it are kept.",
)  # fmt: skip


ENGINES = click.option(
    "--engine", "engines", multiple=True, metavar="[TASK=]NAME",
    help="Who is asked: kie, lyrics=openai, ...; `musicgen engines` lists them. Repeat for more tasks.",
)  # fmt: skip
POLICY = click.option(
    "--policy", type=click.Choice(get_args(Policy)), help="What decides between engines that nobody named."
)
BUDGET = click.option("--budget", "budget_usd", metavar="USD", help="What this version may cost at most.")
ALONE = click.option(
    "--no-fallback",
    "is_alone",
    is_flag=True,
    help="Nobody else is to do it where a named engine cannot, or fails: fail instead.",
)


def engine_options(command: Callable[..., None]) -> Callable[..., None]:
    """--engine, --policy, --budget and --no-fallback."""
    for option in (ALONE, BUDGET, POLICY, ENGINES):
        command = option(command)
    return command


def overrides_of(
    sets: Sequence[str],
    styles: Sequence[str],
    lyrics: Path | None,
    packages: Sequence[str] = (),
    targets: Sequence[str] = (),
    reference: Path | None = None,
    duration_s: float | None = None,
) -> dict[str, Any]:
    """Context paths to values from --style, --lyrics, --package, --target, --reference, --duration and --set; what is
    set by path wins. Raises BadInput.
    """
    overrides: dict[str, Any] = {}
    if packages:
        overrides["technical.packages"] = known_names("--package", "package", packages, get_args(PackageName))
    if targets:
        overrides["technical.targets"] = known_names("--target", "delivery target", targets, get_args(TargetName))
    if reference is not None:
        overrides |= of_reference(reference, has_targets=bool(targets))
    words = None if lyrics is None else read_lyrics(lyrics)
    return overrides | shortcut_overrides(duration_s=duration_s, styles=styles, lyrics=words) | parse_sets(sets)


def known_names(option: str, thing: str, names: Sequence[str], there_are: Sequence[str]) -> list[str]:
    """``names`` as asked for. Raises BadInput for one that there is not."""
    for name in names:
        if name not in there_are:
            near = difflib.get_close_matches(name, there_are, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise BadInput(
                option, name, f"there is no such {thing}", way_out=f"{hint}There are: {', '.join(there_are)}."
            )
    return list(names)


def of_reference(path: Path, *, has_targets: bool) -> dict[str, Any]:
    """What --reference sets: the track's profile, and its loudness where no delivery target says another.

    Raises:
        BadInput: the file is missing, too large, or no track of 1 s to 15 minutes; says which.
    """
    from musicgen_assets.mastering.reference import MAX_BYTES, loudness_of, reference_profile

    way_out = "Give the path of an audio file."
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput("--reference", str(path), f"it is larger than {MAX_BYTES} bytes", way_out=way_out)
        data = path.read_bytes()
    except OSError as error:
        raise BadInput("--reference", str(path), f"it cannot be read ({error.strerror})", way_out=way_out) from error
    profile = reference_profile(data, path.name)
    found: dict[str, Any] = {"technical.reference": profile.model_dump(mode="json")}
    return found if has_targets else {**found, "technical.loudness_target_lufs": loudness_of(profile)}


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
