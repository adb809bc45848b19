"""A song's sung tracks as phrases: what each task is given, and where in the song its sound belongs.

Belongs here: cutting tracks by line, which takes there are, plain data. Does not belong here: singing (sing), adding up
(track). A phrase knows nothing of where it stands, so that a repeated one is sung once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.production.plan import HARMONY_PREFIX, VOCAL
from musicgen_assets.production.voice.sing import PRE_S
from musicgen_assets.production.voice.singers import singer_for
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import NoteRow, Score, Section, Syllable, Track

BREATH_MAX_S, _BREATH_STEP_S = 0.4, 0.05
_ONSET_ROOM_S = 0.22
"""Kept free between a breath's end and the beat, for consonants."""
_ENERGY_DB, _USUAL_ENERGY, _LEVEL_STEP_DB = 6.0, 0.6, 0.5
DOUBLED_ENERGY = 0.55
"""Refrains at least this energetic are doubled."""
DOUBLE_DB, DOUBLE_PAN = -9.0, 0.75
HARMONY_TAKE = 10
"""Takes of harmony voices are numbered from here, so that no two voices sing one take."""


@dataclass(frozen=True)
class Casting:
    """Who sings and how: creative.language, .voice, .singer and .delivery."""

    language: str
    voice: str
    singer: str | None = None
    delivery: str = "sung"


@dataclass(frozen=True)
class PlacedPhrase:
    """A phrase's task inputs, and where its sound goes: when its first sample is heard, how loud, from which side."""

    inputs: dict[str, Any]
    start_s: float
    level_db: float = 0.0
    pan: float = 0.0


def is_sung(name: str) -> bool:
    """Whether a track of this name is a voice."""
    return name == VOCAL or name.startswith(HARMONY_PREFIX)


def phrases_of(track: Track, syllables: Sequence[Syllable], score: Score, casting: Casting) -> list[PlacedPhrase]:
    """The phrases of a sung track in order of time, doubles behind their leads.

    ``track``, ``syllables`` and ``score`` share one constant tempo (score.clock.steady). Syllables under which the
    track has no note are not sung by it.
    """
    found: list[PlacedPhrase] = []
    end_before = 0.0
    ordered = sorted(syllables, key=lambda one: one.start_ticks)
    for (section_name, _), group in groupby(ordered, key=lambda one: (one.section, one.line)):
        line = _Line.of(list(group), track.notes)
        if not line.rows:
            continue
        section = next((part for part in score.sections if part.name == section_name), None)
        start_s = seconds(line.rows[0][1], score.tempo_bpm)
        common = _inputs(line, section, score.tempo_bpm, casting, start_s - end_before)
        last = line.rows[-1]
        end_before = seconds(last[1] + last[2], score.tempo_bpm)
        first_take = 0
        if track.name != VOCAL:
            first_take = HARMONY_TAKE * int(track.name.removeprefix(HARMONY_PREFIX))
        found.append(PlacedPhrase({**common, "take": first_take}, start_s - PRE_S))
        if track.name == VOCAL and _is_doubled(section) and casting.delivery == "sung":
            found += [
                PlacedPhrase({**common, "take": take, "breath_s": 0.0}, start_s - PRE_S, DOUBLE_DB, side * DOUBLE_PAN)
                for take, side in ((1, -1.0), (2, 1.0))
            ]
    return found


def _is_doubled(section: Section | None) -> bool:
    return section is not None and section.kind in HOOK_KINDS and section.energy >= DOUBLED_ENERGY


@dataclass(frozen=True)
class _Line:
    """Syllables that are sung, and rows (place in them, start_ticks, duration_ticks, pitch, velocity)."""

    syllables: list[Syllable]
    rows: list[tuple[int, int, int, int, int]]

    @classmethod
    def of(cls, syllables: Sequence[Syllable], notes: Sequence[NoteRow]) -> _Line:
        """The line on a track's notes, each cut to the syllables that it sounds under."""
        kept: list[Syllable] = []
        rows: list[tuple[int, int, int, int, int]] = []
        for syllable in syllables:
            first, past = syllable.start_ticks, syllable.start_ticks + syllable.duration_ticks
            own = [
                (max(start, first), min(start + length, past), pitch, velocity)
                for start, length, pitch, velocity in notes
                if start < past and start + length > first
            ]
            own = [row for row in own if row[1] - row[0] > 0]
            if own:
                rows += [(len(kept), start, end - start, pitch, velocity) for start, end, pitch, velocity in own]
                kept.append(syllable)
        return cls(kept, rows)


def _inputs(line: _Line, section: Section | None, tempo_bpm: float, casting: Casting, gap_s: float) -> dict[str, Any]:
    """A phrase's inputs but for its take; times from its first note, levels and breaths in steps, so that what sounds
    alike is alike.
    """
    first = line.rows[0][1]
    energy = section.energy if section is not None else _USUAL_ENERGY
    room = min(gap_s - _ONSET_ROOM_S, BREATH_MAX_S)
    return {
        "language": casting.language,
        "singer": singer_for(casting.voice, casting.singer).name,
        "delivery": casting.delivery,
        "syllables": [[one.text, one.is_word_end] for one in line.syllables],
        "notes": [
            [place, round(seconds(start - first, tempo_bpm), 4), round(seconds(length, tempo_bpm), 4), pitch, velocity]
            for place, start, length, pitch, velocity in line.rows
        ],
        "level_db": round(_ENERGY_DB * (energy - _USUAL_ENERGY) / _LEVEL_STEP_DB) * _LEVEL_STEP_DB,
        "breath_s": round(max(int(room / _BREATH_STEP_S + 1e-6), 0) * _BREATH_STEP_S, 2),
    }
