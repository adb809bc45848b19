"""A master outside an edited section: the master of the version that was edited, bit for bit.

The edited mix is the held one outside its windows. It is mastered with the decisions of the held master (tone,
threshold, gain), and spliced into it: from LEAD_S before a window, as far as the limiter looks ahead and filters ring
forward, to TAIL_S after it, when compressor and limiter have come back to where they would have been.

Belongs here: which decisions are taken over, and the task that splices a master. Does not belong here: when a master is
held (ideation.holds), the chain (chain).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dsp.splicing import Window, merged, spliced
from musicgen_assets.context.edits import HeldMaster
from musicgen_assets.graph.job import Blob, Job, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload, decoded_audio, json_payload
from musicgen_assets.mastering.plan import MasterPlan, PreparedRecord, TargetRecord
from musicgen_assets.mixing.holding import EDGE_S, ref_of

LEAD_S, TAIL_S = 0.1, 1.5
_SPLICE = "musicgen_assets.mastering.holding:splice_master"


@dataclass(frozen=True)
class Held:
    """The master that is held: windows in which it is not, its decisions for all targets, each target's record and
    audio in their order.
    """

    windows: tuple[Window, ...]
    prepared: Mapping[str, Any]
    records: tuple[TargetRecord, ...]
    audio: tuple[Ref, ...]


def held_decisions(job: Job) -> Held | None:
    """What is held; None where nothing is, or where the mix is not that of the held master outside windows."""
    held: HeldMaster | None = job.read("edits.held_master")
    part = job.json("mixing/mix", "plan").get("held")
    if held is None or part is None:
        return None
    plan = MasterPlan.model_validate_json(job.blob(ref_of(held.plan, "plan")).data)
    records = (plan.streaming, *(one.record for one in plan.others))
    roles = ("streaming", *(f"target/{one.target}" for one in plan.others))
    windows = merged([(start - LEAD_S, end + TAIL_S) for start, end in part["windows"]])
    shared = PreparedRecord.model_validate(plan.streaming.model_dump(include=set(PreparedRecord.model_fields)))
    audio = tuple(ref_of(held.targets[role], role) for role in roles)
    return Held(windows, shared.model_dump(mode="json"), records, audio)


def splice_task(held: Held, number: int, made: tuple[Ref, ...]) -> Task:
    """The task that splices target ``number``'s new master (audio, record) into the held one."""
    audio, record = made
    inputs = {"windows": held.windows}
    return Task(f"splice/{number}", _SPLICE, inputs, {"new": audio, "record": record, "held": held.audio[number]})


def splice_master(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: ``blobs["new"]`` inside the windows, ``blobs["held"]`` outside; roles "streaming" (audio) and "record"
    (``blobs["record"]`` with what the whole measures).
    """
    from dsp.loudness import integrated_lufs, true_peak_dbtp, tt_dynamic_range_db

    new, rate = decoded_audio(blobs["new"])
    held, _ = decoded_audio(blobs["held"])
    windows: list[Window] = [(float(start), float(end)) for start, end in inputs["windows"]]
    out = spliced(held, new, rate, windows, EDGE_S)
    told = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in windows)
    record = TargetRecord.model_validate_json(blobs["record"].data)
    measured = {
        "integrated_lufs": round(integrated_lufs(out, rate), 4),
        "true_peak_dbtp": round(true_peak_dbtp(out, rate), 4),
        "dynamic_range_db": round(tt_dynamic_range_db(out, rate), 4),
        "notes": (*record.notes, f"The master of the version that was edited, but from {told}."),
    }
    return [audio_payload(out, rate, "streaming"), json_payload(record.model_copy(update=measured), "record")]
