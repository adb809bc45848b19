"""Who plays when: windows of bars for every seat.

Belongs here: entries and exits. Does not belong here: what is played in a window (the parts), cuts of a beat
at a boundary (transitions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from musicgen_assets.arrangement.band import Seat
from musicgen_assets.arrangement.timeline import SectionPlan, Timeline
from musicgen_assets.context.schema import Role, SectionKind

HARMONIC: frozenset[Role] = frozenset({"chords", "pad", "arpeggio"})
_COLOURS: tuple[Role, ...] = ("counter", "arpeggio", "percussion", "pad", "chords")
"""What a quieter section leaves out first, so that the hook has something to add."""
_TACIT: Mapping[SectionKind, frozenset[Role]] = {
    "breakdown": frozenset({"drums", "counter"}),
    "interlude": frozenset({"counter"}),
    "outro": frozenset({"counter", "percussion"}),
    "intro": frozenset({"counter"}),
}
_EPSILON = 1e-6
_ESSENTIAL_BELOW = 0.4
"""Percussion that enters under this energy is the style's rhythm section, not a colour."""
_SPLIT_FROM_BARS = 4
_BAND_FROM = 3
"""Smaller bands have nobody to spare."""
_CALM_LEVEL = 2


@dataclass(frozen=True)
class Window:
    """A seat plays from ``start_bar`` until ``past_bar`` within a section."""

    plan: SectionPlan
    start_bar: int
    past_bar: int


def orchestrate(timeline: Timeline, seats: Sequence[Seat]) -> dict[str, tuple[Window, ...]]:
    """Windows per track name, in order of time. The melody's rests are its own matter.

    A seat plays from its entry energy on; the last hook has everybody. Who was asked for is never held back. First
    verses hold colours back, and a section that leads to a hook always leaves the hook something to add, where the
    band is large enough. Intros build up and outros thin out half by half; breakdowns have no drums, and bass only
    in their second half. Third verses begin without drums, fourth ones let another carry the chords. Something
    harmonic always plays.
    """
    windows: dict[str, list[Window]] = {seat.name: [] for seat in seats}
    playing = _players_by_section(timeline, seats)
    for plan, present in zip(timeline.sections, playing, strict=True):
        for seat in seats:
            if seat.name in present:
                start, past = _span(plan, seat, [other for other in seats if other.name in present])
                if past > start:
                    windows[seat.name].append(Window(plan, start, past))
    return {name: tuple(found) for name, found in windows.items()}


def _players_by_section(timeline: Timeline, seats: Sequence[Seat]) -> list[set[str]]:
    playing = [_wanted(plan, timeline, seats) for plan in timeline.sections]
    for index, plan in enumerate(timeline.sections):
        if not plan.is_hook:
            continue
        before = _leading_in(timeline, index)
        for place in before:
            if playing[place] >= playing[index]:
                _thin(playing[place], seats)
    _tell_apart(playing, timeline, seats)
    return playing


def _tell_apart(playing: list[set[str]], timeline: Timeline, seats: Sequence[Seat]) -> None:
    """Where the same people would play on over a boundary, somebody rests in the calmer section, if it is no hook."""
    for index in range(1, len(playing)):
        if playing[index] != playing[index - 1] or len(playing[index]) < _BAND_FROM:
            continue
        calmer = min((index - 1, index), key=lambda place: (timeline.sections[place].section.energy, -place))
        if timeline.sections[calmer].is_hook:
            calmer = index if calmer == index - 1 else index - 1
        if timeline.sections[calmer].is_hook:
            continue
        trial = set(playing[calmer])
        _thin(trial, seats)
        if trial == playing[calmer] and timeline.sections[calmer].level <= _CALM_LEVEL:
            trial -= {seat.name for seat in seats if seat.role == "bass"}
        playing[calmer] = trial


def _wanted(plan: SectionPlan, timeline: Timeline, seats: Sequence[Seat]) -> set[str]:
    section = plan.section
    if plan.is_last_hook:
        return {seat.name for seat in seats}
    found = set()
    for seat in seats:
        if section.energy + _EPSILON < seat.from_energy or seat.role in _TACIT.get(section.kind, ()):
            continue
        if seat.is_asked:
            found.add(seat.name)
            continue
        if section.kind == "verse" and section.index == 0 and _is_colour(seat) and _has_hook(timeline):
            continue
        if seat.role == "counter" and section.index == 0 and _has_return(plan, timeline):
            continue
        found.add(seat.name)
    if section.kind == "verse" and section.index >= 3 and section.index % 3 == 0:
        found -= _spared(found, seats)
    return _not_empty(found, seats)


def _spared(found: set[str], seats: Sequence[Seat]) -> set[str]:
    """The first chord player, who rests in every third verse from the fourth on, where others can carry it."""
    harmonic = [seat for seat in seats if seat.name in found and seat.role in HARMONIC]
    return {seat.name for seat in harmonic if seat.role == "chords" and seat.order == 0 and len(harmonic) > 1}


def _is_colour(seat: Seat) -> bool:
    """Whether a seat adds to a texture that stands without it."""
    if seat.role == "percussion":
        return seat.from_energy >= _ESSENTIAL_BELOW
    return seat.role == "counter" or (seat.order > 0 and seat.role in HARMONIC)


def _has_hook(timeline: Timeline) -> bool:
    return any(plan.is_hook for plan in timeline.sections)


def _has_return(plan: SectionPlan, timeline: Timeline) -> bool:
    return any(other.section.kind == plan.section.kind and other.section.index > 0 for other in timeline.sections)


def _not_empty(found: set[str], seats: Sequence[Seat]) -> set[str]:
    """Something harmonic, or failing that anybody, however quiet the section."""
    if not any(seat.name in found and seat.role in HARMONIC for seat in seats):
        harmonic = [seat for seat in seats if seat.role in HARMONIC] or list(seats)
        found.add(min(harmonic, key=lambda seat: (seat.from_energy, seat.order)).name)
    return found


def _leading_in(timeline: Timeline, index: int) -> list[int]:
    """Sections back from a hook to the hook before, solos and bridges aside."""
    found = []
    for place in range(index - 1, -1, -1):
        plan = timeline.sections[place]
        if plan.is_hook:
            break
        if plan.section.kind in ("verse", "pre_chorus", "build", "breakdown"):
            found.append(place)
    return found


def _thin(present: set[str], seats: Sequence[Seat]) -> None:
    """Take one colour out, as long as something harmonic stays."""
    for role in _COLOURS:
        chosen = [seat for seat in seats if seat.role == role and seat.name in present and not seat.is_asked]
        harmonic = [seat for seat in seats if seat.role in HARMONIC and seat.name in present]
        if chosen and (role not in HARMONIC or len(harmonic) > 1):
            present.discard(max(chosen, key=lambda seat: seat.order).name)
            return


def _span(plan: SectionPlan, seat: Seat, present: Sequence[Seat]) -> tuple[int, int]:
    """First and past-last bar of a seat in a section it plays in."""
    start, past = plan.section.start_bar, plan.past_bar
    if plan.section.bars < _SPLIT_FROM_BARS or seat.role == "lead":
        return start, past
    middle = start + (plan.section.bars + 1) // 2
    if plan.section.kind == "intro" and _is_late(seat, present):
        return middle, past
    if plan.section.kind == "breakdown" and seat.role == "bass" and _is_carried_without(present):
        return middle, past
    if plan.section.kind == "verse" and plan.section.index % 3 == 2 and seat.role == "drums":
        return middle, past
    if plan.section.kind == "outro" and _is_early_leaver(seat, present):
        return start, middle
    return start, past


def _is_late(seat: Seat, present: Sequence[Seat]) -> bool:
    """Whether a seat enters in an intro's second half: rhythm and colours, as long as somebody starts."""
    starters = [other for other in present if other.role in HARMONIC and other.order == 0]
    return seat.role in ("drums", "bass", "percussion") or (bool(starters) and seat not in starters)


def _is_carried_without(present: Sequence[Seat]) -> bool:
    """Whether two or more play harmony, so that even sparse comping leaves no hole without a bass."""
    return sum(other.role in HARMONIC for other in present) > 1


def _is_early_leaver(seat: Seat, present: Sequence[Seat]) -> bool:
    is_alone = sum(other.role in HARMONIC for other in present) <= 1
    return seat.role in ("percussion", "arpeggio") and not is_alone
