"""How a voice's pitch moves: it arrives with the note, goes over it, comes to rest, and trembles late."""

from __future__ import annotations

import numpy as np
import pytest

from dsp.voice_pitch import (
    MOST_OVERSHOOT_CENTS,
    PitchNote,
    PitchStyle,
    pitch_curve,
    rise_s,
    smooth_noise,
    step_response,
)

FRAME_S = 0.005
STILL = PitchStyle(vibrato_cents=0.0, preparation_cents=0.0, scoop_cents=0.0, fluctuation_cents=0.0)


def curve(notes: list[PitchNote], style: PitchStyle = STILL, seconds: float = 3.0, seed: int = 1) -> np.ndarray:
    return pitch_curve(notes, round(seconds / FRAME_S), FRAME_S, style, np.random.default_rng(seed))


@pytest.mark.parametrize("zeta", [0.3, 0.5422, 0.9])
def test_the_step_reaches_one_when_it_says_and_overshoots_as_its_damping_says(zeta: float) -> None:
    time = np.linspace(-0.1, 3.0, 6_201)
    response = step_response(time, 34.8, zeta)
    assert not response[time <= 0.0].any()
    first = time[np.flatnonzero(response >= 1.0)[0]]
    assert first == pytest.approx(rise_s(34.8, zeta), abs=0.001)
    # Peak of a second-order step response: 1 + exp(-pi z / sqrt(1 - z^2)).
    assert response.max() == pytest.approx(1.0 + np.exp(-np.pi * zeta / np.sqrt(1.0 - zeta**2)), abs=1e-4)
    assert response[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("interval", [-12, -3, 2, 7])
def test_a_note_is_reached_on_time_overshot_and_settled(interval: int) -> None:
    made = curve([PitchNote(0.2, 1.0, 60), PitchNote(1.0, 2.0, 60 + interval)])
    cents = 100.0 * (made - (60 + interval)) * np.sign(interval)
    assert abs(cents[round(1.0 / FRAME_S)]) < 12.0
    assert 15.0 < cents[200:260].max() <= MOST_OVERSHOOT_CENTS + 1.0
    assert np.abs(cents[260:400]).max() < 10.0


def test_before_a_change_the_voice_dips_the_other_way() -> None:
    made = curve([PitchNote(0.2, 1.0, 60), PitchNote(1.0, 2.0, 64)], PitchStyle(0, 0, 0, 22.0, 0.0, 0.0))
    assert 100.0 * (made[150:190].min() - 60.0) == pytest.approx(-22.0, abs=4.0)


def test_a_phrase_is_scooped_into_and_at_rest_after_a_fifth_of_a_second() -> None:
    style = PitchStyle(0, 0, 0, 0.0, 130.0, 0.0)
    made = curve([PitchNote(0.2, 1.5, 60, is_scooped=True)], style)
    assert 100.0 * (made[40] - 60.0) < -90.0
    assert abs(100.0 * (made[84] - 60.0)) < 3.0


def test_vibrato_comes_late_grows_and_leaves_short_notes_alone() -> None:
    style = PitchStyle(5.6, 40.0, 0.22, 0.0, 0.0, 0.0)
    swing = 100.0 * np.abs(curve([PitchNote(0.0, 2.5, 60)], style) - 60.0)
    assert swing[:30].max() == 0.0
    assert swing[40:80].max() < swing[200:400].max()
    assert 28.0 < swing[200:400].max() < 60.0
    assert not np.any(curve([PitchNote(0.0, 0.45, 60)], style) - 60.0)
    one, other = (curve([PitchNote(0.0, 2.5, 60)], style, seed=seed) for seed in (1, 2))
    assert np.abs(one - other).max() > 0.1


def test_the_same_seed_sings_the_same_and_noise_has_variance_one() -> None:
    notes = [PitchNote(0.0, 1.0, 60), PitchNote(1.0, 2.0, 62)]
    assert np.array_equal(curve(notes, PitchStyle()), curve(notes, PitchStyle()))
    noise = smooth_noise(200_000, 0.05, FRAME_S, np.random.default_rng(3))
    assert noise.shape == (200_000,)
    assert float(noise.std()) == pytest.approx(1.0, abs=0.05)
