"""Packages for games and films, measured on whole songs of unlike forms: joins, layers, cut-downs, loop points.

``python -m benchmarks.packages [NAME ...] [--out FOLDER]`` makes the songs of ``SONGS`` (all, or those named) and their
packages for games and films, and prints one line a song:

- **seam**: the largest ratio of the join to the rest of the loop (click, flux); above 1 it would stick out.
- **twin**: the same ratio for the loop cut out of the song's own mix, nothing folded: what was gained.
- **step**: how far the first second after the join differs in level from the same notes played twice in a row, in dB;
  blocks of 0.1 s, those more than 40 dB under the loop left out.
- **null**: the layers' sum against the loop, in dB.
- **points**: whether wavinfo (WAV) and ffprobe or mutagen (OGG) read the loop points that were meant.
- **cut-downs**: off by so many samples in length; the longest time from last downbeat to end, in s, over all of them.

Exit code 1 where one falls short: seam > 1, step > 0.5 dB, null > -90 dB, a sample off, a downbeat over 1.5 s, a point
read otherwise.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sounding import sounding_song
from dsp.audiofile import decode
from dsp.loops import measure_join
from musicgen_assets.context.timecode import samples_of
from musicgen_assets.finalization import release
from musicgen_assets.finalization.metadata import tags_of
from musicgen_assets.finalization.packages import film, game
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.excerpt_job import excerpt_stems
from musicgen_assets.finalization.packages.film_audio import FILM_RATE_HZ
from musicgen_assets.finalization.packages.game_form import choose_loop, excerpt
from musicgen_assets.finalization.size import PACKINGS
from musicgen_assets.finalization.stems import StemSet
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.mastering.tone import bands_of, with_tone
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.exports.written import Swing
from musicgen_assets.score.model import Score

SONGS: Mapping[str, tuple[str, float, int, Mapping[str, Any]]] = {
    "house": ("house track, instrumental", 60.0, 3, {}),
    "cinematic": ("epic cinematic orchestral", 90.0, 4, {}),
    "folk 6/8": ("folk song with vocals", 60.0, 5, {"musical.time_signature": "6/8"}),
    "pop 30 s": ("pop song", 30.0, 6, {}),
    "piano 3/4": ("solo piano, through-composed", 45.0, 7, {"musical.time_signature": "3/4"}),
    "hit points": ("trailer music with a drop at 20 seconds and a hit at 31 seconds", 50.0, 8, {}),
}
"""Prompt, length, seed, overrides."""
HEADS = (
    "song", "loop", "seam", "twin", "step dB", "null dB", "points", "cut-downs", "samples off", "downbeat s", "CPU s",
)  # fmt: skip
STEP_DB, NULL_DB, DOWNBEAT_S = 0.5, -90.0, 1.5
_BLOCK_S, _LOUDEST_UNDER_DB = 0.1, 40.0


@dataclass(frozen=True)
class Row:
    """One song's figures; see the module."""

    name: str
    form: str
    loop: str
    seam: float
    twin: float
    step_db: float
    null_db: float
    are_points_read: bool
    samples_off: int
    downbeat_s: float
    cuts: int
    cpu_s: float

    @property
    def faults(self) -> list[str]:
        """What falls short."""
        found = {
            "seam": self.seam > 1.0, "step": self.step_db > STEP_DB, "null": self.null_db > NULL_DB,
            "points": not self.are_points_read, "length": self.samples_off != 0,
            "downbeat": self.downbeat_s > DOWNBEAT_S,
        }  # fmt: skip
        return [name for name, is_short in found.items() if is_short]


def delivery_of(store: MemoryStore) -> Delivery:
    """What packages are made from, without the rest of a release."""
    job = MemoryJob("finalization/release", store)
    song = release._song(job, ())
    no_stems = StemSet((), {}, 0.0, PACKINGS[0])
    return Delivery(job, song, tags_of(song, ""), {}, no_stems, {}, Swing(0.5, 0.5))


def prove(name: str, out: Path | None) -> Row:
    """One song made, packaged and measured."""
    prompt, duration_s, seed, overrides = SONGS[name]
    store = sounding_song(prompt, duration_s, seed, overrides)
    delivery = delivery_of(store)
    began = time.process_time()
    files = {**by_path(store, game.make(delivery), "game"), **by_path(store, film.make(delivery), "film")}
    cpu_s = time.process_time() - began
    if out is not None:
        for path, data in files.items():
            target = out / name.replace(" ", "_").replace("/", "_") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    cues, sheet = json.loads(files["game/cues.json"]), json.loads(files["film/cue_sheet.json"])
    loop, rate = decode(files["game/loop.wav"])
    lengths = [
        abs(decoded_length(files[f"film/{cue['file']}"]) - samples_of(cue["frames"], sheet["frame_rate"], FILM_RATE_HZ))
        for cue in sheet["cues"]
    ]  # fmt: skip
    after = [cue["after_last_downbeat_s"] for cue in sheet["cues"][1:]]
    score = delivery.song.score
    return Row(
        name=name,
        form=" ".join(f"{part.kind}{part.bars}" for part in score.sections),
        loop=f"{'+'.join(cues['loop']['sections'])}, {cues['loop']['bars']} bars, {cues['loop']['seconds']:.1f} s",
        seam=seam(loop, rate),
        twin=seam(cut_twin(delivery, cues), rate),
        step_db=level_step_db(delivery, loop, rate, float(cues["gain_over_mix_db"])),
        null_db=null_db([decode(files[f"game/{layer['file']}"])[0] for layer in cues["layers"]], loop),
        are_points_read=points_are_read(files, cues),
        samples_off=max(lengths),
        downbeat_s=max(after, default=0.0),
        cuts=len(after),
        cpu_s=cpu_s,
    )


def by_path(store: MemoryStore, files: Sequence[File], folder: str) -> dict[str, bytes]:
    """Files of a package by path."""
    kept = {file.role: store.keep(file) for file in files}
    return {f"{folder}/{path}": store.blobs[ref.sha256].data for path, ref in kept.items()}


def decoded_length(data: bytes) -> int:
    """Samples that a file decodes to."""
    return int(decode(data)[0].shape[1])


def seam(loop: Any, rate: int) -> float:
    """The worst of the join's ratios that compare it with the whole loop."""
    join = measure_join(loop, rate)
    return max(join.click_ratio, join.flux_ratio)


def cut_twin(delivery: Delivery, cues: Any) -> Any:
    """The same bars cut out of the song's mix, nothing folded."""
    choice, clock = choose_loop(delivery.song.score), song_clock(delivery.song.score)
    mix, rate = delivery.job.audio(delivery.mix)
    start = round(clock.seconds(choice.start_ticks) * rate)
    return np.ascontiguousarray(mix[:, start : start + cues["loop"]["samples"]])


def level_step_db(delivery: Delivery, loop: Any, rate: int, gain_db: float) -> float:
    """The loop's first second after the join against the second time round of the same notes played twice."""
    score, choice = delivery.song.score, choose_loop(delivery.song.score)
    clock = song_clock(score)
    if not clock.is_steady:
        return 0.0  # notes cannot be moved on a bent time line and stay what they were
    once = excerpt(score, choice.start_ticks, choice.end_ticks, 0.0)
    span = choice.end_ticks - choice.start_ticks
    twice_tracks = tuple(
        track.model_copy(update={"notes": (*track.notes, *((row[0] + span, *row[1:]) for row in track.notes))})
        for track in once.tracks
    )
    length_s = clock.seconds(choice.end_ticks)
    twice: Score = once.model_copy(update={"tracks": twice_tracks, "duration_s": round(length_s + 2.0, 6)})
    stems = excerpt_stems(delivery.job, twice, choice.start_ticks, choice.end_ticks)
    total = np.sum([delivery.job.audio(ref)[0] for ref in stems.values()], axis=0, dtype=np.float32)
    bands = bands_of(delivery.master_plan["streaming"]["tone"])
    second = with_tone(total, rate, bands) * np.float32(10 ** (gain_db / 20))
    first = round(length_s * rate)
    return largest_step_db(second[:, first : first + rate], loop[:, :rate], loop, rate)


def largest_step_db(expected: Any, found: Any, loop: Any, rate: int) -> float:
    """Largest difference of levels in blocks of 0.1 s that are not far under the loop's own level."""
    size = round(_BLOCK_S * rate)
    floor = 10.0 * np.log10(np.mean(np.square(loop, dtype=np.float64))) - _LOUDEST_UNDER_DB
    steps = [0.0]
    for start in range(0, min(expected.shape[1], found.shape[1]) - size + 1, size):
        levels = [
            10.0 * np.log10(max(float(np.mean(np.square(side[:, start : start + size], dtype=np.float64))), 1e-20))
            for side in (expected, found)
        ]
        if max(levels) > floor:
            steps.append(abs(levels[0] - levels[1]))
    return max(steps)


def null_db(layers: Sequence[Any], loop: Any) -> float:
    """Peak of (sum of the layers - loop) in dB."""
    rest = np.sum(layers, axis=0, dtype=np.float64) - loop
    return float(20.0 * np.log10(max(float(np.abs(rest).max()), 1e-9)))


def points_are_read(files: Mapping[str, bytes], cues: Any) -> bool:
    """Whether other libraries read the loop points of every looped file."""
    from wavinfo import WavInfoReader

    samples = cues["loop"]["samples"]
    wavs = ["loop.wav", *(layer["file"] for layer in cues["layers"])]
    found = []
    for name in wavs:
        (one,) = WavInfoReader(io.BytesIO(files[f"game/{name}"])).smpl.sample_loops
        found.append((one.start, one.end) == (0, samples - 1))
    oggs = {"loop.ogg": 0, **({"theme.ogg": cues["theme"]["loop_start"]} if cues["theme"] else {})}
    found += [ogg_points(files[f"game/{name}"]) == (start, samples) for name, start in oggs.items()]
    return all(found)


def ogg_points(data: bytes) -> tuple[int, int]:
    """LOOPSTART and LOOPLENGTH as ffprobe reads them; by mutagen where it is not installed."""
    if shutil.which("ffprobe"):
        command = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream_tags", "-i", "pipe:0"]
        told = subprocess.run(command, input=data, capture_output=True, check=True)
        tags = {name.upper(): value for name, value in json.loads(told.stdout)["streams"][0]["tags"].items()}
        return int(tags["LOOPSTART"]), int(tags["LOOPLENGTH"])
    from mutagen.oggvorbis import OggVorbis

    comments = OggVorbis(io.BytesIO(data))
    return int(comments["LOOPSTART"][0]), int(comments["LOOPLENGTH"][0])


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description="Packages for games and films, measured.")
    parser.add_argument("names", nargs="*", help=f"songs: {', '.join(SONGS)}")
    parser.add_argument("--out", type=Path, help="leave the files there")
    asked = parser.parse_args()
    rows = []
    for name in asked.names or SONGS:
        row = prove(name, asked.out)
        rows.append(row)
        if len(rows) == 1:
            print(f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|")
        print(
            f"| {row.name} | {row.loop} | {row.seam:.2f} | {row.twin:.2f} | {row.step_db:.2f} | {row.null_db:.0f} "
            f"| {'read' if row.are_points_read else 'WRONG'} | {row.cuts} | {row.samples_off} | {row.downbeat_s:.2f} "
            f"| {row.cpu_s:.0f} |", flush=True,
        )  # fmt: skip
        if row.faults:
            print(f"{row.name} ({row.form}) falls short: {', '.join(row.faults)}", file=sys.stderr)
    return int(any(row.faults for row in rows))


if __name__ == "__main__":
    sys.exit(main())
