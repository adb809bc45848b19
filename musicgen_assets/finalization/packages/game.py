"""The game's package: intro, seamless loop, its layers, outro, stingers, and cues that say where everything lies.

Belongs here: the order of the work, places in samples. Does not belong here: which bars (packages.game_form), sound
(packages.game_audio), what the cue file says (packages.game_cues).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from musicgen_assets.finalization.metadata import readable_json
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.excerpt_job import excerpt_stems
from musicgen_assets.finalization.packages.game_audio import GAME_LUFS
from musicgen_assets.finalization.packages.game_cues import game_cues
from musicgen_assets.finalization.packages.game_form import (
    EARLY_TICKS,
    Layer,
    LoopChoice,
    choose_loop,
    excerpt,
    layers_of,
)
from musicgen_assets.finalization.packages.game_stingers import Stinger, plan_stingers
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Ref, Task
from musicgen_assets.score.clock import song_clock, ticks_per_bar
from musicgen_assets.score.model import Score

TAIL_S = 8.0
"""How long a part is let ring: longer than the longest reverb there is (6 s), for the echo before it."""
OUTRO_S = 20.0
"""An ending longer than this is not waited for in a game: then only its last bars are the outro. R"""
CUES, README = "cues.json", "readme.txt"

_AUDIO = "musicgen_assets.finalization.packages.game_audio"


@dataclass(frozen=True)
class Places:
    """Where the parts lie, in samples of the song. ``lead`` is what the loop's bus has before the loop."""

    rate: int
    loop_start: int
    loop_samples: int
    lead: int
    outro_start: int
    song_samples: int


def make(delivery: Delivery) -> Sequence[File]:
    """Everything of the package; see the module."""
    score = delivery.song.score
    choice = choose_loop(score)
    outro_tick = outro_start_ticks(score)
    places = _places(delivery, choice, outro_tick)
    clock = song_clock(score)
    job = delivery.job
    loop_part = excerpt(score, choice.start_ticks, choice.end_ticks, clock.seconds(choice.end_ticks) + TAIL_S)
    outro_part = excerpt(score, outro_tick, score.end_ticks + ticks_per_bar(score.time_signature), score.duration_s,
                         is_on_time=True)  # fmt: skip
    layers = layers_of(loop_part.tracks)
    stems = {
        "loop": excerpt_stems(job, loop_part, choice.start_ticks, choice.end_ticks),
        "outro": excerpt_stems(job, outro_part, outro_tick, score.end_ticks),
    }
    if choice.start_ticks:
        intro_part = excerpt(score, 0, choice.start_ticks, clock.seconds(choice.start_ticks) + TAIL_S)
        stems["intro"] = excerpt_stems(job, intro_part, 0, choice.start_ticks)
    job.progress(0.7, "game: buses")
    buses, loop_lufs = _buses(delivery, stems, layers, places)
    stingers = plan_stingers(score, choice, outro_tick, places.rate)
    files, facts = _files(delivery, buses, places, GAME_LUFS - loop_lufs, stingers)
    cues = game_cues(score, choice, layers, places, outro_tick, stingers, facts, files)
    return [*files, _document(CUES, "application/json", readable_json(cues))]


def outro_start_ticks(score: Score) -> int:
    """Where the outro begins: at the last section, or as few bars before the end as are over OUTRO_S."""
    clock, bar = song_clock(score), ticks_per_bar(score.time_signature)
    start = score.sections[-1].start_ticks
    while score.duration_s - clock.seconds(start) > OUTRO_S and start + bar < score.end_ticks:
        start += bar
    return start


def _places(delivery: Delivery, choice: LoopChoice, outro_tick: int) -> Places:
    clock, rate = song_clock(delivery.song.score), delivery.sample_rate_hz

    def sample(tick: int) -> int:
        return round(clock.seconds(tick) * rate)

    start, end = sample(choice.start_ticks), sample(choice.end_ticks)
    lead = start - sample(max(choice.start_ticks - EARLY_TICKS, 0))
    return Places(rate, start, end - start, lead, sample(outro_tick), round(delivery.song.score.duration_s * rate))


def _buses(
    delivery: Delivery, stems: dict[str, dict[str, Ref]], layers: Sequence[Layer], places: Places
) -> tuple[dict[str, dict[str, Ref]], float]:
    """Buses by part and group, and the loudness of the loop as it comes from the mix."""
    tone = delivery.master_plan["streaming"]["tone"]
    channels = int(delivery.song.measures["channels"])
    firsts = {"loop": places.loop_start - places.lead, "intro": 0, "outro": places.outro_start}
    tasks = []
    for part, refs in stems.items():
        groups: list[list[Any]] = [[part, list(refs)]]
        inputs: dict[str, Any] = {"first": firsts[part], "tone": tone, "channels": channels}
        if part == "loop":
            groups = [[layer.name, list(layer.tracks)] for layer in layers]
            inputs["loop"] = [places.lead, places.loop_samples]
        tasks.append(Task(f"game/bus/{part}", f"{_AUDIO}:bus", {**inputs, "groups": groups}, refs))
    results = dict(zip(stems, delivery.job.tasks(tasks), strict=True))
    level = next(ref for ref in results["loop"] if ref.role == "level")
    lufs = float(json.loads(delivery.job.blob(level).data)["lufs"])
    return {part: {ref.role: ref for ref in refs if ref.role != "level"} for part, refs in results.items()}, lufs


def _files(
    delivery: Delivery, buses: dict[str, dict[str, Ref]], places: Places, gain_db: float, stingers: Sequence[Stinger]
) -> tuple[list[Ref], dict[str, Any]]:
    """All audio files, and what was measured of the loop."""
    common = {"loop": [places.lead, places.loop_samples], "gain_db": round(gain_db, 4), "tags": dict(delivery.tags)}
    layers = buses["loop"]
    ending = {"stingers": [stinger.plain() for stinger in stingers]}
    tasks = [
        Task("game/loop", f"{_AUDIO}:loop_files", common, layers),
        Task("game/ending", f"{_AUDIO}:ending_files", {**common, **ending}, {**layers, **buses["outro"]}),
    ]
    if "intro" in buses:
        place = {"loop_at": places.loop_start}
        tasks.append(Task("game/theme", f"{_AUDIO}:theme_files", {**common, **place}, {**layers, **buses["intro"]}))
    refs = [ref for result in delivery.job.tasks(tasks) for ref in result]
    facts = next(ref for ref in refs if ref.role == "facts")
    found: dict[str, Any] = json.loads(delivery.job.blob(facts).data)
    return [ref for ref in refs if ref.role != "facts"], {**found, "gain_db": round(gain_db, 2)}


def _document(path: str, media_type: str, data: bytes) -> Payload:
    return Payload(path, media_type, data, "." + path.rsplit(".", 1)[-1])


def estimate_bytes(facts: SizeFacts) -> float:
    """Loop and up to four layers of at most 90 s, intro, outro and stingers as WAV; two OGG files."""
    loop_s = min(facts.duration_s, 90.0)
    ogg_bytes = 36_000.0
    wavs_s = 5.0 * loop_s + min(facts.duration_s, 60.0) + 30.0 + 3 * 10.0
    return facts.wav_bytes(wavs_s) + ogg_bytes * (3.0 * loop_s + facts.duration_s)
