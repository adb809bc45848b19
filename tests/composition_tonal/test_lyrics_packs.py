"""Packs are read as their writers meant them, and refused with the place of a fault."""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.composition.lyrics_loading import PackError, load_pack, pack_of
from musicgen_assets.composition.lyrics_pack import Tags, Voice
from musicgen_assets.composition.lyrics_pattern import (
    PatternError,
    count_readings,
    parse,
    read,
    resolved,
    slots_of,
    tails,
    tidy,
)
from musicgen_assets.composition.lyrics_search import Meter, lines_for, rhymes_among
from musicgen_assets.composition.prosody import rhymes


def reading(text: str, person: str = "i", tense: str = "present", seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    pattern = resolved(parse(text), person, tense)  # type: ignore[arg-type]
    nouns = {"thing": [{"the": parse("the (old|tin) kettle"), "verb": parse("sings")}]}
    return tidy(read(pattern, nouns, "Blue Moon", {}, lambda _key, count: int(rng.integers(count))))


def test_person_and_tense_are_the_songs() -> None:
    assert reading("<I|we> [sing|sang]") == "I sing"
    assert reading("<I|we> [sing|sang]", "we", "past") == "We sang"
    assert reading("<[I'm|I was]|[we're|we were]> here", "we", "past") == "We were here"


def test_linked_choices_take_the_same_place() -> None:
    found = {reading("(1:he|she) lost (1:his|her) (hat|coat)", seed=seed) for seed in range(30)}
    assert found == {"He lost his hat", "He lost his coat", "She lost her hat", "She lost her coat"}


def test_slots_take_nouns_and_empty_choices_leave_no_gap() -> None:
    assert reading("{thing.the} (still |)sings, {title}", seed=1).endswith("sings, Blue Moon")
    assert {reading("(the |)rain (,|)", seed=seed) for seed in range(20)} <= {"The rain,", "The rain", "Rain,", "Rain"}


@pytest.mark.parametrize(
    "text", ["(a|b", "a)", "<I>", "[a|b|c]", "{thing}", "(only)", "a|b", "{thing.the", "{Thing.the}"]
)
def test_broken_notation_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        parse(text)


@given(st.text(alphabet="ab (|)<>[]{}1:.", max_size=24))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        pattern = parse(text)
    except PatternError:
        return
    if not slots_of(pattern):
        rng = np.random.default_rng(0)
        whole = read(resolved(pattern, "i", "past"), {}, "T", {}, lambda _key, count: int(rng.integers(count)))
        assert not set("(|<[") & set(whole)
        assert count_readings(resolved(pattern, "i", "past"), {}) >= 1


def test_lines_are_searched_from_their_ends() -> None:
    pattern = parse("the (old|tin) kettle (hums by the (door|wall)|sings)")
    found = tails(pattern, {}, "")
    assert sorted(word for word, _ in found) == ["door", "sings", "wall"]
    for word, fixed in found:
        readings = dict(fixed)
        assert read(pattern, {}, "", readings, lambda _key, _count: 0).split()[-1] == word


def pack_data() -> dict[str, Any]:
    couplet = (
        "<I|we> [see|saw] the (moon|rain) (above the hall|at night) / the (lamp|clock) [is|was] on the (wall|light)"
    )
    part = [{"couplets": [couplet]}]
    theme = {
        "keywords": "sea", "titles": [{"title": "Salt", "for": "i", "hooks": ["salt and sand / hand in hand"]}],
        "nouns": {"thing": [{"the": "the gull", "verb": "[cries|cried]"}], "place": [{"at": "by the wall"}]},
        "verse": part, "chorus": part, "bridge": part,
    }  # fmt: skip
    hooks = [{"couplets": ["{title}, by night / {title}, in light"]}]
    general = {"hooks": hooks, "verse": [{"lines": ["{thing.the} {thing.verb} {place.at}"]}]}
    return {"format": 2, "general": general, "themes": {"sea": theme}}


def test_a_pack_rhymes_only_what_rhymes() -> None:
    pack = pack_of(pack_data(), "en")
    unit = pack.themes["sea"].parts["verse"][0]
    voice = Voice("we", "past")
    found = rhymes_among([unit], {}, voice, "verse", "en")
    assert len(found) == 2
    rng = np.random.default_rng(1)
    for rhyme in found:
        _, lines = lines_for(rhyme, {}, voice, "verse", "en", [Meter(8), Meter(8)], {}, rng)
        assert rhymes(*lines, "en")
        assert "saw" in lines[0]
        assert lines[0].startswith("We")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("themes", "sea", "verse"), [{"couplets": ["one line"]}], "themes.sea.verse.couplets: 'one line' has 1 lines"),
        (("themes", "sea", "verse"), [{"couplets": ["(a|b / c d"]}], "themes.sea.verse"),
        (("themes", "sea", "verse"), [{"for": "they", "couplets": ["a b / c d"]}], "'they'"),
        (("themes", "sea", "verse"), [{"lyrics": []}], "lyrics"),
        (("themes", "sea", "verse"), [{"couplets": ["{light.the} shines / all mine"]}], "light.the"),
        (("themes", "sea", "verse"), [{"couplets": ["(1:a|b) c / (1:a|b|c) d"]}], "linked choices"),
        (("themes", "sea", "nouns"), {"thing": [{"the": "the gull"}]}, "nouns.thing"),
        (("themes", "sea", "mood"), "sunny", "sunny"),
        (("themes", "sea", "titles"), [{"hooks": []}], "without a title"),
        (("general", "hooks"), [], "general.hooks"),
    ],
)
def test_a_faulty_pack_is_refused_with_its_place(path: tuple[str, ...], value: object, said: str) -> None:
    data = deepcopy(pack_data())
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(PackError) as refused:
        pack_of(data, "en")
    assert said in str(refused.value)


def test_a_missing_part_is_named() -> None:
    data = pack_data()
    del data["themes"]["sea"]["bridge"]
    with pytest.raises(PackError, match=r"themes\.sea: bridge is missing"):
        pack_of(data, "en")


def test_tags_keep_moods_persons_tenses_and_addressees_apart() -> None:
    assert Tags(person="i").allow(Voice("i"), "verse")
    assert not Tags(person="i").allow(Voice("we"), "verse")
    assert not Tags(is_addressed=True).allow(Voice(), "verse")
    assert not Tags(tense="past").allow(Voice(tense="present"), "verse")
    assert Tags(tense="present").allow(Voice(tense="past"), "chorus")
    assert not Tags(is_bright=False).allow(Voice(is_bright=True), "chorus")


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt"])
def test_every_language_has_the_themes(language: str) -> None:
    pack = load_pack(language)  # type: ignore[arg-type]
    assert len(pack.themes) >= 12
    assert {"love", "loss", "summer", "night", "road", "home", "sea", "dance"} <= set(pack.themes)


def test_every_english_theme_has_voices_enough() -> None:
    pack = load_pack("en")
    assert len(pack.themes) == 15
    for theme in pack.themes.values():
        assert len(theme.titles) >= 6
        assert all(title.hooks for title in theme.titles)
        for tense, is_bright in product(("present", "past"), (True, False)):
            voice = Voice("i", tense, is_addressed=True, is_bright=is_bright)  # type: ignore[arg-type]
            assert sum(unit.tags.allow(voice, "verse") for unit in theme.parts["verse"]) >= 12
