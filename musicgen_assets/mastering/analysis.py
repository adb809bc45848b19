"""mastering/analysis: everything measured of the master, pictures of it, and the verdict of the gate.

Belongs here: the artifact and its pictures. Does not belong here: gathering and judging (mastering.judging), how
anything is measured or drawn (mastering.measures, mastering.pictures).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.gate import (
    Asked,
)
from musicgen_assets.mastering.gate_parts import Part, lead_over_rest_db
from musicgen_assets.mastering.judging import Judged, asked_of, judge_masters
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score

PICTURES = ("waveform", "spectrogram", "loudness", "spectrum", "piano_roll", "phase", "energy")

_SOUND_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_sound"
_COURSE_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_course"
_SCORE_PICTURE_ENTRY = "musicgen_assets.mastering.pictures:draw_score"


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
