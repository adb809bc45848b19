"""Everything that is measured of a finished master, once, as data.

Belongs here: the numbers. Does not belong here: bounds and verdicts (mastering.gate), what the plan was, except
as a prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio, json_payload
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, corridor_levels_db

_RANKED_KEYS = 6
_SECTION_BEATS = 2
_LEAST_BPM, _MOST_BPM = 20.0, 400.0
_FLAT_TOP_SAMPLES = 4
_FLAT_TOP_SHARE = 0.98


class KeyGuess(Frozen):
    """A key with its share of the evidence; ``tonic`` is a pitch class, 0 = C."""

    tonic: int
    mode: str
    share: float


class SoundMeasures(Frozen):
    """Of a master as sound, whatever its music is. Levels and spectra of silence read -70 or -120."""

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
    width_db: tuple[float, float, float] = (-120.0, -120.0, -120.0)
    """Side against middle below 250 Hz, to 2.5 kHz, and above."""
    low_correlation: float = 1.0
    """Of left and right below 120 Hz."""
    channel_lag_ms: float = 0.0
    channel_lag_clarity: float = 0.0
    ending_level_db: float = -120.0
    """The last 30 ms that sound, against the whole."""
    clicks: int = 0
    noise_floor_dbfs: float = -120.0
    """The quietest tenth of a second."""
    hum_db: float = 0.0
    """How far harmonics of 50 or 60 Hz stand out of what always sounds."""


class ChordGuess(Frozen):
    """A triad as heard: "C", "Am", or "N" for none."""

    start_s: float
    end_s: float
    symbol: str


class MusicMeasures(Frozen):
    """Of a master as music: tempo, key, beats, chords and sections, as heard."""

    tempo_bpm: float
    tempo_confidence: float
    keys: tuple[KeyGuess, ...]
    """The likeliest, best first."""
    pitch_classes: tuple[float, ...] = (1.0 / 12.0,) * 12
    """Share of each pitch class heard, C first."""
    beats_s: tuple[float, ...] = ()
    chords: tuple[ChordGuess, ...] = ()
    section_starts_s: tuple[float, ...] = ()


class Measures(SoundMeasures, MusicMeasures):
    """mastering/analysis measures these of the first target's master."""


def measure_sound(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: measure ``blobs["master"]`` as sound; role "measures" (SoundMeasures)."""
    del inputs
    samples, rate = decoded_audio(blobs["master"])
    return [json_payload(sound_measures(samples, rate), "measures")]


def measure_music(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: tempo and key of ``blobs["master"]``, ``inputs["tempo_bpm"]`` being expected; role "music"
    (MusicMeasures).
    """
    samples, rate = decoded_audio(blobs["master"])
    return [json_payload(MusicMeasures(**_music(samples, rate, float(inputs["tempo_bpm"]))), "music")]


def measures_of(samples: FloatArray, rate: int, tempo_bpm: float) -> Measures:
    """All measures of float32 (1 or 2, samples); one sample and silence have measures too.

    Raises dsp.errors.AudioError for what is no audio.
    """
    sound = sound_measures(samples, rate)
    return Measures(**sound.model_dump(), **_music(samples, rate, tempo_bpm))


def sound_measures(samples: FloatArray, rate: int) -> SoundMeasures:
    """What can be measured without tempo and key. Arguments and errors as ``measures_of``."""
    from dsp.analysis import clipped_runs, longest_silence_s
    from dsp.levels import correlation, dc_offset, mono_fold_down_loss_lu, peak_dbfs
    from dsp.loudness import measure, peak_to_short_term_db, true_peak_dbtp, tt_dynamic_range_db

    loudness = measure(samples, rate)
    return SoundMeasures(
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
        **_stereo(samples, rate),
        **_faults(samples, rate),
    )


def _stereo(samples: FloatArray, rate: int) -> dict[str, Any]:
    from dsp.multiband import width_db
    from dsp.stereo import channel_lag, low_end_correlation

    lag_ms, clarity = channel_lag(samples, rate)
    return {
        "width_db": tuple(round(value, 2) for value in width_db(samples, rate)),
        "low_correlation": round(low_end_correlation(samples, rate), 4),
        "channel_lag_ms": round(lag_ms, 3),
        "channel_lag_clarity": round(clarity, 4),
    }


def _faults(samples: FloatArray, rate: int) -> dict[str, Any]:
    from dsp.defects import clicks, ending_level_db, hum, noise_floor_dbfs

    return {
        "ending_level_db": round(ending_level_db(samples, rate), 2),
        "clicks": clicks(samples, rate),
        "noise_floor_dbfs": round(noise_floor_dbfs(samples, rate), 2),
        "hum_db": round(hum(samples, rate).prominence_db, 2),
    }


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
    from dsp.key import key_of_notes, note_strengths
    from dsp.tempo import onset_flux, tempo_of_flux

    flux, notes = onset_flux(samples, rate), note_strengths(samples, rate)
    tempo, key = tempo_of_flux(*flux, tempo_bpm), key_of_notes(notes)
    return {
        "tempo_bpm": round(tempo.bpm, 3),
        "tempo_confidence": round(tempo.confidence, 4),
        "pitch_classes": tuple(round(share, 4) for share in key.pitch_classes),
        "keys": tuple(
            KeyGuess(tonic=tonic, mode=mode, share=round(share, 4)) for tonic, mode, share in key.ranking[:_RANKED_KEYS]
        ),
        **_course(samples, rate, flux, notes, tempo.bpm),
    }


def _course(
    samples: FloatArray, rate: int, flux: tuple[NDArray[np.float64], float], notes: NDArray[np.float64], bpm: float
) -> dict[str, Any]:
    """Beats, and what changes along them; nothing where there is no beat."""
    from dsp.beats import beats_of_flux
    from dsp.chords import chords_of_notes, classes_between
    from dsp.segments import section_starts

    beats = beats_of_flux(*flux, bpm) if _LEAST_BPM <= bpm <= _MOST_BPM else np.zeros(0)
    if beats.size <= 2 * _SECTION_BEATS:
        return {}
    edges = beats[::_SECTION_BEATS]
    classes, _ = classes_between(notes, edges)
    return {
        "beats_s": tuple(round(float(beat), 3) for beat in beats),
        "chords": tuple(
            ChordGuess(start_s=chord.start_s, end_s=chord.end_s, symbol=chord.symbol)
            for chord in chords_of_notes(notes, beats.tolist())
        ),
        "section_starts_s": tuple(round(float(at), 3) for at in section_starts(samples, rate, edges, classes)),
    }
