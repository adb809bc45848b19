"""Which lines of the words differ between two lyrics.

Belongs here: comparing, as plain data. Does not belong here: when words are sung (score.difference compares notes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from musicgen_assets.score.material import Lyrics


def compare_lyrics(old: Lyrics, new: Lyrics) -> list[dict[str, Any]]:
    """Changed lines as {"section": "verse 2", "line": from 1, "old": text or None, "new": text or None}.

    Words that only one section sings are compared as "verse 2, stanza 1". A line that was added or removed does not
    make those after it differ. ``line`` counts in the new section, and in the old one for a line that is gone.
    """
    taken = {*old.takes, *new.takes}
    before, after = _stanzas(old, taken), _stanzas(new, taken)
    return [
        {"section": name, **row}
        for name in dict.fromkeys((*after, *before))
        for row in _compare_lines(before.get(name, []), after.get(name, []))
    ]


def _stanzas(lyrics: Lyrics, taken: Iterable[str]) -> dict[str, list[str]]:
    """Texts of lines by stanza, and by section and stanza for sections that have ``taken`` words of their own."""
    found = {f"{one.kind} {one.index + 1}": [line.text for line in one.lines] for one in lyrics.sections}
    for section in sorted(taken):
        kind = section.rpartition(" ")[0]
        for stanza in lyrics.as_sung_in(section).sections:
            if stanza.kind == kind:
                found[f"{section}, stanza {stanza.index + 1}"] = [line.text for line in stanza.lines]
    return found


def _compare_lines(old: Sequence[str], new: Sequence[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for number, (was, now) in enumerate(zip_longest(old[i:i_end], new[j:j_end])):
            rows.append({"line": (j if now is not None else i) + number + 1, "old": was, "new": now})
    return rows
