"""The minimum requirements of EBU Tech 3341 (meters) and 3342 (loudness range), generated as those papers say.

Cases 7 and 8 of 3341, and 5 and 6 of 3342, are recordings that cannot be generated; case 6 of 3341 has five channels,
which are refused. All else is here, at the lengths of the papers.
"""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import FloatArray, sine, smooth

from dsp.errors import AudioError
from dsp.loudness import integrated_lufs, measure, true_peak_dbtp

RATE = 48_000


def tones(*parts: tuple[float, float]) -> FloatArray:
    """A 1 kHz stereo sine, (peak dBFS, seconds) after (peak, seconds)."""
    return np.concatenate([sine(1_000, RATE, seconds, 10 ** (level / 20), 2) for level, seconds in parts], axis=1)


INTEGRATED = {
    1: ((-23.0, 20.0),),
    2: ((-33.0, 20.0),),
    3: ((-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)),
    4: ((-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)),
    5: ((-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)),
}


@pytest.mark.parametrize("case", INTEGRATED)
def test_3341_integrated_loudness(case: int) -> None:
    expected = -33.0 if case == 2 else -23.0
    assert integrated_lufs(tones(*INTEGRATED[case]), RATE) == pytest.approx(expected, abs=0.1)


def test_3341_case_6_five_channels_are_refused() -> None:
    with pytest.raises(AudioError, match="one or two channels, got 5"):
        integrated_lufs(np.zeros((5, RATE), np.float32), RATE)


def test_3341_case_9_short_term_of_alternating_tones() -> None:
    # 1.34 s at -20 and 1.66 s at -30, five times: any 3 s hold the same energy, -23.0 LUFS.
    figures = measure(tones(*[(-20.0, 1.34), (-30.0, 1.66)] * 5), RATE)
    assert figures.max_short_term_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("shift", range(0, 20, 4))
def test_3341_cases_10_and_11_short_term_of_a_burst_wherever_it_is(shift: int) -> None:
    # 3 s of tone after any pause: the maximum is the tone's.
    pause = np.zeros((2, round((0.15 * shift + 3.0) * RATE)), np.float32)
    burst = np.concatenate([pause, tones((-23.0, 3.0)), np.zeros((2, RATE), np.float32)], axis=1)
    assert measure(burst, RATE).max_short_term_lufs == pytest.approx(-23.0, abs=0.15)


def test_3341_case_12_momentary_of_alternating_tones() -> None:
    # 0.18 s at -20 and 0.22 s at -30: any 0.4 s hold -23.0 LUFS.
    figures = measure(tones(*[(-20.0, 0.18), (-30.0, 0.22)] * 25), RATE)
    assert figures.max_momentary_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("shift", range(0, 20, 4))
def test_3341_cases_13_and_14_momentary_of_a_burst_on_the_grid(shift: int) -> None:
    # Windows start every 100 ms here, where the paper's meters slide: bursts are placed on that grid.
    pause = np.zeros((2, round((0.1 * shift + 1.0) * RATE)), np.float32)
    burst = np.concatenate([pause, tones((-23.0, 0.4)), np.zeros((2, RATE), np.float32)], axis=1)
    assert measure(burst, RATE).max_momentary_lufs == pytest.approx(-23.0, abs=0.15)


TRUE_PEAK = {
    15: (RATE / 4, 0.5, 0.0, -6.0),
    16: (RATE / 4, 0.5, 45.0, -6.0),
    17: (RATE / 6, 0.5, 60.0, -6.0),
    18: (RATE / 8, 0.5, 67.5, -6.0),
    19: (RATE / 4, 1.41, 45.0, 3.0),
}


@pytest.mark.parametrize("case", TRUE_PEAK)
def test_3341_true_peak_of_sines(case: int) -> None:
    hz, amplitude, degrees, expected = TRUE_PEAK[case]
    wave = smooth(sine(hz, RATE, 0.5, amplitude, 2, np.deg2rad(degrees)))
    assert expected - 0.4 <= true_peak_dbtp(wave, RATE) <= expected + 0.2


@pytest.mark.parametrize("delay", range(4))
def test_3341_cases_20_to_23_true_peak_between_samples(delay: int) -> None:
    # A short burst at four times the rate, of which every fourth sample is kept, from any of four places.
    fine = np.zeros(4 * RATE)
    at = np.arange(400)
    fine[2 * RATE : 2 * RATE + 400] = np.sin(2 * np.pi * at / 24.0) * np.sin(np.pi * at / 400.0) ** 2
    spectrum = np.fft.rfft(fine)
    spectrum[fine.size // 8 :] = 0.0
    fine = np.fft.irfft(spectrum, fine.size)
    fine /= np.abs(fine).max()
    kept = np.ascontiguousarray(fine[delay::4][None, :], dtype=np.float32)
    assert -0.4 <= true_peak_dbtp(kept, RATE) <= 0.2


RANGES = {
    1: (((-20.0, 20.0), (-30.0, 20.0)), 10.0),
    2: (((-20.0, 20.0), (-15.0, 20.0)), 5.0),
    3: (((-40.0, 20.0), (-20.0, 20.0)), 20.0),
    4: (((-50.0, 20.0), (-35.0, 20.0), (-20.0, 20.0), (-35.0, 20.0), (-50.0, 20.0)), 15.0),
}


@pytest.mark.parametrize("case", RANGES)
def test_3342_loudness_range(case: int) -> None:
    parts, expected = RANGES[case]
    assert measure(tones(*parts), RATE).loudness_range_lu == pytest.approx(expected, abs=1.0)
