"""Launching: a request reaches a running deployment at once, or stays open for the sensor."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from resources.deployment import address_file, deployment_address, served_at
from resources.door import Submission, claim
from resources.launch import launch
from resources.registry import Registry, Request
from resources.settings import Settings, get_settings
from resources.webserver import does_answer
from support.browser import free_port

Ask = Callable[..., Submission]
Row = Callable[[Submission], Request]

SERVES = {
    "repositoriesOrError": {
        "nodes": [{"name": "__repository__", "location": {"name": "here"}, "jobs": [{"name": "compose"}]}]
    }
}
LAUNCHED = {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "run-1"}}}
REFUSED = {"launchRun": {"__typename": "PythonError", "message": "the code location is gone\nsomewhere"}}


class Webserver:
    """Answers GraphQL with what a test says, and remembers what it was asked."""

    def __init__(self, looked: Any = None, launched: Any = None, delay_s: float = 0.0) -> None:
        self.answers = {"Look": {"data": looked}, "Launch": {"data": launched}}
        self.delay_s = delay_s
        self.asked: list[dict[str, Any]] = []

    def answer(self, body: bytes) -> Any:
        question = json.loads(body)
        self.asked.append(question["variables"])
        time.sleep(self.delay_s)
        return self.answers["Launch" if "mutation" in question["query"] else "Look"]


@contextmanager
def serving(webserver: Webserver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = webserver.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(json.dumps(answer).encode())

        def do_GET(self) -> None:
            self._send(b'["no Dagster"]')

        def _send(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_running_deployment_gets_the_request_at_once(ask: Ask, row: Row, settings: Settings) -> None:
    webserver, submission = Webserver(SERVES, LAUNCHED), ask(user="ada", until="mixing")
    with serving(webserver) as address, served_at(settings, address):
        assert launch(settings, submission.request_id, submission.partition) == "run-1"
    asked = webserver.asked[1]
    assert asked["partition"] == submission.partition
    assert asked["repository"] == {"repositoryName": "__repository__", "repositoryLocationName": "here"}
    selector = asked["run"]["selector"]
    assert selector["jobName"] == "compose"
    assert {"path": ["mixing", "mix"]} in selector["assetSelection"]
    assert {"path": ["mastering", "master"]} not in selector["assetSelection"]
    tags = {tag["key"]: tag["value"] for tag in asked["run"]["executionMetadata"]["tags"]}
    request = row(submission)
    assert request.status == "claimed"
    assert tags == {
        "composition": submission.composition, "version": submission.partition,
        "dagster/partition": submission.partition,
        "musicgen/request": submission.request_id, "musicgen/claim": request.claimed_by, "user": "ada",
        "dagster/retry_strategy": "ALL_STEPS", "dagster/priority": "0",
    }  # fmt: skip


def test_a_whole_song_is_not_limited_to_a_selection(ask: Ask, settings: Settings) -> None:
    webserver, submission = Webserver(SERVES, LAUNCHED), ask()
    with serving(webserver) as address, served_at(settings, address):
        launch(settings, submission.request_id, submission.partition)
    assert "assetSelection" not in webserver.asked[1]["run"]["selector"]


def test_the_setting_names_a_deployment_elsewhere(
    ask: Ask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = ask()
    with serving(Webserver(SERVES, LAUNCHED)) as address:
        monkeypatch.setenv("MUSICGEN_DAGSTER_URL", f"{address}/")
        assert launch(get_settings(), submission.request_id, submission.partition) == "run-1"


def assert_left_to_the_sensor(submission: Submission, row: Row) -> None:
    assert (row(submission).status, row(submission).claimed_by) == ("submitted", None)


def test_where_no_deployment_runs_the_request_stays_open(ask: Ask, row: Row, settings: Settings) -> None:
    submission = ask()
    assert launch(settings, submission.request_id, submission.partition) is None
    assert_left_to_the_sensor(submission, row)


def test_a_dead_address_leaves_the_request_to_the_sensor(
    ask: Ask, row: Row, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = ask()
    monkeypatch.setenv("MUSICGEN_DAGSTER_URL", f"http://127.0.0.1:{free_port()}")
    assert launch(get_settings(), submission.request_id, submission.partition) is None
    assert_left_to_the_sensor(submission, row)


def test_a_silent_webserver_is_waited_for_two_seconds(
    ask: Ask, row: Row, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.webserver.LOOK_TIMEOUT_S", 0.3)
    submission = ask()
    with serving(Webserver(SERVES, LAUNCHED, delay_s=3.0)) as address, served_at(settings, address):
        started = time.monotonic()
        assert launch(settings, submission.request_id, submission.partition) is None
        assert time.monotonic() - started < 2.5
    assert_left_to_the_sensor(submission, row)


@pytest.mark.parametrize(
    ("looked", "launched", "questions"),
    [
        (SERVES, REFUSED, 2),
        (SERVES, {"launchRun": {"__typename": "RunConfigValidationInvalid", "errors": [{"message": "no"}]}}, 2),
        (SERVES, None, 2),
        ({"repositoriesOrError": {"__typename": "PythonError"}}, LAUNCHED, 1),
        ({"repositoriesOrError": {"nodes": []}}, LAUNCHED, 1),
        (None, LAUNCHED, 1),
    ],
)
def test_a_refused_launch_gives_the_claim_back(
    ask: Ask, row: Row, settings: Settings, looked: Any, launched: Any, questions: int
) -> None:
    webserver, submission = Webserver(looked, launched), ask()
    with serving(webserver) as address, served_at(settings, address):
        assert launch(settings, submission.request_id, submission.partition) is None
    assert len(webserver.asked) == questions
    assert_left_to_the_sensor(submission, row)


def test_what_somebody_else_claimed_is_not_launched(ask: Ask, row: Row, registry: Registry, settings: Settings) -> None:
    webserver, submission = Webserver(SERVES, LAUNCHED), ask()
    assert claim(registry, submission.request_id, "cli:here:1:2.0")
    with serving(webserver) as address, served_at(settings, address):
        assert launch(settings, submission.request_id, submission.partition) is None
    assert len(webserver.asked) == 1
    assert row(submission).claimed_by == "cli:here:1:2.0"


@pytest.mark.parametrize("address", ["nowhere", "ftp://host", "http://", "http://host:port"])
def test_a_setting_that_is_no_address_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MUSICGEN_DAGSTER_URL", address)
    with pytest.raises(BadInput, match="MUSICGEN_DAGSTER_URL"):
        deployment_address(get_settings())


def test_the_address_is_written_while_the_deployment_runs(settings: Settings) -> None:
    assert deployment_address(settings) is None
    with served_at(settings, "http://127.0.0.1:3000"):
        assert deployment_address(settings) == "http://127.0.0.1:3000"
    assert deployment_address(settings) is None
    assert not address_file(settings).exists()


def test_the_address_of_a_killed_deployment_counts_for_nothing(settings: Settings) -> None:
    """Its port may belong to the deployment of another home by now."""
    with served_at(settings, "http://127.0.0.1:3000"):
        pass
    address_file(settings).write_text("http://127.0.0.1:3000\n")
    assert deployment_address(settings) is None


def test_a_home_has_one_deployment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resources.deployment._PATIENCE_S", 0.1)
    with served_at(settings, "http://127.0.0.1:3000"):
        with (
            pytest.raises(PermanentFailure, match="running already, at http"),
            served_at(settings, "http://127.0.0.1:3001"),
        ):
            pass
        assert deployment_address(settings) == "http://127.0.0.1:3000"


def test_what_answers_without_being_dagster_is_not_taken_for_it() -> None:
    with serving(Webserver()) as address:
        assert not does_answer(address)
    assert not does_answer(f"http://127.0.0.1:{free_port()}")
