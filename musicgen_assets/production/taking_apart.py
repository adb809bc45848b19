"""Who takes a song apart that came as a mix, and what comes of it: stems of its rate and length that add up to it.

Belongs here: asking a local model for them, fitting, what they lack. Does not belong here: taking apart by signal
processing (delivered), a model's own process (resources.local_models), checking stems (stems).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.decided import ROUTING
from musicgen_assets.context.wishes import Slot
from musicgen_assets.engines.brief import EngineBrief
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.engines.router import Need, wished
from musicgen_assets.graph.job import Ask, Job, Ref, Task
from musicgen_assets.production.delivered import BRIEF, DELIVERED, separation_task
from musicgen_assets.production.stem_sum import completed

SLOT: Slot = "stem_separation"
_FIT = "musicgen_assets.production.delivered:fit_delivered"
_STEM = "stem/"


def taken_apart(job: Job, song: Ref) -> list[Ref]:
    """The stems of ``song`` as ``track/<name>``, by the engine that the version is routed to for it, or that took over.

    Raises Failure as graph.job.Job.ask does.
    """
    took_over = job.data("reroutes").get(SLOT)
    engine = str(took_over["engine"] if took_over else job.read(f"{ROUTING}.{SLOT}") or BUILT_IN)
    if engine == BUILT_IN:
        return list(job.tasks([separation_task(song)])[0])
    return _by_engine(job, song, engine)


def _by_engine(job: Job, song: Ref, engine: str) -> list[Ref]:
    brief = job.load("ideation/context", EngineBrief, BRIEF)
    need = Need(task=SLOT, duration_s=brief.duration_s, **wished(brief.wishes, SLOT))
    ask = Ask(
        SLOT, engine, {"task": SLOT}, need.model_dump(mode="json"), {"song": song},
        has_fallback=brief.wishes.has_fallback, budget_usd=brief.wishes.budget_usd,
    )  # fmt: skip
    found = job.ask(ask)
    mark = {**song.meta[DELIVERED], "separated_by": _told(job, found, engine)}
    inputs: Mapping[str, Any] = {
        "sample_rate_hz": song.meta["sample_rate_hz"], "samples": song.meta["samples"], "mark": mark,
        "gain_db": float(song.meta.get("gain_db", 0.0)),
    }  # fmt: skip
    tasks = [
        Task(f"apart/{name}", _FIT, {**inputs, "role": f"track/{name}"}, {"sound": ref})
        for ref in found
        if (name := ref.role.removeprefix(_STEM)) != ref.role
    ]
    stems = [result[0] for result in job.tasks(tasks)]
    whole, _ = completed(job, song, stems, mark)
    return whole


def _told(job: Job, found: tuple[Ref, ...], engine: str) -> str:
    """Who took it apart, with the model's name."""
    record = next((ref for ref in found if ref.role == "separation"), None)
    model = json.loads(job.blob(record).data)["model"] if record is not None else ""
    return f"{engine} ({model})" if model else engine
