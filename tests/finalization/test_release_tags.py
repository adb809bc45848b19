"""Tags can be read back from every format, hold no ids, and leave the audio alone."""

from __future__ import annotations

import base64
import io
import struct
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dsp.audiofile import decode, encode_flac, encode_mp3, encode_ogg, encode_opus, encode_wav
from dsp.ffmpeg import encode_aac, has_ffmpeg
from dsp.wavchunks import wav_chunks
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization.metadata import tag_key
from musicgen_assets.finalization.tags import SOURCE_TYPE, tagged
from musicgen_assets.finalization.wav_texts import time_reference

TAGS: dict[str, Any] = {
    "title": "Été", "genre": "bossa nova, jazz", "bpm": 96.5, "key": "C#m", "language": "fr", "licence": "yours",
    "context_sha256": "ab" * 32, "seed": 7, "software": "musicgen 0.1.0", "lyrics": "La mer\nqu'on voit",
    "levels": {"integrated_lufs": -14.02, "loudness_range_lu": 5.5, "true_peak_dbtp": -1.05},
    "lines": [[1500, "La mer"], [4000, "qu'on voit"]],
}  # fmt: skip
ENCODERS = {"wav": encode_wav, "flac": encode_flac, "mp3": encode_mp3, "ogg": encode_ogg, "opus": encode_opus}
if has_ffmpeg():  # not run for M4A: no ffmpeg is installed
    ENCODERS["m4a"] = encode_aac


def _jpeg() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (30, 60, 90)).save(buffer, "JPEG")
    return buffer.getvalue()


COVER = _jpeg()


def audio() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((2, 48_000))).astype(np.float32)


def id3_of(data: bytes, name: str) -> Any:
    from mutagen.mp3 import MP3
    from mutagen.wave import WAVE

    return (MP3 if name == "mp3" else WAVE)(io.BytesIO(data)).tags


@pytest.mark.parametrize("name", ["wav", "mp3"])
def test_id3_says_everything(name: str) -> None:
    found = id3_of(tagged(ENCODERS[name](audio(), 48_000), name, TAGS), name)
    assert found["TIT2"] == "Été"
    assert found["TCON"] == "bossa nova, jazz"
    assert found["TBPM"] == "96"
    assert found["TXXX:BPM"] == "96.5"
    assert found["TKEY"] == "C#m"
    assert found["COMM::eng"] == "AI-generated"
    assert found["TXXX:CONTEXT_SHA256"] == "ab" * 32
    assert found["TXXX:LICENSE"] == "yours"
    assert found["TXXX:SEED"] == "7"
    assert found["TXXX:DIGITAL_SOURCE_TYPE"] == SOURCE_TYPE
    assert found["TSSE"] == "musicgen 0.1.0"
    assert found["USLT::fra"].text == "La mer\nqu'on voit"
    assert found["SYLT::fra"].text == [("La mer", 1500), ("qu'on voit", 4000)]
    assert "TSRC" not in found


def vorbis_of(data: bytes, name: str) -> Any:
    from mutagen.flac import FLAC
    from mutagen.oggopus import OggOpus
    from mutagen.oggvorbis import OggVorbis

    kinds: dict[str, Any] = {"flac": FLAC, "ogg": OggVorbis, "opus": OggOpus}
    return kinds[name](io.BytesIO(data))


@pytest.mark.parametrize("name", ["flac", "ogg", "opus"])
def test_vorbis_comments_say_everything(name: str) -> None:
    data = tagged(ENCODERS[name](audio(), 48_000), name, TAGS)
    found = dict(vorbis_of(data, name).tags)
    assert found == {
        "title": ["Été"], "genre": ["bossa nova, jazz"], "bpm": ["96.5"], "key": ["C#m"], "language": ["fra"],
        "lyrics": ["La mer\nqu'on voit"], "comment": ["AI-generated"], "license": ["yours"],
        "context_sha256": ["ab" * 32], "seed": ["7"], "encoded_by": ["musicgen 0.1.0"],
        "digital_source_type": [SOURCE_TYPE],
    }  # fmt: skip


@pytest.mark.skipif(not has_ffmpeg(), reason="not run: no ffmpeg is installed")
def test_atoms_say_everything() -> None:
    from mutagen.mp4 import MP4

    found: Any = MP4(io.BytesIO(tagged(encode_aac(audio(), 48_000), "m4a", TAGS))).tags  # type: ignore[no-untyped-call]
    assert found["\xa9nam"] == ["Été"]
    assert found["\xa9cmt"] == ["AI-generated"]
    assert found["\xa9lyr"] == ["La mer\nqu'on voit"]
    assert found["tmpo"] == [96]
    free = {name.rsplit(":", 1)[-1]: value[0].decode() for name, value in found.items() if name.startswith("----")}
    assert free == {
        "initialkey": "C#m", "BPM": "96.5", "LICENSE": "yours", "CONTEXT_SHA256": "ab" * 32, "SEED": "7",
        "ENCODED_BY": "musicgen 0.1.0", "DIGITAL_SOURCE_TYPE": SOURCE_TYPE,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(ENCODERS.keys() - {"wav"}))
def test_the_cover_travels_along(name: str) -> None:
    data = tagged(ENCODERS[name](audio(), 48_000), name, TAGS, COVER)
    assert data == tagged(data, name, TAGS, COVER)
    if name == "mp3":
        found = id3_of(data, name)["APIC:"].data
    elif name == "flac":
        found = vorbis_of(data, name).pictures[0].data
    elif name == "m4a":
        from mutagen.mp4 import MP4

        found = bytes(MP4(io.BytesIO(data)).tags["covr"][0])  # type: ignore[no-untyped-call,index]
    else:
        from mutagen.flac import Picture

        block = base64.b64decode(vorbis_of(data, name)["METADATA_BLOCK_PICTURE"][0])
        found = Picture(block).data  # type: ignore[no-untyped-call]
    assert found == COVER
    assert np.array_equal(decode(data)[0], decode(ENCODERS[name](audio(), 48_000))[0])


@pytest.mark.parametrize("depth", [16, 24, 32])
def test_a_wav_tells_editors_and_archives_too(depth: int) -> None:
    chunks = wav_chunks(tagged(encode_wav(audio(), 48_000, depth), "wav", TAGS))
    assert next(iter(chunks)) == b"fmt "
    assert list(chunks).index(b"data") > list(chunks).index(b"bext")
    bext = chunks[b"bext"]
    assert bext[:256].rstrip(b"\0") == b"?t?. AI-generated. Seed 7."
    assert bext[256:288].rstrip(b"\0") == b"musicgen 0.1.0"
    assert struct.unpack_from("<H", bext, 346) == (2,)
    assert struct.unpack_from("<3h", bext, 412) == (-1402, 550, -105)
    assert f"F=48000,W={depth},M=stereo".encode() in bext[602:]
    document = ET.fromstring(chunks[b"iXML"])
    assert document.findtext("PROJECT") == "Été"
    assert document.findtext("SPEED/AUDIO_BIT_DEPTH") == str(depth)
    assert document.findtext("USER/CONTEXT_SHA256") == "ab" * 32
    assert document.findtext("TRACK_LIST/TRACK_COUNT") == "2"
    info = chunks[b"LIST"]
    assert info.startswith(b"INFOINAM")
    assert "Été".encode() + b"\0" in info


def test_libsndfile_reads_what_a_wav_says() -> None:
    import soundfile

    with soundfile.SoundFile(io.BytesIO(tagged(encode_wav(audio(), 48_000), "wav", TAGS))) as found:
        assert (found.title, found.software, found.genre) == ("Été", "musicgen 0.1.0", "bossa nova, jazz")
        assert found.comment.startswith("AI-generated. Seed 7.")


def test_a_time_reference_survives_tagging() -> None:
    from dsp.wavchunks import Broadcast, bext_chunk, with_chunks

    at_one = with_chunks(encode_wav(audio(), 48_000), {b"bext": bext_chunk(Broadcast("x", "y", 3_600 * 48_000))})
    assert time_reference(wav_chunks(tagged(at_one, "wav", TAGS))[b"bext"]) == 3_600 * 48_000


@pytest.mark.parametrize("name", ENCODERS)
def test_the_audio_is_untouched_and_the_bytes_repeat(name: str) -> None:
    plain = ENCODERS[name](audio(), 48_000)
    first, second = tagged(plain, name, TAGS), tagged(plain, name, TAGS)
    assert first == second
    assert np.array_equal(decode(first)[0], decode(plain)[0])


@pytest.mark.parametrize("name", ENCODERS)
def test_tagging_again_replaces(name: str) -> None:
    plain = ENCODERS[name](audio(), 48_000)
    once = tagged(plain, name, TAGS)
    assert tagged(once, name, TAGS) == once


@pytest.mark.parametrize("name", ENCODERS)
def test_instrumentals_have_no_words_in_their_tags(name: str) -> None:
    data = tagged(ENCODERS[name](audio(), 48_000), name, {**TAGS, "lyrics": "", "lines": []})
    assert b"USLT" not in data
    assert b"LYRICS" not in data


def test_what_is_not_audio_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="Cannot tag"):
        tagged(b"no audio at all", "flac", TAGS)


@pytest.mark.parametrize(
    ("key", "scale", "text"),
    [("C#", "minor", "C#m"), ("Eb", "major", "Eb"), ("D", "dorian", "Dm"), ("G", "mixolydian", "G")],
)
def test_keys_are_written_as_players_read_them(key: str, scale: str, text: str) -> None:
    assert tag_key(key, scale) == text


def test_a_release_carries_its_tags(released: Any) -> None:
    found = id3_of(released.data("master.mp3"), "mp3")
    assert found["TIT2"] == "Été & <summer>"
    assert found["TXXX:CONTEXT_SHA256"] == released.json("metadata.json")["context_sha256"]
    assert found["USLT::eng"].text.startswith("Été & <summer>\n\n[Verse 1]")
