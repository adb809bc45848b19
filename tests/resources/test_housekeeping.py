"""Housekeeping: Dagster's lists and logs stay short, living versions keep their runs, and every chore tells first."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, RevisionRequest
from musicgen_assets.definitions import build_defs
from musicgen_assets.graph.manifest import Manifest
from musicgen_assets.housekeeping import GROUP, HOUSEKEEPING_JOB
from musicgen_assets.jobs import COMPOSE
from musicgen_assets.schedules import SCHEDULES
from resources.door import submit
from resources.housekeeping import runs as old_runs
from resources.housekeeping.budgets import measure
from resources.housekeeping.chores import CHORES, do
from resources.housekeeping.partitions import retire
from resources.housekeeping.runs import delete_old_runs
from resources.lifecycle import archive, restore
from resources.registry import Version, queries
from resources.settings import Housekeeping, Settings, get_settings
from resources.state_machine import transition
from resources.studio import Studio

LISTED = "versions"
AT_ONCE = Housekeeping(song_runs_kept_days=0, other_runs_kept_days=0)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty(instance: dg.DagsterInstance) -> None:
    for partition in instance.get_dynamic_partitions(LISTED):
        instance.delete_dynamic_partition(LISTED, partition)
    for run in instance.get_runs():
        instance.delete_run(run.run_id)


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    opened = Studio.open(settings)
    yield opened
    opened.close()
    opened.registry.close()


def song(studio: Studio, *states: str, **fields: Any) -> str:
    request = CompositionRequest.model_validate({"prompt": "solo piano", **fields})
    partition = submit(studio.registry, request, studio.settings).partition
    with studio.registry.session() as session:
        for state in states:
            transition(session, queries.get_version(session, partition), state)
    return partition


def ran(instance: dg.DagsterInstance, job: str, partition: str = "") -> str:
    """A run that is over, with its events."""

    @dg.op
    def work() -> int:
        return 1

    @dg.job(name=job)
    def made() -> None:
        work()

    run_id = str(uuid.uuid4())
    tags = {"dagster/partition": partition} if partition else {}
    made.execute_in_process(instance=instance, run_id=run_id, tags=tags, run_config=QUIET)
    return run_id


def runs_in(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


# partitions


def test_archived_and_deleted_versions_leave_dagsters_list(studio: Studio, instance: dg.DagsterInstance) -> None:
    alive, away = song(studio), song(studio, "cancelled", "archived")
    instance.add_dynamic_partitions(LISTED, [alive, away, "gone-song-aaaaa@v1"])
    told = retire(studio.registry, instance, is_dry=True)
    assert (told.listed, told.archived, told.unknown) == (3, (away,), ("gone-song-aaaaa@v1",))
    assert len(instance.get_dynamic_partitions(LISTED)) == 3, "a dry run only tells"
    assert retire(studio.registry, instance) == told
    assert list(instance.get_dynamic_partitions(LISTED)) == [alive]


def test_what_was_archived_comes_back_as_it_was(studio: Studio, instance: dg.DagsterInstance) -> None:
    failed, cancelled = song(studio, "failed"), song(studio, "cancelled")
    instance.add_dynamic_partitions(LISTED, [failed, cancelled])
    for partition, before in ((failed, "failed"), (cancelled, "cancelled")):
        archive(studio, partition, instance)
        assert partition not in instance.get_dynamic_partitions(LISTED)
        assert restore(studio, partition.partition("@")[0], instance).partitions == (partition,)
        assert partition in instance.get_dynamic_partitions(LISTED)
        with studio.registry.reading() as session:
            assert queries.get_version(session, partition).state == before
            assert queries.get_composition(session, partition.partition("@")[0]).state == before
        assert retire(studio.registry, instance).partitions == ()
    with pytest.raises(BadInput, match="not archived"):
        restore(studio, failed, instance)


# runs


def test_old_runs_go_with_their_events_and_their_files(
    studio: Studio, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    away = song(studio, "cancelled", "archived")
    made, form = ran(instance, "compose", away), ran(instance, "new_song")
    place_of: Callable[[str], str] = instance.event_log_storage.path_for_shard  # type: ignore[attr-defined]
    assert Path(place_of(made)).exists()
    kept = Housekeeping(song_runs_kept_days=1, other_runs_kept_days=1)
    assert delete_old_runs(studio.registry, instance, kept) == old_runs.Deleted(0, 0, 0, True)
    told = delete_old_runs(studio.registry, instance, AT_ONCE, is_dry=True)
    assert (told.songs, told.others, runs_in(instance)) == (1, 1, {made, form})
    one_kind = Housekeeping(song_runs_kept_days=1, other_runs_kept_days=0)
    assert delete_old_runs(studio.registry, instance, one_kind).others == 1
    assert runs_in(instance) == {made}
    assert delete_old_runs(studio.registry, instance, AT_ONCE).songs == 1
    assert runs_in(instance) == set()
    assert not Path(place_of(made)).exists()


def test_a_run_that_a_living_version_stands_on_stays(
    studio: Studio, instance: dg.DagsterInstance, materialize: Callable[..., Manifest]
) -> None:
    alive = song(studio)
    first, second = ran(instance, "compose", alive), ran(instance, "compose", alive)
    for run_id in (first, second):
        manifest = materialize(alive, "composition/melody")
        with studio.registry.session() as session:
            row = queries.materialization_history(session, alive, "composition/melody")[-1]
            row.run_id = run_id
        assert manifest.content
    told = delete_old_runs(studio.registry, instance, AT_ONCE)
    assert (told.songs, told.kept, runs_in(instance)) == (1, 1, {second})


def test_more_runs_than_fit_a_page_or_the_time_are_deleted_bit_by_bit(
    studio: Studio, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_runs, "_AT_ONCE", 1)
    for _ in range(3):
        ran(instance, "new_song")
    assert delete_old_runs(studio.registry, instance, AT_ONCE, budget_s=0.0) == old_runs.Deleted(0, 0, 0, False)
    assert delete_old_runs(studio.registry, instance, AT_ONCE, is_dry=True).others == 3
    assert delete_old_runs(studio.registry, instance, AT_ONCE).others == 3
    assert runs_in(instance) == set()


# budgets


def test_who_takes_more_than_allowed_is_told_and_asks_in_vain(studio: Studio, tmp_path: Path) -> None:
    partition = song(studio, user="ada")
    with studio.registry.session() as session:
        named = {"context": {"creative": {"notes": studio.store.put(b"x" * 1000)[0]}}}
        session.get_one(Version, queries.get_version(session, partition).id).change = named
    song(studio, user="bob")
    limited = get_settings(studio.settings.home).model_copy(
        update={"limits": studio.settings.limits.model_copy(update={"max_user_bytes": 999})}
    )
    ask = CompositionRequest(prompt="solo piano", user="ada")
    assert submit(studio.registry, ask, limited).is_new, "nothing was measured yet"
    ada, bob = measure(studio.registry, studio.store, 999)
    assert (ada.user, ada.used_bytes, ada.is_over) == ("ada", 1000, True)
    assert (bob.user, bob.used_bytes, bob.is_over) == ("bob", 0, False)
    with pytest.raises(BadInput, match="MB are allowed") as refused:
        submit(studio.registry, ask, limited)
    assert "musicgen delete" in refused.value.way_out
    with pytest.raises(BadInput, match="MB are allowed"):
        submit(studio.registry, RevisionRequest(version=partition, user="ada", overrides={"musical.key": "D"}), limited)
    assert submit(studio.registry, ask, studio.settings).is_new, "without a limit all is allowed"
    assert submit(studio.registry, CompositionRequest(prompt="solo piano", user="bob"), limited).is_new


# as assets


def test_the_job_does_every_chore_and_shows_its_report(studio: Studio, instance: dg.DagsterInstance) -> None:
    away = song(studio, "cancelled", "archived")
    instance.add_dynamic_partitions(LISTED, [away])
    job = build_defs(studio).resolve_job_def("housekeeping")
    dry = {f"{GROUP}__{name}": {"config": {"is_dry_run": True}} for name in CHORES}
    for config, listed in ((dry, 1), ({}, 0)):
        result = job.execute_in_process(instance=instance, run_config={**QUIET, "ops": config})
        assert result.success
        told = {event.asset_key.path[-1]: event.materialization.metadata
                for event in result.get_asset_materialization_events() if event.asset_key}  # fmt: skip
        assert list(told) == list(CHORES)
        assert told["partitions"]["report"].value.startswith("1 archived version")
        assert told["partitions"]["table"].value.records[0].data["version"] == away
        assert told["partitions"]["is_dry_run"].value is bool(config)
        assert len(instance.get_dynamic_partitions(LISTED)) == listed


def test_it_runs_every_night_and_no_song_waits_for_it() -> None:
    assert [schedule.cron_schedule for schedule in SCHEDULES if schedule.name == "keep_house"] == ["40 3 * * *"]
    assert HOUSEKEEPING_JOB.name == "housekeeping"
    made = build_defs().resolve_job_def(COMPOSE.name).asset_layer.executable_asset_keys
    assert not [key for key in made if key.path[0] == GROUP]


def test_an_unknown_chore_is_an_error(studio: Studio, instance: dg.DagsterInstance) -> None:
    with pytest.raises(KeyError):
        do("dusting", studio, instance)
