"""The registry as most callers use it: every question one method, every method one transaction.

Belongs here: nothing but that. What must happen together uses ``session()`` and the functions of ``queries``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.graph.manifest import Manifest
from resources.registry import queries
from resources.registry.database import Database
from resources.registry.models import Composition, Event, Materialization, StageState, Version, Waiver


class Registry(Database):
    """See ``queries`` for what each method does and raises. Rows stay readable after the call."""

    def get_composition(self, composition: str) -> Composition:
        """The composition of that id. Raises BadInput that names near ones."""
        with self.reading() as session:
            return queries.get_composition(session, composition)

    def get_version(self, text: str) -> Version:
        """The version of "COMPOSITION@vN", or the newest of "COMPOSITION". Raises BadInput that names near ones."""
        with self.reading() as session:
            return queries.resolve_version(session, text)

    def list_versions(self, composition: str) -> list[Version]:
        """All versions of a composition, oldest first."""
        with self.reading() as session:
            return queries.list_versions(session, composition)

    def list_compositions(self, limit: int = 50, cursor: str | None = None, user: str | None = None) -> queries.Page:
        """A page of compositions, newest first."""
        with self.reading() as session:
            return queries.list_compositions(session, limit, cursor, user)

    def request_of(self, partition: str) -> dict[str, Any]:
        """The request that made a version, its seed filled in."""
        with self.reading() as session:
            return queries.request_of(session, queries.get_version(session, partition)).payload

    def asked_duration_s(self, partition: str) -> float:
        """The length of the song in seconds: as resolved, else as asked, else the default."""
        with self.reading() as session:
            return queries.asked_duration_s(session, partition)

    def record_context(self, partition: str, context: dict[str, Any]) -> None:
        """Keep the resolved context of a version, and its title."""
        with self.session() as session:
            queries.record_context(session, partition, context)

    def find_result(self, key: str) -> queries.KnownResult | None:
        """What is known under a result key."""
        with self.reading() as session:
            return queries.find_result(session, key)

    def record_result(
        self,
        key: str,
        name: str,
        manifest: Manifest | Mapping[str, Any],
        made_by: str,
        seconds: float,
        *,
        replace: bool = False,
    ) -> queries.KnownResult:
        """Keep what a key yields; the first one stands unless ``replace`` (its objects were lost)."""
        kept = Manifest.model_validate(manifest)
        with self.session() as session:
            return queries.record_result(session, key, name, kept, made_by=made_by, seconds=seconds, replace=replace)

    def record_materialization(
        self,
        partition: str,
        asset: str,
        *,
        key: str,
        manifest: Manifest | Mapping[str, Any],
        content_hash: str,
        carried_from: str | None,
        seconds: float,
        run_id: str = "",
    ) -> Materialization:
        """Note what a version now has under an asset. Raises ValueError if the manifest is of something else."""
        kept = Manifest.model_validate(manifest)
        if kept.asset != asset or kept.content_hash != content_hash:
            raise ValueError(f"the manifest is of {kept.asset} {kept.content_hash}, not of {asset} {content_hash}")
        with self.session() as session:
            return queries.record_materialization(
                session, partition, kept, key=key, carried_from=carried_from, seconds=seconds, run_id=run_id
            )

    def latest_materialization(self, partition: str, asset: str) -> queries.KnownMaterialization | None:
        """The asset of a version as it now stands."""
        with self.reading() as session:
            return queries.latest_materialization(session, partition, asset)

    def materializations_of(self, partition: str) -> dict[str, queries.KnownMaterialization]:
        """Every asset of a version as it now stands, in the order of the graph."""
        with self.reading() as session:
            return queries.materializations_of(session, partition)

    def seconds_by_asset(self) -> dict[str, float]:
        """What computing each asset usually takes, in seconds."""
        with self.reading() as session:
            return queries.seconds_by_asset(session)

    def stage_states_of(self, partition: str) -> dict[str, StageState]:
        """The state of each stage of a version."""
        with self.reading() as session:
            return queries.stage_states_of(session, partition)

    def add_waiver(self, partition: str, check: str, who: str, why: str) -> Waiver:
        """Let a version pass a check although it failed."""
        with self.session() as session:
            return queries.add_waiver(session, partition, check, who, why)

    def waivers_of(self, partition: str) -> list[Waiver]:
        """The waivers in force for a version."""
        with self.reading() as session:
            return queries.waivers_of(session, partition)

    def record_event(
        self, kind: str, *, composition_id: str | None = None, version_id: int | None = None,
        payload: dict[str, Any] | None = None,
    ) -> Event:  # fmt: skip
        """Add to the history."""
        with self.session() as session:
            return queries.record_event(
                session, kind, composition_id=composition_id, version_id=version_id, payload=payload
            )

    def events_of(self, composition_id: str, after: int = 0) -> list[Event]:
        """Events of a composition in their order."""
        with self.reading() as session:
            return queries.events_of(session, composition_id, after)
