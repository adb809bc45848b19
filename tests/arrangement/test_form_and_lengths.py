"""Forms fill a song exactly, keep asked bars, bring the hook early, and refuse what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.arrangement.energy import energy_curve, levels_of
from musicgen_assets.arrangement.form import Slot, phrase_bars, plan_form
from musicgen_assets.arrangement.pace import TAIL_MIN_S, bars_that_fit
from musicgen_assets.arrangement.section_lengths import Wish, fit_lengths, part_of
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import HOOK_KINDS, Mood, PlannedSection
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.styles.loader import load_style, style_names

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")


def form_of(style="pop", duration_s=180.0, tempo=None, meter="4/4", seed=1, structure=()) -> tuple[Slot, ...]:
    made = load_style(style)
    return plan_form(
        made, structure, duration_s, tempo or made.tempo_bpm.typical, meter, {}, np.random.default_rng(seed)
    )


def asked(*items: tuple) -> tuple[PlannedSection, ...]:
    return tuple(PlannedSection(kind=item[0], bars=item[1] if len(item) > 1 else None) for item in items)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(style_names()), st.sampled_from((30, 47, 90, 180, 333, 600)), st.sampled_from(METERS),
    st.floats(40, 240), st.integers(0, 50),
)  # fmt: skip
def test_forms_fill_any_song_with_at_least_two_kinds(style, duration_s, meter, tempo, seed):
    slots = form_of(style, duration_s, tempo, meter, seed)
    bars = sum(slot.bars for slot in slots)
    bar_s = seconds(ticks_per_bar(meter), tempo)
    assert bars == bars_that_fit(duration_s, tempo, meter)
    assert TAIL_MIN_S - 1e-6 <= duration_s - bars * bar_s < TAIL_MIN_S + bar_s + 1e-6
    assert len({slot.kind for slot in slots}) >= 2
    assert all(slot.bars >= 1 for slot in slots)


WITH_HOOKS = [name for name in style_names() if name not in ("lullaby", "solo_piano")]
"""Lullabies and piano pieces have forms without a chorus."""


@pytest.mark.parametrize("style", WITH_HOOKS)
@pytest.mark.parametrize("duration_s", [120.0, 180.0, 333.0, 600.0])
def test_long_songs_reach_the_hook_within_about_a_quarter(style, duration_s):
    slots = form_of(style, duration_s)
    hooks = [index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS]
    before = sum(slot.bars for slot in slots[: hooks[0]])
    assert before / sum(slot.bars for slot in slots) <= 0.31


@pytest.mark.parametrize("style", style_names())
def test_ten_minutes_are_not_the_same_two_sections_over_and_over(style):
    slots = form_of(style, 600.0)
    assert len({slot.kind for slot in slots}) >= 5
    pairs = [(one.kind, two.kind, three.kind) for one, two, three in zip(slots, slots[1:], slots[2:], strict=False)]
    assert max(pairs.count(pair) for pair in pairs) <= 4
    assert not any(len(set(pair)) == 1 for pair in pairs)


@pytest.mark.parametrize("style", ["pop", "rock", "folk", "synthwave"])
def test_sections_are_whole_phrases_where_they_can_be(style):
    slots = form_of(style, 200.0)
    inner = [slot.bars for slot in slots if slot.kind in ("verse", "chorus")]
    assert all(bars % 4 == 0 for bars in inner)


def test_phrases_keep_their_length_in_seconds():
    assert phrase_bars(107, "4/4") == 4
    assert phrase_bars(240, "2/4") == 16
    assert phrase_bars(40, "12/8") == 1


def test_asked_bars_are_kept_and_the_rest_is_shared_out():
    slots = form_of(duration_s=120, tempo=120, structure=asked(("intro", 4), ("verse",), ("chorus", 8), ("verse",)))
    assert [slot.kind for slot in slots] == ["intro", "verse", "chorus", "verse"]
    assert (slots[0].bars, slots[2].bars) == (4, 8)
    assert sum(slot.bars for slot in slots) == bars_that_fit(120, 120, "4/4")


def test_asked_bars_that_fill_the_song_almost_are_rounded_out_at_the_end():
    total = bars_that_fit(60, 120, "4/4")
    slots = form_of(duration_s=60, tempo=120, structure=asked(("verse", 12), ("chorus", total - 13)))
    assert [slot.bars for slot in slots] == [12, total - 12]


def test_two_asked_sections_fill_even_ten_minutes():
    slots = form_of(duration_s=600, tempo=120, structure=asked(("verse",), ("chorus",)))
    assert len(slots) == 2
    assert sum(slot.bars for slot in slots) == bars_that_fit(600, 120, "4/4")


NINE = tuple((kind, 8) for kind in ("intro", "verse", "chorus", "verse", "chorus", "bridge", "solo", "chorus", "outro"))


@pytest.mark.parametrize(
    ("structure", "duration_s"),
    [(NINE, 30), ((("verse", 8), ("chorus", 8)), 300), ((("verse", 60), ("chorus",), ("outro",)), 120)],
)
def test_structures_that_cannot_fit_are_refused_with_a_way_out(structure, duration_s):
    with pytest.raises(BadInput) as caught:
        form_of(duration_s=duration_s, tempo=120, structure=asked(*structure))
    assert caught.value.field == "musical.structure"
    assert "technical.duration_s" in caught.value.way_out


def test_the_way_out_of_a_misfit_works():
    structure = asked(*NINE)
    with pytest.raises(BadInput) as caught:
        form_of(duration_s=30, tempo=120, structure=structure)
    suggested = float(caught.value.way_out.split("duration_s to ")[1].split(",")[0])
    assert sum(slot.bars for slot in form_of(duration_s=suggested, tempo=120, structure=structure)) >= 72


def test_more_sections_than_bars_are_refused():
    with pytest.raises(BadInput):
        form_of(duration_s=30, tempo=40, structure=asked(*[("verse",), ("chorus",)] * 4))


@given(st.lists(st.integers(1, 16), min_size=1, max_size=12), st.integers(0, 200))
def test_lengths_sum_to_the_total_whatever_was_wished(wished, more):
    wishes = [Wish(bars, 4) for bars in wished]
    total = len(wishes) + more % (8 * sum(wished))
    lengths = fit_lengths(wishes, total)
    if lengths is not None:
        assert sum(lengths) == total
        assert min(lengths) >= 1


def test_lengths_that_fit_exactly_are_taken():
    wishes = [Wish(8, 4), Wish(8, 8), Wish(4, 4)]
    assert fit_lengths(wishes, 21) == (8, 8, 5)


def test_no_lengths_where_sections_outnumber_bars():
    assert fit_lengths([Wish(4, 4)] * 5, 4) is None
    assert fit_lengths([Wish(4, 4, exact=9)], 4) is None


def test_parts_of_loops():
    assert [part_of(bars) for bars in (1, 2, 4, 8, 12, 6)] == [1, 1, 2, 4, 4, 3]


@pytest.mark.parametrize("style", style_names())
@pytest.mark.parametrize("arousal", [0.0, 0.5, 1.0])
def test_hooks_stand_above_what_leads_to_them_and_the_last_is_the_peak(style, arousal):
    made = load_style(style)
    slots = form_of(style, 240.0)
    energies = energy_curve(slots, made, Mood(valence=0.5, arousal=arousal))
    levels = levels_of(slots, energies)
    assert all(0.0 <= energy <= 1.0 for energy in energies)
    hooks = [index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS]
    assert energies[hooks[-1]] == max(energies)
    for index in hooks:
        if slots[index - 1].kind in ("verse", "pre_chorus", "build"):
            assert energies[index] > energies[index - 1]
            assert levels[index] > levels[index - 1] or levels[index] == 1


def test_asked_energies_stand():
    slots = (Slot("verse", 8, 0.9), Slot("chorus", 8, 0.2), Slot("verse", 8))
    energies = energy_curve(slots, load_style("pop"), Mood())
    assert energies[:2] == (0.9, 0.2)


def test_songs_without_a_hook_peak_in_their_second_half():
    slots = tuple(Slot(kind, 8) for kind in ("intro", "verse", "bridge", "verse", "solo", "verse", "outro"))
    energies = energy_curve(slots, load_style("jazz_swing"), Mood())
    assert 3 <= int(np.argmax(energies)) <= 5
