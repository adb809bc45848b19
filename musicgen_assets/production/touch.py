"""How an instrument answers to the hand: what velocity does to its tone, its onset and its end.

Fonts mostly play one recording louder or softer, and stop all notes alike. Played instruments are duller when they
are played softly, speak more slowly, and die away by their own means when a key is let go. Numbers are rules of
thumb, set so that the spectral centroid of a note at velocity 110 is at least 1.25 times that at 40
(``python -m benchmarks.samplers``), except on instruments whose keys know no force.

Belongs here: the families and their numbers. Does not belong here: applying them (playing).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Touch:
    """What a player's force and fingers do on one family of instruments."""

    brightness: float = 1.45
    """How many times higher the spectral centroid is at velocity 110 than at 40; 1 where the hand changes nothing."""
    pivot: float = 1.5
    """Where the tilt begins, in multiples of the note's frequency."""
    bark: float = 0.0
    """Overtones that a hard stroke adds to a tone that has nearly none: drive of a soft clip at velocity 110."""
    attack_ms: float = 4.0
    """How long the softest note takes to speak, beyond its recording."""
    release_ms: tuple[float, float] = (220.0, 420.0)
    """From key up to silence, for soft and hard notes; a third of it takes the first 20 dB."""
    detune_cents: float = 0.0
    """How far apart the tunings of successive notes of one pitch are."""
    tilt_jitter_db: float = 0.6
    level_jitter_db: float = 0.4
    velocity_exponent: float = 1.4
    """Amplitude goes by this power of velocity. The SoundFont standard asks for 2; with less, soft notes are soft but
    chords of mixed velocities stay one chord."""
    band: int = 8
    """The engine is asked for velocities this far apart; level and tone of a note follow its own velocity."""
    reference_key: int = 60
    """The key that levels and tone are listened to on."""


HAMMERED = Touch(attack_ms=7.0, release_ms=(200.0, 420.0))
ELECTRIC_PIANO = Touch(bark=1.8, attack_ms=5.0, release_ms=(180.0, 320.0))
PLAIN_KEYS = Touch(
    1.0, attack_ms=0.0, release_ms=(110.0, 110.0), tilt_jitter_db=0.3, level_jitter_db=0.2, velocity_exponent=0.7
)
"""Organ and harpsichord: a key opens a pipe or plucks a string, however it is pressed."""
MALLET = Touch(bark=1.2, attack_ms=3.0, release_ms=(900.0, 1_500.0))
PLUCKED = Touch(bark=0.7, attack_ms=5.0, release_ms=(160.0, 320.0), detune_cents=3.0)
OVERDRIVEN = Touch(1.12, attack_ms=3.0, release_ms=(120.0, 220.0), detune_cents=2.0, velocity_exponent=1.0)
"""An amplifier at its limit evens out what the hand does."""
BASS = Touch(pivot=2.0, attack_ms=8.0, release_ms=(110.0, 220.0), detune_cents=2.0, reference_key=40)
BOWED = Touch(attack_ms=60.0, release_ms=(260.0, 480.0), detune_cents=4.0)
LOW_BOWED = replace(BOWED, reference_key=43)
BLOWN = Touch(attack_ms=35.0, release_ms=(150.0, 280.0), detune_cents=4.0)
BRASS = Touch(attack_ms=40.0, release_ms=(160.0, 300.0), detune_cents=4.0)
LOW_BRASS = replace(BRASS, reference_key=48)
LOW_REED = replace(BLOWN, reference_key=48)
VOICES = Touch(attack_ms=60.0, release_ms=(300.0, 520.0), detune_cents=4.0)
SYNTH = Touch(1.3, attack_ms=4.0, release_ms=(140.0, 260.0), detune_cents=3.0)
PAD = Touch(1.3, attack_ms=120.0, release_ms=(700.0, 1_200.0), detune_cents=3.0)
DRUM = Touch(
    attack_ms=2.5, release_ms=(30.0, 30.0), detune_cents=12.0, tilt_jitter_db=0.9, level_jitter_db=0.5,
    velocity_exponent=1.7,
)  # fmt: skip
"""A choked drum is stopped by a hand or a pedal; else it rings as recorded."""
DRUM_TILT_DB = 9.0
DRUM_PIVOT_HZ = 900.0
KIT_LEVEL_DB = -24.0
_KIT_BALANCE_DB = {
    35: 0.0, 36: 0.0, 37: -11.0, 38: -3.0, 39: -5.0, 40: -3.0, 41: 0.0, 42: -7.0, 43: 0.0, 44: -8.0, 45: -1.0,
    46: -6.0, 47: -1.0, 48: -2.0, 49: -4.0, 50: -2.0, 51: -12.0, 52: -6.0, 53: -11.0, 54: -12.0, 55: -7.0, 56: -11.0,
    57: -4.0, 58: -13.0, 59: -12.0, 60: -10.0, 61: -9.0, 62: -10.0, 63: -9.0, 64: -8.0, 65: -7.0, 66: -7.0, 67: -12.0,
    68: -12.0, 69: -15.0, 70: -16.0, 73: -14.0, 74: -14.0, 75: -14.0, 76: -13.0, 77: -13.0, 80: -16.0, 81: -15.0,
}  # fmt: skip
"""Energy of a stroke of velocity 96 over its first 0.6 s, against the kick's: a rock kit as engineers balance it.
Engines differ by up to 9 dB from key to key of one kit, because they read the font's attenuation differently."""
_UNLISTED_DB = -11.0

_FAMILIES: tuple[tuple[range, Touch], ...] = (
    (range(4, 6), ELECTRIC_PIANO), (range(6, 8), PLAIN_KEYS), (range(8), HAMMERED), (range(8, 16), MALLET),
    (range(21, 24), BLOWN), (range(16, 24), PLAIN_KEYS), (range(29, 32), OVERDRIVEN), (range(24, 32), PLUCKED),
    (range(38, 40), SYNTH),
    (range(32, 40), BASS), (range(45, 47), PLUCKED), (range(47, 48), MALLET), (range(42, 44), LOW_BOWED),
    (range(40, 52), BOWED), (range(52, 55), VOICES), (range(55, 56), BOWED), (range(57, 59), LOW_BRASS),
    (range(56, 64), BRASS), (range(67, 68), LOW_REED), (range(70, 71), LOW_REED), (range(64, 80), BLOWN),
    (range(80, 88), SYNTH), (range(88, 104), PAD), (range(104, 108), PLUCKED), (range(108, 109), MALLET),
    (range(109, 112), BLOWN), (range(112, 120), MALLET),
)  # fmt: skip


def touch_of(program: int, *, is_drums: bool = False) -> Touch:
    """The touch of a General MIDI program, or of a drum kit."""
    if is_drums:
        return DRUM
    return next((touch for programs, touch in _FAMILIES if program in programs), SYNTH)


def kit_level_db(key: int) -> float:
    """How strong a stroke of velocity 96 on a drum key is, as RMS over its first 0.6 s."""
    return KIT_LEVEL_DB + _KIT_BALANCE_DB.get(key, _UNLISTED_DB)
