"""A melody as MusicGen hears it: which of the twelve pitch classes leads, about eight times a second.

Belongs here: that analysis, as in transformers' MusicgenMelodyFeatureExtractor (which needs torchaudio): a power
spectrogram of 16,384 points every 4,096 samples, folded onto pitch classes, the loudest of each frame alone kept.
Does not belong here: where the melody comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_FFT, HOP = 16_384, 4_096


def chroma(mono: NDArray[np.float32], rate_hz: int, classes: int) -> Any:
    """Tensor (1, frames, classes) of ones and zeros for ``mono``, shape (samples,)."""
    import torch
    from transformers.audio_utils import chroma_filter_bank

    wave = torch.from_numpy(np.ascontiguousarray(mono))
    if wave.shape[0] < N_FFT:
        wave = torch.nn.functional.pad(wave, (0, N_FFT - wave.shape[0]))
    spectrum = torch.stft(wave, N_FFT, HOP, window=torch.hann_window(N_FFT), center=True, return_complex=True)
    filters = chroma_filter_bank(sampling_rate=rate_hz, num_frequency_bins=N_FFT, tuning=0, num_chroma=classes)
    folded = torch.from_numpy(filters).float() @ spectrum.abs().square()
    return torch.nn.functional.one_hot(folded.argmax(0), classes).float().unsqueeze(0)


def mono_at(samples: NDArray[np.float32], rate_hz: int, wanted_hz: int) -> NDArray[np.float32]:
    """One channel at another rate; ``samples`` is (channels, samples)."""
    import soxr

    mono = np.ascontiguousarray(samples.mean(axis=0), np.float32)
    return mono if rate_hz == wanted_hz else np.asarray(soxr.resample(mono, rate_hz, wanted_hz), np.float32)
