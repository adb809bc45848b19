"""Tags inside audio files: ID3v2.4 in MP3 and WAV, Vorbis comments in FLAC, OGG and Opus, atoms in M4A.

Belongs here: which fact goes into which field. Does not belong here: the facts (finalization.metadata), the other
texts that a WAV carries (finalization.wav_texts). Tags hold no ids and no times, so that equal songs are equal files:
what identifies a song is the hash of its context.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization.wav_texts import with_wav_texts

COMMENT = "AI-generated"
"""Said plainly in every file."""
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""The same for machines, in the words of IPTC: made by an algorithm, which was not trained on the works of others."""

_UTF8 = 3
_LANGUAGES = {"en": "eng", "es": "spa", "fr": "fra", "de": "deu", "pt": "por"}
"""ISO 639-1 to 639-2/T, which ID3 wants."""
_SYLT_MILLISECONDS = 2
_SYLT_LYRICS = 1
_FRONT_COVER = 3
_NO_PADDING = 0


def tagged(data: bytes, ending: str, tags: Mapping[str, Any], cover: bytes = b"") -> bytes:
    """``data`` with ``tags`` instead of any it had; its audio is untouched.

    Args:
        data: an encoded file.
        ending: names its container: "wav", "flac", "mp3", "ogg", "opus" or "m4a".
        tags: ``title``, ``genre``, ``bpm``, ``key`` ("C#m"), ``language``, ``licence``, ``context_sha256``, ``seed``,
            ``software``, ``lyrics`` (text, may be empty), ``lines`` ([start_ms, text] of each sung line), and for WAV
            ``levels`` (integrated_lufs, loudness_range_lu, true_peak_dbtp; may be missing).
        cover: a JPEG to carry along; none in WAV, where few players look for one.

    Raises:
        PermanentFailure: the file is not of that format.
    """
    from mutagen import MutagenError

    from dsp.errors import AudioError

    buffer = io.BytesIO(data)
    try:
        if ending == "wav":
            buffer = io.BytesIO(with_wav_texts(data, tags))
        if ending in ("wav", "mp3"):
            _write_id3(buffer, ending, tags, cover if ending == "mp3" else b"")
        elif ending == "m4a":
            _write_mp4(buffer, tags, cover)
        else:
            _write_vorbis(buffer, ending, tags, cover)
    except (MutagenError, AudioError) as error:
        raise PermanentFailure(
            f"Cannot tag {len(data)} bytes as {ending}: {error}.", way_out="Make the master again."
        ) from error
    return buffer.getvalue()


def _no_padding(_: Any) -> int:
    return _NO_PADDING


def vorbis_comments(tags: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Fields and values, empty ones left out."""
    pairs = (
        ("TITLE", tags["title"]),
        ("GENRE", tags["genre"]),
        ("BPM", f"{tags['bpm']:g}"),
        ("KEY", tags["key"]),
        ("LANGUAGE", _language(tags) if tags["lyrics"] else ""),
        ("LYRICS", tags["lyrics"]),
        ("COMMENT", COMMENT),
        ("LICENSE", tags["licence"]),
        ("CONTEXT_SHA256", tags["context_sha256"]),
        *marks(tags),
    )
    return [(name, value) for name, value in pairs if value]


def marks(tags: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Where the music comes from, for machines, under the names that every container here uses."""
    return (("SEED", str(tags["seed"])), ("ENCODED_BY", tags["software"]), ("DIGITAL_SOURCE_TYPE", SOURCE_TYPE))


def _language(tags: Mapping[str, Any]) -> str:
    return _LANGUAGES.get(tags["language"], "und")


def _write_vorbis(buffer: io.BytesIO, ending: str, tags: Mapping[str, Any], cover: bytes) -> None:
    from mutagen.flac import FLAC
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis

    kinds: Mapping[str, Any] = {"flac": FLAC, "ogg": OggVorbis, "opus": OggOpus}
    audio: Any = kinds[ending](buffer)
    if audio.tags is not None:
        audio.tags.clear()
    for name, value in vorbis_comments(tags):
        audio[name] = value
    if ending == "flac":
        audio.clear_pictures()
    if cover and ending == "flac":
        audio.add_picture(_picture(cover))
    elif cover:
        audio["METADATA_BLOCK_PICTURE"] = base64.b64encode(_picture(cover).write()).decode("ascii")
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)


def _picture(cover: bytes) -> Any:
    """A FLAC picture block, which OGG files carry as text."""
    from mutagen.flac import Picture
    from PIL import Image

    picture: Any = Picture()  # type: ignore[no-untyped-call]
    with Image.open(io.BytesIO(cover)) as image:
        picture.width, picture.height, picture.depth = *image.size, 24
    picture.type, picture.mime, picture.data = _FRONT_COVER, "image/jpeg", cover
    return picture


def _write_mp4(buffer: io.BytesIO, tags: Mapping[str, Any], cover: bytes) -> None:
    """iTunes atoms where there is one, freeform ones else."""
    from mutagen.mp4 import MP4, MP4Cover

    audio: Any = MP4(buffer)  # type: ignore[no-untyped-call]
    if audio.tags is None:
        audio.add_tags()
    audio.tags.clear()
    audio["\xa9nam"], audio["\xa9gen"], audio["\xa9cmt"] = tags["title"], tags["genre"], COMMENT
    audio["\xa9too"], audio["tmpo"] = tags["software"], [round(tags["bpm"])]
    if tags["lyrics"]:
        audio["\xa9lyr"] = tags["lyrics"]
    free = (("initialkey", tags["key"]), ("BPM", f"{tags['bpm']:g}"), ("LICENSE", tags["licence"]),
            ("CONTEXT_SHA256", tags["context_sha256"]), *marks(tags))  # fmt: skip
    for name, value in free:
        audio[f"----:com.apple.iTunes:{name}"] = value.encode()
    if cover:
        audio["covr"] = [MP4Cover(cover, MP4Cover.FORMAT_JPEG)]  # type: ignore[no-untyped-call]
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)


def _write_id3(buffer: io.BytesIO, ending: str, tags: Mapping[str, Any], cover: bytes) -> None:
    from mutagen.mp3 import MP3
    from mutagen.wave import WAVE

    audio: Any = (MP3 if ending == "mp3" else WAVE)(buffer)
    if audio.tags is None:
        audio.add_tags()
    audio.tags.clear()
    for frame in _id3_frames(tags, cover):
        audio.tags.add(frame)
    buffer.seek(0)
    audio.save(buffer, padding=_no_padding)


def _id3_frames(tags: Mapping[str, Any], cover: bytes) -> list[Any]:
    import mutagen.id3

    id3: Any = mutagen.id3  # its classes carry no types
    language = _language(tags)
    texts = (("BPM", f"{tags['bpm']:g}"), ("LICENSE", tags["licence"]), ("CONTEXT_SHA256", tags["context_sha256"]),
             *marks(tags))  # fmt: skip
    frames = [
        id3.TIT2(encoding=_UTF8, text=tags["title"]),
        id3.TCON(encoding=_UTF8, text=tags["genre"]),
        # The standard wants whole beats; the exact tempo stands beside it.
        id3.TBPM(encoding=_UTF8, text=f"{tags['bpm']:.0f}"),
        id3.TKEY(encoding=_UTF8, text=tags["key"]),
        id3.TSSE(encoding=_UTF8, text=tags["software"]),
        id3.COMM(encoding=_UTF8, lang="eng", desc="", text=COMMENT),
        *(id3.TXXX(encoding=_UTF8, desc=name, text=value) for name, value in texts),
    ]
    if cover:
        frames.append(id3.APIC(encoding=_UTF8, mime="image/jpeg", type=_FRONT_COVER, desc="", data=cover))
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
