"""When each sound of a phrase is sung: vowels on the beat, consonants before it, only vowels held.

Belongs here: stretches of spoken source laid on the phrase's time. Does not belong here: which sounds (syllables),
pitch and level (performance), sound (sing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.production.voice.phonemes import Kind, Phoneme
from musicgen_assets.production.voice.syllables import SungSyllable

ONSET_MAX_S, CODA_MAX_S = 0.18, 0.16
"""Room for consonants before a vowel and after it (measured on sung material)."""
_ONSET_SHARE, _CODA_SHARE = 0.36, 0.34
"""... and no more of the time between two beats than this."""
_LEGATO_GAP_S = 0.12
"""A rest shorter than this is no rest: the vowel is held until the next consonant."""
_FADE_S = 0.06
"""A coda before a rest may end this much after its note."""
_LONGEST_S: dict[Kind, float] = {
    "stop": 0.1, "voiced_stop": 0.08, "fricative": 0.13, "voiced_fricative": 0.1, "nasal": 0.09, "liquid": 0.08,
    "glide": 0.08, "vowel": 0.1,
}  # fmt: skip
_IN_S, _OUT_S = 0.06, 0.05
"""Transitions into and out of a vowel, which keep the speed of speech."""
_DIPHTHONG_HELD_AT, _DIPHTHONG_GLIDE_S = 0.3, 0.17
SPOKEN_STRETCH = 1.5
"""In speech a vowel is at most so much longer than it was read."""


@dataclass(frozen=True)
class Span:
    """A syllable's time: from its note's start to its last note's end, in seconds of the phrase."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Piece:
    """A stretch of source, played from ``start_s`` to ``end_s`` of the phrase at an even pace."""

    start_s: float
    end_s: float
    source_start_s: float
    source_end_s: float
    phoneme: Phoneme
    syllable: int


def schedule(syllables: Sequence[SungSyllable], spans: Sequence[Span], *, is_spoken: bool = False) -> list[Piece]:
    """Every sound of a phrase in time, in order and without overlap. As many ``spans`` as ``syllables``."""
    onsets = [_onset_lengths(one, spans, index) for index, one in enumerate(syllables)]
    pieces: list[Piece] = []
    for index, syllable in enumerate(syllables):
        span = spans[index]
        before, after = _around_beat(syllable)
        time = span.start_s - sum(onsets[index])
        for phoneme, length in zip(before, onsets[index], strict=True):
            pieces.append(_whole(phoneme, time, time + length, index))
            time += length
        following = spans[index + 1].start_s - sum(onsets[index + 1]) if index + 1 < len(spans) else None
        is_bound = following is not None and spans[index + 1].start_s - span.end_s < _LEGATO_GAP_S
        end = following if is_bound and following is not None else span.end_s + _FADE_S * bool(syllable.coda)
        if following is not None:
            end = min(end, following)
        pieces += _held(after, syllable.vowel, span.start_s, max(end, span.start_s + 0.02), index, is_spoken)
    return pieces


def _around_beat(syllable: SungSyllable) -> tuple[list[Phoneme], list[Phoneme]]:
    """What sounds before the beat, and from it on: the beat falls on the syllable's first vowel."""
    sounds = [*syllable.onset, *([syllable.vowel] if syllable.vowel else []), *syllable.coda]
    first = next((index for index, one in enumerate(sounds) if one.is_vowel), len(sounds))
    return sounds[:first], sounds[first:]


def _onset_lengths(syllable: SungSyllable, spans: Sequence[Span], index: int) -> list[float]:
    before, _ = _around_beat(syllable)
    lengths = [min(one.duration_s, _LONGEST_S[one.kind]) for one in before]
    room = ONSET_MAX_S
    if index:
        room = min(room, _ONSET_SHARE * (spans[index].start_s - spans[index - 1].start_s))
    return _within(lengths, room)


def _within(lengths: Sequence[float], room: float) -> list[float]:
    total = sum(lengths)
    return [length * min(1.0, room / total) for length in lengths] if total > 0.0 else list(lengths)


def _held(
    sounds: Sequence[Phoneme], vowel: Phoneme | None, start: float, end: float, index: int, is_spoken: bool
) -> list[Piece]:
    """From the beat to the syllable's end: what is not the held vowel keeps its length, as far as there is room."""
    if not sounds:
        return []
    if vowel is None:
        vowel = sounds[0]
    place = next(i for i, one in enumerate(sounds) if one is vowel)
    head, tail = sounds[:place], sounds[place + 1 :]
    room = end - start
    head_lengths = _within([min(one.duration_s, _LONGEST_S[one.kind]) for one in head], 0.3 * room)
    tail_lengths = _within(
        [min(one.duration_s, _LONGEST_S[one.kind]) for one in tail], min(CODA_MAX_S, _CODA_SHARE * room)
    )
    held_s = room - sum(head_lengths) - sum(tail_lengths)
    if is_spoken:
        held_s = min(held_s, SPOKEN_STRETCH * vowel.duration_s)
    pieces: list[Piece] = []
    time = start
    for phoneme, length in zip(head, head_lengths, strict=True):
        pieces.append(_whole(phoneme, time, time + length, index))
        time += length
    pieces += _vowel(vowel, time, time + held_s, index)
    time += held_s
    for phoneme, length in zip(tail, tail_lengths, strict=True):
        pieces.append(_whole(phoneme, time, time + length, index))
        time += length
    return pieces


def _vowel(vowel: Phoneme, start: float, end: float, index: int) -> list[Piece]:
    """The held vowel: its transitions at the speed of speech, its middle as long as it takes.

    A diphthong rests on its first vowel and moves on at the end, as singers do.
    """
    spoken, sung = vowel.duration_s, end - start
    if vowel.is_diphthong:
        into, out = _DIPHTHONG_HELD_AT * spoken, (1.0 - _DIPHTHONG_HELD_AT) * spoken - 0.02
        into_s, out_s = min(into, 0.3 * sung), min(max(out, 0.0) * 1.1, _DIPHTHONG_GLIDE_S, 0.6 * sung)
        marks = [0.0, into, spoken - max(out, 0.0), spoken]
    else:
        into, out = min(_IN_S, 0.4 * spoken), min(_OUT_S, 0.35 * spoken)
        into_s, out_s = min(into, 0.4 * sung), min(out, 0.35 * sung)
        marks = [0.0, into, spoken - out, spoken]
    times = [start, start + into_s, end - out_s, end]
    return [
        Piece(times[i], times[i + 1], vowel.start_s + marks[i], vowel.start_s + marks[i + 1], vowel, index)
        for i in range(3)
        if times[i + 1] > times[i]
    ]


def _whole(phoneme: Phoneme, start: float, end: float, index: int) -> Piece:
    """A consonant that has less time than it was spoken gives up its beginning: its release is what is heard."""
    length = end - start
    source = phoneme.start_s
    if phoneme.kind in ("stop", "voiced_stop", "fricative", "voiced_fricative"):
        source = max(phoneme.start_s, phoneme.end_s - max(length * 1.15, 0.03))
    return Piece(start, end, source, phoneme.end_s, phoneme, index)


@dataclass(frozen=True)
class Placed:
    """Pieces by frame: where in the source each frame is, -1 where nobody sounds, and which piece it belongs to."""

    source_s: NDArray[np.float64]
    piece: NDArray[np.int64]


def by_frame(pieces: Sequence[Piece], frames: int, frame_s: float) -> Placed:
    """``pieces`` at ``frames`` moments ``frame_s`` apart."""
    time = np.arange(frames) * frame_s
    source, owner = np.full(frames, -1.0), np.full(frames, -1, dtype=np.int64)
    for index, piece in enumerate(pieces):
        rows = slice(*np.searchsorted(time, (piece.start_s, piece.end_s)))
        share = (time[rows] - piece.start_s) / max(piece.end_s - piece.start_s, 1e-9)
        source[rows] = piece.source_start_s + share * (piece.source_end_s - piece.source_start_s)
        owner[rows] = index
    return Placed(source, owner)
