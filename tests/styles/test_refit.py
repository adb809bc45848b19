"""Every style can be played in every meter, and a re-fitted groove keeps its sense."""

from __future__ import annotations

import itertools

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.styles.refit import groove_for
from musicgen_assets.styles.schema import MeterGroove, Style

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")


def with_only(style: str, meter: str, groove: MeterGroove) -> Style:
    return load_style(style).model_copy(update={"grooves": {meter: groove}})


def plain_rock() -> MeterGroove:
    level = {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."}
    return MeterGroove(
        levels={1: level, 2: level, 3: level, 4: level},
        fills=({"snare": "............xxxx", "kick": "X..............."},),
        comping={1: "X...............", 2: "....X.......X...", 3: "..........x.....", 4: "X...X...X...X..."},
        source="plain",
    )


@pytest.mark.parametrize(("name", "meter"), list(itertools.product(style_names(), METERS)))
def test_every_style_plays_in_every_meter(name: str, meter: str) -> None:
    style = load_style(name)
    groove = groove_for(style, meter)
    steps = steps_per_bar(meter)
    assert set(groove.levels) == set(groove.comping) == {1, 2, 3, 4}
    patterns = [text for pieces in (*groove.levels.values(), *groove.fills) for text in pieces.values()]
    for pattern in (*patterns, *groove.comping.values()):
        assert all(len(bar) == steps for bar in pattern.split())
    assert all(set(pattern) & set("xX") for pattern in groove.comping.values())
    if style.has_drums:
        assert any(set(pattern) & set("xX") for pattern in groove.levels[4].values())
        assert len(groove.fills) >= 2


def test_a_style_keeps_its_own_groove() -> None:
    style = load_style("celtic")
    assert groove_for(style, "6/8") is style.grooves["6/8"]


def test_rock_in_three_is_boom_chack_chack() -> None:
    groove = groove_for(with_only("rock", "4/4", plain_rock()), "3/4")
    assert groove.levels[2] == {"kick": "X...........", "snare": "....X...X...", "hat": "x.x.x.x.x.x."}
    assert groove.source.startswith("re-fitted")


def test_rock_in_six_keeps_its_backbeat_on_the_second_half() -> None:
    groove = groove_for(with_only("rock", "4/4", plain_rock()), "6/8")
    assert groove.levels[2] == {"kick": "X...........", "snare": "......X.....", "hat": "x.x.x.x.x.x."}


def test_rock_in_five_is_three_and_two() -> None:
    groove = groove_for(with_only("rock", "4/4", plain_rock()), "5/4")
    assert groove.levels[2]["kick"] == "X...........X......."
    assert groove.levels[2]["snare"] == "....X...X.......X..."


def test_seven_eight_drops_the_last_eighth() -> None:
    groove = groove_for(with_only("rock", "4/4", plain_rock()), "7/8")
    assert groove.levels[2]["snare"] == "....X.......X."
    assert groove.levels[2]["hat"] == "x.x.x.x.x.x.x."


def test_a_jig_in_four_becomes_half_time() -> None:
    level = {"kick": "X...........", "snare": "......X.....", "hat": "x.x.x.x.x.x."}
    jig = MeterGroove(levels=dict.fromkeys((1, 2, 3, 4), level), comping=dict.fromkeys((1, 2, 3, 4), "X.....x....."))
    groove = groove_for(with_only("celtic", "6/8", jig), "4/4")
    assert groove.levels[1]["kick"] == "X..............."
    assert groove.levels[1]["snare"] == "........X......."
    assert groove.levels[1]["hat"].count("x") >= 6
    assert groove_for(with_only("celtic", "6/8", jig), "7/8").levels[1]["snare"] == "........X....."


def test_a_fill_keeps_its_downbeat_and_its_end() -> None:
    shorter = groove_for(with_only("rock", "4/4", plain_rock()), "3/4").fills[0]
    longer = groove_for(with_only("rock", "4/4", plain_rock()), "5/4").fills[0]
    assert shorter["snare"] == "........xxxx"
    assert shorter["kick"] == "X..........."
    assert longer["snare"] == "................xxxx"
    assert longer["kick"] == "X..................."


def test_comping_never_falls_silent() -> None:
    groove = groove_for(with_only("rock", "4/4", plain_rock()), "2/4")
    assert groove.comping[3] == "x......."


def test_two_bar_patterns_stay_two_bars() -> None:
    assert len(groove_for(load_style("jazz_swing"), "6/8").comping[2].split()) == 2


def test_an_unknown_meter_is_refused() -> None:
    with pytest.raises(BadInput, match="none of 2/4") as caught:
        groove_for(load_style("pop"), "11/8")
    assert caught.value.field == "musical.time_signature"


def test_a_style_that_has_nothing_to_refit_is_named() -> None:
    odd = with_only("rock", "5/4", groove_for(load_style("rock"), "5/4"))
    with pytest.raises(PermanentFailure, match="rock has no groove"):
        groove_for(odd, "3/4")
