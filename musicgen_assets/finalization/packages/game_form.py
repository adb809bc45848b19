"""Which bars of a song a game can loop, and which parts of its band make layers of intensity.

Belongs here: reading the score. Does not belong here: sound (packages.game_audio).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.clock import SongClock, song_clock, ticks_per_bar
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Track

EARLY_TICKS = 60
"""A note up to this long before a bar line belongs to the bar after it: its player is ahead of the beat. Half of a
sixteenth; what comes sooner is an upbeat."""
LOOP_S = (12.0, 90.0)
"""Shorter loops tire, longer ones are no loops. R"""
IDEAL_LOOP_S = 40.0
LAYERS_MAX = 4

_LAYER_OF: Mapping[str, str] = {
    "pad": "bed", "chords": "bed", "bass": "pulse", "percussion": "pulse", "drums": "drive", "arpeggio": "drive",
    "lead": "lead", "counter": "lead", "vocal": "lead",
}  # fmt: skip
_LAYER_ORDER = ("bed", "pulse", "drive", "lead")
"""From calm to full: what may play alone comes first."""
_NO_RETURN, _OTHER_HARMONY, _NO_HOOK, _OTHER_TEMPO, _OTHER_KEY, _SHORTENED = 1.0, 0.7, 1.2, 2.0, 3.0, 2.0


@dataclass(frozen=True)
class LoopChoice:
    """Bars ``start_bar`` to ``past_bar`` of a song, and what a listener should know of their join."""

    start_bar: int
    past_bar: int
    start_ticks: int
    end_ticks: int
    sections: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def bars(self) -> int:
        """How many."""
        return self.past_bar - self.start_bar


@dataclass(frozen=True)
class Layer:
    """Tracks that come in together. Layers are played one on top of the other, in order."""

    name: str
    tracks: tuple[str, ...]


def choose_loop(score: Score) -> LoopChoice:
    """The bars to loop: whole sections that hold the hook, whose end leads back to their beginning.

    Best is a stretch that the song itself follows by another section of the kind it begins with: verse and chorus
    before the next verse. The last bar, which closes the song, is never in it.
    """
    clock = song_clock(score)
    candidates = [
        _judged(score, clock, first, last)
        for first in range(len(score.sections))
        for last in range(first, len(score.sections))
        if _past_bar(score, last) > score.sections[first].start_bar
    ]
    _, _, choice = min(candidates, key=lambda found: (found[0], found[1]))
    return choice


def _judged(score: Score, clock: SongClock, first: int, last: int) -> tuple[float, int, LoopChoice]:
    """(how bad, first section, the choice) for sections ``first`` to ``last``."""
    bar = ticks_per_bar(score.time_signature)
    part = score.sections[first : last + 1]
    start, past = part[0].start_bar, _past_bar(score, last)
    length_s = clock.seconds(past * bar) - clock.seconds(start * bar)
    cost = abs(math.log2(max(length_s, 0.1) / IDEAL_LOOP_S))
    cost += 4.0 * max(LOOP_S[0] / max(length_s, 0.1) - 1.0, length_s / LOOP_S[1] - 1.0, 0.0)
    cost += sum(1.5 for section in part if section.kind in ("intro", "outro"))
    if not any(section.kind in HOOK_KINDS for section in part):
        cost += _NO_HOOK * (1.0 - max(section.energy for section in part))
    notes: list[str] = []
    after = score.sections[last + 1] if last + 1 < len(score.sections) else None
    if after is None or after.kind != part[0].kind:
        cost += _NO_RETURN
        notes.append(f"The song itself never goes from {part[-1].name} back to {part[0].name}: here the loop does.")
    if not _leads_back(score.chords, start * bar, past * bar):
        cost += _OTHER_HARMONY
        notes.append("The last chord of the loop is not the one that leads to its first in the song.")
    if part[0].transpose != part[-1].transpose:
        cost += _OTHER_KEY
        notes.append(f"The loop ends {part[-1].transpose - part[0].transpose:+d} semitones from where it begins.")
    cost, notes = _with_time(score, clock, start * bar, past * bar, cost, notes)
    names = tuple(section.name for section in part)
    return round(cost, 6), first, LoopChoice(start, past, start * bar, past * bar, names, tuple(notes))


def _past_bar(score: Score, last: int) -> int:
    """The bar after a section's last, without the bar that closes the song."""
    section = score.sections[last]
    past = section.start_bar + section.bars
    return past - 1 if last == len(score.sections) - 1 else past


def _leads_back(chords: Sequence[ChordSpan], start: int, end: int) -> bool:
    """Whether the harmony goes on from ``end`` to ``start`` as it does in the song, or by a fifth down or a step."""
    first, last = _sounding(chords, start), _sounding(chords, end - 1)
    if first is None or last is None:
        return True
    before = _sounding(chords, start - 1)
    motion = (first.root - last.root) % 12
    return (before is not None and before.root == last.root) or motion in (5, 2, 10, 1, 11)


def _sounding(chords: Sequence[ChordSpan], tick: int) -> ChordSpan | None:
    return next((one for one in chords if one.start_ticks <= tick < one.start_ticks + one.duration_ticks), None)


def _with_time(
    score: Score, clock: SongClock, start: int, end: int, cost: float, notes: list[str]
) -> tuple[float, list[str]]:
    """Cost and notes with what bent time adds."""
    bar = ticks_per_bar(score.time_signature)
    first_s = clock.seconds(start + bar) - clock.seconds(start)
    last_s = clock.seconds(end) - clock.seconds(end - bar)
    if abs(math.log2(first_s / last_s)) > math.log2(1.01):
        cost += _OTHER_TEMPO
        notes.append("The tempo at the end of the loop is not the one at its beginning: bar times are listed.")
    if any(start <= skip.start_ticks < end for skip in score.skips):
        cost += _SHORTENED
        notes.append("A bar of the loop is shorter than the others: bar times are listed.")
    return cost, notes


def excerpt(score: Score, start: int, end: int, until_s: float, *, is_on_time: bool = False) -> Score:
    """The same song, ``until_s`` seconds long, of which only the notes of ``start`` to ``end`` are played.

    Its time line stays the song's. A note that is up to EARLY_TICKS ahead of a bar line counts to the bar after it;
    with ``is_on_time`` it waits for ``start``. Tracks without a note are left out; one stays where none has any.
    """
    tracks = [
        track.model_copy(update={"notes": _notes_within(track, start, end, is_on_time)}) for track in score.tracks
    ]
    playing = tuple(track for track in tracks if track.notes) or (tracks[0],)
    return score.model_copy(update={"tracks": playing, "duration_s": round(until_s, 6)})


def _notes_within(track: Track, start: int, end: int, is_on_time: bool) -> tuple[NoteRow, ...]:
    first = start - EARLY_TICKS if start else 0
    rows = [row for row in track.notes if first <= row[0] < end - EARLY_TICKS]
    if is_on_time:
        rows = [(max(row[0], start), max(row[1] - max(start - row[0], 0), 1), *row[2:]) for row in rows]
    return tuple(rows)


def layers_of(tracks: Sequence[Track]) -> tuple[Layer, ...]:
    """The layers of tracks that play, up to four, calm first; as many as there are kinds of parts.

    bed: pads and chords. pulse: bass and percussion. drive: drums and arpeggios. lead: tunes. Where these give fewer
    than three, the largest is split by the order of its tracks, as long as there are tracks.
    """
    groups: dict[str, list[str]] = {}
    for track in tracks:
        if track.notes:
            groups.setdefault(_LAYER_OF[track.role], []).append(track.name)
    layers = [Layer(name, tuple(groups[name])) for name in _LAYER_ORDER if name in groups]
    while len(layers) < LAYERS_MAX - 1 and any(len(layer.tracks) > 1 for layer in layers):
        at = max(range(len(layers)), key=lambda number: len(layers[number].tracks))
        whole = layers[at]
        half = -(-len(whole.tracks) // 2)
        layers[at : at + 1] = [
            Layer(whole.name, whole.tracks[:half]), Layer(f"{whole.name}_more", whole.tracks[half:]),
        ]  # fmt: skip
    return tuple(layers)


def hook_section(score: Score) -> Section:
    """The first section that says the hook; of a song without one, the most energetic section."""
    hooks = [section for section in score.sections if section.kind in HOOK_KINDS]
    return hooks[0] if hooks else max(score.sections, key=lambda section: section.energy)
