"""The whole mix turned by hand: brighter, warmer, more bass, wider, drier.

Everything here is linear and the same for every strip, so each stem takes its part of it and the stems still sum to
the mix. Nothing that was planned moves because of it: faders, thresholds and cuts stay.

Belongs here: from the edit to bands, width and sends of a plan, and what the bands do to a spectrum. Does not belong
here: single tracks (hand), applying bands (matrix), the master's own tone (mastering.tone).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.edits import MixEdit
from musicgen_assets.mixing.equalizer import sections_of
from musicgen_assets.mixing.matrix import SILENT_SEND_DB
from musicgen_assets.mixing.plan import Band, BandKind, MixPlan, Strip, WholeMove

_BANDS: tuple[tuple[str, BandKind, float, float, str], ...] = (
    ("bass_db", "low_shelf", 110.0, 0.7071, "bass"),
    ("warmth_db", "peak", 220.0, 0.6, "warmth"),
    ("brightness_db", "high_shelf", 4_000.0, 0.6, "brightness"),
)
"""By field of the edit: the band that it turns. A shelf has half of its gain at its frequency."""


def turned_whole(plan: MixPlan, edit: MixEdit) -> MixPlan:
    """``plan`` with the whole mix turned as ``edit`` says; as it is where that says nothing."""
    if edit == MixEdit():
        return plan
    bands = tuple(
        Band(kind=kind, hz=hz, gain_db=gain_db, q=q, reason=f"{name} by hand")
        for field, kind, hz, q, name in _BANDS
        if (gain_db := float(getattr(edit, field)))
    )
    whole = WholeMove(bands=bands, width=edit.width, reverb_db=edit.reverb_db)
    strips = tuple(_in_room(strip, edit.reverb_db) for strip in plan.strips)
    return plan.model_copy(update={"whole": whole, "strips": strips})


def gains_db(whole: WholeMove | None, centres_hz: Sequence[float], rate_hz: int = 48_000) -> NDArray[np.float64]:
    """What the bands do to a sound at each of ``centres_hz``, in dB; zeros where nobody turned the whole."""
    if whole is None:
        return np.zeros(len(centres_hz))
    sections = sections_of(whole.bands, rate_hz)
    z = np.exp(-2j * np.pi * np.asarray(centres_hz) / rate_hz)
    powers = np.stack([np.ones_like(z), z, z * z])
    response = np.prod((sections[:, :3] @ powers) / (sections[:, 3:] @ powers), axis=0)
    return np.asarray(20.0 * np.log10(np.abs(response)), dtype=np.float64)


def told(whole: WholeMove) -> str:
    """ "brightness +2 dB, width 1.2"."""
    said = [f"{band.reason.removesuffix(' by hand')} {band.gain_db:+g} dB" for band in whole.bands]
    said += [f"width {whole.width:g}"] if whole.width != 1.0 else []
    return ", ".join([*said, *([f"rooms {whole.reverb_db:+g} dB"] if whole.reverb_db else [])])


def _in_room(strip: Strip, by_db: float) -> Strip:
    """The strip with more or less of its room; one that has none stays without."""
    if not by_db or strip.reverb_send_db <= SILENT_SEND_DB:
        return strip
    ratio_lu = strip.direct_to_reverb_lu
    further = None if ratio_lu is None else round(ratio_lu - by_db, 2)
    send_db = round(strip.reverb_send_db + by_db, 2)
    return strip.model_copy(update={"reverb_send_db": send_db, "direct_to_reverb_lu": further})
