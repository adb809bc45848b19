"""The mix as data: every fader, band, threshold and send, with its reason, and what came of it.

Belongs here: the models of the role ``plan``. Does not belong here: deciding the numbers (balance) or applying
them (strip).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from musicgen_assets.context.edits import BusName
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import Role
from musicgen_assets.production.plan import AutomationKind, Effect
from musicgen_assets.styles.schema import Depth

BandKind = Literal["high_pass", "low_shelf", "peak", "high_shelf"]


class Band(Frozen):
    """One equaliser band. ``q`` is centre over bandwidth; a high-pass is of second order and has no gain."""

    kind: BandKind
    hz: float = Field(gt=0.0)
    gain_db: float = 0.0
    q: float = Field(0.7071, gt=0.0)
    reason: str = ""


class Compression(Frozen):
    """Levelling of one track. ``makeup_db`` None: the strip restores the loudness it takes, and says how much."""

    ratio: float = Field(ge=1.0, le=20.0)
    threshold_dbfs: float
    attack_ms: float = Field(gt=0.0)
    release_ms: float = Field(gt=0.0)
    makeup_db: float | None = None


class Duck(Frozen):
    """How far each kick turns the track down, and how long it takes to come back."""

    depth_db: float = Field(ge=0.0)
    release_ms: float = Field(gt=0.0)


class RidePoint(Frozen):
    """Where the ride of a fader is at a time; straight lines in dB between points, level before and after them."""

    time_s: float = Field(ge=0.0)
    level_db: float


class Move(Frozen):
    """``production.plan.Automation`` in seconds."""

    kind: AutomationKind
    start_s: float = Field(ge=0.0)
    end_s: float = Field(ge=0.0)
    start_value: float
    end_value: float
    reason: str = ""


class HandMove(Frozen):
    """What people did to a track's fader and its bus's (mixing.hand). Curves are in dB over time, and add up."""

    is_muted: bool = False
    gain_db: float = 0.0
    curves: tuple[tuple[RidePoint, ...], ...] = ()


class WholeMove(Frozen):
    """What people did to the whole mix (mixing.whole): the same for every strip, so that stems still sum to it.

    ``width`` scales the sides of what comes out; ``reverb_db`` is in the strips' sends already, and is kept here for
    those who judge the mix.
    """

    bands: tuple[Band, ...] = ()
    width: float = Field(1.0, ge=0.0, le=2.0)
    reverb_db: float = 0.0


class Strip(Frozen):
    """One track's way to the mix: inserts, compression, clip, duck, moves, bands, pan, faders, sends.

    ``fader_db`` brings ``measured_lufs``, through the bands and with its reverb, to ``target_lufs``; ``bus_db`` is the
    fader of its bus. ``result_lufs`` is what the stem measured afterwards, returns included, before the mix's trim.
    ``width`` scales the stem's own stereo. ``reverb_send_db`` lays the reverb of its ``depth``
    ``direct_to_reverb_lu`` under the direct sound.
    """

    track: str
    role: Role
    measured_lufs: float
    target_lufs: float
    fader_db: float
    planned_db: float = 0.0
    """What ``fader_db`` is where nobody froze it; what other strips go by, so that a moved fader moves no other."""
    is_frozen: bool = False
    bus: BusName = "music"
    bus_db: float = 0.0
    inserts: tuple[Effect, ...] = ()
    pan: float = Field(0.0, ge=-1.0, le=1.0)
    width: float = Field(1.0, ge=0.0, le=2.0)
    bands: tuple[Band, ...] = ()
    compression: Compression | None = None
    clip_dbfs: float | None = None
    """Where the stem's own highest transients are rounded off, so that they don't set the level of the whole mix."""
    duck: Duck | None = None
    ride: tuple[RidePoint, ...] = ()
    moves: tuple[Move, ...] = ()
    hand: HandMove | None = Field(None, exclude_if=lambda hand: hand is None)
    depth: Depth = "middle"
    direct_to_reverb_lu: float | None = None
    reverb_send_db: float
    delay_send_db: float
    reasons: tuple[str, ...] = ()
    result_lufs: float | None = None


class Reverb(Frozen):
    """The reverb return. ``decay_s`` is RT60 at 1 kHz; ``damping`` 0-1 shortens it above."""

    decay_s: float = Field(gt=0.0, le=6.0)
    pre_delay_ms: float = Field(ge=0.0, le=100.0)
    damping: float = Field(ge=0.0, le=1.0)


class Delay(Frozen):
    """The delay return: echoes from side to side, in time with the song."""

    time_ms: float = Field(gt=0.0)
    feedback: float = Field(ge=0.0, lt=1.0)
    echoes: int = Field(ge=1)


class Glue(Frozen):
    """The compressor of a bus. ``makeup_db`` None: it restores the loudness it takes, and says how much."""

    ratio: float = Field(gt=1.0, le=10.0)
    threshold_dbfs: float
    attack_ms: float = Field(30.0, gt=0.0)
    release_ms: float = Field(180.0, gt=0.0)
    makeup_db: float | None = None


class Bus(Frozen):
    """Tracks that share a fader and, where the style has it, a compressor (mixing.buses).

    Its gain over time is kept as the role ``glue/<name>``; every stem of the bus carries its share of it.
    """

    name: BusName
    tracks: tuple[str, ...]
    fader_db: float = 0.0
    is_frozen: bool = False
    glue: Glue | None = None
    mean_reduction_db: float | None = None


class Masking(Frozen):
    """An octave in which a track would cover another, by which rule (mixing.masking), and what was taken out of it."""

    track: str
    lead: str
    """Who gets the room."""
    rule: str = "room"
    hz: float
    overlap_db: float
    """How far the track lies above (or, negative, below) the other in that octave."""
    cut_db: float


class Ride(Frozen):
    """How far accompaniment steps back from choruses to verses, and the lift of choruses over verses that it makes."""

    amount_db: float = 0.0
    lift_before_lu: float | None = None
    lift_after_lu: float | None = None
    reason: str = ""


class HeldPart(Frozen):
    """What of this mix is that of the version edited: all outside ``windows`` (seconds), which reach from ``lead_s``
    before each of ``sections`` to ``tail_s`` after it.
    """

    sections: tuple[str, ...]
    lead_s: float
    tail_s: float
    windows: tuple[tuple[float, float], ...]


class MixPlan(Frozen):
    """mixing/mix, role ``plan``. ``frozen_values`` are all measured decisions under the names that freeze them."""

    reference_lufs: float
    """Loudness of a lead at level 0, before the trim."""
    strips: tuple[Strip, ...]
    buses: tuple[Bus, ...] = ()
    reverbs: dict[Depth, Reverb]
    """The return of each plane of depth; "dry" has none."""
    delay: Delay
    mono_below_hz: float
    masking: tuple[Masking, ...] = ()
    ride: Ride = Ride()
    lead_over_rest_lu: float | None = None
    """The lead's loudness over all others together, by their targets."""
    whole: WholeMove | None = Field(None, exclude_if=lambda whole: whole is None)
    held: HeldPart | None = Field(None, exclude_if=lambda held: held is None)
    trim_db: float = 0.0
    """One gain on the whole mix, stems included, that sets its peak."""
    peak_dbfs: float | None = None
    integrated_lufs: float | None = None
    stems_null_db: float | None = None
    """Peak of (sum of the stems - mix) relative to full scale, both decoded from what is stored."""
    frozen_values: dict[str, float] = Field(default_factory=dict)

    def reverb_of(self, strip: Strip) -> Reverb | None:
        """The reverb that ``strip`` sends to; None for a dry one."""
        return self.reverbs.get(strip.depth)

    def strip_of(self, track: str) -> Strip:
        """The strip of ``track``. Raises KeyError."""
        for strip in self.strips:
            if strip.track == track:
                return strip
        raise KeyError(track)
