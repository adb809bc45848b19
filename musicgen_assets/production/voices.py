"""The sound of one voice of a track: which instrument answers its keys, and with which touch.

Belongs here: from a track's source to an instrument. Does not belong here: playing it (playing), levels and effects
(render, calibration).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production import synth
from musicgen_assets.production.curves import PitchCurve
from musicgen_assets.production.keys import Keys
from musicgen_assets.production.patches import patch_named
from musicgen_assets.production.playing import play
from musicgen_assets.production.sampler import open_sampler
from musicgen_assets.production.synth_sampler import SynthInstrument
from musicgen_assets.production.touch import touch_of


def sound_of(
    inputs: Mapping[str, Any], voice: Mapping[str, Any], keys: Keys, samples: int, pitch: PitchCurve | None = None
) -> FloatArray:
    """The keys as the track's source plays them: float32 (1 or 2, samples), at the source's own level.

    ``inputs``: a track's source, patch, is_drums, key_spread, sample_rate_hz and data. ``voice``: its program and
    detune_cents. Raises PermanentFailure where the font cannot be played.
    """
    rate, is_drums = int(inputs["sample_rate_hz"]), bool(inputs["is_drums"])
    if inputs["source"] == "sub_bass":
        return synth.sub_bass(keys, samples, rate)
    if inputs["source"] == "synth":
        patch = patch_named(str(inputs["patch"]))
        return play(
            SynthInstrument(patch, rate), keys, patch.touch, samples, rate, is_drums=is_drums,
            detune_cents=float(voice["detune_cents"]), spread=float(inputs["key_spread"]), pitch=pitch,
        )  # fmt: skip
    program = int(voice["program"])
    instrument = open_sampler(inputs["data"]["instruments"]).instrument(program, rate, is_drums=is_drums)
    return play(
        instrument, keys, touch_of(program, is_drums=is_drums), samples, rate, is_drums=is_drums,
        detune_cents=float(voice["detune_cents"]), spread=float(inputs["key_spread"]), pitch=pitch,
    )  # fmt: skip
