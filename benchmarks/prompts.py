"""Twelve prompts over styles, meters, lengths and languages: asked, resolved, measured, in one table.

``python -m benchmarks.prompts [FOLDER]`` makes them in FOLDER (default: a new home) and leaves the releases there.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.process import run

MUSICGEN = Path(sys.executable).with_name("musicgen")

PROMPTS = (
    ("upbeat pop song about summer, 2 minutes", {}),
    ("melancholic jazz waltz in 3/4 with piano and upright bass, 90 seconds, no drums", {}),
    ("energetic rock at 150 bpm in E minor, 60 seconds", {}),
    ("canción de bossa nova tranquila en re menor, 75 segundos", {}),
    ("ruhiges Schlaflied im 6/8-Takt, F-Dur, 45 Sekunden", {}),
    ("dark synthwave, 100 bpm, 3 minutes", {}),
    ("funky groove with slap bass and brass, 30 seconds", {}),
    ("epic orchestral film trailer in C minor, 100 seconds", {}),
    ("solo piano, sad and slow, in Eb minor, 80 seconds", {}),
    ("lo-fi hip hop beat to study to, 85 bpm, 4 minutes", {}),
    ("house music for dancing at 124 bpm in A minor", {"--duration": "200"}),
    ("ambient soundscape without drums, calm", {"--duration": "600"}),
)


def main() -> None:
    """See the module."""
    home = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="musicgen-prompts-"))
    env = {**os.environ, "MUSICGEN_HOME": str(home)}
    env.pop("DAGSTER_HOME", None)
    print("| prompt | style | meter | tempo asked/measured | key asked/measured | s | LUFS | dBTP | checks | wall s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for seed, (prompt, options) in enumerate(PROMPTS, start=100):
        command = [str(MUSICGEN), "compose", prompt, "--seed", str(seed), "--json"]
        ran = run([*command, *(word for option in options.items() for word in option)], env)
        print(row(prompt, json.loads(ran.output), ran.wall_s), flush=True)
    print(f"releases: {home}/releases")


def row(prompt: str, song: dict[str, Any], wall_s: float) -> str:
    """One line of the table."""
    if "context" not in song or song["context"] is None:
        return f"| {prompt} | {song.get('error') or song.get('errors')} |"
    musical, technical = song["context"]["musical"], song["context"]["technical"]
    measured = {check["name"]: check["measured"] for check in song["checks"]}
    failed = [check["name"] for check in song["checks"] if not check["passed"]]
    cells = [
        prompt, " + ".join(genre["name"] for genre in musical["genres"]), musical["time_signature"],
        f"{musical['tempo_bpm']:g} / {measured.get('tempo')}",
        f"{musical['key']} {musical['scale']} / {measured.get('key')}",
        f"{technical['duration_s']:g} / {measured.get('duration')}", str(measured.get("loudness")),
        f"{measured.get('true_peak')} ({measured.get('decoded_true_peak')})",
        song["status"] + (f": {', '.join(failed)} {song.get('errors', '')}" if failed or song.get("errors") else ""),
        f"{wall_s:.1f}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
