"""Pages as they are served: escaped, under a strict policy, open to those who may, and showing each what they may."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

import api.page
from support.api_world import World

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><b onclick=alert(1)>"
PLACES = ("", "/compare", "/takes")
STATIC = Path(api.page.__file__).parent / "static"
TEMPLATES = Path(api.page.__file__).parent / "templates" / "page"


def page_of(api: World, path: str, who: str | None = "owner", **extra: object) -> httpx.Response:
    """A page as somebody of the world, who shows a key as a program would."""
    headers = {**({"Authorization": f"Bearer {api.keys[who]}"} if who else {}), **extra}  # type: ignore[dict-item]
    return httpx.get(f"{api.server.url}{path}", headers=headers, timeout=60.0)


@pytest.mark.parametrize("place", PLACES)
def test_titles_and_prompts_stay_text(api: World, place: str) -> None:
    song = api.resolved()
    renamed = api.ask("PUT", f"/compositions/{song}/title/", json={"title": EVIL})
    assert renamed.status_code == 200
    page = page_of(api, f"/songs/{song}{place}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "<b onclick" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page_of(api, f"/?q={EVIL}").text


def test_the_list_keeps_titles_and_owners_as_text(api: World) -> None:
    song = api.song()
    api.ask("PUT", f"/compositions/{song}/title/", json={"title": EVIL})
    page = page_of(api, "/")
    assert "&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text


def test_every_page_has_the_strict_policy(api: World) -> None:
    song = api.resolved()
    for path in ("/", "/login", "/nothing", *(f"/songs/{song}{place}" for place in PLACES), "/songs/no-such-song"):
        page = page_of(api, path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"


def test_pages_hold_no_script_style_or_address_of_elsewhere() -> None:
    """What the policy forbids is not there: no inline code, no inline style, nothing from another place."""
    for template in TEMPLATES.glob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\b(src=\"/page/|type=\"application/json\"))", text), template.name
        assert not re.search(r"\s(on[a-z]+|style)=", text), template.name
        assert "http://" not in text, template.name
        assert "https://" not in text, template.name
        assert "|safe" not in text, template.name
    for script in STATIC.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https://", "http://"):
            assert word not in text, f"{script.name}: {word}"
    assert "url(" not in (STATIC / "page.css").read_text(encoding="utf-8")


def test_every_script_that_a_page_or_script_names_is_shipped(api: World) -> None:
    named = {
        name for template in TEMPLATES.glob("*.html") for name in re.findall(r'"/page/([^"]+)"', template.read_text())
    }
    named |= {name for script in STATIC.glob("*.js") for name in re.findall(r'from "\./([^"]+)"', script.read_text())}
    assert named == {path.name for path in STATIC.iterdir()}
    for name in named:
        answer = httpx.get(f"{api.server.url}/page/{name}")
        assert answer.status_code == 200
        again = httpx.get(f"{api.server.url}/page/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert httpx.get(f"{api.server.url}/page/../views.py").status_code == 404
    assert httpx.get(f"{api.server.url}/page/%2e%2e/views.py").status_code == 404


def test_each_sees_what_they_may_do(api: World) -> None:
    song = api.released()
    marks = {"change": 'data-do="rename"', "delete": 'data-do="delete"', "download": 'id="zip"', "share": 'id="share"'}
    may = {"owner": {"change", "delete", "download", "share"}, "collaborator": {"change", "download"}, "viewer": set(),
           "reader": {"download"}, "staff": {"change", "delete", "download", "share"}}  # fmt: skip
    for who, rights in may.items():
        page = page_of(api, f"/songs/{song}", who)
        assert page.status_code == 200
        assert {right for right, mark in marks.items() if mark in page.text} == rights, who
    assert page_of(api, f"/songs/{song}", "other").status_code == 404


def test_a_share_link_lets_look_at_one_song_and_carries_on(api: World) -> None:
    song, other = api.released(), api.released()
    token = api.link(song)
    page = page_of(api, f"/songs/{song}?share={token}", None)
    assert page.status_code == 200
    assert f"share={token}" in page.text
    assert '"share": "' in page.text
    for mark in ("data-do=", 'id="zip"', 'id="share"', 'id="revise"', 'href="/"', "Dagster"):
        assert mark not in page.text
    assert page_of(api, f"/songs/{other}?share={token}", None).status_code == 404
    assert page_of(api, f"/songs/{song}?share={token}x", None).status_code == 401


def test_a_link_of_another_site_leads_to_a_page_and_does_nothing_else(api: World) -> None:
    song = api.song()
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert page_of(api, f"/songs/{song}", **visit).status_code == 200
    assert page_of(api, f"/songs/{song}", **{**visit, "Sec-Fetch-Mode": "cors"}).status_code == 403
    answer = api.ask("GET", f"/compositions/{song}/status/", headers=visit)
    assert answer.json()["code"] == "wrong_origin"


def test_what_is_not_there_is_told_in_words(api: World) -> None:
    song = api.song()
    for path in ("/songs/no-such-song", f"/songs/{song}?version=9", f"/songs/{song}/compare?old=1&new=9", "/songs/%00"):
        page = page_of(api, path)
        assert page.status_code == 404, path
        assert page.headers["Content-Type"].startswith("text/html"), path
        assert "Traceback" not in page.text
    assert page_of(api, f"/songs/{song}?version=<script>").status_code == 200
