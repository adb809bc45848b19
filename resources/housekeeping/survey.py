"""What of the artifact store is needed, by whom, and what is there: read in one pass over registry and store.

Needed is, for every version in the registry, archived ones too:

- what each of its assets holds as it now stands (the newest materialization),
- what was bought from an engine outside, as long as any version stands on a part of it,
- what its context, its change and its requests name by hash: an upload, say,
- unless all of its composition is archived, everything that was made for it: tasks and earlier results that the next
  revision takes over.

Belongs here: that rule. Does not belong here: freeing what is not needed (collecting), budgets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from resources.registry import Composition, Materialization, Registry, Request, Result, Version
from resources.registry.garbage import HASH
from resources.registry.results import BOUGHT
from resources.store import ArtifactStore

_AT_ONCE = 1000


@dataclass
class Needed:
    """Hashes as bytes, which takes half the memory. ``by_user`` holds every object that a user's versions need, where
    it was asked for.
    """

    has_users: bool = False

    objects: set[bytes] = field(default_factory=set)
    by_user: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    dead_results: list[str] = field(default_factory=list)
    """Keys of results that no version stands on and that nobody would take over."""

    def add(self, names: Iterable[str], users: Iterable[str]) -> None:
        """``users`` need the objects called ``names``."""
        found = {bytes.fromhex(name) for name in names}
        self.objects |= found
        if self.has_users:
            for user in users:
                self.by_user[user] |= found


@dataclass(frozen=True)
class Survey:
    """What is needed, and what is there: sha256 to size in bytes."""

    needed: Needed
    sizes: dict[bytes, int]

    def unneeded(self) -> dict[str, int]:
        """What is there and not needed: sha256 to size in bytes."""
        return {name.hex(): size for name, size in self.sizes.items() if name not in self.needed.objects}

    def bytes_of(self, user: str) -> int:
        """What ``user``'s versions take, in bytes. What is shared with others counts in full."""
        return sum(self.sizes.get(name, 0) for name in self.needed.by_user.get(user, ()))


def survey(registry: Registry, store: ArtifactStore, *, has_users: bool = False) -> Survey:
    """List the store, then read what the registry needs, as of one moment; ``has_users``: by whom, too.

    Raises a Failure of either.
    """
    sizes = {bytes.fromhex(name): size for name, size in store.objects()}
    return Survey(needed_objects(registry, has_users=has_users), sizes)


def needed_objects(registry: Registry, *, has_users: bool = False) -> Needed:
    """What the registry needs of the store, as of one moment."""
    needed = Needed(has_users=has_users)
    with registry.reading() as session:
        owners, in_use = _versions(session)
        holders = _materialized(session, owners, needed)
        _results(session, owners, in_use, holders, needed)
        _named(session, needed)
    return needed


def _versions(session: Session) -> tuple[dict[str, str], set[str]]:
    """Partition to user, and the partitions whose composition is not archived as a whole."""
    query = select(Version.partition, Version.composition_id, Version.state, Composition.user)
    rows = session.execute(query.join(Composition, Composition.id == Version.composition_id)).all()
    alive = {composition for _, composition, state, _ in rows if state != "archived"}
    return {row[0]: row[3] for row in rows}, {row[0] for row in rows if row[1] in alive}


def _materialized(session: Session, owners: dict[str, str], needed: Needed) -> dict[str, set[str]]:
    """The keys that versions stand on, each with the users of those; what a row holds itself is needed at once."""
    newest = select(func.max(Materialization.id)).group_by(Materialization.partition, Materialization.asset)
    manifest: Any = cast(Materialization.manifest, Text)
    query = select(Materialization.key, Materialization.partition, manifest).where(Materialization.id.in_(newest))
    holders: dict[str, set[str]] = defaultdict(set)
    for key, partition, text in _streamed(session, query):
        user = owners[partition]
        holders[key].add(user)
        if text is not None:
            needed.add(HASH.findall(text), (user,))
    return holders


def _results(
    session: Session, owners: dict[str, str], in_use: set[str], holders: dict[str, set[str]], needed: Needed
) -> None:
    manifest: Any = cast(Result.manifest, Text)
    bought: list[tuple[str, list[str]]] = []
    query = select(Result.key, Result.name, Result.made_by_partition, manifest)
    for key, name, made_by, text in _streamed(session, query):
        users = holders.get(key, set())
        if made_by in in_use:
            users = users | {owners[made_by]}
        if users:
            needed.add(HASH.findall(text), users)
        elif BOUGHT in name:
            bought.append((key, HASH.findall(text)))
        else:
            needed.dead_results.append(key)
    for key, names in bought:  # whoever asked first may be gone; what others stand on must not be bought again
        if any(bytes.fromhex(one) in needed.objects for one in names):
            needed.add(names, ())
        else:
            needed.dead_results.append(key)


def _named(session: Session, needed: Needed) -> None:
    context, change, payload = (cast(column, Text) for column in (Version.context, Version.change, Request.payload))
    versions = select(Composition.user, context, change).join(Composition, Composition.id == Version.composition_id)
    requests = select(Composition.user, payload).join(Composition, Composition.id == Request.composition_id)
    for query in (versions, requests):
        for user, *texts in _streamed(session, query):
            needed.add((name for text in texts if text for name in HASH.findall(text)), (user,))


def _streamed(session: Session, query: Any) -> Iterator[Any]:
    yield from session.execute(query.execution_options(yield_per=_AT_ONCE))
