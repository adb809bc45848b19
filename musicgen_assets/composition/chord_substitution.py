"""Chords in another's place: secondary dominants, mixture, tritone substitutes, inversions, pedals, quicker cadences.

Belongs here: changes to a loop of plain numerals, each by the style's own habits and the mood. Does not belong here:
which loops there are and their extensions (chord_vocabulary), how a loop ends (chord_cadence). The devices are
common practice (Kostka and Payne, Tonal Harmony); how often a style uses them are rules of thumb.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.chord_cadence import function_of
from musicgen_assets.context.schema import Mood, Scale, SectionKind
from musicgen_assets.styles.schema import Style
from musicgen_assets.theory.chords import Chord, parse_bar, parse_roman
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import mode_family, scale_pitch_classes

_SECONDARY = {"triads": 0.2, "sevenths": 0.35, "ninths": 0.4}
_TURNS = {"close": 0.35, "open": 0.35, "arpeggio": 0.4, "guitar": 0.15, "shell": 0.0, "power": 0.0}
"""How likely a hand turns a chord."""
_TRITONE, _QUICKER = 0.35, 0.5
_MIXTURE_BELOW = 0.75
PEDAL_KINDS: tuple[SectionKind, ...] = ("intro", "build", "breakdown", "outro")
"""Sections that may stand on a held tonic."""
_TARGETS = {"major": ("ii", "vi", "IV", "iii", "V"), "minor": ("iv", "V", "bVII", "bIII")}
_PREDOMINANTS = {"major": ("IV", "ii"), "minor": ("iv",)}
_DARKER = {"IV": "iv", "vi": "bVI", "ii": "iiø7"}
"""What mixture puts for a chord of the major key: chords of its parallel minor."""


@dataclass(frozen=True)
class Habits:
    """How likely a style takes each device, 0-1 a loop; ``inversions`` is a chance a chord."""

    secondary: float
    tritone: float
    inversions: float
    pedals: float
    quicker: float


def habits_of(style: Style) -> Habits:
    """What the style's own fields imply: power chords and loops for dancing keep to roots, hands that play close
    triads turn them, rich harmony substitutes, calm styles hold a pedal.
    """
    is_loop_music = any("drop" in form for form in style.forms)
    is_rich = style.harmony_extensions == "ninths"
    has_dominants = any(
        numeral.startswith("V") for item in style.progressions for bar in item.numerals for numeral in bar.split("_")
    )
    turns = {"close": 0.3, "open": 0.3, "arpeggio": 0.35, "guitar": 0.12, "shell": 0.0, "power": 0.0}
    inversions = (
        turns[style.comping_voicing] * {"triads": 1.0, "sevenths": 0.4, "ninths": 0.0}[style.harmony_extensions]
    )
    return Habits(
        secondary=0.0 if is_loop_music else _SECONDARY[style.harmony_extensions],
        tritone=_TRITONE
        if style.comping_voicing == "shell" or (is_rich and style.melody_range_semitones >= 14)
        else 0.0,
        inversions=0.0 if is_loop_music else inversions,
        pedals=0.5 if style.mood.arousal < 0.4 or style.comping_voicing == "open" or is_loop_music else 0.15,
        quicker=_QUICKER if has_dominants and not is_loop_music and style.comping_voicing != "power" else 0.0,
    )


def with_secondary_dominant(
    bars: Sequence[str], style: Style, scale: Scale, rng: np.random.Generator, arousal: float = 0.5
) -> list[str]:
    """Sometimes, the likelier the more aroused, one bar's second half becomes the dominant of the next bar's chord."""
    changed = list(bars)
    if scale not in ("major", "minor") or rng.random() >= habits_of(style).secondary * (0.4 + 1.2 * arousal):
        return changed
    wanted = _TARGETS[scale]
    places = [
        index
        for index in range(1, len(bars) - 2)
        if bars[index + 1] in wanted
        and "_" not in bars[index]
        and "/" not in bars[index]
        and bars[index] != bars[index + 1]
    ]
    if places:
        index = int(rng.choice(places))
        changed[index] = f"{bars[index]}_V7/{bars[index + 1]}"
    return changed


def with_mixture(bars: Sequence[str], mood: Mood, scale: Scale, rng: np.random.Generator) -> list[str]:
    """Chords of the parallel minor in a major loop, the likelier the darker the mood; none in bright ones.

    The last subdominant turns minor on its way home; in dark moods others of the last four bars may darken too.
    """
    changed = list(bars)
    share = max(0.0, _MIXTURE_BELOW - mood.valence) / _MIXTURE_BELOW
    chances = rng.random(len(bars) + 1)
    if scale != "major":
        return changed
    places = [index for index, bar in enumerate(bars) if bar == "IV"]
    if places and chances[-1] < 0.9 * share:
        changed[places[-1]] = "IV_iv"
    for index in range(max(len(bars) - 4, 1), len(bars)):
        if changed[index] in _DARKER and chances[index] < 0.7 * share**2:
            changed[index] = _DARKER[changed[index]]
    return changed


def with_sharper_dominants(
    bars: Sequence[str], style: Style, mood: Mood, scale: Scale, rng: np.random.Generator
) -> list[str]:
    """Plain dominants get their seventh, the likelier the more aroused the mood; in dark minor songs a flat ninth too.

    Power chords and modes have none.
    """
    changed = list(bars)
    chances = rng.random(2 * len(bars))
    if scale not in ("major", "minor") or style.comping_voicing == "power":
        return changed
    for index, bar in enumerate(bars):
        parts = bar.split("_")
        if parts[-1] == "V" and chances[2 * index] < 0.1 + 0.7 * mood.arousal:
            is_dark = scale == "minor" and chances[2 * index + 1] < 0.8 * (0.6 - mood.valence)
            changed[index] = "_".join([*parts[:-1], "V7b9" if is_dark else "V7"])
    return changed


def with_tritone_substitute(bars: Sequence[str], style: Style, scale: Scale, rng: np.random.Generator) -> list[str]:
    """Sometimes the last dominant before a tonic becomes the dominant a tritone away, which slides home by semitone."""
    changed = list(bars)
    if scale not in ("major", "minor") or rng.random() >= habits_of(style).tritone:
        return changed
    places = [
        index
        for index in range(1, len(bars) - 1)
        if bars[index].split("_")[-1] in ("V", "V7", "V9") and bars[index + 1].split("_")[0] in _tonics(scale)
    ]
    if places:
        index = places[-1]
        changed[index] = "_".join([*bars[index].split("_")[:-1], "bII7"])
    return changed


def with_quicker_cadence(bars: Sequence[str], style: Style, scale: Scale, rng: np.random.Generator) -> list[str]:
    """Sometimes the dominant before the closing tonic, or at the end of an open loop, shares its bar with a chord
    that prepares it: harmonic rhythm quickens towards the cadence.
    """
    changed = list(bars)
    if scale not in ("major", "minor") or rng.random() >= habits_of(style).quicker:
        return changed
    place = len(bars) - 2 if bars[-1] in _tonics(scale) else len(bars) - 1
    before = bars[place - 1].split("_")[-1]
    options = [numeral for numeral in _PREDOMINANTS[mode_family(scale)] if not before.startswith(numeral)]
    if bars[place] in ("V", "V7") and options:
        changed[place] = f"{options[int(rng.integers(len(options)))]}_{bars[place]}"
    return changed


def with_inversions(bars: Sequence[str], style: Style, tonic: str, scale: Scale, rng: np.random.Generator) -> list[str]:
    """Plain triads turned where that lets the bass move by step between its neighbours; never the first and last."""
    share = habits_of(style).inversions
    parts = [bar.split("_") for bar in bars]
    flat = [(index, place) for index, bar in enumerate(parts) for place in range(len(bar))]
    chances = rng.random(len(flat))
    basses = [parse_roman(parts[index][place], tonic, scale).bass for index, place in flat]
    for number in range(1, len(flat) - 1):
        index, place = flat[number]
        turned = _turned(parts[index][place], tonic, scale, (basses[number - 1], basses[number + 1]), basses[number])
        if turned and chances[number] < share:
            parts[index][place] = turned
            basses[number] = parse_roman(turned, tonic, scale).bass
    return ["_".join(bar) for bar in parts]


def with_pedal(
    bars: Sequence[str], style: Style, kind: SectionKind, tonic: str, scale: Scale, rng: np.random.Generator
) -> list[str]:
    """Sometimes in sections that wait, triads of a loop that begins on the tonic stand over the tonic in the bass."""
    changed = list(bars)
    if kind not in PEDAL_KINDS or rng.random() >= habits_of(style).pedals:
        return changed
    chords = [parse_bar(bar, tonic, scale) for bar in bars]
    if function_of(chords[0][0], tonic) != "tonic":
        return changed
    last = len(bars) - 1 if kind == "build" else len(bars) - 2
    for index in range(1, last):
        if len(chords[index]) == 1 and _is_plain(chords[index][0], bars[index]) and _bears(chords[index][0], tonic):
            changed[index] = f"{bars[index]}/1"
    return changed


def brightness(chords: Sequence[Chord], tonic: str, scale: Scale) -> float:
    """Share of major chords less that of minor, diminished and borrowed ones, -1 to 1."""
    pcs = set(scale_pitch_classes(tonic, scale))
    values = [
        (1.0 if (chord.root + 4) % 12 in chord.pitch_classes else -1.0) - 0.5 * (not set(chord.pitch_classes) <= pcs)
        for chord in chords
    ]
    return float(np.clip(np.mean(values), -1.0, 1.0)) if values else 0.0


def _tonics(scale: Scale) -> tuple[str, ...]:
    return ("I", "I6", "Imaj7", "I69") if mode_family(scale) == "major" else ("i", "i7", "i9")


def _turned(numeral: str, tonic: str, scale: Scale, around: tuple[int, int], bass: int) -> str | None:
    """The numeral over its third or fifth, where the bass then steps to both neighbours and did not before."""
    chord = parse_roman(numeral, tonic, scale)
    if not _is_plain(chord, numeral):
        return None
    before = sum(_steps(bass, other) for other in around)
    steps = scale_pitch_classes(tonic, scale)
    for pc in (chord.pitch_classes[1], chord.pitch_classes[2]):
        if pc in steps and sum(_steps(pc, other) for other in around) > before and pc not in around:
            return f"{numeral}/{steps.index(pc) + 1}" if _degree_names(scale, steps.index(pc)) else None
    return None


def _degree_names(scale: Scale, index: int) -> bool:
    """Whether the bass degree's plain number names it: degrees count in the scale's family."""
    return scale in ("major", "minor") or index not in (1, 3, 5, 6)


def _steps(first: int, second: int) -> bool:
    return (first - second) % 12 in (1, 2, 10, 11)


def _is_plain(chord: Chord, numeral: str) -> bool:
    return chord.quality in ("maj", "min") and "/" not in numeral


def _bears(chord: Chord, tonic: str) -> bool:
    """Whether a chord can stand over the tonic: its notes lie a semitone from it only as the leading tone."""
    home = pitch_class(tonic)
    return (home + 1) % 12 not in chord.pitch_classes and chord.root != home
