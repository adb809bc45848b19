"""mastering/master: the streaming master, its lossy files, and the plan that tells how they were made.

Belongs here: what is made for which target, from which part of the context. Does not belong here: signal processing
(mastering.chain, mastering.codecs) and judging the result (mastering.analysis).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from musicgen_assets.graph.job import Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.bounds import min_dynamic_range_db
from musicgen_assets.mastering.codecs import LOSSY_FORMATS
from musicgen_assets.mastering.corridor import corridor_for
from musicgen_assets.mastering.plan import EncodeRecord, MasterPlan, TargetRecord

LOSSY_MARGIN_DB = 0.45
"""Kept under the ceiling where lossy files are asked for: most then pass at their first encoding."""
LOSSLESS_MARGIN_DB = 0.1

_TARGET_ENTRY = "musicgen_assets.mastering.chain:master_target"
_CODEC_ENTRY = "musicgen_assets.mastering.codecs:encode_lossy"


def make_master(job: Job) -> Outcome:
    """The master at the loudness and true peak asked for, exactly as long as asked, and the lossy formats asked for.

    Roles: "streaming" (audio), "encoded/<format>" for each lossy one asked for, "plan" (MasterPlan).
    Raises PermanentFailure for a silent mix.
    """
    mix = job.ref("mixing/mix", "main")
    formats = [name for name in LOSSY_FORMATS if name in job.read("technical.formats")]
    job.progress(0.05, "tone, glue and level")
    (streaming, record_ref) = job.tasks(
        [Task("target/streaming", _TARGET_ENTRY, _target_inputs(job, mix, formats), {"mix": mix})]
    )[0]
    record = TargetRecord.model_validate_json(job.blob(record_ref).data)
    job.progress(0.5, "lossy files")
    encoded, encodes = _encodings(job, streaming, formats)
    plan = MasterPlan(streaming=record, encodes=tuple(encodes))
    return Outcome(content=(streaming, *encoded, json_payload(plan, "plan")), facts=_facts(plan))


def _target_inputs(job: Job, mix: Ref, formats: Sequence[str]) -> dict[str, Any]:
    from musicgen_assets.styles.loader import blend

    genres = job.read("musical.genres")
    style = blend(genres).master
    target_lufs = float(job.read("technical.loudness_target_lufs"))
    ceiling_dbtp = float(job.read("technical.true_peak_ceiling_dbtp"))
    roles = {strip["role"] for strip in job.json("mixing/mix", "plan")["strips"]}
    rate = int(mix.meta["sample_rate_hz"])
    return {
        "samples": round(float(job.read("technical.duration_s")) * rate),
        "channels": int(job.read("technical.channels")),
        "target_lufs": target_lufs,
        "ceiling_dbtp": round(ceiling_dbtp - (LOSSY_MARGIN_DB if formats else LOSSLESS_MARGIN_DB), 4),
        "min_dynamic_range_db": min_dynamic_range_db(target_lufs, style),
        "corridor": corridor_for(genres, roles).model_dump(mode="json"),
        "low_shelf_db": style.low_shelf_db,
        "high_shelf_db": style.high_shelf_db,
        "glue_ratio": style.glue_ratio,
    }


def _encodings(job: Job, streaming: Ref, formats: Sequence[str]) -> tuple[list[Ref], list[EncodeRecord]]:
    ceiling_dbtp = float(job.read("technical.true_peak_ceiling_dbtp"))
    quality = {"mp3": {"mp3_quality": job.read("technical.mp3_quality")}}
    tasks = [
        Task(
            f"codec/{name}", _CODEC_ENTRY, {"format": name, "ceiling_dbtp": ceiling_dbtp, **quality.get(name, {})},
            {"audio": streaming},
        )
        for name in formats
    ]  # fmt: skip
    results = job.tasks(tasks) if tasks else []
    refs = [replace(encoded, role=f"encoded/{name}") for name, (encoded, _) in zip(formats, results, strict=True)]
    return refs, [EncodeRecord.model_validate_json(job.blob(record).data) for _, record in results]


def _facts(plan: MasterPlan) -> dict[str, float | int | str | bool]:
    record = plan.streaming
    facts: dict[str, float | int | str | bool] = {
        "integrated_lufs": record.integrated_lufs,
        "true_peak_dbtp": record.true_peak_dbtp,
        "dynamic_range_db": record.dynamic_range_db,
        "limiting_db": record.limiting_db,
        "mix_lufs": record.mix_lufs,
    }
    facts |= {f"{encode.format}_true_peak_dbtp": encode.decoded_true_peak_dbtp for encode in plan.encodes}
    if record.notes:
        facts["notes"] = " ".join(record.notes)
    return facts
