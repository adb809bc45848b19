"""Encoded bytes: what comes back, how exactly, and that equal audio gives equal bytes."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import soundfile
from dsp_signals import RATES, noise, sine, smooth
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import audiofile
from dsp.errors import AudioError
from dsp.levels import db_to_gain, null_depth_db, peak_dbfs, rms_dbfs
from dsp.ogg import page_checksum, with_fixed_serial

LENGTHS = (1, 2, 100, 1_151, 1_152, 5_000, 48_001)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", LENGTHS)
def test_lossless_files_come_back_exactly(rate: int, channels: int, length: int) -> None:
    samples = noise(rate, 1.1, 0.9, channels)[:, :length]
    for bits, step in ((16, 2.0**-15), (24, 2.0**-23)):
        for encode in (audiofile.encode_wav, audiofile.encode_flac):
            back, back_rate = audiofile.decode(encode(samples, rate, bits))
            assert back_rate == rate
            assert back.dtype == np.float32
            assert back.flags.c_contiguous
            assert np.array_equal(back, np.rint(samples / step) * np.float32(step)), (encode, bits)
    back, _ = audiofile.decode(audiofile.encode_wav(4 * samples, rate, 32))
    assert np.array_equal(back, 4 * samples)


@given(level=st.floats(-200, 60), channels=st.integers(1, 3), length=st.integers(1, 3_000), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_scaled_flac_gives_any_level_back(level: float, channels: int, length: int, seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, (channels, length)).astype(np.float32)
    samples *= np.float32(db_to_gain(level))
    data, gain_db = audiofile.encode_flac_scaled(samples, 48_000, headroom_db=0.1)
    back, _ = audiofile.decode(data)
    assert peak_dbfs(back) <= -0.1 + 1e-4
    assert gain_db >= 0.0
    if gain_db == 0.0:
        assert peak_dbfs(samples) <= -0.1 + 1e-4
    restored = back * np.float32(db_to_gain(gain_db))
    # Half a 24-bit step, and three float32 roundings (the scaling and its inverse), relative to the loudest sample.
    tolerance = (2.0**-24 + 3 * 2.0**-24) * db_to_gain(gain_db)
    assert np.abs(restored - samples).max() <= tolerance


def test_scaled_flac_leaves_what_fits_alone() -> None:
    fits = sine(440, 48_000, 0.1, db_to_gain(-0.11), 2)
    data, gain_db = audiofile.encode_flac_scaled(fits, 48_000)
    assert gain_db == 0.0
    assert data == audiofile.encode_flac(fits, 48_000, 24)
    with pytest.raises(AudioError, match="headroom"):
        audiofile.encode_flac_scaled(fits, 48_000, headroom_db=0.0)


def test_integers_clip_at_full_scale() -> None:
    loud = np.array([[2.0, -2.0, 1.0, -1.0]], np.float32)
    for encode in (audiofile.encode_wav, audiofile.encode_flac):
        for bits in (16, 24):
            back, _ = audiofile.decode(encode(loud, 48_000, bits))
            top = 1.0 - 2.0 ** (1 - bits)
            assert back[0].tolist() == [top, -1.0, top, -1.0]


def test_dither_is_triangular_two_steps_wide_and_repeatable() -> None:
    silence = np.zeros((2, 200_000), np.float32)
    data = audiofile.encode_wav(silence, 48_000, 16, dither_seed=5)
    assert data == audiofile.encode_wav(silence, 48_000, 16, dither_seed=5)
    assert data != audiofile.encode_wav(silence, 48_000, 16, dither_seed=6)
    steps = audiofile.decode(data)[0] * 32_768
    assert set(np.unique(steps)) == {-1.0, 0.0, 1.0}
    # Rounding TPDF noise of variance 1/6 adds 1/12: a quarter of a squared step, here within four deviations.
    assert np.mean(steps**2) == pytest.approx(0.25, abs=0.003)
    assert abs(steps.mean()) < 0.005


def test_dither_makes_rounding_errors_independent_of_a_faint_tone() -> None:
    faint = sine(1_000, 48_000, 4.0, 2.0**-16)
    plain = audiofile.decode(audiofile.encode_wav(faint, 48_000, 16))[0]
    dithered = audiofile.decode(audiofile.encode_flac(faint, 48_000, 16, dither_seed=1))[0]
    reference = sine(1_000, 48_000, 4.0)[0]
    assert not plain.any() or np.abs(plain).max() == 2.0**-15
    # The mean product with a full-scale sine is half the amplitude: the dithered file still holds the tone.
    assert 2 * np.mean(dithered[0] * reference) == pytest.approx(2.0**-16, rel=0.05)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", LENGTHS)
def test_mp3_keeps_rate_channels_and_length(rate: int, channels: int, length: int) -> None:
    samples = smooth(sine(440, rate, 2.0, 0.5, channels))[:, :length]
    data = audiofile.encode_mp3(samples, rate, 192)
    assert data == audiofile.encode_mp3(samples, rate, 192)
    back, back_rate = audiofile.decode(data)
    assert back.shape == samples.shape
    assert back_rate == rate


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [*LENGTHS, 150_001])
def test_ogg_keeps_rate_channels_and_length_and_is_repeatable(rate: int, channels: int, length: int) -> None:
    samples = smooth(sine(440, rate, 4.0, 0.5, channels))[:, :length]
    data = audiofile.encode_ogg(samples, rate, 0.6)
    assert data == audiofile.encode_ogg(samples, rate, 0.6)
    back, back_rate = audiofile.decode(data)
    assert back.shape == samples.shape
    assert back_rate == rate


def test_lossy_files_sound_like_what_went_in() -> None:
    wave = smooth(sine(997, 48_000, 3.0, 0.5, 2))
    # Vorbis rounds its spectral floor more coarsely: a pure tone shows it.
    for data, within_db, least_db in (
        (audiofile.encode_mp3(wave, 48_000, 320), 0.01, -60.0),
        (audiofile.encode_ogg(wave, 48_000, 1.0), 0.2, -35.0),
    ):
        back, _ = audiofile.decode(data)
        assert rms_dbfs(back) == pytest.approx(rms_dbfs(wave), abs=within_db)
        assert null_depth_db(back, wave) < least_db


def test_bit_rates_and_qualities_change_the_size() -> None:
    samples = noise(48_000, 2.0)
    small, large = (len(audiofile.encode_mp3(samples, 48_000, kbps)) for kbps in (128, 320))
    # 2 s and up to four frames of encoder delay and header.
    assert small * 8 / 128_000 == pytest.approx(2.0, abs=0.1)
    assert large * 8 / 320_000 == pytest.approx(2.0, abs=0.1)
    sizes = [len(audiofile.encode_ogg(samples, 48_000, quality)) for quality in (0.1, 0.5, 1.0)]
    assert sizes == sorted(sizes)


def test_ogg_pages_carry_the_fixed_number_and_right_checksums() -> None:
    data = audiofile.encode_ogg(noise(48_000, 1.0), 48_000, 0.5)
    other = with_fixed_serial(data, 7)
    assert other != data
    assert with_fixed_serial(other, audiofile.OGG_SERIAL) == data
    # libsndfile checks page checksums while it searches for pages: what decodes to the same audio is whole.
    assert np.array_equal(audiofile.decode(other)[0], audiofile.decode(data)[0])


def test_page_checksum_is_the_one_of_ogg() -> None:
    def slowly(page: bytes) -> int:
        register = 0
        for octet in page:
            register ^= octet << 24
            for _ in range(8):
                register = (register << 1) ^ (0x04C11DB7 if register & 0x8000_0000 else 0)
                register &= 0xFFFF_FFFF
        return register

    for page in (b"", b"\0", b"OggS", bytes(range(256)) * 3):
        assert page_checksum(page) == slowly(page)


def test_what_is_no_ogg_is_refused() -> None:
    data = audiofile.encode_ogg(noise(48_000, 0.5), 48_000, 0.5)
    for bad in (b"RIFF", data[:-1], data[:10], b"\0" + data):
        with pytest.raises(AudioError, match="OGG page"):
            with_fixed_serial(bad, 1)


def test_bad_bytes_are_refused_with_what_was_tried() -> None:
    flac = audiofile.encode_flac(noise(48_000, 5.0), 48_000)
    for bad in (b"", b"no audio at all", b"RIFF" + bytes(60), flac[: len(flac) // 2], flac[:60]):
        with pytest.raises(AudioError, match=r"tried libsndfile: |no samples") as caught:
            audiofile.decode(bad)
        assert not re.search("0x[0-9a-f]{6}", str(caught.value)), "a message must not differ from run to run"
    with pytest.raises(AudioError, match="pedalboard"):
        audiofile.decode(b"no audio at all")


def test_files_without_samples_are_refused() -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((0, 2), np.float32), 48_000, format="WAV")
    with pytest.raises(AudioError, match="no samples"):
        audiofile.decode(buffer.getvalue())


def test_what_libsndfile_does_not_know_pedalboard_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = smooth(sine(440, 44_100, 1.0, 0.5, 2))
    data = audiofile.encode_mp3(samples, 44_100)

    def cannot(_: bytes) -> None:
        raise RuntimeError("no MP3 in this build")

    monkeypatch.setattr(audiofile, "_decode_sound_file", cannot)
    back, rate = audiofile.decode(data)
    assert (back.shape[0], rate) == (2, 44_100)
    assert rms_dbfs(back) == pytest.approx(rms_dbfs(samples), abs=0.2)


def test_values_a_format_does_not_have_are_refused() -> None:
    samples = noise(48_000, 0.1)
    wide = np.zeros((9, 10), np.float32)
    with pytest.raises(AudioError, match="resample"):
        audiofile.encode_mp3(samples, 96_000)
    with pytest.raises(AudioError, match="kbps"):
        audiofile.encode_mp3(samples, 48_000, 300)
    with pytest.raises(AudioError, match="quality"):
        audiofile.encode_ogg(samples, 48_000, 1.1)
    with pytest.raises(AudioError, match="rate"):
        audiofile.encode_ogg(samples, 300_000)
    with pytest.raises(AudioError, match="655350"):
        audiofile.encode_flac(samples, 700_000)
    for encode in (audiofile.encode_wav, audiofile.encode_flac):
        with pytest.raises(AudioError, match="bit depth"):
            encode(samples, 48_000, 20)
        with pytest.raises(AudioError, match="channels"):
            encode(wide, 48_000, 16)


def test_wav_headers_say_what_they_hold() -> None:
    samples = noise(44_100, 0.1, channels=1)[:, :1_001]
    for bits, subtype in ((16, "PCM_16"), (24, "PCM_24"), (32, "FLOAT")):
        data = audiofile.encode_wav(samples, 44_100, bits)
        facts = soundfile.info(io.BytesIO(data))
        assert (facts.subtype, facts.frames, facts.channels, facts.samplerate) == (subtype, 1_001, 1, 44_100)
        assert len(data) == int.from_bytes(data[4:8], "little") + 8
        assert len(data) % 2 == 0
