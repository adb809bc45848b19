"""A part of the song played and mixed by itself: silence before it, its ring-out after it, nothing else in it.

Belongs here: the rooms of production and mixing asked again with a shorter score, under the mix that was decided. Does
not belong here: which part (packages.game_form), what is made of it (packages.game_audio).

A mix can be cut anywhere, but at a cut the sound of before is in the sound of after. Played by itself, a part ends
with its own ring-out alone, which a loop needs at its beginning and an intro over the loop that follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from musicgen_assets.graph.job import Ask, Blob, FloatArray, Job, Model, Payload, Ref, Task
from musicgen_assets.graph.payloads import canonical_json
from musicgen_assets.mixing.mix import make_mix
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.production.take import played_take
from musicgen_assets.score.clock import seconds, steady
from musicgen_assets.score.model import Score

FROZEN = "ai_decisions.generation.frozen"
_KEEP = "musicgen_assets.finalization.packages.excerpt_job:keep_json"
_SCORE, _VOCAL = "arrangement/arrangement", "arrangement/vocal_line"
_INSTRUMENTATION = "production/instrumentation"
_TAKE, _STEMS = "production/take", "production/stems"


def excerpt_stems(job: Job, part: Score, start: int, end: int) -> dict[str, Ref]:
    """Post-mix stems of ``part`` (game_form.excerpt) by track name, at their level in the mix.

    Nobody sings: the tune is played where it would be silent for a voice. Faders, levelling and the trim are those of
    the song's own mix. Textures that do not begin between ``start`` and ``end`` (ticks) are left out.
    """
    inner = ExcerptJob(job, {FROZEN: _decided(job), **_edits_within(job, start, end)})
    inner.put(
        {
            _SCORE: canonical_json(part),
            _VOCAL: canonical_json({"carrier": "none", "track": None, "syllables": [], "melody_mutes": []}),
            _INSTRUMENTATION: canonical_json(_with_textures_within(job, start, end)),
        }
    )
    inner.artifacts[_TAKE] = _refs(played_take(inner).content)
    inner.artifacts[_STEMS] = tuple(ref for ref in inner.artifacts[_TAKE] if ref.role.startswith("track/"))
    mixed = _refs(make_mix(inner).content)
    return {ref.role.removeprefix("stem/"): ref for ref in mixed if ref.role.startswith("stem/")}


def _decided(job: Job) -> dict[str, float]:
    """Every number that the song's mix rests on, under the names that freeze it."""
    return {**job.read(FROZEN), **job.json("mixing/mix", "plan").get("frozen_values", {})}


def _edits_within(job: Job, start: int, end: int) -> dict[str, Any]:
    """What was done by hand, of which faders stay as they are: a part is played anew, so nothing of it is held, and of
    a file in a track's place it hears its own seconds.
    """
    tempo_bpm = steady(job.load(_SCORE, Score)).tempo_bpm
    own = (round(seconds(start, tempo_bpm), 6), round(seconds(end, tempo_bpm), 6))
    stems = {name: file.model_copy(update={"only_s": own}) for name, file in job.read("edits.stems").items()}
    return {"edits.stems": stems, "edits.held_mix": None}


def _with_textures_within(job: Job, start: int, end: int) -> Instrumentation:
    whole = job.load(_INSTRUMENTATION, Instrumentation)
    tracks = tuple(
        sound.model_copy(update={"textures": tuple(one for one in sound.textures if start <= one.start_ticks < end)})
        for sound in whole.tracks
    )
    return whole.model_copy(update={"tracks": tracks})


def _refs(content: Sequence[Payload | Ref]) -> tuple[Ref, ...]:
    return tuple(one for one in content if isinstance(one, Ref))


def keep_json(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a text put into the store as JSON, role ``main``."""
    del blobs
    return [Payload("main", "application/json", str(inputs["text"]).encode(), ".json")]


@dataclass
class ExcerptJob:
    """The window of graph.job.Job on the same song, with some upstreams and context values exchanged.

    What it does not exchange is asked of ``outer``, and must be declared there.
    """

    outer: Job
    values: Mapping[str, Any]
    artifacts: dict[str, tuple[Ref, ...]] = field(default_factory=dict)

    @property
    def asset(self) -> str:
        """ "stage/name" of the outer job."""
        return self.outer.asset

    def put(self, texts: Mapping[str, bytes]) -> None:
        """Exchange upstreams: JSON text by asset, as its role ``main``."""
        tasks = [Task(f"excerpt/{asset}", _KEEP, {"text": text.decode()}) for asset, text in texts.items()]
        for asset, refs in zip(texts, self.outer.tasks(tasks), strict=True):
            self.artifacts[asset] = refs

    def read(self, path: str) -> Any:
        """See graph.job.Job."""
        return self.values[path] if path in self.values else self.outer.read(path)

    def ref(self, asset: str, role: str = "main") -> Ref:
        """See graph.job.Job."""
        found = next((ref for ref in self.artifacts.get(asset, ()) if ref.role == role), None)
        return found or self.outer.ref(asset, role)

    def refs(self, asset: str) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        return self.artifacts[asset] if asset in self.artifacts else self.outer.refs(asset)

    def load(self, asset: str, model: type[Model], role: str = "main") -> Model:
        """See graph.job.Job."""
        return model.model_validate_json(self.blob(self.ref(asset, role)).data)

    def json(self, asset: str, role: str = "main") -> Any:
        """See graph.job.Job."""
        import json

        return json.loads(self.blob(self.ref(asset, role)).data)

    def audio(self, ref: Ref) -> tuple[FloatArray, int]:
        """See graph.job.Job."""
        return self.outer.audio(ref)

    def blob(self, ref: Ref) -> Blob:
        """See graph.job.Job."""
        return self.outer.blob(ref)

    def data(self, name: str) -> Any:
        """See graph.job.Job."""
        return self.outer.data(name)

    def stream(self, name: str) -> np.random.Generator:
        """See graph.job.Job."""
        return self.outer.stream(name)

    def tasks(self, tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
        """See graph.job.Job."""
        return self.outer.tasks(tasks)

    def ask(self, ask: Ask) -> tuple[Ref, ...]:
        """See graph.job.Job."""
        return self.outer.ask(ask)

    def progress(self, fraction: float, message: str) -> None:
        """The outer job says how far it is."""
        del fraction, message
