"""A DAWproject keeps to the published schema and says of the song what its score and its stems say."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import xmlschema

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from musicgen_assets.finalization.packages.dawproject import Fader, Stem, metadata_xml, project_xml
from musicgen_assets.graph.memory_job import MemoryJob
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.midi import read_midi
from musicgen_assets.score.model import Score, Skip, TempoChange
from support.sounding_song import DURATION_S, song_score

SCHEMAS = Path(__file__).parents[1] / "data" / "dawproject"
PATH = "packages/daw/song.dawproject"


def schema(name: str) -> Any:
    return xmlschema.XMLSchema(SCHEMAS / f"{name}.xsd")


def written(score: Score, stems_gain_db: float = 0.0) -> ET.Element:
    stems = [Stem(track.name, track.role, f"audio/{track.name}.flac", 2, 48_000, DURATION_S) for track in score.tracks]
    faders = {"bass": Fader(-6.0, -0.5), "piano": Fader(12.0, 1.0)}
    data = project_xml(score, score.tracks, stems, faders, stems_gain_db, ("musicgen", "0.1.0"))
    schema("Project").validate(data.decode())
    return ET.fromstring(data)


def track_named(project: ET.Element, name: str) -> ET.Element:
    return next(track for track in project.iter("Track") if track.get("name") == name)


def level(track: ET.Element, name: str) -> float:
    found = track.find(f"Channel/{name}")
    assert found is not None
    return float(found.get("value", "nan"))


@pytest.fixture(scope="module")
def archive(packaged: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(packaged.data(PATH)))


def test_both_documents_keep_to_the_published_schema(archive: zipfile.ZipFile) -> None:
    assert archive.testzip() is None
    schema("Project").validate(archive.read("project.xml").decode())
    schema("MetaData").validate(archive.read("metadata.xml").decode())
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema("Project").validate(archive.read("project.xml").decode().replace('unit="bpm"', 'unit="beatz"'))


def test_every_file_it_names_is_there_and_as_long_as_it_says(archive: zipfile.ZipFile) -> None:
    project = ET.fromstring(archive.read("project.xml"))
    audio = list(project.iter("Audio"))
    assert len(audio) == 5
    for clip in audio:
        path = clip.find("File")
        assert path is not None
        samples, rate = decode(archive.read(path.get("path", "")))
        assert (samples.shape[0], rate) == (int(clip.get("channels", 0)), int(clip.get("sampleRate", 0)))
        assert samples.shape[1] / rate == pytest.approx(float(clip.get("duration", 0)))


def test_its_faders_as_they_are_make_the_mix(archive: zipfile.ZipFile, packaged: Any) -> None:
    project = ET.fromstring(archive.read("project.xml"))
    total = None
    for clip in project.iter("Audio"):
        path = clip.find("File").get("path", "")  # type: ignore[union-attr]
        track = track_named(project, path.removeprefix("audio/").removesuffix(".flac"))
        assert level(track, "Pan") == 0.5
        sound = decode(archive.read(path))[0] * np.float32(level(track, "Volume"))
        total = sound if total is None else total + sound
    assert total is not None
    job = MemoryJob("finalization/release", packaged.store)
    # A level is written with six decimals: -90 dB and better.
    assert null_depth_db(total, job.audio(job.ref("mixing/mix", "main"))[0]) <= -90.0


def test_its_notes_are_those_of_the_midi_file(archive: zipfile.ZipFile, packaged: Any) -> None:
    project = ET.fromstring(archive.read("project.xml"))
    midi = read_midi(packaged.data("score.mid"))
    for name, expected in midi.items():
        track = track_named(project, f"{name} (notes)")
        assert track.find("Channel/Mute").get("value") == "true"  # type: ignore[union-attr]
        lane = next(lane for lane in project.iter("Lanes") if lane.get("track") == track.get("id"))
        rows = [
            [float(note.get("time", 0)) * 480, float(note.get("duration", 0)) * 480, int(note.get("key", 0)),
             float(note.get("vel", 0)) * 127]
            for note in lane.iter("Note")
        ]  # fmt: skip
        found = np.array(sorted(rows, key=lambda row: (row[0], row[2])))
        assert found == pytest.approx(expected.astype(float), abs=0.01), name


def test_the_mix_s_faders_stand_ready_for_other_instruments() -> None:
    project = written(song_score())
    bass, piano = track_named(project, "bass (notes)"), track_named(project, "piano (notes)")
    assert level(bass, "Volume") == pytest.approx(10 ** (-6 / 20), abs=1e-5)
    assert level(bass, "Pan") == pytest.approx(0.25)
    assert (level(piano, "Volume"), level(piano, "Pan")) == (2.0, 1.0)  # no fader goes further


def test_sections_and_tempo_are_where_they_are_heard() -> None:
    project = written(song_score())
    markers = [(float(row.get("time", -1)), row.get("name")) for row in project.iter("Marker")]
    assert [time for time, _ in markers] == [section.start_ticks / 480 for section in song_score().sections]
    tempo, signature = project.find("Transport/Tempo"), project.find("Transport/TimeSignature")
    assert tempo is not None
    assert signature is not None
    assert float(tempo.get("value", 0)) == 120.0
    assert (signature.get("numerator"), signature.get("denominator")) == ("4", "4")
    assert project.find("Arrangement/TempoAutomation") is None


def test_a_bent_tempo_and_a_cut_bar_are_kept() -> None:
    score = song_score().model_copy(
        update={
            "tempo_map": (TempoChange(start_ticks=0, tempo_bpm=120.0), TempoChange(start_ticks=3_840, tempo_bpm=96.0)),
            "skips": (Skip(start_ticks=4_800, end_ticks=5_760),),
        }
    )
    project = written(score)
    points = [(float(p.get("time", 0)), float(p.get("value", 0))) for p in project.iter("RealPoint")]
    assert points == [(0.0, 120.0), (8.0, 96.0)]
    meters = [(float(p.get("time", 0)), p.get("numerator")) for p in project.iter("TimeSignaturePoint")]
    assert meters == [(0.0, "4"), (8.0, "2"), (10.0, "4")]
    # The sound's end in quarters is where the song's clock has it.
    clip = next(iter(project.iter("Clip")))
    played = song_clock(score).ticks(DURATION_S) - 960
    assert float(clip.get("duration", 0)) == pytest.approx(played / 480, abs=0.01)


def test_what_it_is_stands_in_the_other_document() -> None:
    tags = {"title": "Été & co", "genre": "pop", "licence": "yours", "seed": 7, "context_sha256": "ab" * 32}
    found = ET.fromstring(metadata_xml(tags))
    assert found.findtext("Title") == "Été & co"
    assert found.findtext("Comment", "").startswith("AI-generated. Seed 7.")
