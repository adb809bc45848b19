"""Tasks of the songwriter's package.

Belongs here: the sound of its files. Does not belong here: which there are (packages.songwriter).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.finalization.packages.audio import flac_file
from musicgen_assets.graph.job import Blob, Payload


def write_click(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: a click track, mono. ``inputs``: clicks [[time_s, hz, gain]], samples, sample_rate_hz, path, tags."""
    from dsp.clicks import click_track

    del blobs
    rate = int(inputs["sample_rate_hz"])
    samples = click_track([tuple(click) for click in inputs["clicks"]], int(inputs["samples"]), rate)
    return [flac_file(str(inputs["path"]), samples, rate, inputs["tags"])]
