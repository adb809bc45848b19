"""The bus: stems added up, one gain for the whole, and the proof that the stored stems sum to the stored mix.

Nothing on the bus depends on the level. Glue belongs to mastering, or the stems would no longer sum.

Belongs here: the task ``sum_stems``. Does not belong here: what happens to a single track (strip).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dsp.levels import db_to_gain, null_depth_db, peak, peak_dbfs
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.production.meter import measure

PEAK_DBFS = -6.0
"""Where the mix is left for mastering."""


def sum_stems(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the mix, role ``main``, of the post-mix stems in ``blobs``, added in the order of ``inputs["order"]``.

    ``inputs["trim_db"]``: the gain, or None for the one that brings the peak to ``PEAK_DBFS``. ``meta`` states
    ``trim_db`` (stems must be turned by it too), ``peak_dbfs``, ``integrated_lufs`` and ``stems_null_db``, which
    compares what the encoded mix decodes to with the decoded stems.

    Raises:
        PermanentFailure: stems of unlike lengths or rates.
    """
    total, rate = _total(inputs["order"], blobs)
    trim_db = inputs["trim_db"]
    if trim_db is None:
        loudest = peak_dbfs(total)
        trim_db = round(PEAK_DBFS - loudest, 2) if peak(total) > 0.0 else 0.0
    total *= np.float32(db_to_gain(float(trim_db)))
    payload = audio_payload(total, rate, "main")
    stored, _ = decoded_audio(Blob(payload.data, payload.media_type, payload.meta))
    facts = {
        "trim_db": float(trim_db),
        "peak_dbfs": round(peak_dbfs(stored), 2),
        "integrated_lufs": measure(stored, rate).lufs,
        "stems_null_db": round(null_depth_db(total, stored), 1),
    }
    return [Payload(payload.role, payload.media_type, payload.data, payload.suffix, {**payload.meta, **facts})]


def _total(order: list[str], blobs: Mapping[str, Blob]) -> tuple[FloatArray, int]:
    total: FloatArray | None = None
    rate = 0
    for name in order:
        stem, stem_rate = decoded_audio(blobs[name])
        if total is None:
            total, rate = stem, stem_rate
        elif stem.shape != total.shape or stem_rate != rate:
            raise PermanentFailure(
                f"Stem {name} has shape {stem.shape} at {stem_rate} Hz, the others {total.shape} at {rate} Hz.",
                way_out="Make mixing again; if it repeats, this is a defect.",
            )
        else:
            total += stem
    if total is None:
        raise PermanentFailure("There are no stems to mix.", way_out="Make production again.")
    return total, rate
