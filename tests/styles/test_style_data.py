"""Every style file is complete, playable and plausible to a musician."""

from __future__ import annotations

from typing import get_args

import pytest

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.styles.schema import MeterGroove, Style
from musicgen_assets.theory.chords import parse_bar
from musicgen_assets.theory.scales import mode_family

NAMES = style_names()
KINDS: tuple[SectionKind, ...] = get_args(SectionKind)
PIECES = frozenset(
    [
        "kick",
        "snare",
        "rim",
        "clap",
        "hat",
        "open_hat",
        "pedal_hat",
        "ride",
        "crash",
        "tom_low",
        "tom_mid",
        "tom_high",
        "shaker",
        "tambourine",
        "cowbell",
        "clave",
        "conga_low",
        "conga_high",
        "bongo_low",
        "bongo_high",
    ]
)
DRUM_KITS = frozenset((0, 8, 16, 24, 25, 32, 40, 48))
BASSES = frozenset((*range(32, 40), 42, 43, 58))
SUSTAINED = frozenset((*range(16, 24), *range(48, 56), *range(88, 104)))


@pytest.fixture(params=NAMES)
def style(request: pytest.FixtureRequest) -> Style:
    return load_style(request.param)


def strings_of(groove: MeterGroove) -> list[tuple[str, str]]:
    found = [(piece, text) for pieces in (*groove.levels.values(), *groove.fills) for piece, text in pieces.items()]
    return [*found, *(("comping", text) for text in groove.comping.values())]


def onsets(pattern: str) -> float:
    return sum(mark in "gxX" for mark in pattern) / len(pattern.split())


def test_there_are_enough_styles_and_every_common_meter_is_at_home_in_one() -> None:
    assert len(NAMES) >= 16
    homes = {meter for name in NAMES for meter, weight in load_style(name).meters.items() if weight >= 0.4}
    assert {"4/4", "3/4", "6/8", "12/8"} <= homes


def test_every_pattern_fits_its_meter(style: Style) -> None:
    for meter, groove in style.grooves.items():
        for piece, pattern in strings_of(groove):
            bars = pattern.split()
            assert 1 <= len(bars) <= 2, (meter, piece)
            assert all(len(bar) == steps_per_bar(meter) for bar in bars), (meter, piece, pattern)
            assert set(pattern) <= set(".gxX "), (meter, piece, pattern)


def test_every_piece_is_known_and_every_level_there(style: Style) -> None:
    for groove in style.grooves.values():
        assert set(groove.levels) == set(groove.comping) == {1, 2, 3, 4}
        assert {piece for piece, _ in strings_of(groove)} <= PIECES | {"comping"}
        assert groove.source
        assert len(groove.fills) >= 2 or not style.has_drums
    assert set(style.bass) == {1, 2, 3, 4}


def test_levels_grow_from_sparse_to_full(style: Style) -> None:
    for groove in style.grooves.values():
        drums = [sum(onsets(pattern) for pattern in groove.levels[level].values()) for level in (1, 2, 3, 4)]
        comping = [onsets(groove.comping[level]) for level in (1, 2, 3, 4)]
        assert drums == sorted(drums)
        assert comping == sorted(comping)
        assert comping[0] >= 1
        assert drums[3] > drums[0] or not style.has_drums


def test_a_drumless_style_has_no_hit_and_no_drummer(style: Style) -> None:
    has_hits = any(groove.levels[4] for groove in style.grooves.values())
    has_drummer = any(one.role == "drums" for one in style.instruments)
    assert has_hits == has_drummer == style.has_drums


def test_every_numeral_is_a_chord_in_every_scale_of_its_family(style: Style) -> None:
    for progression in style.progressions:
        assert progression.source
        for scale in (
            ("major", "mixolydian", "lydian") if progression.mode == "major" else ("minor", "dorian", "phrygian")
        ):
            chords = [chord for bar in progression.numerals for chord in parse_bar(bar, "Eb", scale)]
            assert all(chord.pitch_classes for chord in chords)


def test_every_section_has_a_progression_in_every_family(style: Style) -> None:
    for family in {mode_family(scale) for scale in style.scales}:
        covered = {kind for one in style.progressions if one.mode == family for kind in one.kinds}
        assert covered == set(KINDS)


def test_most_progressions_pass_through_or_rest_on_the_tonic(style: Style) -> None:
    verses = [one for one in style.progressions if "verse" in one.kinds or "chorus" in one.kinds]
    homes = [any(numeral.lstrip("b#").startswith(("I", "i")) and parse_bar(numeral, "C", one.mode)[0].root == 0
                 for numeral in one.numerals) for one in verses]  # fmt: skip
    assert sum(homes) >= 0.7 * len(homes)


def test_the_band_has_melody_harmony_and_bass_with_fitting_programs(style: Style) -> None:
    roles = [one.role for one in style.instruments if not one.is_optional]
    assert {"lead", "chords", "bass"} <= set(roles)
    assert len({one.role for one in style.instruments}) == len(style.instruments)
    for one in style.instruments:
        if one.role == "drums":
            assert one.program in DRUM_KITS
        elif one.role == "bass":
            assert one.program in BASSES or style.name == "solo_piano"
        elif one.role == "pad":
            assert one.program in SUSTAINED, one.name


def test_everyone_gets_to_play_and_someone_opens(style: Style) -> None:
    energies = [style.energy[kind] for form in style.forms for kind in form]
    assert all(one.from_energy <= max(energies) for one in style.instruments)
    assert any(one.from_energy <= min(energies) for one in style.instruments if one.role in ("chords", "pad", "lead"))


def test_forms_come_in_several_lengths_and_choruses_come_back(style: Style) -> None:
    bars = [sum(style.section_bars[kind] for kind in form) for form in style.forms]
    assert len(set(bars)) >= 3
    assert max(bars) >= 2.5 * min(bars)
    peaks = [sum(kind in ("chorus", "drop") for kind in form) for form in style.forms]
    assert max(peaks) >= 2
    assert all(a != "outro" for form in style.forms for a in form[:-1])


def test_every_section_has_a_length_and_an_energy(style: Style) -> None:
    assert set(style.energy) == set(style.section_bars) == set(KINDS)
    assert all(0 < value <= 1 for value in style.energy.values())
    climax = max(style.energy["chorus"], style.energy["drop"])
    assert climax > style.energy["verse"] > 0
    assert style.energy["intro"] < climax
    assert all(bars in (4, 8, 12, 16) for bars in style.section_bars.values())


def test_tempos_are_playable_and_moods_placed(style: Style) -> None:
    tempo = style.tempo_bpm
    assert 40 <= tempo.low < tempo.typical < tempo.high <= 240
    assert tempo.high / tempo.low <= 2.5
    assert max(style.meters.values()) == style.meters[next(iter(style.meters))]


def test_mix_has_a_place_for_every_role_of_the_band(style: Style) -> None:
    assert {one.role for one in style.instruments} | {"vocal"} <= set(style.mix.tracks)
    assert style.mix.tracks["lead"].level_db == 0
    assert abs(style.mix.tracks["bass"].pan) <= 0.2
    low, high = style.master.slope_db_per_octave
    assert low < high <= 0


def test_styles_differ() -> None:
    said = [
        (
            style.tempo_bpm.typical,
            style.bass[4],
            tuple(one.program for one in style.instruments),
            style.progressions[0].numerals,
        )
        for style in map(load_style, NAMES)
    ]
    assert len(set(said)) == len(said)
    assert len({(tempo, bass) for tempo, bass, _, _ in said}) >= 0.8 * len(said)
