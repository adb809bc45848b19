"""Rhyme schemes: which lines of a stanza answer which, from a style's habits to blocks that can be written.

Belongs here: reading schemes ("ABCB"), fitting one to a stanza of so many lines. Does not belong here: finding lines
that rhyme (lyrics_search), writing stanzas (lyrics_writer), what styles prefer (styles.schema_lyrics).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

Shape = Literal["AA", "AABB", "ABAB", "ABBA", "XAXA", "AAAA", "AABCCB"]
"""Blocks that stanzas are built of. AABB couplets; ABAB cross rhyme; ABBA enclosed; XAXA the ballad's, whose second
and fourth line rhyme ("ABCB"); AAAA one sound; AABCCB the tail rhyme, two couplets with an enclosing pair.
"""
ORDERS: Mapping[str, tuple[int, ...]] = {"ABAB": (0, 2, 1, 3), "ABBA": (0, 2, 3, 1), "AABCCB": (0, 1, 4, 2, 3, 5)}
"""Which line of the couplets, one after another, stands where."""
COUPLETS = "AABB"
_QUATRAINS: frozenset[str] = frozenset({"AABB", "ABAB", "ABBA", "XAXA", "AAAA"})


def normal(scheme: str) -> str:
    """A scheme with X for every line that nothing answers and letters in the order they come: "ABCB" is "XAXA"."""
    names: dict[str, str] = {}
    for letter in scheme:
        if letter != "X" and scheme.count(letter) > 1:
            names.setdefault(letter, "ABCDEFGH"[len(names)])
    return "".join(names.get(letter, "X") for letter in scheme)


def blocks_of(scheme: str, lines: int) -> tuple[Shape, ...]:
    """The blocks of a stanza of ``lines`` lines in the manner of ``scheme``, a couplet counting as two lines.

    Shorter stanzas take the scheme's beginning, longer ones repeat it; what no block can do is done in couplets.
    """
    whole = normal((scheme * lines)[:4] if len(scheme) < 4 else scheme[:4])
    shape = whole if whole in _QUATRAINS else "AABB"
    if lines == 6 and shape == "ABBA":
        return ("AABCCB",)
    fours, rest = divmod(lines + lines % 2, 4)
    return (*([shape] * fours), *(["AA"] if rest else []))  # type: ignore[arg-type]


def chosen_scheme(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """One of a style's schemes by weight. Those in which nothing rhymes ("XX") are sung as the ballad's."""
    names = sorted(weights)
    chances = np.array([weights[name] for name in names], dtype=float)
    scheme = names[int(rng.choice(len(names), p=chances / chances.sum()))]
    return scheme if set(normal(scheme)) != {"X"} else "XAXA"
