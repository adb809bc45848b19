"""Generated songs beside human music and the twins: the scores' distributions, and how human each measure is.

``python -m benchmarks.critic_scores [COUNT_OF_STYLES SEED SEED SEED]`` prints percentiles of the scores on 60 songs and
on their twins, and per underlying measure the human 5-95 % range and the share of songs inside it; and draws both into
benchmarks/results/critic_scores.png. Human music has no score of its own: it is notated, without velocities, sections
or a named hook, so it stands beside the measures that both have. Belongs here: comparing. Does not belong here:
measuring.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.critic_calibration import human_measures
from benchmarks.critic_human import HumanPiece, human_music
from benchmarks.critic_songs import Sample, judged, sample
from benchmarks.critic_twins import partner
from benchmarks.twins.kinds import KINDS
from musicgen_assets.arrangement.critic.matter import LINE_TRACKS, STEP_TICKS, Ints, matter_of
from musicgen_assets.arrangement.critic.references import HARMONIC, MELODIC, RHYTHMIC, STRUCTURAL
from musicgen_assets.arrangement.critic.verdict import THRESHOLDS, Judgement, product
from musicgen_assets.score.model import note_array
from musicgen_assets.theory.pitch import pitch_class

PICTURE = Path(__file__).parent / "results" / "critic_scores.png"
STYLES, SEEDS = 20, (301, 302, 303)
PERCENTILES = (1, 5, 25, 50, 75, 95)
NOT_COMPARABLE = ("last_note_beats", "gathered")
"""A recording rings out where notation writes a beat; such are shown for information only."""
FAMILIES = {
    "melodic_coherence": MELODIC, "harmonic_consistency": HARMONIC, "rhythmic_stability": RHYTHMIC,
    "structural_integrity": STRUCTURAL,
}  # fmt: skip

Rows = list[dict[str, float]]


def as_piece(one: Sample) -> HumanPiece:
    """A song as notation would have it: the tune on top, the other pitched parts, the bass last; in sixteenths.

    So that songs and human pieces are measured by the same hand, chords named by the same template.
    """
    song = one.song
    tune = matter_of(song.score, song.tracks).line
    others = [track for track in song.tracks if not track.is_drums and track.name not in LINE_TRACKS and track.notes]
    others = [track for track in others if track.role != "percussion"]
    ordered = sorted(others, key=lambda track: track.role == "bass")
    parts = [on_grid(tune), *(on_grid(track.array().astype(np.int64)) for track in ordered)]
    mode = "major" if song.score.scale in ("major", "mixolydian", "lydian") else "minor"
    return HumanPiece(
        f"{one.style}/{one.seed}", "generated", song.score.time_signature, pitch_class(song.score.key), mode,
        tuple(note_array(part) for part in parts if len(part)),
    )  # fmt: skip


def on_grid(notes: Ints) -> Ints:
    """Starts and ends at the nearest sixteenth, as a copyist would write what is played."""
    found = notes.copy()
    found[:, 0] = np.rint(notes[:, 0] / STEP_TICKS) * STEP_TICKS
    ends = np.rint((notes[:, 0] + notes[:, 1]) / STEP_TICKS) * STEP_TICKS
    found[:, 1] = np.maximum(ends - found[:, 0], STEP_TICKS)
    return found


def twins_of(songs: Sequence[Sample]) -> list[Judgement]:
    """One twin a song, the kinds in turn."""
    names = list(KINDS)
    found = []
    for index, one in enumerate(songs):
        kinds = [KINDS[names[(index + step) % len(names)]] for step in range(len(names))]
        kind = next(kind for kind in kinds if kind.suits(one.song, partner(kind, index, songs)))
        found.append(judged(kind.spoil(one.song, partner(kind, index, songs), np.random.default_rng(index))))
    return found


def human_scores(row: dict[str, float]) -> dict[str, float]:
    """A human piece by the worths of those of a score's measures that notation can tell."""
    found = {}
    for score, references in FAMILIES.items():
        own = {key: ref.worth(row[key]) for key, ref in references.items() if key in row and key not in NOT_COMPARABLE}
        if own:
            found[score] = product(own)
    return found


def print_scores(name: str, rows: Rows) -> None:
    """Percentiles of each score."""
    print(
        f"\n{name}\n{'score':<24}" + "".join(f"{f'{p} %':>8}" for p in PERCENTILES) + f"{'mean':>8}{'pass':>8}{'n':>6}"
    )
    for score in [*FAMILIES, "lyric_quality"]:
        values = np.array([row[score] for row in rows if score in row])
        if len(values):
            cells = "".join(f"{value:>8.3f}" for value in np.percentile(values, PERCENTILES))
            passing = float((values >= THRESHOLDS[score]).mean())
            print(f"{score:<24}{cells}{values.mean():>8.3f}{passing:>8.0%}{len(values):>6}")


def ranges(human: Rows, songs: Rows) -> list[tuple[str, float, float, float, float]]:
    """(measure, human 5 %, human 95 %, median of songs, share of songs inside), for what both have."""
    found = []
    for name in dict.fromkeys(key for row in human for key in row):
        own = [row[name] for row in songs if name in row]
        if own:
            low, high = np.percentile([row[name] for row in human if name in row], (5, 95))
            inside = float(np.mean([(low - 1e-9 <= value <= high + 1e-9) for value in own]))
            found.append((name, float(low), float(high), float(np.median(own)), inside))
    return found


def draw(human: Rows, songs: Rows, scores: dict[str, Rows]) -> None:
    """Histograms of the scores, and each measure of songs over its human range."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    names = [row[0] for row in ranges(human, songs)]
    columns = 5
    rows = 1 + -(-len(names) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(17, 2.5 * rows), squeeze=False)
    colours = {"songs": "tab:blue", "twins": "tab:red", "human": "tab:gray"}
    for axis, score in zip(axes[0], [*FAMILIES, "lyric_quality"], strict=True):
        for who, judged_rows in scores.items():
            values = [row[score] for row in judged_rows if score in row]
            if values:
                axis.hist(values, bins=20, range=(0, 1), alpha=0.55, label=who, color=colours[who],
                          weights=np.full(len(values), 1 / len(values)))  # fmt: skip
        axis.axvline(THRESHOLDS[score], color="black", linewidth=0.8)
        axis.set_title(score, fontsize=9)
    axes[0][0].legend(fontsize=7)
    for axis, name in zip(axes[1:].ravel(), names, strict=False):
        _draw_measure(axis, name, human, songs)
    for axis in axes[1:].ravel()[len(names) :]:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=70)


def _draw_measure(axis: Any, name: str, human: Rows, songs: Rows) -> None:
    both = {"human": [row[name] for row in human if name in row], "songs": [row[name] for row in songs if name in row]}
    low, high = np.percentile([*both["human"], *both["songs"]], (1, 99))
    for who, values in both.items():
        axis.hist(np.clip(values, low, high), bins=24, range=(low, max(high, low + 1e-6)), alpha=0.55,
                  color={"human": "tab:gray", "songs": "tab:blue"}[who],
                  weights=np.full(len(values), 1 / len(values)))  # fmt: skip
    for edge in np.percentile(both["human"], (5, 95)):
        axis.axvline(edge, color="black", linewidth=0.8, linestyle=":")
    axis.set_title(name, fontsize=9)


def main(count: int = STYLES, seeds: Sequence[int] = SEEDS) -> None:
    """Print and draw."""
    samples = list(sample(count, seeds))
    judgements = [judged(one.song) for one in samples]
    human = [human_measures(piece) for piece in human_music()]
    songs = [human_measures(as_piece(one)) for one in samples]
    scores = {
        "human": [human_scores(row) for row in human],
        "songs": [judgement.scores for judgement in judgements],
        "twins": [judgement.scores for judgement in twins_of(samples)],
    }
    print(f"{len(samples)} songs, {len(human)} human pieces, {len(scores['twins'])} twins")
    for who, rows in scores.items():
        print_scores(who + (" (by the measures that notation has)" if who == "human" else ""), rows)
    print(f"\n{'measure':<18}{'human 5 %':>11}{'human 95 %':>12}{'songs 50 %':>12}{'inside':>9}")
    found = ranges(human, songs)
    for name, low, high, median, inside in found:
        mark = "  (not comparable)" if name in NOT_COMPARABLE else ""
        print(f"{name:<18}{low:>11.3f}{high:>12.3f}{median:>12.3f}{inside:>9.0%}{mark}")
    shares = [row[-1] for row in found if row[0] not in NOT_COMPARABLE]
    print(f"mean share inside over {len(shares)} comparable measures: {np.mean(shares):.0%}")
    draw(human, songs, scores)
    print(f"drawn: {PICTURE}")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(given[0] if given else STYLES, given[1:] or SEEDS)
