"""The video package: music that starts at once, a bed under speech, a visualizer where ffmpeg is, a certificate.

Belongs here: which files. Does not belong here: their sound (packages.video_audio), pictures (packages.video_picture)
and words (packages.certificate).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musicgen_assets.finalization.metadata import readable_json, sections
from musicgen_assets.finalization.packages.certificate import certificate_pdf, certificate_text, paste_line
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.packages.video_audio import STARTED_LU
from musicgen_assets.finalization.size import SizeFacts
from musicgen_assets.graph.job import Payload, Ref, Task

TUNES = ("lead", "counter", "vocal")
"""Roles that a voice would have to speak against."""
_AUDIO = "musicgen_assets.finalization.packages.video_audio"
_PICTURE = "musicgen_assets.finalization.packages.video_picture"
_VIDEO_BYTES_PER_S = 450_000.0


def make(delivery: Delivery) -> Sequence[File]:
    """Everything of the package; see the module."""
    from dsp.ffmpeg import has_ffmpeg

    bed, bed_notes = _bed(delivery)
    parts = sections(delivery.song.score)
    starts = [float(part["start_s"]) for part in parts if part["start_s"] <= delivery.duration_s / 2]
    opening = {"starts_s": starts, "tags": dict(delivery.tags)}
    tasks = [Task("video/music", f"{_AUDIO}:opening_file", opening, {"master": delivery.master}), bed]
    (music,), (carved,) = delivery.job.tasks(tasks)
    files: list[File] = [music, carved]
    notes = [*bed_notes, *_opening_notes(music)]
    if has_ffmpeg():
        shown = {"title": delivery.song.title, "start_s": float(music.meta["start_s"]),
                 "sections": [[part["name"], part["start_s"]] for part in parts]}  # fmt: skip
        task = Task("video/visualizer", f"{_PICTURE}:visualizer", shown, {"music": music})
        (seen,) = delivery.job.tasks([task])[0]
        if seen.media_type == "video/mp4":
            files.append(seen)
        else:
            notes.append(delivery.job.blob(seen).data.decode())
    else:
        notes.append("There is no visualizer.mp4: ffmpeg is not installed here.")
    return [*files, *_documents(delivery, music, carved, notes)]


def _bed(delivery: Delivery) -> tuple[Task, list[str]]:
    """The task of the bed, and what is to be said of it."""
    roles = {track.name: str(track.role) for track in delivery.song.tracks}
    stems = delivery.mix_stems
    kept = {name: ref for name, ref in stems.items() if roles.get(name, "chords") not in TUNES}
    notes = []
    if not kept:
        kept = stems
        notes.append("Every part of this song is a tune: the bed is the whole song, soft and carved.")
    inputs: dict[str, Any] = {
        "order": list(kept), "samples": round(delivery.duration_s * delivery.sample_rate_hz),
        "channels": int(delivery.song.measures["channels"]), "tone": delivery.master_plan["streaming"]["tone"],
        "tags": dict(delivery.tags),
    }  # fmt: skip
    return Task("video/bed", f"{_AUDIO}:bed_file", inputs, kept), notes


def _opening_notes(music: Ref) -> list[str]:
    start_s = float(music.meta["start_s"])
    notes = []
    if start_s:
        notes.append(
            f"music.wav leaves out the first {start_s:.2f} s of the song, which begins too softly for a video."
        )
    under = float(music.meta["integrated_lufs"]) - float(music.meta["first_second_lufs"])
    if under > STARTED_LU:
        notes.append(f"The music begins softly wherever it begins: its first second is {under:.1f} LU under the whole.")
    return notes


def _documents(delivery: Delivery, music: Ref, bed: Ref, notes: Sequence[str]) -> list[File]:
    song = delivery.song
    facts = {
        "title": song.title,
        "music": {name: music.meta[name] for name in ("start_s", "first_second_lufs", "integrated_lufs")},
        "bed": {name: bed.meta[name] for name in ("integrated_lufs", "true_peak_dbtp", "speech_band_db")},
        "description_line": paste_line(song),
        "notes": list(notes),
    }
    sha256 = delivery.master.sha256
    return [
        Payload("certificate.pdf", "application/pdf", certificate_pdf(song, sha256), ".pdf"),
        Payload("certificate.txt", "text/plain", certificate_text(song, sha256).encode(), ".txt"),
        Payload("description.txt", "text/plain", (paste_line(song) + "\n").encode(), ".txt"),
        Payload("video.json", "application/json", readable_json(facts), ".json"),
    ]


def estimate_bytes(facts: SizeFacts) -> float:
    """Two WAV files of the song's length and a video of it."""
    return facts.wav_bytes(2.0 * facts.duration_s) + _VIDEO_BYTES_PER_S * facts.duration_s + 300_000.0
