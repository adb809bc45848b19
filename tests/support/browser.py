"""A real headless browser and a real Dagster deployment on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from support.cli import MUSICGEN

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

DESKTOP, PHONE = (1280, 900), (390, 844)


def chromium() -> str | None:
    """The system's Chromium or Chrome, if there is one."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def deployment(home: Path, wait_s: float = 90.0) -> Iterator[str]:
    """``musicgen up`` over ``home``; yields the UI's address once it answers. Ends every process on leaving."""
    port = free_port()
    env = {**os.environ, "MUSICGEN_HOME": str(home)}
    env.pop("DAGSTER_HOME", None)
    log = (home.parent / "up.log").open("wb")
    process = subprocess.Popen(
        [str(MUSICGEN), "up", "--port", str(port), "--api-port", "0"], env=env, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, wait_s)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def _wait(address: str, process: subprocess.Popen[bytes], wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the deployment ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(address + "/server_info", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"{address} did not answer within {wait_s:.0f} s")


@contextmanager
def page(width: int = 1600, height: int = 1000) -> Iterator[Page]:
    """A page of a headless browser. Raises RuntimeError where no browser is installed."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        raise RuntimeError("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


class Watched:
    """A page of the browser, and what it did that it must not: code that failed, a broken policy, a call elsewhere."""

    def __init__(self, opened: Page) -> None:
        self.page = opened
        self.wrong: list[str] = []
        opened.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        opened.on("console", self._heard)
        opened.context.route("**/*", self._asked)

    def _heard(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.wrong.append(message.text)

    def _asked(self, route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
            route.continue_()
        else:
            self.wrong.append(f"asked {route.request.url}")
            route.abort()


def accessible(opened: Page) -> list[str]:
    """What axe finds, on a desktop and a phone, light and dark."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[str] = []
    for width, height in (DESKTOP, PHONE):
        opened.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            opened.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            results = Axe().run(opened, options={"resultTypes": ["violations"]})
            rows = results.response["violations"]
            found += [f"{width} {scheme} {row['id']}: {row['nodes'][0]['html'][:160]}" for row in rows]
            assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), (
                f"{width} too narrow"
            )
    opened.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    opened.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return found


def until(opened: Page, expression: str, wait_s: float = 90.0) -> None:
    """Wait for what JavaScript says to become true. Raises TimeoutError.

    The browser library's own way evaluates text in the page later, which the page's policy forbids.
    """
    deadline = time.monotonic() + wait_s
    while not opened.evaluate(expression):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {wait_s:.0f} s: {expression}")
        opened.wait_for_timeout(50)
