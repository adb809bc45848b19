"""The home: made once, left alone when it is the user's own, and clear about what it cannot do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from musicgen_assets.context.failures import PermanentFailure, TransientFailure
from resources import disk, layout
from resources.layout import ensure_home
from resources.settings import Settings, get_settings

ROOT = Path(__file__).resolve().parents[2]


def test_the_home_is_made_and_dagster_finds_its_storage_in_it(settings: Settings) -> None:
    import dagster as dg

    ensure_home(settings)
    assert {path.name for path in settings.home.iterdir()} == {"releases", "cache", "logs", "dagster"}
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.add_dynamic_partitions("versions", ["a@v1"])
        assert instance.get_ref().custom_instance_class_data is None
    files = {path.name for path in (settings.home / "dagster" / "storage").rglob("*.db")}
    assert files


def test_it_keeps_what_the_projects_file_says(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        layout, "_source", lambda: "telemetry: {enabled: false}\nstorage: {postgres: {postgres_url: x}}\n"
    )
    ensure_home(settings)
    found = yaml.safe_load((settings.home / "dagster" / "dagster.yaml").read_text())
    assert found["telemetry"] == {"enabled": False}
    assert found["storage"] == {"postgres": {"postgres_url": "x"}}


def test_a_second_time_writes_nothing_and_an_edit_is_put_right(settings: Settings) -> None:
    ensure_home(settings)
    file = settings.home / "dagster" / "dagster.yaml"
    before = file.stat().st_mtime_ns
    ensure_home(settings)
    assert file.stat().st_mtime_ns == before
    content = file.read_text()
    file.write_text("telemetry: {enabled: true}\n")
    ensure_home(settings)
    assert file.read_text() == content


def test_two_homes_have_two_storages(tmp_path: Path) -> None:
    for name in ("one", "two"):
        ensure_home(get_settings(tmp_path / name))
    for name, other in (("one", "two"), ("two", "one")):
        text = (tmp_path / name / "dagster" / "dagster.yaml").read_text()
        assert str(tmp_path / name) in text
        assert str(tmp_path / other) not in text


def test_an_explicit_dagster_home_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "deployment"))
    ensure_home(get_settings(tmp_path / "home"))
    assert not (tmp_path / "deployment").exists()
    assert not (tmp_path / "home" / "dagster").exists()


def test_an_installed_package_brings_its_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(layout, "checkout_root", lambda: None)
    monkeypatch.setattr(layout, "__file__", str(tmp_path / "resources" / "layout.py"))
    with pytest.raises(PermanentFailure, match=r"dagster\.yaml is missing"):
        ensure_home(settings)
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    ensure_home(settings)
    assert "telemetry" in (settings.home / "dagster" / "dagster.yaml").read_text()


def test_a_home_under_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermanentFailure, match="MUSICGEN_HOME") as caught:
        ensure_home(get_settings(tmp_path / "file" / "home"))
    assert str(tmp_path / "file" / "home") in str(caught.value)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EROFS, "read-only"), (errno.EACCES, "read-only"), (errno.ENOSPC, "disk is full")],
)
def test_a_read_only_or_full_disk_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", refuse)
        with pytest.raises(PermanentFailure, match=words) as caught:
            ensure_home(settings)
        assert str(settings.home) in str(caught.value)
    monkeypatch.setattr(disk.os, "fsync", refuse)
    with pytest.raises(PermanentFailure, match=words):
        ensure_home(settings)
    assert list((settings.home / "dagster").iterdir()) == [], "nothing half is left"


def test_an_unreadable_configuration_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_home(settings)

    def refuse(self: Path, *_: Any, **__: Any) -> str:
        raise OSError(errno.EIO, "bad sector")

    monkeypatch.setattr(layout, "_source", lambda: "")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(TransientFailure, match="bad sector"):
        ensure_home(settings)


def test_a_missing_folder_is_named_as_missing() -> None:
    failure = disk.disk_failure(FileNotFoundError(errno.ENOENT, "No such file"), "/somewhere", "read")
    assert isinstance(failure, PermanentFailure)
    assert "It is not there" in str(failure)


def test_folders_that_cannot_be_flushed_are_put_up_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "bad sector")

    monkeypatch.setattr(disk.os, "fsync", unsupported)
    disk.flush_folder(tmp_path)
    monkeypatch.setattr(disk.os, "fsync", broken)
    with pytest.raises(OSError, match="bad sector"):
        disk.flush_folder(tmp_path)


def test_tidying_up_never_hides_what_went_wrong(tmp_path: Path) -> None:
    disk.remove_quietly(tmp_path / "absent")
    disk.remove_quietly(tmp_path)  # a folder: cannot be unlinked
    assert tmp_path.is_dir()


def test_databases_of_dagster_whose_making_was_killed_are_made_anew(settings: Settings) -> None:
    """Killed after the first table, a file is left that Dagster takes for a whole database."""
    child = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata\n"
        "from resources.layout import open_instance\n"
        "from resources.settings import get_settings\n"
        "from sqlalchemy import event\n"
        "def die(table, *_, **__):\n"
        "    if table.name != 'event_logs': os.kill(os.getpid(), signal.SIGKILL)\n"
        "for table in SqlEventLogStorageMetadata.tables.values(): event.listen(table, 'before_create', die)\n"
        f"open_instance(get_settings(Path({str(settings.home)!r})))\n"
    )
    died = subprocess.run([sys.executable, "-c", child], capture_output=True, cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    assert list((settings.home / "dagster" / "storage").rglob("index.db"))

    with layout.open_instance(settings) as instance:
        instance.add_dynamic_partitions("versions", ["a@v1"])
        assert list(instance.get_dynamic_partitions("versions")) == ["a@v1"]
    with layout.open_instance(settings) as instance:
        assert list(instance.get_dynamic_partitions("versions")) == ["a@v1"]
