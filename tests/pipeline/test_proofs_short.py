"""The short form of `make soak`: every long proof makes a case or two of itself, and can tell when it is broken.

The long forms are programs, benchmarks.soak.NAME, with hundreds of cases.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.soak import cancels, cases, five, garbage, gardeners, kills, looking, partial, songs, symbolic, warm
from benchmarks.soak.homes import BrokenPromiseError, Home, release_hashes
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.declarations import Declaration
from resources import runner
from resources.door import claim, finish_request, submit
from resources.launch import claim_launch
from resources.leases import claimer_name
from sensors.requests import sweep

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("song")]

ANOTHER_BASS = 31
"""Dice that draw this edit."""

SONG = songs.Song("upbeat pop song with piano", (), 5)
"""The one that all tests of whole songs share."""


@pytest.fixture
def case(tmp_path: Path) -> cases.Case:
    return cases.Case("partial", 1, "case", Random(11), tmp_path / "state", ExitStack(), {})


@pytest.fixture(scope="module")
def reference(song: dict[str, object], release: Path) -> songs.Reference:
    return songs.Reference(release_hashes(release), float(str(song["run_seconds"])), len(song["stages"]))  # type: ignore[arg-type]


@pytest.fixture
def fresh(tmp_path: Path) -> Home:
    return Home(tmp_path / "own")


def test_a_random_sequence_of_edits_is_what_it_is_from_scratch(
    home: Path, song: dict[str, Any], tmp_path: Path
) -> None:
    with warm.warm_home(home) as edited:
        facts = partial.sequence(edited, song, tmp_path / "scratch", Random(ANOTHER_BASS))
    assert facts["edits"]
    assert facts["status"] in ("released", "stopped")


def test_symbolic_sequences_of_edits_are_what_they_are_from_scratch(tmp_path: Path) -> None:
    with symbolic.symbolic_studio(tmp_path / "parent") as parent:
        for dice in (3, 4):
            with symbolic.symbolic_studio(tmp_path / f"fresh-{dice}") as fresh:
                assert symbolic.differences(parent, fresh, Random(dice)) == []


def test_carrying_what_should_have_been_made_anew_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were an asset taken over whatever it was made from, the proof would say so."""
    real = runner.inputs_key

    def careless(declaration: Declaration, *rest: Any) -> str:
        return real(declaration, *rest) if declaration.stage == "ideation" else f"{declaration.key} of anything"

    monkeypatch.setattr(runner, "inputs_key", careless)
    found: list[str] = []
    with symbolic.symbolic_studio(tmp_path / "parent") as parent:
        for dice in range(2):
            with symbolic.symbolic_studio(tmp_path / f"fresh-{dice}") as fresh:
                found += symbolic.differences(parent, fresh, Random(dice))
    assert found


def test_a_killed_command_is_seen_dead_and_goes_on_to_the_bytes_of_another_home(
    fresh: Home, reference: songs.Reference
) -> None:
    """The reference was made in one go in a home of its own: every file but those with ids and times is equal."""
    fresh.root.mkdir()
    last = "SELECT 1 FROM materializations WHERE asset = 'mixing/mix'"
    killed = kills.killed_command(fresh, SONG, lambda: bool(looking.rows(fresh.path, last)))
    assert killed is not None
    facts = kills.recovered_command(fresh, SONG, reference, killed, looks_first=True)
    assert facts["problems"] == []


def test_a_cancelled_command_leaves_nothing_within_two_seconds(fresh: Home, reference: songs.Reference) -> None:
    fresh.root.mkdir()
    started = fresh.start(*SONG.ask, "--json")
    partition = cancels.begun(fresh, started)
    facts = cancels.cancelled(fresh, started, partition)
    assert facts is not None
    assert facts["problems"] == []
    assert looking.state_of(fresh.path, partition) == "cancelled"
    assert looking.left_behind(fresh.path) == []


def test_five_processes_at_once_meet_no_lock_and_make_nothing_twice(fresh: Home) -> None:
    fresh.root.mkdir()
    started = [fresh.start("compose", "solo piano", "--seed", str(seed), "--until", "ideation") for seed in range(5)]
    ended = [one.finish() for one in started]
    assert [one.code for one in ended] == [3] * 5, [one.said for one in ended]
    assert len(looking.versions(fresh.path)) == 5
    assert five.lock_errors(fresh) + five.duplicates(fresh) + looking.left_behind(fresh.path) == []


def test_a_request_raced_by_three_is_taken_once(tmp_path: Path) -> None:
    with symbolic.symbolic_studio(tmp_path / "home") as studio:
        for seed in range(20):
            asked = CompositionRequest(prompt="solo piano", seed=seed, until="ideation")
            request_id = submit(studio.registry, asked, studio.settings).request_id
            racers: list[Callable[[], object]] = [
                lambda request_id=request_id: claim(studio.registry, request_id, claimer_name()),
                lambda request_id=request_id: claim_launch(studio.registry, request_id),
                lambda: sweep(studio.registry, grace_s=0.0),
            ]
            Random(seed).shuffle(racers)
            with ThreadPoolExecutor(3) as threads:
                taken = [won for won in threads.map(lambda race: race(), racers) if won]
            assert len(taken) == 1, taken
            finish_request(studio.registry, request_id, "done")


def test_garbage_is_collected_under_work_and_nothing_needed_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(2))
        place = garbage.garden(stack, tmp_path / "home", pool)
        told = garbage.round_of(place, Random(2), jobs=2)
    assert told["problems"] == []
    assert told["made"] > 0


def test_a_lost_object_and_one_that_is_left_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        place = garbage.garden(stack, tmp_path / "home", pool)
        pool.submit(gardeners.work, tmp_path / "home", 1).result()
        assert garbage.lost(place) + garbage.left(place) == []
        place.studio.store.put(b"nobody needs this")
        place.studio.store.remove([next(iter(place.studio.store.objects()))[0]])
        assert garbage.left(place)
        assert garbage.lost(place)


def test_cases_that_are_known_are_not_made_again_and_a_cut_line_is_no_case(tmp_path: Path) -> None:
    made: list[int] = []

    def one(case: cases.Case) -> cases.Facts:
        made.append(case.number)
        if case.number == 1:
            raise BrokenPromiseError("it was not kept")
        return {"dice": case.rng.random()}

    proof = cases.Proof("sample", "A sample.", 3, one, lambda records: [str(len(records))])
    cases.run(proof, range(2), tmp_path)
    with (tmp_path / "sample.jsonl").open("a") as file:
        file.write('{"case": 2, "seed"')
    records = cases.run(proof, range(3), tmp_path)
    assert made == [0, 1, 2]
    assert [record["case"] for record in records] == [0, 1, 2]
    assert cases.broken(proof, records) == ["case 1: it was not kept"]
    assert cases.run(proof, range(3), tmp_path, is_again=True)
    assert made == [0, 1, 2, 1]
