"""The masters of a release: the first target's as master.<ending>, the others' as masters/<target>.<ending>.

Belongs here: which files there are and under which names. Does not belong here: encoding and tags
(finalization.encode), permission for the first target (finalization.permission).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import TechnicalContext
from musicgen_assets.finalization.encode import master_tasks
from musicgen_assets.graph.job import Job, Ref, Task

_MASTER = "mastering/master"
_TARGET = "target/"


def master_files(
    job: Job, technical: TechnicalContext, tags: Mapping[str, Any], cover: Ref, verdict: Mapping[str, Any]
) -> list[Ref]:
    """The delivery files of every target, the first one's first.

    Raises:
        PermanentFailure: the verdict knows nothing of a further target's master, or judged another.
    """
    refs = {ref.role: ref for ref in job.refs(_MASTER)}
    others = [role.removeprefix(_TARGET) for role in refs if role.startswith(_TARGET)]
    for name in others:
        _check_judged(name, refs[_TARGET + name], verdict)
    batches: list[tuple[str, list[Task]]] = [("", _tasks(refs, "streaming", "encoded/", technical, tags, cover))]
    batches += [
        (name, _tasks(refs, _TARGET + name, f"encoded/{name}/", technical, tags, cover)) for name in others
    ]  # fmt: skip
    results = iter(job.tasks([task for _, tasks in batches for task in tasks]))
    return [_placed(next(results)[0], name) for name, tasks in batches for _ in tasks]


def _tasks(
    refs: Mapping[str, Ref], role: str, prefix: str, technical: TechnicalContext, tags: Mapping[str, Any], cover: Ref
) -> list[Task]:
    lossy = {other.removeprefix(prefix): ref for other, ref in refs.items() if other.startswith(prefix)}
    return master_tasks(refs[role], lossy, technical.formats, technical.bit_depth, tags, cover)


def _placed(ref: Ref, target: str) -> Ref:
    return replace(ref, role=f"masters/{target}{ref.suffix}") if target else ref


def _check_judged(name: str, master: Ref, verdict: Mapping[str, Any]) -> None:
    judged = {one["name"]: str(one["master_sha256"]) for one in verdict.get("targets", ())}
    if judged.get(name) != master.sha256:
        raise PermanentFailure(
            f"The verdict is about another master for {name}: it judged {judged.get(name, 'none')[:12]}, the master "
            f"to be released is {master.sha256[:12]}.",
            way_out="Have this master judged: musicgen retry COMPOSITION@vN",
        )
