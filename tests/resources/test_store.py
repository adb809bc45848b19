"""The artifact store: nothing half, nothing changed, nothing lost silently, however many write at once."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput, MissingArtifact, PermanentFailure, TransientFailure
from resources.disk import free_bytes
from resources.processes import process_started, this_host
from resources.store import ArtifactStore
from support.teams import Team, asking_as

ABSENT = "0" * 64


@pytest.fixture
def store(tmp_path: Path, home_kind: str, place: None) -> ArtifactStore:
    return ArtifactStore(
        os.environ["MUSICGEN_ARTIFACTS_URL"] if home_kind == "team" else f"file://{tmp_path}/artifacts"
    )


def spoil(store: ArtifactStore, sha256: str, damage: bytes) -> None:
    """Write over an object behind the store's back."""
    path = store.path(sha256)
    if path is not None:
        path.chmod(0o644)
    store._fs.pipe_file(store._location(sha256), damage)


@settings(max_examples=40, deadline=None)
@given(contents=st.lists(st.binary(max_size=2000), max_size=6))
def test_what_is_put_comes_back_under_its_hash(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = ArtifactStore(folder)
        for data in contents:
            assert store.put(data) == (hashlib.sha256(data).hexdigest(), len(data))
        for data in contents:
            sha256 = hashlib.sha256(data).hexdigest()
            assert store.get(sha256) == data
            assert store.has(sha256)
            assert store.size(sha256) == len(data)
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        assert len(files) == len(set(contents))


@pytest.mark.on_disk
def test_objects_lie_in_two_levels_and_cannot_be_written_over(store: ArtifactStore, tmp_path: Path) -> None:
    sha256, _ = store.put(b"song")
    path = tmp_path / "artifacts" / "objects" / sha256[:2] / sha256[2:4] / sha256
    assert store.path(sha256) == path
    assert path.stat().st_mode & 0o777 == 0o444
    before = path.stat()
    assert store.put(b"song") == (sha256, 4)
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_one_code_path_serves_remote_stores() -> None:
    store = ArtifactStore("memory://songs")
    sha256, size = store.put(b"song")
    assert (store.get(sha256), store.size(sha256), size) == (b"song", 4, 4)
    assert store.has(sha256)
    assert store.path(sha256) is None
    assert store.sweep() == 0
    assert not store.has(ABSENT)
    with pytest.raises(MissingArtifact):
        store.get(ABSENT)


def test_a_remote_object_can_be_exported(tmp_path: Path) -> None:
    store = ArtifactStore("memory://exports")
    sha256, _ = store.put(b"song")
    store.link_or_copy(sha256, tmp_path / "deep" / "song.wav")
    assert (tmp_path / "deep" / "song.wav").read_bytes() == b"song"


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [(OSError("reset by peer"), TransientFailure), (PermissionError("denied"), PermanentFailure)],
)
def test_a_remote_refusal_says_whether_to_try_again(
    refusal: OSError, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArtifactStore("memory://refusing")

    def refuse(*_: Any, **__: Any) -> Any:
        raise refusal

    for name in ("pipe_file", "cat_file", "info", "exists"):
        with monkeypatch.context() as patched:
            patched.setattr(store._fs, name, refuse)
            call: Callable[[], object] = {
                "pipe_file": lambda: store.put(b"x"), "cat_file": lambda: store.get(ABSENT),
                "info": lambda: store.size(ABSENT), "exists": lambda: store.has(ABSENT),
            }[name]  # fmt: skip
            with pytest.raises(expected, match="memory://refusing"):
                call()


def test_a_missing_artifact_is_named(store: ArtifactStore) -> None:
    for call in (store.get, store.size):
        with pytest.raises(MissingArtifact, match=ABSENT) as caught:
            call(ABSENT)
        assert "run the version again" in caught.value.way_out
    assert store.path(ABSENT) is None


@pytest.mark.on_disk
@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_what_is_no_hash_names_nothing(store: ArtifactStore, name: str) -> None:
    for call in (store.get, store.has, store.size, store.path):
        with pytest.raises(MissingArtifact, match="64 hexadecimal digits"):
            call(name)


@pytest.mark.parametrize("damage", [b"sing", b"", b"song and more"])
def test_a_corrupt_artifact_is_refused_with_both_hashes_and_heals(store: ArtifactStore, damage: bytes) -> None:
    sha256, _ = store.put(b"song")
    spoil(store, sha256, damage)
    with pytest.raises(MissingArtifact, match="corrupt") as caught:
        store.get(sha256)
    assert sha256 in str(caught.value)
    assert hashlib.sha256(damage).hexdigest() in str(caught.value)
    assert store._location(sha256) in caught.value.way_out
    assert store.put(b"song") == (sha256, 4)
    assert store.get(sha256) == b"song"


@pytest.mark.on_disk
def test_a_half_written_object_is_never_seen_and_is_swept(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = hashlib.sha256(b"song").hexdigest()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            store.put(b"song")
    (leftover,) = (Path(store._root) / "tmp").iterdir()
    assert not store.has(sha256)
    assert store.sweep() == 0, "it is fresh and this process lives: it may still be writing it"
    old = time.time() - 7200
    os.utime(leftover, (old, old))
    assert store.sweep() == 1
    assert not leftover.exists()
    store.put(b"song")
    assert store.get(sha256) == b"song"
    assert store.sweep(0.0) == 0


DYING_WRITER = """
import os, signal, sys
from resources.store import ArtifactStore
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
ArtifactStore(sys.argv[1]).put(b"half a song")
"""


@pytest.mark.on_disk
def test_what_a_killed_process_left_goes_at_once(store: ArtifactStore) -> None:
    writer = subprocess.Popen([sys.executable, "-c", DYING_WRITER, store.url])
    folder = Path(store._root) / "tmp"
    deadline = time.monotonic() + 30
    while process_started(writer.pid) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (leftover,) = folder.iterdir()
    assert f".{writer.pid}." in leftover.name
    assert store.sweep() == 1, "also while nobody has collected the dead process"
    assert list(folder.iterdir()) == []
    writer.wait()


@pytest.mark.on_disk
@pytest.mark.parametrize(
    ("left_by", "is_swept_fresh"),
    [
        ("{here}.{dead}.0123456789ab", True),
        ("{here}.{alive}.0123456789ab", False),
        ("another-host.{dead}.0123456789ab", False),
        ("host.with.dots.{dead}.0123456789ab", False),
        ("what-is-this", False),
    ],
)
def test_what_others_left_goes_when_it_is_old(store: ArtifactStore, left_by: str, is_swept_fresh: bool) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    store.put(b"song")
    mark = left_by.format(here=this_host(), dead=gone.pid, alive=os.getpid())
    leftover = Path(store._root) / "tmp" / f"{ABSENT[:16]}.{mark}"
    leftover.write_bytes(b"half")
    assert store.sweep() == int(is_swept_fresh)
    assert leftover.exists() != is_swept_fresh
    if not is_swept_fresh:
        old = time.time() - 7200
        os.utime(leftover, (old, old))
        assert store.sweep() == 1


def test_sweeping_a_store_that_is_not_there_yet_does_nothing(store: ArtifactStore) -> None:
    assert store.sweep() == 0


@pytest.mark.on_disk
def test_sweeping_copes_with_another_sweeper_and_names_a_refusal(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(b"song")
    (Path(store._root) / "tmp" / "left").write_bytes(b"")

    def gone(*_: Any, **__: Any) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "refused")

    monkeypatch.setattr(Path, "unlink", gone)
    assert store.sweep(0.0) == 0
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(PermanentFailure, match="sweep"):
        store.sweep(0.0)


@pytest.mark.on_disk
@pytest.mark.parametrize(
    ("number", "expected", "words"),
    [
        (errno.ENOSPC, PermanentFailure, "disk is full"),
        (errno.EDQUOT, PermanentFailure, "disk is full"),
        (errno.EROFS, PermanentFailure, "read-only"),
        (errno.EACCES, PermanentFailure, "read-only"),
        (errno.EIO, TransientFailure, "Run it again"),
        (errno.EMFILE, TransientFailure, "Run it again"),
    ],
)
def test_what_the_disk_refuses_is_said_and_nothing_is_left(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception], words: str
) -> None:
    kept, _ = store.put(b"kept")

    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(expected, match=words) as caught:
        store.put(b"song")
    assert str(store._root) in str(caught.value)
    assert list((Path(store._root) / "tmp").iterdir()) == []
    assert not store.has(hashlib.sha256(b"song").hexdigest())
    assert store.get(kept) == b"kept"


def test_a_store_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ArtifactStore(f"file://{tmp_path}/file/artifacts")
    with pytest.raises(PermanentFailure, match="Something else stands"):
        store.put(b"song")


WRITER = """
import sys
from resources.store import ArtifactStore
store = ArtifactStore(sys.argv[1])
sys.stdin.readline()
for number in range(30):
    sha256, _ = store.put(b"content %d " % number * 5000)
    store.get(sha256)
"""


def test_many_processes_may_put_the_same_content_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "artifacts")]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    objects = [path for path in (tmp_path / "artifacts" / "objects").rglob("*") if path.is_file()]
    assert len(objects) == 30
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in objects)
    assert list((tmp_path / "artifacts" / "tmp").iterdir()) == []


@pytest.mark.on_disk
def test_export_links_where_it_can_and_copies_where_it_cannot(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256, _ = store.put(b"song")
    source = store.path(sha256)
    assert source is not None
    store.link_or_copy(sha256, tmp_path / "out" / "linked.wav")
    assert (tmp_path / "out" / "linked.wav").samefile(source)

    def other_device(*_: Any) -> None:
        raise OSError(errno.EXDEV, "another device")

    monkeypatch.setattr(os, "link", other_device)
    store.link_or_copy(sha256, tmp_path / "out" / "copied.wav")
    assert (tmp_path / "out" / "copied.wav").read_bytes() == b"song"
    assert not (tmp_path / "out" / "copied.wav").samefile(source)


def test_export_never_overwrites_and_never_exports_damage(store: ArtifactStore, tmp_path: Path) -> None:
    sha256, _ = store.put(b"song")
    target = tmp_path / "there.wav"
    target.write_bytes(b"mine")
    with pytest.raises(PermanentFailure, match=r"there\.wav"):
        store.link_or_copy(sha256, target)
    assert target.read_bytes() == b"mine"
    spoil(store, sha256, b"sing")
    with pytest.raises(MissingArtifact, match="corrupt"):
        store.link_or_copy(sha256, tmp_path / "new.wav")
    assert not (tmp_path / "new.wav").exists()


@pytest.mark.on_disk
def test_a_full_disk_under_the_export_is_said(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256, _ = store.put(b"song")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PermanentFailure, match="disk is full"):
        store.link_or_copy(sha256, tmp_path / "song.wav")


def test_an_unknown_kind_of_store_is_bad_input_and_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="MUSICGEN_ARTIFACTS_URL"):
        ArtifactStore("teleport://somewhere")

    def absent(*_: Any) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    with pytest.raises(PermanentFailure, match=r"musicgen-assets\[aws\]"):
        ArtifactStore("s3://bucket/artifacts")


def test_free_space_is_known_before_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_bytes(tmp_path / "not" / "there") > 0

    def refuse(*_: Any) -> Any:
        raise OSError(errno.EIO, "bad sector")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    with pytest.raises(TransientFailure, match="measure"):
        free_bytes(tmp_path)


def test_what_is_there_is_listed_and_what_is_removed_is_gone(store: ArtifactStore) -> None:
    assert list(store.objects()) == []
    kept = [store.put(data) for data in (b"one", b"three")]
    assert sorted(store.objects()) == sorted(kept)
    store.remove([kept[0][0], ABSENT])
    assert list(store.objects()) == [kept[1]]
    store.remove([kept[0][0]])
    store.remove([])
    assert not store.has(kept[0][0])
    assert store.get(kept[1][0]) == b"three"


@pytest.mark.xdist_group("team")
def test_a_bucket_that_is_not_there_or_not_ours_or_away_is_said(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = team.bucket.environment
    with asking_as(monkeypatch, **ours):
        gone = ArtifactStore("s3://vanished/artifacts")
        for call in (lambda: gone.put(b"x"), lambda: list(gone.objects())):
            with pytest.raises(PermanentFailure, match="vanished") as caught:
                call()
            assert "bucket is there" in caught.value.way_out
        assert not gone.has(ABSENT)
    with asking_as(monkeypatch, **{**ours, "AWS_SECRET_ACCESS_KEY": "wrong"}):
        with pytest.raises(PermanentFailure, match="musicgen/other") as caught:
            ArtifactStore("s3://musicgen/other").put(b"x")
        assert "credentials" in caught.value.way_out
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    with (
        asking_as(monkeypatch, **{**ours, **away}),
        pytest.raises(TransientFailure, match="connect"),
    ):
        ArtifactStore("s3://musicgen/away").put(b"x")
