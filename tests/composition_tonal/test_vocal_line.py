"""The vocal line keeps its promises: every syllable on a note, refrains return, the melody makes room."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tonal_song import GRID, Choice, Made, make

from musicgen_assets.arrangement.vocal_harmony import chords_under
from musicgen_assets.arrangement.vocal_line import RANGE_REACH, VocalLine, merged_tracks, played_by_lead, sing_song
from musicgen_assets.arrangement.vocal_setting import Phrase, set_line, with_turn
from musicgen_assets.arrangement.vocal_underlay import Sung as SungSyllable
from musicgen_assets.arrangement.vocal_underlay import Unit, underlay
from musicgen_assets.composition.melody_plan import VOICE_CENTRES
from musicgen_assets.composition.prosody import line_of
from musicgen_assets.context.schema import (
    AIDecisions,
    CompositionContext,
    CreativeContext,
    GenerationParameters,
    Mood,
    MusicalContext,
    TechnicalContext,
    WeightedGenre,
)
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection, Melody
from musicgen_assets.score.midi import read_midi
from musicgen_assets.score.model import ChordSpan, NoteRow, Score, Section, Track
from musicgen_assets.styles.loader import load_style
from musicgen_assets.styles.schema_vocals import VocalHabits

BAR = 1920


def score_of(melody: Melody, *plan: tuple[str, int, int], program: int = 0) -> Score:
    """A score whose melody track plays each section's theme; plan: (kind, bars, transpose)."""
    sections, notes, bar = [], [], 0
    counts: dict[str, int] = {}
    for kind, bars, transpose in plan:
        index = counts.get(kind, 0)
        counts[kind] = index + 1
        sections.append(
            Section(
                name=f"{kind} {index + 1}",
                kind=kind,
                index=index,
                start_bar=bar,
                bars=bars,
                start_ticks=bar * BAR,  # type: ignore[arg-type]
                end_ticks=(bar + bars) * BAR,
                energy=0.5,
                transpose=transpose,
            )
        )
        theme = melody.themes.get(kind)  # type: ignore[call-overload]
        for first in range(0, bars, theme.bars) if theme else ():
            notes += [
                (start + (bar + first) * BAR, duration, pitch + transpose, velocity)
                for start, duration, pitch, velocity in theme.notes
                if start < (bars - first) * BAR
            ]
        bar += bars
    closing = ChordSpan(
        start_ticks=(bar - 1) * BAR, duration_ticks=BAR, symbol="C", roman="I", root=0, quality="maj", bass=0,
        pitch_classes=(0, 4, 7),
    )  # fmt: skip
    lead = Track(name="melody", role="lead", instrument="piano", program=program, channel=0, notes=tuple(sorted(notes)))
    bass = Track(name="bass", role="bass", instrument="bass", program=33, channel=1, notes=((0, 480, 40, 80),))
    return Score(
        title="T", key="C", scale="major", tempo_bpm=110.0, time_signature="4/4", duration_s=60.0, end_ticks=bar * BAR,
        sections=tuple(sections), chords=(closing,), tracks=(lead, bass),
    )  # fmt: skip


Sung = tuple[Made, Score, VocalLine]
FORM = (("intro", 4, 0), ("verse", 8, 0), ("chorus", 8, 0), ("verse", 8, 0), ("chorus", 8, 2), ("outro", 4, 0))


def sung(*plan: tuple[str, int, int], choice: Choice = GRID[0], lyrics: Lyrics | None = None, program: int = 0) -> Sung:
    made = make(choice)
    score = score_of(made.melody, *plan, program=program)
    return made, score, sing_song(score, made.melody, lyrics or made.lyrics, "4/4")


def words_in(line: VocalLine, section: str) -> list[str]:
    """Text of a section's sung lines."""
    lines: dict[int, str] = {}
    for syllable in line.syllables:
        if syllable.section == section:
            lines[syllable.line] = lines.get(syllable.line, "") + syllable.text + (" " if syllable.is_word_end else "")
    return [text.strip() for text in lines.values()]


def plain(section: LyricSection) -> list[str]:
    return [
        "".join(s + (" " if e else "") for s, e in zip(x.syllables, x.word_ends, strict=True)).strip()
        for x in section.lines
    ]


def stanza(made: Made, kind: str, index: int) -> LyricSection:
    return next(section for section in made.lyrics.sections if (section.kind, section.index) == (kind, index))


def test_every_section_sings_its_words_and_the_refrain_returns() -> None:
    made, _, line = sung(*FORM)
    assert words_in(line, "verse 1") == plain(stanza(made, "verse", 0))
    assert words_in(line, "verse 2") == plain(stanza(made, "verse", 1))
    assert words_in(line, "chorus 1") == words_in(line, "chorus 2") == plain(stanza(made, "chorus", 0))
    assert not words_in(line, "intro 1")
    assert line.carrier == "guide_voice"


def test_fitted_words_sing_the_melody_itself() -> None:
    made, score, line = sung(*FORM)
    assert line.track is not None
    start = score.sections[1].start_ticks
    theme = [(s + start, p) for s, _, p, _ in made.melody.themes["verse"].notes]
    vocal = [note for note in line.track.notes if start <= note[0] < start + 8 * BAR]
    assert [(note[0], note[2]) for note in vocal] == theme
    syllables = [syllable for syllable in line.syllables if syllable.section == "verse 1"]
    assert [(syllable.start_ticks, syllable.duration_ticks) for syllable in syllables] == [note[:2] for note in vocal]


def test_a_lifted_section_is_sung_higher() -> None:
    _, score, line = sung(*FORM)
    assert line.track is not None

    def pitches(section: int) -> list[int]:
        part = score.sections[section]
        return [note[2] for note in line.track.notes if part.start_ticks <= note[0] < part.end_ticks]

    assert [pitch - 2 for pitch in pitches(4)] == pitches(2)


def test_the_melody_is_silent_where_the_voice_sings_and_nowhere_else() -> None:
    _, score, line = sung(*FORM)
    tracks = {track.name: track for track in merged_tracks(score, line.model_dump(mode="json"))}
    assert [name for name in tracks if not name.startswith("vocal_harmony")] == ["melody", "bass", "vocal"]
    spans = [(start, start + duration) for start, duration, _, _ in tracks["vocal"].notes]
    for start, duration, _, _ in tracks["melody"].notes:
        assert not any(a < start + duration and start < b for a, b in spans)
    for index in (0, 5):
        section = score.sections[index]
        own = [note for note in score.tracks[0].notes if section.start_ticks <= note[0] < section.end_ticks]
        assert [note for note in tracks["melody"].notes if section.start_ticks <= note[0] < section.end_ticks] == own
    assert tracks["bass"] == score.tracks[1]


def test_without_words_nothing_changes() -> None:
    made, score, line = sung(*FORM, lyrics=Lyrics(language="en", title="T"))
    assert line.carrier == "none"
    assert line.track is None
    assert merged_tracks(score, line.model_dump(mode="json")) == score.tracks
    del made


def test_a_melody_that_only_sings_makes_way_for_the_voice_as_a_track() -> None:
    _, score, line = sung(("verse", 8, 0), ("chorus", 8, 0))
    lead = score.tracks[0]
    kept = tuple(note for note in lead.notes if note[0] < score.end_ticks - BAR)
    score = score.model_copy(update={"tracks": (lead.model_copy(update={"notes": kept}), score.tracks[1])})
    names = [track.name for track in merged_tracks(score, line.model_dump(mode="json"))]
    assert [name for name in names if not name.startswith("vocal_harmony")] == ["bass", "vocal"]


def test_two_passes_sing_two_stanzas_and_a_repeated_refrain_the_same() -> None:
    made, _, line = sung(("verse", 16, 0), ("chorus", 16, 0), ("outro", 4, 0))
    assert words_in(line, "verse 1") == plain(stanza(made, "verse", 0)) + plain(stanza(made, "verse", 1))
    assert words_in(line, "chorus 1") == plain(stanza(made, "chorus", 0)) * 2


def test_few_stanzas_are_shared_out_by_section_and_a_lone_one_returns() -> None:
    made = make(Choice())
    two = made.lyrics.model_copy(update={"sections": tuple(stanza(made, "verse", index) for index in (0, 1))})
    _, _, line = sung(
        ("verse", 16, 0), ("chorus", 8, 0), ("verse", 16, 0), ("verse", 8, 0), ("outro", 4, 0), lyrics=two
    )
    assert words_in(line, "verse 1") == plain(stanza(made, "verse", 0))
    assert words_in(line, "verse 2") == plain(stanza(made, "verse", 1))
    assert words_in(line, "verse 3") == []
    one = made.lyrics.model_copy(update={"sections": (stanza(made, "verse", 0),)})
    _, _, again = sung(*FORM, lyrics=one)
    assert words_in(again, "verse 1") == words_in(again, "verse 2") == plain(stanza(made, "verse", 0))


def test_a_short_section_sings_a_rhyming_pair() -> None:
    for seed in range(1, 8):
        made, _, line = sung(("verse", 4, 0), ("chorus", 8, 0), ("outro", 4, 0), choice=Choice(seed=seed))
        lines = stanza(made, "verse", 0).lines
        rhymes = [line.rhyme for line in lines]
        pairs = [(a, b) for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3)) if rhymes[a] and rhymes[a] == rhymes[b]]
        expected = pairs[0]
        assert words_in(line, "verse 1") == [plain(stanza(made, "verse", 0))[n] for n in expected]


def test_a_last_line_in_the_closing_bar_is_sung_on_the_closing_chord() -> None:
    made, score, line = sung(("verse", 8, 0), ("chorus", 8, 0))
    assert words_in(line, "chorus 1") == plain(stanza(made, "chorus", 0))
    assert line.track is not None
    closing = [note for note in line.track.notes if note[0] >= score.end_ticks - BAR]
    assert closing
    assert all(note[2] % 12 in (0, 4, 7) for note in closing)
    assert all(end <= score.end_ticks - BAR for _, end in line.melody_mutes)


def test_a_pass_cut_short_leaves_its_last_words_to_nobody_and_its_bars_to_the_melody() -> None:
    made, score, line = sung(("chorus", 12, 0), ("outro", 4, 0))
    whole = plain(stanza(made, "chorus", 0))
    assert words_in(line, "chorus 1") == whole + whole[2:]
    bars = {syllable.start_ticks // BAR for syllable in line.syllables}
    assert max(bars) < 12
    del score


def test_the_line_stays_in_reach_of_its_singer_on_a_channel_of_its_own() -> None:
    _, score, line = sung(*FORM, program=73)
    assert line.track is not None
    assert (line.track.instrument, line.track.program, line.track.channel) == ("guide vocal", 53, 2)
    centre = VOICE_CENTRES["middle"]
    assert all(centre - RANGE_REACH <= note[2] <= centre + RANGE_REACH for note in line.track.notes)
    played = played_by_lead(line.track, score)
    assert (played.program, played.instrument) == (73, "piano")
    assert all(60 <= note[2] <= 96 for note in played.notes)
    assert [note[:2] for note in played.notes] == [note[:2] for note in line.track.notes]


def test_notes_never_overlap_and_syllables_are_in_order() -> None:
    _, _, line = sung(*FORM)
    assert line.track is not None
    for first, second in pairwise(line.track.notes):
        assert first[0] + first[1] <= second[0]
    starts = [syllable.start_ticks for syllable in line.syllables]
    assert starts == sorted(starts)


def harmonized(group: str, **changes: object) -> tuple[Score, VocalLine]:
    made = make(GRID[0])
    score = score_of(made.melody, ("verse", 8, 0), ("chorus", 8, 0), ("verse", 8, 0), ("chorus", 8, 2), ("outro", 4, 0))
    chords: list[ChordSpan] = []
    for section in score.sections:
        loop = made.harmony.sections.get(section.kind) or made.harmony.sections["verse"]
        for repeat in range(-(-section.bars // loop.bars)):
            for chord in loop.chords:
                start = section.start_ticks + repeat * loop.bars * BAR + chord.start_ticks
                if start < section.end_ticks:
                    pitch_classes = tuple((pc + section.transpose) % 12 for pc in chord.pitch_classes)
                    chords.append(chord.model_copy(update={"start_ticks": start, "pitch_classes": pitch_classes}))
    score = score.model_copy(update={"chords": tuple(chords), **changes})
    return score, sing_song(score, made.melody, made.lyrics, "4/4", "middle", VocalHabits(harmony=group))  # type: ignore[arg-type]


@pytest.mark.parametrize("group", ["thirds", "sixths", "block", "drone"])
def test_harmony_voices_sing_in_refrains_only_and_most_in_the_last(group: str) -> None:
    score, line = harmonized(group)
    assert [track.name for track in line.harmonies] == [f"vocal_harmony_{n + 1}" for n in range(len(line.harmonies))]
    assert line.harmonies
    assert {track.role for track in line.harmonies} == {"vocal"}
    first, last = score.sections[1], score.sections[3]
    counts = []
    for section in (first, last):
        notes = [n for track in line.harmonies for n in track.notes if section.start_ticks <= n[0] < section.end_ticks]
        counts.append(len(notes))
    assert counts[1] >= counts[0] > 0
    assert sum(counts) == sum(len(track.notes) for track in line.harmonies)


@pytest.mark.parametrize("group", ["thirds", "sixths", "block"])
def test_harmony_voices_agree_with_the_chords_and_do_not_cross_the_lead(group: str) -> None:
    score, line = harmonized(group)
    assert line.track is not None
    lead = {note[0]: note[2] for note in line.track.notes}
    firm = clashes = 0
    for track in line.harmonies:
        for start, duration, pitch, _ in track.notes:
            assert pitch != lead[start]
            if duration >= 480 or start % 480 == 0:
                firm += 1
                tones = chords_under(score.chords, start, duration)[0].pitch_classes
                clashes += any((pitch - tone) % 12 in (1, 11) for tone in tones) and pitch % 12 not in tones
        moves = [abs(b[2] - a[2]) for a, b in pairwise(track.notes) if b[0] - a[0] < BAR]
        assert sum(move <= 5 for move in moves) >= 0.75 * len(moves)
    assert firm > 10
    assert clashes <= 0.03 * firm


def test_a_style_without_harmonies_has_none() -> None:
    assert harmonized("none")[1].harmonies == ()


def test_a_singer_breathes_between_lines_and_never_inside_a_word() -> None:
    _, _, line = sung(*FORM)
    gaps = []
    for one, other in pairwise(line.syllables):
        end = one.start_ticks + one.duration_ticks
        if not one.is_word_end:
            assert end == other.start_ticks
        elif (one.section, one.line) != (other.section, other.line):
            gaps.append(other.start_ticks - end)
    assert gaps
    assert sum(gap >= 200 for gap in gaps) >= 0.9 * len(gaps)


def test_a_line_that_falls_otherwise_is_set_to_its_own_stresses() -> None:
    rows = tuple(row(240 * n, 240, 60 + n % 3) for n in range(8))
    upbeat = [Unit(f"s{n}", stress, True, 0) for n, stress in enumerate((0, 1, 0, 1, 0, 1, 0, 1))]
    set_anew = set_line(Phrase(rows, 3840), upbeat, "4/4", 100.0)
    stressed = [each.notes[0][0] for each, unit in zip(set_anew, upbeat, strict=True) if unit.stress]
    plain = [each.notes[0][0] for each, unit in zip(underlay(rows, upbeat, "4/4"), upbeat, strict=True) if unit.stress]
    assert sum(start % 480 == 0 for start in plain) <= 1
    assert sum(start % 480 == 0 or start % 480 >= 240 for start in stressed) == 4
    assert sum(start % 480 == 0 for start in stressed) >= 3
    assert {note[2] for each in set_anew for note in each.notes} <= {60, 61, 62}


def test_slurring_styles_turn_on_long_last_syllables() -> None:
    last = SungSyllable("moon", True, 0, ((0, 960, 64, 80),))
    turned = with_turn([last], frozenset({0, 2, 4, 5, 7, 9, 11}), 80)
    assert [note[2] for note in turned[0].notes] == [64, 65, 64]
    assert sum(note[1] for note in turned[0].notes) == 960
    short = SungSyllable("moon", True, 0, ((0, 480, 64, 80),))
    assert with_turn([short], frozenset({0, 2, 4, 5, 7, 9, 11}), 80) == (short,)


def units(*stresses: int) -> list[Unit]:
    return [Unit(f"s{index}", stress, True, 0) for index, stress in enumerate(stresses)]


def row(start: int, duration: int, pitch: int) -> NoteRow:
    return (start, duration, pitch, 80)


def test_too_many_syllables_split_the_longest_note() -> None:
    result = underlay([row(0, 240, 60), row(240, 960, 62)], units(1, 0, 1), "4/4")
    assert [syllable.notes for syllable in result] == [
        ((0, 240, 60, 80),), ((240, 480, 62, 80),), ((720, 480, 62, 80),),
    ]  # fmt: skip


def test_too_few_syllables_join_equal_pitches_before_they_slur() -> None:
    notes = [row(0, 480, 60), row(480, 480, 62), row(960, 480, 62), row(1440, 480, 67)]
    result = underlay(notes, units(1, 1, 1), "4/4")
    assert [syllable.notes for syllable in result] == [
        ((0, 480, 60, 80),), ((480, 960, 62, 80),), ((1440, 480, 67, 80),),
    ]  # fmt: skip
    slurred = underlay([row(0, 480, 60), row(480, 480, 62)], units(1), "4/4")
    assert slurred[0].notes == ((0, 480, 60, 80), (480, 480, 62, 80))


def test_no_notes_or_no_syllables_give_nothing() -> None:
    assert underlay([], units(1), "4/4") == ()
    assert underlay([row(0, 10, 60)], [], "4/4") == ()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(50, 70)), min_size=1, max_size=12),
    st.lists(st.integers(0, 1), min_size=1, max_size=20),
)
def test_any_words_find_notes_in_order(shape: list[tuple[int, int]], stresses: list[int]) -> None:
    notes, tick = [], 0
    for duration, pitch in shape:
        notes.append(row(tick, duration, pitch))
        tick += duration
    if sum(duration for duration, _ in shape) < len(stresses) * 2:
        return
    result = underlay(notes, units(*stresses), "4/4")
    assert [syllable.text for syllable in result] == [f"s{index}" for index in range(len(stresses))]
    flat = [note for syllable in result for note in syllable.notes]
    assert all(a[0] + a[1] <= b[0] for a, b in pairwise(flat))
    assert all(note[1] > 0 for note in flat)
    assert flat[0][0] >= 0
    assert flat[-1][0] + flat[-1][1] <= tick


def test_lines_of_other_lengths_still_fit_their_phrases() -> None:
    made = make(Choice())
    other = [
        line_of(text, "en", "A")
        for text in ("Go", "we are the ones who never ever wanted to go", "no", "so long ago now")
    ]
    lines: tuple[LyricLine, ...] = tuple(other)
    verse = (stanza(made, "verse", 0), LyricSection(kind="verse", index=1, lines=lines))
    lyrics = made.lyrics.model_copy(update={"sections": verse})
    _, _, line = sung(*FORM, lyrics=lyrics)
    assert words_in(line, "verse 2") == [" ".join(text.text.split()) for text in other]


@pytest.mark.parametrize(("count", "heard"), [(6, 6), (8, 8), (9, 8)])
def test_more_lines_than_phrases_share_them_up_to_two_each(count: int, heard: int) -> None:
    made = make(Choice())
    lines = tuple(line_of(f"one more line number {'abcdefghij'[index]}", "en") for index in range(count))
    verses = (stanza(made, "verse", 0), LyricSection(kind="verse", index=1, lines=lines))
    _, _, line = sung(*FORM, lyrics=made.lyrics.model_copy(update={"sections": verses}))
    assert words_in(line, "verse 2") == [text.text for text in lines[:heard]]


def store(vocals: bool) -> MemoryStore:
    context = CompositionContext(
        musical=MusicalContext(genres=(WeightedGenre(name="pop", weight=1.0),)),
        technical=TechnicalContext(duration_s=90.0),
        creative=CreativeContext(has_vocals=vocals, title="First Snow"),
        ai_decisions=AIDecisions(generation=GenerationParameters(seed=6)),
    )
    made = MemoryStore(context=context)
    for asset in ("chord_progression", "rhythm_pattern", "lyrics", "melody", "bass_line"):
        made.run(f"composition/{asset}")
    made.run("arrangement/arrangement")
    return made


@pytest.mark.parametrize("vocals", [True, False])
def test_the_asset_gives_the_line_and_the_whole_score_as_midi(vocals: bool) -> None:
    made = store(vocals)
    outcome = made.run("arrangement/vocal_line")
    assert [payload.role for payload in outcome.content] == ["main", "midi", "critic"]
    data = made.json("arrangement/vocal_line")
    tracks = read_midi(outcome.content[1].data)  # type: ignore[union-attr]
    score = Score.model_validate(made.json("arrangement/arrangement"))
    merged = merged_tracks(score, data)
    assert set(tracks) == {track.name for track in merged}
    assert ("vocal" in tracks) is vocals
    lyrics_in_midi = outcome.content[1].data.count(b"\xff\x05")  # type: ignore[union-attr]
    assert lyrics_in_midi == outcome.facts["syllables"] == len(data["syllables"])
    if vocals:
        assert outcome.facts["lines"] >= 8  # type: ignore[operator]
        assert len(tracks["vocal"]) == outcome.facts["notes"]
        again = store(vocals).run("arrangement/vocal_line")
        assert [payload.data for payload in again.content] == [payload.data for payload in outcome.content]  # type: ignore[union-attr]


def test_harmony_voices_sound_as_the_lead_does_behind_it() -> None:
    score, line = harmonized("block")
    plan = instrument(score, load_style("gospel"), Mood())
    for track in line.harmonies:
        sound = plan.sound_for(track)
        assert sound.name == track.name
        assert sound.role == "vocal"
        assert sound.program == track.program
        assert sound.level_db < plan.vocal.level_db
    pans = [plan.sound_of(track.name).pan for track in line.harmonies]
    assert len(pans) < 2 or pans[0] == -pans[1]
    with pytest.raises(KeyError):
        plan.sound_of("nobody")
