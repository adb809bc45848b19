"""Words that a language model writes are asked for under the same wishes as the song: its money, its fallback."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.answers import LyricsAnswer, LyricSection
from musicgen_assets.engines.naming import engine_overrides
from musicgen_assets.engines.router import Standing, Standings
from musicgen_assets.graph.job import Ask, Payload
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.context_asset import content_of
from musicgen_assets.ideation.routing import routed
from musicgen_assets.score.material import Lyrics

READY = Standings(ready={"openai": Standing(), "anthropic": Standing()})
ANSWER = LyricsAnswer(
    title="Rain",
    sections=[
        LyricSection(name="verse", lines=["Rain on the roof tonight", "And every street is bright"]),
        LyricSection(name="chorus", lines=["Rain, rain, carry me home", "Rain, rain, never alone"]),
    ],
)


def context_of(**wishes: Any) -> CompositionContext:
    overrides = engine_overrides(("lyrics=openai",), **wishes)
    asked = {"prompt": "pop song about rain, sung, 60 seconds", "seed": 3, "title": None, "overrides": overrides}
    return routed(accept(brief_of(asked)), READY, None)


def asked_for(context: CompositionContext, *payloads: Payload) -> tuple[Ask, Lyrics]:
    asked: list[Ask] = []

    def answered(ask: Ask) -> list[Payload]:
        asked.append(ask)
        return [json_payload(ANSWER, "answer"), json_payload({}, "delivery")]

    store = MemoryStore(context=context, answers={"openai": answered})
    store.put("ideation/context", *(payloads or content_of(context)))
    store.run("composition/lyrics")
    return asked[0], Lyrics.model_validate(store.json("composition/lyrics"))


def test_words_are_asked_for_within_the_versions_money_and_of_nobody_else_where_that_is_wished() -> None:
    ask, lyrics = asked_for(context_of(budget_usd="0.50", is_alone=True, policy="quality"))
    assert (ask.engine, ask.budget_usd, ask.has_fallback) == ("openai", "0.50", False)
    assert (ask.need["budget_usd"], ask.need["policy"], ask.need["preferred"]) == ("0.50", "quality", "openai")
    assert lyrics.written_by == "openai"


@pytest.mark.parametrize("is_old", [False, True])
def test_without_wishes_another_writer_may_take_over(is_old: bool) -> None:
    context = context_of()
    ask, _ = asked_for(context, *([json_payload(context)] if is_old else []))
    assert (ask.budget_usd, ask.has_fallback) == (None, True)


def test_wishes_enter_the_words_only_where_another_engine_writes_them() -> None:
    own = routed(context_of(), Standings(), None)
    assert [payload.role for payload in content_of(own)] == ["main"]
    assert [payload.role for payload in content_of(context_of())] == ["main", "lyrics_wishes"]
