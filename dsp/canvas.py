"""The common look of ``dsp.pictures``: sizes, fonts, time axis, marks, and the PNG itself.

Belongs here: style. Does not belong here: what is drawn. Figures are made as objects, never through pyplot, so
that no state is shared between threads.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from dsp.errors import AudioError
from dsp.levels import check_range

Marks = Sequence[tuple[float, str]]

INK = "#333333"
GREY = "#DDDDDD"
MARK = "#888888"
BLUE = "#0072B2"
LIGHT_BLUE = "#A9D3EC"
ORANGE = "#D55E00"

_DPI = 100
_DETAIL_FROM_PX = 700
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600)


class Canvas:
    """An empty picture of a size in pixels, with margins for labels."""

    def __init__(self, width_px: int, height_px: int, *, has_marks: bool = True) -> None:
        """``width_px`` 100 to 4,000, ``height_px`` 60 to 2,000, else AudioError."""
        from matplotlib.figure import Figure

        check_range("width_px", width_px, 100, 4_000)
        check_range("height_px", height_px, 60, 2_000)
        self.is_detailed = width_px >= _DETAIL_FROM_PX
        self.figure = Figure(figsize=(width_px / _DPI, height_px / _DPI), dpi=_DPI, facecolor="white")
        large = self.is_detailed
        self.font: dict[str, Any] = {"fontfamily": "DejaVu Sans", "fontsize": 8.0 if large else 6.0}
        left, right = (52, 12) if large else (30, 6)
        bottom, top = (26 if large else 17), ((20 if large else 14) if has_marks else 8)
        self.plot_width_px = int(width_px) - left - right
        self.plot_height_px = int(height_px) - bottom - top
        self._left, self._width = left / width_px, self.plot_width_px / width_px
        self._bottom, self._height = bottom / height_px, self.plot_height_px / height_px

    def lane(self, number: int, count: int) -> Any:
        """Axes of one of ``count`` lanes, 0 at the top."""
        height = self._height / count
        return self.figure.add_axes((self._left, self._bottom + (count - 1 - number) * height, self._width, height))

    def area(self, left: float, right: float) -> Any:
        """Axes over the whole height, from ``left`` to ``right`` as shares of the plot's width."""
        start = self._left + left * self._width
        return self.figure.add_axes((start, self._bottom, (right - left) * self._width, self._height))

    def style(self, axes: Any) -> None:
        """Thin frame without top and right, small dark labels."""
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(MARK)
            spine.set_linewidth(0.8)
        axes.tick_params(length=3 if self.is_detailed else 2, pad=2, colors=INK, width=0.8)
        for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
            label.set_fontfamily(self.font["fontfamily"])
            label.set_fontsize(self.font["fontsize"])
        axes.set_axisbelow(True)

    def time_axis(
        self,
        axes: Any,
        duration_s: float,
        marks: Marks,
        *,
        is_first: bool = True,
        is_last: bool = True,
        mark_colour: str = MARK,
    ) -> None:
        """Minutes and seconds under the last lane, marks through all lanes, their names over the first."""
        axes.set_xlim(0.0, duration_s)
        wanted = duration_s / (12 if self.is_detailed else 5)
        step = next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])
        ticks = [number * step for number in range(int(duration_s / step + 1e-9) + 1)]
        axes.set_xticks(ticks, [_clock(tick, step) for tick in ticks] if is_last else [])
        starts = sorted((float(time_s), str(label)) for time_s, label in marks)
        if any(not np.isfinite(time_s) for time_s, _ in starts):
            raise AudioError("marks must be at finite times")
        starts = [mark for mark in starts if 0.0 <= mark[0] < duration_s]
        for number, (time_s, label) in enumerate(starts):
            axes.axvline(time_s, color=mark_colour, linewidth=0.9 if self.is_detailed else 0.6)
            if is_first:
                end_s = starts[number + 1][0] if number + 1 < len(starts) else duration_s
                self._name(axes, label, time_s, (end_s - time_s) / duration_s * self.plot_width_px)
        self.style(axes)

    def note(self, axes: Any, text: str, height: float) -> None:
        """A short text at the right end, just over ``height`` on the vertical axis."""
        axes.text(
            0.995,
            height,
            text,
            transform=axes.get_yaxis_transform(),
            ha="right",
            va="bottom",
            color=ORANGE,
            **self.font,
        )

    def png(self, colours: int) -> bytes:
        """The picture with at most ``colours``, which is a third of the bytes and hardly a visible difference."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
        image = Image.fromarray(pixels).quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def _name(self, axes: Any, label: str, time_s: float, room_px: float) -> None:
        """The mark's name above the lane, cut to what fits before the next mark."""
        letters = int(room_px / (0.62 * self.font["fontsize"] * _DPI / 72))
        if letters >= 1:
            axes.annotate(
                label if len(label) <= letters else label[:letters],
                (time_s, 1.0),
                xycoords=axes.get_xaxis_transform(),
                xytext=(0, 2),
                textcoords="offset points",
                va="bottom",
                ha="left",
                color=INK,
                annotation_clip=False,
                **self.font,
            )


def _clock(time_s: float, step_s: float) -> str:
    if step_s < 1:
        return f"{time_s:.1f} s"
    return f"{int(time_s) // 60}:{int(time_s) % 60:02d}"
