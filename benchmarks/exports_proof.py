"""Songs of every deep style and every meter, exported and read back by other programs, note for note.

``python -m benchmarks.exports_proof [FOLDER]`` prints a table: for each song the notes of score.mid, of
score_quantized.mid and of score.musicxml, and how many of them mido, pretty_midi, music21 and MuseScore (where it is
installed) read otherwise. With FOLDER the files are left there. Exit code 1 where any note differs.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.read_back import (
    Notes,
    differences,
    expected_midi,
    expected_musicxml,
    mido_notes,
    musescore_command,
    musescore_round_trip,
    music21_midi_notes,
    music21_musicxml_notes,
    pretty_midi_notes,
)
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.finalization.exports import files_of
from musicgen_assets.score.exports.written import Swing, WrittenScore, written_score
from musicgen_assets.score.midi import score_to_midi

SONGS: tuple[tuple[str, str], ...] = (
    ("pop, sung", "4/4"), ("rock, sung", "4/4"), ("folk ballad, sung", "3/4"), ("jazz swing", "4/4"),
    ("bossa nova", "4/4"), ("funk", "4/4"), ("hip hop boom bap", "4/4"), ("house", "4/4"), ("synthwave", "4/4"),
    ("orchestral cinematic", "4/4"), ("solo piano", "3/4"), ("latin salsa", "4/4"), ("march", "2/4"),
    ("jazz", "5/4"), ("celtic jig", "6/8"), ("rock", "7/8"), ("blues", "12/8"),
)  # fmt: skip
DURATION_S = 40.0


@dataclass(frozen=True)
class Row:
    """One song's notes and the notes read otherwise, by reader."""

    name: str
    notes: int
    wrong: dict[str, list[str]]
    writing_s: float


def on_paper(song: WrittenSong) -> WrittenScore:
    """The song as the release writes it down."""
    tracks = merged_tracks(song.written, song.vocal.model_dump(mode="json"))
    swing = Swing(song.rhythm.swing, song.rhythm.sixteenth_swing)
    return written_score(song.written, tracks, song.vocal.syllables, swing)


def prove(style: str, meter: str, folder: Path | None = None) -> Row:
    """One song written, exported, read back."""
    prompt = f"{style.removesuffix(', sung')} song with vocals" if style.endswith("sung") else f"{style}, instrumental"
    song = write_song(prompt, 1, {"technical.duration_s": DURATION_S, "musical.time_signature": meter})
    began = time.process_time()
    paper = on_paper(song)
    files = {"score.mid": score_to_midi(song.score, song.tracks, song.vocal.syllables), **files_of(paper)}
    writing_s = time.process_time() - began
    if folder is not None:
        where = folder / f"{style.replace(', ', '_').replace(' ', '_')}_{meter.replace('/', '_')}"
        where.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (where / name).write_bytes(data)
    played, written = expected_midi(song.tracks), expected_midi(paper.tracks)
    wrong: dict[str, list[str]] = {}
    for reader, read in (("mido", mido_notes), ("pretty_midi", pretty_midi_notes), ("music21", music21_midi_notes)):
        wrong[f"played, {reader}"] = differences(played, read(files["score.mid"]))
        wrong[f"grid, {reader}"] = differences(written, read(files["score_quantized.mid"]))
    sheet = expected_musicxml(paper.tracks)
    wrong["xml, music21"] = differences(sheet, music21_musicxml_notes(files["score.musicxml"]))
    if musescore_command() is not None:
        there = musescore_round_trip(files["score.musicxml"])
        wrong["xml, MuseScore"] = differences(sheet, music21_musicxml_notes(there))
    return Row(f"{style} {meter}", total(played), wrong, writing_s)


def total(tracks: dict[str, Notes]) -> int:
    """Notes of all tracks."""
    return sum(notes.total() for notes in tracks.values())


def main() -> int:
    """See the module."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if musescore_command() is None:
        print("MuseScore is not installed: its round trip is left out.", file=sys.stderr)
    rows = []
    for style, meter in SONGS:
        row = prove(style, meter, folder)
        rows.append(row)
        readers = " | ".join(str(len(lines)) for lines in row.wrong.values())
        if len(rows) == 1:
            print(f"| song | notes | {' | '.join(row.wrong)} | writing s |")
            print("|---" * (len(row.wrong) + 3) + "|")
        print(f"| {row.name} | {row.notes} | {readers} | {row.writing_s:.2f} |", flush=True)
        for reader, lines in row.wrong.items():
            for line in lines:
                print(f"{row.name}, {reader}: {line}", file=sys.stderr)
    return int(any(lines for row in rows for lines in row.wrong.values()))


if __name__ == "__main__":
    sys.exit(main())
