"""A changed style file or module changes exactly the keys that depend on it: nothing less, nothing more.

Each case copies the packages to a folder, changes one file there, and compares every entry's fingerprint.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.fingerprint import code_fingerprint, dependencies
from musicgen_assets.styles import loader

ROOT = Path(__file__).resolve().parents[2]
TASKS = (
    "musicgen_assets.production.render:render_track", "musicgen_assets.mastering.measures:measure_sound",
    "musicgen_assets.finalization.intact:verify_audio",
)  # fmt: skip
ENTRIES = {declaration.key: declaration.entry for declaration in DECLARATIONS} | {entry: entry for entry in TASKS}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    for package in ("musicgen_assets", "dsp"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def changed_by(copy: Path, name: str) -> set[str]:
    """Entries whose fingerprint moves when a line is added to ``name``."""
    path = copy / name
    before = {key: code_fingerprint(entry, copy) for key, entry in ENTRIES.items()}
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\n# a change\n", encoding="utf-8")
    after = {key: code_fingerprint(entry, copy) for key, entry in ENTRIES.items()}
    path.write_text(text, encoding="utf-8")
    return {key for key in ENTRIES if before[key] != after[key]}


@pytest.mark.parametrize(
    "name",
    [
        "musicgen_assets/composition/melody.py",
        "musicgen_assets/composition/bass_idioms.py",
        "musicgen_assets/mastering/level.py",
        "musicgen_assets/mixing/strip.py",
        "musicgen_assets/production/sampler.py",
        "dsp/dynamics.py",
        "musicgen_assets/score/midi.py",
    ],
)
def test_a_changed_module_moves_what_imports_it_and_nothing_else(copy: Path, name: str) -> None:
    module = name.removesuffix(".py").replace("/", ".")
    users = {key for key, entry in ENTRIES.items() if module in dependencies(entry.partition(":")[0], copy)}
    assert users
    assert changed_by(copy, name) == users


def test_mastering_does_not_depend_on_how_melodies_are_written(copy: Path) -> None:
    moved = changed_by(copy, "musicgen_assets/composition/melody_critic.py")
    assert "composition/melody" in moved
    assert not moved & {"composition/chord_progression", "production/take", "mastering/master", "mixing/mix", *TASKS}


def test_a_lexicon_moves_only_those_who_read_it(copy: Path) -> None:
    moved = changed_by(copy, "musicgen_assets/mastering/data/corridors.yaml")
    assert {"mastering/analysis", "mastering/master"} <= moved
    assert not moved & {"composition/melody", "production/take", "mixing/mix"}


def test_a_style_file_moves_only_songs_of_that_style(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "STYLES_FOLDER", copy / "musicgen_assets/styles/data")
    before = loader.style_source_bytes("rock"), loader.style_source_bytes("pop"), loader.all_styles_bytes()
    rock = copy / "musicgen_assets/styles/data/rock.yaml"
    text = rock.read_text(encoding="utf-8")
    assert "humanize_ms: 7" in text
    rock.write_text(text.replace("humanize_ms: 7", "humanize_ms: 9"), encoding="utf-8")
    after = loader.style_source_bytes("rock"), loader.style_source_bytes("pop"), loader.all_styles_bytes()
    rock.write_text(text, encoding="utf-8")
    assert [before[n] != after[n] for n in range(3)] == [True, False, True]


def test_an_asset_depends_on_the_code_of_its_tasks(copy: Path) -> None:
    """Tasks are named by text, not imported: their code counts all the same."""
    assert "production/take" in changed_by(copy, "musicgen_assets/production/sampler.py")
    assert "mastering/master" in changed_by(copy, "musicgen_assets/mastering/level.py")
