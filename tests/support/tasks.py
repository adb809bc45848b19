"""Task functions for testing workers: real calls in real processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from musicgen_assets.context.failures import BadInput
from musicgen_assets.graph.job import Blob, Payload


def text(role: str, value: str) -> Payload:
    return Payload(role, "text/plain", value.encode(), ".txt")


def upper(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    words = blobs["words"].data.decode() if "words" in blobs else inputs["words"]
    return [text("upper", words.upper())]


def whoami(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    time.sleep(inputs.get("wait_s", 0.0))
    return [text("pid", str(os.getpid()))]


def refuse(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    raise BadInput("musical.key", "H", "there is no such key", way_out="Use B.")


def stumble(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    return [text("never", str(1 / inputs["zero"]))]


def die(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def sleep(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    time.sleep(inputs["seconds"])
    return [text("slept", "yes")]


def churn(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Long calls into C that hold Python up: sorting takes seconds and never looks at signals."""
    numbers = np.random.default_rng(1).random(20_000_000)
    for _ in range(1000):
        np.sort(numbers)
    return [text("churned", "yes")]


def note(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Leave a file behind, so that a test sees that it ran."""
    Path(inputs["file"]).touch()
    time.sleep(inputs.get("wait_s", 0.0))
    return [text("noted", inputs["file"])]
