"""What a package is made from.

Belongs here: what every package's module is handed. Does not belong here: any package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from musicgen_assets.finalization.metadata import SongFacts
from musicgen_assets.finalization.stems import StemSet
from musicgen_assets.graph.job import Job, Payload, Ref
from musicgen_assets.score.exports.written import Swing

File = Payload | Ref
"""A file of a package. ``role`` is its path inside the package's folder.

Audio comes from a task, as a Ref, and states its own length: ``meta["samples"]`` at ``meta["sample_rate_hz"]``.
"""


@dataclass(frozen=True)
class Delivery:
    """A song that is being released: what was made of it so far.

    ``masters`` and ``exports`` are files of the release by path ("master.wav", "exports/click.mid"), ``stems`` its
    stem files, ``tags`` what finalization.tags writes.
    """

    job: Job
    song: SongFacts
    tags: Mapping[str, Any]
    masters: Mapping[str, Ref]
    stems: StemSet
    exports: Mapping[str, Ref]
    swing: Swing

    @property
    def master(self) -> Ref:
        """The master between stages: 24-bit FLAC, ``meta["gain_db"]`` to be added."""
        return self.job.ref("mastering/master", "streaming")

    @property
    def master_plan(self) -> Any:
        """How the master was made from the mix (mastering.plan.MasterPlan as plain data)."""
        return self.job.json("mastering/master", "plan")

    @property
    def mix(self) -> Ref:
        """The mix before mastering, ring-out included: it may be longer or shorter than the song."""
        return self.job.ref("mixing/mix", "main")

    @property
    def mix_plan(self) -> Any:
        """Faders, pans and sends (mixing.plan.MixPlan as plain data)."""
        return self.job.json("mixing/mix", "plan")

    @property
    def mix_stems(self) -> dict[str, Ref]:
        """Post-mix stem by track name, in the order of the mix; decoded with ``meta["gain_db"]`` they sum to it."""
        return {
            ref.role.removeprefix("stem/"): ref for ref in self.job.refs("mixing/mix") if ref.role.startswith("stem/")
        }

    @property
    def written(self) -> Ref:
        """The score before it is played (score.model.Score as JSON)."""
        return self.job.ref("arrangement/arrangement", "written")

    @property
    def vocal(self) -> Ref:
        """The sung line (arrangement/vocal_line as JSON)."""
        return self.job.ref("arrangement/vocal_line")

    @property
    def sample_rate_hz(self) -> int:
        """Of master and stems."""
        return int(self.song.measures["sample_rate_hz"])

    @property
    def duration_s(self) -> float:
        """Of the master."""
        return float(self.song.measures["duration_s"])
