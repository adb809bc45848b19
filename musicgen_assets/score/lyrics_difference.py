"""Which lines of the words differ between two lyrics.

Belongs here: comparing, as plain data. Does not belong here: when words are sung (score.difference compares notes).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from musicgen_assets.score.material import Lyrics


def compare_lyrics(old: Lyrics, new: Lyrics) -> list[dict[str, Any]]:
    """Changed lines as {"section": "verse 2", "line": from 1, "old": text or None, "new": text or None}.

    A line that was added or removed does not make those after it differ. ``line`` counts in the new section, and
    in the old one for a line that is gone.
    """
    before, after = _stanzas(old), _stanzas(new)
    return [
        {"section": f"{kind} {index + 1}", **row}
        for kind, index in dict.fromkeys((*after, *before))
        for row in _compare_lines(before.get((kind, index), []), after.get((kind, index), []))
    ]


def _stanzas(lyrics: Lyrics) -> dict[tuple[str, int], list[str]]:
    return {(section.kind, section.index): [line.text for line in section.lines] for section in lyrics.sections}


def _compare_lines(old: Sequence[str], new: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for number, (was, now) in enumerate(zip_longest(old[i:i_end], new[j:j_end])):
            rows.append({"line": (j if now is not None else i) + number + 1, "old": was, "new": now})
    return rows
