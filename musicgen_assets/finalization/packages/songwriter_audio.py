"""Tasks of the songwriter's package.

Belongs here: the sound of its files. Does not belong here: which there are (packages.songwriter).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen_assets.finalization.packages.audio import flac_file
from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.graph.payloads import decoded_audio

GUIDE_PEAK_DBFS = -3.0


def write_click(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a click track, mono. ``inputs``: clicks [[time_s, hz, gain]], samples, sample_rate_hz, path, tags."""
    from dsp.clicks import click_track

    del blobs
    rate = int(inputs["sample_rate_hz"])
    samples = click_track([tuple(click) for click in inputs["clicks"]], int(inputs["samples"]), rate)
    return [flac_file(str(inputs["path"]), samples, rate, inputs["tags"])]


def write_guide(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the line in ``blobs["stem"]`` alone, its peak at ``GUIDE_PEAK_DBFS``. ``inputs``: path, tags, samples."""
    from dsp.convert import fit_length
    from dsp.levels import db_to_gain, peak

    samples, rate = decoded_audio(blobs["stem"])
    samples = fit_length(samples, int(inputs["samples"]))
    gain = db_to_gain(GUIDE_PEAK_DBFS) / max(peak(samples), 1e-6)
    return [flac_file(str(inputs["path"]), samples * np.float32(gain), rate, inputs["tags"])]
