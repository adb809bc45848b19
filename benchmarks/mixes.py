"""Do mixes keep what they promise? Songs of several styles, rendered, mixed and taken apart.

``python -m benchmarks.mixes [--styles NAME ...] [--duration S] [--seed N] [--keep FOLDER]`` prints a table and what
falls short. ``--keep`` stores the dry stems, so that another run over the same folder mixes without rendering again:
before and after a change of mixing alone. Belongs here: the songs and the table. Does not belong here: the measures
(mix_measures).
"""

from __future__ import annotations

import argparse
import dataclasses
import pickle
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mix_measures import Heard, measures_of
from dsp.levels import db_to_gain
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.ideation.brief import validate_request
from musicgen_assets.mixing.mix import kick_times_s
from musicgen_assets.mixing.plan import MixPlan, Strip
from musicgen_assets.mixing.strip import strip_sound
from musicgen_assets.score.clock import steady
from musicgen_assets.score.model import Score
from resources.instruments import instruments_of
from resources.voices import guide_voice

STYLES = (
    "pop", "house", "rock", "jazz_swing", "hip_hop", "cinematic", "folk", "metal", "ambient", "funk",
)  # fmt: skip
SUNG = frozenset({"pop", "rock", "jazz_swing", "hip_hop", "folk"})
DURATION_S, SEED = 30.0, 7
CLOSED_DB = -120.0

PLANE_STEP_LU = 6.0
LEAD_REVERB_LU = (6.0, 15.0)
LIFT_LU = 2.0
LOW_CORRELATION = 0.9
NULL_DB = -90.0
MONO_LOSS_LU = 3.0
LEAD_SLACK_LU = 1.0
"""Targets are set by loudness alone; when who plays at the same time decides about this much."""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--styles", nargs="*", default=STYLES)
    parser.add_argument("--duration", type=float, default=DURATION_S)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    print("style        planes: front, middle, back (LU)      lead's reverb  lead over rest      low r  chorus")
    print("             lead and kick covered  fold-down  null  CPU")
    short: list[str] = []
    for style in options.styles:
        started = time.process_time()
        measures, found = song(style, options.duration, options.seed, options.keep)
        short += found
        print(row(style, measures), f" {time.process_time() - started:.0f} s", flush=True)
    print("\nfalls short:" if short else "\nnothing falls short")
    for line in short:
        print(" ", line)


def song(style: str, duration_s: float, seed: int, keep: Path | None) -> tuple[dict[str, Any], list[str]]:
    """Measures of one song of the style, and what of it falls short."""
    heard, bounds = mixed(dry_store(style, duration_s, seed, keep))
    measures = measures_of(heard)
    measures["planes"] = planes(measures["direct_to_reverb_lu"], heard.plan)
    measures["bounds"] = bounds
    return measures, [f"{style}: {line}" for line in shortfalls(measures, heard.plan)]


def dry_store(style: str, duration_s: float, seed: int, keep: Path | None) -> MemoryStore:
    """Everything up to the dry stems, rendered or as kept."""
    kept = None if keep is None else keep / f"{style}-{duration_s:g}-{seed}.pickle"
    if kept is not None and kept.exists():
        store: MemoryStore = pickle.loads(kept.read_bytes())  # noqa: S301  # this program's own file
        return store
    name = style.replace("_", " ")
    prompt = f"a {name} song about the sea with vocals" if style in SUNG else f"instrumental {name}"
    request = CompositionRequest(prompt=prompt, seed=seed, overrides={"technical.duration_s": duration_s})
    store = MemoryStore(validate_request(request))
    store.data["instruments"] = instruments_of(None)
    store.data["voice"] = guide_voice()
    for declaration in until("production"):
        if declaration.stage != "ideation" and declaration.key != "production/preview":
            store.run(declaration.key)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(store))
    return store


def mixed(store: MemoryStore) -> tuple[Heard, tuple[float, float]]:
    """The song mixed by today's code and taken apart, and the style's bounds of the lead over the rest."""
    store.run("production/instrumentation")
    # Measured again: numbers of a kept store may be of another day.
    bare = [dataclasses.replace(ref, meta={k: v for k, v in ref.meta.items() if k != "measurement"})
            for ref in store.artifacts["production/stems"]]  # fmt: skip
    store.artifacts["production/stems"] = tuple(bare)
    store.run("mixing/mix")
    plan = MixPlan.model_validate(store.json("mixing/mix", "plan"))
    score = steady(Score.model_validate(store.json("arrangement/arrangement")))
    job = MemoryJob("mixing/mix", store)
    audio = {ref.role: job.audio(ref) for ref in store.artifacts["mixing/mix"] if ref.media_type == "audio/flac"}
    main, rate = audio["main"]
    stems = {role.removeprefix("stem/"): sound for role, (sound, _) in audio.items() if role.startswith("stem/")}
    dry, reverbs = {}, {}
    for strip in plan.strips:
        ref = next(ref for ref in bare if ref.role == f"track/{strip.track}")
        kicks = kick_times_s(score) if strip.duck is not None else []
        dry[strip.track], reverbs[strip.track] = parts(job.audio(ref)[0], rate, strip, plan, kicks)
    bounds = tuple(store.json("production/instrumentation")["lead_over_rest_lu"])
    return Heard(plan, score, rate, main, stems, dry, reverbs), bounds


def parts(
    samples: FloatArray, rate: int, strip: Strip, plan: MixPlan, kicks: list[float]
) -> tuple[FloatArray, FloatArray]:
    """The strip's direct sound, and its reverb alone, at the mix's level."""
    bare = strip.model_copy(
        update={"delay_send_db": CLOSED_DB, "moves": tuple(move for move in strip.moves if move.kind != "throw")}
    )
    gain = np.float32(db_to_gain(plan.trim_db))
    settings = {"mono_below_hz": plan.mono_below_hz, "kick_times_s": kicks}
    direct, _ = strip_sound(samples, rate, bare, None, plan.delay, **settings)  # type: ignore[arg-type]
    both, _ = strip_sound(samples, rate, bare, plan.reverb_of(strip), plan.delay, **settings)  # type: ignore[arg-type]
    return direct * gain, (both - direct) * gain


def planes(found: Mapping[str, float | None], plan: MixPlan) -> dict[str, tuple[float, float]]:
    """Driest and wettest track of each plane of depth, in LU of direct sound over reverb."""
    by_plane: dict[str, list[float]] = {}
    for strip in plan.strips:
        value = found[strip.track]
        if value is not None:
            by_plane.setdefault(strip.depth, []).append(value)
    return {plane: (max(values), min(values)) for plane, values in by_plane.items()}


def shortfalls(measures: Mapping[str, Any], plan: MixPlan) -> list[str]:
    """What of the promises is not kept, in words."""
    told = []
    order = [plane for plane in ("front", "middle", "back") if plane in measures["planes"]]
    steps = plan_steps(plan)
    for near, far in pairwise(order):
        gap = measures["planes"][near][1] - measures["planes"][far][0]
        if steps >= PLANE_STEP_LU and gap < PLANE_STEP_LU:
            told.append(f"{near} and {far} are {gap:.1f} LU apart")
    low, high = measures["bounds"]
    lead = measures["lead_over_rest_lu"]
    if not low - LEAD_SLACK_LU <= lead <= high + LEAD_SLACK_LU:
        told.append(f"the lead lies {lead:+.1f} LU over the rest, the style wants {low:+.1f} to {high:+.1f}")
    reverb = lead_reverb(measures, plan)
    if reverb is not None and not LEAD_REVERB_LU[0] <= reverb <= LEAD_REVERB_LU[1]:
        told.append(f"the lead's reverb lies {reverb:.1f} LU under it")
    if measures["chorus_over_verse_lu"] is not None and measures["chorus_over_verse_lu"] < LIFT_LU:
        told.append(f"choruses lift by {measures['chorus_over_verse_lu']:.1f} LU")
    for name, is_kept in (
        ("low_correlation", measures["low_correlation"] >= LOW_CORRELATION),
        ("null_db", measures["null_db"] <= NULL_DB),
        ("mono_loss_lu", measures["mono_loss_lu"] <= MONO_LOSS_LU),
    ):
        if not is_kept:
            told.append(f"{name} is {measures[name]}")
    return told


def plan_steps(plan: MixPlan) -> float:
    """How far apart the plan means its planes to be, in LU."""
    wanted = {strip.depth: strip.direct_to_reverb_lu for strip in plan.strips if strip.direct_to_reverb_lu is not None}
    leads = [s.direct_to_reverb_lu for s in plan.strips if s.role in ("lead", "vocal") and s.depth == "front"]
    if "middle" in wanted and leads and leads[0] is not None:
        return leads[0] - wanted["middle"]
    return PLANE_STEP_LU


def lead_reverb(measures: Mapping[str, Any], plan: MixPlan) -> float | None:
    """The wettest of what leads in front."""
    values = [measures["direct_to_reverb_lu"][s.track] for s in plan.strips
              if s.role in ("lead", "vocal") and s.depth == "front"]  # fmt: skip
    heard = [value for value in values if value is not None]
    return min(heard) if heard else None


def row(style: str, measures: Mapping[str, Any]) -> str:
    """One line of the table."""
    spans = [measures["planes"].get(plane) for plane in ("front", "middle", "back")]
    depth = "  ".join("-".rjust(10) if span is None else f"{span[0]:5.1f}{span[1]:5.1f}" for span in spans)
    low, high = measures["bounds"]
    fronts = measures["planes"].get("front")
    numbers = (measures["chorus_over_verse_lu"], measures["lead_covered"], measures["kick_bass_covered"])
    lift, lead, kick = ("-" if value is None else f"{value:g}" for value in numbers)
    return (
        f"{style:<11} {depth}  {fronts[1] if fronts else 0.0:6.1f}  {measures['lead_over_rest_lu']:+5.1f}"
        f" ({low:+.1f}..{high:+.1f})  {measures['low_correlation']:6.3f}  {lift:>5}  {lead:>6} {kick:>6}"
        f"  {measures['mono_loss_lu']:5.2f}  {measures['null_db']:.0f}"
    )


if __name__ == "__main__":
    main()
