"""Words that were sung, beside those that were planned: which is which.

Belongs here: that matching. Does not belong here: times of lines (finalization.delivered), cutting a voice by them
(production.hybrid_vocal).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def matched(planned: Sequence[str], sung: Sequence[str]) -> list[tuple[int, int]]:
    """Indices into both of every word that is the same, in order; case and punctuation aside."""
    matcher = SequenceMatcher(None, [_letters(word) for word in planned], [_letters(word) for word in sung],
                              autojunk=False)  # fmt: skip
    return [
        (mine + offset, theirs + offset)
        for mine, theirs, size in matcher.get_matching_blocks()
        for offset in range(size)
    ]


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
