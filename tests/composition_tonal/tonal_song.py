"""Harmony, words and melody for one combination of choices, cached: what the tests of this room look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.lyrics import LyricsBrief, compose_lyrics, prosody_of
from musicgen_assets.composition.melody import MelodyBrief, compose_melody
from musicgen_assets.context.schema import Mood
from musicgen_assets.score.material import Harmony, Lyrics, Melody, Prosody
from musicgen_assets.styles.loader import load_style


@dataclass(frozen=True)
class Choice:
    style: str = "pop"
    seed: int = 1
    time_signature: str = "4/4"
    key: str = "C"
    scale: str = "major"
    tempo_bpm: float = 110.0
    valence: float = 0.6
    arousal: float = 0.5
    language: str = "en"
    voice: str = "middle"
    is_sung: bool = True
    text: str | None = None
    swing: float = 0.5

    @property
    def mood(self) -> Mood:
        return Mood(valence=self.valence, arousal=self.arousal)


@dataclass(frozen=True)
class Made:
    choice: Choice
    harmony: Harmony
    lyrics: Lyrics
    prosody: Prosody
    melody: Melody


@lru_cache(maxsize=64)
def make(choice: Choice) -> Made:
    style = load_style(choice.style)
    rng = [np.random.default_rng([choice.seed, part]) for part in range(3)]
    harmony, _ = compose_harmony(
        HarmonyBrief(style, choice.key, choice.scale, choice.time_signature, choice.mood), rng[0]  # type: ignore[arg-type]
    )  # fmt: skip
    lyrics, _ = compose_lyrics(
        LyricsBrief(style, "Untitled", "", choice.language, choice.mood, choice.is_sung, choice.text), rng[1]  # type: ignore[arg-type]
    )  # fmt: skip
    prosody = prosody_of(lyrics)
    melody, _ = compose_melody(
        MelodyBrief(style, choice.time_signature, choice.tempo_bpm, choice.mood, choice.voice, choice.swing),
        harmony, prosody, rng[2],
    )  # fmt: skip
    return Made(choice, harmony, lyrics, prosody, melody)


GRID = (
    Choice(),
    Choice("pop", 2, scale="minor", key="A", is_sung=False),
    Choice("rock", 3, scale="mixolydian", key="E", tempo_bpm=180.0, voice="low"),
    Choice("jazz_swing", 4, key="Bb", tempo_bpm=140.0, swing=0.62, is_sung=False),
    Choice("jazz_swing", 5, "5/4", swing=0.6, language="fr"),
    Choice("folk", 6, "3/4", scale="dorian", key="D", language="de", voice="high"),
    Choice("celtic", 7, "6/8", is_sung=False),
    Choice("blues", 8, "12/8", key="F#", tempo_bpm=60.0),
    Choice("bossa_nova", 9, language="pt", valence=0.4),
    Choice("latin", 10, scale="minor", key="G", language="es", arousal=0.9),
    Choice("house", 11, scale="minor", key="C#", tempo_bpm=126.0),
    Choice("ambient", 12, scale="lydian", key="Ab", tempo_bpm=60.0, is_sung=False),
    Choice("hip_hop", 13, scale="phrygian", key="F", tempo_bpm=84.0, valence=0.1),
    Choice("pop", 14, "7/8", tempo_bpm=150.0),
    Choice("folk", 15, "2/4", language="es"),
    Choice("waltz", 16, "3/4", is_sung=False, tempo_bpm=170.0),
)
"""Styles, meters, scales, keys, tempi, languages and voices, each at least twice sung and unsung."""
