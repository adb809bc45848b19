"""A composition taken from one home to another is what it was, can be revised there, and nothing hostile gets in."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.soak.symbolic import composed, symbolic_studio
from musicgen_assets.cli import main
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.request import CompositionRequest, RevisionRequest
from resources.door import finish_request, submit
from resources.housekeeping.collecting import collect
from resources.lifecycle import restore
from resources.registry import Composition, Request, Result, Version, queries
from resources.registry.erasing import erase_versions
from resources.state_machine import transition
from resources.studio import Studio
from resources.trees import unpacking
from resources.trees.archive import TREE_MAX_BYTES
from resources.trees.packing import export_tree
from resources.trees.unpacking import import_tree

Files = list[tuple[tarfile.TarInfo, bytes]]
Spoil = Callable[[Files], Any]
EDIT = {"musical.key": "Eb"}


def rest(studio: Studio, partition: str) -> None:
    """As a version that stopped after its arrangement."""
    with studio.registry.session() as session:
        version = queries.get_version(session, partition)
        request_id = version.request_id
        for state in ("composition", "arrangement", "waiting_for_approval"):
            transition(session, version, state, "as asked")
    finish_request(studio.registry, request_id, "waiting")


def make(studio: Studio, request: CompositionRequest | RevisionRequest) -> tuple[str, dict[str, Any]]:
    partition, _, roles = composed(studio, request)
    rest(studio, partition)
    return partition, roles


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with symbolic_studio(tmp_path_factory.mktemp("source")) as studio:
        yield studio


@pytest.fixture(scope="module")
def song(source: Studio) -> str:
    """Three versions, the third made from the first and archived, with a waiver and an upload that a request names."""
    upload, _ = source.store.put(b"an upload")
    asked = CompositionRequest(
        prompt="solo piano", seed=7, user="ada", idempotency_key="a key", until="arrangement",
        overrides={"technical.duration_s": 30.0, "creative.inspiration": f"like {upload}"},
    )  # fmt: skip
    first, _ = make(source, asked)
    make(source, RevisionRequest(version=first, rerolls=("melody",), until="arrangement"))
    third, _ = make(source, RevisionRequest(version=first, overrides=EDIT, until="arrangement"))
    with source.registry.session() as session:
        queries.add_waiver(session, third, "loudness", "ada", "it is meant so")
        transition(session, queries.get_version(session, third), "archived")
    return first.partition("@")[0]


@pytest.fixture(scope="module")
def file(source: Studio, song: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_tree(source.registry, source.store, song, tmp_path_factory.mktemp("file") / "song.tar").path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Studio]:
    with symbolic_studio(tmp_path / "target") as studio:
        yield studio


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Where nothing ever gets in."""
    with symbolic_studio(tmp_path_factory.mktemp("empty")) as studio:
        yield studio


def members(file: Path) -> Files:
    with tarfile.open(file) as archive:
        return [(member, archive.extractfile(member).read()) for member in archive]  # type: ignore[union-attr]


def packed(files: Files, path: Path, **options: Any) -> Path:
    with tarfile.open(path, **{"mode": "w", "format": tarfile.USTAR_FORMAT, **options}) as archive:
        for member, data in files:
            archive.addfile(member, io.BytesIO(data))
    return path


def is_empty(studio: Studio) -> bool:
    with studio.registry.reading() as session:
        return not any(
            session.scalar(select(func.count()).select_from(t)) for t in (Composition, Version, Request, Result)
        )


def test_the_same_composition_gives_the_same_bytes_wherever_it_is(
    source: Studio, song: str, file: Path, target: Studio, tmp_path: Path
) -> None:
    again = export_tree(source.registry, source.store, song, tmp_path / "again.tar")
    assert again.path.read_bytes() == file.read_bytes()
    taken = import_tree(target, file, "bob")
    assert taken.partitions == tuple(f"{song}@v{n}" for n in (1, 2, 3))
    there = export_tree(target.registry, target.store, song, tmp_path / "there.tar")
    assert there.path.read_bytes() == file.read_bytes()


def test_who_asked_and_under_which_key_stays_at_home(file: Path, target: Studio, song: str) -> None:
    text = members(file)[0][1].decode()
    assert "ada" not in text.replace('"who":"ada"', "")
    assert "a key" not in text
    import_tree(target, file, "bob")
    with target.registry.reading() as session:
        assert queries.get_composition(session, song).user == "bob"
        assert {row.user for row in session.scalars(select(Request))} == {"bob"}


def test_tree_states_and_waivers_are_as_they_were(file: Path, target: Studio, song: str) -> None:
    import dagster as dg

    import_tree(target, file)
    with target.registry.reading() as session:
        rows = queries.list_versions(session, song)
        assert [(row.number, row.parent_partition, row.state) for row in rows] == [
            (1, None, "waiting_for_approval"), (2, f"{song}@v1", "waiting_for_approval"), (3, f"{song}@v1", "archived"),
        ]  # fmt: skip
        assert queries.waivers_of(session, f"{song}@v3")[0].why == "it is meant so"
        states = queries.stage_states_of(session, f"{song}@v1")
        assert [states[stage].state for stage in ("ideation", "arrangement", "mixing")] == ["done", "done", "pending"]
    with dg.DagsterInstance.ephemeral() as instance:
        restore(target, f"{song}@v3", instance)
    with target.registry.reading() as session:
        assert queries.get_version(session, f"{song}@v3").state == "waiting_for_approval"


def test_it_is_revised_there_as_it_would_be_at_home(file: Path, target: Studio, source: Studio, song: str) -> None:
    import_tree(target, file)
    edit = RevisionRequest(version=f"{song}@v2", rerolls=("bass_line",), until="arrangement")
    there, theirs = make(target, edit)
    here, mine = make(source, edit)
    assert (there, theirs) == (here, mine)
    with target.registry.reading() as session:
        made = queries.materializations_of(session, there)
    assert made["composition/melody"].carried_from == f"{song}@v2", "what the edit does not touch is not made again"
    with source.registry.session() as session:
        version = queries.get_version(session, here)
        erase_versions(session, [version])  # the others look at the song as it was
        queries.get_composition(session, song).next_version = 4
        first = queries.list_versions(session, song)[-1]
        queries.get_composition(session, song).state = first.state


def test_what_was_taken_over_is_needed_and_what_broke_off_is_garbage(
    file: Path, target: Studio, song: str, tmp_path: Path
) -> None:
    broken = members(file)
    broken[-1] = (broken[-1][0], broken[-1][1][:-1] + b"x")
    with pytest.raises(BadInput, match="hashes to"):
        import_tree(target, packed(broken, tmp_path / "broken.tar"))
    assert is_empty(target)
    assert list(target.store.objects()), "objects that came before the broken one were stored"
    for _ in range(2):
        collect(target.registry, target.store, 0.0)
    assert list(target.store.objects()) == []
    import_tree(target, file)
    for _ in range(2):
        assert collect(target.registry, target.store, 0.0).freed == 0
    assert len(list(target.store.objects())) == len(broken) - 1


def test_its_results_are_no_answer_for_other_songs(file: Path, source: Studio, target: Studio) -> None:
    """An archive from elsewhere must not decide what a request made here yields."""
    with source.registry.reading() as session:
        known = set(session.scalars(select(Result.key)))
    import_tree(target, file)
    with target.registry.reading() as session:
        assert known.isdisjoint(session.scalars(select(Result.key)))


def test_what_is_here_already_is_not_written_over(file: Path, target: Studio, tmp_path: Path) -> None:
    import_tree(target, file)
    with pytest.raises(BadInput, match="here already"):
        import_tree(target, file)

    def rename(tree: dict[str, Any]) -> None:
        tree["composition"] = "other-song-aaaaa"

    with pytest.raises(BadInput, match="of another composition"):
        import_tree(target, retold(file, tmp_path, rename))


def test_what_is_being_made_is_not_exported(target: Studio, tmp_path: Path) -> None:
    partition = submit(target.registry, CompositionRequest(prompt="solo piano"), target.settings).partition
    with pytest.raises(BadInput, match="being made"):
        export_tree(target.registry, target.store, partition.partition("@")[0], tmp_path / "x.tar")
    (tmp_path / "there.tar").touch()
    with pytest.raises(BadInput, match="there already"):
        export_tree(target.registry, target.store, partition.partition("@")[0], tmp_path / "there.tar")
    assert [path.name for path in tmp_path.glob("*.tar*")] == ["there.tar"]


def test_a_full_disk_is_said_before_anything_is_stored(
    file: Path, target: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "free_bytes", lambda path: 1000)
    with pytest.raises(PermanentFailure, match="1,000 are free"):
        import_tree(target, file)
    assert list(target.store.objects()) == []


def entry(name: str, data: bytes = b"x", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, data


HOSTILE: dict[str, tuple[Spoil, str]] = {
    "a path out": (lambda files: files.append(entry("../../etc/cron.d/x")), "does not list"),
    "an absolute path": (lambda files: files.append(entry("/etc/passwd")), "does not list"),
    "a path out under objects": (lambda files: files.append(entry("objects/../../x")), "does not list"),
    "a link": (lambda files: files.append(entry("x", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")), "plain"),
    "a hard link": (lambda files: files.append(entry("x", b"", type=tarfile.LNKTYPE, linkname="tree.json")), "plain"),
    "a device": (lambda files: files.append(entry("objects/x", b"", type=tarfile.CHRTYPE)), "plain"),
    "a folder": (lambda files: files.append(entry("objects", b"", type=tarfile.DIRTYPE)), "plain"),
    "an object nobody lists": (lambda files: files.append(entry(f"objects/{'a' * 64}")), "does not list"),
    "an object twice": (lambda files: files.append(files[-1]), "lists once"),
    "an object missing": (lambda files: files.pop(), "missing"),
    "an object longer": (lambda files: files.append(entry(files.pop()[0].name, b"longer")), "says otherwise"),
    "no tree": (lambda files: files.pop(0), "not 'tree.json'"),
    "nothing": (lambda files: files.clear(), "not 'tree.json'|no whole archive"),
    "a tree that is no JSON": (lambda files: files.__setitem__(0, entry("tree.json", b"{")), "cannot be read"),
    "a tree too deep": (lambda files: files.__setitem__(0, entry("tree.json", b"[" * 100_000)), "cannot be read"),
    "a field twice": (lambda files: files.__setitem__(0, entry("tree.json", b'{"a":1,"a":1}')), "twice"),
    "no number": (lambda files: files.__setitem__(0, entry("tree.json", b'{"a":NaN}')), "no number"),
    "no text": (lambda files: files.__setitem__(0, entry("tree.json", b"\xff\xfe")), "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(name: str, file: Path, empty: Studio, tmp_path: Path) -> None:
    spoil, rule = HOSTILE[name]
    files = members(file)
    spoil(files)
    with pytest.raises(BadInput, match=rule) as refused:
        import_tree(empty, packed(files, tmp_path / "hostile.tar"))
    assert refused.value.field == "FILE"
    assert is_empty(empty)


def retold(file: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    files = members(file)
    tree = json.loads(files[0][1])
    change(tree)
    files[0] = entry("tree.json", json.dumps(tree).encode())
    return packed(files, folder / "retold.tar")


def _deep(tree: dict[str, Any], *way: Any) -> Any:
    for step in way:
        tree = tree[step]
    return tree


LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another format": (lambda tree: tree.update(format_version=2), "format_version"),
    "a field too many": (lambda tree: tree.update(user="root"), "user"),
    "a name that is a path": (lambda tree: tree.update(composition="../../x"), "composition"),
    "a title of control signs": (lambda tree: tree.update(title="a\x1b[2J"), "title"),
    "a parent that comes later": (lambda tree: _deep(tree, "versions", 0).update(parent=3), "before its parent"),
    "a parent of its own": (lambda tree: _deep(tree, "versions", 1).update(parent=2), "before its parent"),
    "a number twice": (lambda tree: _deep(tree, "versions", 2).update(number=2), "out of order"),
    "a next number that is taken": (lambda tree: tree.update(next_version=3), "is taken"),
    "no versions": (lambda tree: tree.update(versions=[]), "versions"),
    "a version in the making": (lambda tree: _deep(tree, "versions", 0).update(state="mixing"), "at rest"),
    "a state there is not": (lambda tree: _deep(tree, "versions", 0).update(state="wonderful"), "at rest"),
    "a context that is none": (lambda tree: _deep(tree, "versions", 0, "context").update(musical=7), "musical"),
    "a request without a prompt": (lambda tree: _deep(tree, "versions", 0, "asked", "payload").pop("prompt"), "prompt"),
    "a base that is none": (
        lambda tree: _deep(tree, "versions", 1, "asked", "payload", "revision").update(base={"x": 1}), "payload|asked",
    ),
    "an asset twice": (lambda tree: tree["versions"][0]["made"].append(tree["versions"][0]["made"][0]), "twice"),
    "a manifest of another": (
        lambda tree: _deep(tree, "versions", 0, "made", 1, "manifest").update(asset="mixing/mix"), "says mixing/mix",
    ),
    "an asset that is a path": (lambda tree: _deep(tree, "versions", 0, "made", 0).update(asset="../x"), "asset"),
    "an object it does not hold": (
        lambda tree: _deep(tree, "versions", 0, "made", 0, "manifest", "content", 0).update(sha256="b" * 64), "not in",
    ),
    "a size that is not": (
        lambda tree: _deep(tree, "versions", 0, "made", 0, "manifest", "content", 0).update(size_bytes=1), "size",
    ),
    "more than it can hold": (
        lambda tree: tree["objects"].update(dict.fromkeys(list(tree["objects"])[:1], 2**31)), "size|more than",
    ),
    "an object for nobody": (lambda tree: tree["objects"].update({"c" * 64: 1}), "belong to no version"),
    "one request for two": (
        lambda tree: _deep(tree, "versions", 1, "asked").update(id=tree["versions"][0]["asked"]["id"]), "one request",
    ),
    "a time without a zone": (lambda tree: tree.update(created_at="2026-01-01T00:00:00"), "created_at"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_tree_that_cannot_be_is_refused_and_leaves_nothing(
    name: str, file: Path, empty: Studio, tmp_path: Path
) -> None:
    change, rule = LIES[name]
    before = set(empty.store.objects())
    with pytest.raises(BadInput, match=rule):
        import_tree(empty, retold(file, tmp_path, change))
    assert is_empty(empty)
    assert set(empty.store.objects()) == before


def test_bombs_and_cut_files_are_refused(file: Path, empty: Studio, tmp_path: Path) -> None:
    bomb = packed(members(file), tmp_path / "bomb.tar.gz", mode="w:gz", format=tarfile.USTAR_FORMAT)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    lying = tmp_path / "lying.tar"
    member, _ = entry("tree.json")
    member.size = TREE_MAX_BYTES + 1
    lying.write_bytes(member.tobuf(tarfile.USTAR_FORMAT) + b"{" * 2048)
    headers = tmp_path / "headers.tar"
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 1 << 30
    with headers.open("wb") as sparse:
        sparse.write(member.tobuf(tarfile.USTAR_FORMAT))
        sparse.truncate(1 << 31)
    for path, rule in ((bomb, "no whole archive"), (cut, "holds more than it can"), (lying, "are allowed"),
                       (headers, "no whole archive"), (tmp_path / "none.tar", "no such file")):  # fmt: skip
        with pytest.raises(BadInput, match=rule):
            import_tree(empty, path)
    assert is_empty(empty)


def test_the_commands_say_what_they_did(file: Path, song: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(tmp_path / "home"))
    said = CliRunner().invoke(main, ["import-tree", str(file), "--json"])
    assert json.loads(said.stdout)["versions"] == [f"{song}@v{n}" for n in (1, 2, 3)]
    out = tmp_path / "out.tar"
    told = CliRunner().invoke(main, ["export-tree", song, str(out)])
    assert told.exit_code == 0, told.output
    assert "3 versions" in told.output
    assert out.read_bytes() == file.read_bytes()
    refused = CliRunner().invoke(main, ["import-tree", str(out)])
    assert refused.exit_code == 2
    assert "here already" in refused.output
