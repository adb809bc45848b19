"""Is it the song that was planned? Tempo and key of the audio against the context.

Belongs here: those two checks. Does not belong here: detecting (dsp), the comparison with the score
(mastering.tempo_grid).
"""

from __future__ import annotations

from musicgen_assets.graph.job import CheckResult
from musicgen_assets.mastering import bounds
from musicgen_assets.mastering.key_by_score import ScoreFit
from musicgen_assets.mastering.measures import KeyGuess, MusicMeasures
from musicgen_assets.mastering.tempo_grid import GridMatch
from musicgen_assets.theory.keys import relative_key, simplest_tonic
from musicgen_assets.theory.pitch import pitch_class

CONFIDENT_TEMPO = 0.3
"""From here on a detected tempo stands by itself; clear pulses measured .5 to .95, pads under .1, noise .01."""
KEY_MARGIN = 0.5
"""A planned key with this share of the winner's evidence is as good as detected."""

_MINOR_LIKE = ("minor", "dorian", "phrygian")

Key = tuple[int, str]


def tempo_check(measures: MusicMeasures, grid: GridMatch, score_tempo_bpm: float, planned_bpm: float) -> CheckResult:
    """Within 1 % of the plan: as detected, or as the score's own onsets show.

    The score is the stronger witness: where it is clear, it decides; the detector decides where it is not and
    there is a pulse. With neither, the tempo is unknown, and that is no pass.
    """
    expected = f"{planned_bpm:g} BPM within {bounds.TEMPO_TOLERANCE:.0%}"
    by_score_bpm = score_tempo_bpm * grid.factor
    detected = f"detected {measures.tempo_bpm:.2f} BPM (confidence {measures.tempo_confidence:.2f})"
    by_score = f"the score's onsets fit at {by_score_bpm:.2f} BPM ({grid.score:.0f} deviations over chance)"
    is_confident = measures.tempo_confidence >= CONFIDENT_TEMPO
    if grid.is_clear:
        agrees = is_confident and _is_near(measures.tempo_bpm, by_score_bpm)
        bpm = measures.tempo_bpm if agrees else round(by_score_bpm, 3)
        return CheckResult("tempo", _is_near(bpm, planned_bpm), bpm, expected, note=f"{detected}; {by_score}")
    if is_confident:
        note = f"{detected}; the score's onsets say nothing clear"
        return CheckResult("tempo", _is_near(measures.tempo_bpm, planned_bpm), measures.tempo_bpm, expected, note=note)
    return CheckResult(
        "tempo", False, "no clear tempo", expected, note=f"{detected}; the score's onsets say nothing clear"
    )


def _is_near(bpm: float, planned_bpm: float) -> bool:
    return abs(bpm - planned_bpm) <= planned_bpm * bounds.TEMPO_TOLERANCE


def key_check(keys: tuple[KeyGuess, ...], key: str, scale: str, by_score: ScoreFit | None = None) -> CheckResult:
    """The detected key is the planned one, or one with the same notes (noted), or the planned one nearly won
    (noted), or the pitches heard are the score's, untransposed, and the score is in the planned scale (noted).
    """
    planned: Key = (pitch_class(key), "minor" if scale in _MINOR_LIKE else "major")
    best = keys[0]
    found: Key = (best.tonic, best.mode)
    name = f"{key} {found[1]}" if found == planned else key_name(*found)
    measured = f"{name} ({best.share:.0%} of the evidence)"
    expected = f"{key} {scale}, or a key of the same notes"
    if _says_nothing(keys):
        return CheckResult("key", False, "no pitches heard", expected)
    if found == planned:
        return CheckResult("key", True, measured, expected)
    if found in same_notes(key, scale):
        return CheckResult("key", True, measured, expected, note="a key with the same notes as the planned one")
    share = next((guess.share for guess in keys if (guess.tonic, guess.mode) == planned), 0.0)
    note = f"the planned key has {share:.0%} of the evidence"
    if share >= KEY_MARGIN * best.share or by_score is None:
        return CheckResult("key", share >= KEY_MARGIN * best.share, measured, expected, note=note)
    note += (
        f"; the pitches heard fit the score at a shift of {by_score.shift} semitones"
        f" (correlation {by_score.fit:.2f}, lead {by_score.lead:.2f})"
    )
    return CheckResult("key", by_score.is_proof, measured, expected, note=note)


def same_notes(key: str, scale: str) -> frozenset[Key]:
    """The major and minor key that share the planned key's notes."""
    parent = (key, scale) if scale == "major" else relative_key(key, scale)
    relative = relative_key(*parent)
    return frozenset({(pitch_class(parent[0]), "major"), (pitch_class(relative[0]), "minor")})


def key_name(tonic: int, mode: str) -> str:
    """(9, "minor") -> "A minor"."""
    return f"{simplest_tonic(tonic, mode)} {mode}"


def _says_nothing(keys: tuple[KeyGuess, ...]) -> bool:
    """Whether all keys are as likely as each other: nothing with a pitch was heard."""
    return keys[0].share - keys[-1].share < 1e-6
