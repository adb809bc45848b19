"""Packages: folders of a release beside its masters and stems, each for one kind of work, made when asked for.

Belongs here: which packages there are, what each is for, and calling them. Does not belong here: what is in one
(a module each). A package's module has two functions:

- ``make(delivery) -> Sequence[File]``, its files by path inside the package's folder. Whatever takes longer than a
  tenth of a second is a task of its own, all tasks in one batch, so that every core has work.
- ``estimate_bytes(facts) -> float``, what they take at most, on the high side.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import PackageName

if TYPE_CHECKING:
    from musicgen_assets.finalization.packages.delivery import Delivery, File
    from musicgen_assets.finalization.size import PackageSizes

FOLDER = "packages"


@dataclass(frozen=True)
class Package:
    """``holds`` says in a few words what is in it; ``entry`` is "package.module:make"."""

    holds: str
    entry: str

    def function(self, name: str) -> Any:
        """A function of the package's module."""
        return getattr(importlib.import_module(self.entry.partition(":")[0]), name)


PACKAGES: Mapping[PackageName, Package] = {
    "everyone": Package(
        "instrumental, a cappella, no drums, no melody, and stems in four groups",
        "musicgen_assets.finalization.packages.everyone:make",
    ),
    "game": Package(
        "intro, seamless loop with layers, outro, stingers, cues",
        "musicgen_assets.finalization.packages.game:make",
    ),
    "film": Package(
        "Broadcast WAV with timecode, cut-downs of 60, 30, 15 and 6 s, cue sheet",
        "musicgen_assets.finalization.packages.film:make",
    ),
    "video": Package(
        "music that starts at once, a bed under speech, a visualizer, a licence certificate",
        "musicgen_assets.finalization.packages.video:make",
    ),
    "songwriter": Package(
        "lead sheet, ChordPro, click, guide melody, play-alongs",
        "musicgen_assets.finalization.packages.songwriter:make",
    ),
    "daw": Package(
        "the song as a DAWproject with stems, notes, markers and levels",
        "musicgen_assets.finalization.packages.daw:make",
    ),
}


def make_packages(names: Iterable[PackageName], delivery: Delivery) -> list[File]:
    """The files of all packages in ``names``, each under packages/<name>/.

    Raises PermanentFailure for audio that is no task's result or does not say how long it is.
    """
    files: list[File] = []
    for name in names:
        made: Sequence[File] = PACKAGES[name].function("make")(delivery)
        for file in made:
            _check(name, file)
            files.append(replace(file, role=f"{FOLDER}/{name}/{file.role}"))
    return files


def package_sizes(names: Iterable[PackageName]) -> PackageSizes:
    """How large each package in ``names`` gets (finalization.size), by name."""
    return {name: PACKAGES[name].function("estimate_bytes") for name in names}


def _check(name: str, file: File) -> None:
    if not file.media_type.startswith("audio/") or file.media_type == "audio/midi":
        return
    if hasattr(file, "data") or "samples" not in file.meta or "sample_rate_hz" not in file.meta:
        raise PermanentFailure(
            f"Package {name} hands out {file.role} without its length, or not as the result of a task.",
            way_out="This is a defect; report it.",
        )
