"""What a release says of a song that another engine made: its terms, when its words are sung, what was changed."""

from __future__ import annotations

from typing import Any

from musicgen_assets.finalization.delivered import delivered_notes, heard_lines, sung_words
from musicgen_assets.finalization.licence import SHORT, licence_text, short_of
from musicgen_assets.finalization.metadata import engines, fallbacks
from musicgen_assets.finalization.words import SungLine
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.routing import with_routing

LINES = (
    SungLine("Verse", "The hot wind blows,", 4.0, 8.0),
    SungLine("Verse", "the black wires hum", 9.0, 12.0),
    SungLine("Chorus", "Trains, turn it up high", 13.0, 16.0),
)


def record(**more: Any) -> dict[str, Any]:
    told = {"licence": "by its terms", "terms_url": "https://example.com/terms", "words": [], "facts": {}, "fitted": []}
    return {"engine": "kie", "model": "V6", "delivered": {**told, **more}}


def test_words_stand_where_the_engine_says_it_sings_them() -> None:
    words = [
        ["the", 5.0, 5.2], ["hot", 5.3, 5.6], ["wind", 5.7, 6.0], ["blows", 6.1, 6.5], ["oh", 7.0, 7.5],
        ["TRAINS,", 14.0, 14.4], ["turn", 14.5, 14.7], ["it", 14.8, 14.9], ["up", 15.0, 15.2], ["high", 15.3, 16.2],
    ]  # fmt: skip
    heard = heard_lines(LINES, words)
    assert [(line.text, line.start_s, line.end_s) for line in heard] == [
        ("The hot wind blows,", 5.0, 6.5), ("Trains, turn it up high", 14.0, 16.2),
    ]  # fmt: skip
    assert heard[0].words[1] == (5.3, "hot")


def test_without_times_of_the_engine_the_planned_ones_stand_and_it_is_said() -> None:
    assert heard_lines(LINES, []) == LINES
    assert any("times of the words are those of the plan" in note for note in delivered_notes(record(), is_sung=True))
    assert not any("times of the words" in note for note in delivered_notes(record(), is_sung=False))


def test_its_licence_is_the_engines_and_never_ours_to_give() -> None:
    assert short_of({"engine": "builtin"}) == SHORT
    assert short_of(record()) == "Kie (Suno) (V6): by its terms; see https://example.com/terms"
    text = licence_text("Trains", record(), has_own_words=False)
    assert "https://example.com/terms" in text
    assert "It is yours" not in text


def test_a_voice_over_our_own_band_brings_its_terms_and_its_times_along() -> None:
    words = [["trains", 14.0, 14.4], ["turn", 14.5, 14.7], ["it", 14.8, 14.9]]
    told = {"engine": "kie", "model": "V6", "licence": "by its terms", "terms_url": "https://example.com/terms",
            "cost_usd": "0.06", "is_used": True, "words": words}  # fmt: skip
    record = {"engine": "builtin", "model": "fluidsynth", "font": "TimGM6mb.sf2", "vocals": told}
    assert short_of(record) == "Kie (Suno) (V6): by its terms; see https://example.com/terms"
    text = licence_text("Trains", record, has_own_words=False)
    assert "The singing alone was made by Kie (Suno) (V6)" in text
    assert "All but the singing is yours" in text
    assert [line.start_s for line in heard_lines(LINES, sung_words(record))] == [14.0]
    unused = {**record, "vocals": {**told, "is_used": False, "words": []}}
    assert short_of(unused) == SHORT
    assert "singing" not in licence_text("Trains", unused, has_own_words=False)
    assert heard_lines(LINES, sung_words(unused)) == LINES


def test_what_was_changed_not_honoured_and_taken_over_is_told() -> None:
    told = record(fitted=["cut at the song's end"], facts={"not_honoured": ["tempo", "sections"]})
    told["took_over"] = {"engine": "kie", "from": "lyria", "why": "no credit", "reason": "the best"}
    notes = " ".join(delivered_notes(told, is_sung=False))
    for words in ("cut at the song's end", "tempo, sections", "took over from lyria, which failed: no credit"):
        assert words in notes


def test_who_took_over_stands_in_the_place_of_who_was_chosen_with_the_reason() -> None:
    context = accept(brief_of({"prompt": "a song about rain, sung", "seed": 3, "title": None, "overrides": {}}))
    context = with_routing(context, {"lyrics": ("openai", "the best"), "stem_separation": ("demucs", "it is here")})
    over = {"engine": "builtin", "from": "openai", "why": "openai: no credit", "reason": "the only one left"}
    told = {row["task"]: row["engine"] for row in engines(context, record(cost_usd="0.06"), {"lyrics": over})}
    assert (told["lyrics"], told["stem_separation"], told["full_song"]) == ("builtin", "demucs", "kie")
    assert fallbacks({"lyrics": over}) == [{"task": "lyrics", **over}]
    assert fallbacks({}) == []
