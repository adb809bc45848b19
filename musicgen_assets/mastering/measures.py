"""Everything that is measured of a finished master, once, as data.

Belongs here: the numbers. Does not belong here: bounds and verdicts (mastering.gate), what the plan was, except
as a prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.context.schema import Frozen
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, corridor_levels_db

_RANKED_KEYS = 6
_FLAT_TOP_SAMPLES = 4
_FLAT_TOP_SHARE = 0.98


class KeyGuess(Frozen):
    """A key with its share of the evidence; ``tonic`` is a pitch class, 0 = C."""

    tonic: int
    mode: str
    share: float


class Measures(Frozen):
    """mastering/analysis measures these of the streaming master. Levels and spectra of silence read -70 or -120."""

    samples: int
    sample_rate_hz: int
    channels: int
    duration_s: float
    integrated_lufs: float
    loudness_range_lu: float
    max_short_term_lufs: float
    max_momentary_lufs: float
    true_peak_dbtp: float
    sample_peak_dbfs: float
    dynamic_range_db: float
    peak_to_short_term_db: float
    correlation: float
    fold_down_loss_lu: float
    clipped_runs: int
    flat_tops: int
    dc_offset: float
    longest_silence_s: float
    third_octaves_db: tuple[float, ...]
    slope_db_per_octave: float
    tempo_bpm: float
    tempo_confidence: float
    keys: tuple[KeyGuess, ...]
    """The likeliest, best first."""
    pitch_classes: tuple[float, ...] = (1.0 / 12.0,) * 12
    """Share of each pitch class heard, C first."""


def measure_master(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: measure ``blobs["master"]`` with ``inputs["tempo_bpm"]`` as the tempo expected; role "measures"
    (Measures).
    """
    from dsp.audiofile import decode

    blob = blobs["master"]
    samples, rate = decode(blob.data)
    samples *= np.float32(10 ** (float(blob.meta.get("gain_db", 0.0)) / 20))
    return [json_payload(measures_of(samples, rate, float(inputs["tempo_bpm"])), "measures")]


def measures_of(samples: FloatArray, rate: int, tempo_bpm: float) -> Measures:
    """All measures of float32 (1 or 2, samples); one sample and silence have measures too.

    Raises dsp.errors.AudioError for what is no audio.
    """
    from dsp.analysis import clipped_runs, longest_silence_s
    from dsp.levels import correlation, dc_offset, mono_fold_down_loss_lu, peak_dbfs
    from dsp.loudness import measure, peak_to_short_term_db, true_peak_dbtp, tt_dynamic_range_db

    loudness = measure(samples, rate)
    return Measures(
        samples=int(samples.shape[1]),
        sample_rate_hz=rate,
        channels=int(samples.shape[0]),
        duration_s=round(samples.shape[1] / rate, 6),
        integrated_lufs=round(loudness.integrated_lufs, 4),
        loudness_range_lu=round(loudness.loudness_range_lu, 4),
        max_short_term_lufs=round(loudness.max_short_term_lufs, 4),
        max_momentary_lufs=round(loudness.max_momentary_lufs, 4),
        true_peak_dbtp=round(true_peak_dbtp(samples, rate), 4),
        sample_peak_dbfs=round(peak_dbfs(samples), 4),
        dynamic_range_db=round(tt_dynamic_range_db(samples, rate), 4),
        peak_to_short_term_db=round(peak_to_short_term_db(samples, rate), 4),
        correlation=round(correlation(samples), 4),
        fold_down_loss_lu=round(mono_fold_down_loss_lu(samples, rate), 4),
        clipped_runs=clipped_runs(samples),
        flat_tops=flat_tops(samples),
        dc_offset=round(dc_offset(samples), 8),
        longest_silence_s=round(longest_silence_s(samples, rate), 4),
        **_spectrum(samples, rate),
        **_music(samples, rate, tempo_bpm),
    )


def flat_tops(samples: FloatArray) -> int:
    """How many times four or more samples in a row stand at one value near the peak.

    That is what clipping looks like after it was turned down again, where it no longer touches full scale.
    """
    top = _FLAT_TOP_SHARE * float(np.abs(samples).max())
    if top <= 0.0:
        return 0
    total = 0
    for channel in samples:
        is_same = (channel[1:] == channel[:-1]) & (np.abs(channel[1:]) >= top)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], is_same.view(np.int8), [0]])))
        total += int(np.count_nonzero(edges[1::2] - edges[::2] >= _FLAT_TOP_SAMPLES - 1))
    return total


def _spectrum(samples: FloatArray, rate: int) -> dict[str, Any]:
    from dsp.spectrum import spectral_slope_db_per_octave

    levels = corridor_levels_db(samples, rate)
    return {
        "third_octaves_db": tuple(round(float(level), 2) for level in levels[: len(THIRD_OCTAVES_HZ)]),
        "slope_db_per_octave": round(spectral_slope_db_per_octave(samples, rate), 3),
    }


def _music(samples: FloatArray, rate: int, tempo_bpm: float) -> dict[str, Any]:
    from dsp.analysis import estimate_key, estimate_tempo

    tempo = estimate_tempo(samples, rate, tempo_bpm)
    key = estimate_key(samples, rate)
    return {
        "tempo_bpm": round(tempo.bpm, 3),
        "tempo_confidence": round(tempo.confidence, 4),
        "pitch_classes": tuple(round(share, 4) for share in key.pitch_classes),
        "keys": tuple(
            KeyGuess(tonic=tonic, mode=mode, share=round(share, 4)) for tonic, mode, share in key.ranking[:_RANKED_KEYS]
        ),
    }
