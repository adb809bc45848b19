"""The bounds a master is held to: one place for the ones that mastering aims at and the gate judges by.

Belongs here: numbers with their reasons. Does not belong here: measuring (measures) or judging (gate). Some bounds
are the style's own (styles.schema.MasterTargets) or stand in data (mastering.corridor).
"""

from __future__ import annotations

from musicgen_assets.styles.schema import MasterTargets

LOUDNESS_TOLERANCE_LU = 1.0
LOUD_TARGET_LUFS = -10.0
"""Targets from here up are club and download masters, which give dynamics for level."""
LOUD_MIN_DYNAMIC_RANGE_DB = 5.0
MIN_CORRELATION = -0.2
MAX_FOLD_DOWN_LOSS_LU = 3.0
MAX_DC_OFFSET = 0.001
MAX_SILENCE_S = 2.0
DURATION_TOLERANCE = 0.01
"""Share of the duration asked for, until the composer writes to the second."""
TEMPO_TOLERANCE = 0.01
MAX_STEMS_NULL_DB = -90.0
METER_SLACK_DB = 0.05
"""What two true-peak meters of different filters may differ by; a file is not failed for less."""


def min_dynamic_range_db(target_lufs: float, style: MasterTargets) -> float:
    """The TT-DR a master must keep: the style's bound, or at a loud target 5 dB where the style asks for more."""
    if target_lufs >= LOUD_TARGET_LUFS:
        return min(style.min_dynamic_range_db, LOUD_MIN_DYNAMIC_RANGE_DB)
    return style.min_dynamic_range_db
