"""A sung track from its phrases: placed, turned to the level of other tracks, de-essed.

Belongs here: the task ``sung_track``. Does not belong here: singing (sing), the mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from dsp.deesser import de_ess
from dsp.levels import db_to_gain
from dsp.vocoder import RATE_HZ
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.production.calibration import DRY_LUFS
from musicgen_assets.production.effects import apply_effects
from musicgen_assets.production.meter import measure
from musicgen_assets.production.places import pan_gains
from musicgen_assets.production.render import END_FADE_S
from musicgen_assets.production.voice.sing import sing
from musicgen_assets.production.voice.singers import SINGERS

DE_ESS_DBFS = -27.0
"""Hiss of a voice at ``DRY_LUFS`` is turned down above this; its vowels have less up there."""
_CALIBRATION = ("la", "mi", "so", "na")


def sung_track(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a sung track's dry stem, role ``track/<name>``, as ``render.render_track`` makes others'.

    ``inputs``: name, singer, language, delivery, sample_rate_hz, samples, notes (their number), effects, and phrases
    [{blob, start_s, level_db, pan}] whose sounds lie in ``blobs``. Mono where nothing stands aside.
    """
    rate = int(inputs["sample_rate_hz"])
    out = track_sound(inputs, blobs)
    meta = {"measurement": measure(out, rate).model_dump(), "notes": int(inputs["notes"])}
    return [audio_payload(out, rate, f"track/{inputs['name']}", meta)]


def track_sound(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> FloatArray:
    """The sung track of ``sung_track``'s inputs, float32 (1 or 2, inputs["samples"])."""
    rate, length = int(inputs["sample_rate_hz"]), int(inputs["samples"])
    is_wide = any(phrase["pan"] for phrase in inputs["phrases"])
    out = np.zeros((2 if is_wide else 1, length), dtype=np.float32)
    sounds: dict[str, FloatArray] = {}
    for phrase in inputs["phrases"]:
        name = phrase["blob"]
        if name not in sounds:
            sounds[name] = _decoded(blobs[name], rate)
        _add(out, sounds[name], rate, phrase)
    out *= np.float32(db_to_gain(singer_gain_db(inputs["singer"], inputs["language"], inputs["delivery"])))
    out = de_ess(out, rate, DE_ESS_DBFS)
    out = apply_effects(out, rate, inputs["effects"])
    fade = min(length, round(END_FADE_S * rate))
    out[:, length - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return out


@lru_cache(maxsize=64)
def singer_gain_db(singer: str, language: str, delivery: str) -> float:
    """Gain that brings the singer, singing four easy notes, to ``DRY_LUFS``: the song's own dynamics stay."""
    centre = SINGERS[singer].centre
    sound = sing({
        "language": language, "singer": singer, "delivery": delivery, "take": 0, "level_db": 0.0, "breath_s": 0.0,
        "syllables": [[text, True] for text in _CALIBRATION],
        "notes": [[place, 0.5 * place, 0.48, centre + step, 96] for place, step in enumerate((0, 2, 4, 2))],
    })  # fmt: skip
    measured = measure(sound[None, :], RATE_HZ)
    return 0.0 if measured.is_silent else round(DRY_LUFS - measured.lufs, 2)


def _decoded(blob: Blob, rate: int) -> FloatArray:
    """A phrase at the song's rate, (n,)."""
    from dsp.convert import resample

    samples, own_rate = decoded_audio(blob)
    mono = samples if own_rate == rate else resample(samples, own_rate, rate)
    return np.asarray(mono[0], dtype=np.float32)


def _add(out: FloatArray, sound: FloatArray, rate: int, phrase: Mapping[str, Any]) -> None:
    """Add a phrase where it belongs; what lies outside the song is cut off."""
    first = round(float(phrase["start_s"]) * rate)
    skipped = max(-first, 0)
    piece = sound[skipped : max(out.shape[1] - first, 0)]
    place = slice(first + skipped, first + skipped + piece.size)
    gain = db_to_gain(float(phrase["level_db"]))
    if out.shape[0] == 1:
        out[0, place] += piece * np.float32(gain)
        return
    for channel, side in zip(out, pan_gains(float(phrase["pan"])), strict=True):
        channel[place] += piece * np.float32(gain * side)
