"""What the critic judges: a score's parts as arrays on a grid of sixteenths, with its chords and its line.

Belongs here: reading scores into arrays. Does not belong here: any measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import beat_ticks, ticks_per_bar, ticks_per_step
from musicgen_assets.score.model import NoteRow, Score, Section, Track, note_array
from musicgen_assets.theory.scales import scale_pitch_classes

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STEP_TICKS = ticks_per_step("4/4")
LINE_TRACKS = ("melody", "vocal")
"""Tracks that carry the tune, whoever plays it."""
HARMONY_ROLES = ("chords", "pad", "arpeggio")
_UNPITCHED_ROLES = ("drums", "percussion")


@dataclass(frozen=True)
class Part:
    """One track's notes, shape (n, 4), columns start, duration, pitch, velocity; sorted by start."""

    name: str
    role: str
    is_pitched: bool
    notes: Ints


@dataclass(frozen=True)
class Chords:
    """The chords that are written: first step of each, their tones (chords, 12), root and bass pitch class."""

    steps: Ints
    tones: Bools
    roots: Ints
    basses: Ints

    def __len__(self) -> int:
        return len(self.steps)

    def index_at(self, steps: Ints) -> Ints:
        """Which chord is written at each step."""
        return np.clip(np.searchsorted(self.steps, steps, side="right") - 1, 0, None)


@dataclass(frozen=True)
class Matter:
    """A song as the critic sees it. Ticks are the score's; steps are sixteenths."""

    score: Score
    parts: tuple[Part, ...]
    line: Ints
    """The tune, one note at a time, whoever plays it; shape (n, 4)."""
    hook: Ints
    """The hook as it was invented, from tick 0; shape (n, 4), empty where there is none."""

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return ticks_per_bar(self.score.time_signature)

    @property
    def bar_steps(self) -> int:
        """Sixteenths a bar."""
        return self.bar_ticks // STEP_TICKS

    @property
    def beat_steps(self) -> int:
        """Sixteenths of a felt beat."""
        return beat_ticks(self.score.time_signature) // STEP_TICKS

    @property
    def steps(self) -> int:
        """Sixteenths of the song, without its ring-out."""
        return self.score.end_ticks // STEP_TICKS

    @property
    def bars(self) -> int:
        """Bars of the song."""
        return self.score.end_ticks // self.bar_ticks

    @property
    def sections(self) -> tuple[Section, ...]:
        """The form."""
        return self.score.sections

    @cached_property
    def chords(self) -> Chords:
        """The chords as arrays; empty where the score names none."""
        written = self.score.chords
        tones = np.zeros((len(written), 12), dtype=bool)
        for index, chord in enumerate(written):
            tones[index, [*chord.pitch_classes, chord.bass]] = True
        return Chords(
            steps=np.array([round(chord.start_ticks / STEP_TICKS) for chord in written], dtype=np.int64),
            tones=tones,
            roots=np.array([chord.root for chord in written], dtype=np.int64),
            basses=np.array([chord.bass for chord in written], dtype=np.int64),
        )

    @cached_property
    def chord_tones(self) -> Bools:
        """Tones of the chord written at each step, shape (steps, 12); all True where no chords are named."""
        if not len(self.chords):
            return np.ones((self.steps, 12), dtype=bool)
        return self.chords.tones[self.chords.index_at(np.arange(self.steps))]

    @cached_property
    def scale_tones(self) -> Bools:
        """Tones of the scale at each step, moved where a section is transposed; shape (steps, 12)."""
        found = np.zeros((self.steps, 12), dtype=bool)
        home = np.array(scale_pitch_classes(self.score.key, self.score.scale), dtype=np.int64)
        for section in self.sections:
            first, past = section.start_ticks // STEP_TICKS, section.end_ticks // STEP_TICKS
            found[first:past, (home + section.transpose) % 12] = True
        return found

    @cached_property
    def transpositions(self) -> Ints:
        """Semitones above the home key at each step."""
        found = np.zeros(self.steps + 1, dtype=np.int64)
        for section in self.sections:
            found[section.start_ticks // STEP_TICKS :] = section.transpose
        return found

    @cached_property
    def sounding(self) -> dict[str, Floats]:
        """What sounds at each step by family (bass, chords, line, counter), shape (steps, 12)."""
        roles = {"bass": ("bass",), "chords": HARMONY_ROLES, "counter": ("counter",)}
        found = {name: presence(self.of_roles(*own), self.steps) for name, own in roles.items()}
        return found | {"line": presence(self.line, self.steps)}

    @cached_property
    def struck(self) -> dict[str, Floats]:
        """The same in the beat after each note is struck: without what a pedal lets ring into the next chord."""
        roles = {"bass": ("bass",), "chords": HARMONY_ROLES, "counter": ("counter",)}
        found = {name: self.of_roles(*own) for name, own in roles.items()} | {"line": self.line}
        limit = self.beat_steps * STEP_TICKS
        cut = {name: np.column_stack([n[:, 0], np.minimum(n[:, 1], limit), n[:, 2:]]) for name, n in found.items()}
        return {name: presence(notes, self.steps) for name, notes in cut.items()}

    def of_roles(self, *roles: str) -> Ints:
        """All notes of the parts in these roles, shape (n, 4)."""
        found = [part.notes for part in self.parts if part.role in roles]
        return np.concatenate([*found, np.zeros((0, 4), dtype=np.int64)])

    def of_pitches(self) -> Ints:
        """All notes of the parts whose pitches are pitches, shape (n, 4)."""
        return np.concatenate([*(p.notes for p in self.parts if p.is_pitched), np.zeros((0, 4), dtype=np.int64)])


def matter_of(score: Score, tracks: Sequence[Track], hook: Sequence[NoteRow] = ()) -> Matter:
    """The song of ``tracks``, which are the score's with the vocal among them (vocal_line.merged_tracks)."""
    parts = tuple(
        Part(
            track.name,
            track.role,
            not track.is_drums and track.role not in _UNPITCHED_ROLES,
            track.array().astype(np.int64),
        )
        for track in tracks
        if track.notes
    )
    tune = [part.notes for part in parts if part.name in LINE_TRACKS]
    return Matter(score, parts, one_voice(tune), note_array(hook).astype(np.int64))


def one_voice(parts: Sequence[Ints]) -> Ints:
    """Parts joined to one line: the highest of what is struck together, each note cut where the next begins."""
    notes = np.concatenate([*parts, np.zeros((0, 4), dtype=np.int64)])
    notes = notes[np.lexsort((-notes[:, 2], notes[:, 0]))]
    if len(notes) < 2:
        return notes
    is_first = np.concatenate([[True], np.diff(notes[:, 0]) > STEP_TICKS // 4])
    line: Ints = notes[is_first]
    room = np.append(np.diff(line[:, 0]), line[-1, 1])
    line[:, 1] = np.maximum(np.minimum(line[:, 1], room), 1)
    return line


def presence(notes: Ints, steps: int) -> Floats:
    """How many notes of each pitch class sound at each step, shape (steps, 12); at least a step each."""
    return _on_grid(notes, steps, notes[:, 2] % 12, 12)


def pitch_presence(notes: Ints, steps: int) -> Floats:
    """How many notes of each pitch sound at each step, shape (steps, 128)."""
    return _on_grid(notes, steps, notes[:, 2], 128)


def _on_grid(notes: Ints, steps: int, rows: Ints, width: int) -> Floats:
    change = np.zeros((steps + 2, width))
    first = np.clip(np.rint(notes[:, 0] / STEP_TICKS).astype(np.int64), 0, steps)
    past = np.clip(np.rint((notes[:, 0] + notes[:, 1]) / STEP_TICKS).astype(np.int64), first + 1, steps + 1)
    np.add.at(change, (first, rows), 1.0)
    np.add.at(change, (past, rows), -1.0)
    sounding: Floats = np.cumsum(change, axis=0)[:steps]
    return sounding


def steps_of(notes: Ints) -> Ints:
    """The nearest sixteenth of each note's start."""
    steps: Ints = np.rint(notes[:, 0] / STEP_TICKS).astype(np.int64)
    return steps
