"""One track from its dry stem to its part of the mix: levelling, duck, then everything linear at once.

Belongs here: the task ``process_strip``, and the same over arrays. Does not belong here: choosing the numbers
(balance), adding strips up (summing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dsp.audiofile import decode
from dsp.dynamics import compressor, duck
from dsp.levels import db_to_gain, rms_dbfs
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.mixing.matrix import convolve, strip_matrix
from musicgen_assets.mixing.plan import Delay, Reverb, Strip
from musicgen_assets.production.meter import measure

KNEE_DB = 6.0
MAKEUP_LIMIT_DB = 9.0
CLIP_KNEE_DB = 6.0


def process_strip(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a post-mix stem with its share of the returns, role ``stem/<track>``, before the mix's trim.

    ``inputs``: strip, reverb, delay (dumps of the plan's models), mono_below_hz, kick_times_s. ``blobs["dry"]``
    is the stem. ``meta``: ``makeup_db`` that levelling was given, and the result's ``lufs``.
    """
    strip = Strip.model_validate(inputs["strip"])
    dry, rate = decode_blob(blobs["dry"])
    wet, makeup_db = strip_sound(
        dry, rate, strip, Reverb.model_validate(inputs["reverb"]), Delay.model_validate(inputs["delay"]),
        mono_below_hz=float(inputs["mono_below_hz"]), kick_times_s=inputs["kick_times_s"],
    )  # fmt: skip
    meta = {"makeup_db": makeup_db, "lufs": measure(wet, rate).lufs}
    return [audio_payload(wet, rate, f"stem/{strip.track}", meta)]


def strip_sound(
    dry: FloatArray, sample_rate_hz: int, strip: Strip, reverb: Reverb, delay: Delay, *,
    mono_below_hz: float, kick_times_s: Sequence[float],
) -> tuple[FloatArray, float]:  # fmt: skip
    """``dry`` (1 or 2, n) through the strip: float32 (2, n), and the makeup gain its levelling was given in dB."""
    levelled, makeup_db = _levelled(dry, sample_rate_hz, strip)
    if strip.clip_dbfs is not None:
        levelled = soft_clip(levelled, strip.clip_dbfs)
    if strip.duck is not None and kick_times_s:
        levelled = duck(levelled, sample_rate_hz, kick_times_s, strip.duck.depth_db, release_ms=strip.duck.release_ms)
    return convolve(levelled, strip_matrix(strip, reverb, delay, mono_below_hz, sample_rate_hz)), makeup_db


def soft_clip(samples: FloatArray, ceiling_dbfs: float) -> FloatArray:
    """Peaks bent towards ``ceiling_dbfs``, which none passes; what lies ``CLIP_KNEE_DB`` below it is untouched."""
    knee = np.float32(db_to_gain(ceiling_dbfs - CLIP_KNEE_DB))
    room = np.float32(db_to_gain(ceiling_dbfs)) - knee
    out = samples.copy()
    is_over = np.abs(out) > knee
    over = out[is_over]
    out[is_over] = np.sign(over) * (knee + room * np.tanh((np.abs(over) - knee) / room))
    return out


def decode_blob(blob: Blob) -> tuple[FloatArray, int]:
    """Audio behind a Blob at its recorded level, and its rate in Hz."""
    samples, rate = decode(blob.data)
    gain_db = float(blob.meta.get("gain_db", 0.0))
    if gain_db:
        samples *= np.float32(db_to_gain(gain_db))
    return samples, rate


def _levelled(dry: FloatArray, sample_rate_hz: int, strip: Strip) -> tuple[FloatArray, float]:
    settings = strip.compression
    if settings is None:
        return dry, 0.0
    out = compressor(
        dry, sample_rate_hz, settings.threshold_dbfs, settings.ratio, settings.attack_ms, settings.release_ms,
        knee_db=KNEE_DB,
    )  # fmt: skip
    makeup_db = settings.makeup_db
    if makeup_db is None:
        makeup_db = round(max(0.0, min(MAKEUP_LIMIT_DB, rms_dbfs(dry) - rms_dbfs(out))), 2)
    out *= np.float32(db_to_gain(makeup_db))
    return out, makeup_db
