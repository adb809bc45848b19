"""MusicGen and Demucs as engines: when they are ready and why not, what they are asked, and who may use the result."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from musicgen_assets.engines.router import Need, Standing, Standings, decide
from resources.local_models import environment
from resources.local_models.musicgen import LocalMusicGen
from resources.providers.adapters import ConfiguredAdapters
from resources.providers.protocol import ProviderFailure, Sound
from resources.registry import open_registry
from resources.routing import Routing
from resources.settings import Settings, get_settings
from support.provider_songs import planned, wav
from support.weights import demucs_folder_of, transformers_folder


def environment_of(path: Path, *packages: str) -> Path:
    """An interpreter's place with those packages, as far as looking at folders tells."""
    for name in packages:
        (path / "lib/python3.11/site-packages" / name).mkdir(parents=True, exist_ok=True)
    (path / "bin").mkdir(parents=True, exist_ok=True)
    (path / "bin/python").write_text("")
    return path / "bin/python"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Both models ready, as far as can be told without starting them."""
    python = environment_of(tmp_path / "venv", "torch", "transformers", "demucs", "soxr")
    monkeypatch.setenv("MUSICGEN_MODELS_PYTHON", str(python))
    monkeypatch.setenv("MUSICGEN_MODEL_PATH", str(transformers_folder(tmp_path / "small")))
    monkeypatch.setenv("MUSICGEN_DEMUCS_PATH", str(demucs_folder_of(tmp_path / "stems", "955717e8")))
    return get_settings(tmp_path / "home")


def test_they_are_ready_once_weights_and_environment_are_there(settings: Settings) -> None:
    adapters = ConfiguredAdapters(settings)
    assert (adapters.missing("musicgen"), adapters.missing("demucs")) == ("", "")
    assert adapters.model("musicgen", "instrumental").startswith("small-")
    assert adapters.model("demucs", "stem_separation").startswith("htdemucs-")
    assert adapters.stems("musicgen") is None
    assert adapters.stems("demucs") is not None
    assert adapters.stems_usd("demucs") == Decimal(0)


def test_what_is_missing_is_said(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(**environment_variables: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in environment_variables.items():
                patch.setenv(name, value)
            return ConfiguredAdapters(get_settings(tmp_path / "home")).missing("musicgen")

    del settings
    assert missing(MUSICGEN_MODEL_PATH="") == "MUSICGEN_MODEL_PATH is not set"
    assert "is no folder" in missing(MUSICGEN_MODEL_PATH=str(tmp_path / "nowhere"))
    bare = environment_of(tmp_path / "bare", "torch")
    assert missing(MUSICGEN_MODELS_PYTHON=str(bare)).endswith("has no transformers: make models")
    assert "which is no file" in missing(MUSICGEN_MODELS_PYTHON=str(tmp_path / "no/python"))
    monkeypatch.setattr(environment, "checkout_root", lambda: tmp_path)
    assert "is not set up: make models" in missing(MUSICGEN_MODELS_PYTHON="")


def test_a_song_is_asked_for_in_words_and_what_they_cannot_say_is_noted(settings: Settings) -> None:
    engine = LocalMusicGen(settings)
    asked, notes = engine.translate(planned(task="instrumental", melody="melody"), {"melody": Sound("m", wav(), "")})
    assert asked["seconds"] == pytest.approx(40.2)
    assert asked["seed"] == 7 + 2**40 - (2**40 // 2**31) * 2**31
    assert "92 BPM" in asked["prompt"]
    assert "A minor" in asked["prompt"]
    assert not asked["has_melody"]
    for note in ("melody: these weights take none", "tempo: in words only", "sections: not taken"):
        assert any(one.startswith(note) for one in notes), note


def test_a_folder_that_broke_meanwhile_is_a_failure_that_costs_nothing(settings: Settings) -> None:
    assert settings.model_path is not None
    (settings.model_path / "model.safetensors").unlink()
    with pytest.raises(ProviderFailure, match=r"model\.safetensors is missing") as caught:
        LocalMusicGen(settings).submit(planned(task="instrumental"), {}, None)
    assert (caught.value.reason, caught.value.acceptance) == ("unavailable", "not accepted")
    with pytest.raises(ProviderFailure, match="is not in"):
        LocalMusicGen(settings).state("0123")


def test_a_folder_for_demucs_is_a_wish_to_use_it_and_another_wish_wins(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chosen(found: Settings) -> str:
        found.home.mkdir(parents=True, exist_ok=True)
        routing = Routing(open_registry(found), ConfiguredAdapters(found), found.routing, found.budgets)
        return decide(Need(task="stem_separation"), routing.standings_here()).engine

    assert chosen(settings) == "demucs"
    monkeypatch.setenv("MUSICGEN_ROUTING__PREFERRED", '{"stem_separation": "builtin"}')
    assert chosen(get_settings(settings.home)) == "builtin"


@pytest.mark.parametrize(("is_for_sale", "engine"), [(False, "musicgen"), (True, "builtin")])
def test_what_is_to_be_sold_is_not_made_with_weights_that_forbid_it(is_for_sale: bool, engine: str) -> None:
    need: dict[str, Any] = {"task": "instrumental", "preferred": "musicgen", "is_commercial": is_for_sale}
    decision = decide(Need(**need), Standings(ready={"musicgen": Standing()}))
    assert decision.engine == engine
    assert ("CC-BY-NC" in decision.passed_over.get("musicgen", "")) == is_for_sale
