"""Treatments that belong to an instrument's sound rather than to the mix: drive, cabinet, chorus, tremolo, tone.

Belongs here: one function per ``EffectKind``, over float32 ``(channels, samples)``; chorus and tremolo answer
stereo. Does not belong here: which track gets which (instrumentation), equalisers and returns (mixing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dsp.filters import apply_sections, high_pass_sections, high_shelf, low_pass_sections
from dsp.levels import as_channels, db_to_gain
from musicgen_assets.graph.job import FloatArray

Settings = Mapping[str, float]


def apply_effects(samples: FloatArray, sample_rate_hz: int, effects: Sequence[Mapping[str, Any]]) -> FloatArray:
    """The effects in order; each is {"kind", "settings"} as in ``plan.Effect``. Raises KeyError for an unknown kind."""
    for effect in effects:
        samples = _EFFECTS[effect["kind"]](samples, sample_rate_hz, effect["settings"])
    return samples


def drive(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """Saturation like a valve stage: tanh after ``gain_db``, brought back by half of it."""
    del sample_rate_hz
    gain_db = settings["gain_db"]
    driven = samples * np.float32(db_to_gain(gain_db))
    np.tanh(driven, out=driven)
    driven *= np.float32(db_to_gain(-0.5 * gain_db))
    return driven


def cabinet(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """What a guitar loudspeaker leaves: second-order below ``low_hz``, fourth-order above ``high_hz``."""
    high_hz = min(settings["high_hz"], 0.45 * sample_rate_hz)
    sections = np.vstack([
        high_pass_sections(sample_rate_hz, settings["low_hz"]),
        low_pass_sections(sample_rate_hz, high_hz, order=4),
    ])  # fmt: skip
    return apply_sections(samples, sections)


def chorus(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """A delayed copy whose pitch sways, at unlike rates left and right, so that it also widens."""
    from pedalboard import Chorus

    stereo = as_channels(samples, 2)
    sides = [
        Chorus(
            rate_hz=settings["rate_hz"] * factor, depth=settings["depth"], mix=settings["mix"],
            centre_delay_ms=delay_ms, feedback=0.0,
        )(np.ascontiguousarray(stereo[index : index + 1]), sample_rate_hz)
        for index, (factor, delay_ms) in enumerate(((1.0, 7.0), (1.13, 9.0)))
    ]  # fmt: skip
    return np.concatenate(sides).astype(np.float32, copy=False)


def tremolo(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """Level swinging from side to side at ``rate_hz``, each side down to ``1 - depth``."""
    time = np.arange(samples.shape[1], dtype=np.float32) / np.float32(sample_rate_hz)
    # A sine needs its phase, not time: float32 seconds alone would blur it after minutes.
    phase = np.modf(time.astype(np.float64) * settings["rate_hz"])[0].astype(np.float32)
    swing = np.sin(np.float32(2.0 * np.pi) * phase) * np.float32(0.5 * settings["depth"])
    middle = np.float32(1.0 - 0.5 * settings["depth"])
    stereo = as_channels(samples, 2)
    return np.stack([stereo[0] * (middle + swing), stereo[1] * (middle - swing)])


def tone(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """A shelf of ``high_shelf_db`` above ``high_shelf_hz``: brighter or darker."""
    return high_shelf(samples, sample_rate_hz, settings["high_shelf_hz"], settings["high_shelf_db"])


_EFFECTS: dict[str, Callable[[FloatArray, int, Settings], FloatArray]] = {
    "drive": drive,
    "cabinet": cabinet,
    "chorus": chorus,
    "tremolo": tremolo,
    "tone": tone,
}
