"""The integrity score passes whole forms and fails broken ones, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from musicgen_assets.arrangement.boundary_marks import boundary_marks
from musicgen_assets.arrangement.integrity import THRESHOLD, section_energy, structural_integrity
from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import NoteArray, Score, note_array, note_rows
from support.hand_made_song import make_song

STYLES = ("pop", "rock", "jazz_swing", "house", "folk", "cinematic", "reggae", "solo_piano", "bossa_nova")


def with_notes(score: Score, change: Callable[[NoteArray], NoteArray]) -> Score:
    tracks = [
        track.model_copy(update={"notes": note_rows(note_array(change(track.array().astype(np.int64))))})
        for track in score.tracks
    ]
    return score.model_copy(update={"tracks": tuple(tracks)})


def all_alike(score: Score) -> Score:
    """Every section plays what the fullest one plays."""
    model = max(score.sections, key=lambda section: section.energy)
    length = model.end_ticks - model.start_ticks

    def change(notes: NoteArray) -> NoteArray:
        inside = notes[(notes[:, 0] >= model.start_ticks) & (notes[:, 0] < model.end_ticks)]
        copies = []
        for section in score.sections:
            for start in range(section.start_ticks, section.end_ticks, length):
                moved = inside + np.array([start - model.start_ticks, 0, 0, 0])
                copies.append(moved[moved[:, 0] < section.end_ticks])
        return np.concatenate(copies)

    return with_notes(score, change)


def shuffled(score: Score, seed: int = 1) -> Score:
    """All bars in another order."""
    bar = ticks_per_bar(score.time_signature)
    order = np.random.default_rng(seed).permutation(score.end_ticks // bar)

    def change(notes: NoteArray) -> NoteArray:
        number = np.minimum(notes[:, 0] // bar, len(order) - 1)
        return np.column_stack([notes[:, 0] + (order[number] - number) * bar, notes[:, 1:]])

    return with_notes(score, change)


def cut(score: Score) -> Score:
    """Broken off before the last bar."""
    end = score.end_ticks - ticks_per_bar(score.time_signature)

    def change(notes: NoteArray) -> NoteArray:
        kept = notes[notes[:, 0] < end]
        return np.column_stack([kept[:, 0], np.minimum(kept[:, 1], end - kept[:, 0]), kept[:, 2:]])

    return with_notes(score, change)


def upside_down(score: Score) -> Score:
    """Loud sections planned where it is soft: the energies in reverse order."""
    energies = [section.energy for section in score.sections]
    turned = [
        section.model_copy(update={"energy": max(energies) + min(energies) - section.energy})
        for section in score.sections
    ]
    return score.model_copy(update={"sections": tuple(turned)})


@pytest.fixture(scope="module", params=STYLES)
def song(request) -> Score:
    return make_song(request.param, duration_s=150, seed=31)


def test_whole_forms_pass(song):
    result = structural_integrity(song)
    assert result.score >= THRESHOLD
    assert "contrast 1.00" in result.note()


@pytest.mark.parametrize("breaking", [all_alike, shuffled, cut, upside_down])
def test_broken_forms_fail(song, breaking):
    assert structural_integrity(breaking(song)).score < THRESHOLD


def test_each_fault_shows_in_its_own_part(song):
    assert structural_integrity(all_alike(song)).contrast < 0.7
    assert structural_integrity(shuffled(song)).returns < 0.7
    assert structural_integrity(cut(song)).ending < 0.7
    assert structural_integrity(upside_down(song)).energy < 0.7


def test_an_ending_on_another_tone_or_without_ring_fails():
    score = make_song("pop", duration_s=90, seed=4)
    closing = score.end_ticks - ticks_per_bar("4/4")

    def raised(notes: NoteArray) -> NoteArray:
        return np.column_stack([notes[:, :2], notes[:, 2] + 2 * (notes[:, 0] >= closing), notes[:, 3]])

    def damped(notes: NoteArray) -> NoteArray:
        return np.column_stack([notes[:, 0], np.minimum(notes[:, 1], 200), notes[:, 2:]])

    assert structural_integrity(with_notes(score, raised)).ending == pytest.approx(0.6)
    assert structural_integrity(with_notes(score, damped)).ending == pytest.approx(0.6)


def test_boundaries_of_one_bar_repeated_for_ever_are_not_marked():
    score = make_song("rock", duration_s=90, seed=5)
    bar = ticks_per_bar("4/4")
    chorus = next(section for section in score.sections if section.kind == "chorus")

    def loop(notes: NoteArray) -> NoteArray:
        start = chorus.start_ticks + bar
        model = notes[(notes[:, 0] >= start) & (notes[:, 0] < start + bar) & (notes[:, 2] != 49)]
        return np.concatenate([model + np.array([at - start, 0, 0, 0]) for at in range(0, score.end_ticks, bar)])

    assert min(len(marks) for marks in boundary_marks(score)) >= 2
    assert not any(boundary_marks(with_notes(score, loop)))
    assert structural_integrity(with_notes(score, loop)).boundaries == 0.0


def test_measured_energy_is_a_share(song):
    energy = section_energy(song)
    assert len(energy) == len(song.sections)
    assert (energy >= 0).all()
    assert (energy <= 1).all()


def test_a_score_without_chord_names_is_judged_by_its_returns(song):
    assert structural_integrity(song.model_copy(update={"chords": ()})).returns > 0.7
