"""One track from notes to dry sound: voices, tone by velocity, effects, textures, at a known loudness.

Belongs here: the task function ``render_track`` and what it is made of. Pure: plain inputs and a font on disk,
no state that could change a result, so that it may run in any process. Does not belong here: choosing sounds
(instrumentation), building the inputs from a score (parts), mixing.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dsp.levels import db_to_gain
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.production import synth
from musicgen_assets.production.calibration import DRY_LUFS, calibrated_gains
from musicgen_assets.production.curves import apply_gain, pitch_curve
from musicgen_assets.production.effects import apply_effects
from musicgen_assets.production.keys import keys_of
from musicgen_assets.production.meter import measure
from musicgen_assets.production.places import pan_gains
from musicgen_assets.production.voices import sound_of

END_FADE_S = 0.03
_TEXTURES = {
    "riser": synth.riser,
    "reverse_cymbal": synth.reverse_cymbal,
    "impact": synth.impact,
    "vinyl": synth.vinyl,
}


def render_track(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a track's dry stem, role ``track/<name>``, mono where both channels are equal.

    ``inputs`` as ``parts.track_inputs`` builds them, with the font under ``inputs["data"]["instruments"]``.
    ``meta`` holds the stem's ``measurement`` (``meter.Measurement``) and its number of ``notes``.
    """
    del blobs
    samples, rate = render(inputs), int(inputs["sample_rate_hz"])
    meta = {"measurement": measure(samples, rate).model_dump(), "notes": len(inputs["notes"])}
    return [audio_payload(samples, rate, f"track/{inputs['name']}", meta)]


def render(inputs: Mapping[str, Any]) -> FloatArray:
    """The track's sound: float32 (1 or 2, inputs["samples"]), calibrated to ``DRY_LUFS`` for full playing."""
    length, rate = int(inputs["samples"]), int(inputs["sample_rate_hz"])
    gains = calibrated_gains(inputs)
    out = np.zeros((2, length), dtype=np.float32)
    for voice, gain_db in zip(inputs["voices"], gains.voices_db, strict=True):
        _add_voice(out, inputs, voice, gain_db)
    apply_gain(out, inputs["controllers"], float(inputs["samples_per_tick"]), rate)
    if np.array_equal(out[0], out[1]):
        out = out[:1].copy()
    if inputs["effects"] and inputs["notes"]:
        out = apply_effects(out, rate, inputs["effects"])
        out *= np.float32(db_to_gain(gains.after_effects_db))
    for texture in inputs["textures"]:
        out = _with_texture(out, inputs, texture)
    fade = min(length, round(END_FADE_S * rate))
    out[:, length - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return out


def _add_voice(out: FloatArray, inputs: Mapping[str, Any], voice: Mapping[str, Any], gain_db: float) -> None:
    """Add one voice of the track to stereo ``out``."""
    rate, per_tick = int(inputs["sample_rate_hz"]), float(inputs["samples_per_tick"])
    rows = _notes_of(inputs["notes"], voice)
    if not rows.size:
        return
    keys = keys_of(
        rows, per_tick, rate, out.shape[1], is_drums=inputs["is_drums"], controllers=inputs["controllers"]
    ).later(round(float(voice["delay_ms"]) * rate / 1_000.0))
    sound = sound_of(inputs, voice, keys, out.shape[1], pitch_curve(inputs["bends"], per_tick, rate))
    gain = db_to_gain(gain_db + float(voice["level_db"]))
    left, right = pan_gains(float(voice["pan"]))
    out[0] += sound[0] * np.float32(gain * left)
    out[1] += sound[-1] * np.float32(gain * right)


def _notes_of(notes: Sequence[Sequence[int]], voice: Mapping[str, Any]) -> Any:
    """The track's notes that a voice plays: those that start in its spans, moved by its transposition."""
    rows = np.asarray(notes, dtype=np.int64).reshape(-1, 4).copy()
    if voice["spans_ticks"]:
        spans = np.asarray(voice["spans_ticks"], dtype=np.int64)
        starts = rows[:, :1]
        rows = rows[((starts >= spans[:, 0]) & (starts < spans[:, 1])).any(axis=1)]
    rows[:, 2] += int(voice["transpose"])
    return rows[(rows[:, 2] >= 0) & (rows[:, 2] <= 127)]


def _with_texture(out: FloatArray, inputs: Mapping[str, Any], texture: Mapping[str, Any]) -> FloatArray:
    rate = int(inputs["sample_rate_hz"])
    first = round(texture["start_ticks"] * float(inputs["samples_per_tick"]))
    length = round(texture["duration_ticks"] * float(inputs["samples_per_tick"]))
    length = min(length, out.shape[1] - first)
    if length <= 0:
        return out
    # The place seeds the noise: a texture stays what it is when others come or go.
    rng = np.random.default_rng(zlib.crc32(f"{texture['kind']} {texture['start_ticks']}".encode()))
    sound = _TEXTURES[texture["kind"]](length, rate, rng)
    level = float(texture["level_db"]) + DRY_LUFS + _PEAK_OVER_LOUDNESS_DB
    stereo = out if out.shape[0] == 2 else np.repeat(out, 2, axis=0)
    stereo[:, first : first + length] += sound * np.float32(db_to_gain(level))
    return stereo


_PEAK_OVER_LOUDNESS_DB = 12.0
"""Textures are made to peak at 1; at level 0 they peak this far above the track's calibrated loudness."""
