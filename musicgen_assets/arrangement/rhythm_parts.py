"""Bass, drums and percussion over the song.

Belongs here: tracks of role "bass", "drums" and "percussion" laid out from composed loops. Does not belong
here: the loops (composition), fills and cuts at boundaries (transitions).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.orchestration import Window
from musicgen_assets.arrangement.ranges import folded, range_of
from musicgen_assets.arrangement.timeline import Run, Timeline, material_of, read_loop
from musicgen_assets.composition.bass_player import HIGHEST, LOWEST
from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.composition.groove_building import DRUM_KEYS, PERCUSSION_KEYS, Feel, build_groove
from musicgen_assets.score.clock import steps_per_bar, ticks_per_step
from musicgen_assets.score.material import BassLine, DrumHit, Groove, Harmony, Rhythm
from musicgen_assets.score.model import NoteRow

HIT_TICKS = 60
_BACKBONE_KEYS = frozenset({35, 36, 37, 38, 39, 40})
_TIME_KEYS = tuple(DRUM_KEYS[piece] for piece in ("hat", "ride", "shaker", "tambourine", "tom_low", "tom_mid"))
"""Who may keep time, and fills in for a last chorus; toms where an orchestra has neither hats nor rides."""
_FULLER_VELOCITY, _CYMBAL_VELOCITY = 54, 92
_CYMBAL_EVERY = 4
_TIMPANI = 47
_MELODIC_PERCUSSION_PITCH = 60


def write_bass(
    seat: Seat, windows: Sequence[Window], timeline: Timeline, line: BassLine, harmony: Harmony
) -> list[NoteRow]:
    """The bass line of each section's kind and level, transposed with it and kept between E1 and G3."""
    rows: list[NoteRow] = []
    if not line.sections:
        return rows
    for window in windows:
        plan = window.plan
        kind = material_of(plan.section.kind, line.sections)
        levels = line.sections[kind]
        loop = levels[min(levels, key=lambda level: (abs(level - plan.level), level))]
        bars = harmony.sections[kind].bars if kind in harmony.sections else plan.runs[0].bars
        found = read_loop(loop, bars, plan.runs, timeline.bar_ticks)
        rows += _inside(found, window, timeline.bar_ticks, plan.section.transpose)
    low, high = max(LOWEST, range_of(seat.program)[0]), HIGHEST
    return [(start, duration, folded(pitch, low, high), velocity) for start, duration, pitch, velocity in rows]


def _inside(rows: Sequence[NoteRow], window: Window, bar_ticks: int, shift: int) -> list[NoteRow]:
    start, end = window.start_bar * bar_ticks, window.past_bar * bar_ticks
    return [
        (onset, min(duration, end - onset), pitch + shift, velocity)
        for onset, duration, pitch, velocity in rows
        if start <= onset < end
    ]


def write_drums(
    seat: Seat, windows: Sequence[Window], timeline: Timeline, rhythm: Rhythm, *, has_percussionist: bool,
    rng: np.random.Generator,
) -> list[NoteRow]:  # fmt: skip
    """The groove of each section's level. A percussionist takes the percussion keys over.

    A second drum seat adds only kick and backbeat. Where a style without drums was asked for drums, a plain
    beat of the meter stands in for its groove. The last hook is played fuller than any other.
    """
    grooves = rhythm.grooves
    if not any(groove.hits for groove in grooves.values()):
        grooves = plain_grooves(timeline, rng)
    rows: list[NoteRow] = []
    for window in windows:
        groove = grooves[window.plan.level]
        if window.plan.is_last_hook:
            groove = fuller(groove, timeline)
        for row in _lay_groove(groove, window, timeline.bar_ticks):
            is_percussion = row[2] in PERCUSSION_KEYS and has_percussionist
            if not is_percussion and (seat.order == 0 or row[2] in _BACKBONE_KEYS):
                rows.append(row)
    return rows


def fuller(groove: Groove, timeline: Timeline) -> Groove:
    """A groove as for the last chorus: its time-keeper also plays into every beat of the bar, and a cymbal opens every
    fourth bar but the first. Nothing is added to a groove without hits.
    """
    counts = {key: sum(hit.key == key for hit in groove.hits) for key in _TIME_KEYS}
    keeper = max(_TIME_KEYS, key=lambda key: counts[key])
    if not groove.hits:
        return groove
    taken = {(hit.start_ticks, hit.key) for hit in groove.hits}
    step = ticks_per_step(timeline.time_signature)
    added = []
    for bar in range(groove.bars):
        for beat in beat_starts(timeline.time_signature)[1:]:
            tick = bar * timeline.bar_ticks + timeline.swung(beat - step)
            if counts[keeper] and not any((tick, key) in taken for key in _TIME_KEYS):
                added.append(DrumHit(start_ticks=tick, key=keeper, velocity=_FULLER_VELOCITY))
        line = bar * timeline.bar_ticks
        if bar and bar % _CYMBAL_EVERY == 0 and (line, DRUM_KEYS["crash"]) not in taken:
            added.append(DrumHit(start_ticks=line, key=DRUM_KEYS["crash"], velocity=_CYMBAL_VELOCITY))
    return Groove(bars=groove.bars, hits=tuple(sorted((*groove.hits, *added), key=lambda h: (h.start_ticks, h.key))))


def plain_grooves(timeline: Timeline, rng: np.random.Generator) -> dict[int, Groove]:
    """A beat for a meter by its pulses alone: kick on the strong ones, backbeat between, hats in eighths."""
    steps, step = steps_per_bar(timeline.time_signature), ticks_per_step(timeline.time_signature)
    strong = {tick // step for tick in group_starts(timeline.time_signature)}
    beats = [tick // step for tick in beat_starts(timeline.time_signature)]
    back = set(beats[1::2]) if len(beats) != 3 else set(beats[2:])
    kick = "".join("X" if index == 0 else "x" if index in strong - back else "." for index in range(steps))
    snare = "".join("X" if index in back else "." for index in range(steps))
    hat = "".join("x" if index % 2 == 0 else "." for index in range(steps))
    pieces = {1: {"kick": kick, "rim": snare}, 2: {"kick": kick, "rim": snare, "hat": hat}}
    pieces[3] = {"kick": kick, "snare": snare, "hat": hat}
    pieces[4] = {"kick": kick, "snare": snare, "ride": hat}
    feel = Feel(timeline.time_signature, timeline.tempo_bpm, timeline.swing, 6.0, 0.5, timeline.sixteenth_swing)
    return {level: build_groove(patterns, level, feel, rng) for level, patterns in pieces.items()}


def _lay_groove(groove: Groove, window: Window, bar_ticks: int) -> list[NoteRow]:
    hits = [(hit.start_ticks, HIT_TICKS, hit.key, hit.velocity) for hit in groove.hits]
    runs = []
    bar = window.start_bar
    while bar < window.past_bar:
        inside = (bar - window.plan.section.start_bar) % groove.bars
        length = min(groove.bars - inside, window.past_bar - bar)
        runs.append(Run(bar, inside, length))
        bar += length
    return read_loop(hits, groove.bars, runs, bar_ticks)


def write_percussion(seat: Seat, windows: Sequence[Window], timeline: Timeline, rhythm: Rhythm) -> list[NoteRow]:
    """The groove's own percussion for the first percussionist; else shaker, tambourine or drum patterns."""
    rows: list[NoteRow] = []
    for window in windows:
        own: list[NoteRow] = []
        if seat.is_kit and seat.order == 0:
            laid = _lay_groove(rhythm.grooves[window.plan.level], window, timeline.bar_ticks)
            own = [row for row in laid if row[2] in PERCUSSION_KEYS]
        rows += own or _generated(seat, window, timeline)
    return rows


def _generated(seat: Seat, window: Window, timeline: Timeline) -> list[NoteRow]:
    rows: list[NoteRow] = []
    for bar in range(window.start_bar, window.past_bar):
        start = bar * timeline.bar_ticks
        if not seat.is_kit:
            rows += _pitched_bar(seat, start, bar - window.start_bar, window.plan.level, timeline)
            continue
        for hit in _kit_bar(seat.instrument, window.plan.level, timeline):
            rows.append((start + hit.start_ticks, HIT_TICKS, hit.key, hit.velocity))
    return rows


def _kit_bar(instrument: str, level: int, timeline: Timeline) -> list[DrumHit]:
    """Tambourines and claps on the backbeat, hand drums in a call and answer, else a shaker in eighths."""
    beats = beat_starts(timeline.time_signature)
    name = instrument.lower()
    if "tamb" in name or "clap" in name:
        key = DRUM_KEYS["tambourine" if "tamb" in name else "clap"]
        return [DrumHit(start_ticks=tick, key=key, velocity=78) for tick in beats[1::2] or beats[-1:]]
    if "conga" in name or "bongo" in name:
        high, low = ("conga_high", "conga_low") if "conga" in name else ("bongo_high", "bongo_low")
        eighths = range(0, timeline.bar_ticks, 240)
        last = len(eighths) - 2
        return [
            DrumHit(
                start_ticks=timeline.swung(tick), key=DRUM_KEYS[low if number >= last else high],
                velocity=82 if number >= last else 66 if tick in beats else 48,
            )
            for number, tick in enumerate(eighths)
        ]  # fmt: skip
    step = 120 if level >= 4 and timeline.tempo_bpm < 125 else 240
    return [
        DrumHit(start_ticks=timeline.swung(tick), key=DRUM_KEYS["shaker"], velocity=70 if tick in beats else 52)
        for tick in range(0, timeline.bar_ticks, step)
    ]


def _pitched_bar(seat: Seat, start: int, number: int, level: int, timeline: Timeline) -> list[NoteRow]:
    """Timpani and their kin: the chord's root on strong pulses, a roll into every fourth bar when loud."""
    chords = timeline.chords_between(start, start + timeline.bar_ticks)
    low, high = range_of(seat.program)
    pulses = group_starts(timeline.time_signature) if level >= 3 else (0,)
    rows: list[NoteRow] = []
    for tick in pulses:
        chord = next(span for span in reversed(chords) if span.start_ticks <= start + tick)
        pitch = folded(36 + chord.bass, low, high) if seat.program == _TIMPANI else _fixed_pitch(seat, tick)
        rows.append((start + tick, 220, pitch, 92 if tick == 0 else 80))
    if level >= 4 and number % 4 == 3:
        pitch = rows[-1][2]
        first = beat_starts(timeline.time_signature)[-1]
        rolled = range(first, timeline.bar_ticks, 60)
        rows = [row for row in rows if row[0] < start + first]
        rows += [(start + tick, 55, pitch, 50 + 40 * index // len(rolled)) for index, tick in enumerate(rolled)]
    return rows


def _fixed_pitch(seat: Seat, tick: int) -> int:
    low, high = range_of(seat.program)
    return folded(_MELODIC_PERCUSSION_PITCH - (0 if tick == 0 else 5), low, high)
