"""Files of a release open elsewhere and say there what was written; a file that lies is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.deliveries import by_mutagen, readings
from musicgen_assets.finalization.tags import tagged

SMALL = ("master.wav", "master.flac", "metadata.json", "cover.jpg", "score.mid", "packages/daw/song.dawproject",
         "packages/songwriter/play_along/without_bass.mp3")  # fmt: skip


@pytest.fixture(scope="module")
def folder(packaged: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("release")
    for path in SMALL:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(packaged.data(path))
    return target


def test_every_reader_reads_what_was_written(folder: Path) -> None:
    found = list(readings(folder))
    assert [reading for reading in found if reading.fault] == []
    assert {reading.path for reading in found} == set(SMALL) - {"metadata.json"}


def test_a_file_that_says_another_thing_is_found(folder: Path, packaged: Any, tmp_path: Path) -> None:
    facts = packaged.json("metadata.json")
    tags = {"title": "another song", "genre": "pop", "bpm": 120.0, "key": "C", "language": "en", "licence": "mine",
            "context_sha256": facts["context_sha256"], "seed": 7, "software": "other", "lyrics": "",
            "lines": []}  # fmt: skip
    lie = tmp_path / "master.flac"
    lie.write_bytes(tagged(packaged.data("master.flac"), "flac", tags))
    with pytest.raises(ValueError, match="title"):
        by_mutagen(lie, facts)
    assert "title" in by_mutagen(folder / "master.flac", facts)
