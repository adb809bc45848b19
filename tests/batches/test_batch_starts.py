"""Starting a batch: all of it is checked first, each song goes through the door once, a repeat costs what changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from musicgen_assets.context.failures import BadInput, TransientFailure
from resources.batches import starting
from resources.batches.definition import parse_definition
from resources.batches.starting import Started, end_overdue, go_on, start
from resources.batches.status import Item, counts_of, find_batch, items_of, overview
from resources.door import claim, submit
from resources.lifecycle import delete
from resources.registry import Batch, BatchItem, Registry, Request, Version, utc_now
from resources.settings import Settings
from resources.studio import open_studio
from support.evening_batch import EVENING

End = Callable[..., None]


def begin(registry: Registry, settings: Settings, text: str = EVENING, occasion: str = "") -> Started:
    return start(registry, settings, parse_definition(text, "evening.yaml"), "evening.yaml", occasion=occasion)


def items(registry: Registry, batch: str) -> list[Item]:
    with registry.reading() as session:
        return items_of(session, find_batch(session, batch).id)


def rows(registry: Registry, table: type) -> int:
    with registry.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_started_batch_is_one_object_whose_songs_are_in_line(registry: Registry, settings: Settings) -> None:
    started = begin(registry, settings)
    assert started == Started("evening@1", 6, 6, 0, 0, is_new=True)
    found = items(registry, "evening")
    assert {item.state for item in found} == {"in line"}
    assert len({item.partition for item in found}) == 6
    (told,) = overview(registry)
    assert (told["batch"], told["songs"], told["counts"], told["is_open"]) == ("evening@1", 6, {"in line": 6}, True)


def test_the_same_again_is_the_same_batch(registry: Registry, settings: Settings) -> None:
    first = begin(registry, settings)
    again = begin(registry, settings)
    assert (again.batch, again.new, again.known, again.is_new) == (first.batch, 0, 6, False)
    assert (rows(registry, Batch), rows(registry, Request), rows(registry, Version)) == (1, 6, 6)


def test_a_repeat_costs_only_what_changed(registry: Registry, settings: Settings) -> None:
    begin(registry, settings)
    before = items(registry, "evening@1")
    changed = begin(registry, settings, EVENING.replace("slow night drive", "slow night walk"))
    assert (changed.batch, changed.new, changed.known, changed.is_new) == ("evening@2", 1, 5, True)
    after = items(registry, "evening")
    assert [a.partition == b.partition for a, b in zip(before, after, strict=True)] == [True, False, *[True] * 4]
    assert [item.is_new for item in after] == [False, True, *[False] * 4]
    assert rows(registry, Request) == 7


def test_a_bad_song_keeps_all_of_it_out(registry: Registry, settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"evening.yaml, prompts\[2\], musical.key"):
        begin(registry, settings, EVENING.replace("Eb", "H"))
    assert (rows(registry, Batch), rows(registry, BatchItem), rows(registry, Request)) == (0, 0, 0)


@pytest.mark.parametrize("by", ["start", "resume"])
def test_a_start_that_was_cut_short_goes_on_without_doubling(
    registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    calls = iter(range(100))

    def dies(*given: object) -> object:
        if next(calls) == 3:
            raise TransientFailure("The registry stayed busy.")
        return submit(*given)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(starting, "submit", dies)
    with pytest.raises(TransientFailure):
        begin(registry, settings)
    assert counts_of(items(registry, "evening")) == {"not submitted": 3, "in line": 3}
    again = begin(registry, settings) if by == "start" else go_on(registry, settings, "evening")
    assert (again.batch, again.new) == ("evening@1", 3)
    assert counts_of(items(registry, "evening")) == {"in line": 6}
    assert rows(registry, Request) == 6


def test_many_at_once_start_it_once(registry: Registry, settings: Settings) -> None:
    with ThreadPoolExecutor(4) as threads:
        started = list(threads.map(lambda _: begin(registry, settings), range(4)))
    assert {one.batch for one in started} == {"evening@1"}
    assert sum(one.is_new for one in started) == 1
    assert sum(one.new for one in started) == rows(registry, Request) == 6


def test_states_are_read_from_the_songs_versions(registry: Registry, settings: Settings, end: End) -> None:
    begin(registry, settings)
    first, second, third, fourth, fifth, _ = [str(item.partition) for item in items(registry, "evening")]
    end(first, "released")
    end(second, "failed", "mixing: it broke")
    end(third, "waiting_for_approval", "checks failed: loudness")
    end(fourth, "waiting_for_approval", "stopped after arrangement, as asked")
    with registry.reading() as session:
        taken = session.scalars(select(Request).join(Version, Version.id == Request.version_id).where(
            Version.partition == fifth)).one()  # fmt: skip
    claim(registry, taken.id, "a test")
    found = items(registry, "evening")
    assert [item.state for item in found] == [
        "released", "failed", "stopped at a check", "done", "being made", "in line"
    ]  # fmt: skip
    assert found[1].reason == "mixing: it broke"


def test_what_failed_or_was_cancelled_is_tried_again_and_nothing_else(
    registry: Registry, settings: Settings, end: End
) -> None:
    begin(registry, settings)
    partitions = [str(item.partition) for item in items(registry, "evening")]
    end(partitions[0], "released")
    end(partitions[1], "failed", "mixing: it broke")
    end(partitions[2], "cancelled")
    end(partitions[3], "waiting_for_approval", "checks failed: loudness")
    again = begin(registry, settings)
    assert (again.new, again.again) == (0, 2)
    states = [item.state for item in items(registry, "evening")]
    assert states == ["released", "in line", "in line", "stopped at a check", "in line", "in line"]
    assert begin(registry, settings).again == 0, "what is in line again needs no second request"


def test_a_deleted_song_leaves_its_place(registry: Registry, settings: Settings) -> None:
    import dagster as dg

    begin(registry, settings)
    gone = str(items(registry, "evening")[0].partition)
    with open_studio(settings) as studio, dg.DagsterInstance.ephemeral() as instance:
        delete(studio, gone.partition("@")[0], instance)
    assert [item.state for item in items(registry, "evening")] == ["deleted", *["in line"] * 5]


def test_after_the_deadline_nothing_more_is_begun(registry: Registry, settings: Settings, end: End) -> None:
    begin(registry, settings, EVENING + "deadline: 1h\n")
    partitions = [str(item.partition) for item in items(registry, "evening")]
    end(partitions[0], "released")
    with registry.reading() as session:
        request = session.scalars(select(Request).order_by(Request.created_at).offset(1)).first()
    assert request is not None
    claim(registry, request.id, f"launch:{'0' * 16}")
    assert end_overdue(registry) == {}
    later = utc_now() + timedelta(hours=2)
    assert end_overdue(registry, later) == {"evening@1": 4}
    assert end_overdue(registry, later) == {}, "a batch is over once"
    found = items(registry, "evening")
    assert [item.state for item in found] == ["released", "being made", *["cancelled"] * 4]
    assert "not begun by the deadline of evening@1" in found[2].reason
    begin(registry, settings, EVENING + "deadline: 3h\n")
    assert counts_of(items(registry, "evening")) == {"in line": 4, "being made": 1, "released": 1}


def test_a_song_that_a_later_start_still_wants_is_left_in_line(registry: Registry, settings: Settings) -> None:
    begin(registry, settings, EVENING + "deadline: 1h\n")
    begin(registry, settings, EVENING.replace("slow night drive", "slow night walk") + "deadline: 9h\n")
    assert end_overdue(registry, utc_now() + timedelta(hours=2)) == {"evening@1": 1}
    assert counts_of(items(registry, "evening@2")) == {"in line": 6}


def test_each_start_of_new_songs_is_a_batch_of_its_own(registry: Registry, settings: Settings) -> None:
    new = EVENING + "each_start: new\n"
    monday, tuesday = (begin(registry, settings, new, day) for day in ("monday", "tuesday"))
    assert (monday.batch, tuesday.batch, tuesday.new) == ("evening@1", "evening@2", 6)
    assert begin(registry, settings, new, "monday").batch == "evening@1", "the same tick again is no other start"
    assert rows(registry, Request) == 12


def test_an_unknown_batch_names_near_ones(registry: Registry, settings: Settings) -> None:
    begin(registry, settings)
    with registry.reading() as session, pytest.raises(BadInput, match="Did you mean evening"):
        find_batch(session, "evning")
    with registry.reading() as session, pytest.raises(BadInput, match="Did you mean evening@1"):
        find_batch(session, "evening@7")
