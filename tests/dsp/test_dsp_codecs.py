"""Opus, AAC and variable MP3: what comes back, how long, and that equal audio gives equal bytes."""

from __future__ import annotations

import pytest
from dsp_signals import noise, sine

from dsp import audiofile
from dsp.errors import AudioError
from dsp.ffmpeg import AAC_RATES_HZ, encode_aac, has_ffmpeg
from dsp.levels import null_depth_db, rms_dbfs

NEEDS_FFMPEG = pytest.mark.skipif(not has_ffmpeg(), reason="not run: no ffmpeg is installed")
FRAME = 1_024


@pytest.mark.parametrize("rate", audiofile.OPUS_RATES_HZ)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [1, 480, 5_001])
def test_opus_keeps_channels_and_length_and_is_repeatable(rate: int, channels: int, length: int) -> None:
    samples = noise(rate, 1.0, 0.5, channels)[:, :length]
    data = audiofile.encode_opus(samples, rate)
    assert data == audiofile.encode_opus(samples, rate)
    back, back_rate = audiofile.decode(data)
    assert back.shape[0] == channels
    assert back.shape[1] / back_rate == pytest.approx(samples.shape[1] / rate, abs=1 / rate)


def test_opus_is_near_what_went_in_and_as_large_as_asked() -> None:
    wave = sine(440.0, 48_000, 4.0, 0.5)
    back, rate = audiofile.decode(audiofile.encode_opus(wave, 48_000, 256))
    assert rate == 48_000
    assert rms_dbfs(back) == pytest.approx(rms_dbfs(wave), abs=0.2)
    assert null_depth_db(back[:, 4_800:-4_800], wave[:, 4_800:-4_800]) < -25.0
    hiss = noise(48_000, 4.0)
    sizes = [len(audiofile.encode_opus(hiss, 48_000, kbps)) * 8 / 4.0 / 1_000 for kbps in (64, 192, 320)]
    assert sizes == pytest.approx([64, 192, 320], rel=0.35)


def test_a_bit_rate_that_follows_the_music_spends_less_on_less() -> None:
    loud, still = noise(48_000, 3.0), 0.0 * noise(48_000, 3.0)
    for quality in audiofile.MP3_VBR:
        data = audiofile.encode_mp3(loud, 48_000, quality)
        assert data == audiofile.encode_mp3(loud, 48_000, quality)
        assert audiofile.decode(data)[0].shape == loud.shape
        assert len(audiofile.encode_mp3(still, 48_000, quality)) < 0.3 * len(data)
    assert len(audiofile.encode_mp3(loud, 48_000, "V2")) < len(audiofile.encode_mp3(loud, 48_000, "V0"))


def test_rates_and_qualities_that_do_not_exist_are_refused() -> None:
    with pytest.raises(AudioError, match="resample first"):
        audiofile.encode_opus(noise(44_100, 0.1), 44_100)
    with pytest.raises(AudioError, match="V0"):
        audiofile.encode_mp3(noise(48_000, 0.1), 48_000, "V9")
    with pytest.raises(AudioError, match="resample first"):
        encode_aac(noise(11_000, 0.1), 11_000)


@NEEDS_FFMPEG
@pytest.mark.parametrize("rate", [44_100, 96_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [2_000, 48_001])
def test_aac_keeps_rate_channels_and_length_to_a_frame(rate: int, channels: int, length: int) -> None:
    samples = noise(rate, 1.2, 0.5, channels)[:, :length]
    data = encode_aac(samples, rate)
    assert data == encode_aac(samples, rate)
    back, back_rate = audiofile.decode(data)
    assert (back.shape[0], back_rate) == (channels, rate)
    assert 0 <= back.shape[1] - samples.shape[1] <= FRAME


@NEEDS_FFMPEG
def test_aac_is_near_what_went_in() -> None:
    wave = sine(440.0, 48_000, 3.0, 0.5)
    back, _ = audiofile.decode(encode_aac(wave, 48_000))
    size = wave.shape[1]
    assert null_depth_db(back[:, 4_800 : size - 4_800], wave[:, 4_800 : size - 4_800]) < -30.0


def test_without_ffmpeg_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert not has_ffmpeg()
    with pytest.raises(AudioError, match="ffmpeg is not installed"):
        encode_aac(noise(48_000, 0.1), 48_000)
    assert 48_000 in AAC_RATES_HZ


@NEEDS_FFMPEG
def test_what_is_no_mp4_is_refused() -> None:
    with pytest.raises(AudioError):
        audiofile.decode(b"\0\0\0\x18ftypM4A " + bytes(50))
