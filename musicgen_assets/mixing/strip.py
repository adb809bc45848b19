"""One track from its dry stem to its part of the mix: inserts, levelling, duck, moves, then everything linear at once.

Belongs here: the task ``process_strip``, and the same over arrays. Does not belong here: choosing the numbers
(balance), adding strips up (summing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dsp.automation import level_curve, swept_filter
from dsp.dynamics import compressor, duck, fade_in, fade_out
from dsp.levels import db_to_gain, rms_dbfs
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.mixing.hand import hand_gain
from musicgen_assets.mixing.matrix import convolve, strip_matrix
from musicgen_assets.mixing.plan import Delay, Move, Reverb, Strip, WholeMove
from musicgen_assets.production.effects import apply_effects
from musicgen_assets.production.meter import measure

KNEE_DB = 6.0
MAKEUP_LIMIT_DB = 9.0
CLIP_KNEE_DB = 6.0
INSERT_LIMIT_DB = 9.0
GAIN_RATE_HZ = 200
"""How often the gain of a bus is told: steps of 5 ms, faster than any attack of it."""
EDGE_S = 0.005
"""Fades around what is thrown to the echoes."""


def process_strip(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a post-mix stem with its share of the returns, role ``stem/<track>``, before the mix's trim.

    ``inputs``: strip, reverb (None for a dry strip), delay (dumps of the plan's models), mono_below_hz, kick_times_s,
    and whole where people turned the whole mix.
    ``blobs["dry"]`` is the stem, ``blobs["glue"]`` the gain of its bus, if that has one. ``meta``: ``makeup_db`` that
    levelling was given, and the result's ``lufs``.
    """
    strip = Strip.model_validate(inputs["strip"])
    dry, rate = decoded_audio(blobs["dry"])
    glue = gain_of(blobs["glue"], dry.shape[1], rate) if "glue" in blobs else None
    reverb = None if inputs["reverb"] is None else Reverb.model_validate(inputs["reverb"])
    whole = WholeMove.model_validate(inputs["whole"]) if "whole" in inputs else None
    wet, makeup_db = strip_sound(
        dry, rate, strip, reverb, Delay.model_validate(inputs["delay"]),
        mono_below_hz=float(inputs["mono_below_hz"]), kick_times_s=inputs["kick_times_s"], glue=glue, whole=whole,
    )  # fmt: skip
    meta = {"makeup_db": makeup_db, "lufs": measure(wet, rate).lufs}
    return [audio_payload(wet, rate, f"stem/{strip.track}", meta)]


def strip_sound(
    dry: FloatArray, sample_rate_hz: int, strip: Strip, reverb: Reverb | None, delay: Delay, *,
    mono_below_hz: float, kick_times_s: Sequence[float], glue: FloatArray | None = None, whole: WholeMove | None = None,
) -> tuple[FloatArray, float]:  # fmt: skip
    """``dry`` (1 or 2, n) through the strip: float32 (2, n), and the makeup gain its levelling was given in dB.

    ``glue``: its bus's gain, one value a sample (buses.gain_of); ``whole``: what is done to the whole mix.
    """
    moved, makeup_db = fed_sound(dry, sample_rate_hz, strip, kick_times_s)
    if glue is not None:
        moved = np.asarray(moved * glue, dtype=np.float32)
    if strip.hand is not None:
        moved = np.asarray(moved * hand_gain(strip.hand, moved.shape[1], sample_rate_hz), dtype=np.float32)
    out = convolve(moved, strip_matrix(strip, reverb, delay, mono_below_hz, sample_rate_hz, whole=whole))
    for send_db in sorted({move.start_value for move in strip.moves if move.kind == "throw"}):
        thrown = strip.model_copy(update={"delay_send_db": send_db})
        echoes = strip_matrix(thrown, None, delay, mono_below_hz, sample_rate_hz, has_direct=False, whole=whole)
        out += convolve(_stretches(moved, sample_rate_hz, strip.moves, send_db), echoes)
    return out, makeup_db


def fed_sound(
    dry: FloatArray, sample_rate_hz: int, strip: Strip, kick_times_s: Sequence[float]
) -> tuple[FloatArray, float]:
    """What the strip feeds its bands, faders and returns: (1 or 2, n), and the makeup gain of its levelling in dB."""
    levelled, makeup_db = _levelled(_inserted(dry, sample_rate_hz, strip), sample_rate_hz, strip)
    if strip.clip_dbfs is not None:
        levelled = soft_clip(levelled, strip.clip_dbfs)
    if strip.duck is not None and kick_times_s:
        levelled = duck(levelled, sample_rate_hz, kick_times_s, strip.duck.depth_db, release_ms=strip.duck.release_ms)
    return _moved(levelled, sample_rate_hz, strip), makeup_db


def _inserted(dry: FloatArray, rate: int, strip: Strip) -> FloatArray:
    """The stem through its inserts, as loud as it was: they are there for their colour."""
    if not strip.inserts or not dry.any():
        return dry
    treated = apply_effects(dry, rate, [effect.model_dump() for effect in strip.inserts])
    change_db = max(-INSERT_LIMIT_DB, min(INSERT_LIMIT_DB, rms_dbfs(dry) - rms_dbfs(treated)))
    return np.asarray(treated * np.float32(db_to_gain(round(change_db, 2))), dtype=np.float32)


def _moved(samples: FloatArray, rate: int, strip: Strip) -> FloatArray:
    """The fader's ride and moves, and the filters' sweeps."""
    out = samples
    gain = np.ones(samples.shape[1], np.float32)
    if strip.ride:
        gain *= level_curve(gain.size, rate, [p.time_s for p in strip.ride], [p.level_db for p in strip.ride])
    for move in strip.moves:
        if move.kind == "ride":
            first, last = (min(gain.size, round(time * rate)) for time in (move.start_s, move.end_s))
            if last > first:
                ramp = level_curve(last - first, rate, [0.0, (last - first) / rate], [move.start_value, move.end_value])
                gain[first:last] *= ramp
        elif move.kind != "throw":
            out = swept_filter(out, rate, move.kind, move.start_s, move.end_s, move.start_value, move.end_value)
    return out if (gain == 1.0).all() else np.asarray(out * gain, dtype=np.float32)


def _stretches(samples: FloatArray, rate: int, moves: Sequence[Move], send_db: float) -> FloatArray:
    """What sounds while a throw at ``send_db`` is open, silence elsewhere; edges faded."""
    out = np.zeros_like(samples)
    for move in moves:
        if move.kind != "throw" or move.start_value != send_db:
            continue
        first, last = (min(samples.shape[1], round(time * rate)) for time in (move.start_s, move.end_s))
        if last > first:
            out[:, first:last] += fade_out(fade_in(samples[:, first:last], rate, EDGE_S), rate, EDGE_S)
    return out


def soft_clip(samples: FloatArray, ceiling_dbfs: float) -> FloatArray:
    """Peaks bent towards ``ceiling_dbfs``, which none passes; what lies ``CLIP_KNEE_DB`` below it is untouched."""
    knee = np.float32(db_to_gain(ceiling_dbfs - CLIP_KNEE_DB))
    room = np.float32(db_to_gain(ceiling_dbfs)) - knee
    out = samples.copy()
    is_over = np.abs(out) > knee
    over = out[is_over]
    out[is_over] = np.sign(over) * (knee + room * np.tanh((np.abs(over) - knee) / room))
    return out


def gain_of(blob: Blob, samples: int, rate: int) -> FloatArray:
    """The kept gain, one value a sample: float32 (samples,), straight lines between its steps."""
    halves, _ = decoded_audio(blob)
    places = (np.arange(halves.shape[1]) + 0.5) * (rate // GAIN_RATE_HZ)
    return np.asarray(np.interp(np.arange(samples), places, 2.0 * halves[0]), dtype=np.float32)


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
