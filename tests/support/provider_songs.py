"""A planned song and real audio, for tests of the adapters."""

from __future__ import annotations

from functools import cache

import numpy as np

from dsp.audiofile import encode_flac, encode_mp3, encode_wav
from musicgen_assets.engines.asking import PlannedSection, SongRequest

KEY = "sk-very-secret-4711"
RATE = 32_000


@cache
def tone(seconds: float = 4.0, level: float = 0.3) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = level * np.sin(2 * np.pi * 330 * time)
    return np.stack([wave, wave]).astype(np.float32)


@cache
def wav(seconds: float = 4.0, level: float = 0.3) -> bytes:
    return encode_wav(tone(seconds, level), RATE, 16)


@cache
def mp3(seconds: float = 4.0) -> bytes:
    return encode_mp3(tone(seconds), RATE, 128)


@cache
def flac(seconds: float = 4.0) -> bytes:
    return encode_flac(tone(seconds), RATE, 16)


def planned(**changes: object) -> SongRequest:
    """A song of 40 s in four sections."""
    sections = (
        PlannedSection(name="Intro", start_s=0.0, duration_s=8.0, energy=0.2, styles=("sparse",)),
        PlannedSection(
            name="Verse", start_s=8.0, duration_s=12.0, energy=0.5, lines=("Rain on the roof", "and I wait")
        ),
        PlannedSection(name="Chorus", start_s=20.0, duration_s=12.0, energy=0.9, lines=("Come home, come home",)),
        PlannedSection(name="Outro", start_s=32.0, duration_s=8.0, energy=0.3),
    )
    values: dict[str, object] = {
        "task": "full_song", "title": "Rain", "description": "A sad pop song about rain", "sections": sections,
        "styles": ("pop", "piano"), "avoided": ("distortion",), "voice": "high", "duration_s": 40.0,
        "tempo_bpm": 92.0, "key": "A", "scale": "minor", "time_signature": "4/4", "seed": 2**40 + 7,
    }  # fmt: skip
    return SongRequest.model_validate(values | changes)
