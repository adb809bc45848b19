"""How melodies of a style move: the manner that its own fields imply, and what a mood changes in it.

Belongs here: characters and their numbers, effects of valence and arousal on a line. Does not belong here: plans
of phrases (melody_plan), searches (melody_rhythm, melody_pitch). Numbers are rules of thumb, tuned on the measured
overlap between styles; the directions of mood follow Gabrielsson and Lindström (2010, Handbook of Music and
Emotion): happy is higher, aroused is faster, louder and shorter of tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from musicgen_assets.context.schema import Mood
from musicgen_assets.styles.schema import Style

Character = Literal["song", "riff", "lyrical", "dance", "floating"]


@dataclass(frozen=True)
class Manner:
    """``slack``: how far a note's length may lie from the natural one at no price, in octaves of time. ``variety``:
    how much chance decides places. ``cell_bars``: the bars after which a phrase's rhythm tends to come again.
    ``hook_notes``: fewest and most notes of a hook nobody sings; ``hook_share`` of its phrase that it fills.
    ``pace``: factor on a note's natural time. ``density``: factor on the notes of a phrase nobody sings.
    ``interval_prices``: semitones -> what is added to an interval's price. ``pentatonic``: price of the two
    scale notes that the pentatonic scale leaves out. ``entries``: quarters into a phrase where its first
    note may like to fall. ``reach``: share of its span that a phrase fills.
    """

    character: Character
    slack: float
    variety: float
    cell_bars: int
    hook_notes: tuple[int, int]
    hook_share: float
    pace: float
    density: float
    interval_prices: dict[int, float]
    pentatonic: float
    entries: tuple[float, ...]
    reach: float


_MANNERS: dict[Character, Manner] = {
    "song": Manner("song", 0.45, 0.8, 1, (4, 7), 0.6, 1.0, 1.0, {0: -0.5}, 0.6, (0.0, 0.0, 0.5, 1.0), 0.7),
    "riff": Manner(
        "riff", 0.7, 1.2, 1, (4, 7), 0.5, 0.85, 1.0, {0: -0.7, 3: -0.2, 5: -0.3}, 0.9, (0.0, 0.5, 0.75, 0.25), 0.66
    ),
    "lyrical": Manner(
        "lyrical", 0.6, 0.8, 2, (5, 8), 0.65, 1.0, 1.1, {3: -0.2, 4: -0.2, 1: -0.2, 0: 0.2, 9: -0.8}, 0.0,
        (0.0, 0.5, 0.5, 1.0), 0.75,
    ),
    "dance": Manner("dance", 0.1, 0.4, 1, (6, 9), 0.6, 0.8, 1.3, {3: -0.2, 4: -0.2, 0: 0.4}, 0.2, (0.0,), 0.85),
    "floating": Manner(
        "floating", 0.5, 0.7, 2, (3, 6), 0.75, 1.9, 0.8, {5: -0.3, 7: -0.6, 0: 0.3, 1: 0.3}, 0.3, (0.0, 0.0, 1.0), 0.75
    ),
}  # fmt: skip
_CALM_DENSITY, _BUSY_DENSITY = 0.32, 0.7
_OFF_BEAT, _ON_BEAT = 0.55, 0.25
_WIDE_SEMITONES = 16
_PENTATONIC = {"triads": 1.0, "sevenths": 0.8, "ninths": 0.0}


def character_of(style: Style) -> Character:
    """The character of a style's melodies: floating where few notes sound, dance where many do on the beat, lyrical
    where the range or the harmony is wide, riff where most is off the beat, else song.
    """
    is_rich = style.harmony_extensions == "ninths" and style.melody_range_semitones >= 14
    if style.melody_density <= _CALM_DENSITY:
        return "floating"
    if style.melody_density >= _BUSY_DENSITY and style.melody_syncopation <= _ON_BEAT:
        return "dance"
    if is_rich or style.melody_range_semitones >= _WIDE_SEMITONES:
        return "lyrical"
    return "riff" if style.melody_syncopation >= _OFF_BEAT else "song"


def manner_of(style: Style) -> Manner:
    """The style's manner: its character's, with the pentatonic lean that its chords leave room for."""
    base = _MANNERS[character_of(style)]
    pentatonic = base.pentatonic * _PENTATONIC[style.harmony_extensions]
    values = {**base.__dict__, "pentatonic": pentatonic}
    return Manner(**values)


def mood_height(mood: Mood) -> float:
    """Semitones that a mood moves a melody's middle: 2 up in the brightest, 2 down in the darkest."""
    return 2.4 * (mood.valence - 0.5) + 1.6 * (mood.arousal - 0.5)


def touch(mood: Mood) -> float:
    """Share of its time that a note within a phrase sounds: 1 in calm moods, .7 in the most aroused; darkness holds."""
    return min(1.0, 1.0 - 0.3 * max(0.0, mood.arousal - 0.25) / 0.75 * (0.6 + 0.4 * mood.valence))


def loudness(mood: Mood, plain: int) -> int:
    """Velocity of a section's melody in a mood: ``plain`` at .5, 14 more or less at the ends of arousal."""
    return min(max(round(plain + 28.0 * (mood.arousal - 0.5)), 30), 112)
