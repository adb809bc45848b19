"""The CompositionContext: every decision a version rests on, validated and frozen.

Belongs here: fields, ranges, enums, and the rules that tie fields to each other. Does not belong
here: how a value is chosen (ideation) or what is made from it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from musicgen_assets.context import limits
from musicgen_assets.context.edits import Edits
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.timecode import FrameRate, frames_of
from musicgen_assets.context.wishes import EngineWishes

Tonic = Literal["C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B"]
Scale = Literal["major", "minor", "dorian", "mixolydian", "phrygian", "lydian"]
TimeSignature = Literal["2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8"]
SectionKind = Literal[
    "intro", "verse", "pre_chorus", "chorus", "bridge", "solo", "interlude", "build", "drop", "breakdown", "outro"
]
HOOK_KINDS: tuple[SectionKind, ...] = ("chorus", "drop")
"""Sections that hold the hook."""
Language = Literal["en", "es", "fr", "de", "pt"]
SingerName = Literal["bass", "baritone", "tenor", "alto", "mezzo", "soprano", "airy", "belter"]
Delivery = Literal["sung", "spoken", "whispered"]
AudioFormat = Literal["wav", "flac", "mp3", "ogg", "opus", "aac"]
Mp3Quality = Literal["320", "192", "V0", "V2"]
"""Constant bit rates in kbps, and LAME's variable ones."""
TargetName = Literal["streaming", "loud", "broadcast", "film", "custom"]
PackageName = Literal["everyone", "songwriter", "daw", "game", "film", "video"]
Role = Literal["drums", "percussion", "bass", "chords", "arpeggio", "pad", "lead", "counter", "vocal"]

Unit = Annotated[float, Field(ge=0.0, le=1.0)]


class Mood(Frozen):
    """Russell's circumplex, both axes 0-1: valence (sad to happy), arousal (calm to excited)."""

    valence: Unit = 0.5
    arousal: Unit = 0.5


class WeightedGenre(Frozen):
    """A style by name and its share; shares of a context sum to 1."""

    name: str = Field(min_length=1, max_length=60)
    weight: float = Field(gt=0.0, le=1.0)


class PlannedSection(Frozen):
    """One section asked for. ``bars`` None lets the arrangement choose."""

    kind: SectionKind
    bars: Annotated[int, Field(ge=1, le=64)] | None = None
    energy: Unit | None = None


class Instrument(Frozen):
    """An instrument in a role. ``program`` is General MIDI, 0-127; drums use it as the kit number."""

    role: Role
    name: str = Field(min_length=1, max_length=60)
    program: int = Field(ge=0, le=127)
    is_asked: bool = False
    """Whether it was asked for by name: then it is heard wherever its part allows, and nothing thins it out."""


class HitPoint(Frozen):
    """A moment of the picture that the music must meet, ``at_s`` seconds from the start, within a frame (1/24 s).

    drop: the loudest section begins. change: a new section begins. hit: everyone strikes an accent. stop: everyone
    falls silent.
    """

    kind: Literal["drop", "change", "hit", "stop"]
    at_s: float = Field(gt=0.0, le=limits.DURATION_MAX_S)


class MusicalContext(Frozen):
    """What the song is as music."""

    key: Tonic = "C"
    scale: Scale = "major"
    tempo_bpm: float = Field(110.0, ge=limits.TEMPO_MIN_BPM, le=limits.TEMPO_MAX_BPM)
    time_signature: TimeSignature = "4/4"
    genres: tuple[WeightedGenre, ...] = Field((WeightedGenre(name="pop", weight=1.0),), min_length=1, max_length=6)
    mood: Mood = Field(default_factory=Mood)
    structure: tuple[PlannedSection, ...] = Field((), max_length=40)
    """Sections in order; empty lets the arrangement choose a form of the style."""
    hit_points: tuple[HitPoint, ...] = Field((), max_length=8)
    """Moments to meet, in order of time."""
    instruments: tuple[Instrument, ...] = Field((), max_length=16)
    """The band, resolved: one entry per track that will play."""
    excluded_roles: tuple[Role, ...] = ()
    chord_progression: tuple[str, ...] = Field((), max_length=32)
    """Roman numerals asked for, one a bar; empty lets the composition choose."""


class ReferenceProfile(Frozen):
    """What a master may learn from a track that a person gave: its tone, loudness and width, never its audio.

    ``third_octaves_db`` from 31.6 Hz to 15.8 kHz (28 bands); ``width_db`` is the side's level against the middle's
    below 250 Hz, to 2.5 kHz, and above, -120 for mono.
    """

    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    duration_s: float = Field(gt=0.0)
    loudness_lufs: float = Field(ge=-70.0, le=6.0)
    third_octaves_db: tuple[float, ...] = Field(min_length=28, max_length=28)
    width_db: tuple[float, float, float]


class TechnicalContext(Frozen):
    """What the files are."""

    sample_rate_hz: Literal[44_100, 48_000, 96_000] = limits.DEFAULT_SAMPLE_RATE_HZ  # type: ignore[assignment]
    bit_depth: Literal[16, 24, 32] = limits.DEFAULT_BIT_DEPTH  # type: ignore[assignment]
    channels: Literal[1, 2] = 2
    duration_s: float = Field(limits.DEFAULT_DURATION_S, ge=limits.DURATION_MIN_S, le=limits.DURATION_MAX_S)
    formats: tuple[AudioFormat, ...] = Field(("wav", "flac", "mp3"), min_length=1)
    mp3_quality: Mp3Quality = "320"
    loudness_target_lufs: float = Field(
        limits.DEFAULT_LOUDNESS_LUFS, ge=limits.LOUDNESS_MIN_LUFS, le=limits.LOUDNESS_MAX_LUFS
    )
    true_peak_ceiling_dbtp: float = Field(limits.DEFAULT_CEILING_DBTP, ge=-9.0, le=-0.1)
    targets: tuple[TargetName, ...] = Field((), max_length=5)
    """Delivery targets, a master for each, the first of them the main one; none means one at
    ``loudness_target_lufs``, which is also what "custom" means."""
    reference: ReferenceProfile | None = None
    """The track whose tone, width and (unless a loudness was asked for) loudness the master takes on."""
    packages: tuple[PackageName, ...] = Field((), max_length=6)
    """Folders of a release beside its masters and stems, each for one kind of work."""

    frame_rate: FrameRate = "25"
    """Frames a second of the picture that the film package is cut for; 29.97df counts drop-frame."""
    start_timecode: str = "01:00:00:00"
    """Timecode of the film package's first frame."""

    @field_validator("targets")
    @classmethod
    def _each_target_once(cls, targets: tuple[TargetName, ...]) -> tuple[TargetName, ...]:
        """Without repeats; the order stays, because the first is the main master."""
        return tuple(dict.fromkeys(targets))

    @field_validator("packages")
    @classmethod
    def _each_once(cls, packages: tuple[PackageName, ...]) -> tuple[PackageName, ...]:
        """In the order of the schema and without repeats, so that asking differently is not another context."""
        return tuple(name for name in get_args(PackageName) if name in packages)

    @model_validator(mode="after")
    def _has_timecode(self) -> TechnicalContext:
        """The first frame's timecode is one that the frame rate has."""
        frames_of(self.start_timecode, self.frame_rate)
        return self


class CreativeContext(Frozen):
    """What the song is about and how it is meant."""

    title: str = Field("Untitled", min_length=1, max_length=limits.TITLE_MAX_CHARACTERS)
    inspiration: str = Field("", max_length=limits.PROMPT_MAX_CHARACTERS)
    """The prompt, as accepted."""
    theme: str = Field("", max_length=200)
    references: tuple[str, ...] = ()
    constraints: dict[str, str] = Field(default_factory=dict)
    preferences: dict[str, str] = Field(default_factory=dict)
    style_modifiers: tuple[str, ...] = ()
    language: Language = "en"
    has_vocals: bool = False
    lyrics: str | None = Field(None, max_length=limits.LYRICS_MAX_CHARACTERS)
    """Words the user gave; None lets the composition write them when ``has_vocals``."""
    voice: Literal["low", "middle", "high"] = "middle"
    singer: SingerName | None = None
    """The guide voice that sings; None lets ``voice`` decide."""
    delivery: Delivery = "sung"
    """How the guide voice delivers the words; spoken and whispered ones keep the rhythm, not the tune."""


class Enhancement(Frozen):
    """What prompt understanding found and why. ``confidence`` 0-1."""

    enhanced_prompt: str = ""
    reasoning_trace: tuple[str, ...] = ()
    confidence: Unit = 0.0


class GenerationParameters(Frozen):
    """Seed, re-roll counts per random stream, pinned routing (task to engine) and frozen gains."""

    seed: int = Field(0, ge=0, le=limits.SEED_MAX)
    rerolls: dict[str, Annotated[int, Field(ge=0, le=10_000)]] = Field(default_factory=dict)
    routing: dict[str, str] = Field(default_factory=dict)
    frozen: dict[str, float] = Field(default_factory=dict)
    wishes: EngineWishes = Field(default_factory=EngineWishes, exclude_if=lambda wishes: wishes == EngineWishes())
    """What was wished of the engines; left out of what is written where nobody wished anything."""


class ModelSelection(Frozen):
    """Which engine was chosen for a task, and why."""

    task: str
    engine: str
    model: str = ""
    version: str = ""
    reason: str = ""


class AIDecisions(Frozen):
    """What the system decided on the user's behalf."""

    enhancement: Enhancement = Field(default_factory=Enhancement)
    generation: GenerationParameters = Field(default_factory=GenerationParameters)
    model_selections: tuple[ModelSelection, ...] = ()
    processing_history: tuple[str, ...] = ()


class CompositionContext(Frozen):
    """The resolved context of one version. Every downstream asset sees only paths it declared."""

    musical: MusicalContext = Field(default_factory=MusicalContext)
    technical: TechnicalContext = Field(default_factory=TechnicalContext)
    creative: CreativeContext = Field(default_factory=CreativeContext)
    ai_decisions: AIDecisions = Field(default_factory=AIDecisions)
    edits: Edits = Field(default_factory=Edits, exclude_if=lambda edits: edits == Edits())
    """What was done by hand; left out of what is written where there is nothing."""

    @model_validator(mode="before")
    @classmethod
    def _normalise_genre_weights(cls, data: Any) -> Any:
        """Scale genre weights to sum to 1, so that 7:3 and 0.7:0.3 are one context."""
        if not isinstance(data, dict):
            return data
        musical = data.get("musical")
        if not isinstance(musical, dict):
            return data
        genres = musical.get("genres")
        if not genres or not all(isinstance(genre, dict) for genre in genres):
            return data
        total = sum(float(genre.get("weight", 1.0)) for genre in genres)
        if total <= 0:
            return data
        scaled = [{**genre, "weight": round(float(genre.get("weight", 1.0)) / total, 6)} for genre in genres]
        return {**data, "musical": {**musical, "genres": scaled}}

    @model_validator(mode="after")
    def _hold_together(self) -> CompositionContext:
        """Rules between fields: lyrics need vocals, an excluded role has no instrument, a loudness has a target."""
        technical = self.technical
        is_own_loudness = technical.loudness_target_lufs != limits.DEFAULT_LOUDNESS_LUFS
        if technical.targets and is_own_loudness and "custom" not in technical.targets:
            raise ValueError(
                f"technical.targets: none of {', '.join(technical.targets)} uses technical.loudness_target_lufs="
                f"{technical.loudness_target_lufs:g}; add custom to them, or set that back to "
                f"{limits.DEFAULT_LOUDNESS_LUFS:g}"
            )
        if self.creative.lyrics and not self.creative.has_vocals:
            raise ValueError(
                "creative.lyrics: words need a voice: they are given but creative.has_vocals is false; "
                "set creative.has_vocals=true or leave the lyrics out"
            )
        silent = set(self.musical.excluded_roles)
        for instrument in self.musical.instruments:
            if instrument.role in silent:
                raise ValueError(
                    f"musical.instruments: {instrument.name} plays {instrument.role}, which "
                    "musical.excluded_roles leaves out; drop one of the two"
                )
        return self
