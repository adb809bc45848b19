"""Options of ``musicgen revise`` that edit by hand: faders, one section alone, files in an artifact's place.

Belongs here: those options, and from their values to context paths. Does not belong here: the rules
(ideation.edit_rules, resources.uploads).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, TypeVar

import click

from musicgen_assets.context.failures import BadInput

_Command = TypeVar("_Command", bound=Callable[..., Any])

REPLACE = click.option(
    "--replace", "replaces", multiple=True, metavar="WHAT=FILE",
    help="Your own file in its place: melody=FILE.mid, stem:bass=FILE.wav, vocals=FILE.wav; repeat for more.",
)  # fmt: skip
MELODY = click.option(
    "--melody", type=click.Path(path_type=Path), metavar="FILE",
    help="Begin with your own tune, MIDI or a recording of it hummed: it gives hook, key and chords.",
)  # fmt: skip

_OPTIONS = (
    click.option("--track", metavar="TRACK", help="Move this track by hand, or a bus: bus:drums, bass, music, vocals."),
    click.option("--gain-db", type=float, metavar="DB", help="How much louder than it was mixed; negative is quieter."),
    click.option("--pan", type=float, metavar="PAN", help="Where it stands, -1 (left) to 1 (right)."),
    click.option("--mute/--unmute", "is_muted", default=None, help="Take the track out of the mix, or bring it back."),
    click.option("--automation", metavar="POINTS", help="Its gain over time, seconds=dB: '0=0, 30=-6, 45=0'."),
    click.option("--section", metavar="NAME", help="Only there: with --track a gain or mute, with --reroll its dice."),
)  # fmt: skip


def edit_options(command: _Command) -> _Command:
    """The options of ``track_edit``, in their order."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def given_files(
    replaces: Sequence[str] = (), melody: Path | None = None, *, tempo_bpm: Any = None, is_plan: bool = False
) -> dict[str, Any]:
    """--replace and --melody as context paths to values, their files in the store unless it is only planned.

    A recording is written down at ``tempo_bpm``, where that is a number.

    Raises BadInput.
    """
    from resources.layout import ensure_home
    from resources.settings import get_settings
    from resources.store import ArtifactStore
    from resources.uploads import replacements, started_from

    if not replaces and melody is None:
        return {}
    if is_plan:
        return replacements(None, replaces)
    settings = get_settings()
    ensure_home(settings)
    store = ArtifactStore(settings.artifacts_url)
    begun = (
        {}
        if melody is None
        else started_from(store, str(melody), float(tempo_bpm) if isinstance(tempo_bpm, (int, float)) else None)
    )
    return begun | replacements(store, replaces)


def in_section(rerolls: Sequence[str], section: str) -> tuple[str, ...]:
    """--reroll with --section: "melody" and "verse 2" -> "melody/verse 2". Raises BadInput without anything to draw."""
    if not rerolls:
        raise BadInput("--section", section, "it is not said what is to change there",
                       way_out="Add --reroll melody or --reroll arrangement, or --track NAME --mute.")  # fmt: skip
    return tuple(f"{asset}/{section}" for asset in rerolls)


def track_edit(track: str | None, *, section: str | None = None, **asked: Any) -> dict[str, Any]:
    """--track and what is to be done with it, as context paths to values; nothing without --track. Raises BadInput."""
    from musicgen_assets.ideation.edit_rules import edit_overrides

    if track is not None:
        return edit_overrides(track, section=section, **asked)
    if any(value is not None for value in asked.values()):
        raise BadInput("--track", None, "it is not said which track is meant", way_out="Add --track bass, say.")
    return {}
