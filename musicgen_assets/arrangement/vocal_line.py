"""arrangement/vocal_line: the sung line of a song, its syllables on the melody's notes.

Belongs here: the asset's entry, the track and its syllables, all tracks as they are to sound. Does not belong here:
lines on the phrases that are played (vocal_passes), which words each section sings (vocal_words), harmony voices
(vocal_harmony), writing words (composition.lyrics), a voice's sound (production.voice).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from musicgen_assets.arrangement.critic.verdict import MELODIC_SCORE, checks_of, judge
from musicgen_assets.arrangement.fade import faded_rows
from musicgen_assets.arrangement.ranges import best_octave, fitted, folded, range_of
from musicgen_assets.arrangement.vocal_harmony import HARMONY_PREFIX, harmony_voices, sung_notes
from musicgen_assets.arrangement.vocal_passes import sung_lines_of
from musicgen_assets.arrangement.vocal_underlay import Sung
from musicgen_assets.composition.melody_plan import VOICE_CENTRES
from musicgen_assets.composition.section_takes import takes_of
from musicgen_assets.context.frozen import Frozen
from musicgen_assets.graph.job import Job, Outcome
from musicgen_assets.graph.payloads import json_payload, midi_payload
from musicgen_assets.score.material import Lyrics, Melody
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import DRUM_CHANNEL, NoteRow, Score, Section, Syllable, Track
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema_vocals import VocalHabits

VOCAL, MELODY = "vocal", "melody"
_VOICE_REACH = 17
"""Harmony voices stay within so many semitones of the middle of the singer's voice."""
GUIDE_VOICE, LEAD_INSTRUMENT = "guide_voice", "lead_instrument"
VOICE_NAME, VOICE_PROGRAM = "guide vocal", 53
"""What the track is called and what plays it from MIDI: General MIDI's "Voice Oohs"."""
RANGE_REACH = 15
"""A singer reaches so many semitones up and down from the middle of the voice; trained ones do."""
NOTE_SUNG = (
    "The sung line is a guide vocal: a synthetic voice made by rule, to be replaced by a singer. Nobody's voice was "
    "recorded or copied."
)
NOTE_CARRIED = "The sung line is played by a lead instrument; its words are in the score, lyrics.lrc and lyrics.txt."
_NOTE_NONE = "Nothing is sung."


class VocalLine(Frozen):
    """composition of the voice. ``melody_mutes``: [start, end] in ticks where the melody track is silent."""

    carrier: str = "none"
    """none, guide_voice, or lead_instrument where it was written for one."""
    track: Track | None = None
    syllables: tuple[Syllable, ...] = ()
    melody_mutes: tuple[tuple[int, int], ...] = ()
    harmonies: tuple[Track, ...] = ()
    """Harmony voices, named ``vocal_harmony_1`` and on."""
    note: str = Field(_NOTE_NONE)


def make_vocal_line(job: Job) -> Outcome:
    """The asset's entry, see graph.declarations. The first to see all that is written, so the critic judges here; role
    ``critic`` holds its scores and measures.
    """
    score = job.load("arrangement/arrangement", Score)
    melody = job.load("composition/melody", Melody)
    lyrics = job.load("composition/lyrics", Lyrics)
    line = sing_song(
        score, melody, lyrics, str(job.read("musical.time_signature")), str(job.read("creative.voice")),
        blend(job.read("musical.genres")).vocals, takes_of(job, "composition/melody", Melody),
    )  # fmt: skip
    tracks = merged_tracks(score, line.model_dump(mode="json"))
    judgement = judge(score, tracks, melody.hook.notes, lyrics, line.syllables)
    excused = (MELODIC_SCORE,) if melody.is_given else ()
    return Outcome(
        content=(
            json_payload(line),
            midi_payload(score_to_midi(score, tracks, line.syllables)),
            json_payload({**judgement.plain(), **({"excused": list(excused)} if excused else {})}, "critic"),
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
        checks=checks_of(judgement, excused),
    )


def sing_song(
    score: Score,
    melody: Melody,
    lyrics: Lyrics,
    time_signature: str,
    voice: str = "middle",
    habits: VocalHabits = VocalHabits(),  # noqa: B008  # frozen
    takes: Mapping[str, Melody] | None = None,
) -> VocalLine:
    """The vocal line of a song; carrier "none" where nothing is sung. ``voice``: low, middle or high; ``takes``:
    melodies of sections that have their own.
    """
    lines, mutes = sung_lines_of(score, melody, lyrics, time_signature, habits, takes)
    syllables = tuple(_syllable(sung, section) for section, line in lines for sung in line)
    if not syllables:
        return VocalLine()
    notes = _without_overlaps([row for _, line in lines for sung in line for row in sung.notes])
    track = _track(score, faded_rows(notes, score.fade), VOICE_CENTRES[voice])
    return VocalLine(
        carrier=GUIDE_VOICE,
        track=track,
        syllables=syllables,
        melody_mutes=_joined(mutes),
        harmonies=_harmonies(score, track, syllables, voice, habits),
        note=NOTE_SUNG,
    )


def _harmonies(
    score: Score, lead: Track, syllables: Sequence[Syllable], voice: str, habits: VocalHabits
) -> tuple[Track, ...]:
    """Harmony tracks, on channels of their own while there are any."""
    centre = VOICE_CENTRES[voice]
    voices = harmony_voices(
        score, sung_notes(score, lead.notes, syllables), habits.harmony, centre - _VOICE_REACH, centre + _VOICE_REACH
    )
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
    return sum(words.syllables not in heard for section in lyrics.every_stanza() for words in section.lines)


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


def _track(score: Score, notes: tuple[NoteRow, ...], centre: int) -> Track:
    """The vocal track on a channel of its own, the line within the singer's reach about ``centre``."""
    used = {track.channel for track in score.tracks} | {DRUM_CHANNEL}
    free = [channel for channel in range(16) if channel not in used]
    lead = score.track(MELODY)
    low, high = centre - RANGE_REACH, centre + RANGE_REACH
    shift = best_octave(notes, low, high)
    return Track(
        name=VOCAL, role="vocal", instrument=VOICE_NAME, program=VOICE_PROGRAM,
        channel=free[0] if free else (lead.channel if lead else 0),
        notes=tuple((start, length, folded(pitch + shift, low, high), velocity)
                    for start, length, pitch, velocity in notes),
    )  # fmt: skip


def played_by_lead(track: Track, score: Score) -> Track:
    """A sung track as the melody's instrument plays it, in that instrument's reach: where there is no voice."""
    lead = score.track(MELODY)
    program, instrument = (lead.program, lead.instrument) if lead else (0, "piano")
    shift = best_octave(track.notes, *range_of(program))
    moved = fitted([(row[0], row[1], row[2] + shift, row[3]) for row in track.notes], program)
    return track.model_copy(update={"program": program, "instrument": instrument, "notes": tuple(moved)})


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
