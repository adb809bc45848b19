"""What hostile callers send changes nothing, breaks nothing, and tells them nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.http import parse_options_header

from api.v2.asked import GenerateAsked, ReviseAsked
from api.v2.files import plain_name
from support.api_world import RELEASE, World, world

TRAVERSALS = ("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "....//etc/passwd", "stems/../master.wav",
              "..\\..\\registry.db", "master.wav%00.txt", "file:///etc/passwd", "stems", "", "registry.db")  # fmt: skip


@pytest.mark.parametrize("name", TRAVERSALS)
def test_no_name_leads_out_of_a_release_or_an_artifact(api: World, name: str) -> None:
    song = api.released()
    for path in (f"download/?file={name}", f"artifacts/mastering/master/?role={name}", f"artifacts/mastering/{name}/",
                 f"artifacts/{name}/master/"):  # fmt: skip
        answer = api.ask("GET", f"/compositions/{song}/{path}")
        assert answer.status_code in (404, 422), path
        assert b"root:" not in answer.content
        assert b"SQLite" not in answer.content
    for path in (f"/compositions/{name}/status/", f"/batches/{name}/", f"/docs/{name}"):
        assert api.ask("GET", path).status_code in (200, 404, 405)  # 200: a shorter path than was meant


def test_a_file_goes_out_whole_in_part_and_as_an_attachment(api: World) -> None:
    song, data = api.released(), RELEASE["master.wav"]
    base = f"/compositions/{song}/download/?file=master.wav"
    whole = api.ask("GET", base)
    assert whole.content == data
    assert parse_options_header(whole.headers["Content-Disposition"]) == ("attachment", {"filename": "master.wav"})
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = api.ask("GET", base, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert api.ask("GET", base, headers={"Range": f"bytes={len(data)}-"}).json()["code"] == "bad_range"
    assert api.ask("GET", base, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    page = api.ask("GET", f"/compositions/{song}/download/?file=report.html")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_package_is_a_zip_of_known_length_that_can_be_gone_on_with(api: World, tmp_path: Path) -> None:
    from io import BytesIO
    from zipfile import ZipFile

    song = api.released()
    whole = api.ask("GET", f"/compositions/{song}/download/")
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    with ZipFile(BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
        found = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    sums = found.pop("SHA256SUMS").decode()
    assert found == RELEASE
    assert all(name in sums for name in RELEASE)
    middle = len(whole.content) // 2
    headers = {"Range": f"bytes={middle}-", "If-Range": whole.headers["ETag"]}
    rest = api.ask("GET", f"/compositions/{song}/download/", headers=headers)
    assert (rest.status_code, whole.content[:middle] + rest.content) == (206, whole.content)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"x"', b'{"prompt": NaN}', b'{"prompt": "a\\u0000b"}', b'{"prompt": "\\ud800"}',
     b"\xff\xfe", b'{"prompt": "a", "seed": ' + b"9" * 5000 + b"}", b"[" * 100_000,
     b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
     b'{"prompt": "a", "seed": 1e400}', b'{"prompt": "a", "set": {"__proto__": 1}}'],
    ids=lambda data: repr(data[:20]),
)  # fmt: skip
def test_what_is_no_request_is_refused_in_words(api: World, data: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.ask("POST", "/compositions/generate/", content=data, headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] in ("bad_json", "bad_input")


def test_a_body_that_is_too_large_or_no_json_is_not_read(api: World) -> None:
    big = json.dumps({"prompt": "x" * 2_000_000}).encode()
    answer = api.ask("POST", "/compositions/generate/", content=big, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.ask("POST", "/compositions/generate/", content=b'{"prompt": "a"}', headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")


WRONG: tuple[Any, ...] = (None, True, 5, 1.5, "x", [], {}, [[]], {"a": {}}, -1, 10**30, "x" * 6000)


@pytest.mark.parametrize("name", sorted({*GenerateAsked.model_fields, *ReviseAsked.model_fields, "user", "kind"}))
def test_no_value_of_any_type_in_any_field_is_a_defect(api: World, name: str) -> None:
    """Whatever is sent is taken or refused by a named rule: never a 5xx, and nobody asks in another's name."""
    song = api.resolved()
    for value in WRONG:
        for path, fields in (("/compositions/plan/", GenerateAsked), (f"/compositions/{song}/plan/", ReviseAsked)):
            base = {"prompt": "a song"} if fields is GenerateAsked else {"words": "slower"}
            answer = api.ask("POST", path, json={**base, name: value})
            assert answer.status_code in (200, 404, 409, 422), f"{path} {name}={value!r:.40}: {answer.text}"
            if name not in fields.model_fields:
                assert answer.json()["field"] == name


@pytest.mark.parametrize("title", ["a\r\nSet-Cookie: x=1", "<script>alert(1)</script>", '"; filename=x.exe', "é" * 60])
def test_texts_reach_no_header(api: World, title: str) -> None:
    answer = api.ask("POST", "/compositions/generate/", json={"prompt": "a song", "title": title})
    assert answer.status_code in (202, 422)
    assert "set-cookie" not in answer.headers
    if answer.status_code == 202:
        status = api.ask("GET", f"/compositions/{answer.json()['composition']}/status/")
        assert status.headers["Content-Type"] == "application/json"
        assert "set-cookie" not in status.headers
    assert plain_name(title).isascii()
    assert not set(plain_name(title)) & set('\r\n";<>/\\ ')


@pytest.mark.parametrize("given", ["", "Bearer", "Basic b3duZXI6", "Bearer mg_x", "Bearer " + "x" * 9000,
                                   "Bearer mg_000000000000_" + "A" * 43, "bearer null",
                                   "Bearer ' OR 1=1 --"])  # fmt: skip
def test_forged_keys_let_nobody_in(api: World, given: str) -> None:
    answer = api.ask("GET", "/compositions/", None, headers={"Authorization": given})
    assert answer.status_code in (401, 431)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["", "x", "W10.x.y", "../", "x" * 4000])
def test_forged_links_open_nothing(api: World, token: str) -> None:
    song = api.song()
    real = api.link(song)
    for forged in (token, real[:-2] + "AA", real.replace(".", "..", 1)):
        assert api.ask("GET", f"/compositions/{song}/status/", None, params={"share": forged}).status_code == 401


def test_a_key_of_another_kind_of_text_is_refused(api: World) -> None:
    for key in ("x" * 201, "a\tb", "é"):
        answer = api.ask(
            "POST", "/compositions/generate/", json={"prompt": "a song"}, headers={"Idempotency-Key": key.encode()}
        )
        assert answer.status_code in (400, 422)


def test_every_answer_carries_the_headers_that_browsers_heed(api: World) -> None:
    song = api.released()
    for path in ("/", "/docs/", "/openapi.json", "/compositions/", "/nothing", f"/compositions/{song}/download/"):
        answer = api.ask("GET", path, headers={"Origin": api.server.url})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "server" not in answer.headers
    assert api.ask("GET", "/compositions/", headers={"Origin": "https://evil.example"}).json()["code"] == "wrong_origin"
    assert api.ask("OPTIONS", "/compositions/generate/").status_code == 405


def test_a_slow_body_keeps_nobody_waiting(api: World) -> None:
    port = int(api.server.url.rpartition(":")[2])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    try:
        for one in slow:
            one.sendall(b"POST /api/v2/compositions/generate/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert api.ask("GET", "/", timeout=10.0).status_code == 200
    finally:
        for one in slow:
            one.close()


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with world(tmp_path / "home", reads_per_minute=3, writes_per_minute=2, failures_per_minute=2) as api:
        left = [api.ask("GET", "/styles/").headers["RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        refused = api.ask("GET", "/styles/")
        assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (429, "rate_limited", True)
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert api.ask("GET", "/styles/", "other").status_code == 200
        forged = [api.ask("GET", "/compositions/", "forged").status_code for _ in range(3)]
        assert forged == [401, 401, 429]


def test_on_loopback_nobody_logs_in_and_other_sites_are_refused(tmp_path: Path) -> None:
    with world(tmp_path / "home", login="auto") as api:
        about = api.ask("GET", "/", None).json()
        assert about["mode"] == "single-user"
        assert "nobody has to log in" in about["note"]
        told = api.ask("POST", "/compositions/generate/", None, json={"prompt": "a song"}).json()
        assert told["accepted"]["user"] == "local"
        for headers in ({"Host": "evil.example"}, {"Host": "evil.example:8000"}, {"Origin": "https://evil.example"},
                        {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):  # fmt: skip
            answer = api.ask("POST", f"/compositions/{told['composition']}/cancel/", None, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin"), headers
        assert api.ask("GET", "/compositions/", "forged").status_code == 401


def test_off_loopback_everybody_shows_a_key(tmp_path: Path) -> None:
    with world(tmp_path / "home", login="auto", host="0.0.0.0") as api:
        url = api.server.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/api/v2/").json()["mode"] == "login required"
        assert httpx.get(f"{url}/api/v2/compositions/").status_code == 401
