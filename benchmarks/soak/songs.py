"""Songs that proofs are made of, and what each is when nobody disturbs its making.

Belongs here: what is asked for, and references. Does not belong here: disturbing anything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock

from benchmarks.soak import looking
from benchmarks.soak.cases import code
from benchmarks.soak.homes import BrokenPromiseError, release_hashes, temporary_home

_one_at_a_time = Lock()
_DRAWS = 6


@dataclass(frozen=True)
class Song:
    """One request: the words, and options that fix everything."""

    prompt: str
    options: tuple[str, ...] = ()
    seed: int = 1
    duration_s: int = 30

    @property
    def ask(self) -> tuple[str, ...]:
        """The command that makes it, without the output options."""
        return ("compose", self.prompt, "--duration", str(self.duration_s), "--seed", str(self.seed), *self.options)

    @property
    def name(self) -> str:
        """The same for the same song and code."""
        return hashlib.sha256(f"{self.ask} {code()}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Reference:
    """A song as it came out undisturbed: its release's files, and how long that took."""

    files: dict[str, str]
    seconds: float
    assets: int


SHORT = (
    Song("solo piano", (), 1),
    Song("a lullaby with a music box", ("--style", "lullaby"), 4),
    Song("a bright folk tune with guitar", ("--style", "folk"), 5),
    Song("a pop song about the sea", (), 6),
)
"""Cheap ones mostly: a band and a voice once, so that every asset has work."""

LONG = (
    Song("a pop song about the sea", (), 6, 180),
    Song("dark synthwave", (), 8, 180),
    Song("a jazz waltz with piano and upright bass", (), 9, 180),
)


def undisturbed(song: Song, state: Path) -> Reference:
    """``song`` made in a home of its own and left alone; made once a code, then remembered in ``state``.

    Without files where the gate did not let it through.
    """
    place = state / "undisturbed" / f"{song.name}.json"
    with _one_at_a_time:
        if place.exists():
            return Reference(**json.loads(place.read_text(encoding="utf-8")))
        with temporary_home("undisturbed") as home:
            ran = home.musicgen(*song.ask, "--json").expect(0, 3)
            answer = ran.json
            files = release_hashes(answer["release"]["directory"]) if ran.code == 0 else {}
            assets = len(looking.assets_of(home.path, answer["partition"]))
            reference = Reference(files, round(ran.seconds, 2), assets)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(asdict(reference)), encoding="utf-8")
        return reference


def never_made_before(number: int, state: Path) -> tuple[Song, Reference]:
    """A short song of its own for every ``number``, and its reference: for homes that many cases share."""
    kind = SHORT[number % len(SHORT)]
    for draw in range(_DRAWS):
        song = replace(kind, seed=kind.seed + 1000 * (number + 1) + 100_000 * draw)
        reference = undisturbed(song, state)
        if reference.files:
            return song, reference
    raise BrokenPromiseError(f"the gate let none of {_DRAWS} songs through: {kind.prompt}")
