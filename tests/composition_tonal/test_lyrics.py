"""Words keep their promises: rhymed, unrepeated, on their theme, and the user's own are kept."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lyrics_spoiled import lines_shuffled, words_of_another_theme
from musicgen_assets.composition.lyrics import LyricsBrief, compose_lyrics, prosody_of, quality_check
from musicgen_assets.composition.lyrics_loading import load_pack
from musicgen_assets.composition.lyrics_score import BOUNDS, lyric_scores, shortfalls
from musicgen_assets.composition.lyrics_text import LINE_SYLLABLES_MAX, LINES_MAX, sections_of, tag_of
from musicgen_assets.composition.lyrics_theme import choose_title, match_theme
from musicgen_assets.composition.prosody import line_of, words_of
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext, CreativeContext, Mood
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.score.material import Lyrics, LyricSection
from musicgen_assets.styles.loader import load_style

LANGUAGES = ("en", "es", "fr", "de", "pt")


def brief(style: str = "pop", **changes: object) -> LyricsBrief:
    values = {
        "title": "Untitled", "theme": "", "language": "en", "mood": Mood(), "has_vocals": True, "text": None, **changes,
    }  # fmt: skip
    return LyricsBrief(load_style(style), **values)  # type: ignore[arg-type]


def written(seed: int = 1, style: str = "pop", **changes: object) -> Lyrics:
    return compose_lyrics(brief(style, **changes), np.random.default_rng(seed))[0]


@pytest.mark.parametrize(("language", "seed"), list(product(LANGUAGES, (1, 2, 3))))
def test_written_words_rhyme_and_repeat_no_line(language: str, seed: int) -> None:
    lyrics = written(seed, language=language)
    texts = [line.text for section in lyrics.sections for line in section.lines]
    assert len(texts) == len(set(texts))
    assert not shortfalls(lyrics.scores)
    kinds = [(section.kind, section.index) for section in lyrics.sections]
    assert {("verse", 0), ("verse", 1), ("verse", 2), ("chorus", 0), ("bridge", 0), ("pre_chorus", 0)} <= set(kinds)
    for section in lyrics.sections:
        assert all(line.syllables and len(line.syllables) == len(line.stresses) for line in section.lines)
        assert not any(set("{}()[]<>|/") & set(line.text) for line in section.lines)


@pytest.mark.parametrize("theme", list(load_pack("en").themes))
def test_every_english_theme_makes_a_song_of_its_own_words(theme: str) -> None:
    keyword = sorted(load_pack("en").themes[theme].keywords)[0]
    lyrics = compose_lyrics(brief(theme=keyword), np.random.default_rng(5))[0]
    assert lyrics.theme
    assert not shortfalls(lyrics.scores)
    for section in lyrics.sections:
        for one, other in product(section.lines, repeat=2):
            if one is not other and one.rhyme and one.rhyme == other.rhyme:
                assert words_of(one.text)[-1].lower() != words_of(other.text)[-1].lower(), (one.text, other.text)


def test_one_person_tense_and_addressee_hold_through_a_song() -> None:
    others = {"i": {"we", "us", "our", "ours", "we're"}, "we": {"i", "me", "my", "mine", "i'm"}}
    strays = spoken = 0
    for seed in range(12):
        lyrics = written(seed, theme=("summer", "the sea", "night in the city")[seed % 3])
        if lyrics.is_addressed:
            continue
        texts = [line.text.lower() for section in lyrics.sections for line in section.lines]
        spoken += len(texts)
        strays += sum(bool(others[lyrics.person] & set(words_of(text))) for text in texts)
        addressed = [text for text in texts if {"you", "your"} & set(words_of(text))]
        assert not addressed, addressed
    assert strays <= 0.06 * spoken


def test_the_refrain_opens_with_the_title_and_verses_do_not() -> None:
    for seed in range(6):
        lyrics = written(seed, title="Golden River")
        chorus = next(section for section in lyrics.sections if section.kind == "chorus")
        assert chorus.lines[0].text.startswith("Golden River")
        verses = [line.text for section in lyrics.sections if section.kind == "verse" for line in section.lines]
        assert not any(text.startswith("Golden River") for text in verses)


def test_a_title_of_the_pack_brings_its_own_refrain() -> None:
    lyrics = written(3, title="stay with me")
    chorus = next(section for section in lyrics.sections if section.kind == "chorus")
    assert chorus.lines[0].text.lower().startswith("stay with me")
    assert lyrics.theme == "love"
    assert lyrics.is_addressed


def test_a_theme_without_a_title_gives_the_refrain_its_words() -> None:
    lyrics = written(theme="grandmother's garden")
    assert any("randmother's garden" in line.text for section in lyrics.sections for line in section.lines)
    pack = load_pack("en")
    rng = np.random.default_rng(0)
    titles = {title.text for title in pack.themes["sea"].titles}
    long = "A very long and winding title that nobody could ever sing in one breath"
    assert choose_title(long, "", pack, pack.themes["sea"], True, rng).text in titles
    assert choose_title("Untitled", "2020", pack, pack.themes["sea"], True, rng).text in titles
    assert choose_title("Untitled", "ocean", pack, pack.themes["sea"], True, rng).text in titles


def test_explicit_titles_stay_out_of_written_words_but_not_out_of_the_users() -> None:
    lyrics = written(title="Fucking Rain", theme="shit weather")
    assert "fuck" not in " ".join(line.text for section in lyrics.sections for line in section.lines)
    own = written(title="Fucking Rain", text="Fucking rain on my window\nFucking rain on the road")
    assert own.sections[0].lines[0].text == "Fucking rain on my window"


def test_twenty_songs_of_one_theme_share_few_lines() -> None:
    songs = []
    for seed in range(20):
        lyrics = written(seed, theme="the sea")
        songs.append({x.text for s in lyrics.sections if s.kind in ("verse", "bridge") for x in s.lines})
    shares = [len(one & other) / min(len(one), len(other)) for n, one in enumerate(songs) for other in songs[n + 1 :]]
    assert np.mean(shares) <= 0.06


@pytest.mark.parametrize(
    ("text", "language", "theme"),
    [
        ("summer love at the beach", "en", "summer"), ("verano en la playa", "es", "summer"),
        ("the ocean and the waves", "de", "sea"), ("Heimat und Familie", "de", "home"),
        ("chagrin et larmes", "fr", "loss"), ("danca e festa", "pt", "dance"), ("freindship", "en", "friendship"),
        ("driving down the highway", "en", "road"),
        ("a quiet christmas", "en", "winter"),
    ],
)  # fmt: skip
def test_themes_are_known_by_their_words(text: str, language: str, theme: str) -> None:
    pack = load_pack(language)  # type: ignore[arg-type]
    assert match_theme((text,), pack, (), Mood(), np.random.default_rng(0)) == theme


def test_without_a_word_the_style_or_the_mood_names_the_theme() -> None:
    pack = load_pack("en")
    rng = np.random.default_rng(1)
    assert match_theme(("", "xyzzy"), pack, (), Mood(valence=0.1, arousal=0.2), rng) == "loss"
    assert match_theme(("",), pack, (), Mood(valence=0.9, arousal=0.9), rng) == "dance"
    assert match_theme(("",), pack, ("the road", "driving"), Mood(valence=0.7), rng) == "road"
    assert match_theme(("",), pack, ("heartbreak",), Mood(valence=0.8, arousal=0.5), rng) == "love"


def test_dance_styles_without_verses_sing_in_drop_and_breakdown() -> None:
    kinds = {section.kind for section in written(style="house").sections}
    assert {"drop", "breakdown"} <= kinds
    assert "drop" not in {section.kind for section in written(style="folk").sections}


def test_instrumentals_have_no_words() -> None:
    lyrics = written(has_vocals=False)
    assert lyrics.sections == ()
    assert prosody_of(lyrics).is_sung is False


USER = """[Verse 1]
Hello my friend, I see you there
You came along with nothing at all to wear

and one more after a gap

[Chorus]
Sing it loud
Sing it proud

[Verse 2]
A second verse of other words
is singing to the early birds
[Chorus]
Sing it loud
Sing it proud
[Chorus 2]
Another end
for my friend
"""


def test_tags_name_sections_and_a_returning_chorus_counts_once() -> None:
    sections = sections_of(USER, "en")
    assert [(section.kind, section.index, len(section.lines)) for section in sections] == [
        ("verse", 0, 3), ("chorus", 0, 2), ("verse", 1, 2), ("chorus", 1, 2),
    ]  # fmt: skip
    assert sections[1].lines[0].rhyme == sections[1].lines[1].rhyme == "A"
    assert [line.rhyme for line in sections[0].lines] == ["A", "A", ""]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("[Verse 1]", "verse"), ("[Strophe 2]", "verse"), ("(Refrain)", "chorus"), ("[Estribillo]", "chorus"),
        ("[Refrão]", "chorus"), ("Chorus:", "chorus"), ("[Brücke]", "bridge"), ("[Puente]", "bridge"),
        ("[Pont]", "bridge"),
        ("[Pre-Chorus]", "pre_chorus"), ("[Couplet 1]", "verse"), ("[Verso 1]", "verse"), ("[Vers]", "verse"),
        ("[Outro]", "outro"), ("[Verse: Anna]", "verse"), ("I love you:", None), ("Just a line", None), ("[x9]", None),
    ],
)  # fmt: skip
def test_headings_in_five_languages(line: str, kind: str | None) -> None:
    assert tag_of(line) == kind


def test_without_tags_the_stanza_that_returns_is_the_chorus() -> None:
    verse, chorus, other = "one two three\nfour five six", "la la la\noh oh oh", "seven eight\nnine ten"
    sections = sections_of("\n\n".join((verse, chorus, other, chorus)), "en")
    assert [(section.kind, section.index) for section in sections] == [("verse", 0), ("chorus", 0), ("verse", 1)]
    nearly = sections_of("\n\n".join((verse, chorus, other, chorus + " oh")), "en")
    assert [(section.kind, section.index) for section in nearly] == [
        ("verse", 0), ("chorus", 0), ("verse", 1), ("chorus", 1),
    ]  # fmt: skip
    second = sections_of("\n\n".join((verse, chorus, other)), "en")
    assert [section.kind for section in second] == ["verse", "chorus", "verse"]
    assert [section.kind for section in sections_of(verse + "\nfive six", "en")] == ["verse"]
    assert [section.kind for section in sections_of("only one line", "en")] == ["verse", "chorus"]


def test_long_lines_and_long_stanzas_are_cut() -> None:
    line = "this line goes on and on, and never seems to find an end at all, my dear, until it does"
    sections = sections_of("\n".join([line] * 7), "en")
    assert all(len(part.syllables) <= LINE_SYLLABLES_MAX for section in sections for part in section.lines)
    assert all(len(section.lines) <= LINES_MAX for section in sections)
    words = " ".join(part.text for section in sections for part in section.lines)
    assert words == " ".join([line] * 7)
    monster = "a" + "na" * 30
    assert sections_of(monster, "en")[0].lines[0].text == monster


@pytest.mark.parametrize("text", ["[Verse]\n[Chorus]\n", "...\n!!!", "[Verse]\n-- --", "pfft\nbrr tss", "שלום עולם"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"creative\.lyrics"):
        sections_of(text, "en")


def test_three_hundred_lines_are_kept_in_order() -> None:
    sections = sections_of("\n".join(f"line of words number {n}" for n in range(300)), "en")
    assert [line.text for section in sections for line in section.lines][-1] == "line of words number 299"
    assert all(len(section.lines) <= LINES_MAX for section in sections)


@settings(max_examples=60)
@given(st.text(alphabet="abc eé,.\n[]()V:1", max_size=120))
def test_any_text_is_sung_or_refused(text: str) -> None:
    try:
        sections = sections_of(text, "fr")
    except BadInput:
        return
    assert sections
    assert all(section.lines and all(line.syllables for line in section.lines) for section in sections)


def test_scores_fall_for_words_that_do_not_rhyme_or_scan() -> None:
    good = written()
    texts = (("a cat", "A"), ("an endless afternoon of dogs", "A"), ("tree", "B"), ("the house upon the hillside", "B"))
    lines = tuple(line_of(text, "en", letter) for text, letter in texts)
    bad = good.model_copy(update={"sections": (LyricSection(kind="verse", index=0, lines=lines),)})
    scores = lyric_scores(bad)
    assert scores["rhyme"] == 0.0
    assert scores["meter"] < 0.6 < good.scores["meter"]
    assert scores["theme"] < 0.5
    assert lyric_scores(Lyrics(language="en", title="T")) == dict.fromkeys(BOUNDS, 1.0)
    assert not quality_check(bad.model_copy(update={"scores": scores})).passed
    assert quality_check(bad.model_copy(update={"scores": scores, "is_users_own": True})).passed


@pytest.mark.parametrize("language", ["en"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_spoiled_words_fail_where_the_song_passes(language: str, seed: int) -> None:
    good = written(seed, language=language)
    shuffled = lyric_scores(lines_shuffled(good, Random(seed)))
    strange = lyric_scores(words_of_another_theme(good, Random(seed)))
    assert shortfalls(shuffled)
    assert shortfalls(strange)
    assert shuffled["order"] < good.scores["order"] - 0.1
    assert shuffled["rhyme"] < 0.6
    assert strange["theme"] < good.scores["theme"] - 0.3


def job(seed: int = 3, **creative: object) -> MemoryStore:
    context = CompositionContext(creative=CreativeContext(**{"has_vocals": True, **creative}))  # type: ignore[arg-type]
    generation = context.ai_decisions.generation.model_copy(update={"seed": seed})
    decisions = context.ai_decisions.model_copy(update={"generation": generation})
    return MemoryStore(context=context.model_copy(update={"ai_decisions": decisions}))


def test_the_asset_keeps_words_and_their_fall_apart() -> None:
    store = job(title="Harbour Light", language="en")
    outcome = store.run("composition/lyrics")
    assert [payload.role for payload in outcome.content] == ["main", "prosody"]
    prosody = store.json("composition/lyrics", "prosody")
    assert prosody["is_sung"]
    assert "Harbour" not in str(prosody)
    verse = next(section for section in store.json("composition/lyrics")["sections"] if section["kind"] == "verse")
    sung = next(section for section in prosody["sections"] if section["kind"] == "verse")
    assert [line["stresses"] for line in sung["lines"]] == [line["stresses"] for line in verse["lines"]]
    assert outcome.facts["subject"] == "sea"
    again = job(title="Harbour Light", language="en").run("composition/lyrics")
    assert [payload.data for payload in again.content] == [payload.data for payload in outcome.content]  # type: ignore[union-attr]
    other = job(seed=4, title="Harbour Light", language="en").run("composition/lyrics")
    assert other.content[0].data != outcome.content[0].data  # type: ignore[union-attr]


def test_the_asset_sings_the_users_words() -> None:
    store = job(lyrics=USER)
    store.run("composition/lyrics")
    texts = [line["text"] for section in store.json("composition/lyrics")["sections"] for line in section["lines"]]
    assert texts[0] == "Hello my friend, I see you there"
