"""Keeping Dagster's list of partitions as short as what is worked with: it is meant for a hundred thousand at most.

Belongs here: taking archived and deleted versions off the list. Does not belong here: archiving (lifecycle), which
takes them off at once, and what brings one back: musicgen restore, or a run of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from resources.launch import PARTITIONS
from resources.registry import Registry, Version, in_batches

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Retired:
    """What was taken off Dagster's list, or would be. ``listed`` is how many it held before."""

    listed: int
    archived: tuple[str, ...]
    unknown: tuple[str, ...]
    """Partitions of no version: deleted, or added by hand."""

    @property
    def partitions(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.archived, *self.unknown)


def retire(registry: Registry, instance: DagsterInstance, *, is_dry: bool = False) -> Retired:
    """Take partitions of archived and of unknown versions off Dagster's list. Rows and artifacts stay.

    The list is read before the registry, and a version stands there before its partition is listed, so nothing new is
    taken for unknown.
    """
    listed = list(instance.get_dynamic_partitions(PARTITIONS))
    states: dict[str, str] = {}
    with registry.reading() as session:
        for some in in_batches(listed):
            rows = session.execute(select(Version.partition, Version.state).where(Version.partition.in_(some)))
            states |= dict(rows.tuples().all())
    retired = Retired(
        len(listed),
        tuple(partition for partition in listed if states.get(partition) == "archived"),
        tuple(partition for partition in listed if partition not in states),
    )
    if not is_dry:
        for partition in retired.partitions:
            instance.delete_dynamic_partition(PARTITIONS, partition)
    return retired
