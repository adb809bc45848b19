"""How syncopated a rhythm is: one number a bar.

Belongs here: the measure, for any meter. Does not belong here: how much a style wants (styles), drums and their
patterns.
"""

from __future__ import annotations

from collections.abc import Collection

from musicgen_assets.composition.feel import metric_weight
from musicgen_assets.score.clock import steps_per_bar, ticks_per_step

_RANKS = {1.0: 4, 0.75: 3, 0.5: 2, 0.25: 1, 0.0: 0}
"""Metric weight to level, the downbeat highest; a sixteenth is 0."""


def syncopation(steps: Collection[int], time_signature: str, bars: int) -> float:
    """Mean syncopation a bar of onsets at sixteenths ``steps``, counted from the start of ``bars`` bars, joined end to
    start. 0 is none; the son clave about 4; a bar of nothing but anticipated beats 11.

    After Longuet-Higgins and Lee (1984, Music Perception 1(4)): a note that sounds on over a rest at a heavier place
    counts by how much heavier that place is. People want most to move to medium values (Witek et al. 2014, PLoS ONE
    9(4) e94446), which they measured with an index of this kind.
    """
    per_bar = steps_per_bar(time_signature)
    total = per_bar * bars
    onsets = sorted({step % total for step in steps})
    if not onsets or bars < 1:
        return 0.0
    ranks = [_RANKS[metric_weight(step * ticks_per_step(time_signature), time_signature)] for step in range(per_bar)]
    found = 0
    for index, step in enumerate(onsets):
        following = onsets[index + 1] if index + 1 < len(onsets) else onsets[0] + total
        silent = [ranks[place % per_bar] for place in range(step + 1, following)]
        found += max(max(silent, default=0) - ranks[step % per_bar], 0)
    return found / bars
