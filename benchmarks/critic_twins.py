"""Does the critic hear what is wrong? Good songs and their bad twins, kind by kind.

``python -m benchmarks.critic_twins [SEED ...]`` takes two songs of each of twenty styles (the seeds that the references
were not set on, unless others are named), half of them sung, spoils each in every way there is (benchmarks.twins), and
prints: how many originals the gate rejects, how many twins of each kind it rejects, by which scores, and how often the
original ranks above its twin. Belongs here: the count. Does not belong here: sabotage (twins), judging (the critic).
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.critic_songs import PROOF_SEEDS, Sample, judged, sample
from benchmarks.twins.kinds import KINDS, Sabotage
from benchmarks.written import WrittenSong
from musicgen_assets.arrangement.critic.verdict import THRESHOLDS, Judgement

STYLES = 20
SUNG_WANTED = 40
"""Kinds that break words get so many sung songs: further seeds are written for them."""
RESULTS = Path(__file__).parent / "results" / "critic_twins.json"
REJECTED_AT_LEAST, FALSE_AT_MOST, RANKED_AT_LEAST = 0.90, 0.05, 0.95


@dataclass
class Tally:
    """What became of one kind's twins. ``blamed``: scores under their threshold; ``worst``: measures that fell."""

    twins: int = 0
    rejected: int = 0
    ranked: int = 0
    blamed: Counter[str] = field(default_factory=Counter)
    worst: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def add(self, name: str, original: Judgement, twin: Judgement) -> None:
        """Count one pair."""
        self.twins += 1
        self.rejected += not twin.passes
        is_above = original.overall > twin.overall
        self.ranked += is_above
        self.blamed.update(score for score, value in twin.scores.items() if value < THRESHOLDS[score])
        self.worst.update(key for key, value in twin.worths.items() if value < original.worths.get(key, 1.0) - 0.1)
        if twin.passes or not is_above:
            self.missed.append(name)


def partner(kind: Sabotage, index: int, songs: Sequence[Sample]) -> WrittenSong:
    """Another song of the sample, with words where the kind takes words from it."""
    others = [songs[(index + step) % len(songs)].song for step in range(5, 5 + len(songs))]
    return next(song for song in others if song.lyrics.sections or not kind.needs_other_words)


def tallies(songs: Sequence[Sample], judgements: Sequence[Judgement], kinds: Sequence[str] = ()) -> dict[str, Tally]:
    """Every suitable pair of song and kind, judged."""
    found = {name: Tally() for name in (kinds or KINDS)}
    for name, tally in found.items():
        kind = KINDS[name]
        for index, (one, judgement) in enumerate(zip(songs, judgements, strict=True)):
            other = partner(kind, index, songs)
            if kind.suits(one.song, other):
                twin = kind.spoil(one.song, other, np.random.default_rng([index, one.seed]))
                tally.add(f"{one.style}/{one.seed}", judgement, judged(twin))
    return found


def report(songs: Sequence[Sample], judgements: Sequence[Judgement], found: dict[str, Tally]) -> bool:
    """Print the table; whether every target is met."""
    failed = [(one, j) for one, j in zip(songs, judgements, strict=True) if not j.passes]
    share = len(failed) / len(songs)
    print(f"originals rejected: {len(failed)} of {len(songs)} ({share:.1%}; at most {FALSE_AT_MOST:.0%})")
    for one, judgement in failed:
        low = {name: value for name, value in judgement.scores.items() if value < THRESHOLDS[name]}
        print(f"  {one.style}/{one.seed}: " + "; ".join(f"{k} {v:.2f} ({judgement.note(k)})" for k, v in low.items()))
    print(f"{'kind':<20}{'twins':>6}{'rejected':>10}{'ranked':>8}  blamed; measures that fell")
    is_met = share <= FALSE_AT_MOST
    for name, tally in found.items():
        rejected, ranked = tally.rejected / tally.twins, tally.ranked / tally.twins
        is_met &= rejected >= REJECTED_AT_LEAST
        blamed = ", ".join(f"{score.split('_')[0]} {count}" for score, count in tally.blamed.most_common())
        worst = ", ".join(f"{key} {count}" for key, count in tally.worst.most_common(4))
        print(f"{name:<20}{tally.twins:>6}{rejected:>10.1%}{ranked:>8.1%}  {blamed}; {worst}")
        if tally.missed:
            print(f"{'':<20}  missed: {', '.join(tally.missed)}")
    pairs, ranked = sum(tally.twins for tally in found.values()), sum(tally.ranked for tally in found.values())
    print(
        f"originals above their twins: {ranked} of {pairs} pairs ({ranked / pairs:.1%}; at least {RANKED_AT_LEAST:.0%})"
    )
    return is_met and ranked >= RANKED_AT_LEAST * pairs


def main(seeds: Sequence[int]) -> int:
    """The proof; 0 where every target is met."""
    songs = list(sample(STYLES, seeds))
    further = (one for seed in range(max(seeds) + 1, max(seeds) + 9) for one in sample(STYLES, (seed,)))
    sung = [one for one in songs if one.song.vocal.syllables]
    while len(sung) < SUNG_WANTED:
        one = next(further)
        if one.song.vocal.syllables:
            sung.append(one)
    began_s = time.perf_counter()
    judgements = [judged(one.song) for one in songs]
    each_ms = (time.perf_counter() - began_s) * 1000.0 / len(songs)
    of_words = [name for name, kind in KINDS.items() if kind.needs_words]
    found = tallies(songs, judgements, [name for name in KINDS if name not in of_words])
    of_sung = [judged(one.song) for one in sung]
    found |= tallies(sung, of_sung, of_words)
    known = {id(one) for one in songs}
    extra = [(one, judgement) for one, judgement in zip(sung, of_sung, strict=True) if id(one) not in known]
    print(f"{len(songs)} songs of {STYLES} styles and {len(extra)} more that are sung; {each_ms:.0f} ms a judgement")
    is_met = report([*songs, *(one for one, _ in extra)], [*judgements, *(judgement for _, judgement in extra)], found)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({name: {**vars(tally)} for name, tally in found.items()}, indent=1))
    print("every target is met" if is_met else "short of a target")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main([int(seed) for seed in sys.argv[1:]] or PROOF_SEEDS))
