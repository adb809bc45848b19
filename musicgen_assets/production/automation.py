"""Moves of the desk that a score asks for: filters that open and close, echoes at the ends of phrases.

Belongs here: which track moves where, by its role and the energy of the sections, with reasons. Does not belong here:
riding the volume of sections, which needs their measured loudness (mixing.rides), and moving anything (mixing.strip).
"""

from __future__ import annotations

from itertools import pairwise

from musicgen_assets.context.schema import Role
from musicgen_assets.production.plan import VOCAL, Automation, TrackSound
from musicgen_assets.production.sounds import Setting
from musicgen_assets.score.clock import beat_ticks, ticks_per_bar
from musicgen_assets.score.model import Score, Section, Track

RISE = 0.1
"""A section with this much more energy than the one before is built up to."""
BUILD_BARS = 4
BUILD_HZ: dict[Role, float] = {"bass": 160.0, "drums": 140.0, "pad": 500.0, "chords": 400.0, "arpeggio": 500.0}
"""Where the high-pass of a build-up ends: the low end goes first and comes back with the drop."""
OPENING: frozenset[Role] = frozenset({"pad", "chords", "arpeggio"})
OPENING_KINDS = frozenset({"intro", "breakdown"})
OPENING_HZ = (700.0, 9_000.0)
"""The low-pass of a beginning: from dull to nearly open."""
THROWS_FROM_DB = -30.0
"""Tracks that send less to the echoes than this have none to throw."""
THROW_DB = -8.0
THROW_BARS = 4
"""At most one throw in so many bars: more would be an effect, not an accent."""
REST_BEATS = 1.0


def automated(sound: TrackSound, score: Score, setting: Setting) -> TrackSound:
    """The sound with its moves, in order of their beginning."""
    moves: list[Automation] = []
    if setting.is_electronic and not setting.is_lofi:
        moves += _builds(sound, score)
        moves += _openings(sound, score)
    moves += _throws(sound, score)
    if not moves:
        return sound
    ordered = sorted(moves, key=lambda move: (move.start_ticks, move.kind))
    return sound.model_copy(update={"automation": tuple(ordered)})


def _builds(sound: TrackSound, score: Score) -> list[Automation]:
    """A high-pass that climbs over the last bars before a bigger section, and lets go when it begins."""
    if sound.role not in BUILD_HZ:
        return []
    bar = ticks_per_bar(score.time_signature)
    moves = []
    for before, after in pairwise(score.sections):
        if not _is_bigger(before, after) or (before.kind in OPENING_KINDS and sound.role in OPENING):
            continue
        length = min(BUILD_BARS, before.bars) * bar
        moves.append(
            Automation(
                kind="high_pass", start_ticks=after.start_ticks - length, end_ticks=after.start_ticks,
                start_value=max(20.0, sound.high_pass_hz), end_value=BUILD_HZ[sound.role],
                reason=f"the low end leaves before {after.name} brings it back",
            )
        )  # fmt: skip
    return moves


def _is_bigger(before: Section, after: Section) -> bool:
    return after.kind in ("chorus", "drop") and after.energy - before.energy >= RISE


def _openings(sound: TrackSound, score: Score) -> list[Automation]:
    """A low-pass that opens over an introduction or a breakdown."""
    if sound.role not in OPENING:
        return []
    low_hz, high_hz = OPENING_HZ
    return [
        Automation(
            kind="low_pass", start_ticks=section.start_ticks, end_ticks=section.end_ticks, start_value=low_hz,
            end_value=high_hz, reason=f"{section.name} opens with the energy to come",
        )
        for section in score.sections
        if section.kind in OPENING_KINDS
    ]  # fmt: skip


def _throws(sound: TrackSound, score: Score) -> list[Automation]:
    """The last note of a phrase thrown to the echoes, which fill the rest after it."""
    if sound.role not in ("lead", "vocal") or sound.delay_send_db < THROWS_FROM_DB:
        return []
    track = score.track(sound.name) or (_melody(score) if sound.name == VOCAL else None)
    if track is None:
        return []
    rest = REST_BEATS * beat_ticks(score.time_signature)
    apart = THROW_BARS * ticks_per_bar(score.time_signature)
    moves: list[Automation] = []
    notes = sorted(track.notes)
    for index, (start, duration, _, _) in enumerate(notes):
        follows = notes[index + 1][0] if index + 1 < len(notes) else score.end_ticks
        is_far = not moves or start - moves[-1].start_ticks >= apart
        if is_far and follows - (start + duration) >= rest and duration > 0:
            moves.append(
                Automation(
                    kind="throw", start_ticks=start, end_ticks=start + duration, start_value=THROW_DB,
                    end_value=THROW_DB, reason="the end of a phrase: echoes fill the rest",
                )
            )  # fmt: skip
    return moves


def _melody(score: Score) -> Track | None:
    """The tune that is sung."""
    return next((track for track in score.tracks if track.role == "lead" and track.notes), None)
