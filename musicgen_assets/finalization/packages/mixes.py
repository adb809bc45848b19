"""Mixes with some parts left out: which there can be of a song, and the task that makes one.

Belongs here: choosing tracks by their role. Does not belong here: the sound (packages.mixes_audio), which mixes a
package holds (everyone, songwriter).

Such a mix is the sum of the post-mix stems that stay, with the master's own tone, width, glue threshold, gain and
ceiling: it is as loud as those parts are in the master, so it may be exchanged for it anywhere in the song. What the
master's bands take from single peaks of the whole is not repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from musicgen_assets.finalization.packages.audio import part_tags
from musicgen_assets.finalization.packages.delivery import Delivery
from musicgen_assets.graph.job import Task

SUNG = frozenset({"vocal"})
DRUMS = frozenset({"drums", "percussion"})
MELODY = frozenset({"vocal", "lead"})

_ENTRY = "musicgen_assets.finalization.packages.mixes_audio:write_mix"
_KEPT = ("tone", "reference_tone_db", "width_gain_db", "gain_db", "ceiling_dbtp", "glue_ratio", "glue_threshold_dbfs",
         "fade_s")  # fmt: skip


def roles_of(delivery: Delivery) -> dict[str, str]:
    """Role by track name of every stem, in the order of the mix."""
    return {strip["track"]: strip["role"] for strip in delivery.mix_plan["strips"]}


def tracks_of(delivery: Delivery, roles: Collection[str]) -> list[str]:
    """Tracks that play one of ``roles``."""
    return [track for track, role in roles_of(delivery).items() if role in roles]


def mix_task(delivery: Delivery, path: str, label: str, kept: Sequence[str]) -> Task:
    """The mix of the tracks in ``kept`` (some of the stems, at least one) as a file at ``path``, titled with ``label``.

    What is fewer is decoded: the tracks that stay are added up, or those that go taken out of the whole mix, which the
    stems sum to within -90 dB.
    """
    stems = delivery.mix_stems
    gone = [track for track in stems if track not in kept]
    record = delivery.master_plan["streaming"]
    is_by_removal = 1 + len(gone) < len(kept)
    used = {track: stems[track] for track in (gone if is_by_removal else kept)}
    refs = {**used, **({"mix": delivery.mix} if is_by_removal else {})}
    plus, minus = (["mix"], gone) if is_by_removal else (list(kept), [])
    inputs = {
        "path": path,
        "tags": part_tags(delivery.tags, label),
        "plus": plus,
        "minus": minus,
        "samples": round(delivery.duration_s * delivery.sample_rate_hz),
        "channels": int(delivery.song.measures["channels"]),
        **{name: record[name] for name in _KEPT},
    }
    return Task(f"mix/{path}", _ENTRY, inputs, refs)
