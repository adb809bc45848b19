"""TinySoundFont: an engine that comes with pip and reads .sf2 and .sf3 files.

It interpolates linearly and ignores the font's modulators. Belongs here: its calls. Does not belong here: anything
musical (playing).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.sampler import TINYSOUNDFONT, PitchSteps, font_is_unreadable

_VOICES = 24
"""One key of a font is up to a dozen voices."""
_FRAME_BYTES = 8
"""One stereo frame of float32."""


class TinySoundFontSampler:
    """A font read whole into memory: 1.4 s of CPU for FluidR3Mono, once a process."""

    name = TINYSOUNDFONT

    def __init__(self, path: str) -> None:
        from tinysoundfont import _tinysoundfont as engine

        try:
            self._font = engine.SoundFont(path)
        except (RuntimeError, ValueError, OSError) as error:
            raise font_is_unreadable(path, str(error)) from error

    def instrument(self, program: int, sample_rate_hz: int, *, is_drums: bool = False) -> TinySoundFontInstrument:
        """See ``Sampler.instrument``."""
        return TinySoundFontInstrument(self._font, program, sample_rate_hz, is_drums)


class TinySoundFontInstrument:
    """A program of the font. Every key is played on its own copy of the engine's state; the samples are shared."""

    def __init__(self, font: Any, program: int, sample_rate_hz: int, is_drums: bool) -> None:
        self._font, self._program, self._rate, self._is_drums = font, program, sample_rate_hz, is_drums

    def held(self, pitch: int, velocity: int, samples: int, steps: PitchSteps = ()) -> FloatArray:
        """See ``Instrument.held``."""
        from tinysoundfont import _tinysoundfont as engine

        voice = engine.SoundFont(self._font)
        is_moving = len(steps) > 1
        layout = engine.OutputMode.StereoInterleaved if is_moving else engine.OutputMode.StereoUnweaved
        voice.set_output(layout, self._rate, 0.0)
        voice.set_max_voices(_VOICES)
        voice.channel_set_bank(0, 0)
        voice.channel_set_preset_number(0, self._program, self._is_drums)
        voice.channel_set_tuning(0, steps[0][1] if steps else 0.0)
        # The engine counts velocities in whole 127ths, rounded down.
        voice.channel_note_on(0, pitch, (velocity + 0.5) / 127.0 if velocity < 127 else 1.0)
        if not is_moving:
            planar = np.zeros((2, samples), dtype=np.float32)
            voice.render(memoryview(planar.data).cast("B"), False)
            return _one_if_equal(planar)
        frames = np.zeros((samples, 2), dtype=np.float32)
        view = memoryview(frames.data).cast("B")
        edges = [offset for offset, _ in steps[1:] if offset < samples] + [samples]
        position = 0
        for edge, (_, semitones) in zip(edges, steps, strict=False):
            voice.channel_set_tuning(0, semitones)
            voice.render(view[position * _FRAME_BYTES : edge * _FRAME_BYTES], False)
            position = edge
        return _one_if_equal(np.ascontiguousarray(frames.T))


def _one_if_equal(sound: FloatArray) -> FloatArray:
    return sound[:1] if np.array_equal(sound[0], sound[1]) else sound
