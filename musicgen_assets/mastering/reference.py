"""Mastering towards a track that a person gives: what is taken from it, and how a mix is brought nearer.

Belongs here: the profile of a reference, the corrections that follow, and the task that applies them. Does not belong
here: the loudness (mastering.level brings every master to its target), files at the door (cli).

What is kept of the track is ``ReferenceProfile``: 28 levels, a loudness, three widths. Its audio goes nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.limits import LOUDNESS_MAX_LUFS, LOUDNESS_MIN_LUFS
from musicgen_assets.context.schema import ReferenceProfile
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio, json_payload
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, corridor_levels_db

MIN_S, MAX_S = 1.0, 900.0
MAX_BYTES = 200 * 1024 * 1024
MAX_MATCH_DB = 6.0
"""The furthest a third-octave is moved: beyond, it is another arrangement and no equaliser makes it that."""
MAX_WIDTH_CHANGE_DB = 4.0
FIELD = "--reference"

_SILENT_LUFS = -60.0
_NOTHING_THERE_DB = 25.0
"""A band this far under its neighbours' level holds no music to bring up."""
_ABOUT_HZ = (90.0, 6_000.0)
_WAY_OUT = "Give a finished stereo or mono track of 1 s to 15 minutes as WAV, FLAC, MP3 or OGG."

DoubleArray = NDArray[np.float64]


def reference_profile(data: bytes, name: str) -> ReferenceProfile:
    """What a master may learn from the encoded track ``data``. ``name`` is what people called it.

    Raises:
        BadInput: it is no audio, too short or long, silent, or of more than two channels; says which.
    """
    from dsp.audiofile import audio_info, decode
    from dsp.errors import AudioError

    if len(data) > MAX_BYTES:
        raise _refused(name, f"it has {len(data)} bytes, {MAX_BYTES} are allowed")
    try:
        info = audio_info(data)
        if info.channels > 2:
            raise _refused(name, f"it has {info.channels} channels, one or two are needed")
        if info.duration_s > MAX_S:
            raise _refused(name, f"it says it lasts {info.duration_s:.0f} s, at most {MAX_S:.0f} s are read")
        samples, rate = decode(data)
        return profile_of(samples, rate, name, hashlib.sha256(data).hexdigest())
    except AudioError as error:
        raise _refused(name, str(error)) from error


def profile_of(samples: FloatArray, rate: int, name: str, sha256: str) -> ReferenceProfile:
    """The profile of float32 (1 or 2, samples). Raises BadInput as ``reference_profile``, AudioError for no audio."""
    from dsp.levels import check_audio
    from dsp.loudness import integrated_lufs
    from dsp.multiband import width_db

    check_audio(samples)
    duration_s = samples.shape[1] / rate
    if duration_s < MIN_S:
        raise _refused(name, f"it lasts {duration_s:.3f} s, a spectrum needs at least {MIN_S:g} s")
    if rate < 2 * _ABOUT_HZ[1]:
        raise _refused(name, f"its rate is {rate} Hz, its tone can only be judged from {round(2 * _ABOUT_HZ[1])} Hz up")
    loudness = integrated_lufs(samples, rate)
    if loudness < _SILENT_LUFS:
        raise _refused(name, f"it is silent ({loudness:.1f} LUFS)")
    return ReferenceProfile(
        name=name,
        sha256=sha256,
        duration_s=round(duration_s, 3),
        loudness_lufs=round(loudness, 2),
        third_octaves_db=tuple(round(float(level), 2) for level in corridor_levels_db(samples, rate)),
        width_db=tuple(round(value, 2) for value in width_db(samples, rate)),
    )


def loudness_of(profile: ReferenceProfile) -> float:
    """The loudness a master after ``profile`` is brought to: its own, within what a request may ask for."""
    return round(min(max(profile.loudness_lufs, LOUDNESS_MIN_LUFS), LOUDNESS_MAX_LUFS), 1)


def match_gains_db(levels_db: DoubleArray, profile: ReferenceProfile) -> DoubleArray:
    """Gain per third-octave that brings ``levels_db`` to the profile's, within 6 dB, smoothed over neighbours.

    The difference of overall level is taken out first; bands in which either has nothing are left alone.
    """
    wanted = np.asarray(profile.third_octaves_db) - levels_db
    about = np.array([_ABOUT_HZ[0] <= hz <= _ABOUT_HZ[1] for hz in THIRD_OCTAVES_HZ])
    wanted -= np.median(wanted[about])
    is_empty = _is_empty(levels_db) | _is_empty(np.asarray(profile.third_octaves_db))
    wanted = np.where(is_empty, 0.0, np.clip(wanted, -MAX_MATCH_DB, MAX_MATCH_DB))
    padded = np.pad(wanted, 1, mode="edge")
    return np.asarray(0.2 * padded[:-2] + 0.6 * padded[1:-1] + 0.2 * padded[2:], dtype=np.float64)


def match_tone(samples: FloatArray, rate: int, profile: ReferenceProfile) -> tuple[FloatArray, tuple[float, ...]]:
    """The audio with the reference's tone as far as 6 dB a third-octave reach, and those gains in dB."""
    from dsp.curve_eq import curve_equalizer

    gains = match_gains_db(corridor_levels_db(samples, rate), profile)
    rounded = tuple(round(float(gain), 2) for gain in gains)
    return curve_equalizer(samples, rate, THIRD_OCTAVES_HZ, rounded), rounded


def match_width(
    samples: FloatArray, rate: int, profile: ReferenceProfile
) -> tuple[FloatArray, tuple[float, float, float]]:
    """Stereo with the reference's width above 250 Hz, as far as 4 dB of side reach, and the gains of low, middle and
    high in dB. Lows keep their width: they belong in the middle, whatever a reference does.
    """
    from dsp.multiband import width_db, with_width

    if samples.shape[0] != 2:
        return samples, (0.0, 0.0, 0.0)
    own = width_db(samples, rate)
    gains = [0.0, 0.0, 0.0]
    for band in (1, 2):
        if own[band] > -60.0 and profile.width_db[band] > -60.0:
            wanted = profile.width_db[band] - own[band]
            gains[band] = round(float(np.clip(wanted, -MAX_WIDTH_CHANGE_DB, MAX_WIDTH_CHANGE_DB)), 2)
    return with_width(samples, rate, gains), (gains[0], gains[1], gains[2])


def match_reference(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the mix in ``blobs["mix"]`` after the track in ``blobs["reference"]``: tone, width and loudness.

    ``inputs``: ``name`` of the reference, ``ceiling_dbtp``. Roles "matched" (audio) and "record": the profile, the
    gains, and the loudness reached. For use outside a song's own mastering, which keeps only the profile.

    Raises:
        BadInput: as ``reference_profile``.
    """
    from dsp.levels import as_channels
    from musicgen_assets.mastering.level import reach_level

    profile = reference_profile(blobs["reference"].data, str(inputs["name"]))
    samples, rate = decoded_audio(blobs["mix"])
    toned, tone = match_tone(as_channels(samples, 2), rate, profile)
    wide, width = match_width(toned, rate, profile)
    level = reach_level(wide, rate, loudness_of(profile), float(inputs["ceiling_dbtp"]), 0.0)
    record = {
        "reference": profile.model_dump(mode="json"), "tone_db": tone, "width_gain_db": width,
        "integrated_lufs": round(level.integrated_lufs, 3), "notes": level.notes,
    }  # fmt: skip
    return [audio_payload(level.samples, rate, "matched"), json_payload(record, "record")]


def _is_empty(levels_db: DoubleArray) -> NDArray[np.bool_]:
    """Bands far under the mean of the octave around them."""
    padded = np.pad(levels_db, 2, mode="edge")
    around = np.max(np.stack([padded[shift : shift + levels_db.size] for shift in range(5)]), axis=0)
    return np.asarray((levels_db < around - _NOTHING_THERE_DB) | (levels_db <= -110.0))


def _refused(name: str, rule: str) -> BadInput:
    return BadInput(FIELD, name, rule, way_out=_WAY_OUT)
