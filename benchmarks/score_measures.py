"""What a written song really does, read from its notes: key, bars, who plays, who is silent, what happens when.

Belongs here: measures of one song that know nothing of how it was composed. Does not belong here: what was asked for
(understood).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mido

from benchmarks.written import WrittenSong
from musicgen_assets.arrangement.band import seat_band
from musicgen_assets.context.schema import Instrument
from musicgen_assets.ideation.wording.language import prompt_language
from musicgen_assets.ideation.wording.text import read_prompt
from musicgen_assets.mastering.key_by_score import written_classes
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, Score, Track
from musicgen_assets.styles.loader import blend
from musicgen_assets.theory.pitch import pitch_class
from musicgen_assets.theory.scales import scale_pitch_classes

FRAME_S = 1.0 / 24.0
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_STOP_WINDOW_S = (0.06, 0.3)
"""Silence of a stop is looked for that long after it."""
_HIT_SHARE = 0.5
_FINAL_WINDOW_TICKS = 480
_DRUM_S = 0.05
_FAR_S = 99.0

PROGRAMS: Mapping[str, frozenset[int]] = {
    "piano": frozenset({0, 1, 2, 3, 4, 5}), "harpsichord": frozenset({6}), "clavinet": frozenset({7}),
    "music box": frozenset({10}), "organ": frozenset(range(16, 21)), "accordion": frozenset({21, 23}),
    "harmonica": frozenset({22}), "guitar": frozenset(range(24, 32)), "nylon guitar": frozenset({24}),
    "ukulele": frozenset({24}), "distorted guitar": frozenset({29, 30}), "upright bass": frozenset({32, 43}),
    "slap bass": frozenset({36, 37}), "synth bass": frozenset({38, 39}), "violin": frozenset({40}),
    "fiddle": frozenset({110, 40}), "cello": frozenset({42}),
    "strings": frozenset({40, 41, 42, 44, 45, 48, 49, 50, 51}),
    "harp": frozenset({46}), "trumpet": frozenset({56, 59}), "brass": frozenset({56, 57, 58, 59, 60, 61, 62, 63}),
    "saxophone": frozenset({64, 65, 66, 67}), "flute": frozenset({73}), "tin whistle": frozenset({78, 72}),
    "synth": frozenset({*range(80, 104), 38, 39}),
}  # fmt: skip
"""General MIDI programs (from 0) that are the instrument; "drums", "percussion" and "bass" go by role."""


@dataclass(frozen=True)
class KeyFound:
    """``final``: the lowest note at the very end. ``in_scale``: share of sounding time on the asked scale.
    ``mode``: whose third sounds more, major's or minor's.
    """

    final: str
    is_home: bool
    in_scale: float
    mode: str


def key_of(score: Score, tonic: str, scale: str) -> KeyFound:
    """How the score stands to a key; a lifted last chorus counts as in the key it was lifted from."""
    home = score.model_copy(update={"tracks": tuple(_at_home(track, score) for track in score.tracks)})
    classes = written_classes(home)
    root = pitch_class(tonic)
    final = _final_class(home)
    mode = "major" if classes[(root + 4) % 12] > classes[(root + 3) % 12] else "minor"
    in_scale = float(classes[list(scale_pitch_classes(tonic, scale))].sum())
    return KeyFound(_NAMES[final], final == root, in_scale, mode)


def _at_home(track: Track, score: Score) -> Track:
    """The track with every section's lift taken back."""
    if track.is_drums:
        return track
    moved = []
    for start, duration, pitch, velocity in track.notes:
        lift = next((s.transpose for s in score.sections if s.start_ticks <= start + 60 < s.end_ticks), None)
        lift = score.sections[-1].transpose if lift is None else lift
        moved.append((start, duration, pitch - lift, velocity))
    return track.model_copy(update={"notes": tuple(moved)})


def _final_class(score: Score) -> int:
    """Pitch class of the lowest note that sounds at the very end."""
    notes = [note for track in score.tracks if not track.is_drums for note in track.notes]
    end = max(start + duration for start, duration, _, _ in notes)
    return min(pitch for start, duration, pitch, _ in notes if start + duration >= end - _FINAL_WINDOW_TICKS) % 12


def are_bars_whole(score: Score, time_signature: str) -> bool:
    """Whether sections are whole bars of the meter and chords change on its beats' grid."""
    bar = ticks_per_bar(time_signature)
    is_even = all(s.start_ticks % bar == 0 and s.end_ticks - s.start_ticks == s.bars * bar for s in score.sections)
    on_bars = sum(chord.start_ticks % bar == 0 for chord in score.chords)
    return score.time_signature == time_signature and is_even and on_bars >= len(score.chords) / 2


@dataclass(frozen=True)
class Heard:
    """A song as its MIDI file plays it: each track's notes as (start s, end s), and when sections begin."""

    tracks: tuple[tuple[tuple[float, float], ...], ...]
    sections_s: tuple[float, ...]


def heard_of(score: Score) -> Heard:
    """Times as any player has them: from the file's own tempo map. Drums sound for a moment, whatever is written."""
    file = mido.MidiFile(file=io.BytesIO(score_to_midi(score)))
    changes = [(0, 500_000)]
    for tick, message in _timed(file.tracks[0]):
        if message.type == "set_tempo":
            changes.append((tick, message.tempo))

    def seconds_at(tick: int) -> float:
        total = 0.0
        for (start, tempo), (end, _) in pairwise([*changes, (1 << 60, 0)]):
            if tick > start:
                total += (min(tick, end) - start) * tempo / 1e6 / file.ticks_per_beat
        return total

    tracks = [tuple(_spans(track, seconds_at)) for track in file.tracks]
    marks = [seconds_at(tick) for track in file.tracks for tick, message in _timed(track) if message.type == "marker"]
    return Heard(tuple(track for track in tracks if track), tuple(sorted(marks)))


def _timed(track: Any) -> Iterator[tuple[int, Any]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _spans(track: Any, seconds_at: Callable[[int], float]) -> Iterator[tuple[float, float]]:
    held: dict[int, int] = {}
    for tick, message in _timed(track):
        if message.type == "note_on" and message.velocity > 0:
            if message.channel == DRUM_CHANNEL:
                yield seconds_at(tick), seconds_at(tick) + _DRUM_S
            else:
                held[message.note] = tick
        elif message.type in ("note_off", "note_on") and message.note in held:
            yield seconds_at(held.pop(message.note)), seconds_at(tick)


def last_sound_s(score: Score) -> float:
    """When the last note ends."""
    return max(end for track in heard_of(score).tracks for _, end in track)


def is_instrument(item: Instrument | Track, name: str) -> bool:
    """Whether a player or a track is what ``name`` says."""
    if name == "drums":
        return item.role in ("drums", "percussion")
    if name in ("percussion", "bass"):
        return item.role == name
    return item.role not in ("drums", "percussion") and item.program in PROGRAMS[name]


def playing_share(song: WrittenSong, name: str) -> float:
    """Bars with the instrument's notes over the bars of those sections whose energy lets it enter; 0 if absent.

    Several such tracks count together. A melody that a voice takes over counts as played: it is that instrument
    that carries the voice's line as long as there is no voice.
    """
    musical = song.context.musical
    seats = seat_band(
        musical.instruments,
        blend(musical.genres),
        musical.excluded_roles,
        needs_melody=song.context.creative.has_vocals,
    )
    chosen = [track for track in song.tracks if is_instrument(track, name)]
    if not chosen:
        return 0.0
    names = {track.name for track in chosen}
    entry = min((seat.from_energy for seat in seats if seat.name in names), default=0.0)
    bar = ticks_per_bar(song.score.time_signature)
    wanted = [
        number
        for section in song.score.sections
        if section.energy >= entry
        for number in range(section.start_bar, section.start_bar + section.bars)
    ]
    sounding: set[int] = set()
    for track in chosen:
        for start, duration, _, _ in track.notes:
            sounding.update(range(max(start + 60, 0) // bar, max(start + duration - 61, start + 60) // bar + 1))
    return sum(number in sounding for number in wanted) / len(wanted) if wanted else 0.0


def heard(song: WrittenSong, name: str) -> str:
    """Names of tracks with notes that are the instrument, the voice's line aside."""
    return ", ".join(
        track.name
        for track in song.score.tracks
        if track.notes and track.role != "vocal" and is_instrument(track, name)
    )


def language_of(lines: Sequence[str]) -> str:
    """The language that words read as; "" without words."""
    return prompt_language(read_prompt(" ".join(lines))) if lines else ""


def hit_error_s(score: Score, kind: str, at_s: float) -> float:
    """How far the score is from meeting a hit point, in seconds: nearest fitting event, or much where none is."""
    song = heard_of(score)
    if kind in ("change", "drop"):
        return min(abs(start - at_s) for start in song.sections_s)
    if kind == "hit":
        nearest = sorted(min(abs(start - at_s) for start, _ in track) for track in song.tracks)
        return nearest[int(len(nearest) * _HIT_SHARE)]
    return _silence_error_s(song, at_s)


def _silence_error_s(song: Heard, at_s: float) -> float:
    """How long after (or before) the moment the last note before the silence ends."""
    low, high = at_s + _STOP_WINDOW_S[0], at_s + _STOP_WINDOW_S[1]
    spans = [span for track in song.tracks for span in track]
    if any(start < high and end > low for start, end in spans):
        return _FAR_S
    return max(max((end for _, end in spans if end <= low), default=_FAR_S) - at_s, 0.0)
