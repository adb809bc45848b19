"""Who calls and over what is believed of the one proxy that the settings name, and of nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.environ import environ_of
from api.gate import SESSION_COOKIE
from support.api_world import World, world

FORGED = {"Authorization": "Bearer mg_000000000000_" + "A" * 43}


def statuses(api: World, said: list[str]) -> list[int]:
    """What callers get who show forged keys and name these addresses as theirs, one after the other."""
    return [
        api.ask("GET", "/compositions/", None, headers={**FORGED, "X-Forwarded-For": address}).status_code
        for address in said
    ]


def test_a_proxy_that_is_named_says_who_calls_and_over_what(tmp_path: Path) -> None:
    with world(tmp_path / "home", login="auto", trusted_proxy="127.0.0.1", failures_per_minute=2) as api:
        assert api.ask("GET", "/", None).json()["mode"] == "login required"  # whoever comes by a proxy is anybody
        assert statuses(api, ["203.0.113.5"] * 3) == [401, 401, 429]
        assert statuses(api, ["203.0.113.6", "203.0.113.5"]) == [401, 429]
        assert statuses(api, ["198.51.100.1, 203.0.113.5", "203.0.113.5, 198.51.100.1"]) == [429, 401]
        over_tls = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "songs.example"}
        answer = api.ask("GET", "/", None, headers=over_tls)
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        login = api.client.post(
            f"{api.server.url}/login", data={"key": api.keys["owner"]},
            headers={**over_tls, "Origin": "https://songs.example"},
        )  # fmt: skip
        assert login.status_code == 303
        assert SESSION_COOKIE in login.headers["Set-Cookie"]
        assert "; Secure" in login.headers["Set-Cookie"]
        plain = api.client.post(f"{api.server.url}/login", data={"key": api.keys["owner"]})
        assert "; Secure" not in plain.headers["Set-Cookie"]


@pytest.mark.parametrize("trusted", ["", "10.9.9.9"])
def test_nobody_else_is_believed(tmp_path: Path, trusted: str) -> None:
    with world(tmp_path / "home", trusted_proxy=trusted, failures_per_minute=2) as api:
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "Forwarded": "proto=https"}
        answer = api.ask("GET", "/", None, headers=said)
        assert "Strict-Transport-Security" not in answer.headers
        login = api.client.post(f"{api.server.url}/login", data={"key": api.keys["owner"]}, headers=said)
        assert login.status_code == 303
        assert "; Secure" not in login.headers["Set-Cookie"]
        foreign = {**said, "Origin": "https://evil.example"}
        assert api.ask("GET", "/compositions/", headers=foreign).json()["code"] == "wrong_origin"
        assert statuses(api, ["203.0.113.5", "203.0.113.6", "203.0.113.7"]) == [401, 401, 429]


def test_headers_of_a_stranger_become_nothing_of_ours() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.5"), (b"x-real-ip", b"203.0.113.5"), (b"proxy", b"http://evil.example"),
               (b"remote_addr", b"203.0.113.5"), (b"x-forwarded-proto", b"javascript"), (b"host", b"here")]  # fmt: skip
    scope = {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b"", "http_version": "1.1",
             "scheme": "http", "headers": headers, "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 2)}  # fmt: skip
    stranger = environ_of(scope, b"", None, "192.0.2.2")
    assert (stranger["REMOTE_ADDR"], stranger["HTTP_HOST"]) == ("192.0.2.1", "here")
    assert not [name for name in stranger if "FORWARDED" in name or name == "HTTP_PROXY" or "REAL_IP" in name]
    named = environ_of(scope, b"", None, "192.0.2.1")
    assert (named["REMOTE_ADDR"], named["wsgi.url_scheme"]) == ("203.0.113.5", "http")
    assert "HTTP_PROXY" not in named
