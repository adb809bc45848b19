"""The launch follows the commit, after the answer: a deployment that is slow or away holds up nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from resources.registry import Request
from support.api_world import World, world
from support.canned_server import as_json, canned_server

SERVES = {"data": {"repositoriesOrError": {
    "nodes": [{"name": "__repository__", "location": {"name": "here"}, "jobs": [{"name": "compose"}]}]
}}}  # fmt: skip
LAUNCHED = {"data": {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "run-1"}}}}
FORGOTTEN = {"data": {"deleteDynamicPartitions": {"__typename": "DeleteDynamicPartitionsSuccess"}}}


def waited(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()


def row(api: World, request: str) -> Request:
    with api.registry.reading() as session:
        return session.get_one(Request, request)


def test_a_deployment_gets_the_run_and_forgets_what_was_deleted(tmp_path: Path) -> None:
    with canned_server() as deployment:
        deployment.on("POST", "/graphql", *map(as_json, (SERVES, LAUNCHED, SERVES, FORGOTTEN)))
        with world(tmp_path / "home", dagster_url=deployment.base_url) as api:
            told = api.ask("POST", "/compositions/generate/", json={"prompt": "a song"}).json()
            assert told["will_start"] == "now"
            assert waited(lambda: len(deployment.of("/graphql")) == 2)
            launched = deployment.of("/graphql")[1].json["variables"]
            assert launched["partition"] == told["partition"]
            assert str(row(api, told["request"]).claimed_by).startswith("launch:")
            song = api.song()
            assert api.ask("DELETE", f"/compositions/{song}/").status_code == 204
            assert waited(lambda: len(deployment.of("/graphql")) == 4)
            assert deployment.of("/graphql")[3].json["variables"]["keys"] == [f"{song}@v1"]


def test_where_no_deployment_answers_the_request_stays_open(tmp_path: Path) -> None:
    with world(tmp_path / "home", dagster_url="http://127.0.0.1:9") as api:
        told = api.ask("POST", "/compositions/generate/", json={"prompt": "a song"}).json()
        api.server.app.extensions["background"].close()
        found = row(api, told["request"])
        assert (found.status, found.claimed_by) == ("submitted", None)
