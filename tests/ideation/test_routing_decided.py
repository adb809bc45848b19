"""Who does what is decided once, from wishes and standings, and a revision keeps it while that can be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.context.wishes import EngineWishes
from musicgen_assets.engines.answers import EnhancementAnswer, Proposed
from musicgen_assets.engines.naming import engine_overrides
from musicgen_assets.engines.router import Standing, Standings
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.enhancing_by_engine import accepted
from musicgen_assets.ideation.routing import check_wishes, routed, with_routing

ALL = Standings(ready={name: Standing() for name in ("kie", "elevenlabs", "lyria", "openai", "stable_audio")})
WISHES = "ai_decisions.generation.wishes"


def context_of(prompt: str = "pop song about rain, sung, 60 seconds", **overrides: Any) -> CompositionContext:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return accept(brief_of({"prompt": prompt, "seed": 3, "title": None, "overrides": named}))


def wishing(*engines: str, **more: Any) -> dict[str, Any]:
    return {path.replace(".", "__"): value for path, value in engine_overrides(engines, **more).items()}


def test_without_wishes_the_built_in_engine_does_all_of_it() -> None:
    routing = routed(context_of(), ALL, None).ai_decisions
    assert routing.generation.routing == {"full_song": "builtin"}
    assert [chosen.engine for chosen in routing.model_selections] == ["builtin"]


def test_who_was_named_does_what_it_can_do() -> None:
    decisions = routed(context_of(**wishing("kie", "openai")), ALL, None).ai_decisions
    assert decisions.generation.routing == {"full_song": "kie", "lyrics": "openai"}
    assert [chosen.reason for chosen in decisions.model_selections] == ["asked for", "asked for"]


def test_words_that_were_given_need_no_writer() -> None:
    words = "[Verse]\nRain on the roof tonight\nAnd nobody knows why\n"
    decisions = routed(context_of(creative__lyrics=words, **wishing("openai")), ALL, None).ai_decisions
    assert "lyrics" not in decisions.generation.routing


def test_a_voice_is_borrowed_only_where_it_is_wished_and_over_our_own_band() -> None:
    decisions = routed(context_of(**wishing("vocals=kie")), ALL, None).ai_decisions
    assert decisions.generation.routing == {"full_song": "builtin", "vocals": "kie"}
    assert "vocals" not in routed(context_of(**wishing("kie")), ALL, None).ai_decisions.generation.routing
    here = ALL.model_copy(update={"preferred": {"vocals": "elevenlabs"}})
    assert routed(context_of(), here, None).ai_decisions.generation.routing["vocals"] == "elevenlabs"
    plain = context_of("solo piano, 60 seconds", **wishing("vocals=kie"))
    assert routed(plain, ALL, None).ai_decisions.generation.routing == {"full_song": "builtin"}
    with pytest.raises(BadInput, match="its voice too"):
        check_wishes(EngineWishes(engines={"full_song": "lyria", "vocals": "kie"}))
    with pytest.raises(BadInput, match="it does"):
        check_wishes(EngineWishes(engines={"vocals": "lyria"}))


@pytest.mark.parametrize(
    ("change", "engine"),
    [
        ({"technical.loudness_target_lufs": -9.0}, "kie"),
        ({"creative.title": "Other"}, "kie"),
        ({"technical.duration_s": 400.0}, "builtin"),
        ({f"{WISHES}.engines.full_song": "elevenlabs"}, "elevenlabs"),
    ],
)
def test_a_revision_keeps_the_engine_while_it_can_do_what_is_asked(change: dict[str, Any], engine: str) -> None:
    base = routed(context_of(**wishing("kie")), ALL, None)
    later = Standings(ready={"elevenlabs": Standing()}, absent={"kie": "KIE_API_KEY is not set"})
    child = routed(apply_overrides(base, change), later, base)
    assert child.ai_decisions.generation.routing["full_song"] == engine


@pytest.mark.parametrize(
    "change", [{"technical.duration_s": 400.0}, {"creative.has_vocals": False}, {"creative.language": "de"}]
)
def test_a_kept_engine_tells_the_reason_that_a_song_from_scratch_would_tell(change: dict[str, Any]) -> None:
    nobody = Standings(absent={"kie": "KIE_API_KEY is not set", "suno": "SUNO_BASE_URL is not set"})
    base = routed(context_of(), nobody, None)
    changed = apply_overrides(base, change)
    assert routed(changed, nobody, base) == routed(changed, nobody, None)


def test_loops_for_a_game_need_an_engine_that_plays_parts_by_themselves() -> None:
    decisions = routed(context_of(technical__packages=["game"], **wishing("kie")), ALL, None).ai_decisions
    assert decisions.generation.routing["full_song"] == "builtin"
    assert "kie has no parts" in decisions.model_selections[0].reason


def test_nobody_able_is_said_before_anything_is_made() -> None:
    wishes = wishing("kie", budget_usd="0.01")
    assert routed(context_of(**wishes), ALL, None).ai_decisions.generation.routing == {"full_song": "builtin"}
    unknown = context_of(**wishing("kie")).model_copy(
        update={"creative": context_of().creative.model_copy(update={"language": "ja"})}
    )
    with pytest.raises(PermanentFailure, match="Nobody here can do"):
        routed(unknown, Standings(), None)


@pytest.mark.parametrize(
    ("overrides", "rule"),
    [
        ({f"{WISHES}.engines.full_song": "gramophone"}, "no such engine"),
        ({f"{WISHES}.engines.full_song": "openai"}, "it does prompt_enhancement"),
        ({f"{WISHES}.engines.lyrics": "kie"}, "it does full_song"),
        ({f"{WISHES}.budget_usd": "a lot"}, "no amount of money"),
        ({f"{WISHES}.policy": "luck"}, "should be"),
        ({"ai_decisions.generation.routing.full_song": "kie"}, "decided by the router"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_with_its_path(overrides: dict[str, Any], rule: str) -> None:
    with pytest.raises(BadInput, match=rule):
        accept(brief_of({"prompt": "pop song about rain", "seed": 3, "title": None, "overrides": overrides}))


def test_an_engine_that_took_over_has_the_place_in_what_is_made_from_the_version() -> None:
    base = with_routing(
        routed(context_of(**wishing("kie")), ALL, None), {"full_song": ("lyria", "took over: no credit")}
    )
    assert base.ai_decisions.generation.routing == {"full_song": "lyria"}
    assert base.ai_decisions.model_selections[0].reason == "took over: no credit"


def test_a_language_model_fills_in_what_was_left_open_and_nothing_else() -> None:
    answer = EnhancementAnswer(
        enhanced_prompt="A song.", confidence=0.9,
        proposals=[
            Proposed(path="musical.tempo_bpm", value_json="92", why="calm"),
            Proposed(path="musical.key", value_json='"Eb"', why="warm"),
            Proposed(path="musical.key", value_json='"C"', why="twice"),
            Proposed(path="technical.bit_depth", value_json="8", why="not its to say"),
            Proposed(path="creative.theme", value_json="rain", why="no JSON"),
            Proposed(path="musical.time_signature", value_json='"99/4"', why="no meter"),
        ],
    )  # fmt: skip
    taken, trace = accepted(answer, {"musical.tempo_bpm": 120.0})
    assert taken == {"musical.key": "Eb"}
    assert len(trace) == len(answer.proposals)
    assert sum("not taken" in line for line in trace) == 5


def test_money_is_kept_as_it_was_written() -> None:
    context = context_of(**wishing("kie", budget_usd="0.50"))
    assert context.ai_decisions.generation.wishes.budget_usd == "0.50"
    assert Decimal(str(context.ai_decisions.generation.wishes.budget_usd)) == Decimal("0.5")
