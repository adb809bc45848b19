"""From mix to master for one delivery target: length, channels, tone, glue, level, ending.

Belongs here: the order of the steps, as one task. Does not belong here: how tone and level are found (mastering.tone,
mastering.level), lossy files (mastering.codecs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.mastering.corridor import Corridor, corridor_levels_db
from musicgen_assets.mastering.level import Level, reach_level
from musicgen_assets.mastering.plan import TargetRecord, ToneBand
from musicgen_assets.mastering.tone import tone_bands, tone_sections

SUBSONIC_HZ = 20.0
"""The high-pass that takes out DC and what no loudspeaker plays."""
SILENT_MIX_LUFS = -60.0

_GLUE_OVER_LOUDNESS_DB = 6.0
"""Threshold over the mix's loudness: loud passages are held together by 1 to 3 dB, soft ones untouched."""
GLUE_ATTACK_MS = 30.0
GLUE_RELEASE_MS = 200.0
GLUE_KNEE_DB = 8.0
_TAIL_S = 0.01
_SILENT_TAIL = 1e-4
_SHORT_FADE_S = 0.05
_CUT_FADE_S = 0.5
"""For a mix that goes on after the song's end and is cut there."""


def master_target(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the master of the mix in ``blobs["mix"]``; roles "streaming" (audio) and "record" (TargetRecord).

    ``inputs``: samples, channels, target_lufs, ceiling_dbtp, min_dynamic_range_db, corridor, low_shelf_db,
    high_shelf_db, glue_ratio. Raises PermanentFailure if the mix is silent.
    """
    from dsp.convert import fit_length
    from dsp.levels import as_channels
    from dsp.loudness import integrated_lufs

    mix, rate = _decoded(blobs["mix"])
    length = int(inputs["samples"])
    fade_s = _fade_s(mix, rate, length)
    samples = fit_length(as_channels(mix, int(inputs["channels"])), length)
    mix_lufs = integrated_lufs(samples, rate)
    if mix_lufs < SILENT_MIX_LUFS:
        raise PermanentFailure(
            f"The mix is silent ({mix_lufs:.1f} LUFS over {length / rate:.2f} s): there is nothing to master.",
            way_out="Look at the stems: no track may be playing, or its instrument has no sound.",
        )
    samples, tone = _toned(samples, rate, inputs)
    samples, threshold_dbfs = _glued(samples, rate, float(inputs["glue_ratio"]))
    level = reach_level(
        samples,
        rate,
        float(inputs["target_lufs"]),
        float(inputs["ceiling_dbtp"]),
        float(inputs["min_dynamic_range_db"]),
    )
    finished, fade_s = _ended(level.samples, rate, fade_s)
    record = TargetRecord(
        target_lufs=float(inputs["target_lufs"]),
        ceiling_dbtp=float(inputs["ceiling_dbtp"]),
        mix_lufs=round(mix_lufs, 4),
        tone=tone,
        glue_ratio=float(inputs["glue_ratio"]),
        glue_threshold_dbfs=threshold_dbfs,
        fade_s=fade_s,
        **_found(level),
        **_measured(finished, rate, level, fade_s),
    )
    return [audio_payload(finished, rate, "streaming"), json_payload(record, "record")]


def _decoded(blob: Blob) -> tuple[FloatArray, int]:
    from dsp.audiofile import decode

    samples, rate = decode(blob.data)
    gain_db = float(blob.meta.get("gain_db", 0.0))
    if gain_db:
        samples *= np.float32(10 ** (gain_db / 20))
    return samples, rate


def _fade_s(mix: FloatArray, rate: int, length: int) -> float:
    """Seconds of fade at the end: half a second where music is cut off, none where the mix ended in silence."""
    if mix.shape[1] <= length:
        return 0.0
    after = mix[:, length : length + rate]
    return _CUT_FADE_S if float(np.abs(after).max()) > _SILENT_TAIL else 0.0


def _toned(samples: FloatArray, rate: int, inputs: Mapping[str, Any]) -> tuple[FloatArray, tuple[ToneBand, ...]]:
    from dsp.filters import apply_sections, high_pass_sections

    corridor = Corridor.model_validate(inputs["corridor"])
    levels = corridor_levels_db(samples, rate)
    bands = tone_bands(levels, corridor, rate, float(inputs["low_shelf_db"]), float(inputs["high_shelf_db"]))
    sections = np.vstack([high_pass_sections(rate, SUBSONIC_HZ), tone_sections(bands, rate)])
    return apply_sections(samples, sections), bands


def _glued(samples: FloatArray, rate: int, ratio: float) -> tuple[FloatArray, float]:
    from dsp.dynamics import compressor
    from dsp.loudness import integrated_lufs

    threshold_dbfs = round(integrated_lufs(samples, rate) + _GLUE_OVER_LOUDNESS_DB, 2)
    if ratio <= 1.0:
        return samples, threshold_dbfs
    glued = compressor(samples, rate, threshold_dbfs, ratio, GLUE_ATTACK_MS, GLUE_RELEASE_MS, knee_db=GLUE_KNEE_DB)
    return glued, threshold_dbfs


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
