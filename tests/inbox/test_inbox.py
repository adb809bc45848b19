"""The inbox: every row of every file goes through the door once, and each file is answered."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.context.request import CompositionRequest, RevisionRequest
from resources.door import submit
from resources.inbox import taking
from resources.inbox.asking import request_of
from resources.inbox.folder import LARGEST_BYTES, Inbox
from resources.inbox.taking import Look, take
from resources.registry import Registry, Request
from resources.settings import Settings
from sensors.inbox import inbox as sensor
from support.teams import Team, asking_as

SONG = {"prompt": "upbeat pop song with piano", "duration_s": 45, "priority": 5, "user": "ada"}


def looks(inbox: Inbox, registry: Registry, settings: Settings, count: int = 2, **given: Any) -> Look:
    """The last of ``count`` looks, each going on from the one before."""
    look = Look()
    for _ in range(count):
        look = take(inbox, registry, settings, look.seen, look.last, **given)
    return look


def answer(folder: Path, name: str) -> dict[str, Any]:
    found = json.loads((folder / f"{name}.result.json").read_text())
    assert isinstance(found, dict)
    return found


def requests_in(registry: Registry) -> list[Request]:
    with registry.reading() as session:
        return list(session.scalars(select(Request).order_by(Request.created_at)))


def test_a_file_becomes_requests_and_is_answered(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    (folder / "songs.jsonl").write_text(json.dumps(SONG) + "\n" + json.dumps({"promt": "x"}) + "\n")
    look = looks(inbox, registry, settings)
    (request,) = requests_in(registry)
    assert (request.user, request.priority) == ("ada", 5)
    assert request.payload["overrides"] == {"technical.duration_s": 45}
    assert (look.accepted, look.refused, look.answered) == (1, 1, ["songs.jsonl"])
    told = answer(folder, "songs.jsonl")
    good, bad = told["rows"]
    assert (told["status"], told["accepted"], told["refused"]) == ("done", 1, 1)
    assert (good["line"], good["request"], good["is_new"]) == (1, request.id, True)
    assert (bad["line"], bad["field"], bad["way_out"]) == (2, "promt", "Did you mean prompt?")


def test_a_file_is_taken_once_and_again_only_when_it_changes(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    path = folder / "songs.csv"
    path.write_text("prompt,duration_s\ncalm piano,45\n")
    looks(inbox, registry, settings, 5)
    assert len(requests_in(registry)) == 1
    path.write_text("prompt,duration_s\ncalm piano,45\nloud drums,60\n")
    looks(inbox, registry, settings, 5)
    assert len(requests_in(registry)) == 2
    first, second = answer(folder, "songs.csv")["rows"]
    assert (first["is_new"], second["is_new"]) == (False, True)


def test_equal_rows_are_as_many_songs(folder: Path, inbox: Inbox, registry: Registry, settings: Settings) -> None:
    (folder / "two.jsonl").write_text((json.dumps(SONG) + "\n") * 2)
    looks(inbox, registry, settings)
    assert len({request.composition_id for request in requests_in(registry)}) == 2


def test_a_lost_answer_doubles_nothing(folder: Path, inbox: Inbox, registry: Registry, settings: Settings) -> None:
    (folder / "songs.json").write_text(json.dumps([SONG, SONG]))
    looks(inbox, registry, settings)
    (folder / "songs.json.result.json").write_text('{"file": "songs.j')  # as a full disk leaves it
    looks(inbox, registry, settings)
    assert len(requests_in(registry)) == 2
    assert [row["is_new"] for row in answer(folder, "songs.json")["rows"]] == [False, False]


def test_the_answers_of_files_that_are_done_are_not_read_again_and_again(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_text(json.dumps(SONG))
    looks(inbox, registry, settings)
    first = take(inbox, registry, settings, {}, "")
    assert set(first.done) == {"a.jsonl", "b.jsonl"}
    read: list[str] = []
    real = Inbox.answer
    monkeypatch.setattr(Inbox, "answer", lambda self, file: read.append(file.name) or real(self, file))
    again = take(inbox, registry, settings, {}, "", done=first.done)
    assert (read, again.done) == ([], first.done)
    (folder / "a.jsonl.result.json").write_text("{}")
    assert take(inbox, registry, settings, {}, "", done=again.done).waiting == ["a.jsonl"]
    assert read == ["a.jsonl"]


@pytest.mark.on_disk
def test_a_file_that_grows_is_left_alone_until_it_stands_still(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    path, look = folder / "slow.jsonl", Look()
    for _ in range(3):
        with path.open("a") as file:
            file.write(json.dumps(SONG) + "\n")
        look = take(inbox, registry, settings, look.seen, look.last)
        assert (look.accepted, look.waiting) == (0, ["slow.jsonl"])
    look = take(inbox, registry, settings, look.seen, look.last)
    assert look.accepted == 3


@pytest.mark.on_disk
@pytest.mark.parametrize("name", [".songs.jsonl", "~songs.jsonl", "songs.jsonl.part", "songs.tmp", "readme.txt"])
def test_other_files_are_left_alone(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings, name: str
) -> None:
    (folder / name).write_text(json.dumps(SONG))
    (folder / "below").mkdir()
    look = looks(inbox, registry, settings)
    assert (look.accepted, look.waiting, look.answered) == (0, [], [])
    assert not list(folder.glob("*.result.json"))


@pytest.mark.on_disk
def test_a_huge_file_is_refused_without_being_read(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    with (folder / "huge.csv").open("wb") as file:
        os.truncate(file.fileno(), 100_000_000_000)
    begun = time.process_time()
    looks(inbox, registry, settings)
    assert time.process_time() - begun < 5.0
    told = answer(folder, "huge.csv")
    assert (told["status"], told["rows"][0]["field"]) == ("refused", "file")
    assert f"{LARGEST_BYTES:,}" in told["rows"][0]["rule"]


@pytest.mark.on_disk
def test_time_that_is_over_goes_on_next_time_and_small_files_do_not_wait_for_huge_ones(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    (folder / "a_many.jsonl").write_text("".join(json.dumps({**SONG, "seed": n}) + "\n" for n in range(5)))
    (folder / "b_few.jsonl").write_text(json.dumps(SONG))
    look = take(inbox, registry, settings, {}, "")
    seen = look.seen
    order = []
    for _ in range(8):
        # No time at all: a look serves nothing, so give each just enough to begin one file.
        look = _one_file(inbox, registry, settings, seen, look.last)
        seen = {**seen, **look.seen}
        order.append(look.last)
    assert order[:3] == ["a_many.jsonl", "b_few.jsonl", "a_many.jsonl"]
    assert len(requests_in(registry)) == 6
    assert answer(folder, "a_many.jsonl")["accepted"] == 5
    assert [row["line"] for row in answer(folder, "a_many.jsonl")["rows"]] == [1, 2, 3, 4, 5]


def _one_file(inbox: Inbox, registry: Registry, settings: Settings, seen: dict[str, str], last: str) -> Look:
    """A look whose time is over as soon as one row is served."""
    clock = iter([0.0, 0.0, *([99.0] * 1000)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking.time, "monotonic", lambda: next(clock))
        return take(inbox, registry, settings, seen, last, budget_s=1.0)


def test_trouble_with_one_file_does_not_hold_up_the_others(
    folder: Path, inbox: Inbox, registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.jsonl").write_text(json.dumps({**SONG, "seed": 1}))
    (folder / "b.jsonl").write_text(json.dumps({**SONG, "seed": 2}))
    real = submit

    def busy(registry: Registry, request: Any, settings: Settings) -> Any:
        if request.seed == 1:
            raise TransientFailure("The registry stayed busy.", way_out="Run it again.")
        return real(registry, request, settings)

    monkeypatch.setattr(taking, "submit", busy)
    look = looks(inbox, registry, settings)
    assert (look.accepted, look.answered) == (1, ["b.jsonl"])
    assert look.troubles == ["a.jsonl: The registry stayed busy. Run it again."]
    monkeypatch.setattr(taking, "submit", real)
    assert take(inbox, registry, settings, look.seen, look.last).accepted == 1


@pytest.mark.on_disk
def test_the_same_over_a_bucket_of_objects(registry: Registry, settings: Settings) -> None:
    import fsspec

    inbox = Inbox("memory://bucket/inbox")
    files = fsspec.filesystem("memory")
    files.makedirs("/bucket/inbox", exist_ok=True)
    files.pipe_file("/bucket/inbox/songs.jsonl", json.dumps(SONG).encode())
    look = looks(inbox, registry, settings)
    assert look.accepted == 1
    assert json.loads(files.cat_file("/bucket/inbox/songs.jsonl.result.json"))["status"] == "done"


@pytest.mark.on_disk
def test_a_place_that_cannot_be_is_bad_input() -> None:
    with pytest.raises(BadInput) as caught:
        Inbox("nonsense://x")
    assert caught.value.field == "MUSICGEN_INBOX_URL"
    assert caught.value.way_out


def test_a_row_names_paths_styles_and_revisions() -> None:
    row = {"prompt": "a song", "styles": "house=3; jazz_swing", "musical.tempo_bpm": "120", "duration_s": "45"}
    request = request_of(row, "k")
    assert isinstance(request, CompositionRequest)
    assert request.overrides["musical.tempo_bpm"] == 120
    assert request.overrides["technical.duration_s"] == 45
    assert [genre["weight"] for genre in request.overrides["musical.genres"]] == [0.75, 0.25]
    assert request.idempotency_key == "k"
    revision = request_of({"version": "a@v1", "rerolls": "melody; lyrics", "idempotency_key": "mine"}, "k")
    assert isinstance(revision, RevisionRequest)
    assert (revision.rerolls, revision.idempotency_key) == (("melody", "lyrics"), "mine")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "delete"}, "kind"), ({"prompt": "a", "styles": 7}, "styles"), ({"prompt": "a", "seed": "x"}, "seed"),
        ({"prompt": "a", "overrides": [1]}, "overrides"), ({"prompt": "a", "colour": "red"}, "colour"),
        ({"prompt": "a", "priority": 1000}, "priority"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(row: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        request_of(row, "k")
    assert caught.value.field == field


def test_the_sensor_goes_on_from_its_cursor_and_says_what_it_did(folder: Path, registry: Registry) -> None:
    (folder / "songs.jsonl").write_text(json.dumps(SONG))
    cursor, said = None, []
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(3):
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = sensor(context)
            assert isinstance(result, dg.SkipReason)
            said.append(result.skip_message or "")
            cursor = context.cursor
    assert said[0] == "to be taken next: songs.jsonl"
    assert said[1] == "1 requests accepted, 0 refused. answered: songs.jsonl"
    assert said[2].startswith("No file of requests in ")
    assert len(requests_in(registry)) == 1


@pytest.mark.on_disk
def test_an_inbox_that_cannot_be_read_is_said_and_nothing_falls_over(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.home / "inbox").write_text("a file where a folder should be")
    with dg.DagsterInstance.ephemeral() as instance:
        result = sensor(dg.build_sensor_context(instance=instance))
    assert isinstance(result, dg.SkipReason)
    assert "The inbox was not read" in (result.skip_message or "")


@pytest.mark.xdist_group("team")
def test_a_bucket_that_vanished_or_refuses_is_said_and_comes_back(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = team.bucket.environment
    with asking_as(monkeypatch, **ours):
        assert Inbox("s3://musicgen/no-file-yet").files() == []
        with pytest.raises(PermanentFailure, match="Check that the bucket is there"):
            Inbox("s3://vanished/inbox").files()
    with (
        asking_as(monkeypatch, **{**ours, "AWS_SECRET_ACCESS_KEY": "wrong"}),
        pytest.raises(PermanentFailure, match="credentials"),
    ):
        Inbox("s3://musicgen/no-file-yet").files()
    with asking_as(monkeypatch, **ours):
        assert Inbox("s3://musicgen/no-file-yet").files() == []
