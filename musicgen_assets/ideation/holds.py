"""What a revision holds of the version it edits: its mix and master, where only sections were edited.

Belongs here: telling from two contexts whether an edit is confined to sections, and what becomes of what the parent
already held. Does not belong here: which objects are held (resources.revisions), splicing (mixing.holding,
mastering.holding).

An edit of sections holds the parent's mix outside them, and its master too where nothing that shapes masters changed.
What comes after keeps a held mix as long as nothing that it rests on changes; a track that is edited as a whole is let
go; a change to the song, or to how it is played, lets go of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.decided import REROLLS
from musicgen_assets.context.edits import Edits, HeldMix, TrackEdit
from musicgen_assets.context.paths import project
from musicgen_assets.context.request import STAGES
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.declarations import DECLARATIONS, Declaration, declaration_of

HELD_MIX, HELD_MASTER = "edits.held_mix", "edits.held_master"
STEMS, MIX, MASTER = "production/stems", "mixing/mix", "mastering/master"
_TITLE = "creative.title"
"""Read by the arrangement for its MIDI file; it is heard nowhere."""
_BY_TRACK = ("edits.tracks", "edits.stems")


@dataclass(frozen=True)
class Holding:
    """What a child holds anew: the sections that are edited, and whether its master is held too.

    ``sections`` empty: nothing new is held, and ``kept`` are context paths to what becomes of what the parent held.
    """

    sections: tuple[str, ...] = ()
    is_master_held: bool = False
    kept: dict[str, Any] | None = None


def holding_of(base: CompositionContext, child: CompositionContext, *, is_refresh: bool = False) -> Holding:
    """What ``child``, made from ``base``, holds. With ``is_refresh`` everything is made anew."""
    if is_refresh:
        return Holding(kept=_let_all_go(base))
    is_master_same = not _changed(base, child, declaration_of(MASTER).paths)
    shaping = {path for declaration in _up_to_the_mix() for path in declaration.paths}
    changed = _changed(base, child, shaping - {_TITLE, *_BY_TRACK, HELD_MIX, HELD_MASTER})
    sections = _sections_rolled(base, child) | _sections_moved(base.edits, child.edits)
    whole = [path for path in changed if not path.startswith(REROLLS) or not path.endswith("/*")]
    tracks = _tracks_moved(base.edits, child.edits)
    if sections and not whole and not tracks:
        return Holding(tuple(sorted(sections)), is_master_same)
    return Holding(kept=_kept(base, has_changed=bool(whole or sections), tracks=tracks, is_master_same=is_master_same))


def _up_to_the_mix() -> Iterable[Declaration]:
    last = STAGES.index("mixing")
    return (one for one in DECLARATIONS if STAGES.index(one.stage) <= last)


def _changed(base: CompositionContext, child: CompositionContext, paths: Iterable[str]) -> list[str]:
    wanted = [path for path in paths if path not in (HELD_MIX, HELD_MASTER)]
    old, new = project(base, wanted), project(child, wanted)
    return sorted(path for path in old if old[path] != new[path])


def _sections_rolled(base: CompositionContext, child: CompositionContext) -> set[str]:
    old, new = base.ai_decisions.generation.rerolls, child.ai_decisions.generation.rerolls
    return {name.partition("/")[2] for name in {*old, *new} if "/" in name and old.get(name) != new.get(name)}


def _sections_moved(old: Edits, new: Edits) -> set[str]:
    found = set()
    for track in {*old.tracks, *new.tracks}:
        before, after = (edits.tracks.get(track, TrackEdit()).sections for edits in (old, new))
        found |= {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return found


def _tracks_moved(old: Edits, new: Edits) -> set[str]:
    """Tracks that were edited as a whole: their faders, or their sound."""
    plain: dict[str, Any] = {"sections": {}}
    moved = {
        name
        for name in {*old.tracks, *new.tracks}
        if old.tracks.get(name, TrackEdit()).model_copy(update=plain)
        != new.tracks.get(name, TrackEdit()).model_copy(update=plain)
    }
    return moved | {name for name in {*old.stems, *new.stems} if old.stems.get(name) != new.stems.get(name)}


def _kept(
    base: CompositionContext, *, has_changed: bool, tracks: set[str], is_master_same: bool
) -> dict[str, Any]:  # fmt: skip
    held = base.edits.held_mix
    if held is None or has_changed:
        return _let_all_go(base)
    found: dict[str, Any] = {}
    if tracks:
        found[HELD_MIX] = _without(held, tracks).model_dump(mode="json")
    if base.edits.held_master is not None and (tracks or not is_master_same):
        found[HELD_MASTER] = None
    return found


def _without(held: HeldMix, tracks: set[str]) -> HeldMix:
    stems = {name: file for name, file in held.stems.items() if name not in tracks}
    return held.model_copy(update={"stems": stems, "let_go": tuple(sorted({*held.let_go, *tracks}))})


def _let_all_go(base: CompositionContext) -> dict[str, Any]:
    held = {HELD_MIX: base.edits.held_mix, HELD_MASTER: base.edits.held_master}
    return dict.fromkeys(path for path, value in held.items() if value is not None)
