"""The page in a real browser: from words to a finished song, heard, mixed, changed, compared and taken away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from support.browser import DESKTOP, Watched, accessible, chromium, page, until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = [
    pytest.mark.browser,
    pytest.mark.song,
    pytest.mark.xdist_group("deployment"),  # one deployment makes what this and the tests of its UI ask for
    pytest.mark.skipif(chromium() is None, reason="not run: no Chromium is installed"),
]

PROMPT = "upbeat pop song with piano"
LONG_MS = 90_000
EVIL = "<img src=x onerror='window.broken=1'><script>window.broken=1</script>"


@pytest.fixture(scope="module")
def studio(home: Path, address: str) -> Iterator[str]:
    """The page over the songs' home, whose deployment makes what is asked for."""
    from api.app import warm_up
    from api.serving import ApiServer
    from resources.api_settings import ApiSettings
    from resources.settings import get_settings

    settings = get_settings(home).model_copy(update={"api": ApiSettings(port=0)})
    with ApiServer(settings) as server:
        warm_up(server.app)
        yield server.url


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with page(*DESKTOP) as opened:
        yield Watched(opened)


def ready(opened: Page) -> None:
    opened.wait_for_selector("html[data-ready]", timeout=LONG_MS)


@pytest.fixture(scope="module")
def made(watched: Watched, studio: str) -> str:
    """A song asked for on the first page, its chips corrected; the address of its page."""
    opened = watched.page
    opened.goto(studio)
    opened.fill("#prompt", PROMPT)
    opened.wait_for_selector("#chip-length", timeout=LONG_MS)
    assert "pop" in opened.inner_text("#chip-style")
    assert accessible(opened) == []
    opened.click("details.more > summary")
    opened.fill("#seed", "5")
    opened.click("#chip-length")
    opened.fill("#chip-length-fields input", "30")
    opened.keyboard.press("Tab")
    until(opened, "document.querySelector('#chip-length b').textContent === '0:30'")
    assert "corrected by you" in opened.inner_text("#chip-length")
    assert "free" in opened.inner_text("#estimate")
    opened.click("#make-it")
    opened.wait_for_url("**/songs/**", timeout=LONG_MS)
    return opened.url


def test_a_song_is_made_from_corrected_words_and_followed(watched: Watched, made: str) -> None:
    opened = watched.page
    assert opened.locator("#progress, #player").count() >= 1
    opened.wait_for_selector(".song-head .badge.released", timeout=LONG_MS)
    ready(opened)
    assert "0:30" in opened.inner_text(".facts")
    assert watched.wrong == []


def test_it_plays_and_leads_to_its_sections(watched: Watched, made: str) -> None:
    opened = watched.page
    ready(opened)
    opened.click("#play")
    until(opened, "document.getElementById('audio').currentTime > 0.3")
    assert opened.get_attribute("#play", "aria-label") == "Pause"
    opened.keyboard.press("Tab")
    sections = opened.locator("#sections button")
    assert sections.count() >= 3
    sections.nth(2).click()
    assert opened.evaluate("document.getElementById('audio').currentTime") > 3
    assert sections.nth(2).get_attribute("aria-current") == "true"
    opened.click("#play")
    before = opened.evaluate("document.getElementById('audio').currentTime")
    opened.locator("body").press("ArrowLeft")
    assert opened.evaluate("document.getElementById('audio').currentTime") < before
    drawn = "[...document.querySelectorAll('canvas')].every(one => one.width > 50 && one.height > 50)"
    assert opened.evaluate(drawn)
    assert accessible(opened) == []
    assert watched.wrong == []


def test_a_stem_is_muted_and_that_can_become_a_revision(watched: Watched, made: str) -> None:
    opened = watched.page
    ready(opened)
    opened.click("#open-mixer")
    opened.wait_for_selector(".strip", timeout=LONG_MS)
    assert opened.is_disabled("#mix-revision")
    opened.click("#play")
    until(opened, "document.getElementById('seek').value > 20")
    opened.click('.strip[data-track="bass"] .m')
    assert opened.get_attribute('.strip[data-track="bass"] .m', "aria-pressed") == "true"
    opened.click("#play")
    opened.click("#mix-revision")
    opened.wait_for_selector("dialog[open]", timeout=LONG_MS)
    told = opened.inner_text("dialog")
    assert "bass, muted" in told
    assert "mix" in told
    assert "free" in told
    opened.keyboard.press("Escape")
    assert opened.locator("dialog[open]").count() == 0
    opened.click("#mix-close")
    assert watched.wrong == []


@pytest.fixture(scope="module")
def louder(watched: Watched, made: str) -> str:
    """A revision in words, its plan shown first; the address of its page."""
    opened = watched.page
    opened.goto(made)
    ready(opened)
    opened.fill("#words", "louder")
    opened.click("#revise [type=submit]")
    opened.wait_for_selector("dialog[open]", timeout=LONG_MS)
    told = opened.inner_text("dialog")
    assert "−14 → −11" in told
    assert "kept as it is" in told
    assert re.search(r"about \d+ s", told)
    assert accessible(opened) == []
    opened.click("#plan-go")
    opened.wait_for_url("**version=2**", timeout=LONG_MS)
    opened.wait_for_selector(".song-head .badge.released", timeout=LONG_MS)
    ready(opened)
    return opened.url


def test_a_revision_in_words_is_planned_made_and_compared(watched: Watched, louder: str) -> None:
    opened = watched.page
    rows = opened.locator(".tree li")
    assert rows.count() == 2
    assert "−14" in rows.nth(0).inner_text()
    assert "−11" in rows.nth(1).inner_text()
    opened.click("text=Compare versions")
    ready(opened)
    opened.wait_for_selector('#diff[aria-busy="false"]', timeout=LONG_MS)
    assert "loudness target (LUFS)" in opened.inner_text("#diff")
    matched = [
        float(one.replace("−", "-")) for one in re.findall(r"[AB] ([−+]?[\d.]+) dB", opened.inner_text("#matched-text"))
    ]
    assert matched[0] == 0
    assert -4 < matched[1] < -2
    opened.click("#play")
    until(opened, "document.getElementById('audio-a').currentTime > 0.3")
    levels = "[document.getElementById('audio-a').volume, document.getElementById('audio-b').volume]"
    assert opened.evaluate(levels) == [1, 0]
    opened.keyboard.press("x")
    heard = opened.evaluate(levels)
    assert heard[0] == 0
    assert heard[1] == pytest.approx(10 ** (matched[1] / 20), abs=0.02)
    opened.click("#play")
    assert accessible(opened) == []
    assert watched.wrong == []


def test_takes_stand_side_by_side_and_one_can_be_kept(watched: Watched, louder: str) -> None:
    opened = watched.page
    opened.goto(louder)
    ready(opened)
    opened.click("text=Takes")
    ready(opened)
    assert "no takes yet" in opened.inner_text("#takes")
    opened.select_option("#count", "2")
    opened.click("#start-takes [type=submit]")
    opened.wait_for_selector('[aria-label="Keep take 2"]', timeout=LONG_MS)
    cards = opened.locator(".take")
    assert cards.count() == 2
    assert "Like the first" in cards.nth(1).inner_text()
    assert "They differ in the melody" in opened.inner_text("#shared")
    player = opened.locator(".take audio").nth(1)
    player.evaluate("player => player.play()")
    until(opened, "document.querySelectorAll('.take audio')[1].currentTime > 0.2")
    player.evaluate("player => player.pause()")
    assert accessible(opened) == []
    assert watched.wrong == []


def test_everything_is_taken_away_as_one_file(watched: Watched, louder: str, tmp_path: Path) -> None:
    from zipfile import ZipFile

    opened = watched.page
    opened.goto(louder)
    with opened.expect_download(timeout=LONG_MS) as started:
        opened.click("#zip")
    place = tmp_path / "song.zip"
    started.value.save_as(place)
    with ZipFile(place) as archive:
        assert archive.testzip() is None
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert {"master.wav", "score.mid", "SHA256SUMS"} <= names


def test_whoever_has_a_link_looks_and_listens_and_changes_nothing(watched: Watched, louder: str) -> None:
    opened = watched.page
    opened.goto(louder)
    ready(opened)
    opened.click("#make-link [type=submit]")
    opened.wait_for_selector("#new-link:not([hidden])")
    link = opened.input_value("#link-text")
    opened.goto(link)
    ready(opened)
    opened.click("#play")
    until(opened, "document.getElementById('audio').currentTime > 0.2")
    assert opened.locator("[data-do], #revise, #zip, #share, #mix-revision").count() == 0
    assert opened.locator("#open-mixer").count() == 1
    assert watched.wrong == []


def test_words_that_hold_markup_stay_words(watched: Watched, louder: str) -> None:
    """What a score says of sections, parts and lines is shown as it is, whatever it is."""
    opened = watched.page

    def poisoned(route: Route) -> None:
        told = route.fetch().json()
        for row in (*told["sections"], *told["parts"]):
            row["label"] = EVIL
        told["lines"] = [{"section": EVIL, "text": EVIL, "start_s": 0, "end_s": 9, "words": [[0, EVIL]]},
                         {"section": "verse", "text": EVIL, "start_s": 9, "end_s": 20, "words": []}]  # fmt: skip
        route.fulfill(json=told)

    opened.route("**/score/**", poisoned)
    opened.goto(louder)
    ready(opened)
    assert opened.locator("#lines .line").count() == 2
    assert EVIL in opened.inner_text("#lines")
    opened.click("[data-do=rename]")
    opened.fill("#asked", EVIL[:100])
    opened.keyboard.press("Enter")
    until(opened, "document.getElementById('title').textContent.startsWith('<img')")
    opened.unroute("**/score/**")
    opened.reload()
    ready(opened)
    assert opened.inner_text("#title").startswith("<img")
    opened.goto(urlsplit(opened.url)._replace(path="/", query="").geturl())
    opened.fill("#prompt", EVIL + " pop song")
    opened.wait_for_selector("#chip-style", timeout=LONG_MS)
    assert EVIL[:40] in json.dumps(opened.inner_text(".songs"))
    assert opened.evaluate("window.broken === undefined")
    assert watched.wrong == []
