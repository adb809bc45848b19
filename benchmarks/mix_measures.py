"""What a finished mix measures: distance, the lead against the rest, the low end, sections, masking, fold-down.

Belongs here: measures of one mixed song, each from its dry stems and its plan. Does not belong here: making songs and
the table (mixes), deciding anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dsp.levels import correlation, mono_fold_down_loss_lu, null_depth_db
from dsp.loudness import LOUDNESS_FLOOR_LUFS, integrated_lufs
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.mixing.plan import MixPlan, Strip
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import Score

LOW_HZ = 120.0
LEADS = ("lead", "vocal")
CHORUSES = ("chorus", "drop")
FRAME_S = 0.1
ACTIVE_DB = -30.0
"""Frames this far under the lead's loudest do not count as it sounding."""
COVERED_DB = 3.0
"""An octave of the lead counts as covered where another track stands this far above it."""
LEAD_OCTAVES_HZ = (500.0, 1_000.0, 2_000.0, 4_000.0)
LOW_OCTAVES_HZ = (63.0, 125.0)


@dataclass(frozen=True)
class Heard:
    """A mixed song taken apart. All float32 (2, samples), at the mix's level; ``dry`` are strips without returns."""

    plan: MixPlan
    score: Score
    rate_hz: int
    main: FloatArray
    stems: Mapping[str, FloatArray]
    dry: Mapping[str, FloatArray]
    reverbs: Mapping[str, FloatArray]
    """What each strip's reverb alone returns."""


def measures_of(heard: Heard) -> dict[str, Any]:
    """Every measure, by name."""
    rest = heard.main - lead_sum(heard)
    return {
        "lufs": round(integrated_lufs(heard.main, heard.rate_hz), 1),
        "direct_to_reverb_lu": {strip.track: direct_to_reverb_lu(heard, strip) for strip in heard.plan.strips},
        "lead_over_rest_lu": round(
            integrated_lufs(lead_sum(heard), heard.rate_hz) - integrated_lufs(rest, heard.rate_hz), 1
        ),
        "low_correlation": round(low_correlation(heard.main, heard.rate_hz), 3),
        "chorus_over_verse_lu": chorus_over_verse_lu(heard),
        "lead_covered": lead_covered(heard),
        "kick_bass_covered": low_covered(heard),
        "mono_loss_lu": round(mono_fold_down_loss_lu(heard.main, heard.rate_hz), 2),
        "null_db": round(null_depth_db(np.sum(list(heard.stems.values()), axis=0, dtype=np.float32), heard.main), 1),
    }


def lead_sum(heard: Heard) -> FloatArray:
    """What leads: melody, voice and its harmonies together."""
    found = [heard.stems[strip.track] for strip in heard.plan.strips if strip.role in LEADS]
    return np.sum(found, axis=0, dtype=np.float32) if found else np.zeros_like(heard.main)


def direct_to_reverb_lu(heard: Heard, strip: Strip) -> float | None:
    """Loudness of the direct sound over that of its reverb; None where there are none."""
    dry = heard.dry[strip.track]
    wet_lufs = integrated_lufs(heard.reverbs[strip.track], heard.rate_hz)
    return None if wet_lufs <= LOUDNESS_FLOOR_LUFS else round(integrated_lufs(dry, heard.rate_hz) - wet_lufs, 1)


def low_correlation(samples: FloatArray, rate_hz: int, below_hz: float = LOW_HZ) -> float:
    """Correlation of left and right under ``below_hz``, by a filter without slope or phase."""
    spectrum = np.fft.rfft(samples)
    spectrum[:, np.fft.rfftfreq(samples.shape[1], 1.0 / rate_hz) > below_hz] = 0.0
    return correlation(np.fft.irfft(spectrum, samples.shape[1]).astype(np.float32))


def chorus_over_verse_lu(heard: Heard) -> float | None:
    """Loudness of the choruses (or drops) over that of the verses; None in a song without both."""
    groups = {"high": CHORUSES, "low": ("verse",)}
    levels = {}
    for name, kinds in groups.items():
        parts = [
            heard.main[:, first:last]
            for section in heard.score.sections
            if section.kind in kinds
            for first, last in [_span(section.start_ticks, section.end_ticks, heard)]
        ]
        if not parts:
            return None
        levels[name] = integrated_lufs(np.concatenate(parts, axis=1), heard.rate_hz)
    return round(levels["high"] - levels["low"], 1)


def _span(start_ticks: int, end_ticks: int, heard: Heard) -> tuple[int, int]:
    return tuple(round(seconds(tick, heard.score.tempo_bpm) * heard.rate_hz) for tick in (start_ticks, end_ticks))  # type: ignore[return-value]


def lead_covered(heard: Heard) -> float | None:
    """Share of the lead's own octaves and moments in which chords, pads and the like stand 3 dB above it, 0-1."""
    covering = [
        heard.stems[strip.track]
        for strip in heard.plan.strips
        if strip.role in ("chords", "pad", "arpeggio", "counter")
    ]
    lead = lead_sum(heard)
    if not covering or not lead.any():
        return None
    return covered(lead, np.sum(covering, axis=0, dtype=np.float32), heard.rate_hz, LEAD_OCTAVES_HZ)


def low_covered(heard: Heard) -> float | None:
    """The same of the drums' lowest octaves under the bass."""
    drums = [heard.stems[strip.track] for strip in heard.plan.strips if strip.role == "drums"]
    bass = [heard.stems[strip.track] for strip in heard.plan.strips if strip.role == "bass"]
    if not drums or not bass:
        return None
    return covered(
        np.sum(drums, axis=0, dtype=np.float32),
        np.sum(bass, axis=0, dtype=np.float32),
        heard.rate_hz,
        LOW_OCTAVES_HZ,
        frames_over_db=-12.0,
    )


def covered(
    own: FloatArray, other: FloatArray, rate_hz: int, octaves_hz: Sequence[float], frames_over_db: float = ACTIVE_DB
) -> float:
    """Share of (active frame, own octave) in which ``other`` stands ``COVERED_DB`` over ``own``."""
    mine, theirs = (octave_levels_db(samples, rate_hz, octaves_hz) for samples in (own, other))
    loudest = mine.max(axis=1)
    is_active = loudest > loudest.max() + frames_over_db
    # An octave 10 dB under the frame's strongest carries little of what is understood.
    is_own = mine > mine.max(axis=1, keepdims=True) - 10.0
    counted = is_own & is_active[:, None]
    return round(float((counted & (theirs > mine + COVERED_DB)).sum() / max(1, counted.sum())), 3)


def octave_levels_db(samples: FloatArray, rate_hz: int, octaves_hz: Sequence[float]) -> np.ndarray[Any, Any]:
    """Levels by frame and octave, shape (frames, octaves), in dB."""
    size = round(FRAME_S * rate_hz)
    count = samples.shape[1] // size
    frames = samples[:, : count * size].reshape(samples.shape[0], count, size)
    power = (np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=2)) ** 2).sum(axis=0)
    frequencies = np.fft.rfftfreq(size, 1.0 / rate_hz)
    columns = [power[:, (frequencies >= hz / 2**0.5) & (frequencies < hz * 2**0.5)].sum(axis=1) for hz in octaves_hz]
    return 10.0 * np.log10(np.stack(columns, axis=1) + 1e-12)
