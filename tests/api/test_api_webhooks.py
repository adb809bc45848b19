"""Webhooks over HTTP: named, told by the running server, looked up, changed; everybody's own and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from resources.registry import queries
from resources.state_machine import transition
from resources.webhook_settings import WebhookSettings
from support.api_world import World, world
from support.live import wait_until
from support.receiver import receiver


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server that may tell programs on this machine."""
    allowed = WebhookSettings(allowed_networks=("127.0.0.0/8",))
    with world(tmp_path_factory.mktemp("telling") / "home", webhooks=allowed) as made:
        yield made


def test_a_running_server_tells_what_happens_and_remembers_it(telling: World) -> None:
    with receiver() as told:
        made = telling.ask("POST", "/webhooks/", json={"url": told.url, "events": ["composition.failed"]})
        assert made.status_code == 201
        row, path = made.json(), f"/webhooks/{made.json()['id']}"
        assert row["secret"].startswith("whsec_")
        assert "secret" not in telling.ask("GET", f"{path}/").json()
        assert "whsec_" not in telling.ask("GET", "/webhooks/").text
        song = telling.song()
        with telling.registry.session() as session:
            transition(session, queries.get_version(session, f"{song}@v1"), "failed")
        wait_until(lambda: told.seen, "the message arrives")
        assert told.seen[0].verified(row["secret"])["data"]["composition"] == song
        wait_until(lambda: telling.ask("GET", f"{path}/deliveries/?state=delivered").json()["items"], "the log")
        (delivery,) = telling.ask("GET", f"{path}/deliveries/").json()["items"]
        assert (delivery["message"], delivery["tries"][0]["status"]) == (told.seen[0].id, 204)

        rotated = telling.ask("POST", f"{path}/rotate/").json()
        tested = telling.ask("POST", f"{path}/test/")
        assert (tested.status_code, rotated["secret"] == row["secret"]) == (202, False)
        wait_until(lambda: len(told.seen) == 2, "the test arrives")
        for secret in (row["secret"], rotated["secret"]):
            assert told.seen[1].verified(secret)["type"] == "webhook.test"
        assert telling.ask("POST", f"{path}/replay/", json={"message": told.seen[0].id}).json() == {"count": 1}
        wait_until(lambda: len(told.seen) == 3, "it arrives again")
        assert told.seen[2].id == told.seen[0].id
        assert telling.ask("POST", f"{path}/replay/", json={"since": "2026-01-01T00:00:00Z"}).json() == {"count": 0}

        first = telling.ask("GET", f"{path}/deliveries/?limit=1").json()
        assert first["items"][0]["event"] == "webhook.test"
        rest = telling.ask("GET", f"{path}/deliveries/?limit=1&cursor={first['next_cursor']}").json()
        assert (rest["items"][0]["event"], rest["next_cursor"]) == ("composition.failed", None)
        changed = telling.ask("PUT", f"{path}/", json={"is_enabled": False, "description": "the studio's"}).json()
        assert (changed["is_enabled"], changed["url"], changed["description"]) == (False, told.url, "the studio's")
        assert telling.ask("POST", f"{path}/test/").status_code == 422
        assert telling.ask("DELETE", f"{path}/").status_code == 204
        assert telling.ask("GET", f"{path}/").status_code == 404


def test_an_endpoint_is_its_users_own(telling: World) -> None:
    with receiver() as told:
        path = f"/webhooks/{telling.ask('POST', '/webhooks/', json={'url': told.url}).json()['id']}"
        for who in ("other", "collaborator", "staff"):
            assert telling.ask("GET", "/webhooks/", who).json()["items"] == []
            for method, rest in (("GET", "/"), ("PUT", "/"), ("DELETE", "/"), ("POST", "/rotate/"), ("POST", "/test/"),
                                 ("GET", "/deliveries/"), ("POST", "/replay/")):  # fmt: skip
                body = {"json": {}} if method in ("PUT", "POST") and rest in ("/", "/replay/") else {}
                answer = telling.ask(method, path + rest, who, **body)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), f"{who} {method} {rest}"
        assert telling.ask("POST", f"{path}/rotate/", "reader").status_code == 403
        assert not told.seen


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://localhost/", "https://2130706433/", "https://[::ffff:10.0.0.1]/", "x"]
)
def test_an_address_inside_is_refused_where_no_setting_allows_it(api: World, url: str) -> None:
    refused = api.ask("POST", "/webhooks/", json={"url": url})
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, "bad_input", "url")
