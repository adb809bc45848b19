"""A song longer than a model was taught: windows that each go on from the end of what there is.

Belongs here: their arithmetic, and joining what they yield. Does not belong here: models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
SEAM_S = 0.05
"""Both windows hold the sound before a seam; there the old one fades into the new."""


@dataclass(frozen=True)
class Window:
    """``start`` is where its prompt begins, ``prompt`` how much of it there is already, ``new`` what it adds; all in
    frames of the model.
    """

    start: int
    prompt: int
    new: int


def windows(total: int, longest: int, step: int) -> list[Window]:
    """Windows for ``total`` frames: the first up to ``longest``, each further one ``step`` new after as much prompt as
    fits before it. Raises ValueError where a step leaves no room for a prompt.
    """
    if not 0 < step < longest or total < 1:
        raise ValueError(f"{total} frames in windows of {longest} that add {step} each")
    found = [Window(0, 0, min(total, longest))]
    done = found[0].new
    while done < total:
        new = min(step, total - done)
        prompt = min(longest - step, done)
        found.append(Window(done - prompt, prompt, new))
        done += new
    return found


def joined(song: FloatArray, window: FloatArray, prompt: int, seam: int) -> FloatArray:
    """``song`` followed by what ``window`` adds. All shapes (channels, samples).

    The first ``prompt`` samples of the window are the song's last ones once more, as the model hears them; over the
    last ``seam`` of those the song fades into the window, whose loudness and phase go on from there.
    """
    seam = min(seam, prompt, song.shape[1])
    if seam < 1:
        return np.concatenate([song, window[:, prompt:]], axis=1)
    fade = np.linspace(0.0, 1.0, seam, dtype=np.float32)
    mixed = song[:, -seam:] * (1.0 - fade) + window[:, prompt - seam : prompt] * fade
    return np.concatenate([song[:, :-seam], mixed, window[:, prompt:]], axis=1)
