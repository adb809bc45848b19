"""Each sabotage breaks what it says and nothing else, the same way every time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from benchmarks.twins.editing import LEAN_TICKS, bar_count, bar_ticks
from benchmarks.twins.kinds import KINDS
from benchmarks.twins.tunes import hook_places
from benchmarks.twins.underlay import sung_lines
from benchmarks.written import WrittenSong, write_song
from musicgen_assets.arrangement.vocal_line import VocalLine
from musicgen_assets.composition.prosody import words_of
from musicgen_assets.production.plan import HARMONY_PREFIX
from musicgen_assets.score.model import NoteRow, Score, Track

PROMPTS = {
    "pop": "happy pop song about rain with vocals",
    "folk": "sad folk song about the sea with vocals",
    "jazz": "jazz swing, instrumental",
    "six_eight": "celtic jig in 6/8, instrumental",
}
LYRIC_KINDS = ("lines_shuffled", "wrong_theme_words")
NOTE_KINDS = tuple(kind for kind in KINDS if kind not in LYRIC_KINDS)


@lru_cache(maxsize=8)
def written(name: str) -> WrittenSong:
    return write_song(PROMPTS[name], seed=1, overrides={"technical.duration_s": 60.0 if name == "jazz" else 40.0})


def twin(kind: str, name: str = "pop", seed: int = 1) -> WrittenSong:
    other = written("folk" if name == "pop" else "pop")
    return KINDS[kind].spoil(written(name), other, np.random.default_rng(seed))


def all_tracks(song: WrittenSong) -> list[Track]:
    """Every track with all its notes, those under the voice too."""
    return [*song.score.tracks, *([song.vocal.track] if song.vocal.track else []), *song.vocal.harmonies]


def pairs(kind: str, name: str = "pop") -> list[tuple[Track, Track]]:
    return list(zip(all_tracks(written(name)), all_tracks(twin(kind, name)), strict=True))


def column(track: Track, number: int) -> list[int]:
    return [row[number] for row in track.notes]


def bar_of(song: WrittenSong, bar: int) -> list[tuple[str, NoteRow]]:
    low = bar * bar_ticks(song)
    return [
        (track.name, (max(start - low, 0), *rest))
        for track in song.tracks
        for start, *rest in track.notes
        if low - LEAN_TICKS <= start < low + bar_ticks(song) - LEAN_TICKS
    ]


def onsets_of(song: WrittenSong, bar: int) -> Counter[tuple[str, int, int]]:
    """Drums only: they are struck inside their bar, so seams change none of them."""
    return Counter((name, row[0], row[2]) for name, row in bar_of(song, bar) if name == "drums")


@pytest.mark.parametrize("name", PROMPTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_is_a_valid_song_that_declares_what_the_original_did(kind: str, name: str) -> None:
    song = written(name)
    if KINDS[kind].needs_words and not song.vocal.syllables:
        assert not KINDS[kind].suits(song, written("pop"))
        return
    broken = twin(kind, name)
    Score.model_validate(broken.score.model_dump())
    VocalLine.model_validate(broken.vocal.model_dump())
    spared = {"tracks": (), "syllables": ()}
    assert broken.score.model_copy(update=spared) == song.score.model_copy(update=spared)
    assert broken.written.model_copy(update=spared) == song.written.model_copy(update=spared)
    assert replace(broken, score=song.score, written=song.written, vocal=song.vocal, lyrics=song.lyrics) == song
    assert [track.model_copy(update={"notes": ()}) for track in broken.score.tracks] == [
        track.model_copy(update={"notes": ()}) for track in song.score.tracks
    ]
    for track in broken.tracks:
        assert all(row[0] >= 0 and row[1] > 0 and 0 <= row[2] <= 127 and 1 <= row[3] <= 127 for row in track.notes)
        assert list(track.notes) == sorted(track.notes, key=lambda row: (row[0], row[2]))
    assert broken != song


@pytest.mark.parametrize("kind", NOTE_KINDS)
def test_what_is_wrong_when_played_is_wrong_on_paper(kind: str) -> None:
    song, broken = written("jazz"), twin(kind, "jazz")
    assert (broken.written == song.written) == (kind == "white_jitter")
    for played, paper in zip(broken.score.tracks, broken.written.tracks, strict=True):
        if kind not in ("hook_removed", "pitches_permuted"):
            assert abs(len(played.notes) - len(paper.notes)) <= 0.03 * len(played.notes)
            continue
        assert Counter(column(played, 2)) == Counter(column(paper, 2))


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_depends_on_its_stream_alone(kind: str) -> None:
    before = written("pop").vocal.model_dump_json() + written("pop").score.model_dump_json()
    assert twin(kind, seed=5) == twin(kind, seed=5)
    assert written("pop").vocal.model_dump_json() + written("pop").score.model_dump_json() == before


@pytest.mark.parametrize("kind", [kind for kind in NOTE_KINDS if kind != "ending_cut"])
def test_faults_of_notes_keep_the_sung_words_on_sounding_notes(kind: str) -> None:
    broken = twin(kind)
    assert broken.lyrics == written("pop").lyrics
    assert broken.vocal.track is not None
    starts = {row[0] for row in broken.vocal.track.notes}
    on_notes = [syllable.start_ticks in starts for syllable in broken.vocal.syllables]
    assert sum(on_notes) >= 0.97 * len(on_notes)


def test_shuffled_bars_are_the_songs_bars_in_another_order() -> None:
    song, broken = written("jazz"), twin("bars_shuffled", "jazz")
    old = [onsets_of(song, bar) for bar in range(bar_count(song))]
    new = [onsets_of(broken, bar) for bar in range(bar_count(song))]
    assert sum(old, Counter()) == sum(new, Counter())
    assert old != new
    assert all(bar in old for bar in new)


def test_late_chords_leave_tune_and_drums_alone() -> None:
    for old, new in pairs("chords_late"):
        if old.role in ("drums", "lead", "vocal"):
            assert new == old
        else:
            late = [start + 480 for start in column(old, 0)]
            assert late[: len(new.notes)] == column(new, 0)
            assert column(old, 2)[: len(new.notes)] == column(new, 2)


def test_in_compound_meters_chords_are_late_by_a_dotted_quarter() -> None:
    song, broken = written("six_eight"), twin("chords_late", "six_eight")
    chords = next(track for track in song.score.tracks if track.role == "chords")
    moved = broken.score.track(chords.name)
    assert moved is not None
    assert moved.notes[0][0] == chords.notes[0][0] + 720


def test_only_the_bass_is_a_semitone_off() -> None:
    for old, new in pairs("bass_semitone_off"):
        if old.role == "bass":
            steps = {b - a for a, b in zip(column(old, 2), column(new, 2), strict=True)}
            assert steps in ({1}, {-1})
            assert [row[:2] for row in old.notes] == [row[:2] for row in new.notes]
        else:
            assert new == old


def test_four_bars_return_throughout() -> None:
    broken = twin("four_bars_looped", "jazz")
    bars = [onsets_of(broken, bar) for bar in range(bar_count(broken))]
    assert all(bars[bar] == bars[bar % 4] for bar in range(len(bars)))


def test_one_velocity_changes_nothing_but_velocities() -> None:
    forces = set()
    for old, new in pairs("one_velocity"):
        assert [row[:3] for row in old.notes] == [row[:3] for row in new.notes]
        forces |= set(column(new, 3))
    assert len(forces) == 1
    assert twin("one_velocity").vocal.syllables == written("pop").vocal.syllables


def test_white_jitter_has_25_ms_and_no_memory() -> None:
    song = written("jazz")
    tick_ms = 60_000 / (song.score.tempo_bpm * 480)
    moved = []
    for old, new in pairs("white_jitter", "jazz"):
        assert Counter(row[1:] for row in old.notes) == Counter(row[1:] for row in new.notes)
        if old.role == "bass":
            moved += [(b - a) * tick_ms for a, b in zip(column(old, 0), column(new, 0), strict=True)]
    assert 17 < float(np.std(moved)) < 33
    assert abs(float(np.corrcoef(moved[:-1], moved[1:])[0, 1])) < 0.35


def test_the_tune_is_the_other_songs_and_the_band_stays() -> None:
    song, other = written("jazz"), written("pop")
    broken = twin("melody_of_another", "jazz")
    tune = sorted(row for track in other.tracks if track.name in ("melody", "vocal") for row in track.notes)
    lead = next(track for track in broken.score.tracks if track.role == "lead")
    shared = [(a, b) for a, b in zip(tune, lead.notes, strict=False) if a[0] < song.score.end_ticks - LEAN_TICKS]
    assert all(a[0] == b[0] and (a[2] - b[2]) % 12 == 0 for a, b in shared)
    assert [track for track in broken.score.tracks if track.role != "lead"] == [
        track for track in song.score.tracks if track.role != "lead"
    ]


def test_permuted_pitches_keep_each_parts_rhythm_and_store_of_pitches() -> None:
    for old, new in pairs("pitches_permuted"):
        assert Counter(column(old, 2)) == Counter(column(new, 2))
        assert Counter((row[0], row[1]) for row in old.notes) == Counter((row[0], row[1]) for row in new.notes)
        assert (new == old) == old.is_drums


def test_all_sections_are_copies_of_one() -> None:
    song, broken = written("jazz"), twin("sections_alike", "jazz")
    openings = [onsets_of(broken, section.start_bar + 1) for section in song.score.sections if section.bars > 2]
    assert all(opening == openings[0] for opening in openings)


@pytest.mark.parametrize("seed", range(6))
def test_a_cut_ending_leaves_all_before_the_last_two_bars_as_it_was(seed: int) -> None:
    song, broken = written("pop"), twin("ending_cut", seed=seed)
    bars, bar = bar_count(song), bar_ticks(song)
    for number in range(bars - 3):
        assert Counter(bar_of(song, number)) == Counter(bar_of(broken, number))
    ends = [row[0] + row[1] for track in broken.tracks for row in track.notes]
    assert max(ends) <= bars * bar - bar // 2


@pytest.mark.parametrize("name", PROMPTS)
def test_no_statement_of_the_hook_is_left_and_the_density_stays(name: str) -> None:
    song, broken = written(name), twin("hook_removed", name)
    stated = 0
    for old, new in zip(song.tracks, broken.tracks, strict=True):
        if old.name.startswith(HARMONY_PREFIX):
            continue  # they follow whatever the lead sings
        if old.role in ("lead", "vocal", "counter"):
            stated += len(hook_places(song, old.notes))
            assert not hook_places(song, new.notes)
            assert len(old.notes) == pytest.approx(len(new.notes), abs=3)
        else:
            assert old == new
    assert stated > 0


def test_shuffled_lines_are_the_same_lines_elsewhere_and_are_sung_so() -> None:
    song, broken = written("pop"), twin("lines_shuffled")
    old = [line.text for section in song.lyrics.sections for line in section.lines]
    new = [line.text for section in broken.lyrics.sections for line in section.lines]
    assert Counter(old) == Counter(new)
    assert sum(a == b for a, b in zip(old, new, strict=True)) < len(old) / 3
    assert [len(section.lines) for section in song.lyrics.sections] == [
        len(section.lines) for section in broken.lyrics.sections
    ]
    before, after = sung_lines(song.vocal.syllables), sung_lines(broken.vocal.syllables)
    lines, instead = (
        [line.syllables for section in one.lyrics.sections for line in section.lines] for one in (song, broken)
    )
    place = dict(zip(lines, instead, strict=True))
    assert len(before) == len(after)
    for was, now in zip(before, after, strict=True):
        assert tuple(one.text for one in now) == place[tuple(one.text for one in was)]


@pytest.mark.parametrize("kind", LYRIC_KINDS)
def test_faults_of_words_leave_the_band_alone_and_the_tune_where_syllables_fit(kind: str) -> None:
    song, broken = written("pop"), twin(kind)
    assert broken.score == song.score
    assert song.vocal.track is not None
    assert broken.vocal.track is not None
    kept = set(song.vocal.track.notes) & set(broken.vocal.track.notes)
    assert len(kept) > 0.6 * len(song.vocal.track.notes)


def test_wrong_theme_words_come_from_the_other_song() -> None:
    song, other, broken = written("pop"), written("folk"), twin("wrong_theme_words")

    def words(one: WrittenSong) -> list[str]:
        lines = [line.text for section in one.lyrics.sections for line in section.lines]
        return [word.lower() for line in lines for word in words_of(line)]

    assert len(words(song)) == len(words(broken))
    pool = set(words(other))
    changed = [(a, b) for a, b in zip(words(song), words(broken), strict=True) if a != b]
    assert len(changed) > len(words(song)) / 3
    assert all(b in pool for _, b in changed)
    sung = "".join(one.text.lower() for one in broken.vocal.syllables)
    assert any(b in sung for _, b in changed)
