"""How large a release gets, which packing of stems fits the limit, and what to ask for when none does.

Belongs here: arithmetic over durations and formats; the door and the release both ask it before anything is
made. Does not belong here: encoding (finalization.encode, finalization.stems), what was really measured, and how
large each package gets (finalization.packages).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.limits import DURATION_MIN_S

RELEASE_MAX_BYTES = 500 * 1024 * 1024
"""The largest release there is."""
TYPICAL_STEMS = 10
"""Tracks to reckon with while the band is not known yet."""
Grouping = Literal["tracks", "groups", "halves"]

_LOSSY_BYTES_PER_S = {"mp3": 320_000 // 8, "ogg": 36_000, "opus": 28_000, "aac": 34_000}
"""MP3 at its largest quality; variable bit rates measured, rounded up."""
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
_FIXED_BYTES = 3_600_000
"""Pictures, light and dark, cover, report, MIDI and text."""


@dataclass(frozen=True)
class StemPacking:
    """How stems are stored: significant bits (in FLAC), and whether tracks are joined."""

    bits: int
    grouping: Grouping = "tracks"

    @property
    def is_grouped(self) -> bool:
        """Whether several tracks share a file."""
        return self.grouping != "tracks"


@dataclass(frozen=True)
class SizeFacts:
    """What the size of a package is estimated from, before anything is made."""

    duration_s: float
    sample_rate_hz: int
    bit_depth: int
    channels: int
    stems: int
    """Number of tracks."""

    def flac_bytes(self, duration_s: float | None = None, share: float = 0.78) -> float:
        """A 24-bit stereo FLAC of ``duration_s`` (None: the song's), ``share`` of its raw size."""
        length_s = self.duration_s if duration_s is None else duration_s
        return length_s * self.sample_rate_hz * 2 * 3 * share

    def wav_bytes(self, duration_s: float | None = None, bit_depth: int = 24) -> float:
        """A stereo WAV of ``duration_s`` (None: the song's)."""
        length_s = self.duration_s if duration_s is None else duration_s
        return length_s * self.sample_rate_hz * 2 * bit_depth / 8


PackageSizes = Mapping[str, Callable[[SizeFacts], float]]
"""Packages asked for by name, and what each takes at most, in bytes."""

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
    packages: PackageSizes | None = None,
) -> int:
    """Bytes a release takes, on the high side.

    Args:
        duration_s: length of the song.
        rate: sample rate of master and stems in Hz.
        bit_depth: of master.wav: 16, 24 or 32.
        stems: number of tracks.
        formats: of the master, besides the WAV that is always there (schema.AudioFormat).
        channels: of the master; stems are stereo whatever it is.
        packing: how the stems are stored.
        packages: asked for beside masters and stems.
    """
    samples = duration_s * rate
    wav = samples * channels * bit_depth / 8
    flac_bits = min(bit_depth, 24)
    total = wav + _FIXED_BYTES
    if "flac" in formats:
        total += samples * channels * flac_bits / 8 * _FLAC_SHARE[flac_bits]
    total += sum(duration_s * _LOSSY_BYTES_PER_S.get(name, 0) for name in set(formats))
    files = min(stems, _FILES[packing.grouping])
    stem = samples * 2 * 3 * _STEM_SHARE[packing.grouping] * _STEM_BITS_SHARE[packing.bits]
    facts = SizeFacts(duration_s, rate, bit_depth, channels, stems)
    total += sum(size(facts) for size in (packages or {}).values())
    return round(total + files * stem)


def packed_bytes(bytes_at_24_bits: int, packing: StemPacking) -> int:
    """About what separate stems known at 24 bits take when they are packed, on the high side."""
    return round(bytes_at_24_bits * _STEM_BITS_SHARE[packing.bits] * _JOINED_SHARE[packing.grouping])


def smallest_release_bytes(
    duration_s: float,
    rate: int,
    bit_depth: int,
    stems: int,
    formats: Sequence[str],
    channels: int = 2,
    packages: PackageSizes | None = None,
) -> int:
    """The estimate under the most frugal packing."""
    return min(
        estimate_release_bytes(duration_s, rate, bit_depth, stems, formats, channels, packing, packages)
        for packing in PACKINGS
    )


def check_release_size(
    duration_s: float,
    rate: int,
    bit_depth: int,
    formats: Sequence[str],
    channels: int = 2,
    stems: int = TYPICAL_STEMS,
    limit_bytes: int = RELEASE_MAX_BYTES,
    packages: PackageSizes | None = None,
) -> None:
    """Refuse, before anything is rendered, what no packing of the stems fits into ``limit_bytes``.

    Raises:
        BadInput: names technical.duration_s (technical.packages where they alone are too much), the estimate, and
            every single change that would fit.
    """
    frugal = PACKINGS[-1]  # fits nearly always, which one estimate tells
    if estimate_release_bytes(duration_s, rate, bit_depth, stems, formats, channels, frugal, packages) <= limit_bytes:
        return
    asked = _Asked(duration_s, rate, bit_depth, tuple(formats), channels, stems, packages or {})
    needed = asked.smallest_bytes
    if needed <= limit_bytes:
        return
    ways = _what_would_fit(asked, limit_bytes)
    is_by_packages = bool(asked.packages) and replace(asked, packages={}).smallest_bytes <= limit_bytes
    field = "technical.packages" if is_by_packages else "technical.duration_s"
    beside = f" and with the packages {', '.join(asked.packages)}" if asked.packages else ""
    raise BadInput(
        field,
        list(asked.packages) if is_by_packages else duration_s,
        f"at {rate} Hz and {bit_depth} bits a release takes about {_megabytes(needed)} MB even with its stems joined "
        f"into two of 16 bits{beside}, {_megabytes(limit_bytes)} MB are allowed",
        way_out=f"What would fit: {'; '.join(ways)}." if ways else "Ask for a shorter song and smaller files.",
    )


@dataclass(frozen=True)
class _Asked:
    """A release as it is asked for."""

    duration_s: float
    rate: int
    bit_depth: int
    formats: tuple[str, ...]
    channels: int
    stems: int
    packages: PackageSizes

    @property
    def smallest_bytes(self) -> int:
        """See ``smallest_release_bytes``."""
        return smallest_release_bytes(
            self.duration_s, self.rate, self.bit_depth, self.stems, self.formats, self.channels, self.packages
        )


def _what_would_fit(asked: _Asked, limit_bytes: int) -> list[str]:
    """Single changes to what is asked for, each of which fits."""

    def fits(**changes: Any) -> bool:
        return replace(asked, **changes).smallest_bytes <= limit_bytes

    ways = [f"--set technical.sample_rate_hz={hz}" for hz in (48_000, 44_100) if hz < asked.rate and fits(rate=hz)][:1]
    depths = (bits for bits in (24, 16) if bits < asked.bit_depth)
    ways += [f"--set technical.bit_depth={bits}" for bits in depths if fits(bit_depth=bits)][:1]
    for name in asked.packages:
        if fits(packages={other: size for other, size in asked.packages.items() if other != name}):
            ways.append(f"no --package {name}")
    at_0_s, at_1_s = (replace(asked, duration_s=length_s).smallest_bytes for length_s in (0.0, 1.0))
    longest_s = int((limit_bytes - at_0_s) / (at_1_s - at_0_s))
    if DURATION_MIN_S <= longest_s < asked.duration_s and fits(duration_s=float(longest_s)):
        ways.append(f"--duration {longest_s}")
    return ways


def _megabytes(count: int) -> int:
    return round(count / 1024 / 1024)
