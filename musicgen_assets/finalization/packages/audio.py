"""Audio files of packages: encoded, tagged, with the length they claim. For tasks.

Belongs here: from samples to a file of a package. Does not belong here: what sounds (each package), tag fields
(finalization.tags).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.finalization.encode import MEDIA_TYPES
from musicgen_assets.finalization.tags import tagged
from musicgen_assets.graph.job import FloatArray, Payload


def flac_file(path: str, samples: FloatArray, rate: int, tags: Mapping[str, Any], bits: int = 24) -> Payload:
    """A tagged FLAC of float32 (channels, samples), clipping at full scale; its role is ``path``."""
    from dsp.audiofile import encode_flac

    return audio_file(path, encode_flac(samples, rate, bits), samples, rate, tags)


def wav_file(path: str, samples: FloatArray, rate: int, tags: Mapping[str, Any], bits: int = 24) -> Payload:
    """A tagged WAV of float32 (channels, samples); its role is ``path``."""
    from dsp.audiofile import encode_wav

    return audio_file(path, encode_wav(samples, rate, bits), samples, rate, tags)


def audio_file(path: str, data: bytes, samples: FloatArray, rate: int, tags: Mapping[str, Any]) -> Payload:
    """Encoded ``data`` of ``samples``, tagged. ``path`` ends in the format: .wav, .flac, .mp3 or .ogg."""
    ending = path.rsplit(".", 1)[-1]
    facts = {"samples": int(samples.shape[1]), "sample_rate_hz": rate}
    return Payload(path, MEDIA_TYPES[ending], tagged(data, ending, tags), f".{ending}", facts)


def part_tags(tags: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The song's tags for a file that holds a part of it, called ``part``; without words, which may not be in it."""
    return {**tags, "title": f"{tags['title']} ({part})", "lyrics": "", "lines": [], "levels": {}}
