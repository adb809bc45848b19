"""One recording brought to the grid and the key of another: how much slower, how much higher, how much later.

Belongs here: finding those from audio and plans given as numbers, and cutting to them. Does not belong here: which
voice and whose plan (production.hybrid_vocal), stretching and shifting themselves (``dsp.timepitch``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from dsp.beats import beats_of_flux
from dsp.key import KeyEstimate
from dsp.levels import FloatArray, as_channels, check_audio, check_range, check_rate
from dsp.tempo import DoubleArray, onset_flux, tempo_of_flux

ACTIVITY_FRAMES_PER_S = 50.0
_QUIET_UNDER_DB = 30.0
"""A voice this far under its loud passages rests: breaths and what separation leaves behind are below."""
_LOUD_SHARE = 0.95
_SILENT_RMS = 1e-4
_FEWEST_BEATS = 8
_EDGE_S = 0.01
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class SteadyBeats:
    """Beats as an even grid: ``bpm``, the first at ``first_s``; ``unevenness_s`` is how far the heard ones lie from it,
    root of the mean square.
    """

    bpm: float
    first_s: float
    unevenness_s: float


@dataclass(frozen=True)
class Shift:
    """``later_s`` (negative: earlier), and how alike both are then: Pearson's correlation, -1 to 1."""

    later_s: float
    likeness: float


@dataclass(frozen=True)
class Piece:
    """``start_s`` to ``end_s`` of a recording, to be heard from ``at_s``."""

    start_s: float
    end_s: float
    at_s: float


def steady_beats(samples: FloatArray, rate: int, prior_bpm: float) -> SteadyBeats | None:
    """The grid that the beats of a recording lie on, in the metrical level next to ``prior_bpm``; None without beats.

    Tempo and beats as ``dsp.tempo`` and ``dsp.beats`` find them, then a line through the beats by least squares: over
    minutes, a tempo read off the spectrum alone would drift.

    Args:
        samples: float32 (1 or 2, samples), some bars at least.
        rate: in Hz, 8,000 to 768,000.
        prior_bpm: the expected tempo, 20 to 400.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("rate", rate, 8_000, 768_000)
    check_range("prior_bpm", prior_bpm, 20.0, 400.0)
    flux, frames_per_s = onset_flux(samples, rate)
    bpm = tempo_of_flux(flux, frames_per_s, prior_bpm).bpm
    beats = beats_of_flux(flux, frames_per_s, bpm) if bpm > 0.0 else np.zeros(0)
    if beats.size < _FEWEST_BEATS:
        return None
    steps = np.maximum(1, np.rint(np.diff(beats) * bpm / 60.0))
    numbers = np.concatenate([[0.0], np.cumsum(steps)])
    period_s, first_s = np.polyfit(numbers, beats, 1)
    uneven_s = float(np.sqrt(np.mean((beats - (first_s + period_s * numbers)) ** 2)))
    return SteadyBeats(60.0 / float(period_s), float(first_s % period_s), uneven_s)


def transposition(key: KeyEstimate, wanted: Collection[int]) -> int:
    """By how many semitones (-5 to 6) a recording in ``key`` has to move to lie in the pitch classes ``wanted``.

    The move after which most notes of its scale are among them; of several, the smallest. A relative key needs none.
    """
    scale = _MAJOR if key.mode == "major" else _MINOR
    notes = {(key.tonic + step) % 12 for step in scale}

    def cost(semitones: int) -> tuple[int, int, int]:
        return -len({(note + semitones) % 12 for note in notes} & set(wanted)), abs(semitones), semitones

    return min(range(-5, 7), key=cost)


def share_within(pitch_classes: Sequence[float], wanted: Collection[int], semitones: int = 0) -> float:
    """How much of what sounds (a share for each of twelve pitch classes) is ``wanted`` after a move, 0 to 1."""
    total = sum(pitch_classes)
    inside = sum(share for note, share in enumerate(pitch_classes) if (note + semitones) % 12 in wanted)
    return inside / total if total > 0.0 else 0.0


def activity(samples: FloatArray, rate: int) -> DoubleArray:
    """Where a voice sounds: 1 or 0 for each fiftieth of a second, shape (ceil(seconds * 50),).

    Raises:
        AudioError: no audio, or an impossible rate.
    """
    check_audio(samples)
    check_rate(rate)
    mono = as_channels(samples, 1)[0].astype(np.float64)
    edges = np.rint(np.arange(0, int(np.ceil(mono.size / rate * ACTIVITY_FRAMES_PER_S)) + 1) * rate
                    / ACTIVITY_FRAMES_PER_S).astype(np.int64)  # fmt: skip
    edges = np.minimum(edges, mono.size)
    energy = np.concatenate([[0.0], np.cumsum(mono**2)])
    sizes = np.maximum(np.diff(edges), 1)
    levels = np.sqrt(np.maximum(np.diff(energy[edges]), 0.0) / sizes)
    heard = levels[levels > _SILENT_RMS]
    if not heard.size:
        return np.zeros(levels.size)
    loud = float(np.quantile(heard, _LOUD_SHARE))
    return np.asarray(levels > loud * 10.0 ** (-_QUIET_UNDER_DB / 20.0), dtype=np.float64)


def planned_activity(spans: Sequence[tuple[float, float]], duration_s: float) -> DoubleArray:
    """The same of what is planned: ``spans`` of (start_s, end_s) in which it sounds."""
    found = np.zeros(int(np.ceil(duration_s * ACTIVITY_FRAMES_PER_S)))
    for start_s, end_s in spans:
        found[round(start_s * ACTIVITY_FRAMES_PER_S) : round(end_s * ACTIVITY_FRAMES_PER_S)] = 1.0
    return found


def stretched(heard: DoubleArray, stretch: float) -> DoubleArray:
    """An activity ``stretch`` times as long."""
    size = max(1, round(heard.size * stretch))
    return np.asarray(heard[np.minimum((np.arange(size) / stretch).astype(np.int64), heard.size - 1)])


def likeness(one: DoubleArray, other: DoubleArray) -> float:
    """Pearson's correlation of two activities over the longer one's time, silence behind the shorter; 0 for none."""
    size = max(one.size, other.size)
    first, second = (np.pad(item, (0, size - item.size)) for item in (one, other))
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt(np.vdot(first, first) * np.vdot(second, second)))
    return float(np.vdot(first, second)) / norm if norm > 0.0 else 0.0


def best_shift(heard: DoubleArray, planned: DoubleArray) -> Shift:
    """The move of ``heard`` after which it sounds most when ``planned`` says, by their cross-correlation."""
    from scipy.signal import correlate, correlation_lags

    size = max(heard.size, planned.size)
    first, second = (np.pad(item, (0, size - item.size)) for item in (heard, planned))
    products = correlate(second - second.mean(), first - first.mean(), mode="full", method="fft")
    later = int(correlation_lags(size, size)[int(np.argmax(products))])
    moved = np.pad(heard, (later, 0)) if later >= 0 else heard[-later:]
    return Shift(later / ACTIVITY_FRAMES_PER_S, likeness(moved[: planned.size], planned))


def on_beats(piece: Piece, first_beat_s: float, period_s: float, planned_s: DoubleArray) -> tuple[Piece, float]:
    """``piece`` moved so that its first beat falls on the nearest of the beats ``planned_s`` (rising seconds), and by
    how many seconds its last beat misses the plan then.

    The recording's beats are every ``period_s`` from ``first_beat_s`` on; the plan's go on as they begin and end.
    Without two planned beats, as it was.
    """
    if planned_s.size < 2:
        return piece, 0.0
    before, after = planned_s[1] - planned_s[0], planned_s[-1] - planned_s[-2]
    more = np.arange(1, 1 + int(np.ceil((abs(piece.at_s) + piece.end_s) / period_s)))
    planned_s = np.concatenate([planned_s[0] - before * more[::-1], planned_s, planned_s[-1] + after * more])
    later_s = piece.at_s - piece.start_s
    first = first_beat_s + np.ceil((piece.start_s - first_beat_s) / period_s) * period_s
    last = first_beat_s + np.floor((piece.end_s - first_beat_s) / period_s) * period_s
    later_s = float(_nearest(planned_s, first + later_s) - first)
    missed_s = abs(float(_nearest(planned_s, last + later_s) - last) - later_s) if last > first else 0.0
    return Piece(piece.start_s, piece.end_s, piece.start_s + later_s), missed_s


def _nearest(values: DoubleArray, wanted: float) -> float:
    return float(values[int(np.argmin(np.abs(values - wanted)))])


def placed(samples: FloatArray, rate: int, pieces: Sequence[Piece], length: int) -> FloatArray:
    """``pieces`` of ``samples`` (channels, samples), each with faded edges, over silence of ``length`` samples.

    What would lie before the beginning or behind the end is left out; where pieces overlap they sound together.
    """
    from dsp.dynamics import fade_in, fade_out

    out = np.zeros((samples.shape[0], length), np.float32)
    for piece in pieces:
        first, last = round(max(piece.start_s, 0.0) * rate), min(round(piece.end_s * rate), samples.shape[1])
        if last - first < 2 * round(_EDGE_S * rate):
            continue
        cut = fade_out(fade_in(samples[:, first:last], rate, _EDGE_S), rate, _EDGE_S)
        at = round((piece.at_s + max(piece.start_s, 0.0) - piece.start_s) * rate)
        skipped = max(-at, 0)
        end = min(at + cut.shape[1], length)
        if end > max(at, 0):
            out[:, max(at, 0) : end] += cut[:, skipped : skipped + end - max(at, 0)]
    return out
