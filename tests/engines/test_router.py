"""Who is chosen for a task, in forty situations, and that the reason can be read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.engines.capabilities import capabilities_of, engines
from musicgen_assets.engines.router import Need, Standing, Standings, decide

ALL = tuple(name for name in engines() if name != "builtin")
WELL = {name: Standing() for name in ALL}


def ready(*names: str, **standings: Standing) -> dict[str, Standing]:
    return {**{name: Standing() for name in names}, **standings}


FULL, PLAIN, WORDS = "full_song", "instrumental", "lyrics"

# (what it is about, the need, how things stand, who is chosen, a part of the reason)
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    ("nothing is configured", {"task": FULL}, {}, "builtin", "only one able"),
    ("no key, words", {"task": WORDS}, {}, "builtin", "only one able"),
    ("everything is configured and nobody said", {"task": FULL}, {"ready": WELL}, "builtin", "cheapest"),
    ("asked for and able", {"task": FULL, "preferred": "kie"}, {"ready": WELL}, "kie", "asked for"),
    ("asked for, not configured", {"task": FULL, "preferred": "kie"}, {}, "builtin", "only one able"),
    ("asked for, sings not", {"task": FULL, "preferred": "stable_audio"}, {"ready": WELL}, "builtin", "cheapest"),
    ("asked for, instrumental", {"task": PLAIN, "preferred": "stable_audio"}, {"ready": WELL}, "stable_audio", "asked"),
    ("asked for, too long for it", {"task": FULL, "preferred": "lyria", "duration_s": 240}, {"ready": WELL}, "builtin",
     "cheapest"),
    ("asked for, its circuit is open", {"task": FULL, "preferred": "kie"},
     {"ready": ready(kie=Standing(open_until="12:00"))}, "builtin", "only one able"),
    ("asked for, beyond the budget", {"task": FULL, "preferred": "elevenlabs", "budget_usd": Decimal("0.10")},
     {"ready": WELL}, "builtin", "cheapest"),
    ("asked for, beyond what is left today", {"task": FULL, "preferred": "kie"},
     {"ready": WELL, "left_usd": Decimal("0.05")}, "builtin", "cheapest"),
    ("asked for, within what is left", {"task": FULL, "preferred": "kie"},
     {"ready": WELL, "left_usd": Decimal("0.06")}, "kie", "asked for"),
    ("asked for, failed already", {"task": FULL, "preferred": "kie", "excluded": {"kie": "failed: server error"}},
     {"ready": WELL}, "builtin", "cheapest"),
    ("preferred by the installation", {"task": WORDS}, {"ready": WELL, "preferred": {"lyrics": "openai"}}, "openai",
     "preferred here"),
    ("asked for before preferred", {"task": WORDS, "preferred": "anthropic"},
     {"ready": WELL, "preferred": {"lyrics": "openai"}}, "anthropic", "asked for"),
    ("preferred, but of another task", {"task": FULL}, {"ready": WELL, "preferred": {"lyrics": "openai"}}, "builtin",
     "cheapest"),
    ("best quality, sung", {"task": FULL, "policy": "quality"}, {"ready": WELL}, "kie", "best"),
    ("best quality, told otherwise here", {"task": FULL, "policy": "quality"},
     {"ready": WELL, "quality": {"kie": 1, "suno": 1, "udio": 1}}, "elevenlabs", "best"),
    ("best quality, sections wished", {"task": FULL, "policy": "quality", "wished": ("sections",)}, {"ready": WELL},
     "elevenlabs", "best"),
    ("best quality, one keeps failing", {"task": FULL, "policy": "quality"},
     {"ready": {**WELL, "kie": Standing(success=0.2)}}, "elevenlabs", "best"),
    ("best quality, for sale", {"task": FULL, "policy": "quality", "is_commercial": True}, {"ready": WELL}, "kie",
     "best"),
    ("best quality, for sale, no contract", {"task": FULL, "policy": "quality", "is_commercial": True},
     {"ready": ready("suno", "udio")}, "builtin", "only one able"),
    ("best quality within a budget", {"task": FULL, "policy": "quality", "budget_usd": Decimal("0.055")},
     {"ready": WELL}, "udio", "best"),
    ("best quality for nothing", {"task": FULL, "policy": "quality", "budget_usd": Decimal(0)}, {"ready": WELL},
     "builtin", "best"),
    ("best quality in a hurry", {"task": FULL, "policy": "quality", "deadline_s": 60}, {"ready": WELL}, "elevenlabs",
     "best"),
    ("best quality in a great hurry", {"task": FULL, "policy": "quality", "deadline_s": 12}, {"ready": WELL}, "builtin",
     "only one able"),
    ("best quality, measured to be slow", {"task": FULL, "policy": "quality", "deadline_s": 60},
     {"ready": {**WELL, "elevenlabs": Standing(latency_s=90)}}, "lyria", "best"),
    ("fastest", {"task": PLAIN, "policy": "speed"}, {"ready": WELL}, "builtin", "fastest"),
    ("fastest, measured", {"task": PLAIN, "policy": "speed"}, {"ready": ready(stable_audio=Standing(latency_s=4))},
     "stable_audio", "fastest"),
    ("freest licence", {"task": PLAIN, "policy": "licence"}, {"ready": WELL}, "builtin", "freest"),
    ("ten minutes", {"task": FULL, "policy": "quality", "duration_s": 600}, {"ready": WELL}, "elevenlabs", "best"),
    ("ten minutes, nobody long enough", {"task": FULL, "policy": "quality", "duration_s": 600},
     {"ready": ready("kie", "lyria", "minimax")}, "builtin", "only one able"),
    ("Japanese, sung", {"task": FULL, "language": "ja"}, {"ready": ready("kie")}, "kie", "only one able"),
    ("Japanese words", {"task": WORDS, "language": "ja"}, {"ready": ready("openai", "kie")}, "openai", "only one able"),
    ("exact tempo and key", {"task": FULL, "policy": "quality", "honoured": ("tempo", "key")}, {"ready": WELL},
     "udio", "best"),
    ("a melody of one's own", {"task": PLAIN, "policy": "quality", "honoured": ("melody",), "duration_s": 30},
     {"ready": ready("replicate", "kie"), }, "builtin", "best"),
    ("words with times", {"task": FULL, "policy": "quality", "outputs": ("words",)}, {"ready": WELL}, "kie", "best"),
    ("stems from the maker", {"task": FULL, "policy": "quality", "outputs": ("stems",)}, {"ready": ready("elevenlabs")},
     "elevenlabs", "best"),
    ("a voice over our own band, asked for", {"task": "vocals", "preferred": "kie", "outputs": ("stems",)},
     {"ready": WELL}, "kie", "asked for"),
    ("a voice over our own band, who has no stems", {"task": "vocals", "preferred": "lyria", "outputs": ("stems",)},
     {"ready": WELL}, "builtin", "cheapest"),
    ("stems of a mix", {"task": "stem_separation", "policy": "quality"}, {"ready": ready("demucs")}, "demucs", "best"),
    ("stems of a mix, no weights", {"task": "stem_separation"}, {}, "builtin", "only one able"),
    ("the cheapest that is not the built-in one", {"task": FULL, "excluded": {"builtin": "failed: full disk"}},
     {"ready": ready("kie", "lyria", "minimax")}, "kie", "cheapest"),
    ("the policy of the installation", {"task": FULL}, {"ready": WELL, "policy": "quality"}, "kie", "best"),
    ("all songs to one, for comparison", {"task": FULL}, {"ready": WELL, "weights": {FULL: {"kie": 1.0}}}, "kie",
     "drawn"),
    ("drawn from those able only", {"task": FULL, "duration_s": 600},
     {"ready": WELL, "weights": {FULL: {"kie": 9, "elevenlabs": 1}}}, "elevenlabs", "drawn"),
]  # fmt: skip


@pytest.mark.parametrize(("need", "standings", "engine", "reason"), [row[1:] for row in TABLE],
                         ids=[row[0] for row in TABLE])  # fmt: skip
def test_the_engine_is_the_one_that_the_table_says(
    need: dict[str, Any], standings: dict[str, Any], engine: str, reason: str
) -> None:
    decision = decide(Need(**need), Standings(**standings))
    assert decision.engine == engine, decision
    assert reason in decision.reason


def test_everybody_who_was_passed_over_is_named_with_the_reason() -> None:
    decision = decide(
        Need(task=FULL, preferred="lyria", duration_s=240, policy="quality", budget_usd=Decimal(1)),
        Standings(ready=WELL, absent={"udio": "has no public API"}),
    )
    assert decision.engine == "kie"
    assert decision.passed_over["lyria"] == "makes 10 to 180 s, not 240 s"
    assert decision.passed_over["elevenlabs"] == "costs about $3.0000 and $1 is left"
    able = {name for name, engine in engines().items() if FULL in engine.tasks}
    assert set(decision.passed_over) == able - {"kie"}


def test_what_was_asked_for_is_told_even_where_it_does_something_else() -> None:
    decision = decide(Need(task=FULL, preferred="stable_audio"), Standings(ready=WELL))
    assert decision.passed_over["stable_audio"] == "does no full song"


@pytest.mark.parametrize(
    ("standings", "why"),
    [
        ({}, "it is not configured"),
        ({"ready": WELL, "left_usd": Decimal("0.05")}, r"costs about \$0.0600 and \$0.05 is left. Nothing was sent"),
        ({"ready": ready(kie=Standing(open_until="12:00"))}, "failed too often lately, tried again after 12:00"),
    ],
)
def test_where_nobody_else_is_to_do_it_nobody_else_is_chosen(standings: dict[str, Any], why: str) -> None:
    need = Need(task=FULL, preferred="kie", is_alone=True)
    with pytest.raises(PermanentFailure, match=why) as failed:
        decide(need, Standings(**standings))
    assert "musicgen retry" in failed.value.way_out
    assert decide(need, Standings(ready=WELL)).engine == "kie"
    assert decide(need.model_copy(update={"is_alone": False}), Standings(**standings)).engine == "builtin"


def test_where_nobody_can_every_reason_is_told() -> None:
    with pytest.raises(PermanentFailure, match=r"builtin knows en, es, fr, de, pt, not ja.*kie makes 10 to 360 s, "):
        decide(Need(task=FULL, language="ja", duration_s=590), Standings(ready=ready("kie")))


def test_weights_share_songs_out_as_they_say_and_a_version_always_gets_the_same() -> None:
    standings = Standings(ready=WELL, weights={FULL: {"kie": 0.25, "builtin": 0.75}})
    drawn = [decide(Need(task=FULL, draw=f"{seed}"), standings).engine for seed in range(2000)]
    assert drawn == [decide(Need(task=FULL, draw=f"{seed}"), standings).engine for seed in range(2000)]
    assert 0.22 <= drawn.count("kie") / 2000 <= 0.28
    assert set(drawn) == {"kie", "builtin"}


def test_the_estimate_is_by_the_song_or_by_the_minute() -> None:
    assert decide(
        Need(task=FULL, preferred="elevenlabs", duration_s=90), Standings(ready=WELL)
    ).estimate_usd == Decimal("1.1250")
    assert decide(Need(task=FULL, preferred="kie", duration_s=90), Standings(ready=WELL)).estimate_usd == Decimal(
        "0.06"
    )


def test_an_unknown_engine_is_told_with_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"no such engine.*builtin"):
        capabilities_of("gramophone")
