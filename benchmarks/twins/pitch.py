"""Faults of pitch, rhythms as they were.

Belongs here: wrong notes in parts. Does not belong here: the tune's own faults (tunes).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.twins.editing import each_track, stream_of, with_notes, with_tracks
from benchmarks.written import WrittenSong
from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.score.model import NoteRow, Track

_TRIES = 40


def bass_semitone_off(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Every bass note a semitone up or down, one direction throughout; the one that the instrument can reach where
    only one can. Without a bass track, the lowest track of the accompaniment.
    """
    del other
    bass = _bass_names(song)
    prefers_up = bool(rng.random() < 0.5)
    tracks = [_off(track, prefers_up) if track.name in bass else track for track in song.score.tracks]
    return with_tracks(song, tracks)


def pitches_permuted(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Each pitched track's pitches in random order over its own notes, the sung line's among them. Drums stay."""
    del other
    seed = int(rng.integers(1 << 62))

    def mixed(track: Track) -> Sequence[NoteRow]:
        if track.is_drums:
            return track.notes
        own = stream_of(seed, track.name)
        pitches = [track.notes[int(place)][2] for place in own.permutation(len(track.notes))]
        _spread(track.notes, pitches, own)
        return [(row[0], row[1], pitch, row[3]) for row, pitch in zip(track.notes, pitches, strict=True)]

    return each_track(song, mixed)


def _bass_names(song: WrittenSong) -> tuple[str, ...]:
    named = tuple(track.name for track in song.score.tracks if track.role == "bass" and track.notes)
    if named:
        return named
    pitched = [
        track
        for track in song.score.tracks
        if track.notes and not track.is_drums and track.role not in ("lead", "vocal")
    ]
    if not pitched:
        return ()
    return (min(pitched, key=lambda track: float(np.mean([row[2] for row in track.notes]))).name,)


def _off(track: Track, prefers_up: bool) -> Track:
    low, high = range_of(track.program)
    pitches = [row[2] for row in track.notes]
    reaches = {1: max(pitches) + 1 <= high, -1: min(pitches) - 1 >= low}
    first, second = (1, -1) if prefers_up else (-1, 1)
    step = first if reaches[first] or not reaches[second] else second
    return with_notes(track, [(row[0], row[1], row[2] + step, row[3]) for row in track.notes])


def _spread(notes: Sequence[NoteRow], pitches: list[int], rng: np.random.Generator) -> None:
    """Exchanges pitches until few chords strike one key twice: no player could."""
    for place in range(len(notes)):
        for _ in range(_TRIES):
            if not _is_doubled(notes, pitches, place):
                break
            swap = int(rng.integers(len(notes)))
            pitches[place], pitches[swap] = pitches[swap], pitches[place]
            if _is_doubled(notes, pitches, swap):
                pitches[place], pitches[swap] = pitches[swap], pitches[place]


def _is_doubled(notes: Sequence[NoteRow], pitches: Sequence[int], place: int) -> bool:
    """Whether a note close by (within eight rows) begins within 40 ticks on the same pitch."""
    start = notes[place][0]
    near = range(max(place - 8, 0), min(place + 9, len(notes)))
    return any(
        near_by != place and abs(notes[near_by][0] - start) < 40 and pitches[near_by] == pitches[place]
        for near_by in near
    )
