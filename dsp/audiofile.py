"""Samples to encoded bytes and back: WAV, FLAC, MP3, OGG Vorbis, Opus. Equal samples give equal bytes.

Belongs here: codecs, dither, and what makes a container's bytes repeatable. Does not belong here: tags, file
names, where bytes are kept, and AAC, which takes a program from outside (dsp.ffmpeg).
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate, db_to_gain, gain_to_db, peak
from dsp.ogg import with_fixed_serial

MP3_RATES_HZ = (32_000, 44_100, 48_000)
"""Sample rates of MPEG-1 layer III (ISO/IEC 11172-3)."""
MP3_BITRATES_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Bit rates of MPEG-1 layer III (ISO/IEC 11172-3)."""
MP3_VBR = ("V0", "V2")
"""LAME's variable bit rates: about 245 and 190 kbps on music."""
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
"""Input rates of Opus (RFC 6716)."""
OGG_SERIAL = 0x4D555349
"""The one stream number of every OGG file made here; files hold one stream, so any constant will do."""

MAX_DECODED_VALUES = 1 << 28
"""The most samples times channels that are decoded at once: 1 GiB as float32, 10 minutes of 192 kHz stereo."""

_FLAC_LEVEL = 0.2
"""libsndfile's scale 0..1. A quarter faster than its default on music, for files 2 % larger."""
_MP4 = b"ftyp"
_STRICTLY_READ = (b"fLaC", b"RIFF", b"OggS")
_BUFFER_NAME = re.compile(r"<_io\.BytesIO object at 0x[0-9a-f]+>")
_MAX_CHANNELS = 8
_MAX_FLAC_RATE_HZ = 655_350
_INT_SUBTYPES = {16: "PCM_16", 24: "PCM_24"}


def encode_flac_scaled(samples: FloatArray, rate: int, *, headroom_db: float = 0.1) -> tuple[bytes, float]:
    """24-bit FLAC of audio that may exceed full scale, and the gain that undoes the scaling.

    The audio is turned down only when its peak lies above ``-headroom_db``, and then exactly to it.

    Args:
        samples: float32 (channels, samples), any finite values; up to 8 channels.
        rate: in Hz.
        headroom_db: distance of the loudest allowed peak to full scale, 0.001 to 60.

    Returns:
        The bytes, and ``gain_db`` >= 0: what decoding must add to get the original level back.

    Raises:
        AudioError: no audio, a rate or a headroom out of range.
    """
    check_audio(samples)
    check_range("headroom_db", headroom_db, 0.001, 60.0)
    loudest, allowed = peak(samples), db_to_gain(-headroom_db)
    if loudest <= allowed:
        return encode_flac(samples, rate, 24), 0.0
    gain_db = gain_to_db(loudest / allowed)
    return encode_flac(samples * np.float32(db_to_gain(-gain_db)), rate, 24), gain_db


def encode_wav(samples: FloatArray, rate: int, bit_depth: int = 24, dither_seed: int | None = None) -> bytes:
    """RIFF WAV: 16 or 24-bit integers, or 32-bit floats.

    Integers clip at full scale; floats keep what exceeds it. ``dither_seed`` adds triangular dither of 2 LSB width
    (16-bit only; at 24 bits rounding noise lies at -144 dBFS and needs none).

    Raises:
        AudioError: no audio, or a rate or bit depth out of range.
    """
    check_audio(samples)
    _check_layout(samples, rate)
    if bit_depth == 32:
        return _riff(np.ascontiguousarray(samples.T, dtype="<f4").tobytes(), samples.shape[0], rate, 32)
    words = _words(samples, bit_depth, dither_seed)
    if bit_depth == 16:
        return _riff(words.astype("<i2").tobytes(), samples.shape[0], rate, 16)
    octets = np.ascontiguousarray(words, dtype="<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    return _riff(octets.tobytes(), samples.shape[0], rate, 24)


def encode_flac(samples: FloatArray, rate: int, bit_depth: int = 24, dither_seed: int | None = None) -> bytes:
    """FLAC of 16 or 24 bits, clipping at full scale. ``dither_seed`` as in ``encode_wav``.

    Raises:
        AudioError: no audio, or a rate or bit depth out of range.
    """
    check_audio(samples)
    _check_layout(samples, rate)
    if rate > _MAX_FLAC_RATE_HZ:
        raise AudioError(f"FLAC holds rates up to {_MAX_FLAC_RATE_HZ} Hz, got {rate}")
    words = _words(samples, bit_depth, dither_seed)
    words <<= 32 - bit_depth  # libsndfile takes the upper bits of a 32-bit word
    return _sound_file_bytes(
        words, rate, format="FLAC", subtype=_INT_SUBTYPES[bit_depth], compression_level=_FLAC_LEVEL
    )


def encode_mp3(samples: FloatArray, rate: int, bitrate_kbps: int | str = 320) -> bytes:
    """MP3 (LAME), mono or stereo, untagged but for LAME's gapless header; ``bitrate_kbps`` one of
    ``MP3_BITRATES_KBPS``, or of ``MP3_VBR`` for a bit rate that follows the music.

    That header lets decoders answer the exact length again; below 64 kbps it does not fit into a frame, and the
    decoded audio is up to two frames (2,304 samples) longer.

    Raises:
        AudioError: no audio, more than two channels, or a rate or bit rate MPEG-1 layer III does not have.
    """
    from pedalboard.io import AudioFile

    check_audio(samples)
    _check_layout(samples, rate, max_channels=2)
    if rate not in MP3_RATES_HZ:
        raise AudioError(f"MP3 has the rates {_listed(MP3_RATES_HZ)} Hz, got {rate}: resample first")
    if bitrate_kbps not in (*MP3_BITRATES_KBPS, *MP3_VBR):
        allowed = f"{_listed(MP3_BITRATES_KBPS)} kbps, {' and '.join(MP3_VBR)}"
        raise AudioError(f"MP3 has the bit rates {allowed}, got {bitrate_kbps!r}")
    buffer = io.BytesIO()
    with AudioFile(buffer, "w", rate, samples.shape[0], quality=bitrate_kbps, format="mp3") as encoder:
        # In two writes: pedalboard refuses two samples of two channels, because it guesses the layout from the shape.
        for part in (samples[:, :1], samples[:, 1:]):
            if part.size:
                encoder.write(np.ascontiguousarray(part))
    return buffer.getvalue()


def encode_ogg(samples: FloatArray, rate: int, quality: float = 0.8) -> bytes:
    """OGG Vorbis, mono or stereo, at ``quality`` 0 (smallest) to 1 (best).

    Raises:
        AudioError: no audio, more than two channels, or a rate or quality out of range.
    """
    check_audio(samples)
    _check_layout(samples, rate, max_channels=2)
    check_range("quality", quality, 0.0, 1.0)
    check_range("rate", rate, 8_000, 192_000)
    interleaved = np.ascontiguousarray(samples.T)
    # Written a second at a time: libsndfile's Vorbis writer keeps a whole call on the stack and crashes.
    data = _sound_file_bytes(
        interleaved, rate, step=rate, format="OGG", subtype="VORBIS", compression_level=1.0 - quality
    )
    return with_fixed_serial(data, OGG_SERIAL)


def encode_opus(samples: FloatArray, rate: int, bitrate_kbps: int = 192) -> bytes:
    """Opus in OGG, mono or stereo, at a variable bit rate around ``bitrate_kbps``, 16 to 500.

    Raises:
        AudioError: no audio, more than two channels, a bit rate out of range, or a rate Opus does not take.
    """
    check_audio(samples)
    _check_layout(samples, rate, max_channels=2)
    check_range("bitrate_kbps", bitrate_kbps, 16, 500)
    if rate not in OPUS_RATES_HZ:
        raise AudioError(f"Opus takes the rates {_listed(OPUS_RATES_HZ)} Hz, got {rate}: resample first")
    # libsndfile has no bit rate, only a level from 0 to 1 that falls linearly from 512 to 6 kbps for two channels.
    level = (512.0 - bitrate_kbps) / (512.0 - 6.0)
    data = _sound_file_bytes(
        np.ascontiguousarray(samples.T), rate, step=rate, format="OGG", subtype="OPUS", compression_level=level
    )
    return with_fixed_serial(data, OGG_SERIAL)


def decode(data: bytes) -> tuple[FloatArray, int]:
    """Samples and rate of encoded audio: WAV, FLAC, OGG, MP3 and what else the decoders here know.

    libsndfile reads; where it does not know the bytes, pedalboard tries (ffmpeg, for an MP4). What libsndfile knows
    but cannot read to the end is refused, because pedalboard would put silence in the place of a damaged FLAC's
    samples. A cut-off WAV, OGG or MP3 is shorter, and no error: compare the length where it matters.

    Returns:
        float32 (channels, samples), C-contiguous, and the rate in Hz.

    Raises:
        AudioError: no decoder could read it (the message says what each answered), it holds no samples, or its header
            claims more than ``MAX_DECODED_VALUES``.
    """
    answers: list[str] = []
    decoders = [("libsndfile", _decode_sound_file)]
    if data[4:8] == _MP4:
        decoders = [("ffmpeg", _decode_mp4)]
    elif not data.startswith(_STRICTLY_READ):
        decoders.append(("pedalboard", _decode_pedalboard))
    for name, decoder in decoders:
        try:
            samples, rate = decoder(data)
        except TooLargeError:
            raise
        except (RuntimeError, ValueError, TypeError) as error:
            # Both name the buffer by its address; messages must not differ from run to run.
            answers.append(f"{name}: {_BUFFER_NAME.sub('the bytes', str(error))}")
            continue
        if samples.size == 0:
            raise AudioError(f"the audio ({len(data)} bytes, read by {name}) holds no samples")
        return samples, rate
    raise AudioError(f"cannot decode {len(data)} bytes beginning {data[:12]!r}; tried " + "; ".join(answers))


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says of it, and nobody has checked yet."""

    sample_rate_hz: int
    channels: int
    samples: int

    @property
    def duration_s(self) -> float:
        """Seconds, by the header."""
        return self.samples / self.sample_rate_hz


def audio_info(data: bytes) -> AudioInfo:
    """Rate, channels and length as the header states them, without decoding.

    Raises:
        AudioError: no decoder knows the bytes.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as source:
            return AudioInfo(int(source.samplerate), int(source.channels), int(source.frames))
    except (RuntimeError, ValueError, TypeError) as error:
        known = f"libsndfile: {_BUFFER_NAME.sub('the bytes', str(error))}"
        if data.startswith(_STRICTLY_READ):
            raise AudioError(f"cannot read {len(data)} bytes beginning {data[:12]!r}; {known}") from error
    return _info_by_pedalboard(data, known)


def _info_by_pedalboard(data: bytes, known: str) -> AudioInfo:
    from pedalboard.io import AudioFile

    try:
        with AudioFile(io.BytesIO(data)) as source:
            return AudioInfo(round(source.samplerate), int(source.num_channels), int(source.frames))
    except (RuntimeError, ValueError, TypeError) as error:
        told = _BUFFER_NAME.sub("the bytes", str(error))
        raise AudioError(
            f"cannot read {len(data)} bytes beginning {data[:12]!r}; tried {known}; pedalboard: {told}"
        ) from error


def _decode_sound_file(data: bytes) -> tuple[FloatArray, int]:
    import soundfile

    with soundfile.SoundFile(io.BytesIO(data)) as source:
        _check_size(source.frames, source.channels)
        interleaved = source.read(dtype="float32", always_2d=True)
        rate = int(source.samplerate)
    return np.ascontiguousarray(interleaved.T), rate


def _decode_pedalboard(data: bytes) -> tuple[FloatArray, int]:
    from pedalboard.io import AudioFile

    with AudioFile(io.BytesIO(data)) as source:
        _check_size(source.frames, source.num_channels)
        samples = source.read(source.frames)
        return np.ascontiguousarray(samples, dtype=np.float32), round(source.samplerate)


def _check_size(samples: int, channels: int) -> None:
    """Refuse by the header what memory could not hold: a few kilobytes can claim, or be, hours of silence."""
    if samples * channels > MAX_DECODED_VALUES:
        raise TooLargeError(
            f"the header says {samples} samples of {channels} channel(s), at most {MAX_DECODED_VALUES} values "
            "are decoded"
        )


class TooLargeError(AudioError):
    """Another decoder would take as much."""


def _decode_mp4(data: bytes) -> tuple[FloatArray, int]:
    from dsp.ffmpeg import as_wav

    return _decode_sound_file(as_wav(data))


def _words(samples: FloatArray, bit_depth: int, dither_seed: int | None) -> NDArray[np.int32]:
    """Interleaved integers (samples, channels) of ``bit_depth`` bits."""
    if bit_depth not in _INT_SUBTYPES:
        raise AudioError(f"bit depth must be 16 or 24 here, got {bit_depth!r}")
    full = float(1 << (bit_depth - 1))
    scaled = samples.T * np.float32(full)  # a power of two: exact
    if dither_seed is not None and bit_depth == 16:
        rng = np.random.default_rng(dither_seed)
        scaled += rng.random(scaled.shape, dtype=np.float32) - rng.random(scaled.shape, dtype=np.float32)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -full, full - 1.0, out=scaled)
    return np.ascontiguousarray(scaled, dtype=np.int32)


def _sound_file_bytes(interleaved: NDArray[Any], rate: int, step: int | None = None, **form: Any) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    step = step or interleaved.shape[0]
    with soundfile.SoundFile(buffer, "w", samplerate=rate, channels=interleaved.shape[1], **form) as encoder:
        for start in range(0, interleaved.shape[0], step):
            encoder.write(interleaved[start : start + step])
    return buffer.getvalue()


def _riff(body: bytes, channels: int, rate: int, bits: int) -> bytes:
    """A WAV file around interleaved samples. Written here because libsndfile stamps float files with the time."""
    is_float = bits == 32
    frame = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 3 if is_float else 1, channels, rate, rate * frame, frame, bits)
    chunks = [(b"fmt ", fmt + (b"\0\0" if is_float else b""))]
    if is_float:
        chunks.append((b"fact", struct.pack("<I", len(body) // frame)))
    chunks.append((b"data", body))
    parts = [b"WAVE"]
    for name, content in chunks:
        parts += [name, struct.pack("<I", len(content)), content, b"\0" * (len(content) % 2)]
    size = sum(map(len, parts))
    if size > 0xFFFF_FFFF:
        raise AudioError(f"a WAV file ends at 4 GiB, these samples need {size} bytes: use FLAC")
    return b"".join([b"RIFF", struct.pack("<I", size), *parts])


def _check_layout(samples: FloatArray, rate: int, max_channels: int = _MAX_CHANNELS) -> None:
    check_rate(rate)
    if samples.shape[0] > max_channels:
        raise AudioError(f"at most {max_channels} channels are encoded here, got {samples.shape[0]}")


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(str(value) for value in values)
