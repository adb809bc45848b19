"""composition/melody: the hook of a song, and a theme for every section kind that quotes or varies it.

Belongs here: the asset's entry, which theme is made of what, the MIDI twin. Does not belong here: making one
theme (melody_theme), the score (melody_coherence), laying themes out in time (arrangement, vocal_line).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musicgen_assets.composition.given_melody import PART_NAMES, Given, given_by, hook_contour
from musicgen_assets.composition.melody_coherence import MELODIC_THRESHOLD, melodic_coherence
from musicgen_assets.composition.melody_contour import Singer
from musicgen_assets.composition.melody_hook import DIFFERENT, hook_statements, section_likeness, statements_wanted
from musicgen_assets.composition.melody_manner import manner_of
from musicgen_assets.composition.melody_measures import entropy_bits, resolved_share
from musicgen_assets.composition.melody_plan import (
    VERSE_TO_CHORUS,
    height,
    natural_note_s,
    note_count,
    song_range,
)
from musicgen_assets.composition.melody_rhythm import Pace, stress_pattern
from musicgen_assets.composition.melody_theme import ThemeBrief, find_refrain_hook, find_theme, hook_theme
from musicgen_assets.composition.section_loops import ALL_KINDS, BARS_PER_LINE, line_spans
from musicgen_assets.composition.section_takes import asked_sections, kind_of, takes_of, takes_payload
from musicgen_assets.context.edits import StoredFile
from musicgen_assets.context.schema import Mood, SectionKind
from musicgen_assets.graph.job import CheckResult, Job, Outcome, Ref
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import Harmony, Melody, Prosody, Rhythm, Theme
from musicgen_assets.score.midi import material_to_midi
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteArray, note_array
from musicgen_assets.score.tune import Tune, read_tune
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style

DRAWS_MAX = 4
"""Redraws of the whole melody until its coherence passes; the best is kept, and the check tells."""
HOOK_CANDIDATES = 24
_CANDIDATES: dict[SectionKind, int] = {"chorus": 16, "verse": 16, "pre_chorus": 8, "bridge": 8}
_OTHER_CANDIDATES = 5
_TWIN_PROGRAM = 73
_RULES = 6
TONES_BITS, RESOLVED_MIN = 2.2, 0.7
"""Least entropy of a melody's pitch classes and share of its dissonances that resolve; rules of thumb."""
_SHIFTS_BARS = (0, -1, 1, -2, 2)
REGISTER_GAP_SEMITONES = 2.0
"""Least distance of the chorus's mean pitch above the verse's."""


@dataclass(frozen=True)
class MelodyBrief:
    """What a melody is made from, besides harmony and prosody."""

    style: Style
    time_signature: str
    tempo_bpm: float
    mood: Mood
    voice: str
    swing: float
    sixteenth_swing: float = 0.5


def make_melody(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations."""
    harmony = job.load("composition/chord_progression", Harmony)
    rhythm = job.load("composition/rhythm_pattern", Rhythm)
    prosody = job.load("composition/lyrics", Prosody, "prosody")
    brief = MelodyBrief(
        style=blend(job.read("musical.genres")),
        time_signature=str(job.read("musical.time_signature")),
        tempo_bpm=float(job.read("musical.tempo_bpm")),
        mood=job.read("musical.mood"),
        voice=str(job.read("creative.voice")),
        swing=rhythm.swing,
        sixteenth_swing=rhythm.sixteenth_swing,
    )
    file = job.read("edits.melody")
    given = None if file is None else given_by(_tune(job, file), harmony, brief.time_signature)
    melody, draws = compose_melody(brief, harmony, prosody, job.stream("melody"), given)
    chords = takes_of(job, "composition/chord_progression", Harmony)
    # A tune that a person gave stays, whatever is played under it.
    sections = asked_sections(job, "melody") if melody.is_given else {*asked_sections(job, "melody"), *chords}
    takes = {
        name: _take(melody, name, brief, chords.get(name, harmony), prosody, job.stream(f"melody/{name}"))
        for name in sorted(sections)
    }
    return Outcome(
        content=(json_payload(melody), midi_payload(_twin(melody, harmony, brief)), *takes_payload(takes)),
        facts={
            **melody.scores,
            "draws": draws,
            "hook_notes": len(melody.hook.notes),
            "notes": sum(len(theme.notes) for theme in melody.themes.values()),
            "chorus_above_verse_semitones": round(
                mean_pitch(melody.themes["chorus"]) - mean_pitch(melody.themes["verse"]), 2
            ),
            **({} if file is None else {"given": file.name, "given_sha256": file.sha256}),
        },
        checks=(_check(melody.scores["melodic_coherence"], draws, is_given=given is not None),),
    )


def _take(
    melody: Melody, section: str, brief: MelodyBrief, harmony: Harmony, prosody: Prosody, rng: np.random.Generator
) -> Melody:
    """``melody`` with another theme for the kind of ``section`` ("verse 2"), around the same hook."""
    kind = kind_of(section)
    others = {name: theme for name, theme in melody.themes.items() if name != kind}
    take, _ = compose_melody(brief, harmony, prosody, rng, Given(melody.hook.notes, others))
    return take.model_copy(update={"hook": melody.hook, "is_given": melody.is_given})


def _tune(job: Job, file: StoredFile) -> Tune:
    data = job.blob(Ref("melody", file.media_type, file.sha256, file.size_bytes)).data
    return read_tune(data, file.name, "edits.melody", PART_NAMES)


def _check(score: float, draws: int, *, is_given: bool) -> CheckResult:
    """The rule of coherence; a melody that a person gave is measured by it and not held to it."""
    has_passed = score >= MELODIC_THRESHOLD
    note = "" if has_passed else "as it was given" if is_given else f"best of {draws} draws"
    return CheckResult(
        "melodic_coherence", has_passed, score, f">= {MELODIC_THRESHOLD}", is_blocking=not is_given, note=note
    )


def compose_melody(
    brief: MelodyBrief, harmony: Harmony, prosody: Prosody, rng: np.random.Generator, given: Given | None = None
) -> tuple[Melody, int]:
    """(melody, draws): themes for every kind of the harmony; in sung kinds one note a syllable, one phrase a line.

    The first draw that keeps every rule (its coherence passes, its chorus lies above its verse, states the hook often
    enough and is another tune than the verse), else the best of DRAWS_MAX. What is ``given`` stays in every draw.
    """
    best: Melody | None = None
    best_rank = (-1, 0.0)
    draws = 0
    while draws < DRAWS_MAX and best_rank[0] < _RULES:
        draws += 1
        melody = _draw(brief, harmony, prosody, rng, given)
        score, parts = melodic_coherence(melody.themes, harmony, brief.time_signature)
        melody = melody.model_copy(update={"scores": {"melodic_coherence": score, **parts}})
        rank = (_kept_rules(melody, harmony, brief.time_signature), score)
        if rank > best_rank:
            best, best_rank = melody, rank
    if best is None:
        raise ValueError("DRAWS_MAX must be at least 1")
    return best, draws


def mean_pitch(theme: Theme) -> float:
    """Mean MIDI pitch of a theme's notes; 0 without notes."""
    return float(np.mean([note[2] for note in theme.notes])) if theme.notes else 0.0


def _kept_rules(melody: Melody, harmony: Harmony, time_signature: str) -> int:
    """How many of the rules that a draw must keep it does keep, of _RULES."""
    bar, chorus, verse = ticks_per_bar(time_signature), melody.themes["chorus"], melody.themes["verse"]
    pitches = [note[2] % 12 for theme in (chorus, verse) for note in theme.notes]
    likeness = section_likeness(chorus.notes, verse.notes, bar, _SHIFTS_BARS)
    return sum(
        (
            melody.scores["melodic_coherence"] >= MELODIC_THRESHOLD,
            mean_pitch(chorus) - mean_pitch(verse) >= REGISTER_GAP_SEMITONES,
            len(hook_statements(chorus.notes, melody.hook.notes)) >= statements_wanted(chorus.bars),
            likeness <= DIFFERENT,
            entropy_bits(pitches) >= TONES_BITS,
            all(
                resolved_share(melody.themes[kind].notes, harmony.sections[kind].chords) >= RESOLVED_MIN
                for kind in ("verse", "chorus")
            ),
        )
    )


def _draw(
    brief: MelodyBrief, harmony: Harmony, prosody: Prosody, rng: np.random.Generator, given: Given | None
) -> Melody:
    singer = _singer(brief, harmony)
    chorus = _theme_brief("chorus", brief, harmony, prosody, height("chorus", brief.voice, brief.style, brief.mood))
    own = {} if given is None else given.themes
    hook = hook_contour(given, singer) if given else find_refrain_hook(chorus, singer, HOOK_CANDIDATES, rng)
    themes: dict[SectionKind, Theme] = {"chorus": own.get("chorus") or find_theme(chorus, singer, hook, rng)[0]}
    for kind in ("verse", *(kind for kind in ALL_KINDS if kind not in ("verse", "chorus"))):
        if kind not in harmony.sections:
            continue
        if kind in own:
            themes[kind] = own[kind]
            continue
        wished = height(kind, brief.voice, brief.style, brief.mood)
        if kind == "verse":
            below = min(mean_pitch(themes["chorus"]), float(singer.high)) - VERSE_TO_CHORUS
            wished = max(min(wished, below), singer.low + 3.0)
        apart = themes["chorus"] if kind in ("verse", "pre_chorus", "bridge") else None
        theme_brief = _theme_brief(kind, brief, harmony, prosody, wished)
        themes[kind] = find_theme(theme_brief, singer, hook, rng, apart)[0]
    return Melody(
        hook=hook_theme(hook, chorus, singer),
        themes={kind: themes[kind] for kind in ALL_KINDS if kind in themes},
        is_given=given is not None,
        sixteenth_swing=brief.sixteenth_swing,
    )


def _singer(brief: MelodyBrief, harmony: Harmony) -> Singer:
    low, high = song_range(brief.voice, brief.style)
    manner = manner_of(brief.style)
    pace = Pace(
        brief.time_signature, brief.tempo_bpm, natural_note_s(brief.style, brief.mood), brief.style.melody_syncopation,
        reach=manner.reach, slack=manner.slack, variety=manner.variety, cell_bars=manner.cell_bars,
    )  # fmt: skip
    return Singer(
        tonic=harmony.key, scale=harmony.scale, time_signature=brief.time_signature, swing=brief.swing, low=low,
        high=high, reach_semitones=brief.style.melody_range_semitones, mood=brief.mood, pace=pace, manner=manner,
        sixteenth_swing=brief.sixteenth_swing,
    )  # fmt: skip


def _theme_brief(
    kind: SectionKind, brief: MelodyBrief, harmony: Harmony, prosody: Prosody, wished_height: float
) -> ThemeBrief:
    section = harmony.sections[kind]
    bar, step = ticks_per_bar(brief.time_signature), ticks_per_step(brief.time_signature)
    sung = next((item for item in prosody.sections if item.kind == kind), None)
    if sung is not None and sung.lines:
        stresses = tuple(line.stresses for line in sung.lines)
        # Bars that the words leave over are the instruments' answer, so that lines stand two bars apart.
        spans = line_spans(section.bars, bar, max(len(stresses), section.bars // BARS_PER_LINE), step)
        answers = enumerate(spans[len(stresses) :])
        stresses += tuple(_unsung(kind, brief, end - start, index) for index, (start, end) in answers)
    else:
        spans = line_spans(section.bars, bar, max(1, section.bars // BARS_PER_LINE), step)
        stresses = tuple(_unsung(kind, brief, end - start, index) for index, (start, end) in enumerate(spans))
    return ThemeBrief(
        kind, section, stresses, spans, wished_height, _CANDIDATES.get(kind, _OTHER_CANDIDATES),
        sung=len(sung.lines) if sung is not None else 0,
    )  # fmt: skip


def _unsung(kind: SectionKind, brief: MelodyBrief, ticks: int, index: int) -> tuple[int, ...]:
    """A phrase's notes where nobody sings: by the style's density, every second phrase a little shorter."""
    count = note_count(kind, brief.style, brief.mood, ticks / TICKS_PER_QUARTER, brief.tempo_bpm)
    return stress_pattern(max(3, count - index % 2), brief.time_signature)


def _twin(melody: Melody, harmony: Harmony, brief: MelodyBrief) -> bytes:
    """The hook, then every theme, one after another, each a track."""
    tracks: dict[str, tuple[NoteArray, int, int]] = {}
    offset = 0
    parts: list[tuple[str, Theme]] = [("hook", melody.hook), *melody.themes.items()]
    for name, theme in parts:
        rows = [(start + offset, duration, pitch, velocity) for start, duration, pitch, velocity in theme.notes]
        tracks[name] = (note_array(rows), _TWIN_PROGRAM, 0)
        offset += theme.bars * ticks_per_bar(brief.time_signature)
    return material_to_midi(
        tracks, tempo_bpm=brief.tempo_bpm, time_signature=brief.time_signature, key=harmony.key, scale=harmony.scale
    )
