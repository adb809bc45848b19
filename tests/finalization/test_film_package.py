"""The film package: exact to the frame, timecode others read, cut-downs that end as the song ends."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.loudness import true_peak_dbtp
from musicgen_assets.finalization.packages.film import cut_lead_s
from musicgen_assets.finalization.packages.film_audio import cut_file, ixml_with_speed
from musicgen_assets.finalization.packages.film_cuts import LAST_DOWNBEAT_S, LENGTHS_S, CutDown, plan_cut
from musicgen_assets.graph.job import Blob
from musicgen_assets.graph.payloads import audio_payload
from musicgen_assets.score.clock import song_clock, ticks_per_bar
from support.hand_made_song import make_song

FOLDER = "packages/film/"
RATE = 48_000
TAGS = {
    "title": "x", "genre": "pop", "bpm": 120.0, "key": "C", "language": "en", "licence": "free", "context_sha256": "0",
    "lyrics": "", "lines": [], "seed": 1, "software": "musicgen",
}  # fmt: skip


def bar_lines_s(score: Any) -> np.ndarray:
    bar = ticks_per_bar(score.time_signature)
    return song_clock(score).seconds_of(range(0, score.end_ticks, bar))


def check_cut(score: Any, cut: CutDown) -> None:
    """Every promise of a cut-down's plan."""
    lines = bar_lines_s(score)
    closing_s = float(lines[-1])
    music_s = 0.0
    for number, (start_s, end_s) in enumerate(cut.pieces):
        is_last = number == len(cut.pieces) - 1
        assert start_s < end_s
        assert is_last == (end_s == score.duration_s)
        if number:
            assert np.abs(lines - start_s).min() < 1e-6
        music_s += (closing_s if is_last else end_s) - start_s
    assert music_s == pytest.approx(cut.last_downbeat_s, abs=1e-6)
    assert LAST_DOWNBEAT_S[0] - 1e-6 <= cut.after_downbeat_s <= LAST_DOWNBEAT_S[1] + 1e-6


@pytest.mark.parametrize(("style", "meter", "length_s"), [
    ("pop", "4/4", 120.0), ("house", "4/4", 62.0), ("folk", "6/8", 60.0), ("solo_piano", "3/4", 45.0),
    ("orchestral", "4/4", 90.0), ("rock", "7/8", 70.0), ("ambient", "4/4", 100.0),
])  # fmt: skip
def test_cut_downs_end_on_the_songs_last_downbeat(style: str, meter: str, length_s: float) -> None:
    score = make_song(style, time_signature=meter, duration_s=length_s)
    made = 0
    for wanted_s in LENGTHS_S:
        cut = plan_cut(score, wanted_s)
        if cut is None:
            assert bar_lines_s(score)[-1] <= wanted_s - LAST_DOWNBEAT_S[0]
            continue
        made += 1
        check_cut(score, cut)
        assert len(cut.told) == len(cut.pieces) <= 3
    assert made >= 3


def test_a_slow_song_has_a_cut_down_of_six_seconds() -> None:
    score = make_song("ambient", tempo_bpm=44.0, duration_s=80.0)
    cut = plan_cut(score, 6.0)
    assert cut is not None
    assert cut.after_downbeat_s <= LAST_DOWNBEAT_S[1]


def test_a_cut_is_made_before_players_who_are_ahead_of_the_beat() -> None:
    score = make_song("pop", duration_s=120.0)
    cut = plan_cut(score, 30.0)
    assert cut is not None
    lead_s = cut_lead_s(score, cut)
    starts = np.array([song_clock(score).seconds(row[0]) for track in score.tracks for row in track.notes])
    for line in [edge for span in cut.pieces for edge in span][1:-1]:
        near = starts[(starts > line - 0.045) & (starts < line)]
        assert near.size == 0 or line - near.min() <= lead_s


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_cut_down_is_exact_to_the_sample_and_ends_in_silence(rate: int, channels: int) -> None:
    time_s = np.arange(20 * rate) / rate
    song = np.tile((0.3 * np.sin(2 * np.pi * 220 * time_s)).astype(np.float32), (channels, 1))
    payload = audio_payload(song, rate)
    inputs = {
        "path": "cut_06s.wav", "label": "6 s", "pieces_s": [[2.0, 4.0], [9.0, 20.0]], "lead_s": 0.02,
        "last_downbeat_s": 5.0, "samples": 6 * RATE, "ceiling_dbtp": -1.0, "time_reference": 0, "tags": TAGS,
        "rate": [25, 1, False],
    }  # fmt: skip
    (file,) = cut_file(inputs, {"master": Blob(payload.data, payload.media_type, payload.meta)})
    samples, found = decode(file.data)
    assert (samples.shape, found) == ((channels, 6 * RATE), RATE)
    assert np.isfinite(samples).all()
    assert float(np.abs(samples[:, -960:]).max()) == 0.0
    assert float(np.abs(samples[:, 5 * RATE : 5 * RATE + 8_000]).max()) == pytest.approx(0.3, abs=0.01)
    assert true_peak_dbtp(samples, RATE) <= -1.0


def test_files_are_as_the_cue_sheet_says(packaged: Any) -> None:
    from wavinfo import WavInfoReader

    sheet = packaged.json(f"{FOLDER}cue_sheet.json")
    assert [cue["file"] for cue in sheet["cues"]] == ["full.wav", "cut_15s.wav", "cut_06s.wav"]
    assert any("30 s" in note for note in sheet["notes"])
    for cue in sheet["cues"]:
        data = packaged.data(FOLDER + cue["file"])
        samples, rate = decode(data)
        assert (samples.shape[1], rate) == (cue["samples"], RATE)
        assert samples.shape[1] == cue["frames"] * 1_920
        info = WavInfoReader(io.BytesIO(data))
        assert info.bext.time_reference == 3_600 * RATE
        assert info.bext.loudness_value == pytest.approx(cue["integrated_lufs"], abs=0.011)
        assert "25/1" in packaged.data(FOLDER + cue["file"]).decode("latin-1")
        if "after_last_downbeat_s" in cue:
            assert 0.4 <= cue["after_last_downbeat_s"] <= 1.5
    rows = list(csv.DictReader(io.StringIO(packaged.data(f"{FOLDER}cue_sheet.csv").decode())))
    assert [row["timecode_in"] for row in rows] == ["01:00:00:00"] * 3
    assert [row["timecode_out"] for row in rows] == ["01:00:22:00", "01:00:15:00", "01:00:06:00"]
    assert {row["usage"] for row in rows} == {"BV"}
    markers = list(csv.DictReader(io.StringIO(packaged.data(f"{FOLDER}markers.csv").decode())))
    assert [row["name"] for row in markers] == ["verse 1", "chorus 1", "verse 2", "chorus 2"]


def test_speed_is_written_once_into_what_ixml_there_is() -> None:
    import xml.etree.ElementTree as ET

    first = ixml_with_speed(b"", [30_000, 1_001, True], 2**32 + 5)
    again = ET.fromstring(ixml_with_speed(first, [25, 1, False], 7))
    assert len(again.findall("SPEED")) == 1
    assert again.findtext("SPEED/TIMECODE_RATE") == "25/1"
    assert ET.fromstring(first).findtext("SPEED/TIMECODE_FLAG") == "DF"
    assert ET.fromstring(first).findtext("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI") == "1"
