"""What every audio function promises: bad audio is refused by name, odd audio is survived, float32 comes back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from dsp_signals import RATES, FloatArray

from dsp import (
    analysis,
    audiofile,
    automation,
    convert,
    dynamics,
    features,
    filters,
    joining,
    layout,
    levels,
    loudness,
    modulation,
    pictures,
    saturation,
    separation,
    space,
    timepitch,
)
from dsp.errors import AudioError

Shaper = Callable[[FloatArray, int], FloatArray]
Meter = Callable[[FloatArray, int], Any]

SAME_SHAPE: dict[str, Shaper] = {
    "high_pass": lambda x, r: filters.high_pass(x, r, 100),
    "low_pass": lambda x, r: filters.low_pass(x, r, 5_000, 4),
    "low_shelf": lambda x, r: filters.low_shelf(x, r, 200, 3),
    "high_shelf": lambda x, r: filters.high_shelf(x, r, 4_000, -3),
    "peak_eq": lambda x, r: filters.peak_eq(x, r, 1_000, 6, 2),
    "tilt": lambda x, r: filters.tilt(x, r, 2),
    "compressor": lambda x, r: dynamics.compressor(
        x, r, threshold_db=-30, ratio=4, attack_ms=5, release_ms=80, makeup_db=2, knee_db=6
    ),
    "gate": lambda x, r: dynamics.gate(x, r, -40),
    "limiter": lambda x, r: dynamics.limiter(x, r, ceiling_dbtp=-12),
    "duck": lambda x, r: dynamics.duck(x, r, [0.0, 0.1], 6),
    "expander": lambda x, r: dynamics.expander(x, r, -30, 3),
    "saturate": lambda x, r: saturation.saturate(x, r, 9.0, "tube"),
    "vibrato": lambda x, r: modulation.vibrato(x, r, 5.0, 20.0),
    "flanger": modulation.flanger,
    "phaser": modulation.phaser,
    "tremolo": lambda x, r: modulation.tremolo(x, r, 4.0, 0.5),
    "swept_filter": lambda x, r: automation.swept_filter(x, r, "low_pass", 0.0, 0.1, 300.0, 3_000.0),
    "pitch_shift": lambda x, r: timepitch.pitch_shift(x, r, 0.0),
    "crossfade": lambda x, r: joining.crossfade(x, x, r, 1e3),
    "fade_in": lambda x, r: dynamics.fade_in(x, r, 0.05),
    "fade_out": lambda x, r: dynamics.fade_out(x, r, 0.05),
    "delay": lambda x, r: space.delay(x, r, 0.05, 0.4, high_cut_hz=4_000, low_cut_hz=100),
    "fit_length": lambda x, r: convert.fit_length(x, np.size(x, -1)),
    "resample": lambda x, r: convert.resample(x, r, r),
}
TO_STEREO: dict[str, Shaper] = {
    "reverb": lambda x, r: space.reverb(x, r, pre_delay_ms=10),
    "pan": lambda x, r: space.pan(x, 0.3),
    "widen": lambda x, r: space.widen(x, 1.5),
    "chorus": modulation.chorus,
    "downmix": lambda x, r: layout.downmix(x),
    "mono_below": lambda x, r: space.mono_below(x, r, 120),
    "delay": lambda x, r: space.delay(x, r, 0.05, is_ping_pong=True),
    "as_channels": lambda x, r: levels.as_channels(x, 2),
}
METERS: dict[str, Meter] = {
    "peak_dbfs": lambda x, r: levels.peak_dbfs(x),
    "rms_dbfs": lambda x, r: levels.rms_dbfs(x),
    "dc_offset": lambda x, r: levels.dc_offset(x),
    "null_depth_db": lambda x, r: levels.null_depth_db(x, x),
    "correlation": lambda x, r: levels.correlation(x),
    "mono_fold_down_loss_lu": levels.mono_fold_down_loss_lu,
    "measure": lambda x, r: list(vars(loudness.measure(x, r)).values()),
    "integrated_lufs": loudness.integrated_lufs,
    "short_term_curve": loudness.short_term_curve,
    "true_peak_dbtp": loudness.true_peak_dbtp,
    "tt_dynamic_range_db": loudness.tt_dynamic_range_db,
    "peak_to_short_term_db": loudness.peak_to_short_term_db,
    "estimate_tempo": lambda x, r: list(vars(analysis.estimate_tempo(x, r, 120)).values()),
    "estimate_key": lambda x, r: analysis.estimate_key(x, r).confidence,
    "band_levels": analysis.band_levels,
    "spectral_slope": analysis.spectral_slope_db_per_octave,
    "longest_silence_s": analysis.longest_silence_s,
    "clipped_runs": lambda x, r: analysis.clipped_runs(x),
    "features": lambda x, r: list(vars(features.extract_features(x, r)).values()),
    "hpss": lambda x, r: list(separation.HarmonicPercussive().separate(x, r).stems.values()),
    "centre": lambda x, r: list(separation.CentreSides().separate(x, r).stems.values()),
}
ENCODERS: dict[str, Callable[[FloatArray, int], Any]] = {
    "encode_flac_scaled": audiofile.encode_flac_scaled,
    "encode_flac": audiofile.encode_flac,
    "encode_wav": audiofile.encode_wav,
    "encode_mp3": audiofile.encode_mp3,
    "encode_ogg": audiofile.encode_ogg,
    "waveform_png": pictures.waveform_png,
    "spectrogram_png": pictures.spectrogram_png,
}
EVERYTHING: dict[str, Callable[[FloatArray, int], Any]] = {**SAME_SHAPE, **TO_STEREO, **METERS, **ENCODERS}


def _odd_audio(name: str, rate: int, channels: int) -> FloatArray:
    length = {"one sample": 1, "two samples": 2}.get(name, rate // 5)
    out = np.zeros((channels, length), np.float32)
    if name == "constant":
        out[:] = 0.5
    if name in ("one sample", "two samples"):
        out[:] = 0.25
    if name == "one channel silent":
        out[0] = np.random.default_rng(3).uniform(-0.9, 0.9, length)
    if name == "over full scale":
        out[:] = np.random.default_rng(4).uniform(-4, 4, (channels, length))
    if name == "tiny":
        out[:] = 1e-30
    return out


ODD = ("silence", "constant", "one sample", "two samples", "one channel silent", "over full scale", "tiny")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("odd", ODD)
def test_shapers_answer_finite_float32_of_the_promised_shape(odd: str, rate: int, channels: int) -> None:
    samples = _odd_audio(odd, rate, channels)
    before = samples.copy()
    for shapers, out_channels in ((SAME_SHAPE, channels), (TO_STEREO, 2)):
        for name, shaper in shapers.items():
            out = shaper(samples, rate)
            assert np.isfinite(out).all(), name
            assert out.dtype == np.float32, name
            assert out.shape == (out_channels, samples.shape[1]), name
    assert np.array_equal(samples, before), "the input was changed"


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("odd", ODD)
def test_meters_answer_finite_numbers(odd: str, rate: int, channels: int) -> None:
    samples = _odd_audio(odd, rate, channels)
    for name, meter in METERS.items():
        answer = meter(samples, rate)
        for part in answer if isinstance(answer, tuple | list) else [answer]:
            assert np.isfinite(part).all(), name


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_what_is_no_audio_is_refused_and_named(name: str) -> None:
    function = EVERYTHING[name]
    good = np.zeros((2, 4_800), np.float32)
    holed, endless = good.copy(), good.copy()
    holed[1, 7] = np.nan
    endless[0, 9] = -np.inf
    for bad, words in (
        (holed, "NaN"),
        (endless, "infinite"),
        (np.zeros((2, 0), np.float32), "empty"),
        (np.zeros((0, 5), np.float32), "empty"),
        (np.zeros(5, np.float32), "shape"),
        (np.zeros((2, 5)), "float32"),
        ([[0.0, 0.1]], "list"),
    ):
        with pytest.raises(AudioError, match=words):
            function(bad, 48_000)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -44_100, 1_000_000, 44_100.5, "48000", True, None])
@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - {
    "as_channels", "clipped_runs", "correlation", "dc_offset", "fit_length", "null_depth_db", "pan", "peak_dbfs",
    "rms_dbfs", "widen", "mono_fold_down_loss_lu", "downmix",
}))  # fmt: skip
def test_impossible_rates_are_refused(name: str, rate: Any) -> None:
    with pytest.raises(AudioError):
        EVERYTHING[name](np.full((2, 4_800), 0.1, np.float32), rate)


def test_three_channels_are_refused_where_only_stereo_has_a_meaning() -> None:
    three = np.full((3, 48_000), 0.1, np.float32)
    pairs_only = "measure correlation mono_fold_down_loss_lu reverb pan widen mono_below encode_mp3 encode_ogg"
    for name in f"{pairs_only} estimate_key estimate_tempo waveform_png spectrogram_png".split():
        with pytest.raises(AudioError, match="channels"):
            EVERYTHING[name](three, 48_000)
    assert math.isclose(levels.peak_dbfs(three), -20.0, abs_tol=1e-4)
