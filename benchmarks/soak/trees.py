"""A composition of many versions, exported, taken over by a fresh home, and revised there as it is at home.

Versions are random edits up to the arrangement, of random earlier versions. Both homes must export the same bytes, and
the same edit of the same version must come out the same in either. At home more may be carried: what another version
happens to have made of the same is known there by its key, which no archive brings along.

Belongs here: that walk. Does not belong here: hostile archives (tests), making whole songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import temporary_home
from benchmarks.soak.symbolic import composed, symbolic_studio

if TYPE_CHECKING:
    from resources.studio import Studio

STREAMS = ("melody", "chord_progression", "rhythm_pattern", "bass_line")
VERSIONS = {"few": 5, "many": 50}


def case(case: Case) -> Facts:
    """One composition."""
    with temporary_home("tree", case.keep) as home:
        return walk(home.root, VERSIONS[case.kind], case.rng)


def walk(folder: Path, versions: int, rng: Random) -> Facts:
    """A composition of ``versions`` from one home to another, both under ``folder``."""
    import time

    from resources.trees.packing import export_tree
    from resources.trees.unpacking import import_tree

    with symbolic_studio(folder / "one") as one, symbolic_studio(folder / "other") as other:
        names = _grown(one, versions, rng)
        song = names[0].partition("@")[0]
        started = time.monotonic()
        packed = export_tree(one.registry, one.store, song, folder / "one.tar")
        export_s, started = time.monotonic() - started, time.monotonic()
        import_tree(other, packed.path)
        import_s = time.monotonic() - started
        again = export_tree(other.registry, other.store, song, folder / "other.tar")
        problems = [] if again.path.read_bytes() == packed.path.read_bytes() else ["the homes export other bytes"]
        carried = [0, 0]
        for parent in rng.sample(names, min(3, len(names))):
            edit = _edit(parent, rng)
            made = [_made(studio, edit) for studio in (one, other)]
            carried = [count + one_made[1] for count, one_made in zip(carried, made, strict=True)]
            problems += [] if made[0][0] == made[1][0] else [f"{edit} of {parent} differs"]
    return {
        "versions": versions, "objects": packed.objects, "megabytes": round(packed.size_bytes / 2**20, 2),
        "export_s": round(export_s, 2), "import_s": round(import_s, 2), "carried_here": carried[0],
        "carried_there": carried[1], "problems": problems,
    }  # fmt: skip


def _grown(studio: Studio, versions: int, rng: Random) -> list[str]:
    from musicgen_assets.context.request import CompositionRequest

    asked = CompositionRequest(
        prompt="solo piano", seed=rng.randrange(1000), until="arrangement", overrides={"technical.duration_s": 30.0}
    )
    names = [_rested(studio, composed(studio, asked)[0])]
    while len(names) < versions:
        names.append(_rested(studio, composed(studio, _edit(rng.choice(names), rng))[0]))
    return names


def _edit(parent: str, rng: Random) -> Any:
    from musicgen_assets.context.request import RevisionRequest

    if rng.random() < 0.5:
        return RevisionRequest(version=parent, rerolls=(rng.choice(STREAMS),), until="arrangement")
    loudness = {"technical.loudness_target_lufs": round(rng.uniform(-20, -9), 1)}
    return RevisionRequest(version=parent, overrides=loudness, until="arrangement")


def _made(studio: Studio, edit: Any) -> tuple[Any, int]:
    """The context with every role by hash, and how many assets were carried."""
    from resources.registry import queries

    partition, context, roles = composed(studio, edit)
    _rested(studio, partition)
    with studio.registry.reading() as session:
        made = queries.materializations_of(session, partition)
    return (context, roles), sum(known.carried_from is not None for known in made.values())


def _rested(studio: Studio, partition: str) -> str:
    from resources.door import close_request
    from resources.registry import Request, queries
    from resources.state_machine import transition

    with studio.registry.session() as session:
        version = queries.get_version(session, partition)
        for state in ("composition", "arrangement", "waiting_for_approval"):
            transition(session, version, state, "as asked")
        close_request(session, session.get_one(Request, version.request_id), "waiting")
    return partition


def _table(records: Sequence[Facts]) -> list[str]:
    names = ("versions", "objects", "megabytes", "export_s", "import_s", "carried_here", "carried_there")
    rows = [tuple(record[name] for name in names) for record in records if "versions" in record]
    return markdown(names, rows)


PROOF = Proof("trees", "Compositions exported, taken over and revised.", 6, case, _table, kinds=tuple(VERSIONS))

if __name__ == "__main__":
    main(PROOF)
