"""The sound of a video package, as tasks: music that starts at once, and a bed to speak over.

Belongs here: finding the start, carving the bed. Does not belong here: pictures (packages.video_picture), the
certificate (packages.certificate).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dsp.dynamics import compressor, fade_in, limiter
from dsp.levels import as_channels, db_to_gain
from musicgen_assets.finalization.packages.audio import part_tags, wav_file
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio

STARTED_LU = 10.0
"""Music has begun where its first second is at most this much softer than the whole. R"""
BED_LUFS = -26.0
"""12 LU under speech at -14 LUFS: listeners want 10 or more between speech and music (M. Torcoli et al., "Preferred
levels for background ducking to produce esthetically pleasing audio for TV with clear speech", JAES 67(12), 2019).
"""
BED_CEILING_DBTP = -6.0
SPEECH_HZ = (1_000.0, 4_000.0)
"""Where consonants are told apart, and where the bed makes room."""
CARVED_DB = -7.0
_CARVED_Q = 0.55
_BED_RATIO = 2.0
_BED_OVER_DB = 2.0
_START_FADE_S = 0.006


def opening_file(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: music.wav, the master from where it is music within a second; ``meta`` says from where in the song.

    ``inputs``: starts_s (places where it may begin, the song's own beginning first), tags. ``blobs["master"]``.
    """
    from dsp.loudness import integrated_lufs

    samples, rate = decoded_audio(blobs["master"])
    whole_lufs = integrated_lufs(samples, rate)
    seconds = [integrated_lufs(_second(samples, rate, start_s), rate) for start_s in inputs["starts_s"]]
    at = next((n for n, lufs in enumerate(seconds) if lufs >= whole_lufs - STARTED_LU), int(np.argmax(seconds)))
    start_s = float(inputs["starts_s"][at])
    music = samples[:, round(start_s * rate) :]
    music = fade_in(np.ascontiguousarray(music), rate, _START_FADE_S) if at else music
    file = wav_file("music.wav", music, rate, part_tags(inputs["tags"], "video"))
    meta = {
        **file.meta, "start_s": start_s, "first_second_lufs": round(seconds[at], 2),
        "integrated_lufs": round(whole_lufs, 2),
    }  # fmt: skip
    return [Payload(file.role, file.media_type, file.data, file.suffix, meta)]


def _second(samples: FloatArray, rate: int, start_s: float) -> FloatArray:
    first = round(start_s * rate)
    return np.ascontiguousarray(samples[:, first : first + rate])


def bed_file(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: bed.wav, the song without tunes, soft and even, with room where speech is.

    ``inputs``: order (tracks), samples, channels, tone (mastering.plan.ToneBand as plain data), tags. ``blobs``: the
    post-mix stems of these tracks. ``meta``: ``speech_band_db``, how far the bands of speech lie lower, against the
    rest, than they did.
    """
    from dsp.convert import fit_length
    from dsp.filters import peak_eq
    from dsp.loudness import integrated_lufs, true_peak_dbtp
    from musicgen_assets.mastering.tone import bands_of, with_tone

    total, rate = _summed([blobs[name] for name in inputs["order"]], int(inputs["channels"]))
    plain = with_tone(fit_length(total, int(inputs["samples"])), rate, bands_of(inputs["tone"]))
    level = integrated_lufs(plain, rate)
    even = compressor(plain, rate, max(level + _BED_OVER_DB, -90.0), _BED_RATIO, 30.0, 400.0, knee_db=8.0)
    bed = peak_eq(even, rate, float(np.sqrt(SPEECH_HZ[0] * SPEECH_HZ[1])), CARVED_DB, _CARVED_Q)
    bed = bed * np.float32(db_to_gain(BED_LUFS - integrated_lufs(bed, rate)))
    bed = limiter(bed, rate, BED_CEILING_DBTP)
    file = wav_file("bed.wav", bed, rate, part_tags(inputs["tags"], "bed"))
    meta = {
        **file.meta,
        "integrated_lufs": round(integrated_lufs(bed, rate), 2),
        "true_peak_dbtp": round(true_peak_dbtp(bed, rate), 2),
        "speech_band_db": round(speech_share_db(bed, rate) - speech_share_db(plain, rate), 2),
    }
    return [Payload(file.role, file.media_type, file.data, file.suffix, meta)]


def speech_share_db(samples: FloatArray, rate: int) -> float:
    """Power between 1 and 4 kHz over the power of everything else, in dB."""
    from dsp.spectrum import band_levels

    centres, levels = band_levels(samples, rate)
    power = 10.0 ** (np.asarray(levels) / 10.0)
    is_speech = (np.asarray(centres) >= SPEECH_HZ[0]) & (np.asarray(centres) <= SPEECH_HZ[1])
    return float(10.0 * np.log10(max(power[is_speech].sum(), 1e-20) / max(power[~is_speech].sum(), 1e-20)))


def _summed(blobs: Sequence[Blob], channels: int) -> tuple[FloatArray, int]:
    total, rate = decoded_audio(blobs[0])
    for blob in blobs[1:]:
        total = total + decoded_audio(blob)[0]
    return as_channels(total, channels), rate
