"""A mixture leans the way its weights say: 70/30 and 30/70 differ as the pure styles do in what they write."""

from __future__ import annotations

import pytest

from benchmarks.style_measures import MEASURES, leaning, mean_measures, programs_shared
from musicgen_assets.context.schema import WeightedGenre
from musicgen_assets.styles.loader import blend, load_style

SEEDS = (1, 2, 3, 4)
EXPECTED = [
    # first, second, what the first has more of
    ("jazz_swing", "house", ("swing_ratio", "tempo_bpm", "syncopation", "looseness_ms")),
    ("house", "jazz_swing", ("backbeat", "drum_density", "pumping_db", "bass_density")),
    ("rock", "bossa_nova", ("backbeat", "bass_density")),
    ("bossa_nova", "rock", ("extension_rate", "comping_off_beats", "syncopation")),
    ("funk", "folk", ("syncopation", "extension_rate", "drum_density", "comping_off_beats")),
    ("metal", "lofi", ("tempo_bpm", "bass_density")),
    ("lofi", "metal", ("swing_ratio", "extension_rate", "looseness_ms")),
    ("hip_hop", "pop", ("swing_ratio", "extension_rate", "comping_off_beats")),
    ("pop", "hip_hop", ("tempo_bpm", "bass_density", "drum_density")),
    ("house", "cinematic", ("tempo_bpm", "backbeat", "drum_density", "extension_rate", "pumping_db")),
    ("synthwave", "jazz_swing", ("backbeat", "bass_density", "pumping_db")),
    ("jazz_swing", "synthwave", ("swing_ratio", "extension_rate", "comping_off_beats")),
]


@pytest.mark.parametrize(("first", "second", "more"), EXPECTED)
def test_mixtures_lean_to_the_heavier_style(first: str, second: str, more: tuple[str, ...]) -> None:
    mostly = mean_measures([(first, 0.7), (second, 0.3)], SEEDS)
    hardly = mean_measures([(first, 0.3), (second, 0.7)], SEEDS)
    for name in more:
        assert mostly[name] > hardly[name] * 1.01, name


@pytest.mark.parametrize(("first", "second"), [("funk", "folk"), ("hip_hop", "pop"), ("house", "cinematic")])
def test_no_measure_of_a_mixture_leans_the_wrong_way(first: str, second: str) -> None:
    rows = [
        mean_measures(shares, SEEDS)
        for shares in ([(first, 1.0)], [(first, 0.7), (second, 0.3)], [(first, 0.3), (second, 0.7)], [(second, 1.0)])
    ]
    verdicts = leaning(*rows)
    assert len(verdicts) >= 0.6 * len(MEASURES)
    assert set(verdicts.values()) == {"right"}


@pytest.mark.parametrize(
    ("first", "second"), [("jazz_swing", "house"), ("rock", "bossa_nova"), ("latin", "solo_piano")]
)
def test_the_band_is_mostly_the_heavier_styles(first: str, second: str) -> None:
    mostly = blend([WeightedGenre(name=first, weight=0.7), WeightedGenre(name=second, weight=0.3)])
    hardly = blend([WeightedGenre(name=first, weight=0.3), WeightedGenre(name=second, weight=0.7)])
    assert programs_shared(mostly, load_style(first)) > programs_shared(hardly, load_style(first))
    assert programs_shared(mostly, load_style(second)) < programs_shared(hardly, load_style(second))
