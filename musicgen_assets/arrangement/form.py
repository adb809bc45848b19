"""Which sections a song has, in what order: a form of the style grown or cut to the song's length.

Belongs here: sequences of section kinds, and asked-for structures. Does not belong here: how many bars each
gets (section_lengths), how loud it is (energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.arrangement.section_lengths import Wish, fit_lengths
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import PlannedSection, SectionKind
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.styles.schema import Style

TAIL_MIN_S = 1.2
"""Shortest ring-out after the last bar."""
HOOK_KINDS: tuple[SectionKind, ...] = ("chorus", "drop")
QUIET_KINDS: tuple[SectionKind, ...] = ("verse", "breakdown", "build", "pre_chorus")
SECTIONS_MAX = 30

_PHRASE_S = 9.0
"""About how long a musical phrase lasts; it makes four bars at 107 BPM in 4/4."""
_NOMINAL_PHRASES: Mapping[SectionKind, float] = {
    "intro": 1, "verse": 2, "pre_chorus": 1, "chorus": 2, "bridge": 2, "solo": 2, "interlude": 1, "build": 1,
    "drop": 2, "breakdown": 2, "outro": 1,
}  # fmt: skip
_FIRST_TO_GO: tuple[SectionKind, ...] = (
    "interlude", "solo", "bridge", "breakdown", "pre_chorus", "build", "verse", "chorus", "drop", "intro", "outro",
)  # fmt: skip
_BLOCKS_AROUND_HOOK: tuple[tuple[SectionKind, ...], ...] = (
    ("verse", "pre_chorus", "HOOK"),  # type: ignore[assignment]  # HOOK stands for the form's own hook kind
    ("solo", "HOOK"),  # type: ignore[assignment]
    ("breakdown", "build", "HOOK"),  # type: ignore[assignment]
    ("interlude", "verse", "HOOK"),  # type: ignore[assignment]
    ("bridge", "HOOK"),  # type: ignore[assignment]
)
