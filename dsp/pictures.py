"""Audio as PNG pictures: waveform, spectrogram, loudness over time, long-term spectrum.

Dark on white, colours of Okabe and Ito (2008) and an even light-to-dark map, both readable for colour-blind
people. Narrower than 700 px they are thumbnails: fewer labels, under 60 kB up to 480 x 240. Equal inputs give
equal bytes.

Belongs here: drawing what ``dsp`` measures. Does not belong here: notes and sections (scores draw themselves);
section names arrive as ``marks``, pairs of a time in seconds and a short text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.canvas import BLUE, GREY, INK, LIGHT_BLUE, ORANGE, Canvas, Marks
from dsp.errors import AudioError
from dsp.levels import FloatArray, check_audio, check_range, check_rate

DoubleArray = NDArray[np.float64]

_LOWEST_HZ, _HIGHEST_HZ = 30.0, 20_000.0
_FFT_S = 0.17
_FRAMES_PER_COLUMN = 2
_SPAN_DB = 80.0
_SHOWN_HZ = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_SHOWN_HZ_MEL = (200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000)
_SHOWN_HZ_SMALL = (100, 1_000, 10_000)


def waveform_png(
    samples: FloatArray, rate: int, *, width_px: int = 1_200, height_px: int = 300, marks: Marks = ()
) -> bytes:
    """Peaks (light) and RMS (dark) over time; two lanes for stereo in large pictures, one of both in thumbnails.

    Args:
        samples: float32 (1 or 2, samples).
        rate: in Hz.
        width_px: 100 to 4,000.
        height_px: 60 to 2,000.
        marks: (time_s, label) pairs, drawn as lines and named above.

    Raises:
        AudioError: no audio, or a value out of range.
    """
    _check(samples, rate)
    canvas = Canvas(width_px, height_px)
    lanes = list(samples) if canvas.is_detailed and samples.shape[0] == 2 else [samples]
    top = max(1.0, float(samples.max()), -float(samples.min()))
    for number, lane in enumerate(lanes):
        axes = canvas.lane(number, len(lanes))
        edges, low, high, rms = _outline(np.atleast_2d(lane), canvas.plot_width_px)
        axes.fill_between(edges / rate, low, high, color=LIGHT_BLUE, linewidth=0, step="post")
        axes.fill_between(edges / rate, -rms, rms, color=BLUE, linewidth=0, step="post")
        axes.set_ylim(-top, top)
        axes.set_yticks([-1.0, 0.0, 1.0], ["-1", "0", "1"] if len(lanes) == 1 else ["", "LR"[number], ""])
        canvas.time_axis(axes, samples.shape[1] / rate, marks, is_first=number == 0, is_last=lane is lanes[-1])
    return canvas.png(colours=32)


def spectrogram_png(
    samples: FloatArray, rate: int, *, width_px: int = 1_200, height_px: int = 400, marks: Marks = ()
) -> bytes:
    """Mel spectrogram: power over time and mel-spaced frequency, 30 Hz to 20 kHz, the mean of all channels.

    The darkest is the loudest spot; the palest is 80 dB under it and less. Arguments and errors as in ``waveform_png``.
    """
    _check(samples, rate)
    check_range("rate", rate, 1_000, 768_000)
    canvas = Canvas(width_px, height_px)
    axes = canvas.lane(0, 1)
    top_hz = min(_HIGHEST_HZ, rate / 2.0)
    columns = max(1, min(canvas.plot_width_px, samples.shape[1] // 64))
    power = _mel_spectrogram(samples, rate, columns, canvas.plot_height_px, top_hz)
    decibels = 10.0 * np.log10(np.maximum(power, 1e-14))
    top_db = max(float(decibels.max()), -60.0)
    duration_s = samples.shape[1] / rate
    extent = (0.0, duration_s, mel_of(_LOWEST_HZ), mel_of(top_hz))
    axes.imshow(
        decibels, cmap="magma_r", vmin=top_db - _SPAN_DB, vmax=top_db, extent=extent, origin="lower", aspect="auto"
    )
    _frequency_ticks(axes, "y", canvas.is_detailed, top_hz, is_mel=True)
    canvas.time_axis(axes, duration_s, marks, mark_colour=BLUE)
    return canvas.png(colours=128)


def loudness_png(
    times_s: ArrayLike,
    lufs: ArrayLike,
    target_lufs: float | None = None,
    *,
    width_px: int = 1_200,
    height_px: int = 300,
    marks: Marks = (),
) -> bytes:
    """Short-term loudness over time (``dsp.loudness.short_term_curve``), and the target of the whole as a dashed line.

    Args:
        times_s: seconds, rising, at least one.
        lufs: as many values.
        target_lufs: the level asked of the whole, or None.
        width_px: 100 to 4,000.
        height_px: 60 to 2,000.
        marks: (time_s, label) pairs.

    Raises:
        AudioError: lengths differ, values are not finite, or a size is out of range.
    """
    times, values = _series("times_s", times_s), _series("lufs", lufs)
    if times.size != values.size:
        raise AudioError(f"times_s and lufs must be of one length, got {times.size} and {values.size}")
    canvas = Canvas(width_px, height_px)
    axes = canvas.lane(0, 1)
    shown = [*values, *([] if target_lufs is None else [target_lufs])]
    low, high = max(-70.0, min(max(min(shown), max(shown) - 45.0), max(shown) - 12.0)) - 2.0, max(shown) + 3.0
    axes.fill_between(times, low, np.maximum(values, low), color=LIGHT_BLUE, linewidth=0, alpha=0.6)
    axes.plot(times, values, color=BLUE, linewidth=1.6 if canvas.is_detailed else 1.0, marker="o" * (times.size == 1))
    if target_lufs is not None:
        axes.axhline(target_lufs, color=ORANGE, linewidth=1.2, linestyle=(0, (5, 3)))
        if canvas.is_detailed:
            canvas.note(axes, f"target {target_lufs:g} LUFS", target_lufs)
    axes.set_ylim(low, high)
    every = 6 if canvas.is_detailed else 12
    ticks = [tick for tick in range(-72, 13, every) if low <= tick <= high]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.grid(axis="y", color=GREY, linewidth=0.5)
    if canvas.is_detailed:
        axes.set_ylabel("LUFS, 3 s", color=INK, **canvas.font)
    # The curve's ends are middles of windows; the audio reaches as far again on both sides.
    canvas.time_axis(axes, max(float(times[-1] + times[0]), float(times[-1]), 1e-3), marks)
    return canvas.png(colours=64)


def spectrum_png(
    bands: tuple[ArrayLike, ArrayLike],
    corridor: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    *,
    width_px: int = 900,
    height_px: int = 360,
) -> bytes:
    """Third-octave levels as steps over logarithmic frequency, and the corridor they should lie in, shaded.

    Args:
        bands: centres in Hz (rising) and levels in dB, as ``dsp.analysis.band_levels`` answers them.
        corridor: centres in Hz, lowest and highest level in dB, on the same scale as the levels; None for none.
            Bands outside it are marked.
        width_px: 100 to 4,000.
        height_px: 60 to 2,000.

    Raises:
        AudioError: lengths differ, values are not finite, or a size is out of range.
    """
    centres, levels = _series("bands", bands[0]), _series("bands", bands[1])
    if centres.size != levels.size or centres.min() <= 0.0:
        raise AudioError("bands must be positive frequencies and as many levels")
    canvas = Canvas(width_px, height_px, has_marks=False)
    axes = canvas.lane(0, 1)
    top = float(levels.max()) + 4.0
    low = max(float(levels.min()), top - 70.0) - 3.0
    if corridor is not None:
        hz, lowest, highest = (_series("corridor", part) for part in corridor)
        if not hz.size == lowest.size == highest.size:
            raise AudioError(
                f"a corridor needs as many limits as frequencies, got {hz.size}, {lowest.size}, {highest.size}"
            )
        top = max(top, float(highest.max()) + 2.0)
        axes.fill_between(hz, lowest, highest, color=LIGHT_BLUE, alpha=0.6, linewidth=0)
    axes.step(centres, levels, where="mid", color=BLUE, linewidth=1.8 if canvas.is_detailed else 1.2)
    if corridor is not None:
        below, above = (np.interp(np.log(centres), np.log(hz), limit) for limit in (lowest, highest))
        is_out = ((levels < below) | (levels > above)) & (centres >= hz[0]) & (centres <= hz[-1])
        axes.plot(centres[is_out], levels[is_out], "v", color=ORANGE, markersize=6 if canvas.is_detailed else 4)
    axes.set_xscale("log")
    axes.set_xlim(centres[0] * 0.89, centres[-1] * 1.12)
    axes.set_ylim(low, top)
    ticks = [tick for tick in range(-200, 61, 10) if low <= tick <= top]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.grid(color=GREY, linewidth=0.5)
    _frequency_ticks(axes, "x", canvas.is_detailed, float(centres[-1]) * 1.12, is_mel=False)
    canvas.style(axes)
    if canvas.is_detailed:
        axes.set_ylabel("dB per third of an octave", color=INK, **canvas.font)
    return canvas.png(colours=64)


def _check(samples: FloatArray, rate: int) -> None:
    check_audio(samples)
    check_rate(rate)
    if samples.shape[0] > 2:
        raise AudioError(f"one or two channels are drawn, got {samples.shape[0]}")


def _series(name: str, values: ArrayLike) -> DoubleArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise AudioError(f"{name} must be a row of finite numbers, at least one; got shape {array.shape}")
    return array


def _outline(lane: FloatArray, columns: int) -> tuple[DoubleArray, DoubleArray, DoubleArray, DoubleArray]:
    """Lowest, highest and RMS value per picture column over all channels; positions and values end with a repeat."""
    edges = np.unique(np.linspace(0, lane.shape[1], min(columns, lane.shape[1]) + 1).astype(np.int64))
    low = np.minimum.reduceat(lane, edges[:-1], axis=1).min(axis=0)
    high = np.maximum.reduceat(lane, edges[:-1], axis=1).max(axis=0)
    power = np.add.reduceat(np.square(lane, dtype=np.float64), edges[:-1], axis=1).mean(axis=0) / np.diff(edges)
    parts = [np.append(part, part[-1]).astype(np.float64) for part in (low, high, np.sqrt(power))]
    return edges.astype(np.float64), parts[0], parts[1], parts[2]


def mel_of(hz: float) -> float:
    """Mels of a frequency in Hz: ``2595 log10(1 + f / 700)`` (S. Young et al., The HTK Book, 2006, section 5.4)."""
    return float(2_595.0 * np.log10(1.0 + hz / 700.0))


def _mel_spectrogram(samples: FloatArray, rate: int, columns: int, rows: int, top_hz: float) -> DoubleArray:
    """Mean power per picture point, shape (rows, columns), lowest frequency first."""
    from scipy.fft import rfft

    size = 1 << round(np.log2(_FFT_S * rate))
    count = columns * _FRAMES_PER_COLUMN
    middles = ((np.arange(count) + 0.5) * samples.shape[1] / count).astype(np.int64)
    window = (np.hanning(size) * 4.0 / size).astype(np.float32)
    power = np.zeros((count, size // 2 + 1))
    for channel in samples:
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(channel, size // 2), size)[middles]
        power += np.square(np.abs(rfft(frames * window, axis=1)), dtype=np.float64) / samples.shape[0]
    power = power.reshape(columns, _FRAMES_PER_COLUMN, -1).mean(axis=1)
    mels = np.linspace(mel_of(_LOWEST_HZ), mel_of(top_hz), rows + 1)
    borders = 700.0 * (10.0 ** (mels / 2_595.0) - 1.0) * size / rate
    # Running sums, read at the row borders: rows narrower than a line interpolate, wider ones average.
    running = np.concatenate([np.zeros((columns, 1)), np.cumsum(power, axis=1)], axis=1)
    at = np.clip(borders + 0.5, 0.0, running.shape[1] - 1.001)
    whole = at.astype(np.int64)
    sums = running[:, whole] + (running[:, whole + 1] - running[:, whole]) * (at - whole)
    return np.asarray((np.diff(sums, axis=1) / np.diff(at)).T, dtype=np.float64)


def _shown_hz(is_mel: bool) -> Sequence[int]:
    return _SHOWN_HZ_MEL if is_mel else _SHOWN_HZ


def _frequency_ticks(axes: Any, side: str, is_detailed: bool, top_hz: float, is_mel: bool) -> None:
    shown: Sequence[int] = [hz for hz in (_shown_hz(is_mel) if is_detailed else _SHOWN_HZ_SMALL) if hz <= top_hz]
    places = [mel_of(hz) if is_mel else float(hz) for hz in shown]
    labels = [f"{hz // 1_000}k" if hz >= 1_000 else str(hz) for hz in shown]
    if side == "y":
        axes.set_yticks(places, labels)
        axes.set_yticks([], minor=True)
    else:
        axes.set_xticks(places, labels)
        axes.set_xticks([], minor=True)
