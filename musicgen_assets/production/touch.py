"""How an instrument answers to the hand: what velocity does to its tone, its onset and its end.

Fonts mostly play one recording louder or softer, and stop all notes alike. Played instruments are duller when they
are played softly, speak more slowly, and die away by their own means when a key is let go. Numbers are rules of
thumb, set so that the spectral centroid of a note at velocity 110 is at least 1.25 times that at 40
(``python -m benchmarks.samplers``), except on instruments whose keys know no force.

Belongs here: the families and their numbers. Does not belong here: applying them (playing).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Touch:
    """What a player's force and fingers do on one family of instruments."""

    tilt_db: float
    """How much brighter velocity 110 is than 40, far above the pivot."""
    pivot: float = 1.5
    """Where the tilt begins, in multiples of the note's frequency."""
    attack_ms: float = 4.0
    """How long the softest note takes to speak, beyond its recording."""
    release_ms: tuple[float, float] = (220.0, 420.0)
    """From key up to silence, for soft and hard notes; a fifth of it takes the first 10 dB."""
    detune_cents: float = 0.0
    """How far apart the tunings of successive notes of one pitch are."""
    tilt_jitter_db: float = 0.6
    level_jitter_db: float = 0.4
    velocity_exponent: float = 1.4
    """Amplitude goes by this power of velocity. The SoundFont standard asks for 2; with less, soft notes are soft but
    chords of mixed velocities stay one chord."""


HAMMERED = Touch(12.0, attack_ms=7.0, release_ms=(200.0, 420.0))
ELECTRIC_PIANO = Touch(12.0, attack_ms=5.0, release_ms=(180.0, 320.0))
PLAIN_KEYS = Touch(0.0, attack_ms=0.0, release_ms=(110.0, 110.0), tilt_jitter_db=0.3, level_jitter_db=0.2)
"""Organ and harpsichord: a key opens a pipe or plucks a string, however it is pressed."""
MALLET = Touch(11.0, attack_ms=3.0, release_ms=(900.0, 1_500.0))
PLUCKED = Touch(12.0, attack_ms=5.0, release_ms=(160.0, 320.0), detune_cents=3.0)
BASS = Touch(12.0, pivot=2.0, attack_ms=8.0, release_ms=(110.0, 220.0), detune_cents=2.0)
BOWED = Touch(12.0, attack_ms=60.0, release_ms=(260.0, 480.0), detune_cents=4.0)
BLOWN = Touch(13.0, attack_ms=35.0, release_ms=(150.0, 280.0), detune_cents=4.0)
BRASS = Touch(15.0, attack_ms=40.0, release_ms=(160.0, 300.0), detune_cents=4.0)
VOICES = Touch(12.0, attack_ms=60.0, release_ms=(300.0, 520.0), detune_cents=4.0)
SYNTH = Touch(9.0, attack_ms=4.0, release_ms=(140.0, 260.0), detune_cents=3.0)
PAD = Touch(9.0, attack_ms=120.0, release_ms=(700.0, 1_200.0), detune_cents=3.0)
DRUM = Touch(
    9.0, attack_ms=2.5, release_ms=(30.0, 30.0), detune_cents=12.0, tilt_jitter_db=1.2, level_jitter_db=0.7,
    velocity_exponent=1.7,
)  # fmt: skip
"""A choked drum is stopped by a hand or a pedal; else it rings as recorded."""
DRUM_PIVOT_HZ = 900.0

_FAMILIES: tuple[tuple[range, Touch], ...] = (
    (range(4, 6), ELECTRIC_PIANO), (range(6, 8), PLAIN_KEYS), (range(8), HAMMERED), (range(8, 16), MALLET),
    (range(16, 24), PLAIN_KEYS), (range(24, 32), PLUCKED), (range(38, 40), SYNTH), (range(32, 40), BASS),
    (range(45, 47), PLUCKED), (range(47, 48), MALLET), (range(40, 52), BOWED), (range(52, 55), VOICES),
    (range(55, 56), BOWED), (range(56, 64), BRASS), (range(64, 80), BLOWN), (range(80, 88), SYNTH), (range(88, 104), PAD),
    (range(104, 108), PLUCKED), (range(108, 109), MALLET), (range(109, 112), BLOWN), (range(112, 120), MALLET),
)  # fmt: skip


def touch_of(program: int, *, is_drums: bool = False) -> Touch:
    """The touch of a General MIDI program, or of a drum kit."""
    if is_drums:
        return DRUM
    return next((touch for programs, touch in _FAMILIES if program in programs), SYNTH)
