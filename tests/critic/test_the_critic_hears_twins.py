"""The gate lets good songs through and rejects every way of spoiling them (the long form: benchmarks.critic_twins)."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.critic_songs import Sample, judged
from benchmarks.critic_twins import Tally, tallies
from benchmarks.twins.kinds import KINDS
from benchmarks.written import write_song
from musicgen_assets.arrangement.critic.verdict import CHECKS, Judgement, checks_of
from musicgen_assets.graph.gate import SCORE_CHECKS

ASKED = (
    ("pop", 201, "a pop song about the sea with vocals"),
    ("rock", 202, "a rock song about the road home with vocals"),
    ("jazz_swing", 203, "instrumental jazz swing"),
    ("house", 204, "instrumental house"),
    ("cinematic", 205, "instrumental cinematic"),
    ("folk", 206, "a folk song about winter with vocals"),
)


@pytest.fixture(scope="module")
def songs() -> list[Sample]:
    return [Sample(style, seed, write_song(prompt, seed)) for style, seed, prompt in ASKED]


@pytest.fixture(scope="module")
def judgements(songs: list[Sample]) -> list[Judgement]:
    return [judged(one.song) for one in songs]


@pytest.fixture(scope="module")
def found(songs: list[Sample], judgements: list[Judgement]) -> dict[str, Tally]:
    return tallies(songs, judgements)


def test_good_songs_pass(songs: list[Sample], judgements: list[Judgement]) -> None:
    failed = {one.style: j.scores for one, j in zip(songs, judgements, strict=True) if not j.passes}
    assert len(failed) <= 1, failed


@pytest.mark.parametrize("kind", KINDS)
def test_bad_twins_are_rejected(kind: str, found: dict[str, Tally]) -> None:
    tally = found[kind]
    assert tally.twins >= 3, "too few songs suit the kind to tell"
    assert tally.rejected >= tally.twins - 1, tally.missed


def test_originals_rank_above_their_twins(found: dict[str, Tally]) -> None:
    pairs = sum(tally.twins for tally in found.values())
    assert sum(tally.ranked for tally in found.values()) >= 0.95 * pairs


def test_kinds_are_blamed_on_what_they_spoil(found: dict[str, Tally]) -> None:
    wanted = {
        "bass_semitone_off": "harmonic_consistency", "chords_late": "harmonic_consistency",
        "one_velocity": "rhythmic_stability", "white_jitter": "rhythmic_stability",
        "melody_of_another": "melodic_coherence", "hook_removed": "melodic_coherence",
        "sections_alike": "structural_integrity", "ending_cut": "structural_integrity",
        "lines_shuffled": "lyric_quality", "wrong_theme_words": "lyric_quality",
    }  # fmt: skip
    for kind, score in wanted.items():
        assert found[kind].blamed[score] >= found[kind].twins - 1, (kind, found[kind].blamed)


def test_every_check_of_the_gate_is_answered_with_a_reason(judgements: list[Judgement], songs: list[Sample]) -> None:
    assert tuple(CHECKS) == SCORE_CHECKS
    for one, judgement in zip(songs, judgements, strict=True):
        answers = {check.name: check for check in checks_of(judgement)}
        assert tuple(answers) == SCORE_CHECKS
        assert (answers["lyric_score"].measured == "nothing is sung") is not bool(one.song.vocal.syllables)
    spoilt = KINDS["bass_semitone_off"].spoil(songs[0].song, songs[1].song, np.random.default_rng(1))
    assert "bass" in next(check.note for check in checks_of(judged(spoilt)) if check.name == "harmonic_score")


def test_words_that_are_written_must_be_sung(songs: list[Sample]) -> None:
    song = songs[0].song
    silent = song.vocal.model_copy(update={"syllables": ()})
    from dataclasses import replace

    judgement = judged(replace(song, vocal=silent))
    assert judgement.scores["lyric_quality"] == 0.0


def test_a_judgement_is_quick_and_the_same_twice(songs: list[Sample]) -> None:
    song = songs[0].song
    began_s = time.process_time()
    first, second = judged(song), judged(song)
    assert (time.process_time() - began_s) / 2 < 0.3
    assert first.plain() == second.plain()
