"""Moments the music must meet are read in five languages, and refused where no music could meet them."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import validate_request


def context_of(prompt: str, **overrides: Any) -> CompositionContext:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return validate_request(CompositionRequest(prompt=prompt, overrides=named, seed=1))


def points_of(prompt: str, **overrides: Any) -> list[tuple[str, float]]:
    return [(point.kind, point.at_s) for point in context_of(prompt, **overrides).musical.hit_points]


ROWS: list[tuple[str, list[tuple[str, float]], float]] = [
    ("cinematic, drop at 0:32, stop at 1:10, 90 seconds", [("drop", 32), ("stop", 70)], 90),
    ("trailer, a hit at twelve seconds and a change at 0:40", [("hit", 12), ("change", 40)], 120),
    ("trailer, hits at 0:12, 0:24 and 0:36, two minutes long", [("hit", 12), ("hit", 24), ("hit", 36)], 120),
    ("house, at 0:32 the drop comes, 3 minutes", [("drop", 32)], 180),
    ("house, a drop at 1 minute 10, 3 minutes", [("drop", 70)], 180),
    ("rock, stop at 1:10 and 2 minutes long", [("stop", 70)], 120),
    ("cine épico con un golpe en 0:45 y silencio en 1:05, 80 segundos", [("hit", 45), ("stop", 65)], 80),
    ("música de cine, en el segundo 45 un golpe, dos minutos", [("hit", 45)], 120),
    ("musique de film, un coup à 0:20, changement à 45 secondes, une minute", [("hit", 20), ("change", 45)], 60),
    ("musique de film, arrêt à la seconde 30, deux minutes", [("stop", 30)], 120),
    ("Filmmusik, Einschlag bei 0:45, Stille bei 1:00, 75 Sekunden", [("hit", 45), ("stop", 60)], 75),
    ("Filmmusik, Schlag bei Sekunde zwölf, 2 Minuten", [("hit", 12)], 120),
    ("trilha sonora, batida em 0:15 e parada em 50 segundos, um minuto", [("hit", 15), ("stop", 50)], 60),
]


@pytest.mark.parametrize(("prompt", "points", "duration_s"), ROWS, ids=[row[0] for row in ROWS])
def test_moments_are_read_and_are_no_lengths(prompt: str, points: list[tuple[str, float]], duration_s: float) -> None:
    assert points_of(prompt) == points
    assert context_of(prompt).technical.duration_s == duration_s


@pytest.mark.parametrize(
    "prompt",
    [
        "a club hit, 2 minutes", "house with a big drop, 124 bpm", "rock at 120 bpm, 2:30",
        "samba com batida forte, 2 minutos", "pop, change of mood, 90 seconds", "nonstop rock, 100 seconds",
    ],
)  # fmt: skip
def test_the_same_words_without_a_moment_are_none(prompt: str) -> None:
    assert points_of(prompt) == []


def test_a_drop_at_a_moment_is_no_order_of_sections() -> None:
    assert context_of("house, intro, build and drop at 0:40, 2 minutes").musical.structure == ()


def test_options_give_moments_as_a_list_or_in_words_and_beat_the_prompt() -> None:
    given = [{"kind": "stop", "at_s": 40}, {"kind": "drop", "at_s": 20}]
    assert points_of("cinematic, hit at 0:10", musical__hit_points=given) == [("drop", 20), ("stop", 40)]
    assert points_of("pop", musical__hit_points="Einschlag bei 0:45") == [("hit", 45)]
    assert points_of("cinematic, hit at 0:10", musical__hit_points=[]) == []


REFUSED = [
    ("cinematic, 90 bpm, hit at 0:30 and stop at 0:31", "less than a bar"),
    ("cinematic, hit at 2:30, one minute", "fades from"),
    ("cinematic, hit at 0:01, one minute", "before 2 s"),
]


@pytest.mark.parametrize(("prompt", "rule"), REFUSED, ids=[row[1] for row in REFUSED])
def test_moments_that_no_music_can_meet_are_refused_with_a_way_out(prompt: str, rule: str) -> None:
    with pytest.raises(BadInput, match="hit_points") as caught:
        context_of(prompt)
    assert rule in caught.value.rule
    assert caught.value.way_out


@pytest.mark.parametrize("value", ["soon", [{"kind": "boom", "at_s": 3}], [{"kind": "hit", "at_s": "late"}], 7, [5]])
def test_moments_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        context_of("pop", musical__hit_points=value)
    assert caught.value.field.startswith("musical.hit_points")


def test_a_bar_apart_is_enough() -> None:
    assert len(points_of("cinematic at 120 bpm in 4/4, hit at 0:30 and stop at 0:32")) == 2
