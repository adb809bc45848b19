"""A hook quoted as notes over chords it was not written for: moved up or down the scale to where it fits.

Belongs here: moving finished notes. Does not belong here: writing phrases that begin with the hook
(melody_restatement), deciding where it is quoted (arrangement.lead_part).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.composition.melody_measures import consonant_share, resolved_share
from musicgen_assets.score.model import ChordSpan, NoteRow
from musicgen_assets.theory.scales import scale_pitch_classes

_MOVES = (0, 1, -1, 2, -2, 3, -3)
_MOVE_PRICE, _UNRESOLVED_WEIGHT = 0.04, 0.5
"""What a scale step of moving costs against consonance, 0-1, and how much resolving counts beside it."""


def quoted_over(
    notes: Sequence[NoteRow], chords: Sequence[ChordSpan], tonic: str, scale: str, time_signature: str
) -> tuple[list[NoteRow], float]:
    """(the notes moved by the few scale steps at which they agree best with ``chords``, how well they do, 0-1).

    Times stay; notes outside the scale move by as many semitones as the scale note below them.
    """
    best: tuple[float, list[NoteRow]] = (-9.0, list(notes))
    if not notes:
        return best[1], 0.0
    for steps in _MOVES:
        rows = [(start, duration, _moved(pitch, steps, tonic, scale), loud) for start, duration, pitch, loud in notes]
        value = consonant_share(rows, chords, time_signature) - _MOVE_PRICE * abs(steps)
        value += _UNRESOLVED_WEIGHT * (resolved_share(rows, chords) - 1.0)
        if value > best[0]:
            best = (value, rows)
    return best[1], min(max(best[0], 0.0), 1.0)


def _moved(pitch: int, steps: int, tonic: str, scale: str) -> int:
    pcs = scale_pitch_classes(tonic, scale)
    ladder = [candidate for candidate in range(pitch - 13, pitch + 14) if candidate % 12 in pcs]
    below = max(index for index, candidate in enumerate(ladder) if candidate <= pitch)
    return pitch + ladder[below + steps] - ladder[below]
