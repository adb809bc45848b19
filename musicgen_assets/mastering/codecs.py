"""Lossy encodings of a master, judged by what comes back: encoded, decoded, measured, made again lower if too high.

Belongs here: MP3, OGG Vorbis, Opus and AAC of one master, untagged. Does not belong here: tags (finalization),
lossless files.

An encoder changes waveforms, so peaks of the decoded audio lie above those that went in: by 0.25 dB for MP3 at
320 kbps and 0.4 dB for OGG on test songs. What matters is the file people play, so that is what is measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.plan import EncodeAttempt, EncodeRecord

LOSSY_FORMATS = ("mp3", "ogg", "opus", "aac")
MAX_ATTEMPTS = 4
MP3_QUALITY = "320"
OGG_QUALITY = 0.8
OPUS_KBPS = 192
AAC_KBPS = 256

_MEDIA_TYPES = {"mp3": "audio/mpeg", "ogg": "audio/ogg", "opus": "audio/ogg", "aac": "audio/mp4"}
_ENDINGS = {"aac": ".m4a"}
_MAX_RATE_HZ = 48_000
"""Of MP3; and of what is heard from the others, at half the size of twice the rate."""
_UNDERSHOOT_DB = 0.15
"""Aimed for below the ceiling when it is made again: the overshoot changes a little with the level."""


def encode_lossy(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the master in ``blobs["audio"]`` as ``inputs["format"]``, decoded true peak within
    ``inputs["ceiling_dbtp"]``. MP3 at ``inputs["mp3_quality"]``: kbps, "V0" or "V2".

    Returns roles "encoded" (the file) and "record" (EncodeRecord). After ``MAX_ATTEMPTS`` the last try is returned
    as it is: the gate decides. Raises PermanentFailure for AAC where there is no ffmpeg.
    """
    from dsp.audiofile import decode

    name, ceiling_dbtp = str(inputs["format"]), float(inputs["ceiling_dbtp"])
    audio = blobs["audio"]
    samples, rate = decode(audio.data)
    gain_db = base_db = float(audio.meta.get("gain_db", 0.0))
    attempts: list[EncodeAttempt] = []
    for _ in range(MAX_ATTEMPTS):
        data = _encoded(
            name, samples * np.float32(10 ** (gain_db / 20)), rate, str(inputs.get("mp3_quality", MP3_QUALITY))
        )
        decoded, decoded_rate = decode(data)
        peak_dbtp = _true_peak_dbtp(decoded, decoded_rate)
        attempts.append(EncodeAttempt(gain_db=round(gain_db - base_db, 4), decoded_true_peak_dbtp=round(peak_dbtp, 4)))
        if peak_dbtp <= ceiling_dbtp:
            break
        gain_db -= peak_dbtp - ceiling_dbtp + _UNDERSHOOT_DB
    record = EncodeRecord(
        format=name,
        sha256=hashlib.sha256(data).hexdigest(),
        sample_rate_hz=decoded_rate,
        samples=int(decoded.shape[1]),
        attempts=tuple(attempts),
    )
    facts = {"sample_rate_hz": decoded_rate, "samples": int(decoded.shape[1])}
    return [
        Payload("encoded", _MEDIA_TYPES[name], data, _ENDINGS.get(name, f".{name}"), facts),
        json_payload(record, "record"),
    ]


def measure_decoded(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the record of a lossy file that is already there, ``blobs["audio"]``; role "record" (EncodeRecord)."""
    from dsp.audiofile import decode

    data = blobs["audio"].data
    decoded, rate = decode(data)
    peak_dbtp = round(_true_peak_dbtp(decoded, rate), 4)
    record = EncodeRecord(
        format=inputs["format"],
        sha256=hashlib.sha256(data).hexdigest(),
        sample_rate_hz=rate,
        samples=int(decoded.shape[1]),
        attempts=(EncodeAttempt(gain_db=0.0, decoded_true_peak_dbtp=peak_dbtp),),
    )
    return [json_payload(record, "record")]


def _encoded(name: str, samples: FloatArray, rate: int, mp3_quality: str) -> bytes:
    from dsp.audiofile import encode_mp3, encode_ogg, encode_opus
    from dsp.convert import resample

    if name == "ogg":
        return encode_ogg(samples, rate, OGG_QUALITY)
    if name == "opus":
        return encode_opus(resample(samples, rate, _MAX_RATE_HZ), _MAX_RATE_HZ, OPUS_KBPS)
    target = min(rate, _MAX_RATE_HZ)
    samples = resample(samples, rate, target)
    if name == "aac":
        return _aac(samples, target)
    return encode_mp3(samples, target, int(mp3_quality) if mp3_quality.isdigit() else mp3_quality)


def _aac(samples: FloatArray, rate: int) -> bytes:
    from dsp.ffmpeg import encode_aac, has_ffmpeg

    if not has_ffmpeg():
        raise PermanentFailure(
            "AAC was asked for, and only ffmpeg writes it, which is not installed on this machine.",
            way_out='Install ffmpeg, or ask for other formats: --set \'technical.formats=["wav", "mp3"]\'.',
        )
    return encode_aac(samples, rate, AAC_KBPS)


def _true_peak_dbtp(samples: FloatArray, rate: int) -> float:
    from dsp.loudness import true_peak_dbtp

    return true_peak_dbtp(samples, rate)
