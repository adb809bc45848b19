"""How large a release gets, which packing of stems fits the limit, and what to ask for when none does.

Belongs here: arithmetic over durations and formats; the door and the release both ask it before anything is
made. Does not belong here: encoding (finalization.encode, finalization.stems) and what was really measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.limits import DURATION_MIN_S

RELEASE_MAX_BYTES = 500 * 1024 * 1024
"""The largest release there is."""
TYPICAL_STEMS = 10
"""Tracks to reckon with while the band is not known yet."""
Grouping = Literal["tracks", "groups", "halves"]

_MP3_BYTES_PER_S = 320_000 // 8
_OGG_BYTES_PER_S = 36_000
_FLAC_SHARE = {16: 0.70, 24: 0.78}
"""Of raw PCM, for a master at streaming loudness; measured .66 to .76 at 24 bits, rounded up."""
_STEM_SHARE: dict[Grouping, float] = {"tracks": 0.45, "groups": 0.50, "halves": 0.60}
"""Of raw 24-bit PCM, for one stem file; tracks measured .20 to .65, mean .42."""
_STEM_BITS_SHARE = {24: 1.0, 20: 0.75, 16: 0.50}
"""What is left of a 24-bit stem with fewer significant bits; measured at most .72 and .43."""
_FILES: dict[Grouping, int] = {"tracks": 64, "groups": 4, "halves": 2}
"""The most files there are: drums, bass, harmony, melody; or rhythm and music."""
_JOINED_SHARE: dict[Grouping, float] = {"tracks": 1.0, "groups": 0.7, "halves": 0.5}
"""Of the separate stems' bytes, what the joined ones take at most."""
_FIXED_BYTES = 3_000_000
"""Pictures, report, MIDI and text."""


@dataclass(frozen=True)
class StemPacking:
    """How stems are stored: significant bits (in FLAC), and whether tracks are joined."""

    bits: int
    grouping: Grouping = "tracks"

    @property
    def is_grouped(self) -> bool:
        """Whether several tracks share a file."""
        return self.grouping != "tracks"


PACKINGS = (
    StemPacking(24),
    StemPacking(20),
    StemPacking(16),
    StemPacking(20, "groups"),
    StemPacking(16, "groups"),
    StemPacking(16, "halves"),
)
"""Best first. Every one sums to the pre-master mix within -90 dB (finalization.stems)."""


def estimate_release_bytes(
    duration_s: float,
    rate: int,
    bit_depth: int,
    stems: int,
    formats: Sequence[str],
    channels: int = 2,
    packing: StemPacking = PACKINGS[0],
) -> int:
    """Bytes a release takes, on the high side.

    Args:
        duration_s: length of the song.
        rate: sample rate of master and stems in Hz.
        bit_depth: of master.wav: 16, 24 or 32.
        stems: number of tracks.
        formats: of the master, besides the WAV that is always there: "flac", "mp3", "ogg".
        channels: of the master; stems are stereo whatever it is.
        packing: how the stems are stored.
    """
    samples = duration_s * rate
    wav = samples * channels * bit_depth / 8
    flac_bits = min(bit_depth, 24)
    total = wav + _FIXED_BYTES
    if "flac" in formats:
        total += samples * channels * flac_bits / 8 * _FLAC_SHARE[flac_bits]
    if "mp3" in formats:
        total += duration_s * _MP3_BYTES_PER_S
    if "ogg" in formats:
        total += duration_s * _OGG_BYTES_PER_S
    files = min(stems, _FILES[packing.grouping])
    stem = samples * 2 * 3 * _STEM_SHARE[packing.grouping] * _STEM_BITS_SHARE[packing.bits]
    return round(total + files * stem)


def packed_bytes(bytes_at_24_bits: int, packing: StemPacking) -> int:
    """About what separate stems known at 24 bits take when they are packed, on the high side."""
    return round(bytes_at_24_bits * _STEM_BITS_SHARE[packing.bits] * _JOINED_SHARE[packing.grouping])


def smallest_release_bytes(
    duration_s: float, rate: int, bit_depth: int, stems: int, formats: Sequence[str], channels: int = 2
) -> int:
    """The estimate under the most frugal packing."""
    return min(
        estimate_release_bytes(duration_s, rate, bit_depth, stems, formats, channels, packing) for packing in PACKINGS
    )


def check_release_size(
    duration_s: float,
    rate: int,
    bit_depth: int,
    formats: Sequence[str],
    channels: int = 2,
    stems: int = TYPICAL_STEMS,
    limit_bytes: int = RELEASE_MAX_BYTES,
) -> None:
    """Refuse, before anything is rendered, what no packing of the stems fits into ``limit_bytes``.

    Raises:
        BadInput: names technical.duration_s, the estimate, and every single change that would fit.
    """
    needed = smallest_release_bytes(duration_s, rate, bit_depth, stems, formats, channels)
    if needed <= limit_bytes:
        return
    ways = _what_would_fit(duration_s, rate, bit_depth, formats, channels, stems, limit_bytes)
    raise BadInput(
        "technical.duration_s",
        duration_s,
        f"at {rate} Hz and {bit_depth} bits a release takes about {_megabytes(needed)} MB even with its stems joined "
        f"into two of 16 bits, {_megabytes(limit_bytes)} MB are allowed",
        way_out=f"What would fit: {'; '.join(ways)}." if ways else "Ask for a shorter song and smaller files.",
    )


def _what_would_fit(
    duration_s: float, rate: int, bit_depth: int, formats: Sequence[str], channels: int, stems: int, limit: int
) -> list[str]:
    def fits(seconds: float = duration_s, hz: int = rate, bits: int = bit_depth) -> bool:
        return smallest_release_bytes(seconds, hz, bits, stems, formats, channels) <= limit

    ways = [f"--set technical.sample_rate_hz={hz}" for hz in (48_000, 44_100) if hz < rate and fits(hz=hz)][:1]
    ways += [f"--set technical.bit_depth={bits}" for bits in (24, 16) if bits < bit_depth and fits(bits=bits)][:1]
    per_second = smallest_release_bytes(1.0, rate, bit_depth, stems, formats, channels) - _FIXED_BYTES
    longest_s = int((limit - _FIXED_BYTES) / per_second)
    if longest_s >= DURATION_MIN_S:
        ways.append(f"--duration {longest_s}")
    return ways


def _megabytes(count: int) -> int:
    return round(count / 1024 / 1024)
