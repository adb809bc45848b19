"""Measurements, as ratios side by side in one run. Never part of the tests: a timed test lies on a busy machine."""
