"""What plays notes: the interface of all engines, and opening the one a song is played with.

An engine only answers with one key held down, from its onset on: ``Instrument.held``. What a key's going up, its
velocity, its neighbours and the song's controllers make of that is the same for all engines (playing).

Belongs here: the protocols and ``open_sampler``. Does not belong here: engines (sampler_tinysoundfont,
sampler_fluidsynth, synth_sampler), and which of them this machine has (resources.instruments).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import FloatArray

TINYSOUNDFONT, FLUIDSYNTH = "tinysoundfont", "fluidsynth"
ENGINES = (FLUIDSYNTH, TINYSOUNDFONT)
"""Best first. Measured by ``python -m benchmarks.samplers``: libfluidsynth interpolates with seven points instead of
two, hears the font's modulators, and starts in a tenth of the time; TinySoundFont needs nothing but pip."""

PitchSteps = Sequence[tuple[int, float]]
"""(offset in samples, semitones): from there on the pitch is that far from the key's own. Offsets rise from 0."""


class Instrument(Protocol):
    """One program of a font, or one patch of a synthesizer, at one sample rate."""

    def held(self, pitch: int, velocity: int, samples: int, steps: PitchSteps = ()) -> FloatArray:
        """The key (0-127) struck with ``velocity`` (1-127) and held: float32 (1 or 2, samples).

        The same whatever was asked before; a shorter answer is the beginning of a longer one. One channel where
        both would be equal.
        """
        ...


class Sampler(Protocol):
    """An engine with a font open."""

    @property
    def name(self) -> str:
        """The engine's name, one of ``ENGINES``."""
        ...

    def instrument(self, program: int, sample_rate_hz: int, *, is_drums: bool = False) -> Instrument:
        """General MIDI ``program`` 0-127, or the drum kit of that number; what a font lacks is replaced by its nearest.

        Raises:
            PermanentFailure: the font can no longer be read.
        """
        ...


def open_sampler(instruments: Mapping[str, Any]) -> Sampler:
    """The engine and font named by ``instruments`` (``data["instruments"]`` of a task), open in this process.

    Raises:
        PermanentFailure: the font is gone, is another one than the song began with, or cannot be read by the engine.
    """
    engine, path = str(instruments.get("engine", TINYSOUNDFONT)), str(instruments["font_path"])
    wanted = (engine, path, str(instruments["font_sha256"]))
    with _lock:
        found = _open.get(wanted)
        if found is None:
            _check_file(path, wanted[2])
            _open.clear()  # one song plays one font; a second one would only take its memory
            found = _opened(engine, path)
            _open[wanted] = found
    return found


_open: dict[tuple[str, str, str], Sampler] = {}
_lock = threading.Lock()


def _opened(engine: str, path: str) -> Sampler:
    if engine == FLUIDSYNTH:
        from musicgen_assets.production.sampler_fluidsynth import FluidSynthSampler

        return FluidSynthSampler(path)
    if engine == TINYSOUNDFONT:
        from musicgen_assets.production.sampler_tinysoundfont import TinySoundFontSampler

        return TinySoundFontSampler(path)
    raise PermanentFailure(
        f"There is no sampler called {engine!r}.",
        way_out=f"Set `sampler` in the settings to one of {', '.join(ENGINES)}.",
    )


def _check_file(path: str, sha256: str) -> None:
    """A song whose tracks are played on two fonts would be told to be one of them."""
    try:
        with Path(path).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise font_is_gone(path, error) from error
    if found != sha256:
        raise PermanentFailure(
            f"The SoundFont {path} changed while the song was made: its hash was {sha256[:12]}, it is {found[:12]}.",
            way_out="Run `musicgen retry` on the version: it will be played on the font that is there now.",
        )


def font_is_gone(path: str, error: OSError) -> PermanentFailure:
    """What to say when a font that was there at the start cannot be opened any more."""
    return PermanentFailure(
        f"The SoundFont {path} can no longer be opened ({error.strerror or error}): it was there when the song began.",
        way_out="Put it back, or set `soundfont` in the settings to another, then run `musicgen retry` on the version.",
    )


def font_is_unreadable(path: str, reason: str) -> PermanentFailure:
    """What to say when an engine cannot make sense of a file."""
    return PermanentFailure(
        f"The SoundFont {path} cannot be loaded: {reason.rstrip('.')}.",
        way_out="Get the file again, or set `soundfont` in the settings to another .sf2 or .sf3 file.",
    )
