"""A real disk that fills up while a release is written: nothing half-published, and what is needed is said."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources.disk import check_room
from resources.release_zip import CHECKSUMS, zip_release
from resources.store import ArtifactStore

FILES = {f"stems/{number}.flac": bytes([number]) * 100_000 for number in range(9)} | {"master.wav": b"m" * 100_000}

MOUNTED = """
import os, sys
from pathlib import Path
from musicgen_assets.context.failures import PermanentFailure
from resources.release_export import export_release
from resources.release_zip import zip_release
from resources.store import ArtifactStore
from tests_full_disk import release_of, FILES
disk, kind = Path(sys.argv[1]), sys.argv[2]
store = ArtifactStore(sys.argv[3])
manifest = release_of(store, FILES)
get, calls = store.get, []

def get_while_another_fills_the_disk(sha256):
    calls.append(sha256)
    if len(calls) == 9:
        with (disk / "other").open("wb", buffering=0) as other:
            try:
                while True:
                    other.write(bytes(4096))
            except OSError:
                pass
    return get(sha256)

if kind == "meanwhile":
    store.get = get_while_another_fills_the_disk
for write in (lambda: export_release(store, manifest, disk / "song"),
              lambda: zip_release(store, manifest, disk / "song.zip", "song")):
    calls.clear()
    (disk / "other").unlink(missing_ok=True)
    try:
        write()
        print("written")
    except PermanentFailure as failure:
        print(failure)
    print(sorted(path.name for path in disk.iterdir() if path.name != "other"))
"""


def release_of(store: ArtifactStore, files: dict[str, bytes]) -> Manifest:
    roles = [StoredRole.of(Ref(name, "x/y", *store.put(data))) for name, data in files.items()]
    return Manifest(asset="finalization/release", content=tuple(roles))


def on_a_disk_of(size_kb: int, kind: str, tmp_path: Path) -> list[str]:
    """What the script says, run where ``tmp_path/disk`` is a file system of its own of ``size_kb``."""
    disk, script = tmp_path / "disk", tmp_path / "script.py"
    disk.mkdir()
    script.write_text(MOUNTED)
    (tmp_path / "tests_full_disk.py").write_text(Path(__file__).read_text())
    root = Path(__file__).parents[2]
    mount = f"mount -t tmpfs -o size={size_kb}k tmpfs {disk} || exit 77; "
    run = f"PYTHONPATH={root}:{tmp_path} exec {sys.executable} {script} {disk} {kind} {tmp_path / 'artifacts'}"
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("not run: there is no unshare here to mount a small disk with")
    done = subprocess.run(
        [unshare, "--map-root-user", "--user", "--mount", "sh", "-c", mount + run], capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    if done.returncode != 0 and not done.stdout:
        if "unshare" in done.stderr or done.returncode == 77:
            pytest.skip("not run: this machine lets nobody mount a small disk")
        pytest.fail(done.stderr)
    return done.stdout.splitlines()


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(tmp_path: Path) -> None:
    folder, left, archive, also_left = on_a_disk_of(900, "before", tmp_path)
    assert "needs 1.0 MB, and 0.9 MB are free" in folder
    assert "Nothing was written" in archive
    assert (left, also_left) == ("[]", "[]")


def test_a_disk_that_fills_up_at_nine_tenths_leaves_nothing_half_written(tmp_path: Path) -> None:
    folder, left, archive, also_left = on_a_disk_of(1_400, "meanwhile", tmp_path)
    assert "needs 1.0 MB" in folder
    assert "needs 1.0 MB" in archive
    assert folder.count("Nothing was written") == archive.count("Nothing was written") == 1
    assert (left, also_left) == ("[]", "[]")


def test_a_disk_with_room_gets_everything(tmp_path: Path) -> None:
    said = on_a_disk_of(4_000, "before", tmp_path)
    assert said == ["written", "['song']", "written", "['song', 'song.zip']"]


def test_room_is_measured_where_it_is_needed(tmp_path: Path) -> None:
    check_room(tmp_path, 1, tmp_path / "song")
    with pytest.raises(PermanentFailure, match=r"needs 953674316406\.2 MB"):
        check_room(tmp_path, 10**18, tmp_path / "song")


def test_a_zip_repeats_byte_for_byte_and_proves_its_files(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path / "artifacts"))
    manifest = release_of(store, FILES)
    backwards = Manifest(asset=manifest.asset, content=tuple(reversed(manifest.content)))
    first = zip_release(store, manifest, tmp_path / "a" / "song.zip", "song@v1")
    again = zip_release(store, backwards, tmp_path / "b" / "song.zip", "song@v1")
    assert first.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        sums = dict(reversed(line.split("  ")) for line in archive.read(f"song@v1/{CHECKSUMS}").decode().splitlines())
        assert sums.keys() == FILES.keys()
        for path, sha256 in sums.items():
            assert hashlib.sha256(archive.read(f"song@v1/{path}")).hexdigest() == sha256
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["song.zip"]


def test_a_zip_opens_with_other_programs(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("not run: no unzip is installed")
    store = ArtifactStore(str(tmp_path / "artifacts"))
    path = zip_release(store, release_of(store, FILES), tmp_path / "song.zip", "song")
    subprocess.run([unzip, "-q", str(path), "-d", str(tmp_path / "out")], check=True)
    subprocess.run(["sha256sum", "-c", "--quiet", CHECKSUMS], cwd=tmp_path / "out" / "song", check=True)
