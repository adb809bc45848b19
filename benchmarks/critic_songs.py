"""Songs for measuring the critic: styles and seeds, every second one sung, each about something else.

Belongs here: the sample. Does not belong here: what is measured of it (critic_twins, critic_scores, critic_diversity).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.critic.verdict import Judgement, judge
from musicgen_assets.styles.loader import style_names

PREFERRED = (
    "pop", "rock", "folk", "jazz_swing", "bossa_nova", "funk", "hip_hop", "house", "synthwave", "cinematic",
    "solo_piano", "latin", "blues", "reggae", "celtic", "lofi", "country", "rnb", "metal", "indie", "waltz", "ambient",
    "lullaby", "disco", "trance",
)  # fmt: skip
THEMES = (
    "the sea", "lost love", "a summer night", "the road home", "dancing", "winter", "friendship", "hope", "dreams",
    "the city",
)  # fmt: skip
TUNING_SEEDS, PROOF_SEEDS = (101, 102, 201, 202), (501, 502)
"""References were set on songs of the first; what is reported is of the others."""


@dataclass(frozen=True)
class Sample:
    """One written song and what it was asked as."""

    style: str
    seed: int
    song: WrittenSong


def styles(count: int) -> tuple[str, ...]:
    """The first ``count`` styles there are, the deep ones first."""
    known = style_names()
    ordered = [name for name in PREFERRED if name in known] + [name for name in known if name not in PREFERRED]
    return tuple(ordered[:count])


def sample(count: int, seeds: Sequence[int], duration_s: float = 60.0) -> Iterator[Sample]:
    """A song per style and seed; every second is sung."""
    for row, style in enumerate(styles(count)):
        for column, seed in enumerate(seeds):
            name, theme = style.replace("_", " "), THEMES[(row + 3 * column) % len(THEMES)]
            is_sung = (row + column) % 2 == 0
            prompt = f"a {name} song about {theme} with vocals" if is_sung else f"instrumental {name}"
            yield Sample(style, seed, write_song(prompt, seed, {"technical.duration_s": duration_s}))


def judged(song: WrittenSong) -> Judgement:
    """The critic's judgement, as arrangement/vocal_line asks for it."""
    return judge(song.score, song.tracks, song.melody.hook.notes, song.lyrics, song.vocal.syllables)
