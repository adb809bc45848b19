"""Following songs: every message once, in order, from wherever one left off, to whoever may hear it and nobody else."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import websockets
from websockets.exceptions import InvalidStatus

from api import live, streams
from resources.access.keys import create_key, revoke_key
from resources.access.scope import remove_member
from resources.registry import Composition, Lease, queries
from resources.state_machine import fail, transition
from support.api_world import World, world
from support.happening import happened, record_step
from support.live import following, wait_until

FIELDS = {"composition", "version", "type", "stage", "status", "progress", "time_left_s", "at"}


def moved(api: World, song: str, *states: str) -> None:
    for state in states:
        with api.registry.session() as session:
            transition(session, queries.get_version(session, f"{song}@v1"), state)


def test_a_song_is_followed_from_its_stages_to_its_sound(api: World) -> None:
    song = api.song()
    with following(api, f"/compositions/{song}/events/") as stream:
        (first,) = stream.wait(1)
        assert (first["event"], first["status"], first["progress"]) == ("version_update", "ideation", 0.0)
        moved(api, song, "composition")
        happened(api.registry, song, progress=0.4)
        api.made(song, "mastering/master", {"streaming": b"loud"})
        moved(api, song, "failed")
        messages = stream.wait(6)
        assert stream.headers["Content-Type"].startswith("text/event-stream")
    kinds = [(message["event"], message["stage"], message["status"]) for message in messages[1:]]
    assert kinds == [
        ("stage_update", "composition", "running"), ("stage_update", "composition", "running"),
        ("stage_update", "mastering", "running"), ("audio_ready", "mastering", "running"),
        ("error", "composition", "failed"),
    ]  # fmt: skip
    assert all(set(message) >= FIELDS and message["type"] == message["event"] for message in messages)
    assert [message["id"] for message in messages] == sorted({message["id"] for message in messages})
    assert (messages[2]["progress"], messages[2]["time_left_s"]) == (0.4, 3.5)
    sound = messages[4]
    assert (sound["artifact"], sound["format"]) == ("mastering/master", "wav")
    assert api.client.get(
        f"{api.server.url}{sound['url']}", headers={"Authorization": f"Bearer {api.keys['owner']}"}
    ).content == b"loud"  # fmt: skip
    assert {"recoverable", "code", "message"} <= set(messages[5])


def test_whether_the_same_again_may_help_is_told_with_the_error(api: World) -> None:
    song = api.song()
    with api.registry.session() as session:
        fail(session, queries.get_version(session, f"{song}@v1"), "ideation", "the disk was busy", failure="transient")
    with following(api, f"/compositions/{song}/events/?after=0&for_s=0") as stream:
        told = stream.wait_over()
    assert (told["event"], told["recoverable"], told["code"]) == ("error", True, "busy")
    assert "the disk was busy" in told["message"] == told["error"]


def test_what_happens_before_the_watcher_has_its_first_turn_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = live.Waker.wait

    def late(self: live.Waker, ended: threading.Event, *, is_followed: bool) -> bool:
        may_look.wait(20)
        return opened(self, ended, is_followed=is_followed)

    may_look = threading.Event()
    monkeypatch.setattr(live.Waker, "wait", late)
    with world(tmp_path / "home") as api:
        song = api.song()
        with following(api, f"/compositions/{song}/events/") as stream:
            stream.wait(1)
            number = happened(api.registry, song)
            may_look.set()
            assert stream.wait(2)[1]["id"] == number


def test_it_goes_on_after_what_was_read_last(api: World) -> None:
    song = api.song()
    numbers = [happened(api.registry, song, progress=share / 10) for share in range(8)]
    for headers, path in (({}, f"?after={numbers[3]}"), ({"Last-Event-ID": str(numbers[3])}, "?after=0")):
        with following(api, f"/compositions/{song}/events/{path}", headers=headers) as stream:
            stream.wait(len(numbers) - 4)
            numbers.append(happened(api.registry, song, progress=0.9))
            stream.wait(len(numbers) - 4)
            assert stream.ids() == numbers[4:]
    refused = api.ask("GET", f"/compositions/{song}/events/", headers={"Last-Event-ID": "x"})
    assert (refused.status_code, refused.json()["field"]) == (422, "Last-Event-ID")


def test_nothing_is_missed_and_nothing_comes_twice_while_one_begins_to_follow(api: World) -> None:
    """Rows are written all the time; wherever a follower begins, it gets each of them once and in order."""
    song = api.song()
    numbers: list[int] = []
    for _ in range(3):
        numbers += [happened(api.registry, song) for _ in range(3)]
        with following(api, f"/compositions/{song}/events/?after=0") as stream:
            numbers += [happened(api.registry, song) for _ in range(10)]
            stream.wait(len(numbers))
            assert stream.ids() == numbers


def test_progress_within_an_asset_is_told_between_its_rows(api: World) -> None:
    song = api.song()
    number = happened(api.registry, song, progress=0.2)
    with following(api, f"/compositions/{song}/events/?after={number}") as stream:
        with api.registry.session() as session:
            version = queries.get_version(session, f"{song}@v1")
            session.add(Lease(version_id=version.id, partition=version.partition, run_id="r", host="elsewhere", pid=1,
                              process_started=0.0, asset="mixing/mix", fraction=0.61, left_s=7.0))  # fmt: skip
        (told,) = stream.wait(1)
        later = happened(api.registry, song, "mixing", progress=0.7)
        assert stream.wait(2)[1]["id"] == later
    assert (told["id"] >= number, told["progress"], told["time_left_s"]) == (True, 0.61, 7.0)
    assert (told["stage"], told["event"]) == ("mixing", "stage_update")


def test_all_songs_are_followed_by_whoever_may_see_them(api: World) -> None:
    mine, theirs = api.song(), api.song("other", has_members=False)
    with following(api, "/events/") as owner, following(api, "/events/", "viewer") as viewer, \
            following(api, "/events/", "other") as other, following(api, "/events/", "staff") as staff:  # fmt: skip
        numbers = [happened(api.registry, song) for song in (mine, theirs, mine)]
        staff.wait(3)
        other.wait(1)
        viewer.wait(2)
        owner.wait(2)
        time.sleep(0.2)
        assert staff.ids() == numbers
        assert owner.ids() == viewer.ids() == [numbers[0], numbers[2]]
        assert other.ids() == [numbers[1]]
    with following(api, "/events/?after=0&for_s=0", "other") as past:
        past.wait_over()
        assert {message["composition"] for message in past.messages} == {theirs}


def test_what_another_process_writes_arrives_within_a_tenth_of_a_second(api: World) -> None:
    song = api.song()
    code = (
        "import sys, time\nfrom resources.registry import Registry\nfrom support.happening import happened\n"
        "registry = Registry(sys.argv[1])\n"
        "for _ in range(20):\n"
        "    happened(registry, sys.argv[2]); print(time.time(), flush=True); time.sleep(0.05)\n"
    )
    tests, root = Path(__file__).resolve().parents[1], Path(__file__).resolve().parents[2]
    with following(api, f"/compositions/{song}/events/") as stream:
        stream.wait(1)
        said = subprocess.run(
            [sys.executable, "-c", code, api.settings.registry_url, song], cwd=root, capture_output=True, text=True,
            check=True, env={"PYTHONPATH": f"{tests}:{root}", "PATH": ""},
        )  # fmt: skip
        stream.wait(21)
        late = sorted(came - float(wrote) for came, wrote in zip(stream.at_s[1:], said.stdout.split(), strict=True))
    assert late[len(late) // 2] < 0.1


def test_others_are_told_that_there_is_no_such_song(api: World) -> None:
    song = api.song()
    for who, path in (("other", f"/compositions/{song}/events/"), ("owner", "/compositions/no-such-song/events/")):
        answer = api.ask("GET", path, who)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert api.ask("GET", "/events/", None).status_code == 401
    assert api.ask("GET", "/events/", None, params={"share": api.link(song)}).status_code == 403
    with following(api, f"/compositions/{song}/events/?share={api.link(song)}", None) as stream:
        stream.wait(1)
        number = happened(api.registry, song)
        assert stream.wait(2)[1]["id"] == number


def test_a_stream_ends_when_its_key_its_membership_or_its_song_does(api: World) -> None:
    song = api.song()
    made = create_key(api.registry, "owner", "short lived")
    api.keys["short lived"] = made.text
    path = f"/compositions/{song}/events/"
    with following(api, path, "short lived") as by_key, following(api, "/events/", "short lived") as all_by_key, \
            following(api, path, "viewer") as by_member, following(api, path, "collaborator") as stays:  # fmt: skip
        revoke_key(api.registry, made.id)
        with api.registry.session() as session:
            remove_member(session, session.get_one(Composition, song), "viewer")
        ends = [stream.wait_over() for stream in (by_key, all_by_key, by_member)]
        assert [(end["event"], end["code"], end["recoverable"]) for end in ends] == [
            ("error", "key_revoked", False), ("error", "key_revoked", False), ("error", "not_found", False)
        ]  # fmt: skip
        happened(api.registry, song)
        stays.wait(2)
        assert not stays.is_over
        assert api.ask("DELETE", f"/compositions/{song}/").status_code == 204
        assert stays.wait_over()["code"] == "not_found"


def test_silence_is_broken_by_heartbeats(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)
    with following(api, "/events/") as stream:
        wait_until(lambda: len(stream.comments) >= 3, "heartbeats")
        assert not stream.messages


def test_who_reads_too_slowly_is_let_go_and_told_where_to_go_on(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "QUEUE_MESSAGES", 20)
    song = api.song()
    port = int(api.server.url.rpartition(":")[2])
    with socket.socket() as slow, following(api, f"/compositions/{song}/events/") as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(
            f"GET /api/v2/compositions/{song}/events/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {api.keys['owner']}\r\n\r\n".encode()
        )
        assert b"text/event-stream" in slow.recv(2000)
        hub = api.server.hub
        wait_until(lambda: len(hub._followers) == 2, "both follow")
        big = "x" * 100_000
        followers = set(hub._followers)
        while not any(one.ending for one in followers):
            with api.registry.session() as session:
                version = queries.get_version(session, f"{song}@v1")
                queries.record_event(
                    session, "run.failed", composition_id=song, version_id=version.id,
                    payload={"stage": "mixing", "reason": big},
                )  # fmt: skip
                record_step(session, song, "mixing", 0.5)
            time.sleep(0.03)
        received = b""
        slow.settimeout(10)
        while b"too_slow" not in received or not received.endswith(b"0\r\n\r\n"):
            received = received[-400_000:] + slow.recv(1 << 20)
        last = json.loads(received[received.rindex(b"data: ") + 6 :].split(b"\n")[0])
        ids = [int(line[4:]) for line in received.split(b"\n") if line.startswith(b"id: ")]
        assert (last["code"], last["recoverable"], last["resume_after"]) == ("too_slow", True, ids[-1])
        assert not quick.is_over
        with following(api, f"/compositions/{song}/events/?after={last['resume_after']}") as again:
            assert again.wait(1)[0]["id"] == last["resume_after"] + 1


def test_no_more_streams_are_held_than_was_set(tmp_path: Path) -> None:
    with world(tmp_path / "home", max_streams=3, streams_per_caller=2) as api:
        song = api.song()
        with following(api, "/events/"), following(api, f"/compositions/{song}/events/"):
            wait_until(lambda: len(api.server.hub._followers) == 2)
            refused = api.ask("GET", "/events/")
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
            with following(api, "/events/", "other"):
                wait_until(lambda: len(api.server.hub._followers) == 3)
                refused = api.ask("GET", "/events/", "staff")
                assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        wait_until(lambda: not api.server.hub._followers, "nobody follows")
        assert api.ask("GET", "/events/?for_s=0").status_code == 200


def test_a_server_that_ends_lets_followers_go_at_once(tmp_path: Path) -> None:
    with world(tmp_path / "home") as api, following(api, "/events/") as stream:
        wait_until(lambda: len(api.server.hub._followers) == 1)
        api.server.stop()
        end = stream.wait_over()
        assert (end["code"], end["recoverable"]) == ("restarting", True)


def test_a_web_socket_carries_the_same_messages(api: World) -> None:
    song = api.song()
    number = happened(api.registry, song)
    base = api.server.url.replace("http", "ws") + "/api/v2"

    async def ask(path: str, who: str | None, **more: Any) -> list[dict[str, Any]]:
        headers = {} if who is None else {"Authorization": f"Bearer {api.keys[who]}"}
        async with websockets.connect(base + path, additional_headers=headers, proxy=None, **more) as open_socket:
            found = [json.loads(await open_socket.recv())]
            await asyncio.to_thread(happened, api.registry, song, "mixing", 0.8)
            return [*found, json.loads(await open_socket.recv())]

    first, second = asyncio.run(ask(f"/compositions/{song}/ws/?after={number - 1}", "owner"))
    with following(api, f"/compositions/{song}/events/?after={number - 1}&for_s=0") as stream:
        stream.wait_over()
        assert [{name: value for name, value in message.items() if name != "event"} for message in stream.messages] == [
            first, second
        ]  # fmt: skip
    place = f"/compositions/{song}"
    for path, who, status in ((f"{place}/ws/", "other", 404), (f"{place}/ws/", None, 401), ("/nothing/", "owner", 404),
                              (f"{place}/events/", "owner", 404)):  # fmt: skip
        with pytest.raises(InvalidStatus) as refused:
            asyncio.run(ask(path, who))
        assert refused.value.response.status_code == status
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(ask(f"/compositions/{song}/ws/", "owner", origin="https://evil.example"))
    assert refused.value.response.status_code == 403
