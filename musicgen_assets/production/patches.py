"""The synthesizer's sounds by name: oscillators, filters, envelopes and kits, as data.

Belongs here: the patches. Does not belong here: computing them (synth_sampler, dsp), and which track gets which
(sounds).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsp.oscillators import Shape
from musicgen_assets.production.touch import DRUM, Touch

LEAD_TOUCH = Touch(1.12, attack_ms=0.0, release_ms=(120.0, 220.0), tilt_jitter_db=0.3, level_jitter_db=0.2, band=16)
PAD_TOUCH = Touch(1.12, attack_ms=0.0, release_ms=(700.0, 1_100.0), tilt_jitter_db=0.3, level_jitter_db=0.2, band=16)
PLUCK_TOUCH = Touch(1.2, attack_ms=0.0, release_ms=(160.0, 280.0), tilt_jitter_db=0.5, level_jitter_db=0.3, band=16)
BASS_TOUCH = Touch(
    1.15, attack_ms=0.0, release_ms=(60.0, 100.0), tilt_jitter_db=0.3, level_jitter_db=0.2, band=16, reference_key=40
)
BELL_TOUCH = Touch(1.2, attack_ms=0.0, release_ms=(900.0, 1_600.0), tilt_jitter_db=0.5, level_jitter_db=0.3, band=16)
KIT_TOUCH = Touch(
    1.0, attack_ms=0.0, release_ms=(25.0, 25.0), tilt_jitter_db=0.8, level_jitter_db=0.4, detune_cents=14.0, band=32,
    velocity_exponent=DRUM.velocity_exponent,
)  # fmt: skip


@dataclass(frozen=True)
class Oscillator:
    """One waveform, ``unison`` times, spread over ``detune_cents`` and from left to right."""

    shape: Shape
    level: float = 1.0
    octave: int = 0
    unison: int = 1
    detune_cents: float = 0.0
    width: float = 0.5


@dataclass(frozen=True)
class Subtractive:
    """Oscillators through a low-pass that opens with the stroke and closes again."""

    oscillators: tuple[Oscillator, ...]
    touch: Touch
    cutoff_hz: float = 2_000.0
    """Where the filter rests for middle C, following the key by ``tracking``."""
    sweep_octaves: float = 2.0
    """How much higher it starts, for velocity 127."""
    sweep_s: float = 0.25
    tracking: float = 0.5
    resonance: float = 0.1
    attack_s: float = 0.004
    decay_s: float = 0.6
    sustain: float = 0.8
    spread: float = 0.0
    """How far unison voices stand apart, 0-1; 0 keeps the sound on one channel."""


@dataclass(frozen=True)
class Operators:
    """Two-operator FM pairs: (ratio, index, index decay in s, level, level decay in s); decay 0 holds."""

    pairs: tuple[tuple[float, float, float, float, float], ...]
    touch: Touch
    attack_s: float = 0.002


@dataclass(frozen=True)
class Plucked:
    """A plucked string."""

    touch: Touch
    decay_s: float
    brightness: float
    place: float = 0.2


@dataclass(frozen=True)
class Morph:
    """A wavetable: one spectrum turning into another and back, ``rate_hz`` times a second."""

    first: tuple[float, ...]
    second: tuple[float, ...]
    rate_hz: float
    touch: Touch
    attack_s: float = 0.25
    detune_cents: float = 7.0


@dataclass(frozen=True)
class Kit:
    """A drum machine."""

    machine: Literal["808", "909", "linn", "noise"]
    touch: Touch = KIT_TOUCH


Patch = Subtractive | Operators | Plucked | Morph | Kit

_PAIR = (Oscillator("saw", unison=2, detune_cents=12.0),)
PATCHES: dict[str, Patch] = {
    "saw_lead": Subtractive(
        (Oscillator("saw", unison=3, detune_cents=18.0), Oscillator("square", 0.4, octave=-1)), LEAD_TOUCH,
        cutoff_hz=2_600.0, sweep_octaves=1.6, sweep_s=0.22, spread=0.35,
    ),
    "square_lead": Subtractive(
        (Oscillator("square", unison=2, detune_cents=10.0), Oscillator("pulse", 0.5, width=0.3)), LEAD_TOUCH,
        cutoff_hz=2_200.0, sweep_octaves=1.4, sweep_s=0.3, spread=0.3,
    ),
    "supersaw": Subtractive(
        (
            Oscillator("saw", unison=7, detune_cents=34.0),
            Oscillator("saw", 0.35, octave=1, unison=2, detune_cents=20.0),
        ),
        LEAD_TOUCH, cutoff_hz=3_800.0, sweep_octaves=1.0, sweep_s=0.35, resonance=0.0, spread=0.8,
    ),
    "poly_synth": Subtractive(
        (*_PAIR, Oscillator("pulse", 0.6, width=0.4)), PLUCK_TOUCH, cutoff_hz=1_500.0, sweep_octaves=2.2, sweep_s=0.35,
        sustain=0.6, spread=0.5,
    ),
    "stab": Subtractive(
        (Oscillator("saw", unison=3, detune_cents=22.0),), PLUCK_TOUCH, cutoff_hz=900.0, sweep_octaves=3.0,
        sweep_s=0.12, resonance=0.25, decay_s=0.25, sustain=0.15, spread=0.5,
    ),
    "pluck": Subtractive(
        (Oscillator("saw", unison=2, detune_cents=10.0), Oscillator("square", 0.4, octave=1)), PLUCK_TOUCH,
        cutoff_hz=700.0, sweep_octaves=3.2, sweep_s=0.09, resonance=0.15, decay_s=0.28, sustain=0.06, spread=0.4,
    ),
    "sequencer": Subtractive(
        (Oscillator("saw"), Oscillator("pulse", 0.6, width=0.25)), PLUCK_TOUCH, cutoff_hz=900.0, sweep_octaves=2.6,
        sweep_s=0.11, resonance=0.35, decay_s=0.22, sustain=0.25,
    ),
    "analog_strings": Subtractive(
        (Oscillator("saw", unison=4, detune_cents=22.0),), PAD_TOUCH, cutoff_hz=2_200.0, sweep_octaves=0.6, sweep_s=0.9,
        resonance=0.0, attack_s=0.12, sustain=0.9, spread=0.9,
    ),
    "warm_pad": Subtractive(
        (Oscillator("saw", unison=3, detune_cents=16.0), Oscillator("triangle", 0.8, octave=-1)), PAD_TOUCH,
        cutoff_hz=1_000.0, sweep_octaves=0.9, sweep_s=1.2, resonance=0.05, attack_s=0.2, sustain=0.9, spread=0.8,
    ),
    "synth_brass": Subtractive(
        (Oscillator("saw", unison=3, detune_cents=14.0),), LEAD_TOUCH, cutoff_hz=1_300.0, sweep_octaves=1.8,
        sweep_s=0.45, attack_s=0.03, sustain=0.75, spread=0.4,
    ),
    "analog_bass": Subtractive(
        (Oscillator("saw", unison=2, detune_cents=8.0), Oscillator("square", 0.6, octave=-1)), BASS_TOUCH,
        cutoff_hz=700.0, sweep_octaves=2.0, sweep_s=0.14, resonance=0.15, decay_s=0.4, sustain=0.7,
    ),
    "synth_bass": Subtractive(
        (Oscillator("square"), Oscillator("saw", 0.5)), BASS_TOUCH, cutoff_hz=650.0, sweep_octaves=2.2, sweep_s=0.1,
        resonance=0.2, decay_s=0.3, sustain=0.65,
    ),
    "acid_bass": Subtractive(
        (Oscillator("saw"),), BASS_TOUCH, cutoff_hz=420.0, sweep_octaves=3.2, sweep_s=0.13, resonance=0.8, decay_s=0.3,
        sustain=0.6,
    ),
    "reese_bass": Subtractive(
        (Oscillator("saw", unison=3, detune_cents=36.0), Oscillator("sine", 1.1, octave=-1)), BASS_TOUCH,
        cutoff_hz=900.0, sweep_octaves=0.8, sweep_s=0.6, resonance=0.1, sustain=0.95,
    ),
    "fm_bass": Operators(((1.0, 2.2, 0.12, 1.0, 1.2), (0.5, 0.6, 0.3, 0.5, 1.5)), BASS_TOUCH),
    "fm_piano": Operators(((1.0, 1.1, 0.5, 1.0, 2.2), (14.0, 0.35, 0.05, 0.35, 0.25)), PLUCK_TOUCH),
    "fm_bell": Operators(((3.5, 1.1, 1.0, 0.7, 1.8), (1.4, 0.45, 1.5, 0.5, 2.6)), BELL_TOUCH),
    "crystal": Operators(((2.0, 1.0, 0.6, 0.8, 1.8), (7.0, 0.8, 0.3, 0.35, 0.9)), BELL_TOUCH, attack_s=0.01),
    "plucked_string": Plucked(PLUCK_TOUCH, decay_s=2.2, brightness=0.6),
    "dark_pad": Morph(
        (1.0, 0.6, 0.5, 0.2, 0.25, 0.1), (1.0, 0.1, 0.7, 0.05, 0.4, 0.3, 0.3, 0.2), 0.21, PAD_TOUCH
    ),
    "metal_pad": Morph(
        (1.0, 0.2, 0.4, 0.1, 0.5, 0.1, 0.3), (0.6, 0.7, 0.1, 0.6, 0.1, 0.5, 0.1, 0.45, 0.1, 0.3), 0.33, PAD_TOUCH
    ),
    "chip_square": Subtractive(
        (Oscillator("square"),), LEAD_TOUCH, cutoff_hz=20_000.0, sweep_octaves=0.0, resonance=0.0, attack_s=0.001,
        decay_s=0.5, sustain=0.7,
    ),
    "chip_pulse": Subtractive(
        (Oscillator("pulse", width=0.25),), LEAD_TOUCH, cutoff_hz=20_000.0, sweep_octaves=0.0, resonance=0.0,
        attack_s=0.001, decay_s=0.3, sustain=0.6,
    ),
    "chip_thin": Subtractive(
        (Oscillator("pulse", width=0.125),), LEAD_TOUCH, cutoff_hz=20_000.0, sweep_octaves=0.0, resonance=0.0,
        attack_s=0.001, decay_s=0.25, sustain=0.55,
    ),
    "chip_triangle": Subtractive(
        (Oscillator("triangle"), Oscillator("square", 0.06)), BASS_TOUCH, cutoff_hz=20_000.0, sweep_octaves=0.0,
        resonance=0.0, attack_s=0.001, sustain=1.0,
    ),
    "kit_808": Kit("808"),
    "kit_909": Kit("909"),
    "kit_linn": Kit("linn"),
    "kit_noise": Kit("noise"),
}  # fmt: skip


def patch_named(name: str) -> Patch:
    """The patch of that name. Raises KeyError naming it and what there is."""
    if name not in PATCHES:
        raise KeyError(f"there is no patch called {name!r}; known: {', '.join(PATCHES)}")
    return PATCHES[name]
