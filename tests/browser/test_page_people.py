"""The page where people log in: a key is shown once, others are let in, and what is not there is told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from support.api_world import World, world
from support.browser import Watched, accessible, chromium, page, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="not run: no Chromium is installed"),
]

WAIT_MS = 60_000


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("people") / "home") as made:
        yield made


@pytest.fixture
def watched() -> Iterator[Watched]:
    with page(1280, 900) as opened:
        yield Watched(opened)


def log_in(opened: Page, studio: World, who: str, address: str) -> None:
    """Show the key of ``who`` on the way to an address."""
    opened.goto(studio.server.url + address)
    opened.fill("#key", studio.keys[who])
    opened.click("main [type=submit]")
    opened.wait_for_url(f"**{address}", timeout=WAIT_MS)


def test_others_are_let_in_to_look_or_to_work_and_let_go_again(watched: Watched, studio: World) -> None:
    opened, song = watched.page, studio.song(has_members=False)
    opened.goto(studio.server.url)
    assert accessible(opened) == []
    log_in(opened, studio, "owner", f"/songs/{song}")
    people = opened.locator("#members li")
    people.first.wait_for(timeout=WAIT_MS)
    assert people.all_inner_texts()[0].split() == ["owner", "owner"]
    opened.fill("#member", "owner")
    opened.click("#let-in [type=submit]")
    opened.wait_for_selector("#let-in-problem:not([hidden])", timeout=WAIT_MS)
    opened.fill("#member", "other")
    opened.click("#let-in [type=submit]")
    people.nth(1).wait_for(timeout=WAIT_MS)
    assert opened.locator("#let-in-problem:not([hidden])").count() == 0
    assert accessible(opened) == []
    assert studio.ask("GET", f"/compositions/{song}/status/", "other").status_code == 200
    title = f"/compositions/{song}/title/"
    assert studio.ask("PUT", title, "other", json={"title": "Theirs"}).json()["code"] == "not_allowed"
    with opened.expect_response("**/members/") as drawn:
        people.nth(1).locator("select").select_option("collaborator")
    assert {row["user"]: row["role"] for row in drawn.value.json()["items"]}["other"] == "collaborator"
    assert studio.ask("PUT", title, "other", json={"title": "Theirs"}).status_code == 200
    people.nth(1).locator("button").click()
    until(opened, "document.querySelectorAll('#members li').length === 1")
    assert studio.ask("GET", f"/compositions/{song}/status/", "other").status_code == 404
    opened.click("text=Log out owner")
    opened.wait_for_url("**/login", timeout=WAIT_MS)
    assert watched.wrong == []


def test_each_may_let_in_only_where_the_song_is_theirs(watched: Watched, studio: World) -> None:
    opened, song = watched.page, studio.song()
    log_in(opened, studio, "collaborator", f"/songs/{song}")
    opened.wait_for_selector("#title", timeout=WAIT_MS)
    assert opened.locator("#let-in, #share").count() == 0
    opened.goto(f"{studio.server.url}/nothing")
    assert opened.inner_text("h1") == "There is no such thing"
    assert accessible(opened) == []
    assert watched.wrong == []
