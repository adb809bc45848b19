"""Who does a task: the one place that chooses between engines. Pure: the same need and standing, the same choice.

The order: who was asked for, if able; else by policy, the best of those able; the built-in engine is always among
them where it can do the task. Every engine passed over is named with its reason.

Belongs here: that choice. Does not belong here: finding out who is configured and well, and what was spent
(resources.routing), writing the choice down (ideation.context_asset).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.wishes import EngineWishes, Policy, Slot
from musicgen_assets.engines.asking import EngineTask
from musicgen_assets.engines.capabilities import BUILT_IN, Capabilities, Input, Output, engines

Share = Annotated[float, Field(ge=0, le=1)]

DRAWN = "drawn by weight, for comparison"
"""The reason of a choice that weights made."""
_UNTRIED_SHARE = 0.9
"""The share of attempts that an engine nobody tried lately is taken to succeed in."""


class Standing(Frozen):
    """How an engine stands on this installation, when it was looked at.

    ``success`` 0-1: the share of its recent attempts that came off, None where there were none; ``latency_s`` their
    median. ``open_until`` is set while its circuit is open: an ISO time, for people.
    """

    success: Share | None = None
    latency_s: float | None = None
    open_until: str = ""


class Standings(Frozen):
    """Who could be asked at all (the built-in engine always can), and what this installation prefers.

    ``preferred`` and ``weights`` are by task; weights share songs out between engines for comparison. ``quality``
    overrules the editorial order. ``left_usd`` is what may still be spent, None where nobody set a limit.
    """

    ready: Mapping[str, Standing] = Field(default_factory=dict)
    absent: Mapping[str, str] = Field(default_factory=dict)
    policy: Policy = "cost"
    preferred: Mapping[str, str] = Field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = Field(default_factory=dict)
    quality: Mapping[str, int] = Field(default_factory=dict)
    left_usd: Decimal | None = None


class Need(Frozen):
    """One task of one version. ``honoured`` and ``outputs`` must be had; ``wished`` would be good.

    ``budget_usd`` None and ``deadline_s`` 0 mean: no limit. ``excluded`` are engines that failed it already, with why.
    ``draw`` decides where weights share songs out: the version's seed and title, say. ``is_alone``: nobody but
    ``preferred`` is to do it.
    """

    task: EngineTask
    duration_s: float = 60.0
    language: str = "en"
    honoured: tuple[Input, ...] = ()
    wished: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    is_commercial: bool = False
    preferred: str = ""
    is_alone: bool = False
    policy: Policy | None = None
    budget_usd: Decimal | None = None
    deadline_s: float = 0.0
    excluded: Mapping[str, str] = Field(default_factory=dict)
    draw: str = ""


class Decision(Frozen):
    """Who does it and why; ``passed_over`` says why not the others that came first or could have been asked."""

    task: EngineTask
    engine: str
    reason: str
    estimate_usd: Decimal
    expected_s: float
    passed_over: Mapping[str, str] = Field(default_factory=dict)


def wished(wishes: EngineWishes, slot: Slot) -> dict[str, Any]:
    """What ``wishes`` say of a Need for ``slot``."""
    return {
        "preferred": wishes.engines.get(slot, ""),
        "is_alone": not wishes.has_fallback and slot in wishes.engines,
        "policy": wishes.policy,
        "budget_usd": None if wishes.budget_usd is None else Decimal(wishes.budget_usd),
        "deadline_s": wishes.deadline_s,
        "is_commercial": wishes.is_for_sale,
    }


def decide(need: Need, standings: Standings) -> Decision:
    """The choice. Raises PermanentFailure, with every engine's reason, where nobody can do it, or nobody else may."""
    able, out = _sorted_out(need, standings)
    if need.is_alone and need.preferred and need.preferred not in able:
        raise PermanentFailure(
            f"Nobody but {need.preferred} is to do {need.task.replace('_', ' ')}, and it "
            f"{out.get(need.preferred) or 'is no engine of this installation'}. Nothing was sent.",
            way_out="When that has changed: musicgen retry. Or let others do it: leave out --no-fallback.",
        )
    if not able:
        told = "; ".join(f"{name} {why}" for name, why in out.items() if name not in standings.absent)
        raise PermanentFailure(
            f"Nobody here can do {need.task.replace('_', ' ')}: {told}.",
            way_out="Ask for less (duration, language, budget, licence), or configure another: musicgen engines.",
        )
    for name, source in ((need.preferred, "asked for"), (standings.preferred.get(need.task, ""), "preferred here")):
        if name in able:
            return _decision(need, standings, able[name], source, out)
        if name and name not in out:
            out[name] = "is no engine of this installation"
    drawn = _drawn(need, standings.weights.get(need.task, {}), able)
    if drawn is not None:
        return _decision(need, standings, able[drawn], DRAWN, out)
    policy = need.policy or standings.policy
    ranked = sorted(able.values(), key=_rank(policy, need, standings))
    best = ranked[0]
    rest = {one.name: f"ranks below by {policy}" for one in ranked[1:]}
    why = _POLICY_WORDS[policy] if len(ranked) > 1 else "the only one able"
    return _decision(need, standings, best, why, {**out, **rest})


def _sorted_out(need: Need, standings: Standings) -> tuple[dict[str, Capabilities], dict[str, str]]:
    """Engines that can do it here and now, and why the others can't."""
    able: dict[str, Capabilities] = {}
    out: dict[str, str] = {}
    for name, engine in engines().items():
        why = _why_not(need, standings, engine)
        if not why:
            able[name] = engine
        elif need.task in engine.tasks:
            out[name] = why
    if need.preferred and need.preferred in engines() and need.preferred not in able:
        out.setdefault(need.preferred, _why_not(need, standings, engines()[need.preferred]))
    return able, out


def _why_not(need: Need, standings: Standings, engine: Capabilities) -> str:
    """The first reason against ``engine``, "" for none. What it can do at all comes before how it stands."""
    checks: Sequence[Callable[[], str]] = (
        lambda: unable(need, engine),
        lambda: need.excluded.get(engine.name, ""),
        lambda: _absent(standings, engine),
        lambda: _too_dear(need, standings, engine),
        lambda: _too_slow(need, standings, engine),
    )
    return next((why for check in checks if (why := check())), "")


def unable(need: Need, engine: Capabilities) -> str:
    """Why ``engine`` could not serve ``need`` however it stands, for people; "" where it could."""
    return engine.cannot(need.task, need.duration_s, need.language) or _lacks(need, engine)


def _lacks(need: Need, engine: Capabilities) -> str:
    if need.is_commercial and not engine.licence.is_commercial:
        return f"may not be used commercially ({engine.licence.name})"
    missing: list[str] = [name for name in need.honoured if name not in engine.honours]
    missing += [name for name in need.outputs if name not in engine.outputs]
    return f"has no {', no '.join(missing)}" if missing else ""


def _absent(standings: Standings, engine: Capabilities) -> str:
    if engine.name == BUILT_IN:
        return ""
    standing = standings.ready.get(engine.name)
    if standing is None:
        return standings.absent.get(engine.name, "is not configured")
    return f"failed too often lately, tried again after {standing.open_until}" if standing.open_until else ""


def _too_dear(need: Need, standings: Standings, engine: Capabilities) -> str:
    cost = engine.cost_usd(need.duration_s)
    limits = [limit for limit in (need.budget_usd, standings.left_usd) if limit is not None]
    if cost > 0 and limits and cost > min(limits):
        return f"costs about ${cost} and ${min(limits)} is left"
    return ""


def _too_slow(need: Need, standings: Standings, engine: Capabilities) -> str:
    takes = _time_s(need, standings, engine)
    return f"takes about {takes:.0f} s of {need.deadline_s:g} s" if need.deadline_s and takes > need.deadline_s else ""


def _time_s(need: Need, standings: Standings, engine: Capabilities) -> float:
    standing = standings.ready.get(engine.name)
    measured = None if standing is None else standing.latency_s
    return engine.time_s(need.duration_s) if measured is None else measured


def _drawn(need: Need, weights: Mapping[str, float], able: Mapping[str, Capabilities]) -> str | None:
    """The engine that the version's own dice fall on, among those able; None where no weights are set."""
    shares = {name: weight for name, weight in sorted(weights.items()) if weight > 0 and name in able}
    if not shares:
        return None
    digest = hashlib.sha256(f"{need.task}|{need.draw}".encode()).digest()
    at = int.from_bytes(digest[:8], "big") / 2**64 * sum(shares.values())
    for name, weight in shares.items():
        at -= weight
        if at < 0:
            return name
    return name


def _rank(policy: Policy, need: Need, standings: Standings) -> Callable[[Capabilities], tuple[float | str, ...]]:
    """What engines are ordered by, the best first; the name last, so that a tie has one answer everywhere."""

    def failing(engine: Capabilities) -> float:
        standing = standings.ready.get(engine.name)
        success = 1.0 if engine.name == BUILT_IN else _UNTRIED_SHARE
        if standing is not None and standing.success is not None:
            success = standing.success
        return round(1.0 - success, 1)

    def rank(engine: Capabilities) -> tuple[float | str, ...]:
        cost = float(engine.cost_usd(need.duration_s))
        quality = -float(standings.quality.get(engine.name, engine.quality))
        time_s = _time_s(need, standings, engine)
        unheard = float(sum(name not in engine.honours for name in need.wished))
        is_restricted = float(not engine.licence.is_commercial)
        order = {
            "cost": (cost, is_restricted, unheard, failing(engine), quality, time_s),
            "quality": (quality, failing(engine), unheard, cost, time_s),
            "speed": (time_s, failing(engine), quality, cost),
            "licence": (is_restricted, float(engine.name != BUILT_IN), cost, quality, time_s),
        }[policy]
        return (*order, engine.name)

    return rank


_POLICY_WORDS: Mapping[Policy, str] = {
    "cost": "the cheapest of those able",
    "quality": "the best of those able",
    "speed": "the fastest of those able",
    "licence": "the freest licence of those able",
}


def _decision(
    need: Need, standings: Standings, engine: Capabilities, why: str, passed_over: Mapping[str, str]
) -> Decision:
    told = {name: reason for name, reason in passed_over.items() if name != engine.name}
    return Decision(
        task=need.task, engine=engine.name, reason=why, estimate_usd=engine.cost_usd(need.duration_s),
        expected_s=round(_time_s(need, standings, engine), 1), passed_over=told,
    )  # fmt: skip
