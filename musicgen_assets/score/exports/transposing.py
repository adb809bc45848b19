"""A song in another key, and the capo that makes its chords easy on a guitar.

Belongs here: moving everything that has a pitch, choosing a capo. Does not belong here: writing files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Tonic
from musicgen_assets.score.exports.spelling import lifted_tonic
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.score.model import ChordSpan, Score, Track
from musicgen_assets.theory.chords import chord_symbol

SEMITONES_MAX = 24
CAPO_MAX = 7
_OPEN_MAJOR, _OPEN_MINOR = frozenset({0, 2, 4, 7, 9}), frozenset({9, 4, 2})
"""Roots of the open chords every guitarist knows: C D E G A, and Am Em Dm."""
_NEARLY_OPEN_SEVENTH = 11
"""B7 is open too."""
_FRET_PRICE = 0.03
"""What a fret costs, as a share of barre chords: a capo must be worth it."""
_WORTH = 0.2
"""A capo is suggested where it saves this share of barre chords."""


def transposed(score: Score, semitones: int) -> Score:
    """The score ``semitones`` higher (lower below 0, at most two octaves), its key and chords spelled anew. Drums stay.

    Notes that would leave MIDI's range move by octaves. Raises BadInput.
    """
    if abs(semitones) > SEMITONES_MAX:
        raise BadInput("semitones", semitones, "a song moves by two octaves at most", way_out="Give -24 to 24.")
    key = lifted_tonic(score.key, score.scale, semitones)
    return score.model_copy(
        update={
            "key": cast("Tonic", key),
            "chords": tuple(_chord(chord, semitones, key, score) for chord in score.chords),
            "tracks": tuple(transposed_track(track, semitones) for track in score.tracks),
        }
    )


def transposed_track(track: Track, semitones: int) -> Track:
    """The track ``semitones`` higher; a drum track as it is."""
    if track.is_drums or semitones == 0:
        return track
    notes = tuple(
        (start, duration, _in_range(pitch + semitones), velocity) for start, duration, pitch, velocity in track.notes
    )
    return track.model_copy(update={"notes": notes})


def transposed_sheet(written: WrittenScore, semitones: int) -> WrittenScore:
    """A song on paper ``semitones`` higher."""
    return replace(
        written,
        score=transposed(written.score, semitones),
        tracks=tuple(transposed_track(track, semitones) for track in written.tracks),
    )


def suggested_capo(chords: Sequence[ChordSpan]) -> int:
    """The fret (0-7) at which the song's chords are easiest on a guitar; 0 where a capo would save little."""
    if not chords:
        return 0
    costs = [_barre_share(chords, fret) + _FRET_PRICE * fret for fret in range(CAPO_MAX + 1)]
    best = min(range(CAPO_MAX + 1), key=lambda fret: (costs[fret], fret))
    return best if costs[0] - costs[best] >= _WORTH else 0


def _barre_share(chords: Sequence[ChordSpan], fret: int) -> float:
    """Share of the song's time in shapes that are not open with a capo at ``fret``."""
    total = sum(chord.duration_ticks for chord in chords)
    return sum(chord.duration_ticks for chord in chords if not _is_open(chord, fret)) / max(total, 1)


def _is_open(chord: ChordSpan, fret: int) -> bool:
    root = (chord.root - fret) % 12
    if 3 in {(pc - chord.root) % 12 for pc in chord.pitch_classes}:
        return root in _OPEN_MINOR
    return root in _OPEN_MAJOR or (root == _NEARLY_OPEN_SEVENTH and chord.quality == "7")


def _chord(chord: ChordSpan, semitones: int, key: str, score: Score) -> ChordSpan:
    root, bass = (chord.root + semitones) % 12, (chord.bass + semitones) % 12
    section = next((one for one in reversed(score.sections) if one.start_ticks <= chord.start_ticks), score.sections[0])
    local = lifted_tonic(key, score.scale, section.transpose)
    return chord.model_copy(
        update={
            "root": root,
            "bass": bass,
            "pitch_classes": tuple((pc + semitones) % 12 for pc in chord.pitch_classes),
            "symbol": chord_symbol(root, chord.quality, bass, local, score.scale),
        }
    )


def _in_range(pitch: int) -> int:
    while pitch > 127:
        pitch -= 12
    while pitch < 0:
        pitch += 12
    return pitch
