"""Notes on a SoundFont: exact in time, and the same whatever was played before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.production.sampler import DRUM_RING_S, Keys, keys_of, load_font, places, play

RATE = 48_000


@pytest.fixture(scope="module")
def font(instruments: Any) -> Any:
    return load_font(instruments["font_path"], instruments["font_sha256"])


def keys(*notes: tuple[int, int, int, float]) -> Keys:
    """(start, end, pitch, velocity 0-1) in samples."""
    columns = list(zip(*notes, strict=True))
    return Keys(*(np.array(column, dtype=np.int64) for column in columns[:3]), np.array(columns[3], dtype=np.float64))


def frequency_hz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples.sum(axis=0) * np.hanning(samples.shape[1]), 1 << 19))
    return float(np.argmax(spectrum) * RATE / (1 << 19))


@given(delay=st.integers(min_value=0, max_value=20_000))
@settings(max_examples=12, deadline=None)
def test_a_note_starts_on_its_sample(font: Any, delay: int) -> None:
    at_zero = play(font, keys((0, 6_000, 60, 0.8)), 80, 12_000, RATE)
    later = play(font, keys((delay, delay + 6_000, 60, 0.8)), 80, 12_000 + delay, RATE)
    assert not later[:, :delay].any()
    np.testing.assert_allclose(later[:, delay : delay + 6_000], at_zero[:, :6_000], atol=2e-4)
    assert np.abs(at_zero[:, :6_000]).max() > 0.01


def test_what_was_played_before_changes_nothing(font: Any) -> None:
    tune = keys((0, 5_000, 60, 0.8), (2_000, 9_000, 64, 0.5), (9_000, 20_000, 67, 1.0))
    first = play(font, tune, 48, 40_000, RATE)
    play(font, keys((0, 90_000, 36, 1.0), (10, 90_000, 38, 1.0)), 25, 4_000, RATE, is_drums=True)
    play(font, tune, 5, 30_000, RATE, detune_cents=30.0)
    np.testing.assert_array_equal(play(font, tune, 48, 40_000, RATE), first)


def test_a_note_repeated_at_once_is_struck_again(font: Any) -> None:
    one = play(font, keys((0, 24_000, 60, 0.9)), 0, 48_000, RATE)
    two = play(font, keys((24_000, 48_000, 60, 0.9), (0, 24_000, 60, 0.9)), 0, 48_000, RATE)
    assert np.abs(two[:, 30_000:40_000]).max() > 3.0 * np.abs(one[:, 30_000:40_000]).max()


def test_harder_is_louder(font: Any) -> None:
    levels = [np.abs(play(font, keys((0, 20_000, 60, v / 127)), 0, 24_000, RATE)).max() for v in (20, 60, 100, 127)]
    assert levels == sorted(levels)
    assert levels[-1] > 4.0 * levels[0] > 0.0


def test_detuning_moves_the_pitch_by_cents(font: Any) -> None:
    plain = frequency_hz(play(font, keys((0, 90_000, 69, 0.8)), 80, 96_000, RATE))
    sharp = frequency_hz(play(font, keys((0, 90_000, 69, 0.8)), 80, 96_000, RATE, detune_cents=25.0))
    assert plain == pytest.approx(440.0, abs=2.0)
    assert 1_200.0 * np.log2(sharp / plain) == pytest.approx(25.0, abs=2.0)


def test_ticks_become_the_nearest_sample_and_nothing_starts_outside() -> None:
    rows = np.array([[0, 480, 60, 100], [-10, 480, 60, 100], [481, 1, 62, 127], [4_800, 480, 64, 1]])
    found = keys_of(rows, 25.0, RATE, 48_000)
    assert found.starts.tolist() == [0, 12_025]
    assert found.ends.tolist() == [12_000, 12_025 + 960]
    assert found.pitches.tolist() == [60, 62]
    assert found.velocities.tolist() == pytest.approx([100 / 127, 1.0])


def test_a_struck_drum_rings_until_it_is_struck_again() -> None:
    rows = np.array([[480, 10, 36, 90], [0, 10, 36, 90], [0, 10, 49, 90]])
    found = keys_of(rows, 25.0, RATE, 480_000, is_drums=True)
    ring = round(DRUM_RING_S * RATE)
    assert found.ends.tolist() == [12_000 + ring, 12_000, ring]


def test_no_notes_give_digital_silence(font: Any) -> None:
    assert not play(font, keys_of(np.zeros((0, 4)), 25.0, RATE, 1_000), 0, 1_000, RATE).any()


def test_a_file_the_engine_cannot_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.sf2"
    path.write_bytes(b"RIFF\x04\0\0\0sfbk")
    with pytest.raises(PermanentFailure, match=r"empty\.sf2 cannot be loaded.*another"):
        load_font(str(path), "no hash")


def test_keys_stand_apart_only_as_far_as_asked(font: Any) -> None:
    def balance_db(pitch: int, spread: float, *, is_drums: bool = False) -> float:
        sound = play(font, keys((0, 20_000, pitch, 0.9)), 0, 24_000, RATE, is_drums=is_drums, spread=spread)
        left, right = np.sqrt(np.mean(sound**2, axis=1))
        return float(20.0 * np.log10(right / left))

    assert balance_db(36, 0.8, is_drums=True) == pytest.approx(balance_db(36, 0.0, is_drums=True), abs=0.1)
    assert balance_db(49, 0.8, is_drums=True) > balance_db(49, 0.0, is_drums=True) + 3.0
    low, high = balance_db(36, 0.8) - balance_db(36, 0.0), balance_db(84, 0.8) - balance_db(84, 0.0)
    assert low < -2.0
    assert high > 2.0


@pytest.mark.parametrize("is_drums", [True, False])
def test_all_keys_together_fit_the_engines_channels(is_drums: bool) -> None:
    found = places(np.arange(128), is_drums=is_drums)
    assert sorted(found) == list(range(128))
    assert len(set(found.values())) <= 16
    assert all(-1.0 <= place <= 1.0 for place in found.values())


def test_a_full_kit_is_played_on_every_key(font: Any) -> None:
    kit = keys(*((0, 10_000, key, 0.8) for key in range(35, 82)))
    assert np.abs(play(font, kit, 0, 12_000, RATE, is_drums=True, spread=1.0)).max() > 0.1
