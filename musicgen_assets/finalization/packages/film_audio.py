"""The sound of a film package, as tasks: the whole cue and its cut-downs as Broadcast WAV, exact to the frame.

Belongs here: cutting the master, lengths, timecode. Does not belong here: which bars (packages.film_cuts), the cue
sheet (packages.film_sheet).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from dsp.convert import fit_length, resample
from dsp.cutting import Piece, splice
from dsp.dynamics import fade_in, fade_out, limiter
from dsp.wavchunks import Broadcast, bext_chunk, wav_chunks, with_chunks
from musicgen_assets.finalization.packages.audio import part_tags, wav_file
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio

FILM_RATE_HZ = 48_000
"""What film and broadcast work at, whatever the master's rate."""
CROSSFADE_S = 0.024
START_FADE_S = 0.006
ORIGINATOR = "musicgen"
SILENT_END_S = 0.02
"""The closing chord is faded to silence this long before the last frame ends."""


def full_file(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: full.wav, the whole master, followed by silence up to a whole number of frames.

    ``inputs``: samples (at 48 kHz), time_reference, rate (see ixml_with_speed), tags. ``blobs["master"]``.
    """
    samples, rate = decoded_audio(blobs["master"])
    whole = fit_length(resample(samples, rate, FILM_RATE_HZ), int(inputs["samples"]))
    return [_broadcast_wav("full.wav", whole, inputs, part_tags(inputs["tags"], "full"))]


def cut_file(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: one cut-down, cut out of the master and faded after its last downbeat; ends in silence.

    ``inputs``: path, label, pieces_s [[start, end]] in seconds of the song, lead_s (how long before a bar line the
    cut lies), last_downbeat_s, samples (at 48 kHz), ceiling_dbtp, time_reference, rate, tags. ``blobs["master"]``.
    """
    samples, rate = decoded_audio(blobs["master"])
    pieces = _pieces(inputs["pieces_s"], float(inputs["lead_s"]), rate, samples.shape[1])
    sound = splice(samples, pieces, round(CROSSFADE_S * rate))
    if pieces[0][0]:
        sound = fade_in(sound, rate, START_FADE_S)
    sound = resample(sound, rate, FILM_RATE_HZ)
    length = int(inputs["samples"])
    sound = fit_length(limiter(sound, FILM_RATE_HZ, float(inputs["ceiling_dbtp"])), length)
    path = str(inputs["path"])
    faded = _faded(sound, length / FILM_RATE_HZ - float(inputs["last_downbeat_s"]))
    return [_broadcast_wav(path, faded, inputs, part_tags(inputs["tags"], str(inputs["label"])))]


def _pieces(spans: Sequence[Sequence[float]], lead_s: float, rate: int, length: int) -> list[Piece]:
    """Spans in samples. All cuts lie ``lead_s`` early, so that time runs on evenly over them."""
    lead = round(lead_s * rate)
    found = []
    for start_s, end_s in spans:
        first = max(round(start_s * rate) - lead, 0)
        past = length if end_s == spans[-1][1] else round(end_s * rate) - lead
        found.append((first, past))
    return found


def _faded(samples: FloatArray, after_s: float) -> FloatArray:
    """Silent at the end; the closing chord is left alone for a third of its time, then falls away."""
    silent = round(SILENT_END_S * FILM_RATE_HZ)
    out = fade_out(samples[:, :-silent], FILM_RATE_HZ, max(2.0 / 3.0 * after_s - SILENT_END_S, 0.05))
    return np.pad(out, ((0, 0), (0, silent)))


def _broadcast_wav(path: str, samples: FloatArray, inputs: Mapping[str, Any], tags: Mapping[str, Any]) -> Payload:
    """A 24-bit WAV with its timecode in ``bext`` and, with the frame rate, in ``iXML``."""
    from dsp.loudness import measure, true_peak_dbtp

    loudness, peak_dbtp = measure(samples, FILM_RATE_HZ), true_peak_dbtp(samples, FILM_RATE_HZ)
    file = wav_file(path, samples, FILM_RATE_HZ, tags)
    mode = "mono" if samples.shape[0] == 1 else "stereo"
    facts = Broadcast(
        description=f"{tags['title']}. AI-generated.", originator=ORIGINATOR,
        time_reference=int(inputs["time_reference"]),
        coding_history=f"A=PCM,F={FILM_RATE_HZ},W=24,M={mode},T={ORIGINATOR}\r\n",
        loudness_lufs=loudness.integrated_lufs, loudness_range_lu=loudness.loudness_range_lu, true_peak_dbtp=peak_dbtp,
    )  # fmt: skip
    texts = ixml_with_speed(wav_chunks(file.data).get(b"iXML", b""), inputs["rate"], int(inputs["time_reference"]))
    data = with_chunks(file.data, {b"bext": bext_chunk(facts), b"iXML": texts})
    levels = {"integrated_lufs": round(loudness.integrated_lufs, 2), "true_peak_dbtp": round(peak_dbtp, 2)}
    return Payload(path, file.media_type, data, file.suffix, {**file.meta, **levels})


def ixml_with_speed(texts: bytes, rate: Sequence[Any], time_reference: int) -> bytes:
    """An iXML document (empty bytes: a new one) with its SPEED set: frame rate and the first sample's time.

    ``rate``: frames, seconds (whole numbers of the fraction), and whether it counts drop-frame.
    """
    root = ET.fromstring(texts.rstrip(b"\0")) if texts else ET.Element("BWFXML")  # noqa: S314  # ours
    if not texts:
        ET.SubElement(root, "IXML_VERSION").text = "1.61"
    for old in root.findall("SPEED"):
        root.remove(old)
    speed = ET.SubElement(root, "SPEED")
    frames, seconds, is_drop_frame = rate
    fields = (
        ("MASTER_SPEED", f"{frames}/{seconds}"), ("CURRENT_SPEED", f"{frames}/{seconds}"),
        ("TIMECODE_RATE", f"{frames}/{seconds}"), ("TIMECODE_FLAG", "DF" if is_drop_frame else "NDF"),
        ("FILE_SAMPLE_RATE", str(FILM_RATE_HZ)), ("AUDIO_BIT_DEPTH", "24"),
        ("DIGITIZER_SAMPLE_RATE", str(FILM_RATE_HZ)),
        ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", str(time_reference >> 32)),
        ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", str(time_reference & 0xFFFF_FFFF)),
        ("TIMESTAMP_SAMPLE_RATE", str(FILM_RATE_HZ)),
    )  # fmt: skip
    for name, text in fields:
        ET.SubElement(speed, name).text = text
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
