"""Bands do to a spectrum what they say, and their effect on loudness is foreseen."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.filters import apply_sections
from dsp.loudness import integrated_lufs
from musicgen_assets.mixing.equalizer import (
    BRIGHTNESS,
    band_gains_db,
    bands_for,
    brightness_band,
    brightness_cut_db,
    loudness_change_lu,
    sections_of,
)
from musicgen_assets.mixing.plan import Band
from musicgen_assets.production.instrumentation import ROLE_MIX
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement, measure

RATE = 48_000


def pink(seconds: float) -> np.ndarray:
    size = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal((2, size)))
    spectrum /= np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1.0))
    sound = np.fft.irfft(spectrum, size)
    return (0.1 * sound / sound.std()).astype(np.float32)


@pytest.mark.parametrize("role", sorted(ROLE_MIX))
def test_the_change_of_loudness_is_foreseen_for_every_role(role: str) -> None:
    mix = ROLE_MIX[role]  # type: ignore[index]
    bands = bands_for(role, mix.high_pass_hz, 2.0)  # type: ignore[arg-type]
    sound = pink(4.0)
    changed = integrated_lufs(apply_sections(sound, sections_of(bands, RATE)), RATE) - integrated_lufs(sound, RATE)
    assert loudness_change_lu(bands, measure(sound, RATE), RATE) == pytest.approx(changed, abs=0.5)


def test_every_band_has_a_reason_and_presence_only_where_asked() -> None:
    with_presence, without = bands_for("lead", 100.0, 2.0), bands_for("lead", 100.0, 0.0)
    assert len(with_presence) == len(without) + 1
    assert all(band.reason for band in with_presence)
    assert with_presence[0].kind == "high_pass"


def test_no_bands_change_nothing() -> None:
    assert band_gains_db((), RATE) == pytest.approx((0.0,) * len(BAND_CENTRES_HZ))


def test_each_kind_of_band_works_in_its_own_octaves() -> None:
    low = band_gains_db((Band(kind="low_shelf", hz=200, gain_db=6.0),), RATE)
    high = band_gains_db((Band(kind="high_shelf", hz=4_000, gain_db=-6.0),), RATE)
    cut = band_gains_db((Band(kind="high_pass", hz=250),), RATE)
    bell = band_gains_db((Band(kind="peak", hz=1_000, gain_db=4.0, q=1.0),), RATE)
    assert low[0] == pytest.approx(6.0, abs=0.3)
    assert low[-1] == pytest.approx(0.0, abs=0.1)
    assert high[0] == pytest.approx(0.0, abs=0.1)
    assert high[-1] == pytest.approx(-6.0, abs=0.3)
    assert cut[0] < -30.0
    assert max(bell) == bell[BAND_CENTRES_HZ.index(1_000.0)] > 3.0


def test_bands_above_a_low_rates_reach_are_kept_within_it() -> None:
    assert np.isfinite(sections_of((Band(kind="high_shelf", hz=16_000, gain_db=3.0),), 22_050)).all()


def measured_with(**octaves: float) -> Measurement:
    """A flat spectrum but for the octaves named ``hz250=-10.0``."""
    bands = tuple(octaves.get(f"hz{centre:g}", -40.0) for centre in BAND_CENTRES_HZ)
    return Measurement(lufs=-20.0, peak_dbfs=-6.0, loud_peak_dbfs=-10.0, bands_db=bands)


@pytest.mark.parametrize("role", sorted(BRIGHTNESS))
def test_what_is_too_bright_for_its_role_is_taken_down_until_it_is_not(role: str) -> None:
    rule = BRIGHTNESS[role]  # type: ignore[index]
    body = {f"hz{hz:g}": -20.0 for hz in rule.body_hz}
    share = 10.0 * np.log10(len(rule.high_hz) / len(rule.body_hz))

    def cut(over_limit_db: float) -> float:
        high = {f"hz{hz:g}": -20.0 - share + rule.limit_db + over_limit_db for hz in rule.high_hz}
        return brightness_cut_db(role, (), measured_with(**body, **high), RATE)  # type: ignore[arg-type]

    assert [cut(-3.0), cut(0.1), cut(2.0), cut(40.0)] == [0.0, 0.0, 2.0, rule.deepest_db]
    band = brightness_band(role, 4.0)  # type: ignore[arg-type]
    gains = dict(zip(BAND_CENTRES_HZ, band_gains_db((band,), RATE), strict=True))
    assert np.mean([gains[hz] for hz in rule.high_hz]) < -2.5
    assert np.mean([gains[hz] for hz in rule.body_hz]) > -0.8


def test_silence_and_shakers_are_never_too_bright() -> None:
    bright = measured_with(hz8000=-5.0)
    assert brightness_cut_db("percussion", (), bright, RATE) == 0.0
    silent = bright.model_copy(update={"lufs": -70.0})
    assert brightness_cut_db("lead", (), silent, RATE) == 0.0
