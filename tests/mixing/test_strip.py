"""The part of a strip that depends on the level: levelling that keeps loudness, clipping that only touches peaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.levels import db_to_gain, rms_dbfs
from musicgen_assets.mixing.plan import Compression, Delay, Duck, Reverb, Strip
from musicgen_assets.mixing.strip import CLIP_KNEE_DB, soft_clip, strip_sound

RATE = 24_000
REVERB = Reverb(decay_s=0.4, pre_delay_ms=10.0, damping=0.5)
DELAY = Delay(time_ms=250.0, feedback=0.3, echoes=2)


def through(dry: np.ndarray, kicks: tuple[float, ...] = (), **changes: Any) -> tuple[np.ndarray, float]:
    plain: dict[str, Any] = {
        "track": "it", "role": "drums", "measured_lufs": -20.0, "target_lufs": -20.0, "fader_db": 0.0,
        "reverb_send_db": -60.0, "delay_send_db": -60.0,
    }  # fmt: skip
    strip = Strip.model_validate({**plain, **changes})
    return strip_sound(dry, RATE, strip, REVERB, DELAY, mono_below_hz=120.0, kick_times_s=kicks)


def bursts() -> np.ndarray:
    """Half-second bursts, every other one 18 dB louder."""
    noise = np.random.default_rng(0).standard_normal((1, 4 * RATE)).astype(np.float32)
    levels = np.repeat([0.02, 0.16] * 4, RATE // 2).astype(np.float32)
    return noise * levels


def range_db(samples: np.ndarray) -> float:
    halves = samples[:1].reshape(8, RATE // 2)
    rms = np.sqrt(np.mean(halves.astype(np.float64) ** 2, axis=1))
    return float(20 * np.log10(rms[1::2].mean() / rms[::2].mean()))


def test_levelling_narrows_the_range_and_gives_back_what_it_took() -> None:
    dry = bursts()
    compression = Compression(ratio=2.0, threshold_dbfs=-24.0, attack_ms=10.0, release_ms=60.0)
    wet, makeup_db = through(dry, compression=compression)
    assert range_db(wet) < range_db(dry) - 4.0
    assert 2.0 < makeup_db < 9.0
    assert rms_dbfs(wet[:1]) == pytest.approx(rms_dbfs(dry), abs=0.3)


def test_a_stated_makeup_is_used_as_it_is() -> None:
    compression = Compression(ratio=3.0, threshold_dbfs=-30.0, attack_ms=10.0, release_ms=60.0)
    free, makeup_db = through(bursts(), compression=compression)
    stated, same = through(bursts(), compression=compression.model_copy(update={"makeup_db": makeup_db - 6.0}))
    assert same == makeup_db - 6.0
    np.testing.assert_allclose(stated, free * np.float32(db_to_gain(-6.0)), atol=1e-6)


def test_without_levelling_nothing_is_made_up() -> None:
    dry = bursts()
    wet, makeup_db = through(dry)
    assert makeup_db == 0.0
    np.testing.assert_allclose(wet, np.repeat(dry, 2, axis=0), atol=2e-6)


def test_the_kick_turns_the_strip_down_and_lets_it_come_back() -> None:
    dry = np.repeat(np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)[None] * 0.5, 2, axis=0)
    ducked, _ = through(dry, kicks=(1.0,), duck=Duck(depth_db=12.0, release_ms=200.0))
    untouched, _ = through(dry, duck=Duck(depth_db=12.0, release_ms=200.0))
    peak = np.abs(ducked).max(axis=0)
    assert peak[RATE : RATE + 100].max() == pytest.approx(0.5 * db_to_gain(-12.0), abs=0.02)
    assert peak[RATE // 2 : RATE - RATE // 50].max() == pytest.approx(0.5, abs=0.01)
    assert peak[round(1.25 * RATE) :].max() == pytest.approx(0.5, abs=0.01)
    np.testing.assert_allclose(untouched, dry, atol=1e-5)


@given(st.floats(-30.0, 0.0), st.integers(0, 1_000))
@settings(max_examples=25, deadline=None)
def test_clipping_touches_only_what_nears_the_ceiling(ceiling_dbfs: float, seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal((2, 500)).astype(np.float32)
    out = soft_clip(sound, ceiling_dbfs)
    ceiling, knee = db_to_gain(ceiling_dbfs), db_to_gain(ceiling_dbfs - CLIP_KNEE_DB)
    is_under = np.abs(sound) <= knee * (1 - 1e-6)
    assert np.abs(out).max() <= ceiling * (1 + 1e-6)
    np.testing.assert_array_equal(out[is_under], sound[is_under])
    order = np.argsort(sound[0])
    assert (np.diff(out[0][order]) >= -1e-6).all()


def test_a_clipped_strip_loses_its_peaks_and_not_its_loudness() -> None:
    dry = 0.02 * bursts() / 0.16
    dry[0, ::4_000] = 0.9
    wet, _ = through(dry, clip_dbfs=-12.0)
    assert np.abs(wet).max() <= 1.01 * db_to_gain(-12.0)
    assert np.abs(through(dry)[0]).max() > 0.85
