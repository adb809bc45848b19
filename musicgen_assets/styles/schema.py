"""The schema of a style file: what a genre is, as data. One YAML file per style in styles/data/.

Patterns are strings on a sixteenth grid, one string per bar, bars separated by spaces:
``.`` rest, ``g`` ghost, ``x`` normal, ``X`` accent. 16 characters a bar in 4/4, 12 in 3/4 and 6/8, and so on.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import Instrument, Mood, Role, Scale, SectionKind, TimeSignature, Unit
from musicgen_assets.styles.schema_groove import GrooveFeel
from musicgen_assets.styles.schema_lyrics import LyricHabits
from musicgen_assets.styles.schema_vocals import VocalHabits

BassIdiom = Literal[
    "roots", "pulse", "octaves", "walking", "syncopated", "arpeggio", "pedal", "tumbao", "tumbao_double", "bossa",
    "sub", "two_feel",
]  # fmt: skip
Ending = Literal["button", "ring", "fade"]
Level = Literal[1, 2, 3, 4]
Depth = Literal["dry", "front", "middle", "back"]
"""How far away a track stands: by how much direct sound there is for its reverb. "dry" has none."""


class TempoRange(Frozen):
    """Quarter notes a minute."""

    low: float
    typical: float
    high: float


class Progression(Frozen):
    """Roman numerals, one a bar unless joined by ``_`` ("ii_V" shares a bar); case gives quality.

    Accepted: I ii iii IV V vi vii° with accidental prefixes (bVII, #iv°), suffixes 7 maj7 9 m7b5 sus4 add9 6 and
    more (theory.chords), slash numerals (V/V for secondary dominants) and a scale degree in the bass (V/7).
    ``mode`` is the scale family it belongs to: degrees count from major or natural minor in all its modes.
    """

    numerals: tuple[str, ...] = Field(min_length=1)
    mode: Literal["major", "minor"]
    kinds: tuple[SectionKind, ...] = ("verse", "chorus")
    weight: float = Field(1.0, gt=0)
    source: str = ""


class GrooveVariant(Frozen):
    """Another groove of the style in a meter: a level it states replaces that level's drums, or its comping, whole."""

    levels: dict[Level, dict[str, str]] = Field(default_factory=dict)
    comping: dict[Level, str] = Field(default_factory=dict)
    source: str = ""


class MeterGroove(Frozen):
    """Drum patterns by level for one meter: level -> piece -> pattern.

    Pieces: kick snare rim clap hat open_hat pedal_hat ride crash tom_low tom_mid tom_high shaker tambourine
    cowbell clave conga_low conga_high bongo_low bongo_high.
    """

    levels: dict[Level, dict[str, str]]
    fills: tuple[dict[str, str], ...] = ()
    comping: dict[Level, str]
    """Chord onsets by level: a pattern; each onset lasts to the next unless ``comping_length`` is shorter."""
    source: str = ""
    variants: tuple[GrooveVariant, ...] = ()
    """Other ways the style plays this meter; a song keeps to one of them, or to the groove itself."""

    def variant(self, number: int) -> MeterGroove:
        """The groove with variant ``number`` (1 is the first; 0 the groove itself) laid over it, without variants."""
        if number == 0:
            return self.model_copy(update={"variants": ()})
        other = self.variants[number - 1]
        return self.model_copy(
            update={
                "levels": {**self.levels, **other.levels},
                "comping": {**self.comping, **other.comping},
                "source": other.source or self.source,
                "variants": (),
            }
        )

    @property
    def every_variant(self) -> tuple[MeterGroove, ...]:
        """The groove itself and all its variants, each complete."""
        return tuple(self.variant(number) for number in range(len(self.variants) + 1))


class StyleInstrument(Instrument):
    """An instrument of the style, the section energy from which it plays, and the register the style uses of it.

    ``register_midi`` is its lowest and highest sounding pitch (0-127); None leaves it all the instrument has.
    """

    from_energy: Unit = 0.0
    is_optional: bool = False
    register_midi: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _hold_together(self) -> StyleInstrument:
        if self.register_midi is not None:
            low, high = self.register_midi
            if not 0 <= low < high <= 127:
                raise ValueError(f"register_midi: 0 <= {low} < {high} <= 127 does not hold")
        return self


class Insert(Frozen):
    """A treatment of a track in the mix: a kind of ``production.plan.Effect``, settings, and why the style has it."""

    kind: str
    settings: dict[str, float] = Field(default_factory=dict)
    reason: str = Field(min_length=1)


class TrackMix(Frozen):
    """Mix targets of a role. ``level_db`` is loudness relative to the lead; pan -1 (left) to 1."""

    level_db: float = 0.0
    pan: float = Field(0.0, ge=-1.0, le=1.0)
    depth: Depth = "middle"
    delay_send_db: float = -60.0
    high_pass_hz: float = 30.0
    presence_db: float = 0.0
    compression_ratio: float = Field(1.0, ge=1.0, le=20.0)
    inserts: tuple[Insert, ...] = ()


class MixTargets(Frozen):
    """How the style is mixed.

    ``lead_reverb_lu``: how far the lead's reverb lies under its direct sound. Listeners prefer about 9 LU (P. Pestana
    and J. Reiss, "Intelligent audio production strategies informed by best practices", AES 53rd Conf., 2014);
    dense and fast styles want a drier lead. ``depth_step_lu``: from one plane of depth to the next, the reverb comes
    closer to the direct sound by this much; 0 puts everybody side by side. ``lead_over_rest_lu``: bounds of the lead's
    loudness over all other tracks together, about equal in the same study.
    """

    tracks: dict[Role, TrackMix] = Field(default_factory=dict)
    lead_reverb_lu: float = Field(9.5, ge=3.0, le=30.0)
    depth_step_lu: float = Field(7.5, ge=0.0, le=15.0)
    lead_over_rest_lu: tuple[float, float] = (-2.0, 2.0)
    chorus_lift_lu: float = Field(2.5, ge=0.0, le=8.0)
    """How much louder choruses are at least than verses; volume is ridden where the arrangement does not give it."""
    reverb_room: Unit = 0.5
    reverb_damping: Unit = 0.5
    sidechain_db: float = 0.0
    """How far the kick ducks bass and pads; 0 leaves them alone."""
    width: float = Field(1.0, ge=0.0, le=2.0)
    glue_ratios: dict[Literal["drums", "bass", "music", "vocals"], float] = Field(default_factory=dict)
    """Buses whose tracks are compressed together, and how strongly."""

    @model_validator(mode="after")
    def _hold_together(self) -> MixTargets:
        low, high = self.lead_over_rest_lu
        if low > high:
            raise ValueError(f"lead_over_rest_lu: {low} <= {high} does not hold")
        return self


class MasterTargets(Frozen):
    """How the style is mastered."""

    low_shelf_db: float = 0.0
    high_shelf_db: float = 0.0
    multiband_ratio: float = Field(1.0, ge=1.0, le=4.0)
    """Compression in three bands, for styles whose bass and treble are to stand still; 1 does nothing."""
    high_width_db: float = Field(0.0, ge=-6.0, le=6.0)
    """Gain of the side over 2.5 kHz: how wide the top is made."""
    glue_ratio: float = Field(1.5, ge=1.0, le=4.0)
    min_dynamic_range_db: float = 8.0
    """TT-DR bound of the gate at streaming loudness."""
    slope_db_per_octave: tuple[float, float] = (-7.5, -1.5)
    """Bounds of the spectrum's tilt, 100 Hz to 10 kHz."""


class Style(Frozen):
    """A complete genre."""

    name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    inherits: str | None = None
    tempo_bpm: TempoRange
    meters: dict[TimeSignature, float]
    """Weights; a meter asked for but not listed is played with the nearest groove re-fitted."""
    scales: dict[Scale, float]
    mood: Mood
    """Where the style is at home."""
    swing: float = Field(0.5, ge=0.5, le=0.75)
    humanize_ms: float = Field(6.0, ge=0.0, le=25.0)
    """Standard deviation of micro-timing; 0 for machine-tight styles."""
    feel: GrooveFeel = GrooveFeel()
    harmony_extensions: Literal["triads", "sevenths", "ninths"] = "triads"
    extension_share: Unit = 1.0
    """Share of bars of plain numerals that are extended as ``harmony_extensions`` says; under 1 in mixtures."""
    progressions: tuple[Progression, ...] = Field(min_length=2)
    grooves: dict[TimeSignature, MeterGroove]
    has_drums: bool = True
    comping_length: Unit = 1.0
    """Share of the time to the next onset that a comped chord sounds: 1 legato, .3 stabs."""
    comping_voicing: Literal["close", "open", "power", "shell", "guitar", "arpeggio"] = "close"
    bass: dict[Level, BassIdiom]
    instruments: tuple[StyleInstrument, ...]
    forms: tuple[tuple[SectionKind, ...], ...] = Field(min_length=1)
    section_bars: dict[SectionKind, int] = Field(default_factory=dict)
    energy: dict[SectionKind, float]
    ending: Ending = "ring"
    last_chorus_lift: int = Field(0, ge=0, le=3)
    """Semitones the last chorus goes up, where the style does that."""
    melody_density: Unit = 0.5
    melody_range_semitones: int = Field(14, ge=7, le=24)
    melody_syncopation: Unit = 0.3
    themes: tuple[str, ...] = ()
    lyrics: LyricHabits = LyricHabits()
    vocals: VocalHabits = VocalHabits()
    mix: MixTargets = MixTargets()
    master: MasterTargets = MasterTargets()

    @property
    def is_derived(self) -> bool:
        """Whether the style states only what sets it apart from the one it inherits."""
        return self.inherits is not None

    @model_validator(mode="after")
    def _hold_together(self) -> Style:
        tempo = self.tempo_bpm
        if not tempo.low <= tempo.typical <= tempo.high:
            raise ValueError(f"tempo_bpm: {tempo.low} <= {tempo.typical} <= {tempo.high} does not hold")
        missing = [meter for meter in self.meters if meter not in self.grooves]
        if missing:
            raise ValueError(f"grooves: no groove for {', '.join(missing)}")
        return self
