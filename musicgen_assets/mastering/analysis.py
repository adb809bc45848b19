"""mastering/analysis: everything measured of the master, pictures of it, and the verdict of the gate.

Belongs here: gathering measures and plans, and the artifact. Does not belong here: how anything is measured,
judged or drawn (mastering.measures, mastering.gate, mastering.pictures).
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.corridor import corridor_for
from musicgen_assets.mastering.gate import Asked, decoded_peak_check, score_checks, sound_checks, stems_null_check
from musicgen_assets.mastering.gate_music import key_check, tempo_check
from musicgen_assets.mastering.key_by_score import fit_score
from musicgen_assets.mastering.measures import Measures
from musicgen_assets.mastering.plan import EncodeRecord, MasterPlan
from musicgen_assets.mastering.tempo_grid import GridMatch
from musicgen_assets.score.clock import mean_tempo_bpm, song_clock
from musicgen_assets.score.model import Score

PICTURES = ("waveform", "spectrogram", "loudness", "spectrum", "piano_roll", "phase", "energy")

_MEASURE_ENTRY = "musicgen_assets.mastering.measures:measure_master"
_GRID_ENTRY = "musicgen_assets.mastering.tempo_grid:match_tempo"
_SOUND_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_sound"
_COURSE_PICTURES_ENTRY = "musicgen_assets.mastering.pictures:draw_course"
_SCORE_PICTURE_ENTRY = "musicgen_assets.mastering.pictures:draw_score"
_PEAK_ENTRY = "musicgen_assets.mastering.codecs:measure_decoded"


def make_analysis(job: Job) -> Outcome:
    """Roles "main" (measurements), "verdict", and the pictures; every declared check is answered.

    The verdict names the master it holds for: {"master_sha256", "passed", "checks": [{name, passed, measured,
    expected, note}]}.
    """
    master = job.ref("mastering/master", "streaming")
    score_ref = job.ref("arrangement/arrangement", "main")
    score = job.load("arrangement/arrangement", Score)
    job.progress(0.1, "measuring")
    asked = asked_of(job, score)
    results = job.tasks(_tasks(asked, master, score_ref, score))
    measures = Measures.model_validate_json(job.blob(results[0][0]).data)
    grid = _grid(job, results[1][0])
    encodes = _encodes(job)
    judged = job.json("arrangement/vocal_line", "critic")
    by_score = fit_score(measures.pitch_classes, score, asked.key, asked.scale)
    null_db = job.json("mixing/mix", "plan").get("stems_null_db")
    checks = [
        *sound_checks(measures, asked),
        decoded_peak_check(encodes, asked.ceiling_dbtp),
        tempo_check(measures, grid, mean_tempo_bpm(score), asked.tempo_bpm),
        key_check(measures.keys, asked.key, asked.scale, by_score),
        stems_null_check(None if null_db is None else float(null_db)),
        *score_checks(judged),
    ]
    job.progress(0.9, "verdict")
    main = {
        "measures": measures.model_dump(mode="json"),
        "tempo_by_score": {"factor": grid.factor, "score": grid.score, "lead": grid.lead, "is_clear": grid.is_clear},
        "decoded_true_peak_dbtp": {encode.format: encode.decoded_true_peak_dbtp for encode in encodes},
        "scores": judged.get("scores", {}),
    }
    large, small = _pictures([ref for drawn in results[2:] for ref in drawn])
    return Outcome(
        content=(json_payload(main), json_payload(_verdict(master, checks), "verdict"), *large),
        facts=_facts(measures, checks),
        pictures={name: job.blob(ref).data for name, ref in small.items()},
        checks=checks,
    )


def _tasks(asked: Asked, master: Ref, score_ref: Ref, score: Score) -> list[Task]:
    clock = song_clock(score)
    sections = [
        [part.name, *(round(clock.seconds(tick), 3) for tick in (part.start_ticks, part.end_ticks)), part.energy]
        for part in score.sections
    ]
    sound = {"sections": sections, "corridor": asked.corridor.model_dump(mode="json")}
    course = {"sections": sections, "target_lufs": asked.target_lufs}
    return [
        Task("measures", _MEASURE_ENTRY, {"tempo_bpm": asked.tempo_bpm}, {"master": master}),
        Task("tempo", _GRID_ENTRY, {}, {"master": master, "score": score_ref}),
        Task("pictures/sound", _SOUND_PICTURES_ENTRY, sound, {"master": master}),
        Task("pictures/course", _COURSE_PICTURES_ENTRY, course, {"master": master}),
        Task("pictures/score", _SCORE_PICTURE_ENTRY, {}, {"score": score_ref}),
    ]


def _grid(job: Job, ref: Ref) -> GridMatch:
    import json

    found = json.loads(job.blob(ref).data)
    return GridMatch(found["factor"], found["score"], found["lead"])


def _encodes(job: Job) -> list[EncodeRecord]:
    """The plan's records of lossy files, measured again where a record is not of the file that is there."""
    plan = MasterPlan.model_validate(job.json("mastering/master", "plan"))
    refs = {
        ref.role.removeprefix("encoded/"): ref
        for ref in job.refs("mastering/master")
        if ref.role.startswith("encoded/")
    }
    found = []
    for name, ref in refs.items():
        record = plan.encode(name)
        if record is None or record.sha256 != ref.sha256:
            record = _measured_again(job, name, ref)
        found.append(record)
    return found


def _measured_again(job: Job, name: str, ref: Ref) -> EncodeRecord:
    ((peak,),) = job.tasks([Task(f"codec/{name}", _PEAK_ENTRY, {"format": name}, {"audio": ref})])
    return EncodeRecord.model_validate_json(job.blob(peak).data)


def asked_of(job: Job, score: Score) -> Asked:
    """What the master was to be, from the context, the styles and who plays in ``score``."""
    from musicgen_assets.styles.loader import blend

    genres = job.read("musical.genres")
    roles = {track.role for track in score.tracks if track.notes}
    return Asked(
        duration_s=float(job.read("technical.duration_s")),
        target_lufs=float(job.read("technical.loudness_target_lufs")),
        ceiling_dbtp=float(job.read("technical.true_peak_ceiling_dbtp")),
        tempo_bpm=float(job.read("musical.tempo_bpm")),
        key=job.read("musical.key"),
        scale=job.read("musical.scale"),
        style=blend(genres).master,
        corridor=corridor_for(genres, roles),
    )


def _pictures(drawn: list[Ref]) -> tuple[list[Ref], dict[str, Ref]]:
    """Large pictures in the order of ``PICTURES``, and thumbnails by name."""
    by_role = {ref.role: ref for ref in drawn}
    return [by_role[name] for name in PICTURES], {name: by_role[f"small/{name}"] for name in PICTURES}


def _verdict(master: Ref, checks: list[CheckResult]) -> dict[str, Any]:
    return {
        "master_sha256": master.sha256,
        "passed": all(check.passed for check in checks if check.is_blocking),
        "checks": [_plain(check) for check in checks],
    }


def _plain(check: CheckResult) -> dict[str, Any]:
    measured = check.measured if isinstance(check.measured, str) else round(float(check.measured), 6)
    return {
        "name": check.name,
        "passed": bool(check.passed),
        "measured": measured,
        "expected": check.expected,
        "note": check.note,
    }


def _facts(measures: Measures, checks: list[CheckResult]) -> dict[str, float | int | str | bool]:
    tempo = next(check.measured for check in checks if check.name == "tempo")
    failed = [check.name for check in checks if not check.passed]
    return {
        "integrated_lufs": measures.integrated_lufs,
        "true_peak_dbtp": measures.true_peak_dbtp,
        "loudness_range_lu": measures.loudness_range_lu,
        "dynamic_range_db": measures.dynamic_range_db,
        "tempo_bpm": tempo,
        "key": next(str(check.measured) for check in checks if check.name == "key"),
        "duration_s": measures.duration_s,
        "passed": not failed,
        **({"failed_checks": ", ".join(failed)} if failed else {}),
    }
