"""How much memory a local model takes, and how long a second of its sound: ``python -m benchmarks.local_models``.

Writes weights of a real size with random numbers (benchmarks.random_models), loads them through the very process that
songs use, and makes sound. Speed and memory do not depend on what the numbers are. Needs `make models`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from resources.local_models.environment import models_python
from resources.local_models.folders import WeightsFolder, demucs_folder, musicgen_folder
from resources.local_models.musicgen import NEW_S, SAMPLING, WINDOW_S
from resources.local_models.process import ModelProcess
from resources.settings import get_settings

MAKER = Path(__file__).parent / "random_models.py"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="transformers", choices=("transformers", "audiocraft", "demucs"))
    parser.add_argument("--size", default="small", choices=("tiny", "small", "medium"))
    parser.add_argument("--seconds", type=float, default=5.0, help="of sound to make, or to take apart")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--weights", type=Path, help="a folder to measure instead of random weights")
    asked = parser.parse_args()
    python = models_python(get_settings())
    if python is None:
        sys.exit("The environment for local models is not set up: make models")
    folder = asked.weights or Path(tempfile.mkdtemp(prefix="random-weights-"))
    try:
        if asked.weights is None:
            subprocess.run([str(python), str(MAKER), asked.kind, asked.size, str(folder)], check=True)
        print(json.dumps(measured(python, folder, asked), indent=2))
    finally:
        if asked.weights is None:
            shutil.rmtree(folder, ignore_errors=True)


def measured(python: Path, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Load once, ask twice: the second time nothing is loaded."""
    found = demucs_folder(folder) if asked.kind == "demucs" else musicgen_folder(folder)
    if found.problems:
        sys.exit(f"{folder}: {'; '.join(found.problems)}")
    process = ModelProcess(python, idle_s=600.0)
    try:
        message, sounds = question(found, asked)
        began = time.perf_counter()
        first = process.ask(message, sounds, lambda *_: None).told
        took_s = time.perf_counter() - began
        second = process.ask(message, sounds, lambda *_: None).told
    finally:
        process.close()
    return {
        "model": f"{asked.kind} {asked.size}", "parameters": first["parameters"], "device": first["device"],
        "threads": first["threads"], "weights_gb": round(found.weights_bytes / 1e9, 2),
        "load_s": first["load_s"], "first_answer_s": round(took_s, 1),
        "seconds_per_second": round(second["compute_s"] / asked.seconds, 2),
        "cpu_seconds_per_second": round(second["cpu_s"] / asked.seconds, 2),
        "peak_gb": round(second["peak_bytes"] / 1e9, 2),
    }  # fmt: skip


def question(found: WeightsFolder, asked: argparse.Namespace) -> tuple[dict[str, Any], list[Any]]:
    """What the engines would ask."""
    base = {"backend": found.backend, "folder": str(found.path), "title": found.title, "identity": found.title,
            "device": asked.device}  # fmt: skip
    if asked.kind == "demucs":
        mix = np.random.default_rng(1).normal(0.0, 0.1, (2, round(asked.seconds * 44_100))).astype(np.float32)
        return {**base, "do": "demucs", "rate_hz": 44_100}, [mix]
    return {**base, "do": "musicgen", "prompt": "calm piano, 92 bpm, C minor", "seconds": asked.seconds, "seed": 1,
            "window_s": WINDOW_S, "new_s": NEW_S, "has_melody": False, **SAMPLING}, []  # fmt: skip


if __name__ == "__main__":
    main()
