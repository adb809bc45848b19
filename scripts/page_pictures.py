"""Takes the pictures of the page that docs/ shows, of a finished song in this home that has a revision and takes.

``python scripts/page_pictures.py SONG`` starts a server of its own; a Chromium must be installed. The home is best
served by ``musicgen up`` meanwhile: without it the page says that nothing runs.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "Melancholic jazz waltz with piano and upright bass, 90 seconds"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}
COLOURS = 256
WAIT_MS = 120_000


def small(picture: Image) -> Image:
    """``picture`` with COLOURS colours: the commonest, which are the flat ones of the page, exactly as they are; the
    rest near to what they were."""
    import numpy as np
    from PIL import Image as Pillow

    pixels = np.asarray(picture)
    found, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    flat = found[np.argsort(-counts)[: COLOURS // 2]]
    rest = picture.quantize(COLOURS // 2, Pillow.Quantize.MEDIANCUT).getpalette() or []
    palette = np.vstack([flat, np.array(rest, dtype=np.uint8).reshape(-1, 3)])
    apart = [np.abs(palette.astype(int) - one.astype(int)).sum(axis=1).argmin() for one in found]
    drawn = Pillow.fromarray(np.array(apart, dtype=np.uint8)[places].reshape(pixels.shape[:2]))
    drawn.putpalette(palette.tobytes())
    return drawn


def take(opened: Page, name: str, *, is_whole: bool = True) -> None:
    """One picture, with few enough colours to be small."""
    import PIL.Image

    opened.mouse.move(0, 0)
    opened.wait_for_timeout(600)
    picture = PIL.Image.open(io.BytesIO(opened.screenshot(full_page=is_whole))).convert("RGB")
    small(picture).save(ROOT / "docs" / f"page_{name}.png", optimize=True)


def ready(opened: Page, address: str) -> None:
    """Open a page of a song and wait until it is drawn. Raises RuntimeError where the page is a problem."""
    answer = opened.goto(address)
    if answer is None or not answer.ok:
        raise RuntimeError(f"{address} answered {None if answer is None else answer.status}: is there such a song?")
    opened.wait_for_selector("html[data-ready]", timeout=WAIT_MS)


def home(opened: Page, url: str, suffix: str) -> None:
    """The first page, with a chip that is open."""
    opened.goto(url)
    opened.fill("#prompt", PROMPT)
    opened.wait_for_selector("#chip-key", timeout=WAIT_MS)
    opened.click("#chip-key")
    take(opened, f"home_{suffix}")


def song(opened: Page, address: str, suffix: str, *, is_whole: bool) -> None:
    """A song's page, a third of the way in."""
    ready(opened, address)
    opened.locator("#sections button").nth(2).click()
    take(opened, f"song_{suffix}", is_whole=is_whole)


def plan_and_mixer(opened: Page, suffix: str) -> None:
    """On a song's page: the plan of a change, then the mixer."""
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


def comparison(opened: Page, address: str, suffix: str) -> None:
    """The first and the newest version beside each other."""
    ready(opened, f"{address}/compare?old=1")
    opened.wait_for_selector('#diff[aria-busy="false"]', timeout=WAIT_MS)
    take(opened, f"compare_{suffix}")


def takes(opened: Page, address: str, suffix: str) -> None:
    """Takes beside each other."""
    ready(opened, f"{address}/takes")
    opened.wait_for_selector(".take", timeout=WAIT_MS)
    take(opened, f"takes_{suffix}")


def pictures(opened: Page, url: str, composition: str, scheme: str, device: str) -> None:
    """All pictures in one scheme on one device."""
    suffix, address, is_desktop = f"{scheme}_{device}", f"{url}/songs/{composition}", device == "desktop"
    home(opened, url, suffix)
    song(opened, address, suffix, is_whole=is_desktop)
    if is_desktop:
        plan_and_mixer(opened, suffix)
    comparison(opened, address, suffix)
    takes(opened, address, suffix)


def main(composition: str) -> None:
    """Every picture of the song ``composition``."""
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
            pictures(opened, server.url, composition, scheme, device)
            opened.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
