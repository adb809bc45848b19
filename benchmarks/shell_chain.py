"""The chain a person would script instead, on the same MIDI: render, two-pass loudness, MP3 and FLAC.

fluidsynth renders score.mid, ffmpeg measures and applies loudnorm, LAME at 320 kb/s and FLAC are written.
No composing, no stems, no checks: it is what the sound alone would cost.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.process import run

LOUDNORM = "loudnorm=I=-14:TP=-1:LRA=11"


def missing_tools() -> list[str]:
    """Programs of the chain that this machine lacks."""
    return [tool for tool in ("fluidsynth", "ffmpeg") if shutil.which(tool) is None]


def run_chain(midi: Path, soundfont: Path, folder: Path) -> dict[str, float]:
    """Seconds of each step and of the whole, writing into ``folder``. Raises RuntimeError if a step fails."""
    started = time.perf_counter()
    steps: dict[str, float] = {}
    raw, loud = folder / "raw.wav", folder / "loud.wav"
    steps["render"] = _step(
        ["fluidsynth", "-ni", "-q", "-r", "48000", "-g", "0.5", "-F", str(raw), str(soundfont), str(midi)]
    )
    begun = time.perf_counter()
    first = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", str(raw), "-af", LOUDNORM + ":print_format=json", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    measured = json.loads(first[first.rindex("{") :])
    second = (
        f"{LOUDNORM}:measured_I={measured['input_i']}:measured_TP={measured['input_tp']}"
        f":measured_LRA={measured['input_lra']}:measured_thresh={measured['input_thresh']}"
        f":offset={measured['target_offset']}:linear=true"
    )
    _step(["ffmpeg", "-y", "-loglevel", "error", "-i", str(raw), "-af", second, "-ar", "48000", str(loud)])
    steps["loudnorm"] = time.perf_counter() - begun
    steps["mp3"] = _step(
        ["ffmpeg", "-y", "-loglevel", "error", "-i", str(loud), "-b:a", "320k", str(folder / "song.mp3")]
    )
    steps["flac"] = _step(["ffmpeg", "-y", "-loglevel", "error", "-i", str(loud), str(folder / "song.flac")])
    return {**steps, "total": time.perf_counter() - started}


def _step(command: list[str]) -> float:
    ran = run(command)
    if ran.code != 0:
        raise RuntimeError(f"{command[0]} ended with exit code {ran.code}")
    return ran.wall_s
