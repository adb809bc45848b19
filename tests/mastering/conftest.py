"""One song, mastered and judged once for all tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from musicgen_assets.graph.job import CheckResult, FloatArray
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.mastering.analysis import asked_of
from musicgen_assets.mastering.gate import Asked, sound_checks
from musicgen_assets.mastering.gate_music import key_check, tempo_check
from musicgen_assets.mastering.measures import Measures, measures_of
from musicgen_assets.mastering.tempo_grid import grid_match
from musicgen_assets.score.model import Score
from support.sounding_song import song_score, song_store


@dataclass(frozen=True)
class Judge:
    """The gate as one call: audio in, checks by name out."""

    asked: Asked
    score: Score

    def measures(self, samples: FloatArray, rate: int) -> Measures:
        return measures_of(samples, rate, self.asked.tempo_bpm)

    def __call__(self, samples: FloatArray, rate: int) -> dict[str, CheckResult]:
        measures = self.measures(samples, rate)
        grid = grid_match(samples, rate, self.score)
        checks = [
            *sound_checks(measures, self.asked),
            tempo_check(measures, grid, self.score.tempo_bpm, self.asked.tempo_bpm),
            key_check(measures.keys, self.asked.key, self.asked.scale),
        ]
        return {check.name: check for check in checks}


@pytest.fixture(scope="session")
def song() -> MemoryStore:
    """The song with its master (MP3 and OGG too) and its analysis."""
    store = song_store(technical={"formats": ("wav", "flac", "mp3", "ogg")})
    store.run("mastering/master")
    store.run("mastering/analysis")
    return store


@pytest.fixture(scope="session")
def master(song: MemoryStore) -> tuple[FloatArray, int]:
    """Samples and rate of the streaming master."""
    job = MemoryJob("mastering/analysis", song)
    return job.audio(job.ref("mastering/master", "streaming"))


@pytest.fixture(scope="session")
def judge(song: MemoryStore) -> Judge:
    """The gate with the song's own bounds."""
    return Judge(asked_of(MemoryJob("mastering/analysis", song), song_score()), song_score())
