"""Two more pictures of sound: the phase scope, and how energy was planned against how loud it became.

Same look, sizes and rules as ``dsp.pictures``. Does not belong here: sections and their plan, which arrive as numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.canvas import BLUE, GREY, INK, LIGHT_BLUE, MARK, ORANGE, Canvas
from dsp.errors import AudioError
from dsp.levels import FloatArray, as_channels, check_audio, check_rate, correlation

DoubleArray = NDArray[np.float64]

_POINTS = 400_000
"""Samples drawn at most: every n-th of a longer song, which shows the same cloud."""
_CELLS = 180
_SPAN_DB = 45.0
_BLOCK_S = 0.4


def phase_scope_png(samples: FloatArray, rate: int, *, width_px: int = 1_200, height_px: int = 400) -> bytes:
    """Goniometer and correlation over time: mono stands upright, width lies flat, what cancels leans sideways.

    Left: how often left and right take which values, turned by 45 degrees, the darker the more often. Right: their
    correlation in blocks of 0.4 s, 1 (alike) to -1 (opposite). Thumbnails have the left part only.

    Args:
        samples: float32 (1 or 2, samples). rate: in Hz. width_px: 100 to 4,000. height_px: 60 to 2,000.

    Raises:
        AudioError: no audio, more than two channels, or a size out of range.
    """
    check_audio(samples)
    check_rate(rate)
    if samples.shape[0] > 2:
        raise AudioError(f"one or two channels are drawn, got {samples.shape[0]}")
    stereo = as_channels(samples, 2)
    canvas = Canvas(width_px, height_px, has_marks=False)
    width = canvas.plot_height_px / width_px
    left = canvas.area(0.0, width if canvas.is_detailed else 1.0)
    _draw_cloud(left, stereo, canvas)
    if canvas.is_detailed:
        _draw_correlation(canvas.area(width + 0.06, 1.0), stereo, rate, canvas)
    return canvas.png(colours=64)


def _draw_cloud(axes: Any, stereo: FloatArray, canvas: Canvas) -> None:
    step = max(1, stereo.shape[1] // _POINTS)
    mid = (stereo[0, ::step] + stereo[1, ::step]) * np.float32(0.5)
    side = (stereo[1, ::step] - stereo[0, ::step]) * np.float32(0.5)
    reach = max(float(np.abs(mid).max()), float(np.abs(side).max()), 1e-4)
    edges = np.linspace(-reach, reach, _CELLS + 1)
    counts, _, _ = np.histogram2d(mid, side, bins=(edges, edges))
    decibels = np.full(counts.shape, np.nan)
    np.log10(counts / max(float(counts.max()), 1.0), out=decibels, where=counts > 0)
    decibels *= 10.0
    axes.imshow(decibels, cmap="Blues", vmin=-_SPAN_DB, vmax=0.0, extent=(-1, 1, -1, 1), origin="lower",
                       aspect="equal", interpolation="nearest")  # fmt: skip
    axes.plot([-1, 1], [-1, 1], color=MARK, linewidth=0.6)
    axes.plot([-1, 1], [1, -1], color=MARK, linewidth=0.6)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.set_xticks([-1, 0, 1], ["", "side", ""])
    axes.set_yticks([-1, 0, 1], ["", "mid", ""])
    for name, place, align in (("L", -0.97, "left"), ("R", 0.97, "right")):
        axes.text(place, 0.78, name, ha=align, va="top", color=INK, **canvas.font)
    canvas.style(axes)


def _draw_correlation(axes: Any, stereo: FloatArray, rate: int, canvas: Canvas) -> None:
    size = max(1, round(_BLOCK_S * rate))
    count = max(1, stereo.shape[1] // size)
    values = [
        correlation(np.ascontiguousarray(stereo[:, number * size : (number + 1) * size])) for number in range(count)
    ]
    times = (np.arange(count) + 0.5) * min(size, stereo.shape[1]) / rate
    axes.axhspan(-1.0, 0.0, color=GREY, alpha=0.5, linewidth=0)
    axes.plot(times, values, color=BLUE, linewidth=1.4, marker="o" * (count == 1))
    whole = correlation(stereo)
    axes.axhline(whole, color=ORANGE, linewidth=1.2, linestyle=(0, (5, 3)))
    canvas.note(axes, f"whole song {whole:+.2f}", whole if whole < 0.6 else whole - 0.25)
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, -0.5, 0, 0.5, 1], ["-1", "-0.5", "0", "0.5", "1"])
    axes.grid(axis="y", color=GREY, linewidth=0.5)
    axes.set_ylabel("correlation, 0.4 s", color=INK, **canvas.font)
    canvas.time_axis(axes, stereo.shape[1] / rate, ())


def energy_png(
    planned: Sequence[tuple[float, float, float, str]],
    times_s: ArrayLike,
    lufs: ArrayLike,
    *,
    width_px: int = 1_200,
    height_px: int = 260,
) -> bytes:
    """Energy planned for each section (bars) against the loudness it came to (line, short-term; steps, section means).

    Both axes are fitted to each other: the line of least squares from planned energies to mean loudness sets the
    loudness axis, so that a step on top of its bar is a section that came out as planned.

    Args:
        planned: (start_s, end_s, energy 0 to 1, name) of each section, at least one. times_s, lufs: short-term
            loudness (``dsp.loudness.short_term_curve``). width_px: 100 to 4,000. height_px: 60 to 2,000.

    Raises:
        AudioError: no sections, lengths that differ, values that are not finite, or a size out of range.
    """
    times, values = np.asarray(times_s, dtype=np.float64), np.asarray(lufs, dtype=np.float64)
    if not planned or times.size != values.size or times.size == 0 or not np.isfinite([*times, *values]).all():
        raise AudioError(f"cannot draw {len(planned)} sections, {times.size} times and {values.size} finite values")
    means = section_means_lufs(planned, times, values)
    energies = np.array([row[2] for row in planned])
    canvas = Canvas(width_px, height_px)
    axes = canvas.lane(0, 1)
    duration_s = max(row[1] for row in planned)
    for start_s, end_s, energy, _ in planned:
        axes.fill_between([start_s, end_s], 0.0, energy, color=LIGHT_BLUE, linewidth=0, alpha=0.8)
    low, slope = _fitted(energies, means)
    axes.plot(times, (values - low) / slope, color=BLUE, linewidth=1.0 if canvas.is_detailed else 0.7, alpha=0.6)
    for (start_s, end_s, _, _), mean in zip(planned, means, strict=True):
        level = (mean - low) / slope
        axes.plot([start_s, end_s], [level, level], color=ORANGE, linewidth=2.2 if canvas.is_detailed else 1.4)
    axes.set_ylim(0.0, 1.12)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.grid(axis="y", color=GREY, linewidth=0.5)
    if canvas.is_detailed:
        axes.set_ylabel("planned energy", color=INK, **canvas.font)
        likeness = energy_correlation(energies, means)
        told = "" if likeness is None else f"planned and measured agree by {likeness:+.2f}; "
        axes.text(0.995, 0.97, f"{told}{slope:.1f} LU from 0 to 1", transform=axes.transAxes, ha="right", va="top",
                  color=ORANGE, **canvas.font)  # fmt: skip
    canvas.time_axis(axes, duration_s, [(row[0], row[3]) for row in planned])
    return canvas.png(colours=64)


def section_means_lufs(
    planned: Sequence[tuple[float, float, float, str]], times_s: DoubleArray, lufs: DoubleArray
) -> DoubleArray:
    """Mean loudness (of powers) of each section; one shorter than the curve's steps has the nearest value."""
    means = []
    for start_s, end_s, _, _ in planned:
        inside = (times_s >= start_s) & (times_s < end_s)
        found = lufs[inside] if inside.any() else lufs[[int(np.argmin(np.abs(times_s - 0.5 * (start_s + end_s))))]]
        means.append(10.0 * np.log10(np.mean(10.0 ** (found / 10.0))))
    return np.array(means)


def energy_correlation(energies: DoubleArray, means_lufs: DoubleArray) -> float | None:
    """Pearson's correlation of planned energies with measured loudness; None where either does not vary."""
    if energies.size < 2 or float(np.ptp(energies)) < 1e-9 or float(np.ptp(means_lufs)) < 1e-9:
        return None
    return float(np.corrcoef(energies, means_lufs)[0, 1])


def _fitted(energies: DoubleArray, means: DoubleArray) -> tuple[float, float]:
    """LUFS at energy 0, and LU from energy 0 to 1, at least 3: a song without contrast is drawn flat."""
    spread = energies - energies.mean()
    slope = float((spread * (means - means.mean())).sum() / max(float((spread**2).sum()), 1e-9))
    slope = min(max(slope, 3.0), 60.0)
    return float(means.mean() - slope * energies.mean()), slope
