"""The melody over the song: themes laid over sections, the hook quoted, rests where the form breathes.

Belongs here: tracks of role "lead". Does not belong here: writing themes (composition.melody), words
(vocal_line).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from musicgen_assets.arrangement.band import MELODY, Seat
from musicgen_assets.arrangement.orchestration import Window
from musicgen_assets.arrangement.ranges import best_octave, fitted, range_of
from musicgen_assets.arrangement.timeline import Run, SectionPlan, Timeline, material_of, read_loop
from musicgen_assets.composition.melody_hook import HEARD_WITHIN, hook_statements
from musicgen_assets.composition.melody_quote import quoted_over
from musicgen_assets.composition.section_loops import BARS_PER_LINE
from musicgen_assets.score.material import Melody, Theme
from musicgen_assets.score.model import NoteRow
from musicgen_assets.theory.scales import scale_pitch_classes

_QUOTED_IN = ("intro", "outro", "interlude", "breakdown")
"""Sections that quote the hook in their second half where they have no theme of their own."""
_TAKEN_OVER = ("solo", "interlude")
_DOUBLE_UP = 12
_TURN_FROM_TICKS = 440
_REST_EVERY = 3
"""In a section of many passes, this one of the theme is left to the other instruments."""


def lay_melody(timeline: Timeline, melody: Melody, *, is_sung: bool) -> list[NoteRow]:
    """The melody of the whole song but its last bar, at written pitch, in song time.

    Every section plays the theme of its kind, transposed with it. Intros, interludes, breakdowns and outros
    quote the hook in their second half, and rest before; an intro of a sung song only hints at it. Long
    instrumental sections rest for a pass of the theme now and then.
    """
    rows: list[NoteRow] = []
    for plan in timeline.sections:
        rows += [
            (start, duration, pitch + plan.section.transpose, velocity)
            for start, duration, pitch, velocity in _section_melody(plan, timeline, melody, is_sung)
        ]
    return rows if is_sung else _heard_early(rows, timeline, melody.hook)


def _heard_early(rows: list[NoteRow], timeline: Timeline, hook: Theme) -> list[NoteRow]:
    """An instrument's melody that says the hook within HEARD_WITHIN of the song: as the answer to the first phrase
    where no section does.
    """
    limit = HEARD_WITHIN * timeline.end_ticks
    stated = hook_statements(rows, hook.notes)
    if stated and stated[0].start_ticks < limit:
        return rows
    first = timeline.sections[0]
    by = min(BARS_PER_LINE, math.ceil(limit / timeline.bar_ticks) - 1)
    if by < 0 or first.section.bars - 1 < by + hook.bars:
        return rows
    run = Run(first.section.start_bar + by, 0, hook.bars)
    start, end = run.start_bar * timeline.bar_ticks, (run.start_bar + run.bars) * timeline.bar_ticks
    lift = first.section.transpose
    answer = [
        (onset, length, pitch + lift, loud) for onset, length, pitch, loud in _over_chords(hook, run, first, timeline)
    ]
    before = [
        (onset, min(length, max(start - onset, 1)), pitch, loud) for onset, length, pitch, loud in rows if onset < start
    ]
    return [*before, *answer, *(row for row in rows if row[0] >= end)]


def write_lead(
    seat: Seat, windows: Sequence[Window], melody: Sequence[NoteRow], *, has_second_lead: bool
) -> list[NoteRow]:
    """What a lead seat plays of the melody.

    The melody's own seat plays all of it but the solos and interludes that a second lead takes over. Every
    other lead doubles the last hook an octave up, where it reaches that.
    """
    if seat.name == MELODY:
        taken = [window.plan.section for window in windows if window.plan.section.kind in _TAKEN_OVER]
        rows = list(melody)
        for section in taken if has_second_lead else ():
            rows = [row for row in rows if not section.start_ticks <= row[0] < section.end_ticks]
        return _in_reach(rows, seat.program)
    rows = []
    for window in windows:
        section = window.plan.section
        is_solo = section.kind in _TAKEN_OVER and seat.order == 1
        if not (window.plan.is_last_hook or is_solo):
            continue
        shift, softer = (0, 0) if is_solo else (_DOUBLE_UP, 14)
        rows += [
            (start, duration, pitch + shift, max(velocity - softer, 30))
            for start, duration, pitch, velocity in melody
            if section.start_ticks <= start < section.end_ticks
        ]
    return _in_reach(rows, seat.program)


def _section_melody(plan: SectionPlan, timeline: Timeline, melody: Melody, is_sung: bool) -> list[NoteRow]:
    kind, bars = plan.section.kind, sum(run.bars for run in plan.runs)
    if kind in _QUOTED_IN and (kind not in melody.themes or (is_sung and not _may_be_sung(plan, timeline))):
        return _quoted(plan, timeline, melody, bars)
    theme = melody.themes.get(kind) or _theme_of(kind, melody)
    if theme is None:
        return _quoted(plan, timeline, melody, bars)
    rows: list[NoteRow] = []
    for run in _kept_runs(plan, is_sung):
        played = read_loop(theme.notes, theme.bars, [run], timeline.bar_ticks)
        is_varied = kind == "solo" and run.start_bar > plan.section.start_bar
        rows += _ornamented(played, timeline) if is_varied else played
    if kind in ("intro", "breakdown") and bars >= 4:
        middle = (plan.section.start_bar + bars // 2) * timeline.bar_ticks
        rows = [row for row in rows if row[0] >= middle]
    if kind == "intro" and not hook_statements(rows, melody.hook.notes):
        return _quoted(plan, timeline, melody, bars)
    return rows


def _ornamented(rows: Sequence[NoteRow], timeline: Timeline) -> list[NoteRow]:
    """A solo's later passes: long notes turn to the scale tone above and back."""
    scale = scale_pitch_classes(timeline.key, timeline.scale)
    found: list[NoteRow] = []
    for start, duration, pitch, velocity in rows:
        if duration < _TURN_FROM_TICKS:
            found.append((start, duration, pitch, velocity))
            continue
        above = next(pitch + step for step in (1, 2, 3) if (pitch + step) % 12 in scale)
        first, turn = duration // 2, duration // 4
        found += [
            (start, first, pitch, velocity),
            (start + first, turn, above, max(velocity - 8, 1)),
            (start + first + turn, duration - first - turn, pitch, max(velocity - 4, 1)),
        ]
    return found


def _may_be_sung(plan: SectionPlan, timeline: Timeline) -> bool:
    """Whether a quiet section of a song with words may have words itself: an outro, or any in a song without verses."""
    is_song = any(other.section.kind in ("verse", "chorus") for other in timeline.sections)
    return plan.section.kind == "outro" or not is_song


def _kept_runs(plan: SectionPlan, is_sung: bool) -> list[Run]:
    """The passes of the theme that are played: words need all of them, an instrument rests in every third."""
    last = len(plan.runs) - 1
    return [run for number, run in enumerate(plan.runs) if is_sung or (number + 1) % _REST_EVERY or number == last]


def _theme_of(kind: str, melody: Melody) -> Theme | None:
    if not melody.themes:
        return None
    return melody.themes[material_of(kind, melody.themes)]  # type: ignore[arg-type]  # a SectionKind by construction


def _quoted(plan: SectionPlan, timeline: Timeline, melody: Melody, bars: int) -> list[NoteRow]:
    """The hook in the second half of the section, as often as it fits, each time moved to where its chords have it;
    nothing where there is no room.
    """
    hook = melody.hook
    first = plan.section.start_bar + (bars + 1) // 2 if bars >= 2 * hook.bars else plan.section.start_bar
    passes = (plan.section.start_bar + bars - first) // hook.bars
    if passes < 1:
        return []
    runs = [Run(first + number * hook.bars, 0, hook.bars) for number in range(min(passes, 2))]
    return [row for run in runs for row in _over_chords(hook, run, plan, timeline)]


def _over_chords(hook: Theme, run: Run, plan: SectionPlan, timeline: Timeline) -> list[NoteRow]:
    """One quotation of the hook, before the section's own transposition."""
    start, end = run.start_bar * timeline.bar_ticks, (run.start_bar + run.bars) * timeline.bar_ticks
    lift = plan.section.transpose
    chords = [
        chord.model_copy(update={"pitch_classes": tuple((pc - lift) % 12 for pc in chord.pitch_classes)})
        for chord in timeline.chords_between(start, end)
    ]
    rows = read_loop(hook.notes, hook.bars, [run], timeline.bar_ticks)
    return quoted_over(rows, chords, timeline.key, timeline.scale, timeline.time_signature)[0] if chords else rows


def _in_reach(rows: Sequence[NoteRow], program: int) -> list[NoteRow]:
    """The line moved as a whole by octaves to where the instrument reaches most of it, the rest folded in."""
    shift = best_octave(rows, *range_of(program))
    return fitted([(start, duration, pitch + shift, velocity) for start, duration, pitch, velocity in rows], program)
