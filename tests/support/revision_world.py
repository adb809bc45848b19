"""Versions, results and runs in memory, over the real asset table: what plans of revisions are held against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from musicgen_assets.context.request import Stage
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import DECLARATIONS, Declaration, until
from musicgen_assets.graph.keys import asset_key, inputs_key
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.planner import Earlier, Held, Known, PlannedAsset, Wanted, plan_assets

ROLES = {
    up_role: None
    for declaration in DECLARATIONS
    for upstream in declaration.upstreams
    for up_role in ((upstream.asset, role) for role in (upstream.roles or ("main",)))
}
"""Every (asset, role) that somebody depends on, and a main role for the rest."""


OPTIONAL = {
    (upstream.asset, role)
    for declaration in DECLARATIONS
    for upstream in declaration.upstreams
    for role in (upstream.roles or ())
    if upstream.is_optional
}
"""Roles that only songs of other engines than the built-in one have."""


def roles_of(asset: str, context: CompositionContext) -> tuple[str, ...]:
    is_elsewhere = context.ai_decisions.generation.routing.get("full_song", "builtin") != "builtin"
    roles = [role for name, role in ROLES if name == asset and (is_elsewhere or (name, role) not in OPTIONAL)]
    return tuple(dict.fromkeys([*roles, "main"]))


@dataclass
class World:
    """Versions and results as a registry would have them, and runs that follow the runner's order of looking.

    What an asset yields is a hash of its full key, coarse per role: ``spread`` 1 always comes out the same.
    """

    spread: Mapping[str, int] = field(default_factory=dict)
    versions: list[Earlier] = field(default_factory=list)
    results: dict[str, tuple[Manifest, str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def yields(self, declaration: Declaration, key: str, context: CompositionContext) -> Manifest:
        content = []
        for role in roles_of(declaration.key, context):
            drawn = int(hashlib.sha256(f"{key} {role}".encode()).hexdigest(), 16)
            value = drawn % self.spread.get(f"{declaration.key} {role}", 2**60)
            sha256 = hashlib.sha256(f"{declaration.key} {role} {value}".encode()).hexdigest()
            content.append(StoredRole(role=role, sha256=sha256, media_type="text/plain", size_bytes=1))
        return Manifest(asset=declaration.key, content=tuple(content))

    def identity(self, name: str, partition: str, request: str) -> Any:
        return {"request": request, "version": partition, "waivers": [], "reroutes": {}}.get(
            name, f"{name} as installed"
        )

    def is_whole(self, manifest: Manifest) -> bool:
        return not self.lost & set(manifest.objects())

    def known(self, key: str) -> tuple[Manifest, str] | None:
        found = self.results.get(key)
        return found if found is not None and self.is_whole(found[0]) else None

    def run(
        self, context: CompositionContext, request: str, parent: Earlier | None, stage: Stage, *, is_refresh: bool
    ) -> tuple[Earlier, set[str]]:
        """A version made for real, and what it computed."""
        partition = f"a-song@v{len(self.versions) + 1}"
        held: dict[str, Held] = {}
        manifests: dict[str, Manifest] = {}
        computed: set[str] = set()
        for declaration in until(stage):
            data = {name: self.identity(name, partition, request) for name in declaration.data}
            inputs = inputs_key(declaration, context, manifests, data)
            key = asset_key(declaration, context, manifests, data)
            theirs = None if parent is None or is_refresh else parent.assets.get(declaration.key)
            if theirs is not None and theirs.inputs_key == inputs and self.is_whole(theirs.manifest):
                made = Held(theirs.manifest, theirs.key, theirs.made_by, inputs)
            elif (found := self.known(key)) is not None:
                made = Held(found[0], key, found[1], inputs)
            else:
                made = Held(self.yields(declaration, key, context), key, partition, inputs)
                self.results[key] = (made.manifest, partition)
                self.lost -= set(made.manifest.objects())
                computed.add(declaration.key)
            held[declaration.key] = made
            manifests[declaration.key] = made.manifest
        version = Earlier(partition, context, held, {"request": request, "waivers": []})
        self.versions.append(version)
        return version, computed

    def as_it_stands(self, version: Earlier) -> Earlier:
        """A version with what is lost of it marked."""
        assets = {
            name: Held(one.manifest, one.key, one.made_by, one.inputs_key, self.is_whole(one.manifest))
            for name, one in version.assets.items()
        }
        return Earlier(version.partition, version.context, assets, version.data)

    def plan(
        self, context: CompositionContext, request: str, parent: Earlier, stage: Stage, *, is_refresh: bool
    ) -> dict[str, PlannedAsset]:
        wanted = Wanted(
            context,
            lambda name: self.identity(name, "nobody asks for it", request),
            self.foreseen(context, request),
            is_refresh=is_refresh,
        )
        known = Known(self.known, lambda: [one for one in self.versions if one.partition != parent.partition])
        planned = plan_assets(self.as_it_stands(parent), wanted, known, lambda _: 1.0, stage)
        return {one.asset: one for one in planned}

    def foreseen(self, context: CompositionContext, request: str) -> dict[str, Manifest]:
        """What ideation will yield, as a caller knows it who has made it dry."""
        manifests: dict[str, Manifest] = {}
        for declaration in until("ideation"):
            data = {name: self.identity(name, "", request) for name in declaration.data}
            key = asset_key(declaration, context, manifests, data)
            manifests[declaration.key] = self.yields(declaration, key, context)
        return manifests
