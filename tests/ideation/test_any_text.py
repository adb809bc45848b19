"""Any text either becomes a whole context or is refused as bad input; nothing else can happen."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import known_paths
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import accept, brief_of, validate_request
from musicgen_assets.ideation.players import MELODIC_ROLES

WORDS = tuple(
    word
    for line in (
        "no not without only and or , . : - with in a the of pop jazz house waltz bossa nova 70% drums bass piano",
        "guitar vocals strings about summer slow fast 120 bpm 90s 2:30 minutes seconds half minor major C D# Eb flat",
        "sharp H-Moll re menor 3/4 6/8 verse chorus bridge intro song instrumental solo sin ohne sans sem y und et e",
        'nada very happy sad triste "Title" called key tempo = x2 AABA über sobre sur not too just Es-Dur medio demi',
    )
    for word in line.split()
)
SENTENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join)
QUICK = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def outcome(prompt: str, overrides: dict[str, Any] | None = None) -> Any:
    """The context, or the refusal."""
    try:
        return accept(brief_of({"prompt": prompt, "seed": 1, "overrides": overrides or {}}))
    except BadInput as refused:
        return refused


def check(context: Any) -> None:
    if isinstance(context, BadInput):
        assert context.field
        assert context.rule
        return
    musical = context.musical
    assert any(item.role in MELODIC_ROLES for item in musical.instruments)
    assert not {item.role for item in musical.instruments} & set(musical.excluded_roles)
    assert len({(item.role, item.name) for item in musical.instruments}) == len(musical.instruments) <= 16
    assert context.creative.title.strip()


@QUICK
@given(st.text(max_size=200))
def test_any_characters(text: str) -> None:
    check(outcome(text))


@QUICK
@given(SENTENCES)
def test_any_musical_words(text: str) -> None:
    check(outcome(text))


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 500), st.floats(), st.text(max_size=12),
    st.sampled_from(["C minor", "pop", "3/4", "piano", "en", "drums"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "weight", "role", "valence", "x"]), inner)
    ),
    max_leaves=4,
)
PATHS = st.sampled_from([*known_paths(), "musical", "musical.mood", "creative", "nowhere", "musical.key.x", ""])


@QUICK
@given(st.dictionaries(PATHS, VALUES, max_size=3))
def test_any_overrides(overrides: dict[str, Any]) -> None:
    found = outcome("a calm pop song", overrides)
    assert isinstance(found, CompositionContext) or (found.field and found.rule)


@pytest.mark.parametrize(
    "text",
    ["²½ ٣ minutes", "١٢٠ bpm", "𝟙𝟚𝟘 bpm", "İstanbul şarkısı", "歌 about 海", "e\u0301te\u0301 ♩=120", "１２０ bpm"],
)
def test_unusual_letters_and_digits(text: str) -> None:
    check(outcome(text))


def test_what_the_door_accepts_the_assets_accept() -> None:
    request = CompositionRequest(prompt="pop about rain", overrides={"musical.key": "ebm"})
    validate_request(request)
    assert outcome(request.prompt, dict(request.overrides)).musical.key == "Eb"


def test_understanding_takes_under_50_ms_once_loaded() -> None:
    prompt = "melancholic jazz waltz in D minor with piano and cello, no drums, at 96 bpm, two and a half minutes"
    brief = brief_of({"prompt": prompt, "seed": 1})
    accept(brief)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        accept(brief)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05
