"""Partial re-run == from scratch as far as the arrangement: ``partial`` once more, in process and without sound.

The real door, registry, store and runner; no Dagster and no workers, so that a sequence of edits takes a second.
Belongs here: that walk and its comparison. Does not belong here: how many sequences there are (tests).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.soak.random_edits import PROMPTS, Edit, draw, leaves
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import known_paths
from musicgen_assets.context.request import CompositionRequest, RevisionRequest, Stage
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.manifest import Manifest
from resources.door import submit
from resources.registry import queries
from resources.runner import CONTEXT_ASSET
from resources.settings import get_settings
from resources.studio import Studio, open_studio
from resources.workers import WorkerPool

UNTIL: Stage = "arrangement"
EDITS_MAX = 3
OWN_ASSETS = ("ideation/brief", "ideation/enhanced_prompt")
_DRAWS = 20

Roles = dict[str, dict[str, str]]


class NoWorkers(WorkerPool):
    """A pool that is never used: nothing before the sound needs one."""

    def start(self) -> None:
        """Start nothing."""


@contextmanager
def symbolic_studio(home: Path) -> Iterator[Studio]:
    """A studio over ``home`` that starts no process."""
    with open_studio(get_settings(home)) as studio:
        studio.runner.pool = NoWorkers(1, studio.settings.artifacts_url, 1.0)
        try:
            yield studio
        finally:
            studio.registry.close()


def differences(parent: Studio, fresh: Studio, rng: Random) -> list[str]:
    """Random edits of a random song in ``parent``, then its last context made in ``fresh``: what differs, by role."""
    asked = CompositionRequest(prompt=rng.choice(PROMPTS), seed=rng.randrange(10_000), until=UNTIL,
                               overrides={"technical.duration_s": 30.0})  # fmt: skip
    version, context, made = composed(parent, asked)
    edits: list[Edit] = []
    for _ in range(rng.randint(1, EDITS_MAX)):
        edit, version, context, made = _revised(parent, version, context, rng)
        edits.append(edit)
    seed = context["ai_decisions"]["generation"]["seed"]
    overrides = leaves(context, known_paths())
    scratch = CompositionRequest(prompt=context["creative"]["inspiration"], seed=seed, until=UNTIL, overrides=overrides)
    _, same_context, from_scratch = composed(fresh, scratch)
    if same_context != context:
        return [f"after {edits}: the contexts differ"]
    return [f"after {edits}: {name}" for name in _differing(made, from_scratch)]


def composed(studio: Studio, request: CompositionRequest | RevisionRequest) -> tuple[str, dict[str, Any], Roles]:
    """Partition, resolved context, and every artifact's roles by hash, of ``request``. Raises BadInput."""
    return made_of(studio, submit(studio.registry, request, studio.settings).partition)


def made_of(studio: Studio, partition: str) -> tuple[str, dict[str, Any], Roles]:
    """Make every asset of ``partition`` as far as the arrangement; what ``composed`` returns."""
    manifests: dict[str, Manifest] = {}
    for declaration in until(UNTIL):
        made = studio.runner.make(declaration, partition, manifests)
        with studio.registry.session() as session:
            queries.record_materialization(
                session, partition, declaration.key, key=made.key, content_hash=made.manifest.content_hash,
                carried_from=made.carried_from, seconds=made.seconds, inputs_key=made.inputs_key or None,
                kept=made.manifest if made.is_kept else None, is_there=studio.store.has,
            )  # fmt: skip
            if declaration.key == CONTEXT_ASSET:
                resolved = studio.runner.load_context(made.manifest).model_dump(mode="json")
                queries.record_context(session, partition, resolved)
        manifests[declaration.key] = made.manifest
    roles = {asset: {role.role: role.sha256 for role in manifest.content} for asset, manifest in manifests.items()}
    return partition, resolved, roles


def _revised(
    studio: Studio, parent: str, context: Mapping[str, Any], rng: Random
) -> tuple[Edit, str, dict[str, Any], Roles]:
    """The next version; edits that the door refuses are drawn again, a harmless one after many."""
    for _ in range(_DRAWS):
        edit = draw(rng, context)
        try:
            accepted = submit(studio.registry, _request(parent, edit), studio.settings)
        except BadInput:
            continue
        return edit, *made_of(studio, accepted.partition)  # what the door accepted must be possible
    return Edit("nothing"), *composed(studio, _request(parent, Edit("nothing")))


def _request(parent: str, edit: Edit) -> RevisionRequest:
    return RevisionRequest(
        version=parent, overrides=dict(edit.overrides), rerolls=edit.rerolls, until=UNTIL, **edit.extras
    )


def _differing(mine: Roles, theirs: Roles) -> Sequence[str]:
    return [
        f"{asset} {role}"
        for asset in mine
        if asset not in OWN_ASSETS
        for role in sorted(mine[asset].keys() | theirs[asset].keys())
        if mine[asset].get(role) != theirs[asset].get(role)
    ]
