"""Treatments of single tracks by name: what ``plan.Effect`` and the styles' inserts may ask for.

Each kind takes settings named with their units and works over float32 ``(channels, samples)``; those that widen answer
stereo. Belongs here: one entry per ``EffectKind``, from settings to a function of ``dsp``. Does not belong here: which
track gets which (instrumentation, styles), how anything is computed (dsp), equalisers and returns of the mix (mixing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dsp import dynamics, filters, modulation, saturation, space, timepitch
from dsp.convert import fit_length
from dsp.filters import apply_sections, high_pass_sections, high_shelf, low_pass_sections
from dsp.levels import as_channels, db_to_gain
from musicgen_assets.graph.job import FloatArray

Settings = Mapping[str, float]


def apply_effects(samples: FloatArray, sample_rate_hz: int, effects: Sequence[Mapping[str, Any]]) -> FloatArray:
    """The effects in order; each is {"kind", "settings"} as in ``plan.Effect``. Raises KeyError for an unknown kind."""
    for effect in effects:
        samples = EFFECTS[effect["kind"]](samples, sample_rate_hz, effect["settings"])
    return samples


def drive(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """gain_db. A valve stage: tanh after ``gain_db``, brought back by half of it; computed at twice the rate."""
    gain_db = settings["gain_db"]
    driven = saturation.saturate(samples, sample_rate_hz, gain_db, "tanh", oversampling=2)
    return np.asarray(driven * np.float32(db_to_gain(0.5 * gain_db)), dtype=np.float32)


def tape(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """drive_db. Tape driven a little: a soft knee; soft passages keep their level."""
    return saturation.saturate(samples, sample_rate_hz, settings["drive_db"], "tape", oversampling=2)


def tube(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """drive_db. A single valve: even overtones too."""
    return saturation.saturate(samples, sample_rate_hz, settings["drive_db"], "tube", oversampling=2)


def cabinet(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """low_hz, high_hz. What a guitar loudspeaker leaves: second-order below the one, fourth-order above the other."""
    high_hz = min(settings["high_hz"], 0.45 * sample_rate_hz)
    sections = np.vstack([
        high_pass_sections(sample_rate_hz, settings["low_hz"]),
        low_pass_sections(sample_rate_hz, high_hz, order=4),
    ])  # fmt: skip
    return apply_sections(samples, sections)


def chorus(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth, mix. A delayed copy whose pitch sways, at unlike rates left and right, so that it also widens."""
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


def ensemble(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth_ms, delay_ms, voices, mix. Several swaying copies from left to right."""
    return modulation.chorus(
        samples, sample_rate_hz, settings["rate_hz"], settings["depth_ms"], settings["delay_ms"],
        int(settings["voices"]), settings["mix"],
    )  # fmt: skip


def flanger(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth_ms, delay_ms, feedback, mix."""
    return modulation.flanger(samples, sample_rate_hz, **settings)


def phaser(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth, centre_hz, feedback, mix."""
    return modulation.phaser(samples, sample_rate_hz, **settings)


def tremolo(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth. Level swinging from side to side, each side down to ``1 - depth``."""
    return modulation.tremolo(samples, sample_rate_hz, settings["rate_hz"], settings["depth"], is_panning=True)


def vibrato(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """rate_hz, depth_cents. Pitch swaying, as a record that is not quite round."""
    return modulation.vibrato(samples, sample_rate_hz, **settings)


def tone(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """high_shelf_hz, high_shelf_db. A shelf above a frequency: brighter or darker."""
    return high_shelf(samples, sample_rate_hz, settings["high_shelf_hz"], settings["high_shelf_db"])


def echo(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """time_ms, feedback, high_cut_hz, level_db. Echoes from side to side behind the sound."""
    wet = space.delay(
        samples, sample_rate_hz, settings["time_ms"] / 1_000.0, settings["feedback"],
        high_cut_hz=settings.get("high_cut_hz"), is_ping_pong=True,
    )  # fmt: skip
    return np.asarray(as_channels(samples, 2) + wet * np.float32(db_to_gain(settings["level_db"])), dtype=np.float32)


def room(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """room, damping, level_db. A room of the track's own, recorded with it."""
    wet = space.reverb(samples, sample_rate_hz, settings["room"], settings["damping"])
    return np.asarray(as_channels(samples, 2) + wet * np.float32(db_to_gain(settings["level_db"])), dtype=np.float32)


def pitch_shift(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """semitones."""
    return timepitch.pitch_shift(samples, sample_rate_hz, settings["semitones"])


def time_stretch(samples: FloatArray, sample_rate_hz: int, settings: Settings) -> FloatArray:
    """stretch. Slower (above 1) or faster, cut or followed by silence, so that the track keeps its length."""
    return fit_length(timepitch.time_stretch(samples, sample_rate_hz, settings["stretch"]), samples.shape[1])


EFFECTS: dict[str, Callable[[FloatArray, int, Settings], FloatArray]] = {
    "drive": drive,
    "tape": tape,
    "tube": tube,
    "cabinet": cabinet,
    "chorus": chorus,
    "ensemble": ensemble,
    "flanger": flanger,
    "phaser": phaser,
    "tremolo": tremolo,
    "vibrato": vibrato,
    "tone": tone,
    "echo": echo,
    "room": room,
    "pitch_shift": pitch_shift,
    "time_stretch": time_stretch,
    "width": lambda samples, _, settings: space.widen(samples, settings["amount"]),
    "gate": lambda samples, rate, settings: dynamics.gate(samples, rate, **settings),
    "expander": lambda samples, rate, settings: dynamics.expander(samples, rate, **settings),
    "compressor": lambda samples, rate, settings: dynamics.compressor(samples, rate, **settings),
    "limiter": lambda samples, rate, settings: dynamics.limiter(samples, rate, **settings),
    "peak_eq": lambda samples, rate, settings: filters.peak_eq(samples, rate, **settings),
    "low_shelf": lambda samples, rate, settings: filters.low_shelf(samples, rate, **settings),
    "high_pass": lambda samples, rate, settings: filters.high_pass(samples, rate, settings["cutoff_hz"]),
    "low_pass": lambda samples, rate, settings: filters.low_pass(samples, rate, settings["cutoff_hz"]),
}
"""By kind. Those without a docstring take the parameters of the ``dsp`` function of their name."""
