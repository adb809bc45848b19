"""Tags inside audio files: ID3v2.4 in MP3 and WAV, Vorbis comments in FLAC and OGG, written in memory.

Belongs here: which fact goes into which field. Does not belong here: the facts (finalization.metadata). Tags hold no
ids and no times, so that equal songs are equal files: what identifies a song is the hash of its context.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from musicgen_assets.context.failures import PermanentFailure

COMMENT = "AI-generated"
"""Said plainly in every file."""

_UTF8 = 3
_LANGUAGES = {"en": "eng", "es": "spa", "fr": "fra", "de": "deu", "pt": "por"}
"""ISO 639-1 to 639-2/T, which ID3 wants."""
_SYLT_MILLISECONDS = 2
_SYLT_LYRICS = 1
_NO_PADDING = 0


def tagged(data: bytes, audio_format: str, tags: Mapping[str, Any]) -> bytes:
    """``data`` ("wav", "flac", "mp3" or "ogg") with ``tags`` instead of any it had; its audio is untouched.

    Args:
        data: an encoded file. audio_format: names its container. tags: ``title``, ``genre``, ``bpm``, ``key``
        ("C#m"), ``language``, ``licence``, ``context_sha256``, ``lyrics`` (text, may be
            empty) and ``lines`` ([start_ms, text] of each sung line).

    Raises:
        PermanentFailure: the file is not of that format.
    """
    from mutagen import MutagenError

    buffer = io.BytesIO(data)
    try:
        if audio_format in ("wav", "mp3"):
            _write_id3(buffer, audio_format, tags)
        else:
            _write_vorbis(buffer, audio_format, tags)
    except MutagenError as error:
        raise PermanentFailure(
            f"Cannot tag {len(data)} bytes as {audio_format}: {error}.", way_out="Make the master again."
        ) from error
    return buffer.getvalue()


def _no_padding(_: Any) -> int:
    return _NO_PADDING


def _write_vorbis(buffer: io.BytesIO, audio_format: str, tags: Mapping[str, Any]) -> None:
    from mutagen.flac import FLAC
    from mutagen.oggvorbis import OggVorbis

    audio: Any = (FLAC if audio_format == "flac" else OggVorbis)(buffer)
    if audio.tags is not None:
        audio.tags.clear()
    for name, value in vorbis_comments(tags):
        audio[name] = value
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)


def vorbis_comments(tags: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Fields and values, empty ones left out."""
    pairs = (
        ("TITLE", tags["title"]),
        ("GENRE", tags["genre"]),
        ("BPM", f"{tags['bpm']:g}"),
        ("KEY", tags["key"]),
        ("LANGUAGE", _LANGUAGES.get(tags["language"], "") if tags["lyrics"] else ""),
        ("LYRICS", tags["lyrics"]),
        ("COMMENT", COMMENT),
        ("LICENSE", tags["licence"]),
        ("CONTEXT_SHA256", tags["context_sha256"]),
    )
    return [(name, value) for name, value in pairs if value]


def _write_id3(buffer: io.BytesIO, audio_format: str, tags: Mapping[str, Any]) -> None:
    from mutagen.mp3 import MP3
    from mutagen.wave import WAVE

    audio: Any = (MP3 if audio_format == "mp3" else WAVE)(buffer)
    if audio.tags is None:
        audio.add_tags()
    audio.tags.clear()
    for frame in _id3_frames(tags):
        audio.tags.add(frame)
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)


def _id3_frames(tags: Mapping[str, Any]) -> list[Any]:
    import mutagen.id3

    id3: Any = mutagen.id3  # its classes carry no types
    language = _LANGUAGES.get(tags["language"], "und")
    frames = [
        id3.TIT2(encoding=_UTF8, text=tags["title"]),
        id3.TCON(encoding=_UTF8, text=tags["genre"]),
        # The standard wants whole beats; the exact tempo stands beside it.
        id3.TBPM(encoding=_UTF8, text=f"{tags['bpm']:.0f}"),
        id3.TXXX(encoding=_UTF8, desc="BPM", text=f"{tags['bpm']:g}"),
        id3.TKEY(encoding=_UTF8, text=tags["key"]),
        id3.COMM(encoding=_UTF8, lang="eng", desc="", text=COMMENT),
        id3.TXXX(encoding=_UTF8, desc="LICENSE", text=tags["licence"]),
        id3.TXXX(encoding=_UTF8, desc="CONTEXT_SHA256", text=tags["context_sha256"]),
    ]
    if tags["lyrics"]:
        frames += [
            id3.TLAN(encoding=_UTF8, text=language),
            id3.USLT(encoding=_UTF8, lang=language, desc="", text=tags["lyrics"]),
            id3.SYLT(
                encoding=_UTF8, lang=language, format=_SYLT_MILLISECONDS, type=_SYLT_LYRICS, desc="",
                text=[(text, int(start_ms)) for start_ms, text in tags["lines"]],
            ),
        ]  # fmt: skip
    return frames
