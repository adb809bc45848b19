"""libfluidsynth: the reference player of SoundFonts, where the system has it.

Bound by ctypes to the few functions of its C API that are needed (version 2 and later, https://www.fluidsynth.org/api).
Reverb and chorus are off, one thread, floating point. Belongs here: its calls. Does not belong here: anything
musical (playing).
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import FloatArray
from musicgen_assets.production.sampler import FLUIDSYNTH, PitchSteps, font_is_gone, font_is_unreadable

LIBRARIES = ("libfluidsynth.so.3", "libfluidsynth.so.2", "libfluidsynth.3.dylib", "libfluidsynth-3.dll")
BEND_RANGE_SEMITONES = 12
INTERPOLATION = 7
"""The best of its methods: a windowed sinc of seven points."""

_BLOCK = 64
"""The library works in blocks of this many frames; a key that starts inside one would wait for the next."""
_DRUM_CHANNEL, _CHANNEL = 9, 0
_OK = 0
_INT, _POINTER, _DOUBLE = ctypes.c_int, ctypes.c_void_p, ctypes.c_double
_TEXT = ctypes.c_char_p
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "fluid_version_str": (_TEXT, ()),
    "new_fluid_settings": (_POINTER, ()),
    "delete_fluid_settings": (None, (_POINTER,)),
    "fluid_settings_setint": (_INT, (_POINTER, _TEXT, _INT)),
    "fluid_settings_setnum": (_INT, (_POINTER, _TEXT, _DOUBLE)),
    "new_fluid_synth": (_POINTER, (_POINTER,)),
    "delete_fluid_synth": (None, (_POINTER,)),
    "fluid_synth_set_gain": (None, (_POINTER, ctypes.c_float)),
    "fluid_synth_sfload": (_INT, (_POINTER, _TEXT, _INT)),
    "fluid_synth_set_interp_method": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_bank_select": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_program_change": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_pitch_wheel_sens": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_pitch_bend": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_cc": (_INT, (_POINTER, _INT, _INT, _INT)),
    "fluid_synth_noteon": (_INT, (_POINTER, _INT, _INT, _INT)),
    "fluid_synth_noteoff": (_INT, (_POINTER, _INT, _INT)),
    "fluid_synth_all_sounds_off": (_INT, (_POINTER, _INT)),
    "fluid_synth_write_float": (_INT, (_POINTER, _INT, _POINTER, _INT, _INT, _POINTER, _INT, _INT)),
}
_LogFunction = ctypes.CFUNCTYPE(None, _INT, _TEXT, _POINTER)
_PANIC, _ERROR, _LEVELS = 0, 1, 5


def library_version() -> str | None:
    """The version of libfluidsynth on this machine, or None where there is none that can be used."""
    found = _library()
    return None if found is None else found[0]


@lru_cache(maxsize=1)
def _library() -> tuple[str, Any, list[str]] | None:
    """Version, the library, and the list that its errors are put in instead of standard error."""
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            for function, (result, arguments) in _SIGNATURES.items():
                bound = getattr(library, function)
                bound.restype, bound.argtypes = result, list(arguments)
            return str(library.fluid_version_str().decode()), library, _collected_errors(library)
        except (OSError, AttributeError):
            continue
    return None


_kept_callbacks: list[Callable[..., None]] = []


def _collected_errors(library: Any) -> list[str]:
    errors: list[str] = []

    def note(level: int, message: bytes | None, _data: int | None) -> None:
        if level in (_PANIC, _ERROR) and message:
            errors.append(message.decode(errors="replace"))

    callback = _LogFunction(note)
    _kept_callbacks.append(callback)  # the library keeps only its address
    library.fluid_set_log_function.argtypes = [_INT, _LogFunction, _POINTER]
    library.fluid_set_log_function.restype = _POINTER
    for level in range(_LEVELS):
        library.fluid_set_log_function(level, callback, None)
    return errors


class FluidSynthSampler:
    """A font open in one synthesizer a sample rate; samples are read when a program is first chosen.

    One key at a time sounds, under a lock, and the synthesizer is silent again before the next: answers depend
    neither on their order nor on threads.
    """

    name = FLUIDSYNTH

    def __init__(self, path: str) -> None:
        found = _library()
        if found is None:
            raise PermanentFailure(
                f"The song is to be played by {FLUIDSYNTH}, and this machine has no {LIBRARIES[0]}.",
                way_out="Install it (Debian: `apt install libfluidsynth3`), or set `sampler` to tinysoundfont.",
            )
        self._path, self.library, self._errors = path, found[1], found[2]
        self._synths: dict[int, int] = {}
        self._chosen: dict[tuple[int, int], int] = {}
        self.lock = threading.RLock()
        self.synth(48_000)

    def instrument(self, program: int, sample_rate_hz: int, *, is_drums: bool = False) -> FluidSynthInstrument:
        """See ``Sampler.instrument``."""
        return FluidSynthInstrument(self, program, sample_rate_hz, is_drums)

    def synth(self, sample_rate_hz: int) -> int:
        """The synthesizer of a rate, its font loaded. Raises PermanentFailure where the font cannot be read."""
        if sample_rate_hz not in self._synths:
            call = self.library
            settings = call.new_fluid_settings()
            for name, value in (
                (b"synth.reverb.active", 0), (b"synth.chorus.active", 0), (b"synth.cpu-cores", 1),
                (b"synth.dynamic-sample-loading", 1), (b"synth.polyphony", 64), (b"synth.threadsafe-api", 0),
            ):  # fmt: skip
                call.fluid_settings_setint(settings, name, value)
            call.fluid_settings_setnum(settings, b"synth.sample-rate", float(sample_rate_hz))
            call.fluid_settings_setnum(settings, b"synth.gain", 1.0)
            synth = call.new_fluid_synth(settings)
            self._errors.clear()
            if call.fluid_synth_sfload(synth, self._path.encode(), 0) < 0:
                call.delete_fluid_synth(synth)
                call.delete_fluid_settings(settings)
                self._check_font_is_there()
                raise font_is_unreadable(self._path, "; ".join(self._errors) or "the engine does not say why")
            call.fluid_synth_set_interp_method(synth, -1, INTERPOLATION)
            self._synths[sample_rate_hz] = synth
        return self._synths[sample_rate_hz]

    def choose(self, synth: int, program: int, is_drums: bool) -> int:
        """Put a program on the channel it is played on, and say which that is."""
        channel = _DRUM_CHANNEL if is_drums else _CHANNEL
        if self._chosen.get((synth, channel)) == program:
            return channel
        self._check_font_is_there()
        self._chosen.pop((synth, channel), None)
        self._errors.clear()
        call = self.library
        if not is_drums:
            call.fluid_synth_bank_select(synth, channel, 0)
        answer = call.fluid_synth_program_change(synth, channel, program)
        if self._errors:
            self._check_font_is_there()
            raise font_is_unreadable(self._path, "; ".join(self._errors))
        if answer != _OK:
            raise font_is_unreadable(self._path, f"it has no program {program}, nor anything in its place")
        call.fluid_synth_pitch_wheel_sens(synth, channel, BEND_RANGE_SEMITONES)
        self._chosen[synth, channel] = program
        return channel

    def _check_font_is_there(self) -> None:
        try:
            Path(self._path).stat()
        except OSError as error:
            raise font_is_gone(self._path, error) from error


class FluidSynthInstrument:
    """A program of the font, chosen again whenever another was played in between."""

    def __init__(self, sampler: FluidSynthSampler, program: int, sample_rate_hz: int, is_drums: bool) -> None:
        self._sampler, self._program, self._is_drums = sampler, program, is_drums
        with sampler.lock:
            self._synth = sampler.synth(sample_rate_hz)
            self._channel = sampler.choose(self._synth, program, is_drums)

    def held(self, pitch: int, velocity: int, samples: int, steps: PitchSteps = ()) -> FloatArray:
        """See ``Instrument.held``."""
        call, synth, channel = self._sampler.library, self._synth, self._channel
        padded = -(-samples // _BLOCK) * _BLOCK
        sound = np.zeros((2, padded), dtype=np.float32)
        with self._sampler.lock:
            self._sampler.choose(synth, self._program, self._is_drums)
            position = 0
            edges = [offset for offset, _ in steps[1:] if offset < padded] + [padded]
            for index, edge in enumerate(edges):
                semitones = steps[index][1] if steps else 0.0
                bend = round(8192 + semitones / BEND_RANGE_SEMITONES * 8192)
                call.fluid_synth_pitch_bend(synth, channel, min(max(bend, 0), 16_383))
                if index == 0:
                    self._prime(pitch, velocity)
                    call.fluid_synth_noteon(synth, channel, pitch, velocity)
                self._write(sound[:, position:edge])
                position = edge
            self._silence()
        sound = sound[:, :samples]
        return sound[:1] if np.array_equal(sound[0], sound[1]) else sound

    def _prime(self, pitch: int, velocity: int) -> None:
        """Let the voices that this key will use run for a block at gain 0.

        The library's mixer glides from the gain that a voice was last mixed with, which may be another note's.
        """
        call, synth = self._sampler.library, self._synth
        call.fluid_synth_set_gain(synth, 0.0)
        call.fluid_synth_noteon(synth, self._channel, pitch, velocity)
        self._write(np.zeros((2, _BLOCK), dtype=np.float32))
        self._silence()
        call.fluid_synth_set_gain(synth, 1.0)

    def _silence(self) -> None:
        self._sampler.library.fluid_synth_all_sounds_off(self._synth, self._channel)
        self._write(np.zeros((2, 2 * _BLOCK), dtype=np.float32))

    def _write(self, into: FloatArray) -> None:
        left, right = into[0].ctypes.data, into[1].ctypes.data
        self._sampler.library.fluid_synth_write_float(self._synth, into.shape[1], left, 0, 1, right, 0, 1)
