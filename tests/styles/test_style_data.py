"""Every style file is complete, playable and plausible to a musician."""

from __future__ import annotations

from typing import get_args

import pytest

from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.mastering.corridor import corridor_data
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.styles.loader import DEEP_STYLES, aliases_of, load_style, style_names, style_snapshot
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


def grooves_of(style: Style) -> list[MeterGroove]:
    return [played for groove in style.grooves.values() for played in groove.every_variant]


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
    for meter, piece, pattern in (
        (meter, *found)
        for meter, groove in style.grooves.items()
        for played in groove.every_variant
        for found in strings_of(played)
    ):
        if pattern:
            bars = pattern.split()
            assert 1 <= len(bars) <= 2, (meter, piece)
            assert all(len(bar) == steps_per_bar(meter) for bar in bars), (meter, piece, pattern)
            assert set(pattern) <= set(".gxX "), (meter, piece, pattern)


def test_every_piece_is_known_and_every_level_there(style: Style) -> None:
    for groove in grooves_of(style):
        assert set(groove.levels) == set(groove.comping) == {1, 2, 3, 4}
        assert {piece for piece, _ in strings_of(groove)} <= PIECES | {"comping"}
        assert groove.source
        assert len(groove.fills) >= 2 or not style.has_drums
    assert set(style.bass) == {1, 2, 3, 4}


def test_levels_grow_from_sparse_to_full(style: Style) -> None:
    for groove in grooves_of(style):
        drums = [sum(onsets(pattern) for pattern in groove.levels[level].values()) for level in (1, 2, 3, 4)]
        comping = [onsets(groove.comping[level]) for level in (1, 2, 3, 4)]
        assert drums == sorted(drums), groove.source
        assert comping == sorted(comping), groove.source
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
    assert max(bars) >= 2.0 * min(bars)
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


DERIVED = frozenset(
    {
        "indie", "punk", "metal", "country", "r_and_b", "gospel", "disco", "trap", "lofi", "techno", "trance",
        "drum_and_bass", "string_quartet", "reggaeton", "afrobeats", "k_pop", "chiptune", "march",
    }
)  # fmt: skip


def test_every_asked_style_is_there_and_says_whether_it_is_derived() -> None:
    assert {name for name in NAMES if load_style(name).is_derived} == DERIVED
    assert {"blues", "ambient", "reggae", "celtic", "lullaby", "waltz"} <= set(NAMES) - DERIVED
    assert set(DEEP_STYLES) <= set(NAMES) - DERIVED
    assert all(load_style(name).inherits in NAMES for name in DERIVED)


@pytest.mark.parametrize("name", sorted(DERIVED))
def test_a_derived_style_overrides_what_makes_it_itself(name: str) -> None:
    child = load_style(name)
    parent = load_style(str(child.inherits))
    for part in ("tempo_bpm", "grooves", "progressions", "instruments", "lyrics", "themes", "mood"):
        assert getattr(child, part) != getattr(parent, part), part


@pytest.mark.parametrize("name", DEEP_STYLES)
def test_deep_styles_are_complete(name: str) -> None:
    style = load_style(name)
    main = style.grooves[next(iter(style.meters))]
    assert main.variants
    assert len(main.fills) >= 3 or not style.has_drums
    assert len(style.progressions) >= 7
    assert len(style.forms) >= 5
    assert len(style.themes) >= 5
    assert "lyrics" in style.model_fields_set
    for one in style.instruments:
        assert (one.register_midi is None) == (one.role in ("drums", "percussion")), one.name


def test_registers_lie_within_what_instruments_reach(style: Style) -> None:
    for one in style.instruments:
        if one.register_midi is not None:
            low, high = (28, 55) if one.role == "bass" else range_of(one.program)
            assert low <= one.register_midi[0] < one.register_midi[1] <= max(high, 67 if one.role == "bass" else 0)
            assert one.register_midi[1] - one.register_midi[0] >= 14


def test_words_have_habits(style: Style) -> None:
    habits = style.lyrics
    assert "lyrics" in style.model_fields_set
    assert all(len(scheme) <= 8 for scheme in (*habits.verse_schemes, *habits.chorus_schemes))
    assert habits.title_lines <= max(len(scheme) for scheme in habits.chorus_schemes)


@pytest.mark.parametrize(
    ("name", "role", "programs"),
    [
        ("chiptune", "lead", {80, 81}), ("chiptune", "arpeggio", {80, 81}), ("string_quartet", "lead", {40}),
        ("string_quartet", "counter", {40}), ("string_quartet", "chords", {41}), ("string_quartet", "bass", {42}),
        ("march", "bass", {58}), ("march", "chords", {60}), ("gospel", "pad", {16, 17, 18}),
        ("country", "arpeggio", {105}),
        ("metal", "chords", {30}), ("jazz_swing", "bass", {32}), ("bossa_nova", "chords", {24}),
        ("latin", "chords", {0}),
        ("disco", "arpeggio", {28}), ("trap", "drums", {25}), ("techno", "drums", {24, 25}),
    ],
)  # fmt: skip
def test_instruments_are_the_ones_of_the_genre(name: str, role: str, programs: set[int]) -> None:
    assert {one.program for one in load_style(name).instruments if one.role == role} <= programs


def test_a_quartet_is_four_players_without_drums() -> None:
    assert sorted(one.program for one in load_style("string_quartet").instruments) == [40, 40, 41, 42]
    assert not load_style("string_quartet").has_drums


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("K-Pop", "k_pop"), ("heavy metal", "metal"), ("R&B", "r_and_b"), ("dnb", "drum_and_bass"),
        ("8-bit", "chiptune"),
        ("reguetón", "reggaeton"), ("música electrónica", None), ("streichquartett", "string_quartet"),
        ("quatuor à cordes", "string_quartet"), ("marsch", "march"), ("música country", "country"),
        ("indie rock", "indie"),
        ("soul", "funk"), ("marcha", "march"), ("technomusik", "techno"), ("afrobeat", "afrobeats"),
    ],
)  # fmt: skip
def test_new_styles_answer_in_several_languages(alias: str, name: str | None) -> None:
    assert aliases_of(style_snapshot()).get(alias.lower().replace("-", " ")) == name


def test_every_style_has_a_corridor_of_its_own_choice() -> None:
    assert set(corridor_data().styles) == set(NAMES)


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
