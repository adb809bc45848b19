"""Takes the pictures of the page that docs/ shows, of a finished song in this home.

``python scripts/page_pictures.py SONG`` starts a server of its own; a Chromium must be installed.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "Melancholic jazz waltz with piano and upright bass, 90 seconds"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
COLOURS = 256
WAIT_MS = 60_000


def take(opened: Page, name: str, *, is_whole: bool = True) -> None:
    """One picture, with few enough colours to be small."""
    from PIL import Image

    opened.wait_for_timeout(600)
    picture = Image.open(io.BytesIO(opened.screenshot(full_page=is_whole))).convert("RGB")
    picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(ROOT / "docs" / f"page_{name}.png", optimize=True)


def show_song(opened: Page, address: str) -> None:
    """A song's page, a third of the way in."""
    opened.goto(address)
    opened.wait_for_selector("html[data-ready]", timeout=WAIT_MS)
    opened.locator("#sections button").nth(2).click()


def pictures(opened: Page, url: str, song: str, scheme: str, device: str) -> None:
    """All pictures in one scheme on one device."""
    suffix = f"{scheme}_{device}"
    opened.goto(url)
    opened.fill("#prompt", PROMPT)
    opened.wait_for_selector("#chip-key", timeout=WAIT_MS)
    opened.click("#chip-key")
    take(opened, f"home_{suffix}")
    show_song(opened, f"{url}/songs/{song}")
    take(opened, f"song_{suffix}", is_whole=device == "desktop")
    if device == "phone":
        return
    opened.fill("#words", "bass 3 dB louder, less reverb")
    opened.click("#revise [type=submit]")
    opened.wait_for_selector("dialog[open]", timeout=WAIT_MS)
    take(opened, f"plan_{suffix}", is_whole=False)
    opened.keyboard.press("Escape")
    opened.click("#open-mixer")
    opened.wait_for_selector(".strip", timeout=WAIT_MS)
    opened.locator(".strip .m").nth(1).click()
    opened.locator("#mixer").scroll_into_view_if_needed()
    take(opened, f"mixer_{suffix}", is_whole=False)


def main(song: str) -> None:
    """Every picture of ``song``."""
    from playwright.sync_api import sync_playwright

    from api.app import warm_up
    from api.serving import ApiServer
    from resources.api_settings import ApiSettings
    from resources.settings import get_settings

    sys.path.insert(0, str(ROOT / "tests"))
    from support.browser import CHROMIUM_FLAGS, chromium

    settings = get_settings().model_copy(update={"api": ApiSettings(port=0)})
    with ApiServer(settings) as server, sync_playwright() as playwright:
        warm_up(server.app)
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        for scheme, device in (("light", "desktop"), ("dark", "desktop"), ("light", "phone"), ("dark", "phone")):
            width, height = SIZES[device]
            opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            pictures(opened, server.url, song, scheme, device)
            opened.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
