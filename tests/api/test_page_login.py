"""The session of the page: begun with a key, told by a signed cookie, worth nothing when it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update

from api.gate import SESSION_COOKIE
from resources.access import sessions
from resources.access.keys import create_key, revoke_key
from resources.access.links import signing_secret
from resources.registry import ApiKey, utc_now
from support.api_world import World, world


@pytest.fixture
def visitor(api: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.server.url, timeout=60.0) as client:
        yield client


def log_in(api: World, visitor: httpx.Client, who: str = "owner", key: str | None = None) -> str:
    """Log in; the token that the forms of the session's pages show."""
    answer = visitor.post("/login", data={"key": key or api.keys[who], "next": "/"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    found = re.search(r'name="csrf" content="([0-9a-f]{64})"', visitor.get("/").text)
    assert found is not None
    return found[1]


def test_whoever_shows_a_key_is_let_in_and_led_on(api: World, visitor: httpx.Client) -> None:
    song = api.song()
    sent = visitor.get(f"/songs/{song}?version=1")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/login?next=%2Fsongs%2F{song}%3Fversion%3D1")
    page = visitor.get(sent.headers["Location"])
    assert f'value="/songs/{song}?version=1"' in page.text
    done = visitor.post("/login", data={"key": api.keys["owner"], "next": f"/songs/{song}?version=1"})
    assert done.headers["Location"] == f"/songs/{song}?version=1"
    cookie = done.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert api.keys["owner"] not in cookie
    assert visitor.get(f"/songs/{song}").status_code == 200
    assert visitor.get(f"/api/v2/compositions/{song}/status/").status_code == 200


@pytest.mark.parametrize("key", ["", "mg_000000000000_" + "A" * 43, "forged", "revoked", "expired"])
def test_no_other_key_begins_a_session(api: World, visitor: httpx.Client, key: str) -> None:
    answer = visitor.post("/login", data={"key": api.keys.get(key, key)})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "going", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", ""]
)
def test_nobody_is_led_elsewhere_after_logging_in(api: World, visitor: httpx.Client, going: str) -> None:
    answer = visitor.post("/login", data={"key": api.keys["owner"], "next": going})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_what_a_session_asks_to_be_done_shows_the_token_of_its_page(api: World, visitor: httpx.Client) -> None:
    song, token = api.song(), log_in(api, visitor)
    address = f"/api/v2/compositions/{song}/title/"
    for shown in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": token[:-1] + "g"}):
        answer = visitor.put(address, json={"title": "Mine"}, headers=shown)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_token"), shown
    assert visitor.put(address, json={"title": "Mine"}, headers={"X-CSRF-Token": token}).status_code == 200
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = visitor.put(address, json={"title": "Theirs"}, headers={"X-CSRF-Token": token, **foreign})
        assert answer.json()["code"] == "wrong_origin", foreign
    assert visitor.post("/logout").status_code == 403
    assert visitor.get("/").status_code == 200


def test_another_site_cannot_log_somebody_in(api: World, visitor: httpx.Client) -> None:
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}):
        answer = visitor.post("/login", data={"key": api.keys["owner"]}, headers=foreign)
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers


def test_a_session_that_somebody_else_planted_is_not_taken_over(api: World) -> None:
    """Fixation: whoever knows a cookie before the login knows nothing after it."""
    with httpx.Client(base_url=api.server.url) as attacker, httpx.Client(base_url=api.server.url) as victim:
        log_in(api, attacker, "other")
        planted = attacker.cookies[SESSION_COOKIE]
        victim.cookies.set(SESSION_COOKIE, planted)
        answer = victim.post(
            "/login", data={"key": api.keys["owner"]}, headers={"Cookie": f"{SESSION_COOKIE}={planted}"}
        )
        fresh = answer.cookies[SESSION_COOKIE]
        assert fresh != planted
        seen = attacker.get("/", headers={"Cookie": f"{SESSION_COOKIE}={planted}"})
        assert seen.status_code == 303


def test_cookies_that_were_made_up_let_nobody_in(api: World, visitor: httpx.Client) -> None:
    log_in(api, visitor)
    real = visitor.cookies[SESSION_COOKIE]
    key = api.keys["owner"]
    others = ("", "x", real[:-2] + "AA", real.replace(".", "..", 1), key, api.link(api.song()), "A" * 4000,
              str(sessions._signer("another secret of the same length as ours").dumps([key, key[3:15]])))  # fmt: skip
    for forged in others:
        with httpx.Client(base_url=api.server.url) as stranger:
            headers = {"Cookie": f"{SESSION_COOKIE}={forged}"}
            assert stranger.get("/api/v2/compositions/", headers=headers).status_code == 401, forged[:40]
            assert stranger.get("/", headers=headers).status_code == 303


def test_a_session_ends_with_its_time_its_key_and_its_logout(api: World) -> None:
    key = create_key(api.registry, "owner", "phone")

    def begun() -> tuple[httpx.Client, str]:
        client = httpx.Client(base_url=api.server.url)
        return client, log_in(api, client, key=key.text)

    def is_in(client: httpx.Client, cookie: str) -> bool:
        return client.get("/api/v2/compositions/", headers={"Cookie": f"{SESSION_COOKIE}={cookie}"}).status_code == 200

    (first, token), (second, _), (third, _) = begun(), begun(), begun()
    copied = [client.cookies[SESSION_COOKIE] for client in (first, second, third)]
    assert all(is_in(third, cookie) for cookie in copied)
    assert first.post("/logout", data={"csrf": token}).headers["Location"] == "/login"
    assert [is_in(third, cookie) for cookie in copied] == [False, True, True]
    with api.registry.session() as session:
        rows = select(ApiKey.id).where(
            ApiKey.name == sessions.NAME, ApiKey.revoked_at.is_(None), ApiKey.user == "owner"
        )
        newest = session.scalars(rows.order_by(ApiKey.created_at.desc())).first()
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(ApiKey).where(ApiKey.id == newest).values(expires_at=past))
    assert sum(is_in(third, cookie) for cookie in copied) == 1
    revoke_key(api.registry, key.id)
    assert not any(is_in(third, cookie) for cookie in copied)
    for client in (first, second, third):
        client.close()


def test_a_session_may_what_its_key_may_and_lives_no_longer(api: World, visitor: httpx.Client) -> None:
    song, token = api.song(), log_in(api, visitor, "reader")
    answer = visitor.put(f"/api/v2/compositions/{song}/title/", json={"title": "x"}, headers={"X-CSRF-Token": token})
    assert answer.json()["code"] == "not_allowed"
    brief = create_key(api.registry, "owner", "brief", days=1)
    begun = sessions.begin(api.registry, signing_secret(api.settings), brief.text, hours=700)
    assert begun.expires_at <= utc_now() + timedelta(days=1)


def test_vain_logins_are_counted(tmp_path: Path) -> None:
    with world(tmp_path / "home", failures_per_minute=2) as small, httpx.Client(base_url=small.server.url) as stranger:
        codes = [stranger.post("/login", data={"key": "mg_x"}).status_code for _ in range(3)]
        assert codes == [401, 401, 429]


def test_on_ones_own_machine_there_is_no_login(tmp_path: Path) -> None:
    with world(tmp_path / "home", login="auto") as own, httpx.Client(base_url=own.server.url) as client:
        assert client.get("/login").headers["Location"] == "/"
        page = client.get("/")
        assert page.status_code == 200
        assert "Log out" not in page.text
