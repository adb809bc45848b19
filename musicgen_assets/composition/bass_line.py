"""composition/bass_line: the bass of a song, per section kind and energy level, over the harmony's loop.

Belongs here: the asset's entry, cutting harmony into stretches, taking kicks from the groove, joining notes,
swing, the MIDI twin. Does not belong here: what an idiom plays (bass_idioms), laying the loop out in time
(arrangement).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen_assets.composition.bass_idioms import play
from musicgen_assets.composition.bass_player import HIGHEST, LOWEST, Note, Player, Stretch
from musicgen_assets.composition.feel import swung, swung_grid
from musicgen_assets.composition.section_takes import asked_sections, takes_of, takes_payload
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar, ticks_per_step
from musicgen_assets.score.material import BassLine, Harmony, Rhythm, SectionHarmony
from musicgen_assets.score.midi import material_to_midi
from musicgen_assets.score.model import ChordSpan, NoteRow, note_array
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import BassIdiom, Level, Style
from musicgen_assets.theory.scales import scale_pitch_classes

LEVELS: tuple[Level, ...] = (1, 2, 3, 4)
LOCK_WITHIN_TICKS = 60
_FIGURES = 12
_TWIN_TEMPO_BPM = 110.0
_FINGER_BASS = 33


def make_bass_line(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations."""
    style = blend(job.read("musical.genres"))
    time_signature = str(job.read("musical.time_signature"))
    harmony = job.load("composition/chord_progression", Harmony)
    rhythm = job.load("composition/rhythm_pattern", Rhythm)
    line, takes = BassLine(sections={}), {}
    if "bass" not in job.read("musical.excluded_roles"):
        line = compose_bass(style, harmony, rhythm, time_signature, job.stream("bass_line"))
        chords, asked = takes_of(job, "composition/chord_progression", Harmony), asked_sections(job, "bass_line")
        takes = {
            name: compose_bass(
                style, chords.get(name, harmony), rhythm, time_signature,
                # Under other chords alone, the same player with the same figure.
                job.stream(f"bass_line/{name}" if name in asked else "bass_line"),
            )
            for name in sorted({*asked, *chords})
        }  # fmt: skip
    notes = sum(len(rows) for levels in line.sections.values() for rows in levels.values())
    return Outcome(
        content=(json_payload(line), midi_payload(_twin(line, harmony, time_signature)), *takes_payload(takes)),
        facts={"notes": notes, **line.scores},
    )


def compose_bass(
    style: Style, harmony: Harmony, rhythm: Rhythm, time_signature: str, rng: np.random.Generator
) -> BassLine:
    """Bass for every section kind of the harmony and every level; monophonic, E1 to G3, swing applied.

    The figure of an idiom and the kicks it takes are drawn once per level, so that the bass has one rhythm
    throughout a song. ``scores["kick_lock"]`` is the share of kicks that a bass onset meets.
    """
    scale = frozenset(scale_pitch_classes(harmony.key, harmony.scale))
    figure = int(rng.integers(_FIGURES))
    kicks = {level: _kicks_taken(rhythm, level, time_signature, rng) for level in LEVELS}
    sections: dict[str, dict[int, tuple[NoteRow, ...]]] = {}
    for kind, loop in sorted(harmony.sections.items()):
        sections[kind] = {}
        for level in LEVELS:
            player = Player(time_signature, level, scale, figure, rng, home=loop.chords[0].bass)
            notes = _play_loop(_idiom(style, level), loop, kicks[level], player)
            sections[kind][level] = _as_played(notes, loop.bars, rhythm)
    line = BassLine.model_validate({"sections": sections})
    locks = [_lock(rows, rhythm.kick_ticks.get(level, ()), time_signature) for levels in line.sections.values()
             for level, rows in levels.items() if rhythm.kick_ticks.get(level)]  # fmt: skip
    scores = {"kick_lock": round(float(np.mean(locks)), 4)} if locks else {}
    return line.model_copy(update={"scores": scores})


def _idiom(style: Style, level: Level) -> BassIdiom:
    """The style's idiom of a level, else of the nearest level it names."""
    nearest = min(sorted(style.bass), key=lambda candidate: abs(candidate - level), default=None)
    return "roots" if nearest is None else style.bass[nearest]


def _kicks_taken(
    rhythm: Rhythm, level: int, time_signature: str, rng: np.random.Generator
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Straight ticks of the kicks that the bass takes in the first and second bar of a two-bar cycle.

    The first bar takes all; the second leaves one out that is not the downbeat, so that bass and drums are
    together without being one.
    """
    grid = swung_grid(1, rhythm.swing, time_signature, rhythm.sixteenth_swing)
    step = ticks_per_step(time_signature)
    all_of_them = tuple(int(np.abs(grid - tick).argmin()) * step for tick in rhythm.kick_ticks.get(level, ()))
    free = [tick for tick in all_of_them if tick > 0]
    left_out = free[int(rng.integers(len(free)))] if free else -1
    return all_of_them, tuple(tick for tick in all_of_them if tick != left_out)


def _play_loop(
    idiom: BassIdiom, loop: SectionHarmony, kicks: tuple[tuple[int, ...], tuple[int, ...]], player: Player
) -> list[Note]:
    notes: list[Note] = []
    for stretch in stretches(loop, kicks, player.time_signature):
        notes += play(idiom, stretch, player)
    return notes


def stretches(
    loop: SectionHarmony, kicks: tuple[tuple[int, ...], tuple[int, ...]], time_signature: str
) -> list[Stretch]:
    """The loop's chords cut at barlines, in order."""
    bar_ticks = ticks_per_bar(time_signature)
    found: list[Stretch] = []
    for index, chord in enumerate(loop.chords):
        following: ChordSpan = loop.chords[(index + 1) % len(loop.chords)]
        start, last = chord.start_ticks, min(chord.start_ticks + chord.duration_ticks, loop.bars * bar_ticks)
        while start < last:
            bar = start // bar_ticks
            end = min((bar + 1) * bar_ticks, last)
            is_last = end == last
            found.append(
                Stretch(
                    chord=chord,
                    following=following if is_last else chord,
                    start=start,
                    end=end,
                    bar=bar * bar_ticks,
                    is_new=start == chord.start_ticks,
                    changes=is_last and following.bass != chord.bass,
                    kicks=kicks[bar % 2],
                )
            )
            start = end
    return found


def _as_played(notes: Sequence[Note], bars: int, rhythm: Rhythm) -> tuple[NoteRow, ...]:
    """One voice: sorted, no two at once, each ending by the next, swung, all inside the range and the loop."""
    loop_end = bars * ticks_per_bar(rhythm.time_signature)
    by_start = {note[0]: note for note in sorted(notes)}
    ordered = [by_start[start] for start in sorted(by_start)]
    swings = (rhythm.swing, rhythm.time_signature, rhythm.sixteenth_swing)
    starts = [swung(note[0], *swings) for note in ordered]
    ends = [swung(min(note[0] + note[1], loop_end), *swings) for note in ordered]
    rows: list[NoteRow] = []
    for (_, _, pitch, velocity), start, end, following in zip(
        ordered, starts, ends, [*starts[1:], loop_end], strict=True
    ):
        rows.append((start, max(min(end, following) - start, 1), _in_range(pitch), velocity))
    return tuple(rows)


def _in_range(pitch: int) -> int:
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch


def _lock(rows: Sequence[NoteRow], kicks: Sequence[int], time_signature: str) -> float:
    """Share of the kicks, over the loop's bars, that have a bass onset within LOCK_WITHIN_TICKS."""
    bar = ticks_per_bar(time_signature)
    onsets = np.array([row[0] for row in rows], dtype=np.int64)
    bars = int(onsets.max(initial=0)) // bar + 1
    wanted = np.array([index * bar + kick for index in range(bars) for kick in kicks], dtype=np.int64)
    if len(onsets) == 0:
        return 0.0
    nearest = np.abs(wanted[:, None] - onsets[None, :]).min(axis=1)
    return float(np.mean(nearest <= LOCK_WITHIN_TICKS))


def _twin(line: BassLine, harmony: Harmony, time_signature: str) -> bytes:
    """Section kinds one after another, each from its sparsest level to its fullest."""
    bar, rows, position = ticks_per_bar(time_signature), [], 0
    for kind, levels in sorted(line.sections.items()):
        for _, notes in sorted(levels.items()):
            rows += [(position + start, length, pitch, velocity) for start, length, pitch, velocity in notes]
            position += harmony.sections[kind].bars * bar
    return material_to_midi(
        {"bass": (note_array(rows), _FINGER_BASS, 1)}, tempo_bpm=_TWIN_TEMPO_BPM, time_signature=time_signature,
        key=harmony.key, scale=harmony.scale, title="bass line",
    )  # fmt: skip
