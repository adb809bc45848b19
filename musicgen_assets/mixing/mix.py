"""mixing/mix: the mix of the stems by a written plan, and the post-mix stems that sum to it.

Belongs here: the order of the work and the artifact. Does not belong here: the numbers (balance), the sound
(strip, matrix, summing).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from musicgen_assets.context.edits import BusName, HeldMix
from musicgen_assets.graph.job import Blob, CheckResult, Job, Outcome, Payload, Ref, Task
from musicgen_assets.graph.payloads import decoded_audio, json_payload
from musicgen_assets.mixing.balance import Stem, plan_mix
from musicgen_assets.mixing.delivered import plan_delivered
from musicgen_assets.mixing.hand import idle_edits, moved_by_hand, stretches_of
from musicgen_assets.mixing.holding import held_gains, held_plan, wholly_held, windows_of, with_held
from musicgen_assets.mixing.plan import MixPlan, Strip, WholeMove
from musicgen_assets.mixing.rides import Span
from musicgen_assets.mixing.whole import told, turned_whole
from musicgen_assets.production.delivered import DELIVERED
from musicgen_assets.production.meter import Measurement, measure
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.score.clock import seconds, steady
from musicgen_assets.score.model import Score

STEMS = "production/stems"
NULL_DB = -90.0
KICK_KEYS = frozenset({35, 36})
_STRIP = "musicgen_assets.mixing.strip:process_strip"
_SUM = "musicgen_assets.mixing.summing:sum_stems"
_GLUE = "musicgen_assets.mixing.buses:glue_bus"
_MEASURE = "musicgen_assets.mixing.mix:measure_stem"


def make_mix(job: Job) -> Outcome:
    """Plan, process each strip as a task of its own, sum. Roles: main, plan, stem/<track>, glue/<bus>."""
    refs = {ref.role.removeprefix("track/"): ref for ref in job.refs(STEMS) if ref.role.startswith("track/")}
    score = steady(job.load("arrangement/arrangement", Score))
    instrumentation = job.load("production/instrumentation", Instrumentation)
    held: HeldMix | None = job.read("edits.held_mix")
    before = None if held is None else held_plan(job, held)
    held_values = {} if held is None or before is None else held_gains(before, held)
    frozen: Mapping[str, float] = {**held_values, **job.read("ai_decisions.generation.frozen")}
    job.progress(0.0, "measuring stems")
    measured = _measured(job, refs)
    is_delivered = any(DELIVERED in ref.meta for ref in refs.values())
    plan = plan_delivered(measured) if is_delivered else plan_mix(measured, instrumentation, frozen, spans_of(score))
    edits = job.read("edits.tracks")
    sections = stretches_of(score)
    plan = turned_whole(moved_by_hand(plan, edits, job.read("edits.buses"), sections), job.read("edits.mix"))
    job.progress(0.1, f"mixing {len(refs)} tracks")
    kicks = kick_times_s(score)
    glued = _glued(job, plan, refs, kicks)
    whole = {} if held is None or before is None else wholly_held(held, before, plan, refs)
    tasks = [task for task in _strip_tasks(plan, refs, kicks, glued) if task.name.removeprefix("strip/") not in whole]
    played = {ref.role.removeprefix("stem/"): ref for (ref,) in job.tasks(tasks)} | whole
    order = [strip.track for strip in plan.strips]
    if held is not None and before is not None:
        part = windows_of(held, plan, sections)
        plan = plan.model_copy(update={"held": part})
        played = with_held(job, held, part, played, before.trim_db)
    stems = [played[track] for track in order]
    job.progress(0.8, "summing")
    inputs = {"order": order, "trim_db": frozen.get("mix/trim_db")}
    mix = job.tasks([Task("mix", _SUM, inputs, dict(zip(order, stems, strict=True)))])[0][0]
    plan = _completed(plan, stems, mix, glued)
    content: list[Payload | Ref] = [mix, json_payload(plan, "plan"), *_trimmed(stems, plan.trim_db), *glued.values()]
    return Outcome(content, _facts(plan, idle_edits(plan, edits)), {}, [_check(plan)])


def kick_times_s(score: Score) -> list[float]:
    """When the kick drum strikes, in seconds, sorted, without repeats."""
    starts = {note[0] for track in score.tracks if track.is_drums for note in track.notes if note[2] in KICK_KEYS}
    return [round(seconds(start, score.tempo_bpm), 6) for start in sorted(starts)]


def spans_of(score: Score) -> tuple[Span, ...]:
    """The sections of a steady score in seconds."""
    spans = [
        Span(
            section.kind, round(seconds(section.start_ticks, score.tempo_bpm), 6),
            round(seconds(section.end_ticks, score.tempo_bpm), 6), section.energy,
        )
        for section in score.sections
    ]  # fmt: skip
    return tuple(spans)


def measure_stem(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the numbers of a stem that came without them, JSON role ``measurement``."""
    samples, rate = decoded_audio(blobs["dry"])
    return [json_payload({**measure(samples, rate).model_dump(), "sample_rate_hz": rate}, str(inputs["role"]))]


def _measured(job: Job, refs: Mapping[str, Ref]) -> tuple[Stem, ...]:
    """Numbers of every stem: as its renderer recorded them, else measured now."""
    bare = {track: ref for track, ref in refs.items() if "measurement" not in ref.meta}
    tasks = [Task(f"measure/{track}", _MEASURE, {"role": "measurement"}, {"dry": ref}) for track, ref in bare.items()]
    found = dict(zip(bare, job.tasks(tasks), strict=True)) if tasks else {}
    stems = []
    for track, ref in refs.items():
        if track in found:
            numbers: dict[str, Any] = json.loads(job.blob(found[track][0]).data)
            rate = int(numbers.pop("sample_rate_hz"))
        else:
            numbers, rate = dict(ref.meta["measurement"]), int(ref.meta["sample_rate_hz"])
        stems.append(Stem(track, Measurement.model_validate(numbers), rate))
    return tuple(stems)


def _glued(job: Job, plan: MixPlan, refs: Mapping[str, Ref], kicks: Sequence[float]) -> dict[BusName, Ref]:
    """The gain over time of each bus that has a compressor."""
    buses = [bus for bus in plan.buses if bus.glue is not None]
    tasks = []
    for bus in buses:
        strips = [plan.strip_of(track) for track in bus.tracks]
        inputs = {
            "bus": bus.name,
            "glue": bus.glue.model_dump(mode="json") if bus.glue is not None else None,
            "strips": [_feeding(strip).model_dump(mode="json") for strip in strips],
            "kick_times_s": list(kicks) if any(strip.duck is not None for strip in strips) else [],
        }
        tasks.append(Task(f"glue/{bus.name}", _GLUE, inputs, {track: refs[track] for track in bus.tracks}))
    results = job.tasks(tasks) if tasks else []
    return {bus.name: result[0] for bus, result in zip(buses, results, strict=True)}


def _strip_tasks(
    plan: MixPlan, refs: Mapping[str, Ref], kicks: Sequence[float], glued: Mapping[BusName, Ref]
) -> list[Task]:
    """One task a strip, given only what changes its sound: reasons and targets stay out of its key."""
    tasks = []
    for strip in plan.strips:
        reverb = plan.reverb_of(strip)
        inputs = {
            "strip": _sounding(strip).model_dump(mode="json"),
            "reverb": None if reverb is None else reverb.model_dump(mode="json"),
            "delay": plan.delay.model_dump(mode="json"),
            "mono_below_hz": plan.mono_below_hz,
            "kick_times_s": list(kicks) if strip.duck is not None else [],
            **({} if plan.whole is None else {"whole": _unsaid(plan.whole).model_dump(mode="json")}),
        }
        heard = {"dry": refs[strip.track]}
        if strip.bus in glued:
            heard["glue"] = glued[strip.bus]
        tasks.append(Task(f"strip/{strip.track}", _STRIP, inputs, heard))
    return tasks


def _feeding(strip: Strip) -> Strip:
    """The strip as far as its bus hears it: before bands, place and returns."""
    return _sounding(strip).model_copy(
        update={"hand": None, "bands": (), "pan": 0.0, "width": 1.0, "reverb_send_db": -60.0, "delay_send_db": -60.0}
    )


def _sounding(strip: Strip) -> Strip:
    """The strip without what is only said about it."""
    bands = tuple(band.model_copy(update={"reason": ""}) for band in strip.bands)
    moves = tuple(move.model_copy(update={"reason": ""}) for move in strip.moves)
    inserts = tuple(effect.model_copy(update={"reason": ""}) for effect in strip.inserts)
    said: dict[str, Any] = {
        "measured_lufs": 0.0, "target_lufs": 0.0, "planned_db": 0.0, "is_frozen": False, "reasons": (),
        "depth": "middle", "direct_to_reverb_lu": None, "bus": "music", "bus_db": 0.0,
        "fader_db": round(strip.fader_db + strip.bus_db, 2),
    }  # fmt: skip
    return strip.model_copy(update={**said, "bands": bands, "moves": moves, "inserts": inserts})


def _unsaid(whole: WholeMove) -> WholeMove:
    """What is done to the whole without reasons, and without the rooms, which are in the strips' sends."""
    bands = tuple(band.model_copy(update={"reason": ""}) for band in whole.bands)
    return whole.model_copy(update={"bands": bands, "reverb_db": 0.0})


def _completed(plan: MixPlan, stems: Sequence[Ref], mix: Ref, glued: Mapping[BusName, Ref]) -> MixPlan:
    """The plan with what was measured on the results."""
    strips, frozen = [], dict(plan.frozen_values)
    for strip, stem in zip(plan.strips, stems, strict=True):
        compression = strip.compression
        if compression is not None:
            compression = compression.model_copy(update={"makeup_db": stem.meta["makeup_db"]})
            frozen[f"mix/{strip.track}/makeup_db"] = stem.meta["makeup_db"]
        strips.append(strip.model_copy(update={"compression": compression, "result_lufs": stem.meta["lufs"]}))
    facts = {name: mix.meta[name] for name in ("trim_db", "peak_dbfs", "integrated_lufs", "stems_null_db")}
    frozen["mix/trim_db"] = facts["trim_db"]
    buses = []
    for bus in plan.buses:
        ref = glued.get(bus.name)
        if ref is not None and bus.glue is not None:
            frozen[f"mix/bus/{bus.name}/threshold_dbfs"] = bus.glue.threshold_dbfs
            frozen[f"mix/bus/{bus.name}/makeup_db"] = ref.meta["makeup_db"]
            glue = bus.glue.model_copy(update={"makeup_db": ref.meta["makeup_db"]})
            found = bus.model_copy(update={"glue": glue, "mean_reduction_db": ref.meta["mean_reduction_db"]})
            buses.append(found)
        else:
            buses.append(bus)
    update = {"strips": tuple(strips), "buses": tuple(buses), "frozen_values": frozen, **facts}
    return plan.model_copy(update=update)


def _trimmed(stems: Sequence[Ref], trim_db: float) -> list[Ref]:
    """The stems at the mix's level: their bytes stay, the gain that decoding adds changes."""
    return [replace(stem, meta={**stem.meta, "gain_db": float(stem.meta["gain_db"]) + trim_db}) for stem in stems]


def _facts(plan: MixPlan, idle: Sequence[str]) -> dict[str, float | int | str | bool]:
    moved = [strip.track for strip in plan.strips if strip.hand is not None]
    by_hand: dict[str, float | int | str | bool] = {"moved_by_hand": ", ".join(moved)} if moved else {}
    if plan.whole is not None:
        by_hand["whole_mix_by_hand"] = told(plan.whole)
    if plan.held is not None:
        by_hand["held"] = f"all but {', '.join(plan.held.sections)}"
    if idle:
        by_hand["edited_and_not_playing"] = ", ".join(idle)
    return {
        "tracks": len(plan.strips),
        "integrated_lufs": plan.integrated_lufs or 0.0,
        "peak_dbfs": plan.peak_dbfs or 0.0,
        "trim_db": plan.trim_db,
        "stems_null_db": plan.stems_null_db or 0.0,
        "cuts_for_room": len(plan.masking),
        "ride_db": plan.ride.amount_db,
        **by_hand,
    }


def _check(plan: MixPlan) -> CheckResult:
    null_db = plan.stems_null_db if plan.stems_null_db is not None else 0.0
    return CheckResult("stems_sum_to_mix", null_db <= NULL_DB, null_db, f"<= {NULL_DB:g} dB, on the encoded audio")
