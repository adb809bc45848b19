"""How loud an instrument is: a short phrase typical of its role, played and measured, so that engines and fonts
do not matter.

The gain depends on the instrument and its effects, never on the song's notes: a revised note does not change
the level of a track, and the arrangement's dynamics stay.

Belongs here: phrases, measuring, the gains. Does not belong here: the song's own loudness (meter, mixing).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from dsp.levels import db_to_gain
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.effects import apply_effects
from musicgen_assets.production.keys import keys_of
from musicgen_assets.production.meter import measure
from musicgen_assets.production.voices import sound_of

DRY_LUFS = -20.0
"""Loudness of every calibrated instrument playing its phrase."""
PHRASE_VELOCITY = 96
PHRASE_S = 2.5
GAIN_LIMIT_DB = 36.0
"""An instrument that would need more is missing from its font; turning up its noise helps nobody."""

_BEAT = 24  # phrase ticks; 48 a second
_TICKS_A_SECOND = 48.0
# Beats, each of the pitches struck together; for drums their keys: kick and hat, hat, snare and hat, hat.
_PHRASES: dict[str, tuple[tuple[int, ...], ...]] = {
    "drums": ((36, 42), (42,), (38, 42), (42,)),
    "percussion": ((54,), (63,), (70,), (64,)),
    "bass": ((36,), (40,), (43,), (36,)),
    "chords": ((55, 60, 64), (), (57, 60, 65), ()),
    "pad": ((55, 60, 64), (), (), ()),
    "arpeggio": ((60,), (64,), (67,), (72,)),
    "lead": ((67,), (69,), (72,), (67,)),
    "counter": ((60,), (62,), (64,), (60,)),
    "vocal": ((67,), (69,), (72,), (67,)),
}


@dataclass(frozen=True)
class Gains:
    """What each voice, and then the sum after its effects, is multiplied by, in dB."""

    voices_db: tuple[float, ...]
    after_effects_db: float


def calibrated_gains(inputs: Mapping[str, Any]) -> Gains:
    """The gains of a track's inputs (``parts.track_inputs``); a track without notes needs none."""
    voices = inputs["voices"]
    if not inputs["notes"]:
        return Gains((0.0,) * len(voices), 0.0)
    common = (
        json.dumps({name: inputs["data"]["instruments"].get(name) for name in _FONT}, sort_keys=True),
        str(inputs["source"]), str(inputs["patch"]), str(inputs["role"]), bool(inputs["is_drums"]),
        int(inputs["sample_rate_hz"]),
    )  # fmt: skip
    gains = [_gain_db(*common, int(voice["program"]), "[]", 0.0) for voice in voices]
    effects = [{"kind": effect["kind"], "settings": effect["settings"]} for effect in inputs["effects"]]
    if not effects:
        return Gains(tuple(gains), 0.0)
    main = int(voices[0]["program"])
    return Gains(tuple(gains), _gain_db(*common, main, json.dumps(effects, sort_keys=True), gains[0]))


_FONT = ("engine", "engine_version", "font_path", "font_sha256")


@lru_cache(maxsize=256)
def _gain_db(
    font: str, source: str, patch: str, role: str, is_drums: bool, rate: int, program: int, effects: str,
    before_db: float,
) -> float:  # fmt: skip
    """Gain that brings the phrase, at ``before_db`` and through ``effects``, to ``DRY_LUFS``."""
    length = round(PHRASE_S * rate)
    keys = keys_of(_phrase(role), rate / _TICKS_A_SECOND, rate, length, is_drums=is_drums)
    inputs = {
        "source": source, "patch": patch, "is_drums": is_drums, "sample_rate_hz": rate, "key_spread": 0.0,
        "data": {"instruments": json.loads(font)},
    }  # fmt: skip
    sound: FloatArray = sound_of(inputs, {"program": program, "detune_cents": 0.0}, keys, length)
    sound = apply_effects(sound * np.float32(db_to_gain(before_db)), rate, json.loads(effects))
    measured = measure(sound, rate)
    if measured.is_silent:
        return 0.0
    return round(float(np.clip(DRY_LUFS - measured.lufs, -GAIN_LIMIT_DB, GAIN_LIMIT_DB)), 2)


def _phrase(role: str) -> list[tuple[int, int, int, int]]:
    """Note rows in phrase ticks; a beat without strokes prolongs the one before."""
    rows: list[tuple[int, int, int, int]] = []
    beats = _PHRASES[role]
    for index, pitches in enumerate(beats):
        length = 1
        while index + length < len(beats) and not beats[index + length]:
            length += 1
        rows += [(index * _BEAT, length * _BEAT, pitch, PHRASE_VELOCITY) for pitch in pitches]
    return rows
