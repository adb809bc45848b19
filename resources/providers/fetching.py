"""Files behind result links, and whether what came is the song: fetched without keys, checked before it is kept.

Belongs here: where a link may lead, size, format, truncation, silence. Does not belong here: asking a provider for the
link (its module), analysing the music (mastering.analysis).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx
import numpy as np

from dsp.errors import AudioError
from resources.addresses import Address, addresses_of, embedded, is_open, literal
from resources.providers.client import STATUS_REASONS, Answer, exchange
from resources.providers.protocol import ProviderFailure, Reason, Sound, provider_failure
from resources.providers.retry_after import retry_after_s

MEDIA_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "m4a": "audio/mp4"}
_BINARY = ("", "application/octet-stream", "binary/octet-stream", "application/ogg", "video/mp4")
"""What storage services call any file."""

_REDIRECTS_MAX = 3
_ADDRESSES_MAX = 3
_GONE = (401, 403, 404, 410)
"""What storage services answer to a link that is no longer valid."""

_SHORTEST_S = 3.0
_SILENCE_PEAK = 1e-4
_QUIET_RMS = 3e-4
_SOUNDING_MIN = 0.2
"""A file of which less than a fifth sounds above about -70 dBFS was cut and padded."""


@dataclass(frozen=True)
class Fetcher:
    """Gets the files of one engine. ``base_url`` is the engine's own: only one on this machine may link to it."""

    engine: str
    base_url: str
    timeout_s: float
    max_bytes: int

    def audio(self, url: str, name: str, *, stated_s: float | None = None, is_stem: bool = False) -> Sound:
        """The audio behind ``url``; ``name`` gets its extension. ``stated_s`` is the length the provider states.

        Raises ProviderFailure: "expired" for a link that is gone, "bad answer" for what is no whole, sounding audio or
        leads where it must not, and what connections fail with.
        """
        answer = self._answer(url)
        if not answer.media_type.startswith("audio/") and answer.media_type not in _BINARY:
            raise self._failure("bad answer", f"the link brought {_plain(answer.media_type)}, not audio")
        return checked_audio(self.engine, answer.body, name, stated_s=stated_s, is_stem=is_stem)

    def _answer(self, url: str) -> Answer:
        for _ in range(_REDIRECTS_MAX + 1):
            answer = self._asked(url)
            if answer.status in (301, 302, 303, 307, 308):
                url = _joined(url, answer.headers.get("location", ""))
                continue
            if answer.status == 200:
                return answer
            raise self._refusal(answer)
        raise self._failure("bad answer", "the link leads from one address to the next without end")

    def _asked(self, url: str) -> Answer:
        """What the link answers, at the first of its host's addresses that can be reached."""
        broken: tuple[Reason, str] = ("connection lost", "no address")
        for target, headers, extensions in self._pinned(url)[:_ADDRESSES_MAX]:
            answer = exchange(target, headers, extensions, self.timeout_s, self.max_bytes)
            if isinstance(answer, Answer):
                return answer
            broken = answer
            if broken[0] != "connection lost":
                break
        raise self._failure(broken[0], f"fetching the result: {broken[1]}")

    def _refusal(self, answer: Answer) -> ProviderFailure:
        told = f"the link answered status {answer.status}"
        if answer.status in _GONE:
            return self._failure("expired", told)
        reason = STATUS_REASONS.get(answer.status, "server error" if answer.status >= 500 else "bad answer")
        return self._failure(reason, told, retry_after_s=retry_after_s(answer.headers))

    def _failure(self, reason: Reason, message: str, **more: Any) -> ProviderFailure:
        return provider_failure(self.engine, reason, message, acceptance="accepted", **more)

    def _pinned(self, url: str) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        """The addresses to connect to, looked up and allowed here, so that no second look-up can lead elsewhere."""
        parts = _url(url)
        is_own = _is_loopback(_url(self.base_url))
        if parts is None or parts.scheme not in (("https", "http") if is_own else ("https",)) or parts.userinfo:
            raise self._failure("bad answer", "the link is no plain https address")
        host = parts.host
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "musicgen"}
        if literal(host) is None and not proxy_bypass(host) and {parts.scheme, "all"} & set(getproxies()):
            return [(str(parts), headers, {})]  # the proxy looks names up, and this machine may not be able to
        addresses = addresses_of(host, parts.port or (443 if parts.scheme == "https" else 80))
        if not addresses:
            raise self._failure("connection lost", "the link's host has no address")
        if not all(_is_allowed(address, is_own) for address in addresses):
            raise self._failure("bad answer", "the link leads to an address inside a private network")
        headers["Host"] = parts.netloc.decode("ascii")
        return [(str(parts.copy_with(host=str(address))), headers, {"sni_hostname": host}) for address in addresses]


def checked_audio(
    engine: str,
    data: bytes,
    name: str,
    *,
    stated_s: float | None = None,
    asked_s: float | None = None,
    is_stem: bool = False,
) -> Sound:
    """``data`` as a sound with the right extension and media type, once it is known to be whole and to sound.

    ``stated_s`` is the length the provider states, ``asked_s`` one it was to keep to: less than half of it is no
    delivery. A stem may be silent. Raises a "bad answer" with acceptance "accepted": the work was done, and is no use.
    """
    extension = sniffed(data)
    problem = "the result is no audio" if extension is None else _problem(data, stated_s, asked_s, is_stem)
    if extension is None or problem:
        raise provider_failure(engine, "bad answer", problem, acceptance="accepted")
    return Sound(f"{name}.{extension}", data, MEDIA_TYPES[extension])


def sniffed(data: bytes) -> str | None:
    """The extension that the first bytes speak for; None for what is no audio file."""
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return "wav"
    if data[:4] == b"fLaC":
        return "flac"
    if data[:4] == b"OggS":
        return "ogg"
    if data[4:8] == b"ftyp":
        return "m4a"
    is_frame = len(data) > 2 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2  # sync, layer III
    return "mp3" if data[:3] == b"ID3" or is_frame else None


def duration_s(sound: Sound) -> float:
    """Seconds, by its header. Raises AudioError for bytes that were not checked."""
    from dsp.audiofile import audio_info

    return audio_info(sound.data).duration_s


def _problem(data: bytes, stated_s: float | None, asked_s: float | None, is_stem: bool) -> str:
    from dsp.audiofile import audio_info, decode

    try:
        claimed_s = audio_info(data).duration_s
        samples, rate = decode(data)
    except AudioError as error:
        return f"the audio cannot be read: {error}"
    length_s = samples.shape[1] / rate
    if not np.isfinite(samples).all():
        return "the audio holds values that are no numbers"
    if length_s < _SHORTEST_S or (asked_s is not None and length_s < asked_s / 2):
        return f"the audio is {length_s:.1f} s long" + (f", {asked_s:.1f} s were asked for" if asked_s else "")
    for said_s in (claimed_s, stated_s):
        if said_s is not None and length_s < said_s * 0.95 - 1.0:
            return f"the audio is cut: {length_s:.1f} s of {said_s:.1f} s are there"
    if _missing_bytes(data):
        return "the audio is cut: the file is shorter than it says"
    return "" if is_stem or _sounds(samples, rate) else "the audio is silent"


def _missing_bytes(data: bytes) -> bool:
    """Whether a WAV ends before the chunk of its samples does: decoders read what is there, and say nothing."""
    if data[:4] != b"RIFF":
        return False
    at = data.find(b"data", 12)
    size = int.from_bytes(data[at + 4 : at + 8], "little") if at >= 0 else 0
    return size not in (0, 0xFFFFFFFF) and at + 8 + size > len(data) * 1.05 + 1024


def _sounds(samples: np.ndarray[Any, np.dtype[np.float32]], rate: int) -> bool:
    if float(np.max(np.abs(samples))) < _SILENCE_PEAK:
        return False
    seconds = samples.shape[1] // rate
    pieces = samples[:, : seconds * rate].reshape(samples.shape[0], seconds, rate)
    loudness = np.sqrt(np.mean(np.square(pieces, dtype=np.float64), axis=(0, 2)))
    return float(np.mean(loudness > _QUIET_RMS)) >= _SOUNDING_MIN


def _plain(media_type: str) -> str:
    return media_type if media_type.isascii() and media_type.isprintable() and len(media_type) < 80 else "something"


def _url(text: str) -> httpx.URL | None:
    try:
        parts = httpx.URL(text)
        _ = parts.host, parts.port
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    return parts if parts.host else None


def _joined(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return ""


def _is_loopback(parts: httpx.URL | None) -> bool:
    if parts is None:
        return False
    written = literal(parts.host)
    return written.is_loopback if written is not None else parts.host == "localhost"


def _is_allowed(address: Address, is_own: bool) -> bool:
    """On the open network; on this machine only for an engine that runs here too."""
    return is_own if embedded(address).is_loopback else is_open(address)
