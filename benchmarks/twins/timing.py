"""Faults of time and force: parts against each other, no pulse, no dynamics.

Belongs here: onsets and velocities. Does not belong here: pitches, whole bars.
"""

from __future__ import annotations

import numpy as np

from benchmarks.twins.editing import LEAN_TICKS, each_track, with_notes, with_tracks
from benchmarks.written import WrittenSong
from musicgen_assets.score.clock import beat_ticks
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Track

JITTER_MS = 25.0
"""Standard deviation."""
_STAY = ("drums", "percussion", "lead", "vocal")


def chords_late(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Bass, chords, arpeggios, pads and counter lines a beat later (a quarter at least); what is pushed past the end
    is lost.
    """
    del other, rng
    late = max(beat_ticks(song.score.time_signature), TICKS_PER_QUARTER)
    return with_tracks(song, [_later(track, late, song.score.end_ticks) for track in song.score.tracks])


def one_velocity(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Every note of every track at the song's mean velocity."""
    del other, rng
    force = round(float(np.mean([row[3] for track in song.tracks for row in track.notes])))

    def flat(track: Track) -> list[NoteRow]:
        return [(start, duration, pitch, force) for start, duration, pitch, _ in track.notes]

    return each_track(song, flat)


def white_jitter(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Each onset of each track moved by its own draw from a normal distribution of 25 ms."""
    del other
    spread_ticks = JITTER_MS / 1000.0 * song.score.tempo_bpm * TICKS_PER_QUARTER / 60.0

    def shaken(track: Track) -> list[NoteRow]:
        moves = np.rint(rng.normal(0.0, spread_ticks, len(track.notes))).astype(int).tolist()
        return [(max(row[0] + move, 0), *row[1:]) for row, move in zip(track.notes, moves, strict=True)]

    return each_track(song, shaken)


def _later(track: Track, late: int, end_ticks: int) -> Track:
    if track.role in _STAY:
        return track
    last = max([end_ticks, *(row[0] + row[1] for row in track.notes)])
    return with_notes(
        track,
        [
            (start + late, min(duration, last - start - late), pitch, velocity)
            for start, duration, pitch, velocity in track.notes
            if start + late < end_ticks - LEAN_TICKS
        ],
    )
