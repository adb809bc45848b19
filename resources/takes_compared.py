"""Takes side by side: their scores, their hooks, what they share, and files to listen to.

Belongs here: gathering and writing, for CLI and page alike. Does not belong here: what a take is (takes), measuring
(the critic, the composer).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.composition.melody_hook import figure_likeness
from musicgen_assets.context.failures import MissingArtifact
from musicgen_assets.graph.manifest import Manifest
from musicgen_assets.score.material import Melody
from musicgen_assets.score.model import Score
from musicgen_assets.theory.pitch import spell
from resources.disk import write_atomically
from resources.previews import preview_place
from resources.registry import queries
from resources.studio import Studio
from resources.takes import PREVIEW, Take, TakeSet, assets_of_take

SCORES = (
    "melodic_coherence", "harmonic_consistency", "rhythmic_stability", "structural_integrity", "lyric_quality",
)  # fmt: skip
"""What the critic says of a written song, each 0-1; the last only where it is sung."""
HOOK_MEASURES = ("hook_in_choruses", "hook_late", "hook_total")
"""Of the critic: statements in the poorest chorus, share of the song before the first, statements in all."""

_VOICE, _SCORE, _MELODY = "arrangement/vocal_line", "arrangement/arrangement", "composition/melody"

Manifests = Mapping[str, Manifest]


def compare_takes(studio: Studio, found: TakeSet, *, has_files: bool = True) -> dict[str, Any]:
    """The takes of ``found`` as plain data, previews written into files unless ``has_files`` is False.

    "takes": a row each, see ``_row``; "shared": assets whose content is the same in all that have them, "differing":
    the others; "tracks_shared": parts whose every note is the same in all. Raises MissingArtifact where an object is
    gone, a Failure by errno where a preview cannot be written.
    """
    manifests = {take.partition: _manifests(studio, take.partition) for take in found.takes}
    hooks = {name: _melody(studio, held) for name, held in manifests.items()}
    first = next((melody for melody in hooks.values() if melody is not None), None)
    assets = [asset for asset in assets_of_take() if not asset.startswith("ideation/")]
    hashes = {asset: {held[asset].content_hash for held in manifests.values() if asset in held} for asset in assets}
    return {
        "composition": found.composition,
        "first": found.first,
        "stream": found.stream,
        "takes": [
            _row(studio, take, manifests[take.partition], hooks[take.partition], first, has_file=has_files)
            for take in found.takes
        ],
        "shared": [asset for asset in assets if len(hashes[asset]) == 1],
        "differing": [asset for asset in assets if len(hashes[asset]) > 1],
        "tracks_shared": _tracks_shared(studio, [held for held in manifests.values() if _SCORE in held]),
    }


def _row(
    studio: Studio, take: Take, held: Manifests, melody: Melody | None, first: Melody | None, *, has_file: bool
) -> dict[str, Any]:
    """One take: where it stands, scores, failed checks, the hook's notes and measures, its preview's file.

    "likeness" is 0-1, how alike its hook is to the first take's; None where there is no melody yet.
    """
    critic = _json(studio, held, _VOICE, "critic") or {"scores": {}, "measures": {}}
    facts = held[PREVIEW].facts if PREVIEW in held else {}
    likeness = figure_likeness(first.hook.notes, melody.hook.notes) if first and melody else None
    return {
        "number": take.number,
        "partition": take.partition,
        "status": take.state,
        "scores": {name: critic["scores"][name] for name in SCORES if name in critic["scores"]},
        "failed_checks": [check.name for manifest in held.values() for check in manifest.checks if not check.passed],
        "hook": [] if melody is None else _names(studio, held, melody),
        "hook_measures": _hook_measures(critic["measures"], held, melody),
        "likeness": None if likeness is None else round(likeness, 3),
        "preview": _preview(studio, take.partition, held) if has_file else None,
        "preview_of": facts.get("section"),
        "preview_s": facts.get("seconds"),
    }


def _hook_measures(measures: Mapping[str, float], held: Manifests, melody: Melody | None) -> dict[str, float]:
    """HOOK_MEASURES, the hook's compass, and how coherent its composer found the tune (0-1)."""
    found = {name: measures[name] for name in HOOK_MEASURES if name in measures}
    if melody is not None:
        pitches = [note[2] for note in melody.hook.notes]
        found["compass_semitones"] = float(max(pitches) - min(pitches))
        found["tune_coherence"] = float(held[_MELODY].facts.get("melodic_coherence", 0.0))
    return found


def _manifests(studio: Studio, partition: str) -> dict[str, Manifest]:
    with studio.registry.reading() as session:
        return {asset: row.manifest for asset, row in queries.materializations_of(session, partition).items()}


def _json(studio: Studio, held: Manifests, asset: str, role: str = "main") -> Any:
    found = held[asset].role(role) if asset in held else None
    return None if found is None else json.loads(studio.store.get(found.sha256))


def _melody(studio: Studio, held: Manifests) -> Melody | None:
    data = _json(studio, held, _MELODY)
    return None if data is None else Melody.model_validate(data)


def _names(studio: Studio, held: Manifests, melody: Melody) -> list[str]:
    """The hook's notes as a reader of the key spells them."""
    context = _json(studio, held, "ideation/context")
    key, scale = context["musical"]["key"], context["musical"]["scale"]
    return [spell(note[2] % 12, key, scale) for note in sorted(melody.hook.notes)]


def _tracks_shared(studio: Studio, sets: list[Manifests]) -> list[str]:
    """Names of tracks that every score has, with the same notes, controllers and player."""
    scores = [Score.model_validate(_json(studio, held, _SCORE)) for held in sets]
    if not scores:
        return []
    return [track.name for track in scores[0].tracks if all(score.track(track.name) == track for score in scores[1:])]


def _preview(studio: Studio, partition: str, held: Manifests) -> str | None:
    """The file of a preview, written where it is not there."""
    if PREVIEW not in held:
        return None
    role = held[PREVIEW].role("main")
    if role is None:
        raise MissingArtifact(f"{PREVIEW} of {partition} has no role main.", way_out="Make it again.")
    path = preview_place(studio.settings, partition, role.sha256, role.suffix)
    if not path.is_file() or path.stat().st_size != role.size_bytes:
        write_atomically(path, studio.store.get(role.sha256))
    return str(path)
