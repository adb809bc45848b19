"""What a drummer and a bass player would listen for in a finished song, as numbers.

Belongs here: measures of timing, touch, drums and bass on the final score and its written twin. Does not belong here:
which values are good (groove_rules, tests), judging songs of others (the critic).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.written import WrittenSong
from musicgen_assets.composition.groove_building import BACKBEAT_KEYS, GHOST_VELOCITIES, KICK_KEYS
from musicgen_assets.composition.syncopation import syncopation
from musicgen_assets.score.clock import seconds, ticks_per_bar
from musicgen_assets.score.model import Section, Track

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

HAT_KEYS = (42, 44, 46, 51, 82, 54)
FILL_KEYS = frozenset({36, 37, 38, 39, 40, 45, 47, 50, 60, 61, 63, 64})
CRASHES = frozenset({49, 57})
OPEN_HAT = 46
MOMENTS_MIN = 24
STEP_SEMITONES = 2
STEP_TICKS = 120


@dataclass(frozen=True)
class Deviations:
    """How late one track is at each of its moments: ``ticks`` as written, ``ms`` behind (negative: ahead)."""

    track: str
    ticks: IntArray
    ms: FloatArray

    @property
    def lag_one(self) -> float:
        """Correlation of each moment's deviation with the next one's; nan where nothing deviates."""
        return autocorrelation(self.ms, 1)


def deviations(song: WrittenSong) -> list[Deviations]:
    """The deviation of every track from its written twin, over the whole song; chords count by their first note."""
    return [
        _of_track(written, played, song.score.tempo_bpm)
        for written, played in zip(song.written.tracks, song.score.tracks, strict=True)
    ]


def _of_track(written: Track, played: Track, tempo_bpm: float) -> Deviations:
    one, other = np.array(written.notes, dtype=np.int64), np.array(played.notes, dtype=np.int64)
    moments, moment_of = np.unique(one[:, 0], return_inverse=True)
    first = np.full(len(moments), np.iinfo(np.int64).max)
    np.minimum.at(first, moment_of, other[:, 0])
    return Deviations(written.name, moments, (first - moments) * seconds(1, tempo_bpm) * 1000.0)


def autocorrelation(values: FloatArray, lag: int) -> float:
    """Pearson's correlation of a series with itself ``lag`` later; nan where it does not vary."""
    one, other = values[:-lag], values[lag:]
    if len(one) < 2 or one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def apart_ms(found: Sequence[Deviations]) -> FloatArray:
    """How far the first and the last of the tracks that are written together are apart, at every such moment."""
    at: dict[int, list[float]] = {}
    for track in found:
        for tick, ms in zip(track.ticks.tolist(), track.ms.tolist(), strict=True):
            at.setdefault(tick, []).append(ms)
    return np.array([max(group) - min(group) for group in at.values() if len(group) > 1] or [0.0])


def drums(song: WrittenSong) -> IntArray:
    """The written drum track, (start, duration, key, velocity); empty where nobody drums."""
    track = song.written.track("drums")
    rows = sorted(track.notes) if track else []
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _inside(rows: IntArray, section: Section) -> IntArray:
    return rows[(rows[:, 0] >= section.start_ticks) & (rows[:, 0] < section.end_ticks)]


def hat_cycle(song: WrittenSong) -> float:
    """By how much hats two bars apart are more alike in loudness than hats one bar apart; nan without hats.

    Difference of the mean absolute velocity differences at one bar and at two, inside sections.
    """
    rows, bar = drums(song), ticks_per_bar(song.score.time_signature)
    hats = rows[np.isin(rows[:, 2], HAT_KEYS)]
    differences = {}
    for lag in (1, 2):
        found = []
        for section in song.score.sections:
            at = {(int(start), int(key)): int(velocity) for start, _, key, velocity in _inside(hats, section)}
            found += [abs(at[start + lag * bar, key] - v) for (start, key), v in at.items()
                      if (start + lag * bar, key) in at]  # fmt: skip
        differences[lag] = float(np.mean(found)) if found else float("nan")
    return differences[1] - differences[2]


def velocities_of(song: WrittenSong, low: int, high: int) -> IntArray:
    """Backbeat-drum velocities between two bounds, of sections from energy .56 on (where backbeats are struck)."""
    rows = drums(song)
    loud = [_inside(rows, section) for section in song.score.sections if section.energy >= 0.56]
    kept = np.concatenate([*loud, np.zeros((0, 4), dtype=np.int64)])
    kept = kept[np.isin(kept[:, 2], sorted(BACKBEAT_KEYS)) & (kept[:, 3] >= low) & (kept[:, 3] <= high)]
    return kept[:, 3]


def ghosts(song: WrittenSong) -> int:
    """How many ghost notes the song has."""
    rows = drums(song)
    is_soft = (rows[:, 3] <= GHOST_VELOCITIES[1]) & np.isin(rows[:, 2], sorted(BACKBEAT_KEYS))
    return int(is_soft.sum())


def kick_with_bass(song: WrittenSong) -> float:
    """Share of kicks that a bass note is written with, in bars where both play; nan where there are none."""
    bass = song.written.track("bass")
    rows, bar = drums(song), ticks_per_bar(song.score.time_signature)
    if bass is None or len(rows) == 0:
        return float("nan")
    starts = np.array([row[0] for row in bass.notes], dtype=np.int64)
    kicks = rows[np.isin(rows[:, 2], sorted(KICK_KEYS)), 0]
    kicks = kicks[np.isin(kicks // bar, starts // bar) & (kicks < song.score.end_ticks - bar)]
    return float(np.isin(kicks, starts).mean()) if len(kicks) else float("nan")


def bass_at_changes(song: WrittenSong) -> tuple[float, float]:
    """Of the chord changes that the bass plays through: the share on which it strikes the chord's bass note or root,
    and the share of changes of pitch that it comes to by a step of one or two semitones.

    A note up to an eighth before the change counts as on it (an anticipation).
    """
    bass = song.written.track("bass")
    if bass is None:
        return float("nan"), float("nan")
    rows = sorted(bass.notes)
    starts = np.array([row[0] for row in rows], dtype=np.int64)
    on_root, by_step = [], []
    bar = ticks_per_bar(song.score.time_signature)
    for before, chord in zip(song.written.chords, song.written.chords[1:], strict=False):
        if (before.root, before.bass) == (chord.root, chord.bass) or chord.start_ticks >= song.score.end_ticks - bar:
            continue
        index = _note_at(rows, starts, chord.start_ticks)
        if index is None:
            continue
        pitch = rows[index][2]
        is_root = pitch % 12 in (chord.bass, chord.root)
        on_root.append(is_root)
        if index > 0 and is_root and rows[index - 1][2] != pitch:
            by_step.append(abs(rows[index - 1][2] - pitch) <= STEP_SEMITONES)
    if not on_root:
        return float("nan"), float("nan")
    return float(np.mean(on_root)), float(np.mean(by_step)) if by_step else float("nan")


def _note_at(rows: Sequence[tuple[int, int, int, int]], starts: IntArray, tick: int) -> int | None:
    """The note struck at a change, up to a beat before and held over it, or up to an eighth after."""
    index = int(np.searchsorted(starts, tick, side="right")) - 1
    if index >= 0 and (starts[index] == tick or rows[index][0] + rows[index][1] > tick >= starts[index]):
        return index
    after = index + 1
    return after if after < len(rows) and starts[after] - tick <= 240 else None


@dataclass(frozen=True)
class Crossing:
    """One section boundary as the drummer plays it: the ``hits`` of its last bar that the section's own bars have not,
    ``weight`` their summed velocity, ``has_crash`` and ``has_kick`` on the one after.
    """

    section: str
    rise: float
    hits: tuple[tuple[int, int], ...]
    weight: int
    has_crash: bool
    has_kick: bool

    @property
    def is_filled(self) -> bool:
        """Whether the last bar is not just another bar of the groove."""
        return len(self.hits) >= 2


def crossings(song: WrittenSong) -> list[Crossing]:
    """Every boundary with drums in the bar before it, or on the one after it."""
    rows, bar = drums(song), ticks_per_bar(song.score.time_signature)
    found = []
    for before, after in zip(song.score.sections, song.score.sections[1:], strict=False):
        line = after.start_ticks
        last = rows[(rows[:, 0] >= line - bar) & (rows[:, 0] < line)]
        following = rows[(rows[:, 0] >= line) & (rows[:, 0] < line + bar)]
        if np.isin(last[:, 2], sorted(CRASHES)).all() and np.isin(following[:, 2], sorted(CRASHES)).all():
            continue
        usual = _usual(_inside(rows, before), before, bar)
        new = [row for row in last.tolist() if (row[0] - line + bar, row[2]) not in usual and row[2] in FILL_KEYS]
        one = set(rows[rows[:, 0] == line, 2].tolist())
        found.append(
            Crossing(
                after.name, after.energy - before.energy, tuple((row[0] - line + bar, row[2]) for row in new),
                sum(row[3] for row in new), bool(one & CRASHES), bool(one & KICK_KEYS),
            )
        )  # fmt: skip
    return found


def _usual(rows: IntArray, section: Section, bar: int) -> set[tuple[int, int]]:
    """(tick in bar, key) of what the section's other bars have."""
    inner = rows[rows[:, 0] < section.end_ticks - bar]
    return {(int(start) % bar, int(key)) for start, _, key, _ in inner}


def turns(song: WrittenSong) -> float:
    """Share of the drummed fourth bars, not the last of a section, that differ in their hits from the three before."""
    kit = [np.array(t.notes, dtype=np.int64) for t in song.written.tracks if t.is_drums]
    rows = np.concatenate([*kit, np.zeros((0, 4), dtype=np.int64)])
    bar = ticks_per_bar(song.score.time_signature)
    differs = []
    for section in song.score.sections:
        bars = [_bar_of(rows, section.start_ticks + number * bar, bar) for number in range(section.bars)]
        for number in range(3, section.bars - 1, 4):
            if all(bars[number - 3 : number + 1]):
                differs.append(all(bars[number] != other for other in bars[number - 3 : number]))
    return float(np.mean(differs)) if differs else float("nan")


def _bar_of(rows: IntArray, start: int, bar: int) -> frozenset[tuple[int, int]]:
    found = rows[(rows[:, 0] >= start) & (rows[:, 0] < start + bar)]
    return frozenset((int(tick) - start, int(key)) for tick, _, key, _ in found if key not in CRASHES)


def drum_weight(song: WrittenSong, kinds: Sequence[str]) -> list[float]:
    """Summed velocity of the drums (and percussion) a bar, of each section of these kinds, in order; the last bar of a
    section is its fill's, and left out.
    """
    bar = ticks_per_bar(song.score.time_signature)
    tracks = [np.array(sorted(t.notes)) for t in song.written.tracks if t.role in ("drums", "percussion")]
    found = []
    for section in song.score.sections:
        if section.kind in kinds:
            last = section.end_ticks - bar
            inside = [t[(t[:, 0] >= section.start_ticks) & (t[:, 0] < last), 3].sum() for t in tracks]
            found.append(float(sum(inside)) * bar / max(last - section.start_ticks, 1))
    return found


def touch_lag_one(song: WrittenSong) -> list[float]:
    """Per track: correlation from moment to moment of how much louder than usual for its place a note is struck.

    Usual is the mean velocity of the same key (drums) at the same place of the bar in sections of the same kind.
    """
    bar = ticks_per_bar(song.score.time_signature)
    edges = np.array([section.start_ticks for section in song.score.sections])
    found = []
    for track in song.written.tracks:
        rows = np.array(sorted(track.notes), dtype=np.int64)
        if len(rows) < MOMENTS_MIN:
            continue
        section = np.searchsorted(edges, rows[:, 0], side="right")
        pitch = rows[:, 2] if track.is_drums else np.zeros(len(rows), dtype=np.int64)
        places = np.stack((section, rows[:, 0] % bar, pitch), axis=1)
        _, place_of, sizes = np.unique(places, axis=0, return_inverse=True, return_counts=True)
        means = np.bincount(place_of, rows[:, 3]) / sizes
        kept = sizes[place_of] >= 4
        if kept.sum() >= MOMENTS_MIN:
            _, moment_of = np.unique(rows[kept, 0], return_inverse=True)
            rest = np.bincount(moment_of, (rows[:, 3] - means[place_of])[kept]) / np.bincount(moment_of)
            found.append(autocorrelation(rest, 1))
    return found


def rhythm_section_syncopation(song: WrittenSong) -> dict[str, float]:
    """Mean syncopation a bar of kick, open hats, bass and chords, each by itself, in the song's fullest section."""
    rows = drums(song)
    section = max(song.score.sections, key=lambda one: one.energy)
    streams = {"kick": [int(row[0]) for row in rows if row[2] in KICK_KEYS]}
    streams["open hat"] = [int(row[0]) for row in rows if row[2] == OPEN_HAT]
    for track in song.written.tracks:
        if track.role in ("bass", "chords") and track.role not in streams:
            streams[track.role] = [row[0] for row in track.notes]
    found = {}
    for name, ticks in streams.items():
        inside = [tick - section.start_ticks for tick in ticks if section.start_ticks <= tick < section.end_ticks]
        if inside:
            steps = sorted({round(tick / STEP_TICKS) for tick in inside})
            found[name] = syncopation(steps, song.score.time_signature, section.bars)
    return found
