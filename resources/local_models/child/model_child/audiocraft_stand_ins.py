"""What audiocraft 1.3.0 imports and, for making music, does not need: stand-ins, so that it runs on a current torch.

Its requirements (torch 2.1, xformers, torchaudio, spacy, av 11) have no place beside a current torch, and no wheels for
some. Of torchaudio only a spectrogram is used; of xformers, with torch's own attention, the name of a mask. Goes away
with a release of audiocraft that runs on torch 2.6 or later by itself.

Belongs here: those stand-ins. Does not belong here: loading weights (musicgen_audiocraft).
"""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType
from typing import Any


def install() -> None:
    """Put the stand-ins where ``import audiocraft`` finds them. Whatever is really installed stays."""
    if "audiocraft" in sys.modules:
        return
    import torch
    import transformers  # noqa: F401  # looks for these packages as it is imported; it is to see what there is

    ops = _module("xformers.ops", unbind=torch.unbind, LowerTriangularMask=type("LowerTriangularMask", (), {}),
                  memory_efficient_attention=torch.nn.functional.scaled_dot_product_attention)  # fmt: skip
    transforms = _module("torchaudio.transforms", Spectrogram=_spectrogram_class())
    compression = _module("audiocraft.solvers.compression", CompressionSolver=type("CompressionSolver", (), {}))
    for module in (
        _module("xformers", ops=ops), ops, _module("torchaudio", transforms=transforms), transforms, _module("spacy"),
        _module("av"), _module("audiocraft.solvers", compression=compression), compression,
    ):  # fmt: skip
        sys.modules.setdefault(module.__name__, module)


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package="." not in name)
    module.__dict__.update(names)
    return module


def _spectrogram_class() -> Any:
    """As torchaudio.transforms.Spectrogram with the arguments that audiocraft gives it."""
    import torch

    class Spectrogram(torch.nn.Module):  # type: ignore[misc]
        """A power spectrogram, (..., samples) to (..., frequencies, frames)."""

        def __init__(
            self, n_fft: int, win_length: int, hop_length: int, power: float, center: bool, pad: int, normalized: bool
        ) -> None:
            super().__init__()
            self._form = (n_fft, hop_length, win_length)
            self._power, self._center, self._pad, self._is_normalized = power, center, pad, normalized
            self.register_buffer("window", torch.hann_window(win_length), persistent=False)

        def forward(self, wave: Any) -> Any:
            """See the class."""
            wave = torch.nn.functional.pad(wave, (self._pad, self._pad)) if self._pad else wave
            flat = wave.reshape(-1, wave.shape[-1])
            found = torch.stft(flat, *self._form, window=self.window, center=self._center, return_complex=True).abs()
            if self._is_normalized:
                found = found / self.window.square().sum().sqrt()
            return found.pow(self._power).reshape(*wave.shape[:-1], *found.shape[-2:])

    return Spectrogram
