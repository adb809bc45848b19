"""The doctor: says what is wrong and what to do, and never falls ill itself."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.manifest import Manifest
from resources import health, instruments, voices
from resources.health import Finding, checks
from resources.registry import HEAD, Registry, Version, queries
from resources.settings import Settings, get_settings
from resources.state_machine import fail
from resources.store import ArtifactStore
from support.weights import demucs_folder_of, transformers_folder


@pytest.fixture(autouse=True)
def _some_soundfont(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own fonts are not what is tested here."""
    monkeypatch.setattr(instruments, "instruments_of", lambda *_: font())


def font(**changes: Any) -> dict[str, Any]:
    facts = {"engine": "tinysoundfont", "engine_version": "1", "font_path": "/fonts/a.sf2", "is_last_resort": False}
    return {**facts, **changes}


def finding(settings: Settings, name: str) -> Finding:
    return next(found for found in checks(settings) if found.name == name)


def test_a_sound_installation_has_nothing_wrong(settings: Settings) -> None:
    found = checks(settings)
    assert [row.name for row in found] == [
        "python", "home", "disk space", "registry", "artifact store", "versions", "samplers", "soundfont",
        "guide voice", "ffmpeg", "local models", "engines",
    ]  # fmt: skip
    assert [row for row in found if row.status == "error"] == []
    assert f"revision {HEAD}" in finding(settings, "registry").detail
    assert not list(settings.home.glob(".probe*"))


def test_a_voice_that_cannot_sing_is_a_warning_with_its_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "espeak-ng" in finding(settings, "guide voice").detail
    silent = {"is_available": False, "engine": "espeak-ng and WORLD", "version": "1", "why": "no library is there"}
    monkeypatch.setattr(voices, "guide_voice", lambda: silent)
    found = finding(settings, "guide voice")
    assert found.status == "warning"
    assert "no library is there" in found.detail
    assert found.way_out


def test_keys_are_named_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-hidden")
    found = checks(get_settings(tmp_path))
    assert found[-1].detail == "ready: anthropic"
    assert "KIE_API_KEY" in found[-1].way_out
    assert "sk-hidden" not in repr(found)


def test_a_wrong_python_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0, "final", 0))
    assert finding(settings, "python").status == "error"


def test_a_home_that_cannot_be_written_is_an_error_and_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = {row.name: row for row in checks(get_settings(tmp_path / "file" / "home"))}
    assert found["home"].status == found["registry"].status == "error"
    assert "MUSICGEN_HOME" in found["home"].way_out
    assert found["soundfont"].status == "ok"


def test_a_home_on_a_full_disk_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(health, "write_durably", full)
    row = finding(settings, "home")
    assert (row.status, "disk is full" in row.detail) == ("error", True)


@pytest.mark.parametrize(("free", "status"), [(2**40, "ok"), (2**30, "warning"), (2**20, "error")])
def test_disk_space_is_judged(settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**41, 0, free))
    row = finding(settings, "disk space")
    assert row.status == status
    assert bool(row.way_out) == (status != "ok")


def test_a_damaged_registry_is_an_error(registry: Registry, settings: Settings, version: Version) -> None:
    del version
    with registry.engine.begin() as connection:
        connection.execute(text("PRAGMA writable_schema=ON"))
        connection.execute(text("UPDATE sqlite_master SET rootpage = 3 WHERE name = 'versions'"))
    registry.close()
    row = finding(settings, "registry")
    assert row.status == "error"
    assert row.way_out


def test_a_registry_of_another_release_is_an_error(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    del registry
    monkeypatch.setattr(health, "HEAD", "9999")
    assert "not at 9999" in finding(settings, "registry").detail
    assert finding(settings, "registry").status == "error"


def test_broken_artifacts_are_found(
    registry: Registry, settings: Settings, version: Version, materialize: Callable[..., Manifest]
) -> None:
    store = ArtifactStore(settings.artifacts_url)
    manifest = materialize(version.partition, "ideation/brief")
    store.put(b"ideation/brief")
    assert finding(settings, "artifact store").status == "ok"
    assert "1 of the newest" in finding(settings, "artifact store").detail
    materialize(version.partition, "mixing/mix")
    row = finding(settings, "artifact store")
    assert (row.status, row.detail.startswith("1 of 2 broken; mixing/mix")) == ("error", True)
    path = store.path(manifest.content[0].sha256)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(b"damage")
    assert finding(settings, "artifact store").detail.startswith("2 of 2 broken")
    with registry.reading() as session:
        assert len(queries.materializations_of(session, version.partition)) == 2, "looking changes nothing"


def test_failed_versions_are_counted_and_the_way_to_them_is_named(
    registry: Registry, settings: Settings, version: Version
) -> None:
    row = finding(settings, "versions")
    assert (row.status, row.detail) == ("ok", "0 failed, 0 stuck, 0 stopped at a check")
    with registry.session() as session:
        fail(session, version, "ideation", "no idea")
    row = finding(settings, "versions")
    assert (row.status, row.detail) == ("warning", "1 failed, 0 stuck, 0 stopped at a check")
    assert "musicgen failed" in row.way_out


def test_the_font_of_last_resort_is_a_warning_and_none_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finding(settings, "soundfont").status == "ok"
    monkeypatch.setattr(instruments, "instruments_of", lambda *_: font(is_last_resort=True))
    assert finding(settings, "soundfont").status == "warning"

    def none(*_: Any) -> Any:
        raise PermanentFailure("No SoundFont was found.", way_out="Get one.")

    monkeypatch.setattr(instruments, "instruments_of", none)
    row = finding(settings, "soundfont")
    assert (row.status, row.way_out) == ("error", "Get one.")


def test_optional_parts_are_never_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = {row.name: row for row in checks(get_settings(tmp_path))}
    assert found["ffmpeg"].status == "ok"
    assert found["local models"].status == "ok"
    assert "MUSICGEN_MODEL_PATH is not set" in found["local models"].detail
    assert "make models" in found["local models"].way_out
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/ffmpeg")
    assert "/usr/bin/ffmpeg" in finding(get_settings(tmp_path), "ffmpeg").detail


def test_folders_of_weights_are_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("")
    monkeypatch.setenv("MUSICGEN_MODELS_PYTHON", str(python))
    monkeypatch.setenv("MUSICGEN_MODEL_PATH", str(transformers_folder(tmp_path / "small")))
    monkeypatch.setenv("MUSICGEN_DEMUCS_PATH", str(demucs_folder_of(tmp_path / "stems", "955717e8")))
    row = finding(get_settings(tmp_path), "local models")
    assert row.status == "ok"
    assert "musicgen: small, transformers" in row.detail
    assert "demucs: htdemucs, demucs" in row.detail
    (tmp_path / "small/model.safetensors").unlink()
    (tmp_path / "small/tokenizer.json").unlink()
    (tmp_path / "stems/955717e8-8726e21a.th").unlink()
    row = finding(get_settings(tmp_path), "local models")
    assert row.status == "warning"
    for missing in ("model.safetensors is missing", "tokenizer.json is missing", "there is no 955717e8.th"):
        assert missing in row.detail
    monkeypatch.setenv("MUSICGEN_MODEL_PATH", str(tmp_path / "nowhere"))
    assert "is no folder" in finding(get_settings(tmp_path), "local models").detail
    assert "docs/local-models.md" in finding(get_settings(tmp_path), "local models").way_out
