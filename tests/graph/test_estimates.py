"""Estimates: every task has one, and none is ended while it may still be working."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import musicgen_assets
from musicgen_assets.context.limits import DURATION_MAX_S, DURATION_MIN_S
from musicgen_assets.finalization.packages import PACKAGES
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.graph.estimates import PATIENCE, TASK_EXPECTED_S, task_expected_s, timeout_s

DURATIONS = st.floats(DURATION_MIN_S, DURATION_MAX_S)
ENTRIES = st.sampled_from(sorted(TASK_EXPECTED_S))


def entries_in_the_source() -> set[str]:
    """Every "module:function" of music logic that is named in it, but is no asset's own."""
    root = Path(musicgen_assets.__file__).parent
    rooms = {declaration.stage for declaration in DECLARATIONS}
    text = "\n".join(path.read_text() for room in rooms for path in (root / room).rglob("*.py"))
    return set(re.findall(r'"(musicgen_assets(?:\.\w+)+:\w+)"', text))


def test_every_task_has_an_estimate_and_every_estimate_a_task() -> None:
    no_tasks = {package.entry for package in PACKAGES.values()}
    assert entries_in_the_source() - no_tasks == set(TASK_EXPECTED_S)


@pytest.mark.parametrize("entry", sorted(TASK_EXPECTED_S))
def test_what_is_estimated_exists(entry: str) -> None:
    module, _, name = entry.partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@given(entry=ENTRIES, duration_s=DURATIONS, limit_s=st.floats(0.1, 1000))
def test_a_timeout_is_never_below_the_limit_nor_below_what_patience_allows(
    entry: str, duration_s: float, limit_s: float
) -> None:
    found_s = timeout_s(entry, duration_s, limit_s)
    assert found_s >= limit_s
    assert found_s >= PATIENCE * task_expected_s(entry, duration_s)


@given(entry=ENTRIES, shorter_s=DURATIONS, longer_s=DURATIONS)
def test_longer_songs_are_given_no_less_time(entry: str, shorter_s: float, longer_s: float) -> None:
    shorter_s, longer_s = sorted((shorter_s, longer_s))
    assert 0.0 < task_expected_s(entry, shorter_s) <= task_expected_s(entry, longer_s)


def test_what_takes_long_in_a_long_song_is_given_more_than_the_limit() -> None:
    slow = "musicgen_assets.mastering.codecs:encode_lossy"
    assert timeout_s(slow, 30.0, 120.0) == 120.0
    assert timeout_s(slow, 600.0, 120.0) > 200.0


def test_a_task_nobody_measured_has_the_limit() -> None:
    assert timeout_s("somewhere:else", 600.0, 120.0) == 120.0
