"""The revision plan: the walk of a run over the asset table, made dry. What computes, what may, what is carried.

An asset is carried when its parent made it from the same (graph.keys.inputs_key) or its result is known by its full
key. It computes when neither can be; where an upstream's content is not known before the run, that can hang on how
the upstream comes out, and the asset may compute.

Belongs here: that reasoning, pure. Does not belong here: reading what versions have (resources.planning), telling
people (cli.plan_view).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from musicgen_assets.context.difference import context_changes
from musicgen_assets.context.paths import project
from musicgen_assets.context.request import Stage
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import Declaration, Upstream, until
from musicgen_assets.graph.keys import ASKED_DATA, RARE_DATA, asset_key, inputs_key, seen_roles
from musicgen_assets.graph.manifest import Manifest

Verdict = Literal["computes", "may compute", "carried"]

OVERHEAD_S = 0.1
"""What a step of a run costs besides its music logic, carried ones included; measured on two cores."""

OF_ONE_VERSION = "version"
"""Declared data that no two versions share: an asset that has it is always made."""


@dataclass(frozen=True)
class Held:
    """One asset of a version. ``made_by`` is the partition that computed it.

    ``inputs_key`` None: from what it was made was not recorded, so only its full ``key`` says who may take it over.
    ``is_whole`` False: objects of it are lost, so nobody can.
    """

    manifest: Manifest
    key: str
    made_by: str
    inputs_key: str | None = None
    is_whole: bool = True


@dataclass(frozen=True)
class Earlier:
    """A version that is there: its resolved context, assets by name, identities of ``ASKED_DATA`` but "version"."""

    partition: str
    context: CompositionContext
    assets: Mapping[str, Held]
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """Manifests by asset."""
        return {asset: held.manifest for asset, held in self.assets.items()}


@dataclass(frozen=True)
class Known:
    """Where results are known. ``result`` maps a full key to a manifest and the partition that made it, or None.

    ``others`` are versions besides the parent that may have made the same before; asked for only when needed.
    """

    result: Callable[[str], tuple[Manifest, str] | None]
    others: Callable[[], Iterable[Earlier]] = tuple


@dataclass(frozen=True)
class Wanted:
    """The version to be: its context, identities of declared data by name, and content that is certain beforehand.

    ``foreseen`` holds manifests of assets so cheap that the caller made them dry; without one, the content of what
    computes counts as unknown. ``is_refresh`` takes nothing from the parent but what today's code would make.
    """

    context: CompositionContext
    identity: Callable[[str], Any]
    foreseen: Mapping[str, Manifest] = field(default_factory=dict)
    is_refresh: bool = False


@dataclass(frozen=True)
class PlannedAsset:
    """What becomes of one asset and why, in a few words. ``expected_s``: what computing it takes, 0 if carried.

    ``carried_from`` is the partition that made what is carried.
    """

    asset: str
    stage: Stage
    verdict: Verdict
    why: str
    expected_s: float = 0.0
    carried_from: str | None = None


@dataclass(frozen=True)
class Plan:
    """A plan for a child of ``parent``. ``changes`` maps context paths to (old, new) plain values; ``context`` is the
    one that the child would have.

    ``purchases`` maps assets that may be bought of another engine to (engine, about how many US dollars).
    """

    parent: str
    assets: tuple[PlannedAsset, ...]
    changes: Mapping[str, tuple[Any, Any]]
    context: CompositionContext = field(default_factory=CompositionContext)
    purchases: Mapping[str, tuple[str, Decimal]] = field(default_factory=dict)

    @property
    def most_usd(self) -> Decimal:
        """What it may cost, by the engines' usual prices; what was bought before costs nothing again."""
        return sum((usd for _, usd in self.purchases.values()), Decimal(0))

    @property
    def least_s(self) -> float:
        """Seconds to expect when nothing computes that need not."""
        return self._seconds("computes")

    @property
    def most_s(self) -> float:
        """Seconds to expect when everything computes that may."""
        return self._seconds("computes", "may compute")

    def of(self, verdict: Verdict) -> tuple[PlannedAsset, ...]:
        """The assets with one verdict, in graph order."""
        return tuple(planned for planned in self.assets if planned.verdict == verdict)

    def _seconds(self, *verdicts: Verdict) -> float:
        computing = (planned.expected_s for planned in self.assets if planned.verdict in verdicts)
        return sum(computing) + OVERHEAD_S * len(self.assets)


def plan_assets(
    parent: Earlier, wanted: Wanted, known: Known, expected: Callable[[Declaration], float], stage: Stage
) -> tuple[PlannedAsset, ...]:
    """The verdict on every asset up to ``stage``, in graph order. Pure, as far as its callables are.

    It is sound: what is said to be carried is carried, and what is said to compute does, unless a version that
    neither ``parent`` nor ``known.others`` tells of happened to make the very same.
    """
    walk = _Walk(parent, wanted, known)
    return tuple(walk.step(declaration, expected) for declaration in until(stage))


def changed_paths(old: CompositionContext, new: CompositionContext) -> dict[str, tuple[Any, Any]]:
    """Context paths whose values differ, with both plain values."""
    rows = context_changes(old.model_dump(mode="json"), new.model_dump(mode="json"))
    return {row["path"]: (row["old"], row["new"]) for row in rows}


class _Walk:
    """The state of one walk: ``contents`` are the manifests known so far, by asset."""

    def __init__(self, parent: Earlier, wanted: Wanted, known: Known) -> None:
        self.parent, self.wanted, self.known = parent, wanted, known
        self.contents: dict[str, Manifest] = {}
        self._others: tuple[Earlier, ...] | None = None

    def step(self, declaration: Declaration, expected: Callable[[Declaration], float]) -> PlannedAsset:
        """The verdict on one asset, its upstreams having been walked."""
        name, stage = declaration.key, declaration.stage
        if OF_ONE_VERSION in declaration.data:
            return PlannedAsset(name, stage, "computes", "it belongs to one version", expected(declaration))
        unknown = [upstream.asset for upstream in declaration.upstreams if upstream.asset not in self.contents]
        taken = None if unknown else self._taken(declaration)
        if taken is not None:
            self.contents[name], why, made_by = taken
            return PlannedAsset(name, stage, "carried", why, carried_from=made_by)
        if unknown and self._can_be_known(declaration):
            why = f"if {' or '.join(unknown)} comes out different"
            return PlannedAsset(name, stage, "may compute", why, expected(declaration))
        if self._is_foreseen(declaration):
            self.contents[name] = self.wanted.foreseen[name]
        return PlannedAsset(name, stage, "computes", self._reason(declaration), expected(declaration))

    def _taken(self, declaration: Declaration) -> tuple[Manifest, str, str] | None:
        """What the run will take over for certain, where from in words, and who made it: the runner's order."""
        identities = self._identities(declaration)
        held = self.parent.assets.get(declaration.key)
        if held is not None and held.is_whole and not self.wanted.is_refresh:
            key = inputs_key(declaration, self.wanted.context, self.contents, identities)
            if key == held.inputs_key:
                return held.manifest, f"as in {self.parent.partition}", held.made_by
        found = self.known.result(asset_key(declaration, self.wanted.context, self.contents, identities))
        return None if found is None else (found[0], f"already made for {found[1]}", found[1])

    def _is_foreseen(self, declaration: Declaration) -> bool:
        """Whether what the caller made dry is what will be made: it is, where its upstreams were foreseen as well.

        An upstream that is carried instead may hold what older code made of the same request.
        """
        foreseen = self.wanted.foreseen
        return declaration.key in foreseen and all(
            upstream.asset in foreseen
            and upstream.asset in self.contents
            and _is_same(foreseen[upstream.asset], self.contents[upstream.asset], upstream)
            for upstream in declaration.upstreams
        )

    def _can_be_known(self, declaration: Declaration) -> bool:
        """Whether an upstream can come out so that a result is found, by the parent's inputs or by the full key."""
        held = self.parent.assets.get(declaration.key)
        is_taken_by_inputs = held is not None and held.inputs_key is not None and not self.wanted.is_refresh
        if self._is_findable(self.parent, declaration, is_taken_by_inputs=is_taken_by_inputs):
            return True
        if self._others is None:
            self._others = tuple(self.known.others())
        return any(self._is_findable(other, declaration, is_taken_by_inputs=False) for other in self._others)

    def _is_findable(self, earlier: Earlier, declaration: Declaration, *, is_taken_by_inputs: bool) -> bool:
        """Whether ``earlier`` may have made the asset from what the child's inputs can still turn out to be."""
        held = earlier.assets.get(declaration.key)
        if held is None or not held.is_whole:
            return False
        if not _is_current(earlier, declaration):
            return True  # what it was made from can no longer be told
        if self._differing(earlier, declaration):
            return False
        return is_taken_by_inputs or self._is_of_today(earlier, declaration)

    def _is_of_today(self, earlier: Earlier, declaration: Declaration) -> bool:
        """Whether the full key of what ``earlier`` has is one that today's code and data lead to."""
        today = asset_key(declaration, earlier.context, earlier.manifests, self._identities(declaration))
        return today == earlier.assets[declaration.key].key

    def _differing(self, earlier: Earlier, declaration: Declaration) -> list[str]:
        """Context paths, upstreams and data, of those known, in which ``earlier`` differs; upstreams it lacks too."""
        paths = declaration.paths
        mine, theirs = project(self.wanted.context, paths), project(earlier.context, paths)
        found = [path for path in paths if mine[path] != theirs[path]]
        for upstream in declaration.upstreams:
            if upstream.asset not in self.contents:
                continue
            held = earlier.assets.get(upstream.asset)
            if held is None or not _is_same(held.manifest, self.contents[upstream.asset], upstream):
                found.append(upstream.asset)
        asked = [name for name in declaration.data if name in ASKED_DATA]
        return found + [name for name in asked if self._is_other_data(earlier, name)]

    def _is_other_data(self, earlier: Earlier, name: str) -> bool:
        mine, theirs = self.wanted.identity(name), earlier.data.get(name)
        return mine != theirs and bool(mine or theirs or name not in RARE_DATA)

    def _reason(self, declaration: Declaration) -> str:
        """Why it computes: the nearest cause first."""
        held = self.parent.assets.get(declaration.key)
        if held is None:
            return f"{self.parent.partition} never had it"
        changed = self._differing(self.parent, declaration)
        if changed:
            return f"{', '.join(changed)} changed"
        if not held.is_whole:
            return "its files are lost"
        return "today's code or data make it anew"

    def _identities(self, declaration: Declaration) -> dict[str, Any]:
        return {name: self.wanted.identity(name) for name in declaration.data}


def _inputs_key_of(earlier: Earlier, declaration: Declaration) -> str | None:
    """The inputs key of an asset by what its version holds now; None where an upstream or a piece of data is gone."""
    asked = [name for name in declaration.data if name in ASKED_DATA - RARE_DATA]
    if any(upstream.asset not in earlier.assets for upstream in declaration.upstreams):
        return None
    if any(name not in earlier.data for name in asked):
        return None
    return inputs_key(declaration, earlier.context, earlier.manifests, earlier.data)


def _is_current(earlier: Earlier, declaration: Declaration) -> bool:
    """Whether what ``earlier`` holds now is what it made the asset from."""
    recorded, current = earlier.assets[declaration.key].inputs_key, _inputs_key_of(earlier, declaration)
    return current is not None and recorded in (None, current)


def _is_same(one: Manifest, other: Manifest, upstream: Upstream) -> bool:
    """Whether two manifests of an upstream enter a key alike."""
    first, second = (
        [(role.role, role.sha256, role.meta) for role in seen_roles(manifest, upstream.roles)]
        for manifest in (one, other)
    )
    return first == second
