"""What became of each choice of an engine: released or not, what the gate said, what it cost, whether it was kept.

The choices stand in the versions' contexts and the reroutes, the rest in the registry: nothing is written down twice.

Belongs here: putting them side by side, and adding them up by engine with pandas. Does not belong here: choosing
(musicgen_assets.engines.router), drawing tables (cli).
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.engines.router import DRAWN
from resources.budgets import counted_usd
from resources.registry import Attempt, Registry, Reroute, Version, queries
from resources.takes_compared import SCORES

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

_SONG, _GATE, _CRITIC, _RELEASE = "full_song", "mastering/analysis", "arrangement/vocal_line", "finalization/release"
_LOOKED_AT = 5000
COLUMNS = ("partition", "engine", "chosen", "reason", "is_drawn", "state", "is_released", "is_archived", "gate",
           "failed_checks", "plan_score", "cost_usd", "latency_s")  # fmt: skip


def outcome_rows(registry: Registry, *, is_drawn_only: bool = False) -> list[dict[str, Any]]:
    """A row for each of the newest 5000 versions whose engine was chosen, newest first; keys are COLUMNS.

    ``engine`` made it in the end, ``chosen`` was the router's first choice. ``gate`` is True, False, or None where it
    did not come so far. ``is_drawn_only``: only where weights shared songs out, which is what compares engines fairly.
    """
    with registry.reading() as session:
        query = select(Version).where(Version.context.is_not(None)).order_by(Version.id.desc()).limit(_LOOKED_AT)
        rows = [_row(session, version) for version in session.scalars(query)]
    return [row for row in rows if row is not None and (row["is_drawn"] or not is_drawn_only)]


def by_engine(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """One row an engine, by name: songs, shares 0-1 released, passed, archived, taken over; mean score, cost, time.

    Shares and means are NaN where there is nothing to take them of.
    """
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["was_taken_over"] = table["engine"] != table["chosen"]
    for name in ("gate", "plan_score", "cost_usd", "latency_s", "is_released", "is_archived", "was_taken_over"):
        table[name] = pd.to_numeric(table[name].astype("float64"))
    grouped = table.groupby("engine", sort=True)
    told = grouped.agg(
        songs=("partition", "count"), released=("is_released", "mean"), passed=("gate", "mean"),
        archived=("is_archived", "mean"), took_over=("was_taken_over", "mean"), plan_score=("plan_score", "mean"),
        cost_usd=("cost_usd", "sum"), cost_each_usd=("cost_usd", "mean"), latency_s=("latency_s", "median"),
    )  # fmt: skip
    return told.round(4).reset_index()


def _row(session: Session, version: Version) -> dict[str, Any] | None:
    decisions = (version.context or {}).get("ai_decisions", {})
    chosen = decisions.get("generation", {}).get("routing", {}).get(_SONG)
    if chosen is None:
        return None
    reason = next((one["reason"] for one in decisions.get("model_selections", ()) if one["task"] == _SONG), "")
    reroute = session.scalar(
        select(Reroute.to_engine)
        .where(Reroute.version_id == version.id, Reroute.slot == _SONG)
        .order_by(Reroute.id.desc())
        .limit(1)
    )
    engine = reroute or chosen
    made = queries.materializations_of(session, version.partition)
    analysis, critic = made.get(_GATE), made.get(_CRITIC)
    failed = [] if analysis is None else [
        check.name for check in analysis.manifest.checks if not check.passed and check.is_blocking
    ]  # fmt: skip
    facts = {} if critic is None else critic.manifest.facts
    scores = [float(facts[name]) for name in SCORES if isinstance(facts.get(name), int | float)]
    attempts = queries.attempts_of(session, version.partition)
    return {
        "partition": version.partition, "engine": engine, "chosen": chosen, "reason": reason,
        "is_drawn": reason.startswith(DRAWN), "state": version.state, "is_released": _RELEASE in made,
        "is_archived": version.state == "archived", "gate": None if analysis is None else not failed,
        "failed_checks": ", ".join(failed), "plan_score": round(statistics.fmean(scores), 3) if scores else None,
        "cost_usd": float(counted_usd(attempts)), "latency_s": _latency_s(attempts, engine),
    }  # fmt: skip


def _latency_s(attempts: list[Attempt], engine: str) -> float | None:
    """How long the song took at its engine; None for the built-in one, and where it was bought before."""
    took = [
        (one.finished_at - one.created_at).total_seconds()
        for one in attempts
        if engine != BUILT_IN and one.provider == engine and one.status == "succeeded" and one.finished_at is not None
    ]
    return round(max(took), 1) if took else None
