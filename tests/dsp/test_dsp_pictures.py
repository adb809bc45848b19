"""Pictures: right size, repeatable bytes, small thumbnails, and the signal is where it should be."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from dsp_signals import FloatArray, noise, sine
from numpy.typing import NDArray
from PIL import Image

from dsp import pictures, scope_pictures
from dsp.analysis import band_levels
from dsp.dark import DARK_PAGE, dark_png, turned_over
from dsp.errors import AudioError
from dsp.loudness import short_term_curve

PLANNED = [(0.0, 2.0, 0.2, "intro"), (2.0, 4.5, 0.6, "verse"), (4.5, 6.0, 1.0, "chorus")]
MARKS = [(0.0, "intro"), (2.0, "verse"), (4.5, "a chorus with a long name"), (5.9, "x"), (99.0, "after the end")]


def pixels(png: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int64)


def music() -> FloatArray:
    samples = noise(48_000, 6.0, 0.4)
    samples[:, : 2 * 48_000] *= np.float32(0.1)
    return samples


def _waveform(width: int, height: int) -> bytes:
    return pictures.waveform_png(music(), 48_000, width_px=width, height_px=height, marks=MARKS)


def _spectrogram(width: int, height: int) -> bytes:
    return pictures.spectrogram_png(music(), 48_000, width_px=width, height_px=height, marks=MARKS)


def _loudness(width: int, height: int) -> bytes:
    times, values = short_term_curve(music(), 48_000)
    return pictures.loudness_png(times, values, -14, width_px=width, height_px=height, marks=MARKS)


def _spectrum(width: int, height: int) -> bytes:
    centres, levels = band_levels(music(), 48_000)
    corridor = (centres[2:], levels[2:] - 3, levels[2:] + 3)
    return pictures.spectrum_png((centres, levels), corridor, width_px=width, height_px=height)


def _phase(width: int, height: int) -> bytes:
    return scope_pictures.phase_scope_png(music(), 48_000, width_px=width, height_px=height)


def _energy(width: int, height: int) -> bytes:
    times, values = short_term_curve(music(), 48_000)
    return scope_pictures.energy_png(PLANNED, times, values, width_px=width, height_px=height)


@pytest.mark.parametrize("draw", [_waveform, _spectrogram, _loudness, _spectrum, _phase, _energy])
@pytest.mark.parametrize(("width", "height"), [(1_200, 300), (480, 240), (100, 60)])
def test_pictures_have_the_size_asked_and_repeatable_bytes(
    draw: Callable[[int, int], bytes], width: int, height: int
) -> None:
    png = draw(width, height)
    assert pixels(png).shape == (height, width, 3)
    assert png == draw(width, height)
    if width <= 480:
        assert len(png) < 60_000
    chunks = {bytes(png[at - 4 : at]) for at in _chunk_ends(png)}
    assert chunks <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}, "no time, no software, no text"


def _chunk_ends(png: bytes) -> list[int]:
    at, ends = 8, []
    while at < len(png):
        ends.append(at + 8)
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return ends


def test_background_is_white_and_marks_are_drawn() -> None:
    bare = pixels(pictures.waveform_png(music(), 48_000))
    marked = pixels(pictures.waveform_png(music(), 48_000, marks=MARKS))
    assert tuple(bare[1, 1]) == (255, 255, 255)
    assert not np.array_equal(bare[:20], marked[:20])


def test_waveform_is_as_tall_as_the_audio_is_loud() -> None:
    image = pixels(pictures.waveform_png(music(), 48_000, width_px=600, height_px=300))
    is_blue = image[:, :, 2] - image[:, :, 0] > 40
    heights = is_blue.sum(axis=0)
    quiet, loud = heights[60:180], heights[260:560]
    assert np.median(loud) / np.median(quiet) == pytest.approx(10.0, rel=0.25)


@pytest.mark.parametrize("hz", [60.0, 440.0, 8_000.0])
def test_spectrogram_shows_a_tone_at_its_height(hz: float) -> None:
    image = pixels(pictures.spectrogram_png(sine(hz, 48_000, 4.0, 0.5), 48_000, width_px=800, height_px=400))
    column = image[20:374, 400].sum(axis=1)
    height = 1 - (float(np.median(np.flatnonzero(column <= column.min() + 30))) + 0.5) / column.size
    low, high = pictures.mel_of(30.0), pictures.mel_of(20_000.0)
    expected = (pictures.mel_of(hz) - low) / (high - low)
    assert height == pytest.approx(expected, abs=0.02)


def test_bands_outside_the_corridor_are_marked() -> None:
    centres, levels = band_levels(music(), 48_000)

    def orange(limit_db: float) -> int:
        corridor = (centres, levels - limit_db, levels + limit_db)
        bent = levels.copy()
        bent[10] += 5.0
        image = pixels(pictures.spectrum_png((centres, bent), corridor))
        return int((image[:, :, 0] - image[:, :, 2] > 100).sum())

    assert orange(6.0) == 0
    assert orange(4.0) > 10


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [1, 2, 700, 48_000])
@pytest.mark.parametrize("level", [0.0, 1e-9, 0.5, 3.0])
def test_odd_audio_is_drawn_too(channels: int, length: int, level: float) -> None:
    samples = np.full((channels, length), level, np.float32)
    for draw in (pictures.waveform_png, pictures.spectrogram_png):
        for width in (300, 800):
            assert pixels(draw(samples, 44_100, width_px=width, height_px=120)).shape == (120, width, 3)


def test_odd_curves_are_drawn_too() -> None:
    assert pictures.loudness_png([0.1], [-70.0])
    assert pictures.loudness_png([1.5, 2.0], [-70.0, -9.0], None, width_px=300, height_px=100)
    assert pictures.spectrum_png(([100.0, 200.0], [-120.0, -120.0]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pictures.waveform_png(music(), 48_000, width_px=50), "width_px"),
        (lambda: pictures.waveform_png(music(), 48_000, height_px=5_000), "height_px"),
        (lambda: pictures.waveform_png(music(), 48_000, marks=[(np.nan, "x")]), "marks"),
        (lambda: pictures.loudness_png([1.0, 2.0], [-14.0]), "length"),
        (lambda: pictures.loudness_png([], []), "times_s"),
        (lambda: pictures.loudness_png([1.0], [np.inf]), "lufs"),
        (lambda: pictures.spectrum_png(([0.0, 100.0], [1.0, 2.0])), "positive"),
        (lambda: pictures.spectrum_png(([50.0, 100.0], [1.0, 2.0]), ([50.0], [0.0, 1.0], [2.0, 3.0])), "corridor"),
        (lambda: pictures.spectrogram_png(music(), 500), "rate"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: Callable[[], bytes], words: str) -> None:
    with pytest.raises(AudioError, match=words):
        call()


@pytest.mark.parametrize("draw", [_waveform, _spectrogram, _loudness, _spectrum, _phase, _energy])
def test_a_dark_twin_is_the_same_drawing_on_a_dark_page(draw: Callable[[int, int], bytes]) -> None:
    light = draw(480, 200)
    dark = dark_png(light)
    assert dark == dark_png(light)
    day, night = pixels(light), pixels(dark)
    assert day.shape == night.shape
    assert np.abs(night[0, 0] - np.array(DARK_PAGE)).max() <= 2
    # As many different colours at the same places: nothing appears and nothing is lost.
    same_day = (day[:, 1:] == day[:, :-1]).all(axis=2)
    same_night = (night[:, 1:] == night[:, :-1]).all(axis=2)
    assert (same_day & ~same_night).sum() == 0
    assert (same_night & ~same_day).mean() < 0.01


def test_loud_is_dark_on_a_light_page_and_light_on_a_dark_one() -> None:
    light = pictures.spectrogram_png(sine(1_000.0, 48_000, 4.0, 0.5), 48_000, width_px=480, height_px=200)
    at = slice(25, 175), 250
    day, night = pixels(light)[at].sum(axis=1), pixels(dark_png(light))[at].sum(axis=1)
    assert int(day.argmin()) == int(night.argmax())


def test_turning_over_keeps_hues_and_order() -> None:
    greys = np.repeat(np.arange(0.0, 256.0, 5.0)[:, None], 3, axis=1)
    turned = turned_over(greys, DARK_PAGE).sum(axis=1)
    assert (np.diff(turned) <= 0).all()
    blue, orange = turned_over(np.array([[0.0, 114.0, 178.0], [213.0, 94.0, 0.0]]), DARK_PAGE)
    assert blue.argmax() == 2
    assert orange.argmax() == 0


def test_what_is_no_picture_of_few_colours_is_refused() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    for data in (b"", b"not a picture", buffer.getvalue()):
        with pytest.raises(AudioError):
            dark_png(data)


@pytest.mark.parametrize("kind", ["mono", "opposite", "wide"])
def test_the_phase_scope_tells_mono_from_width(kind: str) -> None:
    left = noise(48_000, 2.0, 0.3)[:1]
    right = {"mono": left, "opposite": -left, "wide": noise(48_000, 2.0, 0.3)[1:]}[kind]
    image = pixels(scope_pictures.phase_scope_png(np.concatenate([left, right]), 48_000, width_px=400, height_px=400))
    middle_x, middle_y = 212, 196
    ink = 765 - image.sum(axis=2)
    upright = ink[middle_y - 150 : middle_y + 150, middle_x - 3 : middle_x + 3].mean()
    flat = ink[middle_y - 3 : middle_y + 3, middle_x - 150 : middle_x + 150].mean()
    assert {"mono": upright > 3 * flat, "opposite": flat > 3 * upright, "wide": 0.5 < upright / flat < 2.0}[kind]


def test_energy_says_how_well_a_plan_came_out() -> None:
    means = np.array([-30.0, -20.0, -14.0])
    assert scope_pictures.energy_correlation(np.array([0.2, 0.6, 1.0]), means) == pytest.approx(0.99, abs=0.01)
    assert scope_pictures.energy_correlation(np.array([1.0, 0.6, 0.2]), means) == pytest.approx(-0.99, abs=0.01)
    assert scope_pictures.energy_correlation(np.array([0.5, 0.5, 0.5]), means) is None
    times, lufs = np.arange(0.0, 6.0, 0.5), np.repeat([-30.0, -20.0, -14.0], 4)
    spans = [(0.0, 2.0, 0.2, "a"), (2.0, 4.0, 0.6, "b"), (4.0, 6.0, 1.0, "c"), (5.9, 5.95, 1.0, "short")]
    assert scope_pictures.section_means_lufs(spans, times, lufs) == pytest.approx([-30.0, -20.0, -14.0, -14.0])
    with pytest.raises(AudioError):
        scope_pictures.energy_png([], times, lufs)
    with pytest.raises(AudioError):
        scope_pictures.energy_png(spans, times, lufs[:-1])
