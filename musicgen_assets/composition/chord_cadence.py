"""What chords do: their function in the key, how a loop ends, and making it end as its section wants.

Belongs here: functions of numerals, cadences. Does not belong here: choosing progressions (chord_progression).
Functions and the succession table follow common practice (Kostka and Payne, Tonal Harmony, chapter 7) with the
modal degrees of popular music (Temperley, The Musical Language of Rock, 2018, chapter 2).
"""

from __future__ import annotations

import re
from typing import Literal

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.theory.chords import Chord, parse_roman
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import mode_family

Function = Literal["tonic", "subdominant", "dominant", "mediant", "other"]

_FUNCTIONS: dict[int, Function] = {
    0: "tonic", 2: "subdominant", 1: "subdominant", 5: "subdominant", 8: "subdominant",
    7: "dominant", 11: "dominant", 10: "dominant", 9: "mediant", 4: "mediant", 3: "mediant",
}  # fmt: skip
"""By semitones of the root above the tonic. The subtonic (10) leads to the tonic in modal songs."""

CLOSING_KINDS: tuple[SectionKind, ...] = ("chorus", "drop", "outro", "solo")
"""Kinds whose loop comes to rest, or comes round to its own beginning."""
_SUCCESSORS: dict[int, frozenset[int]] = {
    0: frozenset(range(12)),
    2: frozenset({7, 5, 11, 0, 9, 4, 10, 1, 2}),
    4: frozenset({9, 5, 2, 0, 7, 4, 3, 8}),
    5: frozenset({0, 7, 2, 11, 10, 4, 9, 5, 8, 6, 3}),
    7: frozenset({0, 9, 5, 2, 4, 7, 8, 10, 3, 11}),
    9: frozenset({2, 5, 7, 4, 8, 0, 9, 1, 10}),
    11: frozenset({0, 4, 9, 11, 7}),
    10: frozenset({0, 3, 5, 8, 7, 2, 9, 10}),
    8: frozenset({10, 5, 7, 3, 0, 1, 2, 8}),
    3: frozenset({8, 5, 10, 0, 2, 7, 3, 1, 9}),
    1: frozenset({0, 7, 3, 10, 1}),
    6: frozenset({7, 5, 11}),
}
"""Semitones above the tonic -> roots that usually follow."""


CLOSERS: dict[str, tuple[str, str]] = {
    "major": ("V", "IV"), "minor": ("V", "iv"), "dorian": ("bVII", "IV"),
    "mixolydian": ("bVII", "IV"), "phrygian": ("bvii", "bII"), "lydian": ("V", "II"),
}  # fmt: skip
"""By scale, the chords that lead home by the dominant and by the subdominant side."""


def degree(chord: Chord, tonic: str) -> int:
    """Semitones of the chord's root above the tonic, 0-11."""
    return (chord.root - pitch_class(tonic)) % 12


def function_of(chord: Chord, tonic: str) -> Function:
    """What the chord does in the key."""
    return _FUNCTIONS.get(degree(chord, tonic), "other")


def follows_usually(first: Chord, second: Chord, tonic: str) -> bool:
    """Whether the second root is among the usual successors of the first, or a dominant resolves down a fifth."""
    resolves = (second.root - first.root) % 12 == 5 or (second.root - first.root) % 12 == 11
    return degree(second, tonic) in _SUCCESSORS[degree(first, tonic)] or resolves


def cadence_of(kind: SectionKind, chords: list[Chord], tonic: str) -> str:
    """How a loop's end leads on: authentic, half, plagal, deceptive or open.

    A loop that rests on the tonic closes by what came before it. One that stops on a dominant or subdominant
    is closed by its own repetition if it begins on the tonic and its kind closes; else the dominant is a half cadence.
    """
    last = chords[-1]
    earlier = next((chord for chord in reversed(chords[:-1]) if chord.root != last.root), last)
    closings = {"dominant": "authentic", "subdominant": "plagal"}
    if function_of(last, tonic) == "tonic":
        return closings.get(function_of(earlier, tonic), "open")
    if kind in CLOSING_KINDS and function_of(chords[0], tonic) == "tonic":
        return closings.get(function_of(last, tonic), "open")
    if degree(last, tonic) == 7:
        return "half"
    if degree(last, tonic) in (8, 9) and degree(earlier, tonic) == 7:
        return "deceptive"
    return "open"


def wanted_cadences(kind: SectionKind) -> frozenset[str]:
    """The cadences that suit a section kind."""
    if kind == "outro":
        return frozenset({"authentic", "plagal"})
    if kind in CLOSING_KINDS:
        return frozenset({"authentic", "plagal"})
    if kind == "verse":
        return frozenset({"half", "open", "plagal", "authentic"})
    return frozenset({"half", "open", "deceptive", "plagal", "authentic"})


def closing_bars(bars: list[str], tonic: str, scale: str, *, prefers_dominant: bool) -> list[str]:
    """The loop brought to rest: its last bar the tonic, the bar before it the style's own way there.

    A dominant in the last bar moves one bar forward, sharing it with a subdominant. Else the bar before stays
    where it already leads home, or becomes a chord of the loop that does, the dominant kind first where
    ``prefers_dominant``, or the scale's usual one.
    """
    tonic_numeral = next((bar for bar in bars if _is_plain_tonic(bar)), "I" if mode_family(scale) == "major" else "i")
    functions = {bar: function_of(parse_roman(bar.split("_")[-1], tonic, scale), tonic) for bar in bars}
    before, last = bars[-2:]
    if "_" not in last and degree(parse_roman(last, tonic, scale), tonic) == 7:
        shares = functions[before] == "subdominant" and "_" not in before
        before = f"{before}_{last}" if shares else last
    elif functions[before] not in ("dominant", "subdominant") and functions[last] in ("dominant", "subdominant"):
        before = last
    elif functions[before] not in ("dominant", "subdominant"):
        order = ("dominant", "subdominant") if prefers_dominant else ("subdominant", "dominant")
        own = [bar for wanted in order for bar in bars if functions[bar] == wanted and "/" not in bar]
        before = own[0] if own else CLOSERS[scale][0 if prefers_dominant else 1]
    return [*bars[:-2], before, tonic_numeral]


def half_closing_bars(bars: list[str], *, has_suspension: bool) -> list[str]:
    """The loop left on its dominant."""
    return [*bars[:-1], "Vsus4_V" if has_suspension else "V"]


def _is_plain_tonic(bar: str) -> bool:
    return re.fullmatch(r"[Ii](7|maj7|9|maj9|6|69|add9|m7)?", bar) is not None
