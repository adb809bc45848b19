"""production/take: what the engine of this version produced, one dry file a track, and the record of how.

Belongs here: the built-in engine's take, each track a task of its own. Does not belong here: the sound of a
track (render), the mix.
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.production.parts import song_samples, track_inputs
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.score.clock import steady, steady_tracks
from musicgen_assets.score.model import Score

BUILT_IN = "builtin"
RENDER = "musicgen_assets.production.render:render_track"


def make_take(job: Job) -> Outcome:
    """Render every track of the arrangement, the sung one included. Roles: track/<name>, record.

    Raises:
        PermanentFailure: the version is routed to an engine that is not the built-in one.
    """
    routing = job.read("ai_decisions.generation.routing")
    engine = routing.get("full_song", BUILT_IN)
    if engine != BUILT_IN:
        raise PermanentFailure(
            f"This version is routed to the engine {engine!r}, and only {BUILT_IN!r} renders songs here.",
            way_out=f"Set ai_decisions.generation.routing.full_song={BUILT_IN}.",
        )
    score = job.load("arrangement/arrangement", Score)
    instrumentation = job.load("production/instrumentation", Instrumentation)
    rate = int(job.read("technical.sample_rate_hz"))
    tracks = steady_tracks(merged_tracks(score, job.json("arrangement/vocal_line")), score)
    score = steady(score)
    job.progress(0.0, f"rendering {len(tracks)} tracks")
    tasks = [
        Task(
            f"track/{track.name}", RENDER,
            track_inputs(track, instrumentation.sound_for(track), score, rate), data=("instruments",),
        )
        for track in tracks
    ]  # fmt: skip
    refs = [result[0] for result in job.tasks(tasks)]
    record = _record(job.data("instruments"), engine, refs)
    facts: dict[str, float | int | str | bool] = {
        "engine": str(record["model"]), "font": str(record["font"]), "tracks": len(refs),
        "notes": sum(len(track.notes) for track in tracks), "samples": song_samples(score, rate),
    }  # fmt: skip
    return Outcome([*refs, json_payload(record, "record")], facts)


def _record(instruments: dict[str, Any], engine: str, refs: list[Ref]) -> dict[str, Any]:
    """Who played what. The font is named by name and content; where it lies is this machine's business."""
    tracks = [
        {
            "name": ref.role.removeprefix("track/"),
            "notes": ref.meta["notes"],
            "lufs": ref.meta["measurement"]["lufs"],
            "peak_dbfs": ref.meta["measurement"]["peak_dbfs"],
            "sha256": ref.sha256,
        }
        for ref in refs
    ]
    return {
        "engine": engine,
        "model": instruments["engine"],
        "version": instruments["engine_version"],
        "font": instruments["font_name"],
        "font_sha256": instruments["font_sha256"],
        "is_last_resort": instruments["is_last_resort"],
        "tracks": tracks,
        "attempts": [{"engine": engine, "outcome": "done", "cost_usd": "0"}],
    }
