"""Notes played on a SoundFont, sample-accurately: TinySoundFont driven from event to event.

Belongs here: the font held in memory, voices, and when a key goes down and up. Does not belong here: which
instrument plays what (instrumentation), effects and levels (render).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import FloatArray

VELOCITY_EXPONENT = 1.4
"""The engine plays amplitudes in proportion to velocity; the SoundFont standard asks for its square. Between the
two, soft notes are soft but chords of mixed velocities stay one chord."""
DRUM_VELOCITY_EXPONENT = 1.7
DRUM_RING_S = 3.0
"""A struck drum rings out: its key is held this long, or until it is struck again."""
MAX_VOICES = 96
_DRUM_PLACES = {
    37: -0.1, 39: 0.15, 41: -0.7, 42: 0.35, 43: -0.7, 44: 0.35, 45: -0.3, 46: 0.35, 47: -0.3, 48: 0.2, 49: 0.6,
    50: 0.2, 51: -0.5, 52: -0.6, 53: -0.5, 54: 0.5, 55: -0.3, 56: 0.35, 57: -0.6, 59: -0.5, 60: -0.45, 61: -0.6,
    62: 0.4, 63: 0.5, 64: 0.6, 65: -0.5, 66: -0.6, 67: 0.5, 68: 0.6, 69: -0.4, 70: -0.5, 75: 0.45, 76: 0.3, 77: 0.4,
}  # fmt: skip
"""General MIDI drum keys from left to right; kick, snare and what is not listed stand in the middle."""
_SHORTEST_NOTE_S = 0.02
_SLOT_BYTES = 8
"""One stereo frame of float32."""


@dataclass(frozen=True)
class Keys:
    """Notes in samples, equal lengths: when each key goes down and up, which, and how hard (0-1)."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    pitches: NDArray[np.int64]
    velocities: NDArray[np.float64]

    def where(self, is_wanted: NDArray[np.bool_]) -> Keys:
        """Only some of the notes."""
        return Keys(self.starts[is_wanted], self.ends[is_wanted], self.pitches[is_wanted], self.velocities[is_wanted])


def keys_of(
    notes: NDArray[Any], samples_per_tick: float, sample_rate_hz: int, samples: int, *, is_drums: bool = False
) -> Keys:
    """Rows of (start_ticks, duration_ticks, pitch, velocity) in samples; what starts after the end is left out."""
    rows = np.asarray(notes, dtype=np.float64).reshape(-1, 4)
    starts = np.rint(rows[:, 0] * samples_per_tick).astype(np.int64)
    ends = np.rint((rows[:, 0] + rows[:, 1]) * samples_per_tick).astype(np.int64)
    pitches = rows[:, 2].astype(np.int64)
    if is_drums:
        ends = _ring_out(starts, pitches, round(DRUM_RING_S * sample_rate_hz))
    ends = np.maximum(ends, starts + max(1, round(_SHORTEST_NOTE_S * sample_rate_hz)))
    keys = Keys(starts, ends, pitches, rows[:, 3] / 127.0)
    return keys.where((starts >= 0) & (starts < samples))


def play(
    font: Any, keys: Keys, program: int, samples: int, sample_rate_hz: int, *,
    is_drums: bool = False, detune_cents: float = 0.0, spread: float = 0.0,
) -> FloatArray:  # fmt: skip
    """The notes on ``program`` of ``font`` (from ``load_font``), as float32 (2, samples), at the font's own level.

    Every call plays on its own copy of the font's state (the samples are shared), so that the result depends on
    nothing played before. Kits and programs a font lacks are replaced by its nearest, as the engine decides.
    ``spread`` 0-1 sets keys apart from left to right, see ``places``.
    """
    from tinysoundfont import _tinysoundfont as engine

    voice = engine.SoundFont(font)
    voice.set_output(engine.OutputMode.StereoInterleaved, sample_rate_hz, 0.0)
    voice.set_max_voices(MAX_VOICES)
    panned = {pitch: spread * place for pitch, place in places(keys.pitches, is_drums=is_drums).items()}
    channels = {pan: number for number, pan in enumerate(sorted(set(panned.values())))}
    for pan, channel in channels.items():
        voice.channel_set_bank(channel, 0)
        voice.channel_set_preset_number(channel, program, is_drums)
        voice.channel_set_tuning(channel, detune_cents / 100.0)
        voice.channel_set_pan(channel, 0.5 + 0.5 * pan)
    channel_of = {pitch: channels[pan] for pitch, pan in panned.items()}
    frames = np.zeros((samples, 2), dtype=np.float32)
    view = memoryview(frames.data).cast("B")
    exponent = DRUM_VELOCITY_EXPONENT if is_drums else VELOCITY_EXPONENT
    position = 0
    for time, pitch, velocity in _events(keys, exponent):
        if time >= samples:
            break
        if time > position:
            voice.render(view[position * _SLOT_BYTES : time * _SLOT_BYTES], False)
            position = time
        if velocity > 0.0:
            voice.channel_note_on(channel_of[pitch], pitch, velocity)
        else:
            voice.channel_note_off(channel_of[pitch], pitch)
    if keys.starts.size and position < samples:
        voice.render(view[position * _SLOT_BYTES :], False)
    return frames.T


def places(pitches: NDArray[np.int64], *, is_drums: bool) -> dict[int, float]:
    """Where each key stands, -1 (left) to 1, in at most 16 places: the engine pans by channel.

    Drums stand as the audience of a right-handed drummer hears them; other keys from low on the left to high on
    the right, in steps of four semitones about middle C.
    """
    keys = sorted(set(pitches.tolist()))
    if is_drums:
        return {key: _DRUM_PLACES.get(key, 0.0) for key in keys}
    return {key: max(-1.0, min(1.0, ((key - 58) // 4) / 6.0)) for key in keys}


_fonts: dict[tuple[str, str], Any] = {}
_fonts_lock = threading.Lock()


def load_font(path: str, sha256: str) -> Any:
    """The font's samples and presets, read once a process. ``sha256`` tells a changed file from a known one.

    Raises:
        PermanentFailure: the engine cannot read the file.
    """
    from tinysoundfont import _tinysoundfont as engine

    with _fonts_lock:
        font = _fonts.get((path, sha256))
        if font is None:
            try:
                font = engine.SoundFont(path)
            except (RuntimeError, ValueError, OSError) as error:
                raise PermanentFailure(
                    f"The SoundFont {path} cannot be loaded: {error}.",
                    way_out="Get the file again, or set `soundfont` in the settings to another .sf2 or .sf3 file.",
                ) from error
            _fonts.clear()  # one song plays one font; a second one would only take its memory
            _fonts[path, sha256] = font
    return font


def _events(keys: Keys, exponent: float) -> list[tuple[int, int, float]]:
    """(time, pitch, velocity) in order, velocity 0 for a key going up; at one time, up comes before down."""
    count = keys.starts.size
    times = np.concatenate([keys.ends, keys.starts])
    pitches = np.concatenate([keys.pitches, keys.pitches])
    velocities = np.concatenate([np.zeros(count), np.clip(keys.velocities, 1.0 / 127.0, 1.0) ** exponent])
    # The engine plays velocities as whole 127ths and takes 0 for silence.
    velocities[count:] = np.maximum(velocities[count:], 1.0 / 127.0)
    order = np.lexsort((pitches, velocities > 0.0, times))
    return list(zip(times[order].tolist(), pitches[order].tolist(), velocities[order].tolist(), strict=True))


def _ring_out(starts: NDArray[np.int64], pitches: NDArray[np.int64], ring: int) -> NDArray[np.int64]:
    """Ends of struck keys: the next stroke of the same key, at most ``ring`` samples later."""
    ends = starts + ring
    for pitch in np.unique(pitches):
        same = np.flatnonzero(pitches == pitch)
        same = same[np.argsort(starts[same], kind="stable")]
        ends[same[:-1]] = np.minimum(ends[same[:-1]], starts[same[1:]])
    return ends
