"""Editing a written song: its bars, its tracks, its sung line, always all of them together.

Belongs here: what several faults share. Does not belong here: a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.written import WrittenSong
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import NoteRow, Syllable, Track

LEAN_TICKS = 72
"""Players are ahead of the beat by up to this much: a note so close before a bar line belongs to the bar after it."""

Spoiled = Callable[[Track], Sequence[NoteRow]]
"""A track -> its new notes, one for each old one, in the old order."""


def stream_of(seed: int, name: str) -> np.random.Generator:
    """A generator of a track's own, so that what happens in one track leaves the others alone."""
    return np.random.default_rng([seed, *name.encode()])


def bar_ticks(song: WrittenSong) -> int:
    """Length of one bar in ticks."""
    return ticks_per_bar(song.score.time_signature)


def bar_count(song: WrittenSong) -> int:
    """Bars of the song."""
    return song.score.end_ticks // bar_ticks(song)


def with_tracks(song: WrittenSong, tracks: Sequence[Track]) -> WrittenSong:
    """The song with other instrumental tracks."""
    return replace(song, score=song.score.model_copy(update={"tracks": tuple(tracks)}))


def with_notes(track: Track, notes: Sequence[NoteRow]) -> Track:
    """The track with other notes, sorted by start and pitch, none before 0 or shorter than a tick."""
    kept = [(max(start, 0), max(duration, 1), pitch, velocity) for start, duration, pitch, velocity in notes]
    return track.model_copy(update={"notes": tuple(sorted(kept, key=lambda row: (row[0], row[2])))})


def each_track(song: WrittenSong, spoiled: Spoiled, *, is_sung_too: bool = True) -> WrittenSong:
    """Every track's notes through ``spoiled``, the sung line's too; syllables stay on their notes."""
    changed = with_tracks(song, [with_notes(track, spoiled(track)) for track in song.score.tracks])
    if not is_sung_too or song.vocal.track is None:
        return changed
    changed = with_harmonies(changed, [with_notes(track, spoiled(track)) for track in song.vocal.harmonies])
    return with_sung_notes(changed, spoiled(song.vocal.track))


def with_harmonies(song: WrittenSong, harmonies: Sequence[Track]) -> WrittenSong:
    """The song with other harmony voices."""
    return replace(song, vocal=song.vocal.model_copy(update={"harmonies": tuple(harmonies)}))


def with_sung_notes(song: WrittenSong, notes: Sequence[NoteRow]) -> WrittenSong:
    """The sung line with ``notes``, one for each old one in the old order; syllables move with their notes."""
    track = song.vocal.track
    if track is None:
        return song
    starts = {old[0]: max(new[0], 0) for old, new in zip(track.notes, notes, strict=True)}
    ends = {old[0] + old[1]: max(new[0], 0) + new[1] for old, new in zip(track.notes, notes, strict=True)}
    syllables = []
    for syllable in song.vocal.syllables:
        start = starts.get(syllable.start_ticks, syllable.start_ticks)
        end = ends.get(syllable.start_ticks + syllable.duration_ticks, start + syllable.duration_ticks)
        syllables.append(_moved(syllable, start, end - start))
    return with_vocal(song, single_voiced(notes), syllables)


def with_vocal(song: WrittenSong, notes: Sequence[NoteRow], syllables: Sequence[Syllable]) -> WrittenSong:
    """The sung line with other notes and syllables. Nothing happens to a song without one."""
    if song.vocal.track is None:
        return song
    ordered = tuple(sorted(syllables, key=lambda syllable: syllable.start_ticks))
    update = {"track": with_notes(song.vocal.track, notes), "syllables": ordered}
    return replace(song, vocal=song.vocal.model_copy(update=update))


def single_voiced(notes: Sequence[NoteRow]) -> list[NoteRow]:
    """One note at a time: each is cut where the next begins, of notes that begin together the first stays."""
    kept: list[NoteRow] = []
    for row in sorted(notes):
        if kept and row[0] <= kept[-1][0]:
            continue
        if kept and kept[-1][0] + kept[-1][1] > row[0]:
            kept[-1] = (kept[-1][0], row[0] - kept[-1][0], *kept[-1][2:])
        kept.append(row)
    return kept


def spliced(song: WrittenSong, sources: Sequence[int]) -> WrittenSong:
    """The song glued from its own bars: bar ``n`` is what bar ``sources[n]`` was, in every track and the words.

    Bars that were neighbours and still are stay whole; elsewhere notes are cut at the seam and those sounding into
    a seam are struck again, as a cut tape would have it.
    """
    bar = bar_ticks(song)
    runs = _runs(sources, bar)
    tracks = [with_notes(track, _spliced_notes(track.notes, runs)) for track in song.score.tracks]
    changed = with_tracks(song, tracks)
    if song.vocal.track is None:
        return changed
    harmonies = [with_notes(track, _spliced_notes(track.notes, runs)) for track in song.vocal.harmonies]
    changed = with_harmonies(changed, harmonies)
    notes = single_voiced(_spliced_notes(song.vocal.track.notes, runs))
    syllables = [
        _moved(syllable, start, duration).model_copy(update={"section": _section_at(song, start)})
        for syllable in song.vocal.syllables
        for start, duration in _places(syllable.start_ticks, syllable.duration_ticks, runs)
    ]
    mutes = sorted(
        (max(begin, low) + shift, min(end, high) + shift)
        for low, high, shift in runs
        for begin, end in song.vocal.melody_mutes
        if begin < high and end > low
    )
    changed = with_vocal(changed, notes, syllables)
    return replace(changed, vocal=changed.vocal.model_copy(update={"melody_mutes": tuple(mutes)}))


def silenced_from(song: WrittenSong, tick: int) -> WrittenSong:
    """Nothing begins or sounds from ``tick`` on."""
    tracks = [with_notes(track, _before(track.notes, tick)) for track in song.score.tracks]
    changed = with_tracks(song, tracks)
    if song.vocal.track is None:
        return changed
    changed = with_harmonies(changed, [with_notes(track, _before(track.notes, tick)) for track in song.vocal.harmonies])
    syllables = [
        _moved(syllable, syllable.start_ticks, min(syllable.duration_ticks, tick - syllable.start_ticks))
        for syllable in song.vocal.syllables
        if syllable.start_ticks < tick - LEAN_TICKS
    ]
    return with_vocal(changed, _before(song.vocal.track.notes, tick), syllables)


def _before(notes: Sequence[NoteRow], tick: int) -> list[NoteRow]:
    return [
        (start, min(duration, tick - start), pitch, velocity)
        for start, duration, pitch, velocity in notes
        if start < tick - LEAN_TICKS
    ]


def _runs(sources: Sequence[int], bar: int) -> list[tuple[int, int, int]]:
    """(first tick, past-last tick, shift) of each stretch of neighbouring source bars."""
    runs: list[tuple[int, int, int]] = []
    for place, source in enumerate(sources):
        shift = (place - source) * bar
        if runs and runs[-1][2] == shift and runs[-1][1] == source * bar:
            runs[-1] = (runs[-1][0], (source + 1) * bar, shift)
        else:
            runs.append((source * bar, (source + 1) * bar, shift))
    return runs


def _spliced_notes(notes: Sequence[NoteRow], runs: Sequence[tuple[int, int, int]]) -> list[NoteRow]:
    return [
        (place, length, pitch, velocity)
        for start, duration, pitch, velocity in notes
        for place, length in _places(start, duration, runs)
    ]


def _places(start: int, duration: int, runs: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(start, duration) wherever a note comes to sound: whole within a run, cut at its seams."""
    found = []
    end = start + duration
    for low, high, shift in runs:
        if low - LEAN_TICKS <= start < high - LEAN_TICKS:
            found.append((max(start + shift, 0), min(end, high) - start))
        elif start < low and end > low + LEAN_TICKS:
            found.append((low + shift, min(end, high) - low))
    return found


def _section_at(song: WrittenSong, tick: int) -> str:
    near = min(max(tick + LEAN_TICKS, 0), song.score.end_ticks - 1)
    return next(section.name for section in song.score.sections if section.start_ticks <= near < section.end_ticks)


def _moved(syllable: Syllable, start: int, duration: int) -> Syllable:
    return syllable.model_copy(update={"start_ticks": max(start, 0), "duration_ticks": max(duration, 1)})
