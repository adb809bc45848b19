"""Sections drawn anew: names of their dice, and another take of a section cut into a song that stays as it was.

Belongs here: names and splicing. Does not belong here: what another take plays (variation, the part writers).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Track

SECTION_REROLLS = "ai_decisions.generation.rerolls.arrangement/*"
"""The re-roll counts of sections, by name: what the arrangement declares to read."""
STAGE = "arrangement/"
"""What the stream of a section begins with."""
_KIND_AND_NUMBER = re.compile(r"(?:arrangement/)?([a-z][a-z _-]*?)[ _-]?(\d*)")


@dataclass(frozen=True)
class Dice:
    """One draw of an arrangement: a generator by name, so that what one player does leaves the others alone.

    ``take`` names another draw of everything but the form.
    """

    root: int
    take: str = ""

    def of(self, name: str) -> np.random.Generator:
        """The generator called ``name``, always from its start."""
        text = f"{self.root}|{name}" if not self.take else f"{self.root}|{self.take}|{name}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def section_stream(text: str) -> str | None:
    """The stream of a section called by people: "Verse 2", "arrangement/pre-chorus 1" -> "arrangement/verse 2" ...

    A kind without a number is its first. None where ``text`` names no section.
    """
    matched = _KIND_AND_NUMBER.fullmatch(text.strip().lower())
    if matched is None:
        return None
    kind = re.sub(r"[ -]+", "_", matched[1].strip())
    number = int(matched[2] or 1)
    return f"{STAGE}{kind} {number}" if kind in get_args(SectionKind) and number >= 1 else None


def stream_of(section: Section) -> str:
    """The name that ``section_stream`` gives this section, without "arrangement/": "verse 2"."""
    return f"{section.kind} {section.index + 1}"


def asked_takes(rerolls: Mapping[str, int], sections: Sequence[Section]) -> dict[int, str]:
    """Index of each section that is drawn anew, and the name of its take. Raises BadInput for one that is not there."""
    names = {stream_of(section): index for index, section in enumerate(sections)}
    check_sections([name for name, count in rerolls.items() if count], list(names))
    return {names[name]: f"{name} take {count}" for name, count in sorted(rerolls.items()) if count}


def check_sections(asked: Iterable[str], present: Sequence[str], field: str = "--reroll") -> None:
    """Raise BadInput for the first section of ``asked`` that is not ``present``; both as ``stream_of`` names them."""
    for name in asked:
        if name not in present:
            raise BadInput(
                field, f"{STAGE}{name}" if field == "--reroll" else name, "the song has no such section",
                way_out=f"Its sections are: {', '.join(present)}.",
            )  # fmt: skip


def spliced(score: Score, other: Score, section: Section) -> Score:
    """``score`` with everything that begins in ``section`` taken from ``other``, whose form is the same.

    Rows keep their order, by which notes as played and as written belong together.
    """
    others = {track.name: track for track in other.tracks}
    mine = {track.name for track in score.tracks}
    tracks = [_joined(track, others.get(track.name), section) for track in score.tracks]
    entering = [
        _joined(track.model_copy(update={"notes": (), "controllers": (), "bends": ()}), track, section)
        for track in other.tracks
        if track.name not in mine
    ]
    kept = [track for track in (*tracks, *entering) if track.notes]
    return score.model_copy(update={"tracks": tuple(kept), "chords": _chords(score, other, section)})


def _chords(score: Score, other: Score, section: Section) -> tuple[ChordSpan, ...]:
    """Chords never sound over the end of a section."""
    inside = range(section.start_ticks, section.end_ticks)
    own = [chord for chord in score.chords if chord.start_ticks not in inside]
    taken = [chord for chord in other.chords if chord.start_ticks in inside]
    return tuple(sorted([*own, *taken], key=lambda chord: chord.start_ticks))


def _joined(track: Track, other: Track | None, section: Section) -> Track:
    start, end = section.start_ticks, section.end_ticks

    def is_inside(tick: int) -> bool:
        return start <= tick < end

    rows: list[NoteRow] = [row for row in track.notes if row[0] < start]
    rows += [row for row in other.notes if is_inside(row[0])] if other is not None else []
    rows += [row for row in track.notes if row[0] >= end]
    controllers = [row for row in track.controllers if not is_inside(row[0])]
    bends = [row for row in track.bends if not is_inside(row[0])]
    if other is not None:
        controllers += [row for row in other.controllers if is_inside(row[0])]
        bends += [row for row in other.bends if is_inside(row[0])]
    return track.model_copy(
        update={
            "notes": tuple(rows),
            "controllers": tuple(sorted(controllers)),
            "bends": tuple(sorted(bends)),
        }
    )
