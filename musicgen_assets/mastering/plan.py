"""The master as data: what was done to the mix, step by step, and what came of it.

Belongs here: the models of the role ``plan``. Does not belong here: deciding (tone, level) or doing (chain).
"""

from __future__ import annotations

from musicgen_assets.context.frozen import Frozen
from musicgen_assets.context.schema import AudioFormat, TargetName


class ToneBand(Frozen):
    """One equaliser band. ``kind`` as in dsp.filters; ``reason`` says what it answers."""

    kind: str
    hz: float
    gain_db: float
    q: float
    reason: str


class LevelAttempt(Frozen):
    """One try of the level: gain before the limiter, and the loudness that came out."""

    gain_db: float
    integrated_lufs: float


class PreparedRecord(Frozen):
    """What was done to the mix for every delivery target alike."""

    mix_lufs: float
    tone: tuple[ToneBand, ...]
    reference: str = ""
    """Name of the track whose tone and width were taken on; "" for the style's own."""
    reference_tone_db: tuple[float, ...] = ()
    """Gain per third-octave towards the reference."""
    multiband_db: tuple[float, ...] = ()
    """How far bass, middle and treble were turned down at most; empty where the style wants none of it."""
    width_gain_db: tuple[float, ...] = ()
    """Gain of the side below, between and above the borders of dsp.multiband; -120 means brought to the middle."""
    glue_ratio: float
    glue_threshold_dbfs: float
    fade_s: float


class TargetRecord(PreparedRecord):
    """How one delivery target was made from the mix.

    ``limiting_db`` is how far the highest true peak was turned down; ``notes`` say what could not be had, and why.
    """

    target_lufs: float
    ceiling_dbtp: float
    """What the limiter kept: under the ceiling asked for by a margin for lossy encoders."""
    attempts: tuple[LevelAttempt, ...]
    gain_db: float
    limiting_db: float
    integrated_lufs: float
    true_peak_dbtp: float
    dynamic_range_db: float
    samples: int
    sample_rate_hz: int
    channels: int
    notes: tuple[str, ...] = ()


class EncodeAttempt(Frozen):
    """One try of a lossy encoder: gain before it, and the true peak of what was decoded."""

    gain_db: float
    decoded_true_peak_dbtp: float


class EncodeRecord(Frozen):
    """A lossy encoding. ``sha256`` names the bytes that the last attempt decoded."""

    format: AudioFormat
    sha256: str
    sample_rate_hz: int
    samples: int
    """Length of the decoded audio."""
    attempts: tuple[EncodeAttempt, ...]

    @property
    def decoded_true_peak_dbtp(self) -> float:
        """Of the file that is delivered."""
        return self.attempts[-1].decoded_true_peak_dbtp


class TargetPlan(Frozen):
    """One delivery target with what was made for it."""

    target: TargetName
    loudness_lufs: float
    tolerance_lu: float
    ceiling_dbtp: float
    """The highest true peak allowed in any of its files."""
    record: TargetRecord
    encodes: tuple[EncodeRecord, ...] = ()

    def encode(self, audio_format: str) -> EncodeRecord | None:
        """The record of a lossy format, if it was made."""
        return next((record for record in self.encodes if record.format == audio_format), None)


class MasterPlan(Frozen):
    """mastering/master, role ``plan``. ``streaming`` and ``encodes`` are of the first target, the main one."""

    streaming: TargetRecord
    encodes: tuple[EncodeRecord, ...] = ()
    main: TargetName = "streaming"
    others: tuple[TargetPlan, ...] = ()
    """Targets asked for beside the first, in their order."""

    def encode(self, audio_format: str) -> EncodeRecord | None:
        """The record of a lossy format of the first target, if it was made."""
        return next((record for record in self.encodes if record.format == audio_format), None)
