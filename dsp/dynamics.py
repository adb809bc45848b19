"""Level that follows the music: compressor, gate, expander, true-peak limiter, ducking, fades.

All channels share one gain, so that the stereo image does not move. Belongs here: gain over time, and nothing that
changes the spectrum. Does not belong here: meters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.levels import SILENCE_DB, FloatArray, check_audio, check_range, check_rate, db_to_gain
from dsp.truepeak import local_true_peaks

DoubleArray = NDArray[np.float64]

_HOP_S = 0.0005
_HOLD_S = 0.01
_LIMITER_HOP = 8
_LIMITER_PASSES = 6
_LIMITER_SLACK = 1.001
_LEAST_REDUCTION = 1e-6


def compressor(
    samples: FloatArray,
    rate: int,
    threshold_db: float,
    ratio: float,
    attack_ms: float,
    release_ms: float,
    makeup_db: float = 0.0,
    knee_db: float = 0.0,
) -> FloatArray:
    """Feed-forward compressor on the peak level of the louder channel.

    A steady level L over the threshold T comes out at ``T + (L - T) / ratio``. The gain in dB approaches its goal
    exponentially: 63 % of the way after ``attack_ms`` or ``release_ms``. Peaks are held for 10 ms, so that the
    waves of a 50 Hz tone do not modulate the gain. Under the threshold and without makeup the samples stay what they
    are.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        threshold_db: dBFS, -100 to 20.
        ratio: 1 (nothing) to 100.
        attack_ms: 0 to 1,000; steps of half a millisecond resolve it.
        release_ms: 1 to 10,000.
        makeup_db: added to everything, -60 to 60.
        knee_db: width of the quadratic bend around the threshold, 0 to 40 (D. Giannoulis et al., "Digital dynamic
            range compressor design", JAES 60(6), 2012).

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_range("makeup_db", makeup_db, -60.0, 60.0)
    gain_db = _compressor_gain_db(samples, rate, threshold_db, ratio, attack_ms, release_ms, knee_db)
    if makeup_db == 0.0 and not gain_db.any():
        return samples.copy()
    return _with_gain_db(samples, rate, gain_db + makeup_db)


def gain_curve_db(
    samples: FloatArray,
    rate: int,
    threshold_db: float,
    ratio: float,
    attack_ms: float,
    release_ms: float,
    knee_db: float = 0.0,
) -> FloatArray:
    """The gain that ``compressor`` would give these samples, in dB, float32 (samples,), 0 or negative.

    For a band of a signal, whose gain is applied to the rest by other means. Arguments and errors as there.
    """
    gain_db = _compressor_gain_db(samples, rate, threshold_db, ratio, attack_ms, release_ms, knee_db)
    return _between_hops(gain_db.astype(np.float32), _hop(rate), samples.shape[1])


def _compressor_gain_db(
    samples: FloatArray,
    rate: int,
    threshold_db: float,
    ratio: float,
    attack_ms: float,
    release_ms: float,
    knee_db: float,
) -> DoubleArray:
    """Gain per hop, in dB."""
    _check_times(samples, rate, attack_ms, release_ms)
    check_range("threshold_db", threshold_db, -100.0, 20.0)
    check_range("ratio", ratio, 1.0, 100.0)
    check_range("knee_db", knee_db, 0.0, 40.0)
    over = _levels_db(samples, rate, _HOLD_S) - threshold_db
    bent = np.clip(over + knee_db / 2.0, 0.0, knee_db) ** 2 / (2.0 * knee_db) if knee_db > 0.0 else 0.0
    excess = np.where(over > knee_db / 2.0, over, bent)
    goal = (1.0 / ratio - 1.0) * excess
    return follow_db(goal, attack_ms, release_ms) if goal.any() else np.zeros_like(goal)


def gate(
    samples: FloatArray,
    rate: int,
    threshold_db: float,
    attack_ms: float = 1.0,
    release_ms: float = 100.0,
    hold_ms: float = 20.0,
    range_db: float = 80.0,
) -> FloatArray:
    """Turns down by ``range_db`` what stays under the threshold for longer than ``hold_ms``.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        threshold_db: dBFS, -120 to 0.
        attack_ms: time to open (63 %), 0 to 1,000.
        release_ms: time to close (63 %), 1 to 10,000.
        hold_ms: how long the gate stays open after the last loud sample, 0 to 5,000.
        range_db: how far it closes, 0 to 120.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    _check_times(samples, rate, attack_ms, release_ms)
    check_range("threshold_db", threshold_db, -120.0, 0.0)
    check_range("hold_ms", hold_ms, 0.0, 5_000.0)
    check_range("range_db", range_db, 0.0, 120.0)
    closed = _levels_db(samples, rate, hold_ms / 1_000.0) < threshold_db
    if not closed.any():
        return samples.copy()
    # Closing lowers the gain, which is the attack of `follow_db`: the times change places.
    return _with_gain_db(samples, rate, follow_db(np.where(closed, -range_db, 0.0), release_ms, attack_ms))


def expander(
    samples: FloatArray,
    rate: int,
    threshold_db: float,
    ratio: float = 2.0,
    attack_ms: float = 2.0,
    release_ms: float = 100.0,
    range_db: float = 40.0,
) -> FloatArray:
    """What lies under the threshold is turned down further: a level L under T comes out at ``T - (T - L) * ratio``.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        threshold_db: dBFS, -120 to 0.
        ratio: 1 (nothing) to 20.
        attack_ms: time to come up (63 %), 0 to 1,000.
        release_ms: time to go down (63 %), 1 to 10,000.
        range_db: it is turned down by no more than this, 0 to 120.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    _check_times(samples, rate, attack_ms, release_ms)
    check_range("threshold_db", threshold_db, -120.0, 0.0)
    check_range("ratio", ratio, 1.0, 20.0)
    check_range("range_db", range_db, 0.0, 120.0)
    under = np.maximum(0.0, threshold_db - _levels_db(samples, rate, _HOLD_S))
    goal = -np.minimum(range_db, under * (ratio - 1.0))
    if not goal.any():
        return samples.copy()
    # Going down is this effect's release: the times change places, as for the gate.
    return _with_gain_db(samples, rate, follow_db(goal, release_ms, attack_ms))


def limiter(
    samples: FloatArray, rate: int, ceiling_dbtp: float, release_ms: float = 120.0, lookahead_ms: float = 4.0
) -> FloatArray:
    """True-peak limiter without makeup gain: louder than the ceiling never, untouched where nothing was.

    The gain falls smoothly over the ``lookahead_ms`` before a peak, is low enough on it, and returns exponentially.
    Turning down moves peaks between the samples a little, so what still exceeds the ceiling is treated again.

    Args:
        samples: float32 (channels, samples).
        rate: in Hz.
        ceiling_dbtp: highest true peak allowed (as ``dsp.loudness.true_peak_dbtp`` measures it), -60 to 20. The
            result keeps it within 0.02 dB.
        release_ms: time for 63 % of the way back, 1 to 10,000.
        lookahead_ms: 0.5 to 50.

    Returns:
        float32, same shape and no delay. Bit-equal to the input when its true peak is within the ceiling.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("ceiling_dbtp", ceiling_dbtp, -60.0, 20.0)
    check_range("release_ms", release_ms, 1.0, 10_000.0)
    check_range("lookahead_ms", lookahead_ms, 0.5, 50.0)
    ceiling = db_to_gain(ceiling_dbtp)
    out, trigger = samples.copy(), ceiling
    for _ in range(_LIMITER_PASSES):
        peaks = local_true_peaks(out, trigger)
        if peaks.max() <= trigger:
            break
        out = _times(out, _limiter_gain(peaks, ceiling, rate, release_ms, lookahead_ms))
        trigger = ceiling * _LIMITER_SLACK
    return out


def duck(
    samples: FloatArray,
    rate: int,
    trigger_times_s: Sequence[float],
    depth_db: float,
    attack_ms: float = 5.0,
    release_ms: float = 180.0,
) -> FloatArray:
    """Makes room at given times, as a side-chain compressor would: see ``duck_gain``."""
    check_audio(samples)
    gain = duck_gain(samples.shape[1], rate, trigger_times_s, depth_db, attack_ms, release_ms)
    return _times(samples, gain)


def duck_gain(
    length: int, rate: int, trigger_times_s: Sequence[float], depth_db: float, attack_ms: float, release_ms: float
) -> FloatArray:
    """The gain over time that ``duck`` multiplies by.

    Each trigger takes the gain down along half a cosine (in dB) during the ``attack_ms`` before it, so that the
    dip is complete when the triggering sound begins, and back along another during the ``release_ms`` after it.
    Where dips meet, the deeper one counts; they do not add up.

    Args:
        length: in samples, at least 1.
        rate: in Hz.
        trigger_times_s: any order; times outside the audio count as far as their dip reaches into it.
        depth_db: 0 to 96, how far down.
        attack_ms: 0 to 1,000.
        release_ms: 1 to 10,000.

    Returns:
        float32 (length,), from ``10 ** (-depth_db / 20)`` to 1.

    Raises:
        AudioError: a value out of range.
    """
    check_rate(rate)
    check_range("length", length, 1, 2**40)
    check_range("depth_db", depth_db, 0.0, 96.0)
    check_range("attack_ms", attack_ms, 0.0, 1_000.0)
    check_range("release_ms", release_ms, 1.0, 10_000.0)
    down, back = round(attack_ms * rate / 1_000.0), max(1, round(release_ms * rate / 1_000.0))
    shape = np.concatenate([_half_cosine(down), 1.0 - _half_cosine(back)[1:], [0.0]])
    dip = (10.0 ** (-depth_db / 20.0 * shape)).astype(np.float32)
    gain = np.ones(length, np.float32)
    for time_s in trigger_times_s:
        check_range("trigger_times_s", time_s, -1e6, 1e6)
        start = round(time_s * rate) - down
        first, last = max(start, 0), min(start + dip.size, length)
        if first < last:
            part = gain[first:last]
            np.minimum(part, dip[first - start : last - start], out=part)
    return gain


def fade_in(samples: FloatArray, rate: int, duration_s: float) -> FloatArray:
    """Raised-cosine fade from silence at the first sample; a duration over the length fades all of it."""
    return _faded(samples, rate, duration_s, at_end=False)


def fade_out(samples: FloatArray, rate: int, duration_s: float) -> FloatArray:
    """Raised-cosine fade to silence at the last sample; a duration over the length fades all of it."""
    return _faded(samples, rate, duration_s, at_end=True)


def _faded(samples: FloatArray, rate: int, duration_s: float, at_end: bool) -> FloatArray:
    check_audio(samples)
    check_rate(rate)
    check_range("duration_s", duration_s, 0.0, 1e6)
    out = samples.copy()
    count = min(round(duration_s * rate), samples.shape[1])
    if count > 0:
        curve = _half_cosine(count)[:count].astype(np.float32)
        part = out[:, -count:] if at_end else out[:, :count]
        part *= curve[::-1] if at_end else curve
    return out


def _half_cosine(count: int) -> DoubleArray:
    """``count + 1`` values from 0 to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.arange(count + 1) / max(count, 1)) if count else np.ones(1)


def _levels_db(samples: FloatArray, rate: int, hold_s: float) -> DoubleArray:
    """Peak level per hop over all channels, each peak held for ``hold_s``; dBFS, at least -120."""
    from scipy.ndimage import maximum_filter1d

    hop = _hop(rate)
    starts = np.arange(0, samples.shape[1], hop)
    peaks = np.zeros(starts.size, np.float32)
    for channel in samples:
        np.maximum(peaks, np.maximum.reduceat(np.abs(channel), starts), out=peaks)
    held = max(1, round(hold_s * rate / hop))
    peaks = maximum_filter1d(peaks, held, mode="nearest", origin=(held - 1) // 2)
    return np.asarray(20.0 * np.log10(np.maximum(peaks.astype(np.float64), 10.0 ** (SILENCE_DB / 20.0))))


def follow_db(goal_db: DoubleArray, attack_ms: float, release_ms: float, hop_s: float = _HOP_S) -> DoubleArray:
    """A gain that goes down to its goal with the attack's time constant, and up with the release's; dB by hop.

    The pace depends on the direction, so each step needs the one before: a plain loop over steps of ``hop_s``.
    """
    hop_ms = hop_s * 1_000.0
    down = 1.0 - float(np.exp(-hop_ms / attack_ms)) if attack_ms > 0.0 else 1.0
    up = 1.0 - float(np.exp(-hop_ms / release_ms)) if release_ms > 0.0 else 1.0
    gain = 0.0
    curve = []
    for goal in goal_db.tolist():
        gain += (goal - gain) * (down if goal < gain else up)
        curve.append(gain)
    return np.array(curve)


def _with_gain_db(samples: FloatArray, rate: int, gain_db: DoubleArray) -> FloatArray:
    gain = (10.0 ** (gain_db / 20.0)).astype(np.float32)
    return _times(samples, _between_hops(gain, _hop(rate), samples.shape[1]))


def _between_hops(values: FloatArray, hop: int, length: int) -> FloatArray:
    """Straight lines from the value of each hop (reached at its first sample) to the next; float32 (length,)."""
    ahead = np.append(values[1:], values[-1])
    weight = (np.arange(hop, dtype=np.float32) / np.float32(hop))[None, :]
    return np.asarray((values[:, None] + (ahead - values)[:, None] * weight).reshape(-1)[:length])


def _limiter_gain(peaks: FloatArray, ceiling: float, rate: int, release_ms: float, lookahead_ms: float) -> FloatArray:
    """Gain per sample that takes every peak to the ceiling."""
    from scipy.ndimage import maximum_filter1d

    hop = _LIMITER_HOP
    per_hop = np.maximum.reduceat(peaks, np.arange(0, peaks.size, hop)).astype(np.float64)
    reduction = np.maximum(0.0, 1.0 - ceiling / np.maximum(per_hop, ceiling))
    half = max(1, round(lookahead_ms * rate / 2_000.0 / hop))
    # One hop more than the smoothing reaches: gains between two hops then are low enough for both.
    held = maximum_filter1d(reduction, 2 * half + 3, mode="nearest")
    decay = 1_000.0 * hop / (release_ms * rate)
    # y[n] = max(x[n], a * y[n-1]) is a running maximum once logarithms make the decay a straight line.
    line = decay * np.arange(held.size)
    released = np.exp(np.maximum.accumulate(np.log(np.maximum(held, 1e-12)) + line) - line)
    released[released < _LEAST_REDUCTION] = 0.0
    window = np.hanning(2 * half + 3)[1:-1]
    smooth = np.convolve(np.pad(released, half, mode="edge"), window / window.sum(), mode="valid")
    return _between_hops((1.0 - smooth).astype(np.float32), hop, peaks.size)


def _times(samples: FloatArray, gain: FloatArray) -> FloatArray:
    return np.asarray(samples * gain, dtype=np.float32)


def _hop(rate: int) -> int:
    return max(1, round(_HOP_S * rate))


def _check_times(samples: FloatArray, rate: int, attack_ms: float, release_ms: float) -> None:
    check_audio(samples)
    check_rate(rate)
    check_range("attack_ms", attack_ms, 0.0, 1_000.0)
    check_range("release_ms", release_ms, 1.0, 10_000.0)
