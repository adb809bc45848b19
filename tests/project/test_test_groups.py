"""Tests that share a song run on one worker, so that it is made once: the runner keeps the groups it is told."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("probe")
def test_a_group_is_known_to_the_scheduler(request: pytest.FixtureRequest) -> None:
    """The scheduler of --dist loadgroup goes by the end of a test's name; runners that lose it spread the group."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("not run: the tests are not spread by groups")
    assert request.node.nodeid.endswith("@probe")
