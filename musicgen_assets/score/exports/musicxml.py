"""A song as MusicXML 4.0 (score-partwise): what notation programs open.

Belongs here: the document, its list of parts, the order of parts. Does not belong here: bars (musicxml_part), chord
symbols and directions (musicxml_signs), where notes stand (staves).

Format: W3C Music Notation Community Group, MusicXML 4.0 (2021). One division is one tick, 480 a quarter. Equal inputs
give equal bytes: no dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from musicgen_assets.score.exports.bars import bars_of
from musicgen_assets.score.exports.drum_staff import drum_place
from musicgen_assets.score.exports.musicxml_part import Marks, PartWriter
from musicgen_assets.score.exports.spelling import Speller
from musicgen_assets.score.exports.staves import part_of
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.score.model import Track

SOFTWARE = "musicgen"
_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    b' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_A4_MM = (210.0, 297.0)
_SYSTEM_MM, _STAFF_MM = 120.0, (4.0, 7.0)
"""Height that a system of all parts may take; least and greatest height of a staff. Rule of thumb."""
_ORDER = ("vocal", "lead", "counter", "arpeggio", "chords", "pad", "bass", "percussion", "drums")
"""Parts from the top of the page down, by role."""


@dataclass(frozen=True)
class Credit:
    """A line in the head of the first page: ``kind`` as MusicXML names it, ``side`` left, center or right."""

    kind: str
    text: str
    side: str


@dataclass(frozen=True)
class PageOptions:
    """What a page shows beside its notes."""

    has_dynamics: bool = True
    has_part_names: bool = True
    has_tempo: bool = True
    """Whether metronome and swing marks stand above the first bar."""
    breaks_at_sections: bool = False
    """Whether each section starts a line."""
    has_chord_degrees: bool = True
    """Whether chord symbols list added tones as data too."""
    credits: tuple[Credit, ...] = ()


def musicxml(written: WrittenScore, options: PageOptions | None = None) -> bytes:
    """The song as an uncompressed MusicXML file. The top part carries chord symbols, rehearsal marks and tempo."""
    options = options or PageOptions()
    root = ET.Element("score-partwise", version="4.0")
    ET.SubElement(ET.SubElement(root, "work"), "work-title").text = written.score.title
    encoding = ET.SubElement(ET.SubElement(root, "identification"), "encoding")
    ET.SubElement(encoding, "software").text = SOFTWARE
    for element in ("accidental", "beam"):
        ET.SubElement(encoding, "supports", element=element, type="yes")
    _add_page(root, len(written.tracks))
    for credit in options.credits:
        _add_credit(root, credit)
    tracks = page_order(written.tracks)
    listed = ET.SubElement(root, "part-list")
    for number, track in enumerate(tracks, start=1):
        _list_part(listed, f"P{number}", track, has_name=options.has_part_names)
    bars = bars_of(written.score)
    speller = Speller(written.score)
    for number, track in enumerate(tracks, start=1):
        part = part_of(track, written.score.time_signature, bars)
        marks = Marks(
            is_top=number == 1,
            has_dynamics=options.has_dynamics,
            has_tempo=number == 1 and options.has_tempo,
            breaks_at_sections=options.breaks_at_sections,
            has_degrees=options.has_chord_degrees,
        )
        writer = PartWriter(f"P{number}", part, bars, written, speller, marks)
        root.append(writer.element())
    for child in root.iter():
        if child.tag in ("score-part", "part", "measure", "note", "direction", "harmony"):
            child.tail = "\n"
    body: str = ET.tostring(root, encoding="unicode")
    return _HEAD + body.encode() + b"\n"


def page_order(tracks: Sequence[Track]) -> tuple[Track, ...]:
    """Tracks as they stand on a page: voice and lead on top, bass and drums at the bottom."""
    return tuple(sorted(tracks, key=lambda track: _ORDER.index(track.role)))


def part_name(track: Track) -> str:
    """A track's name as it is printed: "muted_guitar" -> "Muted guitar"."""
    return track.name.replace("_", " ").strip().capitalize()


def instrument_id(part: str, key: int | None = None) -> str:
    """The id of a part's instrument; drums have one a key."""
    return f"{part}-I{1 if key is None else key}"


def _add_page(root: ET.Element, staves: int) -> None:
    """A4, with staves small enough that a system of them leaves room for another."""
    height_mm = min(max(_SYSTEM_MM / max(staves, 1) / 2.5, _STAFF_MM[0]), _STAFF_MM[1])
    defaults = ET.SubElement(root, "defaults")
    scaling = ET.SubElement(defaults, "scaling")
    ET.SubElement(scaling, "millimeters").text = f"{height_mm:.2f}"
    ET.SubElement(scaling, "tenths").text = "40"
    layout = ET.SubElement(defaults, "page-layout")
    for name, size_mm in (("page-height", _A4_MM[1]), ("page-width", _A4_MM[0])):
        ET.SubElement(layout, name).text = f"{size_mm * 40 / height_mm:.1f}"


def _add_credit(root: ET.Element, credit: Credit) -> None:
    element = ET.SubElement(root, "credit", page="1")
    ET.SubElement(element, "credit-type").text = credit.kind
    sizes = {"title": "20"}
    place = {"justify": credit.side, "halign": credit.side, "valign": "top", "font-size": sizes.get(credit.kind, "10")}
    ET.SubElement(element, "credit-words", place).text = credit.text


def _list_part(listed: ET.Element, identity: str, track: Track, *, has_name: bool) -> None:
    entry = ET.SubElement(listed, "score-part", id=identity)
    shown = {} if has_name else {"print-object": "no"}
    ET.SubElement(entry, "part-name", shown).text = part_name(track)
    keys: list[int | None] = [None]
    if track.is_drums:
        keys = [*sorted({row[2] for row in track.notes})] or [None]
    for key in keys:
        instrument = ET.SubElement(entry, "score-instrument", id=instrument_id(identity, key))
        name = track.instrument if key is None else drum_place(key).name
        ET.SubElement(instrument, "instrument-name").text = name
    for key in keys:
        midi = ET.SubElement(entry, "midi-instrument", id=instrument_id(identity, key))
        ET.SubElement(midi, "midi-channel").text = str(track.channel + 1)
        ET.SubElement(midi, "midi-program").text = str(track.program + 1)
        if key is not None:
            ET.SubElement(midi, "midi-unpitched").text = str(key + 1)
