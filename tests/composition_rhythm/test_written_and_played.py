"""A song is kept as it is written, on the grid, and as it is played, note by note the same."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen_assets.arrangement.arrangement import Brief, arrange_song
from musicgen_assets.composition.feel import swung_grid
from musicgen_assets.styles.loader import load_style
from support.hand_made_song import materials_for

METERS = ("2/4", "3/4", "4/4", "5/4", "6/8", "7/8", "12/8")


def arranged(style="pop", meter="4/4", seed=1):
    return arranged_with_swing(style, meter, seed)[0]


def arranged_with_swing(style, meter="4/4", seed=1):
    made = load_style(style)
    tempo = made.tempo_bpm.typical
    materials = materials_for(made, tempo, meter, seed)
    brief = Brief("Test", "C", "major", tempo, meter, 75.0, made.mood)
    return arrange_song(brief, made, materials, np.random.default_rng(seed)), (
        materials.rhythm.swing,
        materials.rhythm.sixteenth_swing,
    )


@pytest.mark.parametrize(("style", "meter"), [("pop", meter) for meter in METERS] + [("jazz_swing", "4/4"),
                         ("folk", "4/4"), ("solo_piano", "3/4"), ("house", "4/4")])  # fmt: skip
def test_every_played_note_has_its_written_one(style, meter):
    both = arranged(style, meter)
    assert [track.name for track in both.written.tracks] == [track.name for track in both.score.tracks]
    for written, played in zip(both.written.tracks, both.score.tracks, strict=True):
        one, other = np.array(written.notes), np.array(played.notes)
        assert np.array_equal(one[:, 2:], other[:, 2:])
        assert (np.diff(other[:, 0]) >= 0).all()
        assert (other[:, 1] >= 1).all()


@pytest.mark.parametrize("style", ["pop", "rock", "jazz_swing", "funk", "folk", "bossa_nova"])
def test_rhythm_players_are_written_on_the_grid(style):
    both, (swing, sixteenth_swing) = arranged_with_swing(style)
    bars = both.written.end_ticks // 1920
    tracks = [track for track in both.written.tracks if track.role in ("drums", "bass", "chords")]
    grid = swung_grid(bars, swing, "4/4", sixteenth_swing)
    last_bar = both.written.end_ticks - 1920
    for track in tracks:
        starts = np.array([row[0] for row in track.notes if row[0] < last_bar])
        on_grid = np.isin(starts, grid) | (np.isin(starts % 60, 0) & (track.role == "drums"))
        assert on_grid.mean() >= 0.98, track.name


def test_machines_play_what_is_written():
    both = arranged("house")
    drums = both.score.track("drums")
    assert drums is not None
    assert drums.notes == both.written.track("drums").notes
