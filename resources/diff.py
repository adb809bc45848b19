"""What differs between two versions, as plain data: context, artifacts, score, words, measurements, checks, time.

Hashes are compared first: what is the same in both is not loaded. Versions that only got part of the way are
compared as far as both got.

Belongs here: gathering from registry and store. Does not belong here: comparing contexts and scores as such
(context.difference, score.difference), telling people (cli).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.difference import context_changes
from musicgen_assets.context.failures import BadInput, MissingArtifact
from musicgen_assets.graph.declarations import BY_KEY
from musicgen_assets.graph.gate import GATE
from musicgen_assets.graph.manifest import Manifest, StoredCheck, StoredRole
from musicgen_assets.score.difference import compare_scores, compare_tracks
from musicgen_assets.score.lyrics_difference import compare_lyrics
from musicgen_assets.score.material import Lyrics
from musicgen_assets.score.model import Score, Track
from resources.registry import queries
from resources.registry.models import Version
from resources.registry.results import KnownMaterialization
from resources.runner import CONTEXT_ASSET
from resources.studio import Studio
from resources.summary import computed_s

ARRANGEMENT, VOICE, LYRICS = "arrangement/arrangement", "arrangement/vocal_line", "composition/lyrics"

MEASUREMENTS = (
    ("integrated_lufs", "LUFS"), ("true_peak_dbtp", "dBTP"), ("loudness_range_lu", "LU"), ("dynamic_range_db", "dB"),
    ("duration_s", "s"), ("tempo_bpm", "BPM"), ("key", ""),
)  # fmt: skip
"""What the analysis states as facts, with units."""
SCORES = ("melodic_score", "harmonic_score", "rhythmic_score", "structural_score", "lyric_score")
"""Checks of the analysis whose measured value is a score of 0-1."""

_SHORT = 12
"""Hexadecimal digits of a hash that are shown."""


@dataclass(frozen=True)
class Side:
    """One of the two versions: its row, its assets as they stand, its waived checks, seconds spent on it."""

    version: Version
    known: dict[str, KnownMaterialization]
    waived: frozenset[str]
    seconds: float

    def manifest(self, asset: str) -> Manifest | None:
        """What it has under ``asset``."""
        row = self.known.get(asset)
        return None if row is None else row.manifest


def compare(studio: Studio, old: str, new: str) -> dict[str, Any]:
    """How partition ``new`` differs from ``old``; they may be of different compositions.

    "context": changed paths (see context_changes); "artifacts": a row per asset that either has; "score": see
    compare_scores, with the voice as a track; "lyrics": see compare_lyrics; "measurements", "checks" whose outcome
    changed; "seconds" computed for each. A part that not both versions came to is None. Raises BadInput
    for an unknown version, MissingArtifact where an object that has to be read is gone.
    """
    sides = (_side(studio, old), _side(studio, new))
    artifacts = [_artifact(asset, *sides) for asset in _assets(*sides)]
    return {
        "old": _facts(sides[0]),
        "new": _facts(sides[1]),
        "is_same": all(row["status"] == "same" for row in artifacts),
        "context": _context(studio, *sides),
        "artifacts": artifacts,
        "score": _score(studio, *sides),
        "lyrics": _lyrics(studio, *sides),
        "measurements": _measurements(*sides),
        "checks": _checks(*sides),
        "seconds": {"old": sides[0].seconds, "new": sides[1].seconds},
    }


def parent_of(studio: Studio, partition: str) -> str:
    """The partition that ``partition`` was revised from. Raises BadInput for a first version."""
    with studio.registry.reading() as session:
        parent = queries.get_version(session, partition).parent_partition
    if parent is None:
        raise BadInput(
            "version", partition, "it is a first version and has no parent to be compared with",
            way_out=f"Name another version: musicgen diff {partition} COMPOSITION@vN",
        )  # fmt: skip
    return parent


def _side(studio: Studio, partition: str) -> Side:
    with studio.registry.reading() as session:
        version = queries.get_version(session, partition)
        known = queries.materializations_of(session, partition)
        waived = frozenset(row.check for row in queries.waivers_of(session, partition))
        return Side(version, known, waived, round(computed_s(session, partition), 3))


def _facts(side: Side) -> dict[str, Any]:
    version = side.version
    return {"partition": version.partition, "parent": version.parent_partition, "status": version.state,
            "seed": version.seed, "change": version.change}  # fmt: skip


def _assets(old: Side, new: Side) -> list[str]:
    """Assets that either has, in the order of the graph."""
    found = {*old.known, *new.known}
    return [asset for asset in BY_KEY if asset in found] + sorted(found - BY_KEY.keys())


def _artifact(asset: str, old: Side, new: Side) -> dict[str, Any]:
    """{"asset", "status": same/changed/only_old/only_new, "roles": changed ones, "same_roles", "carried_from"}."""
    before, after = old.known.get(asset), new.known.get(asset)
    if before is None or after is None:
        status = "only_new" if before is None else "only_old"
    else:
        status = "same" if before.content_hash == after.content_hash else "changed"
    roles, same_roles = _roles(before, after) if status == "changed" else ([], [])
    return {
        "asset": asset,
        "status": status,
        "roles": roles,
        "same_roles": same_roles,
        "carried_from": {"old": before and before.carried_from, "new": after and after.carried_from},
    }


def _roles(
    before: KnownMaterialization | None, after: KnownMaterialization | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Changed roles with both hashes (short; None where there is none), and the names of those that are the same.

    A role whose bytes are the same may still differ by what belongs to it, such as the gain it is to be played at.
    """
    mine = {role.role: role for role in before.manifest.content} if before else {}
    theirs = {role.role: role for role in after.manifest.content} if after else {}
    changed, same = [], []
    for name in dict.fromkeys((*theirs, *mine)):
        was, now = mine.get(name), theirs.get(name)
        if was is not None and now is not None and (was.sha256, was.meta) == (now.sha256, now.meta):
            same.append(name)
        else:
            changed.append({"role": name, "old": _short(was), "new": _short(now)})
    return changed, same


def _short(role: StoredRole | None) -> str | None:
    return None if role is None else role.sha256[:_SHORT]


def _context(studio: Studio, old: Side, new: Side) -> list[dict[str, Any]] | None:
    if not _have_both(CONTEXT_ASSET, old, new):
        return None
    pair = _both_changed(CONTEXT_ASSET, old, new)
    return [] if pair is None else context_changes(*(json.loads(_main(studio, side)) for side in pair))


def _score(studio: Studio, old: Side, new: Side) -> dict[str, Any] | None:
    """The arrangements compared, and the sung line as one more track if it differs."""
    if not _have_both(ARRANGEMENT, old, new):
        return None
    pair, voices = _both_changed(ARRANGEMENT, old, new), _both_changed(VOICE, old, new)
    if pair is None and voices is None:
        return {"is_same": True, "facts": [], "sections": [], "chord_bars": [], "tracks": []}
    after = Score.model_validate_json(_main(studio, new.known[ARRANGEMENT].manifest))
    before = after if pair is None else Score.model_validate_json(_main(studio, pair[0]))
    found = compare_scores(before, after)
    sung = [None, None] if voices is None else [_sung(studio, manifest) for manifest in voices]
    if any(sung):
        row = compare_tracks(before, after, *sung)
        found = {**found, "tracks": [*found["tracks"], row]}
        found["is_same"] = found["is_same"] and row["change"] == "same"
    return found


def _sung(studio: Studio, manifest: Manifest) -> Track | None:
    track = json.loads(_main(studio, manifest)).get("track")
    return None if track is None else Track.model_validate(track)


def _lyrics(studio: Studio, old: Side, new: Side) -> list[dict[str, Any]] | None:
    if not _have_both(LYRICS, old, new):
        return None
    pair = _both_changed(LYRICS, old, new)
    if pair is None:
        return []
    before, after = (Lyrics.model_validate_json(_main(studio, manifest)) for manifest in pair)
    return compare_lyrics(before, after)


def _have_both(asset: str, old: Side, new: Side) -> bool:
    return asset in old.known and asset in new.known


def _both_changed(asset: str, old: Side, new: Side) -> tuple[Manifest, Manifest] | None:
    """Both manifests of an asset whose main role differs; None where one lacks it or they are the same."""
    before, after = old.manifest(asset), new.manifest(asset)
    if before is None or after is None or _short(before.role("main")) == _short(after.role("main")):
        return None
    return before, after


def _main(studio: Studio, manifest: Manifest) -> bytes:
    role = manifest.role("main")
    if role is None:
        raise MissingArtifact(f"{manifest.asset} has no role main.", way_out="Make it again.")
    return studio.store.get(role.sha256)


def _measurements(old: Side, new: Side) -> list[dict[str, Any]] | None:
    """{"name", "unit", "old", "new", "is_same"} of what either stated; None in one that did not."""
    if not _have_both(GATE, old, new):
        return None
    before, after = _measured(old.known[GATE].manifest), _measured(new.known[GATE].manifest)
    units = [*MEASUREMENTS, *((score, "") for score in SCORES)]
    return [
        {"name": name, "unit": unit, "old": before.get(name), "new": after.get(name),
         "is_same": before.get(name) == after.get(name)}
        for name, unit in units
        if name in before or name in after
    ]  # fmt: skip


def _measured(manifest: Manifest) -> dict[str, Any]:
    scores = {check.name: check.measured for check in manifest.checks if check.name in SCORES}
    return {**manifest.facts, **scores}


def _checks(old: Side, new: Side) -> list[dict[str, Any]] | None:
    """Checks whose outcome (passed, failed, waived) changed; None if the versions answered none in common."""
    rows: list[dict[str, Any]] = []
    before, after = _outcomes(old), _outcomes(new)
    if not before.keys() & after.keys():
        return None
    for (asset, name), (check, outcome) in after.items():
        was = before.get((asset, name))
        if was is not None and was[1] != outcome:
            rows.append({"asset": asset, "check": name, "old": _answer(*was), "new": _answer(check, outcome)})
    return rows


def _outcomes(side: Side) -> dict[tuple[str, str], tuple[StoredCheck, str]]:
    found = {}
    for asset, row in side.known.items():
        for check in row.manifest.checks:
            outcome = "passed" if check.passed else "waived" if check.name in side.waived else "failed"
            found[asset, check.name] = (check, outcome)
    return found


def _answer(check: StoredCheck, outcome: str) -> dict[str, Any]:
    return {"outcome": outcome, "measured": check.measured, "expected": check.expected}
