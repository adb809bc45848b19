"""The song as a line of bars: sections in ticks, chords laid out over them, and where loops are read from.

Belongs here: mapping a section's bars to the bars of composed loops, transposition, the ring-out. Does not
belong here: who plays (orchestration), notes (the parts).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from musicgen_assets.arrangement.form import Slot
from musicgen_assets.arrangement.pace import Anchor, Pace
from musicgen_assets.composition.feel import swung
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind
from musicgen_assets.score.clock import SongClock, ticks_per_bar
from musicgen_assets.score.material import Harmony, Melody
from musicgen_assets.score.model import ChordSpan, NoteRow, Section
from musicgen_assets.theory.chords import chord_symbol
from musicgen_assets.theory.keys import simplest_tonic
from musicgen_assets.theory.pitch import pitch_class

Material = TypeVar("Material")

RELEASE_S = 0.25
"""The final chord is let go this long before the audio ends."""
LIFT_FROM_S = 100.0
LOOP_BARS_MAX = 32
"""Harmony and theme loops of lengths that do not divide each other are read together up to this."""
PHRASE_BARS = 4
"""What a tune and its drums count in."""

_STAND_INS: Mapping[SectionKind, tuple[SectionKind, ...]] = {
    "intro": ("verse", "chorus"), "verse": ("chorus", "drop"), "pre_chorus": ("build", "verse"),
    "chorus": ("drop", "verse"), "bridge": ("pre_chorus", "solo", "verse"), "solo": ("verse", "chorus"),
    "interlude": ("intro", "verse"), "build": ("pre_chorus", "verse"), "drop": ("chorus", "verse"),
    "breakdown": ("bridge", "verse", "intro"), "outro": ("intro", "chorus", "verse"),
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """``bars`` bars of the song from ``start_bar`` on, read from bar ``loop_bar`` of a loop onwards."""

    start_bar: int
    loop_bar: int
    bars: int


@dataclass(frozen=True)
class SectionPlan:
    """A section and how it is filled. ``runs`` leave out the song's very last bar, which is the ending.

    ``is_last_hook``: where everybody plays: the last hook, or the drops that were asked for.
    """

    section: Section
    level: int
    runs: tuple[Run, ...]
    is_hook: bool
    is_last_hook: bool

    @property
    def past_bar(self) -> int:
        """The bar after its last."""
        return self.section.start_bar + self.section.bars


@dataclass(frozen=True)
class Timeline:
    """What every part writer needs to know of the song. ``ending_bar`` is the last bar, on the tonic."""

    tempo_bpm: float
    time_signature: str
    swing: float
    key: str
    scale: str
    sections: tuple[SectionPlan, ...]
    chords: tuple[ChordSpan, ...]
    end_ticks: int
    ring_end_ticks: int
    clock: SongClock
    sixteenth_swing: float = 0.5
    anchors: tuple[Anchor, ...] = ()

    @property
    def bar_ticks(self) -> int:
        """Ticks a bar."""
        return ticks_per_bar(self.time_signature)

    @property
    def bars(self) -> int:
        """Whole bars of the song."""
        return self.end_ticks // self.bar_ticks

    @property
    def ending_bar(self) -> int:
        """The last bar, counted from 0."""
        return self.bars - 1

    def chords_between(self, start: int, end: int) -> list[ChordSpan]:
        """Chords sounding in ``start``..``end``, cut to it."""
        return [
            cut_span(chord, max(chord.start_ticks, start), min(chord.start_ticks + chord.duration_ticks, end))
            for chord in self.chords
            if chord.start_ticks < end and chord.start_ticks + chord.duration_ticks > start
        ]

    def swung(self, tick: int) -> int:
        """A straight grid tick as played."""
        return swung(tick, self.swing, self.time_signature, self.sixteenth_swing)

    def section_at(self, bar: int) -> SectionPlan:
        """The section that ``bar`` lies in."""
        return next(plan for plan in self.sections if plan.section.start_bar <= bar < plan.past_bar)


def material_of(kind: SectionKind, table: Mapping[SectionKind, Material]) -> SectionKind:
    """The kind whose material plays a section: its own, else the nearest relative that was composed."""
    for candidate in (kind, *_STAND_INS[kind]):
        if candidate in table:
            return candidate
    return sorted(table)[0]


def section_name(kind: SectionKind, number: int, of: int) -> str:
    """ "pre_chorus", 2 of 3 -> "Pre-Chorus 2"; the only one of its kind has no number."""
    name = "-".join(word.capitalize() for word in kind.split("_"))
    return f"{name} {number}" if of > 1 else name


def build_timeline(
    slots: Sequence[Slot],
    energies: Sequence[float],
    levels: Sequence[int],
    harmony: Harmony,
    melody: Melody,
    *,
    tempo_bpm: float,
    time_signature: str,
    swing: float,
    duration_s: float,
    last_chorus_lift: int,
    sixteenth_swing: float = 0.5,
    pace: Pace | None = None,
) -> Timeline:
    """Sections on the bar grid and the harmony laid over them; the last bar takes the harmony's ending."""
    sections = _sections(
        slots, energies, time_signature, _lift_from(slots, duration_s, last_chorus_lift), last_chorus_lift
    )
    last_hook = max((index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS), default=-1)
    peaks = [index for index, slot in enumerate(slots) if slot.is_drop] or [last_hook]
    clock = pace.clock if pace else SongClock(tempo_bpm)
    plans = []
    for index, section in enumerate(sections):
        is_final = index == len(sections) - 1
        loop = loop_bars(section.kind, harmony, melody)
        bars = section.bars - 1 if is_final else section.bars
        runs = runs_of(section.start_bar, bars, loop)
        is_hook = section.kind in HOOK_KINDS or slots[index].is_drop
        plans.append(SectionPlan(section, levels[index], runs, is_hook, index in peaks))
    end = sections[-1].end_ticks
    return Timeline(
        tempo_bpm=tempo_bpm,
        time_signature=time_signature,
        swing=swing,
        key=harmony.key,
        scale=harmony.scale,
        sections=tuple(plans),
        chords=_lay_out(plans, harmony, ticks_per_bar(time_signature), end),
        end_ticks=end,
        sixteenth_swing=sixteenth_swing,
        ring_end_ticks=max(clock.ticks(duration_s - RELEASE_S), end + 1),
        clock=clock,
        anchors=pace.anchors if pace else (),
    )


def loop_bars(kind: SectionKind, harmony: Harmony, melody: Melody) -> int:
    """The length after which harmony and theme of a kind come round together."""
    bars = harmony.sections[material_of(kind, harmony.sections)].bars
    if kind not in melody.themes:
        return bars
    together = math.lcm(bars, melody.themes[kind].bars)
    return together if together <= LOOP_BARS_MAX else bars


def runs_of(start_bar: int, bars: int, loop: int) -> tuple[Run, ...]:
    """Read a loop over ``bars`` bars: whole passes, and for what is left over the loop's last bars, so that
    its cadence leads on; where not even one pass fits, its first bars.

    More than a phrase of four bars is left over only as whole phrases, and the odd bars after them say the end of the
    last one again, as a tag does: a tune that began in the middle of a phrase would stand against the drums' fours.
    """
    whole, rest = divmod(bars, loop)
    runs = [Run(start_bar + number * loop, 0, loop) for number in range(whole)]
    if not whole:
        return (Run(start_bar, 0, rest),) if rest else ()
    tag = rest % PHRASE_BARS if rest > PHRASE_BARS else 0
    at = start_bar + whole * loop
    if rest - tag:
        runs.append(Run(at, loop - (rest - tag), rest - tag))
    if tag:
        runs.append(Run(at + rest - tag, loop - tag, tag))
    return tuple(runs)


def read_loop(rows: Sequence[NoteRow], bars: int, runs: Iterable[Run], bar_ticks: int) -> list[NoteRow]:
    """A loop's notes laid out over runs in song time, cut where a run ends. ``bars`` is the loop's own length."""
    found: list[NoteRow] = []
    for run in runs:
        position, left, inside = run.start_bar, run.bars, run.loop_bar % bars
        while left:
            length = min(left, bars - inside)
            found += _copy(rows, inside, length, position, bar_ticks)
            position, left, inside = position + length, left - length, 0
    return found


def cut_span(chord: ChordSpan, start: int, end: int) -> ChordSpan:
    """The chord from ``start`` to ``end``."""
    if chord.start_ticks == start and chord.start_ticks + chord.duration_ticks == end:
        return chord
    return chord.model_copy(update={"start_ticks": start, "duration_ticks": end - start})


def transposed(chord: ChordSpan, semitones: int, key: str, scale: str) -> ChordSpan:
    """The chord moved by semitones, its symbol spelled for the key moved alike."""
    if semitones % 12 == 0:
        return chord
    root, bass = (chord.root + semitones) % 12, (chord.bass + semitones) % 12
    tonic = simplest_tonic(pitch_class(key) + semitones, scale)
    return chord.model_copy(
        update={
            "root": root,
            "bass": bass,
            "pitch_classes": tuple((pc + semitones) % 12 for pc in chord.pitch_classes),
            "symbol": chord_symbol(root, chord.quality, bass, tonic, scale),
        }
    )


def _copy(rows: Sequence[NoteRow], first_bar: int, bars: int, to_bar: int, bar_ticks: int) -> list[NoteRow]:
    low, high = first_bar * bar_ticks, (first_bar + bars) * bar_ticks
    shift = to_bar * bar_ticks - low
    return [
        (start + shift, min(duration, high - start), pitch, velocity)
        for start, duration, pitch, velocity in rows
        if low <= start < high
    ]


def _lift_from(slots: Sequence[Slot], duration_s: float, lift: int) -> int:
    """Index of the section from which the song is lifted: the last of at least three hooks, in a long song."""
    hooks = [index for index, slot in enumerate(slots) if slot.kind in HOOK_KINDS]
    is_lifted = lift > 0 and duration_s >= LIFT_FROM_S and len(hooks) >= 3
    return hooks[-1] if is_lifted else len(slots)


def _sections(
    slots: Sequence[Slot], energies: Sequence[float], time_signature: str, lift_from: int, lift: int
) -> list[Section]:
    bar = ticks_per_bar(time_signature)
    totals: dict[SectionKind, int] = {}
    for slot in slots:
        totals[slot.kind] = totals.get(slot.kind, 0) + 1
    seen: dict[SectionKind, int] = {}
    sections: list[Section] = []
    start = 0
    for place, (slot, energy) in enumerate(zip(slots, energies, strict=True)):
        index = seen.get(slot.kind, 0)
        seen[slot.kind] = index + 1
        sections.append(
            Section(
                name=section_name(slot.kind, index + 1, totals[slot.kind]),
                kind=slot.kind,
                index=index,
                start_bar=start,
                bars=slot.bars,
                start_ticks=start * bar,
                end_ticks=(start + slot.bars) * bar,
                energy=energy,
                transpose=lift if place >= lift_from else 0,
            )
        )
        start += slot.bars
    return sections


def _lay_out(plans: Sequence[SectionPlan], harmony: Harmony, bar_ticks: int, end: int) -> tuple[ChordSpan, ...]:
    chords: list[ChordSpan] = []
    for plan in plans:
        loop = harmony.sections[material_of(plan.section.kind, harmony.sections)]
        for run in plan.runs:
            for offset in range(run.bars):
                inside = (run.loop_bar + offset) % loop.bars
                shift = (run.start_bar + offset - inside) * bar_ticks
                for chord in _bar_chords(loop.chords, inside * bar_ticks, (inside + 1) * bar_ticks):
                    moved = cut_span(chord, chord.start_ticks + shift, chord.start_ticks + shift + chord.duration_ticks)
                    _append(chords, transposed(moved, plan.section.transpose, harmony.key, harmony.scale), plan.section)
    closing = transposed(harmony.ending, plans[-1].section.transpose, harmony.key, harmony.scale)
    chords.append(cut_span(closing, end - bar_ticks, end))
    return tuple(chords)


def _bar_chords(chords: Sequence[ChordSpan], start: int, end: int) -> list[ChordSpan]:
    return [
        cut_span(chord, max(chord.start_ticks, start), min(chord.start_ticks + chord.duration_ticks, end))
        for chord in chords
        if chord.start_ticks < end and chord.start_ticks + chord.duration_ticks > start
    ]


def _append(chords: list[ChordSpan], chord: ChordSpan, section: Section) -> None:
    """Join a chord to the one before where it only continues it within the section."""
    if chords and chord.start_ticks > section.start_ticks:
        last = chords[-1]
        same = (last.root, last.quality, last.bass) == (chord.root, chord.quality, chord.bass)
        if same and last.start_ticks + last.duration_ticks == chord.start_ticks:
            chords[-1] = cut_span(last, last.start_ticks, chord.start_ticks + chord.duration_ticks)
            return
    chords.append(chord)
