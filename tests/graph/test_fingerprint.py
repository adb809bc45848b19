"""A code fingerprint moves with everything that can shape a result, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from musicgen_assets.graph.fingerprint import code_fingerprint, dependencies


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "musicgen_assets/__init__.py": "",
        "musicgen_assets/room/__init__.py": "",
        "musicgen_assets/room/a.py": "from musicgen_assets.room import b\ndef make():\n    from dsp.c import f\n",
        "musicgen_assets/room/b.py": "import numpy\nX = 1\n",
        "musicgen_assets/room/worded.py": 'from pathlib import Path\nP = Path(__file__).parent / "data"\n',
        "musicgen_assets/room/data/words.yaml": "one",
        "musicgen_assets/room/apart.py": "Y = 2\n",
        "dsp/__init__.py": "",
        "dsp/c.py": "def f():\n    return 1\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def rewrite(path: Path, text: str) -> None:
    """Write and make sure that the modification time moves, as it does when a person edits."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10_000_000, before + 10_000_000))


def test_imports_inside_functions_and_from_packages_are_followed(project: Path) -> None:
    assert dependencies("musicgen_assets.room.a", project) == (
        "dsp.c",
        "musicgen_assets.room.a",
        "musicgen_assets.room.b",
    )


@pytest.mark.parametrize("changed", ["musicgen_assets/room/a.py", "musicgen_assets/room/b.py", "dsp/c.py"])
def test_a_changed_module_changes_the_fingerprint_of_what_imports_it(project: Path, changed: str) -> None:
    entry = "musicgen_assets.room.a:make"
    before = code_fingerprint(entry, project)
    assert code_fingerprint(entry, project) == before
    rewrite(project / changed, (project / changed).read_text() + "\nZ = 3\n")
    assert code_fingerprint(entry, project) != before


def test_a_changed_module_leaves_others_alone(project: Path) -> None:
    before = code_fingerprint("musicgen_assets.room.a:make", project)
    rewrite(project / "musicgen_assets/room/apart.py", "Y = 3\n")
    assert code_fingerprint("musicgen_assets.room.a:make", project) == before


def test_a_data_folder_counts_for_the_modules_that_name_it_only(project: Path) -> None:
    worded, other = "musicgen_assets.room.worded:P", "musicgen_assets.room.apart:Y"
    before = code_fingerprint(worded, project), code_fingerprint(other, project)
    rewrite(project / "musicgen_assets/room/data/words.yaml", "two")
    assert code_fingerprint(worded, project) != before[0]
    assert code_fingerprint(other, project) == before[1]


def test_a_library_version_counts_where_the_library_is_imported(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from musicgen_assets.graph import fingerprint

    before = code_fingerprint("musicgen_assets.room.a:make", project), code_fingerprint("dsp.c:f", project)
    monkeypatch.setattr(fingerprint, "_version", lambda _name: "99")
    assert code_fingerprint("musicgen_assets.room.a:make", project) != before[0]
    assert code_fingerprint("dsp.c:f", project) == before[1]


def test_a_module_without_source_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        code_fingerprint("musicgen_assets.nowhere:f")
