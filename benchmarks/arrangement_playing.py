"""Whether players can play a score: ranges, voices at once, chords under a guitarist's hand.

Belongs here: those rules, and what a rule answers. Does not belong here: the limits themselves
(arrangement.playability, arrangement.ranges), rules of form (arrangement_rules).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.written import WrittenSong
from musicgen_assets.arrangement.playability import FRETTED, fits_on_guitar, voices_of
from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.score.model import Track


@dataclass(frozen=True)
class Measure:
    """How many times a rule was tried in a song and kept."""

    kept: int
    tried: int
    note: str = ""


def in_range(song: WrittenSong) -> Measure:
    """Every pitched track within its instrument's range."""
    tracks = [t for t in song.tracks if t.notes and not t.is_drums]
    off = []
    for track in tracks:
        low, high = range_of(track.program)
        pitches = track.array()[:, 2]
        if pitches.min() < low or pitches.max() > high:
            off.append(f"{track.name} {pitches.min()}-{pitches.max()} of {low}-{high}")
    return Measure(len(tracks) - len(off), len(tracks), "; ".join(off))


def polyphony(song: WrittenSong) -> Measure:
    """Nobody sounds more notes at once than the instrument has: one for winds, six for guitars, ten for hands."""
    tracks = [t for t in song.tracks if t.notes and not t.is_drums and t.role != "percussion"]
    off = []
    for track in tracks:
        most = voices_of(track.program)
        found = max(len(group) for group in sounding(track))
        if found > most:
            off.append(f"{track.name} (program {track.program}) {found} at once")
    return Measure(len(tracks) - len(off), len(tracks), "; ".join(off))


def sounding(track: Track) -> list[tuple[int, ...]]:
    """The pitches that sound at each onset, lowest first; what ends within a 64th of it is over."""
    notes = track.array()
    ends = notes[:, 0] + notes[:, 1]
    found = []
    for onset in np.unique(notes[:, 0]):
        is_on = (notes[:, 0] <= onset) & (ends > onset + 30)
        found.append(tuple(sorted(int(p) for p in notes[is_on, 2])) or (0,))
    return found


def guitars_can_be_played(song: WrittenSong) -> Measure:
    """Every chord of a guitar lies on as many strings as it has notes, within one hand's frets, open strings aside."""
    kept = tried = 0
    worst: list[str] = []
    for track in song.tracks:
        if track.program not in FRETTED or track.is_drums or not track.notes or track.role == "bass":
            continue
        known: dict[tuple[int, ...], bool] = {}
        for group in sounding(track):
            if len(group) < 2:
                continue
            if group not in known:
                known[group] = fits_on_guitar(group)
            tried += 1
            kept += known[group]
            if not known[group] and len(worst) < 3:
                worst.append(f"{track.name} {group}")
    return Measure(kept, tried, "; ".join(worst))
