"""The report of a release opens by itself in a browser: players, pictures, checks, and nothing from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.browser import chromium, page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.song,
    pytest.mark.xdist_group("song"),
    pytest.mark.skipif(chromium() is None, reason="not run: no Chromium is installed"),
]


@pytest.mark.parametrize(("name", "width", "scheme"), [("desktop", 1200, "light"), ("phone", 390, "dark")])
def test_it_plays_and_shows_everything(
    release: Path, song: dict[str, Any], request: pytest.FixtureRequest, name: str, width: int, scheme: Any
) -> None:
    folder = request.config.getoption("--save-pictures")
    requested: list[str] = []
    complaints: list[str] = []
    with page(width, 1000) as opened:
        opened.emulate_media(color_scheme=scheme)
        opened.on("request", lambda asked: requested.append(asked.url))
        opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        opened.goto(f"file://{release / 'report.html'}")
        players = opened.locator("audio")
        stems = [file for file in song["release"]["files"] if file.startswith("stems/")]
        assert players.count() >= 1 + len(stems)
        opened.wait_for_function("document.querySelector('audio').readyState >= 1")
        duration_s = players.first.evaluate("player => player.duration")
        assert abs(duration_s - 30.0) < 0.1
        assert opened.locator("img").count() >= 4
        assert all(opened.locator("img").evaluate_all("images => images.map(image => image.naturalWidth > 0)"))
        body = opened.locator("body").inner_text()
        assert "true peak" in body.lower()
        assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
        if folder is not None:
            opened.screenshot(path=Path(folder) / ("report.png" if name == "desktop" else f"report-{name}.png"))
    assert [url for url in requested if not url.startswith(("file:", "data:", "blob:"))] == []
    assert complaints == []
