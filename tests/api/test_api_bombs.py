"""What is small when it is sent and huge when it is opened, what never ends, and what should be fetched from inside."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest

from api import bridge
from api.v2.asked import GenerateAsked, ReviseAsked
from dsp.audiofile import encode_flac
from support.api_world import World
from support.receiver import receiver

FILE = {"Content-Type": "application/octet-stream"}
JSON = {"Content-Type": "application/json"}
MOST_BYTES = 150_000_000


def silence_of_20_minutes() -> bytes:
    return encode_flac(np.zeros((1, 20 * 60 * 8000), np.float32), 8000)


def zeros_in_a_zip() -> bytes:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        archive.writestr("tune.mid", bytes(50_000_000))
    return buffer.getvalue()


def midi_of(track: bytes, tracks: int = 1) -> bytes:
    head = (
        b"MThd" + (6).to_bytes(4, "big") + (1).to_bytes(2, "big") + tracks.to_bytes(2, "big") + (480).to_bytes(2, "big")
    )
    return head + (b"MTrk" + len(track).to_bytes(4, "big") + track) * min(tracks, 2)


NOTE, LONG_NOTE = b"\x00\x90\x40\x40\x01\x80\x40\x00", b"\x00\x90\x40\x40\xff\xff\xff\x7f\x80\x40\x00"
END = b"\x00\xff\x2f\x00"
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "20 minutes of silence": ("vocals", silence_of_20_minutes),
    "a ZIP of zeros": ("melody", zeros_in_a_zip),
    "a ZIP as a recording": ("tune", zeros_in_a_zip),
    "a gzip of zeros": ("stem&track=bass", lambda: gzip.compress(bytes(50_000_000))),
    "notes that last for years": ("melody", lambda: midi_of(LONG_NOTE * 50 + END)),
    "more notes than a tune has": ("melody", lambda: midi_of(NOTE * 26_000 + END)),
    "65,535 tracks": ("melody", lambda: midi_of(NOTE + END, 65_535)),
    "a track that is longer than its file": ("melody", lambda: midi_of(END)[:-8] + b"\x7f\xff\xff\xff" + END),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_grows_when_it_is_opened_is_refused_before_it_does(api: World, name: str) -> None:
    what, made = FILES[name]
    song, data = api.resolved(), made()
    assert len(data) < 1_000_000
    tracemalloc.start()
    started = time.monotonic()
    answer = api.ask("POST", f"/compositions/{song}/uploads/?what={what}&name=x", content=data, headers=FILE)
    took_s, (_, most_bytes) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text
    assert most_bytes < MOST_BYTES
    assert took_s < 20


def test_a_body_is_taken_as_it_is_and_not_unpacked(api: World) -> None:
    packed = gzip.compress(json.dumps({"prompt": "a song", "lyrics": "la " * 10_000_000}).encode())
    assert len(packed) < 100_000
    for coding in ("gzip", "deflate", "br", "identity, gzip"):
        headers = {**JSON, "Content-Encoding": coding}
        answer = api.ask("POST", "/compositions/generate/", content=packed, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_json"), coding


def test_a_body_without_a_length_is_cut_off_where_it_becomes_too_large(api: World) -> None:
    sent = [0]

    def endless() -> Iterator[bytes]:
        yield b'{"prompt": "'
        for _ in range(400):
            sent[0] += 64 * 1024
            yield b"x" * 64 * 1024

    answer = api.ask("POST", "/compositions/generate/", content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_of_which_nothing_comes_is_given_up(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "BODY_SILENT_S", 0.2)
    port = int(api.server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
        slow.sendall(b"POST /api/v2/compositions/generate/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_no_address_that_is_written_anywhere_is_fetched(api: World) -> None:
    """References are files that were uploaded, never addresses: whatever a text says, nothing inside is asked."""
    song = api.resolved()
    with receiver() as inside:
        url = inside.url
        texts = ("prompt", "words", "title", "lyrics")
        paths = ("edits.melody", "edits.stems.bass", "creative.reference", "technical.reference_track")
        for path, fields in (
            ("/compositions/generate/", GenerateAsked),
            (f"/compositions/{song}/plan/", ReviseAsked),
        ):
            base = {"prompt": "a song"} if fields is GenerateAsked else {"words": "slower"}
            for name in texts:
                if name in fields.model_fields:
                    said = {**base, name: f"like {url}"[:200]}
                    assert api.ask("POST", path, json=said).status_code in (200, 202, 422), (path, name)
            for name in paths:
                for value in (url, {"url": url}, {"name": url, "sha256": url, "size_bytes": 1, "media_type": "a/b"}):
                    refused = api.ask("POST", path, json={**base, "set": {name: value}})
                    assert (refused.status_code, refused.json()["code"]) == (422, "bad_input"), (path, name, value)
        for asked in (f"what=melody&name={url}", f"what=stem&track=bass&name={url}", f"what=tune&name={url}"):
            answer = api.ask("POST", f"/compositions/{song}/uploads/?{asked}", content=url.encode(), headers=FILE)
            assert answer.status_code == 422
        assert api.ask("POST", "/webhooks/", json={"url": url}).json()["field"] == "url"
        assert not inside.seen
