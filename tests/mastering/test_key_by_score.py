"""The score is a witness for the key: audio of the score as written proves it, a transposed twin does not."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.mastering.gate_music import key_check
from musicgen_assets.mastering.key_by_score import fit_score, written_classes
from musicgen_assets.mastering.measures import KeyGuess
from support.hand_made_song import make_song

ELSEWHERE = (KeyGuess(tonic=6, mode="major", share=0.9), KeyGuess(tonic=1, mode="minor", share=0.01))


def test_audio_as_written_is_proof() -> None:
    score = make_song(duration_s=40.0)
    fit = fit_score(written_classes(score), score, score.key, score.scale)
    assert (fit.shift, fit.fit) == (0, pytest.approx(1.0))
    assert fit.is_proof
    check = key_check(ELSEWHERE, score.key, score.scale, fit)
    assert check.passed
    assert "fit the score" in check.note


@pytest.mark.parametrize("shift", range(1, 12))
def test_a_transposed_twin_is_no_proof(shift: int) -> None:
    score = make_song(duration_s=40.0)
    fit = fit_score(np.roll(written_classes(score), shift), score, score.key, score.scale)
    assert fit.shift == shift
    assert not key_check(ELSEWHERE, score.key, score.scale, fit).passed


def test_noise_is_no_proof() -> None:
    score = make_song(duration_s=40.0)
    assert not fit_score([1 / 12] * 12, score, score.key, score.scale).is_proof


def test_a_score_outside_its_scale_is_no_proof() -> None:
    score = make_song(duration_s=40.0)
    fit = fit_score(written_classes(score), score, "F#", "major")
    assert not fit.is_proof
