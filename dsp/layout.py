"""Other channels and number formats: surround to stereo, integers to floats and back.

Belongs here: what changes neither time nor spectrum. Does not belong here: sample rates and lengths
(``dsp.convert``), files (``dsp.audiofile``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.errors import AudioError
from dsp.levels import FloatArray, as_channels, check_audio

_HALF = 0.7071067811865476
_SURROUND: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    3: ((1.0, 0.0, _HALF), (0.0, 1.0, _HALF)),
    4: ((1.0, 0.0, _HALF, 0.0), (0.0, 1.0, 0.0, _HALF)),
    5: ((1.0, 0.0, _HALF, _HALF, 0.0), (0.0, 1.0, _HALF, 0.0, _HALF)),
    6: ((1.0, 0.0, _HALF, 0.0, _HALF, 0.0), (0.0, 1.0, _HALF, 0.0, 0.0, _HALF)),
    8: ((1.0, 0.0, _HALF, 0.0, _HALF, 0.0, _HALF, 0.0), (0.0, 1.0, _HALF, 0.0, 0.0, _HALF, 0.0, _HALF)),
}
"""ITU-R BS.775-3, table 2: centre and surrounds at -3 dB, the low-frequency channel left out. Order as in WAV files:
left, right, centre, low, surround left, surround right, and so on; 4 channels are quadraphony, 3 and 5 lack the low."""
_PEAKS = {np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31, np.dtype(np.uint8): 2.0**7}


def downmix(samples: FloatArray, channels: int = 2) -> FloatArray:
    """Any usual layout on one or two channels; peaks may come out higher, because channels add up.

    Args:
        samples: float32, 1, 2, 3, 4, 5, 6 or 8 channels.
        channels: 1 or 2.

    Raises:
        AudioError: no audio, or a layout without a rule.
    """
    check_audio(samples)
    if channels not in (1, 2):
        raise AudioError(f"channels must be 1 or 2, got {channels!r}")
    if samples.shape[0] <= 2:
        return as_channels(samples, channels)
    if samples.shape[0] not in _SURROUND:
        raise AudioError(f"there is no rule for {samples.shape[0]} channels; known are 1, 2, 3, 4, 5, 6 and 8")
    weights = np.array(_SURROUND[samples.shape[0]], dtype=np.float32)
    stereo = np.zeros((2, samples.shape[1]), np.float32)
    for index, row in enumerate(weights):
        for weight, channel in zip(row, samples, strict=True):
            if weight:
                stereo[index] += weight * channel
    return as_channels(stereo, channels)


def from_pcm(words: Any) -> FloatArray:
    """Integer or float samples as this package has them: float32, full scale 1.

    Args:
        words: int16, int32 (24-bit words in their upper bits), uint8 (silence at 128), float32 or float64 of shape
            (channels, samples).

    Raises:
        AudioError: another type or shape, or values that are not finite.
    """
    if not isinstance(words, np.ndarray):
        raise AudioError(f"samples must be a numpy array, got {type(words).__name__}")
    if words.dtype in _PEAKS:
        offset = 128.0 if words.dtype == np.uint8 else 0.0
        samples = ((words.astype(np.float64) - offset) / _PEAKS[words.dtype]).astype(np.float32)
    elif words.dtype in (np.float32, np.float64):
        samples = np.ascontiguousarray(words, dtype=np.float32)
    else:
        raise AudioError(f"samples must be int16, int32, uint8, float32 or float64, got {words.dtype}")
    check_audio(samples)
    return samples


def to_pcm(samples: FloatArray, bits: int = 16) -> NDArray[np.int32] | NDArray[np.int16]:
    """Rounded to integers of 16 bits, or of 24 in the upper bits of 32; what exceeds full scale clips.

    Raises:
        AudioError: no audio, or other bits.
    """
    check_audio(samples)
    if bits not in (16, 24):
        raise AudioError(f"bits must be 16 or 24, got {bits!r}")
    full = float(1 << (bits - 1))
    words = np.clip(np.rint(samples.astype(np.float64) * full), -full, full - 1.0)
    return words.astype(np.int16) if bits == 16 else (words.astype(np.int32) << 8)
