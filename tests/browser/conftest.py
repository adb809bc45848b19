"""One deployment over the songs' home for all tests of the UI, and a browser for each module of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.browser import deployment, page

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="package")
def address(home: Path, song: dict[str, Any]) -> Iterator[str]:
    assert song["status"] == "released"
    with deployment(home) as address:
        yield address


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with page(1600, 1000) as opened:
        yield opened


@pytest.fixture
def keep(browser_page: Page, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Saves what the page shows, where --save-pictures asked for it."""
    folder = request.config.getoption("--save-pictures")

    def save(name: str) -> None:
        if folder is not None:
            browser_page.wait_for_timeout(1500)
            browser_page.screenshot(path=Path(folder) / name)

    return save
