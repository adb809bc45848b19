"""Tags can be read back from every format, hold no ids, and leave the audio alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode, encode_flac, encode_mp3, encode_ogg, encode_wav
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization.metadata import tag_key
from musicgen_assets.finalization.tags import tagged

TAGS: dict[str, Any] = {
    "title": "Été", "genre": "bossa nova, jazz", "bpm": 96.5, "key": "C#m", "language": "fr", "licence": "yours",
    "context_sha256": "ab" * 32, "lyrics": "La mer\nqu'on voit", "lines": [[1500, "La mer"], [4000, "qu'on voit"]],
}  # fmt: skip
ENCODERS = {"wav": encode_wav, "flac": encode_flac, "mp3": encode_mp3, "ogg": encode_ogg}


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
    assert found["USLT::fra"].text == "La mer\nqu'on voit"
    assert found["SYLT::fra"].text == [("La mer", 1500), ("qu'on voit", 4000)]
    assert "TSRC" not in found


@pytest.mark.parametrize("name", ["flac", "ogg"])
def test_vorbis_comments_say_everything(name: str) -> None:
    from mutagen.flac import FLAC
    from mutagen.oggvorbis import OggVorbis

    data = tagged(ENCODERS[name](audio(), 48_000), name, TAGS)
    found = dict((FLAC if name == "flac" else OggVorbis)(io.BytesIO(data)).tags)
    assert found == {
        "title": ["Été"], "genre": ["bossa nova, jazz"], "bpm": ["96.5"], "key": ["C#m"], "language": ["fra"],
        "lyrics": ["La mer\nqu'on voit"], "comment": ["AI-generated"], "license": ["yours"],
        "context_sha256": ["ab" * 32],
    }  # fmt: skip


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
