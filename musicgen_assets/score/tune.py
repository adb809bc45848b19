"""A tune that a person gives as a MIDI file: read, checked and brought to ticks of a score.

Belongs here: what a file must be to be one melody, and its notes. Does not belong here: what a song makes of it
(composition.given_melody), its key and chords (theory.harmonising), keeping files (resources.uploads).
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.score.model import DRUM_CHANNEL, TICKS_PER_QUARTER, NoteRow

MAX_BYTES = 1024 * 1024
MAX_EVENTS = 50_000
MAX_QUARTERS = 512
"""As far as a tune may reach: 128 bars of 4/4."""
NOTES_MIN, LOWEST, HIGHEST = 3, 36, 96
"""A tune has three notes at least, between C2 and C7."""
LEGATO_TICKS = 120
"""A note may sound into the next by so much, as legato does; it is cut there. More is two voices."""
MELODY_NAMES = ("melody", "vocal", "lead", "hook")
_WAY_OUT = "Export one monophonic part as a Standard MIDI File, 36 to 96 (C2 to C7), three notes or more."


@dataclass(frozen=True)
class Tune:
    """Notes by part, times in ticks of the file's own beginning at 480 a quarter. A file of one part calls it "melody".

    ``tempo_bpm`` and ``time_signature`` (the first ones) are None where the file does not say.
    """

    parts: dict[str, tuple[NoteRow, ...]]
    tempo_bpm: float | None = None
    time_signature: str | None = None

    @property
    def notes(self) -> tuple[NoteRow, ...]:
        """The tune itself: its only part, or the chorus's or the hook's."""
        names = [name for name in ("melody", "hook", "chorus", "drop") if name in self.parts]
        return self.parts[names[0] if names else next(iter(self.parts))]


def read_tune(data: bytes, name: str, field: str, part_names: Sequence[str] = ()) -> Tune:
    """The tune in a MIDI file. ``name`` is what people called it, ``field`` how they gave it.

    Parts called as one of ``part_names`` ("verse", "hook") are kept apart; else there must be one part, or one that is
    called melody. Raises BadInput: no MIDI file, too large or long, no such part, two notes at once, out of range.
    """
    if len(data) > MAX_BYTES:
        raise _refused(field, name, f"it has {len(data)} bytes, {MAX_BYTES} are allowed")
    file = _parsed(data, name, field)
    scale = TICKS_PER_QUARTER / file.ticks_per_beat
    found = {}
    for number, track in enumerate(file.tracks):
        rows = _rows(track, scale)
        if rows:
            found[_key(track.name) or f"part {number + 1}"] = rows
    chosen = {key: rows for key, rows in found.items() if key in part_names}
    if not chosen:
        chosen = {"melody": _only(found, name, field)}
    return Tune({key: _checked(rows, key, name, field) for key, rows in chosen.items()}, *_time(file))


def _parsed(data: bytes, name: str, field: str) -> Any:
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(data), charset="utf-8")
    except Exception as error:
        # A file that somebody made up can trip the parser anywhere: key signatures, counts, running status.
        raise _refused(field, name, f"it cannot be read as MIDI ({type(error).__name__}: {error})") from error
    if not 1 <= file.ticks_per_beat < 0x8000 or file.type == 2:
        raise _refused(field, name, "its time is not counted in quarters, or its tracks do not belong together")
    events = sum(len(track) for track in file.tracks)
    if events > MAX_EVENTS:
        raise _refused(field, name, f"it has {events} events, {MAX_EVENTS} are allowed")
    return file


def _rows(track: Any, scale: float) -> list[NoteRow]:
    """The notes of a track but for drums, by their start."""
    rows: list[NoteRow] = []
    sounding: dict[int, tuple[int, int]] = {}
    now = 0
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUM_CHANNEL:
            continue
        if message.note in sounding:
            start, velocity = sounding.pop(message.note)
            first, last = round(start * scale), round(now * scale)
            rows.append((first, max(last - first, 1), message.note, velocity))
        if message.type == "note_on" and message.velocity > 0:
            sounding[message.note] = now, message.velocity
    return sorted(rows)


def _only(found: dict[str, list[NoteRow]], name: str, field: str) -> list[NoteRow]:
    if len(found) == 1:
        return next(iter(found.values()))
    named = [rows for key, rows in found.items() if key in MELODY_NAMES]
    if len(named) == 1:
        return named[0]
    told = ", ".join(found) or "none"
    raise _refused(field, name, f"it has {len(found)} parts with pitched notes ({told}), and none alone is the melody")


def _checked(rows: list[NoteRow], part: str, name: str, field: str) -> tuple[NoteRow, ...]:
    if len(rows) < NOTES_MIN:
        raise _refused(field, name, f"{part} has {len(rows)} notes, a tune has {NOTES_MIN} at least")
    for row in rows:
        if not LOWEST <= row[2] <= HIGHEST:
            raise _refused(field, name, f"{part} has note {row[2]} at {_where(row)}, outside {LOWEST} to {HIGHEST}")
    end = max(row[0] + row[1] for row in rows)
    if end > MAX_QUARTERS * TICKS_PER_QUARTER:
        raise _refused(field, name, f"{part} ends at quarter {end // TICKS_PER_QUARTER}, {MAX_QUARTERS} are allowed")
    kept: list[NoteRow] = []
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        length = row[1]
        if after is not None and row[0] + length > after[0]:
            if after[0] - row[0] < LEGATO_TICKS // 4 or row[0] + length - after[0] > LEGATO_TICKS:
                raise _refused(
                    field, name, f"{part} has two notes at once at {_where(after)} ({row[2]} and {after[2]})"
                )
            length = after[0] - row[0]
        kept.append((row[0], length, row[2], row[3]))
    return tuple(kept)


def _time(file: Any) -> tuple[float | None, str | None]:
    """The first tempo and meter that any track states."""
    import mido

    tempos = [message for track in file.tracks for message in track if message.type == "set_tempo"]
    meters = [message for track in file.tracks for message in track if message.type == "time_signature"]
    tempo = round(mido.tempo2bpm(tempos[0].tempo), 2) if tempos and tempos[0].tempo else None
    return tempo, f"{meters[0].numerator}/{meters[0].denominator}" if meters else None


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _where(row: NoteRow) -> str:
    return f"quarter {row[0] / TICKS_PER_QUARTER:g}"


def _refused(field: str, name: str, rule: str) -> BadInput:
    return BadInput(field, name, rule, way_out=_WAY_OUT)
