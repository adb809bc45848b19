"""The one door: what is accepted is accepted once, whole, and executed by one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from musicgen_assets.context.failures import BadInput, TransientFailure
from musicgen_assets.context.limits import SEED_MAX
from musicgen_assets.context.request import CompositionRequest, WorkRequest, filled_in
from resources import door, door_names
from resources.door import claim, finish_request, release_claim, submit
from resources.registry import Registry, Request, queries
from resources.settings import Settings, get_settings

PROMPT = "upbeat pop song about summer"


def ask(**fields: Any) -> CompositionRequest:
    return CompositionRequest(**{"prompt": PROMPT, **fields})


def rows(registry: Registry) -> dict[str, int]:
    tables = ("users", "compositions", "versions", "requests", "events", "usage")
    with registry.reading() as session:
        return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def test_a_request_becomes_composition_version_request_and_event(registry: Registry, settings: Settings) -> None:
    submission = submit(registry, ask(title="Summer", overrides={"musical.tempo_bpm": 120}), settings)
    assert submission.is_new
    assert re.fullmatch(r"[a-z]+-[a-z]+-[a-z2-9]{5}", submission.composition)
    assert (submission.version, submission.partition) == (1, f"{submission.composition}@v1")
    assert 0 <= submission.seed < 2**32
    with registry.reading() as session:
        version = queries.get_version(session, submission.partition)
        request = queries.request_of(session, version)
        assert (version.seed, version.state, version.request_id) == (submission.seed, "ideation", submission.request_id)
        assert queries.get_composition(session, submission.composition).title == "Summer"
        assert CompositionRequest.model_validate(request.payload).seed == submission.seed
        assert request.payload["overrides"] == {"musical.tempo_bpm": 120}
        assert (request.status, request.claimed_by) == ("submitted", None)
        (event,) = queries.events_of(session, submission.composition)
        assert event.kind == "composition.created"
    assert rows(registry) == dict.fromkeys(("users", "compositions", "versions", "requests", "events", "usage"), 1)


def test_a_given_seed_is_kept_to_the_last_digit(registry: Registry, settings: Settings) -> None:
    assert submit(registry, ask(seed=0), settings).seed == 0
    largest = submit(registry, ask(seed=SEED_MAX), settings)
    with registry.reading() as session:
        assert queries.get_version(session, largest.partition).seed == SEED_MAX


def test_the_same_prompt_again_is_a_new_composition(registry: Registry, settings: Settings) -> None:
    first, second = (submit(registry, ask(), settings) for _ in range(2))
    assert first.composition != second.composition


def test_the_same_key_is_the_same_composition_and_another_request_is_refused(
    registry: Registry, settings: Settings
) -> None:
    first = submit(registry, ask(idempotency_key="k"), settings)
    again = submit(registry, ask(idempotency_key="k"), settings)
    assert not again.is_new
    assert (again.partition, again.seed, again.request_id) == (first.partition, first.seed, first.request_id)
    with pytest.raises(BadInput, match="used for another request"):
        submit(registry, ask(idempotency_key="k", seed=1), settings)
    other = submit(registry, ask(idempotency_key="k", user="ada"), settings)
    assert other.is_new
    assert rows(registry)["compositions"] == 2


def test_the_same_key_at_another_priority_is_the_same_request(registry: Registry, settings: Settings) -> None:
    first = submit(registry, ask(idempotency_key="k"), settings)
    again = submit(registry, ask(idempotency_key="k", priority=9), settings)
    assert (again.is_new, again.request_id) == (False, first.request_id)
    with pytest.raises(BadInput, match="priority"):
        filled_in(CompositionRequest, prompt="a song", priority=101)


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "   "},
        {"prompt": "x " * 2501},
        {"prompt": "a\x00b"},
        {"overrides": {"technical.duration_s": 10}},
        {"overrides": {"technical.duration_s": 9000}},
        {"overrides": {"musical.tempo_bpm": 500}},
        {"overrides": {"musical.key": "H"}},
        {"overrides": {"musical.ky": "C"}},
        {"overrides": {"creative.lyrics": "la la", "creative.has_vocals": False}},
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    registry: Registry, settings: Settings, fields: dict[str, Any]
) -> None:
    with pytest.raises(BadInput) as caught:
        submit(registry, ask(**fields), settings)
    assert caught.value.way_out
    assert set(rows(registry).values()) == {0}


@pytest.mark.parametrize(
    ("variable", "value", "fields", "named"),
    [
        ("MUSICGEN_LIMITS__MAX_PROMPT_CHARACTERS", "10", {}, "prompt"),
        (
            "MUSICGEN_LIMITS__MAX_DURATION_S",
            "60",
            {"overrides": {"technical.duration_s": 61.0}},
            "technical.duration_s",
        ),
        ("MUSICGEN_LIMITS__MIN_TEMPO_BPM", "100", {"overrides": {"musical.tempo_bpm": 99}}, "musical.tempo_bpm"),
        (
            "MUSICGEN_LIMITS__MAX_RELEASE_BYTES",
            "20000000",
            {"overrides": {"technical.duration_s": 600}},
            "technical.duration_s",
        ),
    ],
)
def test_an_installation_may_be_stricter(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str,
    fields: dict[str, Any], named: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as caught:
        submit(registry, ask(**fields), get_settings(tmp_path / "home"))
    assert caught.value.field == named
    assert set(rows(registry).values()) == {0}


def test_a_request_is_accepted_whole_or_not_at_all(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("died before the commit")

    monkeypatch.setattr(door, "record_usage", broken)
    with pytest.raises(RuntimeError):
        submit(registry, ask(), settings)
    assert set(rows(registry).values()) == {0}


def test_losing_a_race_means_looking_again_but_not_for_ever(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, lost = door._accept, []

    def loses_once(*arguments: Any) -> Any:
        if not lost:
            lost.append(1)
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
        return accept(*arguments)

    monkeypatch.setattr(door, "_accept", loses_once)
    assert submit(registry, ask(), settings).is_new

    def always_loses(*_: Any) -> Any:
        raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))

    monkeypatch.setattr(door, "_accept", always_loses)
    with pytest.raises(TransientFailure, match="Submit it again"):
        submit(registry, ask(), settings)


def test_a_request_is_claimed_once_put_back_and_finished(registry: Registry, settings: Settings) -> None:
    request_id = submit(registry, ask(), settings).request_id
    assert claim(registry, request_id, "cli 1")
    assert not claim(registry, request_id, "cli 2")
    release_claim(registry, request_id)
    assert claim(registry, request_id, "sensor")
    finish_request(registry, request_id, "done")
    release_claim(registry, request_id)
    assert not claim(registry, request_id, "late")
    with registry.reading() as session:
        found = queries.get_request(session, request_id)
        assert (found.status, found.claimed_by) == ("done", "sensor")
        assert found.claimed_at is not None
        assert found.finished_at is not None
        assert [row.kind for row in queries.events_of(session, found.composition_id)][-1] == "request.finished"


def test_an_unknown_request_cannot_be_claimed_or_finished(registry: Registry) -> None:
    with pytest.raises(BadInput, match="no such request"):
        claim(registry, "r-none", "cli")
    with pytest.raises(BadInput, match="no such request"):
        finish_request(registry, "r-none", "done")


def test_what_nobody_claimed_can_be_swept_up(registry: Registry, settings: Settings) -> None:
    first, second = (submit(registry, ask(), settings).request_id for _ in range(2))
    claim(registry, first, "cli")
    with registry.reading() as session:
        created = session.get_one(Request, second).created_at
        assert queries.open_requests(session, created) == []
        later = created.replace(year=created.year + 1)
        assert [row.id for row in queries.open_requests(session, later)] == [second]


CALLER = """
import json, sys
from musicgen_assets.context.request import CompositionRequest, WorkRequest, filled_in
from resources.door import claim, submit
from resources.registry import Registry
from resources.settings import get_settings
settings = get_settings(sys.argv[1])
registry = Registry(settings.registry_url)
request = CompositionRequest(prompt="upbeat pop song about summer", idempotency_key="same")
sys.stdin.readline()
submission = submit(registry, request, settings)
won = claim(registry, submission.request_id, sys.argv[2])
own = [submit(registry, CompositionRequest(prompt="a slow waltz"), settings).partition for _ in range(5)]
print(json.dumps([submission.partition, submission.seed, submission.is_new, won, own]))
"""


def test_many_callers_with_one_key_make_one_composition_and_one_claim(registry: Registry, settings: Settings) -> None:
    """Each over connections of its own, as processes are; those are below, where starting them is cheap."""
    start = threading.Barrier(4)

    def caller(number: int) -> tuple[str, bool, bool, list[int]]:
        own = Registry(settings.registry_url)
        start.wait(20)
        made = submit(own, ask(idempotency_key="same"), settings)
        won = claim(own, made.request_id, f"caller {number}")
        versions = []
        for _ in range(5):
            with own.session() as session:
                versions.append(queries.add_version(session, made.composition, "r", 1).number)
        own.close()
        return made.partition, made.is_new, won, versions

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(caller, range(4)))
    assert len({answer[0] for answer in answers}) == 1
    assert sum(answer[1] for answer in answers) == 1
    assert sum(answer[2] for answer in answers) == 1
    assert sorted(number for answer in answers for number in answer[3]) == list(range(2, 22))


@pytest.mark.on_disk
def test_many_processes_with_one_key_make_one_composition_and_one_claim(registry: Registry, settings: Settings) -> None:
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(settings.home), f"caller {number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for caller in callers:
        assert caller.stdin is not None
        caller.stdin.write("go\n")
        caller.stdin.flush()
    answers = [json.loads(caller.communicate(timeout=120)[0]) for caller in callers]
    assert [caller.returncode for caller in callers] == [0] * 4
    assert len({answer[0] for answer in answers}) == 1
    assert len({answer[1] for answer in answers}) == 1
    assert sum(answer[2] for answer in answers) == 1
    assert sum(answer[3] for answer in answers) == 1
    assert len({partition for answer in answers for partition in answer[4]}) == 20
    assert rows(registry)["requests"] == 21


ADDER = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from resources.registry import Registry
from resources.registry.queries import add_version
registry = Registry(sys.argv[1])
sys.stdin.readline()
for _ in range(10):
    with registry.session() as session:
        print(add_version(session, sys.argv[2], "r", 1).number)
"""


@pytest.mark.on_disk
def test_version_numbers_are_never_given_out_twice(registry: Registry, settings: Settings) -> None:
    composition = submit(registry, ask(), settings).composition
    command = [sys.executable, "-c", ADDER, registry.url, composition]
    adders = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for adder in adders:
        assert adder.stdin is not None
        adder.stdin.write("go\n")
        adder.stdin.flush()
    numbers = [int(line) for adder in adders for line in adder.communicate(timeout=120)[0].split()]
    assert sorted(numbers) == list(range(2, 32))


def test_names_are_distinct_words_that_are_easy_to_say() -> None:
    for words in (door_names.ADJECTIVES.split(), door_names.NOUNS.split()):
        assert len(set(words)) == len(words) > 100
        assert all(re.fullmatch("[a-z]+", word) for word in words)
    assert all(re.fullmatch("[a-z]+-[a-z]+-[a-z2-9]{5}", door_names.new_name()) for _ in range(100))


def test_a_name_that_is_taken_is_not_given_again(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["calm-river-aaaaa", "calm-river-aaaaa", "calm-river-aaaaa", "wild-otter-bbbbb"])
    monkeypatch.setattr(door, "new_name", lambda: next(drawn))
    submit(registry, ask(user="ada"), settings)  # the first one is drawn twice: nobody knows ada yet
    assert submit(registry, ask(user="ada"), settings).composition == "wild-otter-bbbbb"
    counts = rows(registry)
    assert (counts["compositions"], counts["requests"], counts["events"], counts["users"]) == (2, 2, 2, 1)


def test_a_user_nobody_heard_of_is_made_with_the_first_request_and_with_no_other(
    registry: Registry, settings: Settings
) -> None:
    first = submit(registry, ask(user="ada"), settings)
    going_on = filled_in(WorkRequest, kind="retry", version=first.partition, user="bob")
    assert not submit(registry, going_on, settings).is_new
    claim(registry, first.request_id, "cli 1")
    finish_request(registry, first.request_id, "failed")
    assert submit(registry, going_on, settings).is_new
    submit(registry, ask(user="ada"), settings)
    assert rows(registry)["users"] == 2
