"""production/take: what the engine of this version produced, one dry file a track, and the record of how.

Belongs here: the built-in engine's take, each track a task of its own. Does not belong here: the sound of a
track (render, voice), the mix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.context.decided import ROUTING
from musicgen_assets.context.edits import StoredFile
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.graph.job import Job, Outcome, Ref, Task
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.production.delivered import delivered_take
from musicgen_assets.production.given_stem import stem_task
from musicgen_assets.production.hybrid_vocal import VOCALS, BorrowedVoice, borrowed_voice, voice_engine
from musicgen_assets.production.parts import song_samples, track_inputs
from musicgen_assets.production.plan import VOCAL, Instrumentation
from musicgen_assets.production.voice.phrases import is_sung
from musicgen_assets.production.voice.tasks import Vocals, phrase_tasks, players, song_phrases, track_task, vocals_of
from musicgen_assets.production.voice.tasks import track_inputs as voice_inputs
from musicgen_assets.score.clock import steady, steady_tracks
from musicgen_assets.score.model import Score, Track

GIVEN = "given"
"""Who carries the sung line where a person's own take does."""
RENDER = "musicgen_assets.production.render:render_track"


def make_take(job: Job) -> Outcome:
    """The song by the engine that it is routed to, or that took over since. Roles: see played_take, delivered_take."""
    taken_over = job.data("reroutes").get("full_song")
    engine = taken_over["engine"] if taken_over else job.read(ROUTING).get("full_song", BUILT_IN)
    told = {} if taken_over is None else {"took_over": taken_over}
    return played_take(job, told) if engine == BUILT_IN else delivered_take(job, engine, told)


def played_take(job: Job, told: Mapping[str, Any] | None = None) -> Outcome:
    """Render every track of the arrangement, the sung one included. Roles: track/<name>, record.

    ``told``: what else the record is to say.
    """
    score = job.load("arrangement/arrangement", Score)
    instrumentation = job.load("production/instrumentation", Instrumentation)
    rate = int(job.read("technical.sample_rate_hz"))
    vocal_line = job.json("arrangement/vocal_line")
    vocals = vocals_of(job, vocal_line, score)
    tracks = players(steady_tracks(merged_tracks(score, vocal_line), score), score, vocals)
    score = steady(score)
    given = {track.name: job.read("edits.stems").get(track.name) for track in tracks}
    files = {name: file for name, file in given.items() if file is not None}
    borrowed = _borrowed(job, tracks, files, vocal_line, rate)
    stems = {} if borrowed is None or borrowed.stem is None else {VOCAL: borrowed.stem}
    if stems:  # whoever sings has a tune of his own: harmonies to ours would not fit
        tracks = [track for track in tracks if track.name == VOCAL or not is_sung(track.name)]
        files = {name: file for name, file in files.items() if name in {track.name for track in tracks}}
    job.progress(0.0, f"rendering {len(tracks) - len(files) - len(stems)} tracks")
    refs = _all_stems(job, tracks, files, stems, score, instrumentation, vocals, rate)
    vocal = _who_sings(job, vocals, files, borrowed)
    record = {**_record(job.data("instruments"), refs), "vocal": vocal, **(told or {})}
    if borrowed is not None:
        record[VOCALS] = dict(borrowed.record)
    if files:
        record["given"] = [_given(name, file, refs) for name, file in files.items()]
    facts: dict[str, float | int | str | bool] = {
        "engine": str(record["model"]), "font": str(record["font"]), "tracks": len(refs),
        "notes": sum(len(track.notes) for track in tracks), "samples": song_samples(score, rate),
        "sung_by": str(record["vocal"].get("singer", record["vocal"]["carrier"])),
    }  # fmt: skip
    if borrowed is not None:
        facts |= {
            "voice": str(borrowed.record["note"]),
            "voice_usd": str(borrowed.record["cost_usd"] or "as estimated"),
        }
    if files:
        facts["given"] = "; ".join(f"{row['track']}: {row['name']}, {row['done']}" for row in record["given"])
    return Outcome([*refs, json_payload(record, "record")], facts)


def _borrowed(
    job: Job, tracks: Sequence[Track], files: Mapping[str, StoredFile], vocal_line: Mapping[str, Any], rate: int
) -> BorrowedVoice | None:
    """The voice of another engine, where one is to sing; None where the guide is, a file that was given, or nobody."""
    if VOCAL in files or not any(track.name == VOCAL for track in tracks):
        return None
    engine = voice_engine(job)
    if engine == BUILT_IN:
        return None
    return borrowed_voice(job, engine, job.load("arrangement/arrangement", Score), vocal_line, rate)


def _who_sings(
    job: Job, vocals: Vocals, files: Mapping[str, StoredFile], borrowed: BorrowedVoice | None
) -> dict[str, Any]:
    """The record of the sung line."""
    if VOCAL in files:
        return given_vocal(files[VOCAL])
    if borrowed is not None and borrowed.stem is not None:
        return borrowed.vocal
    own = vocals.record(job.data("voice") if vocals.casting is not None else None)
    if borrowed is not None:
        own["note"] = f"{borrowed.record['note']} {own['note']}".strip()
    return own


def _all_stems(
    job: Job, tracks: Sequence[Track], files: Mapping[str, StoredFile], known: Mapping[str, Ref], score: Score,
    instrumentation: Instrumentation, vocals: Vocals, rate: int,
) -> list[Ref]:  # fmt: skip
    """Every track's dry stem, in order: as it is known already, the file that was given for it, else rendered."""
    left = [track for track in tracks if track.name not in {*files, *known}]
    own = _rendered(job, left, score, instrumentation, vocals, rate)
    tasks = [stem_task(name, file, rate, song_samples(score, rate)) for name, file in files.items()]
    stems = {ref.role: ref for ref in (*own, *known.values(), *(result[0] for result in job.tasks(tasks)))}
    return [stems[f"track/{track.name}"] for track in tracks]


def _given(track: str, file: StoredFile, refs: Sequence[Ref]) -> dict[str, Any]:
    """For the record: whose place a file took, which file, and what was done to fit it."""
    done = next(ref.meta["given"] for ref in refs if ref.role == f"track/{track}")
    return {"track": track, "name": file.name, "sha256": file.sha256, "done": ", ".join(done) or "as it was"}


def given_vocal(file: StoredFile) -> dict[str, Any]:
    """What the record says of the voice where a take of a singer stands in its place."""
    return {"carrier": GIVEN, "note": f"The vocal is a take that was given ({file.name})."}


def _rendered(
    job: Job, tracks: Sequence[Track], score: Score, instrumentation: Instrumentation, vocals: Vocals, rate: int
) -> list[Ref]:
    """Every track's dry stem, in order. Phrases are sung beside the instruments' playing, then joined."""
    sung = {
        track.name: song_phrases(track, score, vocals)
        for track in tracks
        if vocals.casting is not None and is_sung(track.name)
    }
    played = [
        Task(
            f"track/{track.name}", RENDER,
            track_inputs(track, instrumentation.sound_for(track), score, rate), data=("instruments",),
        )
        for track in tracks if track.name not in sung
    ]  # fmt: skip
    phrases = [task for name, found in sung.items() for task in phrase_tasks(found, name)]
    results = [result[0] for result in job.tasks([*phrases, *played])]
    heard, stems = iter(results[: len(phrases)]), {ref.role: ref for ref in results[len(phrases) :]}
    joins = []
    for track in tracks:
        if track.name in sung:
            own = sung[track.name]
            refs = [next(heard) for _ in own]
            sound = instrumentation.sound_for(track)
            joins.append(track_task(*voice_inputs(track, sound, score, rate, vocals, own, refs)))
    stems |= {result[0].role: result[0] for result in job.tasks(joins)} if joins else {}
    return [stems[f"track/{track.name}"] for track in tracks]


def _record(instruments: dict[str, Any], refs: list[Ref]) -> dict[str, Any]:
    """Who played what. The font is named by name and content; where it lies is this machine's business."""
    tracks = [
        {
            "name": ref.role.removeprefix("track/"),
            "notes": ref.meta["notes"],
            "lufs": ref.meta["measurement"]["lufs"],
            "peak_dbfs": ref.meta["measurement"]["peak_dbfs"],
            "sha256": ref.sha256,
        }
        for ref in refs
    ]
    return {
        "engine": BUILT_IN,
        "model": instruments["engine"],
        "version": instruments["engine_version"],
        "font": instruments["font_name"],
        "font_sha256": instruments["font_sha256"],
        "is_last_resort": instruments["is_last_resort"],
        "tracks": tracks,
        "attempts": [{"engine": BUILT_IN, "outcome": "done", "cost_usd": "0"}],
    }
