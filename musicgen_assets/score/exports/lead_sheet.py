"""The lead sheet of a song as MusicXML: the tune on one staff, its chords, its words.

Belongs here: which line is the tune. Does not belong here: engraving it (finalization.lead_sheet_pdf).
"""

from __future__ import annotations

from dataclasses import replace

from musicgen_assets.score.clock import beat_ticks, meter
from musicgen_assets.score.exports.musicxml import Credit, PageOptions, musicxml
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Score, Track
from musicgen_assets.theory.keys import practical_tonic

_OPTIONS = PageOptions(has_dynamics=False, has_part_names=False, has_tempo=False, breaks_at_sections=True,
                       has_chord_degrees=False)  # fmt: skip
_LOW, _HIGH = 62, 79
"""Where a tune's median pitch should lie in treble clef: D4 to G5. Rule of thumb."""


def lead_sheet(written: WrittenScore) -> bytes:
    """The tune of ``written`` (the voice, and the lead where it is silent) as a one-staff MusicXML file."""
    tune = replace(written, tracks=(_on_the_staff(tune_of(written)),))
    score = written.score
    head = (
        Credit("title", score.title, "center"),
        Credit("lyricist", tempo_words(written), "left"),
        Credit("composer", key_words(score), "right"),
    )
    return musicxml(tune, replace(_OPTIONS, credits=head))


def key_words(score: Score) -> str:
    """ "Eb major", "D dorian"."""
    return f"{practical_tonic(score.key, score.scale)} {score.scale}"


def tempo_words(written: WrittenScore) -> str:
    """ "112 BPM", "Swing, 140 BPM": ``bpm_words`` with how pairs are played."""
    return ", ".join(part for part in (written.swing.words, bpm_words(written.score)) if part)


def bpm_words(score: Score) -> str:
    """ "112 BPM", "119-122 BPM" where it bends; beats are the meter's felt ones: dotted quarters in 6/8."""
    beat = beat_ticks(score.time_signature)
    tempi_bpm = [change.tempo_bpm * TICKS_PER_QUARTER / beat for change in score.tempo_map]
    tempi_bpm = tempi_bpm or [score.tempo_bpm * TICKS_PER_QUARTER / beat]
    ends = dict.fromkeys(f"{bpm:.0f}" for bpm in (min(tempi_bpm), max(tempi_bpm)))
    is_dotted = meter(score.time_signature)[1] == 8 and beat > TICKS_PER_QUARTER
    return f"{'-'.join(ends)} {'BPM in dotted quarters' if is_dotted else 'BPM'}"


def tune_of(written: WrittenScore) -> Track:
    """The sung line, and the lead's notes where nobody sings; the highest pitched part where there is neither."""
    voice = next((track for track in written.tracks if track.role == "vocal"), None)
    lead = next((track for track in written.tracks if track.role == "lead"), None)
    if voice is None and lead is None:
        pitched = [track for track in written.tracks if track.notes and not track.is_drums and track.role != "bass"]
        if not pitched:
            return Track(name="melody", role="lead", instrument="lead", program=0, channel=0)
        top = max(pitched, key=lambda track: (sum(row[2] for row in track.notes) / len(track.notes), track.name))
        return top.model_copy(update={"notes": _top_line([*top.notes]), "role": "lead"})
    base = voice or lead
    if base is None:  # one of them is there
        return Track(name="melody", role="lead", instrument="lead", program=0, channel=0)
    rows = list(voice.notes) if voice is not None else []
    rows += [row for row in (lead.notes if lead is not None else ()) if not _meets(row, rows)]
    return base.model_copy(update={"notes": _top_line(rows), "program": 0})


def _on_the_staff(tune: Track) -> Track:
    """The tune in the octave that treble clef shows best: a piccolo's lead sheet is no forest of ledger lines."""
    pitches = sorted(row[2] for row in tune.notes)
    if not pitches:
        return tune
    middle = pitches[len(pitches) // 2]

    def misfit(octaves: int) -> tuple[int, int]:
        return max(_LOW - middle - octaves, middle + octaves - _HIGH, 0), abs(octaves)

    shift = min(range(-36, 37, 12), key=misfit)
    notes = tuple((start, duration, pitch + shift, velocity) for start, duration, pitch, velocity in tune.notes)
    return tune.model_copy(update={"notes": notes})


def _meets(row: NoteRow, sung: list[NoteRow]) -> bool:
    return any(row[0] < other[0] + other[1] and other[0] < row[0] + row[1] for other in sung)


def _top_line(rows: list[NoteRow]) -> tuple[NoteRow, ...]:
    """One note at a time: the highest of each onset, each until the next begins."""
    tops: dict[int, NoteRow] = {}
    for row in rows:
        if row[0] not in tops or row[2] > tops[row[0]][2]:
            tops[row[0]] = row
    starts = sorted(tops)
    ends = [*starts[1:], 1 << 40]
    return tuple(
        (start, min(tops[start][1], end - start), *tops[start][2:]) for start, end in zip(starts, ends, strict=True)
    )
