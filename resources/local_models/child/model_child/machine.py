"""What this machine offers models: a device, threads, and how large a model is.

Belongs here: choosing those. Does not belong here: loading anything.
"""

from __future__ import annotations

import os
from typing import Any

from .trouble import ModelError

SMALL_PARAMETERS = 20_000_000
"""Below this, threads wait for each other longer than they compute."""


def device_of(wish: str) -> str:
    """ "cuda" or "cpu"; ``wish`` is one of them, or "auto" for the GPU where there is one. Raises ModelError."""
    import torch

    if wish == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if wish == "cuda":
        raise ModelError(
            "A GPU was asked for and torch finds none.",
            "Set MUSICGEN_ENGINES__LOCAL_DEVICE=auto, or install a torch that knows the GPU: make models TORCH=torch",
        )
    return "cpu"


def set_threads(parameters: int) -> int:
    """As many threads as pay for a model of that size, and how many those are."""
    import torch

    threads = 1 if parameters < SMALL_PARAMETERS else max(1, len(os.sched_getaffinity(0)))
    torch.set_num_threads(threads)
    return threads


def about(wish: str) -> dict[str, Any]:
    """Versions and device, for people who ask how the engine stands."""
    import importlib.metadata

    import torch

    versions = {}
    for name in ("torch", "transformers", "audiocraft", "demucs"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    device = device_of(wish)
    return {
        "versions": versions,
        "device": torch.cuda.get_device_name(0) if device == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
    }
