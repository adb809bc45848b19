"""The guide voice: syllables on notes, sung by rule from espeak-ng's speech and the WORLD vocoder."""
