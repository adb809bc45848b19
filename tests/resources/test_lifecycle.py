"""Names, archive, delete: what goes goes whole, what others need stays, and nothing goes while it is being made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.limits import TITLE_MAX_CHARACTERS
from musicgen_assets.context.request import STAGES, CompositionRequest
from musicgen_assets.graph.manifest import Manifest
from musicgen_assets.partitions import VERSIONS
from resources import leases, lifecycle
from resources.door import claim, submit
from resources.leases import claimer_name
from resources.lifecycle import abandon, archive, deletable, delete, rename
from resources.registry import (
    Attempt,
    Base,
    Composition,
    Event,
    Lease,
    Materialization,
    Member,
    Registry,
    Request,
    Reroute,
    Result,
    ShareLink,
    StageState,
    Usage,
    Version,
    Waiver,
    queries,
)
from resources.release_export import export_release
from resources.settings import Settings
from resources.state_machine import fail, transition
from resources.studio import Studio

Materialize = Callable[..., Manifest]


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    opened = Studio.open(settings)
    yield opened
    opened.close()
    opened.registry.close()


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """A real instance on a disk; opening one takes longer than any test here."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as opened:
        yield opened


@pytest.fixture
def instance(dagster: dg.DagsterInstance) -> dg.DagsterInstance:
    for partition in listed(dagster):
        dagster.delete_dynamic_partition(str(VERSIONS.name), partition)
    return dagster


def ask(registry: Registry, settings: Settings, **fields: Any) -> str:
    return submit(registry, CompositionRequest(prompt="upbeat pop song", **fields), settings).partition


def child(registry: Registry, parent: str) -> str:
    with registry.session() as session:
        row = queries.get_version(session, parent)
        return queries.add_version(session, row.composition_id, "r-child", 1, parent=row).partition


def move(registry: Registry, partition: str, *states: str) -> None:
    with registry.session() as session:
        for state in states:
            transition(session, queries.get_version(session, partition), state)


def state_of(registry: Registry, partition: str) -> str:
    with registry.reading() as session:
        return queries.get_version(session, partition).state


def list_in(instance: dg.DagsterInstance, *partitions: str) -> None:
    instance.add_dynamic_partitions(str(VERSIONS.name), list(partitions))


def listed(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_dynamic_partitions(str(VERSIONS.name)))


def count(registry: Registry, table: type[Base]) -> int:
    with registry.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def holder(registry: Registry, partition: str, pid: int) -> None:
    """A lease as a process with that pid would hold it."""
    with registry.session() as session:
        version = queries.get_version(session, partition)
        started = leases.process_started(pid) or 1.0
        session.add(
            Lease(version_id=version.id, partition=partition, run_id="run-1", host=leases.this_host(), pid=pid,
                  process_started=started)
        )  # fmt: skip


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    return gone.pid


def fill(registry: Registry, partition: str, materialize: Materialize) -> None:
    """A row in every table that can hold one of a version."""
    materialize(partition, "ideation/brief", partition)
    with registry.session() as session:
        version = queries.get_version(session, partition)
        queries.add_waiver(session, partition, "loudness", "ada", "it is meant so")
        attempt = queries.plan_attempt(session, partition, "full_song", "suno", key="k", estimate_usd="0.50")
        queries.attempt_submitted(session, attempt.id, "job-7")
        queries.attempt_finished(session, attempt.id, "succeeded", "0.41")
        queries.record_usage(session, "local", "provider_call", 1.0, version_id=version.id, cost_usd="0.41")
    holder(registry, partition, dead_pid())


# names


def test_a_new_name_is_shown_and_written_down(registry: Registry, version: Version) -> None:
    renamed = rename(registry, version.composition_id, "  Down by\nthe river ")
    assert (renamed.title, renamed.before) == ("Down by the river", None)
    assert rename(registry, version.composition_id, "Dusk").before == "Down by the river"
    with registry.reading() as session:
        assert queries.get_composition(session, version.composition_id).title == "Dusk"
        events = [row.payload for row in queries.events_of(session, version.composition_id)]
    assert events == [{"from": None, "to": "Down by the river"}, {"from": "Down by the river", "to": "Dusk"}]


@pytest.mark.parametrize("title", ["", " \n ", "x" * (TITLE_MAX_CHARACTERS + 1), "a\x00b"])
def test_a_name_that_is_none_is_refused(registry: Registry, version: Version, title: str) -> None:
    with pytest.raises(BadInput):
        rename(registry, version.composition_id, title)
    with registry.reading() as session:
        assert queries.get_composition(session, version.composition_id).title is None


def test_a_name_belongs_to_the_composition(registry: Registry, version: Version) -> None:
    with pytest.raises(BadInput, match="all versions together"):
        rename(registry, version.partition, "Dusk")
    with pytest.raises(BadInput, match="Did you mean sunny-river-k3f9a"):
        rename(registry, "sunny-river-k3f9b", "Dusk")


def test_making_it_again_does_not_take_the_name_back(registry: Registry, version: Version) -> None:
    rename(registry, version.composition_id, "Dusk")
    with registry.session() as session:
        queries.record_context(session, version.partition, {"creative": {"title": "Summer"}})
        assert queries.get_composition(session, version.composition_id).title == "Dusk"


# giving up


def test_giving_up_cancels_the_version_and_what_was_asked_of_it(registry: Registry, settings: Settings) -> None:
    partition = ask(registry, settings)
    with registry.session() as session:
        fail(session, queries.get_version(session, partition), "ideation", "no idea")
    holder(registry, partition, dead_pid())
    assert abandon(registry, partition.partition("@")[0], "not worth it", "ada") == partition
    assert state_of(registry, partition) == "cancelled"
    assert count(registry, Lease) == 0
    with registry.reading() as session:
        assert [row.status for row in session.scalars(select(Request))] == ["cancelled"]
        last = queries.events_of(session, partition.partition("@")[0])[-1]
    assert last.payload["reason"] == "given up by ada: not worth it"
    with pytest.raises(BadInput, match="nothing to give up"):
        abandon(registry, partition, "", "ada")


# archive


@pytest.mark.parametrize("states", [(), ("failed",), ("cancelled",), (*STAGES[1:], "released")])
def test_a_version_is_archived_from_wherever_it_rests(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, states: tuple[str, ...]
) -> None:
    registry = studio.registry
    partition = ask(registry, settings)
    move(registry, partition, *states)
    list_in(instance, partition, "another@v1")
    ended = archive(studio, partition, instance)
    assert (ended.partitions, ended.is_whole) == ((partition,), False)
    assert state_of(registry, partition) == "archived"
    assert listed(instance) == {"another@v1"}
    with registry.reading() as session:
        assert [row.status for row in session.scalars(select(Request))] == ["cancelled"], "no sensor may launch it"


def test_archiving_a_composition_archives_all_its_versions_and_again_changes_nothing(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    registry = studio.registry
    first = ask(registry, settings)
    composition = first.partition("@")[0]
    move(registry, first, "waiting_for_approval", "archived")
    second = child(registry, first)
    list_in(instance, first, second)
    assert archive(studio, composition, instance).partitions == (first, second)
    assert listed(instance) == set()
    before = count(registry, Event)
    list_in(instance, second)
    assert archive(studio, composition, instance).is_whole
    assert listed(instance) == set()
    assert count(registry, Event) == before
    with registry.reading() as session:
        assert queries.get_composition(session, composition).state == "archived"


# refusals

ENDINGS = [archive, delete, lambda studio, text, _: abandon(studio.registry, text, "", "ada")]


@pytest.mark.parametrize("end", ENDINGS)
def test_nothing_is_taken_from_under_a_living_process(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, end: Callable[..., Any]
) -> None:
    registry = studio.registry
    first = ask(registry, settings)
    second = child(registry, first)
    list_in(instance, first, second)
    holder(registry, second, os.getpid())
    with pytest.raises(BadInput, match=f"process {os.getpid()} .* musicgen cancel {second}"):
        end(studio, first.partition("@")[0], instance)
    assert {state_of(registry, first), state_of(registry, second)} == {"ideation"}
    assert listed(instance) == {first, second}


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("who", ["launch:token", "cli"])
def test_nothing_is_taken_that_is_about_to_be_made(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, end: Callable[..., Any], who: str
) -> None:
    submission = submit(studio.registry, CompositionRequest(prompt="a slow waltz"), settings)
    claim(studio.registry, submission.request_id, claimer_name() if who == "cli" else who)
    with pytest.raises(BadInput, match="about to be made"):
        end(studio, submission.partition, instance)
    assert state_of(studio.registry, submission.partition) == "ideation"


def test_a_version_that_others_were_made_from_stays(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    first = ask(studio.registry, settings)
    second = child(studio.registry, first)
    with pytest.raises(BadInput, match=f"{second} was made from it.*musicgen archive {first}"):
        delete(studio, first, instance)
    with pytest.raises(BadInput, match="was made from it"):
        deletable(studio.registry, first)
    assert deletable(studio.registry, second).partitions == (second,)
    child(studio.registry, first)
    with pytest.raises(BadInput, match="were made from it"):
        delete(studio, first, instance)


def test_the_only_version_goes_with_its_composition(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    only = ask(studio.registry, settings)
    with pytest.raises(BadInput, match=f"only version.*musicgen delete {only.partition('@')[0]}$"):
        delete(studio, only, instance)


def test_a_call_that_may_have_been_paid_is_not_forgotten(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    partition = ask(studio.registry, settings)
    with studio.registry.session() as session:
        attempt = queries.plan_attempt(session, partition, "full_song", "suno", key="k", estimate_usd="0.5")
    with pytest.raises(BadInput, match="suno"):
        delete(studio, partition.partition("@")[0], instance)
    with studio.registry.session() as session:
        queries.attempt_finished(session, attempt.id, "failed")
    delete(studio, partition.partition("@")[0], instance)


# delete


def test_every_table_that_points_at_versions_is_known_here() -> None:
    pointing = {
        table.name for table in Base.metadata.sorted_tables
        for key in table.foreign_keys if key.column.table.name in ("versions", "compositions")
    }  # fmt: skip
    known = (
        Attempt, Event, Lease, Materialization, Member, Request, Reroute, ShareLink, StageState, Usage, Version, Waiver,
    )  # fmt: skip
    assert pointing == {table.__tablename__ for table in known}


def test_a_deleted_composition_leaves_one_event_its_usage_and_shared_results(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, materialize: Materialize
) -> None:
    registry = studio.registry
    first = ask(registry, settings, title="Dusk", idempotency_key="k")
    composition = first.partition("@")[0]
    second, other = child(registry, first), ask(registry, settings)
    for partition in (first, second, other):
        fill(registry, partition, materialize)
    list_in(instance, first, second, other)
    results, usage, newest = count(registry, Result), count(registry, Usage), _newest_event(registry)
    of_other = _rows_of(registry, other)
    ended = delete(studio, composition, instance)
    assert (ended.partitions, ended.is_whole, ended.left_behind) == ((first, second), True, ())
    assert listed(instance) == {other}
    assert (count(registry, Result), count(registry, Usage)) == (results, usage)
    assert _rows_of(registry, other) == of_other
    for table in (Composition, Version, Request, Attempt, Lease, Waiver):
        assert count(registry, table) == 1, table
    with registry.reading() as session:
        (event,) = session.scalars(select(Event).where(Event.kind == "composition.deleted"))
        events = list(session.scalars(select(Event.composition_id)))
        assert session.scalar(select(func.sum(Usage.quantity)).where(Usage.version_id.is_(None))) == 3.0
    assert set(events) == {None, other.partition("@")[0]}
    assert event.id > newest, "whoever follows the events by their number sees it"
    assert event.payload["versions"] == [first, second]
    assert (event.payload["title"], event.payload["user"]) == ("Dusk", "local")
    assert [row["cost_usd"] for row in event.payload["attempts"]] == ["0.41", "0.41"]
    with pytest.raises(BadInput, match="no such composition"):
        delete(studio, composition, instance)
    again = submit(registry, CompositionRequest(prompt="upbeat pop song", title="Dusk", idempotency_key="k"), settings)
    assert again.is_new, "the key is free"


def _newest_event(registry: Registry) -> int:
    with registry.reading() as session:
        return session.scalar(select(func.max(Event.id))) or 0


def _rows_of(registry: Registry, partition: str) -> list[Any]:
    with registry.reading() as session:
        version = queries.get_version(session, partition)
        events = [(row.kind, row.payload) for row in queries.events_of(session, version.composition_id)]
        made = queries.materializations_of(session, partition)
        return [events, made, len(queries.attempts_of(session, partition)), version.state]


def test_a_deleted_version_leaves_its_composition_and_its_number_is_not_given_again(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, materialize: Materialize
) -> None:
    registry = studio.registry
    first = ask(registry, settings)
    move(registry, first, "composition", "failed")
    second = child(registry, first)
    fill(registry, second, materialize)
    list_in(instance, first, second)
    ended = delete(studio, second, instance)
    assert (ended.partitions, ended.is_whole) == ((second,), False)
    assert listed(instance) == {first}
    with registry.reading() as session:
        composition = queries.get_composition(session, first.partition("@")[0])
        assert (composition.state, composition.current_stage) == ("failed", "composition"), "it follows what is left"
        last = queries.events_of(session, composition.id)[-1]
    assert (last.kind, last.payload["versions"]) == ("version.deleted", [second])
    with pytest.raises(BadInput, match=r"It has v1\."):
        delete(studio, second, instance)
    assert child(registry, first).endswith("@v3")


def released(studio: Studio, partition: str, content: bytes) -> tuple[str, Path]:
    """A release folder of one file, linked to the store. Returns the object's name and the folder."""
    from musicgen_assets.graph.job import Ref
    from musicgen_assets.graph.manifest import StoredRole

    sha256, size = studio.store.put(content)
    role = StoredRole.of(Ref("stems/drums.flac", "audio/flac", sha256, size))
    folder = studio.settings.releases / partition
    export_release(studio.store, Manifest(asset="finalization/release", content=(role,)), folder)
    return sha256, folder


def test_the_release_folder_goes_and_the_store_is_untouched(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    first, other = ask(studio.registry, settings), ask(studio.registry, settings)
    sha256, folder = released(studio, first, b"drums")
    same, kept = released(studio, other, b"drums")
    assert same == sha256
    stored = studio.store.path(sha256)
    assert stored is not None
    assert (folder / "stems/drums.flac").samefile(stored), "a hard link: what is done to one is done to the other"
    mode = stored.stat().st_mode
    delete(studio, first.partition("@")[0], instance)
    assert [path.name for path in settings.releases.iterdir()] == [other]
    assert studio.store.get(sha256) == b"drums"
    assert (stored.stat().st_mode, (kept / "stems/drums.flac").read_bytes()) == (mode, b"drums")


def test_a_release_folder_that_is_a_link_goes_without_what_it_points_at(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, tmp_path: Path
) -> None:
    partition = ask(studio.registry, settings)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/mine.wav").write_bytes(b"mine")
    (settings.releases / partition).symlink_to(tmp_path / "elsewhere")
    delete(studio, partition.partition("@")[0], instance)
    assert list(settings.releases.iterdir()) == []
    assert (tmp_path / "elsewhere/mine.wav").read_bytes() == b"mine"


def test_it_is_deleted_whole_or_not_at_all(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    partition = ask(studio.registry, settings)
    _, folder = released(studio, partition, b"drums")
    events = count(studio.registry, Event)

    def broken(*_: Any) -> None:
        raise RuntimeError("Dagster's storage is gone")

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_unlist", broken)
        with pytest.raises(RuntimeError, match="storage is gone"):
            delete(studio, partition.partition("@")[0], instance)
    assert (folder / "stems/drums.flac").read_bytes() == b"drums"
    assert count(studio.registry, Event) == events
    assert state_of(studio.registry, partition) == "ideation"

    def refused(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        with pytest.raises(PermanentFailure, match="Could not remove"):
            delete(studio, partition.partition("@")[0], instance)
    assert state_of(studio.registry, partition) == "ideation"


def test_a_folder_that_stays_is_named(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    partition = ask(studio.registry, settings)
    released(studio, partition, b"drums")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    (left,) = delete(studio, partition.partition("@")[0], instance).left_behind
    assert left.is_dir()
    assert left.name.startswith(".")


def test_rows_that_something_still_points_at_cannot_be_erased(registry: Registry, settings: Settings) -> None:
    from resources.registry.erasing import erase_versions

    first = ask(registry, settings)
    child(registry, first)
    with pytest.raises(IntegrityError), registry.session() as session:
        erase_versions(session, [queries.get_version(session, first)])
    assert state_of(registry, first) == "ideation"


HOLDER = """
import sys, time
from resources.leases import begin
from resources.registry import Registry
begin(Registry(sys.argv[1]), sys.argv[2], "run-1")
print("held", flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_held_can_be_deleted(
    studio: Studio, instance: dg.DagsterInstance, settings: Settings
) -> None:
    partition = ask(studio.registry, settings)
    command = [sys.executable, "-c", HOLDER, settings.registry_url, partition]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BadInput, match=f"process {process.pid}"):
            delete(studio, partition.partition("@")[0], instance)
        process.send_signal(signal.SIGKILL)
    time.sleep(0.05)
    delete(studio, partition.partition("@")[0], instance)
    assert count(studio.registry, Version) == count(studio.registry, Lease) == 0
