"""One part of a MusicXML file, bar by bar.

Belongs here: attributes, notes, rests, ties, lyrics and bar lines of a part. Does not belong here: the document
(musicxml), signs above and below (musicxml_signs), where notes stand (staves).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from musicgen_assets.score.clock import meter, ticks_per_bar
from musicgen_assets.score.exports import musicxml_signs as signs
from musicgen_assets.score.exports.accidentals import Accidentals
from musicgen_assets.score.exports.bars import Bar, played_chords
from musicgen_assets.score.exports.drum_staff import drum_place
from musicgen_assets.score.exports.events import Event
from musicgen_assets.score.exports.spelling import Spelled, Speller
from musicgen_assets.score.exports.staves import Clef, Part, Voice
from musicgen_assets.score.exports.underlay import Word, words_by_note
from musicgen_assets.score.exports.written import WrittenScore
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteRow, Section

_FULL_VELOCITY = 90
"""The velocity that MusicXML calls 100 %."""
_MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian")


@dataclass(frozen=True)
class Marks:
    """What a part carries beside its notes. The top one carries chord symbols and rehearsal marks."""

    is_top: bool
    has_dynamics: bool
    has_tempo: bool
    breaks_at_sections: bool
    has_degrees: bool


class PartWriter:
    """Writes one part."""

    def __init__(
        self, identity: str, part: Part, bars: Sequence[Bar], written: WrittenScore, speller: Speller, marks: Marks
    ) -> None:
        self.identity, self.part, self.bars, self.written, self.speller = identity, part, bars, written, speller
        self.score = written.score
        self.marks = marks
        bar_ticks = ticks_per_bar(self.score.time_signature)
        self.sections = {section.start_ticks // bar_ticks: section for section in self.score.sections}
        is_carrier = part.track.name == written.carrier
        self.words = words_by_note(written.syllables, part.track.notes) if is_carrier else {}
        self.chords = played_chords(self.score) if marks.is_top else {}
        self.loudness = ""

    def element(self) -> ET.Element:
        """The whole part."""
        root = ET.Element("part", id=self.identity)
        for bar in self.bars:
            root.append(self._measure(bar))
        return root

    def _measure(self, bar: Bar) -> ET.Element:
        number = bar.number
        measure = ET.Element("measure", number=str(number + 1))
        if self.marks.breaks_at_sections and number and number in self.sections:
            ET.SubElement(measure, "print", {"new-system": "yes"})
        attributes = self._attributes(bar)
        if attributes is not None:
            measure.append(attributes)
        measure.extend(self._signs(bar))
        voices = self.part.bars[number]
        accidentals = Accidentals(self.speller.fifths_at(bar.start_ticks))
        shown = {} if self.part.track.is_drums else accidentals.of(voices, self._spelled)
        for place, voice in enumerate(voices):
            if place:
                backup = ET.SubElement(measure, "backup")
                ET.SubElement(backup, "duration").text = str(bar.ticks)
            for event in voice.events:
                measure.extend(self._event(event, voice, shown))
        style = self._closing_bar_line(number)
        if style:
            line = ET.SubElement(measure, "barline", location="right")
            ET.SubElement(line, "bar-style").text = style
        return measure

    def _attributes(self, bar: Bar) -> ET.Element | None:
        """Divisions, key, meter, clefs in the first bar; a new key where a section is lifted, a new meter before and
        after a bar cut short.
        """
        is_first, is_drum, tick = bar.number == 0, self.part.track.is_drums, bar.start_ticks
        is_new_key = is_first or (self.speller.fifths_at(tick) != self.speller.fifths_at(tick - 1) and not is_drum)
        is_new_meter = is_first or bar.time_signature != self.bars[bar.number - 1].time_signature
        if not (is_new_key or is_new_meter):
            return None
        attributes = ET.Element("attributes")
        if is_first:
            ET.SubElement(attributes, "divisions").text = str(TICKS_PER_QUARTER)
        if is_new_key:
            key = ET.SubElement(attributes, "key")
            ET.SubElement(key, "fifths").text = str(0 if is_drum else self.speller.fifths_at(tick))
            if not is_drum:
                ET.SubElement(key, "mode").text = self.score.scale if self.score.scale in _MODES else "major"
        if is_new_meter:
            numerator, denominator = meter(bar.time_signature)
            time = ET.SubElement(attributes, "time")
            ET.SubElement(time, "beats").text = str(numerator)
            ET.SubElement(time, "beat-type").text = str(denominator)
        if is_first:
            if len(self.part.clefs) > 1:
                ET.SubElement(attributes, "staves").text = str(len(self.part.clefs))
            for staff, clef in enumerate(self.part.clefs, start=1):
                attributes.append(_clef(clef, staff if len(self.part.clefs) > 1 else None))
        return attributes

    def _signs(self, bar: Bar) -> Iterator[ET.Element]:
        section = self.sections.get(bar.number)
        if section is not None and self.marks.is_top:
            yield signs.rehearsal(section.name.replace("_", " "))
        yield from self._tempo(bar)
        if section is not None and self.marks.has_dynamics:
            yield from self._dynamics(section)
        if self.marks.is_top:
            for chord in self.chords.get(bar.number, ()):
                offset = bar.offset(chord.start_ticks)
                yield signs.harmony(chord, self.speller, offset, has_degrees=self.marks.has_degrees)

    def _tempo(self, bar: Bar) -> Iterator[ET.Element]:
        """Metronome and swing above the first bar, and the metronome again wherever the tempo bends. A page that
        shows none carries the bends for programs that play it.
        """
        meter_of_song, end = self.score.time_signature, bar.start_ticks + ticks_per_bar(self.score.time_signature)
        for change in self.score.tempo_map:
            if bar.start_ticks <= change.start_ticks < end and self.marks.is_top:
                offset = bar.offset(change.start_ticks)
                if self.marks.has_tempo:
                    yield signs.tempo(change.tempo_bpm, meter_of_song, offset, is_bent=True)
                else:
                    yield signs.played_tempo(change.tempo_bpm, offset)
        if bar.number == 0 and self.marks.has_tempo:
            if not self.score.tempo_map:
                yield signs.tempo(self.score.tempo_bpm, meter_of_song)
            swing = signs.swing(self.written.swing)
            if swing is not None:
                yield swing

    def _dynamics(self, section: Section) -> Iterator[ET.Element]:
        mark = signs.dynamic_of(section.energy)
        if mark != self.loudness:
            yield signs.dynamics(mark)
        self.loudness = mark

    def _event(self, event: Event, voice: Voice, shown: dict[tuple[int, int], str]) -> Iterator[ET.Element]:
        if not event.rows and voice.number % 4 != 1:
            forward = ET.Element("forward")
            ET.SubElement(forward, "duration").text = str(event.value.duration_ticks)
            yield forward
            return
        if not event.rows:
            yield self._note(event, voice, None, "", is_first=True)
        for place, row in enumerate(sorted(event.rows, key=lambda one: one[2])):
            accidental = shown.get((event.value.start_ticks, row[2]), "")
            yield self._note(event, voice, row, accidental, is_first=place == 0)

    def _note(self, event: Event, voice: Voice, row: NoteRow | None, accidental: str, *, is_first: bool) -> ET.Element:
        """One note or rest, its children in the order that the schema asks for."""
        value, is_drum = event.value, self.part.track.is_drums
        loudness = {} if row is None else {"dynamics": f"{row[3] * 100 / _FULL_VELOCITY:.2f}"}
        note = ET.Element("note", loudness)
        if not is_first:
            ET.SubElement(note, "chord")
        self._height(note, row, is_whole_bar=value.is_whole_bar)
        ET.SubElement(note, "duration").text = str(value.duration_ticks)
        ties = [kind for kind, is_so in (("stop", event.is_tied_back), ("start", event.is_tied_on)) if is_so]
        for kind in ties if row is not None else ():
            ET.SubElement(note, "tie", type=kind)
        if row is not None and is_drum:
            ET.SubElement(note, "instrument", id=f"{self.identity}-I{row[2]}")
        ET.SubElement(note, "voice").text = str(voice.number)
        if not value.is_whole_bar:
            ET.SubElement(note, "type").text = value.name
        for _ in range(value.dots):
            ET.SubElement(note, "dot")
        if accidental:
            ET.SubElement(note, "accidental").text = accidental
        if value.is_triplet:
            change = ET.SubElement(note, "time-modification")
            ET.SubElement(change, "actual-notes").text = "3"
            ET.SubElement(change, "normal-notes").text = "2"
        if row is not None and is_drum and drum_place(row[2]).head != "normal":
            ET.SubElement(note, "notehead").text = drum_place(row[2]).head
        if len(self.part.clefs) > 1:
            ET.SubElement(note, "staff").text = str(voice.staff)
        for level, beam in enumerate(event.beams if is_first else (), start=1):
            ET.SubElement(note, "beam", number=str(level)).text = beam
        word = self.words.get(row[0]) if is_first and row is not None and not event.is_tied_back else None
        self._notations(note, event, ties if row is not None else [], word, is_first=is_first)
        if word is not None and word.text:
            note.append(_lyric(word))
        return note

    def _height(self, note: ET.Element, row: NoteRow | None, *, is_whole_bar: bool) -> None:
        if row is None:
            ET.SubElement(note, "rest", {"measure": "yes"} if is_whole_bar else {})
            return
        if self.part.track.is_drums:
            place = drum_place(row[2])
            unpitched = ET.SubElement(note, "unpitched")
            ET.SubElement(unpitched, "display-step").text = place.step
            ET.SubElement(unpitched, "display-octave").text = str(place.octave)
            return
        step, alter, octave = self._spelled(row)
        pitch = ET.SubElement(note, "pitch")
        ET.SubElement(pitch, "step").text = step
        if alter:
            ET.SubElement(pitch, "alter").text = str(alter)
        ET.SubElement(pitch, "octave").text = str(octave)

    def _notations(self, note: ET.Element, event: Event, ties: list[str], word: Word | None, *, is_first: bool) -> None:
        slur = ""
        if word is not None and word.notes > 1 and word.text:
            slur = "start"
        elif word is not None and word.is_last_of_slur:
            slur = "stop"
        bracket = event.triplet_edge if is_first else ""
        if not (ties or slur or bracket):
            return
        notations = ET.SubElement(note, "notations")
        for kind in ties:
            ET.SubElement(notations, "tied", type=kind)
        if slur:
            ET.SubElement(notations, "slur", type=slur, number="1")
        if bracket:
            ET.SubElement(notations, "tuplet", type=bracket)

    def _spelled(self, row: NoteRow) -> Spelled:
        return self.speller.pitch(row[2], row[0], row[0] + min(row[1] // 2, TICKS_PER_QUARTER))

    def _closing_bar_line(self, number: int) -> str:
        if number == len(self.part.bars) - 1:
            return "light-heavy"
        return "light-light" if number + 1 in self.sections else ""


def _clef(clef: Clef, staff: int | None) -> ET.Element:
    element = ET.Element("clef", {} if staff is None else {"number": str(staff)})
    ET.SubElement(element, "sign").text = clef.sign
    if clef.sign != "percussion":
        ET.SubElement(element, "line").text = str(clef.line)
    if clef.octave:
        ET.SubElement(element, "clef-octave-change").text = str(clef.octave)
    return element


def _lyric(word: Word) -> ET.Element:
    lyric = ET.Element("lyric", number="1")
    ET.SubElement(lyric, "syllabic").text = word.syllabic
    ET.SubElement(lyric, "text").text = word.text
    if word.notes > 1 and word.syllabic in ("single", "end"):
        ET.SubElement(lyric, "extend")
    return lyric
