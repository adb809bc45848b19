"""Pitch, scales, chords, keys and meters as plain functions. No song structure, no randomness."""
