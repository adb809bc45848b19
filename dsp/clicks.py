"""The sound of a metronome: short decaying tones at given times.

Belongs here: the sound. Does not belong here: which beats there are and which of them count more (songs know).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_rate

CLICK_S = 0.03
"""Length of one click; its level falls by 60 dB over it."""
_ATTACK_S = 0.0005


def click_track(clicks: Sequence[tuple[float, float, float]], samples: int, rate: int) -> FloatArray:
    """Clicks in silence: each a sine under a falling envelope, without a step at its start or its end.

    Args:
        clicks: (time in s >= 0, pitch in Hz below half the rate, peak gain 0-1) each; what reaches past the end is
            cut.
        samples: length of the result, at least 1.
        rate: in Hz.

    Returns:
        float32 (1, samples); no click is louder than its gain, clicks that overlap add up.

    Raises:
        AudioError: a length below 1, an impossible rate, a click before the start, or a pitch that the rate cannot
            hold.
    """
    check_rate(rate)
    if samples < 1:
        raise AudioError(f"a click track needs at least 1 sample, got {samples}")
    out = np.zeros((1, samples), np.float32)
    for time_s, hz, gain in clicks:
        if time_s < 0.0 or not 0.0 < hz < rate / 2:
            raise AudioError(f"no click at {time_s} s with {hz} Hz at a rate of {rate} Hz")
        at = round(time_s * rate)
        sound = _click(hz, rate)[: max(0, samples - at)]
        out[0, at : at + sound.size] += np.float32(gain) * sound
    return out


def _click(hz: float, rate: int) -> FloatArray:
    time_s = np.arange(round(CLICK_S * rate)) / rate
    envelope = np.minimum(time_s / _ATTACK_S, 1.0) * (10.0 ** (-3.0 * time_s / CLICK_S) - 1e-3) / (1.0 - 1e-3)
    return np.asarray(envelope * np.sin(2.0 * np.pi * hz * time_s), dtype=np.float32)
