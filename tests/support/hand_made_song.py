"""Songs for tests of rhythm, bass and arrangement: real harmony and rhythm, and a plain melody made by rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.arrangement.arrangement import Brief, Materials, arrange, best_of_draws
from musicgen_assets.composition.bass_line import compose_bass
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.composition.rhythm_pattern import compose_rhythm
from musicgen_assets.context.schema import Mood
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import BassLine, Harmony, Melody, Theme
from musicgen_assets.score.model import NoteRow, Score
from musicgen_assets.styles.loader import load_style
from musicgen_assets.styles.schema import Style

QUIET = ("intro", "verse", "breakdown", "interlude", "outro")


def plain_theme(harmony: Harmony, kind: Any, time_signature: str, bars: int) -> Theme:
    """Chord tones on the beats, neighbours between, the last half of every second bar silent."""
    loop, bar = harmony.sections[kind], ticks_per_bar(time_signature)
    base = 60 if kind in QUIET else 67
    notes: list[NoteRow] = []
    for number in range(bars):
        beats = beat_starts(time_signature)
        for index, beat in enumerate(beats if number % 2 == 0 else beats[: max(len(beats) // 2, 1)]):
            inside = (number % loop.bars) * bar + beat
            chord = next(c for c in reversed(loop.chords) if c.start_ticks <= inside)
            pc = chord.pitch_classes[(index + number) % min(3, len(chord.pitch_classes))]
            pitch = base + (pc - base) % 12
            start = number * bar + beat
            length = (beats[index + 1] if index + 1 < len(beats) else bar) - beat
            if kind in QUIET or length < 480:
                notes.append((start, length - 20, pitch, 84))
            else:
                notes += [(start, 220, pitch, 92), (start + 240, max(length - 260, 100), pitch + 2, 84)]
    return Theme(bars=bars, notes=tuple(notes), phrases=())


def plain_melody(harmony: Harmony, time_signature: str) -> Melody:
    """Themes of twice the loop's bars (at most 8) for every kind but intro and outro; the hook is the chorus's head."""
    themes = {
        kind: plain_theme(harmony, kind, time_signature, min(loop.bars * 2, 8) if 8 % loop.bars == 0 else loop.bars)
        for kind, loop in harmony.sections.items()
        if kind not in ("intro", "outro")
    }
    head = themes["chorus"]
    cut = min(2, head.bars)
    limit = cut * ticks_per_bar(time_signature)
    hook = Theme(bars=cut, notes=tuple(note for note in head.notes if note[0] < limit))
    return Melody(hook=hook, themes=themes)


def materials_for(
    style: Style, tempo_bpm: float, time_signature: Any, seed: int, key: Any = "C", scale: Any = "major",
    mood: Mood | None = None, excluded: tuple[Any, ...] = (), is_sung: bool = False,
) -> Materials:  # fmt: skip
    rng = np.random.default_rng(seed)
    mood = mood or style.mood
    harmony, _ = compose_harmony(HarmonyBrief(style, key, scale, time_signature, mood), rng)
    rhythm = compose_rhythm(style, tempo_bpm, time_signature, mood, excluded, rng)
    bass = BassLine(sections={}) if "bass" in excluded else compose_bass(style, harmony, rhythm, time_signature, rng)
    return Materials(harmony, rhythm, plain_melody(harmony, time_signature), bass, is_sung)


def make_song(
    style_name: str = "pop", *, duration_s: float = 90.0, seed: int = 1, tempo_bpm: float | None = None,
    time_signature: Any = "4/4", key: Any = "C", scale: Any = "major", is_sung: bool = False,
    excluded: tuple[Any, ...] = (), rerolls: Mapping[str, int] | None = None, **brief: Any,
) -> Score:  # fmt: skip
    style = load_style(style_name)
    tempo = tempo_bpm or style.tempo_bpm.typical
    materials = materials_for(style, tempo, time_signature, seed, key, scale, excluded=excluded, is_sung=is_sung)
    decisions = Brief(
        "Test", key, scale, tempo, time_signature, duration_s, style.mood, excluded_roles=excluded, **brief
    )
    if rerolls is not None:
        return best_of_draws(decisions, style, materials, np.random.default_rng(seed + 1), rerolls).score
    return arrange(decisions, style, materials, np.random.default_rng(seed + 1))[0]
