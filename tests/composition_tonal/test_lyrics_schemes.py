"""Stanzas rhyme in the scheme that their style sings in."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lyrics_expanded import faults_of
from musicgen_assets.composition.lyrics import LyricsBrief, compose_lyrics
from musicgen_assets.composition.lyrics_schemes import blocks_of, chosen_scheme, normal
from musicgen_assets.composition.prosody import rhymes
from musicgen_assets.context.schema import Mood
from musicgen_assets.score.material import LyricSection
from musicgen_assets.styles.loader import load_style

SCHEMES = {"ABCB": "XAXA", "AAAA": "AAAA", "ABBA": "ABBA", "ABAB": "ABAB", "AABB": "AABB"}


def verses(scheme: str, language: str, seed: int) -> list[LyricSection]:
    style = load_style("pop")
    habits = style.lyrics.model_copy(update={"verse_schemes": {scheme: 1.0}})
    brief = LyricsBrief(
        style.model_copy(update={"lyrics": habits}),
        "Untitled",
        "the sea",
        language,
        Mood(),
        True,  # type: ignore[arg-type]
    )
    lyrics = compose_lyrics(brief, np.random.default_rng(seed))[0]
    return [section for section in lyrics.sections if section.kind == "verse"]


@pytest.mark.parametrize(("scheme", "language"), [("ABCB", "en"), ("ABCB", "fr"), ("ABBA", "es"), ("AAAA", "pt")])
def test_verses_rhyme_as_the_style_says_where_the_pack_can(scheme: str, language: str) -> None:
    found = verses(scheme, language, 3)
    shapes = [normal("".join(line.rhyme or "X" for line in section.lines)) for section in found]
    assert shapes[0] == SCHEMES[scheme]
    assert set(shapes) <= {SCHEMES[scheme], "AABB"}
    for section in found:
        for letter in {line.rhyme for line in section.lines} - {""}:
            same = [line.text for line in section.lines if line.rhyme == letter]
            assert all(rhymes(same[0], other, language) for other in same[1:]), same


@pytest.mark.parametrize(
    ("scheme", "lines", "blocks"),
    [
        ("ABCB", 4, ("XAXA",)), ("ABBA", 6, ("AABCCB",)), ("ABAB", 8, ("ABAB", "ABAB")), ("AABBCCDD", 4, ("AABB",)),
        ("AAA", 4, ("AAAA",)), ("AABA", 4, ("AABB",)), ("ABCB", 2, ("AA",)), ("XX", 6, ("AABB", "AA")),
    ],
)  # fmt: skip
def test_a_scheme_is_fitted_to_the_stanza(scheme: str, lines: int, blocks: tuple[str, ...]) -> None:
    assert blocks_of(scheme, lines) == blocks


def test_a_style_in_which_nothing_rhymes_sings_ballads() -> None:
    assert chosen_scheme({"XX": 1.0}, np.random.default_rng(0)) == "XAXA"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("le eau de la mer", "fr"), ("la homme est là", "fr"), ("Je vais de le jardin", "fr"), ("ma amie chante", "fr"),
        ("el sol de el mar", "es"), ("la agua es clara", "es"), ("la problema es mío", "es"),
        ("o barco em o mar", "pt"),
        ("an house on the hill", "en"), ("the the rain", "en"), ("für dem Tag", "de"),
    ],
)  # fmt: skip
def test_faults_in_a_line_are_found(text: str, language: str) -> None:
    assert faults_of(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("L'eau de la mer et le haut du toit", "fr"), ("Mon amie chante au jardin", "fr"), ("El agua del mar", "es"),
        ("O barco no mar", "pt"), ("An hour by the old house", "en"), ("Für den Tag und durch die Nacht", "de"),
    ],
)  # fmt: skip
def test_good_lines_have_none(text: str, language: str) -> None:
    assert not faults_of(text, language)
