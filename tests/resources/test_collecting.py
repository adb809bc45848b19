"""Garbage: what a version needs is never freed, at whatever moment it began to need it; all else goes, in its time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from resources import leases
from resources.door import submit
from resources.housekeeping import collecting
from resources.housekeeping.collecting import Collected, collect
from resources.housekeeping.survey import needed_objects
from resources.lifecycle import _erase
from resources.registry import Garbage, Registry, Result, Version, queries, utc_now
from resources.registry.compositions import list_versions
from resources.registry.garbage import named_objects
from resources.settings import Settings
from resources.state_machine import transition
from resources.store import ArtifactStore

Make = Callable[..., Manifest]
TASK = "module:function"


@pytest.fixture
def store(settings: Settings) -> ArtifactStore:
    return ArtifactStore(settings.artifacts_url)


@pytest.fixture
def make(registry: Registry, store: ArtifactStore) -> Make:
    """An asset (or the result of a task, where no asset is named) of a version, its objects in the store."""

    def made(partition: str, asset: str | None, *contents: str, carried: bool = False) -> Manifest:
        kept = [store.put(text.encode()) for text in contents]
        roles = [StoredRole.of(Ref(f"role{n}", "text/plain", sha, size)) for n, (sha, size) in enumerate(kept)]
        manifest = Manifest(asset=asset or TASK, content=tuple(roles))
        key = hashlib.sha256(f"{asset} {contents}".encode()).hexdigest()
        with registry.session() as session:
            if not carried:
                queries.record_result(
                    session, key, manifest.asset, manifest, made_by=partition, seconds=1.0, is_there=store.has
                )
            if asset is not None:
                queries.record_materialization(
                    session, partition, asset, key=key, content_hash=manifest.content_hash, carried_from=None,
                    seconds=1.0, is_there=store.has,
                )  # fmt: skip
        return manifest

    return made


def song(registry: Registry, settings: Settings, **fields: object) -> str:
    request = CompositionRequest.model_validate({"prompt": "solo piano", **fields})
    return submit(registry, request, settings).partition


def erase(registry: Registry, partition: str) -> None:
    """As deleting its composition does."""
    with registry.session() as session:
        _erase(session, list_versions(session, partition.partition("@")[0]), is_whole=True)


def there(store: ArtifactStore) -> set[str]:
    return {store.get(name).decode() for name, _ in store.objects()}


def patient(registry: Registry, store: ArtifactStore) -> Collected:
    return collect(registry, store, 3600.0)


def impatient(registry: Registry, store: ArtifactStore) -> Collected:
    return collect(registry, store, 0.0)


def begin(registry: Registry, partition: str) -> None:
    leases.begin(registry, partition, "run-1")


def test_what_a_version_has_stays_and_what_a_deleted_one_had_goes(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    one, other = song(registry, settings), song(registry, settings)
    make(one, "composition/melody", "mine", "shared")
    make(one, None, "a task of mine")
    make(other, "composition/melody", "theirs", "shared")
    make(other, None, "a task of theirs")
    assert impatient(registry, store).marked == 0
    erase(registry, other)
    first, second = impatient(registry, store), impatient(registry, store)
    assert (first.marked, first.freed, first.waiting, first.results_forgotten) == (2, 0, 2, 2)
    assert (second.marked, second.freed, second.waiting) == (0, 2, 0)
    assert second.freed_bytes == len("theirs") + len("a task of theirs")
    assert there(store) == {"mine", "shared", "a task of mine"}
    assert impatient(registry, store).freed == 0


def test_what_was_bought_stays_as_long_as_any_song_stands_on_a_part_of_it(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    """Whoever asked first may be gone: the same must not be bought again by the others."""
    first, other = song(registry, settings), song(registry, settings)
    make(first, "full_song@kie", "the song", "its delivery")
    make(other, "production/take", "the song", carried=False)
    erase(registry, first)
    patient(registry, store)
    impatient(registry, store)
    assert {"the song", "its delivery"} <= there(store)
    with registry.reading() as session:
        assert session.scalars(select(Result.name).where(Result.name == "full_song@kie")).all()
    erase(registry, other)
    patient(registry, store)
    impatient(registry, store)
    assert there(store) == set()


def test_nothing_goes_before_its_time(registry: Registry, settings: Settings, store: ArtifactStore, make: Make) -> None:
    partition = song(registry, settings)
    make(partition, "composition/melody", "gone")
    erase(registry, partition)
    assert patient(registry, store).marked == 1
    assert patient(registry, store).freed == 0
    with registry.session() as session:
        session.execute(update(Garbage).values(marked_at=utc_now() - timedelta(hours=2)))
    assert patient(registry, store).freed == 1


def test_a_dry_run_tells_what_would_go_and_changes_nothing(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    partition = song(registry, settings)
    make(partition, "composition/melody", "gone")
    erase(registry, partition)
    assert collect(registry, store, 0.0, is_dry=True).marked == 1
    assert impatient(registry, store).marked == 1, "the dry run had marked it"
    assert collect(registry, store, 0.0, is_dry=True).freed == 1
    assert impatient(registry, store).freed == 1


def test_an_archived_song_keeps_what_it_is_made_of_and_no_more(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    partition = song(registry, settings)
    make(partition, "composition/melody", "first try")
    make(partition, "composition/melody", "melody")
    make(partition, None, "a task")
    impatient(registry, store)
    impatient(registry, store)
    assert there(store) == {"first try", "melody", "a task"}, "the next revision takes tasks over"
    with registry.session() as session:
        for state in ("cancelled", "archived"):
            transition(session, queries.get_version(session, partition), state)
    impatient(registry, store)
    impatient(registry, store)
    assert there(store) == {"melody"}
    assert queries_history(registry, partition) == 2, "what was made before is history still"


def queries_history(registry: Registry, partition: str) -> int:
    with registry.reading() as session:
        return len(queries.materialization_history(session, partition, "composition/melody"))


def marked_melody(registry: Registry, settings: Settings, store: ArtifactStore, make: Make) -> None:
    """An object that the only song which needed it has left behind, marked by one collection."""
    one = song(registry, settings)
    make(one, "composition/melody", "melody")
    erase(registry, one)
    impatient(registry, store)


def test_what_a_request_names_by_hash_stays_with_its_version(
    registry: Registry, settings: Settings, store: ArtifactStore
) -> None:
    sha256, _ = store.put(b"an upload")
    impatient(registry, store)
    partition = song(registry, settings, overrides={"creative.inspiration": f"like {sha256}"})
    impatient(registry, store)
    impatient(registry, store)
    assert there(store) == {"an upload"}, "asking for it took the mark off"
    erase(registry, partition)
    impatient(registry, store)
    impatient(registry, store)
    assert there(store) == set()
    assert named_objects({"a": [sha256, "f" * 63], "b": {"c": f"x{sha256}"}}) == [sha256]


def test_who_needs_a_marked_object_takes_the_mark_off(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    marked_melody(registry, settings, store, make)
    make(song(registry, settings), "composition/melody", "melody")
    assert impatient(registry, store).freed == 0
    assert there(store) == {"melody"}


def test_what_comes_to_be_needed_while_the_survey_is_read_stays(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The survey says that nobody needs it; a moment later somebody does, and only then the sweep begins."""
    marked_melody(registry, settings, store, make)
    other = song(registry, settings)
    real = collecting.survey

    def overtaken(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        make(other, "composition/melody", "melody")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(collecting, "survey", overtaken)
        assert impatient(registry, store).freed == 0
    impatient(registry, store)
    assert impatient(registry, store).freed == 0
    assert there(store) == {"melody"}


def test_what_was_stored_before_it_was_freed_and_written_down_after_is_made_again(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked_melody(registry, settings, store, make)
    other = song(registry, settings)

    def put_then_swept(data: bytes) -> tuple[str, int]:
        kept = ArtifactStore.put(store, data)  # there already: nothing is written
        impatient(registry, store)
        return kept

    with monkeypatch.context() as patched:
        patched.setattr(store, "put", put_then_swept)
        with pytest.raises(TransientFailure, match="freed"):
            make(other, "composition/melody", "melody")
    make(other, "composition/melody", "melody")
    impatient(registry, store)
    impatient(registry, store)
    assert there(store) == {"melody"}


def test_nothing_goes_from_under_a_run_that_is_older_than_the_mark(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    one, other = song(registry, settings), song(registry, settings)
    make(one, None, "a task")
    begin(registry, other)
    erase(registry, one)
    for _ in range(3):
        assert (found := impatient(registry, store)).freed == 0
        assert found.held_back_since is not None
    assert there(store) == {"a task"}
    with registry.session() as session:
        session.delete(leases.lease_of(session, queries.get_version(session, other)))
    assert impatient(registry, store).freed == 1


def test_a_run_that_began_later_holds_up_nothing(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    one, other = song(registry, settings), song(registry, settings)
    make(one, None, "a task")
    erase(registry, one)
    impatient(registry, store)
    with registry.reading() as session:
        assert session.scalars(select(Result)).all() == [], "nobody can take over what is about to go"
    begin(registry, other)
    assert impatient(registry, store).freed == 1


def test_a_sweep_that_broke_off_is_gone_on_with(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = song(registry, settings), song(registry, settings)
    make(one, "composition/melody", "a", "b", "c")
    erase(registry, one)
    impatient(registry, store)
    real = store.remove

    def broken(names: object) -> None:
        real(list(names)[:1])  # type: ignore[call-overload]
        raise TransientFailure("the disk went away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "remove", broken)
        with pytest.raises(TransientFailure):
            impatient(registry, store)
    assert len(there(store)) == 2
    kept = [Ref(t, "text/plain", hashlib.sha256(t.encode()).hexdigest(), 1) for t in "abc"]
    manifest = Manifest(asset=TASK, content=tuple(map(StoredRole.of, kept)))
    with pytest.raises(TransientFailure, match="freed"), registry.session() as session:
        queries.record_result(session, "k" * 64, TASK, manifest, made_by=other, seconds=1.0, is_there=store.has)
    assert impatient(registry, store).freed == 2
    assert there(store) == set()


def test_both_users_of_a_shared_object_need_it(
    registry: Registry, settings: Settings, store: ArtifactStore, make: Make
) -> None:
    for user in ("ada", "bob"):
        make(song(registry, settings, user=user), "composition/melody", "shared", f"{user}'s own")
    needed = needed_objects(registry, has_users=True)
    shared = hashlib.sha256(b"shared").digest()
    assert {user for user, names in needed.by_user.items() if shared in names} == {"ada", "bob"}
    assert [len(needed.by_user[user]) for user in ("ada", "bob")] == [2, 2]
    with registry.reading() as session:
        assert session.scalars(select(Version.partition)).all()
