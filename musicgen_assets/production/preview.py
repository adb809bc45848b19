"""production/preview: about ten seconds of the hook, rendered and mixed quickly.

Belongs here: which seconds, notes cut to them, a mix without files. Does not belong here: the song's own render
and mix; a preview is close to them, not a part of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dsp.dynamics import fade_in, fade_out, limiter
from dsp.levels import db_to_gain
from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.graph.job import Blob, FloatArray, Job, Outcome, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.mixing.balance import Stem, plan_mix
from musicgen_assets.mixing.mix import kick_times_s
from musicgen_assets.mixing.strip import strip_sound
from musicgen_assets.production.meter import SILENT_LUFS, measure
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.production.render import render
from musicgen_assets.production.voice.phrases import PlacedPhrase, is_sung
from musicgen_assets.production.voice.sing import PRE_S
from musicgen_assets.production.voice.tasks import Vocals, phrase_tasks, players, song_phrases, vocals_of
from musicgen_assets.production.voice.tasks import track_inputs as voice_inputs
from musicgen_assets.production.voice.track import track_sound
from musicgen_assets.score.clock import seconds, steady, steady_tracks, ticks
from musicgen_assets.score.model import ControlRow, NoteRow, Score, Section, Track

PREVIEW_S = 10.0
PREVIEW_LUFS = -14.0
CEILING_DBTP = -1.0
FADE_IN_S = 0.01
FADE_OUT_S = 0.6
_ENTRY = "musicgen_assets.production.preview:render_preview"


def make_preview(job: Job) -> Outcome:
    """Render the hook's seconds as one task. Role: main."""
    score = job.load("arrangement/arrangement", Score)
    instrumentation = job.load("production/instrumentation", Instrumentation)
    rate = int(job.read("technical.sample_rate_hz"))
    vocal_line = job.json("arrangement/vocal_line")
    vocals = vocals_of(job, vocal_line, score)
    tracks = players(steady_tracks(merged_tracks(score, vocal_line), score), score, vocals)
    score = steady(score)
    section, first, last = hook_window(score)
    length = round(seconds(last - first, score.tempo_bpm) * rate)
    sung, refs = _sung(job, tracks, score, instrumentation, vocals, (first, last, length, rate))
    voices = {inputs["name"] for inputs in sung}
    playing = [cut for track in tracks if track.name not in voices and (cut := cut_track(track, first, last)).notes]
    inputs = {
        "tracks": [
            {**track_inputs(track, instrumentation.sound_for(track), score, rate), "samples": length, "textures": []}
            | {"voices": _voices_within(track, instrumentation, score, section)}
            for track in playing
        ],
        "sung": sung,
        "instrumentation": _without_moves(instrumentation).model_dump(mode="json"),
        "kick_times_s": _kicks_within(score, first, last),
        "sample_rate_hz": rate,
        "samples": length,
    }
    result = job.tasks([Task("preview", _ENTRY, inputs, refs, data=("instruments",))])[0][0]
    facts: dict[str, float | int | str | bool] = {
        "seconds": round(length / rate, 3),
        "from_s": round(seconds(first, score.tempo_bpm), 3),
        "section": section.name,
        "tracks": len(playing) + len(sung),
        "integrated_lufs": float(result.meta["integrated_lufs"]),
    }
    return Outcome([result], facts)


def _sung(
    job: Job, tracks: Sequence[Track], score: Score, instrumentation: Instrumentation, vocals: Vocals,
    window: tuple[int, int, int, int],
) -> tuple[list[dict[str, Any]], dict[str, Ref]]:  # fmt: skip
    """Inputs of the voices heard in the window (first and last tick, samples, rate), and their phrases' sounds.

    The phrases are the take's own tasks: what the preview has sung, the take need not sing again.
    """
    if vocals.casting is None:
        return [], {}
    first, last, length, rate = window
    begin_s, end_s = seconds(first, score.tempo_bpm), seconds(last, score.tempo_bpm)
    inputs: list[dict[str, Any]] = []
    found: dict[str, Ref] = {}
    for track in tracks:
        if not is_sung(track.name):
            continue
        heard = [phrase for phrase in song_phrases(track, score, vocals) if _overlaps(phrase, begin_s, end_s)]
        if not heard:
            continue
        refs = [result[0] for result in job.tasks(phrase_tasks(heard, track.name))]
        moved = [replace(phrase, start_s=phrase.start_s - begin_s) for phrase in heard]
        own, named = voice_inputs(track, instrumentation.sound_for(track), score, rate, vocals, moved, refs)
        inputs.append({**own, "samples": length})
        found |= named
    return inputs, found


def _overlaps(phrase: PlacedPhrase, begin_s: float, end_s: float) -> bool:
    last = phrase.inputs["notes"][-1]
    return phrase.start_s < end_s and phrase.start_s + PRE_S + last[1] + last[2] > begin_s


def hook_window(score: Score) -> tuple[Section, int, int]:
    """The section a preview is from, and its window in ticks: the first chorus, else the most energetic section."""
    hooks = [section for section in score.sections if section.kind in HOOK_KINDS]
    section = hooks[0] if hooks else max(score.sections, key=lambda part: part.energy)
    return section, section.start_ticks, min(score.end_ticks, section.start_ticks + ticks(PREVIEW_S, score.tempo_bpm))


def cut_track(track: Track, first: int, last: int) -> Track:
    """The track's notes between two ticks, counted from the first; held notes are cut at both ends.

    Drums struck before the window are left out: their sound begins with the stroke.
    """
    rows: list[NoteRow] = []
    for start, duration, pitch, velocity in track.notes:
        begins, ends = max(start, first), min(start + duration, last)
        if start < last and ends > begins and not (track.is_drums and start < first):
            rows.append((begins - first, ends - begins, pitch, velocity))
    bends = [(tick - first, value) for tick, value in track.bends if first <= tick < last]
    return track.model_copy(
        update={"notes": tuple(rows), "controllers": _controllers_within(track, first, last), "bends": tuple(bends)}
    )


def _controllers_within(track: Track, first: int, last: int) -> tuple[ControlRow, ...]:
    """Controllers counted from the first tick, beginning with how they stand there."""
    standing: dict[int, int] = {}
    inside: list[ControlRow] = []
    for tick, controller, value in sorted(track.controllers):
        if tick <= first:
            standing[controller] = value
        elif tick < last:
            inside.append((tick - first, controller, value))
    return (*((0, controller, value) for controller, value in sorted(standing.items())), *inside)


def render_preview(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the preview's audio, role ``main``, at about ``PREVIEW_LUFS``, never above ``CEILING_DBTP``."""
    rate, length = int(inputs["sample_rate_hz"]), int(inputs["samples"])
    instrumentation = Instrumentation.model_validate(inputs["instrumentation"])
    sounds = {track["name"]: render({**track, "data": inputs["data"]}) for track in inputs["tracks"]}
    sounds |= {track["name"]: track_sound(track, blobs) for track in inputs["sung"]}
    stems = tuple(Stem(name, measure(sound, rate), rate) for name, sound in sounds.items())
    plan = plan_mix(stems, instrumentation)
    total = np.zeros((2, length), dtype=np.float32)
    for strip in plan.strips:
        wet, _ = strip_sound(
            sounds.pop(strip.track), rate, strip, plan.reverb_of(strip), plan.delay,
            mono_below_hz=plan.mono_below_hz, kick_times_s=inputs["kick_times_s"],
        )  # fmt: skip
        total += wet
    loud = _brought_to(fade_out(fade_in(total, rate, FADE_IN_S), rate, FADE_OUT_S), rate)
    return [audio_payload(loud, rate, "main", {"integrated_lufs": measure(loud, rate).lufs})]


def _brought_to(samples: FloatArray, rate: int) -> FloatArray:
    """Turned to the preview's loudness under its ceiling; limiting takes some, so it is done twice."""
    out = samples
    push_db = 0.0
    for _ in range(2):
        lufs = measure(out, rate).lufs
        if lufs <= SILENT_LUFS:
            return samples
        push_db += PREVIEW_LUFS - lufs
        out = limiter(samples * np.float32(db_to_gain(push_db)), rate, CEILING_DBTP)
    return out


def _without_moves(instrumentation: Instrumentation) -> Instrumentation:
    """Moves of the desk are timed by the whole song, and a hook stands still anyway."""
    tracks = tuple(sound.model_copy(update={"automation": ()}) for sound in instrumentation.tracks)
    vocal = instrumentation.vocal.model_copy(update={"automation": ()})
    return instrumentation.model_copy(update={"tracks": tracks, "vocal": vocal})


def _voices_within(
    track: Track, instrumentation: Instrumentation, score: Score, section: Section
) -> list[dict[str, Any]]:
    """The track's voices in the hook: layers of other sections are left out, the rest play throughout."""
    sound = instrumentation.sound_for(track)
    layers = tuple(layer for layer in sound.layers if not layer.sections or section.name in layer.sections)
    inputs = track_inputs(track, sound.model_copy(update={"layers": layers}), score, 1)
    return [{**voice, "spans_ticks": []} for voice in inputs["voices"]]


def _kicks_within(score: Score, first: int, last: int) -> list[float]:
    begin, end = seconds(first, score.tempo_bpm), seconds(last, score.tempo_bpm)
    return [round(time - begin, 6) for time in kick_times_s(score) if begin <= time < end]
