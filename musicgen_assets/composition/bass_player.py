"""A bass player: what an idiom is handed, where notes are placed, and the moves all idioms share.

Belongs here: stretches of one chord, pitch placement, approaches, joining onsets to notes. Does not belong
here: the idioms (bass_idioms), reading harmony and kicks (bass_line).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.feel import beat_starts, group_starts
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan

LOWEST, HIGHEST = 28, 55
"""E1 to G3: the four-string bass up to where it stops being one."""
SUB_HIGHEST = 40
EIGHTH, SIXTEENTH = 240, 120
CENTRE = 38
"""D2: where a line comes back to."""
ROOT, PLAIN, LIGHT, GHOST = 96, 86, 78, 58
"""Velocities by weight."""

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

    ``figure`` is the song's own choice among an idiom's variants; ``previous`` the last pitch played; ``aim`` the
    pitch that the line leads to, where it leads.
    """

    time_signature: str
    level: int
    scale_pitch_classes: frozenset[int]
    figure: int
    rng: np.random.Generator
    home: int = 0
    previous: int = CENTRE
    aim: int | None = None

    def place(self, pitch_class: int, lowest: int = LOWEST, highest: int = HIGHEST) -> int:
        """The pitch of a class nearest to the last one played, with a pull to the middle of the range."""
        first = lowest + (pitch_class - lowest) % 12
        choices = range(first, highest + 1, 12)
        return min(choices, key=lambda pitch: abs(pitch - self.previous) + 0.6 * abs(pitch - CENTRE))

    def taken_aim(self) -> int | None:
        """Where the line leads, forgotten once it is asked for."""
        aim, self.aim = self.aim, None
        return aim

    def upper(self, pitch: int, interval: int) -> int:
        """``interval`` above ``pitch``, an octave lower where that gets high and the low one can be reached."""
        is_high = pitch + interval > CENTRE + 9 and pitch + interval - 12 >= LOWEST
        return pitch + interval - 12 if is_high else pitch + interval

    def approach(self, target: int, chromatic: float) -> int:
        """A step from above or below: by semitone with probability ``chromatic``, else along the scale."""
        direction = -1 if target > self.previous or target + 2 > HIGHEST else 1
        direction = 1 if target - 2 < LOWEST else direction
        if self.rng.random() < chromatic:
            return target + direction
        return self._neighbour(target, direction)

    def slow_approach(self, target: int, over: ChordSpan, chromatic: float) -> int:
        """The same for a step that is heard as long as a beat: one that rubs against no tone of the chord it is played
        over, if there is one above or below; else a tone of that chord, the nearest to the target.
        """
        first = self.approach(target, chromatic)
        side = 1 if first > target else -1
        steps = (first, self._neighbour(target, side), self._neighbour(target, -side), target + 2, target - 2)
        tones = sorted(range(LOWEST, HIGHEST + 1), key=lambda pitch: (abs(pitch - target), pitch))
        chord = set(over.pitch_classes)
        of_chord = (pitch for pitch in tones if pitch % 12 in chord and pitch != target)
        return next((pitch for pitch in (*steps, *of_chord) if not self._rubs(pitch, chord)), first)

    def _neighbour(self, target: int, direction: int) -> int:
        """The scale's next tone above (1) or below (-1), a semitone where the scale has neither."""
        whole_is_diatonic = (target + 2 * direction) % 12 in self.scale_pitch_classes
        half_is_diatonic = (target + direction) % 12 in self.scale_pitch_classes
        return target + (direction if half_is_diatonic or not whole_is_diatonic else 2 * direction)

    def _rubs(self, pitch: int, chord: set[int]) -> bool:
        """Whether a bass note lies beside a tone of the chord without being one, or out of reach."""
        is_beside = bool({(pitch + 1) % 12, (pitch - 1) % 12} & chord) and pitch % 12 not in chord
        return is_beside or not LOWEST <= pitch <= HIGHEST


def tone(chord: ChordSpan, semitones: tuple[int, ...], otherwise: int) -> int:
    """The first of ``semitones`` above the root that the chord has, else ``otherwise``."""
    present = {(pitch_class - chord.root) % 12 for pitch_class in chord.pitch_classes}
    return next((interval for interval in semitones if interval in present), otherwise)


def fifth_of(chord: ChordSpan) -> int:
    """Semitones from the chord's root to its fifth, as it has it; a perfect one where it has none."""
    return tone(chord, (7, 6, 8), 7)


def third_of(chord: ChordSpan) -> int:
    """Semitones from the chord's root to its third, or to what stands for it."""
    return tone(chord, (4, 3, 5, 2), 7)


def within(positions: tuple[int, ...] | range, stretch: Stretch) -> list[int]:
    """Positions of a bar that fall into the stretch, counted from the loop's start."""
    return [stretch.bar + tick for tick in positions if stretch.start <= stretch.bar + tick < stretch.end]


def beats_of(stretch: Stretch, player: Player) -> list[int]:
    """The stretch's start and the felt beats in it."""
    found = within(beat_starts(player.time_signature), stretch)
    return found if found and found[0] == stretch.start else [stretch.start, *found]


def eighths_of(stretch: Stretch) -> list[int]:
    """Every eighth of the stretch."""
    return list(range(stretch.start, stretch.end, EIGHTH))


def joined(starts: list[int], end: int, pitches: list[int], velocities: list[int], share: float) -> list[Note]:
    """Notes that each last ``share`` of the time to the next."""
    ends = [*starts[1:], end]
    return [
        (start, max(round((stop - start) * share), SIXTEENTH // 2), pitch, velocity)
        for start, stop, pitch, velocity in zip(starts, ends, pitches, velocities, strict=True)
    ]


def lead_on(
    notes: list[Note], stretch: Stretch, player: Player, chance: float, chromatic: float, highest: int = HIGHEST
) -> list[Note]:
    """With ``chance``, a step to the next chord's bass at the stretch's end, where the chord changes there.

    A long last note is cut an eighth short for it (a beat in quiet music); a short one is turned into it. The next
    chord is then begun at the pitch it leads to, at most ``highest``.
    """
    if not stretch.changes or not notes or player.rng.random() >= chance:
        return notes
    start, duration, pitch, velocity = notes[-1]
    player.previous = pitch
    target = player.place(stretch.following.bass, highest=highest)
    is_quiet = player.level <= 2 and stretch.end - start >= 8 * EIGHTH
    step = player.slow_approach(target, stretch.chord, chromatic) if is_quiet else player.approach(target, chromatic)
    begin = stretch.end - (2 * EIGHTH if is_quiet else EIGHTH)
    if begin - start >= EIGHTH:
        held = (start, min(duration, (begin - start) * 19 // 20), pitch, velocity)
        player.aim = target
        return [*notes[:-1], held, (begin, (stretch.end - begin) * 9 // 10, step, LIGHT)]
    if len(notes) < 2:
        return notes
    player.aim = target
    return [*notes[:-1], (start, duration, step, velocity)]


def kick_driven(stretch: Stretch) -> list[int]:
    """The stretch's start and the kicks inside it."""
    return sorted({stretch.start, *within(stretch.kicks, stretch)})


def middle_of(player: Player) -> int:
    """The strong pulse nearest to the bar's middle, or its last beat where there is none (3/4, 2/4)."""
    pulses = group_starts(player.time_signature)[1:]
    if not pulses:
        return beat_starts(player.time_signature)[-1]
    return min(pulses, key=lambda tick: abs(tick - ticks_per_bar(player.time_signature) // 2))
