"""The video package: music at once, room for speech, a film where ffmpeg is, a certificate to paste from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.ffmpeg import has_ffmpeg
from dsp.loudness import integrated_lufs
from musicgen_assets.finalization.packages.video_audio import BED_LUFS, bed_file, opening_file
from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.graph.payloads import audio_payload

FOLDER = "packages/video/"
RATE = 48_000
TAGS = {
    "title": "x", "genre": "pop", "bpm": 120.0, "key": "C", "language": "en", "licence": "free", "context_sha256": "0",
    "lyrics": "", "lines": [], "seed": 1, "software": "musicgen",
}  # fmt: skip


def blob(samples: np.ndarray) -> Blob:
    payload: Payload = audio_payload(samples, RATE)
    return Blob(payload.data, payload.media_type, payload.meta)


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(2).standard_normal((2, round(seconds * RATE)))).astype(np.float32)


def test_a_soft_beginning_is_left_out() -> None:
    song = np.concatenate([noise(4.0, 0.0005), noise(8.0)], axis=1)
    (file,) = opening_file({"starts_s": [0.0, 2.0, 4.0, 6.0], "tags": TAGS}, {"master": blob(song)})
    assert file.meta["start_s"] == 4.0
    samples, _ = decode(file.data)
    assert samples.shape[1] == 8 * RATE
    assert file.meta["first_second_lufs"] >= integrated_lufs(song, RATE) - 10.0


def test_a_song_that_starts_at_once_is_left_alone() -> None:
    song = noise(6.0)
    (file,) = opening_file({"starts_s": [0.0, 2.0], "tags": TAGS}, {"master": blob(song)})
    assert file.meta["start_s"] == 0.0
    assert np.abs(decode(file.data)[0] - song).max() < 1e-6


def test_the_bed_makes_room_for_speech() -> None:
    stems = {"drums": noise(6.0), "pad": noise(6.0, 0.05)}
    inputs = {"order": list(stems), "samples": 5 * RATE, "channels": 2, "tone": [], "tags": TAGS}
    (file,) = bed_file(inputs, {name: blob(samples) for name, samples in stems.items()})
    samples, _ = decode(file.data)
    assert samples.shape == (2, 5 * RATE)
    assert integrated_lufs(samples, RATE) == pytest.approx(BED_LUFS, abs=0.2)
    assert file.meta["speech_band_db"] <= -4.0


def test_the_package_is_whole(packaged: Any) -> None:
    facts = packaged.json(f"{FOLDER}video.json")
    line = packaged.data(f"{FOLDER}description.txt").decode().strip()
    assert facts["description_line"] == line
    assert "AI-generated" in line
    assert line in packaged.data(f"{FOLDER}certificate.txt").decode()
    assert packaged.data(f"{FOLDER}certificate.pdf").startswith(b"%PDF-")
    assert b"summer-song" not in packaged.data(f"{FOLDER}certificate.pdf")
    assert facts["bed"]["integrated_lufs"] == pytest.approx(BED_LUFS, abs=0.3)
    has_film = f"{FOLDER}visualizer.mp4" in packaged.paths
    assert has_film or any("visualizer" in note for note in facts["notes"])


def test_the_visualizer_plays_and_is_repeatable(packaged: Any, tmp_path: Any) -> None:
    import json
    import shutil
    import subprocess

    if not has_ffmpeg() or shutil.which("ffprobe") is None:
        pytest.skip("not run: ffmpeg is not installed")
    film = tmp_path / "film.mp4"
    film.write_bytes(packaged.data(f"{FOLDER}visualizer.mp4"))
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", str(film)], capture_output=True,
        check=True,
    )  # fmt: skip
    found = json.loads(told.stdout)
    kinds = {stream["codec_type"]: stream for stream in found["streams"]}
    assert (kinds["video"]["width"], kinds["video"]["height"]) == (1_280, 720)
    assert float(found["format"]["duration"]) == pytest.approx(22.0, abs=0.1)
    assert "creation_time" not in json.dumps(found)
