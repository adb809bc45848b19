"""The score: tracks of notes over a meter, a tempo map and sections. Times are integer ticks, 480 a quarter.

Belongs here: the data and its invariants. Does not belong here: composing (composition, arrangement)
or sounding it (production). ``score.midi`` writes and reads Standard MIDI Files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import Role, Scale, SectionKind, Tonic

TICKS_PER_QUARTER = 480
DRUM_CHANNEL = 9
"""General MIDI's drum channel, counted from 0 (musicians say 10)."""

NoteRow = tuple[int, int, int, int]
"""(start_ticks, duration_ticks, pitch 0-127, velocity 1-127)"""
ControlRow = tuple[int, int, int]
"""(tick, MIDI controller 0-127, value 0-127)"""
BendRow = tuple[int, int]
"""(tick, pitch bend -8192..8191); the whole range is two semitones either way, General MIDI's default."""
NoteArray = NDArray[np.int32]
"""Shape (n, 4), columns as in NoteRow, sorted by start, then pitch."""


def note_array(rows: Iterable[Sequence[int]] | NoteArray) -> NoteArray:
    """Rows as a sorted NoteArray, shape (n, 4); an empty input gives shape (0, 4)."""
    array = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.int32).reshape(-1, 4)
    return array[np.lexsort((array[:, 2], array[:, 0]))]


def note_rows(array: NoteArray) -> tuple[NoteRow, ...]:
    """A NoteArray as plain integers, for JSON."""
    return tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in array)


class Track(Frozen):
    """One part. ``channel`` 0-15, drums on 9; ``program`` General MIDI 0-127 (kit number for drums).

    ``notes`` sound as long as they say: what a pedal holds is in their lengths, and ``controllers`` say so once more
    for instruments that listen to them (1 modulation, 11 expression, 64 sustain). ``bends`` are the pitch curve.
    """

    name: str
    role: Role
    instrument: str
    program: int = Field(ge=0, le=127)
    channel: int = Field(ge=0, le=15)
    notes: tuple[NoteRow, ...] = ()
    controllers: tuple[ControlRow, ...] = ()
    bends: tuple[BendRow, ...] = ()

    @property
    def is_drums(self) -> bool:
        """Whether pitches are General MIDI drum keys."""
        return self.channel == DRUM_CHANNEL

    def array(self) -> NoteArray:
        """The notes, shape (n, 4)."""
        return note_array(self.notes)


class Section(Frozen):
    """A stretch of whole bars. ``start_bar`` counts from 0; ``index`` counts sections of this kind from 0."""

    name: str
    kind: SectionKind
    index: int = 0
    start_bar: int = Field(ge=0)
    bars: int = Field(ge=1)
    start_ticks: int = Field(ge=0)
    end_ticks: int = Field(gt=0)
    energy: float = Field(ge=0.0, le=1.0)
    transpose: int = 0
    """Semitones above the home key (a lifted last chorus)."""


class ChordSpan(Frozen):
    """A chord on the song's own time line. ``root`` and ``bass`` are pitch classes 0-11."""

    start_ticks: int
    duration_ticks: int
    symbol: str
    roman: str
    root: int = Field(ge=0, le=11)
    quality: str
    bass: int = Field(ge=0, le=11)
    pitch_classes: tuple[int, ...]


class Syllable(Frozen):
    """One sung syllable on the vocal track; ``is_word_end`` closes a word."""

    start_ticks: int
    duration_ticks: int
    text: str
    is_word_end: bool
    section: str
    line: int


class TempoChange(Frozen):
    """From ``start_ticks`` on the song goes at ``tempo_bpm`` quarters a minute."""

    start_ticks: int = Field(ge=0)
    tempo_bpm: float = Field(gt=0.0)


class Skip(Frozen):
    """Ticks that are counted and not played: the bar they lie in is shorter by them, the song goes on at their end."""

    start_ticks: int = Field(ge=0)
    end_ticks: int = Field(gt=0)


class Score(Frozen):
    """A whole song as notes. ``end_ticks`` is where the last bar ends, before any ring-out.

    Bars are all of one length in ticks. Where the music has to meet moments of a picture, ``tempo_map`` bends the
    tempo a little around ``tempo_bpm`` (empty: it is constant) and ``skips`` shorten bars; score.clock turns ticks
    into seconds.
    """

    title: str
    key: Tonic
    scale: Scale
    tempo_bpm: float
    time_signature: str
    duration_s: float
    """Length of the finished audio, ring-out included."""
    end_ticks: int = Field(gt=0)
    sections: tuple[Section, ...] = Field(min_length=1)
    chords: tuple[ChordSpan, ...] = ()
    tracks: tuple[Track, ...] = Field(min_length=1)
    syllables: tuple[Syllable, ...] = ()
    tempo_map: tuple[TempoChange, ...] = ()
    skips: tuple[Skip, ...] = ()
    stops: tuple[tuple[int, int], ...] = ()
    """Stretches of ticks, start and end, in which nobody sounds."""
    fade: tuple[int, int] | None = None
    """Where the song fades out, start and end in ticks; None where it ends otherwise. Notes are written so soft."""

    @model_validator(mode="after")
    def _sections_join(self) -> Score:
        position = 0
        for section in self.sections:
            if section.start_ticks != position:
                raise ValueError(f"section {section.name} starts at {section.start_ticks}, not at {position}")
            position = section.end_ticks
        if position != self.end_ticks:
            raise ValueError(f"sections end at {position}, the score at {self.end_ticks}")
        self._check_time()
        names = [track.name for track in self.tracks]
        if len(set(names)) != len(names):
            raise ValueError("track names must be unique")
        return self

    def _check_time(self) -> None:
        """Tempo changes from the first tick on and in order; skips in order, apart, inside the song."""
        changes = [change.start_ticks for change in self.tempo_map]
        if changes and (changes[0] != 0 or changes != sorted(set(changes))):
            raise ValueError(f"tempo changes must begin at 0 and follow each other, not at {changes}")
        position = 0
        for skip in self.skips:
            if not position <= skip.start_ticks < skip.end_ticks <= self.end_ticks:
                raise ValueError(f"a skip from {skip.start_ticks} to {skip.end_ticks} does not fit after {position}")
            position = skip.end_ticks

    def track(self, name: str) -> Track | None:
        """The track called ``name``, if there is one."""
        return next((track for track in self.tracks if track.name == name), None)
