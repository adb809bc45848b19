"""How a bass plays a chord: one function per idiom, from a stretch of one chord to notes.

Belongs here: rhythm and choice of tone of each idiom of styles.schema.BassIdiom, on the straight grid.
Does not belong here: which idiom plays when (style), swing, and joining stretches (bass_line).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from musicgen_assets.composition.bass_player import (
    CENTRE,
    EIGHTH,
    GHOST,
    HIGHEST,
    LIGHT,
    LOWEST,
    PLAIN,
    ROOT,
    SIXTEENTH,
    SUB_HIGHEST,
    Note,
    Player,
    Stretch,
    beats_of,
    eighths_of,
    fifth_of,
    joined,
    kick_driven,
    lead_on,
    middle_of,
    third_of,
    tone,
    within,
)
from musicgen_assets.composition.feel import beat_starts
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.styles.schema import BassIdiom

Idiom = Callable[[Stretch, Player], list[Note]]


def play(idiom: BassIdiom, stretch: Stretch, player: Player) -> list[Note]:
    """The idiom's notes for a stretch; ``player.previous`` moves on to where the line leads, else to the last of them,
    or to the lowest where an idiom leaps up and comes back.
    """
    notes = IDIOMS[idiom](stretch, player)
    aim = player.taken_aim()
    if aim is not None:
        player.previous = aim
    elif notes:
        player.previous = notes[-1][2] if idiom in _MELODIC else min(note[2] for note in notes)
    return notes


def _roots(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass)
    starts = kick_driven(stretch)
    velocities = [ROOT if start == stretch.start else PLAIN for start in starts]
    notes = joined(starts, stretch.end, [root] * len(starts), velocities, 0.94)
    return lead_on(notes, stretch, player, 0.35 + 0.1 * player.level, 0.1)


def _pulse(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass)
    starts = eighths_of(stretch)
    heavy = set(beats_of(stretch, player))
    velocities = [ROOT if start == stretch.start else PLAIN if start in heavy else LIGHT for start in starts]
    notes = joined(starts, stretch.end, [root] * len(starts), velocities, 0.88)
    return lead_on(notes, stretch, player, 0.65, 0.2)


def _octaves(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    starts = eighths_of(stretch)
    heavy = set(beats_of(stretch, player))
    pitches = [root if start in heavy else root + 12 for start in starts]
    velocities = [ROOT if start == stretch.start else PLAIN if start in heavy else LIGHT for start in starts]
    return lead_on(joined(starts, stretch.end, pitches, velocities, 0.72), stretch, player, 0.7, 0.2, HIGHEST - 12)


def _walking(stretch: Stretch, player: Player) -> list[Note]:
    """Root on the change, a step into the next root, chord and scale tones on the way, now and then a skip."""
    starts = beats_of(stretch, player)
    root = player.place(stretch.chord.bass) if stretch.is_new else _chord_tone_near(stretch, player.previous)
    pitches = [root]
    player.previous = root
    target = player.place(stretch.following.bass) if stretch.changes else player.upper(root, fifth_of(stretch.chord))
    for remaining in range(len(starts) - 1, 0, -1):
        if remaining == 1:
            pitches.append(player.approach(target, 0.5))
        else:
            pitches.append(_towards(target, remaining, stretch, player))
        player.previous = pitches[-1]
    velocities = [ROOT if start == stretch.start else PLAIN for start in starts]
    notes = joined(starts, stretch.end, pitches, velocities, 0.92)
    if player.level >= 3 and len(notes) > 1 and player.rng.random() < 0.25:
        start, duration, pitch, velocity = notes[0]
        skip = start + SIXTEENTH * 2
        if skip < notes[1][0]:
            notes[0] = (start, min(duration, EIGHTH - 20), pitch, velocity)
            notes.insert(1, (skip, (notes[1][0] - skip) * 9 // 10, pitch, GHOST))
    return notes


def _towards(target: int, remaining: int, stretch: Stretch, player: Player) -> int:
    """A tone about one ``remaining``-th of the way to the target: of the chord if near, else of the scale."""
    wanted = player.previous + (target - player.previous) / remaining
    if abs(target - player.previous) <= 3:
        wanted = player.previous + (5 if player.previous < CENTRE + 4 else -5)
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
        if (pitch - stretch.chord.root) % 12 in (0, third_of(stretch.chord), fifth_of(stretch.chord)) and pitch != near
    ]
    return min(choices, key=lambda pitch: (abs(pitch - near) + 0.3 * abs(pitch - CENTRE), pitch))


_SYNCOPATIONS = ((6, 10, 14), (3, 6, 11), (7, 10, 15), (3, 10, 14))
"""Sixteenths of a bar that funk and its kin lean on, beside the kicks."""


def _syncopated(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    extra = _SYNCOPATIONS[player.figure % len(_SYNCOPATIONS)][: max(player.level - 1, 1)]
    off_beat = within(tuple(sixteenth * SIXTEENTH for sixteenth in extra), stretch)
    driven = kick_driven(stretch)
    starts = sorted({*driven, *off_beat})
    colours = (12, fifth_of(stretch.chord), tone(stretch.chord, (10, 11, 9), 12))
    pitches, velocities = [], []
    for start in starts:
        if start in driven:
            pitches.append(root)
            velocities.append(ROOT if start == stretch.start else PLAIN)
        else:
            pitches.append(root + colours[(start // SIXTEENTH + player.figure) % len(colours)])
            velocities.append(LIGHT)
    notes = joined(starts, stretch.end, pitches, velocities, 0.66)
    return lead_on(notes, stretch, player, 0.7, 0.4, HIGHEST - 12)


def _arpeggio(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, HIGHEST - 12)
    starts = eighths_of(stretch) if player.level >= 3 else beats_of(stretch, player)
    third, fifth = third_of(stretch.chord), fifth_of(stretch.chord)
    shapes = ((0, fifth, 12, fifth), (0, third, fifth, third), (0, fifth, 12, third + 12))
    shape = shapes[player.figure % len(shapes)]
    pitches = [root + shape[index % 4] for index in range(len(starts))]
    velocities = [ROOT if index == 0 else LIGHT for index in range(len(starts))]
    return lead_on(joined(starts, stretch.end, pitches, velocities, 0.95), stretch, player, 0.6, 0.0, HIGHEST - 12)


def _pedal(stretch: Stretch, player: Player) -> list[Note]:
    """The loop's first bass note held under all chords it does not grate with (no semitone above it)."""
    tones = set(stretch.chord.pitch_classes)
    grates = (player.home + 1) % 12 in tones or (player.home - 1) % 12 in tones
    pitch = player.place(stretch.chord.bass if grates else player.home)
    starts = {1: [stretch.start], 2: kick_driven(stretch)}.get(player.level, eighths_of(stretch))
    velocities = [ROOT if start == stretch.start else LIGHT for start in starts]
    return joined(starts, stretch.end, [pitch] * len(starts), velocities, 0.97 if player.level <= 2 else 0.8)


def _anticipating(positions: tuple[int, int], stretch: Stretch, player: Player) -> tuple[list[int], list[int]]:
    """Starts and pitches: the chord's root, its fifth on the first place, the next root on the second."""
    middle, late = (stretch.bar + position for position in positions)
    root = player.place(stretch.chord.bass)
    starts, pitches = [stretch.start], [root]
    if stretch.start < middle < stretch.end:
        starts.append(middle)
        pitches.append(player.upper(root, fifth_of(stretch.chord)))
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
    velocities = [PLAIN] * (len(starts) - 1) + [ROOT]
    return joined(starts, stretch.end, pitches, velocities, 1.0)


def _tumbao_double(stretch: Stretch, player: Player) -> list[Note]:
    """Tumbao as dancers count it, twice in a bar of 4/4: on the fourth and seventh sixteenth of each half.

    The later one already plays the root of the next half; the one stays free except where the loop begins. Other
    meters take the plain tumbao.
    """
    bar = ticks_per_bar(player.time_signature)
    if bar != 16 * SIXTEENTH:
        return _tumbao(stretch, player)
    root = player.place(stretch.chord.bass)
    fifth = player.upper(root, fifth_of(stretch.chord))
    starts, pitches = ([stretch.start], [root]) if stretch.start == 0 else ([], [])
    for half in (0, bar // 2):
        middle, late = (stretch.bar + half + place * SIXTEENTH for place in (3, 6))
        if stretch.start < middle < stretch.end:
            starts.append(middle)
            pitches.append(fifth)
        if stretch.start < late < stretch.end:
            is_last = late + 2 * SIXTEENTH >= stretch.end
            player.previous = root
            starts.append(late)
            pitches.append(player.place(stretch.following.bass) if is_last and stretch.changes else root)
    velocities = [ROOT if index % 2 else PLAIN for index in range(len(starts))]
    return joined(starts, stretch.end, pitches, velocities, 1.0)


def _bossa(stretch: Stretch, player: Player) -> list[Note]:
    """Root, fifth around the middle with a pickup before it, and an eighth's pickup into the next bar."""
    bar = ticks_per_bar(player.time_signature)
    middle = middle_of(player)
    root = player.place(stretch.chord.bass)
    fifth = player.upper(root, fifth_of(stretch.chord))
    wanted = [(stretch.start, root, ROOT)]
    if stretch.start < stretch.bar + middle < stretch.end:
        if player.level >= 2:
            wanted.append((stretch.bar + middle - EIGHTH, root if player.figure % 2 else fifth, LIGHT))
        wanted.append((stretch.bar + middle, fifth, PLAIN))
    last = stretch.bar + bar - EIGHTH
    if stretch.start < last < stretch.end and player.level >= 2:
        wanted.append((last, _bossa_pickup(stretch, player, fifth), LIGHT))
    wanted = sorted({start: (start, pitch, velocity) for start, pitch, velocity in wanted}.values())
    columns = [list(column) for column in zip(*wanted, strict=True)]
    return joined(columns[0], stretch.end, columns[1], columns[2], 0.9)


def _bossa_pickup(stretch: Stretch, player: Player, fifth: int) -> int:
    """Into a new chord its root ahead of time or, more often, a step to it; within a chord the fifth again."""
    player.previous = fifth
    if not stretch.changes:
        return fifth
    target = player.place(stretch.following.bass)
    if player.rng.random() >= 0.6:
        return target
    player.aim = target
    return player.approach(target, 0.4)


def _sub(stretch: Stretch, player: Player) -> list[Note]:
    root = player.place(stretch.chord.bass, LOWEST, SUB_HIGHEST)
    starts = kick_driven(stretch)
    pitches = [root] * len(starts)
    if player.level >= 3 and len(starts) > 2 and stretch.changes and player.rng.random() < 0.5:
        pitches[-1] = root + 12
    velocities = [ROOT if start == stretch.start else PLAIN for start in starts]
    return lead_on(joined(starts, stretch.end, pitches, velocities, 0.97), stretch, player, 0.5, 0.2, SUB_HIGHEST)


def _two_feel(stretch: Stretch, player: Player) -> list[Note]:
    """Root and fifth on the strong pulses, with a step into the next chord on the last beat now and then."""
    root = player.place(stretch.chord.bass)
    fifth = player.upper(root, fifth_of(stretch.chord))
    starts, pitches = [stretch.start], [root if stretch.is_new else fifth]
    half = stretch.bar + middle_of(player)
    if stretch.start < half < stretch.end:
        starts.append(half)
        pitches.append(fifth if stretch.is_new else root)
    last = stretch.bar + beat_starts(player.time_signature)[-1]
    if (
        stretch.changes
        and starts[-1] < last < stretch.end
        and player.rng.random() < (0.7 if player.level >= 2 else 0.5)
    ):
        player.previous = pitches[-1]
        player.aim = player.place(stretch.following.bass)
        starts.append(last)
        pitches.append(player.slow_approach(player.aim, stretch.chord, 0.3))
    velocities = [ROOT, PLAIN, LIGHT][: len(starts)]
    return joined(starts, stretch.end, pitches, velocities, 0.9)


_MELODIC: frozenset[BassIdiom] = frozenset(
    {"walking", "two_feel", "tumbao", "tumbao_double", "roots", "pulse", "pedal"}
)

IDIOMS: Mapping[BassIdiom, Idiom] = {
    "roots": _roots,
    "pulse": _pulse,
    "octaves": _octaves,
    "walking": _walking,
    "syncopated": _syncopated,
    "arpeggio": _arpeggio,
    "pedal": _pedal,
    "tumbao": _tumbao,
    "tumbao_double": _tumbao_double,
    "bossa": _bossa,
    "sub": _sub,
    "two_feel": _two_feel,
}
