"""Songs as bytes that a provider can answer with: written once, encoded once for each format, kept on disk.

Belongs here: which songs are there or on their way, formats, stems of a file that comes back. Does not belong here:
writing songs (songs), who may fetch them and until when (links), spoiling them (mischief).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.dev_providers.options import Options
from api.dev_providers.song_process import SongWriter
from api.dev_providers.wishes import SongWish
from dsp.levels import FloatArray

_ONE_SONG_S = 12.0
_ONE_SONG = SongWish("upbeat pop song with piano, bass and drums", _ONE_SONG_S, is_instrumental=True)
MEDIA_TYPES = {
    "mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "pcm": "audio/pcm", "opus": "audio/ogg",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A file format: ``codec`` of MEDIA_TYPES, ``rate_hz``, and ``kbps`` for those that lose something."""

    codec: str = "mp3"
    rate_hz: int = 44_100
    kbps: int = 128

    @property
    def media_type(self) -> str:
        """As HTTP calls it."""
        return MEDIA_TYPES[self.codec]

    @property
    def suffix(self) -> str:
        """Of a file's name, without the dot: codec, rate and bit rate."""
        return f"{self.rate_hz}.{self.kbps}.{self.codec}"


MP3 = Form()
WAV = Form("wav")


class Sounds:
    """The songs of a server."""

    def __init__(self, options: Options) -> None:
        self._folder = options.song_folder
        self._is_one_song = options.is_one_song
        limit_s = min(options.song_limit_s, _ONE_SONG_S) if options.is_one_song else options.song_limit_s
        self._writer = SongWriter(limit_s)
        self._queue = ThreadPoolExecutor(1, "songs")
        self._coming: dict[str, Future[None]] = {}
        self._lock = threading.Lock()
        self._encoding = threading.Lock()

    def want(self, wish: SongWish) -> Path:
        """Have it written, if it is not there or on its way; the folder it will be in. Does not wait."""
        wish = self._meant(wish)
        folder = self._folder / wish.mark
        with self._lock:
            if not folder.exists() and wish.mark not in self._coming:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._coming[wish.mark] = self._queue.submit(self._writer.write, wish, folder)
        return folder

    def is_there(self, wish: SongWish) -> bool:
        """Whether it is written; has it written if not."""
        return self.want(wish).exists()

    def has_failed(self, wish: SongWish) -> bool:
        """Whether writing it came to nothing."""
        coming = self._coming.get(self._meant(wish).mark)
        return coming is not None and coming.done() and coming.exception() is not None

    def folder_of(self, wish: SongWish) -> Path:
        """Where it is, once it is there: waits. Raises PermanentFailure where it came to nothing."""
        folder = self.want(wish)
        if not folder.exists():
            self._coming[folder.name].result()
        return folder

    def facts(self, wish: SongWish) -> dict[str, Any]:
        """What the song turned out to be; see songs. Waits for it."""
        found: dict[str, Any] = json.loads((self.folder_of(wish) / "song.json").read_text(encoding="utf-8"))
        return found

    def data(self, wish: SongWish, form: Form = MP3, parts: Sequence[str] = ("mix",)) -> bytes:
        """The sum of ``parts`` (the mix, or stems; such as it does not have are silent) as a file. Waits."""
        folder = self.folder_of(wish)
        name = "+".join(parts)
        path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.{form.suffix}"
        with self._encoding:
            if not path.exists():
                data = encoded(_summed(folder, parts), 44_100, form)
                new = path.with_suffix(f".{secrets.token_hex(4)}")  # servers may share the folder
                new.write_bytes(data)
                new.replace(path)
                self._remember(data, folder)
        return path.read_bytes()

    def silence(self, wish: SongWish, form: Form = MP3) -> bytes:
        """As long as the song, and nothing in it."""
        length = round(wish.duration_s * 44_100)
        return encoded(np.zeros((2, length), np.float32), 44_100, form)

    def song_of(self, data: bytes) -> Path | None:
        """The folder of the song that ``data`` is a file of, if it is one of these."""
        known = self._folder / "files" / hashlib.sha256(data).hexdigest()
        return self._folder / known.read_text() if known.exists() else None

    def close(self) -> None:
        """Stop writing."""
        self._queue.shutdown(wait=False, cancel_futures=True)
        self._writer.close()
        self._queue.shutdown()

    def _meant(self, wish: SongWish) -> SongWish:
        return replace(_ONE_SONG, duration_s=wish.duration_s) if self._is_one_song else wish

    def _remember(self, data: bytes, folder: Path) -> None:
        files = self._folder / "files"
        files.mkdir(exist_ok=True)
        (files / hashlib.sha256(data).hexdigest()).write_text(folder.name)


def stems_of(folder: Path) -> dict[str, FloatArray]:
    """A written song's own stems, float32 (2, samples) at 44.1 kHz."""
    from dsp.audiofile import decode

    names = json.loads((folder / "song.json").read_text(encoding="utf-8"))["stems"]
    return {name: decode((folder / f"{name}.flac").read_bytes())[0] for name in names}


def separated(data: bytes) -> tuple[dict[str, FloatArray], int]:
    """Stems of a file that was not written here, by what both channels share and by strokes; and its rate in Hz."""
    from dsp.audiofile import decode
    from dsp.separation import CentreSides, HarmonicPercussive

    samples, rate_hz = decode(data)
    middle = CentreSides().separate(samples, rate_hz).stems
    strokes = HarmonicPercussive().separate(middle["sides"], rate_hz).stems
    return {"vocals": middle["centre"], "drums": strokes["percussive"], "synth": strokes["harmonic"]}, rate_hz


def encoded(samples: FloatArray, rate_hz: int, form: Form) -> bytes:
    """``samples``, float32 (channels, samples), as a file. Raises AudioError for a rate that the codec lacks."""
    from dsp import audiofile
    from dsp.convert import resample

    if form.rate_hz != rate_hz:
        samples = resample(samples, rate_hz, form.rate_hz)
    match form.codec:
        case "mp3":
            return audiofile.encode_mp3(samples, form.rate_hz, form.kbps)
        case "flac":
            return audiofile.encode_flac(samples, form.rate_hz, 16)
        case "opus":
            return audiofile.encode_opus(samples, form.rate_hz, form.kbps)
        case "pcm":
            return _pcm(samples)
        case _:
            return audiofile.encode_wav(samples, form.rate_hz, 16)


def _pcm(samples: FloatArray) -> bytes:
    """Interleaved 16-bit integers, little-endian, without a header."""
    return bytes(np.rint(np.clip(samples.T, -1.0, 1.0) * 32_767.0).astype("<i2").tobytes())


def _summed(folder: Path, parts: Sequence[str]) -> FloatArray:
    from dsp.audiofile import decode

    found = [folder / f"{part}.flac" for part in parts]
    sounds = [decode(path.read_bytes())[0] for path in found if path.exists()]
    if not sounds:
        return np.zeros_like(decode((folder / "mix.flac").read_bytes())[0])
    return np.asarray(np.sum(sounds, axis=0), dtype=np.float32)
