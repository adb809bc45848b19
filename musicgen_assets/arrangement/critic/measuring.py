"""Every measure of a song by name.

Belongs here: which measures there are, and what of the song each is taken of. Does not belong here: how they are
computed (the other modules), which values are good (references).
"""

from __future__ import annotations

import numpy as np

from musicgen_assets.arrangement.critic import form_measures, harmony_measures, rhythm_measures
from musicgen_assets.arrangement.critic.hook_measures import hook_presence, share_said, statements
from musicgen_assets.arrangement.critic.matter import (
    LINE_TRACKS,
    STEP_TICKS,
    Floats,
    Ints,
    Matter,
    Part,
    pitch_presence,
)
from musicgen_assets.arrangement.critic.melody_measures import (
    agreement,
    motion,
    phrase_numbers,
    recurrence,
    tonality,
    variety,
)
from musicgen_assets.composition.feel import group_starts, metric_weight
from musicgen_assets.composition.melody_hook import HOOK_BARS_MAX, HOOK_NOTES_MAX
from musicgen_assets.context.schema import HOOK_KINDS

Measures = dict[str, float]
RETURNS_FROM_NOTES = 20
"""A tune of fewer notes is hardly long enough to come back to a figure of four: human tunes of 8 to 19 notes score 0
as often as not.
"""


def step_weights(time_signature: str, bar_steps: int) -> Floats:
    """Metric weight of each sixteenth of a bar, 1 the downbeat to 0."""
    return np.array([metric_weight(step * STEP_TICKS, time_signature) for step in range(bar_steps)])


def melody_measures(matter: Matter) -> Measures:
    """Measures of the tune; empty where there is none of at least eight notes."""
    line, beat = matter.line, matter.beat_steps * STEP_TICKS
    if len(line) < 8:
        return {}
    phrases = phrase_numbers(line, beat)
    weights = step_weights(matter.score.time_signature, matter.bar_steps)
    home = _in_home_key(line, matter)
    said = _hook_statements(matter)
    returns = max(recurrence(line, beat), share_said(said, matter.hook, len(line)))
    return {
        **motion(home, phrases),
        "span": _span(matter),
        **({"recurrence": returns} if len(line) >= RETURNS_FROM_NOTES else {}),
        **variety(home, phrases, beat),
        "in_key": tonality(line, matter.scale_tones | matter.chord_tones),
        **agreement(line, phrases, matter.chord_tones, weights),
        **hook_presence(said, matter.sections, matter.score.end_ticks),
    }


def _span(matter: Matter) -> float:
    """Semitones from the lowest to the highest note of the tune, of whoever goes widest: what a whistle plays over the
    intro is not sung.
    """
    performers = [part.notes for part in matter.parts if part.name in LINE_TRACKS]
    return max((float(np.ptp(_in_home_key(notes, matter)[:, 2])) for notes in performers if len(notes)), default=0.0)


def _in_home_key(line: Ints, matter: Matter) -> Ints:
    """The line without the lift of a last chorus: the same tune a step higher is neither wider nor richer."""
    home = line.copy()
    home[:, 2] -= matter.transpositions[np.minimum(line[:, 0] // STEP_TICKS, matter.steps - 1)]
    return home


def _hook_statements(matter: Matter) -> Ints:
    """Of the hook; in a form without choruses, of the hook or of the tune's own opening, whichever is said more."""
    found = statements(matter.line, matter.hook)
    if any(section.kind in HOOK_KINDS for section in matter.sections):
        return found
    line = matter.line[:HOOK_NOTES_MAX]
    opening = line[line[:, 0] < line[0, 0] + HOOK_BARS_MAX * matter.bar_ticks]
    own = statements(matter.line, opening)
    return own if len(own) > max(len(found), 1) else found


def harmonic_measures(matter: Matter) -> Measures:
    """Measures of the harmony: what fits and rubs from what is struck, what comes on time from all that sounds."""
    sounding, struck = matter.sounding, matter.struck
    tones = matter.chord_tones
    upper = struck["chords"] + struck["line"] + struck["counter"]
    every = upper + struck["bass"]
    pitches = pitch_presence(matter.of_pitches(), matter.steps)
    pulses = [tick // STEP_TICKS for tick in group_starts(matter.score.time_signature)]
    return {
        "bass_fit": harmony_measures.share_on(struck["bass"], tones),
        "chords_fit": harmony_measures.share_on(struck["chords"], tones),
        "counter_fit": harmony_measures.share_on(struck["counter"], tones),
        "notes_in_key": harmony_measures.share_on(every, matter.scale_tones | tones),
        "bass_roots": harmony_measures.roots_at_changes(matter, sounding["bass"]),
        "bass_on_time": harmony_measures.new_tones(matter, sounding["bass"]),
        "chords_on_time": harmony_measures.new_tones(matter, sounding["chords"]),
        "bass_clashes": harmony_measures.clashes(struck["bass"], upper, tones),
        "line_clashes": harmony_measures.clashes(struck["line"], struck["chords"] + struck["bass"], tones),
        "over_bass": harmony_measures.over_bass(harmony_measures.lowest(pitches), every),
        "changes_on_pulses": harmony_measures.changes_on_pulses(matter.chords.steps, pulses, matter.bar_steps),
        **harmony_measures.harmonic_pulse(sounding["chords"] + sounding["bass"], matter.bar_steps, matter.beat_steps),
        **harmony_measures.root_motion(matter.chords.roots),
    }


def rhythmic_measures(matter: Matter) -> Measures:
    """Measures of rhythm and dynamics."""
    meter, parts = matter.score.time_signature, matter.parts
    starts = np.concatenate([np.zeros(0, dtype=np.int64), *(part.notes[:, 0] for part in parts)])
    swing = rhythm_measures.swing_of(starts, meter)
    return {
        "swing": swing,
        **rhythm_measures.timing(parts, swing, meter, matter.bars, matter.score.tempo_bpm),
        **rhythm_measures.dynamics(parts),
        **rhythm_measures.patterns(rhythm_measures.onset_bars(parts, matter.bars, matter.bar_steps)),
        "meter": rhythm_measures.meter_weight(parts, step_weights(meter, matter.bar_steps)),
        "density_contrast": rhythm_measures.density_contrast(parts, matter.sections, matter.bar_ticks),
    }


def formal_measures(matter: Matter) -> Measures:
    """Measures of the form."""
    tokens = form_measures.bar_tokens(matter.parts, matter.bars, matter.bar_steps)
    likeness = form_measures.bar_likeness(_features(matter))
    return {
        **form_measures.repetition(tokens),
        **{
            f"line_{name}": value for name, value in line_repetition(matter.line, matter.bars, matter.bar_steps).items()
        },
        "foretold": form_measures.foretold(likeness),
        **form_measures.section_likeness(likeness, matter.sections, skip_last_bar=True),
        "boundary_novelty": form_measures.boundary_novelty(form_measures.novelty(likeness), matter.sections),
        **form_measures.close(matter.parts, matter.score.end_ticks, matter.beat_steps * STEP_TICKS),
    }


def line_repetition(line: Ints, bars: int, bar_steps: int) -> Measures:
    """The repetition of one line, its silent bars left out."""
    tokens = form_measures.bar_tokens((Part("line", "lead", True, line),), bars, bar_steps)
    return form_measures.repetition(tokens[tokens.any(axis=1)])


def _features(matter: Matter) -> Floats:
    """A bar as what is struck and what sounds: onsets by part and step, the tune's and the bass's pitch classes by
    half bar, the chroma of all, each block of unit length, shape (bars, n).
    """
    onsets = rhythm_measures.onset_bars(matter.parts, matter.bars, matter.bar_steps)
    blocks = [onsets]
    home = matter.transpositions[:-1]
    sounding = matter.sounding
    for name in ("line", "bass", "chords"):
        shifted = sounding[name][np.arange(matter.steps)[:, None], (np.arange(12)[None, :] + home[:, None]) % 12]
        blocks.append(
            shifted.reshape(matter.bars, 2, -1, 12).sum(axis=2).reshape(matter.bars, -1)
            if matter.bar_steps % 2 == 0
            else shifted.reshape(matter.bars, -1, 12).sum(axis=1)
        )
    return np.concatenate([_unit(block) for block in blocks], axis=1)


def _unit(block: Floats) -> Floats:
    norms = np.linalg.norm(block, axis=1, keepdims=True)
    result: Floats = block / np.maximum(norms, 1e-9)
    return result
