"""Operations that ask for work: a new composition, a new version, going on, cancelling; and what that would come to.

The door takes the request in one transaction and the answer goes out at once; the launch follows the commit. Nothing
here waits for Dagster, and nothing imports it.

Belongs here: these handlers. Does not belong here: rules (the door), launching (resources.launch).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from typing import Literal

from flask import Response, g

from api.answering import json_answer
from api.operations import Call, WillStart
from api.v2.hiding import without_others
from api.v2.told import Accepted, CancelTold, Links, PlannedTold, PlanTold
from api.v2.wishes import composition_request, revision_request, work_request
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.request import AnyRequest, RevisionRequest
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.naming import WISHES
from musicgen_assets.graph.declarations import BY_KEY
from resources import launch
from resources.cancel_wish import finish, wish_cancel
from resources.door import Submission, submit
from resources.planned_cost import engines_asked, planned_cost_usd
from resources.planning import plan_object, plan_revision
from resources.studio import routing_of

_READER = f"{WISHES}.engines.words_to_change"
"""Where a request names who reads its words: not a wish about the song, but asked at once."""


def generate(call: Call) -> Response:
    """Accept a new composition."""
    request = composition_request(call.body, call.caller.user, call.idempotency_key)
    return _accepted(call, request)


def revise(call: Call) -> Response:
    """Accept a new version."""
    return _accepted(call, _revision(call, call.idempotency_key)[0])


def advance(call: Call) -> Response:
    """Go on with a version that waits."""
    return _go_on(call, "advance")


def retry(call: Call) -> Response:
    """Go on with a version that stopped."""
    return _go_on(call, "retry")


def cancel(call: Call) -> Response:
    """Stop the work on a version; what takes longer is seen through after the answer."""
    partition, who = call.partition(call.body.version), call.caller.user
    wish = wish_cancel(call.studio, partition, who)
    if wish.is_open:
        call.background.put(f"cancelling {partition}", lambda: finish(call.settings, partition, who))
    told = CancelTold.model_validate(
        {"partition": partition, "was": wish.was, "state": wish.state, "is_stopped": not wish.is_open}
    )
    return json_answer(told, 202 if wish.is_open else 200)


def plan(call: Call) -> PlanTold:
    """What a revision would come to."""
    request, why = _revision(call, None)
    planned = plan_revision(call.studio, request)
    found = plan_object(planned)
    told = {name: found[name] for name in ("parent", "changes", "assets", "least_s", "most_s")}
    return PlanTold.model_validate(
        {**without_others(call, told), "context": None, "engines": engines_asked(planned.context),
         "cost_usd": found["most_usd"], "notes": [why] if why else list(request.understood.notes)
         if request.understood else []}
    )  # fmt: skip


def _revision(call: Call, key: str | None) -> tuple[RevisionRequest, str]:
    """The revision that is asked for, its words read by a language model where one is named for them, and what kept it
    from that. The same words about the same version are paid for once: who has seen the plan pays no more.
    """
    from resources.words_asked import understood

    partition = call.partition(call.body.version)
    request = revision_request(call.body, partition, call.caller.user, key)
    overrides = dict(request.overrides)
    reader = overrides.pop(_READER, None)
    request = request.model_copy(update={"overrides": overrides})
    is_alone, budget_usd = call.body.is_alone, call.body.budget_usd
    return understood(call.studio, request, reader, has_fallback=not is_alone, budget_usd=budget_usd)


def plan_new(call: Call) -> PlanTold:
    """What a new composition would come to: what its prompt is understood as, and how long it would take."""
    from resources.door_checks import check_request

    request = composition_request(call.body, call.caller.user, None)
    context = check_request(request, call.settings, call.readers.resolve)
    expected = call.estimates.assets_s(context.technical.duration_s, request.until)
    assets = [
        PlannedTold(
            asset=asset, stage=BY_KEY[asset].stage, verdict="computes", why="it is new", expected_s=seconds,
            carried_from=None,
        )
        for asset, seconds in expected.items()
    ]  # fmt: skip
    total_s = round(sum(expected.values()), 2)
    asked = routed_here(call, context)
    return PlanTold(
        parent=None, context=context.model_dump(mode="json"), changes=[], assets=assets, least_s=total_s,
        most_s=total_s, engines=engines_asked(asked), cost_usd=cost_usd_here(call, asked, expected),
    )  # fmt: skip


def routed_here(call: Call, context: CompositionContext) -> CompositionContext:
    """A new song's context with who would be asked for what, as engines stand now. Raises BadInput."""
    from musicgen_assets.ideation.routing import routed

    try:
        return routed(context, routing_of(call.settings, call.studio.registry).standings_here(), None)
    except PermanentFailure as failure:
        raise BadInput("engines", None, failure.message.rstrip("."), way_out=failure.way_out) from failure


def cost_usd_here(call: Call, context: CompositionContext, computing: Collection[str]) -> str:
    """What making ``computing`` of a routed ``context`` would cost with this installation's settings, in figures."""
    adapters = routing_of(call.settings, call.studio.registry).adapters
    return format(planned_cost_usd(context, computing, adapters), "f")


def links_of(composition: str, number: int) -> Links:
    """Where a version is told of."""
    base, query = f"/api/v2/compositions/{composition}", f"?version={number}"
    return Links(
        status=f"{base}/status/{query}", versions=f"{base}/versions/", artifacts=f"{base}/artifacts/{query}",
        download=f"{base}/download/{query}",
    )  # fmt: skip


def _go_on(call: Call, kind: Literal["advance", "retry"]) -> Response:
    partition = call.partition(call.body.version)
    return _accepted(call, work_request(kind, call.body, partition, call.caller.user, call.idempotency_key))


def _accepted(call: Call, request: AnyRequest) -> Response:
    """Through the door, and on its way: 202 with where to follow it."""
    submission = submit(call.studio.registry, request, call.settings, call.readers.resolve)
    told = _told(call, submission, launch_soon(call, (submission,)))
    g.told_headers = {**g.told_headers, "Location": told.links.status}
    return json_answer(told, 202)


def launch_soon(call: Call, submissions: Iterable[Submission]) -> WillStart:
    """Have each launched, in their order, where a deployment answers; when they begin.

    Others are swept up by a deployment once it runs, as they are by one that begins this very moment.
    """
    will_start = call.will_start
    if will_start == "now":
        for one in submissions:
            work = partial(launch.launch, call.settings, one.request_id, one.partition)
            call.background.put(f"launching {one.partition}", work)
    return will_start


def _told(call: Call, submission: Submission, will_start: WillStart) -> Accepted:
    until = submission.until
    duration_s = submission.duration_s
    if submission.is_new and duration_s is not None:
        estimate_s = call.estimates.song_s(duration_s, until)
    else:
        estimate_s = call.estimates.version_s(submission.partition, until, duration_s)
    return Accepted(
        composition=submission.composition, version=submission.version, partition=submission.partition,
        request=submission.request_id, is_new=submission.is_new, seed=submission.seed, until=until, status="accepted",
        accepted={name: value for name, value in submission.payload.items() if name != "revision"},
        estimate_s=estimate_s,
        will_start=will_start,
        links=links_of(submission.composition, submission.version),
    )  # fmt: skip
