"""A small band's score for tests of sound: drums, bass, chords, pad, melody over sections that differ."""

from __future__ import annotations

from musicgen_assets.context.schema import Role, SectionKind
from musicgen_assets.score.clock import seconds
from musicgen_assets.score.model import NoteRow, Score, Section, Track

BAR = 1_920
CHORDS = ((48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50))
TUNE = (72, 74, 76, 79, 76, 74, 72, 67)
INSTRUMENTS: dict[str, tuple[Role, str, int, int]] = {
    "drums": ("drums", "drum kit", 0, 9),
    "percussion": ("percussion", "shaker", 0, 9),
    "bass": ("bass", "fingered bass", 33, 0),
    "piano": ("chords", "piano", 0, 1),
    "guitar": ("chords", "overdriven guitar", 29, 2),
    "arpeggio": ("arpeggio", "pluck", 84, 3),
    "pad": ("pad", "strings", 48, 4),
    "warm_pad": ("pad", "warm pad", 89, 5),
    "counter": ("counter", "french horn", 60, 6),
    "melody": ("lead", "synth lead", 81, 7),
}
FORM: tuple[tuple[SectionKind, int, float], ...] = (
    ("intro", 4, 0.3), ("verse", 8, 0.45), ("chorus", 8, 0.85), ("verse", 8, 0.5), ("chorus", 8, 0.9),
    ("bridge", 8, 0.4), ("chorus", 8, 1.0), ("outro", 4, 0.3),
)  # fmt: skip
FULL_FROM = {
    "drums": 0.4, "percussion": 0.7, "bass": 0.4, "piano": 0.0, "guitar": 0.8, "arpeggio": 0.6, "pad": 0.0,
    "warm_pad": 0.7, "counter": 0.8, "melody": 0.42,
}  # fmt: skip


def band_score(
    names: tuple[str, ...] = ("drums", "bass", "piano", "melody"),
    form: tuple[tuple[SectionKind, int, float], ...] = (("verse", 1, 0.4), ("chorus", 1, 0.9)),
    tempo_bpm: float = 120.0,
    ring_s: float = 0.5,
) -> Score:
    """The named tracks of ``INSTRUMENTS`` over the form's (kind, bars, energy)."""
    sections, bar = [], 0
    for number, (kind, bars, energy) in enumerate(form):
        index = sum(1 for other, _, _ in form[:number] if other == kind)
        sections.append(
            Section(
                name=f"{kind} {index + 1}", kind=kind, index=index, start_bar=bar, bars=bars,
                start_ticks=bar * BAR, end_ticks=(bar + bars) * BAR, energy=energy,
            )
        )  # fmt: skip
        bar += bars
    tracks = []
    for name in names:
        role, instrument, program, channel = INSTRUMENTS[name]
        notes = tuple(
            note
            for section in sections
            if section.energy >= FULL_FROM[name]
            for number in range(section.start_bar, section.start_bar + section.bars)
            for note in _bar(name, number, section.energy)
        )
        tracks.append(Track(name=name, role=role, instrument=instrument, program=program, channel=channel, notes=notes))
    return Score(
        title="Band", key="C", scale="major", tempo_bpm=tempo_bpm, time_signature="4/4",
        duration_s=round(seconds(bar * BAR, tempo_bpm) + ring_s, 3), end_ticks=bar * BAR,
        sections=tuple(sections), tracks=tuple(tracks),
    )  # fmt: skip


def _bar(name: str, number: int, energy: float) -> list[NoteRow]:
    start = number * BAR
    chord = CHORDS[number % len(CHORDS)]
    velocity = round(55 + 50 * energy)
    if name == "drums":
        rows = [(start + beat * 960, 120, 36, velocity) for beat in range(2)]
        rows += [(start + 480 + beat * 960, 120, 38, velocity) for beat in range(2)]
        return rows + [(start + step * 240, 100, 42, velocity - (15 if step % 2 else 0)) for step in range(8)]
    if name == "percussion":
        return [(start + step * 120, 60, 70, velocity - 20) for step in range(16)]
    if name == "bass":
        return [(start + step * 240, 220, chord[0] - 12, velocity) for step in range(8)]
    if name in ("piano", "guitar"):
        pitches = (chord[0], chord[0] + 7, chord[0] + 12) if name == "guitar" else tuple(p + 12 for p in chord)
        return [(start + beat * 480, 440, pitch, velocity - 10) for beat in range(4) for pitch in pitches]
    if name == "arpeggio":
        return [(start + step * 120, 110, chord[step % 3] + 24, velocity - 10) for step in range(16)]
    if name in ("pad", "warm_pad"):
        return [(start, BAR, pitch + 12, velocity - 15) for pitch in chord]
    if name == "counter":
        return [(start + half * 960, 900, chord[half + 1] + 12, velocity - 5) for half in range(2)]
    return [(start + step * 240, 220, TUNE[(step + number) % len(TUNE)], velocity) for step in range(8)]
