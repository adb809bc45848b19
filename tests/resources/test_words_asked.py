"""Words about a change may be read by a language model: by the same rules, shown first, and offline where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, RevisionRequest
from musicgen_assets.engines.answers import Change, ChangesAnswer
from musicgen_assets.engines.asking import TextRequest
from musicgen_assets.ideation.brief import accept, brief_of
from musicgen_assets.ideation.words_by_engine import change_request, read_answer
from resources.attempts import Attempts
from resources.door import submit
from resources.planning import plan_revision
from resources.providers.protocol import ProviderFailure, TextDelivery, provider_failure
from resources.registry import queries
from resources.routing import NoAdapters
from resources.settings import get_settings
from resources.settling import attempt_rows
from resources.studio import Studio, open_studio
from resources.words_asked import understood

PROMPT = "pop song about rain, sung, 60 seconds, 100 BPM"


def answer(*changes: tuple[str, str, str], not_understood: tuple[str, ...] = ()) -> ChangesAnswer:
    made = [Change.model_validate({"kind": kind, "path": path, "value_json": value}) for kind, path, value in changes]
    return ChangesAnswer(changes=made, not_understood=list(not_understood))


RAINY = answer(("set", "musical.tempo_bpm", "84"), ("set", "edits.tracks.drums.gain_db", "-3"),
               ("reroll", "melody", "null"))  # fmt: skip


@dataclass
class Model(NoAdapters):
    """A language model that answers as it is told."""

    says: ChangesAnswer | ProviderFailure = RAINY
    asked: list[TextRequest] = field(default_factory=list)

    def names(self) -> tuple[str, ...]:
        return ("openai",)

    def missing(self, name: str) -> str:
        del name
        return ""

    def model(self, name: str, task: str) -> str:
        return f"{name} {task}"

    def text(self, name: str) -> Any:
        del name
        return self

    def fill_in(self, request: TextRequest) -> TextDelivery:
        self.asked.append(request)
        if isinstance(self.says, ProviderFailure):
            raise self.says
        return TextDelivery(self.says, "m", 900, 100, Decimal("0.002"))


@dataclass
class Room:
    """A song at rest, and a language model to talk to."""

    studio: Studio
    version: str
    model: Model

    def request(self, words: str) -> RevisionRequest:
        return RevisionRequest(version=self.version, words=words, until="composition")

    def read(self, words: str, engine: str | None = "openai", **more: Any) -> tuple[RevisionRequest, str]:
        return understood(self.studio, self.request(words), engine, **more)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    from musicgen_assets.ideation.brief import validate_request

    model = Model()
    with open_studio(get_settings(tmp_path / "home")) as studio:
        asked = CompositionRequest(prompt=PROMPT, seed=7)
        partition = submit(studio.registry, asked, studio.settings).partition
        with studio.registry.session() as session:
            queries.record_context(session, partition, validate_request(asked).model_dump(mode="json"))
        desk = studio.runner.desk
        assert desk is not None
        routing = replace(desk.attempts.routing, adapters=model)
        desk.attempts = Attempts(studio.registry, routing, retries=0, sleep=lambda _: None)
        yield Room(studio, partition, model)


def test_what_a_model_reads_is_shown_planned_and_made_like_what_people_set(room: Room) -> None:
    request, why = room.read("give it the feel of a rainy night")
    assert why == ""
    assert request.understood is not None
    assert request.understood.overrides == {"musical.tempo_bpm": 84, "edits.tracks.drums.gain_db": -3}
    assert request.understood.notes == (
        "set: musical.tempo_bpm = 84", "set: edits.tracks.drums.gain_db = -3", "melody drawn anew",
    )  # fmt: skip
    changes = plan_revision(room.studio, request).changes
    assert changes["musical.tempo_bpm"][1] == 84
    assert changes["ai_decisions.generation.rerolls.melody"][1] == 1
    child = submit(room.studio.registry, request, room.studio.settings)
    with room.studio.registry.reading() as session:
        change = queries.get_version(session, child.partition).change or {}
    assert (change["read_by"], change["words"]) == ("openai", "give it the feel of a rainy night")
    assert "give it the feel of a rainy night" in room.model.asked[0].text


def test_the_same_words_about_the_same_song_are_paid_for_once(room: Room) -> None:
    assert room.read("rainier") == room.read("rainier")
    assert len(room.model.asked) == 1
    rows, total = attempt_rows(room.studio.settings, room.version)
    assert ([row["task"] for row in rows], total) == (["words_to_change"], "0.002")


@pytest.mark.parametrize(
    "says",
    [
        answer(("set", "musical.tempo_bpm", "9000")),
        answer(("set", "ai_decisions.generation.wishes.budget_usd", '"99"')),
        answer(("set", "musical.tempo_bpm", "not json")),
        answer(("set", "edits.held_mix", "null")),
        answer(("reroll", "mix", "null")),
        answer(("set", "musical.tempo_bpm", "84"), not_understood=("a dog barks",)),
        answer(),
        provider_failure("openai", "no credit", "it has none"),
        provider_failure("openai", "refused", "it declines", acceptance="accepted", charged_usd=Decimal("0.001")),
    ],
)
def test_where_the_model_fails_or_breaks_a_rule_the_offline_grammar_reads(
    room: Room, says: ChangesAnswer | ProviderFailure
) -> None:
    room.model.says = says
    request, why = room.read("slower")
    assert request == room.request("slower")
    assert "the offline grammar does" in why
    assert plan_revision(room.studio, request).changes["musical.tempo_bpm"][1] < 100
    with pytest.raises((BadInput, ProviderFailure)):
        room.read("slower", has_fallback=False)


def test_nothing_is_sent_beyond_the_budget_or_to_who_reads_no_words(room: Room) -> None:
    _, why = room.read("slower", budget_usd="0.001")
    assert "Nothing was sent" in why
    with pytest.raises(BadInput, match="it does"):
        room.read("slower", "kie")
    assert room.read("slower", None) == (room.request("slower"), "")
    assert room.model.asked == []


def test_the_question_tells_the_song_and_no_answer_touches_what_is_not_music() -> None:
    context = accept(brief_of({"prompt": PROMPT, "seed": 7, "title": None, "overrides": {}}))
    told = change_request("warmer", context).text
    assert '"musical.tempo_bpm"' in told
    assert "ai_decisions" not in told
    assert read_answer(answer(("set", "musical.key", '"D"')), "in D", context).overrides == {"musical.key": "D"}
