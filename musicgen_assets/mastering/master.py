"""mastering/master: a master for each delivery target, its lossy files, and the plan that tells how they were made.

Belongs here: what is made for which target, from which part of the context. Does not belong here: signal processing
(mastering.chain, mastering.codecs) and judging the result (mastering.analysis).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.graph.job import Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.bounds import min_dynamic_range_db
from musicgen_assets.mastering.by_hand import turned_of
from musicgen_assets.mastering.codecs import LOSSY_FORMATS
from musicgen_assets.mastering.corridor import corridor_for
from musicgen_assets.mastering.holding import Held, held_decisions, splice_task
from musicgen_assets.mastering.plan import EncodeRecord, MasterPlan, TargetPlan, TargetRecord
from musicgen_assets.mastering.targets import Target, targets_of
from musicgen_assets.mixing.hand import muted_tracks
from musicgen_assets.styles.schema import MasterTargets

LOSSY_MARGIN_DB = 0.45
"""Kept under the ceiling where lossy files are asked for: most then pass at their first encoding."""
LOSSLESS_MARGIN_DB = 0.1

_PREPARE_ENTRY = "musicgen_assets.mastering.chain:prepare_mix"
_TARGET_ENTRY = "musicgen_assets.mastering.chain:master_target"
_CODEC_ENTRY = "musicgen_assets.mastering.codecs:encode_lossy"


@dataclass(frozen=True)
class _Made:
    """One target's master with its lossy files."""

    target: Target
    audio: Ref
    record: TargetRecord
    encoded: tuple[Ref, ...]
    encodes: tuple[EncodeRecord, ...]


def make_master(job: Job) -> Outcome:
    """A master for every target, exactly as long as asked, and the lossy formats asked for of each.

    Roles: "streaming" (audio; the first target's, whatever it is called), "encoded/<format>", and for each further
    target "target/<name>" and "encoded/<name>/<format>"; "plan" (MasterPlan). Raises PermanentFailure for a silent
    mix.
    """
    from musicgen_assets.styles.loader import blend

    mix = job.ref("mixing/mix", "main")
    formats = [name for name in LOSSY_FORMATS if name in job.read("technical.formats")]
    style = blend(job.read("musical.genres")).master
    targets = targets_of(
        job.read("technical.targets"),
        float(job.read("technical.loudness_target_lufs")),
        float(job.read("technical.true_peak_ceiling_dbtp")),
    )
    held = held_decisions(job)
    job.progress(0.05, "tone, bands and glue")
    inputs = {**_prepare_inputs(job, mix, style), **({} if held is None else {"held": held.prepared})}
    prepared = job.tasks([Task("prepare", _PREPARE_ENTRY, inputs, {"mix": mix})])[0]
    job.progress(0.3, "level")
    tasks = [_target_task(target, prepared, style, formats, held, number) for number, target in enumerate(targets)]
    levelled = job.tasks(tasks)
    if held is not None:
        levelled = job.tasks([splice_task(held, number, made) for number, made in enumerate(levelled)])
    job.progress(0.5, "lossy files")
    made = _encoded(job, targets, levelled, formats)
    plan = _plan(made)
    return Outcome(content=[*_content(made), json_payload(plan, "plan")], facts=_facts(plan))


def _prepare_inputs(job: Job, mix: Ref, style: MasterTargets) -> dict[str, Any]:
    mix_plan = job.json("mixing/mix", "plan")
    strips, turned = mix_plan["strips"], turned_of(mix_plan)
    muted = muted_tracks(strips)
    roles = {strip["role"] for strip in strips if strip["track"] not in muted}
    reference = turned.reference(job.read("technical.reference"))
    return {
        "samples": round(float(job.read("technical.duration_s")) * int(mix.meta["sample_rate_hz"])),
        "channels": int(job.read("technical.channels")),
        "corridor": turned.corridor(corridor_for(job.read("musical.genres"), roles)).model_dump(mode="json"),
        "low_shelf_db": style.low_shelf_db,
        "high_shelf_db": style.high_shelf_db,
        "multiband_ratio": style.multiband_ratio,
        "high_width_db": style.high_width_db,
        "glue_ratio": style.glue_ratio,
        "reference": None if reference is None else reference.model_dump(mode="json"),
    }


def _target_task(
    target: Target, prepared: tuple[Ref, ...], style: MasterTargets, formats: Sequence[str], held: Held | None,
    number: int,
) -> Task:  # fmt: skip
    audio, record = prepared
    margin_db = LOSSY_MARGIN_DB if formats else LOSSLESS_MARGIN_DB
    inputs = {
        "target_lufs": target.loudness_lufs,
        "tolerance_lu": target.tolerance_lu,
        "ceiling_dbtp": round(target.ceiling_dbtp - margin_db, 4),
        "min_dynamic_range_db": min_dynamic_range_db(target.loudness_lufs, style),
        **({} if held is None else {"held_gain_db": held.records[number].gain_db}),
    }
    return Task(f"target/{target.name}", _TARGET_ENTRY, inputs, {"prepared": audio, "record": record})


def _encoded(
    job: Job, targets: Sequence[Target], levelled: Sequence[tuple[Ref, ...]], formats: Sequence[str]
) -> list[_Made]:
    quality = {"mp3": {"mp3_quality": job.read("technical.mp3_quality")}}
    pairs = [(target, audio, name) for target, (audio, _) in zip(targets, levelled, strict=True) for name in formats]
    tasks = [
        Task(
            f"codec/{target.name}/{name}", _CODEC_ENTRY,
            {"format": name, "ceiling_dbtp": target.ceiling_dbtp, **quality.get(name, {})}, {"audio": audio},
        )
        for target, audio, name in pairs
    ]  # fmt: skip
    results = job.tasks(tasks) if tasks else []
    made = []
    for number, (target, (audio, record)) in enumerate(zip(targets, levelled, strict=True)):
        own = results[number * len(formats) : (number + 1) * len(formats)]
        folder = "encoded" if number == 0 else f"encoded/{target.name}"
        made.append(
            _Made(
                target=target,
                audio=audio if number == 0 else replace(audio, role=f"target/{target.name}"),
                record=TargetRecord.model_validate_json(job.blob(record).data),
                encoded=tuple(
                    replace(file, role=f"{folder}/{name}") for name, (file, _) in zip(formats, own, strict=True)
                ),
                encodes=tuple(EncodeRecord.model_validate_json(job.blob(answer).data) for _, answer in own),
            )
        )
    return made


def _content(made: Sequence[_Made]) -> list[Ref]:
    return [ref for one in made for ref in (one.audio, *one.encoded)]


def _plan(made: Sequence[_Made]) -> MasterPlan:
    main, *others = made
    return MasterPlan(
        streaming=main.record,
        encodes=main.encodes,
        main=main.target.name,
        others=tuple(
            TargetPlan(
                target=one.target.name,
                loudness_lufs=one.target.loudness_lufs,
                tolerance_lu=one.target.tolerance_lu,
                ceiling_dbtp=one.target.ceiling_dbtp,
                record=one.record,
                encodes=one.encodes,
            )
            for one in others
        ),
    )


def _facts(plan: MasterPlan) -> dict[str, float | int | str | bool]:
    record = plan.streaming
    facts: dict[str, float | int | str | bool] = {
        "target": plan.main,
        "integrated_lufs": record.integrated_lufs,
        "true_peak_dbtp": record.true_peak_dbtp,
        "dynamic_range_db": record.dynamic_range_db,
        "limiting_db": record.limiting_db,
        "mix_lufs": record.mix_lufs,
    }
    facts |= {f"{encode.format}_true_peak_dbtp": encode.decoded_true_peak_dbtp for encode in plan.encodes}
    for other in plan.others:
        facts[f"{other.target}_lufs"] = other.record.integrated_lufs
        facts[f"{other.target}_true_peak_dbtp"] = other.record.true_peak_dbtp
    if record.reference:
        facts["reference"] = record.reference
    notes = [*record.notes, *(f"{one.target}: {note}" for one in plan.others for note in one.record.notes)]
    if notes:
        facts["notes"] = " ".join(notes)
    return facts
