"""The client makes, follows and downloads; it repeats what is safe, and says what went wrong."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from musicgen_assets.context.request import STAGES, CompositionRequest
from musicgen_assets.ideation.brief import validate_request
from musicgen_client import ApiError, MusicGen, NotMadeError, UnreachableError
from resources.registry import Request, Version, queries
from resources.state_machine import transition
from support.api_world import RELEASE, World, world
from support.canned_server import as_json, canned_server

ROOT = Path(__file__).resolve().parents[2]
RELEASED = RELEASE | {"master.mp3": b"ID3" + bytes(100)}


@contextlib.contextmanager
def somebody_makes_songs(api: World) -> Iterator[None]:
    """What a deployment does to the registry: every open request's version goes through its stages to a release."""
    is_over = threading.Event()

    def make() -> None:
        while not is_over.wait(0.02):
            with api.registry.reading() as session:
                waiting = [(row.id, row.version_id) for row in session.scalars(select(Request).where(
                    Request.status == "submitted"))]  # fmt: skip
            for request, version in waiting:
                release(api, request, version)

    thread = threading.Thread(target=make)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def release(api: World, request: str, version_id: int | None) -> None:
    context = validate_request(CompositionRequest(prompt="upbeat pop song with piano", seed=7))
    with api.registry.session() as session:
        partition = session.get_one(Version, version_id).partition
        queries.record_context(session, partition, context.model_dump(mode="json"))
    for stage in (*STAGES[1:], "released"):
        if stage == "released":
            with api.registry.reading() as session:
                row = session.get_one(Version, version_id)
                song, number = row.composition_id, row.number
            api.made(song, "finalization/release", RELEASED, number=number)
        with api.registry.session() as session:
            transition(session, session.get_one(Version, version_id), stage)
    with api.registry.session() as session:
        session.get_one(Request, request).status = "done"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server on its user's own machine, where nobody logs in."""
    with world(tmp_path_factory.mktemp("alone") / "home", login="auto") as made, somebody_makes_songs(made):
        yield made


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "docs/client.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1].replace("sleep 1", "sleep 0.1")


def test_the_ten_lines_of_the_docs_make_follow_change_and_download(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = block("python")
    assert len([line for line in lines.splitlines() if line.strip()]) <= 10
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(lines.replace("http://127.0.0.1:8000", alone.server.url), {})
    told = said.getvalue().splitlines()
    assert told[-1].startswith("finalization")
    assert (tmp_path / "slower.mp3").read_bytes() == RELEASED["master.mp3"]
    assert {Path(name).name for name in zipfile.ZipFile(tmp_path / "waltz.zip").namelist()} >= {"bass.flac"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["slower.mp3", "waltz.zip"]


def test_the_curl_lines_of_the_docs_do_the_same(alone: World, tmp_path: Path) -> None:
    lines = block("bash").replace("http://127.0.0.1:8000", alone.server.url)
    done = subprocess.run(["bash", "-eu", "-c", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "master.mp3").read_bytes() == RELEASED["master.mp3"]
    assert zipfile.is_zipfile(tmp_path / "waltz.zip")


def test_all_it_can_ask_is_answered(alone: World) -> None:
    with MusicGen(alone.server.url) as music:
        assert music.about()["mode"] == "single-user"
        told = music.understand(prompt="slow waltz in D minor")
        assert told["context"] is not None
        assert told["context"]["musical"]["key"] == "D"
        song = music.generate(prompt="a slow waltz", seed=3).wait()
        assert song.status(with_context=True)["seed"] == 3
        assert [row["version"] for row in song.versions()] == [1]
        assert song.artifacts("finalization")[0]["asset"] == "finalization/release"
        assert song.lineage()[0]["content_hash"]
        assert song.composition in [row["composition"] for row in music.songs()]
        assert music.song(song.composition).version == 1
        assert len(music.styles()) == 36
        assert "builtin" in [row["name"] for row in music.engines()]
        assert music.usage(days=1)["user"] == "local"
        with pytest.raises(ApiError, match="nobody is making it"):
            song.cancel()
        song.delete(all_versions=True)
        with pytest.raises(ApiError) as gone:
            song.status()
        assert gone.value.code == "not_found"


def test_a_refusal_says_field_rule_and_way_out(api: World) -> None:
    with MusicGen(api.server.url, key=api.keys["owner"]) as music:
        with pytest.raises(ApiError) as refused:
            music.generate(prompt="a song", duration_s=5)
        assert (refused.value.code, refused.value.field, refused.value.is_retryable) == (
            "bad_input", "duration_s", False,
        )  # fmt: skip
        assert "duration_s" in str(refused.value)
        song = music.generate(prompt="a song")
        with pytest.raises(ApiError, match="not_made"):
            song.download("never.zip")
        assert not Path("never.zip").exists()


def test_a_song_that_fails_is_told_with_its_reason(api: World) -> None:
    with MusicGen(api.server.url, key=api.keys["owner"]) as music:
        song = music.generate(prompt="a song")
        with api.registry.session() as session:
            version = queries.get_version(session, f"{song.composition}@v1")
            transition(session, version, "failed", "the disk is full")
            for row in session.scalars(select(Request).where(Request.version_id == version.id)):
                row.status = "failed"
        with pytest.raises(NotMadeError, match="the disk is full") as failed:
            song.wait()
        assert failed.value.status["state"] == "failed"


def test_waiting_ends_when_it_was_to_end(api: World) -> None:
    with MusicGen(api.server.url, key=api.keys["owner"]) as music:
        song = music.generate(prompt="a song")
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="it goes on"):
            song.wait(timeout_s=0.3)
        assert time.monotonic() - began < 30


def test_the_same_key_from_another_process_is_the_same_song(api: World) -> None:
    with MusicGen(api.server.url, key=api.keys["owner"]) as one, MusicGen(api.server.url, api.keys["owner"]) as other:
        songs = [music.generate(idempotency_key="evening-1", prompt="a song") for music in (one, other)]
    assert songs[0].composition == songs[1].composition


def test_a_busy_server_is_asked_again_when_it_says_and_with_the_same_key() -> None:
    accepted = {"composition": "a-song", "version": 1}
    with canned_server() as server:
        server.on(
            "POST", "/api/v2/compositions/generate/",
            as_json({"code": "rate_limited"}, 429, Retry_After="0"), as_json({}, 502),
            as_json(accepted),
        )  # fmt: skip
        with MusicGen(server.base_url) as music:
            assert music.generate(prompt="a song").composition == "a-song"
        keys = [request.headers["Idempotency-Key"] for request in server.of("/api/v2/compositions/generate/")]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_something_else_at_that_address_is_told_as_that() -> None:
    with canned_server() as server, MusicGen(server.base_url) as music:
        server.on("GET", "/api/v2/", as_json({"hello": 1}, 404))
        with pytest.raises(UnreachableError, match="not this API"):
            music.about()


def test_nobody_there_is_told_after_some_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musicgen_client.transport._WAIT_FIRST_S", 0.001)
    with MusicGen("http://127.0.0.1:9") as music, pytest.raises(UnreachableError, match="musicgen up"):
        music.about()


def test_a_key_is_not_shown_where_the_client_is_printed_or_redirected() -> None:
    with canned_server() as server, canned_server() as thief:
        server.on("GET", "/api/v2/", as_json({}, 302, Location=f"{thief.base_url}/api/v2/"))
        with MusicGen(server.base_url, key="mg_secret") as music:
            assert "mg_secret" not in repr(music)
            with pytest.raises(UnreachableError):
                music.about()
        assert not thief.of("/api/v2/")


def test_it_can_be_taken_elsewhere_alone() -> None:
    code = (
        "import sys, musicgen_client\n"
        "own = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(own & {'api', 'resources', 'musicgen_assets', 'dagster', 'flask', 'pydantic', 'sqlalchemy'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.stdout.strip() == "[]", done.stderr
