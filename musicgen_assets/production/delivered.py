"""A take that another engine delivered: asked for, kept as it came, fitted to the song's rate and length.

Belongs here: the take's content for such a song, and the tasks that fit and separate it. Does not belong here: the
built-in engine's take (take), filling in the request (engine_request), calling anybody (resources).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import Role
from musicgen_assets.engines.brief import EngineBrief
from musicgen_assets.engines.capabilities import capabilities_of
from musicgen_assets.graph.job import Ask, Blob, FloatArray, Job, Outcome, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.production.engine_request import song_request
from musicgen_assets.production.given_stem import decoded_finite, fitted_to_song
from musicgen_assets.production.melody_along import melody_along
from musicgen_assets.production.meter import measure
from musicgen_assets.production.stem_sum import REST, completed
from musicgen_assets.score.model import Score

BRIEF = "engine_brief"
DELIVERED = "delivered"
"""The mark in a stem's ``meta``: {engine, honours}, and is_mono where it came in one channel. No score says what
such a stem plays.
"""
SONG = "song"
_FIT = "musicgen_assets.production.delivered:fit_delivered"
_SEPARATE = "musicgen_assets.production.delivered:separate_song"
_FADE_S = 2.0
_SPARE_S = 0.05
"""So much too long is cut without a fade: it is the end of a ring-out."""

ROLES: Mapping[str, Role] = {
    "vocals": "vocal", "vocal": "vocal", "backing_vocals": "vocal", "drums": "drums", "percussive": "drums",
    "percussion": "percussion", "bass": "bass", "strings": "pad", "synth": "chords", "fx": "pad", "brass": "counter",
    "woodwinds": "counter", "guitar": "chords", "keyboard": "chords", "piano": "chords", "lead": "lead",
}  # fmt: skip
"""What stems are called by those who deliver them, and the role in a mix that comes nearest."""

DELIVERED_STEMS = (*ROLES, "harmonic", "other", REST)
"""What a delivered song's stems may be called; harmonic and percussive where it was taken apart here, rest where the
engine's own did not add up to it."""


def role_of(stem: str) -> Role:
    """The role of a delivered stem by its name; chords for what is none of those known."""
    return ROLES.get(stem, "chords")


def delivered_take(job: Job, engine: str, told: Mapping[str, Any]) -> Outcome:
    """Ask ``engine`` for the planned song, and fit what comes back.

    Roles: record; ``original`` as it came; ``song`` fitted; ``track/<stem>`` where the engine delivered stems, which
    add up to the song.
    Raises Failure as graph.job.Job.ask does.
    """
    score = job.load("arrangement/arrangement", Score)
    brief = job.load("ideation/context", EngineBrief, BRIEF)
    along = melody_along(job, engine, score)
    request = song_request(brief, score, job.json("arrangement/vocal_line"))
    request = request.model_copy(update={name: name for name in along})
    wishes = brief.wishes
    refs = {
        ref.role: ref
        for ref in job.ask(
            Ask(
                "full_song", engine, request.model_dump(mode="json"), brief.need, along,
                has_fallback=wishes.has_fallback, budget_usd=wishes.budget_usd,
            )
        )
    }  # fmt: skip
    rate = int(job.read("technical.sample_rate_hz"))
    length = round(brief.duration_s * rate)
    sounds = {SONG: refs[SONG], **{f"track/{name}": ref for name, ref in _stems(refs).items()}}
    mark = {"engine": engine, "honours": sorted(capabilities_of(engine).honours)}
    tasks = [
        Task(f"delivered/{role}", _FIT, {"role": role, "sample_rate_hz": rate, "samples": length, "mark": mark},
             {"sound": ref})
        for role, ref in sounds.items()
    ]  # fmt: skip
    job.progress(0.9, "fitting what was delivered")
    song, *parts = [result[0] for result in job.tasks(tasks)]
    stems, summed = completed(job, song, parts, mark)
    fitted = [song, *stems]
    delivery = _delivery(job, refs["delivery"])
    record = {**delivered_record(engine, delivery, fitted), **({"stems": summed} if summed else {}), **told}
    facts: dict[str, float | int | str | bool] = {
        "engine": engine, "model": str(delivery["model"]), "tracks": len(fitted) - 1,
        "cost_usd": str(delivery["cost_usd"] or "as estimated"), "fitted": str(fitted[0].meta["given"]),
        "licence": str(delivery["licence"]),
    }  # fmt: skip
    if summed:
        facts["stems"] = summed
    return Outcome([replace(refs[SONG], role="original"), *fitted, json_payload(record, "record")], facts)


def delivered_record(engine: str, delivery: Mapping[str, Any], fitted: Sequence[Ref]) -> dict[str, Any]:
    """The take's record: who made it under which terms, and what was done to fit it."""
    tracks = [
        {
            "name": ref.role.removeprefix("track/"), "notes": None, "lufs": ref.meta["measurement"]["lufs"],
            "peak_dbfs": ref.meta["measurement"]["peak_dbfs"], "sha256": ref.sha256,
        }
        for ref in fitted
    ]  # fmt: skip
    return {
        "engine": engine,
        "model": delivery["model"],
        "version": "",
        "font": "",
        "is_last_resort": False,
        "tracks": tracks,
        "vocal": {"carrier": engine, "note": ""},
        DELIVERED: {**delivery, "fitted": fitted[0].meta["given"]},
        "attempts": [{"engine": engine, "outcome": "done", "cost_usd": delivery["cost_usd"] or ""}],
    }


def fit_delivered(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a delivered file at the song's rate and exactly its length, role ``inputs["role"]``.

    What is too long ends in a fade of two seconds. ``inputs["gain_db"]``, where given, is added. Raises
    PermanentFailure for what is no audio.
    """
    from dsp.dynamics import fade_out
    from dsp.errors import AudioError
    from dsp.levels import db_to_gain

    rate, length = int(inputs["sample_rate_hz"]), int(inputs["samples"])
    try:
        samples, own_rate = decoded_finite(blobs["sound"].data)
    except AudioError as error:
        raise PermanentFailure(f"What {inputs['mark']['engine']} delivered can't be read: {error}.") from error
    is_mono = samples.shape[0] == 1
    samples = samples * np.float32(db_to_gain(float(inputs.get("gain_db", 0.0))))
    samples = samples[:2] if samples.shape[0] > 1 else np.repeat(samples, 2, axis=0)
    is_cut = samples.shape[1] / own_rate > length / rate + _SPARE_S
    fitted, done = fitted_to_song(samples, own_rate, rate, length)
    if is_cut:
        fitted = fade_out(fitted, rate, min(_FADE_S, length / rate))
        done.append(f"faded out over {_FADE_S:g} s")
    mark = {**inputs["mark"], **({"is_mono": True} if is_mono else {})}
    meta = {"notes": None, "measurement": measure(fitted, rate).model_dump(), "given": done, DELIVERED: mark}
    return [audio_payload(fitted, rate, str(inputs["role"]), meta)]


def separation_task(song: Ref) -> Task:
    """The task that takes a delivered song apart."""
    return Task("separate", _SEPARATE, {"mark": song.meta[DELIVERED]}, {"song": song})


def separate_song(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the song's stems as ``track/<name>``, which add up to it, by signal processing alone: tones and strokes."""
    from dsp.separation import HarmonicPercussive
    from musicgen_assets.graph.payloads import decoded_audio

    samples, rate = decoded_audio(blobs["song"])
    separation = HarmonicPercussive().separate(samples, rate)
    return [_stem(name, stem, rate, {**inputs["mark"], "separated_by": separation.method})
            for name, stem in separation.stems.items()]  # fmt: skip


def _stem(name: str, samples: FloatArray, rate: int, mark: Mapping[str, Any]) -> Payload:
    meta = {"notes": None, "measurement": measure(samples, rate).model_dump(), DELIVERED: dict(mark)}
    return audio_payload(samples, rate, f"track/{name}", meta)


def _stems(refs: Mapping[str, Ref]) -> dict[str, Ref]:
    return {role.removeprefix("stem/"): ref for role, ref in refs.items() if role.startswith("stem/")}


def _delivery(job: Job, ref: Ref) -> dict[str, Any]:
    import json

    found: dict[str, Any] = json.loads(job.blob(ref).data)
    return found
