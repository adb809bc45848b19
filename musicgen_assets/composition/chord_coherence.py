"""How consistent a harmony is, 0-1: what the ``harmonic_consistency`` check measures.

Belongs here: the score and its parts. Does not belong here: making chords (chord_progression).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from musicgen_assets.composition.chord_cadence import cadence_of, degree, follows_usually, wanted_cadences
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.theory.chords import Chord
from musicgen_assets.theory.scales import mode_family, scale_pitch_classes

HARMONIC_THRESHOLD = 0.85
_WEIGHTS = {"tonality": 0.5, "succession": 0.3, "cadence": 0.2}
_BORROWED = {
    "major": {5: ("min", "m6", "m7"), 8: ("maj", "maj7"), 10: ("maj", "7", "maj7", "add9"), 3: ("maj", "maj7"),
              2: ("m7b5", "dim", "maj", "7", "9"), 7: ("min", "m7")},
    "minor": {7: ("maj", "7", "9", "7b9", "sus4", "7sus4"), 11: ("dim", "dim7"), 5: ("maj", "7", "maj7"),
              1: ("maj", "maj7"), 0: ("maj", "mM7"), 9: ("m7b5", "dim"), 10: ("maj", "7"), 2: ("min", "m7")},
}  # fmt: skip
"""Chords borrowed from the parallel mode or from harmonic and melodic minor: root above the tonic -> qualities."""

Voicing = tuple[int, str]
"""Root and quality of a chord that counts as explained whatever the key says: the style's or the user's own."""


def harmonic_consistency(
    loops: Mapping[SectionKind, Sequence[Chord]],
    tonic: str,
    scale: str,
    idioms: Iterable[Sequence[Chord]] = (),
    allowed: Collection[SectionKind] = (),
) -> tuple[float, dict[str, float]]:
    """(score, parts) of chords by section kind, all 0-1. score = .5 tonality + .3 succession + .2 cadence.

    tonality: share of chord notes in the scale; a chord counts fully when it is explained: a dominant that
    resolves down a fifth to the next chord, a usual borrowing, or a chord of ``idioms`` (the style's own loops).
    succession: share of moves between different chords whose roots follow by custom (chord_cadence) or that an
    idiom makes. cadence: share of loops that end as their kind wants; kinds in ``allowed`` (the user's own
    chords) count as wanted. Each part falls for chords drawn at random: tonality alone to about .6.
    """
    idiom_chords = {(chord.root, chord.quality) for idiom in idioms for chord in idiom}
    idiom_moves = {(a.root, b.root) for idiom in idioms for a, b in pairwise([*idiom, idiom[0]])}
    tonalities: list[float] = []
    moves: list[bool] = []
    cadences: list[bool] = []
    scale_pcs = frozenset(scale_pitch_classes(tonic, scale))
    for kind, chords in loops.items():
        for chord, following in pairwise([*chords, chords[0]]):
            is_explained = (chord.root, chord.quality) in idiom_chords or _explains(chord, following, tonic, scale)
            inside = sum(pc in scale_pcs for pc in chord.pitch_classes) / len(chord.pitch_classes)
            tonalities.append(1.0 if is_explained else inside**2)
            if chord.root != following.root:
                moves.append((chord.root, following.root) in idiom_moves or follows_usually(chord, following, tonic))
        cadences.append(kind in allowed or cadence_of(kind, list(chords), tonic) in wanted_cadences(kind))
    parts = {"tonality": _share(tonalities), "succession": _share(moves), "cadence": _share(cadences)}
    score = sum(_WEIGHTS[name] * value for name, value in parts.items())
    return round(score, 4), {name: round(value, 4) for name, value in parts.items()}


def _explains(chord: Chord, following: Chord, tonic: str, scale: str) -> bool:
    """Whether a chord outside the scale is a resolving dominant or a usual borrowing."""
    is_dominant = chord.quality in ("maj", "7", "9", "7b9", "13", "7sus4", "dim", "dim7")
    resolves = (following.root - chord.root) % 12 in ((5,) if "dim" not in chord.quality else (1,))
    target_is_known = following.root in scale_pitch_classes(tonic, scale)
    above = degree(chord, tonic)
    borrowed = _BORROWED[mode_family(scale)].get(above, ())
    return (is_dominant and resolves and target_is_known) or chord.quality in borrowed


def _share(values: Sequence[float] | Sequence[bool]) -> float:
    return sum(float(value) for value in values) / len(values) if values else 1.0
