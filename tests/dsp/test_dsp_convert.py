"""Rates and lengths: exact lengths, and tones that stay what they were."""

from __future__ import annotations

import numpy as np
import pytest
from dsp_signals import RATES, noise, sine, smooth
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.convert import fit_length, resample
from dsp.errors import AudioError


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("new_rate", [*RATES, 22_050])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_is_the_same_tone_at_another_rate(rate: int, new_rate: int, channels: int) -> None:
    out = resample(smooth(sine(997, rate, 0.5, 0.5, channels)), rate, new_rate)
    expected = smooth(sine(997, new_rate, 0.5, 0.5, channels))
    assert out.shape == expected.shape
    assert out.dtype == np.float32
    # -70 dB: the fades end a fraction of a sample apart.
    np.testing.assert_allclose(out, expected, atol=3e-4)


@given(length=st.integers(1, 3_000), rates=st.tuples(*[st.sampled_from([8_000, 22_050, *RATES])] * 2))
@settings(max_examples=60, deadline=None)
def test_lengths_follow_the_ratio(length: int, rates: tuple[int, int]) -> None:
    rate, new_rate = rates
    out = resample(np.ones((1, length), np.float32), rate, new_rate)
    assert abs(out.shape[1] - max(1.0, length * new_rate / rate)) <= 0.5
    assert np.isfinite(out).all()


def test_what_the_new_rate_cannot_hold_is_removed() -> None:
    tone = smooth(sine(23_000, 96_000, 0.5, 0.5))
    assert np.abs(resample(tone, 96_000, 44_100)).max() < 1e-4


def test_resampling_is_repeatable_and_the_same_rate_is_free() -> None:
    samples = noise(48_000, 0.5)
    assert resample(samples, 48_000, 48_000) is samples
    assert np.array_equal(resample(samples, 48_000, 44_100), resample(samples, 48_000, 44_100))
    with pytest.raises(AudioError, match="new_rate"):
        resample(samples, 48_000, 0)


def test_lengths_are_fitted_exactly() -> None:
    samples = noise(48_000, 0.1)
    assert fit_length(samples, samples.shape[1]) is samples
    assert np.array_equal(fit_length(samples, 100), samples[:, :100])
    longer = fit_length(samples, 6_000)
    assert np.array_equal(longer[:, :4_800], samples)
    assert not longer[:, 4_800:].any()
    with pytest.raises(AudioError, match="length"):
        fit_length(samples, 0)
