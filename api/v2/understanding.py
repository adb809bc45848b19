"""What a prompt is understood as, told before anything is made or spent.

Only what is read by rule is told: no engine outside is asked for it.

Belongs here: the handler. Does not belong here: chips as such (chips), understanding (ideation).
"""

from __future__ import annotations

import secrets

from api.operations import Call
from api.v2.chips import chips_of
from api.v2.making import cost_usd_here, routed_here
from api.v2.understood import UnderstoodTold
from api.v2.wishes import composition_request
from resources.planned_cost import engines_asked

_DRAWN_SEEDS = 2**31


def understand(call: Call) -> UnderstoodTold:
    """The chips of a prompt, with what was corrected so far in their place."""
    from musicgen_assets.ideation.enhancer import describe, propose
    from musicgen_assets.ideation.overrides import normalise_overrides
    from musicgen_assets.styles.loader import style_names
    from resources.door_checks import check_request

    request = composition_request(call.body, call.caller.user, None)
    if request.seed is None:  # what is chosen follows from it, so that it has to be the one that the song is made with
        request = request.model_copy(update={"seed": secrets.randbelow(_DRAWN_SEEDS)})
    context = routed_here(call, check_request(request, call.settings, call.readers.resolve))
    fixed = normalise_overrides(request.overrides)
    proposal = propose(request.prompt, fixed)
    seconds = call.estimates.assets_s(context.technical.duration_s, request.until)
    return UnderstoodTold(
        sentence=describe(context), confidence=proposal.confidence, seed=request.seed or 0,
        chips=chips_of(context, proposal.parameters, _set_by_caller(fixed, request.title), style_names()),
        steps=list(proposal.trace), engines=engines_asked(context), estimate_s=round(sum(seconds.values()), 2),
        cost_usd=cost_usd_here(call, context, seconds),
    )  # fmt: skip


def _set_by_caller(fixed: dict[str, object], title: str | None) -> set[str]:
    return {*fixed, *(("creative.title",) if title else ())}
