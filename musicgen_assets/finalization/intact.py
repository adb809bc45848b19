"""Is every file of a release what it says it is? Each is opened again, the way its user will open it.

Belongs here: decoding and comparing. Does not belong here: the quality of what they hold (mastering.gate).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from musicgen_assets.graph.job import Blob, CheckResult, Job, Payload, Ref, Task
from musicgen_assets.graph.payloads import json_payload

LOSSY_TOLERANCE_S = 0.05
"""Lossy containers count in frames; their decoders cut the padding off to within this."""

_ENTRY = "musicgen_assets.finalization.intact:verify_audio"
_WHOLE = {
    "pdf": (b"%PDF-", b"%%EOF", "PDF"), "jpg": (b"\xff\xd8\xff", b"\xff\xd9", "JPEG"),
    "png": (b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82", "PNG"),
}  # fmt: skip
"""What a whole file of its kind begins and ends with."""
_LOSSLESS = ("audio/wav", "audio/flac")


def intact_check(job: Job, files: Sequence[Payload | Ref], duration_s: float) -> CheckResult:
    """Every audio file decodes, is as long as it says and has its checksum; what else there is can be read.

    A file in a package states its own length (``meta``), all others last ``duration_s``. Audio and MIDI files are
    tasks of their own, so that a file that was proven once is not decoded again.
    """
    audio = [file for file in files if isinstance(file, Ref) and file.media_type.startswith("audio/")]
    tasks = [
        Task(
            f"intact/{ref.role}", _ENTRY, {"sha256": ref.sha256, "duration_s": _length_s(ref, duration_s)},
            {"file": ref},
        )
        for ref in audio
    ]  # fmt: skip
    problems = []
    for ref, (answer,) in zip(audio, job.tasks(tasks), strict=True):
        problem = json.loads(job.blob(answer).data)["problem"]
        problems += [f"{ref.role}: {problem}"] if problem else []
    for file in files:
        if file in audio:
            continue
        data = file.data if isinstance(file, Payload) else job.blob(file).data
        problem = document_problem(file.role, data)
        problems += [f"{file.role}: {problem}"] if problem else []
    return CheckResult(
        "release_is_intact",
        not problems,
        f"{len(files) - len(problems)} of {len(files)} files are as declared",
        "every file decodes and matches its checksum and length",
        note="; ".join(problems),
    )


def _length_s(ref: Ref, duration_s: float) -> float:
    """What a file should last: its own length in a package, the song's elsewhere."""
    if not ref.role.startswith("packages/") or "samples" not in ref.meta:
        return duration_s
    return float(ref.meta["samples"]) / float(ref.meta["sample_rate_hz"])


def verify_audio(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: what is wrong with ``blobs["file"]``, "" if nothing; role "answer" {"problem", "samples",
    "sample_rate_hz"}.
    """
    from dsp.audiofile import decode
    from dsp.errors import AudioError

    blob = blobs["file"]
    if hashlib.sha256(blob.data).hexdigest() != inputs["sha256"]:
        return [json_payload({"problem": "its checksum is another"}, "answer")]
    if blob.media_type == "audio/midi":
        return [json_payload({"problem": document_problem("score.mid", blob.data)}, "answer")]
    try:
        samples, rate = decode(blob.data)
    except AudioError as error:
        return [json_payload({"problem": f"it does not decode: {error}"}, "answer")]
    facts = {"samples": int(samples.shape[1]), "sample_rate_hz": rate}
    expected = round(float(inputs["duration_s"]) * rate)
    tolerance = 0 if blob.media_type in _LOSSLESS else round(LOSSY_TOLERANCE_S * rate)
    problem = ""
    if abs(samples.shape[1] - expected) > tolerance:
        problem = f"it has {samples.shape[1]} samples instead of {expected}"
    return [json_payload({"problem": problem, **facts}, "answer")]


def _zip_problem(data: bytes) -> str:
    """Every member of an archive is read and matches its checksum."""
    import io
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            broken = archive.testzip()
            return f"its member {broken} is damaged" if broken else "" if archive.namelist() else "it is empty"
    except zipfile.BadZipFile as error:
        return f"it cannot be read: {error}"


def _mp4_problem(data: bytes) -> str:
    """Boxes follow each other to the last byte (ISO/IEC 14496-12), an index among them."""
    at, names = 0, []
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return "it is no whole MP4"
        names.append(name)
        at += size
    is_whole = at == len(data) and names[:1] == [b"ftyp"] and b"moov" in names
    return "" if is_whole else "it is no whole MP4"


_BOXED = {"zip": _zip_problem, "dawproject": _zip_problem, "mp4": _mp4_problem}


def document_problem(path: str, data: bytes) -> str:
    """What is wrong with a file that is no audio; "" if nothing."""
    from musicgen_assets.score.midi import read_midi

    try:
        if path.endswith(".mid"):
            return "" if read_midi(data) else "it holds no tracks"
        ending = path.rsplit(".", 1)[-1]
        if ending in _WHOLE:
            start, end, kind = _WHOLE[ending]
            is_whole = data.startswith(start) and data.rstrip(b"\r\n ").endswith(end)
            return "" if is_whole else f"it is no whole {kind}"
        if ending in _BOXED:
            return _BOXED[ending](data)
        text = data.decode("utf-8")
        if path.endswith(".json"):
            json.loads(text)
        if path.endswith(".musicxml"):
            return "" if ET.fromstring(text).tag == "score-partwise" else "it is no score"  # noqa: S314  # ours
    except (ValueError, OSError, EOFError, ET.ParseError) as error:
        return f"it cannot be read: {error}"
    return "" if text.strip() else "it is empty"
