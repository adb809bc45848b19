"""Who works in a home while its garbage is collected: new songs, revisions and deletions, in processes of their own.

They draw from few songs and few dice on purpose, so that what one deleted is what another makes at the same moment.
Belongs here: that work, in process and without sound. Does not belong here: collecting, what must hold (garbage).
"""

from __future__ import annotations

import uuid
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.soak.symbolic import made_of, symbolic_studio
from musicgen_assets.context.failures import BadInput, TransientFailure
from musicgen_assets.context.request import CompositionRequest, RevisionRequest
from resources import leases
from resources.door import claim, close_request, submit
from resources.registry import Lease, Request, queries
from resources.studio import Studio

PROMPTS = ("solo piano", "piano and cello", "a lullaby with a music box")
DICE = (1, 2)
EDITS: tuple[dict[str, Any], ...] = (
    {"rerolls": ("melody",)}, {"rerolls": ("chord_progression",)}, {"overrides": {"musical.key": "Eb"}},
    {"overrides": {"musical.tempo_bpm": 90}}, {"overrides": {"technical.loudness_target_lufs": -9}},
)  # fmt: skip
ATTEMPTS = 5
"""As often as a step of a run is tried, and once more."""

Told = dict[str, Any]


def work(home: Path, dice: int) -> Told:
    """One song or revision; what was made and how often a step had to be tried again. Nothing else may go wrong."""
    rng = Random(dice)  # noqa: S311  # dice, not secrets
    with symbolic_studio(home) as studio:
        try:
            submission = submit(studio.registry, _request(studio, rng), studio.settings)
            token = leases.claimer_name()
            claim(studio.registry, submission.request_id, token)
            leases.begin(
                studio.registry, submission.partition, str(uuid.uuid4()), request_id=submission.request_id, token=token
            )
        except BadInput as refusal:  # its parent, or what was asked for, was deleted a moment ago
            return {"refused": str(refusal), "retries": 0}
        try:
            return {"made": submission.partition, "retries": _made(studio, submission.partition)}
        finally:
            _end(studio, submission.partition, submission.request_id)


def _request(studio: Studio, rng: Random) -> CompositionRequest | RevisionRequest:
    """A revision of some version that is there, or one of few songs anew."""
    with studio.registry.reading() as session:
        songs = queries.list_compositions(session, limit=20).items
        versions = queries.list_versions(session, rng.choice(songs).id) if songs else []
    ready = [version.partition for version in versions if version.context is not None]
    if not ready or rng.random() < 0.4:
        return CompositionRequest(
            prompt=rng.choice(PROMPTS), seed=rng.choice(DICE), until="arrangement",
            overrides={"technical.duration_s": 30.0},
        )  # fmt: skip
    return RevisionRequest(version=rng.choice(ready), until="arrangement", **rng.choice(EDITS))


def _made(studio: Studio, partition: str) -> int:
    """Make ``partition``, and again as the steps of a run are; how often again."""
    for attempt in range(ATTEMPTS):
        try:
            made_of(studio, partition)
        except TransientFailure:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return attempt
    return ATTEMPTS


def _end(studio: Studio, partition: str, request_id: str) -> None:
    with studio.registry.session() as session:
        version = queries.get_version(session, partition)
        close_request(session, session.get_one(Request, request_id), "done")
        session.delete(session.get_one(Lease, version.id))


def delete_some(studio: Studio, instance: Any, rng: Random) -> str | None:
    """Delete a version that nobody works on and nobody was made from, or a whole song; its name, None if refused."""
    from resources.lifecycle import delete

    with studio.registry.reading() as session:
        songs = queries.list_compositions(session, limit=20).items
        if not songs:
            return None
        versions = queries.list_versions(session, rng.choice(songs).id)
    chosen = rng.choice([version.partition for version in versions] + [versions[0].composition_id])
    try:
        delete(studio, chosen, instance)
    except BadInput:
        return None
    return chosen
