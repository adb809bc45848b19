"""The plan of a revision as lines of text.

Belongs here: wording and layout. Does not belong here: planning (graph.planner), plain data (resources.planning),
printing.
"""

from __future__ import annotations

from musicgen_assets.cli.tree_view import aligned, clipped
from musicgen_assets.context.difference import change_in_words
from musicgen_assets.graph.planner import Plan, PlannedAsset, Verdict

_COMPUTING: tuple[Verdict, ...] = ("computes", "may compute")
_WIDTH = 90
"""Longest text of a cell."""
_UPSTREAMS = " or "


def plan_lines(plan: Plan) -> list[str]:
    """What changes, what computes and may compute with time and reason, what is carried, and how long it takes."""
    told = [f"{plan.parent}, revised: a plan, nothing was made"]
    changes = [(path, clipped(change_in_words(path, *values), _WIDTH)) for path, values in plan.changes.items()]
    told += [f"  changes  {line}" if number == 0 else f"           {line}" for number, line in
             enumerate(aligned(changes) or ["nothing"])]  # fmt: skip
    for verdict in _COMPUTING:
        told += _computing(plan, verdict)
    told += _carried(plan)
    told += [f"  buys     {asset} of {engine}, about ${usd}, if it was not bought before"
             for asset, (engine, usd) in plan.purchases.items()]  # fmt: skip
    told.append(f"  takes {_time(plan)}")
    return told


def _computing(plan: Plan, verdict: Verdict) -> list[str]:
    rows = plan.of(verdict)
    if not rows:
        return []
    table = [(planned.asset, f"{planned.expected_s:.1f} s".rjust(7), _why(planned)) for planned in rows]
    return [f"  {verdict}", *(f"    {line}" for line in aligned(table))]


def _why(planned: PlannedAsset) -> str:
    """The reason; of more than two upstreams only the first is named: it is the nearest to the change."""
    first, *others = planned.why.split(_UPSTREAMS)
    if planned.verdict != "may compute" or len(others) < 2:
        return clipped(planned.why, _WIDTH)
    return f"{first} or {len(others)} others come out different"


def _carried(plan: Plan) -> list[str]:
    """A line per place that things are carried from."""
    by_why: dict[str, list[str]] = {}
    for planned in plan.of("carried"):
        by_why.setdefault(planned.why, []).append(planned.asset)
    total = len(plan.of("carried"))
    if not total:
        return ["  carried  nothing"]
    told = [f"  carried  {total} of {len(plan.assets)}"]
    return told + [f"    {why}: {', '.join(_short(assets, plan))}" for why, assets in by_why.items()]


def _short(assets: list[str], plan: Plan) -> list[str]:
    """Asset names, a stage's name where every asset of it is there."""
    stages = list(dict.fromkeys(planned.stage for planned in plan.assets))
    told: list[str] = []
    for stage in stages:
        mine = [asset for asset in assets if asset.startswith(f"{stage}/")]
        is_all = len(mine) == sum(planned.stage == stage for planned in plan.assets)
        told += [f"all of {stage}"] if is_all and len(mine) > 1 else mine
    return told


def _time(plan: Plan) -> str:
    least, most = f"{plan.least_s:.1f}", f"{plan.most_s:.1f}"
    return f"about {least} s" if least == most else f"{least} to {most} s"
