"""Pictures of a finished master: large ones for the report, thumbnails for the graph's pages.

Belongs here: which pictures, of which size, with which marks. Does not belong here: drawing (dsp.pictures,
score.pictures).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.graph.payloads import decoded_audio
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, Corridor, corridor_levels_db, level_offset_db
from musicgen_assets.score.model import Score
from musicgen_assets.score.pictures import piano_roll_png

SIZES = {
    "waveform": (1200, 260), "spectrogram": (1200, 380), "loudness": (1200, 260), "spectrum": (1200, 360),
    "piano_roll": (1200, 460), "phase": (1200, 340), "energy": (1200, 260),
}  # fmt: skip
"""Width and height in pixels of the large pictures."""
THUMBNAIL = (480, 200)


def draw_sound(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: waveform, spectrogram and spectrum of ``blobs["master"]``, each large and as "small/<name>".

    ``inputs``: ``sections`` [[name, start_s, ...]], ``corridor``.
    """
    from dsp.pictures import spectrogram_png, spectrum_png, waveform_png

    samples, rate = decoded_audio(blobs["master"])
    marks = [(float(row[1]), _spoken(row[0])) for row in inputs["sections"]]
    levels = corridor_levels_db(samples, rate)
    limits = _limits(levels, Corridor.model_validate(inputs["corridor"]))
    painters: dict[str, Callable[[int, int], bytes]] = {
        "waveform": lambda w, h: waveform_png(samples, rate, width_px=w, height_px=h, marks=marks),
        "spectrogram": lambda w, h: spectrogram_png(samples, rate, width_px=w, height_px=h, marks=marks),
        "spectrum": lambda w, h: spectrum_png((THIRD_OCTAVES_HZ, levels), limits, width_px=w, height_px=h),
    }
    return [payload for name, paint in painters.items() for payload in _both(name, paint)]


def draw_course(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: loudness, energy and phase of ``blobs["master"]`` over time, each large and as "small/<name>".

    ``inputs``: ``sections`` [[name, start_s, end_s, energy]], ``target_lufs``.
    """
    from dsp.loudness import short_term_curve
    from dsp.pictures import loudness_png
    from dsp.scope_pictures import energy_png, phase_scope_png

    samples, rate = decoded_audio(blobs["master"])
    planned = [
        (float(start), float(end), float(energy), _spoken(name)) for name, start, end, energy in inputs["sections"]
    ]
    marks = [(start_s, name) for start_s, _, _, name in planned]
    times_s, lufs = short_term_curve(samples, rate)
    target = float(inputs["target_lufs"])
    painters: dict[str, Callable[[int, int], bytes]] = {
        "loudness": lambda w, h: loudness_png(times_s, lufs, target, width_px=w, height_px=h, marks=marks),
        "energy": lambda w, h: energy_png(planned, times_s, lufs, width_px=w, height_px=h),
        "phase": lambda w, h: phase_scope_png(samples, rate, width_px=w, height_px=h),
    }
    return [payload for name, paint in painters.items() for payload in _both(name, paint)]


def _spoken(name: object) -> str:
    return str(name).replace("_", " ")


def draw_score(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the piano roll of ``blobs["score"]`` (Score), large and as "small/piano_roll"."""
    del inputs
    score = Score.model_validate_json(blobs["score"].data)
    return _both("piano_roll", lambda w, h: piano_roll_png(score, score.tracks, width_px=w, height_px=h))


def _both(name: str, paint: Callable[[int, int], bytes]) -> list[Payload]:
    return [
        Payload(name, "image/png", paint(*SIZES[name]), ".png"),
        Payload(f"small/{name}", "image/png", paint(*THUMBNAIL), ".png"),
    ]


def _limits(levels: Any, corridor: Corridor) -> tuple[Any, Any, Any]:
    """The corridor of single bands on the scale of the levels: frequencies, lowest and highest level."""
    extra_db = corridor.band_extra_db
    middle = np.array(corridor.centre_db) + level_offset_db(levels, corridor)
    below, above = np.array(corridor.below_db) + extra_db, np.array(corridor.above_db) + extra_db
    return THIRD_OCTAVES_HZ, middle - below, middle + above
