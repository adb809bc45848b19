"""The chores, and what each tells: the same report for the command line and for the assets in the Dagster UI.

Belongs here: names, order, wording. Does not belong here: what is done (the modules beside this one), when (schedules).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resources.housekeeping.budgets import measure
from resources.housekeeping.collecting import collect
from resources.housekeeping.partitions import retire
from resources.housekeeping.runs import delete_old_runs
from resources.studio import Studio

if TYPE_CHECKING:
    from dagster import DagsterInstance

Fact = int | float | str | bool
_MEGABYTE = 1024 * 1024
_SHOWN = 100


@dataclass(frozen=True)
class Report:
    """What a chore did, or would do: a line, numbers with their units in their names, and rows where there are many."""

    chore: str
    text: str
    facts: Mapping[str, Fact]
    rows: tuple[Mapping[str, Fact], ...] = field(default=())


def _partitions(studio: Studio, instance: DagsterInstance, *, is_dry: bool) -> Report:
    found = retire(studio.registry, instance, is_dry=is_dry)
    text = (
        f"{_count(found.archived, 'archived version')} and {_count(found.unknown, 'deleted one')} "
        f"{_done(is_dry, 'taken off')} Dagster's list of {found.listed}."
    )
    facts: dict[str, Fact] = {
        "listed": found.listed, "archived": len(found.archived), "unknown": len(found.unknown),
    }  # fmt: skip
    rows: list[dict[str, Fact]] = [{"version": name, "why": "archived"} for name in found.archived]
    rows += [{"version": name, "why": "not in the registry"} for name in found.unknown]
    return Report("partitions", text, facts, tuple(rows[:_SHOWN]))


def _runs(studio: Studio, instance: DagsterInstance, *, is_dry: bool) -> Report:
    kept = studio.settings.housekeeping
    found = delete_old_runs(studio.registry, instance, kept, is_dry=is_dry)
    rest = "" if found.is_complete else " There was no time for more; the next housekeeping goes on."
    text = (
        f"{_count(found.songs, 'run')} of songs (after {kept.song_runs_kept_days:g} days) and {found.others} others "
        f"(after {kept.other_runs_kept_days:g}) {_done(is_dry, 'deleted')} with their events; {found.kept} old ones "
        f"stay, for living versions stand on them.{rest}"
    )
    facts: dict[str, Fact] = {
        "songs": found.songs, "others": found.others, "kept": found.kept, "is_complete": found.is_complete,
    }  # fmt: skip
    return Report("runs", text, facts)


def _artifacts(studio: Studio, _instance: DagsterInstance, *, is_dry: bool) -> Report:
    kept_h = studio.settings.housekeeping.garbage_kept_hours
    found = collect(studio.registry, studio.store, kept_h * 3600, is_dry=is_dry)
    held = (
        f", or until the work that began at {found.held_back_since:%H:%M} UTC has ended"
        if found.held_back_since
        else ""
    )
    text = (
        f"{_count(found.freed, 'object')} ({_megabytes(found.freed_bytes)}) {_done(is_dry, 'removed')}; "
        f"{found.waiting} ({_megabytes(found.waiting_bytes)}) that no version needs wait for {kept_h:g} hours{held}; "
        f"{found.needed} of {found.objects} are needed."
    )
    facts: dict[str, Fact] = {
        "objects": found.objects, "store_bytes": found.store_bytes, "needed": found.needed, "marked": found.marked,
        "marked_bytes": found.marked_bytes, "unmarked": found.unmarked, "freed": found.freed,
        "freed_bytes": found.freed_bytes, "waiting": found.waiting, "waiting_bytes": found.waiting_bytes,
        "results_forgotten": found.results_forgotten,
    }  # fmt: skip
    return Report("artifacts", text, facts)


def _budgets(studio: Studio, _instance: DagsterInstance, *, is_dry: bool) -> Report:
    shares = measure(studio.registry, studio.store, studio.settings.limits.max_user_bytes, is_dry=is_dry)
    over = [share for share in shares if share.is_over]
    limit = studio.settings.limits.max_user_bytes
    allowed = f"{_megabytes(limit)} each are allowed" if limit else "there is no limit"
    text = f"{_count(shares, 'user')} measured, {allowed}; over it: {', '.join(s.user for s in over) or 'nobody'}."
    facts: dict[str, Fact] = {"users": len(shares), "over": len(over), "limit_bytes": limit}
    rows: list[dict[str, Fact]] = [
        {"user": s.user, "used_bytes": s.used_bytes, "is_over": s.is_over} for s in shares[:_SHOWN]
    ]
    return Report("budgets", text, facts, tuple(rows))


CHORES: Mapping[str, Callable[..., Report]] = {
    "partitions": _partitions, "runs": _runs, "artifacts": _artifacts, "budgets": _budgets,
}  # fmt: skip
"""Chores in their order: what was archived leaves the list, then its old runs, then what nobody needs is freed."""

ABOUT: Mapping[str, str] = {
    "partitions": "Takes archived and deleted versions off Dagster's list of partitions. musicgen restore brings an "
    "archived one back.",
    "runs": "Deletes old finished runs with their events, except those that living versions stand on.",
    "artifacts": "Frees objects that no version needs: marked by one housekeeping, removed by a later one.",
    "budgets": "Measures what each user's songs take on disk; the door holds new requests against the limit.",
}


def do(chore: str, studio: Studio, instance: DagsterInstance, *, is_dry: bool = False) -> Report:
    """Do ``chore``, or tell what it would do. Raises KeyError for an unknown one, a Failure where it cannot be done."""
    return CHORES[chore](studio, instance, is_dry=is_dry)


def _count(items: object, name: str) -> str:
    number = items if isinstance(items, int) else len(items)  # type: ignore[arg-type]
    return f"{number} {name}{'' if number == 1 else 's'}"


def _done(is_dry: bool, what: str) -> str:  # a word to choose, not a way to behave
    return f"would be {what}" if is_dry else f"{what}"


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:,.1f} MB"
