"""Stems that an engine delivered beside its song: what they lack of it becomes a stem of its own, or they are refused.

Belongs here: that rule and its levels. Does not belong here: fitting what was delivered (delivered), taking a song
apart ourselves (stems).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from musicgen_assets.graph.job import Blob, FloatArray, Job, Payload, Ref, Task
from musicgen_assets.graph.payloads import audio_payload, decoded_audio, json_payload
from musicgen_assets.production.meter import measure

REST = "rest"
"""The stem that holds what the others lack."""
NOTHING_DB = -70.0
"""A rest this far below the song is rounding: the stems add up."""
REFUSED_DB = -6.0
"""A rest that reaches this is no rest: these are not the stems of this song."""
_ENTRY = "musicgen_assets.production.stem_sum:sum_up"
_TOLD = "sum"
_SILENT = 1e-9


def completed(job: Job, song: Ref, stems: Sequence[Ref], mark: Mapping[str, Any]) -> tuple[list[Ref], str]:
    """``stems``, with their rest where they leave one, so that they add up to ``song``; none where they are refused.

    Also what was found, for people. Every one is of the song's rate and length.
    """
    if not stems:
        return [], ""
    blobs = {"song": song, **{ref.role: ref for ref in stems}}
    found = job.tasks([Task("delivered/sum", _ENTRY, {"mark": dict(mark)}, blobs)])[0]
    told = next(ref for ref in found if ref.role == _TOLD)
    rest_db = float(told.meta["rest_db"])
    if rest_db >= REFUSED_DB:
        return [], f"its stems miss {rest_db:.1f} dB of the song and are not used"
    rest = [ref for ref in found if ref.role == f"track/{REST}"]
    return [*stems, *rest], f"what its stems lack, {rest_db:.1f} dB, is a stem of its own" if rest else ""


def sum_up(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: role ``sum``, whose meta says how loud the rest is beside the song in dB; and ``track/rest`` if there is
    one.
    """
    song, rate = decoded_audio(blobs["song"])
    rest = song.astype(np.float64)
    for name, blob in blobs.items():
        if name != "song":
            rest -= decoded_audio(blob)[0]
    rest_db = round(20.0 * np.log10(max(_rms(rest), _SILENT) / max(_rms(song), _SILENT)), 2)
    found = [json_payload({"rest_db": rest_db}, _TOLD, {"rest_db": rest_db})]
    if NOTHING_DB < rest_db < REFUSED_DB:
        samples = rest.astype(np.float32)
        meta = {"notes": None, "measurement": measure(samples, rate).model_dump(), "delivered": dict(inputs["mark"]),
                "given": ["what the other stems lack"]}  # fmt: skip
        found.append(audio_payload(samples, rate, f"track/{REST}", meta))
    return found


def _rms(samples: FloatArray | np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
