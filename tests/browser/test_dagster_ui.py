"""The Dagster UI over a home shows the graph, a materialization with its pictures, and its checks per version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from support.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.song,
    pytest.mark.xdist_group("deployment"),
    pytest.mark.skipif(chromium() is None, reason="not run: no Chromium is installed"),
]

PATIENCE_MS = 120_000


def test_nothing_lies_over_the_first_page(address: str, browser_page: Page) -> None:
    asked = browser_page.request.post(f"{address}/graphql", data={"query": "{ shouldShowNux }"})
    assert asked.json() == {"data": {"shouldShowNux": False}}


def test_the_graph_shows_the_seven_stages_and_their_assets(
    address: str, browser_page: Page, keep: Callable[[str], None]
) -> None:
    browser_page.set_viewport_size({"width": 1900, "height": 1300})  # nodes outside the window are not drawn
    browser_page.goto(f"{address}/asset-groups")
    browser_page.get_by_text("mastering").first.wait_for(timeout=PATIENCE_MS)
    browser_page.keyboard.press("Alt+KeyE")
    for name in ("lyrics", "melody", "arrangement", "mix", "analysis", "release"):
        browser_page.get_by_text(name, exact=True).first.wait_for(state="attached", timeout=PATIENCE_MS)
    browser_page.mouse.move(5, 5)
    keep("graph.png")
    browser_page.set_viewport_size({"width": 1600, "height": 1000})


def test_a_materialization_shows_its_pictures_and_numbers(
    address: str, browser_page: Page, song: dict[str, Any], keep: Callable[[str], None]
) -> None:
    browser_page.goto(f"{address}/assets/arrangement/arrangement?view=partitions&partition={song['partition']}")
    browser_page.get_by_text("structural_integrity").first.wait_for(timeout=PATIENCE_MS)
    assert song["partition"] in browser_page.content()
    browser_page.get_by_text("[Show Markdown]").first.click(timeout=PATIENCE_MS)
    picture = browser_page.locator("img[src^='data:image/png;base64,']").first
    picture.wait_for(timeout=PATIENCE_MS)
    assert picture.evaluate("image => image.naturalWidth") > 100
    keep("thumbnail.png")


def test_who_makes_a_song_and_why_is_told_with_its_context(
    address: str, browser_page: Page, song: dict[str, Any], keep: Callable[[str], None]
) -> None:
    (chosen,) = (one for one in song["context"]["ai_decisions"]["model_selections"] if one["task"] == "full_song")
    browser_page.goto(f"{address}/assets/ideation/context?view=partitions&partition={song['partition']}")
    browser_page.get_by_text("full_song_by").first.wait_for(timeout=PATIENCE_MS)
    browser_page.get_by_text(f"{chosen['engine']}: {chosen['reason']}").first.wait_for(timeout=PATIENCE_MS)
    keep("why_this_engine.png")


def test_checks_are_listed_for_the_version(
    address: str, browser_page: Page, song: dict[str, Any], keep: Callable[[str], None]
) -> None:
    browser_page.goto(f"{address}/assets/mastering/analysis?view=checks&checkDetail=true_peak")
    browser_page.get_by_text("true_peak").first.wait_for(timeout=PATIENCE_MS)
    browser_page.get_by_text(song["partition"]).first.wait_for(timeout=PATIENCE_MS)
    keep("checks.png")


def test_a_run_lists_every_step(
    address: str, browser_page: Page, song: dict[str, Any], keep: Callable[[str], None]
) -> None:
    browser_page.goto(f"{address}/runs/{song['run_id']}")
    browser_page.get_by_text("mastering__analysis").first.wait_for(timeout=PATIENCE_MS)
    keep("run.png")
