"""A stem that a person gave in the place of a rendered one: checked, and fitted to the song.

Belongs here: what an audio file must be, and the task that brings it to the song's rate and length. Does not belong
here: keeping files (resources.uploads), the take (take).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dsp.levels import peak_dbfs
from musicgen_assets.context.edits import StoredFile
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.production.meter import measure

MAX_BYTES = 400 * 1024 * 1024
MIN_S, MAX_S = 0.5, 900.0
RATES_HZ = (8_000, 192_000)
SILENT_DBFS = -80.0
_ADOPT = "musicgen_assets.production.given_stem:adopt_stem"
_EDGE_S = 0.01
_WAY_OUT = "Give mono or stereo WAV, FLAC, MP3 or OGG of 0.5 s to 15 minutes, 8 to 192 kHz, which begins with the song."


def check_stem(data: bytes, name: str, field: str) -> dict[str, Any]:
    """What an audio file is: {rate_hz, channels, duration_s, peak_dbfs}. ``field`` is how it was given.

    Raises BadInput: no audio, too large, too long or short, of more than two channels or another rate, silent, or with
    values that are no numbers; says which.
    """
    from dsp.audiofile import audio_info
    from dsp.errors import AudioError

    if len(data) > MAX_BYTES:
        raise _refused(field, name, f"it has {len(data)} bytes, {MAX_BYTES} are allowed")
    try:
        info = audio_info(data)
        told = {"channels": info.channels, "sample_rate_hz": info.sample_rate_hz}
        if not 1 <= info.channels <= 2:
            raise _refused(field, name, f"it has {info.channels} channels")
        if not RATES_HZ[0] <= info.sample_rate_hz <= RATES_HZ[1]:
            raise _refused(field, name, f"its rate is {info.sample_rate_hz} Hz")
        if not info.duration_s <= MAX_S:
            raise _refused(field, name, f"it says it lasts {info.duration_s:.0f} s")
        samples, rate = decoded_finite(data)
    except AudioError as error:
        raise _refused(field, name, str(error)) from error
    if samples.shape[1] < MIN_S * rate:
        raise _refused(field, name, f"it lasts {samples.shape[1] / rate:.3f} s")
    loudest = peak_dbfs(samples)
    if loudest < SILENT_DBFS:
        raise _refused(field, name, f"it is silent (peak {loudest:.0f} dBFS)")
    return {**told, "duration_s": round(samples.shape[1] / rate, 3), "peak_dbfs": round(loudest, 2)}


def stem_task(track: str, file: StoredFile, rate: int, samples: int) -> Task:
    """The task that makes ``file`` the stem of ``track``, at ``rate`` and ``samples`` long."""
    inputs = {"track": track, "sample_rate_hz": rate, "samples": samples, "only_s": file.only_s}
    ref = Ref("file", file.media_type, file.sha256, file.size_bytes)
    return Task(f"given/{track}", _ADOPT, inputs, {"file": ref})


def adopt_stem(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the file in ``blobs["file"]`` as the song's stem, role ``track/<name>``.

    ``meta``: ``given`` says what was done to fit it; ``measurement`` as rendered stems have it, ``notes`` None: nobody
    knows what is played. Raises PermanentFailure for what is no audio.
    """
    from dsp.errors import AudioError

    rate, length = int(inputs["sample_rate_hz"]), int(inputs["samples"])
    try:
        samples, own_rate = decoded_finite(blobs["file"].data)
    except AudioError as error:
        raise PermanentFailure(
            f"The file given for {inputs['track']} cannot be read: {error}", way_out="Give it again, as WAV."
        ) from error
    fitted, done = fitted_to_song(samples, own_rate, rate, length)
    if inputs["only_s"] is not None:
        fitted = _only(fitted, rate, *inputs["only_s"])
    meta = {"notes": None, "measurement": measure(fitted, rate).model_dump(), "given": done}
    return [audio_payload(fitted, rate, f"track/{inputs['track']}", meta)]


def fitted_to_song(samples: FloatArray, own_rate: int, rate: int, length: int) -> tuple[FloatArray, list[str]]:
    """``samples`` at ``rate`` and exactly ``length`` long, and what was done, in words."""
    from dsp.convert import fit_length, resample

    done = []
    if own_rate != rate:
        samples = resample(samples, own_rate, rate)
        done.append(f"resampled from {own_rate} to {rate} Hz")
    spare_s = (length - samples.shape[1]) / rate
    if spare_s > 0.0:
        done.append(f"silence of {spare_s:.3f} s added at the end")
    elif spare_s < 0.0:
        done.append(f"cut at the song's end, {-spare_s:.3f} s left off")
    return fit_length(samples, length), done


def _only(samples: FloatArray, rate: int, start_s: float, end_s: float) -> FloatArray:
    """What lies between two moments, silence elsewhere; edges faded."""
    from dsp.dynamics import fade_in, fade_out

    out = np.zeros_like(samples)
    first, last = (min(samples.shape[1], round(at_s * rate)) for at_s in (start_s, end_s))
    if last > first:
        out[:, first:last] = fade_out(fade_in(samples[:, first:last], rate, _EDGE_S), rate, _EDGE_S)
    return out


def decoded_finite(data: bytes) -> tuple[FloatArray, int]:
    """Float32 (channels, samples) and the rate in Hz. Raises AudioError for what is no audio, or holds no numbers."""
    from dsp.audiofile import decode
    from dsp.errors import AudioError

    samples, rate = decode(data)
    if not np.isfinite(samples).all():
        raise AudioError("it holds values that are no numbers (NaN or infinite)")
    return samples, rate


def _refused(field: str, name: str, rule: str) -> BadInput:
    return BadInput(field, name, rule, way_out=_WAY_OUT)
