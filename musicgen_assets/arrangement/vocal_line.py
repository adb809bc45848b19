"""arrangement/vocal_line: the sung line of a song, its syllables on the melody's notes.

Belongs here: the asset's entry, the track and its syllables, where the melody is silent for the voice. Does not
belong here: which words each section sings (vocal_words), one line on one phrase (vocal_setting, vocal_underlay),
harmony voices (vocal_harmony), writing words (composition.lyrics), a voice's sound (production). Until there is a
voice, a lead instrument carries the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field

from musicgen_assets.arrangement.critic.verdict import checks_of, judge
from musicgen_assets.arrangement.ranges import best_octave, fitted, range_of
from musicgen_assets.arrangement.timeline import Run
from musicgen_assets.arrangement.vocal_harmony import HARMONY_PREFIX, harmony_voices, sung_notes
from musicgen_assets.arrangement.vocal_setting import Phrase, bound, set_line, with_breath, with_turn
from musicgen_assets.arrangement.vocal_underlay import Sung, Unit, underlay
from musicgen_assets.arrangement.vocal_words import REFRAINS, lines_by_phrase, sung_passes
from musicgen_assets.composition.melody_plan import VOICE_CENTRES
from musicgen_assets.context.schema import Frozen
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Melody, Theme
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, NoteRow, Score, Section, Syllable, Track
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema_vocals import VocalHabits
from musicgen_assets.theory.scales import scale_pitch_classes

VOCAL, MELODY = "vocal", "melody"
_EARLY_TICKS = 60
"""The melody falls silent this long before a sung phrase: its player may be ahead of the beat."""
_VOICE_REACH = 17
"""Harmony voices stay within so many semitones of the middle of the singer's voice."""
_TURN_EVERY = ((0.6, 1), (0.3, 2), (0.15, 4))
"""(melisma from, every so many lines end on a turn)."""
_NOTE_CARRIED = "The sung line is played by a lead instrument; its words are in the score, lyrics.lrc and lyrics.txt."
_NOTE_NONE = "Nothing is sung."


class VocalLine(Frozen):
    """composition of the voice. ``melody_mutes``: [start, end] in ticks where the melody track is silent."""

    carrier: str = "none"
    """none or lead_instrument."""
    track: Track | None = None
    syllables: tuple[Syllable, ...] = ()
    melody_mutes: tuple[tuple[int, int], ...] = ()
    harmonies: tuple[Track, ...] = ()
    """Harmony voices, named ``vocal_harmony_1`` and on."""
    note: str = Field(_NOTE_NONE)


@dataclass
class _Voice:
    """The line in the making: what each section sings, in lines, and where the melody is silent for it."""

    lines: list[tuple[Section, tuple[Sung, ...]]] = field(default_factory=list)
    mutes: list[tuple[int, int]] = field(default_factory=list)
    sixteenth_swing: float = 0.5


def make_vocal_line(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations. The first to see all that is written, so the critic judges here; role
    ``critic`` holds its scores and measures.
    """
    score = job.load("arrangement/arrangement", Score)
    melody = job.load("composition/melody", Melody)
    lyrics = job.load("composition/lyrics", Lyrics)
    line = sing_song(
        score, melody, lyrics, str(job.read("musical.time_signature")), str(job.read("creative.voice")),
        blend(job.read("musical.genres")).vocals,
    )  # fmt: skip
    tracks = merged_tracks(score, line.model_dump(mode="json"))
    judgement = judge(score, tracks, melody.hook.notes, lyrics, line.syllables)
    return Outcome(
        content=(
            json_payload(line),
            midi_payload(score_to_midi(score, tracks, line.syllables)),
            json_payload(judgement.plain(), "critic"),
        ),
        facts={
            "carrier": line.carrier,
            "syllables": len(line.syllables),
            "lines": len({(syllable.section, syllable.line) for syllable in line.syllables}),
            "notes": len(line.track.notes) if line.track else 0,
            "harmony_voices": len(line.harmonies),
            "lines_not_sung": _lines_not_sung(lyrics, line),
            **judgement.scores,
        },
        checks=checks_of(judgement),
    )


def sing_song(
    score: Score,
    melody: Melody,
    lyrics: Lyrics,
    time_signature: str,
    voice: str = "middle",
    habits: VocalHabits = VocalHabits(),  # noqa: B008  # frozen
) -> VocalLine:
    """The vocal line of a song; carrier "none" where nothing is sung. ``voice``: low, middle or high."""
    made = _Voice(sixteenth_swing=melody.sixteenth_swing)
    for section, run, stanza, first_line in sung_passes(score.sections, melody, lyrics):
        _sing_pass(made, score, section, run, melody.themes[section.kind], stanza, first_line, time_signature)
    lines = _silenced(_finished(made.lines, score, habits), score)
    syllables = tuple(_syllable(sung, section) for section, line in lines for sung in line)
    if not syllables:
        return VocalLine()
    track = _track(score, _without_overlaps([row for _, line in lines for sung in line for row in sung.notes]))
    return VocalLine(
        carrier="lead_instrument",
        track=track,
        syllables=syllables,
        melody_mutes=_joined(made.mutes),
        harmonies=_harmonies(score, track, syllables, voice, habits),
        note=_NOTE_CARRIED,
    )


def _finished(
    lines: Sequence[tuple[Section, tuple[Sung, ...]]], score: Score, habits: VocalHabits
) -> list[tuple[Section, tuple[Sung, ...]]]:
    """The lines in order, with breaths between them, words unbroken, and turns where the style has them."""
    ordered = sorted(lines, key=lambda pair: pair[1][0].notes[0][0])
    every = next((count for least, count in _TURN_EVERY if habits.melisma >= least), 0)
    found: list[tuple[Section, tuple[Sung, ...]]] = []
    for number, (section, line) in enumerate(ordered):
        following = ordered[number + 1][1][0].notes[0][0] if number + 1 < len(ordered) else None
        breathed = with_breath(bound(line), following, score.tempo_bpm)
        if every and number % every == every - 1:
            scale = {(pc + section.transpose) % 12 for pc in scale_pitch_classes(score.key, score.scale)}
            breathed = with_turn(breathed, frozenset(scale), max(row[2] for sung in line for row in sung.notes) + 2)
        found.append((section, breathed))
    return found


def _silenced(
    lines: Sequence[tuple[Section, tuple[Sung, ...]]], score: Score
) -> list[tuple[Section, tuple[Sung, ...]]]:
    """The voice, too, is silent in the score's stops, and does not sing in ticks that are not played."""
    quiet = [*score.stops, *((skip.start_ticks, skip.end_ticks) for skip in score.skips)]
    if not quiet:
        return list(lines)

    def kept(row: NoteRow) -> NoteRow | None:
        start, duration, pitch, velocity = row
        if any(begin <= start < end for begin, end in quiet):
            return None
        limit = min((begin for begin, _ in quiet if start < begin < start + duration), default=start + duration)
        return start, limit - start, pitch, velocity

    found: list[tuple[Section, tuple[Sung, ...]]] = []
    for section, line in lines:
        sung = [replace(one, notes=rows) for one in line if (rows := tuple(filter(None, map(kept, one.notes))))]
        if sung:
            found.append((section, tuple(sung)))
    return found


def _harmonies(
    score: Score, lead: Track, syllables: Sequence[Syllable], voice: str, habits: VocalHabits
) -> tuple[Track, ...]:
    """Harmony tracks on the lead's instrument, on channels of their own while there are any."""
    low, high = range_of(lead.program)
    centre = VOICE_CENTRES[voice]
    shift = best_octave(lead.notes, centre - _VOICE_REACH, centre + _VOICE_REACH)
    low, high = max(low, centre - _VOICE_REACH - shift), min(high, centre + _VOICE_REACH - shift)
    voices = harmony_voices(score, sung_notes(score, lead.notes, syllables), habits.harmony, low, high)
    used = {track.channel for track in score.tracks} | {DRUM_CHANNEL, lead.channel}
    free = [channel for channel in range(16) if channel not in used]
    return tuple(
        lead.model_copy(
            update={
                "name": f"{HARMONY_PREFIX}{number + 1}",
                "channel": free[number] if number < len(free) else lead.channel,
                "notes": _without_overlaps(notes),
            }
        )
        for number, notes in enumerate(voices)
    )


def _lines_not_sung(lyrics: Lyrics, line: VocalLine) -> int:
    """Lines of the words that the song has no room for, spare stanzas among them."""
    grouped: dict[tuple[str, int, int], list[str]] = {}
    pass_number = -1
    before: tuple[str, int] | None = None
    for syllable in line.syllables:
        here = (syllable.section, syllable.line)
        pass_number += here != before
        before = here
        grouped.setdefault((*here, pass_number), []).append(syllable.text)
    heard = {tuple(texts) for texts in grouped.values()}
    return sum(words.syllables not in heard for section in lyrics.sections for words in section.lines)


def merged_tracks(score: Score, vocal_line: Mapping[str, Any]) -> tuple[Track, ...]:
    """All tracks as they are to sound: the vocal and its harmonies added, the melody silent where its mutes say so.

    ``vocal_line`` is the artifact's plain data. A melody that is silent throughout is left out.
    """
    if not vocal_line.get("track"):
        return score.tracks
    vocal = Track.model_validate(vocal_line["track"])
    mutes = [(int(start), int(end)) for start, end in vocal_line.get("melody_mutes", ())]
    tracks: list[Track] = []
    for track in score.tracks:
        kept = track.model_copy(update={"notes": _muted(track.notes, mutes)}) if track.name == MELODY else track
        if kept.notes or not track.notes:
            tracks.append(kept)
    return (*tracks, vocal, *(Track.model_validate(harmony) for harmony in vocal_line.get("harmonies", ())))


def _muted(notes: Sequence[NoteRow], mutes: Sequence[tuple[int, int]]) -> tuple[NoteRow, ...]:
    """Notes that begin outside the mutes, cut where one begins while they sound."""
    kept: list[NoteRow] = []
    for start, duration, pitch, velocity in notes:
        if any(begin <= start < end for begin, end in mutes):
            continue
        limit = min((begin for begin, _ in mutes if start < begin < start + duration), default=start + duration)
        kept.append((start, limit - start, pitch, velocity))
    return tuple(kept)


def _sing_pass(
    voice: _Voice,
    score: Score,
    section: Section,
    run: Run,
    theme: Theme,
    stanza: LyricSection,
    first_line: int,
    time_signature: str,
) -> None:
    """One pass of a theme: each line on its phrase, where the phrase lies inside the bars that are played."""
    bar = ticks_per_bar(time_signature)
    shift = (run.start_bar - run.loop_bar) * bar
    low, high = run.loop_bar * bar, (run.loop_bar + run.bars) * bar
    whole = [
        (first, past)
        for first, past in theme.phrases
        if past > first and low <= theme.notes[first][0] and theme.notes[past - 1][0] < high
    ]
    opening = sum(past <= (whole[0][0] if whole else 0) for _, past in theme.phrases)
    for number, lines in enumerate(lines_by_phrase(stanza.lines, opening, len(whole), len(theme.phrases))):
        if not lines:
            continue
        first, past = whole[number]
        rows = theme.notes[first:past]
        units = [unit for index, line in lines for unit in _units(line, first_line + index)]
        placed = [_placed(row, shift, high, section, score) for row in rows]
        end = theme.notes[past][0] if past < len(theme.notes) else theme.bars * bar
        is_made_for = stanza.index == 0 or section.kind in REFRAINS
        if is_made_for:
            sung = underlay(placed, units, time_signature)
        else:
            phrase = Phrase(tuple(placed), min(end, high) + shift, voice.sixteenth_swing)
            sung = set_line(phrase, units, time_signature, score.tempo_bpm)
        if sung:
            voice.lines += [(section, tuple(line)) for line in _by_line(sung)]
            voice.mutes.append((placed[0][0] - _EARLY_TICKS, _mute_end(min(end, high) + shift, section, score, bar)))


def _by_line(sung: Sequence[Sung]) -> list[list[Sung]]:
    """Syllables in the lines they belong to."""
    found: list[list[Sung]] = []
    for syllable in sung:
        if not found or found[-1][0].line != syllable.line:
            found.append([])
        found[-1].append(syllable)
    return found


def _mute_end(tick: int, section: Section, score: Score, bar: int) -> int:
    """Where the melody may come back: before the next phrase, and always for the song's closing bar."""
    closing = score.end_ticks - bar
    return min(tick - _EARLY_TICKS, closing) if section.end_ticks > closing else tick - _EARLY_TICKS


def _placed(row: NoteRow, shift: int, high: int, section: Section, score: Score) -> NoteRow:
    """A theme's note in the song: moved, transposed, cut at the end of its pass; in the song's closing bar on the
    closing chord.
    """
    start, duration, pitch, velocity = row
    pitch += section.transpose
    closing = score.chords[-1] if score.chords else None
    if closing is not None and start + shift >= closing.start_ticks:
        near = range(pitch - 6, pitch + 7)
        pitch = min((p for p in near if p % 12 in closing.pitch_classes), key=lambda p: (abs(p - pitch), p))
    return (start + shift, min(duration, high - start), pitch, velocity)


def _units(line: LyricLine, number: int) -> list[Unit]:
    return [
        Unit(text, stress, is_end, number)
        for text, stress, is_end in zip(line.syllables, line.stresses, line.word_ends, strict=True)
    ]


def _syllable(sung: Sung, section: Section) -> Syllable:
    start = sung.notes[0][0]
    end = sung.notes[-1][0] + sung.notes[-1][1]
    return Syllable(
        start_ticks=start,
        duration_ticks=max(end - start, 1),
        text=sung.text,
        is_word_end=sung.is_word_end,
        section=section.name,
        line=sung.line,
    )


def _without_overlaps(notes: Sequence[NoteRow]) -> tuple[NoteRow, ...]:
    """One note at a time: each is cut where the next begins."""
    ordered = sorted(notes)
    kept: list[NoteRow] = []
    for index, (start, duration, pitch, velocity) in enumerate(ordered):
        limit = ordered[index + 1][0] - start if index + 1 < len(ordered) else duration
        if limit > 0:
            kept.append((start, max(min(duration, limit), 1), pitch, velocity))
    return tuple(kept)


def _track(score: Score, notes: tuple[NoteRow, ...]) -> Track:
    """The vocal track: the melody's instrument on a channel of its own, the line in that instrument's reach."""
    lead = score.track(MELODY)
    program = lead.program if lead else 0
    used = {track.channel for track in score.tracks} | {DRUM_CHANNEL}
    free = [channel for channel in range(16) if channel not in used]
    shift = best_octave(notes, *range_of(program))
    moved = fitted([(start, duration, pitch + shift, velocity) for start, duration, pitch, velocity in notes], program)
    return Track(
        name=VOCAL, role="vocal", instrument=lead.instrument if lead else "piano", program=program,
        channel=free[0] if free else (lead.channel if lead else 0), notes=tuple(moved),
    )  # fmt: skip


def _joined(mutes: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Mutes in order, touching ones joined, empty ones left out."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(mutes):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((max(start, 0), end))
    return tuple(found)
