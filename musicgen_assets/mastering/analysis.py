"""mastering/analysis: everything measured of the master, pictures of it, and the verdict of the gate.

Belongs here: gathering measures and plans, and the artifact. Does not belong here: how anything is measured,
judged or drawn (mastering.measures, mastering.gate, mastering.pictures).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
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
from musicgen_assets.mastering.gate_parts import Part, lead_over_rest_db, part_checks
from musicgen_assets.mastering.gate_sum import sum_checks
from musicgen_assets.mastering.key_by_score import fit_score
from musicgen_assets.mastering.measures import Measures, MusicMeasures, SoundMeasures
from musicgen_assets.mastering.parts import PartMeasures, part_task_inputs
from musicgen_assets.mastering.plan import EncodeRecord, MasterPlan, TargetRecord
from musicgen_assets.mastering.targets import Target, targets_of
from musicgen_assets.mastering.tempo_grid import GridMatch
from musicgen_assets.mastering.tone import planned_gains_db
from musicgen_assets.score.clock import mean_tempo_bpm, seconds, song_clock, steady, steady_tracks
from musicgen_assets.score.model import Score

PICTURES = ("waveform", "spectrogram", "loudness", "spectrum", "piano_roll", "phase", "energy")

_SOUND_ENTRY = "musicgen_assets.mastering.measures:measure_sound"
_MUSIC_ENTRY = "musicgen_assets.mastering.measures:measure_music"
_GRID_ENTRY = "musicgen_assets.mastering.tempo_grid:match_tempo"
_PART_ENTRY = "musicgen_assets.mastering.parts:measure_part"
_MIX_ENTRY = "musicgen_assets.mastering.fidelity:measure_mix"
_FIDELITY_ENTRY = "musicgen_assets.mastering.fidelity:measure_fidelity"
_SOUND_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_sound"
_COURSE_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_course"
_SCORE_PICTURE_ENTRY = "musicgen_assets.mastering.pictures:draw_score"
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


def make_analysis(job: Job) -> Outcome:
    """Roles "main" (measurements), "verdict", and the pictures; every declared check is answered.

    The verdict names the master it holds for: {"master_sha256", "passed", "checks": [{name, passed, measured,
    expected, note}], "targets": [{name, master_sha256, passed, checks}]}.
    """
    score_ref = job.ref("arrangement/arrangement", "main")
    score = job.load("arrangement/arrangement", Score)
    job.progress(0.1, "measuring")
    judged, drawn = judge_masters(job, score, _picture_tasks(asked_of(job, score), job, score, score_ref))
    job.progress(0.9, "verdict")
    large, small = _pictures([ref for refs in drawn for ref in refs])
    return Outcome(
        content=(json_payload(_main(judged)), json_payload(_verdict(judged), "verdict"), *large),
        facts=_facts(judged),
        pictures={name: job.blob(ref).data for name, ref in small.items()},
        checks=judged.checks,
    )


def judge_masters(job: Job, score: Score, beside: Sequence[Task] = ()) -> tuple[Judged, list[tuple[Ref, ...]]]:
    """Measure and judge every target's master; ``beside`` are tasks to do in the same go, whose results follow."""
    asked = asked_of(job, score)
    masters = _masters(job)
    mix = job.ref("mixing/mix", "main")
    strips = job.json("mixing/mix", "plan")["strips"]
    part_tasks = _part_tasks(job, score, [strip["track"] for strip in strips])
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
            is_wide=len(parts) > 1,
            mix_clicks=mix_clicks,
        )
        for number, ((target, ref), sound, fidelity) in enumerate(
            zip(masters, results[: len(masters)], fidelities, strict=True)
        )
    ]
    found = MusicMeasures.model_validate_json(job.blob(music).data)
    grid_match = _grid(job, grid)
    judged = job.json("arrangement/vocal_line", "critic")
    null_db = job.json("mixing/mix", "plan").get("stems_null_db")
    by_score = fit_score(found.pitch_classes, score, asked.key, asked.scale)
    checks = (
        *over_targets([(verdict.target.name, verdict.checks) for verdict in targets]),
        tempo_check(found, grid_match, mean_tempo_bpm(score), asked.tempo_bpm),
        key_check(found.keys, asked.key, asked.scale, by_score),
        *part_checks(parts),
        stems_null_check(None if null_db is None else float(null_db)),
        *score_checks(judged),
    )
    beside_results = results[len(masters) + len(part_tasks) :]
    return Judged(tuple(targets), found, grid_match, parts, judged.get("scores", {}), checks), beside_results


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


def _part_tasks(job: Job, score: Score, names: Sequence[str]) -> dict[str, Task]:
    """A task for each stem of the mix, with its written notes and, where production has it, its dry sound."""
    stems = {ref.role.removeprefix("stem/"): ref for ref in job.refs("mixing/mix") if ref.role.startswith("stem/")}
    dry = {
        ref.role.removeprefix("track/"): ref for ref in job.refs("production/stems") if ref.role.startswith("track/")
    }
    tracks = steady_tracks(merged_tracks(score, job.json("arrangement/vocal_line")), score)
    written = {track.name: track for track in tracks}
    tempo_bpm = steady(score).tempo_bpm
    tasks = {}
    for name in names:
        track = written.get(name)
        notes = () if track is None else track.notes
        rows = [
            (seconds(start, tempo_bpm), seconds(start + length, tempo_bpm), pitch, velocity)
            for start, length, pitch, velocity in notes
        ]
        inputs = part_task_inputs(rows, is_drums=track is not None and track.is_drums)
        refs = {"stem": stems[name], **({"dry": dry[name]} if name in dry else {})}
        tasks[name] = Task(f"part/{name}", _PART_ENTRY, inputs, refs)
    return tasks


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


def _picture_tasks(asked: Asked, job: Job, score: Score, score_ref: Ref) -> list[Task]:
    clock, master = song_clock(score), job.ref("mastering/master", "streaming")
    sections = [
        [part.name, *(round(clock.seconds(tick), 3) for tick in (part.start_ticks, part.end_ticks)), part.energy]
        for part in score.sections
    ]
    sound = {"sections": sections, "corridor": asked.corridor.model_dump(mode="json")}
    course = {"sections": sections, "target_lufs": asked.target_lufs}
    return [
        Task("pictures/sound", _SOUND_PICTURES_ENTRY, sound, {"master": master}),
        Task("pictures/course", _COURSE_PICTURES_ENTRY, course, {"master": master}),
        Task("pictures/score", _SCORE_PICTURE_ENTRY, {}, {"score": score_ref}),
    ]


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
    roles = {track.role for track in score.tracks if track.notes}
    target = _targets(job)[0]
    return Asked(
        duration_s=float(job.read("technical.duration_s")),
        target_lufs=target.loudness_lufs,
        ceiling_dbtp=target.ceiling_dbtp,
        tempo_bpm=float(job.read("musical.tempo_bpm")),
        key=job.read("musical.key"),
        scale=job.read("musical.scale"),
        style=blend(genres).master,
        corridor=corridor_for(genres, roles),
        tolerance_lu=target.tolerance_lu,
        reference=job.read("technical.reference"),
    )


def _pictures(drawn: list[Ref]) -> tuple[list[Ref], dict[str, Ref]]:
    """Large pictures in the order of ``PICTURES``, and thumbnails by name."""
    by_role = {ref.role: ref for ref in drawn}
    return [by_role[name] for name in PICTURES], {name: by_role[f"small/{name}"] for name in PICTURES}


def _main(judged: Judged) -> dict[str, Any]:
    grid = judged.grid
    return {
        "measures": judged.measures.model_dump(mode="json"),
        "tempo_by_score": {"factor": grid.factor, "score": grid.score, "lead": grid.lead, "is_clear": grid.is_clear},
        "decoded_true_peak_dbtp": {
            encode.format: encode.decoded_true_peak_dbtp for encode in judged.targets[0].encodes
        },
        "fidelity": judged.targets[0].fidelity.model_dump(mode="json"),
        "parts": {part.name: _part(part) for part in judged.parts},
        "lead_over_rest_db": lead_over_rest_db(judged.parts),
        "targets": {
            one.target.name: {
                "measures": one.measures.model_dump(mode="json"),
                "fidelity": one.fidelity.model_dump(mode="json"),
                "decoded_true_peak_dbtp": {encode.format: encode.decoded_true_peak_dbtp for encode in one.encodes},
            }
            for one in judged.targets[1:]
        },
        "scores": judged.scores,
    }


def _part(part: Part) -> dict[str, Any]:
    """A part's measures without its level over time, which is long."""
    return {"role": part.role, **part.measures.model_dump(mode="json", exclude={"levels_db"})}


def _verdict(judged: Judged) -> dict[str, Any]:
    return {
        "master_sha256": judged.targets[0].master.sha256,
        "passed": _all_passed(judged.checks),
        "checks": [_plain(check) for check in judged.checks],
        "targets": [
            {
                "name": one.target.name,
                "loudness_lufs": one.target.loudness_lufs,
                "ceiling_dbtp": one.target.ceiling_dbtp,
                "master_sha256": one.master.sha256,
                "passed": _all_passed(one.checks),
                "checks": [_plain(check) for check in one.checks],
            }
            for one in judged.targets
        ],
    }


def _all_passed(checks: Sequence[CheckResult]) -> bool:
    return all(check.passed for check in checks if check.is_blocking)


def _plain(check: CheckResult) -> dict[str, Any]:
    measured = check.measured if isinstance(check.measured, str) else round(float(check.measured), 6)
    return {
        "name": check.name,
        "passed": bool(check.passed),
        "measured": measured,
        "expected": check.expected,
        "note": check.note,
    }


def _facts(judged: Judged) -> dict[str, float | int | str | bool]:
    answers = {check.name: check for check in judged.checks}
    measures = judged.targets[0].measures
    failed = [check.name for check in judged.checks if not check.passed]
    return {
        "target": judged.targets[0].target.name,
        "integrated_lufs": measures.integrated_lufs,
        "true_peak_dbtp": measures.true_peak_dbtp,
        "loudness_range_lu": measures.loudness_range_lu,
        "dynamic_range_db": measures.dynamic_range_db,
        "tempo_bpm": answers["tempo"].measured,
        "key": str(answers["key"].measured),
        "duration_s": measures.duration_s,
        "passed": not failed,
        **{f"{one.target.name}_lufs": one.measures.integrated_lufs for one in judged.targets[1:]},
        **({"failed_checks": ", ".join(failed)} if failed else {}),
    }
