"""The mix outside an edited section: every gain as it was, and the stems themselves spliced in from the version edited.

A section's edit may change how everything is planned and played: levels are measured on whole stems, an instrument's
state runs on. So the plan keeps the gains of the version that was edited, and of every stem only the section's window
is new: from LEAD_S before its first beat (consonants and filters sound ahead) to its end and the tail, in which what
was played in it rings out. Outside all stems are the held ones, bit for bit, and so is their sum.

Belongs here: windows, and the task that splices a stem. Does not belong here: when a mix is held (ideation.holds), the
splice of audio (dsp.splicing), the master (mastering.holding).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dsp.splicing import Window, merged, spliced
from musicgen_assets.context.edits import HeldFile, HeldMix
from musicgen_assets.graph.job import Blob, Job, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload, decoded_audio
from musicgen_assets.mixing.hand import Stretch
from musicgen_assets.mixing.plan import HeldPart, MixPlan
from musicgen_assets.production.meter import measure

LEAD_S = 0.3
RELEASE_S = 0.4
"""How long an instrument sounds on after its last note."""
EDGE_S = 0.05
"""The crossfade at both ends of a window, inside it."""
_SPLICE = "musicgen_assets.mixing.holding:splice_stem"


def ref_of(file: HeldFile, role: str) -> Ref:
    """A held file as a task is given it."""
    return Ref(role, file.media_type, file.sha256, file.size_bytes, file.suffix, file.meta)


def held_plan(job: Job, held: HeldMix) -> MixPlan:
    """The plan of the mix that is held."""
    return MixPlan.model_validate_json(job.blob(ref_of(held.plan, "plan")).data)


def held_gains(plan: MixPlan, held: HeldMix) -> dict[str, float]:
    """The values that freeze the held ``plan``, but for tracks that were let go: those are measured anew."""
    gone = {f"mix/{track}" for track in held.let_go}
    return {name: value for name, value in plan.frozen_values.items() if "/".join(name.split("/")[:2]) not in gone}


def tail_s(plan: MixPlan) -> float:
    """How long a section rings into the next: an instrument's release, then the longest room (to -60 dB) or all echoes.

    At its end the old sound and the new one differ by what is left of that, and are crossfaded.
    """
    rooms = [reverb.decay_s + reverb.pre_delay_ms / 1_000.0 for reverb in plan.reverbs.values()]
    has_echo = any(strip.delay_send_db > -50.0 for strip in plan.strips)
    echoes = plan.delay.time_ms / 1_000.0 * plan.delay.echoes if has_echo else 0.0
    return round(RELEASE_S + max([*rooms, echoes]), 3)


def windows_of(held: HeldMix, plan: MixPlan, sections: Sequence[Stretch]) -> HeldPart:
    """What is held, and the windows in which it is not."""
    ring_s = tail_s(plan)
    edited = [one for one in sections if one.name in held.sections or one.kind in held.sections]
    windows = merged([(one.start_s - LEAD_S, one.end_s + ring_s) for one in edited])
    return HeldPart(sections=tuple(one.name for one in edited), lead_s=LEAD_S, tail_s=ring_s, windows=windows)


def wholly_held(held: HeldMix, before: MixPlan, plan: MixPlan, dry: Mapping[str, Ref]) -> dict[str, Ref]:
    """Stems (before the trim) that are the held mix's throughout: the same dry sound under the same hand.

    ``before`` is the held plan, ``dry`` the stems that are mixed. What else plays on their bus does not move them.
    """
    known = {strip.track: strip for strip in before.strips}
    found = {}
    for strip in plan.strips:
        file, old = held.stems.get(strip.track), known.get(strip.track)
        is_same = old is not None and (old.hand, old.pan) == (strip.hand, strip.pan)
        if file is not None and is_same and held.dry.get(strip.track) == dry[strip.track].sha256:
            found[strip.track] = _bare(file, strip.track, before.trim_db)
    return found


def _bare(file: HeldFile, track: str, trim_db: float) -> Ref:
    """A held stem as it was before its mix's trim."""
    gain_db = round(float(file.meta["gain_db"]) - trim_db, 9)
    return replace(ref_of(file, f"stem/{track}"), meta={**file.meta, "gain_db": gain_db})


def with_held(job: Job, held: HeldMix, part: HeldPart, stems: Mapping[str, Ref], trim_db: float) -> dict[str, Ref]:
    """``stems`` (before the trim, by track) with everything outside the windows as it is held.

    ``trim_db`` is the held mix's, which its stems have in their gain. What did not play there is silent outside; tracks
    that were let go are left as they are.
    """
    tasks = {}
    for track, stem in stems.items():
        file = held.stems.get(track)
        if track in held.let_go:
            continue
        refs = {"new": stem}
        if file is not None:
            old = _bare(file, track, trim_db)
            if old.sha256 == stem.sha256 and abs(old.meta["gain_db"] - float(stem.meta["gain_db"])) < 1e-6:
                continue
            refs["held"] = replace(old, meta={"gain_db": old.meta["gain_db"]})
        inputs = {"track": track, "windows": part.windows, "makeup_db": stem.meta["makeup_db"]}
        tasks[track] = Task(f"splice/{track}", _SPLICE, inputs, refs)
    results = job.tasks(list(tasks.values())) if tasks else []
    return {**stems, **{track: result[0] for track, result in zip(tasks, results, strict=True)}}


def splice_stem(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: ``blobs["new"]`` inside the windows and ``blobs["held"]`` (or silence) outside, role ``stem/<track>``.

    ``meta`` as mixing.strip.process_strip gives it.
    """
    new, rate = decoded_audio(blobs["new"])
    outside = decoded_audio(blobs["held"])[0] if "held" in blobs else np.zeros_like(new)
    windows: list[Window] = [(float(start), float(end)) for start, end in inputs["windows"]]
    out = spliced(outside, new, rate, windows, EDGE_S)
    meta = {"makeup_db": inputs["makeup_db"], "lufs": measure(out, rate).lufs}
    return [audio_payload(out, rate, f"stem/{inputs['track']}", meta)]
