"""One phrase from syllables and notes to sound: the task that a song's vocals are made of.

Belongs here: the task ``sing_phrase``, and the order of what it does. Pure: equal phrases give equal bytes wherever in
the song they are sung. Does not belong here: cutting a song into phrases (phrases), the whole track (track).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.vocoder import FLOOR_DB, FRAME_S, RATE_HZ, Frames, envelope_db, resynthesize
from dsp.voice_spectrum import aperiodicity, breath_db, full_band_db, with_effort
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.production.voice.performance import Performance, breath_of, perform
from musicgen_assets.production.voice.phonemes import Kind
from musicgen_assets.production.voice.singers import SINGERS, Singer
from musicgen_assets.production.voice.syllables import Reading, read_line
from musicgen_assets.production.voice.timing import Piece, Placed, by_frame, schedule

PRE_S, POST_S = 0.7, 0.3
"""A phrase's sound begins and ends this much before its first note and after its last."""
_NOISINESS: dict[Kind, float] = {"fricative": 1.0, "stop": 1.0, "voiced_fricative": 0.75, "voiced_stop": 0.25}
_NOISE_SLOPES_DB = {"s": -7.0, "z": -7.0, "t": -9.0, "f": -9.0, "v": -9.0, "θ": -8.0, "ʃ": -15.0, "ʒ": -15.0}
_USUAL_NOISE_SLOPE_DB = -18.0
_ATTACK_S, _RELEASE_S = 0.015, 0.06
"""How a voice sets in after silence, and dies away into it."""
_WHISPER_DB = -14.0
_SPOKEN_RANGE = 40
"""How far the reader's voice moves when it speaks, espeak-ng's 0-99."""


def sing_phrase(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a phrase, mono at 48 kHz, role ``phrase``; its first note begins ``PRE_S`` after the sound.

    ``inputs`` as ``phrases.phrase_inputs`` builds them. Raises PermanentFailure where espeak-ng cannot be used.
    """
    del blobs
    return [audio_payload(sing(inputs)[None, :], RATE_HZ, "phrase", {"notes": len(inputs["notes"])})]


def sing(inputs: Mapping[str, Any]) -> FloatArray:
    """The phrase's sound, float32 (n,) at ``dsp.vocoder.RATE_HZ``; see ``sing_phrase``."""
    return _sound(planned(inputs), inputs)


@dataclass(frozen=True)
class Plan:
    """A phrase before it sounds: what was read, which stretch of it is heard when, and how it is performed."""

    singer: Singer
    reading: Reading
    pieces: tuple[Piece, ...]
    played: Performance


def planned(inputs: Mapping[str, Any]) -> Plan:
    """The plan of a phrase; times in seconds from the start of its sound."""
    singer = SINGERS[inputs["singer"]]
    is_spoken = inputs["delivery"] != "sung"
    texts = [text for text, _ in inputs["syllables"]]
    ends = [is_end for _, is_end in inputs["syllables"]]
    reading = read_line(
        texts, ends, inputs["language"], singer.variant, singer.source_pitch, _SPOKEN_RANGE if is_spoken else 0
    )
    rng = np.random.default_rng(zlib.crc32(json.dumps(inputs, sort_keys=True, default=str).encode()))
    played = perform(inputs, singer, rng, PRE_S)
    pieces = schedule(reading.syllables, played.spans, is_spoken=is_spoken)
    return Plan(singer, reading, tuple(pieces), played)


def _sound(plan: Plan, inputs: Mapping[str, Any]) -> FloatArray:
    """Frames of the phrase, and what they sound like."""
    reading, pieces, played, singer = plan.reading, plan.pieces, plan.played, plan.singer
    frames = int(np.ceil((max(span.end_s for span in played.spans) + POST_S) / FRAME_S))
    placed = by_frame(pieces, frames, FRAME_S)
    source, source_hz = _analysed(reading)
    sounds = [piece.phoneme for piece in pieces]
    of_piece = np.maximum(placed.piece, 0)
    is_on = placed.piece >= 0
    is_voiced = np.array([one.is_voiced for one in sounds])[of_piece] & is_on
    noisiness = np.array([_NOISINESS.get(one.kind, 0.0) for one in sounds])[of_piece]
    slopes = np.array([_NOISE_SLOPES_DB.get(one.ipa[:1], _USUAL_NOISE_SLOPE_DB) for one in sounds])[of_piece]
    at = np.clip(placed.source_s / FRAME_S, 0.0, len(source) - 1.0)
    wide = full_band_db(_between(source, at), reading.rate_hz, singer.timbre, is_voiced, slopes)
    gain_db = _evened(source, pieces, frames)
    wide += (gain_db + _noise_gain_db(wide + gain_db[:, None], pieces, placed))[:, None]
    wide = with_effort(wide, played.level_db(frames, FRAME_S), is_voiced)
    wide += _edges_db(is_on)[:, None]
    pitch_hz = np.where(is_voiced, 440.0 * 2.0 ** ((played.pitch(frames, FRAME_S) - 69.0) / 12.0), 0.0)
    if inputs["delivery"] == "spoken":
        pitch_hz = np.where(is_voiced, _spoken_hz(source_hz, at, singer), 0.0)
    elif inputs["delivery"] == "whispered":
        wide += np.where(is_voiced, _WHISPER_DB, 0.0).astype(np.float32)[:, None]
        pitch_hz, noisiness = np.zeros(frames), np.ones(frames)
    noise = aperiodicity(singer.timbre, noisiness)
    is_on = _breathe(wide, noise, is_on, singer, inputs)
    return _synthesized(pitch_hz, wide, noise, is_on)


def _analysed(reading: Reading) -> tuple[Frames, NDArray[np.float64]]:
    """The read line's envelope and pitch; voiced where its labels say so."""
    count = int(np.ceil(len(reading.samples) / reading.rate_hz / FRAME_S)) + 1
    is_voiced = np.zeros(count, dtype=bool)
    for syllable in reading.syllables:
        for one in (*syllable.onset, *([syllable.vowel] if syllable.vowel else []), *syllable.coda):
            if one.is_voiced:
                is_voiced[round(one.start_s / FRAME_S) : round(one.end_s / FRAME_S)] = True
    return envelope_db(reading.samples, reading.rate_hz, is_voiced)


def _between(source: Frames, at: NDArray[np.float64]) -> Frames:
    """Source frames at fractional places, in dB."""
    low = np.minimum(at.astype(int), max(len(source) - 2, 0))
    share = (at - low).astype(np.float32)[:, None]
    ahead = source[np.minimum(low + 1, len(source) - 1)]
    return np.asarray(source[low] * (1.0 - share) + ahead * share, dtype=np.float32)


def _evened(source: Frames, pieces: Sequence[Piece], frames: int) -> NDArray[np.float32]:
    """Gain by frame that brings the vowels near one level: readers stress words, singers hold lines."""
    times, gains = [], []
    for piece in pieces:
        if piece.phoneme.is_vowel and piece.end_s - piece.start_s > 0.02:
            rows = source[round(piece.source_start_s / FRAME_S) : round(piece.source_end_s / FRAME_S) + 1]
            power = float(np.mean(np.sum(10.0 ** (rows[:, 2:200] / 10.0), axis=1)))
            times.append(0.5 * (piece.start_s + piece.end_s))
            gains.append(np.clip(0.85 * (_VOWEL_DB - 10.0 * np.log10(max(power, 1e-9))), -12.0, 12.0))
    if not times:
        return np.zeros(frames, dtype=np.float32)
    return np.asarray(np.interp(np.arange(frames) * FRAME_S, times, gains), dtype=np.float32)


def _noise_gain_db(wide: Frames, pieces: Sequence[Piece], placed: Placed) -> NDArray[np.float32]:
    """Gain by frame that brings hiss and bursts to where they are against vowels in people's speech."""
    gain = np.zeros(len(wide), dtype=np.float32)
    for index, piece in enumerate(pieces):
        if piece.phoneme.kind not in _NOISE_LEVELS_DB:
            continue
        rows = np.flatnonzero(placed.piece == index)
        if rows.size == 0:
            continue
        power = np.sum(10.0 ** (wide[rows] / 10.0), axis=1)
        level = 10.0 * np.log10(max(float(power.mean()), 1e-9)) - _VOWEL_DB - 0.0
        low, high = _NOISE_LEVELS_DB[piece.phoneme.kind]
        gain[rows] = np.clip(np.clip(level, low, high) - level, -14.0, 8.0)
    return gain


_NOISE_LEVELS_DB: dict[Kind, tuple[float, float]] = {
    "fricative": (-20.0, -14.0), "stop": (-19.0, -14.0), "voiced_fricative": (-16.0, -9.0),
}  # fmt: skip
"""Least and most of a consonant's mean power against a vowel's; [s] is 8-12 dB, [f] 15-20 dB under vowels (Kent & Read,
The Acoustic Analysis of Speech, 2002)."""
_VOWEL_DB = 20.0
"""Level vowels are brought to, as the sum of a frame's bins in dB."""


def _edges_db(is_on: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Silence where nobody sounds, with short slopes: joins must not click."""
    gain = np.ones(len(is_on))
    steps = np.diff(np.concatenate([[False], is_on, [False]]).astype(int))
    starts, ends = np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist()
    for first, past in zip(starts, ends, strict=True):
        rise = min(max(round(_ATTACK_S / FRAME_S), 1), past - first)
        fall = min(max(round(_RELEASE_S / FRAME_S), 1), past - first)
        gain[first : first + rise] *= np.sin(0.5 * np.pi * (np.arange(rise) + 1) / (rise + 1))
        gain[past - fall : past] *= np.cos(0.5 * np.pi * (np.arange(fall) + 1) / (fall + 1))
    gain *= is_on
    return np.asarray(np.maximum(20.0 * np.log10(np.maximum(gain, 1e-9)), FLOOR_DB), dtype=np.float32)


def _spoken_hz(source_hz: NDArray[np.float64], at: NDArray[np.float64], singer: Singer) -> NDArray[np.float64]:
    """The reader's own melody, at the height at which the singer speaks."""
    voiced = source_hz[source_hz > 0.0]
    middle = float(np.median(voiced)) if voiced.size else 150.0
    filled = np.interp(np.arange(len(source_hz)), np.flatnonzero(source_hz > 0.0), voiced) if voiced.size else source_hz
    speaking = 440.0 * 2.0 ** ((singer.centre - 7 - 69.0) / 12.0)
    return np.asarray(np.interp(at, np.arange(len(filled)), filled) * speaking / middle, dtype=np.float64)


def _breathe(
    wide: Frames,
    noise: Frames,
    is_on: NDArray[np.bool_],
    singer: Singer,
    inputs: Mapping[str, Any],
) -> NDArray[np.bool_]:
    """Air drawn in before the phrase, in place; where there is sound with it."""
    breath = breath_of(inputs)
    if breath is None or not is_on.any():
        return is_on
    first = int(np.flatnonzero(is_on)[0])
    last = first - round(0.05 / FRAME_S)
    count = min(round(breath / FRAME_S), last)
    if count < 10:
        return is_on
    swell = np.sin(np.pi * np.linspace(0.0, 1.0, count) ** 1.5) ** 2
    level = _VOWEL_DB - 17.0 + singer.breath_db + 20.0 * np.log10(np.maximum(swell, 1e-4))
    wide[last - count : last] = breath_db(singer.timbre)[None, :] + level[:, None].astype(np.float32)
    noise[last - count : last] = 1.0
    sounding = is_on.copy()
    sounding[last - count : last] = True
    return sounding


def _synthesized(pitch_hz: NDArray[np.float64], wide: Frames, noise: Frames, is_on: NDArray[np.bool_]) -> FloatArray:
    """The sound of all frames; those before the first and after the last that sound cost nothing."""
    hop = round(FRAME_S * RATE_HZ)
    out = np.zeros(len(is_on) * hop, dtype=np.float32)
    sounding = np.flatnonzero(is_on)
    if sounding.size:
        first, past = max(int(sounding[0]) - 2, 0), min(int(sounding[-1]) + 3, len(is_on))
        rows = slice(first, past)
        made = resynthesize(pitch_hz[rows], wide[rows], noise[rows])[: (past - first) * hop]
        out[first * hop : first * hop + made.size] = made
    return out
