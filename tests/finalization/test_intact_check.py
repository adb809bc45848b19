"""A file that is not what it says it is is found and named."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import encode_flac, encode_mp3, encode_wav
from musicgen_assets.finalization.intact import document_problem, intact_check, verify_audio
from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore

RATE = 48_000
SOUND = (0.1 * np.random.default_rng(0).standard_normal((2, RATE))).astype(np.float32)


def problem(data: bytes, media_type: str, sha256: str | None = None, duration_s: float = 1.0) -> str:
    import hashlib

    inputs = {"sha256": sha256 or hashlib.sha256(data).hexdigest(), "duration_s": duration_s}
    (answer,) = verify_audio(inputs, {"file": Blob(data, media_type, {})})
    return str(json.loads(answer.data)["problem"])


def test_sound_files_have_no_problem() -> None:
    assert problem(encode_wav(SOUND, RATE), "audio/wav") == ""
    assert problem(encode_flac(SOUND, RATE), "audio/flac") == ""
    assert problem(encode_mp3(SOUND, RATE), "audio/mpeg") == ""


def test_faults_are_told_apart() -> None:
    flac = encode_flac(SOUND, RATE)
    assert "checksum" in problem(flac, "audio/flac", "0" * 64)
    assert "does not decode" in problem(b"RIFFnonsense", "audio/wav")
    assert "samples instead of" in problem(flac, "audio/flac", duration_s=1.001)
    assert problem(encode_mp3(SOUND, RATE), "audio/mpeg", duration_s=1.001) == ""
    assert "samples instead of" in problem(encode_mp3(SOUND, RATE), "audio/mpeg", duration_s=1.2)


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("metadata.json", b"{", "cannot be read"),
        ("report.html", b" \n", "empty"),
        ("licence.txt", b"\xff\xfe\xff", "cannot be read"),
        ("score.mid", b"MThd", "cannot be read"),
        ("score.mid", b"", "cannot be read"),
        ("exports/lead_sheet.pdf", b"%PDF-1.4 half", "no whole PDF"),
        ("exports/score.musicxml", b"<score-partwise>", "cannot be read"),
        ("exports/score.musicxml", b"<html/>", "no score"),
        ("metadata.json", b"{}", ""),
    ],
)
def test_documents_are_read_too(path: str, data: bytes, words: str) -> None:
    found = document_problem(path, data)
    assert (words in found) if words else found == ""


def test_the_check_names_the_file_at_fault() -> None:
    store = MemoryStore()
    good = store.keep(Payload("master.flac", "audio/flac", encode_flac(SOUND, RATE), ".flac"))
    bad = store.keep(Payload("stems/drums.flac", "audio/flac", encode_flac(SOUND[:, :100], RATE), ".flac"))
    files: list[Any] = [good, bad, Payload("metadata.json", "application/json", b"{", ".json")]
    check = intact_check(MemoryJob("finalization/release", store), files, 1.0)
    assert not check.passed
    assert check.measured == "1 of 3 files are as declared"
    assert "stems/drums.flac: it has 100 samples" in check.note
    assert "metadata.json" in check.note
