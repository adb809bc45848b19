"""Is the master still the mix? Band by band and moment by moment: what mastering turned, how it moved, what it added.

Belongs here: comparing a master with the mix it was made of. Does not belong here: what the mix is worth
(mastering.parts), bounds (mastering.bounds).

An equaliser turns each band by a constant, a compressor moves all of them slowly and a little. What differs beyond that
did not come from mastering: pumping, noise, another song.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio, json_payload

DoubleArray = NDArray[np.float64]

_FLOOR_DB = -90.0
_HEARD_UNDER_LOUDEST_DB = 40.0
_SLOW_S = 4.0
_LEAST_FRAMES = 40
_INAUDIBLE_DB = -78.0
"""A third-octave under this is under the noise of a quiet room at any sensible loudness."""
_PUMP_HZ = (0.8, 9.0)


class Fidelity(Frozen):
    """``likeness``: correlation of the level movements of mix and master over bands and time, -1 to 1.

    ``pumping_db``: how far the gain from mix to master swings between 0.8 and 9 Hz, from its 10th to its 90th
    percentile.
    """

    likeness: float
    pumping_db: float
    added_db: float = 0.0
    """How far the softest moments of a band came up beyond what its loud ones did: noise, hum, a denied pause."""
    added_at_hz: float = 0.0
    gains_db: tuple[float, ...] = (0.0,) * 28
    """What each third-octave of dsp.movements.BAND_CENTRES_HZ was turned by, in the moments it is loud."""


def measure_mix(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: what a master of ``blobs["mix"]`` is compared with. Roles "bands": levels of its bands over time, float16
    dB (28, frames), as .npy bytes; "facts": {"clicks"}.
    """
    from dsp.defects import clicks

    del inputs
    samples, rate = decoded_audio(blobs["mix"])
    buffer = io.BytesIO()
    np.save(buffer, levels_db(samples, rate).astype(np.float16), allow_pickle=False)
    return [
        Payload("bands", "application/octet-stream", buffer.getvalue(), ".npy"),
        json_payload({"clicks": clicks(samples, rate)}, "facts"),
    ]


def measure_fidelity(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: compare ``blobs["master"]`` with the mix's ``blobs["bands"]``; role "fidelity" (Fidelity)."""
    del inputs
    samples, rate = decoded_audio(blobs["master"])
    mix = np.load(io.BytesIO(blobs["bands"].data), allow_pickle=False).astype(np.float64)
    return [json_payload(fidelity_of(mix, levels_db(samples, rate)), "fidelity")]


def levels_db(samples: FloatArray, rate: int) -> DoubleArray:
    """Levels of dsp.movements.band_powers in dB, -90 at least, float64 (28, frames)."""
    from dsp.movements import band_powers

    return np.asarray(
        10.0 * np.log10(np.maximum(band_powers(samples, rate), 10.0 ** (_FLOOR_DB / 10.0))), dtype=np.float64
    )


def fidelity_of(mix_db: DoubleArray, master_db: DoubleArray) -> Fidelity:
    """Compare two arrays of ``levels_db``; frames that only one has are left out. Too little of both: no likeness."""
    from dsp.movements import FRAMES_PER_S

    frames = min(mix_db.shape[1], master_db.shape[1])
    mix, master = mix_db[:, :frames], master_db[:, :frames]
    # Slow frames of a fade-out and silence say nothing.
    loud = mix.max(axis=0) if frames else np.zeros(0)
    is_heard = (
        loud > max(float(loud.max()) - _HEARD_UNDER_LOUDEST_DB, _FLOOR_DB + 10.0) if frames else np.zeros(0, bool)
    )
    if np.count_nonzero(is_heard) < _LEAST_FRAMES:
        return Fidelity(likeness=0.0, pumping_db=0.0)
    weight = _weights(mix, is_heard)
    gain = (np.where(weight > 0, master - mix, 0.0) * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    gains = _gains(mix, master)
    added_db, added_at_hz = _added(mix, master, gains)
    return Fidelity(
        added_db=round(added_db, 2),
        added_at_hz=round(added_at_hz, 1),
        gains_db=tuple(round(float(value), 2) for value in gains),
        likeness=round(_likeness(mix[:, is_heard], master[:, is_heard]), 4),
        pumping_db=round(_swing_db(gain, is_heard, FRAMES_PER_S), 3),
    )


def _weights(mix: DoubleArray, is_heard: NDArray[np.bool_]) -> DoubleArray:
    """Bands within 30 dB of the loudest of their frame: in them the mix is clearly there."""
    return np.where((mix > mix.max(axis=0) - 30.0) & is_heard[None, :], 1.0, 0.0)


def _likeness(mix: DoubleArray, master: DoubleArray) -> float:
    """Correlation of levels, each band's mean taken out, over bands that the mix has."""
    has_sound = mix.max(axis=1) > _FLOOR_DB + 20.0
    a, b = mix[has_sound], master[has_sound]
    a, b = np.maximum(a, a.max() - 60.0), np.maximum(b, b.max() - 60.0)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / size) if size > 0.0 else 0.0


def _gains(mix: DoubleArray, master: DoubleArray) -> DoubleArray:
    """Median change of each band over the louder half of its moments."""
    gains = np.zeros(mix.shape[0])
    for band in range(mix.shape[0]):
        is_loud = mix[band] >= max(float(np.median(mix[band])), _FLOOR_DB + 5.0)
        if np.count_nonzero(is_loud) < _LEAST_FRAMES // 4:
            is_loud = mix[band] >= float(np.quantile(mix[band], 0.75))
        gains[band] = float(np.median((master - mix)[band][is_loud]))
    return gains


def _added(mix: DoubleArray, master: DoubleArray, gains: DoubleArray) -> tuple[float, float]:
    """The largest rise of a band's 5th percentile over the rise of its loud half, and where."""
    from dsp.movements import BAND_CENTRES_HZ

    soft = np.maximum(np.quantile(mix, 0.05, axis=1) + gains, _INAUDIBLE_DB)
    rises_db = np.quantile(master, 0.05, axis=1) - soft
    worst = int(np.argmax(rises_db))
    return max(0.0, float(rises_db[worst])), BAND_CENTRES_HZ[worst]


def _swing_db(gain: DoubleArray, is_heard: NDArray[np.bool_], frames_per_s: float) -> float:
    """The gain's movement in the pumping range, 10th to 90th percentile of the heard frames."""
    from scipy.signal import butter, sosfiltfilt

    filled = np.interp(np.arange(gain.size), np.flatnonzero(is_heard), gain[is_heard])
    if filled.size < 3 * round(_SLOW_S * frames_per_s):
        return float(np.quantile(filled, 0.9) - np.quantile(filled, 0.1))
    sections = butter(2, [2.0 * _PUMP_HZ[0] / frames_per_s, 2.0 * _PUMP_HZ[1] / frames_per_s], "band", output="sos")
    moved = sosfiltfilt(sections, filled)[is_heard]
    return float(np.quantile(moved, 0.9) - np.quantile(moved, 0.1))
