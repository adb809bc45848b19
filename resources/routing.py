"""How engines stand here, pinned once a version; and who takes over where one fails.

Belongs here: reading configuration, recent attempts and budgets into what the router is asked with, and writing its
choices down. Does not belong here: choosing (musicgen_assets.engines.router), calling anybody (attempts).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.engines.router import Decision, Need, Standing, Standings, decide
from resources.budgets import left_usd
from resources.providers.protocol import Reason, SongEngine, TextEngine
from resources.providers.separating import StemEngine
from resources.registry import Attempt, Registry, Reroute, Version, queries, utc_now
from resources.routing_settings import Budgets, RoutingSettings

_LOOKED_BACK = timedelta(hours=24)
_LOOKED_AT = 20
_ENOUGH = 8
"""So many songs of a day say how long an engine takes."""
_PAUSE_MAX_S = 3600.0

OWN_FAULTS: frozenset[Reason] = frozenset(
    ("rate limited", "overloaded", "server error", "connection lost", "timed out", "bad answer", "not allowed",
     "no credit", "unavailable", "expired")
)  # fmt: skip
"""Failures that say something of the engine; the others say something of what it was asked."""


class Adapters(Protocol):
    """The engines outside that this installation could speak with, configured or not."""

    def names(self) -> tuple[str, ...]:
        """All of them."""
        ...

    def missing(self, name: str) -> str:
        """What is missing before ``name`` can be asked, for people; "" where it is configured. No network."""
        ...

    def model(self, name: str, task: str) -> str:
        """The model that ``name`` uses for ``task`` where nobody says: part of what a result is known by."""
        ...

    def song(self, name: str) -> SongEngine:
        """The adapter of a provider of songs. Raises PermanentFailure where it is not configured."""
        ...

    def text(self, name: str) -> TextEngine:
        """The adapter of a language model. Raises PermanentFailure where it is not configured."""
        ...

    def stems(self, name: str, *, is_voice_needed: bool = False) -> StemEngine | None:
        """Who takes apart what ``name`` delivers; None where nobody does, or the settings do not ask for it and no
        voice is needed either.
        """
        ...

    def stems_usd(self, name: str, *, is_voice_needed: bool = False) -> Decimal:
        """What that costs."""
        ...


class NoAdapters:
    """An installation that speaks with nobody outside."""

    def names(self) -> tuple[str, ...]:
        """Nobody."""
        return ()

    def missing(self, name: str) -> str:
        """Always something."""
        return f"{name} is not part of this installation"

    def model(self, name: str, task: str) -> str:
        """See Adapters."""
        raise KeyError(name, task)

    def song(self, name: str) -> SongEngine:
        """See Adapters."""
        raise KeyError(name)

    def text(self, name: str) -> TextEngine:
        """See Adapters."""
        raise KeyError(name)

    def stems(self, name: str, *, is_voice_needed: bool = False) -> StemEngine | None:
        """See Adapters."""
        raise KeyError(name, is_voice_needed)

    def stems_usd(self, name: str, *, is_voice_needed: bool = False) -> Decimal:
        """See Adapters."""
        raise KeyError(name, is_voice_needed)


@dataclass(frozen=True)
class Routing:
    """The router's memory over the registry."""

    registry: Registry
    adapters: Adapters = field(default_factory=NoAdapters)
    settings: RoutingSettings = field(default_factory=RoutingSettings)
    budgets: Budgets = field(default_factory=Budgets)
    is_fallback_on: bool = True

    def standings(self, partition: str) -> Standings:
        """How engines stand for ``partition``: as they stood when this was first asked for it."""
        with self.registry.session() as session:
            version = queries.get_version(session, partition)
            if version.standings is None:
                version.standings = self._now(session, version).model_dump(mode="json")
            return Standings.model_validate(version.standings)

    def standings_now(self, partition: str) -> Standings:
        """How engines stand at this moment for a child of ``partition``; writes nothing."""
        with self.registry.reading() as session:
            return self._now(session, queries.get_version(session, partition))

    def standings_here(self) -> Standings:
        """How engines stand at this moment for a song that there is not yet, whatever its user has left to spend."""
        with self.registry.reading() as session:
            return self._now(session, None)

    def reroutes(self, partition: str) -> dict[str, dict[str, str]]:
        """By slot, where another engine took over: {engine, from, why, reason}, the newest in force."""
        with self.registry.reading() as session:
            version = queries.get_version(session, partition)
            rows = session.scalars(select(Reroute).where(Reroute.version_id == version.id).order_by(Reroute.id))
            return {
                row.slot: {"engine": row.to_engine, "from": row.from_engine, "why": row.why, "reason": row.reason}
                for row in rows
            }

    def reroute(self, partition: str, slot: str, need: Need, failed: str, why: str) -> Decision:
        """Choose who takes over ``slot`` from ``failed``, and write it down. Raises PermanentFailure if nobody can."""
        decision = self.next_after(partition, slot, need, failed, why)
        self.record_reroute(partition, slot, failed, why, decision)
        return decision

    def next_after(self, partition: str, slot: str, need: Need, failed: str, why: str) -> Decision:
        """Who would take over ``slot`` from ``failed``; writes nothing. Raises PermanentFailure if nobody can."""
        standings = self.standings(partition)
        with self.registry.reading() as session:
            version = queries.get_version(session, partition)
            rows = session.scalars(select(Reroute).where(Reroute.version_id == version.id, Reroute.slot == slot))
            excluded = {row.from_engine: f"failed: {row.why}" for row in rows} | {failed: f"failed: {why}"}
            left = left_usd(session, version, self.budgets).least_usd
        now = standings.model_copy(update={"left_usd": left, "weights": {}})
        return decide(need.model_copy(update={"excluded": excluded, "preferred": ""}), now)

    def record_reroute(self, partition: str, slot: str, failed: str, why: str, decision: Decision) -> None:
        """Write down that ``slot`` went from ``failed`` to another."""
        with self.registry.session() as session:
            version = queries.get_version(session, partition)
            session.add(
                Reroute(
                    version_id=version.id, slot=slot, from_engine=failed, to_engine=decision.engine, why=why,
                    reason=decision.reason,
                )
            )  # fmt: skip
            queries.record_event(
                session, "version.rerouted", composition_id=version.composition_id, version_id=version.id,
                payload={"slot": slot, "from": failed, "to": decision.engine, "why": why, "reason": decision.reason},
            )  # fmt: skip

    def slow_after_s(self, engine: str) -> float | None:
        """How long 95 of 100 recent songs of ``engine`` took at most; None where too few came to say."""
        with self.registry.reading() as session:
            took = _took_s(_recent(session, engine))
        return statistics.quantiles(took, n=20, method="inclusive")[-1] if len(took) >= _ENOUGH else None

    def standing_of(self, engine: str) -> Standing:
        """How ``engine`` stands now, by its recent attempts."""
        with self.registry.reading() as session:
            return self._standing(_recent(session, engine))

    def open_until(self, engine: str) -> datetime | None:
        """Until when ``engine`` is left alone because it kept failing; None while it may be asked."""
        with self.registry.reading() as session:
            return self._open_until(_recent(session, engine))

    def _now(self, session: Session, version: Version | None) -> Standings:
        ready, absent = dict[str, Standing](), dict[str, str]()
        for name in self.adapters.names():
            missing = self.adapters.missing(name)
            if missing:
                absent[name] = missing
            else:
                ready[name] = self._standing(_recent(session, name))
        chosen: dict[str, Any] = self.settings.model_dump(include={"policy", "preferred", "weights", "quality"})
        if "demucs" in ready:  # whoever gave it a folder wants mixes taken apart by it
            chosen["preferred"] = {"stem_separation": "demucs", **chosen["preferred"]}
        left = left_usd(session, version, self.budgets).least_usd if ready and version is not None else None
        return Standings(ready=ready, absent=absent, left_usd=left, **chosen)

    def _standing(self, recent: Sequence[Attempt]) -> Standing:
        over = [one for one in recent if one.status == "succeeded" or one.reason in OWN_FAULTS]
        took = _took_s(over)
        until = self._open_until(recent)
        return Standing(
            success=round(sum(one.status == "succeeded" for one in over) / len(over), 2) if over else None,
            latency_s=round(statistics.median(took), 1) if took else None,
            open_until="" if until is None else until.isoformat(timespec="seconds"),
        )

    def _open_until(self, recent: Sequence[Attempt]) -> datetime | None:
        """A circuit breaker read off the ledger, newest attempt first: nothing to keep, the same in every process."""
        failures = list[Attempt]()
        for one in recent:
            if one.status == "failed" and one.reason in OWN_FAULTS:
                failures.append(one)
            elif one.status == "succeeded":
                break
        over = len(failures) - self.settings.failures_before_pause
        if over < 0 or failures[0].finished_at is None:
            return None
        pause_s = min(self.settings.pause_s * 2.0 ** min(over, 10), _PAUSE_MAX_S)
        until = failures[0].finished_at + timedelta(seconds=pause_s)
        return until if until > utc_now() else None


def _took_s(attempts: Sequence[Attempt]) -> list[float]:
    """Seconds from asking to having, of those that came to something."""
    return [
        (one.finished_at - one.created_at).total_seconds()
        for one in attempts
        if one.status == "succeeded" and one.finished_at is not None
    ]


def _recent(session: Session, engine: str) -> list[Attempt]:
    """The newest attempts of a day with ``engine``, newest first."""
    query = (
        select(Attempt)
        .where(Attempt.provider == engine, Attempt.created_at >= utc_now() - _LOOKED_BACK)
        .order_by(Attempt.id.desc())
        .limit(_LOOKED_AT)
    )
    return list(session.scalars(query))
