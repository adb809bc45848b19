"""What became of a choice of engine is told by engine: released, passed, taken over, archived, and for how much."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.engines.router import DRAWN, Need, Standing, Standings, decide
from musicgen_assets.graph.manifest import Manifest, StoredCheck
from resources.outcomes import by_engine, outcome_rows
from resources.registry import Registry, Reroute, queries


def chosen(registry: Registry, name: str, engine: str, reason: str = "asked for") -> str:
    """A version whose song is routed so; its partition."""
    context = {
        "ai_decisions": {
            "generation": {"routing": {"full_song": engine}},
            "model_selections": [{"task": "full_song", "engine": engine, "reason": reason}],
        }
    }
    with registry.session() as session:
        queries.ensure_user(session, "local")
        queries.add_composition(session, name, "local", None)
        version = queries.add_version(session, name, f"r-{name}", 1)
        version.context = context
        return version.partition


def made(registry: Registry, partition: str, asset: str, facts: dict[str, Any], *, passed: bool = True) -> None:
    check = StoredCheck(name="loudness", passed=passed, measured=-14.0, expected="-14")
    manifest = Manifest(asset=asset, content=(), facts=facts, checks=(check,))
    key = f"{partition}{asset}".encode().hex()[:64]
    with registry.session() as session:
        queries.record_result(session, key, asset, manifest, made_by=partition, seconds=1.0)
        queries.record_materialization(
            session, partition, asset, key=key, content_hash=manifest.content_hash, carried_from=None, seconds=1.0
        )


def paid(registry: Registry, partition: str, engine: str, cost_usd: str, status: Any = "succeeded") -> None:
    with registry.session() as session:
        row = queries.plan_attempt(session, partition, "full_song", engine, key="k" * 64, estimate_usd="0.06")
        queries.attempt_finished(session, row.id, status, cost_usd)


def test_each_decision_stands_beside_its_outcome_and_engines_beside_each_other(registry: Registry) -> None:
    good, bad, moved = (chosen(registry, name, "kie", DRAWN) for name in ("good-a", "bad-b", "moved-c"))
    own = chosen(registry, "own-d", "builtin")
    for partition in (good, own):
        made(registry, partition, "mastering/analysis", {})
        made(registry, partition, "arrangement/vocal_line", {"melodic_coherence": 0.8, "harmonic_consistency": 1.0})
        made(registry, partition, "finalization/release", {})
    made(registry, bad, "mastering/analysis", {}, passed=False)
    paid(registry, good, "kie", "0.06")
    paid(registry, bad, "kie", "0.06")
    paid(registry, moved, "kie", "0.02", "failed")
    paid(registry, moved, "lyria", "0.08")
    with registry.session() as session:
        queries.get_version(session, bad).state = "archived"
        version_id = queries.get_version(session, moved).id
        session.add(Reroute(version_id=version_id, slot="full_song", from_engine="kie", to_engine="lyria", why="no",
                            reason="the best of those able"))  # fmt: skip
    rows = {row["partition"]: row for row in outcome_rows(registry)}
    assert (rows[moved]["engine"], rows[moved]["chosen"], rows[moved]["cost_usd"]) == ("lyria", "kie", 0.1)
    assert (rows[bad]["gate"], rows[bad]["failed_checks"], rows[bad]["is_archived"]) == (False, "loudness", True)
    assert (rows[good]["gate"], rows[good]["plan_score"]) == (True, 0.9)
    table = by_engine(list(rows.values())).set_index("engine")
    assert list(table.index) == ["builtin", "kie", "lyria"]
    kie = table.loc["kie"]
    assert (kie["songs"], kie["released"], kie["passed"], kie["archived"]) == (2, 0.5, 0.5, 0.5)
    assert (kie["cost_usd"], kie["cost_each_usd"], table.loc["lyria", "took_over"]) == (0.12, 0.06, 1.0)
    drawn = outcome_rows(registry, is_drawn_only=True)
    assert own not in {row["partition"] for row in drawn}
    assert len(drawn) == 3


def test_nothing_chosen_is_an_empty_table(registry: Registry) -> None:
    assert by_engine(outcome_rows(registry)).empty


def test_weights_share_songs_out_by_the_versions_own_dice() -> None:
    standings = Standings(ready={"kie": Standing(), "lyria": Standing()},
                          weights={"full_song": {"kie": 1.0, "lyria": 3.0}})  # fmt: skip
    drawn = [decide(Need(task="full_song", draw=f"{seed}|Rain"), standings) for seed in range(400)]
    assert drawn == [decide(Need(task="full_song", draw=f"{seed}|Rain"), standings) for seed in range(400)]
    assert {one.reason for one in drawn} == {DRAWN}
    assert sum(one.engine == "lyria" for one in drawn) / 400 == pytest.approx(0.75, abs=0.06)
