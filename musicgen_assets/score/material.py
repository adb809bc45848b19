"""What composition hands to arrangement: material per section kind, not yet laid out in time.

Belongs here: the artifact models of the composition stage. All times are ticks from the start of the
material's own first bar. Does not belong here: how they are written.
"""

from __future__ import annotations

from pydantic import Field

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import SectionKind
from musicgen_assets.score.model import ChordSpan, NoteRow


class SectionHarmony(Frozen):
    """A loop of ``bars`` bars of chords for one section kind. The last section of a song may use ``ending``."""

    bars: int = Field(ge=1)
    chords: tuple[ChordSpan, ...] = Field(min_length=1)
    cadence: str
    """authentic, half, plagal, deceptive or open: how the loop's end leads on."""


class Harmony(Frozen):
    """composition/chord_progression. ``ending`` is the closing chord, one bar, on the tonic."""

    key: str
    scale: str
    sections: dict[SectionKind, SectionHarmony]
    ending: ChordSpan
    scores: dict[str, float] = Field(default_factory=dict)


class DrumHit(Frozen):
    """One hit of a General MIDI drum key."""

    start_ticks: int
    key: int = Field(ge=0, le=127)
    velocity: int = Field(ge=1, le=127)


class Groove(Frozen):
    """Drums of one energy level, over ``bars`` bars, on the swung grid; people's timing comes with playing."""

    bars: int
    hits: tuple[DrumHit, ...]


class Comping(Frozen):
    """When chords are struck, over ``bars`` bars: (start_ticks, duration_ticks, velocity)."""

    onsets: tuple[tuple[int, int, int], ...]
    bars: int = Field(1, ge=1)


class Rhythm(Frozen):
    """composition/rhythm_pattern, by energy level 1 (sparse) to 4 (full). Grooves may be empty of hits."""

    time_signature: str
    swing: float = Field(ge=0.5, le=0.78)
    """Share of an eighth pair that the first eighth takes: .5 straight, .667 triplet swing, .778 for 3.5:1."""
    sixteenth_swing: float = Field(0.5, ge=0.5, le=0.78)
    """Share of a sixteenth pair that the first sixteenth takes, where a style swings those instead."""
    grooves: dict[int, Groove]
    fills: tuple[Groove, ...]
    """One-bar fills, lightest first."""
    comping: dict[int, Comping]
    kick_ticks: dict[int, tuple[int, ...]]
    """Kick onsets within a bar by level: what the bass locks to."""
    scores: dict[str, float] = Field(default_factory=dict)


class LyricLine(Frozen):
    """A line as syllables; ``stresses`` 0/1 per syllable, ``word_ends`` marks the last syllable of a word."""

    text: str
    syllables: tuple[str, ...]
    stresses: tuple[int, ...]
    word_ends: tuple[bool, ...]
    rhyme: str


class LyricSection(Frozen):
    """The words of one section kind's n-th appearance; choruses repeat index 0."""

    kind: SectionKind
    index: int
    lines: tuple[LyricLine, ...]


class Lyrics(Frozen):
    """composition/lyrics, role ``main``: the words. Instrumentals have no sections."""

    language: str
    title: str
    """The song's title."""
    sections: tuple[LyricSection, ...] = ()
    subject_words: tuple[str, ...] = ()
    """Words of what the song is about, lower case without accents, sorted: what its stanzas are held to."""
    scores: dict[str, float] = Field(default_factory=dict)
    theme: str = ""
    """The theme that the words keep to; empty for instrumentals."""
    refrain: str = ""
    """What the refrain names: the title, or one of the theme where that cannot be sung; empty for a user's words."""
    person: str = ""
    """i or we: who speaks throughout; empty for a user's words."""
    tense: str = ""
    """present or past: when the scenes are; empty for a user's words."""
    is_addressed: bool = False
    """Whether the song is sung to a "you"."""
    valence: float = Field(0.5, ge=0.0, le=1.0)
    """The mood they were written for, dark to bright."""
    is_users_own: bool = False
    """Whether they stand as they came: a user's, or another engine's."""
    written_by: str = ""
    """The engine that wrote them, if it was not the built-in one."""
    takes: dict[str, tuple[LyricSection, ...]] = Field(default_factory=dict, exclude_if=lambda takes: not takes)
    """Other words for single sections of the song ("verse 2"): all stanzas of its kind, of which it sings its own."""

    def as_sung_in(self, section: str) -> Lyrics:
        """The words with those of ``section``'s take in the place of its kind's."""
        own = {(stanza.kind, stanza.index): stanza for stanza in self.takes.get(section, ())}
        stanzas = tuple(own.get((stanza.kind, stanza.index), stanza) for stanza in self.sections)
        return self.model_copy(update={"sections": stanzas, "takes": {}})

    def every_stanza(self) -> tuple[LyricSection, ...]:
        """All stanzas, those of takes behind the song's own."""
        return (*self.sections, *(stanza for name in sorted(self.takes) for stanza in self.takes[name]))


class LineProsody(Frozen):
    """How a line falls: what melody may know of the words."""

    stresses: tuple[int, ...]


class SectionProsody(Frozen):
    """Prosody of the lines of one section kind (of its first appearance)."""

    kind: SectionKind
    lines: tuple[LineProsody, ...]


class Prosody(Frozen):
    """composition/lyrics, role ``prosody``: syllable counts and stresses, never words."""

    is_sung: bool
    is_users_own: bool = False
    """Whether the user gave the words, so that their lengths are as they are."""
    sections: tuple[SectionProsody, ...] = ()


class Theme(Frozen):
    """Melody for one section kind over ``bars`` bars; ``phrases`` are (first note, past-last note) spans."""

    bars: int = Field(ge=1)
    notes: tuple[NoteRow, ...]
    phrases: tuple[tuple[int, int], ...] = ()


class Melody(Frozen):
    """composition/melody. ``hook`` is at most two bars; themes quote it."""

    hook: Theme
    themes: dict[SectionKind, Theme]
    is_given: bool = Field(False, exclude_if=lambda is_given: not is_given)
    """Whether a person gave the tune: then it is measured, and not held to how tunes are made here."""
    sixteenth_swing: float = Field(0.5, ge=0.5, le=0.78)
    """The share of a pair that the first sixteenth takes, as in the rhythm."""
    scores: dict[str, float] = Field(default_factory=dict)


class BassLine(Frozen):
    """composition/bass_line: per section kind, by energy level, over the harmony's loop."""

    sections: dict[SectionKind, dict[int, tuple[NoteRow, ...]]]
    scores: dict[str, float] = Field(default_factory=dict)
