"""Notes as other programs read them from exported files: mido, pretty_midi, music21, MuseScore.

Belongs here: reading a file and saying which notes are in it. Does not belong here: writing files, comparing songs.
Notes are counted as (start_ticks, duration_ticks, pitch); drums of MusicXML as (start, duration, staff place).
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from musicgen_assets.score.clock import ticks_played
from musicgen_assets.score.exports.drum_staff import drum_place
from musicgen_assets.score.exports.musicxml import part_name
from musicgen_assets.score.model import TICKS_PER_QUARTER, Skip, Track

Notes = Counter[tuple[int, int, Any]]
MUSESCORE = ("mscore3", "musescore3", "mscore", "musescore")


def expected_midi(tracks: Iterable[Track]) -> dict[str, Notes]:
    """Track name -> the notes that its MIDI file should hold."""
    return {track.name: Counter((row[0], row[1], row[2]) for row in track.notes) for track in tracks}


def expected_musicxml(tracks: Iterable[Track], skips: Sequence[Skip] = ()) -> dict[str, Notes]:
    """Printed part name -> the notes that its MusicXML part should hold; ticks of ``skips`` do not exist there."""
    found: dict[str, Notes] = {}
    for track in tracks:
        notes: Notes = Counter()
        for start, duration, pitch, _ in track.notes:
            begins, ends = ticks_played(start, skips), ticks_played(start + duration, skips)
            notes[begins, ends - begins, drum_height(pitch) if track.is_drums else pitch] += 1
        found[part_name(track)] = notes
    return found


def drum_height(key: int) -> str:
    """Where a drum stands, "C5 x"."""
    place = drum_place(key)
    return f"{place.step}{place.octave} {place.head}"


def mido_notes(data: bytes) -> dict[str, Notes]:
    """What mido reads from a MIDI file."""
    import mido

    found: dict[str, Notes] = {}
    for track in mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks[1:]:
        notes: Notes = Counter()
        sounding: dict[tuple[int, int], list[int]] = {}
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding.setdefault((message.channel, message.note), []).append(now)
            elif message.type in ("note_on", "note_off"):
                start = sounding[message.channel, message.note].pop(0)
                notes[start, now - start, message.note] += 1
        found[track.name] = notes
    return found


def pretty_midi_notes(data: bytes) -> dict[str, Notes]:
    """What pretty_midi reads from a MIDI file."""
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(io.BytesIO(data))
    return {
        instrument.name: Counter(
            (midi.time_to_tick(note.start), midi.time_to_tick(note.end) - midi.time_to_tick(note.start), note.pitch)
            for note in instrument.notes
        )
        for instrument in midi.instruments
    }


def music21_midi_notes(data: bytes) -> dict[str, Notes]:
    """What music21 reads from a MIDI file: its events paired to notes. (The step after, its streams, draws notes that
    begin a few ticks apart into chords, so that played ones are not alike any more.)
    """
    from music21 import midi

    file = midi.MidiFile()
    file.readstr(data)
    found: dict[str, Notes] = {}
    for track in file.tracks[1:]:
        events = midi.translate.getTimeForEvents(track)
        names: list[Any] = [one.data for one in track.events if one.type == midi.MetaEvents.SEQUENCE_TRACK_NAME]
        timed: list[Any] = midi.translate.getNotesFromEvents(events)
        found[names[0].decode("utf-8")] = Counter(
            (note.onTime, note.offTime - note.onTime, int(note.event.pitch)) for note in timed
        )
    return found


def music21_musicxml_notes(data: bytes) -> dict[str, Notes]:
    """What music21 reads from a MusicXML file, tied notes joined."""
    found: dict[str, Notes] = {}
    for part in music21_score(data).parts:  # one a staff: keyboards have two of one name
        found.setdefault(str(part.partName), Counter()).update(_rows(part))
    return found


def music21_score(data: bytes) -> Any:
    """A MusicXML file as a music21 stream."""
    from music21 import converter

    return _quietly(lambda: converter.parseData(data.decode("utf-8"), format="musicxml"))


def musescore_command() -> str | None:
    """MuseScore's program, if it is installed."""
    return next((found for name in MUSESCORE if (found := shutil.which(name))), None)


def musescore_round_trip(data: bytes) -> bytes:
    """MusicXML as MuseScore writes it after reading ``data``. Raises CalledProcessError or FileNotFoundError."""
    command = musescore_command()
    if command is None:
        raise FileNotFoundError("MuseScore is not installed")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.musicxml", Path(folder) / "out.musicxml"
        source.write_bytes(data)
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": folder}
        subprocess.run([command, "-o", str(target), str(source)], check=True, capture_output=True, env=env, timeout=300)
        return target.read_bytes()


def differences(wanted: Mapping[str, Notes], found: Mapping[str, Notes]) -> list[str]:
    """What is not alike, a line a track; empty where all notes are the same."""
    lines = []
    for name, notes in wanted.items():
        got = found.get(name, Counter())
        missing, extra = notes - got, got - notes
        if missing or extra:
            lines.append(
                f"{name}: {missing.total()} of {notes.total()} missing {list(missing)[:2]}, extra {list(extra)[:2]}"
            )
    return lines


def _quietly(read: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read()


def _rows(part: Any) -> list[tuple[int, int, Any]]:
    rows: list[tuple[int, int, Any]] = []
    open_ties: dict[tuple[Any, int], int] = {}
    for element in part.flatten().notes:
        if "Harmony" in element.classes:
            continue
        for note in element.notes if hasattr(element, "notes") else (element,):
            start = round(float(element.offset) * TICKS_PER_QUARTER)
            duration = round(float(element.duration.quarterLength) * TICKS_PER_QUARTER)
            height = _height(note)
            tie = note.tie.type if note.tie is not None else ""
            if tie in ("stop", "continue") and (height, start) in open_ties:
                place = open_ties.pop((height, start))
                rows[place] = (rows[place][0], rows[place][1] + duration, height)
            else:
                place = len(rows)
                rows.append((start, duration, height))
            if tie in ("start", "continue"):
                open_ties[height, start + duration] = place
    return rows


def _height(note: Any) -> Any:
    if hasattr(note, "pitch"):
        return int(note.pitch.midi)
    return f"{note.displayStep}{note.displayOctave} {note.notehead}"
