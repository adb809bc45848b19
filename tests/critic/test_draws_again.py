"""An arrangement that the critic rejects is drawn again from its own stream, a bounded number of times."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.arrangement import arrangement
from musicgen_assets.arrangement.critic.verdict import THRESHOLDS, Judgement
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.ideation.brief import validate_request


@pytest.mark.parametrize(("rejected", "drawn"), [(0, 1), (2, 3), (99, arrangement.DRAWS_MAX)])
def test_draws_are_made_until_one_holds(monkeypatch: pytest.MonkeyPatch, rejected: int, drawn: int) -> None:
    judged: list[Any] = []

    def fickle(score: Any, *_: Any, **__: Any) -> Judgement:
        judged.append(score)
        worth = 0.0 if len(judged) <= rejected else 1.0
        return Judgement(dict.fromkeys(THRESHOLDS, worth), {}, {})

    asked = CompositionRequest(prompt="instrumental folk", seed=4, overrides={"technical.duration_s": 40.0})
    store = MemoryStore(validate_request(asked))
    for declaration in until("composition"):
        if declaration.stage == "composition":
            store.run(declaration.key)
    monkeypatch.setattr(arrangement, "judge", fickle)
    store.run("arrangement/arrangement")
    assert len(judged) == drawn
    assert len({score.model_dump_json() for score in judged}) == drawn, "each draw is another arrangement"
