"""Exporting a release: all of it or none of it, inside its folder, and what was there before survives a failure."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from musicgen_assets.context.failures import MissingArtifact, PermanentFailure
from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources.processes import temporary_mark
from resources.release_export import export_release, sweep_exports
from resources.store import ArtifactStore

FILES = {"master.wav": b"master", "stems/drums.flac": b"drums", "stems/bass.flac": b"drums", "metadata.json": b"{}"}


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "artifacts"))


def release_of(store: ArtifactStore, files: dict[str, bytes]) -> Manifest:
    roles = [StoredRole.of(Ref(name, "x/y", *store.put(data))) for name, data in files.items()]
    return Manifest(asset="finalization/release", content=tuple(roles))


def read(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_every_role_becomes_the_file_of_its_name(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "releases" / "song@v1"
    written = export_release(store, release_of(store, FILES), target)
    assert read(target) == FILES
    assert written == [target / name for name in FILES]
    assert [path.name for path in target.parent.iterdir()] == ["song@v1"]


def test_a_relative_folder_is_meant_from_here(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_release(store, release_of(store, FILES), Path("out"))[0] == tmp_path / "out" / "master.wav"


def test_an_older_release_is_replaced_whole(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "song"
    export_release(store, release_of(store, {"old.wav": b"old", "master.wav": b"older"}), target)
    export_release(store, release_of(store, FILES), target)
    assert read(target) == FILES
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "song"}


@pytest.mark.parametrize("role", ["../escape.wav", "/etc/passwd", "a/../../b", "", "a//b", ".", "a\\b", "nul\0"])
def test_no_role_leaves_the_folder(store: ArtifactStore, tmp_path: Path, role: str) -> None:
    with pytest.raises(PermanentFailure, match="does not stay inside"):
        export_release(store, release_of(store, {"master.wav": b"x", role: b"y"}), tmp_path / "song")
    assert not (tmp_path / "song").exists()


def test_two_files_of_one_name_are_refused(store: ArtifactStore, tmp_path: Path) -> None:
    manifest = release_of(store, {"a": b"1", "a/b": b"2"})
    with pytest.raises(PermanentFailure, match="twice"):
        export_release(store, manifest, tmp_path / "song")
    twice = Manifest(asset="finalization/release", content=(manifest.content[0], manifest.content[0]))
    with pytest.raises(PermanentFailure, match="twice"):
        export_release(store, twice, tmp_path / "song")


def test_a_missing_artifact_leaves_the_older_release_alone(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "song"
    export_release(store, release_of(store, {"master.wav": b"old"}), target)
    manifest = release_of(store, FILES)
    gone = store.path(manifest.content[1].sha256)
    assert gone is not None
    gone.unlink()
    with pytest.raises(MissingArtifact, match=manifest.content[1].sha256):
        export_release(store, manifest, target)
    assert read(target) == {"master.wav": b"old"}
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "song"}


def test_a_full_disk_leaves_the_older_release_alone(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "song"
    export_release(store, release_of(store, {"master.wav": b"old"}), target)
    manifest = release_of(store, FILES)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PermanentFailure, match="disk is full"):
        export_release(store, manifest, target)
    assert read(target) == {"master.wav": b"old"}
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "song"}


def test_a_swap_that_fails_puts_the_older_release_back(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "song"
    export_release(store, release_of(store, {"master.wav": b"old"}), target)
    rename = Path.rename

    def refuse_the_new(self: Path, other: Path) -> Path:
        if ".new." in self.name:
            raise OSError(errno.EROFS, "Read-only file system")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(PermanentFailure, match="read-only"):
        export_release(store, release_of(store, FILES), target)
    assert read(target) == {"master.wav": b"old"}
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "song"}


def test_a_place_under_a_file_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermanentFailure, match="Something else stands"):
        export_release(store, release_of(store, FILES), tmp_path / "file" / "song")


DYING_EXPORTER = """
import os, signal, sys
from pathlib import Path
from musicgen_assets.graph.manifest import Manifest
from resources.processes import temporary_mark
from resources.release_export import export_release, sweep_exports
from resources.store import ArtifactStore

url, target, moment = sys.argv[1:]
rename = Path.rename
def die(self, other):
    if moment in self.name:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, other)
Path.rename = die
export_release(ArtifactStore(url), Manifest.model_validate_json(sys.stdin.read()), Path(target))
"""


def killed_while_exporting(store: ArtifactStore, manifest: Manifest, target: Path, moment: str) -> set[str]:
    """What lies beside ``target`` after an export that was killed when it renamed something with ``moment`` in it."""
    command = [sys.executable, "-c", DYING_EXPORTER, store.url, str(target), moment]
    done = subprocess.run(command, input=manifest.model_dump_json(), text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    return {path.name.split(".")[2] for path in target.parent.iterdir() if path.name.startswith(".")}


def test_what_a_killed_export_left_goes_and_the_older_release_stays(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "releases" / "song@v1"
    export_release(store, release_of(store, {"master.wav": b"old"}), target)
    assert killed_while_exporting(store, release_of(store, FILES), target, "song@v1") == {"new"}
    assert sweep_exports(target.parent, "another") == 0
    assert sweep_exports(target.parent) == 1
    assert read(target) == {"master.wav": b"old"}
    assert [path.name for path in target.parent.iterdir()] == ["song@v1"]


def test_a_release_that_was_moved_aside_and_not_replaced_is_put_back(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "releases" / "song@v1"
    export_release(store, release_of(store, {"master.wav": b"old"}), target)
    assert killed_while_exporting(store, release_of(store, FILES), target, ".new.") == {"new", "old"}
    assert not target.exists()
    assert sweep_exports(target.parent) == 2
    assert read(target) == {"master.wav": b"old"}
    assert [path.name for path in target.parent.iterdir()] == ["song@v1"]


def test_the_next_export_clears_up_after_a_killed_one(store: ArtifactStore, tmp_path: Path) -> None:
    target = tmp_path / "out"
    killed_while_exporting(store, release_of(store, FILES), target, ".new.")
    export_release(store, release_of(store, FILES), target)
    assert read(target) == FILES
    assert {path.name for path in tmp_path.iterdir()} == {"artifacts", "out"}


def test_what_a_living_or_a_foreign_export_writes_is_left_alone(tmp_path: Path) -> None:
    for mark in (temporary_mark(), f"another-host.1.{'0' * 12}"):
        (tmp_path / f".song.new.{mark}").mkdir()
    assert sweep_exports(tmp_path) == 0
    assert sweep_exports(tmp_path, older_than_s=0.0) == 2
    assert list(tmp_path.iterdir()) == []


def test_sweeping_where_nothing_was_released_does_nothing(tmp_path: Path) -> None:
    assert sweep_exports(tmp_path / "releases") == 0
    (tmp_path / "file").touch()
    with pytest.raises(PermanentFailure, match="sweep"):
        sweep_exports(tmp_path / "file")
