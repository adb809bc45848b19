"""Scores as pictures: piano rolls, small for the graph's pages and large for the report.

Belongs here: drawing notes and sections. Does not belong here: waveforms and spectrograms (mastering).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.schema import Role
from musicgen_assets.score.clock import seconds, steady, steady_tracks, ticks_per_bar
from musicgen_assets.score.model import Score, Track

ROLE_COLOURS: dict[Role, str] = {
    "lead": "#D55E00",
    "vocal": "#000000",
    "counter": "#CC79A7",
    "bass": "#0072B2",
    "chords": "#E69F00",
    "arpeggio": "#009E73",
    "pad": "#56B4E9",
    "drums": "#555555",
    "percussion": "#8C6D31",
}
"""Okabe and Ito's palette (2008), told apart by colour-blind readers too."""

_BACK_TO_FRONT: tuple[Role, ...] = ("pad", "chords", "arpeggio", "counter", "bass", "lead", "vocal")
_ALPHA: dict[Role, float] = {"pad": 0.45, "chords": 0.75}
_ALPHA_OTHERWISE = 0.9
_DRUM_LANES = (
    ("kick", (35, 36)),
    ("snare", (37, 38, 39, 40)),
    ("toms", (41, 43, 45, 47, 48, 50)),
    ("hats", (42, 44, 46)),
    ("ride", (51, 53, 59)),
    ("crash", (49, 52, 55, 57)),
)
_PERCUSSION_LANE = "perc."
_DPI = 100
_DETAIL_FROM_PX = 700
"""Narrower pictures are thumbnails: no legend, fewer labels."""
_PALETTE_SIZE = 256


def piano_roll_png(score: Score, tracks: Sequence[Track], *, width_px: int, height_px: int) -> bytes:
    """PNG of ``tracks`` (the score's own, or with a sung line merged in) over the song's time.

    Pitch upwards, one colour a role, drums in a strip below, sections named between their boundaries,
    seconds along the bottom and bar numbers at each section. Equal inputs give equal bytes.
    """
    from matplotlib.figure import Figure

    tracks, score = steady_tracks(tracks, score), steady(score)
    is_detailed = width_px >= _DETAIL_FROM_PX
    figure = Figure(figsize=(width_px / _DPI, height_px / _DPI), dpi=_DPI, facecolor="white")
    pitched = [track for track in tracks if not track.is_drums and track.notes]
    drums = [track for track in tracks if track.is_drums and track.notes]
    left, right = (60 if is_detailed else 34) / width_px, 1 - 8 / width_px
    bottom, top = (42 if is_detailed else 20) / height_px, 1 - (36 if is_detailed else 17) / height_px
    strip = (top - bottom) * 0.24 if drums else 0.0
    roll = figure.add_axes((left, bottom + strip, right - left, top - bottom - strip))
    _draw_notes(roll, score, pitched, is_detailed)
    _draw_sections(roll, score, is_detailed, has_names=True)
    lowest = roll
    if drums:
        lowest = figure.add_axes((left, bottom, right - left, strip))
        _draw_drums(lowest, score, drums, is_detailed)
        _draw_sections(lowest, score, is_detailed, has_names=False)
        roll.set_xticks([])
    _draw_time(lowest, score, is_detailed)
    if is_detailed:
        _draw_legend(figure, [*pitched, *drums])
    return _encode(figure)


def _boxes(track: Track, score: Score, height: float) -> NDArray[np.float64]:
    """Corners of each note's rectangle in seconds and semitones, shape (n, 4, 2)."""
    notes = track.array()
    start = notes[:, 0] * seconds(1, score.tempo_bpm)
    end = start + np.maximum(notes[:, 1] * seconds(1, score.tempo_bpm), score.duration_s / 1500)
    low, high = notes[:, 2] - height / 2, notes[:, 2] + height / 2
    corners = np.stack([start, low, start, high, end, high, end, low], axis=1)
    return corners.reshape(-1, 4, 2).astype(np.float64)


def _draw_notes(axes: Any, score: Score, tracks: Sequence[Track], is_detailed: bool) -> None:
    from matplotlib.collections import PolyCollection

    for role in _BACK_TO_FRONT:
        for track in tracks:
            if track.role != role:
                continue
            boxes: Any = _boxes(track, score, 0.9 if is_detailed else 1.3)
            colour, alpha = ROLE_COLOURS[role], _ALPHA.get(role, _ALPHA_OTHERWISE)
            axes.add_collection(PolyCollection(boxes, facecolors=colour, alpha=alpha, linewidths=0))
    pitches = np.concatenate([track.array()[:, 2] for track in tracks] or [np.array([48, 72])])
    low, high = int(pitches.min()) - 2, int(pitches.max()) + 3
    axes.set_ylim(low, high)
    every = 12 if is_detailed else 24
    octaves = [pitch for pitch in range(0, 128, every) if low <= pitch <= high]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves], **_font(is_detailed))
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def _draw_drums(axes: Any, score: Score, tracks: Sequence[Track], is_detailed: bool) -> None:
    lane_of = {key: lane for lane, (_, keys) in enumerate(_DRUM_LANES) for key in keys}
    others = len(_DRUM_LANES)
    for track in tracks:
        notes = track.array()
        lanes = np.array([lane_of.get(int(key), others) for key in notes[:, 2]], dtype=float)
        if track.role == "percussion":
            lanes[:] = others
        times = notes[:, 0] * seconds(1, score.tempo_bpm)
        reach = 0.12 + 0.3 * notes[:, 3] / 127
        axes.vlines(
            times,
            lanes - reach,
            lanes + reach,
            colors=ROLE_COLOURS[track.role],
            linewidth=0.9 if is_detailed else 0.6,
        )
    axes.set_ylim(-0.6, others + 0.6)
    names = [name for name, _ in _DRUM_LANES] + [_PERCUSSION_LANE]
    shown = range(len(names)) if is_detailed else (0, 1, 3)
    axes.set_yticks(list(shown), [names[lane] for lane in shown], **_font(is_detailed))
    axes.tick_params(axis="y", length=0)


def _draw_sections(axes: Any, score: Score, is_detailed: bool, *, has_names: bool) -> None:
    edges = [seconds(section.start_ticks, score.tempo_bpm) for section in score.sections]
    edges.append(seconds(score.end_ticks, score.tempo_bpm))
    for number, section in enumerate(score.sections):
        if number % 2:
            axes.axvspan(edges[number], edges[number + 1], color="#F3F3F3", zorder=0, linewidth=0)
        axes.axvline(edges[number], color="#888888", linewidth=0.8 if is_detailed else 0.5, zorder=0.5)
        if has_names:
            name = section.name.replace("_", " ")
            label = f"{name}\nbar {section.start_bar + 1}" if is_detailed else name
            _name_section(axes, label, edges[number], edges[number + 1], score.duration_s, is_detailed)
    axes.axvline(edges[-1], color="#888888", linewidth=0.8 if is_detailed else 0.5, zorder=0.5)
    axes.set_xlim(0, score.duration_s)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _name_section(axes: Any, label: str, start_s: float, end_s: float, duration_s: float, is_detailed: bool) -> None:
    """The section's name above the roll, cut to what fits between its boundaries."""
    width_px = (end_s - start_s) / duration_s * axes.get_window_extent().width
    fits = max(int(width_px / (5.6 if is_detailed else 4.2)), 1)
    text = "\n".join(line if len(line) <= fits else line[:fits] for line in label.split("\n"))
    place = axes.get_xaxis_transform()
    axes.text(start_s, 1.02, text, transform=place, va="bottom", ha="left", clip_on=False, **_font(is_detailed))


def _draw_time(axes: Any, score: Score, is_detailed: bool) -> None:
    wanted = score.duration_s / (12 if is_detailed else 5)
    step = next((step for step in (5, 10, 15, 20, 30, 60, 120) if step >= wanted), 120)
    marks = list(range(0, int(score.duration_s) + 1, step))
    axes.set_xticks(marks, [f"{mark // 60}:{mark % 60:02d}" for mark in marks], **_font(is_detailed))
    if is_detailed:
        bar_s = seconds(ticks_per_bar(score.time_signature), score.tempo_bpm)
        note = f"{score.key} {score.scale}, {score.time_signature}, {score.tempo_bpm:g} BPM, a bar is {bar_s:.2f} s"
        figure = axes.figure
        figure.text(0.995, 0.012, note, ha="right", va="bottom", color="#555555", **_font(is_detailed))


def _draw_legend(figure: Any, tracks: Sequence[Track]) -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.patches import Patch

    names: dict[Role, list[str]] = {}
    for track in tracks:
        names.setdefault(track.role, []).append(track.name)
    handles = [
        Patch(facecolor=ROLE_COLOURS[role], alpha=_ALPHA.get(role, _ALPHA_OTHERWISE), label=", ".join(found))
        for role, found in names.items()
    ]
    figure.legend(
        handles=handles, loc="lower left", ncols=len(handles), frameon=False, borderaxespad=0.1,
        handlelength=0.8, columnspacing=1.0, handletextpad=0.4, prop=FontProperties(family="DejaVu Sans", size=6.5),
    )  # fmt: skip


def _font(is_detailed: bool) -> dict[str, Any]:
    return {"fontfamily": "DejaVu Sans", "fontsize": 7.0 if is_detailed else 5.2}


def _encode(figure: Any) -> bytes:
    """The figure as an indexed PNG (a third of the size of full colour, and no visible loss here)."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    image = Image.fromarray(np.ascontiguousarray(pixels)).quantize(_PALETTE_SIZE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
