"""Requests are understood in a process of their own as they are here; and nobody notices where it is away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from resources import reader as reading
from resources.door_checks import resolved
from resources.reader import Reader, Readers

WAIT_S = 60.0


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to that")
        time.sleep(0.02)


def child_of(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child[0].pid


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    made.start()
    until(lambda: made.is_apart)
    yield made
    made.close()


@pytest.fixture
def computed_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prompts that were worked out in this process."""
    prompts: list[str] = []

    def noted(request: CompositionRequest) -> object:
        prompts.append(request.prompt)
        return resolved(request)

    monkeypatch.setattr(reading, "resolved", noted)
    return prompts


@pytest.mark.parametrize(
    ("prompt", "overrides"),
    [
        ("a slow waltz about the rain, no drums", {}),
        ("eine schnelle Polka", {"technical.duration_s": 45, "musical.key": "Eb"}),
        ("fast house, 3 minutes", {"creative.lyrics": "one line to sing\nand another one"}),
    ],
)
def test_it_understands_as_everybody_else_does(
    reader: Reader, computed_here: list[str], prompt: str, overrides: dict[str, object]
) -> None:
    request = CompositionRequest(prompt=prompt, overrides=overrides, seed=7)
    assert reader.resolve(request) == resolved(request)
    assert computed_here == []


@pytest.mark.parametrize("overrides", [{"musical.key": "H"}, {"technical.duration_s": float("nan")}, {"no.path": 1}])
def test_a_refusal_comes_back_whole(reader: Reader, computed_here: list[str], overrides: dict[str, object]) -> None:
    request = CompositionRequest(prompt="a song", overrides=overrides)
    with pytest.raises(BadInput) as here:
        resolved(request)
    with pytest.raises(BadInput) as there:
        reader.resolve(request)
    assert (there.value.field, there.value.rule, there.value.way_out) == (
        here.value.field, here.value.rule, here.value.way_out,
    )  # fmt: skip
    assert computed_here == []


def test_where_it_was_killed_it_is_worked_out_here_and_then_there_is_another(
    reader: Reader, computed_here: list[str]
) -> None:
    killed = child_of(reader)
    os.kill(killed, signal.SIGKILL)
    request = CompositionRequest(prompt="a song about the wind")
    assert reader.resolve(request) == resolved(request)
    assert computed_here == ["a song about the wind"]
    until(lambda: reader.is_apart)
    assert child_of(reader) != killed
    assert reader.resolve(CompositionRequest(prompt="a song about the snow")).musical.genres
    assert computed_here == ["a song about the wind"]


def test_one_that_hangs_is_replaced(reader: Reader, computed_here: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_S", 0.3)
    hanging = child_of(reader)
    os.kill(hanging, signal.SIGSTOP)
    request = CompositionRequest(prompt="a song about a stone")
    assert reader.resolve(request) == resolved(request)
    assert computed_here == ["a song about a stone"]
    assert not psutil.pid_exists(hanging)


def test_without_a_process_and_after_its_end_everything_is_worked_out_here() -> None:
    request = CompositionRequest(prompt="a song about nothing")
    made = Reader()
    assert made.resolve(request) == resolved(request)
    made.start()
    until(lambda: made.is_apart)
    child = child_of(made)
    made.close()
    assert not psutil.pid_exists(child)
    assert made.resolve(request) == resolved(request)
    assert not made.is_apart


def test_requests_that_come_together_are_understood_side_by_side(computed_here: list[str]) -> None:
    readers = Readers(2)
    try:
        readers.start()
        until(lambda: readers.are_apart)
        first, second = readers._all
        os.kill(child_of(second), signal.SIGSTOP)  # who was free last is asked first, and does not answer
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(readers.resolve, CompositionRequest(prompt="a slow waltz"))
            until(lambda: readers._free.qsize() == 1)
            assert readers.resolve(CompositionRequest(prompt="fast house")).musical.genres[0].name == "house"
            assert not waiting.done()
            os.kill(child_of(second), signal.SIGCONT)
            assert waiting.result(WAIT_S) == resolved(CompositionRequest(prompt="a slow waltz"))
        os.kill(child_of(first), signal.SIGKILL)
        for number in range(3):
            readers.resolve(CompositionRequest(prompt=f"a song about {number} ships"))
        assert readers._free.qsize() == 2
    finally:
        readers.close()
    assert readers.resolve(CompositionRequest(prompt="fast house")).musical.genres[0].name == "house"
    assert "a slow waltz" not in computed_here
