"""A paid call is made at most once for the same: whatever breaks, the ledger knows, and nobody pays twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from musicgen_assets.context.failures import BadInput, PermanentFailure, TransientFailure
from musicgen_assets.engines.asking import PlannedSection, SongRequest
from musicgen_assets.engines.router import Need
from musicgen_assets.graph.job import Ask
from musicgen_assets.graph.manifest import Manifest
from resources import leases
from resources.asking import EngineDesk, Rerouted, payloads_of
from resources.attempts import Attempts
from resources.budgets import BudgetReached
from resources.callbacks import CALLED_BACK, CallbackUrls
from resources.orders import BeingBought, Order, OutcomeUnknown, StemsDelivery
from resources.providers.protocol import (
    JobState,
    ProviderFailure,
    SongDelivery,
    Sound,
    Submitted,
    provider_failure,
)
from resources.registry import Attempt, Registry, Version, queries, utc_now
from resources.routing import NoAdapters, Routing
from resources.routing_settings import Budgets, RoutingSettings
from resources.settings import Settings
from resources.settling import attempt_rows, settle_attempt
from resources.store import ArtifactStore
from support.dev_providers import until

SONG = SongDelivery(Sound("song", b"RIFF song", "audio/wav"), "V6", "by its terms", "https://example.com/terms",
                    cost_usd=Decimal("0.06"))  # fmt: skip
REQUEST = SongRequest(
    task="full_song", title="Rain", description="A song about rain.", duration_s=60, tempo_bpm=90, key="C",
    scale="major", time_signature="4/4", sections=(PlannedSection(name="Verse", start_s=0, duration_s=60),), seed=7,
)  # fmt: skip


@dataclass
class Script:
    """A provider that answers as it is told; counts what it was asked. The last answer of each kind repeats."""

    name: str = "kie"
    submits: list[Any] = field(default_factory=lambda: [Submitted("job-1")])
    states: list[Any] = field(default_factory=lambda: [JobState("succeeded")])
    collects: list[Any] = field(default_factory=lambda: [SONG])
    can_cancel: bool = False
    listed: list[tuple[str, datetime]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def submit(
        self, request: SongRequest, sounds: Mapping[str, Sound], callback_url: str | None
    ) -> Submitted | SongDelivery:
        del request, sounds, callback_url
        found: Submitted | SongDelivery = self._next("submit", self.submits)
        return found

    def not_honoured(self, request: SongRequest, sounds: Mapping[str, Sound]) -> tuple[str, ...]:
        del request, sounds
        return ("tempo",)

    def state(self, job_id: str) -> JobState:
        found: JobState = self._next(f"state {job_id}", self.states)
        return found

    def collect(self, job_id: str) -> SongDelivery:
        found: SongDelivery = self._next(f"collect {job_id}", self.collects)
        return found

    def cancel(self, job_id: str) -> bool:
        self.calls.append(f"cancel {job_id}")
        return self.can_cancel

    def sought(
        self, request: SongRequest, sounds: Mapping[str, Sound], since: datetime, known: frozenset[str]
    ) -> str | None:
        del request, sounds
        self.calls.append("sought")
        return next((job for job, at in self.listed if job not in known and at >= since), None)

    def health(self) -> Any:
        raise NotImplementedError

    def _next(self, call: str, answers: list[Any]) -> Any:
        self.calls.append(call)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Scripted(NoAdapters):
    """Adapters over scripts."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = {script.name: script for script in scripts}

    def names(self) -> tuple[str, ...]:
        return tuple(self.scripts)

    def missing(self, name: str) -> str:
        del name
        return ""

    def model(self, name: str, task: str) -> str:
        return f"{name} {task}"

    def song(self, name: str) -> Script:
        return self.scripts[name]

    def stems(self, name: str, *, is_voice_needed: bool = False) -> None:
        del name, is_voice_needed


Desk = Callable[..., EngineDesk]


@pytest.fixture
def desk(registry: Registry, settings: Settings, version: Version) -> Desk:
    """A desk over scripts, with a patience that tests have. ``version`` is there to be served."""
    del version

    def make(*scripts: Script, budgets: Budgets | None = None, timeout_s: float = 300.0) -> EngineDesk:
        routing = Routing(registry, Scripted(*scripts), RoutingSettings(policy="quality"), budgets or Budgets())
        attempts = Attempts(registry, routing, timeout_s=timeout_s, sleep=lambda _: None)
        return EngineDesk(registry, ArtifactStore(settings.artifacts_url), attempts)

    return make


def ask_of(engine: str = "kie", **more: Any) -> Ask:
    need = Need(task="full_song", preferred=engine)
    return replace(Ask("full_song", engine, REQUEST.model_dump(mode="json"), need.model_dump(mode="json")), **more)


def answered(desk: EngineDesk, version: Version, ask: Ask | None = None) -> tuple[str, ...]:
    """Roles of the answer."""

    def found(key: str) -> Manifest | None:
        with desk.registry.reading() as session:
            known = queries.find_result(session, key)
        return None if known is None else known.manifest

    refs = desk.answer(version.partition, ask or ask_of(), found, lambda *_: None)
    return tuple(ref.role for ref in refs)


def rows(registry: Registry) -> list[tuple[str, str, str | None]]:
    with registry.reading() as session:
        found = session.scalars(select(Attempt).order_by(Attempt.id))
        return [(row.status, row.reason, row.cost_usd) for row in found]


def failure(reason: Any, acceptance: Any = "not accepted", **more: Any) -> ProviderFailure:
    return provider_failure("kie", reason, f"it said {reason}", acceptance=acceptance, **more)


def test_a_song_is_bought_once_and_known_ever_after(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script()
    assert answered(desk(script), version) == ("song", "delivery")
    assert answered(desk(script), version) == ("song", "delivery")
    assert script.calls.count("submit") == 1
    assert rows(registry) == [("succeeded", "", "0.06")]


def test_the_row_stands_before_the_call_and_the_job_before_the_first_look(
    desk: Desk, registry: Registry, version: Version
) -> None:
    seen: list[tuple[str, str | None]] = []

    class Watched(Script):
        def _next(self, call: str, answers: list[Any]) -> Any:
            with registry.reading() as session:
                row = session.scalars(select(Attempt)).one()
                seen.append((row.status, row.provider_job_id))
            return super()._next(call, answers)

    answered(desk(Watched()), version)
    assert seen == [("calling", None), ("submitted", "job-1"), ("submitted", "job-1")]


def test_what_was_surely_not_accepted_is_sent_again_each_time_as_a_row(
    desk: Desk, registry: Registry, version: Version
) -> None:
    script = Script(submits=[failure("rate limited"), failure("overloaded"), Submitted("job-2")])
    assert answered(desk(script), version)
    assert [row[:2] for row in rows(registry)] == [
        ("failed", "rate limited"), ("failed", "overloaded"), ("succeeded", ""),
    ]  # fmt: skip


def test_a_call_that_may_have_been_accepted_is_never_sent_again(
    desk: Desk, registry: Registry, version: Version
) -> None:
    script = Script(submits=[failure("connection lost", "unknown")])
    for _ in range(3):
        with pytest.raises(OutcomeUnknown, match=r"attempts settle 1"):
            answered(desk(script), version)
    assert [call for call in script.calls if call != "sought"] == ["submit"]
    assert rows(registry) == [("unknown", "connection lost", None)]


def test_what_was_accepted_and_came_out_broken_is_not_bought_again_by_itself(
    desk: Desk, registry: Registry, version: Version
) -> None:
    script = Script(submits=[failure("bad answer", "accepted", charged_usd=Decimal("0.06"))])
    with pytest.raises(PermanentFailure, match="may be billed"):
        answered(desk(script), version, ask_of(has_fallback=False))
    assert script.calls == ["submit"]
    assert rows(registry) == [("failed", "bad answer", "0.06")]


@pytest.mark.parametrize("broken", [KeyboardInterrupt(), RuntimeError("a defect")])
def test_being_stopped_in_the_call_leaves_its_outcome_unknown(
    desk: Desk, registry: Registry, version: Version, broken: BaseException
) -> None:
    with pytest.raises(type(broken)):
        answered(desk(Script(submits=[broken])), version)
    assert rows(registry) == [("unknown", "", None)]


def test_a_job_is_waited_for_by_the_next_process_and_not_sent_again(
    desk: Desk, registry: Registry, version: Version
) -> None:
    first = Script(states=[JobState("running"), RuntimeError("the process died")])
    with pytest.raises(RuntimeError):
        answered(desk(first), version)
    second = Script()
    assert answered(desk(second), version)
    assert second.calls == ["state job-1", "collect job-1"]
    assert rows(registry) == [("succeeded", "", "0.06")]


def test_an_attempt_whose_process_died_before_the_call_is_the_one_that_is_made(
    desk: Desk, registry: Registry, version: Version
) -> None:
    one = desk(Script())
    with registry.session() as session:
        queries.plan_attempt(
            session, version.partition, "full_song", "kie", key=one.key_of(ask_of()), estimate_usd="0.06"
        )
    assert answered(one, version)
    assert rows(registry) == [("succeeded", "", "0.06")]


def test_a_call_whose_process_died_in_it_is_known_as_unknown(desk: Desk, registry: Registry, version: Version) -> None:
    one = desk(Script())
    with registry.session() as session:
        row = queries.plan_attempt(
            session, version.partition, "full_song", "kie", key=one.key_of(ask_of()), estimate_usd="0.06"
        )
        queries.attempt_called(session, row.id)
    with pytest.raises(OutcomeUnknown, match="what came of it is not known"):
        answered(one, version)
    assert rows(registry) == [("unknown", "", None)]


def test_a_result_that_was_kept_settles_what_its_process_left_open(
    desk: Desk, registry: Registry, version: Version
) -> None:
    one = desk(Script())
    answered(one, version)
    with registry.session() as session:
        queries.plan_attempt(
            session, version.partition, "full_song", "kie", key=one.key_of(ask_of()), estimate_usd="0.06"
        )
    assert answered(one, version)
    assert [row[0] for row in rows(registry)] == ["succeeded", "succeeded"]


def test_a_job_that_takes_too_long_stays_submitted(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script(states=[JobState("running")])
    with pytest.raises(TransientFailure, match="waited for again"):
        answered(desk(script, timeout_s=0.0), version, ask_of(has_fallback=False))
    assert rows(registry) == [("submitted", "", None)]


@pytest.mark.parametrize(("can_cancel", "status"), [(True, "cancelled"), (False, "submitted")])
def test_ctrl_c_cancels_the_job_where_the_provider_lets_us(
    desk: Desk, registry: Registry, version: Version, can_cancel: bool, status: str
) -> None:
    script = Script(states=[JobState("running"), KeyboardInterrupt()], can_cancel=can_cancel)
    with pytest.raises(KeyboardInterrupt):
        answered(desk(script), version)
    assert script.calls[-1] == "cancel job-1"
    assert rows(registry)[0][0] == status


@pytest.mark.parametrize("is_found_at_once", [True, False])
def test_a_job_that_the_providers_list_shows_is_waited_for_and_not_sent_again(
    desk: Desk, registry: Registry, version: Version, is_found_at_once: bool
) -> None:
    late = datetime.now(UTC) + timedelta(hours=1)
    script = Script(submits=[failure("server error", "unknown")], listed=[("old-1", late - timedelta(days=1))])
    one = desk(script)
    if is_found_at_once:
        script.listed.append(("job-7", late))
    else:
        with pytest.raises(OutcomeUnknown):
            answered(one, version)
        script.listed.append(("job-7", late))
    assert answered(one, version) == ("song", "delivery")
    assert script.calls.count("submit") == 1
    assert script.calls[-2:] == ["state job-7", "collect job-7"]
    assert rows(registry) == [("succeeded", "", "0.06")]


def test_a_callback_tells_the_job_whose_answer_was_lost_and_wakes_who_waits(
    desk: Desk, registry: Registry, version: Version
) -> None:
    script = Script(
        submits=[failure("connection lost", "unknown")], states=[JobState("running"), JobState("succeeded")]
    )
    one = desk(script)
    one.attempts.callbacks = CallbackUrls("https://songs.example.com", "s" * 32, frozenset({"kie"}))
    slept: list[float] = []

    def called_back(seconds: float) -> None:
        slept.append(seconds)
        with registry.session() as session:
            row = session.scalars(select(Attempt)).one()
            if row.status == "unknown":
                queries.attempt_submitted(session, row.id, "job-3")
            queries.record_event(session, CALLED_BACK, version_id=row.version_id, payload={"attempt": row.id})

    one.attempts.sleep = called_back
    assert answered(one, version)
    assert script.calls == ["submit", "sought", "state job-3", "state job-3", "collect job-3"]
    assert slept == [1.0, 1.0]


def test_a_callback_that_is_lost_is_made_up_for_by_looking(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script(states=[JobState("running"), JobState("running"), JobState("succeeded")])
    one = desk(script)
    one.attempts.callbacks = CallbackUrls("https://songs.example.com", "s" * 32, frozenset({"kie"}))
    assert answered(one, version)
    assert rows(registry) == [("succeeded", "", "0.06")]


class EndedFromOutside(BaseException):
    """As Dagster ends a run from its UI: no Exception, and none of Python's own."""


def test_a_run_ended_from_outside_cancels_its_job(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script(states=[JobState("running"), EndedFromOutside()], can_cancel=True)
    with pytest.raises(EndedFromOutside):
        answered(desk(script), version)
    assert script.calls[-1] == "cancel job-1"
    assert rows(registry) == [("cancelled", "", "0.0600")]


@pytest.mark.parametrize(
    ("engine", "charged", "counted"),
    [("kie", None, "0.0600"), ("kie", "0.02", "0.02"), ("kie", "0", "0"), ("suno", None, "0"), ("suno", "0.1", "0.1")],
)
def test_a_failed_job_counts_as_told_else_by_its_engines_documents_else_at_its_estimate(
    desk: Desk, registry: Registry, version: Version, engine: str, charged: str | None, counted: str
) -> None:
    usd = None if charged is None else Decimal(charged)
    failed = JobState("failed", failure=failure("server error", "accepted", charged_usd=usd))
    with pytest.raises(PermanentFailure, match="may be billed"):
        answered(desk(Script(engine, states=[failed])), version, ask_of(engine, has_fallback=False))
    assert rows(registry) == [("failed", "server error", counted)]


def test_looks_that_fail_do_not_end_the_wait(desk: Desk, version: Version) -> None:
    script = Script(states=[failure("connection lost"), failure("server error"), JobState("succeeded")])
    assert answered(desk(script), version)


def test_a_song_that_can_be_fetched_again_is(desk: Desk, version: Version) -> None:
    script = Script(collects=[failure("bad answer", "accepted"), SONG])
    assert answered(desk(script), version)
    assert script.calls.count("submit") == 1


def test_links_that_expired_are_paid_for_all_the_same(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script(collects=[failure("expired", "accepted")])
    with pytest.raises(ProviderFailure):
        answered(desk(script), version, ask_of(has_fallback=False))
    assert rows(registry) == [("failed", "expired", "0.0600")]


@pytest.mark.parametrize(
    ("budgets", "wished"),
    [
        (Budgets(per_version_usd=Decimal("0.05")), None),
        (Budgets(per_user_per_day_usd=Decimal("0.05")), None),
        (Budgets(per_day_usd=Decimal(0)), None),
        (Budgets(), "0.05"),
    ],
)
def test_a_limit_stops_the_call_before_anything_is_sent(
    desk: Desk, registry: Registry, version: Version, budgets: Budgets, wished: str | None
) -> None:
    script = Script()
    with pytest.raises(BudgetReached, match="Nothing was sent"):
        answered(desk(script, budgets=budgets), version, ask_of(budget_usd=wished))
    assert script.calls == []
    assert rows(registry) == []


def test_what_is_not_settled_counts_at_its_estimate(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script(submits=[failure("connection lost", "unknown")])
    with pytest.raises(OutcomeUnknown):
        answered(desk(script), version)
    other = ask_of("lyria")
    with pytest.raises(BudgetReached):
        answered(desk(Script("lyria"), budgets=Budgets(per_version_usd=Decimal("0.10"))), version, other)


def test_another_engine_takes_over_and_it_is_told_why(desk: Desk, registry: Registry, version: Version) -> None:
    one = desk(Script(submits=[failure("no credit")]), Script("lyria"))
    with pytest.raises(Rerouted, match="lyria takes over: the best of those able"):
        answered(one, version)
    taken = one.attempts.routing.reroutes(version.partition)["full_song"]
    assert (taken["engine"], taken["from"]) == ("lyria", "kie")
    assert "it said no credit" in taken["why"]
    assert answered(one, version, ask_of("lyria"))
    assert [row[:2] for row in rows(registry)] == [("failed", "no credit"), ("succeeded", "")]


def test_the_built_in_engine_is_the_last_that_takes_over(desk: Desk, version: Version) -> None:
    one = desk(Script(submits=[failure("server error")]), Script("lyria", submits=[failure("not allowed")]))
    with pytest.raises(Rerouted, match="lyria"):
        answered(one, version)
    with pytest.raises(Rerouted, match="builtin"):
        answered(one, version, ask_of("lyria"))


@pytest.mark.parametrize("reason", ["moderated", "refused"])
def test_what_was_refused_is_not_put_to_another(desk: Desk, version: Version, reason: str) -> None:
    one = desk(Script(submits=[failure(reason)]), Script("lyria"))
    with pytest.raises(ProviderFailure, match=reason):
        answered(one, version)
    assert one.attempts.routing.reroutes(version.partition) == {}


def test_an_engine_that_keeps_failing_is_left_alone_and_tried_again_later(
    desk: Desk, registry: Registry, version: Version
) -> None:
    script = Script(submits=[failure("server error")])
    one = desk(script)
    for _ in range(2):
        with pytest.raises(ProviderFailure):
            answered(one, version, ask_of(has_fallback=False))
    assert script.calls.count("submit") == 5
    standing = one.attempts.routing.standing_of("kie")
    assert standing.success == 0.0
    assert standing.open_until
    with registry.session() as session:
        for row in session.scalars(select(Attempt)):
            row.finished_at = utc_now() - timedelta(minutes=10)
    script.submits = [Submitted("job-9")]
    assert answered(one, version)


@pytest.mark.parametrize("way", ["lost", "job"])
def test_a_person_settles_what_nobody_knows(
    desk: Desk, registry: Registry, settings: Settings, version: Version, way: str
) -> None:
    with pytest.raises(OutcomeUnknown):
        answered(desk(Script(submits=[failure("timed out", "unknown")])), version)
    settle_attempt(settings, 1, is_lost=way == "lost", job_id="found-it" if way == "job" else None)
    script = Script()
    assert answered(desk(script), version)
    assert script.calls[0] == ("submit" if way == "lost" else "state found-it")
    found, total = attempt_rows(settings, version.partition)
    assert total == "0.06"
    assert len(found) == (2 if way == "lost" else 1)
    with pytest.raises(BadInput, match="nothing to settle"):
        settle_attempt(settings, 1, is_lost=True, job_id=None)


def test_the_same_order_of_two_versions_is_bought_once(desk: Desk, registry: Registry, version: Version) -> None:
    with registry.session() as session:
        queries.add_composition(session, "other-hill-a1b2c", "local", None)
        other = queries.add_version(session, "other-hill-a1b2c", "r-2", 7)
    script = Script()
    assert answered(desk(script), version) == answered(desk(script), other)
    assert script.calls.count("submit") == 1


def test_what_another_run_is_buying_is_waited_for_and_taken_over(
    desk: Desk, registry: Registry, version: Version
) -> None:
    with registry.session() as session:
        queries.add_composition(session, "other-hill-a1b2c", "local", None)
        other = queries.add_version(session, "other-hill-a1b2c", "r-2", 7)
    leases.begin(registry, other.partition, "run-1")
    theirs, ours = Script(), Script()
    one = desk(theirs)
    with registry.session() as session:
        row = queries.plan_attempt(
            session, other.partition, "full_song", "kie", key=one.key_of(ask_of()), estimate_usd="0.06"
        )
        queries.attempt_submitted(session, row.id, "job-1")
    mine = desk(ours)

    def they_go_on(_seconds: float) -> None:
        answered(one, other)

    mine.attempts.sleep = they_go_on
    assert answered(mine, version) == ("song", "delivery")
    assert ours.calls == []
    assert theirs.calls == ["state job-1", "collect job-1"]
    assert rows(registry) == [("succeeded", "", "0.06")]


def test_two_that_plan_the_same_at_once_send_it_once(desk: Desk, registry: Registry, version: Version) -> None:
    script = Script()
    one = desk(script, timeout_s=1.0)
    order = Order(version.partition, "full_song", "kie", one.key_of(ask_of()), Decimal("0.06"))
    one.attempts._planned(order)
    with pytest.raises(BeingBought):
        one.attempts._planned(order)


def test_another_model_another_seed_or_another_sound_is_another_order(desk: Desk) -> None:
    one = desk(Script())
    keys = {
        one.key_of(ask_of()),
        one.key_of(ask_of(request={**ask_of().request, "seed": 8})),
        one.key_of(ask_of(request={**ask_of().request, "model": "V6_WILD"})),
        one.key_of(ask_of("lyria")),
    }
    assert len(keys) == 4
    order = Order("p", "full_song", "kie", one.key_of(ask_of()), Decimal(1))
    assert order.budget_usd is None


def slow_desk(desk: Desk, registry: Registry, version: Version, *scripts: Script) -> EngineDesk:
    """A desk that hedges, where Kie's songs of today took no time at all."""
    one = desk(*scripts)
    with registry.session() as session:
        for number in range(8):
            row = queries.plan_attempt(
                session, version.partition, "full_song", "kie", key=f"{number:064}", estimate_usd="0"
            )
            queries.attempt_finished(session, row.id, "succeeded", "0")
    settings = RoutingSettings(policy="quality", is_hedging=True)
    one.attempts.routing = replace(one.attempts.routing, settings=settings)
    one.attempts.sleep = lambda _: time.sleep(0.005)
    return one


def paid_rows(registry: Registry) -> set[tuple[str, str, str | None]]:
    with registry.reading() as session:
        found = session.scalars(select(Attempt).where(Attempt.id > 8))
        return {(row.provider, row.status, row.cost_usd) for row in found}


@pytest.mark.parametrize("can_cancel", [True, False])
def test_where_one_engine_is_slow_a_second_wins_and_both_are_paid_for(
    desk: Desk, registry: Registry, version: Version, can_cancel: bool
) -> None:
    slow, quick = Script(states=[JobState("running")], can_cancel=can_cancel), Script("lyria")
    one = slow_desk(desk, registry, version, slow, quick)
    with pytest.raises(Rerouted, match="lyria was faster"):
        answered(one, version)
    assert slow.calls[-1] == "cancel job-1"
    assert one.attempts.routing.reroutes(version.partition)["full_song"]["engine"] == "lyria"
    assert answered(one, version, ask_of("lyria"))
    assert quick.calls.count("submit") == 1
    assert paid_rows(registry) == {("kie", "cancelled", "0.0600"), ("lyria", "succeeded", "0.06")}


def test_the_second_is_given_up_where_the_first_comes_after_all(
    desk: Desk, registry: Registry, version: Version
) -> None:
    second = Script("lyria", states=[JobState("running")], can_cancel=True)
    first = Script(states=[JobState("running"), JobState("running"), JobState("succeeded")])
    one = slow_desk(desk, registry, version, first, second)

    def once_both_run(_seconds: float) -> None:
        until(lambda: any(call.startswith("state") for call in second.calls))

    one.attempts.sleep = once_both_run
    assert answered(one, version)
    assert second.calls[-1] == "cancel job-1"
    assert paid_rows(registry) == {("kie", "succeeded", "0.06"), ("lyria", "cancelled", "0.0800")}
    assert one.attempts.routing.reroutes(version.partition) == {}


@pytest.mark.parametrize("why", ["no budget", "no fallback"])
def test_nobody_is_second_beyond_the_budget_or_against_a_wish(
    desk: Desk, registry: Registry, version: Version, why: str
) -> None:
    first = Script(states=[JobState("running")] * 5 + [JobState("succeeded")])
    second = Script("lyria")
    one = slow_desk(desk, registry, version, first, second)
    ask = ask_of(has_fallback=False) if why == "no fallback" else ask_of()
    if why == "no budget":
        one.attempts.routing = replace(one.attempts.routing, budgets=Budgets(per_version_usd=Decimal("0.10")))
    assert answered(one, version, ask)
    assert second.calls == []


def test_stems_are_kept_under_what_they_are_whatever_file_they_came_in() -> None:
    stems = tuple(Sound(name, b"x", "audio/mpeg") for name in ("vocals.mp3", "backing_vocals.wav", "drums"))
    roles = [payload.role for payload in payloads_of("kie", StemsDelivery(stems))]
    assert roles == ["stem/vocals", "stem/backing_vocals", "stem/drums"]
