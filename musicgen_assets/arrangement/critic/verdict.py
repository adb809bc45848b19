"""The critic's judgement of a written song: four scores, a fifth for words, and every measure under them.

Belongs here: adding up, thresholds, the answers that checks give. Does not belong here: measuring (measuring and the
modules it names), which values are good (references).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

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
    GIVEN_MELODIC,
    GIVEN_WORDS,
    HARMONIC,
    HOOK_MEASURES,
    MELODIC,
    RHYTHMIC,
    STRUCTURAL,
    WORDS,
    Reference,
)
from musicgen_assets.arrangement.critic.words_measures import sung_lines, word_measures
from musicgen_assets.arrangement.integrity import Integrity, structural_integrity
from musicgen_assets.composition.melody_hook import HOOK_NOTES_MIN
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import NoteRow, Score, Syllable, Track

MELODIC_SCORE, HARMONIC_SCORE = "melodic_coherence", "harmonic_consistency"
RHYTHMIC_SCORE, STRUCTURAL_SCORE, LYRIC_SCORE = "rhythmic_stability", "structural_integrity", "lyric_quality"
THRESHOLDS = {
    MELODIC_SCORE: 0.8, HARMONIC_SCORE: 0.85, RHYTHMIC_SCORE: 0.9, STRUCTURAL_SCORE: 0.7, LYRIC_SCORE: 0.7,
}  # fmt: skip
CHECKS = {
    "melodic_score": MELODIC_SCORE, "harmonic_score": HARMONIC_SCORE, "rhythmic_score": RHYTHMIC_SCORE,
    "structural_score": STRUCTURAL_SCORE, "lyric_score": LYRIC_SCORE,
}  # fmt: skip
"""The gate's check for each score."""
_INTEGRITY = ("contrast", "returns", "energy", "ending", "boundaries")
_TOLD = 4
_DIGITS = 4


@dataclass(frozen=True)
class Judgement:
    """``scores`` by name, each 0-1; ``worths`` 0-1 of each measure that counts; ``measures`` as they were measured.

    Each score is the product of the worths of its family (see references): a soft AND, so that one thing that no music
    does fails a song whose other parts are fine.

    - melodic_coherence (>= .8): the tune moves in steps and recovers its leaps, comes back in figures, has neither too
      few nor too many pitches and lengths, agrees with the chords, resolves, rests, and states its hook.
    - harmonic_consistency (>= .85): bass and chords play the chords that are written, when they are written, in the
      key, without rubbing against each other; the bass has the roots.
    - rhythmic_stability (>= .9, two-sided): the pulse is steady (jitter, parts together) and heard in its meter,
      patterns come back; and it lives: velocities differ, and so do the rhythms of bars.
    - structural_integrity (>= .7): sections of a kind are alike and of other kinds not, bars foretell each other
      without being a loop, boundaries are heard, energy follows the plan, and the song ends.
    - lyric_quality (>= .7, where sung): lines rhyme, refrains return in their place, words keep to their subject and
      fall on beats, and are what was written.
    """

    scores: dict[str, float]
    worths: dict[str, float]
    measures: Measures

    @property
    def passes(self) -> bool:
        """Whether every score reaches its threshold."""
        return all(score >= THRESHOLDS[name] for name, score in self.scores.items())

    @property
    def overall(self) -> float:
        """One number to rank songs by: the product of the scores."""
        return product(self.scores)

    def note(self, score: str) -> str:
        """What keeps a score from 1, the worst first, for people."""
        family = [name for name in _family(score) if self.worths.get(name, 1.0) < 1.0]
        told = sorted(family, key=lambda name: (self.worths[name], name))[:_TOLD]
        return ", ".join(f"{name.replace('_', ' ')} {self.worths[name]:.2f}" for name in told)

    def plain(self) -> dict[str, dict[str, float]]:
        """As plain data, rounded."""
        named = {"scores": self.scores, "worths": self.worths, "measures": self.measures}
        return {name: {key: round(value, _DIGITS) for key, value in found.items()} for name, found in named.items()}


def judge(
    score: Score,
    tracks: Sequence[Track],
    hook: Sequence[NoteRow],
    lyrics: Lyrics | None = None,
    syllables: Sequence[Syllable] = (),
    *,
    integrity: Integrity | None = None,
    are_words_given: bool = False,
) -> Judgement:
    """The judgement of a written song.

    ``tracks``: all that sound, the vocal among them. ``hook``: as it was invented. Words are judged where ``lyrics``
    has any; words that the user gave (``are_words_given``, where there are no lyrics to say so) only by how they are
    sung, and the hook on them by what they leave room for. ``integrity``: the score's, where it is known already.
    """
    matter = matter_of(score, tracks, hook)
    is_users_own = lyrics is not None and lyrics.is_users_own
    families: dict[str, tuple[Measures, Mapping[str, Reference]]] = {
        MELODIC_SCORE: (melody_measures(matter), _melodic(hook, are_words_given or is_users_own)),
        HARMONIC_SCORE: (harmonic_measures(matter), HARMONIC),
        RHYTHMIC_SCORE: (rhythmic_measures(matter), RHYTHMIC),
        STRUCTURAL_SCORE: (formal_measures(matter), STRUCTURAL),
    }
    if lyrics is not None and lyrics.sections:
        words = _words(matter, lyrics, syllables)
        families[LYRIC_SCORE] = (words, GIVEN_WORDS if is_users_own else WORDS)
    integrity = integrity or structural_integrity(score)
    scores: dict[str, float] = {}
    worths: dict[str, float] = {}
    for name, (measures, references) in families.items():
        own = {key: reference.worth(measures[key]) for key, reference in references.items() if key in measures}
        if name == STRUCTURAL_SCORE:
            own |= {key: float(getattr(integrity, key)) for key in _INTEGRITY}
        scores[name] = round(product(own), _DIGITS) if measures else 0.0
        worths |= own
    return Judgement(
        scores, worths, {key: value for measures, _ in families.values() for key, value in measures.items()}
    )


def product(worths: Mapping[str, float]) -> float:
    """Of all values; 1 of none."""
    result = 1.0
    for worth in worths.values():
        result *= worth
    return result


def checks_of(judgement: Judgement, excused: Collection[str] = ()) -> tuple[CheckResult, ...]:
    """An answer for each of CHECKS; where nothing is to be sung, the words pass and say so, and so do scores that are
    ``excused``.
    """
    found = []
    for check, name in CHECKS.items():
        expected = f">= {THRESHOLDS[name]:g}"
        if name not in judgement.scores:
            found.append(CheckResult(check, True, "nothing is sung", expected))
            continue
        score = judgement.scores[name]
        if name in excused and score < THRESHOLDS[name]:
            found.append(excused_check(check, score, expected))
            continue
        found.append(CheckResult(check, score >= THRESHOLDS[name], score, expected, note=judgement.note(name)))
    return tuple(found)


def excused_check(check: str, score: float, expected: str) -> CheckResult:
    """That a score is low because a person wanted it so."""
    return CheckResult(check, True, f"{score:.3f}, of a melody that was given", expected)


def _family(score: str) -> tuple[str, ...]:
    families: dict[str, tuple[str, ...]] = {
        MELODIC_SCORE: tuple(MELODIC), HARMONIC_SCORE: tuple(HARMONIC), RHYTHMIC_SCORE: tuple(RHYTHMIC),
        STRUCTURAL_SCORE: (*STRUCTURAL, *_INTEGRITY), LYRIC_SCORE: tuple(WORDS),
    }  # fmt: skip
    return families[score]


def _melodic(hook: Sequence[NoteRow], are_words_given: bool) -> Mapping[str, Reference]:
    """What counts of the tune. Given words of a syllable or two a line leave no hook that could be counted."""
    if not are_words_given:
        return MELODIC
    is_countable = len(hook) >= HOOK_NOTES_MIN
    return {name: found for name, found in GIVEN_MELODIC.items() if is_countable or name not in HOOK_MEASURES}


def _words(matter: Matter, lyrics: Lyrics, syllables: Sequence[Syllable]) -> Measures:
    weights = step_weights(matter.score.time_signature, matter.bar_steps)
    return word_measures(sung_lines(syllables, matter.sections), lyrics, weights)
