"""Logging: readable or JSON, on the stream it was given, never with a secret in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.logging_setup import LOGGER, configure_logging
from resources.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _restored_logger() -> Iterator[None]:
    logger = logging.getLogger(LOGGER)
    before = (logger.handlers, logger.level, logger.propagate)
    yield
    logger.handlers, logger.level, logger.propagate = before[0], before[1], before[2]


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SUNO_API_KEY", "sk-abcdef")
    monkeypatch.setenv("UDIO_API_KEY", "abc")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdef-longer")
    return get_settings(tmp_path)


@pytest.mark.parametrize("is_json", [False, True])
def test_secrets_are_masked_in_messages_arguments_and_tracebacks(keyed: Settings, is_json: bool) -> None:
    stream = io.StringIO()
    logger = configure_logging(keyed, is_json=is_json, stream=stream)
    logger.info("calling with %s and sk-abcdef-longer", "sk-abcdef")
    try:
        int("sk-abcdef")
    except ValueError:
        logger.exception("it broke")
    written = stream.getvalue()
    assert "sk-abcdef" not in written
    assert "-longer" not in written
    assert "calling with ******** and ********" in written
    assert "invalid literal for int() with base 10: '********'" in written


def test_a_json_line_holds_what_was_passed_along(keyed: Settings) -> None:
    stream = io.StringIO()
    configure_logging(keyed, is_json=True, stream=stream).warning("slow", extra={"seconds": 3.5, "place": Path("x")})
    row = json.loads(stream.getvalue())
    assert (row["level"], row["logger"], row["message"], row["seconds"], row["place"]) == (
        "WARNING",
        LOGGER,
        "slow",
        3.5,
        "x",
    )
    assert row["time"].endswith("+00:00")


def test_configuring_again_replaces_and_the_level_counts(keyed: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging(keyed, stream=first)
    logger = configure_logging(keyed, level="WARNING", stream=second)
    logger.info("quiet")
    logger.warning("loud")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1
    configure_logging(keyed).error("to the terminal")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "to the terminal" in shown.err
