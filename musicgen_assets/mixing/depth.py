"""Distance: which reverb a plane of depth has, and how much of it puts a track there.

A track is far away when its reverb is loud against its direct sound, long and without a gap before it, and near when
it is soft, late and short. Belongs here: the room of each plane, and sends from a wanted direct-to-reverb ratio and a
measured spectrum. Does not belong here: which track stands where (production.instrumentation), the impulse responses
(returns).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from dsp.levels import db_to_gain
from musicgen_assets.mixing.equalizer import band_gains_db
from musicgen_assets.mixing.plan import Band, Reverb
from musicgen_assets.mixing.returns import reverb_response
from musicgen_assets.production.meter import BAND_CENTRES_HZ, Measurement, k_weighting_power
from musicgen_assets.production.places import pan_gains
from musicgen_assets.production.plan import Room
from musicgen_assets.styles.schema import Depth

CLOSED_DB = -60.0
SEND_LIMITS_DB = (-48.0, 9.0)
_PLANES: dict[Depth, tuple[float, float, float]] = {
    "front": (0.85, 14.0, 0.0), "middle": (0.55, 2.0, 0.0), "back": (1.15, -8.0, 0.1),
}  # fmt: skip
"""By plane: factor of the decay, added pre-delay in ms, added damping. What stands near is heard before its room
answers; what is far, together with it, and air has taken its highs. The middle's room is short, so that accompaniment
gets space without length."""


def reverbs_of(room: Room) -> dict[Depth, Reverb]:
    """The reverb of each plane that has one."""
    decay_s, pre_delay_ms = 0.5 + 2.2 * room.room, 8.0 + 22.0 * room.room
    return {
        plane: Reverb(
            decay_s=round(factor * decay_s, 2),
            pre_delay_ms=round(max(0.0, pre_delay_ms + later_ms), 1),
            damping=round(min(1.0, room.damping + damping), 3),
        )
        for plane, (factor, later_ms, damping) in _PLANES.items()
    }


def send_db(
    direct_to_reverb_lu: float | None, reverb: Reverb | None, measured: Measurement, bands: Sequence[Band],
    width: float, pan: float, sample_rate_hz: int,
) -> float:  # fmt: skip
    """The send that lays the reverb ``direct_to_reverb_lu`` under the direct sound, both K-weighted; rounded to 0.1 dB.

    ``width`` and ``pan`` as the strip has them: returns are fed by the middle of what it sends.
    """
    if direct_to_reverb_lu is None or reverb is None or measured.is_silent:
        return CLOSED_DB
    wanted = -direct_to_reverb_lu - reverb_over_direct_lu(reverb, measured, bands, width, pan, sample_rate_hz)
    return round(min(SEND_LIMITS_DB[1], max(SEND_LIMITS_DB[0], wanted)), 1)


def reverb_over_direct_lu(
    reverb: Reverb, measured: Measurement, bands: Sequence[Band], width: float, pan: float, sample_rate_hz: int
) -> float:
    """How much louder than the direct sound the reverb is at a send of 0 dB, in LU."""
    centres = np.array(BAND_CENTRES_HZ)
    heard = 10.0 ** ((np.array(measured.bands_db) + np.array(band_gains_db(bands, sample_rate_hz))) / 10.0)
    heard *= k_weighting_power(np.minimum(centres, 0.49 * sample_rate_hz), sample_rate_hz)
    returned = (heard * np.array(_response_powers(reverb, sample_rate_hz))).sum() / heard.sum()
    return float(10.0 * np.log10(max(returned * _middle_share(measured, width, pan), 1e-12)))


def wet_gain_lu(direct_to_reverb_lu: float) -> float:
    """How much louder direct sound and reverb are together than the direct sound alone."""
    return float(10.0 * np.log10(1.0 + 10.0 ** (-direct_to_reverb_lu / 10.0)))


def _middle_share(measured: Measurement, width: float, pan: float) -> float:
    """Power of the placed stem's middle over that of the stem; its own middle and sides are taken as unrelated."""
    left, right = pan_gains(pan)
    middle = db_to_gain(measured.middle_db) ** 2
    sides = (1.0 - middle) * (width * (1.0 - abs(pan))) ** 2
    fed = middle * (0.5 * (left + right)) ** 2 + sides * (0.5 * (left - right)) ** 2
    return float(fed / max(middle + sides, 1e-9))


@lru_cache(maxsize=16)
def _response_powers(reverb: Reverb, sample_rate_hz: int) -> tuple[float, ...]:
    """Mean power response of the reverb in each octave of BAND_CENTRES_HZ, over both sides."""
    from scipy.fft import next_fast_len, rfft, rfftfreq

    response = reverb_response(reverb, sample_rate_hz)
    size = next_fast_len(response.shape[1], real=True)
    power = (np.abs(rfft(response, size, axis=1)) ** 2).mean(axis=0)
    frequencies = rfftfreq(size, 1.0 / sample_rate_hz)
    found = []
    for centre in BAND_CENTRES_HZ:
        is_in = (frequencies >= centre / 2**0.5) & (frequencies < centre * 2**0.5)
        found.append(float(power[is_in].mean()) if is_in.any() else 0.0)
    return tuple(found)
