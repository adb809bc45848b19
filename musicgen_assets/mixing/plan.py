"""The mix as data: every fader, band, threshold and send, with its reason, and what came of it.

Belongs here: the models of the role ``plan``. Does not belong here: deciding the numbers (balance) or applying
them (strip).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from musicgen_assets.context.schema import Frozen, Role

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


class Strip(Frozen):
    """One track's way to the mix: compression, clip, duck, bands, pan, fader, sends.

    ``fader_db`` brings ``measured_lufs``, through the bands, to ``target_lufs``; ``result_lufs`` is what the stem
    measured afterwards, returns included, before the mix's trim. ``width`` scales the stem's own stereo.
    """

    track: str
    role: Role
    measured_lufs: float
    target_lufs: float
    fader_db: float
    is_frozen: bool = False
    pan: float = Field(0.0, ge=-1.0, le=1.0)
    width: float = Field(1.0, ge=0.0, le=2.0)
    bands: tuple[Band, ...] = ()
    compression: Compression | None = None
    clip_dbfs: float | None = None
    """Where the stem's own highest transients are rounded off, so that they don't set the level of the whole mix."""
    duck: Duck | None = None
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


class Masking(Frozen):
    """A band in which a track would cover the lead, and what was taken out of it."""

    track: str
    lead: str
    hz: float
    overlap_db: float
    """How far the track lies above (or, negative, below) the lead in that octave."""
    cut_db: float


class MixPlan(Frozen):
    """mixing/mix, role ``plan``. ``frozen_values`` are all measured decisions under the names that freeze them."""

    reference_lufs: float
    """Loudness of a lead at level 0, before the trim."""
    strips: tuple[Strip, ...]
    reverb: Reverb
    delay: Delay
    mono_below_hz: float
    masking: tuple[Masking, ...] = ()
    trim_db: float = 0.0
    """One gain on the whole mix, stems included, that sets its peak."""
    peak_dbfs: float | None = None
    integrated_lufs: float | None = None
    stems_null_db: float | None = None
    """Peak of (sum of the stems - mix) relative to full scale, both decoded from what is stored."""
    frozen_values: dict[str, float] = Field(default_factory=dict)

    def strip_of(self, track: str) -> Strip:
        """The strip of ``track``. Raises KeyError."""
        for strip in self.strips:
            if strip.track == track:
                return strip
        raise KeyError(track)
