"""Files that people give in an artifact's place: read, checked before anything else, and kept in the store by content.

Belongs here: from "melody=FILE" to a context path and its value. Does not belong here: what such a file must be
(score.tune, production.given_stem), what becomes of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

from musicgen_assets.composition.given_melody import PART_NAMES
from musicgen_assets.composition.heard_tune import tempo_of, written_down
from musicgen_assets.context.edits import StoredFile
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.limits import TEMPO_MAX_BPM, TEMPO_MIN_BPM
from musicgen_assets.context.schema import TimeSignature
from musicgen_assets.production import given_stem
from musicgen_assets.production.plan import VOCAL
from musicgen_assets.score import tune as tunes
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.tune import Tune, read_tune
from musicgen_assets.theory.harmonising import key_of, numerals_under
from resources.store import ArtifactStore

MELODY, STEMS = "edits.melody", "edits.stems"
REPLACE, MELODY_OPTION = "--replace", "--melody"
_MIDI = b"MThd"
_STEM = "stem:"
_CHORDS_MAX = 8
"""Bars of a tune that chords are found for; a longer one goes round them."""
_AUDIO = {".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg", ".ogg": "audio/ogg"}
_WAY_OUT = "Write melody=FILE.mid, vocals=FILE.wav or stem:TRACK=FILE.wav."


Reader = Callable[[str, str, int], bytes]
"""Reads the file that was called so, for an option or field, if it is no larger than so many bytes. Raises BadInput."""


def read_local(file: str, field: str, most_bytes: int) -> bytes:
    """A file of this machine, as a command line names it. Raises BadInput."""
    path, way_out = Path(file), "Name a readable file."
    try:
        if not path.is_file():
            raise BadInput(field, file, "there is no such file", way_out=way_out)
        size = path.stat().st_size
        if size > most_bytes:
            raise too_large(field, file, size, most_bytes)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(field, file, f"it cannot be read ({error.strerror})", way_out=way_out) from error


def too_large(field: str, file: str, size_bytes: int, most_bytes: int) -> BadInput:
    """That a file is larger than is allowed."""
    rule = f"it has {size_bytes} bytes, {most_bytes} are allowed"
    return BadInput(field, file, rule, way_out="Shorten it, or store it as FLAC.")


def replacements(
    store: ArtifactStore | None, asked: Sequence[str], read: Reader = read_local
) -> dict[str, Any]:  # fmt: skip
    """Context paths to values of ``asked`` ("melody=FILE", "stem:bass=FILE", "vocals=FILE").

    Every file is checked before any is kept in ``store``; None only checks, for a plan. Raises BadInput naming what is
    wrong with which.
    """
    found = [_replacement(text, read) for text in asked]
    return {path: _kept(store, data, name, media_type) for path, data, name, media_type in found}


def started_from(
    store: ArtifactStore, file: str, tempo_bpm: float | None = None, read: Reader = read_local
) -> dict[str, Any]:
    """What a composition that begins with the tune in ``file`` is set in, as context paths to values: the tune, its
    key, chords under it, and its tempo and meter where it states them. Raises BadInput.

    A recording of one voice or instrument alone is written down first, at ``tempo_bpm`` or the tempo that fits it best.
    """
    name, data = Path(file).name, read(file, MELODY_OPTION, given_stem.MAX_BYTES)
    if not data.startswith(_MIDI):
        data = _written_down(data, name, tempo_bpm)
    tune = read_tune(data, name, MELODY_OPTION, PART_NAMES)
    return {MELODY: _kept(store, data, name, "audio/midi"), **setting_of(tune)}


def setting_of(tune: Tune) -> dict[str, Any]:
    """Key, scale and chords that a tune asks for, and the tempo and meter that its file states, as context paths."""
    found: dict[str, Any] = {}
    meter = tune.time_signature if tune.time_signature in get_args(TimeSignature) else None
    if meter is not None:
        found["musical.time_signature"] = meter
    if tune.tempo_bpm is not None and TEMPO_MIN_BPM <= tune.tempo_bpm <= TEMPO_MAX_BPM:
        found["musical.tempo_bpm"] = tune.tempo_bpm
    tonic, scale = key_of(tune.notes)
    bar = ticks_per_bar(meter or "4/4")
    lead = tune.notes[0][0] // bar * bar
    rows = [(start - lead, length, pitch, velocity) for start, length, pitch, velocity in tune.notes]
    bars = next(size for size in (1, 2, 4, _CHORDS_MAX) if size * bar >= rows[-1][0] + 1 or size == _CHORDS_MAX)
    chords = numerals_under(rows, tonic, scale, bar, bars)
    return {**found, "musical.key": tonic, "musical.scale": scale, "musical.chord_progression": list(chords)}


def _written_down(data: bytes, name: str, tempo_bpm: float | None) -> bytes:
    """A recording of a tune as a MIDI file. Raises BadInput where no tune is heard in it."""
    from dsp.audiofile import decode
    from dsp.melody_tracking import heard_notes

    given_stem.check_stem(data, name, MELODY_OPTION)
    notes = heard_notes(*decode(data))
    if len(notes) < tunes.NOTES_MIN:
        raise BadInput(
            MELODY_OPTION, name, f"{len(notes)} notes are heard in it, a tune has {tunes.NOTES_MIN} at least",
            way_out="Sing or play one note at a time, near the microphone, without anything else sounding.",
        )  # fmt: skip
    return written_down(notes, tempo_bpm or tempo_of(notes))


def _replacement(text: str, read: Reader) -> tuple[str, bytes, str, str]:
    """(context path, bytes, file name, media type) of one "WHAT=FILE", checked."""
    what, separator, file = text.partition("=")
    path = Path(file)
    if not separator or not file:
        raise BadInput(REPLACE, text, "it must be WHAT=FILE", way_out=_WAY_OUT)
    if what == "melody":
        data = read(file, REPLACE, tunes.MAX_BYTES)
        read_tune(data, path.name, REPLACE, PART_NAMES)
        return MELODY, data, path.name, "audio/midi"
    track = VOCAL if what == "vocals" else what.removeprefix(_STEM) if what.startswith(_STEM) else ""
    if not track:
        raise BadInput(REPLACE, text, f"{what!r} cannot be replaced by a file", way_out=_WAY_OUT)
    data = read(file, REPLACE, given_stem.MAX_BYTES)
    given_stem.check_stem(data, path.name, REPLACE)
    return f"{STEMS}.{track}", data, path.name, _AUDIO.get(path.suffix.lower(), "application/octet-stream")


def _kept(store: ArtifactStore | None, data: bytes, name: str, media_type: str) -> dict[str, Any]:
    sha256, size_bytes = store.put(data) if store else (hashlib.sha256(data).hexdigest(), len(data))
    file = StoredFile(name=name[-200:], sha256=sha256, size_bytes=size_bytes, media_type=media_type)
    return file.model_dump(mode="json")
