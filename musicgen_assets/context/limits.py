"""The limits and defaults of a request, in one place. Settings may tighten them, nothing else may."""

PROMPT_MAX_CHARACTERS = 5_000
LYRICS_MAX_CHARACTERS = 20_000
TITLE_MAX_CHARACTERS = 120
DURATION_MIN_S = 30.0
DURATION_MAX_S = 600.0
TEMPO_MIN_BPM = 40.0
TEMPO_MAX_BPM = 240.0
LOUDNESS_MIN_LUFS = -31.0
LOUDNESS_MAX_LUFS = -6.0
PRIORITY_MAX = 100
"""Requests wait in line by priority, -100 to 100, 0 where nobody says; within one, users take turns."""
SEED_MAX = 2**53 - 1
"""Largest seed: exactly representable in JSON numbers everywhere."""

DEFAULT_DURATION_S = 120.0
DEFAULT_SAMPLE_RATE_HZ = 48_000
DEFAULT_BIT_DEPTH = 24
DEFAULT_LOUDNESS_LUFS = -14.0
DEFAULT_CEILING_DBTP = -1.0
