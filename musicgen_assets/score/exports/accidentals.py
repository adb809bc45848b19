"""Accidentals before notes: where a note differs from the key and from what the bar has said before.

Belongs here: one bar's accidentals. Does not belong here: how a pitch is spelled (spelling).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from musicgen_assets.score.exports.spelling import Spelled
from musicgen_assets.score.exports.staves import Voice
from musicgen_assets.score.model import NoteRow

_SIGNS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_SHARPS = "FCGDAEB"


class Accidentals:
    """Accidentals of bars in one key signature: ``fifths`` sharps, flats negative."""

    def __init__(self, fifths: int) -> None:
        raised = _SHARPS[: max(fifths, 0)]
        lowered = _SHARPS[::-1][: max(-fifths, 0)]
        self.key = {letter: (letter in raised) - (letter in lowered) for letter in _SHARPS}

    def of(self, voices: Sequence[Voice], spelled: Callable[[NoteRow], Spelled]) -> dict[tuple[int, int], str]:
        """(tick of the bar, MIDI pitch) -> MusicXML accidental, for the notes of one bar that need one.

        ``spelled`` names a note's pitch. Notes tied over the bar line need none.
        """
        said: dict[tuple[int, str, int], int] = {}
        found: dict[tuple[int, int], str] = {}
        events = [(event.value.start_ticks, voice.staff, event) for voice in voices for event in voice.events]
        for tick, staff, event in sorted(events, key=lambda one: one[:2]):
            for row in event.rows:
                if event.is_tied_back:
                    continue
                step, alter, octave = spelled(row)
                if said.get((staff, step, octave), self.key[step]) != alter:
                    found[tick, row[2]] = _SIGNS[alter]
                said[staff, step, octave] = alter
        return found
