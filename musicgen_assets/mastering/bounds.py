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

LEAD_RANGE_DB = 15.0
"""Moments in which the lead is this far under its loud ones do not count as led."""
MIN_LEAD_OVER_REST_DB = -6.5
"""P. Pestana, J. Reiss, "Intelligent audio production strategies informed by best practices", 53rd AES Conference,
2014: a lead is about as loud as all the rest together. Songs of 19 styles measure -4.3 to +4 dB, as leads pause."""
MAX_LEAD_UNDER_PLAN_DB = 4.0
"""How far under the mix plan's own ``lead_over_rest_lu`` a lead may measure. Where it sounds it is louder than on
average: songs of 36 styles measure 0.8 dB under to 5.4 dB over their plans."""
MAX_SILENT_NOTES = 0.25
"""Share of a part's notes that may pass without sound: notes under another's tail measure as silent too."""
MAX_LAG_MS = 70.0
MAX_DRIFT_MS = 30.0
"""Lags are read in steps of 5 ms; from 30 ms on two players of one beat are heard as two."""
CLEAR_LAG_SCORE = 7.0
CLEAR_LAG_LEAD = 1.25
MAX_OFFSET_SEMITONES = 0.35
"""Ensembles are in tune within a few hundredths; a third of a semitone is out of tune for anyone."""
CLEAR_OFFSET = 1.3
MAX_DIRECT_TO_REVERB_DB = 19.0
"""Measured 9 to 17 dB where a room was given, 21 and more where none was."""
MAX_HATS_GAIN_DB = 7.0
"""A kit's compressor, which the snare drives, brings hats up by 4 dB as a rule, by 6.6 dB in one song of 19 styles."""
MIN_LIKENESS = 0.95
"""Equalised, compressed and limited as here, masters measure .97 and more."""
MAX_PUMPING_DB = 4.5
"""A limiter at loud targets moves by 3 dB; from 5 on it is heard as breathing."""
MAX_ADDED_DB = 5.5
"""Compression brings soft moments up by 2 or 3 dB at streaming loudness, and by as much more as it is louder."""
LIKENESS_A_LU = 0.01
PUMPING_DB_A_LU = 0.2
"""What a limiter takes and moves for each LU over streaming loudness: a song at -9.5 LUFS measured .949 and 4.2 dB."""
MAX_UNPLANNED_TONE_DB = 3.0
"""Bands and glue shift an octave by 1 to 2 dB."""
MIN_WIDTH_DB = -28.0
MIN_LOW_CORRELATION = 0.9
"""Below 120 Hz: bass belongs in the middle, where mono systems and vinyl have it."""
MAX_CHANNEL_LAG_MS = 1.0
"""Over the 0.7 ms that a head delays one ear, a lag is heard as one side leading (precedence effect)."""
CLEAR_CHANNEL_LAG = 0.25
MAX_ENDING_DB = -12.0
"""What still sounds when the sound stops: a half-second fade measures -25, a cut 0."""
MAX_ADDED_CLICKS, ADDED_CLICKS_A_CLICK = 8, 0.5
"""Beside those of the mix: drums may look like one or two, and a crackling record is full of them on purpose. A limiter
makes more of them look so the more there are: 53 in the mix of a song of 100 s were 83 in its master."""


def min_dynamic_range_db(target_lufs: float, style: MasterTargets) -> float:
    """The TT-DR a master must keep: the style's bound, or at a loud target 5 dB where the style asks for more."""
    if target_lufs >= LOUD_TARGET_LUFS:
        return min(style.min_dynamic_range_db, LOUD_MIN_DYNAMIC_RANGE_DB)
    return style.min_dynamic_range_db
