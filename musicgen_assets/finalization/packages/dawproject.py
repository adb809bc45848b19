"""DAWproject 1.0: a song as a file that Bitwig Studio, Cubase, Studio One and others open as a project.

Belongs here: the two XML documents, from a score and its stems. Does not belong here: the archive around them
(packages.daw_audio). Format: https://github.com/bitwig/dawproject, its Project.xsd and MetaData.xsd.

Each part is there twice: as sound, playing, at a level at which all together are the mix; and as notes, muted, with
fader and pan as the mix had them, for an instrument of one's own. Times are in quarters, as played.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

from musicgen_assets.score.clock import cut_meter, meter, song_clock, ticks_per_bar, ticks_played
from musicgen_assets.score.model import TICKS_PER_QUARTER, Score, Track
from musicgen_assets.score.pictures import ROLE_COLOURS

_COLOURS: Mapping[str, str] = {str(role): colour for role, colour in ROLE_COLOURS.items()}
LARGEST_VOLUME = 2.0
"""Of a fader, linear: +6 dB."""


@dataclass(frozen=True)
class Stem:
    """A part as sound: ``path`` inside the archive."""

    track: str
    role: str
    path: str
    channels: int
    sample_rate_hz: int
    duration_s: float


@dataclass(frozen=True)
class Fader:
    """How the mix had a part. ``pan`` from -1, left, to 1."""

    volume_db: float
    pan: float


def project_xml(
    score: Score,
    tracks: Sequence[Track],
    stems: Sequence[Stem],
    faders: Mapping[str, Fader],
    stems_gain_db: float,
    software: tuple[str, str],
) -> bytes:
    """project.xml. ``stems_gain_db``: how far stems lie over their level in the mix; ``software``: name, version."""
    project = ET.Element("Project", version="1.0")
    ET.SubElement(project, "Application", name=software[0], version=software[1])
    return _document(_Builder(score, project).built(tracks, stems, faders, stems_gain_db))


def metadata_xml(tags: Mapping[str, Any]) -> bytes:
    """metadata.xml from finalization.tags' tags."""
    root = ET.Element("MetaData")
    for name, text in (
        ("Title", tags["title"]), ("Genre", tags["genre"]), ("Copyright", tags["licence"]),
        ("Comment", f"AI-generated. Seed {tags['seed']}. Context {tags['context_sha256']}"),
    ):  # fmt: skip
        ET.SubElement(root, name).text = str(text)
    return _document(root)


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    head = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    body: bytes = ET.tostring(root, encoding="utf-8")
    return head + body + b"\n"


class _Builder:
    """A project while it is put together: ids are counted, ticks become quarters."""

    def __init__(self, score: Score, project: ET.Element) -> None:
        self.score = score
        self.project = project
        self.clock = song_clock(score)
        self._ids: Iterator[int] = count()

    def built(
        self, tracks: Sequence[Track], stems: Sequence[Stem], faders: Mapping[str, Fader], stems_gain_db: float
    ) -> ET.Element:
        """Transport, structure, arrangement: in the order of the schema."""
        transport = ET.SubElement(self.project, "Transport")
        tempo = self._parameter(transport, "Tempo", "bpm", self._tempi()[0][1], 20.0, 666.0)
        numerator, denominator = meter(self.score.time_signature)
        signature = ET.SubElement(transport, "TimeSignature", denominator=str(denominator), numerator=str(numerator),
                                  id=self._id())  # fmt: skip
        structure = ET.SubElement(self.project, "Structure")
        master = self._id()
        volume = 10 ** (-stems_gain_db / 20)
        sounding = [
            (stem, self._track(structure, stem.track, stem.role, "audio", master, volume, 0.0)) for stem in stems
        ]
        written = [(track, self._notes_track(structure, track, faders.get(track.name), master)) for track in tracks]
        self._master(structure, master)
        arrangement = ET.SubElement(self.project, "Arrangement", id=self._id())
        lanes = ET.SubElement(arrangement, "Lanes", timeUnit="beats", id=self._id())
        for stem, track_id in sounding:
            self._audio_lane(lanes, track_id, stem)
        for track, track_id in written:
            self._notes_lane(lanes, track_id, track)
        self._markers(arrangement)
        self._tempo_automation(arrangement, tempo)
        self._meter_automation(arrangement, signature.get("id", ""))
        return self.project

    def _id(self) -> str:
        return f"id{next(self._ids)}"

    def _beats(self, tick: float) -> float:
        return ticks_played(round(tick), self.score.skips) / TICKS_PER_QUARTER

    def _parameter(self, parent: ET.Element, name: str, unit: str, value: float, low: float, high: float) -> str:
        own = self._id()
        ET.SubElement(parent, name, max=f"{high:.6f}", min=f"{low:.6f}", unit=unit, value=f"{value:.6f}", id=own,
                      name=name)  # fmt: skip
        return own

    def _channel(self, parent: ET.Element, own: str, *, is_muted: bool, pan: float, volume: float, **more: str) -> None:
        channel = ET.SubElement(parent, "Channel", {"audioChannels": "2", "solo": "false", "id": own, **more})
        ET.SubElement(channel, "Mute", value=str(is_muted).lower(), id=self._id(), name="Mute")
        self._parameter(channel, "Pan", "normalized", 0.5 + pan / 2, 0.0, 1.0)
        self._parameter(channel, "Volume", "linear", min(volume, LARGEST_VOLUME), 0.0, LARGEST_VOLUME)

    def _track(
        self, structure: ET.Element, name: str, role: str, content: str, master: str, volume: float, pan: float,
        *, is_muted: bool = False,
    ) -> str:  # fmt: skip
        own = self._id()
        colour = _COLOURS.get(role, "#888888")
        track = ET.SubElement(structure, "Track", contentType=content, loaded="true", id=own, name=name, color=colour)
        self._channel(track, self._id(), is_muted=is_muted, pan=pan, volume=volume, destination=master, role="regular")
        return own

    def _notes_track(self, structure: ET.Element, track: Track, fader: Fader | None, master: str) -> str:
        volume, pan = (1.0, 0.0) if fader is None else (10 ** (fader.volume_db / 20), fader.pan)
        return self._track(structure, f"{track.name} (notes)", track.role, "notes", master, volume, pan, is_muted=True)

    def _master(self, structure: ET.Element, channel: str) -> None:
        track = ET.SubElement(
            structure, "Track", contentType="audio notes", loaded="true", id=self._id(), name="Master"
        )
        self._channel(track, channel, is_muted=False, pan=0.0, volume=1.0, role="master")

    def _audio_lane(self, lanes: ET.Element, track_id: str, stem: Stem) -> None:
        lane = ET.SubElement(lanes, "Lanes", track=track_id, id=self._id())
        clips = ET.SubElement(lane, "Clips", id=self._id())
        # Its end by the song's clock: the sound goes on in seconds, whatever the tempo does around it.
        end = self._beats(self.clock.ticks(stem.duration_s))
        clip = ET.SubElement(clips, "Clip", time="0.0", duration=f"{end:.6f}", contentTimeUnit="seconds",
                             playStart="0.0", name=stem.track)  # fmt: skip
        audio = ET.SubElement(clip, "Audio", channels=str(stem.channels), duration=f"{stem.duration_s:.9f}",
                              sampleRate=str(stem.sample_rate_hz), id=self._id())  # fmt: skip
        ET.SubElement(audio, "File", path=stem.path)

    def _notes_lane(self, lanes: ET.Element, track_id: str, track: Track) -> None:
        lane = ET.SubElement(lanes, "Lanes", track=track_id, id=self._id())
        clips = ET.SubElement(lane, "Clips", id=self._id())
        end = self._beats(self.score.end_ticks)
        clip = ET.SubElement(clips, "Clip", time="0.0", duration=f"{end:.6f}", playStart="0.0", name=track.name)
        content = ET.SubElement(clip, "Lanes", id=self._id())
        notes = ET.SubElement(content, "Notes", id=self._id())
        for start, duration, pitch, velocity in track.notes:
            begin = self._beats(max(start, 0))
            length = max(self._beats(start + duration) - begin, 1 / TICKS_PER_QUARTER)
            ET.SubElement(notes, "Note", time=f"{begin:.6f}", duration=f"{length:.6f}", channel=str(track.channel),
                          key=str(pitch), vel=f"{velocity / 127:.6f}")  # fmt: skip
        for number in sorted({row[1] for row in track.controllers}):
            points = ET.SubElement(content, "Points", unit="normalized", id=self._id())
            ET.SubElement(points, "Target", expression="channelController", channel=str(track.channel),
                          controller=str(number))  # fmt: skip
            for tick, controller, value in track.controllers:
                if controller == number:
                    self._point(points, self._beats(max(tick, 0)), value / 127)

    @staticmethod
    def _point(points: ET.Element, time: float, value: float) -> None:
        ET.SubElement(points, "RealPoint", time=f"{time:.6f}", value=f"{value:.6f}", interpolation="hold")

    def _markers(self, arrangement: ET.Element) -> None:
        markers = ET.SubElement(arrangement, "Markers", id=self._id())
        for section in self.score.sections:
            ET.SubElement(markers, "Marker", time=f"{self._beats(section.start_ticks):.6f}", name=section.name)

    def _tempi(self) -> list[tuple[float, float]]:
        """(quarters, BPM) from where each tempo holds."""
        changes = [(change.start_ticks, change.tempo_bpm) for change in self.score.tempo_map]
        return [(self._beats(tick), tempo) for tick, tempo in changes or [(0, self.score.tempo_bpm)]]

    def _tempo_automation(self, arrangement: ET.Element, tempo_id: str) -> None:
        if len(self._tempi()) < 2:
            return
        points = ET.SubElement(arrangement, "TempoAutomation", unit="bpm", timeUnit="beats", id=self._id())
        ET.SubElement(points, "Target", parameter=tempo_id)
        for time, tempo in self._tempi():
            self._point(points, time, tempo)

    def _meter_automation(self, arrangement: ET.Element, meter_id: str) -> None:
        """A bar that is cut short has a meter of its own, as in the song's MIDI file."""
        if not self.score.skips:
            return
        points = ET.SubElement(arrangement, "TimeSignatureAutomation", timeUnit="beats", id=self._id())
        ET.SubElement(points, "Target", parameter=meter_id)
        bar = ticks_per_bar(self.score.time_signature)
        changes = {0.0: self.score.time_signature}
        for skip in self.score.skips:
            line = skip.start_ticks // bar * bar
            changes[self._beats(line)] = cut_meter(bar - (skip.end_ticks - skip.start_ticks), self.score.time_signature)
            changes.setdefault(self._beats(line + bar), self.score.time_signature)
        for time, signature in sorted(changes.items()):
            numerator, denominator = meter(signature)
            ET.SubElement(points, "TimeSignaturePoint", time=f"{time:.6f}", numerator=str(numerator),
                          denominator=str(denominator))  # fmt: skip
