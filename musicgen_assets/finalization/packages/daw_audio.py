"""The task of the DAW package: a DAWproject archive with the stems in it.

Belongs here: the archive. Does not belong here: its XML documents (packages.dawproject), which files the package has
(packages.daw).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.finalization.packages.dawproject import Fader, Stem, metadata_xml, project_xml
from musicgen_assets.graph.job import Blob, Payload
from musicgen_assets.score.model import Score

MEDIA_TYPE = "application/zip"


def write_dawproject(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the archive, its role ``inputs["path"]``.

    ``inputs``: path, tags, software [name, version], gain_db (how far the stems lie over their level in the mix),
    stems [{track, role, path, blob}], faders {track: [volume_db, pan]}. ``blobs``: "score" and "vocal" (JSON), and the
    stems as FLAC with their length in ``meta``.
    """
    from dsp.archive import zipped

    score = Score.model_validate_json(blobs["score"].data)
    tracks = merged_tracks(score, json.loads(blobs["vocal"].data))
    stems = [_stem(row, blobs[row["blob"]]) for row in inputs["stems"]]
    faders = {name: Fader(*values) for name, values in inputs["faders"].items()}
    name, version = inputs["software"]
    members = {
        "project.xml": project_xml(score, tracks, stems, faders, float(inputs["gain_db"]), (name, version)),
        "metadata.xml": metadata_xml(inputs["tags"]),
        **{row["path"]: blobs[row["blob"]].data for row in inputs["stems"]},
    }
    return [Payload(str(inputs["path"]), MEDIA_TYPE, zipped(members), ".dawproject")]


def _stem(row: Mapping[str, Any], blob: Blob) -> Stem:
    import io

    import soundfile

    with soundfile.SoundFile(io.BytesIO(blob.data)) as source:
        return Stem(row["track"], row["role"], row["path"], int(source.channels), int(source.samplerate),
                    source.frames / source.samplerate)  # fmt: skip
