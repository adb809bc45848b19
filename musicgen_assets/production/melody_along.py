"""The song's own tune as a sound that goes along with it, for models that play along a melody.

Belongs here: which track that is, and having it played. Does not belong here: what a model makes of it
(resources.local_models), playing itself (render).
"""

from __future__ import annotations

from musicgen_assets.engines.capabilities import capabilities_of
from musicgen_assets.graph.job import Job, Ref, Task
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.score.clock import steady, steady_tracks
from musicgen_assets.score.model import Score

MELODY = "melody"
_RENDER = "musicgen_assets.production.render:render_track"


def melody_along(job: Job, engine: str, score: Score) -> dict[str, Ref]:
    """{"melody": the dry stem of the tune}; {} for an engine that is not a local model that takes one, or a song
    without a tune. Services would be sent a sound that may be charged for, and is not asked for.
    """
    able = capabilities_of(engine)
    track = next((track for track in score.tracks if track.name == MELODY and track.notes), None)
    if able.kind != "local" or MELODY not in able.honours or track is None:
        return {}
    instrumentation = job.load("production/instrumentation", Instrumentation)
    rate = int(job.read("technical.sample_rate_hz"))
    job.progress(0.0, "playing the melody for the model")
    (played,) = steady_tracks([track], score)
    inputs = track_inputs(played, instrumentation.sound_for(played), steady(score), rate)
    return {MELODY: job.tasks([Task(f"track/{MELODY}", _RENDER, inputs, data=("instruments",))])[0][0]}
