"""Where General MIDI drums stand on a five-line staff.

Belongs here: the table. Does not belong here: grooves. Places follow Weinberg 1998 ("Standardized drumset notation")
where they are common practice; what is rare stands above the staff.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DrumPlace:
    """A staff place, as if in treble clef, with its note head."""

    name: str
    step: str
    octave: int
    head: str = "normal"


_X, _CIRCLE_X, _DIAMOND, _TRIANGLE = "x", "circle-x", "diamond", "triangle"
PLACES: dict[int, DrumPlace] = {
    35: DrumPlace("Bass Drum 2", "F", 4), 36: DrumPlace("Bass Drum", "F", 4),
    37: DrumPlace("Side Stick", "C", 5, _X), 38: DrumPlace("Snare", "C", 5),
    39: DrumPlace("Hand Clap", "C", 5, _TRIANGLE), 40: DrumPlace("Electric Snare", "C", 5),
    41: DrumPlace("Low Floor Tom", "G", 4), 42: DrumPlace("Closed Hi-Hat", "G", 5, _X),
    43: DrumPlace("High Floor Tom", "A", 4), 44: DrumPlace("Pedal Hi-Hat", "D", 4, _X),
    45: DrumPlace("Low Tom", "B", 4), 46: DrumPlace("Open Hi-Hat", "G", 5, _CIRCLE_X),
    47: DrumPlace("Low-Mid Tom", "D", 5), 48: DrumPlace("High-Mid Tom", "D", 5),
    49: DrumPlace("Crash Cymbal", "A", 5, _X), 50: DrumPlace("High Tom", "E", 5),
    51: DrumPlace("Ride Cymbal", "F", 5, _X), 52: DrumPlace("China Cymbal", "B", 5, _X),
    53: DrumPlace("Ride Bell", "F", 5, _DIAMOND), 54: DrumPlace("Tambourine", "B", 4, _DIAMOND),
    55: DrumPlace("Splash Cymbal", "B", 5, _DIAMOND), 56: DrumPlace("Cowbell", "E", 5, _TRIANGLE),
    57: DrumPlace("Crash Cymbal 2", "A", 5, _X), 59: DrumPlace("Ride Cymbal 2", "F", 5, _X),
    60: DrumPlace("High Bongo", "E", 5), 61: DrumPlace("Low Bongo", "C", 5),
    62: DrumPlace("Mute High Conga", "E", 5, _X), 63: DrumPlace("Open High Conga", "E", 5),
    64: DrumPlace("Low Conga", "C", 5), 69: DrumPlace("Cabasa", "B", 5, _X), 70: DrumPlace("Maracas", "B", 5, _X),
    73: DrumPlace("Short Guiro", "B", 5, _DIAMOND), 75: DrumPlace("Claves", "B", 4, _X),
    76: DrumPlace("High Wood Block", "E", 5, _TRIANGLE), 77: DrumPlace("Low Wood Block", "C", 5, _TRIANGLE),
    80: DrumPlace("Mute Triangle", "B", 5, _X), 81: DrumPlace("Open Triangle", "B", 5, _TRIANGLE),
    82: DrumPlace("Shaker", "B", 5, _X),
}  # fmt: skip


def drum_place(key: int) -> DrumPlace:
    """The place of a drum key, 0-127; keys without one stand on the highest space by number."""
    return PLACES.get(key, DrumPlace(f"Percussion {key}", "E", 5, _X))
