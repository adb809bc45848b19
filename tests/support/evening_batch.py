"""A definition file that tests of batches share."""

from __future__ import annotations

EVENING = """
name: evening
seeds: 3
common: {duration_s: 30}
prompts:
  - solo piano
  - prompt: slow night drive
    styles: synthwave=0.8; lofi=0.2
    musical.key: Eb
templates:
  - prompt: "{mood} folk with guitar"
    musical.tempo_bpm: "{bpm}"
    variables: {mood: [happy, calm], bpm: [90, 100]}
"""
"""Six songs."""
