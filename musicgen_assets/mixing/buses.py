"""What the tracks of a bus do together: a compressor on their sum, as a gain that each of them takes part in.

A compressor answers with a gain over time, the same for all it is fed. Multiplying every track of the bus by it is the
same as multiplying their sum, so stems carry their share and still add up to the mix; the gain itself is kept beside
them, and whoever has the strips without it can play it again. It is keyed by the tracks before their returns: what
excites a room is squeezed, not the room.

Belongs here: the task ``glue_bus`` and the gain's form. Does not belong here: choosing thresholds (balance).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dsp.dynamics import compressor
from dsp.levels import as_channels, db_to_gain, rms_dbfs
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.mixing.plan import Glue, Strip
from musicgen_assets.mixing.strip import GAIN_RATE_HZ, fed_sound

KNEE_DB = 8.0
MAKEUP_LIMIT_DB = 6.0
_LEAST = 1e-5
"""Where the bus is softer than this, its gain is left where it was."""


def glue_bus(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the gain over time of a bus, role ``glue/<bus>``: mono FLAC at ``GAIN_RATE_HZ``, half of the gain.

    ``inputs``: bus, glue (dump of ``plan.Glue``), strips (dumps, in order), kick_times_s by track. ``blobs`` are the
    dry stems by track. ``meta``: ``makeup_db`` in the gain, ``mean_reduction_db`` where the bus sounds.

    Raises:
        PermanentFailure: stems of unlike lengths or rates.
    """
    glue = Glue.model_validate(inputs["glue"])
    total, rate = _sum(inputs, blobs)
    gain, makeup_db, reduction_db = glue_gain(total, rate, glue)
    meta = {"makeup_db": makeup_db, "mean_reduction_db": reduction_db}
    return [audio_payload(np.float32(0.5) * gain[None], GAIN_RATE_HZ, f"glue/{inputs['bus']}", meta)]


def glue_gain(total: FloatArray, rate: int, glue: Glue) -> tuple[FloatArray, float, float]:
    """Gain of each 5 ms of the bus (float32, makeup included), its makeup, and the mean reduction in dB."""
    pressed = compressor(total, rate, glue.threshold_dbfs, glue.ratio, glue.attack_ms, glue.release_ms, knee_db=KNEE_DB)
    makeup_db = glue.makeup_db
    if makeup_db is None:
        makeup_db = round(max(0.0, min(MAKEUP_LIMIT_DB, rms_dbfs(total) - rms_dbfs(pressed))), 2)
    hop = rate // GAIN_RATE_HZ
    count = -(-total.shape[1] // hop)
    before, after = (np.zeros(count * hop) for _ in range(2))
    before[: total.shape[1]] = np.abs(total).sum(axis=0)
    after[: total.shape[1]] = np.abs(pressed).sum(axis=0)
    levels, pressed_levels = (part.reshape(count, hop).sum(axis=1) for part in (before, after))
    is_heard = levels > _LEAST * hop
    ratios = np.where(is_heard, pressed_levels / np.maximum(levels, 1e-12), np.nan)
    known = np.flatnonzero(is_heard)
    if known.size == 0:
        return np.ones(count, np.float32), makeup_db, 0.0
    # Between sounds the gain waits: straight lines from what was to what comes.
    filled = np.interp(np.arange(count), known, ratios[known])
    reduction_db = float(-20.0 * np.log10(np.maximum(filled[known], 1e-6)).mean())
    return (filled * db_to_gain(makeup_db)).astype(np.float32), makeup_db, round(reduction_db, 2)


def _sum(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> tuple[FloatArray, int]:
    """The bus before its compressor: what each strip feeds it, at its fader."""
    total: FloatArray | None = None
    rate = 0
    for dump in inputs["strips"]:
        strip = Strip.model_validate(dump)
        dry, rate = decoded_audio(blobs[strip.track])
        fed, _ = fed_sound(dry, rate, strip, inputs["kick_times_s"])
        part = as_channels(fed, 2) * np.float32(db_to_gain(strip.fader_db + strip.bus_db))
        if total is None:
            total = part
        elif total.shape != part.shape:
            raise PermanentFailure(
                f"Stem {strip.track} has {part.shape[1]} samples, others of its bus {total.shape[1]}.",
                way_out="Make production again; if it repeats, this is a defect.",
            )
        else:
            total += part
    if total is None:
        raise PermanentFailure("A bus without tracks cannot be compressed.", way_out="This is a defect; report it.")
    return total, rate
