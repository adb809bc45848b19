"""Spectra are judged by their shape alone, and corrected towards the middle within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import sosfreqz

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import WeightedGenre
from musicgen_assets.mastering.corridor import (
    THIRD_OCTAVES_HZ,
    Corridor,
    corridor_data,
    corridor_for,
    deviations_db,
    octave_means_db,
    worst_departure,
)
from musicgen_assets.mastering.tone import MAX_BOOST_DB, MAX_CUT_DB, correction_db, tone_bands, tone_sections
from musicgen_assets.styles.loader import style_names

FULL_BAND = ("drums", "bass", "chords", "lead")
HZ = np.array(THIRD_OCTAVES_HZ)


def corridor(*names: str, roles: tuple[str, ...] = FULL_BAND) -> Corridor:
    return corridor_for([WeightedGenre(name=name, weight=1.0 / len(names)) for name in names], roles)


def bump(hz: float, height_db: float, octaves: float = 0.5) -> np.ndarray:
    return height_db * np.exp(-0.5 * (np.log2(HZ / hz) / octaves) ** 2)


def test_every_corridor_is_of_a_style_there_is() -> None:
    data = corridor_data()
    assert set(data.styles) <= set(style_names())
    assert set(data.styles.values()) <= set(data.families)


@pytest.mark.parametrize("name", style_names())
def test_the_middle_of_every_style_is_inside_and_faults_are_outside(name: str) -> None:
    found = corridor(name)
    middle = np.array(found.centre_db)
    assert worst_departure(middle, found).used < 1e-6
    assert worst_departure(middle + bump(250.0, 8.0), found).used > 1.0
    assert worst_departure(np.where(HZ > 5_000, middle - 40, middle), found).used > 1.0
    assert worst_departure(np.where(HZ < 300, middle - 40, middle), found).used > 1.0


@given(arrays(np.float64, len(HZ), elements=st.floats(-60, 0)), st.floats(-40, 40), st.sampled_from(("pop", "ambient")))
def test_the_level_as_a_whole_means_nothing(levels: np.ndarray, shift: float, name: str) -> None:
    found = corridor(name)
    assert np.allclose(deviations_db(levels, found), deviations_db(levels + shift, found), atol=1e-9)
    assert worst_departure(levels, found).used == pytest.approx(worst_departure(levels + shift, found).used)


def test_a_mixture_has_the_room_of_both_and_the_middle_between() -> None:
    pop, ambient, both = corridor("pop"), corridor("ambient"), corridor("pop", "ambient")
    assert np.allclose(both.centre_db, (np.array(pop.centre_db) + np.array(ambient.centre_db)) / 2, atol=0.01)
    for one in (pop, ambient):
        low = np.array(one.centre_db) - np.array(one.below_db)
        high = np.array(one.centre_db) + np.array(one.above_db)
        assert (np.array(both.centre_db) - np.array(both.below_db) <= low + 0.01).all()
        assert (np.array(both.centre_db) + np.array(both.above_db) >= high - 0.01).all()


def test_without_drums_missing_highs_are_forgiven_and_no_more_highs_allowed() -> None:
    band, calm = corridor("pop"), corridor("pop", roles=("chords", "lead", "bass"))
    low = lambda c: np.array(c.centre_db) - np.array(c.below_db)  # noqa: E731  # a name for a formula
    high = lambda c: np.array(c.centre_db) + np.array(c.above_db)  # noqa: E731
    assert low(calm)[-1] < low(band)[-1] - 10
    assert np.allclose(high(calm), high(band), atol=0.01)


def test_octave_means_smooth_and_keep_the_length() -> None:
    values = np.zeros(len(HZ))
    values[10] = 3.0
    means = octave_means_db(values)
    assert means.shape == values.shape
    assert means[9] == means[10] == means[11] == pytest.approx(1.0)
    assert octave_means_db(np.ones(len(HZ))) == pytest.approx(np.ones(len(HZ)))


@given(st.floats(100, 6_000), st.floats(-9, 9), st.sampled_from((44_100, 48_000, 96_000)))
def test_tone_gives_what_it_wants_and_never_too_much(hz: float, height_db: float, rate: int) -> None:
    found = corridor("pop")
    levels = np.array(found.centre_db) + bump(hz, height_db, 0.7)
    wanted = correction_db(levels, found)
    assert wanted.max() <= MAX_BOOST_DB
    assert wanted.min() >= -MAX_CUT_DB
    bands = tone_bands(levels, found, rate, 0.0, 0.0)
    if bands:
        octaves = np.array([125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0])
        _, response = sosfreqz(tone_sections(bands, rate), octaves, fs=rate)
        assert np.allclose(20 * np.log10(np.abs(response)), wanted[1:-1], atol=0.6)
    assert worst_departure(levels, found).used <= 1.0 or bands


def test_a_spectrum_in_the_middle_is_left_alone_but_for_the_styles_colour() -> None:
    found = corridor("pop")
    bands = tone_bands(np.array(found.centre_db), found, 48_000, 0.5, -1.0)
    assert [(band.kind, band.gain_db) for band in bands] == [("low_shelf", 0.5), ("high_shelf", -1.0)]
    assert tone_sections((), 48_000).shape == (0, 6)


def test_what_is_not_there_is_not_brought_up() -> None:
    found = corridor("pop")
    levels = np.where(HZ > 3_500, np.array(found.centre_db) - 30, np.array(found.centre_db))
    assert correction_db(levels, found)[-1] == 0.0


def test_a_broken_corridor_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr(yaml, "safe_load", lambda _: {"families": {}})
    corridor_data.cache_clear()
    with pytest.raises(PermanentFailure, match=r"corridors\.yaml"):
        corridor_data()
    corridor_data.cache_clear()


def test_one_or_two_parts_alone_have_more_room() -> None:
    few, more = corridor("pop", roles=("bass", "drums")), corridor("pop")
    assert np.allclose(np.array(few.above_db) - np.array(more.above_db), 3.0, atol=0.01)
