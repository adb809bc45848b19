"""The forms in the Dagster UI make songs: filled in on a launchpad, they lead to the run that makes the version."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from musicgen_assets.context.request import CompositionRequest
from resources.door import submit
from resources.registry import open_registry
from resources.settings import get_settings
from support.browser import chromium
from support.cli import PROMPT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.song,
    pytest.mark.xdist_group("deployment"),
    pytest.mark.skipif(chromium() is None, reason="not run: no Chromium is installed"),
]

PATIENCE_MS = 240_000
Keep = Callable[[str], None]


def fill_in(browser_page: Page, address: str, job: str, config: str) -> None:
    """Open the form ``job`` and type ``config``, YAML at the depth of a field of the form."""
    browser_page.goto(f"{address}/locations/musicgen_assets.definitions/jobs/{job}/playground")
    op = {"new_song": "submit_song", "revise_song": "submit_revision"}[job]
    lines = "".join(f"      {line}\n" for line in config.splitlines())
    browser_page.locator(".CodeMirror").first.click(timeout=PATIENCE_MS)
    browser_page.keyboard.press("Control+A")
    browser_page.keyboard.insert_text(f"ops:\n  {op}:\n    config:\n{lines}")
    browser_page.get_by_text("No errors", exact=True).wait_for(timeout=PATIENCE_MS)


def launch_and_follow(browser_page: Page, address: str, keep: Keep, picture: str) -> str:
    """Launch what was filled in, wait for the form's run to end, and open the run it links to. The version's key."""
    browser_page.get_by_role("button", name="Launch Run").click(timeout=PATIENCE_MS)
    link = browser_page.locator("a[href^='/runs/']", has_text=re.compile("^/runs/")).first
    link.wait_for(timeout=PATIENCE_MS)
    browser_page.get_by_text("Success", exact=True).first.wait_for(timeout=PATIENCE_MS)
    keep(picture)
    partition = browser_page.get_by_text(re.compile(r"^[a-z]+-[a-z]+-\w+@v\d+$")).first.inner_text()
    target = link.get_attribute("href")
    assert target is not None
    browser_page.goto(address + target)
    return partition


def materialization(browser_page: Page, asset: str, keep: Keep | None = None) -> str:
    """What the run's page says of the materialization of ``asset``, "STAGE NAME"."""
    from playwright.sync_api import expect

    browser_page.get_by_placeholder("Filter…").fill(f"materialized value {asset}.")
    button = browser_page.get_by_text("View full message")
    expect(button).to_have_count(1, timeout=PATIENCE_MS)
    button.click()
    dialog = browser_page.get_by_role("dialog").filter(has_text=f"Materialized value {asset}.")
    told = dialog.inner_text(timeout=PATIENCE_MS)
    if keep is not None:
        keep("carried_step.png")
    dialog.get_by_role("button", name="Done").click()
    dialog.wait_for(state="hidden")
    return told


def state_of(home: Path, partition: str) -> str:
    with sqlite3.connect(home / "registry.db") as database:
        return str(database.execute("SELECT state FROM versions WHERE partition = ?", [partition]).fetchone()[0])


def wait_until_it_is(state: str, home: Path, partition: str) -> None:
    """Asked of the registry: Dagster's page now and then shows no end of a run until it is loaded anew."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (found := state_of(home, partition)) != state:
        assert found != "failed"
        assert time.monotonic() < deadline, f"{partition} is {found}"
        time.sleep(0.5)


def test_a_form_that_is_filled_in_makes_a_song(address: str, home: Path, browser_page: Page, keep: Keep) -> None:
    fill_in(browser_page, address, "new_song", f"prompt: {PROMPT}\nduration_s: 30\nseed: 5")
    keep("form.png")
    partition = launch_and_follow(browser_page, address, keep, "form_run.png")
    browser_page.get_by_text(f"partition: {partition}").first.wait_for(timeout=PATIENCE_MS)
    wait_until_it_is("released", home, partition)
    browser_page.reload()
    browser_page.get_by_text("Success", exact=True).first.wait_for(timeout=PATIENCE_MS)


def test_a_change_that_is_filled_in_shows_what_was_carried(
    address: str, home: Path, song: dict[str, Any], browser_page: Page, keep: Keep
) -> None:
    config = f"version: {song['partition']}\ntitle: Another Name"
    fill_in(browser_page, address, "revise_song", config)
    partition = launch_and_follow(browser_page, address, keep, "revision_form_run.png")
    assert partition.partition("@")[0] == song["composition"]
    assert partition != song["partition"]
    wait_until_it_is("released", home, partition)
    browser_page.reload()
    browser_page.get_by_text("Success", exact=True).first.wait_for(timeout=PATIENCE_MS)
    assert re.search(rf"carried_from\s+{song['partition']}", materialization(browser_page, "composition melody", keep))
    assert "carried_from" not in materialization(browser_page, "finalization release")
    browser_page.locator("button:has([aria-label='expand_arrows'])").first.click()  # all of the steps, no log
    keep("revised_run.png")
    browser_page.locator("button:has([aria-label='collapse_arrows'])").first.click()


def test_a_form_that_breaks_a_rule_says_which(address: str, browser_page: Page, keep: Keep) -> None:
    fill_in(browser_page, address, "new_song", f"prompt: {PROMPT}\nduration_s: 4")
    browser_page.get_by_role("button", name="Launch Run").click(timeout=PATIENCE_MS)
    browser_page.get_by_text("way_out").first.wait_for(timeout=PATIENCE_MS)
    shown = browser_page.locator("body").inner_text()
    assert "technical.duration_s" in shown
    assert "Failure" in shown


def test_what_nobody_launched_is_taken_up_by_the_sensor(address: str, home: Path) -> None:
    """The request is written and then forgotten, as by an API that died after its commit."""
    settings = get_settings(home)
    request = CompositionRequest(prompt=PROMPT, seed=5, until="ideation")
    partition = submit(open_registry(settings), request, settings).partition
    wait_until_it_is("waiting_for_approval", home, partition)
