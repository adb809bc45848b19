"""What stands on a staff: chords, notes and rests, each as one written value.

Belongs here: the data. Does not belong here: making it (staves, beams), writing it (musicxml).
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.score.exports.durations import Value
from musicgen_assets.score.model import NoteRow


@dataclass(frozen=True)
class Event:
    """A chord, note or rest (no ``rows``). Ticks of ``value`` count from the bar.

    ``beams``: what the first, second and third beam do here: begin, continue, end, forward hook, backward hook.
    """

    value: Value
    rows: tuple[NoteRow, ...] = ()
    is_tied_back: bool = False
    is_tied_on: bool = False
    triplet_edge: str = ""
    """start or stop of a triplet's bracket."""
    beams: tuple[str, ...] = ()
