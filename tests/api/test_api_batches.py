"""A batch over HTTP is the batch that ``musicgen batch start`` would start, of the caller's own songs and nobody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from resources.batches.definition import definition_of
from resources.batches.starting import start
from resources.registry import Batch, Request
from support.api_world import World, world

EVENING: dict[str, Any] = {
    "name": "evening", "prompts": ["solo piano", {"prompt": "a waltz", "musical.key": "Eb"}],
    "templates": [{"prompt": "a {mood} song", "variables": {"mood": ["calm", "wild"]}}],
    "common": {"duration_s": 30}, "seeds": 7, "until": "composition",
}  # fmt: skip


def test_a_batch_is_started_told_and_gone_on_with(api: World) -> None:
    answer = api.ask("POST", "/batches/", json=EVENING)
    told = answer.json()
    assert answer.status_code == 202, answer.text
    assert (told["songs"], told["new"], told["known"], told["is_new"]) == (4, 4, 0, True)
    assert told["will_start"] == "when a deployment runs"
    shown = api.ask("GET", told["status"].removeprefix("/api/v2")).json()
    assert [row["prompt"] for row in shown["items"]] == ["solo piano", "a waltz", "a calm song", "a wild song"]
    assert (shown["batch"]["user"], shown["batch"]["counts"]) == ("owner", {"in line": 4})
    song = str(shown["items"][1]["partition"]).partition("@")[0]
    asked = api.ask("GET", f"/compositions/{song}/status/").json()
    assert [row["status"] for row in asked["requests"]] == ["submitted"]
    again = api.ask("POST", "/batches/", json=EVENING).json()
    assert (again["batch"], again["new"], again["known"], again["is_new"]) == (told["batch"], 0, 4, False)
    changed = api.ask("POST", "/batches/", json={**EVENING, "prompts": ["solo piano"]}).json()
    assert (changed["batch"], changed["songs"], changed["known"]) == ("evening@2", 3, 3)
    assert api.ask("GET", f"/batches/{told['batch']}/", "other").status_code == 404


def test_the_command_line_would_have_started_the_same(api: World) -> None:
    asked = {**EVENING, "name": "same"}
    told = api.ask("POST", "/batches/", json=asked).json()
    found = start(api.registry, api.settings, definition_of({**asked, "user": "owner"}, "same.yaml"), "same.yaml")
    assert (found.batch, found.new, found.known) == (told["batch"], 0, 4)
    theirs = api.ask("POST", "/batches/", "other", json=asked).json()
    assert (theirs["new"], theirs["batch"]) == (4, "same@2")


WRONG = {
    "another's song": ({"prompts": [{"prompt": "a b", "user": "other"}]}, "prompts[1].user"),
    "another's template": (
        {"templates": [{"prompt": "{a}", "variables": {"a": ["x y"]}, "user": "other"}]}, "templates[1].user"
    ),
    "another's songs": ({"common": {"user": "other"}}, "common.user"),
    "another's batch": ({"user": "other"}, "user"),
    "a timetable": ({"schedule": {"cron": "* * * * *"}}, "schedule"),
    "no name": ({"name": "No Name"}, "name"),
    "nothing": ({"prompts": []}, "body"),
    "a wrong song": ({"prompts": ["fine", {"prompt": "a b", "musical.tempo_bpm": 9000}]}, "prompts[2]"),
    "a revision": ({"prompts": [{"version": "x@v1", "kind": "revise"}]}, "prompts[1]"),
    "a gap": ({"templates": [{"prompt": "{b}", "variables": {"a": ["x"]}}]}, "templates[1]"),
    "a past": ({"deadline": "yesterday"}, "deadline"),
    "too much": ({"common": {"lyrics": "la " * 90_000}}, "body"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_batch_with_anything_wrong_in_it_is_refused_whole(api: World, name: str) -> None:
    changed, field = WRONG[name]
    with api.registry.reading() as session:
        before = [session.scalar(select(func.count()).select_from(table)) for table in (Batch, Request)]
    answer = api.ask("POST", "/batches/", json={"name": "wrong", "prompts": ["one of two"], **changed})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text
    assert answer.json()["field"].startswith(field), answer.text
    with api.registry.reading() as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in (Batch, Request)] == before


def test_more_songs_than_are_allowed_are_left_to_the_command_line(tmp_path: Path) -> None:
    with world(tmp_path / "home", songs_per_batch=3) as small:
        millions = {"prompt": "{a} {b} {c}", "variables": {name: ["x", "y", "z"] * 60 for name in "abc"}}
        for asked in ({"prompts": ["a b"], "count": 4}, {"templates": [millions]}):
            answer = small.ask("POST", "/batches/", json={"name": "large", **asked})
            assert answer.status_code == 422
            assert "more than 3 songs" in answer.json()["detail"]
        assert small.ask("POST", "/batches/", json={"name": "large", "prompts": ["a b"], "count": 3}).status_code == 202
