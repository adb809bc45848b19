"""What there is to hear and see of a version, as models.

Belongs here: the models. Does not belong here: gathering what they hold (hearing), files as such (files).
"""

from __future__ import annotations

from pydantic import Field

from api.operations import Answer, Asked
from api.v2.asked import VERSION
from musicgen_assets.context.schema import Role


class WaveformAsked(Asked):
    """Whose outline, and how fine."""

    version: int | None = VERSION
    track: str | None = Field(None, min_length=1, max_length=80, description="A stem's; left out, the master's.")
    columns: int = Field(1000, ge=10, le=8000)


class WaveformTold(Answer):
    """Lowest and highest value in each of equal stretches of a sound, -1 to 1."""

    partition: str
    track: str | None
    duration_s: float
    low: list[float]
    high: list[float]


class PlayTold(Answer):
    """A file to play."""

    href: str
    media_type: str
    size_bytes: int


class StemTold(Answer):
    """A track of the mix: what it sounds like there, and how a hand has moved it so far."""

    track: str
    label: str
    role: Role
    instrument: str
    href: str
    size_bytes: int
    gain_db: float = Field(description="To be played at, so that all stems together are the mix.")
    hand_gain_db: float
    is_muted: bool = Field(description="By hand, in this version: then it is silent here.")


class SoundTold(Answer):
    """The sound of a version: its master to play, its stems, and how loud and bright it is."""

    partition: str
    duration_s: float
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    target_lufs: float
    master: list[PlayTold] = Field(description="The same sound, the smallest file first.")
    stems: list[StemTold]
    mix_gain_db: float = Field(description="Turns the stems together up to the master's loudness, not over full scale.")
    loudness: list[tuple[float, float]] = Field(description="Second, short-term loudness in LUFS.")
    spectrum: list[tuple[float, float]] = Field(description="Middle of a third of an octave in Hz, level in dB.")


class SectionTold(Answer):
    """A section of the song."""

    name: str
    label: str
    start_s: float
    end_s: float
    start_bar: int = Field(description="Counted from 0.")
    bars: int
    energy: float


class LineTold(Answer):
    """A sung line: the words with the second at which each begins."""

    section: str
    text: str
    start_s: float
    end_s: float
    words: list[tuple[float, str]]


class PartTold(Answer):
    """A track as notes."""

    track: str
    label: str
    role: Role
    instrument: str
    is_drums: bool
    notes: list[tuple[float, float, int, int]] = Field(description="Start and length in s, pitch 0-127, velocity.")


class ScoreTold(Answer):
    """The written song: what sounds when, in seconds."""

    partition: str
    title: str
    key: str
    scale: str
    tempo_bpm: float
    time_signature: str
    duration_s: float
    sections: list[SectionTold]
    lines: list[LineTold]
    parts: list[PartTold]
