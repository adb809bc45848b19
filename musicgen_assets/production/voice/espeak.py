"""Speech of a line of words from espeak-ng, with the time of every sound in it.

Belongs here: the C library, its events, and refusing to go on where it cannot be loaded. Does not belong here: what a
sound is (phonemes), whose voice it becomes (singers), singing.

The library keeps state between calls (its noise, its flutter), so that the second reading of a line differs from the
first. It is therefore loaded afresh for every line, about 10 ms: equal lines give equal samples.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import FloatArray

VOICES = {"en": "en-us", "es": "es-419", "fr": "fr", "de": "de", "pt": "pt-br"}
"""espeak-ng's voice for each language of songs."""
WORDS_A_MINUTE = 130
"""Slow enough for vowels to have a steady middle, quick enough for transitions to be those of speech."""

_SYNCHRONOUS, _PHONEME_EVENTS, _IPA, _DO_NOT_EXIT = 2, 1, 2, 0x8000
_UTF8, _CHARACTERS = 1, 1
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4
_PHONEME = 7
_lock = threading.Lock()


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int), ("identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position_ms", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Sound:
    """One sound of speech: its IPA signs without stress marks, when it is heard, and the word it belongs to."""

    ipa: str
    start_s: float
    end_s: float
    word: int
    is_stressed: bool


@dataclass(frozen=True)
class Speech:
    """A spoken line: float32 (n,) within [-1, 1] at ``rate_hz``, and its sounds in order, pauses left out."""

    samples: FloatArray
    rate_hz: int
    sounds: tuple[Sound, ...]


def speak(words: Sequence[str], language: str, variant: str, pitch: int = 50, pitch_range: int = 0) -> Speech:
    """``words`` read in one breath.

    Args:
        words: without spaces inside; at least one.
        language: a key of ``VOICES``.
        variant: of espeak-ng's voices ("f2", "m3"); empty for none.
        pitch: 0 to 99, what the variant makes of it.
        pitch_range: 0 (monotone) to 99; 50 is how people read.

    Raises:
        PermanentFailure: the library or its data cannot be loaded here, or it refuses the voice.
    """
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    voice = VOICES[language] + (f"+{variant}" if variant else "")
    with _lock, _library() as library:
        rate = _begun(library)
        library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        heard = _Heard()
        library.espeak_SetSynthCallback(heard.callback)
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise _failure(f"it has no voice {voice!r}")
        for parameter, value in ((_RATE, WORDS_A_MINUTE), (_PITCH, pitch), (_PITCH_RANGE, pitch_range)):
            library.espeak_SetParameter(parameter, value, 0)
        text = " ".join(words).encode() + b"\0"
        if library.espeak_Synth(text, len(text), 0, _CHARACTERS, 0, _UTF8, None, None) != 0:
            raise _failure(f"it refused to read {' '.join(words)!r}")
        library.espeak_Synchronize()
    return Speech(heard.samples(), rate, heard.sounds(starts, rate))


def why_not_available() -> str:
    """Why the voice cannot be used on this machine, in words; empty where it can."""
    try:
        import pyworld  # noqa: F401  # whether it loads is the question

        speak(("a",), "en", "")
    except (ImportError, OSError, PermanentFailure) as error:
        return str(error)
    return ""


class _Heard:
    """What the library says while it reads."""

    def __init__(self) -> None:
        self._chunks: list[Any] = []
        self._events: list[tuple[int, int, str]] = []
        self.callback = _CALLBACK(self._take)

    def _take(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == _PHONEME:
                self._events.append((event.sample, event.text_position, event.id.string.decode(errors="ignore")))
            index += 1
        return 0

    def samples(self) -> FloatArray:
        """All that was read, float32."""
        if not self._chunks:
            return np.zeros(0, dtype=np.float32)
        return (np.concatenate(self._chunks) / np.float32(32_768.0)).astype(np.float32)

    def sounds(self, starts: Any, rate: int) -> tuple[Sound, ...]:
        """Sounds that take time, by word; ``starts`` is where each word begins in the text, and the text's end."""
        found = []
        last = len(starts) - 2
        ends = [sample for sample, _, _ in self._events[1:]] + [sum(map(len, self._chunks))]
        for (sample, position, name), end in zip(self._events, ends, strict=True):
            ipa = name.strip("ˈˌ ;_:|-'")
            word = min(max(int(np.searchsorted(starts, position - 1, side="right")) - 1, 0), last)
            if ipa and end > sample and not ipa.startswith("("):
                found.append(Sound(ipa, sample / rate, end / rate, word, name.startswith("ˈ")))
        return tuple(found)


@contextmanager
def _library() -> Iterator[Any]:
    """espeak-ng in its first state; unloaded on leaving."""
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except (ImportError, OSError) as error:
        raise _failure(str(error)) from error
    try:
        yield library
    finally:
        library.espeak_Terminate()
        # ctypes never unloads by itself, and a library that stays keeps its state.
        ctypes.CDLL(None).dlclose(ctypes.c_void_p(library._handle))


def _begun(library: Any) -> int:
    """Initialize; the rate in Hz."""
    import espeakng_loader

    data = espeakng_loader.get_data_path()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS | _IPA | _DO_NOT_EXIT)
    if rate <= 0:
        raise _failure(f"its data in {data} cannot be read")
    return int(rate)


def _failure(why: str) -> PermanentFailure:
    return PermanentFailure(
        f"espeak-ng, which the guide voice speaks with, cannot be used here: {why}.",
        way_out="Run `make` again. Without it an instrument plays the sung line.",
    )
