"""Demucs through its own loader and its own separator: stems of a mix, and what they lack of it.

Belongs here: loading from a folder and separating. Does not belong here: checking the folder's layout
(resources.local_models.folders). A .th file is a pickle: loading one runs what its author put into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .machine import device_of, set_threads
from .trouble import ModelError

FloatArray = NDArray[np.float32]
Told = Callable[[float, str], None]


class DemucsSeparation:
    """One loaded model, or a bag of them."""

    def __init__(self, folder: str, name: str, device: str) -> None:
        from demucs.api import Separator
        from demucs.repo import ModelLoadingError

        self.device = device_of(device)
        try:
            # No shifts: they are random, and the same song is to come apart the same way.
            self.separator = Separator(model=name, repo=Path(folder), device=self.device, shifts=0)
        except (ModelLoadingError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{name} in {folder} could not be loaded: {type(error).__name__}: {error}", "See: musicgen doctor"
            ) from error
        self.name = name
        self.rate = int(self.separator.samplerate)
        self.parameters = sum(one.numel() for one in self.separator.model.parameters())

    def make(
        self, message: dict[str, Any], sounds: list[FloatArray], told: Told
    ) -> tuple[dict[str, Any], list[FloatArray]]:
        """Stems of a stereo mix, each float32 (2, samples) at its rate and length, and last what they lack of it."""
        import torch

        threads = set_threads(self.parameters)
        mix, rate = sounds[0], int(message["rate_hz"])
        wave = torch.from_numpy(_at(mix, rate, self.rate))
        length = wave.shape[1]

        def heard(state: dict[str, Any]) -> None:
            share = (state["model_idx_in_bag"] + state["segment_offset"] / length) / state["models"]
            told(min(share, 1.0), f"{state['segment_offset'] / self.rate:.0f} of {length / self.rate:.0f} s")

        self.separator.update_parameter(callback=heard)
        with torch.inference_mode():
            _, found = self.separator.separate_tensor(wave, self.rate)
        names = list(found)
        stems = [_fit(_at(found[name].float().cpu().numpy(), self.rate, rate), mix.shape[1]) for name in names]
        rest = (mix.astype(np.float64) - sum(stem.astype(np.float64) for stem in stems)).astype(np.float32)
        if not all(math.isfinite(float(stem.sum())) for stem in (*stems, rest)):
            raise ModelError(f"{self.name} answered with values that are no numbers.", "See: musicgen doctor")
        return {
            "sources": names, "sample_rate_hz": rate, "model": message["identity"], "device": self.device,
            "threads": threads, "parameters": self.parameters,
        }, [*stems, rest]  # fmt: skip


def _at(samples: FloatArray, rate_hz: int, wanted_hz: int) -> FloatArray:
    import soxr

    if rate_hz == wanted_hz:
        return np.array(samples)
    return np.ascontiguousarray(soxr.resample(samples.T, rate_hz, wanted_hz, quality="VHQ").T, np.float32)


def _fit(samples: FloatArray, length: int) -> FloatArray:
    """Exactly ``length`` samples: rounding of rates leaves a sample more or less."""
    kept = samples[:, :length]
    return np.pad(kept, ((0, 0), (0, length - kept.shape[1])))
