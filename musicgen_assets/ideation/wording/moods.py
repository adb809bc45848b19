"""The mood of a prompt: valence and arousal from its mood words.

Belongs here: weighing mood words. Does not belong here: the mood of a style (proposal.mood_in).
"""

from __future__ import annotations

from collections.abc import Sequence

from musicgen_assets.context.schema import Mood
from musicgen_assets.ideation.wording.terms import Term, words_of
from musicgen_assets.ideation.wording.text import Prompt, phrase_key

STRONGER, WEAKER = 1.35, 0.65
"""How "very" and "slightly" scale a word's distance from neutral."""
_LOOK_BACK_CHARACTERS = 14


def find_mood(prompt: Prompt, language: str, terms: Sequence[Term]) -> tuple[Mood | None, tuple[str, ...]]:
    """The mean of all mood words, and the words; a negated one ("not sad") counts as a little of its opposite."""
    points: list[tuple[float, float]] = []
    words: list[str] = []
    for term in (term for term in terms if term.kind == "mood"):
        scale = _strength(prompt, language, term) * (-0.5 if term.is_negated else 1.0)
        points.append(_scaled(term.value, scale))
        words.append(("not " if term.is_negated else "") + prompt.raw[term.start : term.end].lower())
    if not points:
        return None, ()
    valence = sum(point[0] for point in points) / len(points)
    arousal = sum(point[1] for point in points) / len(points)
    return Mood(valence=round(valence, 3), arousal=round(arousal, 3)), tuple(dict.fromkeys(words))


def _scaled(point: Sequence[float], scale: float) -> tuple[float, float]:
    valence, arousal = (min(max(0.5 + (float(axis) - 0.5) * scale, 0.0), 1.0) for axis in point)
    return valence, arousal


def _strength(prompt: Prompt, language: str, term: Term) -> float:
    before = phrase_key(prompt.plain[max(term.start - _LOOK_BACK_CHARACTERS, 0) : term.start])
    for section, strength in (("slightly", WEAKER), ("very", STRONGER)):
        if any(before == word or before.endswith(" " + word) for word in words_of(language, section)):
            return strength
    return 1.0
