"""AAC by ffmpeg, where it is installed: no Python package here encodes it.

Belongs here: calling ffmpeg, from samples to bytes and back. Does not belong here: formats that need no
program from outside (dsp.audiofile).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

AAC_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000)
"""Sample rates of MPEG-4 AAC (ISO/IEC 14496-3)."""
TIMEOUT_S = 600.0

REPEATABLE = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1")
"""No times, no program versions, no thread count in the file: equal audio gives equal bytes."""


def has_ffmpeg() -> bool:
    """Whether AAC can be written here."""
    return shutil.which("ffmpeg") is not None


def encode_aac(samples: FloatArray, rate: int, bitrate_kbps: int = 256) -> bytes:
    """AAC-LC in an MP4 container (.m4a), mono or stereo, its index first so that it plays while it loads.

    Its decoders answer up to a frame (1,024 samples) more than went in; less than a frame may come back as nothing.

    Raises:
        AudioError: no audio, more than two channels, a rate or bit rate out of range, no ffmpeg, or ffmpeg failed.
    """
    check_audio(samples)
    check_rate(rate)
    check_range("bitrate_kbps", bitrate_kbps, 32, 512)
    if samples.shape[0] > 2:
        raise AudioError(f"AAC is written with one or two channels here, got {samples.shape[0]}")
    if rate not in AAC_RATES_HZ:
        raise AudioError(f"AAC has the rates {', '.join(map(str, AAC_RATES_HZ))} Hz, got {rate}: resample first")
    raw = np.ascontiguousarray(samples.T, dtype="<f4").tobytes()
    source = ("-f", "f32le", "-ar", str(rate), "-ac", str(samples.shape[0]), "-i", "pipe:0")
    with tempfile.TemporaryDirectory() as folder:
        # An MP4's index is written last and its length first: ffmpeg has to go back in the file, a pipe cannot.
        target = Path(folder) / "audio.m4a"
        run_ffmpeg(
            [*source, *REPEATABLE, "-c:a", "aac", "-b:a", f"{bitrate_kbps}k", "-movflags", "+faststart", str(target)],
            raw,
        )
        return target.read_bytes()


def as_wav(data: bytes) -> bytes:
    """The first sound of a file that only ffmpeg reads, as a WAV file of 32-bit floats at its own rate.

    Raises:
        AudioError: no ffmpeg, or it cannot read the bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "audio", Path(folder) / "audio.wav"
        source.write_bytes(data)
        run_ffmpeg(["-i", str(source), "-map", "0:a:0", "-c:a", "pcm_f32le", "-threads", "1", str(target)])
        return target.read_bytes()


def run_ffmpeg(arguments: list[str], given: bytes = b"") -> None:
    """Call ffmpeg with ``arguments``, ``given`` on its standard input.

    Raises:
        AudioError: it is not installed, did not finish, or failed.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioError("ffmpeg is not installed, and nothing else here does what it is asked for")
    command = [program, "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AudioError(f"ffmpeg did not finish: {error}") from error
    if done.returncode != 0:
        raise AudioError(f"ffmpeg failed ({done.returncode}): {done.stderr.decode(errors='replace').strip()[-300:]}")
