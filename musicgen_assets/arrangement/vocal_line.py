"""arrangement/vocal_line: the sung line of a song, its syllables on the melody's notes.

Belongs here: the asset's entry, which stanza each section sings, where the melody is silent for the voice.
Does not belong here: syllables under one phrase (vocal_underlay), words (composition.lyrics), a voice's sound
(production). Until there is a voice, a lead instrument carries the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from musicgen_assets.arrangement.ranges import best_octave, fitted, range_of
from musicgen_assets.arrangement.timeline import Run, runs_of
from musicgen_assets.arrangement.vocal_underlay import Sung, Unit, underlay
from musicgen_assets.context.schema import Frozen, SectionKind
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Melody, Theme
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, NoteRow, Score, Section, Syllable, Track

VOCAL, MELODY = "vocal", "melody"
REFRAINS: tuple[SectionKind, ...] = ("chorus", "drop", "pre_chorus")
"""Kinds that sing the same words whenever they come back."""
_EARLY_TICKS = 60
"""The melody falls silent this long before a sung phrase: its player may be ahead of the beat."""
_NOTE_CARRIED = "The sung line is played by a lead instrument; its words are in the score, lyrics.lrc and lyrics.txt."
_NOTE_NONE = "Nothing is sung."


class VocalLine(Frozen):
    """composition of the voice. ``melody_mutes``: [start, end] in ticks where the melody track is silent."""

    carrier: str = "none"
    """none or lead_instrument."""
    track: Track | None = None
    syllables: tuple[Syllable, ...] = ()
    melody_mutes: tuple[tuple[int, int], ...] = ()
    note: str = Field(_NOTE_NONE)


@dataclass
class _Voice:
    """The line in the making."""

    notes: list[NoteRow] = field(default_factory=list)
    syllables: list[Syllable] = field(default_factory=list)
    mutes: list[tuple[int, int]] = field(default_factory=list)


def make_vocal_line(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations."""
    score = job.load("arrangement/arrangement", Score)
    melody = job.load("composition/melody", Melody)
    lyrics = job.load("composition/lyrics", Lyrics)
    line = sing_song(score, melody, lyrics, str(job.read("musical.time_signature")))
    tracks = merged_tracks(score, line.model_dump(mode="json"))
    return Outcome(
        content=(json_payload(line), midi_payload(score_to_midi(score, tracks, line.syllables))),
        facts={
            "carrier": line.carrier,
            "syllables": len(line.syllables),
            "lines": len({(syllable.section, syllable.line) for syllable in line.syllables}),
            "notes": len(line.track.notes) if line.track else 0,
        },
    )


def sing_song(score: Score, melody: Melody, lyrics: Lyrics, time_signature: str) -> VocalLine:
    """The vocal line of a song; carrier "none" where nothing is sung."""
    voice = _Voice()
    passes = _passes(score.sections, melody, lyrics)
    for section, run, stanza, first_line in passes:
        _sing_pass(voice, score, section, run, melody.themes[section.kind], stanza, first_line, time_signature)
    if not voice.syllables:
        return VocalLine()
    track = _track(score, _without_overlaps(voice.notes))
    syllables = tuple(sorted(voice.syllables, key=lambda syllable: syllable.start_ticks))
    return VocalLine(
        carrier="lead_instrument",
        track=track,
        syllables=syllables,
        melody_mutes=_joined(voice.mutes),
        note=_NOTE_CARRIED,
    )


def merged_tracks(score: Score, vocal_line: Mapping[str, Any]) -> tuple[Track, ...]:
    """All tracks as they are to sound: the vocal track added, the melody silent where its mutes say so.

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
    return (*tracks, vocal)


def _muted(notes: Sequence[NoteRow], mutes: Sequence[tuple[int, int]]) -> tuple[NoteRow, ...]:
    """Notes that begin outside the mutes, cut where one begins while they sound."""
    kept: list[NoteRow] = []
    for start, duration, pitch, velocity in notes:
        if any(begin <= start < end for begin, end in mutes):
            continue
        limit = min((begin for begin, _ in mutes if start < begin < start + duration), default=start + duration)
        kept.append((start, limit - start, pitch, velocity))
    return tuple(kept)


def _passes(
    sections: Sequence[Section], melody: Melody, lyrics: Lyrics
) -> list[tuple[Section, Run, LyricSection, int]]:
    """(section, its bars and where in the theme they start, words, number of its first line) for all that is sung.

    Where a kind has a stanza for each pass of its theme, each pass sings the next; else each section does, its
    later passes left to the instruments. Refrains return; a lone stanza of another kind is sung again; when
    several have run out the instruments play. A last, partial pass repeats a refrain's closing lines.
    """
    stanzas: dict[SectionKind, list[LyricSection]] = {}
    for words in lyrics.sections:
        stanzas.setdefault(words.kind, []).append(words)
    whole: dict[SectionKind, int] = {}
    for section in sections:
        if section.kind in stanzas and section.kind in melody.themes:
            whole[section.kind] = whole.get(section.kind, 0) + len(_full_runs(section, sections, melody))
    taken: dict[SectionKind, int] = {}
    found: list[tuple[Section, Run, LyricSection, int]] = []
    for section in sections:
        own = stanzas.get(section.kind, [])
        if not own or section.kind not in melody.themes:
            continue
        each_pass = section.kind in REFRAINS or len(own) >= whole[section.kind]
        first_line = 0
        for number, run in enumerate(_runs(section, sections, melody)):
            is_rest = number > 0 and run.loop_bar > 0
            if number and (not each_pass or (is_rest and section.kind not in REFRAINS)):
                continue
            words = _stanza(own, section, taken)
            if words is None:
                continue
            found.append((section, run, words, first_line))
            first_line += len(words.lines)
    return found


def _stanza(own: Sequence[LyricSection], section: Section, taken: dict[SectionKind, int]) -> LyricSection | None:
    """The next stanza of a kind, counting those taken; None when they have run out."""
    if section.kind in REFRAINS:
        return own[min(section.index, len(own) - 1)]
    index = taken.get(section.kind, 0)
    taken[section.kind] = index + 1
    if index < len(own):
        return own[index]
    return own[0] if len(own) == 1 else None


def _full_runs(section: Section, sections: Sequence[Section], melody: Melody) -> list[Run]:
    return [run for number, run in enumerate(_runs(section, sections, melody)) if number == 0 or run.loop_bar == 0]


def _runs(section: Section, sections: Sequence[Section], melody: Melody) -> tuple[Run, ...]:
    """How the section reads its theme, as the arrangement does; a song's last bar is lent to the last pass, so
    that a line that ends there is sung to its end.
    """
    loop = melody.themes[section.kind].bars
    is_final = section is sections[-1]
    bars = section.bars - 1 if is_final else section.bars
    runs = runs_of(section.start_bar, bars, loop)
    if is_final and runs and runs[-1].loop_bar + runs[-1].bars < loop:
        last = runs[-1]
        return (*runs[:-1], Run(last.start_bar, last.loop_bar, last.bars + 1))
    return runs


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
    for number, lines in enumerate(_lines_by_phrase(stanza.lines, len(theme.phrases))):
        first, past = theme.phrases[number]
        rows = [row for row in theme.notes[first:past] if low <= row[0] < high]
        if not lines or len(rows) < past - first:
            continue
        units = [unit for index, line in lines for unit in _units(line, first_line + index)]
        placed = [_placed(row, shift, high, section, score) for row in rows]
        sung = underlay(placed, units, time_signature)
        if sung:
            _record(voice, sung, section)
            end = theme.notes[past][0] if past < len(theme.notes) else high
            voice.mutes.append((placed[0][0] - _EARLY_TICKS, _mute_end(min(end, high) + shift, section, score, bar)))


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


def _lines_by_phrase(lines: Sequence[LyricLine], phrases: int) -> list[list[tuple[int, LyricLine]]]:
    """Lines for each phrase, with their numbers: one each; more lines than phrases share them evenly."""
    numbered = list(enumerate(lines))
    if len(lines) <= phrases:
        return [numbered[n : n + 1] for n in range(phrases)]
    edges = [len(lines) * n // phrases for n in range(phrases + 1)]
    return [numbered[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _units(line: LyricLine, number: int) -> list[Unit]:
    return [
        Unit(text, stress, is_end, number)
        for text, stress, is_end in zip(line.syllables, line.stresses, line.word_ends, strict=True)
    ]


def _record(voice: _Voice, sung: Sequence[Sung], section: Section) -> None:
    for syllable in sung:
        start = syllable.notes[0][0]
        end = syllable.notes[-1][0] + syllable.notes[-1][1]
        voice.notes += syllable.notes
        voice.syllables.append(
            Syllable(
                start_ticks=start,
                duration_ticks=max(end - start, 1),
                text=syllable.text,
                is_word_end=syllable.is_word_end,
                section=section.name,
                line=syllable.line,
            )  # fmt: skip
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
