"""What a WAV file says of itself outside ID3: bext (EBU Tech 3285), iXML and RIFF INFO, for editors and archives.

Belongs here: which fact goes into which field of these three. Does not belong here: RIFF itself (dsp.wavchunks), ID3
(finalization.tags). No dates and no unique numbers: equal songs are equal files.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

COMMENT = "AI-generated"
_INFO = (("INAM", "title"), ("IGNR", "genre"), ("ICOP", "licence"), ("ISFT", "software"))
_LEVELS = ("integrated_lufs", "loudness_range_lu", "true_peak_dbtp")


def with_wav_texts(data: bytes, tags: Mapping[str, Any]) -> bytes:
    """The WAV file with a bext, an iXML and a LIST INFO chunk of ``tags`` (see finalization.tags.tagged).

    A bext chunk that is already there keeps its time reference. Raises dsp.errors.AudioError for what is no WAV.
    """
    from dsp.wavchunks import bext_chunk, wav_chunks, with_chunks

    chunks = wav_chunks(data)
    broadcast = _broadcast(chunks, tags)
    texts = {b"bext": bext_chunk(broadcast), b"LIST": info_chunk(tags), b"iXML": ixml_chunk(chunks[b"fmt "], tags)}
    return with_chunks(data, texts)


def _broadcast(chunks: Mapping[bytes, bytes], tags: Mapping[str, Any]) -> Any:
    from dsp.wavchunks import Broadcast

    _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    mode = "mono" if channels == 1 else "stereo"
    levels = tags.get("levels") or {}
    loudness, span, peak = (levels.get(name) for name in _LEVELS)
    return Broadcast(
        description=f"{tags['title']}. {COMMENT}. Seed {tags['seed']}.",
        originator=tags["software"],
        time_reference=time_reference(chunks.get(b"bext", b"")),
        coding_history=f"A=PCM,F={rate},W={bits},M={mode},T={tags['software']}\r\n",
        loudness_lufs=loudness,
        loudness_range_lu=span,
        true_peak_dbtp=peak,
    )


def time_reference(bext: bytes) -> int:
    """The first sample's time since midnight in samples, as a bext chunk states it; 0 without one."""
    at = 256 + 32 + 32 + 10 + 8
    return int.from_bytes(bext[at : at + 8], "little") if len(bext) >= at + 8 else 0


def info_chunk(tags: Mapping[str, Any]) -> bytes:
    """The content of a LIST chunk of kind INFO; texts in UTF-8, as most readers take them, and zero-ended."""
    fields = [(name, str(tags[field])) for name, field in _INFO]
    fields.append(("ICMT", f"{COMMENT}. Seed {tags['seed']}. Context {tags['context_sha256']}"))
    parts = [b"INFO"]
    for name, text in fields:
        body = text.encode("utf-8") + b"\0"
        parts += [name.encode("ascii"), struct.pack("<I", len(body)), body, b"\0" * (len(body) % 2)]
    return b"".join(parts)


def ixml_chunk(form: bytes, tags: Mapping[str, Any]) -> bytes:
    """The content of an iXML chunk (version 2.1): the song's name and how it is stored, as an XML document."""
    _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    root = ET.Element("BWFXML")
    for name, text in (("IXML_VERSION", "2.1"), ("PROJECT", tags["title"]), ("NOTE", f"{COMMENT}. {tags['licence']}.")):
        ET.SubElement(root, name).text = str(text)
    speed = ET.SubElement(root, "SPEED")
    for name, text in (
        ("FILE_SAMPLE_RATE", rate), ("AUDIO_BIT_DEPTH", bits), ("DIGITIZER_SAMPLE_RATE", rate),
    ):  # fmt: skip
        ET.SubElement(speed, name).text = str(text)
    tracks = ET.SubElement(root, "TRACK_LIST")
    ET.SubElement(tracks, "TRACK_COUNT").text = str(channels)
    for number in range(channels):
        track = ET.SubElement(tracks, "TRACK")
        ET.SubElement(track, "CHANNEL_INDEX").text = str(number + 1)
        ET.SubElement(track, "INTERLEAVE_INDEX").text = str(number + 1)
        ET.SubElement(track, "NAME").text = "mono" if channels == 1 else ("left", "right")[number]
    user = ET.SubElement(root, "USER")
    facts = {
        "KEY": tags["key"], "TEMPO_BPM": f"{tags['bpm']:g}", "GENRE": tags["genre"], "SEED": tags["seed"],
        "CONTEXT_SHA256": tags["context_sha256"], "AI_GENERATED": "yes",
    }  # fmt: skip
    for name, text in facts.items():
        ET.SubElement(user, name).text = str(text)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
