"""exports/: the song for musicians, one task: quantized MIDI, MusicXML, lead sheet, ChordPro, chord chart, click.

Belongs here: which files there are and what each is made from. Does not belong here: writing them (score.exports),
engraving (lead_sheet_pdf).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen_assets.arrangement.vocal_line import merged_tracks
from musicgen_assets.finalization.encode import MEDIA_TYPES
from musicgen_assets.finalization.lead_sheet_pdf import SheetHead, lead_sheet_pdf
from musicgen_assets.graph.job import Blob, Payload, Ref, Task
from musicgen_assets.score.exports.chord_chart import chord_chart
from musicgen_assets.score.exports.chordpro import chordpro
from musicgen_assets.score.exports.click import click_midi
from musicgen_assets.score.exports.lead_sheet import key_words, lead_sheet, tempo_words
from musicgen_assets.score.exports.musicxml import musicxml
from musicgen_assets.score.exports.transposing import suggested_capo
from musicgen_assets.score.exports.written import Swing, WrittenScore, written_score
from musicgen_assets.score.midi import score_to_midi
from musicgen_assets.score.model import Score, Syllable

FOLDER = "exports"
QUANTIZED, MUSICXML, LEAD_SHEET = "score_quantized.mid", "score.musicxml", "lead_sheet.pdf"
CHORDPRO, CHART, CLICK = "song.cho", "chords.txt", "click.mid"
NAMES = (QUANTIZED, MUSICXML, LEAD_SHEET, CHORDPRO, CHART, CLICK)

_ENTRY = "musicgen_assets.finalization.exports:write_exports"


def export_task(written: Ref, vocal: Ref, swing: Swing) -> Task:
    """The task of all exports. ``written`` is the arrangement before it is played, ``vocal`` the sung line."""
    inputs = {"swing": swing.eighths, "sixteenth_swing": swing.sixteenths}
    return Task("exports", _ENTRY, inputs, {"written": written, "vocal": vocal})


def write_exports(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: every export, its role its path. ``inputs``: swing, sixteenth_swing (shares of a pair)."""
    swing = Swing(float(inputs["swing"]), float(inputs["sixteenth_swing"]))
    paper = paper_of(blobs["written"].data, blobs["vocal"].data, swing)
    return [_payload(name, data) for name, data in files_of(paper).items()]


def paper_of(written: bytes, vocal: bytes, swing: Swing) -> WrittenScore:
    """The song on paper, from the JSON of the arrangement before it is played and of the sung line."""
    score, line = Score.model_validate_json(written), json.loads(vocal)
    syllables = [Syllable.model_validate(syllable) for syllable in line.get("syllables", ())]
    return written_score(score, merged_tracks(score, line), syllables, swing)


def files_of(paper: WrittenScore, capo: int | None = None) -> dict[str, bytes]:
    """File name -> content, in the order of NAMES. ChordPro is for a ``capo`` (fret); None takes the one that makes its
    chords easiest, if any.
    """
    score = paper.score
    head = SheetHead(score.title, tempo_words(paper), key_words(score))
    return {
        QUANTIZED: score_to_midi(score, paper.tracks, paper.syllables, remark=paper.swing.words),
        MUSICXML: musicxml(paper),
        LEAD_SHEET: lead_sheet_pdf(lead_sheet(paper), head),
        CHORDPRO: chordpro(paper, suggested_capo(score.chords) if capo is None else capo).encode(),
        CHART: chord_chart(paper).encode(),
        CLICK: click_midi(score),
    }


def _payload(name: str, data: bytes) -> Payload:
    ending = name.rsplit(".", 1)[-1]
    return Payload(f"{FOLDER}/{name}", MEDIA_TYPES[ending], data, f".{ending}")
