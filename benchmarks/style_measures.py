"""What a style sounds like before anything sounds, as numbers; and whether a mixture leans the way its weights say.

``python -m benchmarks.style_measures`` prints every style, and pairs of styles alone and mixed 70/30 and 30/70.
Belongs here: the measures and the table. Does not belong here: how styles are mixed (styles.blending), judging songs
(the critic).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.bass_line import compose_bass
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.feel import beat_starts, swung_grid
from musicgen_assets.composition.groove_building import BACKBEAT_KEYS, GHOST_VELOCITIES, KICK_KEYS
from musicgen_assets.composition.rhythm_pattern import compose_rhythm
from musicgen_assets.composition.syncopation import syncopation
from musicgen_assets.context.schema import WeightedGenre
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import BassLine, Groove, Harmony, Rhythm
from musicgen_assets.styles.loader import blend, style_names
from musicgen_assets.styles.schema import Style
from musicgen_assets.theory.scales import mode_family

SEEDS = tuple(range(1, 9))
LEVELS = (2, 3, 4)
"""Energy levels that are measured: the first is an introduction's, where a style may not have begun."""
PAIRS = (
    ("jazz_swing", "house"), ("rock", "bossa_nova"), ("funk", "folk"), ("house", "cinematic"), ("latin", "solo_piano"),
    ("hip_hop", "pop"), ("metal", "lofi"), ("synthwave", "jazz_swing"),
)  # fmt: skip

Shares = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Material:
    """What a style writes before a melody and an arrangement: enough to tell what it is."""

    style: Style
    tempo_bpm: float
    time_signature: str
    harmony: Harmony
    rhythm: Rhythm
    bass: BassLine


def material_of(shares: Shares, seed: int) -> Material:
    """Harmony, rhythm and bass of a mixture at its own typical tempo, commonest meter and commonest scale."""
    style = blend([WeightedGenre(name=name, weight=weight) for name, weight in shares])
    tempo_bpm = style.tempo_bpm.typical
    time_signature = max(style.meters, key=lambda meter: style.meters[meter])
    scale = max(style.scales, key=lambda name: style.scales[name])
    rng = np.random.default_rng(seed)
    rhythm = compose_rhythm(style, tempo_bpm, time_signature, style.mood, (), rng)
    harmony, _ = compose_harmony(HarmonyBrief(style, "C", scale, time_signature, style.mood), rng)
    bass = compose_bass(style, harmony, rhythm, time_signature, rng)
    return Material(style, tempo_bpm, time_signature, harmony, rhythm, bass)


def measures_of(material: Material) -> dict[str, float]:
    """Every measure of MEASURES."""
    return {name: round(float(measure(material)), 4) for name, measure in MEASURES.items()}


def mean_measures(shares: Shares, seeds: Sequence[int] = SEEDS) -> dict[str, float]:
    """Means of the measures over seeds."""
    found = [measures_of(material_of(shares, seed)) for seed in seeds]
    return {name: round(float(np.mean([one[name] for one in found])), 4) for name in MEASURES}


def _tempo(material: Material) -> float:
    return material.tempo_bpm


def _swing_ratio(material: Material) -> float:
    """Long to short of the notes that swing, eighths or sixteenths: 1 straight, 2 triplets."""
    swing = max(material.rhythm.swing, material.rhythm.sixteenth_swing)
    return swing / (1.0 - swing)


def _grooves(material: Material) -> list[Groove]:
    return [material.rhythm.grooves[level] for level in LEVELS]


def _backbeat(material: Material) -> float:
    """How surely snare, rim or clap mark two and four and nothing else, 0-1: share of those beats that are struck times
    the share of the strokes that fall on them, ghosts left out. 0 where nothing is drummed.
    """
    back = set(beat_starts(material.time_signature)[1::2])
    bar = ticks_per_bar(material.time_signature)
    found = []
    for groove in _grooves(material):
        loud = [hit for hit in groove.hits if hit.key in BACKBEAT_KEYS and hit.velocity > GHOST_VELOCITIES[1]]
        places = _straight([hit.start_ticks for hit in loud], material, groove.bars)
        on_back = [place for place in places if place % bar in back]
        wanted = len(back) * groove.bars
        found.append(len(set(on_back)) / wanted * len(on_back) / len(places) if places else 0.0)
    return float(np.mean(found))


def _straight(ticks: Sequence[int], material: Material, bars: int) -> list[int]:
    """Played ticks brought back to the straight sixteenth grid."""
    rhythm = material.rhythm
    grid = swung_grid(bars, rhythm.swing, material.time_signature, rhythm.sixteenth_swing)
    step = ticks_per_step(material.time_signature)
    return [int(np.abs(grid - tick).argmin()) % (len(grid) - 1) * step for tick in ticks]


def _syncopation(material: Material) -> float:
    """Syncopation a bar of kicks, snares, rims and claps, ghosts left out; see composition.syncopation."""
    keys, step = KICK_KEYS | BACKBEAT_KEYS, ticks_per_step(material.time_signature)
    found = []
    for groove in _grooves(material):
        loud = [hit.start_ticks for hit in groove.hits if hit.key in keys and hit.velocity > GHOST_VELOCITIES[1]]
        steps = [place // step for place in _straight(loud, material, groove.bars)]
        found.append(syncopation(steps, material.time_signature, groove.bars))
    return float(np.mean(found))


def _drum_density(material: Material) -> float:
    """Hits a quarter note, percussion included."""
    quarters = ticks_per_bar(material.time_signature) / 480
    return float(np.mean([len(groove.hits) / groove.bars / quarters for groove in _grooves(material)]))


def _extension_rate(material: Material) -> float:
    """Share of the time that chords of four or more different tones sound."""
    chords = [chord for loop in material.harmony.sections.values() for chord in loop.chords]
    rich = sum(chord.duration_ticks for chord in chords if len(chord.pitch_classes) >= 4)
    return rich / sum(chord.duration_ticks for chord in chords)


def _minor_rate(material: Material) -> float:
    """1 where the commonest scale has a minor third, else 0."""
    return float(mode_family(material.harmony.scale) == "minor")


def _bass_density(material: Material) -> float:
    """Bass notes a quarter note."""
    quarters = ticks_per_bar(material.time_signature) / 480
    return float(
        np.mean(
            [
                len(levels[level]) / material.harmony.sections[kind].bars / quarters
                for kind, levels in material.bass.sections.items()
                for level in LEVELS
            ]
        )
    )


def _comping_off_beats(material: Material) -> float:
    """Share of chord strokes beside the beats."""
    beats = set(beat_starts(material.time_signature))
    bar = ticks_per_bar(material.time_signature)
    shares = []
    for level in LEVELS:
        comping = material.rhythm.comping[level]
        places = _straight([onset[0] for onset in comping.onsets], material, comping.bars)
        shares.append(np.mean([place % bar not in beats for place in places]))
    return float(np.mean(shares))


def _looseness_ms(material: Material) -> float:
    """Spread of the players' timing."""
    return material.style.humanize_ms


def _pumping_db(material: Material) -> float:
    """How far the kick ducks the rest."""
    return material.style.mix.sidechain_db


MEASURES = {
    "tempo_bpm": _tempo, "swing_ratio": _swing_ratio, "backbeat": _backbeat, "syncopation": _syncopation,
    "drum_density": _drum_density, "extension_rate": _extension_rate, "minor_rate": _minor_rate,
    "bass_density": _bass_density, "comping_off_beats": _comping_off_beats, "looseness_ms": _looseness_ms,
    "pumping_db": _pumping_db,
}  # fmt: skip
"""Name to function; each takes a Material."""


def programs_shared(mixture: Style, of: Style) -> float:
    """Share of the mixture's instruments, roles and programs both, that stand in the band ``of`` too."""
    own = {(one.role, one.program) for one in of.instruments}
    return float(np.mean([(one.role, one.program) in own for one in mixture.instruments]))


def leaning(first: Mapping[str, float], mostly_first: Mapping[str, float], mostly_second: Mapping[str, float],
            second: Mapping[str, float]) -> dict[str, str]:  # fmt: skip
    """Per measure: "right" if the two mixtures differ as the pure styles do, "equal" if they do not differ, else
    "wrong". Measures on which the pure styles are alike are left out.
    """
    found = {}
    for name in MEASURES:
        wanted, got = first[name] - second[name], mostly_first[name] - mostly_second[name]
        if abs(wanted) > 0.02 * max(abs(first[name]), abs(second[name]), 1e-9):
            found[name] = "right" if wanted * got > 0 else "equal" if abs(got) < 1e-9 else "wrong"
    return found


def main() -> None:
    """Print every style alone, then the pairs."""
    print(" " * 16 + "".join(f"{name[:12]:>14}" for name in MEASURES))
    for style in style_names():
        row = mean_measures([(style, 1.0)], SEEDS[:3])
        print(f"{style:<16}" + "".join(f"{row[name]:14.3f}" for name in MEASURES))
    for first, second in PAIRS:
        rows = [mean_measures(shares) for shares in (
            [(first, 1.0)], [(first, 0.7), (second, 0.3)], [(first, 0.3), (second, 0.7)], [(second, 1.0)],
        )]  # fmt: skip
        verdicts = leaning(*rows)
        print(f"\n{first} and {second}: alone, 70/30, 30/70, alone")
        for name in MEASURES:
            values = "  ".join(f"{row[name]:9.3f}" for row in rows)
            print(f"  {name:<18} {values}  {verdicts.get(name, 'alike')}")


if __name__ == "__main__":
    main()
