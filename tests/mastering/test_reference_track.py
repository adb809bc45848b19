"""Mastering after a given track: what is learnt of it, how near a mix comes, and what is no reference."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from dsp.audiofile import encode_flac, encode_wav
from dsp.filters import high_shelf, low_shelf
from dsp.loudness import integrated_lufs
from dsp.multiband import width_db, with_width
from musicgen_assets.cli.options import of_reference
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import ReferenceProfile
from musicgen_assets.graph.job import Blob, FloatArray
from musicgen_assets.mastering.corridor import corridor_levels_db
from musicgen_assets.mastering.reference import (
    MAX_MATCH_DB,
    loudness_of,
    match_gains_db,
    match_reference,
    profile_of,
    reference_profile,
)
from support.sounding_song import RATE, song_mix, song_store

SHA = "0" * 64


@pytest.fixture(scope="module")
def reference() -> FloatArray:
    """The song's own mix as another engineer left it: brighter, leaner, wider, softer."""
    other = high_shelf(low_shelf(song_mix(), RATE, 150.0, -4.0), RATE, 5_000.0, 4.0)
    return with_width(other, RATE, (0.0, 3.0, 3.0)) * np.float32(0.3)


@pytest.fixture(scope="module")
def profile(reference: FloatArray) -> ReferenceProfile:
    return profile_of(reference, RATE, "theirs.wav", SHA)


def apart_db(samples: FloatArray, reference: FloatArray) -> np.ndarray:
    """Third-octave levels against the reference's, overall level taken out, 60 Hz to 12 kHz."""
    difference = corridor_levels_db(samples, RATE) - corridor_levels_db(reference, RATE)
    return (difference - np.median(difference))[3:27]


def test_tone_width_and_loudness_come_nearer(reference: FloatArray, profile: ReferenceProfile) -> None:
    mix = Blob(encode_wav(song_mix(), RATE, 32), "audio/wav", {})
    track = Blob(encode_flac(reference, RATE), "audio/flac", {})
    audio, record = match_reference({"name": "theirs", "ceiling_dbtp": -1.0}, {"mix": mix, "reference": track})
    from dsp.audiofile import decode

    matched = decode(audio.data)[0]
    assert np.abs(apart_db(matched, reference)).mean() < 0.4 * np.abs(apart_db(song_mix(), reference)).mean()
    assert integrated_lufs(matched, RATE) == pytest.approx(profile.loudness_lufs, abs=0.15)
    for band in (1, 2):
        before = abs(width_db(song_mix(), RATE)[band] - profile.width_db[band])
        assert abs(width_db(matched, RATE)[band] - profile.width_db[band]) < max(0.5, 0.5 * before)
    assert max(map(abs, json.loads(record.data)["tone_db"])) <= MAX_MATCH_DB


def test_no_band_moves_further_than_six_decibels(profile: ReferenceProfile) -> None:
    strange = np.linspace(-60.0, 0.0, 28)
    assert np.abs(match_gains_db(strange, profile)).max() <= MAX_MATCH_DB
    assert match_gains_db(np.asarray(profile.third_octaves_db) + 7.0, profile) == pytest.approx(0.0, abs=1e-9)


def test_a_song_is_mastered_after_it_and_passes_its_gate(reference: FloatArray, profile: ReferenceProfile) -> None:
    store = song_store(technical={"formats": ("wav",), "reference": profile})
    store.run("mastering/master")
    plan = store.json("mastering/master", "plan")["streaming"]
    assert plan["reference"] == "theirs.wav"
    assert plan["tone"] == []
    assert len(plan["reference_tone_db"]) == 28
    store.run("mastering/analysis")
    failed = {check["name"] for check in store.json("mastering/analysis", "verdict")["checks"] if not check["passed"]}
    assert failed <= {"structural_score"}


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.zeros((2, 47_999), np.float32), 48_000, "at least 1 s"),
        (np.zeros((1, 1), np.float32), 48_000, "at least 1 s"),
        (np.zeros((2, 96_000), np.float32), 48_000, "silent"),
        (np.ones((1, 16_000), np.float32) * 0.1, 8_000, "8000 Hz"),
        (np.ones((6, 48_000), np.float32) * 0.1, 48_000, "6 channels"),
    ],
)
def test_what_cannot_be_a_reference_is_refused_with_its_reason(samples: FloatArray, rate: int, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        reference_profile(encode_wav(samples, rate, 16), "theirs.wav")


@pytest.mark.parametrize("data", [b"", b"not audio at all", b"PK\x03\x04" + bytes(200)])
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="--reference"):
        reference_profile(data, "theirs.wav")


def test_nan_clipped_and_dc_are_measured_or_refused() -> None:
    broken = encode_wav(song_mix(), RATE, 32)[:-4] + struct.pack("<f", np.nan)
    with pytest.raises(BadInput, match="NaN"):
        reference_profile(broken, "theirs.wav")
    hot = np.clip(song_mix() * np.float32(20.0), -1.0, 1.0) * np.float32(0.9) + np.float32(0.05)
    found = reference_profile(encode_wav(hot, RATE, 16), "theirs.wav")
    assert -20.0 < found.loudness_lufs < 3.0  # a clipped square is louder than any sine
    assert loudness_of(found) <= -6.0


def test_the_door_keeps_the_profile_and_takes_its_loudness_unless_told(tmp_path: Path, reference: FloatArray) -> None:
    path = tmp_path / "theirs.flac"
    path.write_bytes(encode_flac(reference, RATE))
    found = of_reference(path, has_targets=False)
    profile = ReferenceProfile.model_validate(found["technical.reference"])
    assert profile.name == "theirs.flac"
    assert found["technical.loudness_target_lufs"] == loudness_of(profile)
    assert "technical.loudness_target_lufs" not in of_reference(path, has_targets=True)
    with pytest.raises(BadInput, match="cannot be read"):
        of_reference(tmp_path / "missing.wav", has_targets=False)
