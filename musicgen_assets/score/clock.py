"""Ticks, beats, bars and seconds. Meters are those of the schema; a song's tempo may bend, its clock knows where.

Belongs here: the one place that turns ticks into seconds and back. Does not belong here: choosing a tempo map
(arrangement.pace).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Score, Skip, TempoChange, Track


@lru_cache(maxsize=64)
def meter(time_signature: str) -> tuple[int, int]:
    """("6/8") -> (6, 8)."""
    numerator, denominator = time_signature.split("/")
    return int(numerator), int(denominator)


def ticks_per_bar(time_signature: str) -> int:
    """Length of one bar in ticks: 1,920 for 4/4, 1,440 for 3/4 and 6/8."""
    numerator, denominator = meter(time_signature)
    return TICKS_PER_QUARTER * 4 * numerator // denominator


def ticks_per_step(time_signature: str) -> int:
    """Length of a sixteenth, the grid that style patterns are written on: 120 ticks in every meter."""
    del time_signature
    return TICKS_PER_QUARTER // 4


def steps_per_bar(time_signature: str) -> int:
    """Sixteenths a bar: 16 in 4/4, 12 in 3/4 and 6/8, 20 in 5/4, 14 in 7/8, 24 in 12/8."""
    return ticks_per_bar(time_signature) // ticks_per_step(time_signature)


def beat_ticks(time_signature: str) -> int:
    """The felt beat: a dotted quarter in 6/8 and 12/8, an eighth in 7/8, else a quarter."""
    numerator, denominator = meter(time_signature)
    if denominator == 8:
        return TICKS_PER_QUARTER * 3 // 2 if numerator % 3 == 0 else TICKS_PER_QUARTER // 2
    return TICKS_PER_QUARTER * 4 // denominator


def cut_meter(left_ticks: int, time_signature: str) -> str:
    """The meter of a bar of which ``left_ticks`` are left, in the song's own note value where that divides it.

    (960, "4/4") -> "2/4", (1440, "12/8") -> "6/8", (840, "4/4") -> "7/16". Multiples of 30 ticks are exact.
    """
    own = meter(time_signature)[1]
    whole = 4 * TICKS_PER_QUARTER
    value = next((size for size in (4, 8, 16, 32, 64) if size >= own and left_ticks % (whole // size) == 0), 128)
    return f"{max(round(left_ticks * value / whole), 1)}/{value}"


def ticks_played(tick: int, skips: Iterable[Skip]) -> int:
    """How many ticks are played before a tick of the song; those of ``skips`` are not. A tick inside one is its end."""
    return tick - sum(min(max(tick - skip.start_ticks, 0), skip.end_ticks - skip.start_ticks) for skip in skips)


def seconds(ticks: float, tempo_bpm: float) -> float:
    """Ticks to seconds; ``tempo_bpm`` counts quarters a minute."""
    return float(ticks) * 60.0 / (tempo_bpm * TICKS_PER_QUARTER)


def ticks(time_s: float, tempo_bpm: float) -> int:
    """Seconds to the nearest tick."""
    return round(time_s * tempo_bpm * TICKS_PER_QUARTER / 60.0)


@dataclass(frozen=True)
class SongClock:
    """Ticks to seconds and back for a song whose tempo may bend and whose bars may be shortened.

    Piecewise linear; before the first tick and after the last change it goes on at the tempo there.
    """

    tempo_bpm: float
    tempo_map: Sequence[TempoChange] = ()
    skips: Sequence[Skip] = ()

    @property
    def is_steady(self) -> bool:
        """Whether ticks and seconds are in proportion."""
        return not self.tempo_map and not self.skips

    def seconds(self, tick: float) -> float:
        """When a tick is played. Ticks of a skip are all played at its end."""
        return float(self.seconds_of([tick])[0])

    def seconds_of(self, ticks_played: ArrayLike) -> NDArray[np.float64]:
        """``seconds`` of many ticks."""
        edges, times, rates = self._knots
        at = np.asarray(ticks_played, dtype=np.float64)
        index = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 1)
        found: NDArray[np.float64] = times[index] + (at - edges[index]) * rates[index]
        return found

    def ticks(self, time_s: float) -> int:
        """The tick nearest to a time; where a skip begins and ends at it, the end of the skip."""
        edges, times, rates = self._knots
        index = max(int(np.searchsorted(times, time_s, side="right")) - 1, 0)
        return round(float(edges[index]) + (time_s - float(times[index])) / float(rates[index]))

    @cached_property
    def _knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Where the pace changes: ticks, seconds, and seconds a tick from there on (0 in a skip)."""
        changes = self.tempo_map or (TempoChange(start_ticks=0, tempo_bpm=self.tempo_bpm),)
        edges = sorted(
            {0, *(change.start_ticks for change in changes)}
            | {tick for skip in self.skips for tick in (skip.start_ticks, skip.end_ticks)}
        )
        starts = [change.start_ticks for change in changes]
        rates = []
        for edge in edges:
            place = max(int(np.searchsorted(starts, edge, side="right")) - 1, 0)
            is_skipped = any(skip.start_ticks <= edge < skip.end_ticks for skip in self.skips)
            rates.append(0.0 if is_skipped else seconds(1, changes[place].tempo_bpm))
        spans = np.diff(np.array(edges, dtype=np.float64)) * np.array(rates[:-1])
        times = np.concatenate([[0.0], np.cumsum(spans)])
        return np.array(edges, dtype=np.float64), times, np.array(rates)


def song_clock(score: Score) -> SongClock:
    """The clock of a score."""
    return SongClock(score.tempo_bpm, score.tempo_map, score.skips)


def mean_tempo_bpm(score: Score) -> float:
    """Quarters played a minute from the first tick to the end of the last bar, skips not counted."""
    played = score.end_ticks - sum(skip.end_ticks - skip.start_ticks for skip in score.skips)
    return played / TICKS_PER_QUARTER * 60.0 / song_clock(score).seconds(score.end_ticks)


def steady(score: Score) -> Score:
    """The same performance at one constant tempo: every tick moved to where ``tempo_bpm`` alone puts it in time.

    What is to sound is heard alike, to the nearest tick; bars are no longer of one length. For all who think in
    seconds. A score without tempo map and skips is returned as it is.
    """
    clock = song_clock(score)
    if clock.is_steady:
        return score

    def moved(tick: int) -> int:
        return ticks(clock.seconds(tick), score.tempo_bpm)

    def spanned(start: int, duration: int) -> dict[str, int]:
        begins = moved(start)
        return {"start_ticks": begins, "duration_ticks": max(moved(start + duration) - begins, 1)}

    return score.model_copy(
        update={
            "end_ticks": moved(score.end_ticks),
            "sections": tuple(
                section.model_copy(
                    update={"start_ticks": moved(section.start_ticks), "end_ticks": moved(section.end_ticks)}
                )
                for section in score.sections
            ),
            "chords": tuple(
                chord.model_copy(update=spanned(chord.start_ticks, chord.duration_ticks)) for chord in score.chords
            ),
            "tracks": steady_tracks(score.tracks, score),
            "syllables": tuple(
                syllable.model_copy(update=spanned(syllable.start_ticks, syllable.duration_ticks))
                for syllable in score.syllables
            ),
            "stops": tuple((moved(start), moved(end)) for start, end in score.stops),
            "tempo_map": (),
            "skips": (),
        }
    )


def steady_tracks(tracks: Iterable[Track], score: Score) -> tuple[Track, ...]:
    """Tracks on the ticks of ``score``, its own or a sung line, moved as by ``steady``."""
    clock = song_clock(score)
    if clock.is_steady:
        return tuple(tracks)
    ticks_a_second = 1.0 / seconds(1, score.tempo_bpm)

    def moved(found: Sequence[int]) -> list[int]:
        return [int(tick) for tick in np.rint(clock.seconds_of(found) * ticks_a_second)]

    def notes_of(track: Track) -> tuple[NoteRow, ...]:
        starts = moved([row[0] for row in track.notes])
        ends = moved([row[0] + row[1] for row in track.notes])
        return tuple(
            (start, max(end - start, 1), row[2], row[3])
            for start, end, row in zip(starts, ends, track.notes, strict=True)
        )

    return tuple(
        track.model_copy(
            update={
                "notes": notes_of(track),
                "controllers": tuple(
                    (tick, *row[1:])
                    for tick, row in zip(moved([r[0] for r in track.controllers]), track.controllers, strict=True)
                ),
                "bends": tuple(
                    (tick, row[1]) for tick, row in zip(moved([r[0] for r in track.bends]), track.bends, strict=True)
                ),
            }
        )
        for track in tracks
    )
