"""Shared fixtures. tests/ itself is importable, so that helpers live in tests/support."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Write snapshots instead of comparing them.")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the checkout's home or reads the person's environment."""
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path_factory.getbasetemp() / "home"))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
