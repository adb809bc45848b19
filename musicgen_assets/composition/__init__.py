"""Harmony, rhythm, melody, bass and words, per section type."""
