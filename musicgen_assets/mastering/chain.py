"""From mix to master: once what every target shares (length, channels, tone, bands, width, glue), then the level and
the ending of each target.

Belongs here: the order of the steps, as two tasks. Does not belong here: how tone and level are found
(mastering.tone, mastering.level, mastering.reference), lossy files (mastering.codecs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import ReferenceProfile
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, decoded_audio, json_payload
from musicgen_assets.mastering import bounds
from musicgen_assets.mastering.corridor import Corridor, corridor_levels_db
from musicgen_assets.mastering.level import Level, at_gain, reach_level
from musicgen_assets.mastering.plan import PreparedRecord, TargetRecord, ToneBand
from musicgen_assets.mastering.reference import match_tone, match_width
from musicgen_assets.mastering.tone import bands_of, tone_bands, with_tone

SILENT_MIX_LUFS = -60.0
LOW_END_HZ = 120.0
"""A mix that is wider below than ``bounds.MIN_LOW_CORRELATION`` is brought to the middle there. A rule of thumb of
cutting vinyl and of mixing for clubs, where the low loudspeakers are one."""

_GLUE_OVER_LOUDNESS_DB = 6.0
"""Threshold over the mix's loudness: loud passages are held together by 1 to 3 dB, soft ones untouched."""
_GLUE_ATTACK_MS = 30.0
_GLUE_RELEASE_MS = 200.0
_GLUE_KNEE_DB = 8.0
_TAIL_S = 0.01
_SILENT_TAIL = 1e-4
_SHORT_FADE_S = 0.05
_CUT_FADE_S = 0.5
"""For a mix that goes on after the song's end and is cut there."""


def prepare_mix(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the mix in ``blobs["mix"]`` as every target takes it; roles "prepared" (audio), "record"
    (PreparedRecord).

    ``inputs``: samples, channels, corridor, low_shelf_db, high_shelf_db, multiband_ratio, high_width_db, glue_ratio,
    reference (ReferenceProfile or None), and "held" (a PreparedRecord) where tone and threshold are to be its own.

    Raises PermanentFailure if the mix is silent.
    """
    from dsp.convert import fit_length
    from dsp.levels import as_channels
    from dsp.loudness import integrated_lufs

    mix, rate = decoded_audio(blobs["mix"])
    length = int(inputs["samples"])
    fade_s = _fade_s(mix, rate, length)
    samples = fit_length(as_channels(mix, int(inputs["channels"])), length)
    mix_lufs = integrated_lufs(samples, rate)
    if mix_lufs < SILENT_MIX_LUFS:
        raise PermanentFailure(
            f"The mix is silent ({mix_lufs:.1f} LUFS over {length / rate:.2f} s): there is nothing to master.",
            way_out="Look at the stems: no track may be playing, or its instrument has no sound.",
        )
    samples, found = _shaped(samples, rate, inputs)
    held = inputs.get("held")
    own_dbfs = round(integrated_lufs(samples, rate) + _GLUE_OVER_LOUDNESS_DB, 2)
    threshold_dbfs = own_dbfs if held is None else float(held["glue_threshold_dbfs"])
    samples = glued(samples, rate, float(inputs["glue_ratio"]), threshold_dbfs)
    record = PreparedRecord(
        mix_lufs=round(mix_lufs, 4),
        glue_ratio=float(inputs["glue_ratio"]),
        glue_threshold_dbfs=threshold_dbfs,
        fade_s=fade_s,
        **found,
    )
    return [audio_payload(samples, rate, "prepared"), json_payload(record, "record")]


def master_target(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: one target's master of ``blobs["prepared"]`` with its ``blobs["record"]``; roles "streaming" (audio) and
    "record" (TargetRecord).

    ``inputs``: target_lufs, tolerance_lu, ceiling_dbtp, min_dynamic_range_db, and "held_gain_db" where the gain is
    another version's and nothing is sought.
    """
    prepared = PreparedRecord.model_validate_json(blobs["record"].data)
    samples, rate = decoded_audio(blobs["prepared"])
    ceiling_dbtp = float(inputs["ceiling_dbtp"])
    if "held_gain_db" in inputs:
        level = at_gain(samples, rate, float(inputs["held_gain_db"]), ceiling_dbtp)
    else:
        level = reach_level(
            samples,
            rate,
            float(inputs["target_lufs"]),
            ceiling_dbtp,
            float(inputs["min_dynamic_range_db"]),
            float(inputs["tolerance_lu"]),
        )
    finished, fade_s = _ended(level.samples, rate, prepared.fade_s)
    record = TargetRecord(
        target_lufs=float(inputs["target_lufs"]),
        ceiling_dbtp=ceiling_dbtp,
        **{**prepared.model_dump(), "fade_s": fade_s},
        **_found(level),
        **_measured(finished, rate, level, fade_s),
    )
    return [audio_payload(finished, rate, "streaming"), json_payload(record, "record")]


def _fade_s(mix: FloatArray, rate: int, length: int) -> float:
    """Seconds of fade at the end: half a second where music is cut off, none where the mix ended in silence."""
    if mix.shape[1] <= length:
        return 0.0
    after = mix[:, length : length + rate]
    return _CUT_FADE_S if float(np.abs(after).max()) > _SILENT_TAIL else 0.0


def _shaped(samples: FloatArray, rate: int, inputs: Mapping[str, Any]) -> tuple[FloatArray, dict[str, Any]]:
    """Tone (the style's, or the reference's), bands and width; and what was done, as fields of PreparedRecord."""
    reference = ReferenceProfile.model_validate(inputs["reference"]) if inputs.get("reference") else None
    if inputs.get("held"):
        tone = bands_of(inputs["held"]["tone"])
        samples = with_tone(samples, rate, tone)
    else:
        samples, tone = _toned(samples, rate, inputs, is_own=reference is None)
    found: dict[str, Any] = {"tone": tone}
    if reference is not None:
        samples, found["reference_tone_db"] = match_tone(samples, rate, reference)
        found["reference"] = reference.name
    samples, found["multiband_db"] = _banded(samples, rate, float(inputs.get("multiband_ratio", 1.0)))
    samples, found["width_gain_db"] = _widened(samples, rate, float(inputs.get("high_width_db", 0.0)), reference)
    return samples, found


def _toned(
    samples: FloatArray, rate: int, inputs: Mapping[str, Any], *, is_own: bool
) -> tuple[FloatArray, tuple[ToneBand, ...]]:
    """Without DC, and towards the style's corridor unless a reference says otherwise."""
    bands: tuple[ToneBand, ...] = ()
    if is_own:
        corridor = Corridor.model_validate(inputs["corridor"])
        levels = corridor_levels_db(samples, rate)
        bands = tone_bands(levels, corridor, rate, float(inputs["low_shelf_db"]), float(inputs["high_shelf_db"]))
    return with_tone(samples, rate, bands), bands


def _banded(samples: FloatArray, rate: int, ratio: float) -> tuple[FloatArray, tuple[float, ...]]:
    """Compressed in three bands where the style wants it, and how far each went down at most."""
    from dsp.multiband import multiband_compressor

    return multiband_compressor(samples, rate, ratio) if ratio > 1.0 else (samples, ())


def _widened(
    samples: FloatArray, rate: int, high_width_db: float, reference: ReferenceProfile | None
) -> tuple[FloatArray, tuple[float, ...]]:
    """Wide as the style or the reference has it; the low end in the middle where it is not."""
    from dsp.filters import apply_sections, high_pass_sections
    from dsp.multiband import with_width
    from dsp.stereo import low_end_correlation

    if samples.shape[0] != 2:
        return samples, ()
    gains: tuple[float, ...] = ()
    if reference is not None:
        samples, gains = match_width(samples, rate, reference)
    elif high_width_db:
        gains = (0.0, 0.0, high_width_db)
        samples = with_width(samples, rate, gains)
    if low_end_correlation(samples, rate, LOW_END_HZ) < bounds.MIN_LOW_CORRELATION:
        middle = np.float32(0.5) * (samples[:1] + samples[1:])
        side = apply_sections(samples[:1] - middle, high_pass_sections(rate, LOW_END_HZ, 4))
        samples = np.concatenate([middle + side, middle - side])
        gains = (-120.0, *(gains[1:] or (0.0, 0.0)))
    return samples, gains


def glued(samples: FloatArray, rate: int, ratio: float, threshold_dbfs: float) -> FloatArray:
    """Held together by the master's slow compressor; a ratio of 1 leaves them as they are."""
    from dsp.dynamics import compressor

    if ratio <= 1.0:
        return samples
    return compressor(samples, rate, threshold_dbfs, ratio, _GLUE_ATTACK_MS, _GLUE_RELEASE_MS, knee_db=_GLUE_KNEE_DB)


def _ended(samples: FloatArray, rate: int, fade_s: float) -> tuple[FloatArray, float]:
    """The audio ending in digital silence, by a fade if it does not."""
    from dsp.dynamics import fade_out

    tail = samples[:, -max(1, round(_TAIL_S * rate)) :]
    if fade_s == 0.0 and float(np.abs(tail).max()) > _SILENT_TAIL:
        fade_s = _SHORT_FADE_S
    faded = fade_out(samples, rate, fade_s) if fade_s else samples.copy()
    faded[:, -1] = 0.0
    return faded, fade_s


def _found(level: Level) -> dict[str, Any]:
    return {
        "attempts": level.attempts,
        "gain_db": level.gain_db,
        "limiting_db": round(level.limiting_db, 4),
        "dynamic_range_db": round(level.dynamic_range_db, 4),
        "notes": level.notes,
    }


def _measured(finished: FloatArray, rate: int, level: Level, fade_s: float) -> dict[str, Any]:
    """What the finished audio is; its loudness is measured again only where an ending was faded."""
    from dsp.loudness import integrated_lufs, true_peak_dbtp

    loudness = integrated_lufs(finished, rate) if fade_s else level.integrated_lufs
    return {
        "integrated_lufs": round(loudness, 4),
        "true_peak_dbtp": round(true_peak_dbtp(finished, rate), 4),
        "samples": int(finished.shape[1]),
        "sample_rate_hz": rate,
        "channels": int(finished.shape[0]),
    }
