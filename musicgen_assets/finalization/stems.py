"""The stems of a release: post-mix, sharing one gain, summing to the pre-master mix, small enough to send.

Belongs here: choosing how stems are packed, and packing them. Does not belong here: what they sound like (mixing).

Stems usually leave by reference, as mixing stored them: before its trim, which is one gain for all and
therefore the gain a release declares. Only when their gains differ (one exceeded full scale), or the release
would be too large, are they written again. Fewer bits then do not add up to more error: each stem takes on the
rounding error of the one before it, so that of the whole sum only the last rounding is left, half a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from musicgen_assets.finalization.size import PACKINGS, Grouping, StemPacking, packed_bytes
from musicgen_assets.graph.job import Blob, FloatArray, Job, Payload, Ref, Task

GROUP_OF = {
    "drums": "drums", "percussion": "drums", "bass": "bass", "chords": "harmony", "arpeggio": "harmony",
    "pad": "harmony", "lead": "melody", "counter": "melody", "vocal": "melody",
}  # fmt: skip
"""Which file a role goes to when stems are joined."""
HALF_OF = {"drums": "rhythm", "bass": "rhythm", "harmony": "music", "melody": "music"}
"""Which one a group goes to when two files have to do."""

_STEM_ENTRY = "musicgen_assets.finalization.stems:rescale_stem"
_PACK_ENTRY = "musicgen_assets.finalization.stems:pack_stems"


@dataclass(frozen=True)
class StemSet:
    """The stem files of a release. ``gain_db`` is how far they all lie over their level in the mix.

    Played together and turned down by ``gain_db`` they are the pre-master mix. ``file_of`` maps each track to
    its path.
    """

    refs: tuple[Ref, ...]
    file_of: Mapping[str, str]
    gain_db: float
    packing: StemPacking

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(ref.size_bytes for ref in self.refs)


def stem_path(name: str) -> str:
    """Where the stem called ``name`` lies in a release."""
    return f"stems/{name}.flac"


def make_stems(job: Job, stems: Mapping[str, Ref], roles: Mapping[str, str], room_bytes: int) -> StemSet:
    """The best packing of ``stems`` that takes at most ``room_bytes``; where none does, the smallest.

    Args:
        job: does the work.
        stems: mixing's stem by track name, in order; at least one.
        roles: role by track name; a track without one counts as harmony.
        room_bytes: what the rest of the release leaves.
    """
    whole = sum(ref.size_bytes for ref in stems.values())
    for packing in PACKINGS[:-1]:
        if packed_bytes(whole, packing) <= room_bytes:
            found = _packed(job, stems, roles, packing)
            if found.size_bytes <= room_bytes:
                return found
    return _packed(job, stems, roles, PACKINGS[-1])


def common_gain_db(stored_db: Sequence[float]) -> float:
    """The one gain for stems that were stored with ``stored_db`` to be added on decoding.

    The same for all: they stay as stored. Else their level in the mix, or as far below as the one that exceeds
    full scale needs.
    """
    return -stored_db[0] if len(set(stored_db)) == 1 else -max(0.0, *stored_db)


def _packed(job: Job, stems: Mapping[str, Ref], roles: Mapping[str, str], packing: StemPacking) -> StemSet:
    if packing == PACKINGS[0]:
        return _as_stored(job, stems)
    # Written again anyway: at the mix's own level, where fewer bits cost least.
    gain_db = -max(0.0, *(_gain_db(ref) for ref in stems.values()))
    groups: dict[str, list[str]] = {}
    for track in stems:
        groups.setdefault(_file_name(track, roles.get(track, ""), packing.grouping), []).append(track)
    task = Task(
        "stems",
        _PACK_ENTRY,
        {"groups": groups, "order": list(groups), "bits": packing.bits, "gain_db": gain_db},
        dict(stems),
    )
    (refs,) = job.tasks([task])
    file_of = {track: stem_path(name) for name, tracks in groups.items() for track in tracks}
    return StemSet(refs, file_of, gain_db, packing)


def _file_name(track: str, role: str, grouping: Grouping) -> str:
    if grouping == "tracks":
        return track
    group = GROUP_OF.get(role, "harmony")
    return group if grouping == "groups" else HALF_OF[group]


def _as_stored(job: Job, stems: Mapping[str, Ref]) -> StemSet:
    """Every stem at 24 bits: by reference where mixing scaled it by the common gain already."""
    gain_db = common_gain_db([_gain_db(ref) for ref in stems.values()])
    odd = {name: ref for name, ref in stems.items() if _gain_db(ref) != -gain_db}
    tasks = [Task(f"stem/{name}", _STEM_ENTRY, {"gain_db": gain_db}, {"stem": ref}) for name, ref in odd.items()]
    again = dict(zip(odd, (refs[0] for refs in job.tasks(tasks)), strict=True)) if tasks else {}
    refs = tuple(replace(again.get(name, ref), role=stem_path(name)) for name, ref in stems.items())
    return StemSet(refs, {name: stem_path(name) for name in stems}, gain_db, PACKINGS[0])


def _gain_db(ref: Ref) -> float:
    return float(ref.meta.get("gain_db", 0.0))


def rescale_stem(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the one stem in ``blobs`` at the common gain ``inputs["gain_db"]``, 24-bit FLAC."""
    from dsp.audiofile import encode_flac

    samples, rate = _decoded(blobs["stem"], float(inputs["gain_db"]))
    return [_flac("stem", encode_flac(samples, rate, 24), samples, rate, float(inputs["gain_db"]))]


def pack_stems(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: stems joined by ``inputs["groups"]`` (file name to tracks) with ``inputs["bits"]`` significant bits.

    Rounding errors are handed on from file to file in ``inputs["order"]``, so that the sum of all files is off
    by at most half a step of the last one: -96 dB at 16 bits.
    """
    from dsp.audiofile import encode_flac

    bits, gain_db = int(inputs["bits"]), float(inputs["gain_db"])
    carry: FloatArray | None = None
    payloads = []
    for name in inputs["order"]:
        samples, rate = _joined([blobs[track] for track in inputs["groups"][name]], gain_db)
        carry = samples if carry is None else np.add(carry, samples, out=carry)
        rounded = rounded_to(carry, bits)
        np.subtract(carry, rounded, out=carry)
        data = encode_flac(rounded, rate, 16 if bits <= 16 else 24)
        payloads.append(_flac(stem_path(name), data, rounded, rate, gain_db))
    return payloads


def rounded_to(samples: FloatArray, bits: int) -> FloatArray:
    """``samples`` on the grid of ``bits``-bit integers, within full scale; float32, same shape."""
    full = np.float32(1 << (bits - 1))
    steps = np.rint(samples * full)
    return np.asarray(np.clip(steps, -full, full - 1, out=steps) / full, dtype=np.float32)


def _joined(blobs: Sequence[Blob], gain_db: float) -> tuple[FloatArray, int]:
    samples, rate = _decoded(blobs[0], gain_db)
    for blob in blobs[1:]:
        samples += _decoded(blob, gain_db)[0]
    return samples, rate


def _decoded(blob: Blob, gain_db: float) -> tuple[FloatArray, int]:
    from dsp.audiofile import decode

    samples, rate = decode(blob.data)
    own_db = float(blob.meta.get("gain_db", 0.0))
    samples *= np.float32(10 ** ((own_db + gain_db) / 20))
    return samples, rate


def _flac(role: str, data: bytes, samples: FloatArray, rate: int, gain_db: float) -> Payload:
    facts = {"gain_db": -gain_db, "sample_rate_hz": rate, "samples": int(samples.shape[1])}
    return Payload(role, "audio/flac", data, ".flac", facts)
