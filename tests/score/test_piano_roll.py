"""Pictures of scores: the right size, small enough for a page, equal for equal scores."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from musicgen_assets.score.pictures import ROLE_COLOURS, piano_roll_png
from support.hand_made_song import make_song


@pytest.fixture(scope="module")
def song():
    return make_song("pop", duration_s=120, seed=5)


@pytest.fixture(scope="module")
def thumbnail(song):
    return piano_roll_png(song, song.tracks, width_px=640, height_px=260)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def colours_in(data: bytes) -> set[str]:
    flat = pixels(data).reshape(-1, 3)
    found = set()
    for role, code in ROLE_COLOURS.items():
        wanted = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)])
        if (np.abs(flat - wanted).max(axis=1) < 28).any():
            found.add(role)
    return found


def test_thumbnails_have_their_size_and_fit_a_page(thumbnail):
    assert pixels(thumbnail).shape == (260, 640, 3)
    assert len(thumbnail) < 60_000


def test_equal_scores_make_equal_pictures(song, thumbnail):
    assert piano_roll_png(song, song.tracks, width_px=640, height_px=260) == thumbnail


def test_roles_are_told_apart_by_colour(song, thumbnail):
    assert {"lead", "bass", "drums"} <= colours_in(thumbnail)
    without_bass = [track for track in song.tracks if track.role != "bass"]
    assert "bass" not in colours_in(piano_roll_png(song, without_bass, width_px=640, height_px=260))


def test_a_large_picture_adds_names_and_a_legend(song):
    large = piano_roll_png(song, song.tracks, width_px=1600, height_px=700)
    assert pixels(large).shape == (700, 1600, 3)
    assert (pixels(large)[:30].min(axis=2) < 128).any()


def test_songs_without_drums_or_with_nothing_but_drums_are_drawn(song):
    drums = [track for track in song.tracks if track.is_drums]
    others = [track for track in song.tracks if not track.is_drums]
    assert piano_roll_png(song, drums, width_px=400, height_px=200) != piano_roll_png(
        song, others, width_px=400, height_px=200
    )
