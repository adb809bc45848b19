"""What a General MIDI program needs to sound like the instrument it names: effects and layers, by rule.

Belongs here: rules from program, role and style to effects and layers, each with its reason. Does not belong
here: place and level in the mix, textures (instrumentation), and how anything is computed (effects, render).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from musicgen_assets.context.schema import Mood, Role
from musicgen_assets.production.plan import Effect, Layer, Source
from musicgen_assets.score.model import Track

DISTORTED = frozenset({29, 30})
STEEL_GUITAR = 25
CLEAN_GUITARS = frozenset({27, 28})
ELECTRIC_PIANOS = frozenset({4, 5})
ORGANS = frozenset(range(16, 21))
ENSEMBLES = frozenset({*range(48, 55), *range(88, 96)})
BRASS_SECTIONS = frozenset({61, 62, 63})
SYNTH_LEADS = frozenset(range(80, 88))
OCTAVE_LEADS = frozenset({*range(16), *range(48, 52), *SYNTH_LEADS})
"""Leads that play octaves by themselves. A saxophone does not."""
WIDE_INSTRUMENTS = frozenset({*range(6), *range(8, 16), 46})
"""Pianos, mallets and harp: one stands in front of their whole row of keys or strings."""
SYNTHS = frozenset({38, 39, *range(80, 104)})
ELECTRIC_BASSES = frozenset({33, 34, 35, 36, 37})
SYNTH_BASSES = frozenset({38, 39, 87})

PATCH_BY_NAME = {
    "drum machine": "kit_linn", "dance kit": "kit_909", "techno machine": "kit_909", "trance machine": "kit_909",
    "pop machine": "kit_909", "808 kit": "kit_808", "dembow machine": "kit_808", "snap kit": "kit_808",
    "noise drums": "kit_noise", "analog bass": "analog_bass", "synth bass": "synth_bass", "acid bass": "acid_bass",
    "rolling bass": "analog_bass", "reese bass": "reese_bass", "soft synth bass": "fm_bass",
    "triangle bass": "chip_triangle", "poly synth": "poly_synth", "chord stab": "stab", "supersaw": "supersaw",
    "bright synth": "supersaw", "second pulse": "chip_pulse", "chip arpeggio": "chip_thin", "pluck synth": "pluck",
    "synth arpeggio": "sequencer", "sequencer": "sequencer", "gated arpeggio": "pluck", "crystal bells": "crystal",
    "analog strings": "analog_strings", "synth strings": "analog_strings", "string pad": "analog_strings",
    "warm pad": "warm_pad", "wide pad": "warm_pad", "dark pad": "dark_pad", "metal pad": "metal_pad",
    "synth brass": "synth_brass", "synth lead": "saw_lead", "saw lead": "saw_lead",
}  # fmt: skip
"""Instruments that are machines, by the names styles give them. "Square lead" is chosen by program: a console's and a
synthesizer's differ."""
PATCH_BY_PROGRAM = {
    5: "fm_piano", 38: "synth_bass", 39: "analog_bass", 50: "analog_strings", 51: "analog_strings", 62: "synth_brass",
    63: "synth_brass", 80: "square_lead", 81: "saw_lead", 84: "plucked_string", 87: "saw_lead", 88: "fm_bell",
    89: "warm_pad", 90: "poly_synth", 93: "metal_pad", 95: "dark_pad", 98: "crystal",
}  # fmt: skip
"""General MIDI's synthesizers, in electronic styles."""

CALM_AROUSAL = 0.3
LIVELY_AROUSAL = 0.5
TOP_OF_OCTAVE_LAYER = 98
"""Highest pitch a layer an octave up may reach: above it, fonts squeak."""


@dataclass(frozen=True)
class Setting:
    """What of the song the rules may look at. ``big_sections`` are the names of its choruses and drops."""

    mood: Mood
    is_electronic: bool
    is_lofi: bool
    is_chip: bool = False
    big_sections: tuple[str, ...] = ()


@dataclass
class Shape:
    """A track's sound while the rules build it."""

    source: Source = "soundfont"
    patch: str = ""
    main_pan: float = 0.0
    key_spread: float = 0.0
    effects: list[Effect] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def shape_of(track: Track, role: Role, setting: Setting) -> Shape:
    """Effects and layers of one track."""
    shape = Shape(key_spread=_key_spread(track, role))
    _synthesized(shape, track, setting)
    if track.is_drums:
        _drums(shape, setting)
    elif shape.source == "synth":
        _synth(shape, track, role, setting)
    elif role == "bass":
        _bass(shape, track)
    else:
        _guitars(shape, track, role)
        _keys(shape, track, setting)
        _ensembles(shape, track, role)
        _openings(shape, track, role, setting)
        _mood(shape, role, setting)
    return shape


def _key_spread(track: Track, role: Role) -> float:
    """How far apart the keys of one instrument stand: wide enough to be real, narrow enough to be one."""
    if track.is_drums:
        return 0.8 if len({note[2] for note in track.notes}) > 2 else 0.0
    if track.program in WIDE_INSTRUMENTS and role != "bass":
        return 0.5 if role in ("lead", "vocal") else 0.8
    return 0.0


def _effect(shape: Shape, kind: str, reason: str, **settings: float) -> None:
    shape.effects.append(Effect.model_validate({"kind": kind, "settings": settings, "reason": reason}))


def _double(shape: Shape, track: Track, *, spread: float, detune_cents: float, delay_ms: float, reason: str) -> None:
    """The part played twice, left and right."""
    shape.main_pan = -spread
    shape.layers.append(
        Layer(program=track.program, detune_cents=detune_cents, delay_ms=delay_ms, pan=spread, reason=reason)
    )


def _synthesized(shape: Shape, track: Track, setting: Setting) -> None:
    """A synthesizer's or drum machine's part is played by one: a font has one recording of each, and no filter."""
    name = track.instrument.lower()
    if _is_sub_bass(track):
        return
    patch = PATCH_BY_NAME.get(name)
    if setting.is_chip and not track.is_drums and track.program in SYNTHS and not (patch or "").startswith("chip"):
        patch = "chip_square" if track.role in ("lead", "vocal") else "chip_pulse"
    elif patch is None and setting.is_electronic and not track.is_drums:
        patch = PATCH_BY_PROGRAM.get(track.program)
    if patch is not None:
        shape.source, shape.patch = "synth", patch
        shape.reasons.append(f"synthesised ({patch}): {track.instrument} is made of oscillators, not of recordings")


def _synth(shape: Shape, track: Track, role: Role, setting: Setting) -> None:
    if role == "bass":
        _effect(shape, "drive", "harmonics, so that small loudspeakers play the bass too", gain_db=4.0)
        return
    _openings(shape, track, role, setting)
    _mood(shape, role, setting)


def _is_sub_bass(track: Track) -> bool:
    name = track.instrument.lower()
    return track.role == "bass" and ("808" in name or "sub" in name)


def _drums(shape: Shape, setting: Setting) -> None:
    if setting.is_lofi:
        _effect(shape, "drive", "drums as if from a sampler pushed a little", gain_db=4.0)
        _effect(shape, "tone", "dusty drums", high_shelf_hz=5_500.0, high_shelf_db=-4.0)


def _bass(shape: Shape, track: Track) -> None:
    if _is_sub_bass(track):
        shape.source = "sub_bass"
        shape.reasons.append("a synthesised sub: General MIDI has no 808 bass")
    elif track.program in SYNTH_BASSES:
        _effect(shape, "drive", "harmonics, so that small loudspeakers play the bass too", gain_db=6.0)
    elif track.program in ELECTRIC_BASSES:
        _effect(shape, "drive", "a bass amplifier at the edge of breaking up", gain_db=3.0)


def _guitars(shape: Shape, track: Track, role: Role) -> None:
    if track.program in DISTORTED:
        gain_db = 10.0 if role in ("lead", "counter", "vocal") else 7.0
        _effect(shape, "drive", "chords and lines distort together, as in one amplifier", gain_db=gain_db)
        _effect(shape, "cabinet", "a guitar loudspeaker has neither rumble nor fizz", low_hz=75.0, high_hz=4_800.0)
        _effect(shape, "tone", "its body lies below its bite", high_shelf_hz=1_300.0, high_shelf_db=-6.0)
        if role == "chords":
            _double(shape, track, spread=0.8, detune_cents=6.0, delay_ms=14.0, reason="rhythm guitar doubled")
    elif track.program == STEEL_GUITAR and role == "chords":
        _double(shape, track, spread=0.55, detune_cents=4.0, delay_ms=11.0, reason="strummed twice")
    elif track.program in CLEAN_GUITARS and role in ("chords", "arpeggio"):
        _effect(shape, "chorus", "a clean guitar through its chorus pedal", rate_hz=0.6, depth=0.12, mix=0.35)


def _keys(shape: Shape, track: Track, setting: Setting) -> None:
    if track.program in ELECTRIC_PIANOS:
        if setting.is_lofi or setting.mood.arousal < LIVELY_AROUSAL:
            _effect(shape, "tremolo", "the electric piano's own stereo tremolo", rate_hz=4.3, depth=0.35)
        else:
            _effect(shape, "chorus", "electric piano with a slow chorus", rate_hz=0.7, depth=0.15, mix=0.4)
    elif track.program in ORGANS:
        _effect(shape, "chorus", "an organ's turning loudspeaker", rate_hz=5.6, depth=0.05, mix=0.5)


def _ensembles(shape: Shape, track: Track, role: Role) -> None:
    if track.program in ENSEMBLES and role in ("pad", "chords"):
        _double(
            shape, track, spread=0.65, detune_cents=6.0, delay_ms=9.0, reason="a second desk: width without effects"
        )
    elif track.program in BRASS_SECTIONS and role in ("pad", "chords", "counter"):
        _double(shape, track, spread=0.5, detune_cents=5.0, delay_ms=16.0, reason="two players a part")
    elif track.program in SYNTH_LEADS and role in ("lead", "vocal", "counter"):
        shape.main_pan = -0.2
        shape.layers.append(
            Layer(
                program=track.program, detune_cents=9.0, delay_ms=4.0, level_db=-3.0, pan=0.2,
                reason="a second oscillator, slightly sharp",
            )
        )  # fmt: skip


def _openings(shape: Shape, track: Track, role: Role, setting: Setting) -> None:
    """What only the choruses and drops have."""
    highest = max((note[2] for note in track.notes), default=127)
    if not setting.big_sections or highest + 12 > TOP_OF_OCTAVE_LAYER:
        return
    is_lead = role == "lead" and track.program in OCTAVE_LEADS and setting.mood.arousal >= LIVELY_AROUSAL
    if is_lead or (role == "pad" and track.program in ENSEMBLES):
        level_db = -11.0 if is_lead else -9.0
        shape.layers.append(
            Layer(
                program=track.program, transpose=12, level_db=level_db, sections=setting.big_sections,
                reason="an octave above, where the song opens",
            )
        )  # fmt: skip


def _mood(shape: Shape, role: Role, setting: Setting) -> None:
    if setting.is_lofi and role in ("chords", "pad", "lead", "arpeggio"):
        _effect(shape, "tone", "as if from an old sampler", high_shelf_hz=4_500.0, high_shelf_db=-5.0)
    elif setting.mood.arousal < CALM_AROUSAL and role in ("chords", "pad"):
        _effect(shape, "tone", "a calm song: softer highs", high_shelf_hz=5_000.0, high_shelf_db=-2.0)
