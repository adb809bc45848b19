"""The game package: a loop without a seam, layers that sum to it, loop points others read, cues that are true."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from dsp.loops import measure_join
from musicgen_assets.finalization.packages.game_form import (
    EARLY_TICKS,
    choose_loop,
    excerpt,
    hook_section,
    layers_of,
)
from musicgen_assets.finalization.packages.game_stingers import LONGEST_S, SHORTEST_S, plan_stingers
from musicgen_assets.score.model import Score, Skip, TempoChange, Track
from support.band_score import band_score
from support.hand_made_song import make_song

FOLDER = "packages/game/"
FORM = (
    ("intro", 2, 0.3),
    ("verse", 8, 0.5),
    ("chorus", 8, 0.9),
    ("verse", 8, 0.5),
    ("chorus", 8, 1.0),
    ("outro", 2, 0.3),
)


@pytest.fixture(scope="module")
def cues(packaged: Any) -> Any:
    return packaged.json(f"{FOLDER}cues.json")


def audio(packaged: Any, name: str) -> tuple[np.ndarray, int]:
    return decode(packaged.data(FOLDER + name))


def test_the_loop_is_whole_bars_and_has_no_seam(packaged: Any, cues: Any) -> None:
    loop, rate = audio(packaged, "loop.wav")
    bar_s = 60.0 / cues["tempo_bpm"] * 4
    assert loop.shape[1] == cues["loop"]["samples"] == round(cues["loop"]["bars"] * bar_s * rate)
    join = measure_join(loop, rate)
    assert join.click_ratio <= 1.0
    assert join.flux_ratio <= 1.0
    assert cues["loop"]["join"]["click_ratio"] == pytest.approx(join.click_ratio, abs=1e-3)
    twin = loop.copy()  # the seam of a loop that was just cut: its first 50 ms begin out of nothing
    twin[:, -2_400:] *= np.linspace(1.0, 0.0, 2_400, dtype=np.float32)
    twin[:, :48] += np.float32(0.2) * np.linspace(1.0, 0.0, 48, dtype=np.float32)
    assert measure_join(twin, rate).local_click_ratio > 2 * join.local_click_ratio


def test_layers_sum_to_the_loop(packaged: Any, cues: Any) -> None:
    loop, _ = audio(packaged, "loop.wav")
    layers = [audio(packaged, layer["file"])[0] for layer in cues["layers"]]
    assert 3 <= len(layers) <= 4
    assert {layer.shape for layer in layers} == {loop.shape}
    assert all(float(np.abs(layer).max()) > 1e-3 for layer in layers)
    total = np.sum(layers, axis=0, dtype=np.float64).astype(np.float32)
    assert null_depth_db(total, loop) <= -110.0
    assert cues["layers_null_db"] <= -110.0
    played = [track for layer in cues["layers"] for track in layer["tracks"]]
    assert len(played) == len(set(played))


def test_loop_points_are_read_by_other_libraries(packaged: Any, cues: Any) -> None:
    from mutagen import File
    from wavinfo import WavInfoReader

    for name in ("loop.wav", *(layer["file"] for layer in cues["layers"])):
        (found,) = WavInfoReader(io.BytesIO(packaged.data(FOLDER + name))).smpl.sample_loops
        assert (found.start, found.end + 1 - found.start, found.play_count) == (0, cues["loop"]["samples"], 0)
    for name, start in (("loop.ogg", 0), ("theme.ogg", (cues["theme"] or {}).get("loop_start"))):
        if FOLDER + name in packaged.paths:
            tags = File(io.BytesIO(packaged.data(FOLDER + name))).tags
            assert (int(tags["LOOPSTART"][0]), int(tags["LOOPLENGTH"][0])) == (start, cues["loop"]["samples"])


def test_cues_are_true_to_the_files(packaged: Any, cues: Any) -> None:
    loop = cues["loop"]
    assert loop["bar_samples"][0] == 0
    assert len(loop["bar_samples"]) == loop["bars"]
    assert len(loop["beat_seconds"]) == loop["bars"] * cues["beats_per_bar"]
    assert loop["exit_points"][-1]["sample"] == loop["samples"]
    assert {point["sample"] for point in loop["entry_points"]} <= set(loop["bar_samples"])
    for stinger in cues["stingers"]:
        samples, rate = audio(packaged, stinger["file"])
        assert SHORTEST_S <= samples.shape[1] / rate == pytest.approx(stinger["seconds"]) <= LONGEST_S
        assert 0.0 <= stinger["sync_seconds"] < stinger["seconds"]
        assert float(np.abs(samples[:, -10:]).max()) < 1e-3
    outro, _ = audio(packaged, "outro.wav")
    assert outro.shape[1] == cues["outro"]["samples"]


def test_the_loop_returns_where_the_song_does() -> None:
    choice = choose_loop(band_score(form=FORM))
    assert choice.sections in (("verse 1", "chorus 1"), ("chorus 1", "verse 2"))
    assert choice.notes == ()


@pytest.mark.parametrize("form", [
    (("chorus", 2, 0.9),), (("verse", 4, 0.5), ("chorus", 4, 0.9)),
    (("intro", 3, 0.2), ("verse", 3, 0.3), ("interlude", 3, 0.4), ("bridge", 3, 0.5), ("solo", 3, 0.6),
     ("outro", 3, 0.7)),
])  # fmt: skip
def test_odd_forms_get_a_loop_or_are_told_why_it_is_not_smooth(form: Any) -> None:
    score = band_score(form=form)
    choice = choose_loop(score)
    assert 0 < choice.bars < score.end_ticks // 1_920
    assert choice.past_bar < score.end_ticks // 1_920
    assert choice.notes or len(form) == 1


@pytest.mark.parametrize(
    ("style", "meter", "length_s"), [("folk", "6/8", 60.0), ("solo_piano", "3/4", 45.0), ("pop", "4/4", 30.0)]
)
def test_real_forms_get_loops_of_whole_sections(style: str, meter: str, length_s: float) -> None:
    score = make_song(style, time_signature=meter, duration_s=length_s)
    choice = choose_loop(score)
    assert {choice.start_bar, choice.past_bar} <= {
        edge
        for part in score.sections
        for edge in (part.start_bar, part.start_bar + part.bars, part.start_bar + part.bars - 1)
    }
    stingers = plan_stingers(score, choice, score.sections[-1].start_ticks, 48_000)
    assert all(SHORTEST_S * 48_000 <= stinger.samples <= LONGEST_S * 48_000 for stinger in stingers)
    assert layers_of(excerpt(score, choice.start_ticks, choice.end_ticks, length_s).tracks)


def test_bent_time_is_avoided_or_told() -> None:
    score = band_score(form=FORM)
    tempo_map = (TempoChange(start_ticks=0, tempo_bpm=120.0), TempoChange(start_ticks=12 * 1_920, tempo_bpm=126.0))
    skip = Skip(start_ticks=11 * 1_920, end_ticks=11 * 1_920 + 960)
    bent = score.model_copy(update={"tempo_map": tempo_map, "skips": (skip,)})
    choice = choose_loop(bent)
    inside = choice.start_ticks <= 11 * 1_920 < choice.end_ticks
    assert not inside or any("shorter" in note for note in choice.notes)


def test_a_note_ahead_of_the_beat_stays_with_its_bar() -> None:
    rows = ((1_920 - EARLY_TICKS, 100, 60, 90), (2_000, 100, 62, 90), (3_840 - 30, 100, 64, 90))
    early = Track(name="piano", role="chords", instrument="piano", program=0, channel=1, notes=rows)
    score: Score = band_score(form=(("verse", 1, 0.5), ("chorus", 1, 0.9), ("outro", 2, 0.4)))
    score = score.model_copy(update={"tracks": (early,)})
    rows = excerpt(score, 1_920, 3_840, 6.0).tracks[0].notes
    assert [row[2] for row in rows] == [60, 62]
    waiting = excerpt(score, 1_920, 3_840, 6.0, is_on_time=True).tracks[0].notes
    assert [row[0] for row in waiting] == [1_920, 2_000]


def test_one_player_has_one_layer_and_bands_have_up_to_four() -> None:
    def band(*names: str) -> int:
        return len(layers_of(band_score(names, form=FORM).tracks))  # type: ignore[arg-type]

    assert band("piano") == 1
    assert band("piano", "bass") == 2
    assert band("piano", "pad", "warm_pad") == 3
    assert band("drums", "bass", "piano", "pad", "melody", "counter") == 4
    assert hook_section(band_score(form=FORM)).name == "chorus 1"
