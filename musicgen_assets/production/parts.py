"""From score and instrumentation to what ``render.render_track`` is given: plain data, one dict a track.

Belongs here: those dicts. Does not belong here: rendering them, and keeping what comes out (take, preview).
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.production.curves import EXPRESSION, VOLUME
from musicgen_assets.production.keys import SUSTAIN
from musicgen_assets.production.plan import TrackSound
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import Score, Track

HEARD = frozenset({VOLUME, EXPRESSION, SUSTAIN})
"""Controllers that are played. Modulation is not: the score writes the vibrato it means as bends."""


def song_samples(score: Score, sample_rate_hz: int) -> int:
    """Length of every stem of the song: ``duration_s`` to the nearest sample."""
    return round(score.duration_s * sample_rate_hz)


def track_inputs(track: Track, sound: TrackSound, score: Score, sample_rate_hz: int) -> dict[str, Any]:
    """The whole of what shapes a track's dry sound; nothing of the mix, so that a fader renders nothing again."""
    return {
        "name": track.name,
        "role": sound.role,
        "source": sound.source,
        "patch": sound.patch,
        "is_drums": sound.is_drums,
        "key_spread": sound.key_spread,
        "notes": [list(note) for note in track.notes],
        "controllers": [list(row) for row in track.controllers if row[1] in HEARD],
        "bends": [list(row) for row in track.bends],
        "samples_per_tick": seconds(1, score.tempo_bpm) * sample_rate_hz,
        "sample_rate_hz": sample_rate_hz,
        "samples": song_samples(score, sample_rate_hz),
        "voices": voices_of(sound, score),
        "effects": [{"kind": effect.kind, "settings": dict(effect.settings)} for effect in sound.effects],
        "textures": [
            texture.model_dump(include={"kind", "start_ticks", "duration_ticks", "level_db"})
            for texture in sound.textures
        ],
    }


def voices_of(sound: TrackSound, score: Score) -> list[dict[str, Any]]:
    """The track's own voice and its layers, with the ticks between which a layer plays (empty: everywhere)."""
    voices: list[dict[str, Any]] = [
        {
            "program": sound.program, "transpose": 0, "detune_cents": 0.0, "delay_ms": 0.0, "level_db": 0.0,
            "pan": sound.main_pan, "spans_ticks": [],
        }
    ]  # fmt: skip
    for layer in sound.layers:
        voice = layer.model_dump(exclude={"reason", "sections"})
        wanted = set(layer.sections)
        spans = [[part.start_ticks, part.end_ticks] for part in score.sections if part.name in wanted]
        if spans or not wanted:
            voices.append({**voice, "spans_ticks": spans})
    return voices
