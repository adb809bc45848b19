"""How results are told: the one JSON object, or a few lines for a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def emit(summary: dict[str, Any], failures: Sequence[str] = (), *, is_json: bool) -> None:
    """Print a summary (see resources.summary) and what failed."""
    if is_json:
        if failures:
            summary = {**summary, "errors": list(failures)}
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    for failure in failures:
        click.echo(f"musicgen: {failure}", err=True)
    for line in lines(summary):
        click.echo(line)


def lines(summary: dict[str, Any]) -> list[str]:
    """A summary as text: what it is, what failed, where it is and how to hear it."""
    told = [f"{summary['partition']}: {summary['status']}"]
    context = summary.get("context")
    if context:
        musical, technical = context["musical"], context["technical"]
        genres = " + ".join(genre["name"] for genre in musical["genres"])
        told.append(
            f"  “{context['creative']['title']}”, {genres}, {musical['key']} {musical['scale']}, "
            f"{musical['tempo_bpm']:g} BPM, {musical['time_signature']}, {technical['duration_s']:g} s, "
            f"seed {context['ai_decisions']['generation']['seed']}"
        )
    carried = [stage for stage in summary["stages"] if stage["carried_from"]]
    made = [stage for stage in summary["stages"] if stage["status"] == "made"]
    told.append(f"  {len(made)} assets made, {len(carried)} carried from other versions")
    told += [
        f"  {'waived' if check.get('waived') else 'FAILED'}  {check['name']}: measured {check['measured']}, "
        f"expected {check['expected']}"
        for check in summary["checks"]
        if not check["passed"]
    ]
    release = summary.get("release")
    if release:
        told += [f"  release: {release['directory']}", f"  hear it: {release['directory']}/master.wav",
                 f"  look at it: {release['directory']}/report.html"]  # fmt: skip
        if summary.get("archived"):
            told.append(f"  put away: {', '.join(summary['archived'])}")
        told += [f"  not put away: {name}: {rule}" for name, rule in summary.get("left", {}).items()]
    elif summary["status"] == "stopped":
        told.append(
            f"  No release: a check says no. Revise it, or excuse the check:\n"
            f"    musicgen waive {summary['partition']} CHECK --why TEXT\n    musicgen retry {summary['partition']}"
        )
    return told
