"""Durations and hit points of random requests, measured from what was written: python -m benchmarks.hit_points [N].

Belongs here: drawing requests, measuring scores in performed seconds. Does not belong here: how they are met
(musicgen_assets.arrangement.pace, accents).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.pace import FRAME_S
from musicgen_assets.context.schema import HitPoint
from musicgen_assets.ideation.rules import HIT_FIRST_S
from musicgen_assets.production.parts import song_samples
from musicgen_assets.score.clock import beat_ticks, mean_tempo_bpm, seconds, song_clock, steady_tracks, ticks_per_bar
from musicgen_assets.score.model import Track
from musicgen_assets.styles.loader import style_names

METERS = ("2/4", "3/4", "4/4", "4/4", "4/4", "5/4", "6/8", "7/8", "12/8")
KINDS = ("drop", "change", "hit", "stop")
RATE_HZ = 48_000
TUTTI = 0.75
"""Share of the tracks that sound around a hit that have to strike on it."""
_AROUND_S = 4.0
_CLOSING_BARS = 3


@dataclass(frozen=True)
class Request:
    """One random request."""

    seed: int
    style: str
    duration_s: float
    tempo_bpm: float
    time_signature: str
    hit_points: tuple[HitPoint, ...]

    def written(self) -> WrittenSong:
        """The song of it."""
        return write_song(
            f"a {self.style.replace('_', ' ')} instrumental", self.seed,
            {
                "musical.genres": [{"name": self.style, "weight": 1.0}],
                "musical.tempo_bpm": self.tempo_bpm,
                "musical.time_signature": self.time_signature,
                "technical.duration_s": self.duration_s,
                "musical.hit_points": [point.model_dump() for point in self.hit_points],
            },
        )  # fmt: skip


@dataclass(frozen=True)
class Met:
    """How one hit point came out: ``off_s`` from the asked moment, and what is wrong with it, if anything."""

    kind: str
    at_s: float
    off_s: float
    fault: str = ""


def random_request(seed: int) -> Request:
    """Style, duration 30-600 s, tempo 60-200 BPM, meter and 0-4 hit points at least a bar apart, in hundredths."""
    rng = np.random.default_rng(seed)
    style = str(rng.choice(style_names()))
    tempo_bpm, meter = float(rng.integers(60, 201)), str(rng.choice(METERS))
    duration_s = round(float(np.exp(rng.uniform(np.log(30.0), np.log(600.0)))), 2)
    bar_s = seconds(ticks_per_bar(meter), tempo_bpm)
    first_s = max(bar_s, HIT_FIRST_S)
    found: list[HitPoint] = []
    for _ in range(int(rng.integers(0, 5))):
        at_s = round(float(rng.uniform(first_s, max(duration_s - 1.2 - _CLOSING_BARS * bar_s, first_s * 1.1))), 2)
        if all(abs(at_s - point.at_s) >= bar_s for point in found) and at_s < duration_s - 1.2 - 2.1 * bar_s:
            found.append(HitPoint(kind=str(rng.choice(KINDS)), at_s=at_s))
    found.sort(key=lambda point: point.at_s)
    return Request(seed, style, duration_s, tempo_bpm, meter, tuple(found))


def measured(song: WrittenSong, points: Sequence[HitPoint]) -> list[Met]:
    """Every hit point as it is played: section starts, strokes of everyone, silences."""
    tracks = [track for track in steady_tracks(song.tracks, song.score) if track.notes]
    tick_s = seconds(1, song.score.tempo_bpm)
    return [_met(song, tracks, tick_s, point) for point in points]


def _met(song: WrittenSong, tracks: Sequence[Track], tick_s: float, point: HitPoint) -> Met:
    if point.kind in ("drop", "change"):
        return _begun(song, tracks, tick_s, point)
    return _struck(tracks, tick_s, point) if point.kind == "hit" else _silent(song, tracks, tick_s, point)


def _begun(song: WrittenSong, tracks: Sequence[Track], tick_s: float, point: HitPoint) -> Met:
    """The nearest section start; a note strikes on it; for a drop, no section that is none is louder."""
    clock = song_clock(song.score)
    starts = {section.name: clock.seconds(section.start_ticks) for section in song.score.sections}
    name = min(starts, key=lambda name: abs(starts[name] - point.at_s))
    onsets = np.concatenate([track.array()[:, 0] for track in tracks]) * tick_s
    nearest = float(onsets[np.argmin(np.abs(onsets - point.at_s))])
    off_s = max(abs(starts[name] - point.at_s), abs(nearest - point.at_s))
    fault = "" if off_s <= FRAME_S else f"{name} begins {starts[name] - point.at_s:+.3f} s off"
    if point.kind == "drop" and not fault:
        loud = loudness(song)
        drops = {
            met for asked in song.context.musical.hit_points if asked.kind == "drop" for met in [_near(starts, asked)]
        }
        loudest_other = max((value for other, value in loud.items() if other not in drops), default=0.0)
        if loud[name] < loudest_other:
            fault = f"{name} measures {loud[name]:.0f}, another section {loudest_other:.0f}"
    return Met(point.kind, point.at_s, off_s, fault)


def _near(starts: dict[str, float], point: HitPoint) -> str:
    return min(starts, key=lambda name: abs(starts[name] - point.at_s))


def loudness(song: WrittenSong) -> dict[str, float]:
    """Velocity struck a second, by section: how much is going on."""
    clock = song_clock(song.score)
    notes = np.concatenate([track.array() for track in song.score.tracks if track.notes])
    found = {}
    for section in song.score.sections:
        end = section.end_ticks if section is not song.score.sections[-1] else section.end_ticks - 1
        inside = notes[(notes[:, 0] >= section.start_ticks) & (notes[:, 0] < end)]
        spent_s = clock.seconds(section.end_ticks) - clock.seconds(section.start_ticks)
        found[section.name] = float(inside[:, 3].sum()) / max(spent_s, 0.1)
    return found


def _struck(tracks: Sequence[Track], tick_s: float, point: HitPoint) -> Met:
    """The median onset of those who strike within a frame, and whether that is everyone who plays around there."""
    offs = []
    playing = 0
    for track in tracks:
        onsets = track.array()[:, 0] * tick_s - point.at_s
        if track.role == "percussion" or not (np.abs(onsets) <= _AROUND_S).any():
            continue
        playing += 1
        nearest = float(onsets[np.argmin(np.abs(onsets))])
        if abs(nearest) <= FRAME_S:
            offs.append(abs(nearest))
    share = len(offs) / max(playing, 1)
    fault = "" if offs and share >= TUTTI else f"{share:.0%} of {playing} strike"
    return Met(point.kind, point.at_s, float(np.median(offs)) if offs else np.inf, fault)


def _silent(song: WrittenSong, tracks: Sequence[Track], tick_s: float, point: HitPoint) -> Met:
    """From the last sound before to the first after: a quarter at least and under 1.9 s."""
    notes = np.concatenate([track.array() for track in tracks if not track.is_drums]).astype(np.int64)
    everybody = np.concatenate([track.array() for track in tracks]).astype(np.int64)
    starts, ends = notes[:, 0] * tick_s, (notes[:, 0] + notes[:, 1]) * tick_s
    begun = starts < point.at_s + FRAME_S
    silent_from = float(ends[begun].max(initial=0.0))
    after = everybody[:, 0] * tick_s
    resumed = float(after[after > point.at_s + FRAME_S].min(initial=np.inf))
    wanted_s = min(seconds(beat_ticks(song.score.time_signature), song.score.tempo_bpm), 1.0)
    length = resumed - point.at_s
    fault = ""
    if abs(silent_from - point.at_s) > FRAME_S:
        fault = f"silence begins {silent_from - point.at_s:+.3f} s off"
    elif not wanted_s * 0.9 <= length <= 1.9:
        fault = f"silent for {length:.2f} s"
    return Met(point.kind, point.at_s, abs(silent_from - point.at_s), fault)


def duration_fault(song: WrittenSong, asked_s: float) -> str:
    """What is wrong with the length: samples, sound beyond the end, or nothing that rings towards it."""
    if song_samples(song.score, RATE_HZ) != round(asked_s * RATE_HZ):
        return f"{song_samples(song.score, RATE_HZ)} samples"
    tick_s = seconds(1, song.score.tempo_bpm)
    ends = [(row[0] + row[1]) * tick_s for track in steady_tracks(song.tracks, song.score) for row in track.notes]
    if not asked_s - 0.6 <= max(ends) <= asked_s:
        return f"the last note ends at {max(ends):.3f} s"
    tail_s = asked_s - song_clock(song.score).seconds(song.score.end_ticks)
    return "" if tail_s >= 1.19 else f"{tail_s:.2f} s to ring out"


def main(count: int) -> int:
    """Print a line for each fault and the sums; 1 where anything was off."""
    faults, mets, means = 0, [], []
    for seed in range(count):
        request = random_request(seed)
        song = request.written()
        means.append(abs(mean_tempo_bpm(song.score) / request.tempo_bpm - 1.0))
        fault = duration_fault(song, request.duration_s)
        found = measured(song, request.hit_points)
        mets += found
        for text in [fault, *(f"{met.kind} at {met.at_s:g} s: {met.fault}" for met in found if met.fault)]:
            if text:
                faults += 1
                print(f"seed {seed} {request.style} {request.duration_s:g} s {request.tempo_bpm:g} BPM "
                      f"{request.time_signature}: {text}")  # fmt: skip
    offs = [met.off_s for met in mets]
    print(f"{count} requests, {len(mets)} hit points, {faults} faults; "
          f"farthest off {max(offs, default=0.0) * 1000:.1f} ms (a frame is {FRAME_S * 1000:.1f} ms), "
          f"mean tempo off at most {max(means):.2%}")  # fmt: skip
    for kind in KINDS:
        of_kind = [met for met in mets if met.kind == kind]
        print(f"  {kind}: {len(of_kind)}, met {sum(not met.fault for met in of_kind)}")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
