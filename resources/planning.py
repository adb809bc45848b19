"""The plan of a revision: what a run of it would compute, may compute and would carry, and how long it will take.

Belongs here: gathering what the planner needs from registry, store and settings. Does not belong here: the reasoning
(graph.planner), telling people (cli.plan_view). It writes nothing: no version, no artifact.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from musicgen_assets.context.difference import change_in_words
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.request import RevisionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import DECLARATIONS, of_stage
from musicgen_assets.graph.estimates import expected_s
from musicgen_assets.graph.job import Ask, Blob, Job, Outcome, Payload, Ref
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.payloads import canonical_json
from musicgen_assets.graph.planner import (
    Earlier,
    Held,
    Known,
    Plan,
    Verdict,
    Wanted,
    changed_paths,
    plan_assets,
)
from resources.door_checks import check_limits, check_prompt_length
from resources.planned_cost import purchases_of
from resources.registry import Materialization, Version, queries
from resources.registry.results import KnownMaterialization
from resources.revisions import child_of
from resources.routing import Routing
from resources.runner import CONTEXT_ASSET
from resources.studio import Studio, routing_of
from resources.version_data import VersionData, shaping_part

VERDICTS: tuple[Verdict, ...] = ("computes", "may compute", "carried")

_RECENT = 20
"""How many past computations the usual time of an asset is taken from."""


def plan_revision(studio: Studio, request: RevisionRequest) -> Plan:
    """What making ``request`` would come to. Raises BadInput for everything that the door would refuse."""
    with studio.registry.reading() as session:
        parent = queries.resolve_version(session, request.version)
        child = child_of(session, parent, request)
        check_prompt_length(child.payload["prompt"], studio.settings)
        check_limits(child.context, studio.settings)
        base = _earlier(studio, session, parent, is_checked=True)
        standings = _standings(studio, parent.partition)
        dry = dry_ideation(child.payload, standings, lambda ask: _answered(studio, session, ask))
        context = child.context
        if CONTEXT_ASSET in dry.manifests:
            context = CompositionContext.model_validate(dry.json(CONTEXT_ASSET))
        wanted = Wanted(
            context,
            _identities(studio, parent.partition, context, child.payload, standings),
            dry.manifests,
            is_refresh=request.is_refresh,
        )
        known = Known(
            lambda key: _result(studio, session, key),
            lambda: [
                _earlier(studio, session, version)
                for version in queries.list_versions(session, parent.composition_id)
                if version.id != parent.id and version.context is not None
            ],
        )
        duration_s = context.technical.duration_s
        usual = usual_s(session, duration_s)
        assets = plan_assets(
            base, wanted, known, lambda declaration: expected_s(declaration, usual, duration_s), request.until
        )
    computing = {planned.asset for planned in assets if planned.verdict != "carried"}
    adapters = routing_of(studio.settings, studio.registry).adapters
    purchases = purchases_of(context, computing, adapters)
    return Plan(parent.partition, assets, changed_paths(base.context, context), context, purchases)


def plan_object(plan: Plan) -> dict[str, Any]:
    """Plain data: "parent", "changes", "assets" (a row each), asset names by verdict, "least_s" and "most_s"."""
    return {
        "parent": plan.parent,
        "changes": [
            {"path": path, "old": old, "new": new, "words": change_in_words(path, old, new)}
            for path, (old, new) in plan.changes.items()
        ],
        "assets": [
            {"asset": planned.asset, "stage": planned.stage, "verdict": planned.verdict, "why": planned.why,
             "expected_s": round(planned.expected_s, 3), "carried_from": planned.carried_from}
            for planned in plan.assets
        ],
        **{
            verdict.replace(" ", "_"): [planned.asset for planned in plan.of(verdict)]
            for verdict in VERDICTS
        },
        "least_s": round(plan.least_s, 2),
        "most_s": round(plan.most_s, 2),
        "purchases": [
            {"asset": asset, "engine": engine, "about_usd": format(usd, "f")}
            for asset, (engine, usd) in plan.purchases.items()
        ],
        "most_usd": format(plan.most_usd, "f"),
    }  # fmt: skip


def usual_s(session: Session, duration_s: float) -> dict[str, float]:
    """Seconds that assets usually took on this machine, each measured time scaled to a song of ``duration_s``.

    The scale is the one of graph.estimates: what an asset costs anyway, and what it costs a minute of song.
    """
    found: dict[str, float] = {}
    for declaration in DECLARATIONS:
        query = (
            select(Materialization.seconds, Version.context["technical"]["duration_s"].as_float())
            .join(Version, Version.partition == Materialization.partition)
            .where(Materialization.asset == declaration.key, Materialization.carried_from.is_(None))
            .order_by(Materialization.id.desc())
            .limit(_RECENT)
        )
        wanted_s = expected_s(declaration, {}, duration_s)
        scaled = [
            seconds if was_s is None else seconds * wanted_s / expected_s(declaration, {}, was_s)
            for seconds, was_s in session.execute(query)
        ]
        if scaled:
            found[declaration.key] = statistics.median(scaled)
    return found


def _earlier(studio: Studio, session: Session, version: Version, *, is_checked: bool = False) -> Earlier:
    """A version as it stands. ``is_checked``: whether the objects of its assets are there is looked up."""
    rows = queries.materializations_of(session, version.partition)

    def held(row: KnownMaterialization) -> Held:
        is_whole = not is_checked or _is_whole(studio, row.manifest)
        return Held(row.manifest, row.key, row.carried_from or version.partition, row.inputs_key, is_whole)

    data = VersionData(studio.registry, version.partition, None, None, routing=studio.runner.routing)
    return Earlier(
        version.partition,
        CompositionContext.model_validate(version.context),
        {asset: held(row) for asset, row in rows.items()},
        {"request": data.identity("request"), "reroutes": data.identity("reroutes")},
    )


def _result(studio: Studio, session: Session, key: str) -> tuple[Manifest, str] | None:
    found = queries.find_result(session, key)
    if found is None or not _is_whole(studio, found.manifest):
        return None
    return found.manifest, found.made_by_partition


def _is_whole(studio: Studio, manifest: Manifest) -> bool:
    return all(studio.store.has(sha256) for sha256 in manifest.objects())


def _identities(
    studio: Studio, partition: str, context: CompositionContext, payload: Mapping[str, Any], standings: dict[str, Any]
) -> Callable[[str], Any]:
    """Identities of declared data as the child will have them."""
    installed = VersionData(studio.registry, partition, context, studio.runner.soundfont, studio.runner.sampler)
    own: dict[str, Any] = {"request": shaping_part(payload), "standings": standings, "reroutes": {}}
    return lambda name: own[name] if name in own else installed.identity(name)


def _standings(studio: Studio, partition: str) -> dict[str, Any]:
    """How engines stand now, as a child of ``partition`` would find them."""
    routing = studio.runner.routing or Routing(studio.registry)
    return routing.standings_now(partition).model_dump(mode="json")


def _answered(studio: Studio, session: Session, ask: Ask) -> Sequence[Payload]:
    """What an engine outside answered to the same before, from the store. Raises CannotForesee where it never did."""
    desk = studio.runner.desk
    known = None if desk is None else _result(studio, session, desk.key_of(ask))
    if known is None:
        raise CannotForesee(f"{ask.engine} would have to be asked.")
    return [
        Payload(role.role, role.media_type, studio.store.get(role.sha256), role.suffix, role.meta)
        for role in known[0].content
    ]


class CannotForesee(PermanentFailure):
    """What an asset comes to is known only once somebody outside was asked."""


class DryJob:
    """What ideation asks of a job (see graph.job.Job), over memory: made in milliseconds, kept nowhere."""

    def __init__(
        self, request: Mapping[str, Any], standings: Mapping[str, Any], answered: Callable[[Ask], Sequence[Payload]]
    ) -> None:
        self._answered = answered
        self._asked: dict[str, Payload] = {}
        self._data: dict[str, Any] = {"request": request, "standings": standings, "reroutes": {}}
        self._payloads: dict[str, Sequence[Payload]] = {}
        self.manifests: dict[str, Manifest] = {}

    def data(self, name: str) -> Any:
        """What ideation asks for besides."""
        return self._data[name]

    def json(self, asset: str, role: str = "main") -> Any:
        """A role of what was made before."""
        return next(json.loads(payload.data) for payload in self._payloads[asset] if payload.role == role)

    def ask(self, ask: Ask) -> tuple[Ref, ...]:
        """What was answered before. Raises CannotForesee."""
        refs = []
        for payload in self._answered(ask):
            role = _role(payload)
            self._asked[role.sha256] = payload
            refs.append(role.ref())
        return tuple(refs)

    def blob(self, ref: Ref) -> Blob:
        """The bytes of such an answer."""
        payload = self._asked[ref.sha256]
        return Blob(payload.data, payload.media_type, payload.meta)

    def keep(self, asset: str, outcome: Outcome) -> None:
        """Hold what ``asset`` came to, as a manifest too."""
        payloads = [payload for payload in outcome.content if isinstance(payload, Payload)]
        self._payloads[asset] = payloads
        self.manifests[asset] = Manifest(asset=asset, content=tuple(map(_role, payloads)))


def dry_ideation(
    payload: Mapping[str, Any], standings: Mapping[str, Any], answered: Callable[[Ask], Sequence[Payload]]
) -> DryJob:
    """The ideation assets of a request as kept (see revisions.Child), made without store or registry, as far as that
    goes without asking an engine outside; ``answered`` says what is known of one.

    Raises BadInput where a run of it would.
    """
    job = DryJob(json.loads(canonical_json(shaping_part(payload))), standings, answered)
    for declaration in of_stage("ideation"):
        module, _, name = declaration.entry.partition(":")
        entry: Callable[[Job], Outcome] = getattr(importlib.import_module(module), name)
        try:
            job.keep(declaration.key, entry(cast("Job", job)))
        except CannotForesee:
            break
    return job


def _role(payload: Payload) -> StoredRole:
    sha256 = hashlib.sha256(payload.data).hexdigest()
    return StoredRole.of(
        Ref(payload.role, payload.media_type, sha256, len(payload.data), payload.suffix, dict(payload.meta))
    )
