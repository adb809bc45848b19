"""Harmony and melody of whole written songs, rule by rule: every style, several seeds, one table.

``python -m benchmarks.tonal_rules [SEEDS] [STYLE ...]`` prints it. Odd seeds are instrumental, even ones sung.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.ranges import range_of
from musicgen_assets.composition.melody_hook import hook_statements, refrain_likeness, section_likeness
from musicgen_assets.composition.melody_measures import bar_compression, clash_share, consonant_share, resolved_share
from musicgen_assets.context.schema import HOOK_KINDS
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import ChordSpan, NoteRow, Section
from musicgen_assets.styles.loader import blend, style_names
from musicgen_assets.theory.scales import scale_pitch_classes
from musicgen_assets.theory.voice_leading import hidden_perfects, mean_movement, parallel_perfects

DURATION_S = 120.0
_STRUM_TICKS = 130
"""Notes of one chord within this time after its first are one voicing."""


def song_line(song: WrittenSong) -> list[NoteRow]:
    """The song's melody as it is heard: the voice, and the melody's player where the voice is silent."""
    return sorted(row for track in song.tracks if track.name in ("melody", "vocal") for row in track.notes)


def section_rows(rows: Sequence[NoteRow], section: Section) -> list[NoteRow]:
    """The section's notes from its own start, transposed back where it is lifted; a sixteenth early belongs to it."""
    early = 60
    return [
        (start - section.start_ticks, duration, pitch - section.transpose, velocity)
        for start, duration, pitch, velocity in rows
        if section.start_ticks - early <= start < section.end_ticks - early
    ]


def measure_song(song: WrittenSong) -> dict[str, float]:
    """Every rule's number for one song; nan where a song has nothing to measure."""
    return {**melody_numbers(song), **harmony_numbers(song), **voice_leading_numbers(song)}


def melody_numbers(song: WrittenSong) -> dict[str, float]:
    """Hook, contrast, repetition and consonance of the line that is heard."""
    bar, line = ticks_per_bar(song.score.time_signature), song_line(song)
    hooks = [section for section in song.score.sections if section.kind in HOOK_KINDS]
    verses = [section for section in song.score.sections if section.kind == "verse"]
    rows = [section_rows(line, section) for section in hooks]
    hook = song.melody.hook.notes
    counts = [
        len(hook_statements(own, hook)) / min(1.0, section.bars / 8.0) for own, section in zip(rows, hooks, strict=True)
    ]
    stated = hook_statements(line, hook)
    shifts = (0, -1, 1, -2, 2)
    verse_rows = [section_rows(line, section) for section in verses]
    scale = scale_pitch_classes(song.score.key, song.score.scale)
    plain = [row for section in song.score.sections if not section.transpose for row in line
             if section.start_ticks <= row[0] < section.end_ticks]  # fmt: skip
    return {
        "hook_notes": float(len(hook)),
        "hook_bars": float(song.melody.hook.bars),
        "heard_at": stated[0].start_ticks / song.score.end_ticks if stated else 1.0,
        "per_chorus": min(counts, default=np.nan),
        "choruses_alike": refrain_likeness(rows[0], hooks[0].bars, rows[-1], hooks[-1].bars, bar)
        if len(rows) > 1
        else np.nan,
        "verse_like_chorus": max((section_likeness(rows[0], own, bar, shifts) for own in verse_rows), default=np.nan)
        if rows
        else np.nan,
        "chorus_above": _mean_pitch(rows) - _mean_pitch(verse_rows) if rows and verse_rows else np.nan,
        "compression": bar_compression(line, bar, np.random.default_rng(1)),
        "consonant": consonant_share(plain, song.score.chords, song.score.time_signature),
        "resolved": resolved_share(plain, song.score.chords),
        "outside": clash_share(plain, song.score.chords, scale),
        "steps": float(np.mean([abs(b[2] - a[2]) <= 2 for a, b in pairwise(line)])) if len(line) > 1 else np.nan,
        "range": float(max(row[2] for row in line) - min(row[2] for row in line)) if line else np.nan,
    }


def harmony_numbers(song: WrittenSong) -> dict[str, float]:
    """Shares of chords by what they are, and how sections differ; of the composed loops."""
    loops = song.harmony.sections
    chords = [span for kind in ("verse", "pre_chorus", "chorus", "bridge") for span in loops[kind].chords]
    romans = {kind: [span.roman for span in loop.chords] for kind, loop in loops.items()}
    scale = frozenset(scale_pitch_classes(song.harmony.key, song.harmony.scale))
    bar = ticks_per_bar(song.score.time_signature)
    quick = [
        _is_quicker(loop.chords, loop.bars * bar)
        for kind, loop in loops.items()
        if kind in ("verse", "chorus", "pre_chorus")
    ]
    return {
        "verse_not_chorus": float(romans["verse"] != romans["chorus"]),
        "bridge_elsewhere": float(romans["bridge"][0] not in (romans["verse"][0], romans["chorus"][0])),
        "secondary": _share("/" in span.roman and not span.roman.split("/")[1].isdigit() for span in chords),
        "inverted": _share(span.bass != span.root for span in chords),
        "extended": _share(len(span.pitch_classes) > 3 for span in chords),
        "chromatic": _share(not set(span.pitch_classes) <= scale for span in chords),
        "closes": _share(loops[kind].cadence in ("authentic", "plagal") for kind in ("chorus", "outro")),
        "quickens": _share(quick),
        "lifted": float(any(section.transpose for section in song.score.sections)),
    }


def voice_leading_numbers(song: WrittenSong) -> dict[str, float]:
    """Movement and perfect parallels of the chords track, a hundred changes; power chords and strums are exempt."""
    track = next((track for track in song.tracks if track.role == "chords" and track.notes), None)
    style = blend(song.context.musical.genres)
    if track is None:
        return dict.fromkeys(("movement", "parallels", "hidden", "out_of_range"), np.nan)
    voicings = _voicings(track.notes, song)
    pairs = [(a, b) for a, b in pairwise(voicings) if a != b]
    is_strict = style.comping_voicing not in ("power", "guitar") and track.program not in range(24, 32)
    low, high = range_of(track.program)
    per_hundred = 100.0 / max(len(pairs), 1)
    return {
        "movement": float(np.mean([mean_movement(a, b) for a, b in pairs])) if pairs else np.nan,
        "parallels": sum(parallel_perfects(a, b) for a, b in pairs) * per_hundred if is_strict else np.nan,
        "hidden": sum(hidden_perfects(a, b) for a, b in pairs) * per_hundred if is_strict else np.nan,
        "out_of_range": _share(not low <= row[2] <= high for row in track.notes),
    }


def _voicings(notes: Sequence[NoteRow], song: WrittenSong) -> list[tuple[int, ...]]:
    """The pitches that sound within each chord: the first stroke, or for broken chords all of them."""
    found = []
    for span in song.score.chords:
        inside = [row for row in notes if span.start_ticks - 60 <= row[0] < span.start_ticks + span.duration_ticks - 60]
        first = min((row[0] for row in inside), default=0)
        struck = sorted({row[2] for row in inside if row[0] <= first + _STRUM_TICKS})
        pitches = struck if len(struck) > 1 else sorted({row[2] for row in inside})
        if pitches:
            found.append(tuple(pitches))
    return found


def _is_quicker(chords: Sequence[ChordSpan], end: int) -> bool:
    """Whether the loop's last quarter has more chords for its length than the rest."""
    late = sum(span.start_ticks >= 0.75 * end for span in chords)
    return late * 3 > (len(chords) - late)


def _mean_pitch(sections: Sequence[Sequence[NoteRow]]) -> float:
    return float(np.mean([row[2] for rows in sections for row in rows])) if any(sections) else np.nan


def _share(facts: Iterable[bool]) -> float:
    values = [float(fact) for fact in facts]
    return float(np.mean(values)) if values else np.nan


def measured_song(style: str, seed: int) -> WrittenSong:
    """The song a row is measured on."""
    sung = {"creative.has_vocals": True} if seed % 2 == 0 else {"creative.has_vocals": False}
    overrides = {"musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": DURATION_S, **sung}
    return write_song(f"a {style.replace('_', ' ')} song", seed, overrides)


def table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """Means over seeds by style, and the mean and the worst of all."""
    names = list(next(iter(rows.values()))[0])
    lines = [f"{'':14}" + "".join(f"{name[:9]:>10}" for name in names)]
    for style, songs in rows.items():
        lines.append(f"{style:14}" + "".join(f"{_mean([song[name] for song in songs]):10.2f}" for name in names))
    every = [song for songs in rows.values() for song in songs]
    for label, pick in (("mean", _mean), ("least", np.nanmin), ("most", np.nanmax)):
        lines.append(f"{label:14}" + "".join(f"{pick([song[name] for song in every]):10.2f}" for name in names))
    return "\n".join(lines)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan


def main() -> None:
    """Print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    styles = sys.argv[2:] or list(style_names())
    rows = {style: [measure_song(measured_song(style, seed)) for seed in range(1, seeds + 1)] for style in styles}
    print(table(rows))


if __name__ == "__main__":
    main()
