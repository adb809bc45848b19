"""Operations on takes: asking for several, seeing them side by side, keeping one.

Takes are left to a running deployment, as `musicgen takes ... --detach` does it.

Belongs here: these handlers. Does not belong here: what a take is (resources.takes), wishes (resources.takes_wanted).
"""

from __future__ import annotations

from flask import Response

from api.answering import json_answer
from api.operations import Call
from api.v2.hearing import href_of
from api.v2.making import launch_soon
from api.v2.takes_told import KeptTold, TakesAccepted, TakesTold, TakeTold
from api.v2.wishes import composition_request
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from resources.access.rights import Unknown
from resources.takes import PREVIEW, TakeSet, takes_of
from resources.takes_compared import compare_takes
from resources.takes_wanted import ask_for_takes, keep_take


def generate_takes(call: Call) -> Response:
    """Ask for a new song, written several times."""
    return _asked(call, composition_request(call.body, call.caller.user, call.idempotency_key))


def start_takes(call: Call) -> Response:
    """Ask for takes of a version."""
    return _asked(call, call.partition(call.body.version))


def show_takes(call: Call) -> TakesTold:
    """Takes side by side."""
    partition = call.partition(call.query.version)
    text = partition if call.query.version is not None else partition.partition("@")[0]
    told = compare_takes(call.studio, _takes(call, text), has_files=False)
    rows = [
        TakeTold.model_validate(
            {**row, "state": row["status"], "version": int(row["partition"].rpartition("@v")[2]),
             "preview": href_of(row["partition"], PREVIEW, "main") if row["preview_s"] is not None else None}
        )
        for row in told["takes"]
    ]  # fmt: skip
    names = ("composition", "first", "stream", "shared", "tracks_shared")
    return TakesTold(takes=rows, **{name: told[name] for name in names})


def keep(call: Call) -> Response:
    """Have one take finished; the others are put away once it is released."""
    partition = call.partition(call.body.version)
    _takes(call, partition)
    found = keep_take(call.studio.registry, call.settings, partition, user=call.caller.user)
    will_start = launch_soon(call, () if found is None else (found,))
    told = KeptTold(partition=partition, request=None if found is None else found.request_id, will_start=will_start)
    return json_answer(told, 202)


def _takes(call: Call, text: str) -> TakeSet:
    """The takes of a song. Raises Unknown where it has none."""
    try:
        return takes_of(call.studio.registry, text)
    except BadInput as problem:
        raise Unknown("takes", text, problem.rule, way_out="Ask for some: POST .../takes/.") from problem


def _asked(call: Call, song: CompositionRequest | str) -> Response:
    found = ask_for_takes(
        call.studio.registry, call.settings, song, call.body.count, call.body.vary, user=call.caller.user,
        priority=call.body.priority,
    )  # fmt: skip
    will_start = launch_soon(call, found.submissions)
    told = TakesAccepted(
        composition=found.first.partition("@")[0], first=found.first, stream=found.stream, count=found.count,
        requests=[one.request_id for one in found.submissions], will_start=will_start,
    )  # fmt: skip
    return json_answer(told, 202)
