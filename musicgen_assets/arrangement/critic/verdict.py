"""The critic's judgement of a written song: four scores, a fifth for words, and every measure under them.

Belongs here: adding up. Does not belong here: measuring (measuring and the modules it names), references.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from musicgen_assets.arrangement.critic.matter import Matter, matter_of
from musicgen_assets.arrangement.critic.measuring import (
    Measures,
    formal_measures,
    harmonic_measures,
    melody_measures,
    rhythmic_measures,
    step_weights,
)
from musicgen_assets.arrangement.critic.references import (
    HARMONIC,
    MELODIC,
    RHYTHMIC,
    STRUCTURAL,
    WORDS,
    Reference,
)
from musicgen_assets.arrangement.critic.words_measures import sung_lines, word_measures
from musicgen_assets.arrangement.integrity import structural_integrity
from musicgen_assets.arrangement.vocal_line import VocalLine, merged_tracks
from musicgen_assets.score.material import Lyrics, Melody
from musicgen_assets.score.model import Score

THRESHOLDS = {
    "melodic_coherence": 0.8, "harmonic_consistency": 0.85, "rhythmic_stability": 0.9, "structural_integrity": 0.7,
    "lyric_quality": 0.7,
}  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """``scores`` by name, each 0-1; ``measures`` as they were measured; ``worths`` 0-1 of each measure that counts."""

    scores: dict[str, float]
    measures: Measures
    worths: dict[str, float] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether every score reaches its threshold."""
        return all(score >= THRESHOLDS[name] for name, score in self.scores.items())

    @property
    def overall(self) -> float:
        """One number to rank songs by: the product of the scores."""
        product = 1.0
        for score in self.scores.values():
            product *= score
        return product


def judge(score: Score, vocal: VocalLine, melody: Melody, lyrics: Lyrics) -> Judgement:
    """The judgement of a written song. ``melody`` is asked for its hook only."""
    matter = matter_of(score, merged_tracks(score, vocal.model_dump(mode="json")), melody.hook.notes)
    integrity = structural_integrity(score)
    parts: dict[str, tuple[Measures, Mapping[str, Reference]]] = {
        "melodic_coherence": (melody_measures(matter), MELODIC),
        "harmonic_consistency": (harmonic_measures(matter), HARMONIC),
        "rhythmic_stability": (rhythmic_measures(matter), RHYTHMIC),
        "structural_integrity": (formal_measures(matter), STRUCTURAL),
    }
    words = _words(matter, vocal, lyrics)
    if words:
        parts["lyric_quality"] = (words, WORDS)
    scores: dict[str, float] = {}
    worths: dict[str, float] = {}
    for name, (measures, references) in parts.items():
        own = {key: reference.worth(measures[key]) for key, reference in references.items() if key in measures}
        if name == "structural_integrity":
            own |= {key: getattr(integrity, key) for key in ("contrast", "returns", "energy", "ending", "boundaries")}
        scores[name] = round(product(own), 4) if measures else 0.0
        worths |= own
    measured = {key: value for measures, _ in parts.values() for key, value in measures.items()}
    return Judgement(scores, measured, worths)


def product(worths: Mapping[str, float]) -> float:
    """A soft AND: every part must be good."""
    result = 1.0
    for worth in worths.values():
        result *= worth
    return result


def _words(matter: Matter, vocal: VocalLine, lyrics: Lyrics) -> Measures:
    lines = sung_lines(vocal.syllables, matter.sections)
    weights = step_weights(matter.score.time_signature, matter.bar_steps)
    return word_measures(lines, lyrics, lyrics.subject_words, weights)
