"""What becomes of versions that are not being made: renamed, given up, archived and brought back, deleted.

Belongs here: rows, release folders and Dagster's list of partitions, kept in step. Does not belong here: stopping
what is running (cancel), freeing objects that no version reaches any more (housekeeping), asking whether it is meant.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.limits import TITLE_MAX_CHARACTERS
from musicgen_assets.context.request import STAGES, check_text
from resources.disk import disk_failure
from resources.door import close_request
from resources.door_work import open_requests_of
from resources.launch import PARTITIONS
from resources.leases import claimer_is_alive, is_alive, lease_of
from resources.previews import preview_places
from resources.processes import temporary_mark
from resources.registry import Attempt, Composition, Registry, Request, Version
from resources.registry.erasing import erase_composition, erase_versions
from resources.registry.ledger import UNSETTLED
from resources.registry.queries import get_composition, get_version, list_versions, record_event, resolve_version
from resources.state_machine import bring_back, can_transition, transition
from resources.studio import Studio


class PartitionList(Protocol):
    """Dagster's list of partitions: its instance, or whoever tells it later."""

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Take one off a list."""
        ...

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Put some on a list."""
        ...


@dataclass(frozen=True)
class Renamed:
    """A composition's name in lists, and the one it had."""

    composition: str
    title: str
    before: str | None


@dataclass(frozen=True)
class Ended:
    """Versions that were archived, brought back or deleted. ``left_behind`` are folders that could not be removed."""

    composition: str
    partitions: tuple[str, ...]
    is_whole: bool
    """Whether the composition was named, rather than one version of it."""
    left_behind: tuple[Path, ...] = ()


def rename(registry: Registry, composition: str, title: str) -> Renamed:
    """Give ``composition`` another name in lists. Its files keep the title they were made with.

    Raises BadInput for an unknown composition and for a title that is empty, over-long or not text.
    """
    if "@" in composition:
        way_out = f"Name the composition: {composition.partition('@')[0]}."
        raise BadInput("composition", composition, "the name belongs to all versions together", way_out=way_out)
    shown = " ".join(title.split())
    check_text("title", shown)
    if not 1 <= len(shown) <= TITLE_MAX_CHARACTERS:
        rule = f"it has {len(shown)} characters; 1 to {TITLE_MAX_CHARACTERS} are allowed"
        raise BadInput("title", title, rule, way_out="Write another one.")
    with registry.session() as session:
        row = get_composition(session, composition)
        before, row.title = row.title, shown
        if before != shown:
            payload = {"from": before, "to": shown}
            record_event(session, "composition.renamed", composition_id=composition, payload=payload)
    return Renamed(composition, shown, before)


def abandon(registry: Registry, text: str, why: str, who: str) -> str:
    """Give up "COMPOSITION[@vN]": cancelled with the reason, its open requests too. Returns its partition.

    Raises BadInput while it is executed, and where there is nothing to give up.
    """
    with registry.session() as session:
        version = _locked(session, resolve_version(session, text))
        _refuse_while_executing(session, version, "given up")
        closed = _close_requests(session, version)
        if can_transition(version.state, "cancelled", version.current_stage):
            transition(session, version, "cancelled", f"given up by {who}{f': {why}' if why else ''}")
        elif not closed:
            raise BadInput(
                "version", version.partition, f"it is {version.state}: there is nothing to give up",
                way_out=f"See musicgen status {version.partition}",
            )  # fmt: skip
        return version.partition


def archive(studio: Studio, text: str, instance: PartitionList) -> Ended:
    """Put "COMPOSITION" or one "COMPOSITION@vN" away: state archived, gone from Dagster's list of partitions.

    Rows, artifacts and releases stay, and a revision can start from it. Doing it again changes nothing. Raises
    BadInput for what is unknown or being executed.
    """
    with studio.registry.session() as session:
        versions = _named(session, text)
        for version in [_locked(session, row) for row in versions]:
            _refuse_while_executing(session, version, "archived")
            _close_requests(session, version)
            if version.state in STAGES:
                transition(session, version, "cancelled", "archived before it was finished")
            if version.state != "archived":
                transition(session, version, "archived")
    ended = _ended(text, versions)
    _unlist(instance, ended.partitions)
    return ended


def restore(studio: Studio, text: str, instance: PartitionList) -> Ended:
    """Take "COMPOSITION" or one "COMPOSITION@vN" out of the archive: as it was put away, listed by Dagster again.

    Of a whole composition every archived version comes back. Raises BadInput for what is unknown or not archived.
    """
    with studio.registry.session() as session:
        versions = [_locked(session, row) for row in _named(session, text)]
        if "@" not in text and any(version.state == "archived" for version in versions):
            versions = [version for version in versions if version.state == "archived"]
        for version in versions:
            bring_back(session, version)
    ended = _ended(text, versions)
    instance.add_dynamic_partitions(PARTITIONS, list(ended.partitions))
    return ended


def deletable(registry: Registry, text: str) -> Ended:
    """What deleting "COMPOSITION[@vN]" would take. Raises BadInput where it would be refused."""
    with registry.reading() as session:
        versions = _named(session, text)
        _refuse_to_delete(session, versions, is_whole="@" not in text)
        return _ended(text, versions)


def delete(studio: Studio, text: str, instance: PartitionList) -> Ended:
    """Delete "COMPOSITION" or one "COMPOSITION@vN": rows, release folder, previews, its place in Dagster's list.

    One event remains, with what was paid for it; usage stays counted; a version's number is not given out again, and
    the keys of its requests are free. Results and their objects stay: other versions may use them. All or nothing,
    but for folders that cannot be removed. Raises BadInput for what is unknown or being executed, has a call whose
    outcome is unknown, or has versions made from it.
    """
    with ExitStack() as undo:
        with studio.registry.session() as session:
            versions = [_locked(session, row) for row in _named(session, text)]
            _refuse_to_delete(session, versions, is_whole="@" not in text)
            ended = _ended(text, versions)
            _erase(session, versions, is_whole=ended.is_whole)
            places = [studio.settings.releases / partition for partition in ended.partitions]
            named = None if ended.is_whole else ended.partitions
            places += preview_places(studio.settings, ended.composition, named)
            aside = [_set_aside(place, undo) for place in places if place.exists() or place.is_symlink()]
            _unlist(instance, ended.partitions)
        undo.pop_all()
    left_behind = tuple(place for place in aside if not _is_removed(place))
    return Ended(ended.composition, ended.partitions, ended.is_whole, left_behind)


def _named(session: Session, text: str) -> list[Version]:
    return [get_version(session, text)] if "@" in text else list_versions(session, text)


def _ended(text: str, versions: list[Version]) -> Ended:
    partitions = tuple(version.partition for version in versions)
    return Ended(text.partition("@")[0], partitions, "@" not in text)


def _locked(session: Session, version: Version) -> Version:
    """The row as it is now; nobody can take a lease or a child from it until this transaction ends."""
    return session.get_one(Version, version.id, populate_existing=True, with_for_update=True)


def _refuse_while_executing(session: Session, version: Version, doing: str) -> None:
    """Raise BadInput if somebody makes ``version`` or is about to."""
    lease = lease_of(session, version)
    if lease is not None and is_alive(lease):
        state = f"it is being made by process {lease.pid} on {lease.host}"
    elif any(_is_taken(row) for row in open_requests_of(session, version)):
        state = "it is about to be made: its request was taken"
    else:
        return
    raise BadInput(
        "version", version.partition, f"{state}, and cannot be {doing} meanwhile",
        way_out=f"Wait for it, or end it first: musicgen cancel {version.partition}",
    )  # fmt: skip


def _is_taken(request: Request) -> bool:
    """Whether somebody will still begin: a run that was put to Dagster may wait in its queue for long."""
    return request.status == "claimed" and (claimer_is_alive(request) or str(request.claimed_by).startswith("launch:"))


def _close_requests(session: Session, version: Version) -> int:
    """Cancel what is still asked for ``version`` and free it from a holder that died; return how many requests."""
    lease = lease_of(session, version)
    if lease is not None:
        session.delete(lease)
    rows = open_requests_of(session, version)
    for row in rows:
        close_request(session, row, "cancelled")
    return len(rows)


def _refuse_to_delete(session: Session, versions: list[Version], *, is_whole: bool) -> None:
    for version in versions:
        _refuse_while_executing(session, version, "deleted")
    ids, composition = [version.id for version in versions], versions[0].composition_id
    children = session.scalars(
        select(Version.partition).where(Version.parent_id.in_(ids), Version.id.not_in(ids)).order_by(Version.id)
    ).all()
    partition = composition if is_whole else versions[0].partition
    if children:
        raise BadInput(
            "version", partition, f"{', '.join(children)} {'was' if len(children) == 1 else 'were'} made from it",
            way_out=f"Put it away: musicgen archive {partition}; or delete the composition: musicgen delete "
            f"{composition}",
        )  # fmt: skip
    if not is_whole and len(list_versions(session, composition)) == 1:
        raise BadInput(
            "version", partition, "it is the only version there is", way_out=f"musicgen delete {composition}"
        )
    unknown = select(Attempt).where(Attempt.version_id.in_(ids), Attempt.status.in_(UNSETTLED))
    if (attempt := session.scalars(unknown).first()) is not None:
        raise BadInput(
            "version", partition, f"what came of its call to {attempt.provider} ({attempt.task}) is not known yet",
            way_out=f"Let it find out: musicgen retry {partition}; or put it away: musicgen archive {partition}",
        )  # fmt: skip


def _erase(session: Session, versions: list[Version], *, is_whole: bool) -> None:
    """Write the one event that remains, then erase the rows: numbers of events must go on rising."""
    composition = session.get_one(Composition, versions[0].composition_id)
    paid = session.scalars(
        select(Attempt).where(Attempt.version_id.in_([version.id for version in versions])).order_by(Attempt.id)
    )
    payload: dict[str, Any] = {
        "composition": composition.id, "user": composition.user, "title": composition.title,
        "versions": [version.partition for version in versions], "attempts": [_paid(row) for row in paid],
    }  # fmt: skip
    if is_whole:
        record_event(session, "composition.deleted", payload=payload)
        erase_composition(session, composition.id)
        return
    record_event(session, "version.deleted", composition_id=composition.id, payload=payload)
    erase_versions(session, versions)
    newest = list_versions(session, composition.id)[-1]
    composition.state, composition.current_stage = newest.state, newest.current_stage


def _paid(row: Attempt) -> dict[str, Any]:
    """An attempt as a fact that outlives its version."""
    return {
        "task": row.task, "provider": row.provider, "status": row.status, "estimate_usd": row.estimate_usd,
        "cost_usd": row.cost_usd, "provider_job_id": row.provider_job_id, "at": row.created_at.isoformat(),
    }  # fmt: skip


def _unlist(instance: PartitionList, partitions: tuple[str, ...]) -> None:
    for partition in partitions:
        instance.delete_dynamic_partition(PARTITIONS, partition)


def _set_aside(place: Path, undo: ExitStack) -> Path:
    """Rename a folder so that it is gone at once and can come back. Raises a Failure by errno."""
    aside = place.with_name(f".{place.name}.gone.{temporary_mark()}")  # swept with what exports leave
    try:
        place.rename(aside)
    except OSError as error:
        raise disk_failure(error, place, "remove") from error
    undo.callback(aside.rename, place)
    return aside


def _is_removed(place: Path) -> bool:
    """Remove what was set aside; links to objects of the store go, the objects stay."""
    if place.is_symlink() or place.is_file():
        place.unlink(missing_ok=True)
    else:
        shutil.rmtree(place, ignore_errors=True)
    return not place.exists()
