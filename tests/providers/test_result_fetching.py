"""Files behind links: where they may lie, and what counts as the song."""

from __future__ import annotations

import ipaddress
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from resources.providers import client, fetching
from resources.providers.fetching import Fetcher, checked_audio
from resources.providers.protocol import ProviderFailure, Reason
from support.canned_server import CannedServer, Reply, as_audio, as_json, canned_server
from support.provider_songs import flac, mp3, wav


def fetcher(base_url: str, max_bytes: int = 10_000_000) -> Fetcher:
    return Fetcher("kie", base_url, 5.0, max_bytes)


@pytest.mark.parametrize(
    ("data", "media_type", "name"),
    [
        (wav(), "audio/wav", "song.wav"), (mp3(), "audio/mpeg", "song.mp3"), (flac(), "", "song.flac"),
        (mp3(), "application/octet-stream", "song.mp3"), (wav(), "audio/mpeg", "song.wav"),
    ],
    ids=("wav", "mp3", "flac", "unnamed", "misnamed"),
)  # fmt: skip
def test_audio_is_what_its_bytes_say(server: CannedServer, data: bytes, media_type: str, name: str) -> None:
    server.on("GET", "/a", as_audio(data, media_type))
    sound = fetcher(server.base_url).audio(f"{server.base_url}/a", "song", stated_s=4.0)
    assert (sound.name, sound.data) == (name, data)
    assert sound.media_type == fetching.MEDIA_TYPES[name.partition(".")[2]]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (as_json({}, 403), "expired"), (as_json({}, 404), "expired"), (as_json({}, 410), "expired"),
        (as_json({}, 429), "rate limited"), (as_json({}, 500), "server error"), (as_json({}, 206), "bad answer"),
        (as_audio(b"<html>sorry</html>", "text/html"), "bad answer"), (as_audio(wav(), "text/html"), "bad answer"),
        (as_audio(b"not audio at all", "audio/wav"), "bad answer"), (as_audio(b"", "audio/wav"), "bad answer"),
        (as_audio(wav(4.0, 0.0)), "bad answer"), (as_audio(wav(1.0)), "bad answer"),
        (as_audio(wav()[: len(wav()) // 2]), "bad answer"), (as_audio(mp3(8.0)[:30_000], "audio/mpeg"), "bad answer"),
        (as_audio(flac()[: len(flac()) // 2], "audio/flac"), "bad answer"),
        (Reply(fault="drop"), "connection lost"), (Reply(200, wav(), {"Content-Type": "audio/wav"}, "cut"),
                                                   "connection lost"),
        (Reply(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}), "bad answer"),
        (Reply(302, headers={"Location": "http://[::ffff:10.0.0.1]/"}), "bad answer"),
        (Reply(302, headers={"Location": "file:///etc/passwd"}), "bad answer"),
        (Reply(302, headers={"Location": "/a"}), "bad answer"), (Reply(302), "bad answer"),
    ],
)  # fmt: skip
def test_what_is_no_whole_sounding_song(server: CannedServer, reply: Reply, reason: Reason) -> None:
    server.on("GET", "/a", reply)
    with pytest.raises(ProviderFailure) as caught:
        fetcher(server.base_url).audio(f"{server.base_url}/a?token=hidden", "song", stated_s=8.0)
    assert (caught.value.reason, caught.value.acceptance) == (reason, "accepted")
    assert "hidden" not in str(caught.value)


def test_a_redirect_on_the_way_is_followed_and_size_is_bounded(server: CannedServer) -> None:
    server.on("GET", "/a", Reply(302, headers={"Location": "/b"}))
    server.on("GET", "/b", as_audio(wav()))
    assert fetcher(server.base_url).audio(f"{server.base_url}/a", "song").data == wav()
    with pytest.raises(ProviderFailure, match="larger than"):
        fetcher(server.base_url, 1000).audio(f"{server.base_url}/b", "song")


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/a", "https://127.0.0.1:1/a", "https://localhost:1/a", "https://10.1.2.3/a", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://169.254.169.254/", "https://0.0.0.0/",
        "https://user:pw@example.com/", "ftp://example.com/", "", "nonsense", "https://", "https://a..b/",
        "https://exa mple/", "data:audio/wav;base64,AAAA", "https://224.0.0.1/",
    ],
)  # fmt: skip
def test_links_inside_are_refused_to_engines_outside(link: str, server: CannedServer) -> None:
    with pytest.raises(ProviderFailure) as caught:
        fetcher("https://api.kie.ai").audio(link, "song")
    assert caught.value.reason in ("bad answer", "connection lost")
    assert server.seen == []


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("192.168.0.9", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
    with pytest.raises(ProviderFailure, match="private network"):
        fetcher("https://api.kie.ai").audio("https://cdn.example.com/a", "song")


def test_a_name_is_looked_up_once_and_its_certificate_is_for_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over TLS: the address is pinned, the name stands in Host, and a certificate for another name is refused."""
    if shutil.which("openssl") is None:
        pytest.skip("not run: there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=songs.test", "-addext",
         "subjectAltName=DNS:songs.test", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setattr(client, "_trust", lambda: ssl.create_default_context(cafile=str(certificate)))
    looked_up: list[str] = []

    def look_up(host: str, _port: int) -> list[fetching.Address]:
        looked_up.append(host)
        return [ipaddress.ip_address("127.0.0.1")]

    monkeypatch.setattr(fetching, "addresses_of", look_up)
    with canned_server(certificate, key) as server:
        port = server.base_url.rpartition(":")[2]
        server.on("GET", "/a", as_audio(wav()))
        assert fetcher(server.base_url).audio(f"https://songs.test:{port}/a", "song").data == wav()
        assert (looked_up, server.seen[0].headers["Host"]) == (["songs.test"], f"songs.test:{port}")
        with pytest.raises(ProviderFailure) as caught:
            fetcher(server.base_url).audio(f"https://other.test:{port}/a", "song")
        assert caught.value.reason == "connection lost"


def test_a_stem_may_be_silent_and_a_delivery_not_far_too_short() -> None:
    assert checked_audio("kie", wav(4.0, 0.0), "brass", is_stem=True).name == "brass.wav"
    with pytest.raises(ProviderFailure, match=r"4.0 s long, 40.0 s were asked"):
        checked_audio("kie", wav(4.0), "song", asked_s=40.0)
