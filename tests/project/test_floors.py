"""A room imports only from lower floors (docs/architecture.md), and nothing heavy happens at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("ideation", "composition", "arrangement", "production", "mixing", "mastering", "finalization")
SHELLS = ("assets", "checks")

FLOOR_0_ORDER = ("dsp", "musicgen_assets.context", "musicgen_assets.theory", "musicgen_assets.score",
                 "musicgen_assets.styles")  # fmt: skip
"""Within floor 0 a room may use those to its left, except that dsp stands alone."""

OUTSIDE = {"dagster", "flask", "sqlalchemy", "alembic", "httpx", "requests", "socket", "subprocess", "click", "fsspec"}
FORBIDDEN: dict[int, set[str]] = {
    0: OUTSIDE,
    1: OUTSIDE,
    2: {"flask", "click"},
    3: {"flask", "click", "sqlalchemy"},
    4: set(),
}
"""What a floor may not know of the outside."""

ENCODERS = ("dsp.ffmpeg", "subprocess")
"""AAC and MP4 have no encoder among Python's packages: this one module hands samples to a program and takes bytes."""


def floor_of(module: str) -> int:
    parts = module.split(".")
    if parts[0] == "dsp":
        return 0
    if parts[0] == "resources":
        return 2
    if parts[0] in ("api", "sensors"):
        return 4
    if len(parts) == 1 or parts[1] in ("context", "theory", "score", "styles"):
        return 0
    if parts[1] in STAGES:
        return 3 if len(parts) > 2 and parts[2] in SHELLS else 1
    if parts[1] in ("graph", "engines"):
        return 1
    return 3 if parts[1] in ("stage_assets", "stage_checks", "partitions") else 4


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] != "musicgen_assets" else ".".join(parts[:2])


def test_the_client_can_be_taken_elsewhere() -> None:
    own = {"dsp", "musicgen_assets", "resources", "sensors", "api", "benchmarks"}
    for path in sorted((ROOT / "musicgen_client").glob("*.py")):
        assert not own & {name.split(".")[0] for name in imports(path)}, path.name


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("dsp", "musicgen_assets", "resources", "sensors", "api"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found.append((name.removesuffix(".__init__"), path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def violations(module: str, imported: set[str]) -> list[str]:
    floor, room = floor_of(module), room_of(module)
    found = []
    for name in sorted(imported):
        top = name.split(".")[0]
        if top in FORBIDDEN[floor] and (module, top) != ENCODERS:
            found.append(f"{module} (floor {floor}) imports {name}")
        if top not in ("dsp", "musicgen_assets", "resources", "sensors", "api") or name == "musicgen_assets":
            continue
        other_floor, other_room = floor_of(name), room_of(name)
        if other_floor > floor:
            found.append(f"{module} (floor {floor}) imports {name} (floor {other_floor})")
        elif floor == other_floor == 0 and room != other_room:
            is_left = FLOOR_0_ORDER.index(other_room) < FLOOR_0_ORDER.index(room) if room in FLOOR_0_ORDER else False
            if not is_left or "dsp" in (room, other_room):
                found.append(f"{module} imports {name}, which stands beside it")
    return found


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_room_imports_only_from_lower_floors(module: str, path: Path) -> None:
    assert violations(module, imports(path)) == []


def test_the_rule_sees_a_violation() -> None:
    assert violations("dsp.levels", {"musicgen_assets.context.schema"})
    assert violations("musicgen_assets.composition.melody", {"dagster"})
    assert violations("musicgen_assets.theory.chords", {"musicgen_assets.styles.loader"})
    assert violations("resources.store", {"musicgen_assets.cli"})
    assert not violations("musicgen_assets.cli.compose", {"dagster", "resources.door"})


def test_importing_vocabulary_music_logic_and_dsp_loads_nothing_heavy() -> None:
    """Heavy libraries are imported where they are used: a CLI call must not wait for them."""
    names = [name for name, _ in modules() if floor_of(name) <= 1]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "heavy = {'scipy.signal', 'pedalboard', 'matplotlib', 'soundfile', 'dagster', 'sqlalchemy', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == "[]"
