"""Mixed genres: numbers by weight, the rhythm section from the heaviest, colours from the next."""

from __future__ import annotations

import itertools

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import WeightedGenre
from musicgen_assets.styles.loader import blend, load_style, style_names
from musicgen_assets.styles.schema import Style


def mixed(*shares: tuple[str, float]) -> Style:
    return blend([WeightedGenre(name=name, weight=weight) for name, weight in shares])


def test_a_single_genre_is_unchanged() -> None:
    assert mixed(("jazz", 1.0)) is load_style("jazz_swing")
    assert mixed(("pop", 0.4), ("pop", 0.6)) is load_style("pop")


def test_no_genre_and_unknown_genres_are_refused() -> None:
    with pytest.raises(BadInput, match="at least one genre"):
        blend([])
    with pytest.raises(BadInput, match="no such style"):
        mixed(("pop", 0.5), ("polkacore", 0.5))


def test_numbers_are_interpolated_by_weight() -> None:
    house, jazz, both = load_style("house"), load_style("jazz_swing"), mixed(("house", 0.7), ("jazz", 0.3))
    assert both.tempo_bpm.typical == pytest.approx(0.7 * house.tempo_bpm.typical + 0.3 * jazz.tempo_bpm.typical)
    assert both.swing == pytest.approx(0.7 * house.swing + 0.3 * jazz.swing)
    assert both.energy["chorus"] == pytest.approx(0.7 * house.energy["chorus"] + 0.3 * jazz.energy["chorus"])
    assert both.mix.sidechain_db == pytest.approx(0.7 * house.mix.sidechain_db)
    assert both.mix.tracks["bass"].level_db == pytest.approx(
        0.7 * house.mix.tracks["bass"].level_db + 0.3 * jazz.mix.tracks["bass"].level_db
    )


def test_the_heaviest_style_keeps_the_rhythm_and_the_other_colours() -> None:
    house, jazz, both = load_style("house"), load_style("jazz_swing"), mixed(("jazz", 0.3), ("house", 0.7))
    assert both.name == "house+jazz_swing"
    assert both.grooves["4/4"] == house.grooves["4/4"]
    assert (both.bass, both.forms, both.ending) == (house.bass, house.forms, house.ending)
    leads = [one.name for one in both.instruments if one.role == "lead"]
    assert leads == [one.name for one in jazz.instruments if one.role == "lead"]
    assert {one.mode for one in both.progressions} == {"major", "minor"}
    assert len(both.progressions) == len(house.progressions) + len(jazz.progressions)


def test_a_small_share_brings_no_instrument() -> None:
    both = mixed(("house", 0.85), ("jazz", 0.15))
    assert both.instruments == load_style("house").instruments


def test_a_style_without_drums_borrows_them() -> None:
    ambient, both = load_style("ambient"), mixed(("ambient", 0.75), ("lofi", 0.25))
    assert not ambient.has_drums
    assert both.has_drums
    assert both.grooves["4/4"].levels == load_style("lofi").grooves["4/4"].levels
    assert both.grooves["4/4"].comping == ambient.grooves["4/4"].comping
    assert next(one.role for one in both.instruments) == "drums"
    rocking = mixed(("lullaby", 0.8), ("pop", 0.2))
    assert rocking.grooves["6/8"].levels == load_style("pop").grooves["6/8"].levels
    assert not mixed(("ambient", 0.9), ("lofi", 0.1)).has_drums
    assert not mixed(("ambient", 0.6), ("solo_piano", 0.4)).has_drums


@pytest.mark.parametrize("pair", list(itertools.combinations(style_names(), 2)), ids="+".join)
def test_every_pair_is_a_valid_style(pair: tuple[str, str]) -> None:
    both = mixed((pair[0], 0.6), (pair[1], 0.4))
    checked = Style.model_validate(both.model_dump())
    assert checked.master.slope_db_per_octave[0] < checked.master.slope_db_per_octave[1]
    assert len({one.role for one in checked.instruments}) == len(checked.instruments)
    assert sum(checked.meters.values()) == pytest.approx(1, abs=1e-4)


def test_a_mixture_extends_as_many_chords_as_its_rich_style_has_share() -> None:
    mostly_plain, mostly_rich = mixed(("rock", 0.7), ("bossa_nova", 0.3)), mixed(("rock", 0.3), ("bossa_nova", 0.7))
    assert mostly_plain.extension_share == pytest.approx(0.3)
    assert mostly_rich.extension_share == pytest.approx(0.7)
    assert mixed(("house", 0.5), ("jazz_swing", 0.5)).extension_share == 1.0


def test_words_of_a_mixture_rhyme_like_both_and_come_back_like_the_heaviest() -> None:
    both = mixed(("hip_hop", 0.7), ("blues", 0.3))
    rap, blues = load_style("hip_hop").lyrics, load_style("blues").lyrics
    assert set(both.lyrics.verse_schemes) == set(rap.verse_schemes) | set(blues.verse_schemes)
    assert both.lyrics.verse_schemes["AABB"] > both.lyrics.verse_schemes["AAA"]
    assert both.lyrics.refrain == rap.refrain
    assert blues.syllables_per_line[0] <= both.lyrics.syllables_per_line[0] <= rap.syllables_per_line[0]


def test_borrowed_drums_bring_their_own_variants() -> None:
    both = mixed(("solo_piano", 0.75), ("hip_hop", 0.25)).grooves["4/4"]
    piano, drums = load_style("solo_piano").grooves["4/4"], load_style("hip_hop").grooves["4/4"]
    assert len(both.variants) == max(len(piano.variants), len(drums.variants))
    for number, variant in enumerate(both.every_variant):
        assert variant.levels == drums.variant(number).levels
        assert variant.comping == piano.variant(number).comping
