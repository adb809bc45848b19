"""The tree of versions and the history of one: nothing is left out, and lines line up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from musicgen_assets.cli.tree_view import executing_line, history_lines, tree_lines
from musicgen_assets.context.failures import BadInput
from resources import leases
from resources.registry import Lease, queries, utc_now
from resources.settings import Settings
from resources.state_machine import transition
from resources.studio import Studio, open_studio
from resources.summary import executing_now, history, version_tree

SONG = "sunny-river-k3f9a"


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    with open_studio(settings) as opened:
        with opened.registry.session() as session:
            queries.ensure_user(session, "local")
            queries.add_composition(session, SONG, "local", None)
        yield opened


def grow(studio: Studio, *parents: int | None) -> None:
    """Versions 1, 2, 3 ... with these parents' numbers."""
    for number, parent in enumerate(parents, start=1):
        with studio.registry.session() as session:
            base = None if parent is None else queries.get_version(session, f"{SONG}@v{parent}")
            change = None if parent is None else {"set": {"musical.tempo_bpm": 60 + number}}
            queries.add_version(session, SONG, f"r-{number}", 7, base, change)


def test_the_tree_is_drawn_with_every_version_under_its_parent(studio: Studio) -> None:
    grow(studio, None, 1, 2, 1, 3, 2)
    with studio.registry.session() as session:
        queries.record_context(session, f"{SONG}@v1", {"musical": {"tempo_bpm": 120.0}})
        transition(session, queries.get_version(session, f"{SONG}@v4"), "cancelled")
        transition(session, queries.get_version(session, f"{SONG}@v4"), "archived")
    rows = version_tree(studio, SONG)
    assert [(row["number"], row["depth"]) for row in rows] == [(1, 0), (2, 1), (3, 2), (5, 3), (6, 2), (4, 1)]
    assert [row["parent"] for row in rows] == [None, *(f"{SONG}@v{number}" for number in (1, 2, 3, 2, 1))]
    assert [row["number"] for row in rows if row["is_newest"]] == [6]
    assert rows[0]["words"] == "first, seed 7"
    assert rows[1]["words"] == "tempo_bpm 120 → 62"
    assert rows[1]["change"] == {"set": {"musical.tempo_bpm": 62}}
    lines = tree_lines(rows)
    assert [line[: line.index(SONG)] for line in lines] == ["", "├─ ", "│  ├─ ", "│  │  └─ ", "│  └─ ", "└─ "]
    assert [line.split(SONG)[1].split()[0] for line in lines] == ["@v1", "@v2", "@v3", "@v5", "@v6", "@v4"]
    assert len({line.index(row["status"]) for line, row in zip(lines, rows, strict=True)}) == 1
    assert "archived" in lines[-1]
    assert [line.endswith("← newest") for line in lines] == [False, False, False, False, True, False]


def test_a_long_chain_of_revisions_is_listed_to_its_end(studio: Studio) -> None:
    count = 1200
    with studio.registry.session() as session:
        parent = None
        for number in range(count):
            parent = queries.add_version(session, SONG, f"r-{number}", 7, parent)
    rows = version_tree(studio, SONG)
    assert [row["depth"] for row in rows] == list(range(count))


def test_an_unknown_composition_is_refused(studio: Studio) -> None:
    with pytest.raises(BadInput, match="no such composition"):
        version_tree(studio, "no-such-song")


def test_the_history_of_a_version_tells_its_steps_reasons_waivers_and_runs(studio: Studio) -> None:
    grow(studio, None, 1)
    with studio.registry.session() as session:
        version, other = (queries.get_version(session, f"{SONG}@v{number}") for number in (1, 2))
        ids: dict[str, Any] = {"composition_id": SONG, "version_id": version.id}
        queries.record_event(
            session, "composition.created", payload={"user": "ada", "request": "r-1", "kind": "compose"}, **ids
        )
        transition(session, version, "failed", "the disk is full", "run-12345678")
        queries.add_waiver(session, version.partition, "loudness", "ada", "meant to be so")
        queries.record_event(session, "run.failed", payload={"stage": "mixing", "reason": "again"}, **ids)
        queries.record_event(session, "request.finished", payload={"status": "failed"}, **ids)
        queries.record_event(session, "version.put_back", payload={"launches": 2}, **ids)
        queries.record_event(session, "composition.renamed", composition_id=SONG, payload={"title": "Rain"})
        transition(session, other, "cancelled")
    rows = history(studio, f"{SONG}@v1")
    assert [(row["what"], row["reason"], row["run_id"]) for row in rows] == [
        ("composition created by ada", "", ""),
        ("ideation → failed", "the disk is full", "run-12345678"),
        ("loudness waived by ada", "meant to be so", ""),
        ("run failed in mixing", "again", ""),
        ("request failed", "", ""),
        ("version put back (launches 2)", "", ""),
        ("composition renamed (title Rain)", "", ""),
    ]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    lines = history_lines(rows)
    assert len(lines) == len(rows)
    assert lines[1].endswith("run run-1234")
    assert "the disk is full" in lines[1]


def test_who_makes_a_version_now_is_told_while_they_live(studio: Studio) -> None:
    grow(studio, None)
    partition = f"{SONG}@v1"
    assert executing_now(studio, partition) is None
    held = leases.begin(studio.registry, partition, "run-1")
    leases.beat(studio.registry, held, "mixing/mix", 0.62, 4.2)
    found = executing_now(studio, partition)
    assert found is not None
    assert (found["asset"], found["fraction"], found["left_s"], found["run_id"]) == ("mixing/mix", 0.62, 4.2, "run-1")
    assert executing_line(found).startswith("being made: mixing/mix, 62 %, about 4 s left (process ")
    leases.ask_to_cancel(studio.registry, partition, "ada")
    found = executing_now(studio, partition)
    assert found is not None
    assert executing_line(found).startswith("being cancelled")
    with studio.registry.session() as session:
        lease = session.get_one(Lease, held.version_id)
        lease.host, lease.heartbeat_at = "elsewhere", utc_now() - timedelta(hours=1)
    assert executing_now(studio, partition) is None
