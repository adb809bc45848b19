"""Real MusicGen and Demucs with tiny random weights, through their own libraries: repeatable, continued, along a
melody, stems that sum, whole songs. Run by `make test-ml`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from click.testing import CliRunner, Result

from musicgen_assets.cli import main
from resources.local_models.demucs import LocalDemucs
from resources.local_models.folders import musicgen_folder
from resources.local_models.musicgen import LocalMusicGen
from resources.local_models.process import ModelAnswer, ModelProcess, close_all
from resources.providers.protocol import JobState, Sound
from resources.settings import get_settings
from support.provider_songs import planned
from support.weights import ML_PYTHON, random_weights

pytestmark = [pytest.mark.ml, pytest.mark.xdist_group("ml")]

RATE = 32_000
KINDS = ("transformers", "transformers-melody", "audiocraft", "audiocraft-melody")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


def weights(root: Path, kind: str) -> Path:
    """Made once."""
    place = root / kind
    return place if place.is_dir() else random_weights(kind, place)


@pytest.fixture(scope="module")
def process() -> Iterator[ModelProcess]:
    found = ModelProcess(ML_PYTHON, idle_s=600.0)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    close_all()


def melody(hz: float, seconds: float = 6.0) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * 48_000)) / 48_000)
    return np.stack([wave, wave]).astype(np.float32)


def song(process: ModelProcess, folder: Path, seconds: float, **changes: Any) -> ModelAnswer:
    found = musicgen_folder(folder)
    assert found.problems == ()
    tune = changes.pop("tune", None)
    asked = {
        "do": "musicgen", "backend": found.backend, "folder": str(folder), "title": found.title,
        "identity": found.model, "device": "cpu", "prompt": "calm piano, 92 bpm", "seconds": seconds, "seed": 5,
        "window_s": 30.0, "new_s": 18.0, "top_k": 250, "temperature": 1.0, "guidance": 3.0,
        "has_melody": tune is not None, "melody_rate_hz": 48_000, **changes,
    }  # fmt: skip
    return process.ask(asked, [] if tune is None else [tune], lambda *_: None)


def test_the_same_question_sounds_the_same_and_another_seed_prompt_or_melody_does_not(
    process: ModelProcess, root: Path, kind: str
) -> None:
    folder = weights(root, kind)
    tune = melody(440.0) if kind.endswith("melody") else None
    first = song(process, folder, 4.0, tune=tune)
    assert first.told["backend"] == kind.removesuffix("-melody")
    assert first.told["is_along_melody"] == (tune is not None)
    assert first.sounds[0].shape == (1, 4 * RATE)
    assert np.abs(first.sounds[0]).max() > 1e-3
    again = song(process, folder, 4.0, tune=tune)
    assert again.told["load_s"] == 0.0, "it stays loaded"
    assert np.array_equal(again.sounds[0], first.sounds[0])
    others: list[dict[str, Any]] = [{"seed": 6}, {"prompt": "wild drums"}]
    others += [{"tune": melody(523.25)}] if tune is not None else []
    for change in others:
        other = song(process, folder, 4.0, **{"tune": tune, **change})
        assert not np.array_equal(other.sounds[0], first.sounds[0]), change


def test_a_song_longer_than_a_window_goes_on_without_a_jump(process: ModelProcess, root: Path, kind: str) -> None:
    tune = melody(440.0, 45.0) if kind.endswith("melody") else None
    made = song(process, weights(root, kind), 45.0, tune=tune)
    (sound,) = made.sounds
    assert (made.told["windows"], sound.shape) == (2, (1, 45 * RATE))
    assert np.isfinite(sound).all()
    steps = np.abs(np.diff(sound[0]))
    seam = slice(29 * RATE, 31 * RATE)
    assert steps[seam].max() < 4.0 * max(steps[: 29 * RATE].max(), steps[31 * RATE :].max())
    loudness = [float(np.sqrt(np.mean(sound[:, at * RATE : (at + 5) * RATE] ** 2))) for at in range(0, 45, 5)]
    assert min(loudness) > 0.1 * max(loudness), "it plays to its end"


def test_stems_of_demucs_are_its_own_and_add_up_to_the_mix(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dsp.audiofile import decode, encode_wav

    monkeypatch.setenv("MUSICGEN_DEMUCS_PATH", str(weights(root, "demucs")))
    monkeypatch.setenv("MUSICGEN_MODELS_PYTHON", str(ML_PYTHON))
    engine = LocalDemucs(get_settings(tmp_path))
    assert engine.missing() == ""
    assert engine.health().is_reachable
    mix = np.random.default_rng(3).normal(0.0, 0.1, (2, 48_000 * 9)).astype(np.float32)
    found = []
    for _ in range(2):
        job = engine.submit_stems(Sound("song", encode_wav(mix, 48_000, 32), "audio/wav"), {}, None).job_id
        assert settled(engine, job).word == "succeeded"
        found.append(engine.collect_stems(job))
    assert [stem.name for stem in found[0]] == ["drums", "bass", "other", "vocals", "rest"]
    assert [stem.data for stem in found[0]] == [stem.data for stem in found[1]], (
        "the same song comes apart the same way"
    )
    stems = [decode(stem.data)[0] for stem in found[0]]
    assert all(stem.shape == mix.shape for stem in stems)
    error = mix - np.sum(stems, axis=0, dtype=np.float64)
    assert 20 * np.log10(np.sqrt(np.mean(error**2)) / np.sqrt(np.mean(mix**2))) < -100.0


def settled(engine: LocalMusicGen | LocalDemucs, job_id: str, until_s: float = 300.0) -> JobState:
    """How the job ended."""
    end = time.monotonic() + until_s
    while time.monotonic() < end:
        state = engine.state(job_id)
        if state.word in ("succeeded", "failed"):
            return state
        time.sleep(0.1)
    raise AssertionError("the job never ended")


def test_a_cancelled_job_ends_its_process_at_once_and_the_next_one_is_made(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_MODEL_PATH", str(weights(root, "transformers")))
    monkeypatch.setenv("MUSICGEN_MODELS_PYTHON", str(ML_PYTHON))
    engine = LocalMusicGen(get_settings(tmp_path))
    long = engine.submit(planned(task="instrumental", duration_s=120.0), {}, None).job_id
    while not engine.state(long).progress:
        time.sleep(0.05)
    pid = engine._process().pid
    assert pid is not None
    assert engine.cancel(long)
    began = time.monotonic()
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < began + 2.0, "a cancelled model computes on"
        time.sleep(0.02)
    short = engine.submit(planned(task="instrumental", duration_s=4.0), {}, None).job_id
    assert settled(engine, short).word == "succeeded"
    delivery = engine.collect(short)
    assert "CC-BY-NC" in delivery.licence
    assert delivery.facts["seed"] == (2**40 + 7) % 2**31


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.mark.song
def test_a_whole_song_is_planned_made_taken_apart_and_released_under_the_weights_licence(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random weights play noise, and the gate says so; with its findings waived, the release names who made it."""
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSICGEN_MODEL_PATH", str(weights(root, "transformers-melody")))
    monkeypatch.setenv("MUSICGEN_DEMUCS_PATH", str(weights(root, "demucs")))
    monkeypatch.setenv("MUSICGEN_MODELS_PYTHON", str(ML_PYTHON))
    said = call("compose", "solo piano, 30 seconds", "--seed", "4", "--engine", "musicgen", "--json")
    assert said.exit_code == 3, said.output
    found = json.loads(said.stdout)
    failed = [check for check in found["checks"] if not check["passed"]]
    assert {check["asset"] for check in failed} == {"mastering/analysis"}
    assert all(check["measured"] and check["expected"] for check in failed)
    routing = found["context"]["ai_decisions"]["generation"]["routing"]
    assert routing == {"full_song": "musicgen", "stem_separation": "demucs"}
    for check in failed:
        waived = call("waive", found["partition"], check["name"], "--why", "random weights play noise")
        assert waived.exit_code == 0, waived.output
    said = call("retry", found["partition"], "--json")
    assert said.exit_code == 0, said.output
    directory = Path(json.loads(said.stdout)["release"]["directory"])
    metadata = json.loads((directory / "metadata.json").read_text())
    made, separated = metadata["engines"]
    assert (separated["task"], separated["engine"]) == ("stem_separation", "demucs")
    assert (made["engine"], made["cost_usd"]) == ("musicgen", "0")
    assert made["model"].startswith("transformers-melody-")
    assert "CC-BY-NC 4.0" in metadata["licence"]
    assert "CC-BY-NC 4.0" in (directory / "licence.txt").read_text()
    assert {path.stem for path in (directory / "stems").iterdir()} == {"drums", "bass", "other", "vocals", "rest"}
    rows = json.loads(call("attempts", "list", found["partition"], "--json").stdout)["attempts"]
    assert [(row["task"], row["provider"], row["status"], row["cost_usd"]) for row in reversed(rows)] == [
        ("instrumental", "musicgen", "succeeded", "0"), ("stem_separation", "demucs", "succeeded", "0"),
    ]  # fmt: skip
