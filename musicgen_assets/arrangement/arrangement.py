"""arrangement/arrangement: the full score of a song.

Belongs here: the asset's entry and the order of work. Does not belong here: any one part of the work (form,
energy, timeline, band, orchestration, the part writers, transitions, ending, performance, integrity).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicgen_assets.arrangement.accents import meet_hit_points
from musicgen_assets.arrangement.band import BASS, MELODY, Seat, seat_band
from musicgen_assets.arrangement.boundary_devices import Parts
from musicgen_assets.arrangement.comping import write_chords
from musicgen_assets.arrangement.critic.verdict import (
    HARMONIC_SCORE,
    MELODIC_SCORE,
    RHYTHMIC_SCORE,
    STRUCTURAL_SCORE,
    THRESHOLDS,
    judge,
    product,
)
from musicgen_assets.arrangement.ending import write_ending
from musicgen_assets.arrangement.energy import energy_curve, levels_of
from musicgen_assets.arrangement.expression import Played, expressed
from musicgen_assets.arrangement.fade import fade_span, faded, fading
from musicgen_assets.arrangement.form import plan_form
from musicgen_assets.arrangement.integrity import THRESHOLD, Integrity, structural_integrity
from musicgen_assets.arrangement.lead_part import lay_melody, write_lead
from musicgen_assets.arrangement.orchestration import Window, orchestrate
from musicgen_assets.arrangement.pace import plan_pace
from musicgen_assets.arrangement.performance import perform, pulse_of, settled
from musicgen_assets.arrangement.playability import FRETTED, playable
from musicgen_assets.arrangement.registers import clear_of_bass, in_style_register, middles_of, under_guitar
from musicgen_assets.arrangement.rhythm_parts import write_bass, write_drums, write_percussion
from musicgen_assets.arrangement.takes import SECTION_REROLLS, Dice, asked_takes, spliced, stream_of
from musicgen_assets.arrangement.textures import write_arpeggio, write_counter, write_pad
from musicgen_assets.arrangement.timeline import Timeline, build_timeline
from musicgen_assets.arrangement.transitions import Marks, mark_boundaries
from musicgen_assets.arrangement.variation import varied
from musicgen_assets.composition.section_takes import takes_of
from musicgen_assets.context.schema import HitPoint, Instrument, Mood, PlannedSection, Role, SectionKind
from musicgen_assets.graph.job import CheckResult, Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.material import BassLine, Harmony, Melody, Prosody, Rhythm
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import NoteRow, Score, Track
from musicgen_assets.score.pictures import piano_roll_png
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style

DRAWS_MAX = 12
"""Redraws until the integrity score passes; the best is kept, and the check tells."""
_JUDGED = (MELODIC_SCORE, HARMONIC_SCORE, RHYTHMIC_SCORE, STRUCTURAL_SCORE)
THUMBNAIL_PX = (640, 260)


@dataclass(frozen=True)
class Materials:
    """What composition hands over. ``is_sung`` says whether words wait for the melody, ``given_words`` for which
    kinds of section the user wrote them.
    """

    harmony: Harmony
    rhythm: Rhythm
    melody: Melody
    bass: BassLine
    is_sung: bool
    given_words: frozenset[SectionKind] = frozenset()


@dataclass(frozen=True)
class Brief:
    """The decisions an arrangement rests on, from the context."""

    title: str
    key: str
    scale: str
    tempo_bpm: float
    time_signature: str
    duration_s: float
    mood: Mood
    structure: tuple[PlannedSection, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    excluded_roles: Collection[Role] = ()
    hit_points: tuple[HitPoint, ...] = ()


def make_arrangement(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations. Raises BadInput where the asked structure cannot be met."""
    prosody = job.load("composition/lyrics", Prosody, "prosody")
    materials = Materials(
        harmony=job.load("composition/chord_progression", Harmony),
        rhythm=job.load("composition/rhythm_pattern", Rhythm),
        melody=job.load("composition/melody", Melody),
        bass=job.load("composition/bass_line", BassLine),
        is_sung=prosody.is_sung,
        given_words=frozenset(item.kind for item in prosody.sections if prosody.is_users_own),
    )
    style = blend(job.read("musical.genres"))
    rerolls = job.read(SECTION_REROLLS)
    arranged = best_of_draws(_brief(job), style, materials, job.stream("arrangement"), rerolls, _takes(job, materials))
    score, integrity = arranged.score, arranged.integrity
    check = CheckResult(
        "structural_integrity", integrity.score >= THRESHOLD, round(integrity.score, 4), f">= {THRESHOLD}",
        note=integrity.note(),
    )  # fmt: skip
    width, height = THUMBNAIL_PX
    return Outcome(
        content=(json_payload(score), json_payload(arranged.written, "written"), midi_payload(score_to_midi(score))),
        facts={
            "structural_integrity": round(integrity.score, 4),
            "draws": arranged.draws,
            "form": ", ".join(section.name for section in score.sections),
            "bars": sum(section.bars for section in score.sections),
            "tracks": len(score.tracks),
            "notes": sum(len(track.notes) for track in score.tracks),
            "transitions": "; ".join(f"{mark.section}: {', '.join(mark.devices)}" for mark in arranged.marks),
        },
        pictures={"piano_roll": piano_roll_png(score, score.tracks, width_px=width, height_px=height)},
        checks=(check,),
    )


def _takes(job: Job, materials: Materials) -> dict[str, Materials]:
    """What single sections ("verse 2") are played from, where takes of a material were drawn for them."""
    rhythms = takes_of(job, "composition/rhythm_pattern", Rhythm)
    melodies = takes_of(job, "composition/melody", Melody)
    basses = takes_of(job, "composition/bass_line", BassLine)
    chords = takes_of(job, "composition/chord_progression", Harmony)
    return {
        section: replace(
            materials, rhythm=rhythms.get(section, materials.rhythm), melody=melodies.get(section, materials.melody),
            bass=basses.get(section, materials.bass), harmony=chords.get(section, materials.harmony),
        )
        for section in {*rhythms, *melodies, *basses, *chords}
    }  # fmt: skip


@dataclass(frozen=True)
class Arranged:
    """A song arranged. ``score`` is as played; ``written`` the same on the grid, before human timing: equal names,
    and note i of a track is note i of the other's. ``marks`` are the devices put at each boundary. ``draws``: how many
    were made before this one was chosen, itself among them.
    """

    dice: Dice
    score: Score
    written: Score
    marks: tuple[Marks, ...]
    integrity: Integrity
    draws: int = 1


def best_of_draws(
    brief: Brief, style: Style, materials: Materials, rng: np.random.Generator, rerolls: Mapping[str, int],
    own: Mapping[str, Materials] | None = None,
) -> Arranged:  # fmt: skip
    """The first draw that holds together, else the best of DRAWS_MAX; then sections that are to be drawn anew.

    A draw holds together if the critic's four scores pass: the tune too hangs on the form it is laid out in. The best
    is the one that fails fewest. The whole is chosen without a look at ``rerolls`` and at sections' ``own`` materials,
    so that they can change nothing outside their sections.
    """
    draws: list[tuple[Arranged, dict[str, float]]] = []
    judged = [name for name in _JUDGED if not (materials.melody.is_given and name == MELODIC_SCORE)]
    while not draws or (len(draws) < DRAWS_MAX and not _holds(*draws[-1])):
        draw = _arranged(brief, style, materials, Dice(int(rng.integers(1 << 62))))
        hook = materials.melody.hook.notes
        given = bool(materials.given_words)
        scores = judge(draw.score, draw.score.tracks, hook, integrity=draw.integrity, are_words_given=given).scores
        draws.append((draw, {name: scores[name] for name in judged}))
    best = replace(max(draws, key=lambda found: _rank(*found))[0], draws=len(draws))
    takes = asked_takes(rerolls, best.score.sections)
    own = own or {}
    for index in sorted({*takes, *asked_takes(dict.fromkeys(own, 1), best.score.sections)}):
        played = own.get(stream_of(best.score.sections[index]), materials)
        best = _with_take(best, index, takes.get(index), brief, style, played)
    return best


def _rank(draw: Arranged, scores: Mapping[str, float]) -> tuple[int, float]:
    """Scores that pass, then all of them together."""
    return sum(score >= THRESHOLDS[name] for name, score in scores.items()), draw.integrity.score * product(scores)


def _holds(draw: Arranged, scores: Mapping[str, float]) -> bool:
    is_sound = all(score >= THRESHOLDS[name] for name, score in scores.items())
    return is_sound and draw.integrity.score >= THRESHOLD


def _with_take(
    draw: Arranged, index: int, take: str | None, brief: Brief, style: Style, materials: Materials
) -> Arranged:
    """``draw`` with the section ``index`` played another way: the first take that holds together, else the best.

    Without a ``take`` it is played the same way from its own ``materials``.
    """
    if take is None:
        return _joined(draw, _arranged(brief, style, materials, draw.dice), index)
    takes: list[Arranged] = []
    while not takes or (takes[-1].integrity.score < THRESHOLD and len(takes) < DRAWS_MAX):
        dice = Dice(draw.dice.root, f"{take}, draw {len(takes)}")
        takes.append(_joined(draw, _arranged(brief, style, materials, dice, index), index))
    return max(takes, key=lambda found: found.integrity.score)


def _joined(draw: Arranged, other: Arranged, index: int) -> Arranged:
    """``draw`` with the section ``index`` of ``other``."""
    section = draw.score.sections[index]
    score, written = spliced(draw.score, other.score, section), spliced(draw.written, other.written, section)
    marks = (*draw.marks[:index], *other.marks[index : index + 1], *draw.marks[index + 1 :])
    return Arranged(draw.dice, score, written, marks, structural_integrity(score), draw.draws)


def arrange(
    brief: Brief, style: Style, materials: Materials, rng: np.random.Generator
) -> tuple[Score, tuple[Marks, ...]]:
    """The score as played, and the devices put at each boundary; see ``arrange_song``."""
    arranged = arrange_song(brief, style, materials, rng)
    return arranged.score, arranged.marks


def arrange_song(brief: Brief, style: Style, materials: Materials, rng: np.random.Generator) -> Arranged:
    """The song arranged, as written and as played. Equal inputs give an equal score. Raises BadInput."""
    return _arranged(brief, style, materials, Dice(int(rng.integers(1 << 62))))


def _arranged(
    brief: Brief, style: Style, materials: Materials, dice: Dice, varied_section: int | None = None
) -> Arranged:
    """One arrangement of the song.

    The form hangs on the root of ``dice`` alone; ``varied_section`` is played another way.
    """
    timeline = _plan(brief, style, materials, Dice(dice.root).of("form"))
    seats = seat_band(brief.instruments, style, brief.excluded_roles, materials.is_sung)
    windows = orchestrate(timeline, seats)
    parts = _write_parts(seats, windows, timeline, style, materials, dice)
    if varied_section is not None:
        plan = timeline.sections[varied_section]
        for seat in seats:
            own = dice.of(f"variation of {seat.name} in {stream_of(plan.section)}")
            parts[seat.name] = varied(parts[seat.name], seat, plan, timeline, own)
    marks = mark_boundaries(
        parts, seats, timeline, materials.rhythm.fills, is_sung=materials.is_sung, rng=dice.of("boundaries")
    )
    write_ending(parts, seats, timeline, style.ending, style.comping_voicing)
    fade = fade_span(timeline, style.ending)
    stops = meet_hit_points(parts, seats, timeline, style.comping_voicing)
    pulse = pulse_of(timeline, style.humanize_ms, dice.of("pulse of the band"))
    written, played = [], []
    for seat in seats:
        own = dice.of(f"playing of {seat.name}")
        part = perform(playable(parts[seat.name], seat), seat, timeline, pulse, own, style.feel.behind_ms)
        if part.played:
            part = faded(settled(part, timeline, stops), fade)
            written.append(_track(seat, Played(part.written)))
            sounding = expressed(part.played, seat, timeline, style.comping_length, stops)
            played.append(_track(seat, fading(sounding, fade, timeline.bar_ticks)))
    score = _score(brief, timeline, played, stops, fade)
    return Arranged(
        dice, score, score.model_copy(update={"tracks": tuple(written)}), marks, structural_integrity(score)
    )


def _score(
    brief: Brief, timeline: Timeline, tracks: Sequence[Track], stops: tuple[tuple[int, int], ...],
    fade: tuple[int, int] | None,
) -> Score:  # fmt: skip
    return Score.model_validate(
        {
            "title": brief.title,
            "key": brief.key,
            "scale": brief.scale,
            "tempo_bpm": brief.tempo_bpm,
            "time_signature": brief.time_signature,
            "duration_s": brief.duration_s,
            "end_ticks": timeline.end_ticks,
            "sections": [plan.section for plan in timeline.sections],
            "chords": timeline.chords,
            "tracks": tracks,
            "tempo_map": tuple(timeline.clock.tempo_map),
            "skips": tuple(timeline.clock.skips),
            "stops": stops,
            "fade": fade,
        }
    )


def _brief(job: Job) -> Brief:
    return Brief(
        title=job.read("creative.title"),
        key=job.read("musical.key"),
        scale=job.read("musical.scale"),
        tempo_bpm=job.read("musical.tempo_bpm"),
        time_signature=job.read("musical.time_signature"),
        duration_s=job.read("technical.duration_s"),
        mood=job.read("musical.mood"),
        structure=tuple(job.read("musical.structure")),
        instruments=tuple(job.read("musical.instruments")),
        excluded_roles=tuple(job.read("musical.excluded_roles")),
        hit_points=tuple(job.read("musical.hit_points")),
    )


def _plan(brief: Brief, style: Style, materials: Materials, rng: np.random.Generator) -> Timeline:
    loops = {kind: loop.bars for kind, loop in materials.harmony.sections.items()}
    pace = plan_pace(brief.hit_points, brief.duration_s, brief.tempo_bpm, brief.time_signature)
    slots = plan_form(
        style, brief.structure, brief.duration_s, brief.tempo_bpm, brief.time_signature, loops, rng, pace,
        materials.given_words,
    )  # fmt: skip
    energies = energy_curve(slots, style, brief.mood)
    return build_timeline(
        slots,
        energies,
        levels_of(slots, energies),
        materials.harmony,
        materials.melody,
        tempo_bpm=brief.tempo_bpm,
        time_signature=brief.time_signature,
        swing=materials.rhythm.swing,
        duration_s=brief.duration_s,
        last_chorus_lift=style.last_chorus_lift,
        sixteenth_swing=materials.rhythm.sixteenth_swing,
        pace=pace,
    )


def _write_parts(
    seats: Sequence[Seat],
    windows: Mapping[str, tuple[Window, ...]],
    timeline: Timeline,
    style: Style,
    materials: Materials,
    dice: Dice,
) -> Parts:
    melody = lay_melody(timeline, materials.melody, is_sung=materials.is_sung)
    for seat in seats:
        if seat.name == MELODY:
            melody = in_style_register(melody, seat, style)
    has_percussionist = any(seat.role == "percussion" and seat.is_kit for seat in seats)
    has_second_lead = sum(seat.role == "lead" for seat in seats) > 1

    leads = {
        seat.name: write_lead(seat, windows[seat.name], melody, has_second_lead=has_second_lead)
        for seat in seats
        if seat.role == "lead"
    }
    middles = middles_of(leads.get(MELODY, []), timeline)

    def write(seat: Seat) -> list[NoteRow]:
        own, own_dice = windows[seat.name], dice.of(f"part of {seat.name}")
        if seat.role == "drums":
            return write_drums(seat, own, timeline, materials.rhythm, has_percussionist=has_percussionist, rng=own_dice)
        if seat.role == "percussion":
            return write_percussion(seat, own, timeline, materials.rhythm)
        if seat.role == "bass":
            return write_bass(seat, own, timeline, materials.bass, materials.harmony)
        if seat.role == "chords":
            return write_chords(seat, own, timeline, materials.rhythm, style.comping_voicing, middles)
        if seat.role == "pad":
            return write_pad(seat, own, timeline)
        if seat.role == "arpeggio":
            return write_arpeggio(seat, own, timeline, own_dice)
        if seat.role == "counter":
            return write_counter(seat, own, timeline, melody)
        return leads[seat.name]

    parts = {seat.name: write(seat) for seat in seats}
    for seat in seats:
        if seat.role == "chords" and seat.program in FRETTED and BASS in parts:
            parts[BASS] = under_guitar(parts[BASS], parts[seat.name], timeline)
    for seat in seats:
        if seat.role == "chords":
            parts[seat.name] = clear_of_bass(parts[seat.name], parts.get(BASS, []))
    return parts


def _track(seat: Seat, played: Played) -> Track:
    return Track(
        name=seat.name,
        role=seat.role,
        instrument=seat.instrument,
        program=seat.program,
        channel=seat.channel,
        notes=played.notes,
        controllers=played.controllers,
        bends=played.bends,
    )
