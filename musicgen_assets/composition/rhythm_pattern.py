"""composition/rhythm_pattern: the groove of a song, by energy level.

Belongs here: the asset's entry, choosing among draws, its MIDI twin. Does not belong here: turning strings
into hits (groove_building), timing (feel, micro_timing), the score (rhythm_stability), who plays when (arrangement).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from musicgen_assets.composition.feel import swing_at, takes_swing
from musicgen_assets.composition.groove_building import Feel, build_fills, build_groove, kick_onsets
from musicgen_assets.composition.micro_timing import (
    DEVIATION_MAX_MS,
    band_pulse,
    moves_ticks,
    player_hands,
    touch_changes,
)
from musicgen_assets.composition.rhythm_stability import THRESHOLD, rhythmic_stability
from musicgen_assets.composition.section_takes import asked_sections, takes_payload
from musicgen_assets.context.schema import Mood, Role
from musicgen_assets.graph.job import CheckResult, Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import Comping, DrumHit, Groove, Rhythm
from musicgen_assets.score.midi import material_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, note_array
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.refit import groove_for
from musicgen_assets.styles.schema import Level, MeterGroove, Style

LEVELS: tuple[Level, ...] = (1, 2, 3, 4)
DRAWS_MAX = 8
"""Redraws until the stability score passes; the best is kept, and the check tells."""
_CHORD_VELOCITIES = {"g": 50, "x": 76, "X": 94}
_HIT_TICKS = 60
_TWIN_PITCHES = (60, 64, 67)


def make_rhythm_pattern(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations."""
    style = blend(job.read("musical.genres"))
    tempo_bpm = float(job.read("musical.tempo_bpm"))
    time_signature = str(job.read("musical.time_signature"))
    asked = (style, tempo_bpm, time_signature, job.read("musical.mood"), job.read("musical.excluded_roles"))
    rhythm = compose_rhythm(*asked, job.stream("rhythm_pattern"))
    takes = {
        section: compose_rhythm(*asked, job.stream(f"rhythm_pattern/{section}"))
        for section in asked_sections(job, "rhythm_pattern")
    }
    score = rhythm.scores["rhythmic_stability"]
    check = CheckResult(
        "rhythmic_stability", score >= THRESHOLD, score, f">= {THRESHOLD}",
        note="" if score >= THRESHOLD else f"best of {DRAWS_MAX} draws",
    )  # fmt: skip
    return Outcome(
        content=(json_payload(rhythm), midi_payload(_twin(rhythm, tempo_bpm)), *takes_payload(takes)),
        facts={
            "rhythmic_stability": score,
            "swing": max(rhythm.swing, rhythm.sixteenth_swing),
            "hits_at_full_level": len(rhythm.grooves[4].hits),
            "fills": len(rhythm.fills),
        },
        checks=(check,),
    )


def compose_rhythm(
    style: Style,
    tempo_bpm: float,
    time_signature: str,
    mood: Mood,
    excluded_roles: Collection[Role],
    rng: np.random.Generator,
) -> Rhythm:
    """Grooves, fills and comping of the style in this meter; the first draw that passes, else the best.

    All of it lies on the swung grid: people's timing comes when a song is played. The score judges each groove
    as its drummer would play it.
    """
    pattern = groove_for(style, time_signature)
    ways = pattern.every_variant
    pattern = ways[int(rng.integers(len(ways))) if len(ways) > 1 else 0]
    spread_ms = min(style.humanize_ms, DEVIATION_MAX_MS)
    swing, sixteenth_swing = _swings(style, tempo_bpm, time_signature)
    feel = Feel(time_signature, tempo_bpm, swing, spread_ms, mood.arousal, sixteenth_swing)
    has_drums = style.has_drums and "drums" not in excluded_roles
    best: Rhythm | None = None
    for _ in range(DRAWS_MAX):
        rhythm = _draw(pattern, feel, style.comping_length, has_drums, rng)
        score = round(rhythmic_stability(_as_played(rhythm, feel, rng), tempo_bpm).score, 4)
        rhythm = rhythm.model_copy(update={"scores": {"rhythmic_stability": score}})
        if best is None or score > best.scores["rhythmic_stability"]:
            best = rhythm
        if score >= THRESHOLD:
            break
    if best is None:
        raise ValueError("DRAWS_MAX must be at least 1")
    return best


def _swings(style: Style, tempo_bpm: float, time_signature: str) -> tuple[float, float]:
    """The swing of eighths and of sixteenths at a tempo; a style swings the one or the other."""
    if not takes_swing(time_signature):
        return 0.5, 0.5
    if style.feel.swing_unit == "sixteenth":
        return 0.5, swing_at(style.swing, style.tempo_bpm.typical, tempo_bpm, pairs_per_beat=2)
    return swing_at(style.swing, style.tempo_bpm.typical, tempo_bpm), 0.5


def _draw(pattern: MeterGroove, feel: Feel, comping_length: float, has_drums: bool, rng: np.random.Generator) -> Rhythm:
    grooves: dict[int, Groove] = {}
    kicks: dict[int, tuple[int, ...]] = {}
    for level in LEVELS:
        patterns = pattern.levels[_nearest(level, pattern.levels)] if has_drums else {}
        grooves[level] = build_groove(patterns, level, feel, rng)
        kicks[level] = kick_onsets(patterns, feel)
    return Rhythm(
        time_signature=feel.time_signature,
        swing=feel.swing,
        sixteenth_swing=feel.sixteenth_swing,
        grooves=grooves,
        fills=build_fills(pattern.fills, feel) if has_drums else (),
        comping={level: _comping(pattern, level, comping_length, feel) for level in LEVELS},
        kick_ticks=kicks,
    )


def _as_played(rhythm: Rhythm, feel: Feel, rng: np.random.Generator) -> Rhythm:
    """The rhythm with every groove played once by a person of the style's timing."""
    grooves = {level: _played(groove, feel, rng) for level, groove in rhythm.grooves.items()}
    return rhythm.model_copy(update={"grooves": grooves})


def _played(groove: Groove, feel: Feel, rng: np.random.Generator) -> Groove:
    end = groove.bars * ticks_per_bar(feel.time_signature)
    starts = np.array([hit.start_ticks for hit in groove.hits], dtype=np.int64)
    keys = np.array([hit.key for hit in groove.hits], dtype=np.int64)
    pulse = band_pulse(rng, end, feel.spread_ms, feel.tempo_bpm)
    hands = player_hands(rng, pulse)
    moved = np.clip(starts + moves_ticks(pulse, hands, starts, keys, np.zeros(len(starts))), 0, end - 1)
    touched = touch_changes(pulse, hands, starts, keys)
    hits = [
        DrumHit(start_ticks=start, key=hit.key, velocity=min(max(round(hit.velocity + change), 1), 127))
        for hit, start, change in zip(groove.hits, moved.tolist(), touched.tolist(), strict=True)
    ]
    return Groove(bars=groove.bars, hits=tuple(sorted(hits, key=lambda hit: (hit.start_ticks, hit.key))))


def _nearest(level: Level, written: Collection[Level]) -> Level:
    """The level itself, else the nearest that the style wrote, the sparser of two."""
    return min(sorted(written), key=lambda candidate: abs(candidate - level))


def _comping(pattern: MeterGroove, level: Level, length: float, feel: Feel) -> Comping:
    """Chord onsets of a level over the pattern's bars; a pattern without any strikes the downbeat."""
    written = pattern.comping[_nearest(level, pattern.comping)].split() if pattern.comping else []
    bars = max(len(written), 1)
    marks = [(index, mark) for index, mark in enumerate("".join(written)) if mark in "gxX"] or [(0, "x")]
    end, step = bars * ticks_per_bar(feel.time_signature), ticks_per_step(feel.time_signature)
    starts = [feel.swung(index * step) for index, _ in marks]
    onsets = []
    for (_, mark), start, following in zip(marks, starts, [*starts[1:], end], strict=True):
        duration = max(round((following - start) * length), min(step // 2, following - start))
        accent = 5 if start == 0 else 0
        onsets.append((start, duration, _CHORD_VELOCITIES[mark] + accent))
    return Comping(onsets=tuple(onsets), bars=bars)


def _twin(rhythm: Rhythm, tempo_bpm: float) -> bytes:
    """Levels one after another, then the fills; comping as triads on a piano."""
    bar = ticks_per_bar(rhythm.time_signature)
    drums, chords, position = [], [], 0
    for level in LEVELS:
        groove = rhythm.grooves[level]
        drums += [(position + hit.start_ticks, _HIT_TICKS, hit.key, hit.velocity) for hit in groove.hits]
        comping = rhythm.comping[level]
        for start in range(position, position + groove.bars * bar, comping.bars * bar):
            for onset, duration, velocity in comping.onsets:
                chords += [(start + onset, duration, pitch, velocity) for pitch in _TWIN_PITCHES]
        position += groove.bars * bar
    for fill in rhythm.fills:
        drums += [(position + hit.start_ticks, _HIT_TICKS, hit.key, hit.velocity) for hit in fill.hits]
        position += bar
    parts = {"drums": (note_array(drums), 0, DRUM_CHANNEL), "comping": (note_array(chords), 0, 0)}
    return material_to_midi(
        parts,
        tempo_bpm=tempo_bpm,
        time_signature=rhythm.time_signature,
        key="C",
        scale="major",
        title="rhythm pattern",
    )
