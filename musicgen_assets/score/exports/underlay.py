"""Which syllable stands under which written note.

Belongs here: syllables by note, hyphens and extensions. Does not belong here: choosing notes for words (arrangement).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from musicgen_assets.score.model import NoteRow, Syllable


@dataclass(frozen=True)
class Word:
    """What is sung on a note: ``text`` is empty on later notes of a slur. ``syllabic`` as in MusicXML."""

    text: str
    syllabic: str = "single"
    notes: int = 1
    """Notes that the syllable is sung on."""
    is_last_of_slur: bool = False


def words_by_note(syllables: Sequence[Syllable], notes: Sequence[NoteRow]) -> dict[int, Word]:
    """Start tick of each note that carries words -> its word."""
    starts = sorted({row[0] for row in notes})
    found: dict[int, Word] = {}
    is_inside = False
    for syllable in syllables:
        end = syllable.start_ticks + syllable.duration_ticks
        carrying = [start for start in starts if syllable.start_ticks <= start < end]
        syllabic = {(False, True): "single", (False, False): "begin", (True, True): "end", (True, False): "middle"}[
            is_inside, syllable.is_word_end
        ]
        is_inside = not syllable.is_word_end
        text = syllable.text.strip()
        before = found.get(syllable.start_ticks)
        if before is not None:
            text, syllabic = f"{before.text} {text}".strip(), "single"
        found[syllable.start_ticks] = Word(text, syllabic, max(len(carrying), 1))
        if len(carrying) > 1:
            found.setdefault(carrying[-1], Word("", is_last_of_slur=True))
    return found
