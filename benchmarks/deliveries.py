"""Do the files of a release open elsewhere, and do they say there what we wrote? A table, file by reader.

``python -m benchmarks.deliveries FOLDER`` reads a release with ffprobe, mutagen, libsndfile, music21, a ZIP reader and
the published DAWproject schema. It fails (exit 1) where a reader refuses a file, or reads other facts than the release
states. Readers that are not installed are named, and their rows left out.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[1] / "tests" / "data" / "dawproject"
AUDIO = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a")
SOUNDFILE_READS = (".wav", ".flac", ".mp3", ".ogg", ".opus")
LOSSY_TOLERANCE_S = 0.05
MASTERS = "master"


@dataclass(frozen=True)
class Reading:
    """What one reader said of one file. ``fault`` is empty where it is what it should be."""

    path: str
    reader: str
    told: str
    fault: str = ""


def ffprobe(path: Path) -> dict[str, Any]:
    """Streams and format as ffprobe reports them."""
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr.strip():
        raise ValueError(done.stderr.strip() or f"exit {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def by_ffprobe(path: Path, facts: dict[str, Any]) -> str:
    """Codec, rate, length and title; the master's length and title are the release's."""
    found = ffprobe(path)
    stream = next((row for row in found["streams"] if row["codec_type"] == "audio"), found["streams"][0])
    length_s = float(found["format"]["duration"])
    texts = {**stream.get("tags", {}), **found["format"].get("tags", {})}
    title = next((value for name, value in texts.items() if name.lower() == "title"), "")
    if path.name.startswith(f"{MASTERS}."):
        _equal("length", abs(length_s - facts["duration_s"]) <= LOSSY_TOLERANCE_S, length_s, facts["duration_s"])
        _equal("title", title == facts["title"], title, facts["title"])
    return f"{stream['codec_name']} {stream.get('sample_rate', '')} Hz, {length_s:.3f} s, title {title!r}"


def by_soundfile(path: Path, facts: dict[str, Any]) -> str:
    """Decoded to the end; the master has the release's rate and length."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if path.name.startswith(f"{MASTERS}.") and path.suffix in (".wav", ".flac"):
        _equal("rate", rate == facts["sample_rate_hz"], rate, facts["sample_rate_hz"])
        wanted = round(facts["duration_s"] * rate)
        _equal("samples", samples.shape[0] == wanted, samples.shape[0], wanted)
    return f"{soundfile.info(path).subtype}, {rate} Hz, {samples.shape[1]} ch, {samples.shape[0]} samples"


def by_mutagen(path: Path, facts: dict[str, Any]) -> str:
    """Tags: title, AI mark, seed, context and cover, as the release states them."""
    import mutagen

    audio: Any = mutagen.File(path)  # type: ignore[attr-defined]
    tags = _plain_tags(audio)
    if path.name.startswith(f"{MASTERS}."):
        wanted = {"title": facts["title"], "comment": "AI-generated", "seed": str(facts["seed"]),
                  "context_sha256": facts["context_sha256"], "license": facts["licence"]}  # fmt: skip
        for name, value in wanted.items():
            _equal(name, tags.get(name) == value, tags.get(name), value)
        if path.suffix != ".wav":
            _equal("cover", tags["cover_bytes"] > 0, tags["cover_bytes"], "a JPEG")
        if facts["lyrics"]:
            _equal("words", bool(tags.get("lyrics")), tags.get("lyrics"), "the words")
        if facts["lyrics"] and path.suffix in (".mp3", ".wav"):
            _equal("timed lines", tags["timed_lines"] == len(facts["lyrics"]), tags["timed_lines"], "one a line")
    _equal("AI mark", tags.get("comment") == "AI-generated", tags.get("comment"), "AI-generated")
    return f"title {tags.get('title')!r}, seed {tags.get('seed')}, cover {tags['cover_bytes']} bytes"


def _plain_tags(audio: Any) -> dict[str, Any]:
    """ID3, Vorbis comments and MP4 atoms under one set of names."""
    found: dict[str, Any] = {"cover_bytes": 0, "timed_lines": 0}
    for name, value in (audio.tags or {}).items():
        short = name.split(":")[-1] if name.startswith(("TXXX:", "----:")) else name.split(":")[0]
        short = {"TIT2": "title", "\xa9nam": "title", "COMM": "comment", "\xa9cmt": "comment", "USLT": "lyrics",
                 "\xa9lyr": "lyrics"}.get(short, short).lower()  # fmt: skip
        if short == "apic":
            found["cover_bytes"] = len(value.data)
        elif short == "covr":
            found["cover_bytes"] = len(value[0])
        elif short == "metadata_block_picture":
            found["cover_bytes"] = len(value[0]) * 3 // 4
        elif short == "sylt":
            found["timed_lines"] = len(value.text)
        else:
            first = value[0] if isinstance(value, list) else value
            found[short] = first.decode() if isinstance(first, bytes) else str(first)
    if getattr(audio, "pictures", None):
        found["cover_bytes"] = len(audio.pictures[0].data)
    return found


def by_music21(path: Path, facts: dict[str, Any]) -> str:
    """Scores and MIDI files, parsed."""
    import music21

    score = music21.converter.parse(path)
    parts, notes = len(score.parts), len(list(score.flatten().notes))
    _equal("notes", notes > 0, notes, "some")
    del facts
    return f"{parts} parts, {notes} notes and chords"


def by_schema(path: Path, facts: dict[str, Any]) -> str:
    """A DAWproject: an archive whose documents keep to the published schema and whose files are there."""
    import xmlschema

    with zipfile.ZipFile(path) as archive:
        broken = archive.testzip()
        _equal("members", broken is None, broken, "whole")
        project = archive.read("project.xml").decode()
        xmlschema.XMLSchema(SCHEMAS / "Project.xsd").validate(project)
        xmlschema.XMLSchema(SCHEMAS / "MetaData.xsd").validate(archive.read("metadata.xml").decode())
        names = archive.namelist()
    _equal("title", facts["title"] != "", facts["title"], "a title")
    tracks, notes, audio = (project.count(f"<{kind} ") for kind in ("Track", "Note", "Audio"))
    return f"schema holds; {tracks} tracks, {notes} notes, {audio} sounds, {len(names)} files"


def by_pillow(path: Path, facts: dict[str, Any]) -> str:
    """Pictures, decoded."""
    from PIL import Image

    del facts
    with Image.open(path) as image:
        image.load()
        return f"{image.format} {image.size[0]} x {image.size[1]}"


def _equal(what: str, is_equal: bool, found: object, wanted: object) -> None:
    if not is_equal:
        raise ValueError(f"{what}: read {found!r}, wanted {wanted!r}")


READERS: dict[str, tuple[tuple[str, ...], Callable[[Path, dict[str, Any]], str], str]] = {
    "ffprobe": ((*AUDIO, ".mp4"), by_ffprobe, "ffprobe"),
    "soundfile": (SOUNDFILE_READS, by_soundfile, "soundfile"),
    "mutagen": (AUDIO, by_mutagen, "mutagen"),
    "music21": ((".mid", ".musicxml"), by_music21, "music21"),
    "xmlschema": ((".dawproject",), by_schema, "xmlschema"),
    "pillow": ((".jpg", ".png"), by_pillow, "PIL"),
}
"""Reader to the endings it is asked about, its function, and the program or module that it needs."""


def is_there(needed: str) -> bool:
    """Whether a reader is installed."""
    return shutil.which(needed) is not None or importlib.util.find_spec(needed) is not None


def readings(folder: Path) -> Iterator[Reading]:
    """Every file of the release by every reader that is there and knows its kind."""
    facts = json.loads((folder / "metadata.json").read_text())
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = str(path.relative_to(folder))
        for reader, (endings, read, needed) in READERS.items():
            if path.suffix not in endings or not is_there(needed):
                continue
            # Stems are stored as mixing made them, without tags.
            if reader == "mutagen" and name.startswith("stems/"):
                continue
            try:
                yield Reading(name, reader, read(path, facts))
            except Exception as error:  # noqa: BLE001  # a reader may fail in its own way: that it does is what is looked for
                yield Reading(name, reader, "", f"{type(error).__name__}: {str(error)[:160]}")


def main(arguments: list[str]) -> int:
    """Print the table; 0 where every reader read what was written."""
    if len(arguments) != 1:
        print("python -m benchmarks.deliveries FOLDER")
        return 2
    faults = total = 0
    print("| file | reader | read back |\n|---|---|---|")
    for reading in readings(Path(arguments[0])):
        total += 1
        faults += bool(reading.fault)
        print(f"| {reading.path} | {reading.reader} | {reading.told or '**' + reading.fault + '**'} |")
    absent = [reader for reader, (_, _, needed) in READERS.items() if not is_there(needed)]
    print(f"\n{total - faults} of {total} readings are as written; not installed: {', '.join(absent) or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
