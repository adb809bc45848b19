"""Turning values into Payloads (canonical JSON, audio, MIDI, PNG), and audio back into samples. Bytes are equal for
equal values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from musicgen_assets.graph.job import Blob, FloatArray, Payload

FLAC_HEADROOM_DB = 0.1
"""Below full scale, so that rounding to 24 bits cannot clip."""


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; models are dumped first. NaN is refused."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def json_payload(value: Any, role: str = "main", meta: Mapping[str, Any] | None = None) -> Payload:
    """A JSON artifact."""
    return Payload(role, "application/json", canonical_json(value), ".json", meta or {})


def midi_payload(data: bytes, role: str = "midi") -> Payload:
    """A Standard MIDI File."""
    return Payload(role, "audio/midi", data, ".mid")


def audio_payload(
    samples: FloatArray, sample_rate_hz: int, role: str = "main", meta: Mapping[str, Any] | None = None
) -> Payload:
    """Audio between stages: 24-bit FLAC, scaled under full scale, the gain to undo it in ``meta["gain_db"]``.

    ``samples``: float32 (channels, samples), may exceed full scale; must be finite.
    """
    from dsp.audiofile import encode_flac_scaled

    data, gain_db = encode_flac_scaled(samples, sample_rate_hz, headroom_db=FLAC_HEADROOM_DB)
    facts = {"gain_db": gain_db, "sample_rate_hz": sample_rate_hz, "samples": int(samples.shape[1])}
    return Payload(role, "audio/flac", data, ".flac", {**facts, **(meta or {})})


def decoded_audio(blob: Blob) -> tuple[FloatArray, int]:
    """Audio behind a Blob at the level that ``meta["gain_db"]`` gives it.

    Float32 (channels, samples), and its rate in Hz. The inverse of ``audio_payload``, for anything that dsp.audiofile
    reads. Raises AudioError for what is no audio.
    """
    import numpy as np

    from dsp.audiofile import decode
    from dsp.levels import db_to_gain

    samples, rate = decode(blob.data)
    gain_db = float(blob.meta.get("gain_db", 0.0))
    if gain_db:
        samples *= np.float32(db_to_gain(gain_db))
    return samples, rate
