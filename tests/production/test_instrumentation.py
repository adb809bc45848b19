"""Each track gets a sound that fits its instrument, role and style, with reasons, and a place in the mix."""

from __future__ import annotations

import pytest

from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.production.instrumentation import ROLE_MIX, instrument, track_mix
from musicgen_assets.production.parts import track_inputs, voices_of
from musicgen_assets.production.plan import VOCAL, Instrumentation, Layer, TrackSound
from musicgen_assets.score.model import Score, Track
from musicgen_assets.styles.loader import blend, load_style
from musicgen_assets.styles.schema import MixTargets, Style, TrackMix
from support.band_score import BAR, FORM, INSTRUMENTS, band_score

LIVELY = Mood(valence=0.7, arousal=0.7)
EVERYONE = tuple(INSTRUMENTS)


@pytest.fixture(scope="module")
def style() -> Style:
    """A style with neutral mix targets."""
    return load_style("pop").model_copy(update={"mix": MixTargets()})


def sounds(score: Score, style: Style, mood: Mood = LIVELY) -> dict[str, TrackSound]:
    return {sound.name: sound for sound in instrument(score, style, mood).tracks}


def one(style: Style, role: str, name: str, program: int, mood: Mood = LIVELY) -> TrackSound:
    score = band_score(("melody",))
    track = Track.model_validate(
        {"name": "it", "role": role, "instrument": name, "program": program, "channel": 0, "notes": ((0, 480, 50, 90),)}
    )
    return sounds(score.model_copy(update={"tracks": (track,)}), style, mood)["it"]


def kinds(sound: TrackSound) -> list[str]:
    return [effect.kind for effect in sound.effects]


def test_every_track_of_the_score_is_instrumented_in_its_order(style: Style) -> None:
    plan = instrument(band_score(EVERYONE), style, LIVELY)
    assert [sound.name for sound in plan.tracks] == list(EVERYONE)
    for sound in plan.tracks:
        assert sound.program == INSTRUMENTS[sound.name][2]
        assert sound.is_drums == (INSTRUMENTS[sound.name][3] == 9)
        assert all(effect.reason for effect in sound.effects)
        assert all(layer.reason for layer in sound.layers)


def test_the_style_decides_levels_and_the_role_what_it_leaves_open(style: Style) -> None:
    mix = MixTargets(tracks={"bass": TrackMix(level_db=-1.5, pan=0.1)}, sidechain_db=4.0, reverb_room=0.9, width=1.2)
    styled = style.model_copy(update={"mix": mix})
    plan = instrument(band_score(), styled, LIVELY)
    bass = plan.sound_of("bass")
    assert (bass.level_db, bass.pan) == (-1.5, 0.1)
    assert (bass.depth, bass.direct_to_reverb_lu) == (ROLE_MIX["bass"].depth, None)
    assert bass.has_duck
    assert not plan.sound_of("melody").has_duck
    assert (plan.sidechain_db, plan.reverb.room, plan.width) == (4.0, 0.9, 1.2)
    assert track_mix(style, "pad") == ROLE_MIX["pad"]


def test_tracks_of_one_role_share_its_level_and_spread(style: Style) -> None:
    both = sounds(band_score(("piano", "guitar")), style)
    assert both["piano"].pan == -both["guitar"].pan != 0.0
    assert both["piano"].level_db == both["guitar"].level_db < ROLE_MIX["chords"].level_db


def test_only_drums_and_bass_own_the_lowest_octave(style: Style) -> None:
    low = style.model_copy(update={"mix": MixTargets(tracks={role: TrackMix(high_pass_hz=20.0) for role in ROLE_MIX})})
    for sound in sounds(band_score(EVERYONE), low).values():
        assert (sound.high_pass_hz < 60.0) == (sound.role in ("drums", "bass"))


@pytest.mark.parametrize("name", ["808 bass", "Sub Bass"])
def test_a_sub_bass_is_synthesised_and_says_why(style: Style, name: str) -> None:
    sound = one(style, "bass", name, 38)
    assert sound.source == "sub_bass"
    assert any("808" in reason for reason in sound.reasons)


def test_other_basses_come_from_the_font(style: Style) -> None:
    assert one(style, "bass", "upright bass", 32).effects == ()
    assert kinds(one(style, "bass", "synth bass", 38)) == ["drive"]
    assert one(style, "bass", "electric bass", 33).source == "soundfont"


def test_distorted_rhythm_guitars_are_amplified_and_doubled_left_and_right(style: Style) -> None:
    sound = one(style, "chords", "overdriven guitar", 29)
    assert kinds(sound) == ["drive", "cabinet", "tone"]
    assert [layer.pan for layer in sound.layers] == [-sound.main_pan]
    assert sound.main_pan < -0.5
    assert one(style, "lead", "lead guitar", 30).layers == ()


def test_electric_pianos_move_by_mood(style: Style) -> None:
    assert kinds(one(style, "chords", "electric piano", 4)) == ["chorus"]
    assert kinds(one(style, "chords", "electric piano", 4, Mood(valence=0.5, arousal=0.4))) == ["tremolo"]
    assert kinds(one(style, "pad", "organ", 17)) == ["chorus"]
    assert kinds(one(style, "chords", "clean guitar", 27)) == ["chorus"]


def test_a_calm_song_is_softer_and_a_lofi_one_dusty(style: Style) -> None:
    assert kinds(one(style, "chords", "piano", 0, Mood(valence=0.5, arousal=0.1))) == ["tone"]
    lofi = load_style("lofi")
    plan = sounds(band_score(("drums", "piano", "melody")), lofi, Mood(valence=0.5, arousal=0.3))
    assert kinds(plan["drums"]) == ["drive", "tone"]
    assert "tone" in kinds(plan["piano"])
    assert [texture.kind for texture in plan["drums"].textures] == ["vinyl"]


def test_choruses_open_with_an_octave_where_the_instrument_plays_octaves(style: Style) -> None:
    plan = sounds(band_score(("pad", "melody"), FORM), style)
    for name in ("pad", "melody"):
        octaves = [layer for layer in plan[name].layers if layer.transpose == 12]
        assert [layer.sections for layer in octaves] == [("chorus 1", "chorus 2", "chorus 3")]
    assert one(style, "lead", "tenor saxophone", 66).layers == ()
    calm = sounds(band_score(("melody",), FORM), style, Mood(valence=0.5, arousal=0.2))
    assert not [layer for layer in calm["melody"].layers if layer.transpose]


def test_brass_sections_and_steel_guitars_are_played_twice(style: Style) -> None:
    assert len(one(style, "counter", "brass section", 61).layers) == 1
    assert len(one(style, "chords", "steel guitar", 25).layers) == 1
    assert one(style, "chords", "nylon guitar", 24).layers == ()


def test_dance_music_climbs_into_its_big_sections(style: Style) -> None:
    dance = style.model_copy(update={"mix": MixTargets(sidechain_db=5.0)})
    score = band_score(("drums", "melody"), FORM)
    textures = sounds(score, dance)["drums"].textures
    choruses = [section for section in score.sections if section.kind == "chorus"]
    for section in choruses:
        risers = [t for t in textures if t.kind == "riser" and t.start_ticks + t.duration_ticks == section.start_ticks]
        impacts = [t for t in textures if t.kind == "impact" and t.start_ticks == section.start_ticks]
        assert [riser.duration_ticks for riser in risers] == [2 * BAR]
        assert len(impacts) == 1


def test_modern_bands_announce_choruses_and_acoustic_ones_do_not(style: Style) -> None:
    synths = sounds(band_score(("drums", "melody"), FORM), style)["drums"].textures
    assert {texture.kind for texture in synths} == {"reverse_cymbal"}
    assert sounds(band_score(("drums", "piano"), FORM), style)["drums"].textures == ()


def test_textures_stand_on_a_track_that_plays(style: Style) -> None:
    plan = sounds(band_score(("piano", "melody"), FORM), style)
    assert plan["piano"].textures
    assert plan["melody"].textures == ()
    assert sounds(band_score(("melody",), FORM), style)["melody"].textures == ()


def test_the_sung_track_has_a_sound_before_it_exists(style: Style) -> None:
    plan = instrument(band_score(("melody",)), style, LIVELY)
    sung = Track(name=VOCAL, role="vocal", instrument="flute", program=73, channel=5)
    sound = plan.sound_for(sung)
    assert (sound.role, sound.program, sound.instrument) == ("vocal", 73, "flute")
    assert sound.level_db == ROLE_MIX["vocal"].level_db
    with pytest.raises(KeyError):
        plan.sound_of("kazoo")


def test_a_layer_of_sections_the_song_lacks_does_not_play_everywhere(style: Style) -> None:
    score = band_score(("melody",))
    sound = sounds(score, style)["melody"].model_copy(
        update={
            "layers": (
                Layer(program=1, sections=("drop 9",), reason="no such section"),
                Layer(program=2, sections=("chorus 1",), reason="one section"),
                Layer(program=3, reason="everywhere"),
            )
        }
    )
    voices = voices_of(sound, score)
    assert [voice["program"] for voice in voices] == [81, 2, 3]
    assert [voice["spans_ticks"] for voice in voices] == [[], [[BAR, 2 * BAR]], []]


def test_a_tracks_inputs_hold_nothing_of_the_mix(style: Style) -> None:
    score = band_score(("melody",))
    sound = sounds(score, style)["melody"]
    moved = sound.model_copy(update={"level_db": -9.0, "pan": 1.0, "direct_to_reverb_lu": 0.0, "has_duck": True})
    assert track_inputs(score.tracks[0], sound, score, 48_000) == track_inputs(score.tracks[0], moved, score, 48_000)


def test_the_asset_reads_what_it_declares_and_blends_genres() -> None:
    context = CompositionContext.model_validate(
        {"musical": {"genres": [{"name": "pop", "weight": 1}, {"name": "house", "weight": 1}]}}
    )
    store = MemoryStore(context=context)
    store.put("arrangement/arrangement", json_payload(band_score(EVERYONE, FORM)))
    outcome = store.run("production/instrumentation")
    plan = Instrumentation.model_validate(store.json("production/instrumentation"))
    assert plan.sidechain_db == blend(context.musical.genres).mix.sidechain_db
    assert outcome.facts["tracks"] == len(EVERYONE)
    assert outcome.facts["layers"] == sum(len(sound.layers) for sound in plan.tracks)
