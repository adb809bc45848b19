"""Tasks: mixes with parts left out, mastered like the whole; stems joined into groups.

Belongs here: sums, the master's own settings applied again, files. Does not belong here: which tracks (packages.mixes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from musicgen_assets.finalization.packages.audio import audio_file, flac_file
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio

MP3_QUALITY = "V0"

_MP3_MAX_RATE_HZ = 48_000


def write_mix(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: one mix, FLAC (24 bits) or MP3 by the ending of ``inputs["path"]``.

    ``inputs``: path, tags, plus and minus (names of blobs to add and to take away), samples, channels, and of
    mastering.plan.TargetRecord tone, reference_tone_db, width_gain_db, gain_db, ceiling_dbtp, glue_ratio,
    glue_threshold_dbfs, fade_s.
    """
    total, rate = _sum(blobs, inputs["plus"], inputs["minus"])
    samples = mastered_alike(total, rate, inputs)
    path = str(inputs["path"])
    if not path.endswith(".mp3"):
        return [flac_file(path, samples, rate, inputs["tags"])]
    return [_mp3(path, samples, rate, inputs["tags"])]


def mastered_alike(samples: FloatArray, rate: int, settings: Mapping[str, Any]) -> FloatArray:
    """``samples`` as the master's settings have it: float32 (channels, samples asked for), under its ceiling.

    Loudness is not sought again: the gain is the master's, so that what is heard here is as loud as it is there.
    """
    from dsp.convert import fit_length
    from dsp.curve_eq import curve_equalizer
    from dsp.dynamics import fade_out, limiter
    from dsp.levels import as_channels
    from dsp.multiband import with_width
    from musicgen_assets.mastering.chain import glued
    from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ
    from musicgen_assets.mastering.tone import bands_of, with_tone

    samples = fit_length(as_channels(samples, int(settings["channels"])), int(settings["samples"]))
    samples = with_tone(samples, rate, bands_of(settings["tone"]))
    if settings["reference_tone_db"]:
        samples = curve_equalizer(samples, rate, THIRD_OCTAVES_HZ, settings["reference_tone_db"])
    if settings["width_gain_db"] and samples.shape[0] == 2:
        samples = with_width(samples, rate, settings["width_gain_db"])
    samples = glued(samples, rate, float(settings["glue_ratio"]), float(settings["glue_threshold_dbfs"]))
    gain = np.float32(10 ** (float(settings["gain_db"]) / 20))
    limited = limiter(samples * gain, rate, float(settings["ceiling_dbtp"]))
    return fade_out(limited, rate, float(settings["fade_s"])) if settings["fade_s"] else limited


def write_groups(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: stems joined into groups, a FLAC of 24 bits each. They sum to the mix, but for one gain, 0 dB unless a
    group would exceed full scale: ``meta["stem_gain_db"]``.

    ``inputs``: groups {path: {tags, tracks}}, order (their paths).
    """
    groups = inputs["groups"]
    sums = {path: _sum(blobs, groups[path]["tracks"], ()) for path in inputs["order"]}
    loudest = max(float(np.abs(samples).max()) for samples, _ in sums.values())
    gain_db = float(min(0.0, -0.1 - 20 * np.log10(max(loudest, 1e-9))))
    gain = np.float32(10 ** (gain_db / 20))
    files = [flac_file(path, samples * gain, rate, groups[path]["tags"]) for path, (samples, rate) in sums.items()]
    return [_with_gain(file, gain_db) for file in files]


def _with_gain(file: Payload, gain_db: float) -> Payload:
    return Payload(file.role, file.media_type, file.data, file.suffix, {**file.meta, "stem_gain_db": round(gain_db, 4)})


def _sum(blobs: Mapping[str, Blob], plus: Sequence[str], minus: Sequence[str]) -> tuple[FloatArray, int]:
    total, rate = decoded_audio(blobs[plus[0]])
    total = total.copy()
    for name in plus[1:]:
        total += decoded_audio(blobs[name])[0]
    for name in minus:
        total -= decoded_audio(blobs[name])[0]
    return total, rate


def _mp3(path: str, samples: FloatArray, rate: int, tags: Mapping[str, Any]) -> Payload:
    from dsp.audiofile import encode_mp3
    from dsp.convert import resample

    target = min(rate, _MP3_MAX_RATE_HZ)
    samples = resample(samples, rate, target)
    return audio_file(path, encode_mp3(samples, target, MP3_QUALITY), samples, target, tags)
