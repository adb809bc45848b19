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
    return api.client.get(f"{api.server.url}{path}", headers=headers)


@pytest.mark.parametrize("place", PLACES)
def test_titles_and_prompts_stay_text(api: World, place: str) -> None:
    song = api.resolved(EVIL)
    renamed = api.ask("PUT", f"/compositions/{song}/title/", json={"title": EVIL})
    assert renamed.status_code == 200
    page = page_of(api, f"/songs/{song}{place}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "<b onclick" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page_of(api, f"/?q={EVIL}").text


def test_evil_words_are_told_as_data_that_no_browser_takes_for_a_page(api: World) -> None:
    """Lyrics and prompts reach the page as JSON that its scripts put down as text (tests/browser)."""
    asked = {"prompt": EVIL, "lyrics": EVIL, "title": EVIL}
    song = api.ask("POST", "/compositions/generate/", json=asked).json()["composition"]
    for path in (f"/compositions/{song}/status/?context=true", f"/compositions/{song}/versions/", "/compositions/"):
        answer = api.ask("GET", path)
        assert answer.headers["Content-Type"] == "application/json", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    understood = api.ask("POST", "/compositions/understand/", json=asked)
    assert understood.headers["Content-Type"] == "application/json"
    for path in (f"/songs/{song}", "/"):
        page = page_of(api, path)
        for raw in ("<script>alert", "<img src=x", "<b onclick"):
            assert raw not in page.text, path


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
        assert page.headers["Referrer-Policy"] == ("same-origin" if path != "/nothing" else "no-referrer")


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
        answer = api.client.get(f"{api.server.url}/page/{name}")
        assert answer.status_code == 200
        again = api.client.get(f"{api.server.url}/page/{name}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert api.client.get(f"{api.server.url}/page/../views.py").status_code == 404
    assert api.client.get(f"{api.server.url}/page/%2e%2e/views.py").status_code == 404


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


MAY_SEE = {
    "owner": 200, "collaborator": 200, "viewer": 200, "reader": 200, "staff": 200, "other": 404,
    "nobody": 303, "revoked": 401, "expired": 401, "forged": 401,
}  # fmt: skip
"""Whoever shows nothing is led to the login; a program that shows a bad key is told so."""


def test_every_page_is_shown_to_whom_it_is_documented_and_to_nobody_else(api: World) -> None:
    """Every address of the page as every caller, of a song of theirs, shared, another's, and one there is not."""
    song = api.released()
    rules = [rule.rule for rule in api.server.app.url_map.iter_rules() if rule.endpoint.startswith("studio.")]
    pages = {rule for rule in rules if rule not in ("/login", "/logout", "/page/<path:filename>")}
    assert pages == {"/", *(f"/songs/<composition>{place}" for place in PLACES)}
    for rule in sorted(pages):
        for who, status in MAY_SEE.items():
            key = who if who in api.keys else None
            seen = page_of(api, rule.replace("<composition>", song), key)
            assert seen.status_code == (200 if rule == "/" and status == 404 else status), f"{who} {rule}"
            missing = page_of(api, rule.replace("<composition>", "no-such-song"), key)
            expected = status if status in (303, 401) or rule == "/" else 404
            assert missing.status_code == (200 if rule == "/" and status == 404 else expected), f"{who} {rule}"


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


def test_an_address_that_is_nobodys_is_told_to_each_as_they_read(api: World) -> None:
    """A page for a browser, a problem for a program; under the API a problem in any case."""
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/songs/a/b/c", 404), ("POST", "/songs/a", 405),
                                 ("GET", "/logout", 405), ("GET", "/page/none.js", 404)):  # fmt: skip
        page = api.client.request(method, f"{api.server.url}{path}", headers={"Accept": browser})
        assert page.status_code == status, path
        assert page.headers["Content-Type"] == "text/html; charset=utf-8", path
        assert 'href="/page/page.css"' in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert api.client.get(f"{api.server.url}/logout", headers={"Accept": browser}).headers["Allow"] in (
        "OPTIONS, POST",
        "POST, OPTIONS",
    )
    for kinds in ("*/*", "application/json", "application/problem+json, application/json", ""):
        told = api.client.get(f"{api.server.url}/nothing", headers={"Accept": kinds})
        assert (told.status_code, told.headers["Content-Type"]) == (404, "application/problem+json"), kinds
        assert told.json()["code"] == "not_found"
    told = api.client.get(f"{api.server.url}/api/v2/nothing", headers={"Accept": browser})
    assert told.json()["code"] == "not_found"


def test_what_is_not_there_is_told_in_words(api: World) -> None:
    song = api.song()
    for path in ("/songs/no-such-song", f"/songs/{song}?version=9", f"/songs/{song}/compare?old=1&new=9", "/songs/%00"):
        page = page_of(api, path)
        assert page.status_code == 404, path
        assert page.headers["Content-Type"].startswith("text/html"), path
        assert "Traceback" not in page.text
    assert page_of(api, f"/songs/{song}?version=<script>").status_code == 200
