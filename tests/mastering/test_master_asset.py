"""mastering/master: what was asked for is what is there, and the plan says how it was made."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.levels import dc_offset
from dsp.loudness import integrated_lufs, true_peak_dbtp, tt_dynamic_range_db
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload
from support.sounding_song import DURATION_S, RATE, song_mix, song_stems, song_store


def made(store: MemoryStore) -> tuple[FloatArray, int, dict[str, Any]]:
    """Run the master; its samples, rate and the streaming part of its plan."""
    store.run("mastering/master")
    job = MemoryJob("mastering/analysis", store)
    samples, rate = job.audio(job.ref("mastering/master", "streaming"))
    return samples, rate, store.json("mastering/master", "plan")["streaming"]


def test_loudness_and_true_peak_are_as_asked(song: MemoryStore, master: tuple[FloatArray, int]) -> None:
    samples, rate = master
    assert np.isfinite(samples).all()
    assert integrated_lufs(samples, rate) == pytest.approx(-14.0, abs=0.1)
    assert true_peak_dbtp(samples, rate) <= -1.0
    plan = song.json("mastering/master", "plan")["streaming"]
    assert plan["integrated_lufs"] == pytest.approx(integrated_lufs(samples, rate), abs=0.01)
    assert plan["notes"] == []


def test_it_is_exactly_as_long_as_asked_and_ends_in_digital_silence(master: tuple[FloatArray, int]) -> None:
    samples, rate = master
    assert samples.shape == (2, round(DURATION_S * rate))
    assert np.all(samples[:, -1] == 0.0)
    assert np.abs(samples[:, -rate // 100 :]).max() < 1e-3
    assert dc_offset(samples) < 1e-4


def test_lossy_files_decode_under_the_ceiling(song: MemoryStore) -> None:
    plan = song.json("mastering/master", "plan")
    refs = {ref.role: ref for ref in song.artifacts["mastering/master"]}
    assert {"streaming", "plan", "encoded/mp3", "encoded/ogg"} == refs.keys()
    for record in plan["encodes"]:
        ref = refs[f"encoded/{record['format']}"]
        samples, rate = decode(song.blobs[ref.sha256].data)
        assert true_peak_dbtp(samples, rate) <= -1.0
        assert record["sha256"] == ref.sha256
        assert record["attempts"][-1]["decoded_true_peak_dbtp"] == pytest.approx(
            true_peak_dbtp(samples, rate), abs=0.01
        )


def test_an_encoding_over_the_ceiling_is_made_again_lower() -> None:
    from musicgen_assets.graph.job import Blob
    from musicgen_assets.mastering.codecs import encode_lossy

    # Square-ish peaks at -1 dBFS overshoot in any lossy codec.
    rng = np.random.default_rng(3)
    noise = np.clip(rng.standard_normal((2, 2 * RATE)).astype(np.float32), -0.89, 0.89)
    payload = audio_payload(noise, RATE, "streaming")
    blob = Blob(payload.data, payload.media_type, payload.meta)
    encoded, record = encode_lossy({"format": "mp3", "ceiling_dbtp": -1.0}, {"audio": blob})
    attempts = json.loads(record.data)["attempts"]
    assert len(attempts) > 1
    assert attempts[0]["decoded_true_peak_dbtp"] > -1.0
    assert true_peak_dbtp(*decode(encoded.data)) <= -1.0


def test_only_formats_asked_for_are_encoded() -> None:
    store = song_store(technical={"formats": ("wav",)})
    made(store)
    assert [ref.role for ref in store.artifacts["mastering/master"]] == ["streaming", "plan"]


def test_the_same_mix_gives_the_same_bytes(song: MemoryStore) -> None:
    again = song_store(technical={"formats": ("wav", "flac", "mp3", "ogg")})
    again.run("mastering/master")
    assert again.artifacts["mastering/master"] == song.artifacts["mastering/master"]


def test_a_loud_target_is_reached_within_its_dynamics() -> None:
    samples, rate, plan = made(song_store(technical={"formats": ("wav",), "loudness_target_lufs": -9.0}))
    assert integrated_lufs(samples, rate) == pytest.approx(-9.0, abs=0.1)
    assert true_peak_dbtp(samples, rate) <= -1.0
    assert tt_dynamic_range_db(samples, rate) >= 5.0
    assert plan["limiting_db"] > 3.0


def test_a_soft_target_leaves_peaks_alone() -> None:
    samples, rate, plan = made(song_store(technical={"formats": ("wav",), "loudness_target_lufs": -24.0}))
    assert integrated_lufs(samples, rate) == pytest.approx(-24.0, abs=0.1)
    assert plan["limiting_db"] == 0.0


def test_mono_is_one_channel_at_the_same_target() -> None:
    samples, rate, plan = made(song_store(technical={"formats": ("wav",), "channels": 1}))
    assert samples.shape[0] == plan["channels"] == 1
    assert integrated_lufs(samples, rate) == pytest.approx(-14.0, abs=0.1)


def test_a_mix_that_goes_on_is_cut_with_a_fade() -> None:
    store = song_store(technical={"formats": ("wav",), "duration_s": 19.0})
    samples, rate, plan = made(store)
    assert samples.shape[1] == 19 * rate
    assert plan["fade_s"] == 0.5
    before, last = samples[:, -rate : -rate // 2], samples[:, -rate // 50 :]
    assert np.abs(last).max() < 0.05 * np.abs(before).max()


def test_a_mix_that_is_too_short_is_filled_with_silence() -> None:
    samples, rate, _ = made(song_store(technical={"formats": ("wav",), "duration_s": 24.0}))
    assert samples.shape[1] == 24 * rate
    assert np.abs(samples[:, 23 * rate :]).max() < 1e-4


def test_dc_in_the_mix_is_removed() -> None:
    stems = {name: samples + np.float32(0.02) for name, samples in song_stems().items()}
    samples, _, _ = made(song_store(technical={"formats": ("wav",)}, stems=stems))
    assert dc_offset(samples) < 1e-3


def test_a_silent_mix_is_refused_with_a_reason() -> None:
    silent = {name: np.zeros_like(samples) for name, samples in song_stems().items()}
    with pytest.raises(PermanentFailure, match="silent"):
        song_store(stems=silent).run("mastering/master")


def test_a_mix_of_one_sample_stays_a_click_and_the_plan_says_so() -> None:
    store = song_store(technical={"formats": ("wav",)})
    store.put("mixing/mix", audio_payload(np.ones((2, 1), np.float32), RATE), json_payload({"strips": []}, "plan"))
    samples, rate, plan = made(store)
    assert samples.shape == (2, round(DURATION_S * rate))
    assert np.isfinite(samples).all()
    assert "limiting" in plan["notes"][0]


def test_clicks_are_not_crushed_to_reach_a_target() -> None:
    """A click a second has 40 dB and more between peak and loudness: no limiter makes that loud and leaves it music."""
    clicks = np.zeros((2, 22 * RATE), np.float32)
    clicks[:, :: RATE // 2] = 0.5
    samples, rate, plan = made(song_store(technical={"formats": ("wav",)}, stems={"drums": clicks}))
    assert plan["limiting_db"] <= 12.0 + 1e-6
    assert integrated_lufs(samples, rate) < -15.0
    assert "12 dB of limiting" in plan["notes"][0]


def test_dynamics_are_kept_within_the_tolerance_or_the_plan_says_so() -> None:
    from musicgen_assets.mastering.level import reach_level

    mix = song_mix()
    free = reach_level(mix, RATE, -10.0, -1.0, 3.0)
    assert free.notes == ()
    bound = free.dynamic_range_db + 0.3
    kept = reach_level(mix, RATE, -10.0, -1.0, bound)
    assert kept.dynamic_range_db >= bound
    assert -11.0 <= kept.integrated_lufs < free.integrated_lufs
    assert "under the target" in kept.notes[0]
    refused = reach_level(mix, RATE, -10.0, -1.0, 14.0)
    assert "cannot both be had" in refused.notes[0]
    assert refused.integrated_lufs == pytest.approx(-10.0, abs=0.1)


def test_long_songs_are_levelled_as_closely() -> None:
    from musicgen_assets.mastering.level import reach_level

    mix = np.concatenate([song_mix(), 0.3 * song_mix(), song_mix(), song_mix()], axis=1).astype(np.float32)
    found = reach_level(mix, RATE, -12.0, -1.0, 5.0)
    assert integrated_lufs(found.samples, RATE) == pytest.approx(-12.0, abs=0.1)
    assert len(found.attempts) <= 3


def test_96_khz_masters_get_an_mp3_at_48(song: MemoryStore) -> None:
    from dsp.convert import resample
    from musicgen_assets.graph.job import Blob
    from musicgen_assets.mastering.codecs import encode_lossy

    payload = audio_payload(resample(song_mix()[:, : 2 * RATE] * np.float32(0.3), RATE, 96_000), 96_000, "streaming")
    encoded, _ = encode_lossy(
        {"format": "mp3", "ceiling_dbtp": -1.0}, {"audio": Blob(payload.data, payload.media_type, payload.meta)}
    )
    samples, rate = decode(encoded.data)
    assert rate == 48_000
    assert samples.shape[1] == 2 * RATE


def test_content_hashes_follow_from_the_bytes(song: MemoryStore) -> None:
    for ref in song.artifacts["mastering/master"]:
        assert hashlib.sha256(song.blobs[ref.sha256].data).hexdigest() == ref.sha256
