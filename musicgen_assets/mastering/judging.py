"""Judging masters: what is measured of each target's master, of the mix and of its parts, and the gate's answers.

Belongs here: gathering measures and plans for the gate. Does not belong here: how anything is measured or judged
(mastering.measures, mastering.gate and its kin), the artifact and its pictures (mastering.analysis).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.graph.job import CheckResult, Job, Ref, Task
from musicgen_assets.mastering.by_hand import turned_of
from musicgen_assets.mastering.corridor import corridor_for
from musicgen_assets.mastering.fidelity import Fidelity
from musicgen_assets.mastering.gate import (
    Asked,
    decoded_peak_check,
    over_targets,
    score_checks,
    sound_checks,
    stems_null_check,
)
from musicgen_assets.mastering.gate_music import key_check, tempo_check
from musicgen_assets.mastering.gate_parts import Part, part_checks
from musicgen_assets.mastering.gate_sum import sum_checks
from musicgen_assets.mastering.key_by_score import fit_score
from musicgen_assets.mastering.measures import Measures, MusicMeasures, SoundMeasures
from musicgen_assets.mastering.parts import PartMeasures, part_task_inputs
from musicgen_assets.mastering.plan import EncodeRecord, MasterPlan, TargetRecord
from musicgen_assets.mastering.targets import Target, targets_of
from musicgen_assets.mastering.tempo_grid import GridMatch
from musicgen_assets.mastering.tone import planned_gains_db
from musicgen_assets.mixing.hand import hand_of, is_silent_at, muted_tracks
from musicgen_assets.production.delivered import DELIVERED
from musicgen_assets.score.clock import mean_tempo_bpm, seconds, steady, steady_tracks
from musicgen_assets.score.model import Score

_SOUND_ENTRY = "musicgen_assets.mastering.measures:measure_sound"
_MUSIC_ENTRY = "musicgen_assets.mastering.measures:measure_music"
_GRID_ENTRY = "musicgen_assets.mastering.tempo_grid:match_tempo"
_PART_ENTRY = "musicgen_assets.mastering.parts:measure_part"
_MIX_ENTRY = "musicgen_assets.mastering.fidelity:measure_mix"
_FIDELITY_ENTRY = "musicgen_assets.mastering.fidelity:measure_fidelity"
_PEAK_ENTRY = "musicgen_assets.mastering.codecs:measure_decoded"


@dataclass(frozen=True)
class TargetVerdict:
    """What was measured and judged of one delivery target's master."""

    target: Target
    master: Ref
    measures: SoundMeasures
    fidelity: Fidelity
    encodes: tuple[EncodeRecord, ...]
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True)
class Judged:
    """Everything measured and judged of a song's masters. ``checks`` answers each check once, over all targets."""

    targets: tuple[TargetVerdict, ...]
    music: MusicMeasures
    grid: GridMatch
    parts: tuple[Part, ...]
    scores: Mapping[str, Any]
    checks: tuple[CheckResult, ...]

    @property
    def measures(self) -> Measures:
        """Of the first target's master."""
        return Measures(**self.targets[0].measures.model_dump(), **self.music.model_dump())


def judge_masters(job: Job, score: Score, beside: Sequence[Task] = ()) -> tuple[Judged, list[tuple[Ref, ...]]]:
    """Measure and judge every target's master; ``beside`` are tasks to do in the same go, whose results follow."""
    asked = asked_of(job, score)
    masters = _masters(job)
    mix = job.ref("mixing/mix", "main")
    plan = job.json("mixing/mix", "plan")
    strips, turned = plan["strips"], turned_of(plan)
    muted = muted_tracks(strips)
    part_tasks = _part_tasks(job, score, strips)
    score_ref = job.ref("arrangement/arrangement", "main")
    tasks = [
        Task("mix", _MIX_ENTRY, {}, {"mix": mix}),
        # Of the mix: no level changes them, and likeness proves that the master is this mix.
        Task("music", _MUSIC_ENTRY, {"tempo_bpm": asked.tempo_bpm}, {"master": mix}),
        Task("tempo", _GRID_ENTRY, {}, {"master": mix, "score": score_ref}),
        *(Task(f"measures/{target.name}", _SOUND_ENTRY, {}, {"master": ref}) for target, ref in masters),
        *part_tasks.values(),
        *beside,
    ]
    (bands, facts), (music,), (grid,), *results = job.tasks(tasks)
    fidelities = job.tasks(
        [
            Task(f"fidelity/{target.name}", _FIDELITY_ENTRY, {}, {"master": ref, "bands": bands})
            for target, ref in masters
        ]
    )
    parts = _parts(job, strips, dict(zip(part_tasks, results[len(masters) :], strict=False)))
    mix_clicks = int(json.loads(job.blob(facts).data)["clicks"])
    targets = [
        _judged_target(
            job,
            asked,
            target,
            ref,
            sound[0],
            fidelity[0],
            is_main=number == 0,
            is_wide=len(parts) > 1 and not turned.is_narrowed and not (_deliverer(job) or {}).get("is_mono"),
            mix_clicks=mix_clicks,
        )
        for number, ((target, ref), sound, fidelity) in enumerate(
            zip(masters, results[: len(masters)], fidelities, strict=True)
        )
    ]
    found = MusicMeasures.model_validate_json(job.blob(music).data)
    grid_match = _grid(job, grid)
    judged = job.json("arrangement/vocal_line", "critic")
    null_db = plan.get("stems_null_db")
    judged_parts = () if _deliverer(job) is not None else parts  # nobody planned what is in delivered stems
    checks = (
        *over_targets([(verdict.target.name, verdict.checks) for verdict in targets]),
        *_planned_checks(job, asked, score, found, grid_match),
        *part_checks([part for part in judged_parts if part.name not in muted], _planned_lead_lu(plan), turned),
        stems_null_check(None if null_db is None else float(null_db)),
        *score_checks(judged),
    )
    beside_results = results[len(masters) + len(part_tasks) :]
    return Judged(tuple(targets), found, grid_match, parts, judged.get("scores", {}), checks), beside_results


def _deliverer(job: Job) -> dict[str, Any] | None:
    """The engine that delivered the song, {engine, honours, is_mono}; None where it was played here."""
    return next((ref.meta[DELIVERED] for ref in job.refs("production/stems") if DELIVERED in ref.meta), None)


def _planned_checks(
    job: Job, asked: Asked, score: Score, found: MusicMeasures, grid: GridMatch
) -> tuple[CheckResult, CheckResult]:
    """Tempo and key against the plan. An engine that takes no orders there is only told what it played instead."""
    deliverer = _deliverer(job)
    if deliverer is None:
        by_score = fit_score(found.pitch_classes, score, asked.key, asked.scale)
        return (
            tempo_check(found, grid, mean_tempo_bpm(score), asked.tempo_bpm),
            key_check(found.keys, asked.key, asked.scale, by_score),
        )
    unclear = replace(grid, score=0.0, lead=0.0)  # the planned score is not what was played
    return (
        _as_told(tempo_check(found, unclear, mean_tempo_bpm(score), asked.tempo_bpm), "tempo", deliverer),
        _as_told(key_check(found.keys, asked.key, asked.scale), "key", deliverer),
    )


def _as_told(check: CheckResult, word: str, deliverer: Mapping[str, Any]) -> CheckResult:
    if check.passed or word in deliverer["honours"]:
        return check
    note = f"{deliverer['engine']} takes no orders about {word}: noted, not refused; {check.note}"
    return replace(check, passed=True, note=note)


def _masters(job: Job) -> list[tuple[Target, Ref]]:
    """Each target with its master, the first one first."""
    targets = _targets(job)
    roles = ["streaming", *(f"target/{target.name}" for target in targets[1:])]
    return [(target, job.ref("mastering/master", role)) for target, role in zip(targets, roles, strict=True)]


def _targets(job: Job) -> tuple[Target, ...]:
    return targets_of(
        job.read("technical.targets"),
        float(job.read("technical.loudness_target_lufs")),
        float(job.read("technical.true_peak_ceiling_dbtp")),
    )


def _part_tasks(job: Job, score: Score, strips: Sequence[Mapping[str, Any]]) -> dict[str, Task]:
    """A task for each stem of the mix, with its written notes and, where production has it, its dry sound. Notes that
    a hand muted were not to be heard, and what is played in a file that was given nobody knows.
    """
    stems = {ref.role.removeprefix("stem/"): ref for ref in job.refs("mixing/mix") if ref.role.startswith("stem/")}
    dry = {
        ref.role.removeprefix("track/"): ref for ref in job.refs("production/stems") if ref.role.startswith("track/")
    }
    tracks = steady_tracks(merged_tracks(score, job.json("arrangement/vocal_line")), score)
    written = {track.name: track for track in tracks}
    tempo_bpm = steady(score).tempo_bpm
    tasks = {}
    for strip in strips:
        name, hand = strip["track"], hand_of(strip)
        track = written.get(name)
        is_known = track is not None and not (name in dry and {"given", DELIVERED} & dry[name].meta.keys())
        notes = track.notes if track is not None and is_known else ()
        rows = [
            (seconds(start, tempo_bpm), seconds(start + length, tempo_bpm), pitch, velocity)
            for start, length, pitch, velocity in notes
            if not is_silent_at(hand, seconds(start, tempo_bpm))
        ]
        inputs = part_task_inputs(rows, is_drums=track is not None and track.is_drums)
        refs = {"stem": stems[name], **({"dry": dry[name]} if name in dry else {})}
        tasks[name] = Task(f"part/{name}", _PART_ENTRY, inputs, refs)
    return tasks


def _planned_lead_lu(plan: Mapping[str, Any]) -> float | None:
    """How loud the mix meant its lead to be against all the rest; None where a hand moved a fader since."""
    planned = plan.get("lead_over_rest_lu")
    is_moved = any(hand_of(strip) is not None for strip in plan["strips"])
    return None if planned is None or is_moved else float(planned)


def _parts(job: Job, strips: Sequence[Mapping[str, Any]], results: Mapping[str, tuple[Ref, ...]]) -> tuple[Part, ...]:
    return tuple(
        Part(
            strip["track"], strip["role"],
            PartMeasures.model_validate_json(job.blob(results[strip["track"]][0]).data),
        )
        for strip in strips
    )  # fmt: skip


def _judged_target(
    job: Job, asked: Asked, target: Target, master: Ref, sound: Ref, fidelity: Ref, *, is_main: bool, is_wide: bool,
    mix_clicks: int,
) -> TargetVerdict:  # fmt: skip
    measures = SoundMeasures.model_validate_json(job.blob(sound).data)
    compared = Fidelity.model_validate_json(job.blob(fidelity).data)
    own = replace(
        asked, target_lufs=target.loudness_lufs, tolerance_lu=target.tolerance_lu, ceiling_dbtp=target.ceiling_dbtp
    )
    encodes = tuple(_encodes(job, "encoded/" if is_main else f"encoded/{target.name}/", target, is_main=is_main))
    checks = (
        *sound_checks(measures, own),
        decoded_peak_check(encodes, own.ceiling_dbtp),
        *sum_checks(
            measures,
            compared,
            planned_gains_db(_record(job, target, is_main=is_main)),
            is_wide=is_wide,
            mix_clicks=mix_clicks,
        ),
    )
    return TargetVerdict(target, master, measures, compared, encodes, checks)


def _record(job: Job, target: Target, *, is_main: bool) -> TargetRecord:
    plan = MasterPlan.model_validate(job.json("mastering/master", "plan"))
    if is_main:
        return plan.streaming
    return next(one.record for one in plan.others if one.target == target.name)


def _grid(job: Job, ref: Ref) -> GridMatch:
    found = json.loads(job.blob(ref).data)
    return GridMatch(found["factor"], found["score"], found["lead"])


def _encodes(job: Job, prefix: str, target: Target, *, is_main: bool) -> list[EncodeRecord]:
    """The plan's records of a target's lossy files, measured again where a record is not of the file that is
    there.
    """
    plan = MasterPlan.model_validate(job.json("mastering/master", "plan"))
    known = plan if is_main else next((one for one in plan.others if one.target == target.name), None)
    refs = {ref.role.removeprefix(prefix): ref for ref in job.refs("mastering/master") if ref.role.startswith(prefix)}
    found = []
    for name, ref in refs.items():
        if "/" in name:
            continue
        record = None if known is None else known.encode(name)
        if record is None or record.sha256 != ref.sha256:
            record = _measured_again(job, name, ref)
        found.append(record)
    return found


def _measured_again(job: Job, name: str, ref: Ref) -> EncodeRecord:
    ((peak,),) = job.tasks([Task(f"codec/{name}", _PEAK_ENTRY, {"format": name}, {"audio": ref})])
    return EncodeRecord.model_validate_json(job.blob(peak).data)


def asked_of(job: Job, score: Score) -> Asked:
    """What the first target's master was to be, from the context, the styles and who plays in ``score``."""
    from musicgen_assets.styles.loader import blend

    genres = job.read("musical.genres")
    plan = job.json("mixing/mix", "plan")
    muted, turned = muted_tracks(plan["strips"]), turned_of(plan)
    roles = {track.role for track in score.tracks if track.notes and track.name not in muted}
    target = _targets(job)[0]
    return Asked(
        duration_s=float(job.read("technical.duration_s")),
        target_lufs=target.loudness_lufs,
        ceiling_dbtp=target.ceiling_dbtp,
        tempo_bpm=float(job.read("musical.tempo_bpm")),
        key=job.read("musical.key"),
        scale=job.read("musical.scale"),
        style=turned.style(blend(genres).master),
        corridor=turned.corridor(corridor_for(genres, roles)),
        tolerance_lu=target.tolerance_lu,
        reference=turned.reference(job.read("technical.reference")),
    )
