"""The registry: opened by anybody at any time, migrated once, and able to say what exists and what is near."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import manifest_of
from sqlalchemy import bindparam, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from musicgen_assets.context.failures import BadInput, Failure, PermanentFailure, TransientFailure
from musicgen_assets.graph.declarations import BY_KEY, of_stage
from musicgen_assets.graph.manifest import Manifest
from resources.registry import HEAD, Base, Registry, Version, database, open_registry, queries
from resources.registry.models import Event, Usage, User, UtcTime
from resources.registry.rows import read_rows
from resources.settings import Settings
from support.teams import Team

Materialize = Callable[..., Manifest]


@pytest.mark.on_disk
def test_an_empty_place_becomes_a_current_registry(settings: Settings) -> None:
    registry = Registry(settings.registry_url)
    try:
        assert registry.revision() == HEAD
        with registry.engine.connect() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    finally:
        registry.close()


def test_the_head_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_can_be_taken_back(registry: Registry) -> None:
    from alembic import command

    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with registry.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    registry.migrate()
    assert registry.revision() == HEAD


def test_the_tables_suit_postgresql() -> None:
    statements = "".join(
        str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in Base.metadata.sorted_tables
    )
    for expected in ("JSONB", "TIMESTAMP WITH TIME ZONE", "seed BIGINT", "BIGSERIAL"):
        assert expected in statements


def test_the_indexes_of_the_specification_are_there(registry: Registry) -> None:
    found = inspect(registry.engine).get_indexes("compositions")
    first_columns = {index["column_names"][0] for index in found}
    assert {"user", "current_stage", "created_at"} <= first_columns


@pytest.mark.on_disk
def test_opening_a_current_registry_is_quick_and_loads_no_alembic(registry: Registry) -> None:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        Registry(registry.url).close()
        times.append(time.perf_counter() - started)
    assert min(times) < 0.05
    code = (
        "import sys; from resources.registry import Registry; Registry(sys.argv[1]).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, registry.url]).returncode == 0


OPENER = """
import sys
from resources.registry import HEAD, Registry
sys.stdin.readline()
registry = Registry(sys.argv[1])
sys.exit(registry.revision() != HEAD)
"""


@pytest.mark.on_disk
def test_many_processes_may_open_an_empty_one_at_once(settings: Settings) -> None:
    command = [sys.executable, "-c", OPENER, settings.registry_url]
    openers = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.close()
    assert [opener.wait(60) for opener in openers] == [0] * 4


@pytest.mark.on_disk
def test_it_is_opened_once_per_process_and_again_when_its_file_went(settings: Settings) -> None:
    first = open_registry(settings)
    assert open_registry(settings) is first
    first.close()
    for path in settings.home.glob("registry.db*"):
        path.unlink()
    second = open_registry(settings)
    assert second is not first
    assert second.revision() == HEAD
    second.close()


def test_one_made_by_a_newer_release_is_left_alone(registry: Registry) -> None:
    with registry.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(PermanentFailure, match="newer release"):
        Registry(registry.url)
    assert registry.revision() == "9999"


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_be_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="MUSICGEN_REGISTRY_URL") as caught:
        Registry(url)
    assert "sqlite:////PATH" in caught.value.way_out


def test_a_missing_driver_is_named_and_the_password_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg2'")

    monkeypatch.setattr(database, "create_engine", absent)
    with pytest.raises(PermanentFailure, match=r"musicgen-assets\[postgres\]") as caught:
        Registry("postgresql://me:secret@host/db")
    assert "secret" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PermanentFailure, match="Something else stands"):
        Registry(f"sqlite:///{tmp_path}/file/registry.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(PermanentFailure, match="Make the folder writable"):
        Registry(f"sqlite:///{tmp_path}/folder.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "registry.db").write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(PermanentFailure, match="damaged"):
        Registry(f"sqlite:///{tmp_path}/registry.db")


@pytest.mark.on_disk
@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        ("database is locked", TransientFailure, "stayed busy"),
        ("database or disk is full", PermanentFailure, "disk is full"),
        ("attempt to write a readonly database", PermanentFailure, "writable"),
        ("database disk image is malformed", PermanentFailure, "backup"),
        ("no such table: versions", PermanentFailure, "unexpected shape"),
        ("connection refused", TransientFailure, "did not answer"),
    ],
)
def test_what_the_database_says_becomes_a_clear_failure(
    said: str, expected: type[Failure], words: str, registry: Registry
) -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(expected, match=words) as caught, registry.session():
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError(said))
    assert caught.value.way_out


def test_a_transaction_is_whole_or_not_at_all(registry: Registry) -> None:
    def half() -> None:
        with registry.session() as session:
            queries.ensure_user(session, "ada")
            raise RuntimeError("broke")

    with pytest.raises(RuntimeError, match="broke"):
        half()
    with registry.session() as session:
        assert session.execute(text("SELECT count(*) FROM users")).scalar() == 0


KILLED = """
import os, signal, sys
from resources.registry import Registry
from resources.registry.queries import ensure_user
with Registry(sys.argv[1]).session() as session:
    ensure_user(session, "half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_in_mid_transaction_leaves_nothing_and_blocks_nobody(registry: Registry) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, registry.url]).returncode == -9
    with registry.session() as session:
        assert session.execute(text("SELECT count(*) FROM users")).scalar() == 0
        queries.ensure_user(session, "whole")


@pytest.mark.on_disk
def test_a_writer_that_waits_too_long_is_told_to_come_back(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.1)
    other = Registry(registry.url)

    def write() -> None:
        with other.session() as session:
            queries.ensure_user(session, "late")

    with registry.session() as holding:
        queries.ensure_user(holding, "first")
        with pytest.raises(TransientFailure, match="stayed busy"):
            write()
    write()
    other.close()


@pytest.mark.on_disk
@pytest.mark.parametrize(
    ("pragma", "words"),
    [("PRAGMA max_page_count=1", "disk is full"), ("PRAGMA query_only=ON", "Make the folder writable")],
)
def test_a_full_or_read_only_disk_is_said_and_what_was_there_is_kept(
    registry: Registry, version: Version, pragma: str, words: str
) -> None:
    def fill() -> None:
        with registry.session() as session:
            for number in range(200):
                queries.record_event(session, "filler", payload={"text": "x" * 500, "number": number})

    with registry.engine.connect() as connection:
        connection.exec_driver_sql(pragma)
    with pytest.raises(PermanentFailure, match=words):
        fill()
    registry.close()
    with registry.reading() as session:
        assert queries.get_version(session, version.partition).seed == 7
        assert session.query(Event).count() == 0


@pytest.mark.on_disk
def test_an_opener_waits_for_one_that_holds_the_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.home.mkdir()
    holder = sqlite3.connect(settings.home / "registry.db", isolation_level=None, check_same_thread=False)
    holder.execute("CREATE TABLE other (id)")
    holder.execute("BEGIN")
    holder.execute("SELECT * FROM other").fetchall()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.0)
    with pytest.raises(TransientFailure, match="stayed busy"):
        Registry(settings.registry_url)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 10.0)
    letting_go = threading.Timer(0.2, lambda: holder.execute("ROLLBACK"))
    letting_go.start()
    registry = Registry(settings.registry_url)
    assert registry.revision() == HEAD
    letting_go.join()
    holder.close()
    registry.close()


def test_a_reader_and_a_writer_do_not_wait_for_each_other(registry: Registry, version: Version) -> None:
    with registry.reading() as reading:
        before = len(queries.list_versions(reading, version.composition_id))
        with registry.session() as writing:
            queries.add_version(writing, version.composition_id, "r-2", 8)
        assert len(queries.list_versions(reading, version.composition_id)) == before
    with registry.reading() as reading:
        assert len(queries.list_versions(reading, version.composition_id)) == before + 1


def test_foreign_keys_hold(registry: Registry) -> None:
    with pytest.raises(IntegrityError), registry.session() as session:
        queries.add_composition(session, "lone-wolf-aaaaa", "nobody", None)


def test_times_are_utc_and_zoned(registry: Registry, version: Version) -> None:
    assert version.created_at.tzinfo is UTC
    with registry.reading() as session:
        stored = session.execute(text("SELECT created_at FROM versions")).scalar()
    is_text = registry.engine.dialect.name == "sqlite"
    assert stored == (version.created_at.isoformat(timespec="microseconds") if is_text else version.created_at)
    kind = UtcTime()
    dialect, pg = sqlite.dialect(), postgresql.dialect()
    there = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert kind.process_bind_param(there, dialect) == "2026-01-02T01:00:00.000000+00:00"
    assert kind.process_bind_param(there, pg) == there
    assert kind.process_result_value(there, pg) == there
    assert kind.process_bind_param(None, dialect) is None
    with pytest.raises(ValueError, match="no time zone"):
        kind.process_bind_param(datetime(2026, 1, 2), dialect)  # noqa: DTZ001


# --- versions -----------------------------------------------------------------------------------------------


def test_numbers_are_given_out_in_order_and_children_know_their_parent(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        second = queries.add_version(session, version.composition_id, "r-2", 8, parent=version, change={"a": 1})
        third = queries.add_version(session, version.composition_id, "r-3", 9, parent=version)
    assert [row.partition for row in (version, second, third)] == [f"sunny-river-k3f9a@v{n}" for n in (1, 2, 3)]
    assert version.parent_partition is None
    assert (second.parent_partition, third.parent_partition) == (version.partition, version.partition)
    with registry.reading() as session:
        assert queries.get_version(session, second.partition).change == {"a": 1}
        assert queries.resolve_version(session, "sunny-river-k3f9a").number == 3
        assert queries.resolve_version(session, "sunny-river-k3f9a@v2").number == 2


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("sunny-rivr-k3f9a@v1", "Did you mean sunny-river-k3f9a"),
        ("sunny-river-k3f9a@v7", "It has v1"),
        ("sunny-river-k3f9a@1", "COMPOSITION@vN"),
        ("sunny-river-k3f9a@v0", "COMPOSITION@vN"),
        ("zzzz@v1", "musicgen status"),
    ],
)
def test_an_unknown_version_is_refused_with_what_is_near(
    registry: Registry, version: Version, asked: str, words: str
) -> None:
    del version
    with registry.reading() as session:
        for call in (queries.get_version, queries.resolve_version):
            with pytest.raises(BadInput, match=words):
                call(session, asked)
        with pytest.raises(BadInput, match="no such composition"):
            queries.list_versions(session, "zzzz")
        with pytest.raises(BadInput, match="no such request"):
            queries.get_request(session, "r-none")


def test_lists_are_paged_newest_first_without_gaps_or_repeats(registry: Registry) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    with registry.session() as session:
        queries.ensure_user(session, "ada")
        queries.ensure_user(session, "bob")
        for number in range(7):
            row = queries.add_composition(session, f"song-{number}", "ada" if number != 3 else "bob", None)
            row.created_at = moment + timedelta(seconds=number // 2)  # pairs share a time
    seen: list[str] = []
    cursor = None
    with registry.reading() as session:
        while True:
            page = queries.list_compositions(session, limit=2, cursor=cursor)
            seen += [row.id for row in page.items]
            cursor = page.cursor
            if cursor is None:
                break
        assert seen == [f"song-{number}" for number in reversed(range(7))]
        assert [row.id for row in queries.list_compositions(session, user="bob").items] == ["song-3"]
        for wrong in ("yesterday", "2026-01-01T00:00:00~song-1", "2026-01-01T00:00:00+00:00~"):
            with pytest.raises(BadInput, match="no cursor"):
                queries.list_compositions(session, cursor=wrong)


def test_the_resolved_context_is_kept_and_names_an_untitled_composition(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        queries.record_context(session, version.partition, {"creative": {"title": "Summer"}})
        queries.record_context(session, version.partition, {"creative": {"title": "Winter"}})
    with registry.reading() as session:
        found = queries.get_version(session, version.partition)
        assert found.context == {"creative": {"title": "Winter"}}
        assert queries.get_composition(session, version.composition_id).title == "Summer"


# --- results and materializations -----------------------------------------------------------------------------

KEY = "k" * 64


def test_the_first_result_of_a_key_stands(registry: Registry, version: Version) -> None:
    first, second = manifest_of("mixing/mix", b"one"), manifest_of("mixing/mix", b"two")
    with registry.session() as session:
        assert queries.find_result(session, KEY) is None
        kept = queries.record_result(session, KEY, "mixing/mix", first, made_by=version.partition, seconds=2.0)
        again = queries.record_result(session, KEY, "mixing/mix", second, made_by="other@v1", seconds=9.0)
    assert kept.manifest == again.manifest == first
    assert (again.name, again.made_by_partition, again.seconds) == ("mixing/mix", version.partition, 2.0)


def test_replacing_a_result_keeps_what_older_versions_hold(registry: Registry, version: Version) -> None:
    first, second = manifest_of("mixing/mix", b"one"), manifest_of("mixing/mix", b"two")
    with registry.session() as session:
        queries.record_result(session, KEY, "mixing/mix", first, made_by=version.partition, seconds=2.0)
        queries.record_materialization(
            session, version.partition, "mixing/mix", key=KEY, content_hash=first.content_hash, carried_from=None,
            seconds=2.0,
        )  # fmt: skip
        for _ in range(2):
            queries.record_result(session, KEY, "mixing/mix", second, made_by="other@v1", seconds=1.0, replace=True)
    with registry.reading() as session:
        found = queries.find_result(session, KEY)
        assert found is not None
        assert found.manifest == second
        held = queries.latest_materialization(session, version.partition, "mixing/mix")
        assert held is not None
        assert held.manifest == first
    with pytest.raises(TransientFailure, match="another one"), registry.session() as session:
        queries.record_materialization(
            session, version.partition, "mixing/mix", key=KEY, content_hash=first.content_hash, carried_from=None,
            seconds=2.0,
        )  # fmt: skip


def test_a_materialization_needs_a_result_and_a_version(registry: Registry, version: Version) -> None:
    def record(partition: str) -> None:
        with registry.session() as session:
            queries.record_materialization(
                session, partition, "mixing/mix", key=KEY, content_hash="x", carried_from=None, seconds=0.0
            )

    with pytest.raises(TransientFailure, match="is gone"):
        record(version.partition)
    with pytest.raises(BadInput, match="no such composition"):
        record("nobody@v1")


def test_the_newest_materialization_counts_and_the_others_stay(
    registry: Registry, version: Version, materialize: Materialize
) -> None:
    partition = version.partition
    materialize(partition, "mixing/mix", "first")
    second = materialize(partition, "mixing/mix", "second", carried_from="older@v1", seconds=0.0)
    materialize(partition, "ideation/brief")
    materialize(partition, "extra/asset")
    with registry.reading() as session:
        known = queries.materializations_of(session, partition)
        assert list(known) == ["ideation/brief", "mixing/mix", "extra/asset"], "graph order, then the rest"
        assert known["mixing/mix"].manifest == second
        assert known["mixing/mix"].carried_from == "older@v1"
        assert known["mixing/mix"] == queries.latest_materialization(session, partition, "mixing/mix")
        assert queries.latest_materialization(session, partition, "mastering/master") is None
        history = queries.materialization_history(session, partition, "mixing/mix")
        assert [row.carried_from for row in history] == [None, "older@v1"]


def test_the_usual_time_is_the_median_of_what_was_computed(
    registry: Registry, version: Version, materialize: Materialize
) -> None:
    for number, seconds in enumerate((1.0, 9.0, 3.0)):
        materialize(version.partition, "mixing/mix", str(number), seconds=seconds)
    materialize(version.partition, "mixing/mix", "carried", carried_from="older@v1", seconds=0.0)
    with registry.reading() as session:
        assert queries.typical_seconds(session, "mixing/mix") == 3.0
        assert queries.typical_seconds(session, "mixing/other") is None


def test_stage_states_follow_the_materializations_and_can_be_rebuilt(
    registry: Registry, version: Version, materialize: Materialize
) -> None:
    partition = version.partition
    with registry.reading() as session:
        assert queries.stage_states_of(session, partition) == {}
    for asset in ("ideation/brief", "ideation/enhanced_prompt"):
        materialize(partition, asset, seconds=2.0)
    with registry.reading() as session:
        assert {stage: row.state for stage, row in queries.stage_states_of(session, partition).items()} == {
            "ideation": "running"
        }
    for declaration in of_stage("composition"):
        materialize(partition, declaration.key, seconds=2.0)
    with registry.session() as session:
        kept = {stage: (row.state, row.seconds, row.started_at, row.finished_at)
                for stage, row in queries.stage_states_of(session, partition).items()}  # fmt: skip
        session.execute(text("DELETE FROM stage_states"))
    with registry.session() as session:
        rebuilt = queries.rebuild_stage_states(session, partition)
        assert {stage: rebuilt[stage].state for stage in rebuilt} == {
            "ideation": "running", "composition": "done", "arrangement": "pending", "production": "pending",
            "mixing": "pending", "mastering": "pending", "finalization": "pending",
        }  # fmt: skip
        for stage, facts in kept.items():
            row = rebuilt[stage]
            assert (row.state, row.seconds, row.started_at, row.finished_at) == facts
        assert rebuilt["composition"].seconds == 2.0 * len(of_stage("composition"))
        assert rebuilt["composition"].finished_at is not None
        assert rebuilt["mixing"].started_at is None


# --- history ---------------------------------------------------------------------------------------------------


def test_events_are_read_in_order_from_where_one_left_off(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        ids = [queries.record_event(session, f"kind.{n}", composition_id=version.composition_id).id for n in range(3)]
        queries.record_event(session, "other", payload={"of": "nobody"})
    with registry.reading() as session:
        assert [row.kind for row in queries.events_of(session, version.composition_id)] == [
            "kind.0",
            "kind.1",
            "kind.2",
        ]
        assert [row.id for row in queries.events_of(session, version.composition_id, after=ids[0])] == ids[1:]


def test_a_waiver_needs_a_known_check_somebody_and_a_reason(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        for check, who, why in (("nonsense", "ada", "because"), ("loudness", "ada", " "), ("loudness", "", "because")):
            with pytest.raises(BadInput):
                queries.add_waiver(session, version.partition, check, who, why)
        queries.add_waiver(session, version.partition, "loudness", "ada", "quiet on purpose")
        queries.add_waiver(session, version.partition, "key", "ada", "modal")
        queries.add_waiver(session, version.partition, "loudness", "bob", " very quiet ")
    with registry.reading() as session:
        rows = queries.waivers_of(session, version.partition)
        assert [(row.check, row.who, row.why) for row in rows] == [
            ("loudness", "bob", "very quiet"), ("key", "ada", "modal"),
        ]  # fmt: skip
        kinds = [row.kind for row in queries.events_of(session, version.composition_id)]
        assert kinds == ["version.waived"] * 3


def test_a_paid_call_is_in_the_ledger_before_during_and_after(registry: Registry, version: Version) -> None:
    with registry.session() as session:
        attempt = queries.plan_attempt(session, version.partition, "song", "suno", key=KEY, estimate_usd="0.10")
    with registry.reading() as session:
        pending = queries.open_attempt(session, KEY)
        assert pending is not None
        assert (pending.id, pending.status, pending.provider_job_id) == (attempt.id, "planned", None)
    with registry.session() as session:
        queries.attempt_submitted(session, attempt.id, "job-7")
    with registry.reading() as session:
        pending = queries.open_attempt(session, KEY)
        assert pending is not None
        assert (pending.status, pending.provider_job_id) == ("submitted", "job-7")
    with registry.session() as session:
        queries.attempt_finished(session, attempt.id, "succeeded", cost_usd="0.12")
    with registry.reading() as session:
        assert queries.open_attempt(session, KEY) is None
        (row,) = queries.attempts_of(session, version.partition)
        assert (row.status, row.cost_usd, row.estimate_usd) == ("succeeded", "0.12", "0.10")
        assert row.created_at <= row.submitted_at <= row.finished_at  # type: ignore[operator]


@pytest.mark.parametrize("amount", ["free", "NaN", "-1", "Infinity", ""])
def test_money_is_a_decimal_number(registry: Registry, version: Version, amount: str) -> None:
    with registry.session() as session, pytest.raises(BadInput, match="amount of money"):
        queries.plan_attempt(session, version.partition, "song", "suno", key=KEY, estimate_usd=amount)


def test_an_unknown_attempt_is_refused(registry: Registry) -> None:
    with registry.session() as session, pytest.raises(BadInput, match="no such attempt"):
        queries.attempt_submitted(session, 99, "job")


def test_usage_is_noted_for_users_not_met_before(registry: Registry) -> None:
    with registry.session() as session:
        queries.record_usage(session, "ada", "render_seconds", 12.5, cost_usd="1E-2")
    with registry.reading() as session:
        row = session.scalars(select(Usage)).one()
        assert (row.user, row.quantity, row.cost_usd) == ("ada", 12.5, "0.01")


def test_every_declared_asset_has_a_place_in_the_lists(
    registry: Registry, version: Version, materialize: Materialize
) -> None:
    for asset in BY_KEY:
        materialize(version.partition, asset)
    with registry.reading() as session:
        assert list(queries.materializations_of(session, version.partition)) == list(BY_KEY)
        states = queries.stage_states_of(session, version.partition)
        assert [row.state for row in states.values()] == ["done"] * 7
        told = [row.kind for row in queries.events_of(session, version.composition_id)]
        assert (told.count("asset.made"), told.count("stage.completed")) == (len(BY_KEY), 7)


# PostgreSQL's own


@pytest.mark.parametrize(
    ("said", "expected", "words"),
    [
        ("connection to server failed: Connection refused. Is the server running?", TransientFailure, "server is up"),
        ("terminating connection due to administrator command", TransientFailure, "server is up"),
        ("the database system is starting up", TransientFailure, "server is up"),
        ("deadlock detected", TransientFailure, "again"),
        ('FATAL: password authentication failed for user "ada"', PermanentFailure, "password"),
        ('FATAL: database "music" does not exist', PermanentFailure, "deploy/README.md"),
        ('FATAL: role "ada" does not exist', PermanentFailure, "deploy/README.md"),
        ("permission denied for table versions", PermanentFailure, "rights"),
        ("could not extend file: No space left on device", PermanentFailure, "space"),
        ('could not translate host name "nowhere" to address', PermanentFailure, "host"),
        ('relation "versions" does not exist', PermanentFailure, "backup"),
    ],
)
def test_what_postgresql_says_becomes_a_clear_failure(said: str, expected: type[Failure], words: str) -> None:
    failure = database.database_failure(said, "postgresql://ada:secret@host/music", "The registry")
    assert type(failure) is expected
    assert words in failure.way_out
    assert "secret" not in str(failure)


@pytest.mark.xdist_group("team")
def test_the_schema_in_postgresql_is_the_models(team: Team) -> None:
    with team.place() as environment:
        registry = Registry(environment["MUSICGEN_REGISTRY_URL"])
        with registry.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        registry.close()


@pytest.mark.xdist_group("team")
def test_a_server_that_is_away_is_a_reason_to_try_again_and_a_missing_database_is_not(team: Team) -> None:
    with pytest.raises(PermanentFailure, match="does not exist"):
        Registry(team.database.url("nowhere"))
    with pytest.raises(TransientFailure, match="refused"):
        Registry("postgresql://ada:secret@127.0.0.1:1/music")


def test_in_one_view_all_is_read_as_of_one_moment(registry: Registry, version: Version) -> None:
    def states() -> tuple[int, str]:
        with registry.reading() as first:
            users = first.scalar(select(func.count()).select_from(User)) or 0
        with registry.reading() as second:
            return users, queries.get_version(second, version.partition).state

    with registry.one_view():
        before = states()
        with ThreadPoolExecutor(1) as other:
            other.submit(_changes, registry, version.partition).result()
            assert other.submit(states).result() == (before[0] + 1, "mixing")  # other threads have views of their own
        assert states() == before
    assert states() == (before[0] + 1, "mixing")
    with pytest.raises(BadInput), registry.one_view(), registry.reading() as session:
        queries.get_version(session, "nobody@v1")
    assert states() == (before[0] + 1, "mixing")


def _changes(registry: Registry, partition: str) -> None:
    with registry.session() as session:
        queries.ensure_user(session, "late")
        queries.get_version(session, partition).state = "mixing"


def test_rows_are_read_with_what_was_added_before(registry: Registry) -> None:
    with registry.session() as session:
        session.add(User(id="ada"))
        assert read_rows(session, select(User.id).where(User.id == bindparam("name")), name="ada").scalar() == "ada"
