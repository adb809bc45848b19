"""Any planned song becomes a request within the provider's limits, and what is lost on the way is noted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen_assets.engines.asking import PlannedSection, SongRequest
from resources.providers.protocol import Sound
from resources.providers.spans import spans_of
from resources.providers.wording import clipped, clipped_lines, joined, prose
from support.provider_cases import CASES, Case
from support.provider_songs import mp3, planned, wav

TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=60)
SECTIONS = st.builds(
    PlannedSection, name=TEXTS, start_s=st.floats(0, 600), duration_s=st.floats(0.01, 400), energy=st.floats(0, 1),
    styles=st.lists(TEXTS, max_size=3).map(tuple), lines=st.lists(st.text(max_size=400), max_size=40).map(tuple),
)  # fmt: skip
SONGS = st.builds(
    SongRequest, task=st.sampled_from(["full_song", "instrumental", "vocals"]), title=TEXTS,
    description=st.text(min_size=1, max_size=3000), styles=st.lists(TEXTS, max_size=60).map(tuple),
    avoided=st.lists(TEXTS, max_size=30).map(tuple), language=st.sampled_from(["en", "de", "pt-BR", "xx"]),
    voice=st.sampled_from(["low", "middle", "high"]), duration_s=st.floats(0.1, 600), tempo_bpm=st.floats(40, 240),
    key=st.sampled_from(["C", "F#", "Bb"]), scale=st.sampled_from(["major", "minor", "dorian"]),
    time_signature=st.sampled_from(["4/4", "7/8", "12/8"]),
    sections=st.lists(SECTIONS, min_size=1, max_size=40).map(tuple),
    seed=st.integers(0, 2**53 - 1), melody=st.sampled_from([None, "melody", "gone"]),
    reference=st.sampled_from([None, "reference"]),
)  # fmt: skip
SOUNDS = {
    "melody": Sound("melody.mp3", mp3(8.0), "audio/mpeg"), "reference": Sound("reference.wav", wav(), "audio/wav"),
}  # fmt: skip
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
@settings(max_examples=60, deadline=None)
@given(song=SONGS, sounds=st.sampled_from([{}, SOUNDS]))
def test_any_song_fits(case: Case, song: SongRequest, sounds: dict[str, Sound]) -> None:
    """The requests are types that refuse what the provider would: that one comes back is the proof."""
    adapter = case.adapter("http://127.0.0.1:9")
    asked, notes = adapter.translate(song, sounds)
    assert asked.body()
    assert all(isinstance(note, str) and len(note) < 300 for note in notes)
    assert adapter.translate(song, sounds)[0] == asked
    if song.has_vocals and case.kind.name in ("stable_audio", "replicate"):
        assert "singing: not taken" in notes


@settings(deadline=None)
@given(sections=st.lists(SECTIONS, min_size=1, max_size=40).map(tuple))
def test_spans_keep_bounds_length_and_lines(sections: tuple[PlannedSection, ...]) -> None:
    spans, _ = spans_of(sections, shortest_ms=3000, longest_ms=120_000, most=30, total_max_ms=600_000)
    assert 1 <= len(spans) <= 30
    assert all(3000 <= span.duration_ms <= 120_000 for span in spans)
    total_s = sum(section.duration_s for section in sections)
    assert abs(sum(span.duration_ms for span in spans) - min(max(total_s * 1000, 3000), 600_000)) <= len(sections)
    if total_s <= 600:
        sung = [line for section in sections for line in section.lines]
        assert [line for span in spans for line in span.lines] == sung


def test_sections_are_joined_and_divided_with_notes() -> None:
    sections = tuple(
        PlannedSection(name=name, start_s=0, duration_s=seconds, lines=lines)
        for name, seconds, lines in (("Pickup", 1.0, ()), ("Verse", 250.0, ("a", "b", "c")), ("Outro", 20.0, ()))
    )
    spans, notes = spans_of(sections, shortest_ms=3000, longest_ms=120_000, most=30, total_max_ms=600_000)
    assert (spans[0].names, spans[0].duration_ms) == (("Pickup", "Verse"), 84_333)
    assert [span.lines for span in spans] == [("a",), ("b",), ("c",), ()]
    assert notes == ["sections: long ones divided", "sections: short ones joined with their neighbours"]


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [("one two three", 7, "one two"), ("one two three", 8, "one two"), ("one, two", 4, "one"), ("abcdefgh", 3, "abc"),
     (" one ", 9, "one")],
)  # fmt: skip
def test_texts_are_cut_between_words(text: str, most: int, cut: str) -> None:
    assert clipped(text, most) == cut


def test_lists_and_lyrics_are_cut_at_their_joints() -> None:
    notes: list[str] = []
    assert joined(["pop", "", "pop", "rock"], 9, notes) == "pop, rock"
    assert joined(["pop", "rock"], 8, notes) == "pop"
    assert clipped_lines("one\ntwo\nthree", 8, notes) == "one\ntwo"
    assert notes == ["styles: cut to 8 characters", "lyrics: cut to 8 characters"]


def test_prose_tells_the_whole_plan_with_times() -> None:
    text = prose(planned(), 20_000, [])
    for told in ("A sad pop song about rain", "92 BPM", "A minor", "4/4", "0:40 (40 seconds)", "[0:00 - 0:08] Intro",
                 "very quiet, sparse", "[0:20 - 0:32] Chorus: full power\nLyrics:\nCome home", "Avoid: distortion",
                 "high female voice"):  # fmt: skip
        assert told in text
    assert "Lyrics" not in prose(planned(task="instrumental"), 20_000, [])
    assert "no vocals" in prose(planned(task="instrumental"), 20_000, [])


def test_what_is_not_taken_is_noted_and_what_is_not_asked_is_not() -> None:
    def notes(name: str, **changes: Any) -> set[str]:
        case = next(case for case in CASES if case.name == name)
        return set(case.adapter("http://127.0.0.1:9").not_honoured(planned(**changes), {}))

    assert "reference: not taken" not in notes("lyria", reference="reference")
    assert {"seed: not taken", "lyrics: in words only", "duration: in words only"} <= notes("lyria")
    assert "meter: only 2/4, 3/4, 4/4 and 6/8 are taken" in notes("acestep", time_signature="7/8")
    assert "tempo: 93 BPM instead of 92.6" in notes("acestep", tempo_bpm=92.6)
    assert not {note for note in notes("elevenlabs_jobs") if note.startswith(("section", "seed", "duration", "lyrics"))}
    assert "duration: 30 s instead of 40 s" in notes("replicate")
    assert "language: in words only" in notes("kie", language="de")
    assert not {note for note in notes("kie") if note.startswith("language")}
