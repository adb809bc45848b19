"""Scores and materials as Standard MIDI Files, and back.

Belongs here: writing type 1 files (480 ticks a quarter) with tempo, meter, key, markers, track names,
programs and lyrics, and reading notes back. Does not belong here: what the notes are.

Writing is done on bytes directly: a ten-minute song has tens of thousands of events, for which building
one mido message each takes longer than composing them. Reading uses mido. Equal inputs give equal bytes.
Format: Standard MIDI Files 1.0 (MIDI Manufacturers Association, RP-001); lyrics as in RP-017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from musicgen_assets.score.clock import beat_ticks, cut_meter, meter, ticks_per_bar, ticks_played
from musicgen_assets.score.model import (
    TICKS_PER_QUARTER,
    NoteArray,
    Score,
    Section,
    Syllable,
    Track,
    note_array,
)

MINOR_SCALES = ("minor", "dorian", "phrygian")
VOCAL_TRACKS = ("vocal", "melody")
"""Where lyric events go: the first of these tracks that is there."""

_FIFTHS = {
    "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F#": 6, "C#": 7,
    "F": -1, "Bb": -2, "Eb": -3, "Ab": -4, "Db": -5, "Gb": -6, "D#": -3, "G#": -4, "A#": -2,
}  # fmt: skip
"""Sharps (positive) of each major key; tonics without a major signature take their enharmonic twin's."""

_OFF, _LYRIC, _ON = 0, 1, 2
_Event = tuple[int, int, bytes]


def score_to_midi(
    score: Score, tracks: Sequence[Track] | None = None, syllables: Sequence[Syllable] = (), remark: str = ""
) -> bytes:
    """The score as a type 1 file: a conductor track, then one track a part.

    ``tracks`` replaces ``score.tracks`` (a sung line and its mutes); ``syllables`` default to the score's;
    ``remark`` is a text event at the start.
    A file has room for major and minor keys only, so a mode is written as its tonic's major or minor.
    """
    parts = score.tracks if tracks is None else tuple(tracks)
    words = tuple(syllables) or score.syllables
    carrier = next((name for name in VOCAL_TRACKS if any(track.name == name for track in parts)), "")
    conductor = _conductor(score.title, score.tempo_bpm, score.time_signature, score.key, score.scale, score.sections)
    if remark:
        conductor.append((0, 5, _text(0x01, remark)))
    chunks = [_conducted(score, conductor)]
    for track in parts:
        events = _part(track.name, track.array(), track.program, track.channel) + _controls(track)
        if track.name == carrier:
            events += _lyrics(words)
        chunks.append(_chunk(_in_file(events, score), ticks_played(score.end_ticks, score.skips)))
    return _file(chunks)


def material_to_midi(
    tracks: Mapping[str, tuple[NoteArray, int, int]],
    *,
    tempo_bpm: float,
    time_signature: str,
    key: str,
    scale: str,
    title: str = "",
) -> bytes:
    """Parts (name -> notes, program, channel) as a type 1 file; what composition stages show as a twin."""
    chunks = [_chunk(_conductor(title, tempo_bpm, time_signature, key, scale, ()), 0)]
    chunks += [_chunk(_part(name, notes, program, channel), 0) for name, (notes, program, channel) in tracks.items()]
    return _file(chunks)


def read_midi(data: bytes) -> dict[str, NoteArray]:
    """Track name -> notes of every track that has a name and a program or notes, in file order.

    Ticks are as in the file. Raises OSError, EOFError or ValueError (mido's) where ``data`` is no MIDI file.
    """
    import io

    import mido

    found: dict[str, NoteArray] = {}
    for track in mido.MidiFile(file=io.BytesIO(data), charset="utf-8").tracks:
        rows: list[tuple[int, int, int, int]] = []
        sounding: dict[int, list[tuple[int, int]]] = {}
        now, is_part = 0, False
        for message in track:
            now += message.time
            is_part = is_part or message.type in ("program_change", "note_on")
            if message.type == "note_on" and message.velocity > 0:
                sounding.setdefault(message.note, []).append((now, message.velocity))
            elif message.type in ("note_off", "note_on") and sounding.get(message.note):
                start, velocity = sounding[message.note].pop(0)
                rows.append((start, now - start, message.note, velocity))
        if is_part:
            found[track.name] = note_array(rows)
    return found


def key_signature(key: str, scale: str) -> tuple[int, bool]:
    """(sharps, is minor): sharps from -7 to 7, flats negative. D minor gives (-1, True)."""
    is_minor = scale in MINOR_SCALES
    fifths = _FIFTHS[key] - (3 if is_minor else 0)
    if fifths < -7:
        fifths += 12
    return fifths, is_minor


def _conductor(
    title: str, tempo_bpm: float, time_signature: str, key: str, scale: str, sections: Sequence[Section]
) -> list[_Event]:
    fifths, is_minor = key_signature(key, scale)
    events: list[_Event] = [
        (0, 0, _text(0x03, title)),
        (0, 1, _tempo(tempo_bpm)),
        (0, 2, _own_meter(time_signature)),
        (0, 3, bytes((0xFF, 0x59, 2, fifths % 256, int(is_minor)))),
    ]
    return events + [(section.start_ticks, 4, _text(0x06, section.name)) for section in sections]


def _conducted(score: Score, events: list[_Event]) -> bytes:
    """The conductor's track; a tempo map replaces its tempo, and a bar that is cut short gets a meter of its own."""
    if score.tempo_map:
        events = [event for event in events if event[2][:2] != b"\xff\x51"]
        events += [(change.start_ticks, 1, _tempo(change.tempo_bpm)) for change in score.tempo_map]
    bar = ticks_per_bar(score.time_signature)
    for skip in score.skips:
        line = skip.start_ticks // bar * bar
        cut = cut_meter(bar - (skip.end_ticks - skip.start_ticks), score.time_signature)
        events += [(line, 2, _meter(cut, score.time_signature)), (line + bar, 2, _own_meter(score.time_signature))]
    return _chunk(_in_file(events, score), ticks_played(score.end_ticks, score.skips))


def _in_file(events: list[_Event], score: Score) -> list[_Event]:
    """Events at the ticks of a file, where those that are not played do not exist."""
    if not score.skips:
        return events
    return [(ticks_played(tick, score.skips), order, data) for tick, order, data in events]


def _controls(track: Track) -> list[_Event]:
    """Controllers and pitch bends; at one tick after notes that end and before notes that begin."""
    events: list[_Event] = [
        (tick, _LYRIC, bytes((0xB0 | track.channel, number, value))) for tick, number, value in track.controllers
    ]
    for tick, bend in track.bends:
        value = min(max(bend + 8192, 0), 16_383)
        events.append((tick, _LYRIC, bytes((0xE0 | track.channel, value & 0x7F, value >> 7))))
    return events


def _tempo(tempo_bpm: float) -> bytes:
    return b"\xff\x51\x03" + round(60_000_000 / tempo_bpm).to_bytes(3, "big")


def _own_meter(time_signature: str) -> bytes:
    return _meter(time_signature, time_signature)


def _meter(of_bar: str, of_song: str) -> bytes:
    """A meter whose metronome goes on clicking the song's own beat: 24 MIDI clocks a quarter."""
    numerator, denominator = meter(of_bar)
    clocks = beat_ticks(of_song) * 24 // TICKS_PER_QUARTER
    return bytes((0xFF, 0x58, 4, numerator, denominator.bit_length() - 1, clocks, 8))


def _part(name: str, notes: NoteArray, program: int, channel: int) -> list[_Event]:
    events: list[_Event] = [(0, -2, _text(0x03, name)), (0, -1, bytes((0xC0 | channel, program)))]
    starts = np.maximum(notes[:, 0], 0)
    ends = np.maximum(notes[:, 0] + notes[:, 1], starts + 1)
    rows = zip(starts.tolist(), ends.tolist(), notes[:, 2].tolist(), notes[:, 3].tolist(), strict=True)
    for start, end, pitch, velocity in rows:
        events.append((start, _ON, bytes((0x90 | channel, pitch, velocity))))
        events.append((end, _OFF, bytes((0x80 | channel, pitch, 0))))
    return events


def _lyrics(syllables: Sequence[Syllable]) -> list[_Event]:
    """A hyphen joins syllables of a word, a space ends a word, a carriage return ends a line (RP-017)."""
    events: list[_Event] = []
    for syllable, following in pairwise((*syllables, None)):
        if syllable is None:
            continue
        is_line_end = following is None or (following.section, following.line) != (
            syllable.section,
            syllable.line,
        )
        joint = "\r" if is_line_end else " " if syllable.is_word_end else "-"
        events.append((syllable.start_ticks, _LYRIC, _text(0x05, syllable.text + joint)))
    return events


def _text(kind: int, text: str) -> bytes:
    data = text.encode("utf-8")
    return bytes((0xFF, kind)) + _variable(len(data)) + data


def _variable(value: int) -> bytes:
    """A variable-length quantity: seven bits a byte, high bit set on all but the last."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(0x80 | (value & 0x7F))
    return bytes(reversed(groups))


def _chunk(events: list[_Event], end_ticks: int) -> bytes:
    body = bytearray()
    now = 0
    for tick, _, data in sorted(events):
        body += _variable(tick - now)
        body += data
        now = tick
    body += _variable(max(end_ticks - now, 0)) + b"\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def _file(chunks: Sequence[bytes]) -> bytes:
    head = b"MThd" + (6).to_bytes(4, "big")
    fields = (1, len(chunks), TICKS_PER_QUARTER)
    return head + b"".join(field.to_bytes(2, "big") for field in fields) + b"".join(chunks)
