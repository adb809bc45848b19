"""A picture for dark pages, made from the one for light pages: the same drawing under another palette.

Belongs here: turning colours over. Does not belong here: drawing. Pictures of this project are PNGs of few colours
(``dsp.canvas``), so that a dark one costs a millisecond and can never show anything else than its twin.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError

DARK_PAGE = (22, 19, 15)
"""What white becomes; report.html's dark page."""
_BRIGHTEST = 0.93
"""OKLab lightness of what was black."""
_HEAT_REACH = 14
"""How far quantizing moves a colour off the heat map, out of 255."""
_LIFT = 0.75
"""Pale colours keep their distance from the page: eyes part dark tones less well than light ones."""

Floats = NDArray[np.float64]

_TO_LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
_TO_LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
"""B. Ottosson, "A perceptual color space for image processing", 2020."""


def dark_png(png: bytes, page: tuple[int, int, int] = DARK_PAGE) -> bytes:
    """The palette PNG ``png`` with light and dark exchanged and every hue kept; its white becomes ``page``.

    Equal inputs give equal bytes.

    Raises:
        AudioError: no PNG, or one without a palette.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(png))
        image.load()
    except (UnidentifiedImageError, OSError) as error:
        raise AudioError(f"no picture in {len(png)} bytes: {error}") from error
    palette = image.getpalette() if image.mode == "P" else None
    if palette is None:
        raise AudioError(f"a picture of few colours is needed, this one is {image.mode}")
    colours = np.array(palette, dtype=np.float64).reshape(-1, 3)
    turned = turned_over(colours, page)
    places, is_heat = _on_heat_map(colours)
    turned[is_heat] = _heat_map()[255 - places[is_heat]]
    image.putpalette(turned.ravel().tolist())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _heat_map() -> NDArray[np.int64]:
    """The colours of a spectrogram from nothing to the loudest, shape (256, 3), as ``dsp.pictures`` draws them."""
    from matplotlib import colormaps

    shares = colormaps["magma_r"](np.arange(256))
    return np.asarray(np.rint(np.asarray(shares)[:, :3] * 255.0), dtype=np.int64)


def _on_heat_map(colours: Floats) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Nearest place of each colour on the heat map, and whether it is one of its colours at all.

    Turned over, those would keep their hues in the wrong order: what is loudest must be the brightest again.
    """
    distance = np.abs(colours[:, None, :] - _heat_map()[None, :, :]).max(axis=2)
    return distance.argmin(axis=1), distance.min(axis=1) <= _HEAT_REACH


def turned_over(colours: Floats, page: tuple[int, int, int]) -> NDArray[np.int64]:
    """sRGB colours, shape (n, 3), 0 to 255, with OKLab lightness mirrored between ``page`` and nearly white.

    Hue stays; chroma shrinks where the mirrored colour would leave sRGB, and around the page's own tint.
    """
    lab = _oklab(colours)
    base = _oklab(np.array([page], dtype=np.float64))[0]
    light = np.clip(lab[:, 0], 0.0, 1.0)
    out = lab.copy()
    out[:, 0] = base[0] + (1.0 - light) ** _LIFT * (_BRIGHTEST - base[0])
    out[:, 1:] += base[1:] * light[:, None]
    scale = np.ones(len(out))
    for _ in range(24):
        rgb = _linear(out * np.column_stack([np.ones(len(out)), scale, scale]))
        is_out = ((rgb < -1e-4) | (rgb > 1.0001)).any(axis=1)
        if not is_out.any():
            break
        scale[is_out] *= 0.9
    rgb = np.clip(_linear(out * np.column_stack([np.ones(len(out)), scale, scale])), 0.0, 1.0)
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * np.power(rgb, 1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255.0), dtype=np.int64)


def _oklab(colours: Floats) -> Floats:
    value = colours / 255.0
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def _linear(lab: Floats) -> Floats:
    return np.asarray((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T)
