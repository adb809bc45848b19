"""The gate: which asset it is and which checks a release must find answered.

Belongs here: names, apart from the asset table so that a release does not depend on all of it. Does not belong
here: bounds or measuring (mastering).
"""

from __future__ import annotations

GATE = "mastering/analysis"
"""The asset whose verdict a release reads, and whose failed checks a waiver may excuse."""

SCORE_CHECKS = ("melodic_score", "harmonic_score", "rhythmic_score", "structural_score", "lyric_score")
"""What the critic says of the written song: answered when it is written, and again in the verdict."""

GATE_CHECKS = (
    "loudness", "true_peak", "decoded_true_peak", "dynamic_range", "spectrum", "phase", "mono_fold_down", "clipping",
    "dc_offset", "silence", "duration", "likeness", "tone", "pumping", "added_noise", "stereo_width", "channel_lag",
    "ending", "clicks", "tempo", "key", "lead_audibility", "parts_heard", "timing", "intonation", "ambience", "cymbals",
    "stems_null", *SCORE_CHECKS,
)  # fmt: skip
