"""Faults of the tune: another song's melody, or this song's without its hook.

Belongs here: the melody and the sung line as a whole. Does not belong here: accompaniment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.twins.editing import (
    LEAN_TICKS,
    bar_ticks,
    each_track,
    single_voiced,
    stream_of,
    with_harmonies,
    with_notes,
    with_tracks,
)
from benchmarks.twins.underlay import harmonies_along, harmonies_following, laid_anew
from benchmarks.written import WrittenSong
from musicgen_assets.arrangement.ranges import best_octave, fitted, range_of
from musicgen_assets.arrangement.vocal_harmony import HARMONY_PREFIX
from musicgen_assets.arrangement.vocal_line import MELODY
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Track
from musicgen_assets.theory.scales import scale_pitch_classes

_TUNE_ROLES = ("lead", "vocal")
_QUOTING_ROLES = (*_TUNE_ROLES, "counter")
_NEAR_TICKS = 80
"""A note this near to the hook's place counts as the hook's."""
_LIKENESS = 0.6
"""Share of the hook's notes at one transposition from which a passage states it; by rhythm and contour, 80 %."""
_ROUNDS = 30


def melody_of_another(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """The other song's tune, sung or played, from the beginning, again from its start where it is shorter; its own
    key, the octave of this song's instruments. Where this song is sung the words go on the other's notes.
    """
    del rng
    tune = _repeated(_tune(other), other.score.end_ticks, song.score.end_ticks)
    lead = next((track for track in song.score.tracks if track.role == "lead"), None)
    changed = song
    if lead is not None:
        own = with_notes(lead, _in_reach(tune, lead))
        changed = with_tracks(song, [own if track.name == lead.name else track for track in song.score.tracks])
    if song.vocal.track is None:
        return changed
    vocal = laid_anew(song.vocal, _in_reach(tune, song.vocal.track))
    return with_harmonies(replace(changed, vocal=vocal), harmonies_along(song.vocal, vocal))


def hook_removed(song: WrittenSong, other: WrittenSong, rng: np.random.Generator) -> WrittenSong:
    """Wherever melody, voice or counter line state the hook or its first bar, as many other notes of the key in as
    much time, in other rhythms, newly drawn at each place.
    """
    del other
    seed = int(rng.integers(1 << 62))

    def without(track: Track) -> Sequence[NoteRow]:
        if track.role not in _QUOTING_ROLES or track.name.startswith(HARMONY_PREFIX):
            return track.notes
        mutes = song.vocal.melody_mutes if track.name == MELODY else ()
        return _without_hook(song, list(track.notes), mutes, stream_of(seed, track.name))

    changed = each_track(song, without)
    if song.vocal.track is None:
        return changed
    return with_harmonies(changed, harmonies_following(song.vocal, without(song.vocal.track)))


def states_hook(song: WrittenSong) -> bool:
    """Whether melody, voice or counter line states the hook at all."""
    return any(hook_places(song, track.notes) for track in song.tracks if track.role in _QUOTING_ROLES)


def hook_places(song: WrittenSong, notes: Sequence[NoteRow]) -> list[tuple[int, int]]:
    """[start, end) in ticks of every statement of the hook, or of its first bar, at bars and half bars."""
    bar = bar_ticks(song)
    hook = song.melody.hook
    whole = [(row[0], row[2]) for row in hook.notes]
    head = [(start, pitch) for start, pitch in whole if start < bar - LEAN_TICKS]
    found = []
    for start in range(0, song.score.end_ticks, bar // 2):
        if _states(whole, notes, start):
            found.append((start, start + hook.bars * bar))
        elif len(head) >= 3 and _states(head, notes, start):
            found.append((start, start + bar))
    return _joined(found)


def _states(hook: Sequence[tuple[int, int]], notes: Sequence[NoteRow], start: int) -> bool:
    """Whether the notes from ``start`` are the hook: most of it at one transposition, or its rhythm and contour."""
    low, high = start - _NEAR_TICKS, start + hook[-1][0] + _NEAR_TICKS
    window = [row for row in notes if low <= row[0] <= high]
    met: list[tuple[int, int]] = []
    for place, pitch in hook:
        near = [row for row in window if abs(row[0] - start - place) <= _NEAR_TICKS]
        if near:
            met.append((pitch, near[0][2]))
    if len(met) < max(min(3, len(hook)), _LIKENESS * len(hook)):
        return False
    shared = Counter(played - pitch for pitch, played in met).most_common(1)[0][1]
    if shared >= max(_LIKENESS * len(hook), 3):
        return True
    if len(met) < 4 or len(met) < 0.8 * len(hook) or len(window) > len(hook) + 1:
        return False
    pairs = list(pairwise(met))
    alike = sum(np.sign(b[0] - a[0]) == np.sign(b[1] - a[1]) for a, b in pairs)
    return bool(alike >= 0.8 * len(pairs))


def _without_hook(
    song: WrittenSong, notes: list[NoteRow], mutes: Sequence[tuple[int, int]], rng: np.random.Generator
) -> list[NoteRow]:
    """``mutes``: where the track is silent for the voice and stays as it is."""
    for _ in range(_ROUNDS):
        places = hook_places(song, sorted(row for row in notes if not _is_muted(row[0], mutes)))
        if not places:
            break
        for start, end in places:
            _redraw(song, notes, (start, end), mutes, rng)
    return notes


def _redraw(
    song: WrittenSong,
    notes: list[NoteRow],
    span: tuple[int, int],
    mutes: Sequence[tuple[int, int]],
    rng: np.random.Generator,
) -> None:
    """New places, lengths and pitches for the heard notes of a span, in place; forces stay."""
    start, end = span
    window = range(start - LEAN_TICKS, end - LEAN_TICKS)
    inside = [index for index, row in enumerate(notes) if row[0] in window and not _is_muted(row[0], mutes)]
    grid = TICKS_PER_QUARTER // 2
    free = _free(start, end, grid, mutes)
    while len(free) < 2 * len(inside) and grid > 60:
        grid //= 2
        free = _free(start, end, grid, mutes)
    if not inside or len(free) < len(inside):
        return
    places = [int(place) for place in np.sort(rng.choice(free, size=len(inside), replace=False))]
    heights = [notes[index][2] for index in inside]
    low, high = min(heights) - 2, max(heights) + 2
    pitch = int(rng.integers(low, high + 1))
    for order, index in enumerate(inside):
        place = places[order]
        until = places[order + 1] if order + 1 < len(inside) else end
        pitch = _next_pitch(song, place, pitch, low, high, rng)
        notes[index] = (place, max(min(notes[index][1], until - place), 30), pitch, notes[index][3])


def _free(start: int, end: int, grid: int, mutes: Sequence[tuple[int, int]]) -> list[int]:
    return [tick for tick in range(start, end, grid) if not _is_muted(tick, mutes)]


def _is_muted(tick: int, mutes: Sequence[tuple[int, int]]) -> bool:
    return any(low <= tick < high for low, high in mutes)


def _next_pitch(song: WrittenSong, tick: int, pitch: int, low: int, high: int, rng: np.random.Generator) -> int:
    """A note of the key, more often of the chord, within a fifth of the last where there is one."""
    score = song.score
    section = next((part for part in score.sections if part.start_ticks <= tick < part.end_ticks), score.sections[-1])
    scale = {(pc + section.transpose) % 12 for pc in scale_pitch_classes(score.key, score.scale)}
    chord = next((span for span in reversed(score.chords) if span.start_ticks <= tick), None)
    pool = set(chord.pitch_classes) if chord is not None and rng.random() < 0.6 else scale
    near = [p for p in range(low, high + 1) if p % 12 in pool and 0 < abs(p - pitch) <= 7]
    free = near or [p for p in range(low, high + 1) if p % 12 in pool] or [pitch]
    return free[int(rng.integers(len(free)))]


def _tune(song: WrittenSong) -> list[NoteRow]:
    return single_voiced([row for track in song.tracks if _is_tune(track) for row in track.notes])


def _is_tune(track: Track) -> bool:
    return track.role in _TUNE_ROLES and not track.name.startswith(HARMONY_PREFIX)


def _repeated(notes: Sequence[NoteRow], length: int, wanted: int) -> list[NoteRow]:
    return [
        (start + turn, min(duration, wanted - start - turn), pitch, velocity)
        for turn in range(0, wanted, length)
        for start, duration, pitch, velocity in notes
        if start + turn < wanted - LEAN_TICKS
    ]


def _in_reach(notes: Sequence[NoteRow], track: Track) -> list[NoteRow]:
    shift = best_octave(notes, *range_of(track.program))
    return fitted([(row[0], row[1], row[2] + shift, row[3]) for row in notes], track.program)


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
