"""The rules of a good arrangement, measured from scores: python -m benchmarks.arrangement_rules [SEEDS].

Belongs here: a measure per rule of form, and the sums of all rules over styles, seeds and durations. Does not belong
here: rules of playing (arrangement_playing), writing arrangements, the gates of the pipeline (arrangement.integrity).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.arrangement_novelty import beat_features, novelty
from benchmarks.arrangement_playing import Measure, guitars_can_be_played, in_range, polyphony
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.boundary_marks import boundary_marks
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.production.parts import song_samples
from musicgen_assets.score.clock import beat_ticks, seconds, song_clock, ticks_per_bar
from musicgen_assets.score.model import NoteArray, Score, Section
from musicgen_assets.styles.loader import style_names
from musicgen_assets.theory.pitch import pitch_class

DURATIONS_S = (45.0, 90.0, 180.0)
QUIET = ("verse", "breakdown", "pre_chorus", "build")
LEAST_BARS = 2
"""Sections shorter than this say nothing about density."""
FloatArray = NDArray[np.float64]


def sections_of(score: Score, kinds: Sequence[str]) -> list[int]:
    """Indices of the sections of some kinds that are long enough to measure."""
    return [i for i, section in enumerate(score.sections) if section.kind in kinds and section.bars >= LEAST_BARS]


def inside(notes: NoteArray, section: Section, score: Score) -> NoteArray:
    """The notes that begin in a section; the song's closing bar is left out."""
    end = section.end_ticks
    if section is score.sections[-1]:
        end -= ticks_per_bar(score.time_signature)
    return notes[(notes[:, 0] >= section.start_ticks) & (notes[:, 0] < end)]


def bars_of(score: Score, section: Section) -> int:
    """The bars that ``inside`` looks at."""
    return section.bars - 1 if section is score.sections[-1] and section.bars > 1 else section.bars


def density(score: Score, section: Section) -> float:
    """Onsets a bar, chords counting once."""
    moments = [len(np.unique(inside(track.array(), section, score)[:, 0] // 30)) for track in score.tracks]
    return sum(moments) / bars_of(score, section)


def register_gain(score: Score, hook: Section, verse: Section) -> float:
    """Semitones by which those who play in both, bass and drums aside, play higher in ``hook``."""
    gains, weights = [], []
    for track in score.tracks:
        if track.is_drums or track.role in ("bass", "percussion"):
            continue
        one, other = inside(track.array(), hook, score), inside(track.array(), verse, score)
        if len(one) and len(other):
            gains.append(float(one[:, 2].mean() - other[:, 2].mean()))
            weights.append(float(np.sqrt(min(len(one), len(other)))))
    return float(np.average(gains, weights=weights)) if gains else 1.0


def layers(score: Score, section: Section) -> float:
    """Tracks that sound, each by the share of bars it sounds in."""
    bar = ticks_per_bar(score.time_signature)
    total = 0
    for track in score.tracks:
        notes = inside(track.array(), section, score)
        sounding_in = {
            number
            for start, duration, *_ in notes.tolist()
            for number in range(start // bar, (start + duration - 1) // bar + 1)
        }
        total += len(sounding_in)
    return total / bars_of(score, section)


def loudness(score: Score, section: Section) -> float:
    """Velocity struck a bar."""
    struck = sum(float(inside(track.array(), section, score)[:, 3].sum()) for track in score.tracks)
    return struck / bars_of(score, section)


def choruses_over_verses(song: WrittenSong, gain: Callable[[Score, Section, Section], float]) -> Measure:
    """Each chorus or drop above the verse before it; where there is none, above what leads to it."""
    score = song.score
    kept = tried = 0
    notes = []
    for index in sections_of(score, HOOK_KINDS):
        before = next((b for k in (("verse",), QUIET) if (b := [p for p in sections_of(score, k) if p < index])), [])
        if before:
            hook, verse = score.sections[index], score.sections[before[-1]]
            value = gain(score, hook, verse)
            tried += 1
            kept += value > 0
            if value <= 0:
                notes.append(f"{hook.name} {value:+.2f} to {verse.name}")
    return Measure(kept, tried, "; ".join(notes))


def last_chorus_is_more(song: WrittenSong) -> Measure:
    """The last chorus has as many layers as any other, a bar aside, and more density, layers and loudness in all."""
    score = song.score
    hooks = [score.sections[index] for index in sections_of(score, HOOK_KINDS)]
    if len(hooks) < 2:
        return Measure(0, 0)
    values = np.array([[density(score, h), layers(score, h), loudness(score, h)] for h in hooks])
    scaled = values / np.maximum(values.max(axis=0), 1e-9)
    totals = scaled.sum(axis=1)
    is_more = totals[-1] >= totals[:-1].max() - 1e-9 and values[-1, 1] >= 0.97 * values[:-1, 1].max()
    return Measure(int(is_more), 1, "" if is_more else f"last {totals[-1]:.2f} of {np.round(totals, 2).tolist()}")


def entries_and_exits(song: WrittenSong) -> Measure:
    """Somebody enters or leaves at half of the boundaries at least, where three or more play."""
    score = song.score
    if len(score.tracks) < 3 or len(score.sections) < 3:
        return Measure(0, 0)
    playing = [
        {t.name for t in score.tracks if len(inside(t.array(), section, score)) >= section.bars / 2}
        for section in score.sections
    ]
    changes = sum(one != two for one, two in pairwise(playing))
    return Measure(int(changes * 2 >= len(playing) - 1), 1, f"{changes} of {len(playing) - 1}")


def devices(song: WrittenSong) -> Measure:
    """Two marks or more at every boundary."""
    found = boundary_marks(song.score)
    poor = [f"{s.name}: {m}" for s, m in zip(song.score.sections[1:], found, strict=True) if len(m) < 2]
    return Measure(len(found) - len(poor), len(found), "; ".join(poor))


def novelty_peaks(song: WrittenSong, bars: float = 0.5) -> Measure:
    """A peak of novelty within a beat of every boundary: the highest within ``bars`` around, above the song's median.

    Chance, by lines drawn at random, is .25 for a whole bar.
    """
    score = song.score
    beat = beat_ticks(score.time_signature)
    values = novelty(beat_features(score))
    reach = max(round(bars * ticks_per_bar(score.time_signature) / beat), 2)
    floor = float(np.median(values))
    kept, missed = 0, []
    for section in score.sections[1:]:
        line = round(section.start_ticks / beat)
        low, high = max(line - reach, 0), min(line + reach + 1, len(values))
        peak = low + int(np.argmax(values[low:high]))
        if abs(peak - line) <= 1 and values[peak] > floor:
            kept += 1
        else:
            missed.append(f"{section.name}: peak {peak - line:+d} beats")
    return Measure(kept, len(score.sections) - 1, "; ".join(missed))


def ends_on_the_tonic(song: WrittenSong) -> Measure:
    """The last chord stands on the tonic, sounds until just before the end, and something is struck in the last bar."""
    score = song.score
    pitched = np.concatenate([t.array() for t in score.tracks if not t.is_drums and t.role != "percussion"])
    ends = pitched[:, 0] + pitched[:, 1]
    tonic = (pitch_class(score.key) + score.sections[-1].transpose) % 12
    closing = pitched[ends == ends.max()]
    last_s = song_clock(score).seconds(float(ends.max()))
    is_home = int(closing[:, 2].min()) % 12 == tonic
    is_struck = bool((pitched[:, 0] >= score.end_ticks - ticks_per_bar(score.time_signature) - 40).any())
    rings = 0.1 <= score.duration_s - last_s <= 0.8
    return Measure(int(is_home and is_struck and rings), 1, f"home {is_home}, {score.duration_s - last_s:.2f} s left")


def tail_is_sensible(song: WrittenSong) -> Measure:
    """The last bar's ring-out is 1.2 to 3 s long, or shorter than a bar."""
    score = song.score
    tail_s = score.duration_s - song_clock(score).seconds(score.end_ticks)
    bar_s = seconds(ticks_per_bar(score.time_signature), score.tempo_bpm)
    return Measure(int(1.19 <= tail_s <= max(3.0, 1.2 + bar_s / 4)), 1, f"{tail_s:.2f} s, a bar is {bar_s:.2f} s")


def duration_is_exact(song: WrittenSong) -> Measure:
    """To the sample at 48 kHz."""
    asked = song.context.technical.duration_s
    return Measure(int(song_samples(song.score, 48_000) == round(asked * 48_000)), 1)


RULES: dict[str, Callable[[WrittenSong], Measure]] = {
    "chorus denser than its verse": lambda song: choruses_over_verses(
        song, lambda score, a, b: density(score, a) - density(score, b)
    ),
    "chorus higher than its verse": lambda song: choruses_over_verses(song, register_gain),
    "chorus has more layers": lambda song: choruses_over_verses(
        song, lambda score, a, b: layers(score, a) - layers(score, b)
    ),
    "last chorus is more": last_chorus_is_more,
    "entries and exits": entries_and_exits,
    "two devices a boundary": devices,
    "novelty peak within a beat": novelty_peaks,
    "... and highest within a bar": lambda song: novelty_peaks(song, 1.0),
    "ends on the tonic": ends_on_the_tonic,
    "sensible tail": tail_is_sensible,
    "duration exact": duration_is_exact,
    "in range": in_range,
    "polyphony": polyphony,
    "guitar voicings": guitars_can_be_played,
}


def main(seeds: int) -> None:
    """Print kept shares by rule, and where each was broken."""
    sums = {name: [0, 0] for name in RULES}
    broken: dict[str, list[str]] = {name: [] for name in RULES}
    for style in style_names():
        for seed in range(1, seeds + 1):
            duration_s = DURATIONS_S[(seed + len(style)) % len(DURATIONS_S)]
            song = write_song(
                f"{style.replace('_', ' ')} instrumental", seed,
                {"musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": duration_s},
            )  # fmt: skip
            for name, rule in RULES.items():
                found = rule(song)
                sums[name][0] += found.kept
                sums[name][1] += found.tried
                if found.kept < found.tried:
                    broken[name].append(f"    {style} seed {seed} {duration_s:g} s: {found.note}")
    for name, (kept, tried) in sums.items():
        print(f"{name:32s} {kept:5d} of {tried:5d}  {kept / max(tried, 1):.1%}")
        print(*broken[name][:12], sep="\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
