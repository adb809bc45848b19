"""Ticks, beats, bars and seconds. Tempo is constant within a song; meters are those of the schema."""

from __future__ import annotations

from musicgen_assets.score.model import TICKS_PER_QUARTER


def meter(time_signature: str) -> tuple[int, int]:
    """("6/8") -> (6, 8)."""
    numerator, denominator = time_signature.split("/")
    return int(numerator), int(denominator)


def ticks_per_bar(time_signature: str) -> int:
    """Length of one bar in ticks: 1,920 for 4/4, 1,440 for 3/4 and 6/8."""
    numerator, denominator = meter(time_signature)
    return TICKS_PER_QUARTER * 4 * numerator // denominator


def ticks_per_step(time_signature: str) -> int:
    """Length of a sixteenth, the grid that style patterns are written on: 120 ticks in every meter."""
    del time_signature
    return TICKS_PER_QUARTER // 4


def steps_per_bar(time_signature: str) -> int:
    """Sixteenths a bar: 16 in 4/4, 12 in 3/4 and 6/8, 20 in 5/4, 14 in 7/8, 24 in 12/8."""
    return ticks_per_bar(time_signature) // ticks_per_step(time_signature)


def beat_ticks(time_signature: str) -> int:
    """The felt beat: a dotted quarter in 6/8 and 12/8, an eighth in 7/8, else a quarter."""
    numerator, denominator = meter(time_signature)
    if denominator == 8:
        return TICKS_PER_QUARTER * 3 // 2 if numerator % 3 == 0 else TICKS_PER_QUARTER // 2
    return TICKS_PER_QUARTER * 4 // denominator


def seconds(ticks: float, tempo_bpm: float) -> float:
    """Ticks to seconds; ``tempo_bpm`` counts quarters a minute."""
    return float(ticks) * 60.0 / (tempo_bpm * TICKS_PER_QUARTER)


def ticks(time_s: float, tempo_bpm: float) -> int:
    """Seconds to the nearest tick."""
    return round(time_s * tempo_bpm * TICKS_PER_QUARTER / 60.0)
