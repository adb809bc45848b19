"""Audio that lies or breaks: refused with a reason, or read as what it is, in bounded memory."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile
from dsp_signals import noise

from dsp import audiofile
from dsp.audiofile import audio_info, decode, encode_flac, encode_mp3, encode_wav
from dsp.errors import AudioError
from dsp.loudness import measure


def with_flac_length(data: bytes, samples: int) -> bytes:
    """The FLAC with another total in its STREAMINFO: the low 36 bits of the eight bytes from the 18th on."""
    word = int.from_bytes(data[18:26], "big") & ~((1 << 36) - 1)
    return data[:18] + (word | samples).to_bytes(8, "big") + data[26:]


def test_a_flac_that_claims_hours_is_refused_before_memory_is_taken() -> None:
    liar = with_flac_length(encode_flac(noise(48_000, 0.2), 48_000), (1 << 36) - 1)
    tracemalloc.start()
    with pytest.raises(AudioError, match="header says 68719476735 samples"):
        decode(liar)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50_000_000


def test_hours_of_silence_in_a_few_kilobytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiofile, "MAX_DECODED_VALUES", 100_000)
    bomb = encode_flac(np.zeros((2, 60_000), np.float32), 48_000)
    assert len(bomb) < 3_000
    with pytest.raises(AudioError, match="at most 100000 values"):
        decode(bomb)


def test_a_wav_that_claims_more_than_it_has_is_as_long_as_it_is() -> None:
    data = bytearray(encode_wav(noise(48_000, 0.5), 48_000, 16))
    struct.pack_into("<I", data, data.index(b"data") + 4, 0x7FFF_FFFF)
    samples, _ = decode(bytes(data))
    assert samples.shape == (2, 24_000)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_flac_is_refused_and_a_truncated_mp3_is_short(keep: float) -> None:
    samples = noise(48_000, 2.0)
    flac, mp3 = encode_flac(samples, 48_000), encode_mp3(samples, 48_000, 192)
    with pytest.raises(AudioError):
        decode(flac[: int(len(flac) * keep)])
    assert decode(mp3[: int(len(mp3) * keep)])[0].shape[1] < samples.shape[1]


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\0" * 4_000, b"fLaC" + b"\xff" * 400, b"PK\x03\x04" + b"x" * 500])
def test_what_is_no_audio_is_told_by_its_first_bytes(data: bytes) -> None:
    with pytest.raises(AudioError, match="bytes beginning"):
        decode(data)
    with pytest.raises(AudioError, match="bytes beginning"):
        audio_info(data)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (192_000, 2), (48_000, 6)])
def test_odd_layouts_are_described_without_decoding(rate: int, channels: int) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((rate, channels), np.float32), rate, format="WAV", subtype="PCM_16")
    info = audio_info(buffer.getvalue())
    assert (info.sample_rate_hz, info.channels, info.duration_s) == (rate, channels, 1.0)


def test_meters_take_8_and_192_khz_and_refuse_five_one() -> None:
    for rate in (8_000, 192_000):
        assert np.isfinite(measure(noise(rate, 1.0, 0.3), rate).integrated_lufs)
    with pytest.raises(AudioError, match="one or two channels, got 6"):
        measure(noise(48_000, 0.5, channels=6), 48_000)
