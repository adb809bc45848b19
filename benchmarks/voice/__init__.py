"""The guide voice measured: pitch, timing, and whether words are understood."""
