"""The instrumentation as data: which sound plays each track, how it is treated, and where it stands in the mix.

Belongs here: the models, and what holds for any style. Does not belong here: choosing (instrumentation),
sounding (render), or what is measured later (mixing.plan).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import Role, Unit
from musicgen_assets.score.model import Track
from musicgen_assets.styles.schema import Depth

EffectKind = Literal[
    "drive", "tape", "tube", "cabinet", "chorus", "ensemble", "flanger", "phaser", "tremolo", "vibrato", "tone", "echo",
    "room", "pitch_shift", "time_stretch", "width", "gate", "expander", "compressor", "limiter", "peak_eq", "low_shelf",
    "high_pass", "low_pass",
]  # fmt: skip
TextureKind = Literal["riser", "reverse_cymbal", "impact", "vinyl"]
Source = Literal["soundfont", "sub_bass", "synth"]
AutomationKind = Literal["high_pass", "low_pass", "throw", "ride"]

VOCAL = "vocal"
"""Name and role of the sung track, which the arrangement does not know yet."""
HARMONY_PREFIX = "vocal_harmony_"
"""Names of harmony voices begin with it; a number from 1 follows."""
HARMONY_LEVEL_DB, HARMONY_PAN = -6.0, 0.35
"""Where harmony voices stand against the lead; a rule of thumb. They stand a plane behind it."""


class Effect(Frozen):
    """One treatment of a whole track. ``settings`` are named with their units, as ``production.effects`` lists them."""

    kind: EffectKind
    settings: dict[str, float] = Field(default_factory=dict)
    reason: str


class Layer(Frozen):
    """A second voice playing the track's notes. ``sections`` names where; empty means everywhere."""

    program: int = Field(ge=0, le=127)
    transpose: int = Field(0, ge=-24, le=24)
    detune_cents: float = Field(0.0, ge=-50.0, le=50.0)
    delay_ms: float = Field(0.0, ge=0.0, le=60.0)
    level_db: float = Field(0.0, ge=-40.0, le=6.0)
    pan: float = Field(0.0, ge=-1.0, le=1.0)
    sections: tuple[str, ...] = ()
    reason: str


class Texture(Frozen):
    """A sound without notes on a track's stem. ``level_db`` is relative to the track's calibrated loudness."""

    kind: TextureKind
    start_ticks: int = Field(ge=0)
    duration_ticks: int = Field(gt=0)
    level_db: float
    reason: str


class Automation(Frozen):
    """A move of the desk over a stretch of the song; ``start_ticks`` to ``end_ticks`` of the steady score.

    high_pass, low_pass: the filter's corner goes from ``start_value`` to ``end_value`` in Hz, and is off outside.
    throw: what sounds in the stretch is sent to the echoes at ``start_value`` dB. ride: the fader goes from
    ``start_value`` to ``end_value`` in dB, and is where it was outside.
    """

    kind: AutomationKind
    start_ticks: int = Field(ge=0)
    end_ticks: int = Field(gt=0)
    start_value: float
    end_value: float
    reason: str


class TrackSound(Frozen):
    """How one track sounds and where it stands. ``level_db`` is loudness relative to the lead, in LU.

    ``direct_to_reverb_lu`` is how far its reverb lies under its direct sound, which ``depth`` names; None: no reverb.
    ``effects`` belong to its sound and are rendered with it, ``inserts`` to the mix: changing those renders nothing.

    ``main_pan`` places the first voice within the stem (its layers have their own), ``pan`` the stem in the mix;
    ``key_spread`` sets the instrument's own keys or drums apart from left to right.
    ``has_duck`` says whether the kick turns it down.
    """

    name: str
    role: Role
    instrument: str
    program: int = Field(ge=0, le=127)
    is_drums: bool
    source: Source = "soundfont"
    patch: str = ""
    """What the synthesizer plays where that is the source, by its name in production.patches."""
    main_pan: float = Field(0.0, ge=-1.0, le=1.0)
    key_spread: Unit = 0.0
    effects: tuple[Effect, ...] = ()
    layers: tuple[Layer, ...] = ()
    textures: tuple[Texture, ...] = ()
    level_db: float
    pan: float = Field(ge=-1.0, le=1.0)
    depth: Depth = "middle"
    direct_to_reverb_lu: float | None = None
    delay_send_db: float
    inserts: tuple[Effect, ...] = ()
    automation: tuple[Automation, ...] = ()
    high_pass_hz: float = Field(ge=10.0, le=1_000.0)
    presence_db: float = Field(ge=-12.0, le=12.0)
    compression_ratio: float = Field(ge=1.0, le=20.0)
    has_duck: bool = False
    reasons: tuple[str, ...] = ()


class Room(Frozen):
    """The one reverb of the song: size and how fast its highs die, both 0-1."""

    room: Unit
    damping: Unit


class Instrumentation(Frozen):
    """production/instrumentation. ``vocal`` is for the sung track, should the vocal line bring one."""

    tracks: tuple[TrackSound, ...]
    vocal: TrackSound
    reverb: Room
    sidechain_db: float = Field(ge=0.0, le=24.0)
    """How far the kick turns down what ``has_duck``."""
    width: float = Field(ge=0.0, le=2.0)
    tempo_bpm: float
    """Quarters a minute: what the delay follows."""
    planes_lu: dict[Depth, float] = Field(default_factory=dict)
    """Direct sound over reverb at each distance that has reverb, in LU."""
    lead_over_rest_lu: tuple[float, float] = (-2.0, 2.0)
    chorus_lift_lu: float = 2.5
    glue_ratios: dict[Literal["drums", "bass", "music", "vocals"], float] = Field(default_factory=dict)

    def sound_of(self, name: str) -> TrackSound:
        """The sound of the track called ``name``. Raises KeyError for a name that is neither listed nor sung."""
        for sound in (*self.tracks, self.vocal):
            if sound.name == name:
                return sound
        if name.startswith(HARMONY_PREFIX):
            return self._harmony(name)
        raise KeyError(name)

    def _harmony(self, name: str) -> TrackSound:
        """A harmony voice sounds as the lead does: behind it, and to the left and right in turn."""
        side = 1.0 if int(name.removeprefix(HARMONY_PREFIX)) % 2 else -1.0
        update = {
            "name": name,
            "level_db": self.vocal.level_db + HARMONY_LEVEL_DB,
            "pan": side * HARMONY_PAN,
            "presence_db": 0.0,
            "depth": "middle",
            "direct_to_reverb_lu": self.planes_lu.get("middle", self.vocal.direct_to_reverb_lu),
            "automation": (),
        }
        return self.vocal.model_copy(update=update)

    def sound_for(self, track: Track) -> TrackSound:
        """The sound of a track of the merged score; the sung one is played by the instrument it names."""
        sound = self.sound_of(track.name)
        if track.name != self.vocal.name and not track.name.startswith(HARMONY_PREFIX):
            return sound
        update = {"program": track.program, "instrument": track.instrument, "is_drums": track.is_drums}
        return sound.model_copy(update=update)
