"""How a bass plays a chord: one function per idiom, from a stretch of one chord to notes.

Belongs here: rhythm and choice of tone of each idiom of styles.schema.BassIdiom, on the straight grid.
Does not belong here: which idiom plays when (style), swing, and joining stretches (bass_line).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan
from musicgen_assets.styles.schema import BassIdiom

LOWEST, HIGHEST = 28, 55
"""E1 to G3: the four-string bass up to where it stops being one."""
SUB_HIGHEST = 40
EIGHTH, SIXTEENTH = 240, 120
_CENTRE = 38
_ROOT, _PLAIN, _LIGHT, _GHOST = 96, 86, 78, 58

Note = tuple[int, int, int, int]
"""(start, duration, pitch, velocity) on the straight grid, counted from the loop's start."""


@dataclass(frozen=True)
class Stretch:
    """One chord within one bar. ``start`` and ``end`` count from the loop's start, ``bar`` is that bar's start.

    ``following`` is the next chord (around the loop's end: its first); ``changes`` whether the bass has to
    move for it. ``kicks`` are straight ticks within the bar that the bass takes from the drums.
    """

    chord: ChordSpan
    following: ChordSpan
    start: int
    end: int
    bar: int
    is_new: bool
    changes: bool
    kicks: tuple[int, ...]


@dataclass
class Player:
    """What an idiom carries from stretch to stretch, and the draws that hold for a whole song.

    ``figure`` is the song's own choice among an idiom's variants; ``previous`` the last pitch played.
    """

    time_signature: str
    level: int
    scale_pitch_classes: frozenset[int]
    figure: int
    rng: np.random.Generator
    home: int = 0
    previous: int = _CENTRE

    def place(self, pitch_class: int, lowest: int = LOWEST, highest: int = HIGHEST) -> int:
        """The pitch of a class nearest to the last one played, with a pull to the middle of the range."""
        first = lowest + (pitch_class - lowest) % 12
        choices = range(first, highest + 1, 12)
        return min(choices, key=lambda pitch: abs(pitch - self.previous) + 0.6 * abs(pitch - _CENTRE))

    def upper(self, pitch: int, interval: int) -> int:
        """``interval`` above ``pitch``, an octave lower where that gets high and the low one can be reached."""
        is_high = pitch + interval > _CENTRE + 9 and pitch + interval - 12 >= LOWEST
        return pitch + interval - 12 if is_high else pitch + interval

    def approach(self, target: int, chromatic: float) -> int:
        """A step from above or below: by semitone with probability ``chromatic``, else along the scale."""
        direction = -1 if target > self.previous or target + 2 > HIGHEST else 1
        direction = 1 if target - 2 < LOWEST else direction
        if self.rng.random() < chromatic:
            return target + direction
        whole_is_diatonic = (target + 2 * direction) % 12 in self.scale_pitch_classes
        half_is_diatonic = (target + direction) % 12 in self.scale_pitch_classes
        return target + (direction if half_is_diatonic or not whole_is_diatonic else 2 * direction)


Idiom = Callable[[Stretch, Player], list[Note]]


def play(idiom: BassIdiom, stretch: Stretch, player: Player) -> list[Note]:
    """The idiom's notes for a stretch; ``player.previous`` moves on to the last of them, or to the lowest where
    an idiom leaps up and comes back.
    """
    notes = IDIOMS[idiom](stretch, player)
    if notes:
        player.previous = notes[-1][2] if idiom in _MELODIC else min(note[2] for note in notes)
    return notes


def _tone(chord: ChordSpan, semitones: tuple[int, ...], otherwise: int) -> int:
    """The first of ``semitones`` above the root that the chord has, else ``otherwise``."""
    present = {(pitch_class - chord.root) % 12 for pitch_class in chord.pitch_classes}
    return next((interval for interval in semitones if interval in present), otherwise)


def _fifth(chord: ChordSpan) -> int:
    return _tone(chord, (7, 6, 8), 7)


def _third(chord: ChordSpan) -> int:
    return _tone(chord, (4, 3, 5, 2), 7)


def _within(positions: tuple[int, ...] | range, stretch: Stretch) -> list[int]:
    """Positions of a bar that fall into the stretch, counted from the loop's start."""
    return [stretch.bar + tick for tick in positions if stretch.start <= stretch.bar + tick < stretch.end]


def _beats(stretch: Stretch, player: Player) -> list[int]:
    found = _within(beat_starts(player.time_signature), stretch)
    return found if found and found[0] == stretch.start else [stretch.start, *found]


def _eighths(stretch: Stretch) -> list[int]:
    return list(range(stretch.start, stretch.end, EIGHTH))


def _joined(starts: list[int], end: int, pitches: list[int], velocities: list[int], share: float) -> list[Note]:
    """Notes that each last ``share`` of the time to the next."""
    ends = [*starts[1:], end]
    return [
        (start, max(round((stop - start) * share), SIXTEENTH // 2), pitch, velocity)
        for start, stop, pitch, velocity in zip(starts, ends, pitches, velocities, strict=True)
    ]


def _lead_on(notes: list[Note], stretch: Stretch, player: Player, chance: float, chromatic: float) -> list[Note]:
    """The last note turned into a step to the next chord's bass, if the chord changes and there are several."""
    if not stretch.changes or len(notes) < 2 or player.rng.random() >= chance:
        return notes
    start, duration, pitch, velocity = notes[-1]
    player.previous = pitch
    target = player.place(stretch.following.bass)
    return [*notes[:-1], (start, duration, player.approach(target, chromatic), velocity)]


def _kick_driven(stretch: Stretch) -> list[int]:
    """The stretch's start and the kicks inside it."""
    return sorted({stretch.start, *_within(stretch.kicks, stretch)})


def _roots(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass)
    starts = _kick_driven(stretch)
    velocities = [_ROOT if start == stretch.start else _PLAIN for start in starts]
    notes = _joined(starts, stretch.end, [root] * len(starts), velocities, 0.94)
    return _lead_on(notes, stretch, player, 0.25 if player.level >= 3 else 0.0, 0.0)


def _pulse(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass)
    starts = _eighths(stretch)
    heavy = set(_beats(stretch, player))
    velocities = [_ROOT if start == stretch.start else _PLAIN if start in heavy else _LIGHT for start in starts]
    notes = _joined(starts, stretch.end, [root] * len(starts), velocities, 0.88)
    return _lead_on(notes, stretch, player, 0.6, 0.2)


def _octaves(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    starts = _eighths(stretch)
    heavy = set(_beats(stretch, player))
    pitches = [root if start in heavy else root + 12 for start in starts]
    velocities = [_ROOT if start == stretch.start else _PLAIN if start in heavy else _LIGHT for start in starts]
    return _lead_on(_joined(starts, stretch.end, pitches, velocities, 0.72), stretch, player, 0.35, 0.2)


def _walking(stretch: Stretch, player: Player) -> list[Note]:
    """Root on the change, a step into the next root, chord and scale tones on the way, now and then a skip."""
    starts = _beats(stretch, player)
    root = player.place(stretch.chord.bass) if stretch.is_new else _chord_tone_near(stretch, player.previous)
    pitches = [root]
    player.previous = root
    target = player.place(stretch.following.bass) if stretch.changes else player.upper(root, _fifth(stretch.chord))
    for remaining in range(len(starts) - 1, 0, -1):
        if remaining == 1:
            pitches.append(player.approach(target, 0.5))
        else:
            pitches.append(_towards(target, remaining, stretch, player))
        player.previous = pitches[-1]
    velocities = [_ROOT if start == stretch.start else _PLAIN for start in starts]
    notes = _joined(starts, stretch.end, pitches, velocities, 0.92)
    if player.level >= 3 and len(notes) > 1 and player.rng.random() < 0.25:
        start, duration, pitch, velocity = notes[0]
        skip = start + SIXTEENTH * 2
        if skip < notes[1][0]:
            notes[0] = (start, min(duration, EIGHTH - 20), pitch, velocity)
            notes.insert(1, (skip, (notes[1][0] - skip) * 9 // 10, pitch, _GHOST))
    return notes


def _towards(target: int, remaining: int, stretch: Stretch, player: Player) -> int:
    """A tone about one ``remaining``-th of the way to the target: of the chord if near, else of the scale."""
    wanted = player.previous + (target - player.previous) / remaining
    if abs(target - player.previous) <= 3:
        wanted = player.previous + (5 if player.previous < _CENTRE + 4 else -5)
    usable = [
        pitch
        for pitch in range(LOWEST, HIGHEST + 1)
        if pitch != player.previous and pitch % 12 in (player.scale_pitch_classes | set(stretch.chord.pitch_classes))
    ]
    chord = set(stretch.chord.pitch_classes)
    return min(usable, key=lambda pitch: (abs(pitch - wanted) + (0.0 if pitch % 12 in chord else 1.2), pitch))


def _chord_tone_near(stretch: Stretch, near: int) -> int:
    choices = [
        pitch
        for pitch in range(LOWEST, HIGHEST + 1)
        if (pitch - stretch.chord.root) % 12 in (0, _third(stretch.chord), _fifth(stretch.chord)) and pitch != near
    ]
    return min(choices, key=lambda pitch: (abs(pitch - near) + 0.3 * abs(pitch - _CENTRE), pitch))


_SYNCOPATIONS = ((6, 10, 14), (3, 6, 11), (7, 10, 15), (3, 10, 14))
"""Sixteenths of a bar that funk and its kin lean on, beside the kicks."""


def _syncopated(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    extra = _SYNCOPATIONS[player.figure % len(_SYNCOPATIONS)][: max(player.level - 1, 1)]
    off_beat = _within(tuple(sixteenth * SIXTEENTH for sixteenth in extra), stretch)
    driven = _kick_driven(stretch)
    starts = sorted({*driven, *off_beat})
    colours = (12, _fifth(stretch.chord), _tone(stretch.chord, (10, 11, 9), 12))
    pitches, velocities = [], []
    for start in starts:
        if start in driven:
            pitches.append(root)
            velocities.append(_ROOT if start == stretch.start else _PLAIN)
        else:
            pitches.append(root + colours[(start // SIXTEENTH + player.figure) % len(colours)])
            velocities.append(_LIGHT)
    return _lead_on(_joined(starts, stretch.end, pitches, velocities, 0.66), stretch, player, 0.5, 0.4)


def _arpeggio(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    starts = _eighths(stretch) if player.level >= 3 else _beats(stretch, player)
    third, fifth = _third(stretch.chord), _fifth(stretch.chord)
    shapes = ((0, fifth, 12, fifth), (0, third, fifth, third), (0, fifth, 12, third + 12))
    shape = shapes[player.figure % len(shapes)]
    pitches = [root + shape[index % 4] for index in range(len(starts))]
    velocities = [_ROOT if index == 0 else _LIGHT for index in range(len(starts))]
    return _joined(starts, stretch.end, pitches, velocities, 0.95)


def _pedal(stretch: Stretch, player: Player) -> list[Note]:
    """The loop's first bass note held under all chords it does not grate with (no semitone above it)."""
    tones = set(stretch.chord.pitch_classes)
    grates = (player.home + 1) % 12 in tones or (player.home - 1) % 12 in tones
    pitch = player.place(stretch.chord.bass if grates else player.home)
    starts = {1: [stretch.start], 2: _kick_driven(stretch)}.get(player.level, _eighths(stretch))
    velocities = [_ROOT if start == stretch.start else _LIGHT for start in starts]
    return _joined(starts, stretch.end, [pitch] * len(starts), velocities, 0.97 if player.level <= 2 else 0.8)


def _anticipating(positions: tuple[int, int], stretch: Stretch, player: Player) -> tuple[list[int], list[int]]:
    """Starts and pitches: the chord's root, its fifth on the first place, the next root on the second."""
    middle, late = (stretch.bar + position for position in positions)
    root = player.place(stretch.chord.bass)
    starts, pitches = [stretch.start], [root]
    if stretch.start < middle < stretch.end:
        starts.append(middle)
        pitches.append(player.upper(root, _fifth(stretch.chord)))
    if stretch.start < late < stretch.end:
        player.previous = pitches[-1]
        starts.append(late)
        pitches.append(player.place(stretch.following.bass) if stretch.changes else root)
    return starts, pitches


def _off_and_last(player: Player) -> tuple[int, int]:
    """Tumbao's places: the off-beat before the bar's middle (bombo) and its last beat (ponche)."""
    bar, last = ticks_per_bar(player.time_signature), beat_starts(player.time_signature)[-1]
    return (bar // 2 // EIGHTH * EIGHTH - EIGHTH if bar % 480 == 0 else last // 2 // EIGHTH * EIGHTH), last


def _tumbao(stretch: Stretch, player: Player) -> list[Note]:
    """The last beat already plays the next chord's root and holds it over the barline; the one stays free,
    except where the loop begins.
    """
    starts, pitches = _anticipating(_off_and_last(player), stretch, player)
    if stretch.start > 0 and len(starts) > 1 and stretch.start == stretch.bar:
        starts, pitches = starts[1:], pitches[1:]
    velocities = [_PLAIN] * (len(starts) - 1) + [_ROOT]
    return _joined(starts, stretch.end, pitches, velocities, 1.0)


def _bossa(stretch: Stretch, player: Player) -> list[Note]:
    """Root, fifth around the middle with a pickup before it, and an eighth's pickup into the next bar."""
    bar = ticks_per_bar(player.time_signature)
    middle = _middle(player)
    root = player.place(stretch.chord.bass)
    fifth = player.upper(root, _fifth(stretch.chord))
    wanted = [(stretch.start, root, _ROOT)]
    if stretch.start < stretch.bar + middle < stretch.end:
        if player.level >= 2:
            wanted.append((stretch.bar + middle - EIGHTH, root if player.figure % 2 else fifth, _LIGHT))
        wanted.append((stretch.bar + middle, fifth, _PLAIN))
    last = stretch.bar + bar - EIGHTH
    if stretch.start < last < stretch.end and player.level >= 2:
        player.previous = fifth
        wanted.append((last, player.place(stretch.following.bass) if stretch.changes else fifth, _LIGHT))
    wanted = sorted({start: (start, pitch, velocity) for start, pitch, velocity in wanted}.values())
    columns = [list(column) for column in zip(*wanted, strict=True)]
    return _joined(columns[0], stretch.end, columns[1], columns[2], 0.9)


def _sub(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, SUB_HIGHEST)
    starts = _kick_driven(stretch)
    pitches = [root] * len(starts)
    if player.level >= 3 and len(starts) > 2 and stretch.changes and player.rng.random() < 0.5:
        pitches[-1] = root + 12
    velocities = [_ROOT if start == stretch.start else _PLAIN for start in starts]
    return _joined(starts, stretch.end, pitches, velocities, 0.97)


def _two_feel(stretch: Stretch, player: Player) -> list[Note]:
    """Root and fifth on the strong pulses, with a step into the next chord on the last beat now and then."""
    root = player.place(stretch.chord.bass)
    fifth = player.upper(root, _fifth(stretch.chord))
    starts, pitches = [stretch.start], [root if stretch.is_new else fifth]
    half = stretch.bar + _middle(player)
    if stretch.start < half < stretch.end:
        starts.append(half)
        pitches.append(fifth if stretch.is_new else root)
    last = stretch.bar + beat_starts(player.time_signature)[-1]
    if (
        stretch.changes
        and starts[-1] < last < stretch.end
        and player.rng.random() < (0.5 if player.level >= 2 else 0.2)
    ):
        player.previous = pitches[-1]
        starts.append(last)
        pitches.append(player.approach(player.place(stretch.following.bass), 0.3))
    velocities = [_ROOT, _PLAIN, _LIGHT][: len(starts)]
    return _joined(starts, stretch.end, pitches, velocities, 0.9)


def _middle(player: Player) -> int:
    """The strong pulse nearest to the bar's middle, or its last beat where there is none (3/4, 2/4)."""
    pulses = group_starts(player.time_signature)[1:]
    if not pulses:
        return beat_starts(player.time_signature)[-1]
    return min(pulses, key=lambda tick: abs(tick - ticks_per_bar(player.time_signature) // 2))


_MELODIC: frozenset[BassIdiom] = frozenset({"walking", "two_feel", "tumbao", "roots", "pulse", "pedal"})

IDIOMS: Mapping[BassIdiom, Idiom] = {
    "roots": _roots,
    "pulse": _pulse,
    "octaves": _octaves,
    "walking": _walking,
    "syncopated": _syncopated,
    "arpeggio": _arpeggio,
    "pedal": _pedal,
    "tumbao": _tumbao,
    "bossa": _bossa,
    "sub": _sub,
    "two_feel": _two_feel,
}
