"""The registry of adapters: every engine by name from settings, and no key in anything that is shown."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.engines.asking import TextRequest
from resources.providers.protocol import ProviderFailure, provider_failure
from resources.providers.registry import (
    SONG_ENGINE_NAMES,
    TEXT_ENGINE_NAMES,
    healths,
    song_engine,
    stem_engine,
    text_engine,
)
from resources.providers.terms import TERMS
from resources.settings import get_settings
from support.canned_server import CannedServer, Reply, Seen, as_json
from support.provider_cases import song

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = {
    "kie": "KIE", "elevenlabs": "ELEVENLABS", "lyria": "GOOGLE", "stable_audio": "STABILITY", "minimax": "MINIMAX",
    "replicate": "REPLICATE", "acestep": "ACESTEP", "suno": "SUNO", "udio": "UDIO", "openai": "OPENAI",
    "anthropic": "ANTHROPIC",
}  # fmt: skip


def test_every_engine_is_known_and_unconfigured_without_keys(tmp_path: Path) -> None:
    found = healths(get_settings(tmp_path))
    assert tuple(found) == (*SONG_ENGINE_NAMES, *TEXT_ENGINE_NAMES)
    assert set(found) == set(VARIABLES)
    for name, health in found.items():
        assert not health.is_configured
        assert VARIABLES[name] in health.why
    assert set(TERMS) == set(SONG_ENGINE_NAMES)


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    for build in (song_engine, text_engine, stem_engine):
        with pytest.raises(BadInput, match="known are"):
            build("musiclm", get_settings(tmp_path))


def test_two_providers_take_songs_apart(tmp_path: Path) -> None:
    able = [name for name in SONG_ENGINE_NAMES if stem_engine(name, get_settings(tmp_path)) is not None]
    assert able == ["kie", "elevenlabs"]


def test_no_key_shows_in_anything(
    tmp_path: Path, server: CannedServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every provider answers 401 and repeats what it was sent: failures, health, logs and pickles stay clean."""
    for prefix in VARIABLES.values():
        monkeypatch.setenv(f"{prefix}_API_{'TOKEN' if prefix == 'REPLICATE' else 'KEY'}", f"key-secret-{prefix}")
        monkeypatch.setenv(f"{prefix}_BASE_URL", server.base_url)
    found = get_settings(tmp_path)
    assert len(found.configured_keys()) == len(VARIABLES)

    def echo(seen: Seen) -> Reply:
        told = " ".join(seen.headers.values())
        seen_keys.append(told)
        return as_json({"error": {"message": told, "type": "x"}, "detail": told, "code": 401, "msg": told}, 401)

    seen_keys: list[str] = []
    monkeypatch.setattr(server, "reply_to", echo)
    shown: list[object] = []
    with caplog.at_level(logging.DEBUG):
        for name in SONG_ENGINE_NAMES:
            engine = song_engine(name, found)
            with pytest.raises(ProviderFailure) as caught:
                engine.submit(song(), {}, None)
            shown += [engine, caught.value, engine.health(), pickle.loads(pickle.dumps(caught.value))]
        for name in TEXT_ENGINE_NAMES:
            writer = text_engine(name, found)
            asked = TextRequest(task="lyrics", form="lyrics", instructions="Write.", text="Rain.")
            with pytest.raises(ProviderFailure) as caught:
                writer.fill_in(asked)
            shown += [writer, caught.value, writer.health()]
    text = repr(shown) + " ".join(str(thing) for thing in shown) + caplog.text + repr(found)
    for prefix in VARIABLES.values():
        assert f"key-secret-{prefix}" in " ".join(seen_keys)
    assert "key-secret" not in text


def test_failures_survive_pickling() -> None:
    failure = provider_failure("kie", "rate limited", "slow down", retry_after_s=3.0)
    back = pickle.loads(pickle.dumps(failure))
    assert (type(back), back.reason, back.retry_after_s) == (type(failure), "rate limited", 3.0)


def test_importing_the_adapters_loads_no_sdk() -> None:
    code = (
        "import sys, resources.providers.registry, resources.providers.callbacks\n"
        "print(sorted({'openai', 'anthropic', 'standardwebhooks', 'soundfile', 'pedalboard'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
