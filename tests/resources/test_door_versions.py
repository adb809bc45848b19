"""Revise, advance and retry go through the one door: a child a request, and nothing that runs is started twice."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, RevisionRequest, WorkRequest
from musicgen_assets.ideation.brief import accept, brief_of
from resources import leases
from resources.door import Submission, claim, finish_request, submit
from resources.registry import Registry, queries
from resources.settings import Settings, get_settings
from resources.state_machine import transition

PROMPT = "pop song with piano"


@pytest.fixture
def parent(registry: Registry, settings: Settings) -> Submission:
    """A version whose context is resolved and whose request is done."""
    submission = submit(registry, CompositionRequest(prompt=PROMPT, seed=3, overrides={"musical.key": "D"}), settings)
    with registry.session() as session:
        request = queries.get_request(session, submission.request_id)
        context = accept(brief_of(request.payload))
        queries.record_context(session, submission.partition, context.model_dump(mode="json"))
    finish_request(registry, submission.request_id, "done")
    return submission


def revise(registry: Registry, settings: Settings, version: str, **fields: Any) -> Submission:
    return submit(registry, RevisionRequest(version=version, **fields), settings)


def payload_of(registry: Registry, submission: Submission) -> dict[str, Any]:
    with registry.reading() as session:
        return dict(queries.get_request(session, submission.request_id).payload)


def rest(registry: Registry, partition: str, *states: str, reason: str = "") -> None:
    with registry.session() as session:
        for state in states:
            transition(session, queries.get_version(session, partition), state, reason)


def test_a_revision_is_a_child_with_its_change(registry: Registry, settings: Settings, parent: Submission) -> None:
    child = revise(
        registry, settings, parent.composition, overrides={"musical.tempo_bpm": 97}, rerolls=("melody",)
    )  # fmt: skip
    assert child.partition == f"{parent.composition}@v2"
    with registry.reading() as session:
        version = queries.get_version(session, child.partition)
        assert version.parent_partition == parent.partition
        assert version.change == {"set": {"musical.tempo_bpm": 97}, "rerolls": ["melody"]}
        assert version.seed == 3


def test_a_change_in_words_is_kept_with_how_it_was_read_and_options_beat_it(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    words = "in F minor, slower, another melody"
    child = revise(registry, settings, parent.composition, words=words, overrides={"musical.key": "G"})
    with registry.reading() as session:
        version = queries.get_version(session, child.partition)
        before = queries.get_version(session, parent.partition).context["musical"]["tempo_bpm"]
        assert version.context is None or version.context["musical"]["key"] == "G"
        assert version.change["words"] == words
        assert version.change["rerolls"] == ["melody"]
        assert version.change["set"]["musical.key"] == "G"
        assert version.change["set"]["musical.scale"] == "minor"
        assert version.change["set"]["musical.tempo_bpm"] == round(before * 0.92, 1)
        assert version.change["read_as"][-1] == "melody is drawn anew"


def test_words_that_say_no_change_are_refused_before_anything_is_written(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    with pytest.raises(BadInput, match="mind the gap"):
        revise(registry, settings, parent.composition, words="mind the gap")
    with registry.reading() as session:
        assert len(queries.list_versions(session, queries.get_version(session, parent.partition).composition_id)) == 1


def test_two_revisions_of_one_version_are_two_children(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    one, two = (revise(registry, settings, parent.partition) for _ in range(2))
    with registry.reading() as session:
        parents = {queries.get_version(session, child.partition).parent_partition for child in (one, two)}
    assert (one.version, two.version, parents) == (2, 3, {parent.partition})


def test_the_same_key_is_the_same_revision(registry: Registry, settings: Settings, parent: Submission) -> None:
    first = revise(registry, settings, parent.partition, idempotency_key="k")
    again = revise(registry, settings, parent.partition, idempotency_key="k")
    assert (again.partition, again.is_new) == (first.partition, False)
    with pytest.raises(BadInput, match="another request"):
        revise(registry, settings, parent.partition, idempotency_key="k", seed=8)


def test_a_revision_keeps_the_words_it_was_asked_in(registry: Registry, settings: Settings, parent: Submission) -> None:
    child = payload_of(registry, revise(registry, settings, parent.partition, overrides={"musical.key": "E"}))
    assert (child["prompt"], child["overrides"], child["seed"]) == (PROMPT, {"musical.key": "D"}, 3)
    assert child["revision"]["overrides"] == {"musical.key": "E"}


def test_another_prompt_is_understood_anew_and_what_was_set_by_hand_stays(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    child = revise(registry, settings, parent.partition, overrides={"musical.tempo_bpm": 97}, rerolls=("melody",))
    with registry.session() as session:
        context = accept(brief_of(payload_of(registry, child)))
        queries.record_context(session, child.partition, context.model_dump(mode="json"))
    grandchild = payload_of(registry, revise(registry, settings, child.partition, prompt="sad jazz waltz"))
    assert "revision" not in grandchild
    context = accept(brief_of(grandchild))
    assert context.musical.time_signature == "3/4"
    assert (context.musical.key, context.musical.tempo_bpm) == ("D", 97)
    assert context.ai_decisions.generation.rerolls == {"melody": 1}
    assert context.ai_decisions.generation.seed == 3


def test_one_player_set_before_stays_with_another_prompt(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    child = revise(registry, settings, parent.partition, overrides={"musical.instruments.bass": "upright bass"})
    with registry.session() as session:
        context = accept(brief_of(payload_of(registry, child)))
        queries.record_context(session, child.partition, context.model_dump(mode="json"))
    grandchild = accept(brief_of(payload_of(registry, revise(registry, settings, child.partition, prompt="slow rock"))))
    assert "upright bass" in {player.name for player in grandchild.musical.instruments}


def test_another_seed_and_title_have_options_of_their_own(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    child = revise(registry, settings, parent.partition, seed=99, title="New name")
    assert child.seed == 99
    assert accept(brief_of(payload_of(registry, child))).creative.title == "New name"


def test_a_version_without_a_context_cannot_be_revised(registry: Registry, settings: Settings) -> None:
    unresolved = submit(registry, CompositionRequest(prompt=PROMPT), settings)
    with pytest.raises(BadInput, match="never resolved"):
        revise(registry, settings, unresolved.partition)


@pytest.mark.parametrize(
    ("overrides", "field"),
    [({"musical.tempo_bpm": 999}, "musical.tempo_bpm"), ({"technical.duration_s": 90.0}, "technical.duration_s")],
)
def test_a_refused_revision_leaves_no_version(
    registry: Registry,
    settings: Settings,
    parent: Submission,
    overrides: dict[str, Any],
    field: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MUSICGEN_LIMITS__MAX_DURATION_S", "60")
    with pytest.raises(BadInput) as refused:
        revise(registry, get_settings(settings.home), parent.partition, overrides=overrides)
    assert refused.value.field == field
    with registry.reading() as session:
        assert len(queries.list_versions(session, parent.composition)) == 1


def test_what_waits_is_advanced_by_one_stage_or_as_far_as_asked(
    registry: Registry, settings: Settings, parent: Submission
) -> None:
    rest(registry, parent.partition, "composition", "waiting_for_approval", reason="stopped after composition")
    advanced = submit(registry, WorkRequest(kind="advance", version=parent.partition), settings)
    assert advanced.until == "arrangement"
    finish_request(registry, advanced.request_id, "waiting")
    further = submit(registry, WorkRequest(kind="advance", version=parent.partition, until="mixing"), settings)
    assert (further.until, further.partition) == ("mixing", parent.partition)
    assert further.request_id != advanced.request_id


def test_advance_refuses_what_does_not_wait_for_it(registry: Registry, settings: Settings, parent: Submission) -> None:
    with pytest.raises(BadInput, match="only a version that waits"):
        submit(registry, WorkRequest(kind="advance", version=parent.partition), settings)
    rest(registry, parent.partition, "composition", "waiting_for_approval", reason="checks failed: loudness")
    with pytest.raises(BadInput, match="waive"):
        submit(registry, WorkRequest(kind="advance", version=parent.partition), settings)


def test_advance_refuses_a_stage_that_is_there(registry: Registry, settings: Settings, parent: Submission) -> None:
    rest(registry, parent.partition, "composition", "waiting_for_approval", reason="stopped")
    with pytest.raises(BadInput, match="already come to composition"):
        submit(registry, WorkRequest(kind="advance", version=parent.partition, until="ideation"), settings)


def test_retry_goes_as_far_as_was_asked_before(registry: Registry, settings: Settings, parent: Submission) -> None:
    rest(registry, parent.partition, "composition", "waiting_for_approval", "composition", "failed")
    submit_until = WorkRequest(kind="retry", version=parent.partition, until="mixing")
    first = submit(registry, submit_until, settings)
    finish_request(registry, first.request_id, "failed")
    again = submit(registry, WorkRequest(kind="retry", version=parent.partition), settings)
    assert (first.until, again.until) == ("mixing", "mixing")


def test_retry_takes_a_request_that_nobody_took(registry: Registry, settings: Settings) -> None:
    waiting = submit(registry, CompositionRequest(prompt=PROMPT), settings)
    taken = submit(registry, WorkRequest(kind="retry", version=waiting.partition), settings)
    assert (taken.request_id, taken.is_new) == (waiting.request_id, False)


def test_retry_is_refused_while_somebody_executes(registry: Registry, settings: Settings, parent: Submission) -> None:
    leases.begin(registry, parent.partition, "run-1")
    with pytest.raises(BadInput, match="being made right now"):
        submit(registry, WorkRequest(kind="retry", version=parent.partition), settings)


def test_retry_is_refused_while_somebody_is_about_to_execute(registry: Registry, settings: Settings) -> None:
    waiting = submit(registry, CompositionRequest(prompt=PROMPT), settings)
    assert claim(registry, waiting.request_id, leases.claimer_name())
    with pytest.raises(BadInput, match="just taken"):
        submit(registry, WorkRequest(kind="retry", version=waiting.partition), settings)


def test_an_archived_version_is_not_gone_on_with(registry: Registry, settings: Settings, parent: Submission) -> None:
    rest(registry, parent.partition, "failed", "archived")
    with pytest.raises(BadInput, match="archived"):
        submit(registry, WorkRequest(kind="retry", version=parent.partition), settings)
