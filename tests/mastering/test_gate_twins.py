"""Each check of the gate fails the one fault it is there for, and passes the sound master."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dsp.convert import fit_length
from dsp.filters import high_pass, low_pass, peak_eq
from musicgen_assets.graph.job import CheckResult, FloatArray

Judge = Callable[[FloatArray, int], dict[str, CheckResult]]
Twin = Callable[[FloatArray, int], FloatArray]


def gained(samples: FloatArray, db: float) -> FloatArray:
    return samples * np.float32(10 ** (db / 20))


def played_at(samples: FloatArray, rate: int, speed: float) -> FloatArray:
    """As a tape at another speed: tempo and pitch change together. The length stays."""
    import soxr

    faster = soxr.resample(samples.T, rate * speed, rate, quality="HQ").T
    return fit_length(np.ascontiguousarray(faster, dtype=np.float32), samples.shape[1])


def with_hole(samples: FloatArray, rate: int) -> FloatArray:
    out = samples.copy()
    out[:, 10 * rate : 13 * rate] = 0.0
    return out


def inverted(samples: FloatArray) -> FloatArray:
    return np.stack([samples[0], -samples[1]])


def squashed(samples: FloatArray) -> FloatArray:
    """Drawn flat, then as loud as before."""
    flat = np.tanh(samples * 30.0)
    return np.asarray(flat * np.sqrt((samples**2).mean() / (flat**2).mean()), dtype=np.float32)


TWINS: dict[str, tuple[str, Twin]] = {
    "too loud": ("loudness", lambda x, r: gained(x, 1.3)),
    "too soft": ("loudness", lambda x, r: gained(x, -1.3)),
    "over the ceiling": ("true_peak", lambda x, r: gained(x, 0.8)),
    "squashed": ("dynamic_range", lambda x, r: squashed(x)),
    "clipped": ("clipping", lambda x, r: np.clip(gained(x, 10.0), -1.0, 1.0)),
    "clipped and turned down": ("clipping", lambda x, r: gained(np.clip(gained(x, 10.0), -1.0, 1.0), -10.0)),
    "one channel inverted": ("phase", lambda x, r: inverted(x)),
    "one channel inverted, in mono": ("mono_fold_down", lambda x, r: inverted(x)),
    "DC": ("dc_offset", lambda x, r: x + np.float32(0.002)),
    "a hole": ("silence", with_hole),
    "cut short": ("duration", lambda x, r: x[:, : -2 * r]),
    "muddy": ("spectrum", lambda x, r: peak_eq(x, r, 250.0, 8.0)),
    "nasal": ("spectrum", lambda x, r: peak_eq(x, r, 700.0, 9.0)),
    "without highs": ("spectrum", lambda x, r: low_pass(x, r, 4_500.0, 4)),
    "without lows": ("spectrum", lambda x, r: high_pass(x, r, 350.0, 4)),
    "3 % too fast": ("tempo", lambda x, r: played_at(x, r, 1.03)),
    "1.5 % too slow": ("tempo", lambda x, r: played_at(x, r, 0.985)),
    "half again as fast": ("tempo", lambda x, r: played_at(x, r, 1.5)),
    "a semitone up": ("key", lambda x, r: played_at(x, r, 2 ** (1 / 12))),
    "a whole tone down": ("key", lambda x, r: played_at(x, r, 2 ** (-2 / 12))),
}


def test_the_sound_master_passes(judge: Judge, master: tuple[FloatArray, int]) -> None:
    failed = {name: check for name, check in judge(*master).items() if not check.passed}
    assert failed == {}


@pytest.mark.parametrize("fault", TWINS)
def test_a_fault_fails_its_own_check(fault: str, judge: Judge, master: tuple[FloatArray, int]) -> None:
    samples, rate = master
    check, twin = TWINS[fault]
    answers = judge(np.ascontiguousarray(twin(samples, rate), dtype=np.float32), rate)
    assert not answers[check].passed, answers[check]


@pytest.mark.parametrize("fault", ["DC", "a hole", "clipped and turned down", "muddy", "one channel inverted"])
def test_and_leaves_tempo_and_key_alone(fault: str, judge: Judge, master: tuple[FloatArray, int]) -> None:
    samples, rate = master
    answers = judge(np.ascontiguousarray(TWINS[fault][1](samples, rate)), rate)
    assert answers["tempo"].passed
    assert answers["key"].passed


@pytest.mark.parametrize("length", [1, 480, 48_000 * 5])
def test_silence_fails_in_so_many_words(length: int, judge: Judge) -> None:
    answers = judge(np.zeros((2, length), np.float32), 48_000)
    assert not answers["loudness"].passed
    assert answers["silence"].measured == "all of it is silent"
    assert not answers["silence"].passed
    assert not answers["tempo"].passed
    assert answers["key"].measured == "no pitches heard"
    assert not answers["key"].passed


def test_one_loud_sample_is_no_song(judge: Judge) -> None:
    answers = judge(np.full((2, 1), 0.5, np.float32), 48_000)
    assert {"loudness", "duration", "tempo"} <= {name for name, check in answers.items() if not check.passed}
