"""Docs are true: what is generated from code equals what is in docs/, and the README names what exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts/write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_docs_are_current(writer: ModuleType) -> None:
    for name, text in writer.generated().items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name} is stale: run `make docs`"


def test_every_command_is_in_the_readme() -> None:
    from musicgen_assets.cli import COMMANDS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert f"musicgen {command}" in readme, command


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_file_and_picture_that_a_page_links_exists(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert links or page.name != "README.md"
    for link in links:
        assert (page.parent / link).exists(), link


def test_every_picture_of_the_page_is_shown_somewhere() -> None:
    told = (ROOT / "docs/page.md").read_text(encoding="utf-8")
    for picture in (ROOT / "docs").glob("page_*.png"):
        assert picture.name in told, picture.name


def test_every_command_and_option_is_in_the_generated_page_of_commands() -> None:
    """Also commands of commands, such as `musicgen keys create`."""
    import click

    from musicgen_assets.cli import main

    told = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    def check(command: click.Command, name: str) -> None:
        assert name in told, name
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in told, f"{name} {option}"
        if isinstance(command, click.Group):
            context = click.Context(command)
            for sub in command.list_commands(context):
                found = command.get_command(context, sub)
                assert found is not None
                check(found, f"{name} {sub}")

    check(main, "musicgen")


def test_every_endpoint_and_error_code_is_in_the_pages_of_the_api() -> None:
    """The OpenAPI document and its page are held to the same tables by tests/api."""
    from api.problems import CODES
    from api.v2.table import operations

    told = (ROOT / "docs/api-operations.md").read_text(encoding="utf-8")
    for operation in operations():
        assert f"`{operation.method} {operation.rule}`" in told, operation.name
    for code in CODES:
        assert f"`{code}`" in told, code


def test_every_make_target_the_readme_names_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", readme, re.MULTILINE)) <= targets


def test_what_the_docs_of_local_models_name_exists() -> None:
    """Settings, options, targets and files that docs/local-models.md speaks of are those of the code."""
    from resources.engine_settings import Engines
    from resources.local_models.demucs import LocalDemucs
    from resources.local_models.folders import AUDIOCRAFT_FILES, T5_FOLDER, TRANSFORMERS_TYPES
    from resources.local_models.musicgen import LICENCE, NEW_S, WINDOW_S, LocalMusicGen

    told = (ROOT / "docs/local-models.md").read_text(encoding="utf-8")
    named = (LocalMusicGen.variable, LocalDemucs.variable, "MUSICGEN_MODELS_PYTHON", *AUDIOCRAFT_FILES,
             f"{T5_FOLDER}/config.json", *TRANSFORMERS_TYPES)  # fmt: skip
    assert [name for name in named if f"`{name}`" not in told and name not in told] == []
    assert set(re.findall(r"`(local_[a-z_]+)", told)) <= set(Engines.model_fields)
    assert f"windows of {WINDOW_S:g} s, each from the last {WINDOW_S - NEW_S:g} s" in told
    assert "CC-BY-NC 4.0" in told
    assert "CC-BY-NC 4.0" in LICENCE
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", told, re.MULTILINE)) <= targets
    for module in re.findall(r"python -m (benchmarks\.[a-z_]+)", told):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
    for link in re.findall(r"\]\(([^)#]+)", told):
        assert (ROOT / "docs" / link).exists(), link
